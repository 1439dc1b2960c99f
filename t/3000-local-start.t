#!/bin/sh
# What a trial finds when nni-platform-local starts it, and how its end is told.
. "$(dirname "$0")/lib.sh"
. "$TOP/t/local.sh"

experiment "$PWD/e" 'sh trial.sh'
cat >code/trial.sh <<'S'
env | sort >"$NNI_SYS_DIR/env"
pwd >"$NNI_SYS_DIR/cwd"
cat - >"$NNI_SYS_DIR/stdin"
ls /proc/self/fd 2>/dev/null | wc -l >"$NNI_SYS_DIR/fds"
echo out; echo err >&2
exit "$(sed 's/.*"code": \([0-9]*\).*/\1/' "$NNI_SYS_DIR/parameter.cfg")"
S
d=$PWD/e/trials

exits 0 'capabilities' "$L" capabilities
is "$(field needs_code <out)" none 'needs no code'
exits 0 'check' "$L" check --dir e
is "$(field n <out)" 1000 'room for trialConcurrency trials'
is "$(find e -type f)" e/config.json 'check changes nothing'

# ---- the recipe of nni-core 13 ----
export REUSE_MODE=true NNI_TRIAL_COMMAND_CHANNEL=http://x SDK_PROCESS=dispatcher
export PYTHONPATH=/p CUDA_VISIBLE_DEVICES=5
trial "$PWD/e" aaaaa 1 '{"code": 0, "lr": 0.10, "z":  [1,2.0]}' |
	"$L" submit --dir e >answers
unset REUSE_MODE NNI_TRIAL_COMMAND_CHANNEL SDK_PROCESS PYTHONPATH
is "$(grep -v credit answers | jq -c '[.trial,.attempt,.parameters,.sequence]' | numbers)" \
	'["aaaaa",1,{"code":0,"lr":0.1,"z":[1,2]},7]' 'the record comes back'
like "$(grep -v credit answers)" '*"parameters":{"code": 0, "lr": 0.10, "z":  \[1,2.0]}*' \
	'byte for byte'
is "$(grep -v credit answers | field job)" "$d/aaaaa" 'with a job'
is "$(ends "$PWD/e" aaaaa | field status)" SUCCEEDED 'it succeeds'
is "$(cat "$d/aaaaa/parameter.cfg")" \
	'{"parameter_id": 3, "parameter_source": "algorithm", "parameters": {"code": 0, "lr": 0.10, "z":  [1,2.0]}, "parameter_index": 0}' \
	'parameter.cfg'
is "$(grep -E '^(NNI_|MULTI|REUSE|SDK|CUDA_VIS)' "$d/aaaaa/env" | grep -Ev '^NNI_(BIN|EXPERIMENTS|PORTABLE|LONG|O|SUMS|ASAN)=')" \
	"CUDA_VISIBLE_DEVICES=5
MULTI_PHASE=false
NNI_ATTEMPT=1
NNI_CODE_DIR=$PWD/code
NNI_EXP_ID=e
NNI_OUTPUT_DIR=$d/aaaaa
NNI_PLATFORM=local
NNI_SYS_DIR=$d/aaaaa
NNI_TRIAL_JOB_ID=aaaaa
NNI_TRIAL_SEQ_ID=7" 'the environment'
is "$(cat "$d/aaaaa/cwd")" "$PWD/code" 'runs in trialCodeDirectory'
is "$(grep ^PWD= "$d/aaaaa/env")" "PWD=$PWD/code" 'and PWD says so'
is "$(wc -c <"$d/aaaaa/stdin" | tr -d ' ')" 0 'standard input is empty'
is "$(cat "$d/aaaaa/stdout" "$d/aaaaa/stderr")" "out
err" 'its output is kept'
if [ -e /proc/self/fd ]; then
	is "$(tr -d ' ' <"$d/aaaaa/fds")" 4 'it inherits nothing but its streams'
else
	skip 'no /proc' 'it inherits nothing but its streams'
fi
is "$(wc -c <"$d/aaaaa/.nni/metrics" | tr -d ' ')" 0 '.nni/metrics is there, empty'
like "$(head -n 1 "$d/aaaaa/.nni/state")" '0 1[0-9]*' '.nni/state begins as NNI has it'
is "$(cd "$d/aaaaa" && find . -type f | sort | tr '\n' ' ')" \
	'./.nni/lock ./.nni/metrics ./.nni/state ./cwd ./env ./fds ./parameter.cfg ./stderr ./stdin ./stdout ' \
	'no other file'
like "$(grep ^PYTHONPATH= "$d/aaaaa/env")" 'PYTHONPATH=/p*' "the user's PYTHONPATH stays first"

# ---- ends ----
trial "$PWD/e" aaaab 1 '{"code": 3}' | "$L" submit --dir e >/dev/null
ends "$PWD/e" aaaab >end
is "$(jq -c '[.status,.exit_code,.reason,.infra]' end)" '["FAILED",3,"exit code 3",null]' \
	'an exit code'
like "$(head -n 1 "$d/aaaab/.nni/state")" '3 1[0-9]*' 'in .nni/state'
trial "$PWD/e" aaaab 2 '{"code": 0}' | "$L" submit --dir e >/dev/null
trial "$PWD/e" aaaab 2 | sed 's/}$/,"job":"x"}/' | watch e >end
is "$(tail -n 1 end | jq -c '[.attempt,.status]')" '[2,"SUCCEEDED"]' 'a second attempt'
is "$(grep ^NNI_ATTEMPT "$d/aaaab-2/env")" NNI_ATTEMPT=2 'knows that it is one'
ends "$PWD/e" aaaaa aaaab >again
is "$(jq -r '.trial + " " + .status' again | sort | tr '\n' ' ')" 'aaaaa SUCCEEDED aaaab FAILED ' 'ends are told to whoever asks'

# one start: the exit code of a command, as bash has it
run() { # DIR COMMAND: its end
	experiment "$PWD/$1" "$2"
	submit "$PWD/$1" aaaaa >/dev/null
	ends "$PWD/$1" aaaaa
}
is "$(run r1 'no-such-program x' | jq -c '[.status,.exit_code]')" '["FAILED",127]' \
	'a program that is not found: 127'
like "$(cat r1/trials/aaaaa/stderr)" '*no-such-program*not found*' 'the shell says which'
is "$(run r2 'exit 4' | field exit_code)" 4 'a builtin'
is "$(run r3 'kill -SEGV $$' | jq -c '[.status,.signal,.reason]')" \
	'["FAILED","SEGV","killed by signal SEGV"]' 'a signal'
like "$(head -n 1 r3/trials/aaaaa/.nni/state)" '139 *' 'is 128 + n in .nni/state'
is "$(run r4 'a=3; echo $a | grep -q 3 && exit 5' | field exit_code)" 5 'a pipeline'
printf 'exit 6\n' >code/script; chmod +x code/script
is "$(run r5 './script' | field exit_code)" 6 'a script without #!'
is "$(run r6 'true x' | field status)" SUCCEEDED 'a program without a shell'
printf '#!/bin/sh\nreadlink /proc/$PPID/exe\n' >code/parent; chmod +x code/parent
run r7 './parent' >/dev/null
if [ -e /proc/self/exe ]; then
	is "$(basename "$(cat r7/trials/aaaaa/stdout)")" nni-platform-local \
		'has the keeper as its parent'
else
	skip 'no /proc' 'has the keeper as its parent'
fi
printf 'umask; ulimit -n; printf "<%%s>" "$GREETING"\n' >code/script
GREETING="it's
\"two\" lines"
export GREETING
run r9 'echo one\necho two | tr o 0' >/dev/null
is "$(cat r9/trials/aaaaa/stdout)" 'one
tw0' 'a command of several lines'
for how in './script' 'nice ./script; true'; do
	rm -rf r10
	(umask 027; ulimit -n 200; run r10 "$how" >/dev/null)
	is "$(cat r10/trials/aaaaa/stdout)" "0027
200
<$GREETING>" "umask, limits and environment are the user's: $how"
done
unset GREETING
run r8 'nni-trial get x' >/dev/null
is "$(cat r8/trials/aaaaa/stdout)" 0.10 'nni-trial is found'

# ---- PATH ----
# path_of DIR ENV-OPTION...: what a trial's PATH is, with this change of ours
path_of() {
	dir=$PWD/$1
	experiment "$dir" "$(command -v env)"
	shift
	trial "$dir" aaaaa | "$(command -v env)" "$@" "$L" submit --dir "$dir" >/dev/null
	ends "$dir" aaaaa >/dev/null
	sed -n 's/^PATH=//p' "$dir/trials/aaaaa/stdout"
}
is "$(path_of p1 PATH=/bin:.)" "/bin:.:$NNI_BIN" 'the directory of nni-trial comes behind PATH'
is "$(path_of p2 PATH=)" ":$NNI_BIN" 'whose empty entry is not lost'
is "$(path_of p3 -u PATH)" "$(getconf PATH):$NNI_BIN" 'without one, behind the standard PATH'
printf '#!/bin/sh\nexit 7\n' >code/here; chmod +x code/here
is "$(PATH=$PATH:; run p4 here | field exit_code)" 7 'an empty entry is the trialCodeDirectory'

# ---- a keeper that is not forked, as on Windows ----
experiment "$PWD/k" 'sh -c true'
order() { printf '{"dir":"%s","member":"local","trial":%s%s}' "$PWD/k" "$(trial "$PWD/k" "$1")" "${2-}"; }
is "$(order aaaaa | "$L" keep "$PWD/k/trials/aaaaa")" started 'keep: its order comes on standard input'
is "$(ends "$PWD/k" aaaaa | field status)" SUCCEEDED 'its trial runs'
is "$(order aaaaa | "$L" keep "$PWD/k/trials/aaaaa")" adopted 'again'
exits 2 'no order' "$L" keep "$PWD/k/trials/aaaab"
echo '{"dir":"/nowhere","member":"local","trial":{"type":"trial","trial":"aaaab"}}' >o
"$L" keep x <o >out 2>err
is $? 2 'an order that cannot be'

# ---- what is wrong ----
experiment "$PWD/w" 'no-such-program' ',"trialGpuNumber":0'
exits 3 'check: no such program' "$L" check --dir w
like "$(grep error out)" '*no-such-program*trialCommand*' 'said so'
for command in 'no-such-program $HOME' 'python3 no-such-program.py' './no-such-program'; do
	experiment "$PWD/w" "$command"
	exits 3 "check: $command" "$L" check --dir w
	like "$(jq -r 'select(.type == "error")|.message' out)" '*no-such-program*' 'said so'
	like "$(jq -r 'select(.type == "error")|.hint' out)" '*correct trialCommand*' 'with a remedy'
done
: >code/no-such-program
exits 3 'check: it is not executable' "$L" check --dir w
like "$(jq -r 'select(.type == "error")|.hint' out)" 'chmod +x*' 'with a remedy'
chmod +x code/no-such-program
exits 0 'check: it is' "$L" check --dir w
rm code/no-such-program
sed "s,$PWD/code,/no/such/dir," w/config.json >c && mv c w/config.json
exits 3 'check: no such code directory' "$L" check --dir w
like "$(grep error out)" '*/no/such/dir*does not exist*hint*' 'with a remedy'
submit "$PWD/w" aaaaa >/dev/null
like "$(ends "$PWD/w" aaaaa | field reason)" "*'/no/such/dir' does not exist" \
	'a trial there fails with that reason'
exits 3 'no configuration' "$L" submit --dir nowhere
exits 2 'no verb' "$L"
exits 2 'no --dir' "$L" submit
experiment "$PWD/g" 'env'  ',"trialGpuNumber":0'
submit "$PWD/g" aaaaa >/dev/null
ends "$PWD/g" aaaaa >/dev/null
is "$(grep ^CUDA_VISIBLE g/trials/aaaaa/stdout)" CUDA_VISIBLE_DEVICES=-1 \
	'trialGpuNumber 0 hides the GPUs'

# ---- a storage that several machines share ----
storage='"storageType":"NFS","nfsServer":"n","exportedDirectory":"/x y","remoteMountPoint":"/r","localMountPoint":'
experiment "$PWD/s" 'env' '' ",\"sharedStorage\":{$storage\"$PWD/share\",\"localMounted\":\"usermount\"}"
exits 3 'check: a shared storage that is not mounted' "$L" check --dir s
is "$(jq -r 'select(.type == "error").hint' out)" \
	"type: sudo mkdir -p $PWD/share && sudo mount -t nfs 'n:/x y' $PWD/share" 'with what to type'
like "$(submit "$PWD/s" aaaaa | field reason)" "*there is no directory '$PWD/share'; type: *" 'trials fail, and say it'
mkdir share
submit "$PWD/s" aaaab >/dev/null
ends "$PWD/s" aaaab >/dev/null
is "$(grep ^NNI_OUTPUT_DIR s/trials/aaaab/stdout)" "NNI_OUTPUT_DIR=$PWD/share/nni/s/trials/aaaab/nnioutput" \
	'where it is mounted, trials leave their output there'
ok "$([ -d share/nni/s/trials/aaaab/nnioutput ]; echo $?)" 'in a directory that is there'
experiment "$PWD/s" 'env' '' ",\"sharedStorage\":{$storage\"$PWD/share\",\"localMounted\":\"nomount\"}"
submit "$PWD/s" aaaac >/dev/null
ends "$PWD/s" aaaac >/dev/null
is "$(grep ^NNI_OUTPUT_DIR s/trials/aaaac/stdout)" "NNI_OUTPUT_DIR=$PWD/s/trials/aaaac" 'but not with nomount'

chmod 500 w/trials
if [ "$(id -u)" = 0 ]; then
	skip 'root writes everywhere' 'a read-only directory'
else
	is "$(submit "$PWD/w" aaaab | jq -c '[.status,.infra]')" '["FAILED",true]' \
		'a read-only directory'
fi
chmod 700 w/trials
done_testing
