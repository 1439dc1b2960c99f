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

# ---- killed in the middle ----
"$L" submit --stdio <in >out &
pid=$!
exec 7>in
{ settings 'exec sleep 300'; record faaaa; } >&7
wait_for grep -q '"job"' out
kill -9 "$pid"
wait "$pid" 2>/dev/null
exec 7>&-
{ settings 'exec sleep 300'; record faaaa; } | far submit >out
is "$(jq -rc 'select(.type=="credit")|[.n,.live]' out | head -n 1) $(grep -c '"job"' out)" '[1,1] 1' \
	'what an earlier one started counts, and is adopted'
is "$(grep -c '"state":"claim"' "$D/trials/faaaa/.nni/state")" 1 'it was started once'
is "$( { settings; jobs faaaa; cancel faaaa; } | far watch | field status | tail -n 1)" USER_CANCELED 'and can be cancelled'

echo junk >>"$D/trials/faaaa/.nni/metrics"
{ settings; jobs faaaa; printf '{"type":"status","trial":"faaaa","attempt":1,"status":"USER_CANCELED"}\n'; } | far collect >out
is "$(jq -r 'select(.type=="error").where' out)" 'bob@h' 'an error names the place'

# ---- signs of life ----
member='' settings 'exec sleep 300' | sed 's/"trialConcurrency"/"lease":0.5,&/' >lease
{ cat lease; record ccccc; } | far submit >out
"$L" watch --stdio <in >out 2>err &
pid=$!
exec 7>in
{ cat lease; jobs ccccc; } >&7
wait_for grep -q SYS_CANCELED out
like "$(grep SYS_CANCELED out)" '*in the lease of 0.5 s*"infra":true*' 'a connection alone is no sign of life'
before=$(ls -i "$D/trials/contact")
printf '{"type":"ping"}\n' >&7
wait_for sh -c '[ "$(ls -i "$1")" != "$2" ]' - "$D/trials/contact" "$before"
ok $? 'a ping is'
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
member=',"pythonPath":"~/py"'
{ settings 'python3 z.py'; record eeeef; } | HOME=$PWD far submit >out
{ settings 'python3 z.py'; jobs eeeef; } | far watch >out
is "$(cat "$D/trials/eeeef/stdout")" 'mine z.py' 'also from the home directory on'
member=

# ---- trees ----
# tree DIGEST DIR [SED]: the files of a directory as a sender has them
cat >tree.pl <<'P'
use strict;
use MIME::Base64;
my ($digest, $dir, $piece, $n) = (@ARGV, 0);
chdir $dir or die;
for my $path (map { s/\n//r } `find . -type f | sed 's,^./,,' | LC_ALL=C sort`) {
	open my $f, '<', $path or die;
	local $/;
	my $data = <$f>;
	my $mode = (stat $f)[2] & 0777;
	$n++;
	do {
		my $part = encode_base64(substr($data, 0, $piece, ''), '');
		my $more = $data eq '' ? '' : ',"more":true';
		print qq({"type":"file","tree":"$digest","path":"$path","mode":$mode,"data":"$part"$more}\n);
	} while $data ne '';
}
for my $path (map { s/\n//r } `find . -type d -empty | sed 's,^./,,'`) {
	$n++;
	print qq({"type":"file","tree":"$digest","path":"$path/","mode":493,"data":""}\n);
}
print qq({"type":"whole","tree":"$digest","files":$n}\n);
P
tree() { perl tree.pl "$1" "$2" 30000; }
code=sha256:00000001
with_code() { settings "$1" ",\"code\":\"${2-$code}\""; }
T=$ROOT/bob@h/code-trees
mkdir -p src/sub src/.void/deep
printf 'sub/x; cat data; echo changed >data; echo more >>big 2>/dev/null; echo new >new; ls -1\n' >src/run.sh
printf '#!/bin/sh\necho run\n' >src/sub/x
chmod +x src/sub/x
echo original >src/data
perl -e 'print pack("N*", 0 .. 19999)' >src/big
: >src/empty

{ with_code 'sh run.sh'; record gaaaa; } | far submit >out
is "$(jq -rc 'select(.type=="need")|.tree' out)" "$code" 'code that is not there is asked for'
is "$(jq -rc 'select(.type=="credit")|[.n,.reason]' out)" '[0,"the code is being sent"]' 'there is no credit before it has come'
is "$(jq -rc 'select(.type=="no_room")|.reason' out)" 'the code is being sent' 'nor is anything started'
is "$(ls -A "$T")" '' 'nothing is left of what did not come'

{ with_code 'sh run.sh'; tree $code src | head -n 3; } | far submit >out
is "$(ls -A "$T")" '' 'nor of a half'
{ with_code 'sh run.sh'; tree $code src | grep -v '"path":"data"'; } | far submit >out
is "$(ls -A "$T") $(jq -rc 'select(.type=="error")|.message' out)" ' of 6 files of the code 5 have come' 'a file is missing'
{ with_code 'sh run.sh'; tree $code src | sed 3d; } | far submit >out
is "$(ls -A "$T") $(jq -rc 'select(.type=="error")|.message' out)" " a piece of 'big' is missing" 'or the end of one'

{ with_code 'sh run.sh'; tree $code src; } >all
(ulimit -f 40 && far submit <all >out)
is "$(jq -rc 'select(.type=="error")|[.message,.hint]' out)" \
	"[\"cannot write 'big' of the code to '$T/00000001': File too large\",\"make room there, or set remoteDir of this machine to a directory with more\"]" \
	'a disk that is full'
is "$(jq -rc 'select(.type=="credit")|[.n,.reason[:12]]' out | tail -n 1) $(ls -A "$T")" '[0,"cannot write"] ' 'leaves no credit, and no half'

mkfifo other
far_pipe() { "$L" submit --stdio <"$1" >"$2" & }
far_pipe in out
first=$!
far_pipe other out2
second=$!
exec 7>in 8>other
with_code 'sh run.sh' >&7
with_code 'sh run.sh' >&8
wait_for grep -q need out
wait_for grep -q need out2
tree $code src | sed '$d' >&7
tree $code src | sed '$d' >&8
tree $code src | tail -n 1 >&7
tree $code src | tail -n 1 >&8
wait_for grep -q '"n":2' out
wait_for grep -q '"n":2' out2
ok $? 'two send the same at once'
record gaaaa >&7
record gbbbb >&7
exec 7>&- 8>&-
wait "$first" "$second"
is "$(ls -A "$T")" 00000001 'and it is there once'
cmp_tree() { diff -r src "$T/00000001/files" && [ -x "$T/00000001/files/sub/x" ] && [ ! -x "$T/00000001/files/data" ]; }
cmp_tree
ok $? 'byte for byte'
{ with_code x; jobs gaaaa gbbbb; } | far watch >out
is "$(field status <out | grep -c SUCCEEDED)" 2 'they run'
is "$(cat "$D/trials/gaaaa/stdout" "$D/trials/gbbbb/stdout" | tr '\n' ' ')" \
	'run original big data empty new run.sh sub run original big data empty new run.sh sub ' 'each in its own copy of the code'
is "$(cat "$D/trials/gaaaa/code/data")" changed 'which is its to change'
pruned() { [ ! -e "$D/trials/gaaaa/code/sub" ] && [ ! -e "$D/trials/gaaaa/code/run.sh" ]; }
wait_for pruned
is "$(cd "$D/trials/gaaaa/code" && find . -type f ! -name big | sort | tr '\n' ' ')" './data ./new ' 'and of which only what is new or changed stays'
cmp_tree
ok $? 'and the code that is kept stays what it was'

{ with_code 'sh run.sh'; record gcccc; } | far submit >out
is "$(grep -c '"need"' out) $(grep -c '"job"' out)" '0 1' 'a second time nothing is sent'
echo touched >>"$T/00000001/files/data"
{ with_code 'cat data'; record gdddd; } | far submit >out
like "$(cat out)" "*'$T/00000001/files/data' was changed; the code is sent again*\"need\"*" 'code that somebody changed is asked for again'
is "$(jq -rc 'select(.type=="no_room")|.trial' out)" gdddd 'and not run'
far_pipe in out
pid=$!
exec 7>in
{ with_code 'cat data'; } >&7
wait_for grep -q need out
tree $code src >&7
wait_for grep -q '"n":[12]' out
echo touched >>"$T/00000001/files/data"
record gdddd >&7
wait_for grep -q no_room out
ok $? 'also when it is changed while we look on'
wait_for sh -c '[ "$(grep -c need out)" = 2 ]'
{ tree $code src; record gdddd; } >&7
wait_for grep -q '"job"' out
exec 7>&-
wait "$pid"
{ with_code x; jobs gdddd; } | far watch >out
is "$(cat "$D/trials/gdddd/stdout")" original 'it runs with what was sent'

# bad NAME: of a file that is not to be
bad() {
	{
		with_code true sha256:0000bad0
		printf '{"type":"file","tree":"sha256:0000bad0","path":"ok","mode":420,"data":"eA=="}\n'
		printf '{"type":"file","tree":"sha256:0000bad0","path":"%s","mode":420,"data":"eA=="}\n' "$1"
		printf '{"type":"whole","tree":"sha256:0000bad0","files":2}\n'
	} | far submit >out
	is "$(jq -r 'select(.type=="error")|.hint' out) $(find "$ROOT" -name '*bad*')" "${2-rename it, or leave it out by .nniignore} " "no file $1"
}
bad ../../x
bad /tmp/bad
bad a/../../../bad
bad ''
bad ok
bad ok/x
bad 'a\u000ab'
is "$( { with_code true ../x; } | far submit | jq -r .message)" 'code of the settings is no digest' 'no digest leaves the store'

# ---- check ----
for s in "$D"/trials/*/.nni/state; do grep -q '"state":"end"' "$s" || echo "$s"; done >running
is "$(cat running)" '' 'all has ended'
fresh() { settings "$@" | sed 's/exp1/exp2/'; }
before=$(find "$ROOT" | sort)
fresh true | far check >out
is "$? $(jq -rc '[.type,.place,.n,(.cpus>0),(.disk_free>0),(.time>1e9),(.host!="")]' out)" \
	'0 ["place","bob@h",2,true,true,true,true]' 'check says what the machine has'
is "$(find "$ROOT" | sort)" "$before" 'and leaves nothing'
ROOT=$PWD/new fresh true | far check >out
is "$? $(ls -d new 2>&1 | head -c 2)" '0 ls' 'not even the root'
fresh 'no-such-program x' | far check >out
is "$? $(jq -r 'select(.type=="error")|.message+"; "+.hint' out)" \
	"3 the program 'no-such-program' of trialCommand is not found; install it there, set pythonPath or preCommand, or correct trialCommand" \
	'a program that is not there'
fresh ./run.sh | far check >out
is "$?" 0 'one of the code is not looked for'
fresh 'nni-trial get x' ',"tools":"00000002"' | PATH=/usr/bin:/bin far check >out
is "$?" 0 'nor one of the tools'

# ---- clean ----
{ settings 'exec sleep 300' | sed 's/exp1/exp3/'; record aaaaa; } | far submit >out
D3=$ROOT/bob@h/exp3
stop_at_end 'kill "$(sed -n "s/.*\"keeper\":\([0-9]*\).*/\1/p" "$D3/trials/aaaaa/.nni/state" 2>/dev/null)" 2>/dev/null'
settings true '' | sed 's/exp1/exp3/' | far clean >out
is "$? $(jq -rc '[.message,.hint]' out)" "8 [\"trial 'aaaaa' still runs\",\"cancel it first\"]" 'what runs is not removed'
[ -d "$D3/trials/aaaaa" ]
ok $? 'it is there'
settings true '' fedcba9876543210 | sed 's/exp1/exp3/' | far clean >out
is "$? $(ls "$ROOT/bob@h")" "3 code-trees
exp1
exp3" 'nor what is not ours'
{ settings true | sed 's/exp1/exp3/'; jobs aaaaa; cancel aaaaa; } | far watch >out
settings true ",\"code\":\"$code\"" | far submit >out
settings true | sed 's/exp1/exp3/' | far clean >out
is "$? $(ls "$ROOT/bob@h") $(ls "$T")" "0 code-trees
exp1 00000001" 'an experiment is removed, the code of another stays'
settings true | far clean >out
is "$? $(ls -A "$ROOT")" "0 _.-5ec1f7e7" 'with the last one all is gone'
done_testing
