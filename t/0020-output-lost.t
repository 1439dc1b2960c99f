#!/bin/sh
# Output that cannot be written, by a full disk or because it is closed, is said
# once, with exit code 5, by every program; a reader that has gone is no fault.
. "$(dirname "$0")/lib.sh"
[ -c /dev/full ] || skip_all 'there is no /dev/full here'

said='error: cannot write to the standard output: '
# An unwritable output's two forms, and one that nobody reads any more.
full() { "$@" >/dev/full; }
closed() { "$@" >&-; }
unread() { perl -e 'pipe R, W; open STDOUT, ">&W"; close R; close W; exec @ARGV' "$@"; }

# How many errors ./err has, and how many are about the output.
count_errors() {
	errors=0 about_output=0
	while read -r line; do
		case $line in "$1: $said"*) about_output=$((about_output + 1)) ;; esac
		case $line in "$1: error: "*) errors=$((errors + 1)) ;; esac
	done <err
}
# lost COMMAND...	with ./in as its input
lost() {
	result=
	for how in full closed; do
		$how "$@" <in 2>err
		result="$result$how: exit $?"
		count_errors "$1"
		result="$result, $about_output of $errors errors; "
	done
	is "$result" 'full: exit 5, 1 of 1 errors; closed: exit 5, 1 of 1 errors; ' "$*" ||
		diag "$(cat err)"
}
# lost, and quiet when the reader has gone
lost_or_unread() {
	lost "$@"
	unread "$@" <in 2>err
	result="exit $?"
	count_errors "$1"
	is "$result, $errors errors" 'exit 0, 0 errors' "$* with its reader gone" ||
		diag "$(cat err)"
}

echo '{"x":{"_type":"uniform","_value":[0,1]}}' >space.json
cat >c.yml <<'C'
searchSpaceFile: space.json
trialCommand: nni-trial report --final 1
trialConcurrency: 1
maxTrialNumber: 2
tuner: {name: Random}
trainingService: {platform: local}
C
mkdir code
echo x >code/file
perl -e 'print "word " x 30000' >code/large
: >in

for program in "$NNI_BIN"/nni-[a-z]* "$NNI_BIN"/nnictl; do
	[ -x "$program" ] && [ ! -d "$program" ] || continue
	name=${program##*/}
	case $name in *.exe | *.*) continue ;; esac
	for option in -h --version --completion=bash; do
		lost "$name" "$option"
	done
done
for shell in zsh fish; do lost nnictl --completion=$shell; done
lost nnictl trial ls -h
lost nni-trial get --help

# ---- an experiment: nothing of it is lost ----
trials() { # what the journal has of it
	jq -r 'select(.status == "SUCCEEDED" or .kind == "final") | "\(.trial) \(.attempt) \(.kind)"' \
		"$NNI_EXPERIMENTS/$1/events.jsonl" | sort | uniq -c | sed 's/^ *//; s/ [a-z0-9]* / /'
}
wanted='1 1 final
1 1 final
1 1 null
1 1 null'
full nni-run --id full c.yml 2>err </dev/null
is "$? $(grep -c "^nni-run: $said" err)" '5 1' 'nni-run, full'
like "$(cat err)" "*nni-run --resume $NNI_EXPERIMENTS/full*" 'says how to go on'
exits 0 'which it does' nni-run --resume full
is "$(trials full | sort)" "$wanted" 'to the end: each end and result once'

# ---- one that was closed all along is noticed before anything is made ----
made() { find . ! -name err | sort; }
made >before
closed_makes_nothing() {
	closed "$@" <in 2>err
	result="exit $?"
	count_errors "$1"
	is "$result, $about_output of $errors errors" 'exit 5, 1 of 1 errors' "$* with its output closed" ||
		diag "$(cat err)"
	is "$(made | diff before -)" '' 'makes nothing'
}
closed_makes_nothing nni-run --id closed c.yml
closed_makes_nothing nni-run --prepare --id closed c.yml
closed_makes_nothing nni-submit -c c.yml
closed_makes_nothing nnictl create -c c.yml
closed_makes_nothing nnictl resume full
closed_makes_nothing nni-pack -o closed.zip code
closed nni-run --tick --id full c.yml 2>err </dev/null
is "$? $(cat err)" '4 ' 'what prints nothing does not mind'
E=$NNI_EXPERIMENTS/full
exp=full

# ---- what prints at once ----
lost_or_unread nni-config c.yml
lost_or_unread nni-config --keys
lost_or_unread nni-run --print-config c.yml
lost_or_unread nni-run --dry-run c.yml
lost_or_unread nni-run --check c.yml
lost_or_unread nni-run --prepare c.yml
lost_or_unread nni-tune -s space.json -n 3 --seed 1
lost_or_unread nni-pack code
lost_or_unread nni-pack --list code
lost_or_unread nni-pack --why file code
lost_or_unread nni-pack --digest code
lost_or_unread nni-pack -o code.zip code
lost_or_unread nni-trial id
lost_or_unread nni-trial get --default 1 x
lost_or_unread nni-trial report 1
lost_or_unread nni-platform-local capabilities
lost_or_unread nni-platform-local check --dir "$E"
for what in 'experiment list --all' "experiment status $exp" "experiment show $exp" \
	"experiment export -f - $exp" "trial ls $exp" "log stdout $exp" \
	"log stdout --path $exp" "log trial $exp" "config show $exp" "top $exp"; do
	# shellcheck disable=SC2086
	lost_or_unread nnictl $what
done

# ---- a play that nobody sees ends at once ----
mkdir platform
cat >platform/nni-platform-noted <<P
#!/bin/sh
echo "\$1" >>'$trash/noted'
exec nni-platform-local "\$@"
P
chmod +x platform/nni-platform-noted
sed 's/platform: local/platform: noted/' c.yml >noted.yml
NNI_PLATFORM_PATH=$PWD/platform
export NNI_PLATFORM_PATH
lost_or_unread nni-conformance noted noted.yml
is "$(sort noted | uniq)" capabilities 'nni-conformance does not go on'
unset NNI_PLATFORM_PATH

# ---- the pipeline ----
nni-run --prepare --id queue c.yml >out
# One is started, the other waits.
printf '{"x":1}\n{"x":2}\n' | nni-submit --once --dir queue >out
lost_or_unread nni-cancel -n --dir queue --all
echo '{"type":"mystery"}' >in
lost_or_unread nni-submit --once --dir queue
grep '"type":"trial"' "$E/placed.jsonl" | tail -1 >in
lost_or_unread nni-collect --once
lost_or_unread nni-collect --once --format csv
lost_or_unread nni-collect --once --format table
lost_or_unread nni-watch
lost_or_unread nni-watch --format table
lost_or_unread nni-platform-local watch --dir "$E"
lost_or_unread nni-platform-local collect --dir "$E"
echo '{"type":"ask","n":1}' >in
lost_or_unread nni-tune -s space.json
cat >in <<'I'
{"type":"metric","kind":"intermediate","trial":"aaaaa","attempt":1,"sequence":0,"value":9}
{"type":"status","trial":"aaaaa","attempt":1,"status":"SUCCEEDED"}
{"type":"metric","kind":"intermediate","trial":"bbbbb","attempt":1,"sequence":0,"value":1}
I
lost_or_unread nni-assess -t Medianstop -a '{"start_step":0}'
done_testing
