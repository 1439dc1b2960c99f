#!/bin/sh
# nni-platform-rest: requests by curl, what is tried again, answers of jq.
. "$(dirname "$0")/lib.sh"

for p in curl jq python3; do
	command -v $p >/dev/null || skip_all "no $p"
done

# ---- a server, and a platform that asks what its member's `ask` says ----
secret=s3cret-$$
mkdir srv
python3 "$TOP/t/rest-server" "$PWD/srv" "$secret" &
stop_at_end "kill $!"
wait_for test -s srv/port
url=http://127.0.0.1:$(cat srv/port)
printf '%s\n' "$secret" >token
chmod 600 token

mkdir -p p/asks e/platforms e/trials e/log
NNI_PLATFORM_PATH=$PWD/p:$NNI_BIN
export NNI_PLATFORM_PATH
cat >p/asks/asks.jq <<'J'
def said: {type: "said", what: .};
def step($state; $event):
  if $event.type == "start" then
    {state: {left: (.member.ask | length)}, servers: {main: {kind: "bearer", url: .member.url, tokenFile: .member.tokenFile}}}
  elif $event.type == "open" then {state: $state, requests: .member.ask}
  elif $event.type == "reply" then
    {state: ($state | .left -= 1), records: [$event | del(.type) | said]} + if $state.left == 1 then {exit: 0} else {} end
  elif $event.type == "piece" then {state: $state, records: [$event.body | said]}
  else {state: $state} end;
J
echo '{"protocol":1,"verbs":["check","submit","watch","collect"],"needs_code":"none"}' >p/asks/capabilities.json
ask() { # REQUESTS: ./said has what it said, ./err its stderr
	: >srv/requests
	printf '%s\n' "$1" >wanted
	jq -nc --arg url "$url" --arg token "$PWD/token" --slurpfile ask wanted '{trialConcurrency: 1, trainingService:
		[{platform: "asks", member: "m", trialCommand: "true", url: $url, tokenFile: $token, ask: $ask[0]}]}' >e/config.json
	nni-platform-rest check --dir e --member m >said 2>err </dev/null
}
replies() { jq -c 'select(.type == "said") | .what | select(.id) | [.id, .status, .body.message]' said | sort | tr '\n' ' '; }
seen() { jq -r "$1" srv/requests | sort | uniq -c | awk '{printf "%s%s %s", s, $1, $2; s = ", "}'; }

# ---- a server that is away: it takes ten seconds to be sure; told below ----
mkdir -p p/two two/srv
python3 "$TOP/t/rest-server" "$PWD/two/srv" "two-$$" &
stop_at_end "kill $!"
wait_for test -s two/srv/port
cat >p/two/two.jq <<'J'
def server($url): {kind: "bearer", url: $url, tokenFile: .member.tokenFile};
def step($state; $event):
  if $event.type == "start" then {state: {}, servers: {main: server(.member.main), storage: server(.member.storage)}}
  elif $event.type == "open" then {state: {}, requests: [{id: $event.server, server: $event.server, path: "/say/\(.member.member)/503,200"}]}
  elif $event.record.type? == "trial" then {state: {}, records: [{status: "RUNNING"} | select($event.record.trial != "ccccc")]}
  elif $event.record.type? == "cancel" then {state: {}, records: [{status: "USER_CANCELED"}]}
  else {state: $state} end;
J
cp p/asks/capabilities.json p/two/
echo "two-$$" >two/token
there=http://127.0.0.1:$(cat two/srv/port)
jq -nc --arg there "$there" --arg token "$PWD/two/token" '{trialConcurrency: 2, trainingService: [["a", "http://127.0.0.1:1", $there],
	["b", $there, "http://127.0.0.1:1"] | {platform: "two", trialCommand: "true", tokenFile: $token, member: .[0], main: .[1], storage: .[2]}]}' >two/config.json
two_watch() { # MEMBER
	mkfifo two/to-$1
	nni-platform-rest watch --dir two --member $1 <two/to-$1 >two/$1 2>two/err-$1 &
}
two_line() { # TYPE TRIAL
	printf '{"type":"%s","trial":"%s","attempt":1,"sequence":0,"platform":"two","place":"m","parameter_id":0,"parameters":{},"job":"j"}\n' $1 $2
}
two_watch a
two_watch b
exec 4>two/to-a 5>two/to-b
two_line trial aaaaa >&4
two_line trial bbbbb >&5

# ---- what is tried again, and what is not ----
ask '[{"id":"a","path":"/say/a/429,200"},{"id":"b","path":"/say/b/503,drop,200"},{"id":"c","path":"/say/c/404"},
	{"id":"d","path":"/say/d/cut,200"},{"id":"e","path":"/say/e/500,500","tries":2}]'
is $? 0 'the platform says when all is said'
is "$(replies)" '["a",200,"number 2 is 200"] ["b",200,"number 3 is 200"] ["c",404,"number 1 is 404"] ["d",200,"number 2 is 200"] ["e",500,"number 2 is 500"] ' \
	'429, 503, none and half an answer are tried again; 404 is not; 500 twice if twice was said'
is "$(seen .agent)" "$(printf '%s' "$(wc -l <srv/requests)" | tr -d ' ') nni-tools/$(nni-run --version | cut -d' ' -f2)" \
	'all of it says who it is'

# ---- bodies ----
touch -t 202001010000 e/platforms/m-1-1.body
awkward=$(printf '"\\\\ \\n\\t @ ä %%s'; awk 'BEGIN { for (i = 0; i < 3000; i++) printf "q\\\"x%d ", i }')
body=$(jq -nc --arg a "$awkward" '{a: $a}')
long=$(jq -nc '{a: ("0123456789" * 30000)}')
ask '[{"id":"a","method":"POST","path":"/echo","body":'"$body"'},{"id":"b","method":"PUT","path":"/echo","body":'"$long"'}]'
is "$(jq -r '.what | [.id, .body.digest] | join(" ")' said | sort)" \
	"a $(printf %s "$body" | sha256sum | cut -d' ' -f1)
b $(printf %s "$long" | sha256sum | cut -d' ' -f1)" 'bodies arrive byte for byte, short and long'
is "$(seen .shown)" '2 ' 'nobody shows the token in a command line or environment'
is "$(ls e/platforms | grep 'body$')" '' 'nothing is left of long ones, nor of a program that was killed'
is "$(cat said err | grep -c "$secret")" 0 'nor is the token in what is said'

# ---- URLs that carry their own token, and servers that are known later ----
ask "$(jq -nc --arg u "$url/signed?sig=" --arg s "$secret" '[
	{id: "a", url: ($u + $s), method: "PUT", parts: ["one", "two"]}, {id: "b", url: ($u + "x")}, {id: "c", url: ("ftp://h/" + $s)},
	{id: "d", url: ("http://127.0.0.1:1/" + $s), tries: 1}, {id: "e", url: ("http://" + $s + "@h/")}] | map(. + {absolute: true})')"
is "$(jq -r '.what | [.id, .status, .body.length // .body.message // .message] | join(" ")' said | sort | sed 's/^d 0 .*onnect.*/d 0 none/')" "a 200 6
b 403 signed by nobody
c 0 it is no URL of http or https
d 0 none
e 0 a URL names no host as we know them" 'a URL may carry its own token; nobody is told there who we are'
is "$(cat said err | grep -c "$secret") $(seen .shown)" '0 2 ' 'which nobody shows'
mkdir p/later
cat >p/later/later.jq <<'J'
def server($more): {kind: "bearer", url: .member.url, tokenFile: .member.tokenFile} + $more;
def step($state; $event):
  if $event.type == "start" then {state: 2, servers: {main: server({})}}
  elif $event.type == "open" and $event.server == "main" then {state: $state, servers: {more: server({calm: 1})}}
  elif $event.type == "open" then {state: $state, requests: [range(2) | {id: "r", server: "more", path: "/say/later\(.)/200", calm: true}]}
  elif $event.type == "reply" then {state: ($state - 1)} + if $state == 1 then {exit: 0} else {} end
  else {state: $state} end;
J
cp p/asks/capabilities.json p/later/
jq '.trainingService[0].platform = "later"' e/config.json >x && mv x e/config.json
: >srv/requests
nni-platform-rest check --dir e --member m >said 2>err </dev/null
is "$? $(jq -r .connection srv/requests | sort | uniq -c | awk '{print $1}' | sort | tr '\n' ' ')" '0 1 1 ' \
	'a server may be named later, and be asked but so often a second'

# ---- lists and streams ----
ask '[{"id":"l","path":"/list/3","as":"items","note":["version"],"query":{"a":"x y&z","b":null,"n":5}}]'
is "$(jq -c .what said | tr '\n' ' ')" \
	'{"name":"i0","version":"0"} {"name":"i1","version":"1"} {"name":"i2","version":"2"} {"body":{"metadata":{"more":"no"}},"id":"l","status":200,"noted":"2"} ' \
	'the items of a list come one by one, then the rest of it'
is "$(jq -r .query srv/requests)" 'a=x%20y%26z&n=5' 'queries are encoded'
ask '[{"id":"s","path":"/lines/2","as":"lines","note":["note","version"]}]'
is "$(jq -c .what said | tr '\n' ' ')" \
	'{"n":0,"note":{"version":"v0"}} {"n":1,"note":{"version":"v1"}} {"id":"s","status":200,"noted":"v1"} ' \
	'and so do the lines of a stream'

# ---- lists with pages, and whose their items are ----
echo '[{"name":"x-aaaaa-1"},{"name":"y"}]' >srv/p1
echo '[{"name":"x-bbbbb-1","s":1}]' >srv/p2
echo '[]' >srv/none
listed() { # PAGES
	ask '[{"id":"p","path":"/pages/'"$1"'","as":"items","at":["value","jobs"],"next":["nextLink"]}]'
	jq -c .what said | tr '\n' ' '
}
is "$(listed p1,none,p2)" '{"name":"x-aaaaa-1"} {"name":"y"} {"name":"x-bbbbb-1","s":1} {"body":{"value":{"more":"p2"},"nextLink":null},"id":"p","status":200} ' \
	'the items of all pages come, wherever they stand, then the reply'
is "$(jq -r .path srv/requests | tr '\n' ' ')" '/pages/p1,none,p2 /pages/none,p2 /pages/p2 ' 'each page is asked for once'
listed p1,elsewhere >got
is "$(jq -r 'select(.what.id).what | "\(.status) \(.message)"' said)" \
	'0 the next page of the list would be at http://127.0.0.1:1, which is another server' 'nobody else is told who we are'
is "$(listed text)" '{"id":"p","status":0,"message":"what came has no list where it should be"} ' 'what is no list is not an empty one'
ask '[{"id":"p","path":"/pages/p1","as":"items","at":"value"},{"id":"q","path":"/pages/p1","as":"items","changes":true}]'
is "$(jq -r '.what.message' said | sort)" '`at` of a request is no list of keys
`changes` of a request needs `to`' 'what cannot be is told'

mkdir -p p/lists l/platforms l/trials l/log
cat >p/lists/lists.jq <<'J'
def list: {id: "list", path: "/pages/all", as: "items", at: ["value", "jobs"], next: ["nextLink"], to: ["name"], prefix: "x-", changes: true};
def step($state; $event):
  if $event.type == "start" then {state: null, servers: {main: {kind: "bearer", url: .member.url, tokenFile: .member.tokenFile}}}
  elif $event.type == "open" or $event.type == "timer" then {state: null, requests: [list]}
  elif $event.type == "reply" then {state: null, wait_ms: 20}
  elif $event.type == "piece" then (($state.n // 0) + 1) as $n | {n: $n, told: {status: "RUNNING", reason: "piece \($n): \($event.body.s)"}} | {state: ., records: [.told]}
  elif $event.record.type == "trial" and $state then {state: $state, records: [$state.told]}
  elif $event.type == "absent" then {state: $state, records: [{status: "WAITING", reason: "not in \($event.id), \(if $event.age > 1000 then "though old" else "still young" end)"}]}
  elif $event.record.type == "cancel" then {state: null, records: [{status: "USER_CANCELED"}]}
  else {state: $state} end;
J
cp p/asks/capabilities.json p/lists/
sed 's/"asks"/"lists"/' e/config.json >l/config.json
all() { # ITEMS
	printf '%s\n' "$1" >srv/new && mv srv/new srv/all
	: >srv/requests
}
listed_again() { wait_for sh -c '[ "$(wc -l <srv/requests)" -ge 4 ]'; }
all '[{"name":"x-aaaaa-1","s":1},{"name":"x-bbbbb-1","s":1},{"name":"y-aaaaa-1"},{"name":"x-no"},{"name":"x-"}]'
mkfifo l/to
nni-platform-rest watch --dir l --member m <l/to >l/said 2>l/err &
exec 6>l/to
for t in aaaaa:1 bbbbb:1 ccccc:1 ddddd:$(date +%s); do
	printf '{"type":"trial","trial":"%s","attempt":1,"sequence":0,"platform":"lists","place":"m","parameter_id":0,"parameters":{},"job":"j","time":%s}\n' ${t%:*} ${t#*:}
done >&6
wait_for grep -q ddddd l/said
all '[{"name":"x-bbbbb-1","s":1},{"name":"x-aaaaa-1","s":1}]'
listed_again
all '[{"name":"x-aaaaa-1","s":2},{"name":"x-ccccc-1","s":7}]'
wait_for grep -q 'bbbbb.*WAITING' l/said
printf '{"type":"cancel","trial":"%s","attempt":1}\n' aaaaa bbbbb ccccc ddddd >&6
exec 6>&-
wait_for sh -c '[ "$(grep -c USER_CANCELED l/said)" = 4 ]'
told() { jq -r 'select(.type == "status" and .trial == "'$1'") | .reason // "end"' l/said | tr '\n' ';'; }
is "$(told aaaaa)" 'piece 1: 1;piece 2: 2;end;' 'an item comes when it has changed'
is "$(told bbbbb)" 'piece 1: 1;not in list, though old;end;' 'who is not there any more is told'
is "$(told ccccc) $(told ddddd)" 'not in list, though old;piece 1: 7;end; not in list, still young;end;' 'and who is not there yet'

# ---- many ----
ask "$(jq -nc '[range(300) | {id: "r\(.)", path: "/say/r\(.)/200"}]')"
is "$(replies | grep -o ',200,' | wc -l | tr -d ' ')" 300 'three hundred are answered'
n=$(jq -r .connection srv/requests | sort -u | wc -l)
[ "$n" -le 12 ]
ok $? "over a few connections ($n)"

# ---- who we are ----
printf 'wrong\n' >token
ask '[{"id":"a","path":"/echo"}]'
is "$(replies)" '["a",401,"who are you?"] ' 'a refusal is told'
is "$(jq -r .path srv/requests | wc -l | tr -d ' ')" 2 'after credentials were made anew, once'
printf '%s\n' "$secret" >token

# ---- the output of trials ----
mkdir p/logs
cat >p/logs/logs.jq <<'J'
def read(last): {id: "log", path: "/log", as: "log", stamps: true, last: last, keep: true};
def step($state; $event):
  if $event.type == "start" then {state: null, servers: {main: {kind: "bearer", url: .member.url, tokenFile: .member.tokenFile}}}
  elif $event.type == "line" then
    ($event.record.type == "status") as $ends
    | {state: {ends: $ends}, requests: (if $ends and $state.reading then [] else [read($ends)] end)}
      | .state.reading = true | .state.last = ($ends and ($state.reading | not))
  elif $event.type == "reply" and $state.last then {state: $state, records: [{done: true}]}
  elif $event.type == "reply" and $state.ends then {state: ($state | .last = true), requests: [read(true)]}
  elif $event.type == "reply" then {state: ($state | .reading = false), wait_ms: 50}
  elif $event.type == "timer" and ($state.reading | not) then {state: ($state | .reading = true), requests: [read(false)]}
  else {state: $state} end;
J
echo '{"protocol":1,"verbs":["submit","watch","collect"],"needs_code":"none"}' >p/logs/capabilities.json
jq -nc --arg url "$url" --arg token "$PWD/token" '{trialConcurrency: 1, trainingService:
	[{platform: "logs", member: "m", trialCommand: "true", url: $url, tokenFile: $token}]}' >e/config.json
metric() { # TYPE SEQUENCE VALUE
	printf "NNISDK_MEb'{\"parameter_id\": 0, \"trial_job_id\": \"aaaaa\", \"type\": \"%s\", \"sequence\": %s, \"value\": \"%s\"}'" "$@"
}
{
	echo "2026-11-22T02:00:00.5Z starting"
	echo "2026-11-22T02:00:00.5Z $(metric PERIODICAL 0 0.10)"
	echo "2026-11-22T02:00:00.500000001Z  25%|## | $(metric PERIODICAL 1 '{\\"default\\": 2.50}') "
	printf "2026-11-22T02:00:01.25Z half a li"
} >srv/log
mkfifo to
nni-platform-rest collect --dir e --member m <to >said 2>err &
collector=$!
exec 3>to
echo '{"type":"trial","trial":"aaaaa","attempt":1,"sequence":0,"platform":"logs","place":"m","parameter_id":0,"parameters":{},"job":"j"}' >&3
wait_for grep -q '"sequence":1' said
ok $? 'metrics are said while the trial runs'
: >srv/requests
wait_for grep -q sinceTime srv/requests
like "$(tail -n 1 srv/requests)" '*sinceTime=2026-11-22T02%3A00%3A00Z*' 'the output is read on from the last second'
{
	echo "ne"
	echo "2026-11-22T02:00:01.25Z $(metric PERIODICAL 2 NaN)"
	printf "2026-11-22T02:00:02Z %s" "$(metric FINAL 0 0.950)"
} >>srv/log
echo '{"type":"status","trial":"aaaaa","attempt":1,"status":"SUCCEEDED","time":1}' >&3
exec 3>&-
wait $collector
is $? 0 'collect ends with its input, when all is said'
is "$(jq -c 'select(.type == "metric") | [.kind, .sequence]' said | tr '\n' ' ')" \
	'["intermediate",0] ["intermediate",1] ["intermediate",2] ["final",0] ' 'each metric came once, in order'
is "$(sed 's/.*"value"://; s/,"time.*//' said | head -n 4 | tr '\n' ' ')" '0.10 {"default": 2.50} "NaN" 0.950 ' 'its value byte for byte'
is "$(tail -n 1 said)" '{"type":"status","trial":"aaaaa","attempt":1,"status":"SUCCEEDED","time":1}' 'the end comes last'
is "$(cut -c 1-12 e/trials/aaaaa/stdout | tr '\n' ' ')" "starting NNISDK_MEb'{  25%|## | NN half a line NNISDK_MEb'{ NNISDK_MEb'{ " \
	'and what it printed is kept, when that was wanted'
# Of one that has no end what there is is read.
echo '{"type":"trial","trial":"bbbbb","attempt":1,"sequence":0,"platform":"logs","place":"m","parameter_id":0,"parameters":{},"job":"j"}' >line
timeout 120 nni-platform-rest collect --dir e --member m <line >said 2>err
is "$? $(jq -c '[.kind, .sequence]' said | tr '\n' ' ')" '0 ["intermediate",0] ["intermediate",1] ["intermediate",2] ' \
	'collect ends with its input where a trial has no end, when what there is has been read'

# ---- output without times ----
mkdir p/reads
cat >p/reads/reads.jq <<'J'
def next: . as $s | if .i < ($s.ask | length) then {state: $s, requests: [$s.ask[.i] + {id: "r", as: "log", keep: true}]}
  elif .over then {state: $s, records: [{done: true}]} else {state: $s} end;
def step($state; $event):
  if $event.type == "start" then {state: null, servers: {main: {kind: "bearer", url: .member.url, tokenFile: .member.tokenFile}}}
  elif $event.type == "told" then {state: null, records: [$event]}
  elif $event.type == "line" and $event.record.type == "trial" then {i: 0, ask: .member.ask} | next
  elif $event.type == "line" then $state + {over: true} | if .i == (.ask | length) then next else {state: .} end
  elif $event.type == "reply" then ($state | .i += 1 | next) + {send: [{to: "", event: {type: "told", what: $event}}]}
  else {state: $state} end;
J
cp p/logs/capabilities.json p/reads/
reads() { # REQUESTS: ./said, ./told has status, bytes, lines and the rest, the file stdout
	printf '%s\n' "$1" >wanted
	: >srv/requests
	jq -nc --arg url "$url" --arg token "$PWD/token" --slurpfile ask wanted '{trialConcurrency: 1, trainingService:
		[{platform: "reads", member: "m", trialCommand: "true", url: $url, tokenFile: $token, ask: $ask[0]}]}' >e/config.json
	printf '%s\n' '{"type":"trial","trial":"aaaaa","attempt":1,"sequence":0,"platform":"reads","place":"m","parameter_id":0,"parameters":{},"job":"j"}' \
		'{"type":"status","trial":"aaaaa","attempt":1,"status":"SUCCEEDED","time":1}' |
		nni-platform-rest collect --dir e --member m >said 2>err
	jq -r 'select(.type == "told") | .what | "\(.status) \(.bytes) \(.lines) \(.noted // .message // .shorter // "")"' said | sed 's/ *$//' | tr '\n' ';' >told
}
# Numbers of its metrics, and what was kept, metrics as M.
had() { echo "$(jq -r 'select(.type == "metric").sequence' said | tr '\n' ' ')$(sed "s/NNISDK_ME.*/M/" e/trials/aaaaa/stdout | tr '\n' '/')"; }
size() { wc -c <"srv/$1" | tr -d ' '; }
printf 'one\ntw' >srv/g1
{ cat srv/g1; echo o; metric PERIODICAL 0 1; echo; } >srv/g2
{ cat srv/g2; metric PERIODICAL 1 1; printf '\nend of ol'; } >srv/g3
printf 'd\nx' >srv/r1
{ cat srv/r1; echo; metric FINAL 2 1; } >srv/r2
parts='{"path":"/file/KEY/g1,g2,g2,r1,cut:g3,g3,r2","range":true}'
parts=$(printf %s "$parts" | jq -c '[., ., ., ., . + {moved: true}, . + {last: true}]')
reads "$(printf %s "$parts" | sed 's/KEY/fa/g')"
is "$(cat told)" "200 6 1;206 $(($(size g2) - 6)) 2;200 0 0;200 0 0 true;206 $(($(size g3) - $(size g2))) 1;200 $(size r2) 3;" \
	'by Range: what is new, nothing, a file that is another, the rest of the old one, the new one'
is "$(had)" '0 1 2 one/two/M/M/end of old/x/M/' 'it is all there, once, broken off or not'
reads "$(printf %s "$parts" | sed 's/KEY/wa/g')"
is "$(cut -d ';' -f 3,4 told) $(had)" '200 0 0;200 0 0 true 0 1 2 one/two/M/M/end of old/x/M/' 'and so where the server does not know Range'

json() { jq -nc --arg t "$(cat "srv/$2"; echo .)" "$1" | sed "s/^/ /"; }
{ printf 'wo\n'; metric PERIODICAL 0 1; printf '\nnext'; } >srv/w
json '{log: ($t[:-1])}' g2 >srv/j1
json '{log: ($t[:-1])}' w >srv/j2
reads '[{"path":"/file/fj/j1,j2,j2","text":["log"],"overlap":true},{"path":"/file/fj/j1,j2,j2","text":["log"],"overlap":true},
	{"path":"/file/fj/j1,j2,j2","text":["log"],"overlap":true,"last":true}]'
is "$(cut -d ';' -f 3 told) $(had)" '200 0 1 0 one/two/M/next/' 'a text in JSON, of which only the end comes again'
jq -nc --arg a "$(metric PERIODICAL 0 1)" --arg b "$(metric PERIODICAL 1 1)" '{log: {p1: ($a + "\nsame\n"), p2: ($b + "\n")}, cursor: "c1"}' >srv/c1
jq -nc '{log: {p1: "same\n"}, cursor: "c2"}' >srv/c2
echo '{"log":null,"cursor":null}' >srv/c3
echo '{"log":7}' >srv/c4
reads "$(jq -nc '{path: "/file/fc/c1,c2,c3,c4", text: ["log"], note: ["cursor"], overlap: true} | [., ., ., .]')"
is "$(cat told | sed 's/^200 [0-9]*/200 N/')" '200 N 3 c1;200 5 1 c2;200 0 0;200 0 0 what came has no text where it should be;' \
	'texts of several sources, from a cursor on'
is "$(had)" '0 1 M/same/M/same/' 'where all that comes is new'
jq -nc --arg a "$(metric PERIODICAL 0 1)" '{of: {lines: ["x", $a]}}' >srv/l1
jq -nc --arg a "$(metric PERIODICAL 0 1)" '{of: {lines: [$a, "y\n"]}}' >srv/l2
reads "$(jq -nc '{path: "/file/fl/l1,l2", text: ["of", "lines"], overlap: true} | [., .]')"
is "$(had)" '0 x/M/y/' 'a list of lines'

# ---- metrics that may come in two ways ----
mkdir p/once
cat >p/once/once.jq <<'J'
def step($state; $event):
  if $event.type == "start" then {state: null, servers: {main: {kind: "bearer", url: .member.url, tokenFile: .member.tokenFile}},
    records: [{type: "note", message: "the log may vanish"}]}
  elif $event.type == "line" and $event.record.type == "status" then {state: $state, requests: [{id: "log", path: "/log", as: "log", stamps: true, last: true, once: true, source: "w-0"}]}
  elif $event.type == "reply" then {state: $state, records: [(.member.left[] | {metric_line: ., source: "w-0"}), {done: true}]}
  else {state: $state} end;
J
cp p/logs/capabilities.json p/once/capabilities.json
jq -nc --arg url "$url" --arg token "$PWD/token" --arg a "$(metric PERIODICAL 2 NaN)" --arg b "$(metric FINAL 0 0.96)" '{trialConcurrency: 1, trainingService:
	[{platform: "once", member: "m", trialCommand: "true", url: $url, tokenFile: $token, left: [$a, $b]}]}' >e/config.json
echo "2026-11-22T02:00:00.5Z $(metric PERIODICAL 2 NaN)" >srv/log
collect_once() {
	printf '%s\n' '{"type":"trial","trial":"aaaaa","attempt":1,"sequence":0,"platform":"once","place":"m","parameter_id":0,"parameters":{},"job":"j"}' \
		'{"type":"status","trial":"aaaaa","attempt":1,"status":"SUCCEEDED","time":1}' |
		nni-platform-rest collect --dir e --member m 2>err | jq -c 'select(.type == "metric") | [.kind, .sequence, .at]'
}
collect_once >got
is "$(jq -c '.[:2]' got | tr '\n' ' ')" '["intermediate",2] ["final",0] ' 'what the log had is not said again, what it had not is'
cp srv/log log && : >srv/log
collect_once >again
ok "$(cmp -s got again; echo $?)" 'and is the same metric where the log has gone meanwhile' || diag "$(cat got again)"
like "$(cat err)" '*the log may vanish*' 'notes are for people'
cp log srv/log

# ---- a server that is away ----
wait_for grep -q UNKNOWN two/a
ok $? 'trials are UNKNOWN where the server that tells of them is away, though another one came back'
two_line trial ccccc >&4
wait_for grep -q ccccc.*UNKNOWN two/a
is "$(jq -r 'select(.status == "UNKNOWN") | .trial + " " + (.reason | sub(":1: .*"; ""))' two/a)" "aaaaa cannot reach http://127.0.0.1
ccccc cannot reach http://127.0.0.1" 'and so is one that comes then'
two_line cancel aaaaa >&4
two_line cancel ccccc >&4
wait_for grep -q '"type":"error"' two/b
is "$(jq -r 'select(.type == "error") | .where' two/b)" 'http://127.0.0.1:1' 'that another one is away is said'
two_line cancel bbbbb >&5
exec 4>&- 5>&-
wait_for grep -q CANCELED two/b
is "$(jq -r 'select(.type == "status").status' two/b | tr '\n' ' ')" 'RUNNING USER_CANCELED ' 'and makes no trial UNKNOWN'

# ---- what takes time is done beside the rest ----
mkdir stuff
echo 'echo hi' >stuff/run.sh
nni-pack -o e/code.zip stuff >got 2>&1
ask '[{"id":"a","as":"prepare","what":"code.tgz"},{"id":"b","path":"/say/beside/200"},{"id":"c","as":"prepare","what":"nothing"}]'
is "$? $(jq -r 'select(.what.id == "a") | .what | [.status, .bytes, .digest] | join(" ")' said)" \
	"0 200 $(cat e/platforms/code-*.tgz | wc -c | tr -d ' ') $(sha256sum e/platforms/code-*.tgz | cut -d' ' -f1)" 'code is packed'
ask '[{"id":"p","as":"prepare","what":"python.tgz"}]'
is "$(jq -r '.what | .status, .bytes < 70000' said | tr '\n' ' ')$(tar -tzf e/platforms/python-*.tgz | grep -vc '^python/nni/')" '200 true 0' \
	'the Python package alone is small'
ask '[{"id":"c","as":"prepare","what":"nothing"}]'
is "$(jq -r 'select(.what.id == "c") | .what | [.status, .message] | join(" ")' said)" "0 there is no 'nothing', only code.tgz, tools.tgz and python.tgz" \
	'what cannot be is told'

# ---- what is wrong ----
ask '[{"id":"a","path":"no-slash"},{"id":"b","path":"/x","as":"letters"},{"id":"c","server":"other","path":"/"}]'
is "$(jq -r '.what | [.id, .status, .message] | @tsv' said | sort | tr '\t' ' ')" "a 0 'no-slash' is no path
b 0 \`as\` or \`name\` of a request is wrong
c 0 there is no server 'other'" 'requests that cannot be'
unreachable() {
	url=http://127.0.0.1:1
	ask '[{"id":"a","path":"/x","tries":1}]'
}
(unreachable; jq -r '.what | "\(.status) \(.message)"' said) >got
like "$(cat got)" '0 *onnect*' 'where nobody listens there is no answer, and why'
NNI_CURL=/nonexistent/curl ask '[{"id":"a","path":"/echo"}]'
is $? 5 'without curl: 5'
like "$(cat err)" "*cannot run '/nonexistent/curl'*install it*" 'and what to do'
sed 's/def step/def stp/' p/asks/asks.jq >x && cp p/asks/asks.jq good.jq && mv x p/asks/asks.jq
ask '[]'
is $? 3 'a platform whose jq cannot be read: 3'
like "$(cat err)" '*jq cannot run platforms/asks/asks.jq*' 'and which'
cp good.jq p/asks/asks.jq
sed 's/elif $event.type == "open" then/elif $event.type == "open" then error("lost") elif false then/' good.jq >p/asks/asks.jq
ask '[]'
is $? 1 'an error in step() of the platform ends it: 1'
is "$(jq -r .message said)" 'platforms/asks: lost' 'and is told'
sed 's/  elif $event.type == "line"/  elif .verb == "submit" and $event.type == "line" then error("lost") elif $event.type == "line"/' p/logs/logs.jq >x && mv x p/logs/logs.jq
jq '.trainingService[0].platform = "logs"' e/config.json >x && mv x e/config.json
echo '{"type":"trial","trial":"aaaaa","attempt":1,"sequence":0,"platform":"logs","place":"m","parameter_id":0,"parameters":{}}' |
	nni-platform-rest submit --dir e --member m 2>err | jq -r 'select(.type == "status") | .status + " " + .reason' >said
is "$(cat said)" 'FAILED platforms/logs: lost' 'and one of an attempt is its answer'
done_testing
