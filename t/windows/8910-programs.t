#!/bin/sh
# Every program starts; those that need no platform do the same as elsewhere.
. "$(dirname "$0")/lib.sh"

for exe in "$NNI_BIN"/*.exe; do
	p=$(basename "$exe" .exe)
	# NAME as in its usage line: nni-conformance's and nnictl's too.
	is "$(win "$p" --version)" "$p $(sed -n 's/^#define NNI_VERSION "\(.*\)"/\1/p' \
		"$TOP/src/libnni/opt.h")" "$p --version"
	like "$(win "$p" -h)" "$p - *usage: *--help*" "$p -h"
	win "$p" --no-such-option >out 2>err
	is $? 2 "$p refuses a wrong option"
done

mkdir -p code/sub/ünï
echo hi >'code/a b.txt'
echo x >code/sub/ünï/日本.txt
echo o >code/left.o
printf '#!/bin/sh\n' >code/run.sh
chmod +x code/run.sh
echo '*.o' >code/.nniignore
cat >e.yml <<'END'
trialCommand: python t.py --name "ü x"
trialCodeDirectory: code
trialConcurrency: 2
searchSpace: {lr: {_type: loguniform, _value: [0.1, 1.0]}}
tuner: {name: TPE}
trainingService: {platform: local}
END
win nni-config e.yml >config.json
is $? 0 'nni-config takes a file'
grep -qF '"_value":[0.1,1.0]' config.json &&
	grep -qF '"trialCommand":"python t.py --name \"ü x\""' config.json &&
	grep -qF "\"trialCodeDirectory\":\"Z:$trash/code\"" config.json
ok $? 'and prints it in the canonical form' || diag "$(cat config.json)"
sed 's/trialConcurrency/trialConcurency/' e.yml >bad.yml
win nni-config bad.yml >out 2>err
is $? 3 'a misspelt key is refused'
like "$(cat err)" '*bad.yml:3:1: *trialConcurency*trialConcurrency*' \
	'with its place, and what was meant'

win nni-pack -o c.zip code >pack.json
is $? 0 'nni-pack packs a tree with names in other alphabets'
is "$(unzip -Z1 c.zip | sort | tr '\n' ' ')" \
	'.nniignore a b.txt run.sh sub/ünï/日本.txt ' 'and leaves out what .nniignore says'
is "$(sed 's/.*"digest":"sha256:\([0-9a-f]*\)".*/\1/' pack.json)" \
	"$(sha256sum c.zip | cut -d' ' -f1)" 'its digest is that of the archive'
if [ -x "$TOP/bin/nni-pack" ]; then
	"$TOP/bin/nni-pack" -o linux.zip code >/dev/null
	cmp -s c.zip linux.zip
	ok $? 'Linux makes the same archive'
else
	skip 'not built for Linux' 'Linux makes the same archive'
fi
win nni-pack -o none.zip absent >out 2>err
like "$(cat err)" "nni-pack: error: *'*absent'*" 'a missing directory is named'

cat >space.json <<'END'
{"lr":{"_type":"uniform","_value":[0,1]},"f":{"_type":"choice","_value":["ä","b"]}}
END
win nni-tune -s space.json -n 5 --seed 1 >specs
is "$(wc -l <specs)" 5 'nni-tune proposes'
if [ -x "$TOP/bin/nni-tune" ]; then
	"$TOP/bin/nni-tune" -s space.json -n 5 --seed 1 | cmp -s - specs
	ok $? 'the same as on Linux'
else
	skip 'not built for Linux' 'the same as on Linux'
fi
printf '{"type":"ask","n":2}\n' | win nni-tune -s space.json -t Random --seed 1 >asked
is "$(grep -c '"spec"' asked)" 2 'an ask is answered through pipes'
done_testing
