# What tests of whole runs on remote machines share, behind lib.sh and sshd.sh.
#
#	trial_code			a trial program, in ./code
#	events ID FILTER		jq, of an experiment's journal
#	faults ID N			what is wrong with its N trials
#	ready MACHINE			submit has said that it can be reached
#
# A trial appends "ATTEMPT HOME PID" to ./starts.ID, reports x, waits for ./go.ID
# if it is `sh trial.sh wait`, and reports x once more.

trial_code() {
	mkdir -p code
	cat >code/trial.sh <<'T'
echo "${NNI_SYS_DIR##*/} $HOME $$" >>"$NNI_TEST_SSHD/starts.$NNI_EXP_ID"
x=$(nni-trial get x)
nni-trial report "$x"
while [ "${1-}" = wait ] && [ ! -e "$NNI_TEST_SSHD/go.$NNI_EXP_ID" ]; do
	sleep 0.05
done
nni-trial report --final "$x"
T
}

# What submit says is in ./said, too, but not before others have it.
mkdir platforms
cat >platforms/nni-platform-remote <<E
#!/bin/sh
[ "\$1" = submit ] || exec "$NNI_BIN/nni-platform-remote" "\$@"
"$NNI_BIN/nni-platform-remote" "\$@" | tee -a "$PWD/said"
E
chmod +x platforms/nni-platform-remote
NNI_PLATFORM_PATH=$PWD/platforms
export NNI_PLATFORM_PATH
ready() {
	grep "\"credit\",\"place\":\"$(sshd_place "$1")\"" said |
		grep -q '"n":[1-9]\|Concurrency'
}

# A machine that nobody answers for: sshd_absent NAME
sshd_absent() {
	sshd_start "$1"
	sshd_stop "$1"
}

# events ID 'FILTER': of the journal
events() { jq -rc "select(.late | not) | $2" "$NNI_EXPERIMENTS/$1/events.jsonl"; }
# How many attempts ended how
ends() { events "$1" 'select(.type=="status" and (.status|IN("SUCCEEDED","FAILED","USER_CANCELED","SYS_CANCELED","EARLY_STOPPED"))) | .status' | sort | uniq -c | awk '{ print $2, $1 }'; }
faults() {
	[ "$(ends "$1")" = "SUCCEEDED $2" ] || ends "$1"
	events "$1" 'select(.type=="metric") | "\(.trial) \(.kind) \(.sequence)"' | sort >metrics
	[ "$(sort -u metrics | grep -c .)" = "$(grep -c . metrics)" ] || echo 'a metric came twice'
	[ "$(grep -c . metrics)" = $(($2 * 2)) ] || echo "$(grep -c . metrics) metrics"
	cut -d' ' -f1 "starts.$1" | sort | uniq -d | sed 's/$/ was started twice/'
	[ "$(grep -c . "starts.$1")" = "$2" ] || echo "$(grep -c . "starts.$1") starts"
}
