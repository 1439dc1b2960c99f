#!/bin/sh
# Keepers that are killed, machines that were restarted, other machines, and
# submits that are repeated: nothing twice, nothing lost, nothing RUNNING for ever.
. "$(dirname "$0")/lib.sh"
. "$TOP/t/local.sh"

e=$PWD/e
experiment "$e" 'sh hold.sh' '' ',"killGrace":0.3'
cat >code/hold.sh <<'S'
echo x >>"$NNI_SYS_DIR/starts"
case $(nni-trial get how) in
short) exit 0 ;;
empty) : >"$NNI_SYS_DIR/.nni/state"; exit 0 ;;
setsid) setsid sleep 1000 & ;;
esac
sleep 1000
S
start() { trial "$e" "$1" 1 "{\"how\":\"$2\"}" | "$L" submit --dir e | grep -v credit; }
kill_hard() { kill -9 "$1"; while kill -0 "$1" 2>/dev/null; do :; done; }
starts() { wc -l <"$e/trials/$1/starts" | tr -d ' '; }

# ---- adoption ----
start adopt long >one
start adopt long >two
is "$(field job <two)" "$(field job <one)" 'a submit repeated while it runs is adopted'
wait_for test -s e/trials/adopt/starts
is "$(starts adopt)" 1 'and it is started once'
start adopt other >three
is "$(jq -c '[.status,.infra]' three)" '["FAILED",null]' 'with other parameters it is refused'
like "$(field reason <three)" '*is there already, with other parameters' 'with the reason'
is "$(now "$e" adopt | field status)" RUNNING 'the first one runs on'
{ jobs_of "$e" adopt; cancel adopt; } | watch e >/dev/null
start adopt long >four
is "$(field job <four)" "$(field job <one)" 'ended, it is adopted too'
is "$(ends "$e" adopt | field status)" USER_CANCELED 'with its end'
start short short >/dev/null
ends "$e" short >/dev/null
start short short >/dev/null
is "$(starts short)" 1 'a trial that has ended is not started again'
for i in 1 2 3 4 5 6 7 8; do start samex long >"same$i" & done
wait
is "$(cat same? | jq -r .job | sort | uniq -c | tr -s ' ')" " 8 $e/trials/samex" \
	'eight submits at once'
wait_for test -s e/trials/samex/starts
is "$(starts samex)" 1 'one start'

# ---- the keeper is killed ----
kill_hard "$(keeper e samex)"
ends "$e" samex >end
is "$(jq -c '[.status,.infra]' end)" '["FAILED",true]' 'its keeper killed: FAILED, infra'
like "$(field reason <end)" '*keeper died*' 'with the reason'
if [ -r /proc/self/environ ]; then
	none_left "$e" samex
	ok $? 'what it left is killed'
	start sets1 setsid >/dev/null
	wait_for test -s e/trials/sets1/starts
	kill_hard "$(keeper e sets1)"
	ends "$e" sets1 >end
	if portable; then
		kill -9 $(left_of "$e" sets1) 2>/dev/null
		skip 'looks for them in /proc' 'also what left the session'
	else
		none_left "$e" sets1
		ok $? 'also what left the session'
	fi
else
	skip 'no /proc' 'what it left is killed'
	skip 'no /proc' 'also what left the session'
fi
is "$(ends "$e" samex | field reason)" "$(field reason <end)" 'the verdict is kept'
start samex long >again
is "$(field job <again)" "$e/trials/samex" 'a repeated submit adopts it'
is "$(starts samex)" 1 'and does not start it again'

start while long >/dev/null
jobs_of "$e" while >j
timeout 300 "$L" watch --dir e <j >seen &
wait_for grep -q RUNNING seen
kill_hard "$(keeper e while)"
wait_for grep -q FAILED seen
ok $? 'a watch that goes on sees it within seconds'
wait

# Killed after its claim, before the start is written.
mkdir -p e/trials/claim/.nni
start short short >/dev/null
sed -n '1p;/claim/p' e/trials/short/.nni/state | sed 's/^[0-9].*$/ /' >e/trials/claim/.nni/state
is "$(ends "$e" claim | jq -c '[.status,.infra]')" '["FAILED",true]' 'claimed, never started'
start claim short >c
is "$(field job <c)" "$e/trials/claim" 'it is never started again'
[ ! -e e/trials/claim/starts ]
ok $? 'indeed'
# Placed, not started: the question how it is does not end it.
trial "$e" place 1 '{"how":"short"}' | "$L" watch --once --dir e >w
is "$(field status <w)" WAITING 'without a job, and not there: it may still be started'
[ ! -e e/trials/place ]
ok $? 'nothing was made'
start place short >/dev/null
is "$(ends "$e" place | field status)" SUCCEEDED 'and is'
trial "$e" placc 1 '{"how":"short"}' >w
cancel placc >>w
watch e <w >now
start placc short >/dev/null
is "$(ends "$e" placc | field status) $(starts placc 2>/dev/null)" 'USER_CANCELED ' 'cancelled, it is never started'
# Killed before its claim: an empty directory, a torn first line.
mkdir -p e/trials/emptx/.nni; printf '   \n{"state":"cla' >e/trials/emptx/.nni/state
start emptx short >/dev/null
is "$(ends "$e" emptx | field status)" SUCCEEDED 'a directory without a claim is used'
is "$(starts emptx)" 1 'once'
# An end, but the keeper died before it could tell.
: >e/trials/events
is "$(ends "$e" emptx | field status)" SUCCEEDED 'an end that no event told of'

# ---- another boot, another machine ----
start reboo long >/dev/null
wait_for started e reboo
s=$(session e reboo)
kill_hard "$(keeper e reboo)"
sed 's/"boot":"[^"]*"/"boot":"of yesterday"/' e/trials/reboo/.nni/state >n && cp n e/trials/reboo/.nni/state
ends "$e" reboo >end
is "$(jq -c '[.status,.infra]' end)" '["FAILED",true]' 'another boot: FAILED, infra'
like "$(field reason <end)" '*restarted*' 'with the reason'
kill -0 "$s"
ok $? 'and nothing is killed: the numbers are of others now'
kill -9 "$s"
start elsew short >/dev/null
ends "$e" elsew >/dev/null
sed '/"end"/d; s/"boot":"[^"]*"/"boot":"z"/; s/"host":"[^"]*"/"host":"far"/' \
	e/trials/elsew/.nni/state >n && cp n e/trials/elsew/.nni/state
is "$(now "$e" elsew | jq -c '[.status,.reason]')" '["UNKNOWN","runs on far"]' 'on another host: UNKNOWN'
jobs_of "$e" elsew >j
"$L" watch --dir e <j >seen &
wait_for grep -q UNKNOWN seen
kill $!
wait $! 2>/dev/null
is "$(field status <seen)" UNKNOWN 'said once, and never an end'

# ---- what it ran in is gone while it runs ----
buried() { now "$e" "$1" >end; grep -q SYS_CANCELED end; }
for how in nni all moved; do
	start vanis long >/dev/null
	wait_for test -s e/trials/vanis/starts
	k=$(keeper e vanis)
	case $how in
	nni) rm -rf e/trials/vanis/.nni ;;
	all) rm -rf e/trials/vanis ;;
	moved) mv e/trials/vanis e/moved ;;
	esac
	if portable; then
		kill -9 "$k" $(left_of "$e" vanis)
		skip 'looks for them in /proc' "$how: what lives is found"
	else
		wait_for buried vanis
		is "$(field status <end) $(field infra <end) $(left_of "$e" vanis)" 'SYS_CANCELED true ' \
			"$how: what lives is ended before another attempt may start"
		wait_for sh -c "! kill -0 $k" # it sees that its root is gone
	fi
	rm -rf e/trials/vanis
done
start empty empty >/dev/null
is "$(ends "$e" empty | tail -n 1 | jq -c '[.status,.exit_code]')" '["SUCCEEDED",0]' 'emptied, its state still gets its end'

# ---- what cannot be looked at ----
# A link to itself, which root cannot read either.
mkfifo in
watch e <in >seen &
w=$!
exec 3>in
for t in uread hides; do start $t long; done >/dev/null
for t in uread hides; do wait_for test -s e/trials/$t/starts; done
jobs_of "$e" uread hides >&3
wait_for sh -c '[ "$(grep -c RUNNING seen)" = 2 ]'
for t in uread hides; do
	mv e/trials/$t/.nni e/trials/$t/kept
	ln -s .nni e/trials/$t/.nni
done
is "$(now "$e" uread | jq -r '"\(.type) \(.status) \(.reason // .message)"' | sed 's/ cannot.*//' | tr '\n' ' ')" \
	'error null status UNKNOWN ' 'what cannot be read is UNKNOWN, and told once'
cancel hides >&3
if portable; then
	skip 'start times are known on Linux' 'a cancel reaches the keeper that was seen'
	kill "$(sed -n 's/.*"keeper":\([0-9]*\).*/\1/p' e/trials/hides/kept/state)" 2>/dev/null
else
	wait_for grep -q 'hides.*CANCELED' seen
	is "$(grep 'hides.*CANCELED' seen | jq -r '.status + " " + .reason' | sed 's/: cannot.*//')" \
		'USER_CANCELED how it ended is not known' 'a cancel reaches its keeper, its end is known by its event'
fi
perl -e 'rename "e/trials/uread/.nni", "e/bad"; rename "e/trials/uread/kept", "e/trials/uread/.nni"'
is "$(now "$e" uread | field status)" RUNNING 'one that can be read again runs'
cancel uread >&3
exec 3>&-
wait $w
is "$(grep uread seen | tail -n 1 | field status)" USER_CANCELED 'and ends'
rm -rf e/trials/hides

for f in state intent; do
	mkdir -p e/trials/fifox/.nni
	case $f in state) f=.nni/state ;; esac
	mkfifo e/trials/fifox/$f
	like "$(now "$e" fifox | field status | tr '\n' ' ')" '[US]*' "a FIFO as $f stops nobody"
	rm -rf e/trials/fifox
done

# ---- a stranger with the number of the session ----
start stran long >/dev/null
wait_for started e stran
s=$(session e stran)
kill_hard "$(keeper e stran)"
kill_hard "$s"
setsid sleep 1000 & stranger=$!
wait_for kill -0 $stranger
sed "s/\"session\":$s/\"session\":$stranger/; s/\"start\":[0-9]*/\"start\":1/" \
	e/trials/stran/.nni/state >n && cp n e/trials/stran/.nni/state
is "$(ends "$e" stran | field status)" FAILED 'a used-again session number'
if portable; then
	skip 'start times are known on Linux' 'is not killed'
else
	kill -0 $stranger
	ok $? 'is not killed'
fi
kill -9 $stranger 2>/dev/null

# ---- killed, or out of disk, at each step ----
failio=$(cd "$TOP" && cd "${NNI_O:-build}" && pwd)/t/failio.so
preload() {
	env LD_PRELOAD="$failio" FAILIO_PROGRAM=nni-platform-local FAILIO_MATCH=/trials/ \
		ASAN_OPTIONS="verify_asan_link_order=0:${ASAN_OPTIONS-}" "$@"
}
# What two submits, the first in trouble, made of trial ID: twice, lost or well.
judge() {
	"$L" submit --dir e <t | grep -v credit >a
	if grep -q '"job"' a; then
		ends "$e" "$1" >end
		[ "$(grep -c . end)" = 1 ] || echo lost
	else
		grep -q FAILED a || echo lost
	fi
	[ ! -e "e/trials/$1/starts" ] || [ "$(starts "$1")" = 1 ] || echo twice
}
at_each_step() { # LETTER ENVIRONMENT...: in ./bad what went wrong, in ./steps how often
	letter=$1 n=1
	shift
	: >bad
	while [ $n -lt 40 ]; do
		id=$letter$(printf %04d $n)
		trial "$e" "$id" 1 '{"how":"short"}' >t
		preload "$@" FAILIO_N=$n FAILIO_LOG="$PWD/log" \
			"$L" submit --dir e <t >first 2>/dev/null
		# The keeper goes on behind submit.
		jobs_of "$e" "$id" | timeout 1 "$L" watch --dir e >/dev/null
		judge "$id" >>bad
		done=$n n=$((n + 1))
		[ "$(grep -c . log)" -ge "$done" ] || break
		rm -f log
	done
}
if [ -e "$failio" ]; then
	at_each_step k FAILIO_KILL=1
	is "$(cat bad)" '' "killed at each of $done writes: nothing twice, nothing lost"
	at_each_step s FAILIO_KILL=1 FAILIO_SHORT=1
	is "$(cat bad)" '' "killed in the middle of each of $done writes"
	at_each_step f FAILIO_ONCE=1
	is "$(cat bad)" '' "each of $done writes fails once: nothing twice, nothing lost"
else
	for n in 1 2 3; do skip 'no failio.so (make helpers)' 'in trouble at each step'; done
fi

# ---- an experiment that was copied while it ran ----
cp -R e copy
c=$PWD/copy
start copie long >/dev/null
wait_for test -s e/trials/copie/starts
cp -R e/trials/copie copy/trials/copie
like "$(now "$c" copie | field reason)" "it runs in '*/e/trials/copie', of which this is a copy" 'a copy of one that runs elsewhere'
cancel copie | watch e >/dev/null
ends "$e" copie >/dev/null
ends "$c" copie >end
is "$(jq -c '[.status,.infra]' end)" '["SYS_CANCELED",true]' 'that has ended there since'
like "$(field reason <end)" "it ran in '*/e/trials/copie', of which this is a copy" 'is not said to have died'
done_testing
