#!/bin/sh
# nni-watch: cancels, updates, and trials that are given up.
. "$(dirname "$0")/lib.sh"
. "$TOP/t/data/fake.sh"

experiment abc
{
	trial user0; trial early; trial syst0; trial twice; trial again 1; trial again 2
	cancel user0
	cancel early '"early":true'
	cancel syst0 '"system":true'
	cancel twice '"early":true'
	cancel twice
	cancel again
	cancel nobdy
} >in
mkdir -p "$E/fake/end"
(wait_for grep -q again-2 "$E/fake/cancels"; echo SUCCEEDED >"$E/fake/end/again-1") &
nni-watch <in >out 2>err
is $? 2 'cancelled trials are no failure, a cancel of nobody is'
wait
is "$(brief out | grep -E 'CANC|STOP|SUCC' | sort | oneline)" \
	'status:again-1:SUCCEEDED status:again-2:USER_CANCELED status:early-1:EARLY_STOPPED status:syst0-1:SYS_CANCELED status:twice-1:EARLY_STOPPED status:user0-1:USER_CANCELED' \
	'each ends as it was asked to; the first reason stays'
is "$(cat "$E"/trials/user0/intent "$E"/trials/early/intent "$E"/trials/syst0/intent "$E"/trials/again-2/intent | oneline)" \
	'user early system user' 'the intent is in the directory of the attempt'
is "$(jq -r 'select(.type=="error") | .trial' out)" nobdy 'a cancel of nobody is an error'
is "$(grep -c '"type":"cancel"' out)" 0 'cancels go no further'

# the intent is there before the request goes out
experiment order
cat >nni-platform-slow <<'END'
#!/bin/sh
while read -r l; do
	case $l in *cancel*) cat "$3/trials/aaaaa/intent" >>"$3/seen"
		echo '{"type":"status","trial":"aaaaa","attempt":1,"status":"USER_CANCELED"}' ;; esac
done
END
chmod +x nni-platform-slow
sed -i 's/"platform":"fake"/"platform":"slow"/' "$E/config.json"
{ trial aaaaa; cancel aaaaa; } | NNI_PLATFORM_PATH=$PWD nni-watch >out 2>err
is "$(cat "$E/seen")" user 'the intent is written before the request goes out'

# a new process of the backend is told again
experiment dies
{ trial aaaaa; echo '{"type":"update","trial":"aaaaa","parameter_index":1,"parameters":{"x":2.0}}'; cancel aaaaa; } >in
FAKE_DIE_ONCE=watch:3 nni-watch <in >out 2>err
is "$? $(brief out | tail -1)" '0 status:aaaaa-1:USER_CANCELED' 'cancels survive the backend'
is "$(grep -c '"parameters":{"x":2.0}' "$E/fake/updates")" 2 'updates too'

# given up
experiment lost
cat >nni-platform-away <<'END'
#!/bin/sh
while read -r l; do
	echo '{"type":"status","trial":"aaaaa","attempt":1,"status":"UNKNOWN","reason":"no route to host"}'
	case $l in *cancel*) echo "$l" >>"$3/cancels" ;; esac
done
END
chmod +x nni-platform-away
sed -i 's/"platform":"fake"/"platform":"away"/' "$E/config.json"
{ trial aaaaa; cancel aaaaa '"lost":true'; } | NNI_PLATFORM_PATH=$PWD nni-watch >out 2>err
is "$? $(brief out | oneline)" '0 trial:aaaaa-1 status:aaaaa-1:UNKNOWN status:aaaaa-1:SYS_CANCELED' \
	'a lost trial on a place that cannot be reached'
is "$(jq -r 'select(.status=="SYS_CANCELED") | "\(.infra) \(.lost)"' out)" 'true true' 'is given up'
is "$(jq -r .type "$E/cancels")" cancel 'and cancelled all the same'
experiment found
mkdir -p "$E/fake/end"
{ trial aaaaa; cancel aaaaa '"lost":true'; } | nni-watch >out 2>err
is "$(brief out | tail -1) $(jq -r 'select(.status=="SYS_CANCELED").lost' out)" 'status:aaaaa-1:SYS_CANCELED null' \
	'one that can be reached is cancelled'
done_testing
