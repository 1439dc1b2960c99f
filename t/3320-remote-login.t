#!/bin/sh
# Logging in to real machines by the ssh command that nni-platform-remote makes:
# keys, passwords, agents, host keys, shared connections.
. "$(dirname "$0")/lib.sh"
. "$TOP/t/sshd.sh"
sshd_needed
build=$(cd "$TOP" && cd "${NNI_O:-build}" && pwd)
login=$build/t/platform-remote-explain.t
[ -x "$login" ] || skip_all "no $login: make unit"

# machine 'MEMBERS'	an experiment with one machine, of its own: its connection
# is nobody else's
n=0
machine() {
	n=$((n + 1))
	e=$PWD/e$n
	mkdir "$e"
	printf '{"trialConcurrency":1,"searchSpace":{},"trainingService":[{"member":"remote","platform":"remote","trialCommand":"true","trialCodeDirectory":"%s","machineList":[{%s}]}]}\n' \
		"$PWD" "$1" >"$e/config.json"
}
# logs_in NAME [COMMAND [alone]]
logs_in() {
	name=$1
	shift
	[ $# -gt 0 ] || set -- 'echo "$HOME"'
	exits 0 "$name" "$login" "$e" 0 "$@"
}
# refused CODE 'PATTERN' NAME	what is said matches, too
refused() {
	exits "$1" "$3" "$login" "$e" 0 true
	like "$(cat err)" "$2" "$3: says why, and what to do"
}
at() { printf '"host":"127.0.0.1","port":%s,"user":"%s"' "$(sshd_port "$1")" "$me"; }

sshd_start one
machine "$(cat "$sshd/one/machine")"
logs_in 'a key'
is "$(cat out)" "$(sshd_home one)" 'on the machine that was meant'

ssh-keygen -q -t ed25519 -N '' -f other
machine "$(at one),\"sshKeyFile\":\"$PWD/other\""
refused 6 "*does not take the key*ssh-copy-id -i $PWD/other -p $(sshd_port one) $me@*" 'another key'
cp "$ssh/key" open
chmod 644 open
machine "$(at one),\"sshKeyFile\":\"$PWD/open\""
refused 6 '*others may read it*chmod 600*' 'a key that others can read'
machine "$(at one),\"sshKeyFile\":\"$PWD/none\""
refused 6 "*cannot read its sshKeyFile '$PWD/none'*" 'no key file'
machine "$(at one)"
refused 6 "*any of your keys*\`ssh -p $(sshd_port one) $me@127.0.0.1\`*" 'no key'

# ---- passphrases, agents ----
ssh-keygen -q -t ed25519 -N 'open sesame' -f locked
cat locked.pub >>"$sshd/one/authorized_keys"
locked=$(at one),\"sshKeyFile\":\"$PWD/locked\"
machine "$locked,\"sshPassphrase\":\"open sesame\""
logs_in 'a passphrase'
machine "$locked,\"sshPassphrase\":\"sesame\""
refused 6 "*passphrase of '$PWD/locked' is wrong*ssh-keygen -y -f*" 'another passphrase'
machine "$locked"
refused 6 '*is locked by a passphrase*sshPassphrase*ssh-add*' 'no passphrase'
agent=$(ssh-agent -a "$ssh/agent" | sed -n 's/^echo Agent pid \([0-9]*\);$/\1/p')
stop_at_end "kill $agent 2>/dev/null"
SSH_AUTH_SOCK=$ssh/agent ssh-add -q "$ssh/key"
ssh_config "IdentityAgent $ssh/agent"
machine "$(at one)"
logs_in 'an agent'

# ---- whose configuration ----
ssh_config "Host lab" "HostName 127.0.0.1" "Port $(sshd_port one)" "User $me" \
	"IdentityFile $ssh/key" 'ConnectTimeout 33' 'ServerAliveInterval 44' \
	"ControlPath $ssh/own" 'StrictHostKeyChecking no' 'LogLevel QUIET' \
	'RemoteCommand true' 'RequestTTY force'
machine '"host":"lab"'
logs_in "the user's own configuration says how"
is "$(cat out)" "$(sshd_home one)" 'and the command is ours'
tail -1 "$ssh/log" | grep -E 'ConnectTimeout|ServerAlive|Control|StrictHost'
is $? 1 'what it says is left alone'
tail -1 "$ssh/log" | grep -q 'LogLevel=ERROR'
is $? 0 'but silence'
ssh_config
machine '"host":"-oProxyCommand=touch proxied","user":"bob"'
exits 2 'a host that is an option' "$login" "$e" 0 true
machine "\"host\":\"127.0.0.1\",\"user\":\"-oProxyCommand=touch proxied\""
exits 2 'a user that is an option' "$login" "$e" 0 true
[ ! -e proxied ]
ok $? 'and nothing came of it'

# ---- host keys ----
machine "$(cat "$sshd/one/machine")"
sshd_unknown one
refused 6 "*host key is not known*ssh -p $(sshd_port one) -i $ssh/key $me@127.0.0.1*accept-new*" 'an unknown host key'
machine "$(cat "$sshd/one/machine"),\"hostKeyChecking\":\"accept-new\""
logs_in 'accept-new'
is "$(grep -cF "$(sshd_address one) " "$ssh/known_hosts")" 1 'it is known from then on'
sshd_new_host_key one
refused 6 "*host key has changed*ssh-keygen -f $ssh/known_hosts -R *:$(sshd_port one)'*" 'another host key, even so'
sshd_unknown one
sshd_known one

# ---- shared connections ----
socket() { sed -n 's/.*ControlPath=\([^ ]*\).*/\1/p' "$ssh/log" | tail -1; }
master() {
	ps -A -o pid= -o args= | TITLE="ssh: $(socket) [mux]" \
		awk 'index($0, ENVIRON["TITLE"]) { print $1 }'
}
connections() { grep -c '^Accepted' "$sshd/$1/log"; }
# holds FILE		a session that stays until FILE is there, $holder
holds() {
	"$login" "$e" 0 "echo up; until [ -e $PWD/$1 ]; do sleep 0.05; done" >"up-$1" 2>&1 &
	holder=$!
	wait_for grep -q up "up-$1"
}
machine "$(cat "$sshd/one/machine")"
before=$(connections one)
holds go1
logs_in 'a second session'
is "$(connections one)" $((before + 1)) 'shares the connection'
kill -s STOP "$(master)"
stop_at_end "kill -s KILL $(master) 2>/dev/null"
logs_in 'a master that is frozen: alone' true alone
kill -s KILL "$(master)"
wait $holder
[ -S "$(socket)" ]
ok $? 'a socket that nobody listens to'
logs_in 'is no obstacle'
is "$(connections one)" $((before + 3)) 'to a connection'
sshd_start narrow 'MaxSessions 1'
machine "$(cat "$sshd/narrow/machine")"
holds go2
logs_in 'MaxSessions 1: a second session'
is "$(connections narrow)" 2 'has a connection of its own'
touch go2
wait $holder
is $? 0 'beside the first'
sshd_stop narrow
machine "$(cat "$sshd/narrow/machine")"
refused 5 '*nobody listens there*' 'a machine that is down'

# ---- too many at once ----
sshd_start busy 'MaxStartups 2'
machine "$(cat "$sshd/busy/machine")"
cat >idle.pl <<'P'
use IO::Socket::INET;
$| = 1;
for (1, 2) {
	push @s, IO::Socket::INET->new("127.0.0.1:$ARGV[0]") or die;
	readline $s[-1];
}
print "waiting\n";
sleep 600;
P
perl idle.pl "$(sshd_port busy)" >idle &
idle=$!
wait_for grep -q waiting idle
refused 5 '*hung up*MaxStartups*' 'MaxStartups'
kill $idle
wait_for "$login" "$e" 0 true
ok $? 'later it goes on'

# ---- passwords ----
secret="right $$ horse \"battery\" \$taple"
if ! sshd_start_password pass "$secret"; then
	skip 'only root can make a machine with a password' passwords
	done_testing
	exit
fi
password="\"password\":$(printf %s "$secret" | jq -Rs .)"
machine "$(at pass),$password"
echo "right $$ horse" >needle
holds go3
ok $? 'a password'
is "$(grep -lsaFf needle /proc/[0-9]*/cmdline /proc/[0-9]*/environ)" '' 'is in no process'
touch go3
wait $holder
is "$(grep -rlaFf needle "$e" "$ssh" | grep -v 'config.json$')" '' 'and in no file'
machine "$(at pass),\"password\":\"wrong\""
refused 6 '*the password was refused*' 'another password'
is "$(grep -c '^Failed password' "$sshd/pass/log")" 1 'it is tried once'
machine "$(at one),$password"
refused 6 '*takes no passwords, only publickey*' 'a password where there are none'
# A jump host asks in the same words: the password is not its own.
ssh_config 'Host lab' 'HostName 127.0.0.1' 'HostKeyAlias lab' "User $me" \
	"Port $(sshd_port pass)" 'ProxyJump jump' \
	'Host jump' 'HostName 127.0.0.1' 'HostKeyAlias jump' "User $me" \
	"Port $(sshd_port pass)" 'PreferredAuthentications password'
for name in lab jump; do
	echo "$name $(cut -d' ' -f1,2 "$sshd/pass/host_key.pub")" >>"$ssh/known_hosts"
done
machine "\"host\":\"lab\",$password"
refused 6 "*not to be told*$me@jump's password*a jump host*" 'a jump host that wants a password'
is "$(grep -c '^Accepted password' "$sshd/pass/log")" 1 'does not get this one'
ssh_config

# ---- a whole run ----
# What a trial can see, and all that is left of a run; there is no code.
printf %s "$(at pass),$password" >"$sshd/pass/machine"
see="env >$PWD/seen; cat /proc/[0-9]*/environ /proc/[0-9]*/cmdline >$PWD/all 2>/dev/null; true"
SSHD_TRIALS=1 sshd_experiment c.yml "$see" pass
exits 0 'a run on a machine with a password' nni-run --id run c.yml
grep -q '^NNI_TRIAL_JOB_ID=' seen && grep -q nni-run all
ok $? 'a trial looks around'
is "$(grep -lsaFf needle seen all out err)" '' 'and sees no password'
is "$(grep -rlaFf needle "$sshd/pass/home" "$sshd/pass/log" "$NNI_EXPERIMENTS" "$ssh")" "$NNI_EXPERIMENTS/run/config.json" \
	'which is in no file but config.json'
machine "$(at pass),\"password\":\"wrong\""
exits 6 'check: a login that is refused' nni-platform-remote check --dir "$e"
is "$(jq -r 'select(.type=="error")|.where,.hint' out | head -2)" "$(sshd_place pass)
correct user or password; perhaps the machine takes no passwords for this user" 'where, and what to do'
done_testing
