#!/bin/sh
# Multi-phase trials: what they ask for they get, once and the same after a crash.
. "$(dirname "$0")/lib.sh"
real=$NNI_BIN
. "$TOP/t/fake/lib.sh"
fakes=$PATH NNI_FAKES=$NNI_PLATFORM_PATH

# of ID 'FILTER': records of the journal
of() { jq -c "$2" "$(dir "$1")/events.jsonl" | numbers | tr '\n' ' '; }

# ---- on this machine ----
PATH=$NNI_BIN:$PATH
unset NNI_PLATFORM_PATH
mkdir code
cat >code/t.sh <<'T'
until [ -e go ]; do sleep 0.02; done
while :; do
	nni-trial report "$(nni-trial get x)"
	nni-trial report --final "$(nni-trial get x)"
	nni-trial next || break
done
T
# real COMMAND [MORE]: c.json
real() {
	cat >c.yml <<C
searchSpace: {x: {_type: choice, _value: [1, 2.0, 3, 4]}}
trialCommand: $1
trialCodeDirectory: code
trialConcurrency: 1
multiPhase: true
tuner: {name: ${2:-GridSearch}}
trainingService: {platform: local}
C
}
ran() { of "$1" 'select(.kind=="final")|[.parameter_id,.value]'; }
real 'sh t.sh'
: >code/go
exits 0 'a trial in sh' nni-run --id sh c.yml
is "$(ran sh)" '[0,1] [1,2] [2,3] [3,4] ' 'goes through the whole grid'
t=$(dir sh)/trials/$(of sh 'select(.type=="spec").trial' | tr -d '" ')
is "$(cat "$t/parameter_1.cfg")" \
	'{"parameter_id": 1, "parameter_source": "algorithm", "parameters": {"x": 2.0}, "parameter_index": 1}' 'files are NNI'\''s'
is "$(cat "$t/parameter_4.cfg")" \
	'{"parameter_id": null, "parameter_source": "algorithm", "parameters": null, "parameter_index": 4}' 'the last says that there are no more'

# killed while a trial waits: it asks when nobody is there
rm code/go
nni-run --id kill c.yml >out 2>err </dev/null &
run=$!
wait_for has kill '"status":"RUNNING"'
kill -9 $run
wait $run 2>/dev/null
: >code/go
t=$(dir kill)/trials/$(of kill 'select(.type=="spec").trial' | tr -d '" ')
wait_for grep -q REQUEST_PARAMETER "$t/.nni/metrics"
exits 0 'who goes on answers what was asked meanwhile' nni-run --resume kill
is "$(ran kill)" '[0,1] [1,2] [2,3] [3,4] ' 'the trial gets the same as without the crash'

# killed when an update is journaled, before or after it was handed on
cat >code/cut.sh <<'T'
nni-trial report --final 1
printf 'ME000087{"trial_job_id": "", "type": "REQUEST_PARAMETER", "sequence": 0, "parameter_index": 1}\n' >>"$NNI_SYS_DIR/.nni/metrics"
until [ -e go ]; do sleep 0.02; done
nni-trial next && nni-trial report --final "$(nni-trial get x)"
T
real 'sh cut.sh'
echo 'maxTrialNumber: 1' >>c.yml
for cut in journaled written; do
	rm -f code/go
	nni-run --id $cut c.yml >out 2>err </dev/null &
	run=$!
	wait_for has $cut '"type":"update"'
	t=$(dir $cut)/trials/$(of $cut 'select(.type=="spec").trial' | tr -d '" ')
	wait_for test -s "$t/parameter_1.cfg"
	kill -9 $run
	wait $run 2>/dev/null
	if [ $cut = journaled ]; then
		rm "$t/parameter_1.cfg"
		sed -i '/"type":"update"/s/2.0}/2.00}/' "$(dir $cut)/events.jsonl"
	else
		ls -i "$t/parameter_1.cfg" >inode
	fi
	: >code/go
	exits 0 "killed when an update is $cut" nni-run --resume $cut
	is "$(count $cut '"type":"update"') $(ran $cut)" '1 [0,1] [1,2] ' 'the trial gets that one and no other'
	grep -o '{"x": [0-9.]*' "$t/parameter_1.cfg" >>got
done
is "$(tr '\n' ' ' <got)" '{"x": 2.00 {"x": 2.0 ' 'byte for byte'
is "$(ls -i "$t/parameter_1.cfg")" "$(cat inode)" 'what is written is not written again'

# without nni-run: somebody types the updates
real 'sh t.sh'
mkfifo feed
nni-submit -q -c c.yml <feed 2>err | nni-watch -q | nni-collect -q >typed &
exec 3>feed
echo '{"x": 1}' >&3
wait_for grep -q '"parameter_index":1' typed
t=$(jq -r 'select(.type=="trial").trial' typed | head -n 1)
echo '{"type":"update","trial":"'$t'","parameter_index":1,"parameter_id":7,"parameters":{"x": 2.50}}' >&3
wait_for grep -q '"parameter_index":2' typed
echo '{"type":"update","trial":"'$t'","parameter_index":2,"parameters":null}' >&3
exec 3>&-
wait
is "$(jq -rc 'select(.kind=="final")|[.parameter_id,.value]' typed | numbers | tr '\n' ' ')$(jq -r 'select(.type=="status").status' typed | tail -n 1)" \
	'[null,1] [7,2.5] SUCCEEDED' 'in a typed pipeline too'

py=/usr/bin/python3
[ -x $py ] || py=$(command -v python3)
if [ -n "$py" ]; then
	# Programs that are not in their place do not find our package for it.
	echo "import sys; sys.path.append('$TOP/share/python')" >code/t.py
	cat >>code/t.py <<'P'
import nni
for i in range(3):
    p = nni.get_next_parameter()
    nni.report_final_result(p["x"] * 10)
P
	# Byte for byte what NNI 1.9's package does, but it looks more often.
	cat >code/legacy.py <<'P'
import json, os, subprocess, time
sysdir = os.environ["NNI_SYS_DIR"]
metrics = open(os.path.join(sysdir, ".nni", "metrics"), "wb")
def send(record):
    data = (json.dumps(record) + "\n").encode("utf8")
    metrics.write(b"ME%06d%b" % (len(data), data))
    metrics.flush()
    subprocess.run(["touch", metrics.name], check=True)
assert os.environ["MULTI_PHASE"] in ("true", "True")
for index in range(9):
    path = os.path.join(sysdir, ("parameter_%d.cfg" % index, "parameter.cfg")[index == 0])
    if not os.path.isfile(path):
        send({"trial_job_id": os.environ["NNI_TRIAL_JOB_ID"], "type": "REQUEST_PARAMETER",
              "sequence": 0, "parameter_index": index})
    while not (os.path.isfile(path) and os.path.getsize(path) > 0):
        time.sleep(0.05)
    params = json.load(open(path))
    if params["parameters"] is None:
        break
    send({"parameter_id": params["parameter_id"], "trial_job_id": os.environ["NNI_TRIAL_JOB_ID"],
          "type": "FINAL", "sequence": 0, "value": json.dumps(params["parameters"]["x"])})
P
	real "$py -S t.py"
	echo 'maxTrialNumber: 1' >>c.yml
	exits 0 'a trial in Python' nni-run --id py c.yml
	is "$(ran py)" '[0,10] [1,20] [2,30] ' 'asks as often as it wants'
	real "$py -S legacy.py"
	exits 0 'an old package of NNI' nni-run --id old c.yml
	is "$(ran old)" '[0,1] [1,2] [2,3] [3,4] ' 'sees null at the end'
else
	for n in 1 2 3 4; do skip 'no python3' 'trials in Python'; done
fi

# ---- on another machine: ssh is a script that runs its command here ----
if [ -x "$NNI_BIN/agents/$(uname -sm | tr 'L ' 'l-')" ]; then
	cat >fake-ssh <<'S'
#!/bin/sh
for command; do [ "$command" != -G ] || exit 1; done
cd "$HOME" && exec sh -c "exec $command"
S
	chmod +x fake-ssh
	mkdir home
	real 'sh t.sh'
	sed '/trainingService/d' c.yml >far.yml
	printf '%s\n' 'trainingService:' '  platform: remote' '  machineList: [{host: 192.0.2.2, user: bob}]' >>far.yml
	sed -i '/until/d' code/t.sh
	exits 0 'a trial elsewhere' env HOME="$PWD/home" NNI_SSH="$PWD/fake-ssh" nni-run --id far far.yml
	is "$(ran far)" '[0,1] [1,2] [2,3] [3,4] ' 'gets them as well'
else
	for n in 1 2; do skip 'no bin/agents' 'a trial elsewhere'; done
fi

# ---- each case, with stand-ins ----
PATH=$fakes NNI_PLATFORM_PATH=$NNI_FAKES
export NNI_PLATFORM_PATH
updates() { of "$1" 'select(.type=="update")|[.attempt,.parameter_index,.parameter_id,.parameters.x]'; }

config max=2 conc=1 then=phases '"multiPhase":true'
exits 0 'trials that ask for parameters' nni-run --id asks c.json
is "$(updates asks)" '[1,1,1,1] [1,2,2,2] [1,1,4,4] [1,2,5,5] ' 'get them'
is "$(of asks 'select(.kind)|[.kind[0:1],.parameter_id,.value]' | cut -d' ' -f1-5)" \
	'["f",0,0] ["r",0,null] ["f",1,1] ["r",1,null] ["f",2,2]' 'each result is that of its phase'
is "$(of asks 'select(.type=="ask")|[.n,.parameter_index]')" '[1,null] [1,1] [1,2] [1,null] [1,1] [1,2] ' 'each is asked of the tuner'
is "$(count asks '"type":"spec"')" 2 'maxTrialNumber counts trials'
is "$(grep -c '"type":"update"' "$(dir asks)/told")" 4 'the tuner knows whose its proposals are'
like "$(cat err)" '*best: 5.0, trial *, {"x":5.0*}*' 'the result is that of the last phase, with its parameters'
is "$(nnictl trial ls asks | jq -c '[.[]|[.parameterId,.hyperParameters.x,.finalMetricData]]' | numbers)" '[[2,2,2],[5,5,5]]' 'for nnictl too'
is "$(nnictl experiment export asks --filename - | jq -c '[.[]|[.parameter.x,.value]]' | numbers)" \
	'[[0,0],[1,1],[2,2],[3,3],[4,4],[5,5]]' 'an export has all phases'
is "$("$real/nni-collect" --format csv "$(dir asks)" | cut -d, -f4-6 | tr '\n' ' ')" \
	'status,metric,x SUCCEEDED,2.0,2.0 SUCCEEDED,5.0,5.0 ' 'a table has the last'

config max=1 tunes=2 then=phases '"multiPhase":true'
exits 0 'the tuner has no more' nni-run --id spent c.json
is "$(updates spent)" '[1,1,1,1] [1,2,null,null] ' 'then a trial gets null'

config max=1 then=phases-infra '"multiPhase":true'
exits 0 'a second attempt' nni-run --id retry c.json
is "$(updates retry)" '[1,1,1,1] [2,1,1,1] [2,2,2,2] ' 'gets what the first one got'
is "$(of retry 'select(.type=="ask")|[.n,.parameter_index]')" '[1,null] [1,1] [1,2] ' 'which is not asked for again'

config max=1 then=phases-die '"multiPhase":true'
exits 0 'the pipeline dies with an update' nni-run --id dies c.json
is "$(updates dies)" '[1,1,1,1] [1,2,2,2] ' 'nothing else is given'
is "$(grep '"type":"update".*"parameter_index":1' "$(dir dies)/fed" | sort | uniq -c | tr -s ' ' | cut -d' ' -f2)" 2 'the same update is handed on again'

config max=2 conc=2 then=phases '"multiPhase":true'
sed -i 's/"searchSpace":{/&"until":"result",/' c.json
exits 0 'a tuner that waits for a result' nni-run --id until c.json
is "$(updates until | tr ' ' '\n' | grep -c null)" 1 'who would wait for ever gets null'
is "$(updates until | tr ' ' '\n' | grep -vc null)" 2 'the other gets parameters after the end of the first'

config max=1 then=asks
exits 0 'multiPhase is not true' nni-run --id single c.json
is "$(of single 'select(.type=="update" or .parameter_index!=null and .type=="ask")')" '' 'nothing is given'
is "$(grep -c 'warning: trial ..... asks for further parameters, and gets none: multiPhase is not true' err)" 1 'it is said'

# a pass for cron brings them as well
config max=1 then=phases '"multiPhase":true'
for i in 1 2 3 4 5 6 7 8 9; do has tick '"reason":"done"' || nni-run --tick --id tick c.json >out 2>err; done
is "$(updates tick)" '[1,1,1,1] [1,2,2,2] ' '--tick'

sed -i 's/,"update":true//' bin/nni-platform-local
config max=1 then=phases '"multiPhase":true'
exits 3 'a platform that cannot' nni-run --id unable c.json
is "$(cat err)" "nni-run: error: local: multiPhase: the platform 'local' cannot give a running trial further parameters" 'is refused'
[ ! -e "$(dir unable)" ]
ok $? 'before anything is made'
done_testing
