# Real ssh servers for tests, behind lib.sh.  Each is a "machine" on 127.0.0.1
# with its own port, host key, settings and HOME; logins are those of whoever
# runs the test.  ssh reads the user's files by the passwd entry, so the client
# is the script $NNI_SSH, which gives ssh a configuration of the test's own.
#
#	. "$TOP/t/sshd.sh"
#	sshd_needed				skips the test where there is none
#	sshd_start one				a machine, listening
#	sshd_start two 'MaxSessions 1'		with lines for its sshd_config
#	sshd_experiment exp.yml 'echo hi' one two
#	ssh_config 'ConnectTimeout 5'		lines for the client, in front
#
# $ssh/log has a line for each ssh that was started: its arguments.
# In $sshd/NAME: port home log config host_key authorized_keys machine.  `machine`
# is what sshd_machines prints of it: JSON members, which tests may add to.
# $ssh/key is let in everywhere.  All ends with the test, whatever runs there.

sshd=$trash/sshd
ssh=$trash/ssh
SSHD=$(command -v sshd || for s in /usr/sbin/sshd /usr/local/sbin/sshd; do
	[ ! -x $s ] || echo $s; done)
SSH=$(command -v ssh)
me=$(id -un 2>/dev/null)

sshd_needed() {
	[ -n "$SSHD" ] && [ -n "$SSH" ] ||
		skip_all 'needs openssh-server and openssh-client'
	# Whoever has no shell cannot log in.
	case $me:$(getent passwd "$me" 2>/dev/null) in
	'':* | *nologin | *false) skip_all "nobody can log in as ${me:-this user}" ;;
	esac
	sshd_prepare
}

sshd_prepare() {
	mkdir -p "$sshd" "$ssh"
	chmod 700 "$ssh"
	ssh-keygen -q -t ed25519 -N '' -C test -f "$ssh/key"
	: >"$ssh/known_hosts"
	ssh_config
	: >"$ssh/log"
	cat >"$ssh/ssh" <<C
#!/bin/sh
printf '%s\n' "\$*" >>$ssh/log
exec $SSH -F $ssh/config "\$@"
C
	chmod +x "$ssh/ssh"
	NNI_SSH=$ssh/ssh
	export NNI_SSH
	if [ "$(id -u)" = 0 ]; then mkdir -p /run/sshd; fi
	# What tells a test's processes, see t/one, and what sanitizers are told.
	sshd_env="\"NNI_TEST_SSHD=$trash\""
	for v in TAP_MARK ASAN_OPTIONS LSAN_OPTIONS UBSAN_OPTIONS; do
		eval "w=\${$v-}"
		[ -z "$w" ] || sshd_env="$sshd_env \"$v=$w\""
	done
	stop_at_end sshd_stop_all
}

# ssh_config [LINE...]
ssh_config() {
	{
		for line; do echo "$line"; done
		cat <<C
Host *
	UserKnownHostsFile $ssh/known_hosts
	GlobalKnownHostsFile /dev/null
	IdentityFile none
	IdentityAgent none
C
	} >"$ssh/config"
}

# sshd_start NAME [LINE...]     lines of sshd_config; its first wins
# SSHD_ENV: "A=b" "C=d"         more of the environment there
sshd_start() {
	sshd_name=$1 sshd_d=$sshd/$1
	shift
	mkdir -p "$sshd_d/home"
	cp "$ssh/key.pub" "$sshd_d/authorized_keys"
	ssh-keygen -q -t ed25519 -N '' -C "$sshd_name" -f "$sshd_d/host_key"
	{
		for line; do echo "$line"; done
		cat <<C
ListenAddress 127.0.0.1
HostKey $sshd_d/host_key
AuthorizedKeysFile $sshd_d/authorized_keys
SetEnv "HOME=$sshd_d/home" $sshd_env ${SSHD_ENV-}
Subsystem sftp internal-sftp
PermitRootLogin yes
PasswordAuthentication no
KbdInteractiveAuthentication no
StrictModes no
PidFile none
PrintMotd no
UseDNS no
C
		# A locked account logs in by PAM alone.
		case $(getent shadow "$me" 2>/dev/null) in
		"$me":!*) echo 'UsePAM yes' ;;
		*) echo 'UsePAM no' ;;
		esac
		# Those who fail often are not to be shut out; new in 9.8.
		"$SSHD" -t -h "$sshd_d/host_key" -f /dev/null -o PerSourcePenalties=no \
			2>/dev/null && echo 'PerSourcePenalties no'
	} >"$sshd_d/config"
	: >"$sshd_d/port"
	sshd_again "$sshd_name" || return 1
	sshd_known "$sshd_name"
	printf '"host":"127.0.0.1","port":%s,"user":"%s","sshKeyFile":"%s"' \
		"$(sshd_port "$sshd_name")" "$me" "$ssh/key" >"$sshd_d/machine"
}

# Starts it again, with the port that it had.
sshd_again() {
	sshd_tries=0
	until sshd_try "$sshd/$1" "$(sshd_port "$1")"; do
		sshd_tries=$((sshd_tries + 1))
		grep -q 'already in use' "$sshd/$1/log" &&
			[ $sshd_tries -lt 1000 ] && continue
		diag "sshd does not start: $(tail -5 "$sshd/$1/log")"
		return 1
	done
}

# sshd_try DIRECTORY PORT       '': any that is free, as sshd finds
sshd_try() {
	sshd_at=$2
	[ -n "$sshd_at" ] || sshd_at=$(perl -e 'print 20000 + int rand 12000')
	: >"$1/log"
	sh -c "${SSHD_INSIDE-} exec \"\$@\"" sshd "$SSHD" -D -e -p "$sshd_at" \
		-f "$1/config" </dev/null >>"$1/log" 2>&1 &
	sshd_pid=$!
	wait_for sshd_decided "$1" "$sshd_pid" || return 1
	if grep -q 'Server listening' "$1/log"; then
		echo "$sshd_pid" >"$1/pid"
		echo "$sshd_at" >"$1/port"
		return
	fi
	wait "$sshd_pid" 2>/dev/null
	return 1
}
sshd_decided() {
	grep -q 'Server listening' "$1/log" || ! kill -0 "$2" 2>/dev/null
}

sshd_port() { cat "$sshd/$1/port"; }
sshd_home() { echo "$sshd/$1/home"; }
sshd_address() { echo "[127.0.0.1]:$(sshd_port "$1")"; }
sshd_place() { echo "$me@127.0.0.1:$(sshd_port "$1")"; }
# The client is told the server's host key, if no other.
sshd_known() {
	echo "$(sshd_address "$1") $(cut -d' ' -f1,2 "$sshd/$1/host_key.pub")" \
		>>"$ssh/known_hosts"
}
sshd_unknown() {
	grep -vF "$(sshd_address "$1") " "$ssh/known_hosts" >"$ssh/known_hosts.new"
	mv "$ssh/known_hosts.new" "$ssh/known_hosts"
}

# The servers of its connections, not what they run.
sshd_children() {
	ps -A -o pid= -o ppid= -o comm= | awk -v root="$(cat "$sshd/$1/pid")" '
		{ parent[$1] = $2; name[$1] = $3 }
		END {
			for (p in parent) {
				if (name[p] !~ /^sshd/ || p == root)
					continue
				for (q = p; q in parent && q != root; q = parent[q])
					;
				if (q == root)
					print p
			}
		}'
}
# sshd_kill NAME [SIGNAL]       the connections die as if the network did
sshd_kill() (
	for p in $(sshd_children "$1"); do kill -s "${2-KILL}" "$p" 2>/dev/null; done
	:
)
# Silent, but not gone: what there is, and who comes, hears nothing.
sshd_freeze() {
	kill -s STOP "$(cat "$sshd/$1/pid")" 2>/dev/null
	sshd_kill "$1" STOP
}
sshd_thaw() {
	sshd_kill "$1" CONT
	kill -s CONT "$(cat "$sshd/$1/pid")" 2>/dev/null
}
# The connections too; sshd_again brings it back.
sshd_stop() {
	sshd_freeze "$1"
	sshd_kill "$1"
	kill -s KILL "$(cat "$sshd/$1/pid")" 2>/dev/null
	wait "$(cat "$sshd/$1/pid")" 2>/dev/null
	rm -f "$sshd/$1/pid"
}
sshd_new_host_key() {
	sshd_stop "$1"
	rm -f "$sshd/$1/host_key"
	ssh-keygen -q -t ed25519 -N '' -C "$1" -f "$sshd/$1/host_key"
	sshd_again "$1"
}

# sshd_start_password NAME PASSWORD [LINE...]   one that takes this password of
# the user's.  Only root can: by a shadow file that this sshd alone sees.
sshd_start_password() {
	[ "$(id -u)" = 0 ] && unshare -m mount --bind /dev/null /dev/null \
		2>/dev/null || return 1
	P=$2 perl -e 'print crypt($ENV{P}, q($6$saltsalt)), "\n"' >"$sshd/crypted"
	awk -F: -v OFS=: -v me="$me" 'NR == FNR { hash = $0; next }
		$1 == me { $2 = hash } { print }' "$sshd/crypted" /etc/shadow \
		>"$sshd/shadow"
	chmod 600 "$sshd/shadow"
	cat >"$sshd/inside" <<C
#!/bin/sh
mount --bind "$sshd/shadow" /etc/shadow && exec "\$@"
C
	SSHD_INSIDE="exec unshare -m sh $sshd/inside \"\$@\";"
	sshd_name=$1
	shift 2
	sshd_start "$sshd_name" 'PasswordAuthentication yes' 'UsePAM no' "$@"
	set -- $?
	SSHD_INSIDE=
	return "$1"
}

# The machines as JSON, which is YAML.
sshd_machines() (
	comma=
	for m; do
		printf '%s{%s}' "$comma" "$(cat "$sshd/$m/machine")"
		comma=,
	done
)
# sshd_experiment FILE 'COMMAND' NAME...
sshd_experiment() {
	mkdir -p code
	cat >"$1" <<C
searchSpace: {x: {_type: uniform, _value: [0, 1]}}
trialCommand: $2
trialCodeDirectory: $PWD/code
trialConcurrency: ${SSHD_CONCURRENCY-2}
maxTrialNumber: ${SSHD_TRIALS-2}
tuner: {name: Random}
trainingService:
  platform: remote
  machineList: [$(shift 2; sshd_machines "$@")]
C
}

sshd_stop_all() {
	for sshd_d in "$sshd"/*/; do
		[ ! -e "$sshd_d/pid" ] || sshd_stop "$(basename "$sshd_d")"
	done
	# Linux tells what was started there and has left.
	for p in $(grep -lsz "^NNI_TEST_SSHD=$trash\$" /proc/[0-9]*/environ); do
		p=${p#/proc/}
		kill -s KILL "${p%/environ}" 2>/dev/null
	done
}
