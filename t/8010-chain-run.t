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
timeout 60 nni-run --id d --format none d.yml >out 2>err &
run=$!
wait_for 10 test -s starts.keeper
kill -9 "$(cat starts.keeper)"
wait $run
is $? 1 'a keeper is killed: its trial has failed'
like "$(cat err)" '*its keeper died*2 trials, 1 succeeded, 1 failed*' 'and the next one runs'
done_testing
