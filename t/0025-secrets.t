#!/bin/sh
# Secrets of a configuration: on no command line, in no environment, record, log,
# message or table, and on disk in config.json alone, which only we may read.
. "$(dirname "$0")/lib.sh"
. "$TOP/t/data/fake.sh"

# Every platform that has secrets, each by a stand-in.
mkdir platforms
for platform in remote openpai dlts dlc mine kubernetes kubeflow; do
	ln -s "$TOP/t/data/nni-platform-fake" "platforms/nni-platform-$platform"
done
# As nobody else has it, who may run this test at the same time.
secret=S3C$$x
NNI_OF_OUR_USER=$secret-environment
NNI_PLATFORM_PATH=$PWD/platforms
export NNI_OF_OUR_USER NNI_PLATFORM_PATH
cat >c.yml <<C
searchSpace: {x: {_type: uniform, _value: [0, 1]}}
trialCommand: python3 a.py
trialConcurrency: 5
maxTrialNumber: 5
trialGpuNumber: 0
tuner: {name: Random}
sharedStorage: {storageType: AzureBlob, localMountPoint: /tmp, remoteMountPoint: /tmp, localMounted: nomount,
  storageAccountName: a, storageAccountKey: $secret-account, containerName: c}
trainingService:
  - platform: remote
    machineList:
      - {host: h1, user: u, password: $secret-password}
      - {host: h2, user: u, sshKeyFile: c.yml, sshPassphrase: $secret-passphrase}
  - {platform: openpai, host: "https://joe:$secret-url@pai", username: u, token: $secret-openpai, dockerImage: i, trialCpuNumber: 1,
    trialMemorySize: 1GB, storageConfigName: s, localStorageMountPoint: /tmp, containerStorageMountPoint: /m}
  - {platform: dlts, dashboard: "https://dlts", team: t, email: e, password: $secret-dlts, dockerImage: i}
  - {platform: dlc, type: Worker, jobType: PyTorchJob, image: i, podCount: 1, ecsSpec: e, region: r,
    workspaceId: "1", nasDataSourceId: d, accessKeyId: A, accessKeySecret: $secret-access,
    localStorageMountPoint: /tmp, containerStorageMountPoint: /m}
  - {platform: kubernetes, image: i, codeUrl: "https://h/c.zip?sig=$secret-sig", storage: {azureAccount: abc, azureContainer: def, azureSasToken: $secret-sas}}
  - {platform: kubernetes, image: i, storage: {azureAccount: abc, azureShare: def, azureAccountKey: $secret-key}}
  - {platform: kubeflow, operator: tf-operator, worker: {replicas: 1, cpuNumber: 1, memorySize: 1, privateRegistryAuthPath: docker.json}}
  - {platform: mine, api_token: $secret-token, deep: [{clientSecret: $secret-deep}]}
C
echo "{\"auths\": {\"h\": {\"auth\": \"$secret-registry\"}}}" >docker.json
planted=$(cat c.yml docker.json | grep -o "$secret-[a-z]*" | sort)
nni-config -q c.yml >out 2>err
is "$(grep -o "$secret-[a-z]*" out | sort)" "$planted" 'all secrets are read' || diag "$(cat err)"

# keeps_quiet NAME COMMAND...
keeps_quiet() {
	test_name=$1
	shift
	"$@" >out 2>err </dev/null
	is "$(cat out err | grep -cE "$secret|335[.]?37")" 0 "$test_name" ||
		diag "$(cat out err)"
}
keeps_quiet 'nni-config --redact' nni-config --redact c.yml
keeps_quiet 'nni-config --origin' nni-config --origin c.yml
keeps_quiet 'nni-config --check -vv' nni-config --check -vv c.yml
for option in --print-config --check --dry-run; do
	keeps_quiet "nni-run $option" nni-run $option c.yml
done

# ---- faults around them ----
for change in 's/@-[a-z]*/33537/' 's,host: "https:,dashboard: "https:,' \
	's,host: h1,host: h1\, port: "https://u:@\\x40h/",' 's/@-[a-z]*/335.37/' 's/@-[a-z]*/!!int @/' \
	's/@-[a-z]*/[@, @]/' 's/@-[a-z]*/{k: @}/' \
	's/@-[a-z]*/"@/' 's/@-[a-z]*/"@\\q"/' 's/@-[a-z]*/@: @: x/' \
	's/@-[a-z]*/"@\\n\\x00"/' 's/@-[a-z]*/*@/' 's/@-[a-z]*/\&@ !@ x/' \
	's/password:/passwrod:/; s/api_token:/api_tokne:/; s/sshPassphrase/sshPasphrase/; s/ token:/ tokn:/' \
	's/@-[a-z]*/33537/; s/password:/passwrod:/; s/sshPassphrase/sshPasphrase/; s/ token:/ tokn:/' \
	's/accessKeySecret:/accessKeySecert:/; s/storageAccountKey:/storageAccountkee:/' \
	's/password: /password: 1, password: /' 's/password:/user:/' \
	's/\(password\|token\|Secret\|Key\|phrase\): \(@[-a-z]*\)/\1: \2, \1: \2/'; do
	printf '%s\n' "$change" | sed "s/@/$secret/g" >change
	sed -f change c.yml >wrong.yml
	keeps_quiet "a configuration after $change" nni-config --check wrong.yml
done

# ---- while it runs ----
nni-run --id abc c.yml >records 2>messages &
run=$!
E=$NNI_EXPERIMENTS/abc
stop_at_end "kill $run 2>/dev/null"
started() { [ "$(find "$E/fake/jobs" -type f | wc -l)" = 5 ]; }
wait_for started
ok $? 'it runs, on all of them'
if [ -r /proc/self/cmdline ]; then
	echo "$secret" >pattern
	is "$(cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\0' '\n' | grep -f pattern)" '' \
		'no process has one on its command line'
	is "$(cat /proc/[0-9]*/environ 2>/dev/null | tr '\0' '\n' | grep -f pattern | grep -v '^NNI_OF_OUR_USER=')" '' \
		'or in its environment'
else
	skip 'no /proc' 'no process has one on its command line'
	skip 'no /proc' 'or in its environment'
fi
for command in 'experiment list' 'experiment show abc' 'experiment status abc' 'config show abc' 'trial ls abc' \
	'top abc' 'log stdout abc' 'log stderr abc' 'log trial abc'; do
	# shellcheck disable=SC2086
	keeps_quiet "nnictl $command" nnictl $command
done
for job in "$E"/fake/jobs/*; do echo SUCCEEDED >"$E/fake/end/${job##*/}"; done
wait $run
is $? 0 'it ends'

# ---- what is left ----
is "$(cat records messages | grep -c "$secret")" 0 'nothing was said'
is "$(cd "$NNI_EXPERIMENTS" && grep -rl "$secret" . | sort)" ./abc/config.json 'config.json alone has them'
is "$(find "$NNI_EXPERIMENTS/abc" -prune -perm 700; find "$E/config.json" -perm 600)" "$NNI_EXPERIMENTS/abc
$E/config.json" 'and is for nobody else'
keeps_quiet 'nnictl experiment export' nnictl experiment export -f - abc
keeps_quiet 'nni-run --resume -vv' nni-run --resume abc -vv
keeps_quiet 'nni-collect' nni-collect abc
sed 's/"host"/"hots"/; s/"email":"e"/"email":5/' "$E/config.json" >broken
cp broken "$E/config.json"
keeps_quiet 'a config.json that was changed' nni-run --resume abc
head -c 700 broken >"$E/config.json"
keeps_quiet 'one that is cut off' nni-run --resume abc
keeps_quiet 'in nnictl too' nnictl experiment show abc
done_testing
