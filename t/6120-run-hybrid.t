#!/bin/sh
# One experiment on this machine, on two machines behind a make-believe ssh, on
# a third that cannot be reached, and on a second local member.
. "$(dirname "$0")/lib.sh"

# An ssh that stays on this machine; ./down/HOST: nobody listens there.
cat >ssh <<S
#!/bin/sh
for c; do
	case \$c in 192.0.2.*) host=\$c ;; esac
done
[ ! -e "$trash/down/\$host" ] || {
	echo "ssh: connect to host \$host port 22: Connection refused" >&2
	exit 255
}
exec sh -c "\$c"
S
chmod +x ssh
NNI_SSH=$PWD/ssh
export NNI_SSH
mkdir code down
: >down/192.0.2.3
cat >code/trial.sh <<'S'
until [ -e "$1/go" ]; do perl -e 'select undef, undef, undef, 0.02'; done
echo "$NNI_TRIAL_JOB_ID $PWD" >>"$1/starts"
nni-trial report --final 0.5
S
# config MACHINES: of the remote member
config() {
	cat <<C
searchSpace: {x: {_type: uniform, _value: [0, 1]}}
trialCommand: sh trial.sh $trash
trialCodeDirectory: code
trialConcurrency: 6
maxTrialNumber: 8
tuner: {name: Random}
trainingService:
  - {platform: local, maxConcurrency: 1}
  - platform: remote
    maxConcurrency: 4
    machineList: [$1]
  - {platform: local, member: other, maxConcurrency: 1}
C
}
far="user: joe, agentPath: $NNI_BIN/nni-platform-local, remoteDir: $trash/far"
config "{host: 192.0.2.1, $far}, {host: 192.0.2.2, $far}, {host: 192.0.2.3, $far}" >c.yml

exits 5 '--check' nni-run --check c.yml
like "$(cat err)" "*nni-run: joe@192.0.2.1: ok, *" 'says which machines are well'
like "$(cat err)" "*nni-run: error: remote: joe@192.0.2.3: *onnection refused*" 'and what is wrong with others'

nni-run --id mixed c.yml >out 2>err </dev/null &
pid=$!
# 1 here, 1 at the other one, 4 on the machines
running() { [ "$(nnictl trial ls mixed | jq '[.[] | select(.status == "RUNNING")] | length')" = 6 ]; }
wait_for running
ok $? 'all members are at work'
like "$(cat err)" '*warning: it begins with the 4 places that can run trials*' 'what it cannot use it has said'
nnictl experiment show mixed | jq -c '.places | map("\(.platform) \(.place) \(.running)") | sort' >places
is "$(jq -r 'map(split(" ")[0]) | unique | join(" ")' places)" 'local other remote' 'experiment show has the places'
is "$(jq -r 'map(select(startswith("remote")) | split(" ")[2] | tonumber) | add' places)" 4 'no more than maxConcurrency on all machines of a member'
is "$(jq -r 'map(select(startswith("remote") | not) | split(" ")[2] | tonumber) | join(" ")' places)" '1 1' 'nor here'
like "$(nnictl trial ls mixed --format table)" '*PLACE*remote: joe@192.0.2.[12] *' 'trial ls says on which machine a trial runs'
one=$(nnictl trial ls mixed | jq -r '[.[] | select(.platform == "remote")][0].trialJobId')
exits 0 'a trial on a machine is killed' nnictl trial kill mixed -T "$one"
other=$(nnictl trial ls mixed | jq -r '[.[] | select(.platform == "other")][0].trialJobId')
exits 0 'and one of the other member' nnictl trial kill mixed -T "$other"
# killed in the middle
kill -9 $pid
wait $pid 2>/dev/null
: >go
nni-run --resume mixed >out2 2>err2 </dev/null
is $? 0 'a run that was killed goes on to the end'
is "$(nnictl trial ls mixed | jq -r '.[].status' | sort | uniq -c | tr -s ' \n' ' ')" ' 6 SUCCEEDED 2 USER_CANCELED ' 'all trials have ended'
is "$(cut -d' ' -f1 starts | sort | uniq -d)" '' 'and none ran twice'
is "$(cut -d' ' -f1 starts | sort -u | wc -l | tr -d ' ')" 6 'in all places'
is "$(nnictl trial ls mixed | jq '[.[] | select(.finalMetricData == 0.5)] | length')" 6 'their results are here'

# ---- typed ----
rm go starts
: >specs
for i in 1 2 3 4 5 6 7; do echo '{"x": 0.5}' >>specs; done
nni-submit -c c.yml <specs 2>err | nni-watch | nni-collect >typed &
pid=$!
started() { [ "$(grep -c '"status":"RUNNING"' typed)" = 6 ]; }
wait_for started
ok $? 'a typed pipeline has trialConcurrency trials on all places together'
wait_for grep -q 'WAITING.*trialConcurrency of 6 reached' typed
ok $? 'and says why the last one waits'
id=$(sed -n 's/.*experiment \([a-z0-9]*\) in .*/\1/p' err)
t=$(jq -r 'select(.type == "trial" and .platform == "remote").trial' typed | head -1)
exits 0 'nni-cancel, on a machine' nni-cancel --dir "$id" "$t"
is "$(jq -r "select(.trial == \"$t\").status" out | tail -1)" USER_CANCELED 'a trial on it is gone'
: >go
wait $pid
is "$(jq -r 'select(.type == "status").status' typed | grep -c SUCCEEDED)" 6 'the others succeed' || diag "$(cat err)"

# ---- clearing away ----
exits 5 'platform clean with a machine that is down' nnictl platform clean -c c.yml
like "$(cat err)" '*joe@192.0.2.3: *onnection refused*' 'names it'
is "$(ls -d far/joe*/mixed 2>/dev/null)" '' 'the others are clean'
exits 5 'experiment delete' nnictl experiment delete mixed --yes
[ -e "$NNI_EXPERIMENTS/mixed/events.jsonl" ]
ok $? 'keeps the experiment'
rm down/192.0.2.3
# the other end of the last one may still be at its work
wait_for nnictl experiment delete mixed --yes
ok $? 'until it can be reached'
[ ! -e "$NNI_EXPERIMENTS/mixed" ]
ok $? 'and then it is gone'
nnictl experiment delete "$id" --yes 2>err
exits 4 'platform clean then' nnictl platform clean -c c.yml
done_testing
