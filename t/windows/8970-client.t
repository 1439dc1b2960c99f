#!/bin/sh
# Windows as the client of the remote platform.  In the place of its ssh.exe
# stands t/windows/ssh.c, behind which is a machine with Windows, too.
. "$(dirname "$0")/lib.sh"
windows_path() { "$TOP/.ci/wine-run" --path "$1"; }
x86_64-w64-mingw32-gcc -O1 -o ssh.exe "$TOP/t/windows/ssh.c" || exit 1
mkdir -p home code exps
cp ssh.exe home/tar.exe
cp "$NNI_BIN/nni-trial.exe" code
NNI_SSH=$(windows_path "$trash/ssh.exe")
FAKE_HOME=$(windows_path "$trash/home")
NNI_EXPERIMENTS=$(windows_path "$trash/exps")
# A display of X is no thing that Windows has, but may be in the environment.
DISPLAY=
export NNI_SSH FAKE_HOME NNI_EXPERIMENTS DISPLAY

# experiment [',"more":"of the machine"']
experiment() {
	cat <<C
searchSpace: {x: {_type: uniform, _value: [0, 1]}}
trialCommand: nni-trial report 0.5 --final
trialCodeDirectory: code
trialConcurrency: 2
maxTrialNumber: 2
tuner: {name: Random}
trainingService:
  platform: remote
  machineList: [{"host":"192.0.2.7","user":"anna"${1-}}]
C
}
experiment >e.yml
win nni-run --id one e.yml >out 2>err
is $? 0 'an experiment on another machine' || diag "$(tail err exps/one/log/*)"
is "$(grep -c '"kind":"final"' exps/one/events.jsonl)" 2 'its results'
ls -d home/.local/share/nni/bin/*/nni-platform-local.exe >/dev/null
ok $? 'the program was sent'

# A password: ssh.exe starts this program to be told it.
FAKE_PASSWORD='pass "ö" word'
export FAKE_PASSWORD
experiment ',"password":"pass \"ö\" word"' >p.yml
win nni-run --id two p.yml >out 2>err
is $? 0 'a password is given by SSH_ASKPASS' || diag "$(tail err exps/two/log/*)"
experiment ',"password":"wrong"' >w.yml
win nni-run --id three w.yml >out 2>err
is $? 6 'a wrong one is refused'
like "$(cat err)" '*password*' 'which is said'
done_testing
