#!/bin/sh
# A typed pipeline on the local platform: each of its programs, and all, are
# killed at many moments; a resume gives every result, and no trial ran twice.
. "$(dirname "$0")/lib.sh"
for p in nni-config nni-platform-local nni-trial; do
	[ -x "$NNI_BIN/$p" ] || skip_all "no $p"
done

cat >trial.sh <<'END'
echo "$NNI_TRIAL_JOB_ID" >>../../runs
nni-trial report 0.1
perl -e 'select undef, undef, undef, 0.02'
nni-trial report "$(nni-trial get x)" --final
END
cat >exp.yml <<'END'
trialCommand: sh trial.sh
trialCodeDirectory: code
trialConcurrency: 4
experimentWorkingDirectory: experiments
searchSpace: {x: {_type: choice, _value: [1]}}
trainingService: {platform: local}
END
mkdir code && sed "s|\.\./\.\./runs|$PWD/runs|" trial.sh >code/trial.sh
jq -nc 'range(1; 9) | {x: (. / 8)}' >specs

whole() { nni-submit -q "$@" | nni-watch | nni-collect; }
# verdict: what is wrong with the results in out; nothing if all is well
verdict() {
	n=$(jq -r 'select(.status=="SUCCEEDED").trial' out | sort | wc -l)
	[ "$n" = "$1" ] || echo "$n of $1 succeeded"
	m=$(jq -r 'select(.kind=="final") | "\(.trial) \(.value)"' out | sort | wc -l)
	[ "$m" = "$1" ] || echo "$m of $1 final metrics"
	sort runs | uniq -d | sed 's/^/ran twice: /'
	[ "$(sort -u runs | wc -l)" = "$1" ] || echo 'not all ran'
}

: >runs
whole -c exp.yml <specs >out 2>err
is "$? $(verdict 8)" '0 ' 'undisturbed'

# $1: which to kill; the pids of the three are in `pids`
run_and_kill() {
	rm -rf experiments && : >runs && : >pids
	{
		sh -c 'echo $$ >>pids; exec nni-submit -c exp.yml' <specs 2>err |
			sh -c 'echo $$ >>pids; exec nni-watch' 2>>err |
			sh -c 'echo $$ >>pids; exec nni-collect' >out1 2>>err
	} &
	perl -e "select undef, undef, undef, $2 / 1000"
	for p in $(cat pids); do
		case $1 in
		all) kill -9 "$p" 2>/dev/null ;;
		*) [ "$(cat "/proc/$p/comm" 2>/dev/null || ps -o comm= -p "$p")" != "$1" ] || kill -9 "$p" 2>/dev/null ;;
		esac
	done
	wait
}
for victim in nni-submit nni-watch nni-collect all; do
	bad=
	for ms in ${NNI_LONG:+2 4 6} 8 12 16 25 ${NNI_LONG:+32} 40 60 ${NNI_LONG:+80} 100; do
		run_and_kill $victim $ms
		dir=$(ls -d experiments/*) 2>/dev/null || continue
		# what nni-submit had not read yet is nobody's; the rest must be there
		kept=$(jq -r 'select(.type=="spec").trial' "$dir/placed.jsonl" 2>/dev/null | sort -u | wc -l)
		whole --resume "$dir" </dev/null >out 2>err2
		wrong=$(verdict "$kept")
		[ -z "$wrong" ] || bad="$bad $ms ms: $wrong;"
		jq -r 'select(.trial).trial' out1 2>/dev/null | sort -u >said
		jq -r 'select(.trial).trial' out | sort -u >told
		[ -z "$(comm -23 said told)" ] || bad="$bad $ms ms: lost;"
	done
	is "$bad" '' "$victim is killed"
done
done_testing
