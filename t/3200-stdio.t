#!/bin/sh
# The far end of an ssh: nni-platform-local VERB --stdio, by pipes.
. "$(dirname "$0")/lib.sh"
. "$TOP/t/local.sh"

# settings [COMMAND] [',"more":"of the top"'] [KEY]
settings() {
	printf '{"type":"settings","protocol":1,"experiment":"exp1","place":"bob@h","key":"%s","root":"%s","member":"far","config":{"trialConcurrency":2,"trainingService":[{"member":"far","platform":"local","trialCommand":"%s"%s}]}%s}\n' \
		"${3-0123456789abcdef}" "$ROOT" "${1-true}" "${member-}" "${2-}"
}
ROOT=$PWD/root
D=$ROOT/bob@h/exp1
# What it says behind the marker; all of it is in ./raw.
far() {
	timeout 300 "$L" "$1" --stdio >raw
	code=$?
	sed 1,2d raw
	return "$code"
}
stop_at_end 'for s in "$D"/trials/*/.nni/state; do [ ! -e "$s" ] || grep -q "\"state\":\"end\"" "$s" || kill "$(sed -n "s/.*\"keeper\":\([0-9]*\).*/\1/p" "$s")" 2>/dev/null; done'
record() { trial /near/exp1 "$@" | sed 's/"place":"local"/"place":"bob@h"/'; }
jobs() { for id; do record "$id" | sed 's/}$/,"job":"x"}/'; done; }

# ---- settings, and who may come ----
{ settings 'pwd; env'; record aaaaa; } | far submit >out
is "$(sed -n 1,2p raw)" "
nni-platform-local stdio 1" 'first the marker, on a line of its own'
is "$(jq -rc 'select(.type=="credit")|[.place,.n]' out | head -n 1)" '["bob@h",2]' 'credit of the place, as it is called'
is "$(jq -r 'select(.job).job' out)" "$D/trials/aaaaa" 'a trial is started'
is "$( { settings; jobs aaaaa; } | far watch | field status | tail -n 1)" SUCCEEDED 'and watched'
is "$(head -n 1 "$D/trials/aaaaa/stdout")" "$D/trials/aaaaa/code" 'it runs in a directory of its own'
is "$(sed -n 's/^NNI_EXP_ID=//p; s/^NNI_CODE_DIR=//p; s/^NNI_PLATFORM=//p' "$D/trials/aaaaa/stdout" | sort)" "$D/trials/aaaaa/code
exp1
local" 'with the experiment and that directory in its environment'
is "$(find "$ROOT" -perm /077)" '' 'nobody else can see any of it'
{ settings; record aaaaa 1; record aaaaa 1 '{"x": 2}' | sed 's/"attempt":1/"attempt":2/'; } | far submit >out
is "$(grep -c '"job"' out)" 2 'given again it is adopted; the next attempt is started'
{ settings; record aaaaa 1 '{"x": 3}'; } | far submit >out
is "$(jq -rc 'select(.status)|[.status,.infra]' out)" '["FAILED",null]' 'with other parameters it is refused'
{ settings true '' fedcba9876543210; } | far submit >out
is "$?" 3 'another experiment of this name is refused'
like "$(cat out)" "*belongs to another experiment of the same name*\"hint\":\"*remoteDir*\"place\":\"bob@h\"*" 'with what to do'
# refused WHY SED
refused() {
	settings | sed "$2" | far watch >out
	is "$? $(jq -r .message out)" "3 $1" "refused: $2"
}
refused 'this nni-platform-local speaks protocol 1 only; let both ends be of the same version (agentPath)' 's/"protocol":1/"protocol":2/'
refused "'../x' is no experiment's id" 's/exp1/..\/x/'
refused 'the settings have no key' 's/0123456789abcdef//'
refused 'the first line is not the settings' 's/settings/trial/'
settings | sed 's/"bob@h"/".."/' | far watch >out
is "$? $(find "$ROOT" -maxdepth 1 -name '_*' | wc -l)" '0 1' 'no place leaves the root'
echo x >file
ROOT=$PWD/file settings | far submit >out
is "$?" 3 'a root that cannot be'
like "$(cat out)" "*\"message\":\"cannot *'$PWD/file*Not a directory*\"hint\":\"set remoteDir*" 'says what and what to do'
ROOT='~/there' settings | HOME=$PWD far watch >out
is "$(ls "$PWD/there")" bob@h '~/ is the home directory here'
far watch </dev/null >out 2>err
is "$?" 5 'nobody says anything'

# ---- while it runs ----
mkfifo in
"$L" submit --stdio <in >out &
pid=$!
exec 7>in
{ settings 'exec sleep 300'; printf '{"type":"ping"}\n'; record bbbbb; } >&7
wait_for grep -q '"job"' out
is "$(grep -c '"pong"' out)" 1 'a ping is answered'
printf '{"type":"set","key":"trialConcurrency","value":9}\n' >&7
wait_for grep -q '"n":8' out
ok $? 'trialConcurrency is set by a line'
exec 7>&-
wait "$pid"
is "$?" 0 'the end of the input is the end'
started_far() { grep -q '"state":"start"' "$D/trials/$1/.nni/state"; }
wait_for started_far bbbbb
is "$( { settings; jobs bbbbb; cancel bbbbb ',"early":true'; } | far watch | field status | tail -n 1)" \
	EARLY_STOPPED 'a cancel says what it means'
is "$(cat "$D/trials/bbbbb/intent")" early 'and that stays'
is "$( { settings; jobs aaaaa; printf '{"type":"status","trial":"aaaaa","attempt":1,"status":"SUCCEEDED"}\n'; } |
	far collect | field status)" SUCCEEDED 'collect passes an end on'

"$L" watch --stdio <in >out 2>err &
pid=$!
exec 7>in
settings true ',"silence":0.3' >&7
wait "$pid"
is "$?" 5 'silence ends it'
exec 7>&-

# ---- signs of life ----
member='' settings 'exec sleep 300' | sed 's/"trialConcurrency"/"lease":0.5,&/' >lease
{ cat lease; record ccccc; } | far submit >out
"$L" watch --stdio <in >out 2>err &
pid=$!
exec 7>in
{ cat lease; jobs ccccc; } >&7
wait_for grep -q SYS_CANCELED out
like "$(grep SYS_CANCELED out)" '*in the lease of 0.5 s*"infra":true*' 'a connection alone is no sign of life'
exec 7>&-
wait "$pid"

# ---- pythonPath ----
mkdir py
printf '#!/bin/sh\necho mine "$@"\n' >py/python3
chmod +x py/python3
member=",\"pythonPath\":\"$PWD/py\""
{ settings 'python3 x.py'; record ddddd; } | far submit >out
{ settings 'python3 x.py'; jobs ddddd; } | far watch >out
is "$(cat "$D/trials/ddddd/stdout")" 'mine x.py' 'pythonPath comes first'
member=",\"pythonPath\":\"$PWD/py/python3\""
{ settings 'python3 y.py'; record eeeee; } | far submit >out
{ settings 'python3 y.py'; jobs eeeee; } | far watch >out
is "$(cat "$D/trials/eeeee/stdout")" 'mine y.py' 'also as the program itself'
member=
done_testing
