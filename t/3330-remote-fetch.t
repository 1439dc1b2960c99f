#!/bin/sh
# nni-platform-remote fetch: what trials wrote on another machine comes here.
. "$(dirname "$0")/lib.sh"

# An ssh that stays on this machine.
cat >ssh <<'S'
#!/bin/sh
for c; do :; done
exec sh -c "$c"
S
chmod +x ssh
NNI_SSH=$PWD/ssh
export NNI_SSH
failio=$(cd "$TOP" && cd "${NNI_O:-build}" && pwd)/t/failio.so
mkdir code
# experiment NAME [AGENT]: $E is it, $R its directory there
experiment() {
	E=$NNI_EXPERIMENTS/$1
	R=$trash/far/joe@192.0.2.1/$1/trials
	mkdir -p "$E" "$R"
	cat >c.json <<C
{"searchSpace":{"x":{"_type":"uniform","_value":[0,1]}},"trialCommand":"true","trialCodeDirectory":"$trash/code",
"trialConcurrency":2,"tuner":{"name":"Random"},"trainingService":{"platform":"remote","machineList":
[{"host":"192.0.2.1","user":"joe","agentPath":"${2-$NNI_BIN/nni-platform-local}","remoteDir":"$trash/far"}]}}
C
	nni-config c.json >"$E/config.json"
}
# record WHAT [ID] [MORE]
record() { printf '{"type":"trial","trial":"%s","attempt":1,"sequence":0,"dir":"%s","platform":"remote","place":"joe@192.0.2.1","job":"j","what":"%s"%s}\n' "${2-aaaaa}" "$E" "$1" "${3-}"; }
fetch() { record "$@" | nni-platform-remote fetch --dir "$E" --member remote; }
# what came: FILES BYTES [ERROR]
brief() { jq -r 'select(.type == "fetched") | "\(.files) \(.bytes)" + if .error then " " + .error else "" end' "$@"; }
old() { find "$1" -type f -exec touch -t 202001010000 {} +; }
inode() { ls -i "$1" | awk '{print $1}'; }

experiment abc
T=$R/aaaaa
mkdir -p "$T/.nni" "$T/out/deep" "$T/tensorboard"
echo out >"$T/stdout"
echo err >"$T/stderr"
echo state >"$T/.nni/state"
echo user >"$T/intent"
echo weights >"$T/out/deep/größe \"1\""
: >"$T/out/empty"
echo ev >"$T/tensorboard/ev"
chmod 4777 "$T/out/empty"
ln -s /etc/passwd "$T/out/link"
mkfifo "$T/out/fifo"
old "$T"
D=$E/trials/aaaaa
is "$(fetch logs | brief)" '2 8' 'logs'
is "$(cat "$D/stdout" "$D/stderr" | tr "\n" " ")" 'out err ' 'are where those of local trials are'
is "$(fetch all aaaaa ',"folder":"tensorboard"' | brief) $(find "$D/tensorboard" -type f | wc -l)" '1 3 1' 'a folder'
is "$(fetch all | brief)" '2 8' 'all the rest'
is "$(cat "$D/out/deep/größe \"1\"")" weights 'by its names'
is "$(cd "$D" && find . -name .nni -prune -o -type f -print | LC_ALL=C sort | tr '\n' ' ')" \
	'./out/deep/größe "1" ./out/empty ./stderr ./stdout ./tensorboard/ev ' 'and nothing else: no link, no state, no intent'
is "$(perl -e 'printf "%o", (stat shift)[2] & 07777' "$D/out/empty")" 755 'nobody else may write to it'
is "$(fetch all | brief)" '0 0' 'a second time nothing comes'

# only what is new
echo more >>"$T/stdout"
n=$(inode "$D/stdout")
is "$(fetch all | brief) $(inode "$D/stdout")" "1 5 $n" 'of a file that grew its new end'
is "$(cat "$D/stdout" | tr '\n' ' ')" 'out more ' 'behind what is here'
echo sweater >"$T/out/deep/größe \"1\""
is "$(fetch all | brief) $(cat "$D/out/deep/größe \"1\"")" '1 8 sweater' 'another file in its place'
echo gone >"$D/stdout"
old "$T"
is "$(fetch all | brief) $(cat "$D/stdout" | tr '\n' ' ')" '1 9 out more ' 'what was spoilt here is made good'
is "$(fetch all bbbbb | brief)" '0 0' 'a trial that wrote nothing'
is "$(record all aaaaa | sed 's/joe@/sue@/' | nni-platform-remote fetch --dir "$E" --member remote | brief)" \
	'0 0 its place is no machine of the configuration' 'no such place'

experiment cleaned
rm -r "${R%/*}"
is "$(fetch all | brief) $(ls "$trash/far/joe@192.0.2.1")" '0 0 abc' 'where nothing is of it nothing is left'
E=$NNI_EXPERIMENTS/abc R=$trash/far/joe@192.0.2.1/abc/trials

# of the working copy what the trial has made of it
d=$(printf %064d 7)
S=$trash/far/joe@192.0.2.1/code-trees/$d/files
mkdir -p "$S/lib" "$R/ggggg/code/lib"
for f in same same2 changed lib/old; do echo "source of it" >"$S/$f"; done
old "$S"
cp -Rp "$S/." "$R/ggggg/code"
touch "$R/ggggg/code/same2"
echo "source OF it" >"$R/ggggg/code/changed"
echo made >"$R/ggggg/code/lib/new"
is "$(fetch all ggggg ",\"code\":\"sha256:$d\"" | brief) $(cd "$E/trials/ggggg" && find code -type f | LC_ALL=C sort | tr '\n' ' ')" \
	'2 18 code/changed code/lib/new ' 'of a working copy what is not the code'

# a link here leads nowhere
mkdir other
rm -r "$D/out"
ln -s "$trash/other" "$D/out"
like "$(fetch all | brief)" "0 0 '*/out' is no directory" 'a link here is not followed'
is "$(ls other)" '' 'to anywhere'
rm "$D/out"

# the connection is lost in the middle
cat >lossy <<S
#!/bin/sh
for c; do :; done
[ -e "$trash/lost" ] && exec sh -c "\$c"
: >"$trash/lost"
sh -c "\$c" | perl -e '\$left = 1000000; while (\$left > 0 && sysread STDIN, my \$b, 65536) { syswrite STDOUT, \$b; \$left -= length \$b }'
S
chmod +x lossy
mkdir -p "$R/ccccc"
perl -e 'srand 1; print map { chr rand 256 } 1 .. 2_000_000' >"$R/ccccc/model"
old "$R/ccccc"
is "$(NNI_SSH=$trash/lossy fetch all ccccc | brief | cut -d' ' -f1) $(cmp "$R/ccccc/model" "$E/trials/ccccc/model")" '1 ' 'after a lost connection it goes on'
is "$(NNI_SSH=false NNI_BACKEND_TIMEOUT=1s fetch all ccccc | brief | cut -c1-19)" '0 0 joe@192.0.2.1: ' 'a machine that cannot be reached is not waited for for ever'

# killed at any moment, and asked again
if [ -e "$failio" ]; then
	mkdir "$R/hhhhh-2"
	cp "$R/ccccc/model" "$R/hhhhh-2"
	echo small >"$R/hhhhh-2/stdout"
	old "$R/hhhhh-2"
	mkdir -p "$E/trials/hhhhh-2"
	echo another >"$E/trials/hhhhh-2/stdout"
	for n in 3 4 6 9 14 16 18 20; do
		record all hhhhh | sed 's/"attempt":1/"attempt":2/' | env LD_PRELOAD="$failio" ASAN_OPTIONS="verify_asan_link_order=0:${ASAN_OPTIONS-}" \
			FAILIO_PROGRAM=nni-platform-remote FAILIO_KILL=1 FAILIO_MATCH=hhhhh FAILIO_N=$n nni-platform-remote fetch --dir "$E" --member remote
		cat "$E/trials/hhhhh-2/stdout"
	done >said 2>&1
	is "$(grep -vx 'another\|small\|Killed' said | grep -v fetched)" '' 'killed: a file is another or the old one'
	record all hhhhh | sed 's/"attempt":1/"attempt":2/' | nni-platform-remote fetch --dir "$E" --member remote >out
	is "$(diff -r -x .nni "$R/hhhhh-2" "$E/trials/hhhhh-2") $(ls "$E/trials/hhhhh-2/.nni")" ' fetch.lock' 'and all is well when it is asked again'
else
	skip 'no failio' 'killed'
	skip 'no failio' 'asked again'
fi

# two at once
mkdir "$R/ddddd"
cp "$R/ccccc/model" "$R/ddddd"
fetch all ddddd >one &
fetch all ddddd >two
wait
is "$(brief one two | grep -c "0 0$") $(cmp "$R/ddddd/model" "$E/trials/ddddd/model")" '1 ' 'two at once do not spoil it'

# memory does not grow with the files
mkdir "$R/eeeee"
perl -e 'open my $f, ">", shift or die; truncate $f, 100 << 20' "$R/eeeee/sparse"
if { (ulimit -v 60000; nni-platform-remote --version); } >/dev/null 2>&1; then
	is "$(ulimit -v 60000; fetch all eeeee | brief) $(wc -c <"$E/trials/eeeee/sparse")" '1 104857600 104857600' '100 MB in little memory'
else
	skip 'sanitizers need memory' '100 MB in little memory'
fi

# a full disk here
if [ -e "$failio" ]; then
	mkdir "$R/fffff"
	cp "$R/ccccc/model" "$R/fffff"
	echo small >"$R/fffff/stdout"
	record all fffff | env LD_PRELOAD="$failio" ASAN_OPTIONS="verify_asan_link_order=0:${ASAN_OPTIONS-}" FAILIO_PROGRAM=nni-platform-remote \
		FAILIO_MATCH=fffff/model FAILIO_N=3 FAILIO_ONCE=1 nni-platform-remote fetch --dir "$E" --member remote >out
	like "$(brief out)" "1 * cannot write 'model' in *: No space left on device" 'a full disk is told'
	is "$(ls "$E/trials/fffff")" stdout 'what is not whole makes room, the others come'
	is "$(fetch all fffff | brief)" '1 2000000' 'and it comes when there is room'
else
	skip 'no failio' 'a full disk is told'
	skip 'no failio' 'what is not whole makes room'
	skip 'no failio' 'and it comes when there is room'
fi

# a far end that dies of it each time
cat >dies <<'S'
#!/usr/bin/env perl
$| = 1;
print "\nnni-platform-local stdio 1\n";
while (<STDIN>) { exit 1 if /"what"/ }
S
chmod +x dies
experiment dead "$trash/dies"
like "$(NNI_BACKEND_TIMEOUT=2s fetch all | brief)" '0 0 joe@192.0.2.1: *' 'a far end that dies each time is given up'

# a far end that means ill
cat >evil <<'S'
#!/usr/bin/env perl
$| = 1;
print "\nnni-platform-local stdio 1\n";
my $id = '"trial":"aaaaa","attempt":1';
while (<STDIN>) {
	print qq({"type":"pong"}\n) if /"ping"/;
	if (/"what"/) {
		print qq({"type":"data",$id,"path":"unasked","at":0,"size":1,"data":"eA=="}\n);
		for my $p ('../../evil', '/tmp/nni-evil', 'a/../../evil', '.nni/state', '.NNI/state', 'intent', 'Intent', '..', 'a//b', "new\\nline", '.nni', 'far', 'jump', 'long', 'short', 'other', 'good') {
			print qq({"type":"file",$id,"path":"$p","size":3,"mode":2541,"mtime":1}\n);
		}
		print qq({"type":"listed",$id}\n);
	}
	next if !/"want"/;
	/"path":"(\w+)"/ or die "asked for $_";
	my $d = qq({"type":"data",$id,"path":"$1");
	print qq($d,"at":99,"size":102,"data":"eHh4","mode":511}\n) if $1 eq 'far';
	print qq($d,"at":0,"size":6,"data":"eHh4","more":true}\n$d,"at":2,"size":6,"data":"eHh4","mode":511}\n) if $1 eq 'jump';
	print qq($d,"at":0,"size":2,"data":"eHh4","mode":511}\n) if $1 eq 'long';
	print qq($d,"at":0,"size":9000000000000000000,"data":"eHh4","more":true}\n$d,"gone":true}\n) if $1 eq 'short';
	print qq($d,"at":0,"size":4,"data":"eHh4","mode":511}\n) if $1 eq 'other';
	print qq($d,"at":0,"size":3,"data":"Z29v","mode":511,"mtime":9223372036854775807}\n) if $1 eq 'good';
}
S
chmod +x evil
experiment bad "$trash/evil"
is "$(fetch all | brief | cut -c1-38)" '1 9 something came that was not asked ' 'a far end that means ill is found out'
is "$(cd "$E/trials/aaaaa" && find . -type f | LC_ALL=C sort | tr '\n' ' ') $(find "$NNI_EXPERIMENTS" -name '*evil*')" './.nni/fetch.lock ./good  ' 'nothing came but what was asked for'
# ---- a storage that machines share: output goes there, and the machine is told no key ----
mkdir share
jq -nc --arg top "$PWD" --arg agent "$NNI_BIN/nni-platform-local" '{searchSpace: {x: {_type: "choice", _value: [1]}}, tuner: {name: "Random"},
	trialCommand: "echo there >$NNI_OUTPUT_DIR/result", trialCodeDirectory: "code", trialConcurrency: 1, maxTrialNumber: 1,
	sharedStorage: {storageType: "AzureBlob", storageAccountName: "acct", containerName: "box", storageAccountKey: "c2VjcmV0",
		localMountPoint: $top, remoteMountPoint: ($top + "/share"), localMounted: "nomount"},
	trainingService: {platform: "remote", machineList: [{host: "192.0.2.1", user: "joe", agentPath: $agent, remoteDir: ($top + "/far")}]}}' >s.json
chmod 600 s.json
exits 0 'trials on a machine with a shared storage' nni-run --id shr s.json
is "$(cat share/nni/shr/trials/*/nnioutput/result)" there 'leave their output there'
is "$(grep -rl c2VjcmV0 far)" '' 'and its key stays here'
done_testing
