#!/bin/sh
# How the far end comes to life: the program is sent once, and whatever stands in
# the way is told with what to do.  In place of ssh is a script that runs its
# command here, in a HOME of the test's own.
. "$(dirname "$0")/lib.sh"
kind=$(uname -sm | tr 'L ' 'l-')
program=$NNI_BIN/agents/$kind
[ -x "$program" ] || skip_all "there is no program for $kind"
digest=$(sha256sum <"$program" | cut -d' ' -f1)

cat >fake-ssh <<'S'
#!/bin/sh
# Every call is told; what INSIDE says comes before its command.
for command; do [ "$command" != -G ] || exit 1; done
echo $$ >>"${CALLS%calls}pids"
case $command in *nni:sent*) echo send ;; *) echo connect ;; esac >>"$CALLS"
cd "$HOME" || exit 255
eval "${INSIDE-}"
exec ${FAKE_SHELL:-sh} -c "exec $command"
S
chmod +x fake-ssh
mkdir home
CALLS=$PWD/calls HOME=$PWD/home NNI_SSH=$PWD/fake-ssh
export CALLS HOME NNI_SSH INSIDE FAKE_SHELL
INSIDE= FAKE_SHELL=

# machine [',"more":"of it"']: an experiment with that machine
machine() {
	mkdir -p exp1/log code
	cat >exp1/config.json <<C
{"trialConcurrency":1,"searchSpace":{"x":{"_type":"uniform","_value":[0,1]}},
"trainingService":[{"member":"remote","platform":"remote","trialCommand":"true",
"trialCodeDirectory":"$PWD/code","machineList":[{"host":"192.0.2.2","user":"bob"${1-}}]}]}
C
	: >calls
}
check() { nni-platform-remote check -d exp1 </dev/null >out 2>err; }
calls() { tr '\n' ' ' <calls; }
# answers CALLS NAME: the far end speaks, after these
answers() {
	check
	is "$?$(jq -r 'select(.type == "place").place' out)" 0bob@192.0.2.2 "$2: answers"
	is "$(calls)" "$1 " "$2: $1" || diag "$(cat out err)"
}
# refused CODE PATTERN NAME: the only word is an error record like that
refused() {
	check
	is "$?" "$1" "$3: exit code $1"
	like "$(jq -r '.message + " | " + .hint' out)" "$2" "$3" || diag "$(cat err)"
}
root=$HOME/.local/share/nni
has_program() { cmp -s "$program" "$1/bin/$digest/nni-platform-local"; }

# ---- sent once ----
machine
answers 'connect send connect' 'a machine that has nothing'
has_program "$root"
ok $? 'the program is there, all of it'
is "$(find "$root" -perm /077)" '' 'nobody else can see it'
machine
answers connect 'the second time'
chmod 600 "$root/bin/$digest/nni-platform-local"
machine
answers 'connect send connect' 'a program that cannot be run'
rm -r "$root"
machine
for i in 1 2 3 4; do
	nni-platform-remote check -d exp1 </dev/null >out$i 2>&1 &
done
wait
is "$(cat out? | grep -c '"type":"place"')" 4 'four at once'
is "$(ls -A "$root/bin/$digest")" nni-platform-local 'do each other no harm'

# ---- other places, and other shells ----
machine ',"remoteDir":"~/a b"'
answers 'connect send connect' 'remoteDir with a blank'
has_program "$HOME/a b"
ok $? 'it is taken'
machine ",\"agentPath\":\"$NNI_BIN/nni-platform-local\",\"remoteDir\":\"$PWD/other\""
answers connect agentPath
[ ! -e other/bin ]
ok $? 'it is sent nothing'
machine ',"agentPath":"~/nothing"'
refused 3 "*agentPath '~/nothing' is not there | put nni-platform-local of $(uname -sm) there*" 'agentPath that is not there'
cat >noisy <<'S'
#!/bin/sh
printf 'Welcome\r\n\033[1m$ '
echo 'to the machine' >&2
exec sh "$@"
S
chmod +x noisy
for shell in noisy fish tcsh; do
	machine ",\"remoteDir\":\"$PWD/of-$shell\""
	FAKE_SHELL=$shell
	[ $shell != noisy ] || FAKE_SHELL=$PWD/noisy
	if command -v "$FAKE_SHELL" >/dev/null; then
		answers 'connect send connect' "the login shell is $shell"
	else
		skip "no $shell" "the login shell is $shell"
	fi
done
FAKE_SHELL=

# ---- what stands in the way ----
machine ',"remoteDir":"~/file/nni"'
: >"$HOME/file"
refused 3 '*cannot put the program into ~/file/nni: a part of its path is not a directory* | set remoteDir *' 'no directory'
machine ',"remoteDir":"~/closed/nni"'
mkdir "$HOME/closed"
if [ "$(id -u)" = 0 ]; then
	machine ',"remoteDir":"/nni-test"'
	FAKE_SHELL='setpriv --reuid 65534 --regid 65534 --clear-groups sh'
else
	chmod 500 "$HOME/closed"
fi
refused 3 '*: there is no permission to write there: mkdir: *Permission denied | set remoteDir *' 'no permission'
FAKE_SHELL=
cat >uname <<'S'
#!/bin/sh
case $1 in -s) echo SunOS ;; *) echo sun4v ;; esac
S
chmod +x uname
machine
INSIDE="PATH=$PWD:\$PATH"
refused 3 '*it is a SunOS sun4v, *no program | build nni-platform-local *agentPath*' 'an unknown system'

# disk NAME OPTIONS
disk() {
	mkdir -p "$1"
	machine ",\"remoteDir\":\"$PWD/$1\""
	FAKE_SHELL="unshare -m $PWD/inside"
	cat >inside <<S
#!/bin/sh
mount -t tmpfs -o $2 nni-test "$PWD/$1" || exit
exec sh "\$@"
S
	chmod +x inside
	unshare -m "$PWD/inside" -c true 2>/dev/null
}
INSIDE=
if disk full size=300k; then
	refused 5 '*: no space is left on the disk there* | free some, or set remoteDir *' 'a full disk'
	disk closed noexec
	refused 3 '*: programs may not be run there (a disk mounted with noexec?)* | set remoteDir *' 'noexec'
	disk readonly ro
	refused 3 '*: the disk there can only be read* | set remoteDir *' 'a disk that is read only'
else
	skip 'nobody but root can mount' 'full, noexec and read-only disks'
fi
FAKE_SHELL=

# ---- lost, and back ----
# submitting: its input stays open, what it says is in ./said
submitting() {
	rm -f in
	mkfifo in
	nni-platform-remote submit -d exp1 <in >said 2>err &
	submit=$!
	stop_at_end "kill $submit 2>/dev/null"
	exec 9>in
}
submitted() {
	exec 9>&-
	wait $submit
}
credits() { [ "$(grep -c '"type":"credit".*"n":1' said)" -ge "$1" ]; }
machine
submitting
wait_for credits 1
ok $? 'the machine has room'
kill -s KILL "$(tail -n 1 pids)"
wait_for credits 2
ok $? 'again, after its connection was lost'
like "$(jq -r 'select(.n == 0).reason' said | tail -n 1)" '*connection is lost*' 'between the two it had not'
submitted
is $? 0 'it ends with its input'

# ---- a real server, and a login shell with much to say ----
. "$TOP/t/sshd.sh"
if [ -z "$SSHD" ] || [ -z "$SSH" ]; then
	skip 'needs openssh-server' 'a real server'
	done_testing
	exit 0
fi
sshd_needed
sshd_start one
for rc in .bashrc .profile .cshrc .zshenv; do echo 'echo welcome' >"$(sshd_home one)/$rc"; done
mkdir -p exp1
machine
printf '%s' "$(jq -c --argjson m "{$(cat "$sshd/one/machine")}" '.trainingService[0].machineList = [$m]' exp1/config.json)" >exp1/config.new
mv exp1/config.new exp1/config.json
check
is "$?$(jq -r 'select(.type == "place").place' out)" "0$(sshd_place one)" 'a real server: answers' || diag "$(cat out err)"
has_program "$(sshd_home one)/.local/share/nni"
ok $? 'has the program'
NNI_BACKEND_TIMEOUT=3s submitting
wait_for credits 1
ok $? 'it has room'
sshd_freeze one
wait_for grep -q 'has not answered for 3 s' said
ok $? 'until it is silent'
sshd_thaw one
wait_for credits 2
ok $? 'and again when it is not'
submitted
done_testing
