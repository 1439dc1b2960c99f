#!/bin/sh
# Configurations and search spaces from pipes: read once, from where they are.
. "$(dirname "$0")/lib.sh"
. "$TOP/t/data/fake.sh"
[ -e /dev/fd/0 ] || skip_all 'there is no /dev/fd here'

echo '{"x":{"_type":"uniform","_value":[0,1]}}' >space.json
cat >c.yml <<'C'
searchSpaceFile: space.json
trialCommand: "true"
trialConcurrency: 1
tuner: {name: Random}
trainingService: {platform: local}
C
mkdir elsewhere
cp c.yml elsewhere

# from FILE COMMAND...	as with <(cat FILE) in place of the word PIPE
from() {
	cat "$1" | {
		shift
		"$@" 3<&0 </dev/null
	}
}
wanted=$(nni-config c.yml)
is "$(from elsewhere/c.yml nni-config /dev/fd/3)" "$wanted" 'nni-config <(command): paths from our directory'
is "$(cat elsewhere/c.yml | nni-config /dev/stdin)" "$wanted" 'nni-config /dev/stdin'
is "$(nni-config /dev/stdin <elsewhere/c.yml)" "$wanted" 'which may be a file'
is "$(cat elsewhere/c.yml | nni-config -)" "$wanted" 'nni-config -'
mkfifo fifo
cat c.yml >fifo &
is "$(nni-config fifo)" "$wanted" 'a pipe with a name'
is "$(from c.yml nni-run --print-config /dev/fd/3)" "$(nni-run --print-config c.yml)" 'nni-run <(command)'
echo 'trialConcurrency: none' | nni-config /dev/stdin 2>err
is "$? $(grep -c '^/dev/stdin:1:19: ' err)" '3 1' 'errors name it'

# specs come on standard input, the configuration does not
sed 's/local/fake/' c.yml >fake.yml
E=$(printf '{"x":1}\n' >specs; cat fake.yml | { nni-submit --format jsonl -c /dev/fd/3 3<&0 <specs 2>err; } |
	jq -r 'select(.job).dir')
[ -n "$E" ] && [ -d "$E" ]
ok $? 'nni-submit -c <(command)'
is "$(jq -r .searchSpace.x._type "$E/config.json")" uniform 'has it whole'
nni-submit -c - <fake.yml >out 2>err
is "$? $(cat out)" '0 ' 'nni-submit -c -: an experiment without trials yet'
E=$(sed -n 's/.* in \(.*\); to go on.*/\1/p' err)
is "$(printf '{"x":1}\n' | nni-submit --dir "$E" 2>err | jq -r 'select(.job).dir')" "$E" 'which takes them later'

three=$(nni-tune -s space.json -n 3 --seed 1)
is "$(from space.json nni-tune -s /dev/fd/3 -n 3 --seed 1)" "$three" 'nni-tune -s <(command)'
is "$(nni-tune -s - -n 3 --seed 1 <space.json)" "$three" 'nni-tune -s -'
is "$(cat space.json | { echo '{"type":"ask","n":3}' | nni-tune -s /dev/fd/3 --seed 1; } 3<&0 2>err)" "$three" \
	'asks beside it'
exits 2 'nni-tune -s - without -n' nni-tune -s -
like "$(cat err)" '*say -n N*' 'says what to do'
echo '[]' | nni-tune -s - -n 1 2>err
is "$? $(cut -d: -f1-5 err | head -1)" '3 nni-tune: error: <stdin>:1:1' 'errors name it'
done_testing
