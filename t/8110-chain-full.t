#!/bin/sh
# A full disk (ENOSPC) and a broken one (EIO): the n-th write, flush, rename...
# of each program fails, once or from then on.  It is said, no trial is lost, and
# with room again all is brought to its end.
. "$(dirname "$0")/lib.sh"
. "$TOP/t/chain/lib.sh"

# said CODE: an end with 5 names the fault; every other end is that of success
said() {
	case $1 in
	0) ;;
	5) grep -q 'error: .*\(No space left on device\|Input/output error\)' err1 ||
		echo "no error that names the fault: $(cat err1)" ;;
	*) echo "ended with $1: $(cat err1)" ;;
	esac
}
# fails PROGRAM ERRNO WANTED [FAILIO_X=...]...
fails() {
	program=$1 errno=$2 wanted=$3
	shift 3
	prepare
	fail_at FAILIO_COUNT="$PWD/n" FAILIO_PROGRAM="$program" \
		FAILIO_MATCH=/experiments/ \
		nni-run --resume x >out1 2>err1 </dev/null
	total=$(cat n)
	broken=0 tried=0
	for n in $(points "$total" "$wanted"); do
		prepare
		touch full
		# what holds on, holds on until there is room again
		{ perl -e 'select undef, undef, undef, 1' && rm -f full; } &
		room=$!
		fail_at FAILIO_COUNT="$PWD/n" FAILIO_N="$n" FAILIO_ERRNO="$errno" \
			FAILIO_PROGRAM="$program" FAILIO_MATCH=/experiments/ \
			FAILIO_WHILE="$PWD/full" "$@" \
			timeout -k 1 30 nni-run --resume x >out1 2>err1 </dev/null
		code1=$?
		kill $room 2>/dev/null
		wait $room 2>/dev/null
		what="$program $errno $*, $n of $total (then $code1)"
		problems=$(said $code1)
		[ -z "$problems" ] || { broken=$((broken + 1)); diag "$what:" "$problems"; }
		judged "$what" x "$trash/parameters"
		tried=$((tried + 1))
	done
	is $broken 0 "$program: $errno at $tried of $total calls${1:+ ($*)}"
}

config
prepare
resume x
is "$("$TOP/t/chain/judge" "$(dir x)" "$STARTS" 6 "$trash/parameters")" '' 'undisturbed'

for program in nni-run nni-submit nni-watch nni-collect \
	nni-platform-local; do
	fails $program ENOSPC 3
	fails $program EIO 3 FAILIO_ONCE=1
	[ -z "${NNI_LONG-}" ] || fails $program EIO 3 FAILIO_ONCE=1 FAILIO_SHORT=1
done

# What only came from the pipeline is flushed too, soon after.
cat >code/hold.sh <<'END'
nni-trial report 1
until [ -e "$NNI_SYS_DIR/go" ]; do sleep 0.02; done
nni-trial report --final 2
END
config max=1 conc=1 command='sh hold.sh'
prepare
fail_at FAILIO_LOG="$PWD/log" FAILIO_PROGRAM=nni-run FAILIO_MATCH=events.jsonl \
	nni-run --resume x >out1 2>err1 </dev/null &
run=$!
wait_for has x '"type":"metric"'
flushed() { tail -n 1 log | grep -q fdatasync; }
wait_for flushed
ok $? 'a metric is flushed, although nothing is handed to the pipeline'
: >"$(ls -d "$(dir x)"/trials/?????)/go"
wait $run
is $? 0 'and it ends'
done_testing
