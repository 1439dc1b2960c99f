#!/bin/sh
# reuseMode: jobs that stay for many trials, whole.
. "$(dirname "$0")/lib.sh"
. "$TOP/t/k8s.sh"
mkdir -p nfs/export code
k8s_start --nfs-root "$PWD/nfs"
jobs=/apis/batch/v1/namespaces/default/jobs
cat >code/t.sh <<'T'
lr=$(nni-trial get lr) || exit 9
echo "$NNI_TRIAL_SEQ_ID" >>"$1/ran"
nni-trial report 0.5
echo "prints $lr"
mkdir "$NNI_OUTPUT_DIR/tensorboard" && echo "$lr" >"$NNI_OUTPUT_DIR/tensorboard/made"
ln -s /etc/passwd "$NNI_OUTPUT_DIR/link"
while [ -e "$1/hold" ]; do sleep 0.1; done
nni-trial report --final "$lr"
T
echo '{"lr":{"_type":"choice","_value":[0.10,0.20,0.30]}}' >space.json
# config NAME CONCURRENCY TRIALS
config() {
	cat >"$1.yml" <<Y
trialConcurrency: $2
maxTrialNumber: $3
searchSpaceFile: space.json
trialCodeDirectory: code
trialCommand: sh t.sh $PWD
tuner: {name: GridSearch}
trainingService:
  platform: kubernetes
  image: debian
  reuseMode: true
  storage: {storageType: nfs, server: 127.0.0.1, path: /export, localMountPoint: $PWD/nfs/export}
Y
}
wrong() { diag "$(cat err; tail -n 5 "$NNI_EXPERIMENTS/$1"/log/*; tail -n 20 nfs/export/nni/"$1"/environments/*/*/"$1"/*.jsonl)"; }

config one 1 3
nni-run --id one one.yml >out 2>err
is $? 0 'three trials' || wrong one
is "$(k8s_get "$jobs" | jq '.items | length')" 1 'need one job'
is "$(grep '"type":"metric"' out | grep '"final"' | grep -o '"value":[0-9.]*' | sort | tr '\n' ' ')" \
	'"value":0.10 "value":0.20 "value":0.30 ' 'what they report comes byte for byte'
is "$(jq -r 'select(.type == "status") | .status' out | sort | uniq -c | grep -c '3 SUCCEEDED')" 1 'and each has its end'
is "$(sort -u ran | wc -l | tr -d ' ') $(wc -l <ran | tr -d ' ')" '3 3' 'none ran twice'
is "$(ls nfs/export/nni/one/environments/kubernetes/envir-1000001/one/trials | grep -c '^[a-z0-9]\{5\}$')" 3 'their files lie on the share'

nni-collect -q --output back one >/dev/null 2>err
is "$? $(cat back/*/tensorboard/made | sort | tr '\n' ' ')$(cat back/*/stdout | sort | tr '\n' ' ')" \
	'0 0.10 0.20 0.30 prints 0.10 prints 0.20 prints 0.30 ' 'what they wrote comes back' || diag "$(cat err)"
is "$(ls -d back/*/link 2>/dev/null)" '' 'but for links'

# ---- what is lost is done elsewhere ----

: >hold
config two 1 1
nni-run --id two two.yml >out2 2>err &
run=$!
stop_at_end "kill $run 2>/dev/null"
runs() { jq -e -n '[inputs | select(.status == "RUNNING")] != []' out2; }
wait_for runs
k8s_fault evict labelSelector=nni-exp=two >/dev/null
wait_for eval 'grep -q "was lost" out2'
rm hold
wait "$run"
is $? 0 'an environment that is lost is replaced' || wrong two
is "$(jq -rc 'select(.type == "status" and (.status | . == "FAILED" or . == "SUCCEEDED")) | [.attempt, .status, .infra]' out2 | tr '\n' ' ')" \
	'[1,"FAILED",true] [2,"SUCCEEDED",null] ' 'and its trial tried again'
is "$(jq -r 'select(.type == "trial") | .job.environment' out2 | tr '\n' ' ')" 'envir-1000001 envir-1000002 ' 'in another'

# ---- nni-run is killed, and goes on ----

: >hold
: >ran
config three 1 2
nni-run --id three three.yml >out3 2>err &
run=$!
runs3() { jq -e -n '[inputs | select(.type == "metric")] != []' out3; }
wait_for runs3
kill -9 "$run"
wait "$run" 2>/dev/null
rm hold
nni-run --resume three >out3 2>err
is $? 0 'a run that was killed goes on' || wrong three
is "$(wc -l <ran | tr -d ' ')" 2 'no trial was started twice'
is "$(jq -rs 'map(select(.type == "metric" and .kind == "final")) | length' "$NNI_EXPERIMENTS/three/events.jsonl")" 2 'nor is a metric lost'

# ---- a cancel ----

: >hold
config four 1 1
nni-run --id four four.yml >out4 2>err &
run=$!
runs4() { jq -e -n '[inputs | select(.status == "RUNNING")] != []' out4; }
wait_for runs4
nnictl trial kill four -T "$(jq -r 'select(.type == "trial") | .trial' out4)" >/dev/null 2>&1
wait "$run"
is "$(jq -r 'select(.type == "status") | .status' out4 | tail -n 1)" USER_CANCELED 'a trial can be cancelled' || wrong four
rm hold

# ---- what is left ----

ls nfs/export/nni/one >before
nni-run --clean=one >/dev/null 2>err && nni-run --clean=one >/dev/null 2>err
is $? 0 'what is left can be removed, twice' || diag "$(cat err)"
is "$(k8s_get "$jobs?labelSelector=nni-exp%3Done" | jq '.items | length') $(ls nfs/export/nni)" '0 four
three
two' 'all of it'
ok "$(grep -q '^code-' before && grep -q '^tools-' before; echo $?)" 'the archives, too'
mkdir -p nfs/export/nni/two/trials/aaaaa/nnioutput elsewhere/code-x && : >nfs/export/nni/two/trials/aaaaa/nnioutput/result
nni-run --clean=two >/dev/null 2>err
is "$? $(find nfs/export/nni/two -type f)" '0 nfs/export/nni/two/trials/aaaaa/nnioutput/result' 'but for what trials wrote outside of it' || diag "$(cat err)"
mv nfs/export/nni/three elsewhere && ln -s "$PWD/elsewhere" nfs/export/nni/three
nni-run --clean=three >/dev/null 2>err
is "$? $(ls elsewhere | tr '\n' ' ')" '5 code-x three ' 'and nothing by way of a link'
like "$(cat err)" "*cannot be removed: '*/nni/three' is no directory*" 'which is said'

# ---- where it cannot be ----

sed "s/, localMountPoint: [^}]*//" one.yml >none.yml
nni-run --id none none.yml >out 2>err
is "$? $(k8s_get "$jobs?labelSelector=nni-exp%3Dnone" | jq '.items | length')" '0 3' 'without a shared folder each trial has its job'
nni-collect --output back none >out 2>&1
like "$(grep -m 1 'lies in' out)" '*127.0.0.1:/export, at /nni/none/trials/*: mount it here, and set localMountPoint*' \
	'and what it wrote has to be mounted first' || diag "$(grep -v '"type":"[tms]' out)"

# ---- a job for each trial, on a folder that is mounted here ----

config jobs 1 1
sed '/reuseMode/d' jobs.yml >own.yml
nni-run --id own own.yml >out 2>err
is "$? $(cat nfs/export/nni/own/trials/*/tensorboard/made)" '0 0.10' 'trials write there'
echo another >nfs/export/nni/own/trials/"$(ls nfs/export/nni/own/trials)"/stdout
nni-collect -q --output back own >out 2>&1
own=back/$(ls nfs/export/nni/own/trials)
is "$(cat "$own/tensorboard/made" && grep -v NNISDK "$own/stdout"; ls "$own/link" 2>/dev/null)" '0.10
prints 0.10' 'it comes back, with what their pods printed' || diag "$(cat out)"
echo 0.101 >nfs/export/nni/own/trials/"${own#back/}/tensorboard/made"
nnictl tensorboard own >out 2>err
is "$? $(cat "$NNI_EXPERIMENTS"/own/tensorboard/*/made)" '0 0.101' 'and for TensorBoard alone' || diag "$(cat err)"

# Not mounted: what would be made in its place no pod sees.
sed '/reuseMode/d; /storage:/d' one.yml >away.yml
cat >>away.yml <<Y
sharedStorage: {storageType: NFS, nfsServer: 127.0.0.1, exportedDirectory: /export, localMounted: usermount,
  localMountPoint: $PWD/nfs/away, remoteMountPoint: /mnt/nfs}
Y
nni-run --check away.yml >out 2>err
like "$? $(cat err)" "[1-9]*there is no directory '*/nfs/away' here; mount the share: sudo mkdir -p * && sudo mount -t nfs '127.0.0.1:/export' *" \
	'a share that is not mounted here, and how it would be'
nni-run --id away away.yml >out 2>err
like "$? $(cat err)" "1 *the code cannot be stored: there is no directory '*/nfs/away' here*" 'no trial starts without it'
[ ! -e nfs/away ]
ok $? 'and nothing is made there'
done_testing
