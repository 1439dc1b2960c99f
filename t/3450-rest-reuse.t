#!/bin/sh
# Environments: many trials by orders in a folder that two machines share.
. "$(dirname "$0")/lib.sh"

# environment NAME COMMAND: a folder as somebody else makes it
environment() {
	mkdir -p "$1/abcd"
	jq -nc --arg c "$2" --arg d "$PWD" '{trialConcurrency: 1, trainingService:
		[{member: "c", platform: "local", trialCommand: $c, trialCodeDirectory: $d}]}' >"$1/abcd/config.json"
	: >"$1/abcd/orders.jsonl"
}
begin() {
	nni-platform-local environment -d "$1/abcd" -m c --idle "$2" 2>"$1/err" &
	began=$!
	stop_at_end "kill $began 2>/dev/null"
}
order() { printf '%s\n' "$2" >>"$1/abcd/orders.jsonl"; }
trial() { order "$1" '{"type":"trial","trial":"'"$2"'","attempt":1,"sequence":0,"parameter_id":0,"parameters":{"x": '"$3"'}}'; }
# says DIR JQ: is there a line of which that is true?
says() { jq -e -n "[inputs | select($2)] != []" "$1/abcd/said.jsonl" >/dev/null 2>&1; }

# ---- orders, and what is said ----

environment one 'nni-trial report "$(nni-trial get x)" --final'
umask 022
begin one 1h
trial one aaaaa 2.50
wait_for says one '.trial == "aaaaa" and .status == "SUCCEEDED"'
is "$(grep -c '"value":2.50,' one/abcd/said.jsonl)" 1 'a metric is said byte for byte'
is "$(jq -r 'select(.type == "environment") | "\(.state) \(.orders)"' one/abcd/said.jsonl | tr '\n' ,)" \
	'free 0,busy 1,free 1,' 'and when the environment is free again'
is "$(find one/abcd/said.jsonl -perm 0644)" one/abcd/said.jsonl 'which other users can read'
# a line that its writer did not finish is no order, nor is one that came before
printf '{"type":"trial","trial":"aaa' >>one/abcd/orders.jsonl
order one ''
trial one aaaaa 2.50
trial one aaaab 3
trial one aaaac 4
wait_for says one '.trial == "aaaac" and .status == "SUCCEEDED"'
is "$(jq -r 'select(.status == "SUCCEEDED") | .trial' one/abcd/said.jsonl | tr '\n' ,)" 'aaaaa,aaaab,aaaac,' \
	'several trials run one after the other, none twice'
is "$(cat one/abcd/trials/aaaab/parameter.cfg | jq -c .parameters)" '{"x":3}' 'their files lie in the folder'
order one '{"type":"leave"}'
wait "$began"
is $? 0 'it leaves when it is told to'
is "$(tail -n 1 one/abcd/said.jsonl | jq -r .state)" left 'and says so'
exits 4 'a folder is an environment once' nni-platform-local environment -d one/abcd -m c

# ---- cancels ----

environment two 'echo $$ >"$NNI_SYS_DIR/pid"; exec sleep 600'
begin two 1s
trial two aaaaa 1
trial two aaaab 2
wait_for [ -s two/abcd/trials/aaaaa/pid ]
wait_for says two '.trial == "aaaab" and .status == "WAITING"'
order two '{"type":"cancel","trial":"aaaab","attempt":1,"early":true}'
wait_for says two '.trial == "aaaab" and .status == "EARLY_STOPPED"'
pass 'one that waits is cancelled'
order two '{"type":"cancel","trial":"aaaaa","attempt":1,"early":false}'
wait_for says two '.trial == "aaaaa" and .status == "USER_CANCELED"'
exits 1 "and one that runs" /bin/kill -0 "$(cat two/abcd/trials/aaaaa/pid)"
wait "$began"
is $? 0 'without trials it leaves by itself'

# ---- the machine is taken away ----

environment three 'echo $$ >"$NNI_SYS_DIR/pid"; exec sleep 600'
begin three 1h
trial three aaaaa 1
wait_for says three '.status == "RUNNING"'
kill -TERM "$began"
wait "$began"
is $? 5 'it ends when it is told to'
is "$(jq -s 'map(select(.status == "RUNNING" | not) | .status // empty) | length' three/abcd/said.jsonl)" 0 \
	'and says no end of a trial that was not its own'
done_testing
