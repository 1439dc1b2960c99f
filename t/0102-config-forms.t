#!/bin/sh
# Spellings, conversions, paths, options: what nni-config makes of good files.
. "$(dirname "$0")/lib.sh"

here=$(pwd -P)
head='searchSpace: {x: {_type: uniform, _value: [0, 1]}}
trialCommand: ./t
tuner: {name: Random}'
local='trainingService: {platform: local}'
# get PATH: a value of the canonical form in ./out
get() { jq -c "$1" out; }
# config TEXT: the canonical form of the head and this
config() {
	printf '%s\n' "$head" "$1" >c.yml
	nni-config -q c.yml >out 2>err || diag "$(cat err)"
}

# ---- keys ----
want=
for key in trialConcurrency trial_concurrency TRIALCONCURRENCY Trial_Concurrency \
	_trialconcurrency_ trialconcurrency; do
	config "$key: 3
$local"
	[ -n "$want" ] || want=$(cat out)
	is "$(cat out)" "$want" "$key is trialConcurrency"
done
is "$(get .trialConcurrency)" 3 'and has its value'
config "trialConcurrency: 1
training_service:
  Platform: remote
  machine_list: [{HOST: a, user: b, ssh_key_file: c.yml, MAXTRIALNUMBERPERGPU: 2}]"
is "$(get .trainingService[0].machineList)" \
	"[{\"host\":\"a\",\"user\":\"b\",\"sshKeyFile\":\"$here/c.yml\",\"maxTrialNumberPerGpu\":2}]" \
	'in objects below as well'
config "trialConcurrency: 1
$local
maxTrialNumber: null"
is "$(get .maxTrialNumber)" null 'null is not set'
is "$(grep -c maxTrialNumber out)" 0 'and not printed'
for n in 9007199254740993 9223372036854775807; do
	config "trialConcurrency: 1
$local
maxTrialNumber: $n"
	is "$(grep -o '"maxTrialNumber":[^,]*' out)" "\"maxTrialNumber\":$n" "$n stays what it is"
done

# ---- values ----
for pair in '10h 36000' '1.5h 5400' '0.001s 1' '2D 172800' '90 90' '1m 60' '1.2s 2'; do
	config "trialConcurrency: 1
maxTrialDuration: ${pair% *}
$local"
	is "$(get .maxTrialDuration)" "${pair#* }" "maxTrialDuration ${pair% *}"
done
config "trialConcurrency: 1
killGrace: 0.5s
lease: 2m
seed: 0x10
$local"
is "$(get '[.killGrace,.lease,.seed]')" '[0.5,120,16]' 'ours may have fractions'
for pair in '8GB 8192' '512mb 512' '1TB 1048576' '1.5gb 1536' '1024kb 1' '2097152b 2' '4096 4096'; do
	config "trialConcurrency: 1
trainingService: {platform: kubernetes, image: x, memorySize: ${pair% *}}"
	is "$(get .trainingService[0].memorySize)" "${pair#* }" "memorySize ${pair% *}"
done
for pair in '0 [0]' '"0,2" [0,2]' '"3" [3]' '[1] [1]' '"1,_0" [1,0]'; do
	value=$(printf %s "${pair% *}" | tr _ ' ')
	config "trialConcurrency: 1
trainingService: {platform: local, gpuIndices: $value}"
	is "$(get .trainingService[0].gpuIndices)" "${pair#* }" "gpuIndices $value"
done
config "trialConcurrency: 1
debug: yes
$local"
is "$(get '[.debug,.logLevel]')" '[true,"debug"]' 'debug sets the level'

# The user's own text of numbers; what only YAML has is put right.
printf '%s\n' 'trialConcurrency: 1' 'trialCommand: t' "$local" 'tuner: {name: GridSearch}' \
	'searchSpace: {a: {_type: choice, _value: [0.10, 1e-5, 1_000, .5, 0x10, +1, 1:30, yes, ~, 010, 2.0, .inf]}}' >c.yml
nni-config -q c.yml >out
like "$(cat out)" '*"_value":?0.10,1e-5,1000,0.5,16,1,90,true,null,8,2.0,"Infinity"?*' 'numbers'
echo '{"a": {"_type": "choice", "_value": [1.0, 1E5, "\u00e9", 123456789012345678901234567890]}}' >s.json
nni-config --space s.json >out
is "$(cat out)" '{"a":{"_type":"choice","_value":[1.0,1E5,"\u00e9",123456789012345678901234567890]}}' 'JSON stays byte for byte'

# ---- paths ----
mkdir -p exp/code other
echo '{"x": {"_type": "choice", "_value": [1]}}' >exp/space.json
cat >exp/c.yml <<-E
	searchSpaceFile: space.json
	trialCommand: ./t
	trialCodeDirectory: code
	trialConcurrency: 1
	experimentWorkingDirectory: ~/somewhere/new
	tuner: {name: Random}
	$local
E
(cd other && HOME=$here nni-config -q ../exp/c.yml) >out
is "$(get .trainingService[0].trialCodeDirectory)" "\"$here/exp/code\"" 'relative to the file, not to here'
is "$(get .experimentWorkingDirectory)" "\"$here/somewhere/new\"" '~ is the home'
is "$(get .searchSpace.x._value)" '[1]' 'the search space is inside'
is "$(get .searchSpaceFile)" null 'and its file no longer named'
cd exp || exit 1
nni-config -q - <c.yml >../out
cd ..
is "$(get .trainingService[0].trialCodeDirectory)" "\"$here/exp/code\"" 'from standard input: relative to here'
printf '{"x": {"_type": "uniform",\n "_value": [2, 1]}}' >exp/space.json
exits 3 'a fault in the search space' nni-config -q exp/c.yml
is "$(cat err)" 'exp/space.json:2:13: x: low is above high in uniform [low, high]; swap them' 'is told by the name that one would type'
exits 3 'from standard input' nni-config -q - <<-E
	nothing: 1
E
printf 'trialCommand: [\n' | nni-config -q - 2>err
like "$(cat err)" '<stdin>:2:1: *' 'names <stdin>'

# ---- members ----
config 'trialConcurrency: 1
trainingService:
- {platform: local}
- {platform: local, trialCommand: other, weight: 0.5, maxConcurrency: 2}
- {platform: local, member: gpu-box}
- {platform: kubernetes, image: x}'
is "$(get '[.trainingService[].member]')" '["local","local-2","gpu-box","kubernetes"]' 'names of members'
is "$(get '[.trainingService[].trialCommand]')" '["./t","other","./t","./t"]' 'what is missing comes from the top'
is "$(get '.trainingService[1]|[.weight,.maxConcurrency]')" '[0.5,2]' 'weight and bound'

# ---- tuners ----
for pair in 'tpe TPE' 'BATCHTUNER Batch' 'gptuner GP' 'RegularizedEvolution RegularizedEvolutionTuner'; do
	printf '%s\n' 'searchSpace: {x: {_type: choice, _value: [1]}}' 'trialCommand: t' \
		'trialConcurrency: 1' "$local" "tuner: {name: ${pair% *}}" >c.yml
	nni-config -q c.yml >out
	is "$(get .tuner.name)" "\"${pair#* }\"" "the tuner ${pair% *}"
done
config "trialConcurrency: 1
assessor: {name: _none_}
$local"
is "$(get .assessor)" null '_none_ is none'
mkdir -p tuners
touch tuners/my.py
printf '%s\n' 'trialCommand: t' 'trialConcurrency: 1' "$local" \
	'tuner: {class_name: my.T, code_directory: tuners, class_args: {A_b: 1}}' >c.yml
nni-config -q c.yml >out
is "$(get .tuner)" "{\"className\":\"my.T\",\"codeDirectory\":\"$here/tuners\",\"classArgs\":{\"A_b\":1}}" 'a class of one'\''s own; no search space is needed'

# ---- V1 ----
cat >v1.yml <<-E
	authorName: me
	experimentName: r
	description: d
	trialConcurrency: 2
	maxExecDuration: 1h
	maxTrialNum: 10
	maxTrialDuration: 30m
	trainingServicePlatform: remote
	searchSpacePath: s.json
	useAnnotation: false
	multiPhase: false
	logDir: logs
	logLevel: trace
	nniManagerIp: 10.0.0.1
	maxTrialRetry: 3
	lease: 90
	tuner: {codeDir: tuners, classFileName: my.py, className: T, classArgs: {a: 1}, gpuIndices: "0,1"}
	assessor: {builtinAssessorName: Medianstop, classArgs: {start_step: 2}}
	trial: {command: python3 a.py, codeDir: exp/code, gpuNum: 1}
	remoteConfig: {reuse: true, weight: 2}
	machineList:
	- {ip: a, username: bob, passwd: pw, gpuIndices: "0,1", maxTrialNumPerGpu: 2}
	- ip: b
	  port: 2222
	  username: bob
	  sshKeyPath: s.json
	  passphrase: secret
	  preCommand: . env.sh
	  pythonPath: /opt/py
	  useActiveGpu: true
	  hostKeyChecking: accept-new
	  agentPath: /opt/agent
	  remoteDir: /data
E
nni-config -q v1.yml >out
is "$(get 'del(.trainingService,.searchSpace)')" "{\"authorName\":\"me\",\"experimentName\":\"r\",\"description\":\"d\",\"trialConcurrency\":2,\"maxExperimentDuration\":3600,\"maxTrialNumber\":10,\"maxTrialDuration\":1800,\"maxTrialRetry\":3,\"lease\":90,\"experimentWorkingDirectory\":\"$here/logs\",\"logLevel\":\"trace\",\"multiPhase\":false,\"tunerGpuIndices\":[0,1],\"tuner\":{\"codeDirectory\":\"$here/tuners\",\"className\":\"my.T\",\"classArgs\":{\"a\":1}},\"assessor\":{\"name\":\"Medianstop\",\"classArgs\":{\"start_step\":2}}}" 'V1: the top level'
is "$(get .trainingService)" "[{\"member\":\"remote\",\"platform\":\"remote\",\"trialCommand\":\"python3 a.py\",\"trialCodeDirectory\":\"$here/exp/code\",\"trialGpuNumber\":1,\"weight\":2,\"machineList\":[{\"host\":\"a\",\"user\":\"bob\",\"password\":\"pw\",\"gpuIndices\":[0,1],\"maxTrialNumberPerGpu\":2},{\"host\":\"b\",\"port\":2222,\"user\":\"bob\",\"sshKeyFile\":\"$here/s.json\",\"sshPassphrase\":\"secret\",\"preCommand\":\". env.sh\",\"pythonPath\":\"/opt/py\",\"useActiveGpu\":true,\"hostKeyChecking\":\"accept-new\",\"agentPath\":\"/opt/agent\",\"remoteDir\":\"/data\"}]}]" 'V1: remote, nothing lost'
cp out remote.json

sed 's/^trainingServicePlatform.*/trainingServicePlatform: heterogeneous/' v1.yml >h.yml
cat >>h.yml <<-E
	localConfig: {gpuIndices: 3, useActiveGpu: true}
	heterogeneousConfig: {trainingServicePlatforms: [remote, local]}
E
nni-config -q h.yml >out
is "$(get '.trainingService[0]')" "$(jq -c '.trainingService[0]' remote.json)" 'heterogeneous: remote as alone'
is "$(get '.trainingService[1]')" "{\"member\":\"local\",\"platform\":\"local\",\"trialCommand\":\"python3 a.py\",\"trialCodeDirectory\":\"$here/exp/code\",\"trialGpuNumber\":1,\"gpuIndices\":[3],\"useActiveGpu\":true}" 'and local'
sed 's/heterogeneous/hybrid/' h.yml >y.yml
nni-config -q y.yml >got
is "$(cat got)" "$(cat out)" 'hybrid is the same'

# V1: the trial's own memory wins over paiConfig's, wherever they stand
cat >p.yml <<-E
	trialConcurrency: 2
	trainingServicePlatform: pai
	searchSpacePath: s.json
	tuner: {builtinTunerName: Random}
	paiConfig: {userName: me, host: http://pai, passWord: x, memoryMB: 1000, cpuNum: 7, reuse: true}
	trial: {command: t, codeDir: ., nniManagerNFSMountPath: exp, containerNFSMountPath: /mnt, gpuNum: 0, memoryMB: 2000, image: i, paiStorageConfigName: s}
E
nni-config -q p.yml >out
is "$(get '.trainingService[0]|[.trialMemorySize,.trialCpuNumber,.password,.host,.reuseMode]')" '[2000,7,"x","http://pai",true]' 'V1: pai, from both sections'

# ---- options ----
nni-config -q --redact v1.yml >out
is "$(get '.trainingService[0].machineList|[.[0].password,.[1].sshPassphrase]')" '["***","***"]' '--redact'
is "$(grep -c 'secret\|"pw"' out)" 0 'shows no secret'
nni-config -q --origin v1.yml >out
is "$(grep '^maxExperimentDuration' out)" 'maxExperimentDuration	3600	v1.yml:5' '--origin: file and line'
is "$(grep "machineList.1..host	" out)" 'trainingService[0].machineList[1].host	"b"	v1.yml:23' '--origin: in lists'
is "$(grep 'Passphrase' out)" 'trainingService[0].machineList[1].sshPassphrase	"***"	v1.yml:27' '--origin: shows no secret'
is "$(grep '\.member' out)" 'trainingService[0].member	"remote"	default' '--origin: defaults'
is "$(grep '^searchSpace' out)" 'searchSpace.a._type	"choice"	s.json:1
searchSpace.a._value	[1.0,1E5,"\u00e9",123456789012345678901234567890]	s.json:1' '--origin: the search space'
exits 0 '--check of a good file' nni-config --check -q v1.yml
is "$(cat out)$(cat err)" '' 'says nothing'
chmod 600 v1.yml
exits 0 'a file with notes' nni-config v1.yml
is "$(grep -c ': note: ' err)" 2 'has them on standard error'
exits 2 'no file' nni-config
exits 2 'two files' nni-config a b
exits 2 'options that exclude each other' nni-config --check --origin v1.yml
exits 2 'an option that is not for search spaces' nni-config --space --redact s.json
exits 3 'a file that is not there' nni-config nosuch.yml
is "$(cat err)" "nni-config: error: cannot open 'nosuch.yml': No such file or directory" 'is told'
exits 3 'a directory' nni-config exp
odd=$(printf 'odd\377')
if mkdir "$odd" 2>/dev/null; then
	cp c.yml "$odd"
	(cd "$odd" && nni-config c.yml) >out 2>err
	like "$? $(cat err)" "3 *the name of '*odd?xff' is not UTF-8*" 'a directory that has no name in JSON'
else
	skip 'names are UTF-8 here' 'a directory that has no name in JSON'
fi
exits 0 '--keys' nni-config --keys
ok $(($(wc -l <out) < 300)) 'prints every key'
is "$(grep "^v3	trainingService	weight	" out)" 'v3	trainingService	weight	number	not in NNI' 'with what is to know'

# ---- secrets in files of others ----
printf '%s\n' 'trialCommand: ./t' 'trialConcurrency: 1' 'searchSpace: {x: {_type: uniform, _value: [0, 1]}}' \
	'tuner: {name: TPE, classArgs: {}}' 'trainingService:' '  platform: remote' '  machine_list:' \
	'  - {host: 192.0.2.1, user: bob, PASSWORD: a}' '  - {host: 192.0.2.2, user: bob, ssh_passphrase: b}' >'se cret.yml'
chmod 600 'se cret.yml'
exits 0 'a password in a file of one user' nni-config 'se cret.yml'
is "$(cat err)" '' 'is fine'
cp out again.json
chmod 640 'se cret.yml'
exits 0 'in one that others can read' nni-config 'se cret.yml'
is "$(cat err)" "se cret.yml:8:44: note: other users of this machine can read this secret: chmod go= 'se cret.yml'" 'that is told once'
nni-config - <'se cret.yml' >/dev/null 2>err
is "$(cat err)" '' 'of a pipe it is not known'
is "$(nni-config --redact again.json 2>/dev/null | jq -c '.trainingService[].machineList[]|[.host,.password,.sshPassphrase]' | tr '\n' ' ' | sed 's/ $//')" \
	'["192.0.2.1","***",null] ["192.0.2.2",null,"***"]' 'shown are stars'

config 'trialConcurrency: 1
trainingService: {platform: kubernetes, image: a, imagePullSecrets: [{name: registry}],
  volumes: [{name: v, secret: {secretName: data}, projected: {sources: [{secret: {name: other, token: x}}]}}]}'
chmod 640 c.yml
exits 0 'the names of Secrets of Kubernetes' nni-config c.yml
is "$(sed 's/:[0-9:]*/:/' err)" 'c.yml: note: other users of this machine can read this secret: chmod go= c.yml' 'are none: the token is'
nni-config -q --redact c.yml >out
is "$(get '.trainingService[0]|[.imagePullSecrets[0].name,.volumes[0].secret.secretName,.volumes[0].projected.sources[0].secret[]]')" '["registry","data","other","***"]' 'and are shown'
config 'trialConcurrency: 1
trainingService: {platform: kubernetes, image: a, imagePullSecrets: [{name: registry}]}'
chmod 640 c.yml
exits 0 'names alone' nni-config c.yml
is "$(cat err)" '' 'nothing is noted'

# ---- clusters ----
for pair in '1:30:00 5400' '"01:30:00" 5400' '30:00 1800' '1-12 129600' '1-12:30 131400' '1-12:30:10 131410' '90m 5400' '7200 7200'; do
	config 'trialConcurrency: 1
trainingService: {platform: slurm, time: '"${pair% *}}"
	is "$(get .trainingService[0].time)" "${pair##* }" "a time limit of ${pair% *}"
done
config 'trialConcurrency: 1
trainingService: {platform: slurm, time: 60}'
nni-config c.yml >out 2>err
like "$(cat err)" '*c.yml:*: note: trainingService.time: is 60 seconds; for minutes, which Slurm*s number is, write 60m' 'minutes that are seconds are told'
cat >job.yaml <<'E'
apiVersion: batch/v1
kind: Job
spec: {template: {spec: {hostNetwork: true, priorityClassName: "yes", terminationGracePeriodSeconds: 0x10}}}
E
config 'trialConcurrency: 1
trainingService: {platform: kubernetes, image: a, template: job.yaml}'
is "$(get '.trainingService[0].template.spec.template.spec|[.hostNetwork,.priorityClassName,.terminationGracePeriodSeconds]')" '[true,"yes",16]' 'a template is what is in its file'
nni-config -q --origin c.yml | grep -q 'template.spec.template.spec.hostNetwork.*c.yml:'
ok $? 'which comes from the configuration'
printf 'a: 1\n  b: 2\n' >job.yaml
nni-config -q c.yml 2>err
like "$(cat err)" '*job.yaml:2:*' 'what is wrong in it is told where it is'
printf -- '- a\n' >job.yaml
nni-config -q c.yml 2>err
like "$(cat err)" "*trainingService.template: '*job.yaml' must have an object, not a list" 'it must be an object'
echo '{"auths":{"example.org":{"auth":"c2VjcmV0"}}}' >docker.json
config 'trialConcurrency: 1
trainingService: {platform: kubeflow, operator: tf-operator, worker: {replicas: 1, cpuNumber: 1, memorySize: 1, privateRegistryAuthPath: docker.json}}'
is "$(get '.trainingService[0].worker.privateRegistryAuth|fromjson|.auths["example.org"].auth')" '"c2VjcmV0"' 'the login of a registry is what is in its file'
is "$(get '.trainingService[0]|[.worker.command,.namespace,.gpuResource]')" '["./t","default","nvidia.com/gpu"]' 'a role without a command runs the experiment'\''s'
nni-config -q --redact c.yml >out
is "$(grep -c c2VjcmV0 out)" 0 'and it is a secret'
echo '{"auths":{},"credsStore":"desktop"}' >docker.json
nni-config c.yml 2>err >out
like "$(cat err)" '*note: trainingService.worker.privateRegistryAuthPath: has a "credsStore"*' 'that nothing is in it is told'
echo 'joe:secret' >docker.json
nni-config -q c.yml 2>err >out
like "$(cat err)" '*: trainingService.worker.privateRegistryAuthPath: must be a docker configuration*' 'and what is none'
echo '{kind: Framework, spec: {taskRoles: []}}' >framework.yaml
cat >m.yml <<-E
	trialConcurrency: 2
	trainingServicePlatform: frameworkcontroller
	searchSpacePath: s.json
	tuner: {builtinTunerName: Random}
	trial: {codeDir: exp}
	frameworkcontrollerConfig: {storage: pvc, configPath: framework.yaml, pvc: {path: /tmp}, kubeconfig: m.yml, context: c}
E
nni-config -q m.yml >out
is "$(get '.trainingService[0]|[.storage.storageType,.storage.localMountPoint,.template.kind,.context]')" '["pvc","/tmp","Framework","c"]' 'a Framework of one'\''s own, with the volume that is mounted here'

# ---- what the jobs of DLTS have in their environment ----
cat >m.yml <<-'E'
	trialConcurrency: 2
	trainingServicePlatform: dlts
	searchSpacePath: s.json
	tuner: {builtinTunerName: Random}
	trial: {command: t, codeDir: exp, gpuNum: 0, image: i}
	dltsConfig: {dashboard: "https://dlts.example.com"}
E
DLWS_VC_NAME=vc DLWS_USER_EMAIL=me@example.com DLTS_JOB_TOKEN=sesame nni-config -q m.yml >out
is "$(get '.trainingService[0]|[.dashboard,.team,.email,.password]')" '["https://dlts.example.com/","vc","me@example.com",null]' 'is used where nothing is set; no secret is copied'
exits 3 'or is missed' env -u DLWS_VC_NAME -u DLWS_USER_EMAIL -u DLTS_JOB_TOKEN -u NNI_DLTS_PASSWORD nni-config -q m.yml

# ---- somebody's own platform ----
mkdir -p backends
printf '#!/bin/sh\n' >backends/nni-platform-mine
chmod +x backends/nni-platform-mine
NNI_PLATFORM_PATH=$PWD/backends
export NNI_PLATFORM_PATH
config 'trialConcurrency: 1
trainingService: {platform: mine, My_Key: [1, {a: ~}], api_token: abc, trial_gpu_number: 1, password: [x]}'
is "$(get .trainingService[0])" "{\"member\":\"mine\",\"platform\":\"mine\",\"My_Key\":[1,{\"a\":null}],\"api_token\":\"abc\",\"trialGpuNumber\":1,\"password\":[\"x\"],\"trialCommand\":\"./t\",\"trialCodeDirectory\":\"$here\"}" 'its keys are passed on as they are'
exits 0 'and it can run' nni-config -q --runnable c.yml
nni-config -q --redact c.yml >out
is "$(get '.trainingService[0]|[.api_token,.password]')" '["***","***"]' 'its secrets are known by their names'
cat >m.yml <<-E
	trialConcurrency: 2
	trainingServicePlatform: mine
	searchSpacePath: s.json
	tuner: {builtinTunerName: Random}
	trial: {command: t, codeDir: exp}
	mineConfig: {x: 1}
E
nni-config -q m.yml >out
is "$(get '.trainingService[0]|[.platform,.trialCommand,.mineConfig.x]')" '["mine","t",1]' 'V1, too'
done_testing
