#!/bin/sh
# The platform of one jq file that platforms/README teaches with is the one in
# examples/, and keeps the contract.
. "$(dirname "$0")/lib.sh"

for p in curl jq python3; do
	command -v $p >/dev/null || skip_all "no $p"
done
example=$TOP/examples/platform-rest

awk '/^6\. / { on = 0 } on && /^\t[^$]/ { print substr($0, 2) } /^5\. / { on = 1 }' "$TOP/platforms/README" >explained
is "$(cat explained)" "$(grep . "$example/roost.jq")" 'the file in platforms/README is the one in examples/'
cmp -s "$example/capabilities.json" - <<'E'
{"protocol":1,"verbs":["check","submit","watch","collect","clean"],"needs_code":"none","adopt":true}
E
ok $? 'so are its capabilities'

mkdir srv
python3 "$TOP/t/roost-server" 0 "$PWD/srv" &
server=$!
stop_at_end "kill $server 2>/dev/null"
wait_for test -s srv/port
sed "s|:8931|:$(cat srv/port)|" "$example/config.yml" >c.yml
NNI_PLATFORM_PATH=$example:$NNI_BIN
export NNI_PLATFORM_PATH

# It mostly waits, so side by side.
parts=$(nni-conformance --list | awk '{ print $2 }')
trials=20
[ -z "${NNI_LONG-}" ] || trials=1000
conform() { # PART,...
	nni-conformance --only="$1" --trials=$trials roost c.yml >"$1.out" 2>"$1.err" &
	players="$players $!"
}
players=
apart='kills cancel gone clean once'
for p in $apart; do conform $p; done
conform "$(printf '%s\n' $parts | grep -vxF "$(printf '%s\n' $apart)" | tr '\n' ',' | sed 's/,$//')"
# shellcheck disable=SC2086
wait $players
is "$(cat ./*.out | grep '^not ok')" '' 'it keeps the contract' || diag "$(cat ./*.err)"
n=$(cat ./*.out | grep -c '^ok')
[ "$n" -gt 70 ]
ok $? "all of it: $n promises"

# ---- what nni-run says of it ----
sed "s|^trialCommand.*|trialCommand: nni-trial report --final \$(nni-trial get x)|" c.yml >r.yml
exits 0 'nni-run --check' nni-run --check r.yml
is "$(cat err)" "nni-run: roost: ok, http://127.0.0.1:$(cat srv/port), version 1.0; code: it is read where it lies, since Roost sees the same files
nni-run: 'r.yml' is good" 'tells where it is'
exits 0 'nni-run' nni-run r.yml
is "$(jq -s 'map(select(.kind == "final")) | length' out)" 1 'runs a trial there'
kill $server
wait $server 2>/dev/null
exits 5 'nni-run --check where there is no server' nni-run --check r.yml
like "$(cat err)" "nni-run: error: roost: http://127.0.0.1:*: no answer to what version it is: *; does Roost run there[?]" 'tells what is wrong, and what to do'
done_testing
