#!/bin/sh
# Trials on remote machines are stopped, given up, and started elsewhere.
. "$(dirname "$0")/lib.sh"
. "$TOP/t/sshd.sh"
. "$TOP/t/remote.sh"

sshd_needed
trial_code
# A trial with children of which one has left its session
cat >code/tree.sh <<'T'
echo "${NNI_SYS_DIR##*/} $HOME $$" >>"$NNI_TEST_SSHD/starts.$NNI_EXP_ID"
sleep 300 &
setsid sleep 300 &
wait
T
for m in one two three four; do sshd_start $m; done
left() { grep -lsz "^NNI_SYS_DIR=.*/trials/$1\$" /proc/[0-9]*/environ; }
none_left() { [ -z "$(left "$1")" ]; }
started() { [ "$(grep -c . "starts.$1")" -ge "$2" ]; }
# said ID TRIAL STATUS
said() {
	grep "\"$2\",\"attempt\":1,\"status\":\"$3\"" "$NNI_EXPERIMENTS/$1/events.jsonl"
}
# run ID N: until its N trials are running; their names are in the file ID
run() {
	nni-run --id "$1" c.yml >"out.$1" 2>"err.$1" </dev/null &
	pid=$!
	wait_for started "$1" "$2"
	cut -d' ' -f1 "starts.$1" >"$1"
	while read -r t; do wait_for said "$1" "$t" RUNNING; done <"$1"
}

# What takes long goes on beside the others: a machine is away, and one on which
# keepers die.
sshd_experiment c.yml 'sh trial.sh wait' three
echo 'lease: 4s' >>c.yml
echo 'maxTrialRetry: 3' >>c.yml
sed -i.old 's/maxTrialNumber: 2/maxTrialNumber: 1/' c.yml
run lease 1
lease_pid=$pid
sshd_stop three

SSHD_TRIALS=3 SSHD_CONCURRENCY=3 sshd_experiment c.yml 'sh trial.sh wait' four
run aside 3
aside_pid=$pid
sed -n 's/.*"keeper":\([0-9]*\).*/\1/p' "$(sshd_home four)"/.local/share/nni/*/aside/trials/*/.nni/state >keepers
: >said
# shellcheck disable=SC2046
kill -9 $(cat keepers)

# ---- cancelled ----
SSHD_TRIALS=3 SSHD_CONCURRENCY=3 sshd_experiment c.yml 'sh tree.sh' one
run a 3
# shellcheck disable=SC2046
set -- $(cat a)
nni-cancel -d a "$1" >out 2>err
is "$? $(jq -r 'select(.type=="status").status' out)" '0 USER_CANCELED' 'nni-cancel'
none_left "$1"
ok $? 'ends the whole tree there'
nnictl trial kill a -T "$2" >out 2>err
is $? 0 'nnictl trial kill'
wait_for said a "$2" USER_CANCELED
none_left "$2"
ok $? 'does, too'
nnictl stop a >out 2>err
wait $pid
none_left "$3"
ok $? 'and nnictl stop'
is "$(ends a)" 'USER_CANCELED 3' 'each of them is USER_CANCELED'

# ---- its machine is away ----
sshd_experiment c.yml 'sh trial.sh wait' one two
run b 2
there=one other=two
grep -q "$(sshd_home one) " starts.b || there=two other=one
x=$(awk -v home="$(sshd_home $there)" '$2 == home { print $1; exit }' starts.b)
sshd_stop $there
wait_for said b "$x" UNKNOWN
nni-cancel -d b --lost "$x" >out 2>err
wait_for said b "$x" SYS_CANCELED
is "$(said b "$x" SYS_CANCELED | jq .infra)" true 'a trial that is given up ends by the fault of its machine'
wait_for grep -q "^$x-2 " starts.b
like "$(grep "^$x-2 " starts.b)" "* $(sshd_home $other) *" 'and is started elsewhere'
[ -n "$(left "$x")" ]
ok $? 'it may still run where it was'
sshd_again $there
wait_for none_left "$x"
ok $? 'and is stopped when its machine is back'
touch go.b
wait $pid
is "$?" 0 'the experiment goes well'

# ---- its machine is taken out of the configuration ----
run c 2
x=$(awk -v home="$(sshd_home two)" '$2 == home { print $1; exit }' starts.c)
kill -9 $pid
wait $pid 2>/dev/null
jq -c 'del(.trainingService[0].machineList[1])' "$NNI_EXPERIMENTS/c/config.json" >n
mv n "$NNI_EXPERIMENTS/c/config.json"
nni-run --resume c >out 2>err </dev/null &
pid=$!
wait_for said c "$x" UNKNOWN
like "$(said c "$x" UNKNOWN)" "*$(sshd_place two) is no machine of the configuration*nni-cancel --lost $x*" 'a trial of a machine that was taken out is UNKNOWN, with what to do'
nni-cancel -d c --lost "$x" >out 2>err
wait_for said c "$x" SYS_CANCELED
ok $? 'and can be given up'
touch go.c
wait $pid
is "$?" 0 'and is tried on another'

# ---- a lease ----
x=$(cat lease)
wait_for none_left "$x"
ok $? 'with a lease a trial ends where nobody is heard of'
touch go.lease
sshd_again three
wait $lease_pid
is "$?" 0 'and is tried again'
like "$(said lease "$x" SYS_CANCELED)" '*"infra":true*' 'since that was no fault of its own'

# ---- a machine on which nothing goes well ----
wait_for grep -q 'set aside after 3 failures' said
ok $? 'a machine that fails thrice in a row is set aside'
touch go.aside
wait $aside_pid
is "$? $(sed -n "/set aside after/,\$s/.*\"credit\",\"place\":\"$(sshd_place four)\",\"n\":\([1-9]\).*/\1/p" said | head -n 1)" '0 1' 'and then given one trial first'

done_testing
