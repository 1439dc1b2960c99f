#!/bin/sh
# What trials write on machines that ssh reaches, from there to the user.
. "$(dirname "$0")/lib.sh"
. "$TOP/t/sshd.sh"
sshd_needed
for m in one two; do
	sshd_start $m
	printf ',"agentPath":"%s"' "$NNI_BIN/nni-platform-local" >>"$sshd/$m/machine"
done

# Trial 0 fails, 1 writes for as long as it is let, 2 writes much.
SSHD_TRIALS=3 SSHD_CONCURRENCY=3 sshd_experiment c.yml 'sh trial.sh' one two
cat >code/trial.sh <<T
case \$NNI_TRIAL_SEQ_ID in
0) echo 'out of luck' >&2; exit 1 ;;
1) mkdir "\$NNI_OUTPUT_DIR/tensorboard"
	echo first >"\$NNI_OUTPUT_DIR/tensorboard/events"
	until [ -e "$PWD/go" ]; do sleep 0.1 || sleep 1; done
	echo last >>"\$NNI_OUTPUT_DIR/tensorboard/events" ;;
2) echo made >new; echo changed >>data
	perl -e 'srand 2; print map { chr rand 256 } 1 .. 300_000' >"\$NNI_OUTPUT_DIR/model" ;;
esac
T
echo data >code/data
echo kept >code/kept
nni-run --id abc c.yml >out 2>err </dev/null &
pid=$!
E=$NNI_EXPERIMENTS/abc
id() { jq -r "select(.type == \"spec\" and .sequence == $1).trial" "$E/events.jsonl" 2>/dev/null | head -n 1; }
ended() { [ "$(jq -r "select(.type == \"status\" and .trial == \"$(id "$1")\" and (.status | test(\"SUCC|FAIL\"))).status" "$E/events.jsonl" 2>/dev/null)" ]; }
wait_for ended 0
ok $? 'a trial fails'
is "$(cat "$E/trials/$(id 0)/stderr")" 'out of luck' 'what it said is here'
wait_for grep -q FAILED err
like "$(cat err)" "*nni-run: warning: trial $(id 0) (0) FAILED: exit code 1; see $E/trials/$(id 0): out of luck*" 'and told'

# while one runs
nnictl tensorboard abc >board 2>board.err &
board=$!
wait_for grep -q first "$E/tensorboard/$(id 1)/events"
ok $? 'nnictl tensorboard: what a running trial wrote is here'
for m in one two; do sshd_kill $m; done
touch go
wait $board
is "$? $(cat board.err)" '0 ' 'it ends with the experiment'
is "$(tr '\n' ' ' <"$E/tensorboard/$(id 1)/events")" 'first last ' 'and has all of it, lost connections or not'
wait $pid
is $? 1 'so does nni-run'

# all of it
nni-collect -o copies abc >/dev/null 2>err
is "$? $(cat err)" '0 ' 'nni-collect --output'
c=copies/$(id 2)
is "$(cd "$c" && find . -type f | LC_ALL=C sort | tr '\n' ' ')" \
	'./code/data ./code/new ./model ./parameter.cfg ./stderr ./stdout ' 'everything a trial wrote, and what it changed of the code'
is "$(perl -e 'srand 2; print map { chr rand 256 } 1 .. 300_000' | cmp - "$c/model")" '' 'whole'
is "$(nnictl log trial -T "$(id 0)" abc | tail -n 1)" 'out of luck' 'nnictl log trial'
sshd_stop one
sshd_stop two
is "$(NNI_BACKEND_TIMEOUT=1s nnictl log trial -T "$(id 0)" abc 2>err | tail -n 1)" 'out of luck' 'also when no machine can be reached'
like "$(cat err)" "nnictl: warning: trial $(id 0): this may not be all it has printed: *" 'but that is said'
done_testing
