#!/bin/sh
# Machines, connections, keepers, trials and the submitter die at random, with a
# seed (NNI_SEED); at the end each trial has its result, and none was started
# twice.
. "$(dirname "$0")/lib.sh"
. "$TOP/t/sshd.sh"
. "$TOP/t/remote.sh"

sshd_needed
[ -d /proc/self ] || skip_all 'no /proc'
trial_code
sed -i.old 's/^while.*/sleep 0.$(($$ % 4))\n&/' code/trial.sh
machines='m1 m2 m3 m4 m5 m6 m7 m8'
trials=${NNI_LONG:+2000}
trials=${trials:-60}
blows=$((trials / 2))
seed=${NNI_SEED:-$(date +%s)}
for m in $machines; do sshd_start $m; done

r=$seed
# chance N: one of 0..N-1, in $c
chance() {
	r=$(((r * 1103515245 + 12345) % 2147483648))
	c=$((r / 65536 % $1))
}
# one_of WORD...: in $w
one_of() {
	w=
	[ $# -gt 0 ] || return
	chance $#
	shift $c
	w=$1
}
go_on() {
	nni-run --resume a >>out 2>>err </dev/null &
	pid=$!
}
# Those of whom the state says that they live
living() {
	for m in $machines; do
		grep -LF '"state":"end"' "$(sshd_home $m)"/.local/share/nni/*/a/trials/*/.nni/state 2>/dev/null
	done
}
blow() {
	one_of $machines
	m=$w
	chance 10
	case $c in
	0 | 1 | 2 | 3)
		one_of $(sshd_children $m)
		[ -z "$w" ] || kill -9 $w 2>/dev/null
		;;
	4 | 5)
		sshd_stop $m
		chance 10
		sleep 0.$c
		sshd_again $m
		;;
	6)
		one_of $(living)
		[ -z "$w" ] || kill -9 $(sed -n 's/.*"keeper":\([0-9]*\).*/\1/p' "$w") 2>/dev/null
		;;
	7)
		one_of $(living)
		w=${w%/.nni/state}
		w=${w##*/}
		p=$(awk -v a="$w" '$1 == a { print $3 }' starts.a)
		if [ -n "$p" ] && grep -qsz "/$w\$" /proc/$p/environ; then
			echo "$w" >>killed
			kill -9 "$p" 2>/dev/null
		fi
		;;
	8)
		kill -9 $pid
		wait $pid 2>/dev/null
		go_on
		;;
	9)
		one_of $(grep -lsz "nni-platform-remote" /proc/[0-9]*/cmdline | xargs -r grep -lsz "$trash")
		w=${w#/proc/}
		[ -z "$w" ] || kill -9 "${w%/cmdline}" 2>/dev/null
		;;
	esac
}

SSHD_TRIALS=$trials SSHD_CONCURRENCY=16 sshd_experiment c.yml 'sh trial.sh' $machines
echo 'maxTrialRetry: 50' >>c.yml
nni-run -q --prepare --id a c.yml >/dev/null
go_on
: >starts.a
wait_for test -s starts.a
while [ $blows -gt 0 ] && kill -0 $pid 2>/dev/null; do
	blow
	blows=$((blows - 1))
	chance 3
	sleep 0.$c
done
diag "seed $seed, $blows blows left"
# It gives up where it was struck again and again, and can be resumed.
wait $pid
code=$?
while [ $code = 5 ]; do
	go_on
	wait $pid
	code=$?
done
[ $code = 0 ] || { [ $code = 1 ] && [ -s killed ]; }
ok $? "the experiment ends (seed $seed)" || diag "exit code $code"
is "$("$TOP/t/chain/judge-remote" "$NNI_EXPERIMENTS/a/events.jsonl" starts.a $trials killed)" '' \
	'each trial has its result once, and was started once'
done_testing
