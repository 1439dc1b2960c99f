#!/bin/sh
# Every platform keeps the contract: nni-conformance plays it.
. "$(dirname "$0")/lib.sh"

# platforms/README explains the example line by line, so it holds all of it.
awk '/^4\. / { on = 0 } on && /^\t/ { print substr($0, 2) } /^3\. / { on = 1 }' \
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
config=$TOP/examples/platform/config.yml
example=$TOP/examples/platform/nni-platform-sh
trials=50
[ -z "${NNI_LONG-}" ] || trials=1000
NNI_PLATFORM_PATH=$TOP/examples/platform
export NNI_PLATFORM_PATH

# They mostly wait, so side by side.  conform OUT ARGUMENT...
conform() {
	to=$1
	shift
	nni-conformance "$@" >"$to" 2>"$to.err"
	echo "exit $?" >>"$to"
}
# remote, with an ssh that stays here
printf '#!/bin/sh\nfor c; do :; done\nexec sh -c "$c"\n' >ssh
chmod +x ssh
NNI_SSH=$PWD/ssh
export NNI_SSH
sed "s|platform: local|platform: remote, machineList: [{host: 192.0.2.1, user: joe, agentPath: $NNI_BIN/nni-platform-local, remoteDir: $PWD/far}]|" local.yml >remote.yml
conform remote -n $trials remote remote.yml &
conform local local local.yml &
conform script --sh -o one,ends,gone,update local local.yml &
conform example -n $trials sh "$config" &

# ---- mutants of the example ----
# mutate N EXPRESSION: the file changed by sed, as the platform mutantN
mutate() {
	mkdir "$1"
	sed "$2" "$example" >"$1/nni-platform-m$1"
	chmod +x "$1/nni-platform-m$1"
	sed "s/platform: sh/platform: m$1/" "$config" >"$1.yml"
	! cmp -s "$1/nni-platform-m$1" "$example"
	ok $? "mutant $1 is another one"
}
mutants="1:adopt:2s:it was started once
2:adopt:2s:with other parameters
3:one:2s:collect passes on
4:one:2s:metric 1
5:attempts:2s:a trial that failed, in its second
6:cancel:2s:watch says the end
7:gone:8s:watch says the end
8:again:2s:a new watch says"
mutate 1 's/\[ ! -s "$d\/pid" \]/true/; s/\[ -s "$d\/pid" \]/true/'
mutate 2 's/jq .parameters)/jq .trial)/; s/jq .parameters "/jq .trial "/'
mutate 3 's/^done$/done | if [ $verb = collect ]; then grep .; else cat; fi/'
mutate 4 's/(.value | if/(.value | fromjson? | tostring | if/'
mutate 5 's/d=$d-$n/:/'
mutate 6 '/watch cancel/d'
mutate 7 's/-s KILL//'
mutate 8 's/mkdir -p "$d" && follow/[ -e "$d\/seen" ] || follow/; s/^follow() {/&\n>"$d\/seen"/'
# A backend that is found late on a busy machine is found all the same.
play_mutant() { NNI_PLATFORM_PATH=$PWD/$1 conform "m$1" -t "$2" -o "$3" "m$1" "$1.yml"; }
first_fault() { grep -m 1 '^not ok [0-9]* - [^#]*$' "$1"; }
IFS=:
while read -r n part limit _; do play_mutant "$n" "$limit" "$part" & done <<M
$mutants
M
unset IFS
wait

# judge OUT NAME
judge() { grep -qx 'exit 0' "$1"; ok $? "$2" || diag "$(grep -A4 '^not ok' "$1"; tail -n 3 "$1")"; }
judge local 'the platform local'
grep -q '^ok .* 1000 trials, each with its metric' local
ok $? 'with a thousand trials'
! grep -q TODO local
ok $? 'metrics come while trials run'
judge remote 'the platform remote'
judge script 'the script that is a trial where there is only sh'
judge example 'the example in sh'
while IFS=: read -r n part limit promise; do
	case $(first_fault "m$n") in "not ok "*" - $promise"*) ;; *) play_mutant "$n" 30s "$part" ;; esac
	like "$(first_fault "m$n")" "not ok * - $promise*" "mutant $n: $promise" || diag "$(cat "m$n")"
done <<M
$mutants
M

# ---- which parts ----
nni-conformance --list >parts
nni-conformance -o check,4 --only=5 sh "$config" >out 2>err
is "$(sed -n 's/^# \([a-z-]*\): .*/\1/p' out | tr '\n' ' ')" 'check usage one ' 'parts by name and number'
is "$(sed -n '$s/^1\.\.//p' out)" "$(grep -c '^ok' out)" 'the plan fits'
exits 2 'a part that is none' nni-conformance -o chek sh "$config"
like "$(cat err)" "*no part 'chek'; did you mean 'check'?*" 'is named'
exits 2 'a number too large' nni-conformance -o "$(($(grep -c . parts) + 1))" sh "$config"
exits 2 'no configuration' nni-conformance sh
exits 2 'a list of nothing else' nni-conformance --list sh
for n in 0 10000 99999999999999999999; do
	exits 2 "$n trials" nni-conformance -n $n sh "$config"
	like "$(cat err)" "*--trials: $n is not in 1..9999*" 'and what is possible'
done
exits 3 'a platform that is not there' nni-conformance nowhere "$config"
like "$(cat err)" "*no program 'nni-platform-nowhere'* in *NNI_PLATFORM_PATH*" 'says where it was looked for'

done_testing
