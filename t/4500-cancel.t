#!/bin/sh
# nni-cancel: with and without a live nni-run.
. "$(dirname "$0")/lib.sh"
. "$TOP/t/data/fake.sh"

fill() { # two running, one queued
	specs 3 | FAKE_PLACES='a=2' nni-submit --once --dir "$1" >records
}
experiment abc
fill abc
exits 0 'would cancel' nni-cancel -n --dir abc --all
is "$(jq -r '"\(.type) \(.trial) \(.dry_run)"' out | oneline)" \
	'cancel t0001 true cancel t0002 true cancel t0003 true' 'says what'
is "$(cat "$E/fake/cancels" 2>/dev/null)" '' 'and does nothing'
exits 0 'cancels one' nni-cancel --dir abc t0001
is "$(brief out | tail -1)" 'status:t0001-1:USER_CANCELED' 'and waits for its end'
exits 0 'all' nni-cancel --dir abc --all
is "$(brief out | grep CANC | sort | oneline)" \
	'status:t0001-1:USER_CANCELED status:t0002-1:USER_CANCELED status:t0003-1:USER_CANCELED' 'the queued one too'
nni-submit --resume abc </dev/null >out 2>err
is "$? $(brief out | sort | oneline)" '0 status:t0003-1:USER_CANCELED trial:t0001-1 trial:t0002-1' \
	'a resume starts none of them'
exits 4 'no such trial' nni-cancel --dir abc zzzzz
exits 4 'no such experiment' nni-cancel --dir nosuch --all
exits 2 'no experiment' nni-cancel --all
exits 2 'no trial id' nni-cancel --dir abc NOPE!
experiment empty
exits 4 'nothing there' nni-cancel --dir empty --all

# records on standard input
experiment piped
fill piped
jq -c 'select(.type=="trial" and .trial=="t0002")' records | nni-cancel >out 2>err
is "$? $(brief out | tail -1)" '0 status:t0002-1:USER_CANCELED' 'trial records'
echo '{"type":"metric","trial":"t0001","kind":"final","value":1}' | nni-cancel --dir piped >out 2>err
is "$? $(brief out | tail -1)" '0 status:t0001-1:USER_CANCELED' 'any record with a trial'

# a live nni-submit has the queue
experiment live
mkfifo pipe
FAKE_PLACES='a=1' nni-submit --dir live <pipe >records &
exec 3>pipe
specs 2 >&3
wait_for grep -q '"job"' records
nni-cancel --dir live --all >out 2>err
is $? 8 'what waits in a live nni-submit'
like "$(cat err)" '*trial t0002 is in the queue of a live nni-submit (process *' 'is that one'"'"'s to cancel'
is "$(brief out | tail -1)" 'status:t0001-1:USER_CANCELED' 'the other is cancelled'
cancel t0002 >&3
exec 3>&-
wait

# in time
experiment late
fill late
FAKE_MUTE=watch nni-cancel --timeout 0.2s --dir late t0001 >out 2>err
is $? 7 'ends that do not come in time'

# a live nni-run
experiment run
fill run
jq -c . records >"$E/events.jsonl"
cat >holder.pl <<'END'
use Fcntl;
$| = 1;
open my $f, '+>>', $ARGV[0] or die;
my $lock = pack 's s x![l!] l! l! i', F_WRLCK, 0, 0, 0, 0;
fcntl $f, F_SETLK, $lock or die "lock: $!";
print "held\n";
sleep 60;
END
perl holder.pl "$E/lock" >held &
holder=$!
stop_at_end "kill $holder 2>/dev/null"
wait_for test -s held
nni-cancel --dir run t0001 t0003 >out 2>err &
wait_for test -s "$E/control.jsonl"
is "$(jq -r '"\(.type) \(.trial)-\(.attempt)"' "$E/control.jsonl" | oneline)" 'cancel t0001-1 cancel t0003-1' \
	'a live nni-run is asked'
status t0001 USER_CANCELED >>"$E/events.jsonl"
status t0002 SUCCEEDED >>"$E/events.jsonl"
status t0003 USER_CANCELED >>"$E/events.jsonl"
wait $!
is "$? $(brief out | oneline)" '0 status:t0001-1:USER_CANCELED status:t0003-1:USER_CANCELED' \
	'and obeyed when it says the ends'
exits 4 'what has ended by the journal' nni-cancel --dir run t0002

# lost
kill $holder
experiment lost
cat >nni-platform-away <<'END'
#!/bin/sh
case $1 in capabilities) echo '{"adopt":true}' ;; esac
while read -r l; do
	case $1:$l in
	submit:*) echo "${l%?},\"job\":\"j\"}" ;;
	watch:*cancel*) echo "$l" >>"$3/cancels" ;;
	watch:*) echo '{"type":"status","trial":"t0001","attempt":1,"status":"UNKNOWN","reason":"no route to host"}' ;;
	esac
done
END
chmod +x nni-platform-away
sed -i 's/"platform":"fake"/"platform":"away"/' "$E/config.json"
export NNI_PLATFORM_PATH=$PWD
specs 1 | nni-submit --dir lost >out
exits 0 'a trial on a dead place' nni-cancel --lost --dir lost t0001
is "$(jq -r 'select(.status=="SYS_CANCELED") | "\(.trial) \(.lost) \(.infra)"' out)" 't0001 true true' 'is given up'
is "$(jq -r .lost "$E/control.jsonl")" true 'so that a resumed nni-run knows'
rm "$E/cancels"
nni-submit --resume lost </dev/null 2>err | nni-watch >out 2>err
is "$(brief out | oneline)" 'trial:t0001-1 status:t0001-1:UNKNOWN status:t0001-1:SYS_CANCELED' 'and cancelled after a resume too'
is "$(jq -r .type "$E/cancels")" cancel 'until its place confirms'
done_testing
