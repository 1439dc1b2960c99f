#!/bin/sh
# nni-conformance finds what is wrong with a backend, says what, and never hangs.
. "$(dirname "$0")/lib.sh"

# MUTANT PART PROMISE: t/data/nni-platform-mutant breaks this one first.
cat >mutants <<'M'
mute capabilities capabilities prints one object
two-lines capabilities capabilities prints one object
fails-capabilities capabilities capabilities prints one object
protocol capabilities its protocol is 1
few-verbs capabilities it lists its verbs
code capabilities it says what code it needs
boolean capabilities what it can do is true or false
fails-check check check ends with 0
check-writes check check changes nothing
hangs empty submit without input ends with 0
exit-status empty submit without input ends with 0
usage usage an unknown verb is refused with 2
any-member usage an unknown member is refused with 3
no-credit one submit answers the trial
buffers-submit one submit answers the trial
no-job one submit answers the trial
dies one submit answers the trial
buffers-watch one watch says the end of each trial
never-ends one watch says the end of each trial
buffers-collect one collect passes on the end of each trial
flood one submit answers the trial
rubbish one nothing but records on standard output
nan one metric 3: intermediate, sequence 3, value "NaN"
ends-twice one watch says one end, and nothing after it
runs-after-end one watch says one end, and nothing after it
repeats once and no status twice
answers-twice one submit answers a trial once, with a job
drops-keys one the answer has the keys that nobody knows
no-at one a metric has its attempt, time and `at`
out-of-order one metric 1: intermediate, sequence 1, value 0.10
sequence one metric 2: intermediate
parameters one metric 4: intermediate, sequence 4, value 250.0e-2
numbers one metric 5: final, sequence 0, value 2.50
late-metrics one collect gives the metrics, then one end
keeps-ends ends collect passes on the end of each trial
exit-code ends its exit_code is 3
infra ends it has a reason, and infra is not true
no-reason ends it has a reason, and infra is not true
no-final ends with no_final_metric: true
attempt attempts all that is said of it has "attempt":2
nonsense nonsense submit answers the trial
at again and the same metrics with the same `at`
no-once once watch --once ends while a trial runs
leaves once without --once watch stays
new-job adopt a trial that is there is answered with its job
starts-twice adopt it was started once
adopts-others adopt with other parameters it is FAILED
lookup lookup a job of the year 2001
ends-unsent lookup a trial without a job is WAITING
loses-cancel cancel watch says the end of each trial
intent cancel `intent` says early: EARLY_STOPPED
late-cancel cancel-late and has no second one
early-end gone nothing of it is left when its end is said
loses-update update it gets the parameters
changes-update update another update of the same index
unanswered fetch fetch answers "what":"logs" once
no-logs fetch what it printed is in stdout
no-files fetch and the file that it made is here
comes-again fetch a second time nothing comes
clean-files clean the experiment's own files are left
clean-others clean a trial of another experiment runs on
bare-no-room no-room each of 64 at once gets one job, no_room or FAILED
silent-refusal no-room each of 64 at once gets one job, no_room or FAILED
starts-refused no-room none of those given back was started
no-credit no-room credit comes by itself
M
export NNI_PLATFORM_PATH="$TOP/t/data"
sed 's/platform: sh/platform: mutant/' "$TOP/examples/platform/config.yml" >config.yml

# conform TIMEOUT MUTANT PART: its output is in MUTANT.PART
conform() {
	MUTANT=$2 timeout 120 nni-conformance -t "$1" -o "$3" mutant config.yml >"$2.$3" 2>"$2.$3.err"
	echo "exit $?" >>"$2.$3"
}
# found MUTANT PART PROMISE: the first that is not ok, with its sentence, and exit code 1
found() {
	grep -A1 '^not ok' "$1.$2" | head -n 2 >first
	case $(head -n 1 first) in "not ok "*" - $3"*) ;; *) return 1 ;; esac
	grep -q '^#   platforms/README: "' first && grep -qx 'exit 1' "$1.$2"
}

n=0
while read -r mutant part _; do
	conform 1s "$mutant" "$part" &
	n=$((n + 1))
	[ $((n % 6)) != 0 ] || wait
done <mutants
wait
while read -r mutant part promise; do
	# On a busy machine a second may be too short.
	found "$mutant" "$part" "$promise" || conform 20s "$mutant" "$part"
	found "$mutant" "$part" "$promise"
	ok $? "$mutant is found: $promise" || diag "$(cat "$mutant.$part")"
done <mutants

# What goes wrong but is no fault: it must not be found.
for mutant in none unlimited slow holds-output; do
	conform 60s $mutant one &
done
wait
for mutant in none unlimited slow holds-output; do
	grep -qx 'exit 0' $mutant.one
	ok $? "$mutant is no fault" || diag "$(cat $mutant.one)"
done

# The sentences that are quoted stand in platforms/README.
tr -s ' \n' ' ' <"$TOP/platforms/README" >readme
nni-conformance --contract >sentences
missing=
while IFS= read -r sentence; do
	grep -qF "${sentence%.}" readme || missing="$missing|$sentence"
done <sentences
is "$missing" '' 'platforms/README has all sentences of the contract'
done_testing
