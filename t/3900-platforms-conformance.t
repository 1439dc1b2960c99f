#!/bin/sh
# Every platform keeps the contract: nni-conformance plays it.
. "$(dirname "$0")/lib.sh"
plan 6

# platforms/README explains the example line by line, so it holds all of it.
awk '/^3\. / { on = 0 } on && /^\t/ { print substr($0, 2) } /^2\. / { on = 1 }' \
	"$TOP/platforms/README" >explained
is "$(cat explained)" "$(grep . "$TOP/examples/platform/nni-platform-sh")" \
	'the example in platforms/README is the one in examples/'

cat >local.yml <<'Y'
searchSpace: {x: {_type: uniform, _value: [0, 1]}}
trialCommand: "true"
trialConcurrency: 4
tuner: {name: Random}
trainingService: {platform: local}
Y
# Side by side: they wait more than they work.
trials=50
[ -z "${NNI_LONG-}" ] || trials=1000
NNI_PLATFORM_PATH=$TOP/examples/platform nni-conformance -n $trials sh \
	"$TOP/examples/platform/config.yml" >sh.out 2>sh.err &
sh=$!

# The test can fail: a backend that forgets every second end.
mkdir broken
cat >broken/nni-platform-broken <<'S'
#!/bin/sh
if [ "$1" = collect ]; then
	"$TOP/examples/platform/nni-platform-sh" "$@" | grep --line-buffered -v '"FAILED"'
else
	exec "$TOP/examples/platform/nni-platform-sh" "$@"
fi
S
chmod +x broken/nni-platform-broken
sed 's/platform: sh/platform: broken/' "$TOP/examples/platform/config.yml" >broken.yml
NNI_PLATFORM_PATH=$PWD/broken nni-conformance -n 2 -t 2s broken broken.yml >broken.out 2>broken.err &
broken=$!

nni-conformance local local.yml >out 2>err
ok $? 'the platform local' || diag "$(grep -A1 '^not ok' out)"
grep -q '^ok .* 1000 trials are answered' out
ok $? 'with a thousand trials'
wait $sh
ok $? 'the example in sh' || diag "$(grep -A1 '^not ok' sh.out)"
wait $broken
is $? 1 'a backend that loses ends is found out'
grep -q '^not ok .* a trial that fails$' broken.out
ok $? 'by what it loses'
