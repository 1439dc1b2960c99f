#!/bin/sh
# Each program is killed (-9) before its n-th write, for some n (NNI_LONG: all).
# Every journaled trial ends exactly once with all its metrics, and none is
# started twice.
. "$(dirname "$0")/lib.sh"
. "$TOP/t/data/chain.sh"

for program in nni-run nni-submit nni-watch nni-collect nni-tune nni-platform-local; do
	total=$(calls $program FAILIO_KILL=1)
	if [ "$total" = 0 ]; then
		fail "$program: nothing to count"
		continue
	fi
	bad=0
	i=1
	while [ $i -le "$total" ]; do
		one $program FAILIO_N=$i FAILIO_KILL=1 FAILIO_ONCE=1 FAILIO_SHORT=$((i % 2)) || bad=$((bad + 1))
		i=$((i + $(step "$total")))
	done
	is $bad 0 "$program is killed at one of its $total calls"
done

# A killed keeper gives its slot back, although it tells nobody.
cat >code/trial.sh <<'EOF'
#!/bin/sh
[ "$NNI_TRIAL_SEQ_ID" = 0 ] || exec nni-trial report 1 --final
echo $PPID >"$STARTS.keeper"
exec sleep 1000
EOF
sed 's/^trialConcurrency.*/trialConcurrency: 1/; s/^maxTrialNumber.*/maxTrialNumber: 2/; s/^maxTrialRetry.*/maxTrialRetry: 0/' c.yml >d.yml
timeout 300 nni-run --id d --format none d.yml >out 2>err &
run=$!
echo '{"x":1}{"x":2}' | jq -c . >specs
STARTS=$PWD/typed sh -c 'nni-submit -qc d.yml <specs | nni-watch | nni-collect >out.typed' &
typed=$!
for f in starts typed; do
	wait_for test -s $f.keeper
	kill -9 "$(cat $f.keeper)"
done
wait $typed
is "$(jq -r 'select(.type == "status") | .status' out.typed | grep 'FAILED\|SUCC' | sort | tr '\n' ' ')" 'FAILED SUCCEEDED ' \
	'in a typed pipeline a killed keeper gives its slot back'
wait $run
is $? 1 'a keeper is killed: its trial has failed'
like "$(cat err)" '*its keeper died*2 trials, 1 succeeded, 1 failed*' 'and the next one runs'
# Trials of an instant are handed on before there is room: no more run at once
# than may, also if the program that starts them is killed.
cat >code/trial.sh <<'EOF'
#!/bin/sh
mkdir "$STARTS.run.$NNI_TRIAL_JOB_ID"
set -- "$STARTS".run.*
echo "$# $NNI_TRIAL_JOB_ID" >>"$STARTS.counts"
rmdir "$STARTS.run.$NNI_TRIAL_JOB_ID"
EOF
sed 's/^trialConcurrency.*/trialConcurrency: 2/; s/^maxTrialNumber.*/maxTrialNumber: 80/' c.yml >q.yml
timeout 300 nni-run --id q --format none q.yml >out 2>err &
run=$!
starter() { # a child of nni-submit; keepers are called the same
	ps -A -o pid= -o ppid= -o args= | awk -v dir="$NNI_EXPERIMENTS/q" '
		/nni-submit --dir/ && $NF == dir { submit = $1 }
		/nni-platform-local submit/ && index($0, dir " ") { parent[$1] = $2 }
		END { for (p in parent) if (parent[p] == submit) print p }'
}
seen() { [ "$(cat starts.counts | wc -l)" -ge "$1" ]; }
for n in 20 50; do
	wait_for seen $n
	kill -9 $(starter)
done
wait $run
is $? 0 'short trials, their starter killed twice'
is "$(awk '{print $2}' starts.counts | sort -u | wc -l | tr -d ' ')/$(cat starts.counts | wc -l | tr -d ' ')" 80/80 'each is started once'
[ "$(sort -rn starts.counts | head -n 1 | cut -d' ' -f1)" -le 2 ]
ok $? 'two at once, not more'
done_testing
