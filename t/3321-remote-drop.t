#!/bin/sh
# Connections and programs of a run on remote machines die; its trials do not.
. "$(dirname "$0")/lib.sh"
. "$TOP/t/sshd.sh"
. "$TOP/t/remote.sh"

sshd_needed
trial_code
for m in one two; do sshd_start $m; done

# running ID N: by the journal's last word on each trial
running() {
	[ "$(awk -F'"' '$4 == "status" { s[$8] = $14 }
		END { for (t in s) n += s[t] == "RUNNING"; print n + 0 }' \
		"$NNI_EXPERIMENTS/$1/events.jsonl")" = "$2" ]
}
# unknown ID WHY
unknown() {
	grep -q "\"UNKNOWN\",\"reason\":\"$(sshd_place one): $2" \
		"$NNI_EXPERIMENTS/$1/events.jsonl"
}
keeper_of() {
	sed -n 's/.*"keeper":\([0-9]*\).*/\1/p' "$(sshd_home one)"/.local/share/nni/*/*/trials/"$1"/.nni/state
}

# ---- connections ----
SSHD_TRIALS=6 SSHD_CONCURRENCY=4 sshd_experiment c.yml 'sh trial.sh wait' one
nni-run --id a c.yml >out 2>err </dev/null &
pid=$!
wait_for running a 4
sshd_kill one
wait_for unknown a 'the connection is lost'
ok $? 'a dropped connection: UNKNOWN, and why'
wait_for running a 4
ok $? 'RUNNING, when there is another'

sshd_stop one
wait_for unknown a '.*refused'
ok $? 'a machine that is not there'

# ---- the submitter; trials end while nobody looks ----
kill -9 $pid
wait $pid 2>/dev/null
touch go.a
sshd_again one
mkdir elsewhere
(cd elsewhere && exec nni-run --resume a >../out 2>../err </dev/null)
is "$?" 0 'resumed elsewhere, with the machine back'
is "$(faults a 6)" '' 'each trial was started once and gives its results once'

# ---- silence; keepers and trials that are killed ----
NNI_BACKEND_TIMEOUT=3s nni-run --id b c.yml >out 2>err </dev/null &
pid=$!
wait_for running b 4
sshd_freeze one
wait_for unknown b 'it has not answered for 3 s'
ok $? 'a machine that is silent: UNKNOWN, and why'
sshd_thaw one
wait_for running b 4
ok $? 'RUNNING, when it answers'
# shellcheck disable=SC2046
set -- $(sort starts.b)
kill -9 "$(keeper_of "$1")" "$6"
touch go.b
wait $pid
is $? 1 'a keeper and a trial are killed there'
is "$(events b "select(.trial==\"$1\" and .infra)|[.attempt,.status]" | sort -u)" '[1,"FAILED"]' 'without its keeper a trial fails by the fault of the machine'
grep -q "^$1-2 " starts.b
ok $? 'and is tried again'
is "$(events b "select(.trial==\"$4\" and .status==\"FAILED\")|[.attempt,.infra,.signal]")" '[1,null,"KILL"]' 'a trial that is killed fails by itself'

done_testing
