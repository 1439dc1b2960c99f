#!/bin/sh
# How many trials submit takes, updates, and what happens without anybody.
. "$(dirname "$0")/lib.sh"
. "$TOP/t/local.sh"

two() { # DIR COMMAND MORE-OF-TOP MORE-OF-MEMBER: at most two trials
	experiment "$PWD/$1" "$2" "${4-}" "${3-}"
	sed 's/"trialConcurrency":1000/"trialConcurrency":2/' "$1/config.json" >n && mv n "$1/config.json"
}
# A submit that we talk to: tell LINE; ./said has what it says
talk() { # DIR [OPTION...]
	rm -f to said
	mkfifo to
	"$L" submit --dir "$@" <to >said &
	talker=$!
	exec 3>to
}
hush() { exec 3>&-; wait $talker; }
credits() { jq -c 'select(.type == "credit") | [.n,.live]' said | tr '\n' ' '; }
is_said() { wait_for grep -q "$1" said; }

two a 'sh hold.sh' ',"killGrace":0.2'
echo 'until [ -e "$NNI_SYS_DIR/go" ]; do sleep 0.02; done' >code/hold.sh
talk a
is_said '"n":2'
is "$(credits)" '[2,0] ' 'the first credit is trialConcurrency'
trial "$PWD/a" aaaa1 >&3
is_said '"trial":"aaaa1".*"job"'
trial "$PWD/a" aaaa2 >&3
is_said '"trial":"aaaa2".*"job"'
is_said '"n":0'
is "$(credits)" '[2,0] [1,1] [0,2] ' 'it goes down as trials start'
like "$(grep '"n":0' said | field reason)" 'trialConcurrency of 2 reached' 'none has a reason'
trial "$PWD/a" aaaa3 >&3
is_said no_room
is "$(jq -rc 'select(.type == "no_room") | [.trial,.place,.reason]' said)" \
	'["aaaa3","local","trialConcurrency of 2 reached"]' 'one too many has no room'
[ ! -e a/trials/aaaa3 ]
ok $? 'and nothing was made for it'
: >a/trials/aaaa1/go
wait_for sh -c 'tail -n 1 said | grep -q "\"n\":1"'
ok $? 'an end gives credit back'
echo '{"type":"set","key":"trialConcurrency","value":5}' >a/control.jsonl
is_said '"n":4'
ok $? 'trialConcurrency is raised while it runs'
hush
is $? 0 'the end of input ends it'
is "$(now "$PWD/a" aaaa2 | field status)" RUNNING 'trials run on'

# Adopted and known ones count.
rm a/control.jsonl
talk a
is_said '"type":"credit"'
is "$(credits)" '[1,1] ' 'what an earlier submit has started counts at once'
jobs_of "$PWD/a" aaaa1 aaaa2 aaaa2 >&3
trial "$PWD/a" aaaa2 >&3
is_said '"n":1,"live":1'
ok $? 'what lives counts once, what has ended does not'
hush
is "$(grep -c '"trial":"aaaa2"' said)" 3 'each record is answered'
{ jobs_of "$PWD/a" aaaa2; cancel aaaa2; } | watch a >/dev/null
talk a
jobs_of "$PWD/a" aaaa2 >&3
is_said aaaa2
is "$(credits)" '[2,0] ' 'all have ended: full credit'
hush

# Trials of another member in the same experiment do not count.
two m 'sh hold.sh'
tr -d '\n' <m/config.json >n
sed 's/}\]}$/},{"platform":"local","member":"other","trialCommand":"true","trialCodeDirectory":"."}]}/' n >m/config.json
talk m
trial "$PWD/m" aaaa1 >&3
is_said '"trial":"aaaa1".*"job"'
hush
talk m --member other
is_said '"type":"credit"'
is "$(credits)" '[2,0] ' 'trials of another member do not count'
hush
talk m
is_said '"type":"credit"'
is "$(credits)" '[1,1] ' 'its own do'
: >m/trials/aaaa1/go
jobs_of "$PWD/m" aaaa1 | watch m >/dev/null
hush

# After trials of an instant more are taken than may live, and held; if none
# ends soon they are given back.
two q 'sh quick.sh'
echo 'case $NNI_TRIAL_JOB_ID in b*) until [ -e "$NNI_SYS_DIR/go" ]; do sleep 0.02; done ;; esac' >code/quick.sh
talk q
last_credit() { grep '"type":"credit"' said | tail -n 1 | grep -q "$1"; }
for i in 0 1 2 3 4 5 6 7 8 9; do
	trial "$PWD/q" aaaa$i >&3
	wait_for grep -q "aaaa$i.*\"job\"" said && wait_for last_credit '"live":0'
done
{
	for i in 0 1; do trial "$PWD/q" bbbb$i; done
	for i in 0 1; do trial "$PWD/q" cccc$i; done
	for i in 0 1; do echo "{\"type\":\"cancel\",\"trial\":\"cccc$i\",\"waiting\":true}"; done
} >held
last_credit '"n":4'
holds=$? # where nothing ends in an instant, nothing is held
cat held >&3
cancelled() { [ "$(grep -c 'no_room.*cccc' said)" = 2 ]; }
wait_for cancelled
if [ $holds = 0 ]; then
	is "$(jq -r 'select(.type == "no_room").reason' said | tr '\n' ' ')" 'cancelled cancelled ' 'what is held and cancelled has no room'
else
	skip 'the machine is too slow' 'what is held and cancelled has no room'
fi
for i in 2 3; do trial "$PWD/q" bbbb$i; done >&3
refused() { [ "$(grep -c 'no_room.*bbbb' said)" = 2 ] && last_credit '"n":0'; }
wait_for refused
ok $? 'those that cannot start soon have no room'
is "$(ls q/trials | grep -c bbbb)" 2 'no more live than may'
for i in 0 1 2 3; do [ ! -d q/trials/bbbb$i ] || : >q/trials/bbbb$i/go; done
wait_for last_credit '"live":0'
ok $? 'then there is room again'
hush

two m 'true' '' ',"maxConcurrency":1'
talk m
is_said '"type":"credit"'
is "$(field n <said)" 1 'maxConcurrency of the member'
hush

# ---- no room on the disk ----
# A link to itself, which root cannot write to either.
two d 'sh hold.sh' ',"killGrace":0.2'
rmdir d/trials
ln -s trials d/trials
talk d
trial "$PWD/d" aaaaa >&3
is_said no_room
like "$(jq -rc 'select(.type == "no_room").reason' said)" "cannot * '$PWD/d/trials/aaaaa': *" \
	'a disk that cannot be written to is no fault of the trial'
is_said '"n":0'
like "$(tail -n 1 said | field reason)" 'cannot *' 'there is no credit meanwhile'
trial "$PWD/d" bbbbb >&3
wait_for grep -q 'no_room.*bbbbb' said
is "$(jq -rc 'select(.reason).reason' said | sort -u | wc -l | tr -d ' ')" 1 'and the reason is no news for each trial'
rm d/trials
hush
is "$(grep -c FAILED said)" 0 'nothing has failed'
talk d
trial "$PWD/d" aaaaa >&3
is_said '"trial":"aaaaa".*"job"'
ok $? 'it starts when it can'
hush
{ jobs_of "$PWD/d" aaaaa; cancel aaaaa; } | watch d >/dev/null

# ---- no more processes ----
two f 'sh hold.sh' ',"killGrace":0.2'
nofork=$(cd "$TOP" && cd "${NNI_O:-build}" && pwd)/t/nofork.so
if [ -e "$nofork" ]; then
	rm -f to
	mkfifo to
	env LD_PRELOAD="$nofork" NOFORK="$PWD/nofork" NOFORK_PROGRAM=nni-platform-local \
		ASAN_OPTIONS="verify_asan_link_order=0:${ASAN_OPTIONS-}" \
		"$L" submit --dir f <to >said &
	talker=$!
	exec 3>to
	trial "$PWD/f" aaaaa >&3
	is_said '"trial":"aaaaa".*"job"'
	: >nofork
	trial "$PWD/f" bbbbb >&3
	is_said no_room
	is "$(jq -rc 'select(.type == "no_room") | [.trial,.reason]' said)" \
		'["bbbbb","cannot start a keeper: Resource temporarily unavailable"]' \
		'no more processes: no room, while others live'
	is_said '"n":0'
	is "$(tail -n 1 said | jq -rc '[.n,.live,.reason]')" \
		'[0,1,"cannot start a keeper: Resource temporarily unavailable"]' 'and no credit'
	rm nofork
	: >f/trials/aaaaa/go
	wait_for sh -c 'tail -n 1 said | grep -q "\"n\":2"'
	ok $? 'until one of them ends'
	: >nofork
	trial "$PWD/f" ccccc >&3
	is_said FAILED
	is "$(jq -rc 'select(.trial == "ccccc") | [.status,.infra]' said)" '["FAILED",true]' \
		'where none lives that would not come: it has failed'
	rm nofork
	hush
else
	for n in 1 2 3 4; do skip 'no nofork.so (make helpers)' 'no more processes'; done
fi

# ---- updates ----
two u 'sh multi.sh'
cat >code/multi.sh <<'S'
until [ -e "$NNI_SYS_DIR/parameter_1.cfg" ]; do sleep 0.02; done
cat "$NNI_SYS_DIR/parameter_1.cfg"
S
submit "$PWD/u" aaaaa >/dev/null
{
	jobs_of "$PWD/u" aaaaa
	echo '{"type":"update","trial":"aaaaa","attempt":1}'
	echo '{"type":"update","trial":"aaaaa","attempt":1,"parameter_index":1,"parameter_id":9,"parameters":{"x": 2.0}}'
} | watch u >out
is "$(tail -n 1 out | field status)" SUCCEEDED 'a multi-phase trial gets its next parameters'
is "$(cat u/trials/aaaaa/stdout)" \
	'{"parameter_id": 9, "parameter_source": "algorithm", "parameters": {"x": 2.0}, "parameter_index": 1}' \
	'as NNI writes them'
is "$(grep -c '"error"' out)" 1 'an update without parameters is an error'
echo ': >started; until [ -e "$NNI_SYS_DIR/go" ]; do sleep 0.02; done; echo "$MULTI_PHASE" >multi' >code/multi.sh
two v 'sh multi.sh' ',"multiPhase":true'
submit "$PWD/v" aaaaa >/dev/null
mkfifo updates
watch v <updates >out &
exec 3>updates
jobs_of "$PWD/v" aaaaa >&3
more() { echo '{"type":"update","trial":"aaaaa","attempt":1,"parameter_index":1,"parameter_id":'$1',"parameters":{"x": 2.0}}'; }
more 9 >&3
wait_for test -s v/trials/aaaaa/parameter_1.cfg
ls -i v/trials/aaaaa/parameter_1.cfg >before
{ more 9; more 10; } >&3
wait_for grep -q '"error"' out
is "$(ls -i v/trials/aaaaa/parameter_1.cfg)" "$(cat before)" 'what a trial may have read is not written again'
is "$(grep -c '"error"' out) $(grep -o 'other parameters' out)" '1 other parameters' 'nor replaced by something else'
: >v/trials/aaaaa/go
exec 3>&-
wait
is "$(cat code/multi)" true 'MULTI_PHASE is as configured'

# ---- lease ----
two l 'sleep 1000' ',"lease":1.5,"killGrace":0.2'
submit "$PWD/l" aaaaa >/dev/null
wait_for ended l aaaaa
is "$(ends "$PWD/l" aaaaa | jq -c '[.status,.infra,.reason]')" \
	'["SYS_CANCELED",true,"nobody asked for it in the lease of 1.5 s"]' 'a lease without contact'
submit "$PWD/l" bbbbb >/dev/null
jobs_of "$PWD/l" bbbbb | timeout 4 "$L" watch --dir l >out
is "$(field status <out)" RUNNING 'a trial that is watched runs on'
wait_for ended l bbbbb
ok $? 'and ends when nobody watches any more'

# ---- readers that go ----
two g 'sleep 1000' ',"killGrace":0.2'
submit "$PWD/g" aaaaa >/dev/null
jobs_of "$PWD/g" aaaaa >j
for verb in submit watch collect; do
	# Its input stays open; its reader reads nothing and goes.
	perl -e '
		use POSIX ":sys_wait_h";
		my ($program, $verb) = @ARGV;
		pipe my $in, my $to; pipe my $from, my $out;
		my $pid = fork;
		if (!$pid) {
			open STDIN, "<&", $in; open STDOUT, ">&", $out;
			close $_ for $in, $to, $from, $out;
			exec $program, $verb, "--dir", "g";
		}
		close $in; close $out;
		open my $j, "<", "j"; print $to $_ while <$j>; $to->flush;
		select undef, undef, undef, 0.1;
		close $from;
		for (1 .. 250) {
			exit($? >> 8) if waitpid($pid, WNOHANG) > 0;
			select undef, undef, undef, 0.02;
		}
		kill 9, $pid; exit 99;' "$L" $verb
	is $? 0 "$verb ends when its reader has gone"
done
is "$(now "$PWD/g" aaaaa | field status)" RUNNING 'the trial does not'
done_testing
