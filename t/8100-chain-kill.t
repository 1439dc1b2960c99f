#!/bin/sh
# kill -9 of each program, before and in the middle of its n-th write, flush,
# rename...; of all at once at some time; then nni-run --resume.
. "$(dirname "$0")/lib.sh"
. "$TOP/t/chain/lib.sh"

# kills PROGRAM WANTED [FAILIO_X=...]...: at so many points of that program
kills() {
	program=$1 wanted=$2
	shift 2
	prepare
	fail_at FAILIO_COUNT="$PWD/n" FAILIO_KILL=1 FAILIO_PROGRAM="$program" \
		nni-run --resume x >out1 2>err1 </dev/null
	total=$(cat n)
	broken=0 tried=0
	for n in $(points "$total" "$wanted"); do
		prepare
		fail_at FAILIO_COUNT="$PWD/n" FAILIO_KILL=1 FAILIO_N="$n" \
			FAILIO_PROGRAM="$program" "$@" \
			timeout -k 1 60 nni-run --resume x >out1 2>err1 </dev/null
		code1=$?
		judged "$program $*, $n of $total (then $code1)" x "$trash/parameters"
		tried=$((tried + 1))
	done
	is $broken 0 "$program is killed at $tried of $total calls${1:+ ($*)}"
}

config
prepare
resume x
is "$("$TOP/t/chain/judge" "$(dir x)" "$STARTS" 6 "$trash/parameters")" '' 'undisturbed'

for program in nni-run nni-submit nni-watch nni-collect nni-tune \
	nni-platform-local; do
	kills $program 4 FAILIO_ONCE=1
	[ -z "${NNI_LONG-}" ] || kills $program 4 FAILIO_ONCE=1 FAILIO_SHORT=1
done
# struck COUNT WHAT [all]: at COUNT times, in the middle of the run
how_long() {
	prepare
	start=$(perl -MTime::HiRes=time -e 'print int(time * 1000)')
	"$@" timeout -k 1 60 nni-run --resume x >out 2>err </dev/null
	took=$(perl -MTime::HiRes=time -e 'print int(time * 1000) - shift' "$start")
}
struck() {
	how_long
	broken=0
	count=$1 what=$2
	shift 2
	for n in $(seq "$count"); do
		prepare
		nni-run --resume x >out1 2>err1 </dev/null &
		perl -e 'select undef, undef, undef, $ARGV[0] / 1000' $((took * n / (count + 1)))
		strike "$@"
		wait $! 2>/dev/null
		judged "struck after $((took * n / (count + 1))) ms" x "$trash/parameters"
	done
	is $broken 0 "$what, all at once, at $count times"
}
# unplugged COUNT: all die, and of the files whose lines are acknowledged what was
# not flushed is gone.
unplugged() {
	mkdir synced
	how_long fail_at FAILIO_SYNCED="$PWD/synced"
	broken=0
	for n in $(seq "$1"); do
		prepare
		rm -f synced/*
		fail_at FAILIO_SYNCED="$PWD/synced" \
			nni-run --resume x >out1 2>err1 </dev/null &
		perl -e 'select undef, undef, undef, $ARGV[0] / 1000' $((took * n / ($1 + 1)))
		strike all
		wait $! 2>/dev/null
		for f in events.jsonl placed.jsonl; do
			[ ! -e "$(dir x)/$f" ] ||
				perl -e 'truncate $ARGV[0], $ARGV[1]' "$(dir x)/$f" "$(cat synced/$f 2>/dev/null || echo 0)"
		done
		judged "unplugged after $((took * n / ($1 + 1))) ms" x "$trash/parameters"
	done
	is $broken 0 "the power fails at $1 times"
}
if [ -d /proc/self ]; then
	unplugged ${NNI_LONG:+10}5
	struck ${NNI_LONG:+10}5 'programs'
	struck ${NNI_LONG:+10}5 'programs, keepers and trials' all
else
	skip 'no /proc' 'the power fails'
	skip 'no /proc' 'programs, all at once'
	skip 'no /proc' 'programs, keepers and trials, all at once'
fi
# every process of that name, again and again, so that nni-run gives up
kills nni-submit 2
done_testing
