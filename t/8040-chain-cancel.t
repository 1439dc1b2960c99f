#!/bin/sh
# Cancels of trials that are just being started: each ends once, as it should, and
# nothing of it runs on.
. "$(dirname "$0")/lib.sh"
. "$TOP/t/chain/lib.sh"

mkdir plat
cp "$TOP/t/fake/nni-platform-rude" plat/nni-platform-local
cat >code/hold.sh <<'END'
echo "$NNI_SYS_DIR $$" >>"$STARTS-${NNI_SYS_DIR##*/}"
exec sleep 1000
END
config max=1 conc=1 command='sh hold.sh' 'maxTrialRetry: 0'

# What is said of trials in file $1: its ends, in one line
ends_in() { jq -r 'select(.type == "status") | .status' "$1" | grep -E 'SUCC|FAIL|CANC|EARLY' | tr '\n' ' '; }
placed() { grep -q '"place"' "$1/placed.jsonl"; }
begun() { [ "$(starts)" = 1 ]; }
starts() { ls "$STARTS"-* 2>/dev/null | wc -l | tr -d ' '; }
gone() { [ -z "$(living all)" ]; }
stopped() { ! kill -0 $(cat "$STARTS"-* /dev/null 2>/dev/null | cut -d' ' -f2) 2>/dev/null; }

# gate: the place has not heard of it.  hold: it runs, and that was not said yet.
for mood in gate hold; do
	# ---- by a request to nni-run ----
	rm -f open "$STARTS"-*
	env NNI_PLATFORM_PATH="$PWD/plat" RUDE="submit=$mood" RUDE_GATE="$PWD/open" \
		nni-run --id r$mood c.yml >out 2>err </dev/null &
	run=$!
	wait_for placed "$(dir r$mood)"
	[ $mood = gate ] || wait_for begun
	t=$(jq -r 'select(.type=="spec").trial' "$(dir r$mood)/events.jsonl")
	echo "{\"type\":\"cancel\",\"trial\":\"$t\"}" >>"$(dir r$mood)/control.jsonl"
	wait_for has r$mood '"type":"cancel"'
	: >open
	wait $run
	is "$? $(ends_in "$(dir r$mood)/events.jsonl")" '0 USER_CANCELED ' "$mood: a request to nni-run"
	stopped && wait_for gone
	ok $? 'and nothing is left'

	# ---- by nni-cancel, beside a typed pipeline ----
	rm -f open "$STARTS"-*
	d=$(nni-run --prepare --id t$mood c.yml)
	echo '{"x":0.5}' >bare
	env NNI_PLATFORM_PATH="$PWD/plat" RUDE="submit=$mood" RUDE_GATE="$PWD/open" \
		sh -c "nni-submit --dir $d <bare 2>err1 | nni-watch | nni-collect >out1" &
	run=$!
	wait_for placed "$d"
	[ $mood = gate ] || wait_for begun
	nni-watch --once "$d" >now
	is "$(ends_in now)" '' 'who looks does not end it'
	exits 0 "$mood: nni-cancel" nni-cancel --dir "$d" --all
	stopped
	ok $? 'says that it is gone when it is'
	: >open
	wait $run
	is "$(ends_in out1)" 'USER_CANCELED ' 'the pipeline says so too, once'
	is "$(starts)" $([ $mood = gate ] && echo 0 || echo 1) 'it was not started after that'
done

# ---- at once, many ----
rm -f "$STARTS"-*
config max=16 conc=16 command='sh hold.sh' 'maxTrialRetry: 0'
prepare
: >"$(dir x)/events.jsonl"
nni-run --resume x >out 2>err </dev/null &
run=$!
timeout 300 perl -e '
	$| = 1;
	open my $j, "<", "$ARGV[0]/events.jsonl" or die;
	my ($n, $line) = (0, "");
	while ($n < 16) {
		my $more = <$j>;
		if (!defined $more) { seek $j, 0, 1; select undef, undef, undef, 0.001; next }
		$line .= $more;
		next if $line !~ /\n/;
		if ($line =~ /"type":"spec","trial":"(\w+)"/) {
			# ... of some later than of others
			select undef, undef, undef, 0.002 * ($n % 8);
			open my $c, ">>", "$ARGV[0]/control.jsonl" or die;
			syswrite $c, qq({"type":"cancel","trial":"$1"}\n);
			$n++;
		}
		$line = "";
	}' "$(dir x)"
wait $run
is "$?" 0 'sixteen at once'
is "$(ends_in "$(dir x)/events.jsonl" | wc -w) $(count x '"status":"USER_CANCELED"')" '16 16' 'each ends once'
stopped && wait_for gone
ok $? 'and nothing is left'

# ---- its directory is moved while it is being run ----
cat >code/wait.sh <<'X'
echo "$NNI_TRIAL_JOB_ID" >>"$STARTS.moved"
nni-trial report --final 1
until [ -e "$STARTS.go" ]; do sleep 0.05; done
X
config max=2 conc=2 command='sh wait.sh'
nni-run --id mv c.yml >out 2>err </dev/null &
run=$!
wait_for has mv '"kind":"final"' 2
mkdir elsewhere
mv "$(dir mv)" elsewhere/mv
wait $run
is $? 5 'nni-run leaves a directory that was moved'
is "$(grep -c error: err) $(grep -c "$(dir mv)' was moved or removed .*go on with: nni-run --resume" err)" '1 1' 'with one clear message'
[ ! -e "$(dir mv)" ]
ok $? 'and makes it not anew'
mv elsewhere/mv elsewhere/renamed
exits 3 'one that was renamed' nni-run --resume elsewhere/renamed
like "$(cat err)" '*keeps its name; call it mv again*' 'is to get its name back'
mv elsewhere/renamed elsewhere/mv
NNI_EXPERIMENTS=$PWD/elsewhere
t=$(jq -r 'select(.type=="spec").trial' elsewhere/mv/events.jsonl | head -n 1)
nni-run --resume elsewhere/mv >out 2>err </dev/null &
run=$!
goes_on() { [ "$(grep -c '"event":"start"' elsewhere/mv/events.jsonl)" = 2 ]; }
wait_for goes_on
echo "{\"type\":\"cancel\",\"trial\":\"$t\"}" >>elsewhere/mv/control.jsonl
wait_for has mv '"status":"USER_CANCELED"'
: >"$STARTS.go"
wait $run
is "$? $(ends_in elsewhere/mv/events.jsonl)" '0 USER_CANCELED SUCCEEDED ' 'where it is now it goes on, and a cancel is a cancel'
is "$(count mv '"kind":"final"') $(sort "$STARTS.moved" | uniq -c | awk '{print $1}' | tr '\n' ' ')" '2 1 1 ' 'nothing is lost, nothing started twice'

# ---- files that are removed while they are written ----
config max=1 conc=1 command='rm "$NNI_SYS_DIR/../../events.jsonl"'
nni-run --id rm c.yml >out 2>err </dev/null
is "$? $(grep -c error: err) $(grep -c "events.jsonl', the journal, was removed .*put it back" err)" '5 1 1' 'without its journal nni-run does not say that all is well'
config max=1 conc=1 command='nni-trial report --final 1'
mkfifo specs
nni-submit -c c.yml <specs >out 2>err &
submit=$!
exec 7>specs
echo '{"x":0.5}' >&7
placed() { grep -q '"type":"trial"' out; }
wait_for placed
d=$(jq -r 'select(.type=="trial").dir' out | head -n 1)
mv "$d/placed.jsonl" "$d/gone"
exec 7>&-
wait $submit
is "$? $(grep -c "placed.jsonl' was moved or removed" err)" '5 1' 'nor does nni-submit'

# ---- a journal that was lost ----
config max=1 conc=1 command='nni-trial report --final 1'
nni-run --prepare --id lost c.yml >out
nni-submit -d lost </dev/null 2>err
exits 0 'where nni-submit has accepted nothing, nni-run goes on' nni-run --resume lost
printf '{"type":"ex' >"$(dir lost)/events.jsonl"
exits 2 'a journal that was lost' nni-run --resume lost
like "$(cat err)" '*events.jsonl, was lost*placed.jsonl knows of 1 trial;*' 'is not begun anew beside its trials'
rm "$(dir lost)/events.jsonl"
exits 2 'nor where it is not there' nni-run --resume lost
like "$(cat err)" '*events.jsonl, was lost*nni-submit --resume*' 'with what can be done'
done_testing
