#!/bin/sh
# Machines with Windows: a script in ssh's place answers as their shells do, and
# the program that is sent is this system's.  Wine's cmd.exe is in t/windows.
. "$(dirname "$0")/lib.sh"

sftp_server=
for s in /usr/lib/openssh /usr/libexec/openssh /usr/lib/ssh /usr/libexec; do
	[ ! -x "$s/sftp-server" ] || sftp_server=$s/sftp-server
done
command -v sftp >/dev/null && [ -n "$sftp_server" ] ||
	skip_all 'needs sftp and its server'

mkdir -p platforms/agents
for p in local remote; do ln -s "$NNI_BIN/nni-platform-$p" platforms; done
cp "$NNI_BIN/nni-platform-local" platforms/agents/windows-x86_64.exe
cp "$NNI_BIN/nni-trial" platforms/agents/nni-trial-windows-x86_64.exe
NNI_PLATFORM_PATH=$PWD/platforms
R=$NNI_PLATFORM_PATH/nni-platform-remote
program=.local/share/nni/bin/$(sha256sum <platforms/agents/windows-x86_64.exe | cut -d' ' -f1)/nni-platform-local.exe
export NNI_PLATFORM_PATH

# In $machine: shell says which it is, home is the profile, asked what was run.
cat >ssh <<'END'
#!/bin/sh
PATH=$tools
sftp=
for last; do
	[ "$last" != -G ] || exit 1
	[ "$last" != -s ] || sftp=1
done
cd "$machine/home" || exit 255
HOME=$PWD
printf '%s\n' "${sftp:+sftp }$last" >>../asked
unknown() { echo "'${last%% *}' is not recognized as an internal or external command" >&2; exit 1; }
plain() {
	case $last in *[!A-Za-z0-9_./\\:=+,\ -]*) unknown ;; esac
	set -- $(printf %s "$last" | tr '\\' /)
	[ -x "$1" ] || { echo 'The system cannot find the path specified.' >&2; exit 1; }
	exec "$@"
}
if [ -n "$sftp" ]; then
	[ ! -e ../no-sftp ] || { echo 'subsystem request failed on channel 0' >&2; exit 255; }
	exec "$sftp_server"
fi
[ ! -e ../down ] || { echo 'ssh: connect to host 192.0.2.7 port 22: Connection refused' >&2; exit 255; }
[ ! -e ../greeting ] || cat ../greeting
case $(cat ../shell):$last in
cmd:'echo nni:%OS%:$env:OS') printf 'nni:Windows_NT:$env:OS\r\n' ;;
powershell:'echo nni:%OS%:$env:OS') printf 'nni:%%OS%%:Windows_NT\r\n' ;;
sh:.local/*) plain ;;
sh:*) PATH=$machine/msys:$PATH exec sh -c "$last" ;;
none:*) echo '% Unknown command'; exit 1 ;;
*:'tar -xf -') [ ! -e ../no-tar ] || unknown; exec tar -xf - ;;
*:sh*) unknown ;;
*) plain ;;
esac
END
chmod +x ssh
NNI_SSH=$PWD/ssh
tools=$PATH
export NNI_SSH sftp_server machine tools

# machine NAME SHELL [',"more":"of it"']
machine() {
	machine=$PWD/$1
	mkdir -p "$machine/home" "$machine/msys" "$1/exp/platforms"
	echo "$2" >"$machine/shell"
	: >"$machine/asked"
	printf '#!/bin/sh\n[ "$1" = -m ] && echo x86_64 || echo MINGW64_NT-10.0-19045\n' >"$machine/msys/uname"
	chmod +x "$machine/msys/uname"
	E=$PWD/$1/exp
	cat >"$E/config.json" <<C
{"trialConcurrency":1,"searchSpace":{"x":{"_type":"uniform","_value":[0,1]}},
"trainingService":[{"member":"remote","platform":"remote","trialCommand":"true",
"trialCodeDirectory":"$PWD","machineList":[{"host":"192.0.2.7","user":"anna"${3-}}]}]}
C
}
check() {
	"$R" check --dir "$E" >out 2>err
	code=$?
	jq -r 'select(.type == "error") | .message, .hint // empty' out >why
	return $code
}
asked() { sed "s/^sh -c .*/sh/; s/^echo .*/probe/; s/ .*//; s/.*local.exe/start/; s/.*zzz.exe/zzz/" "$machine/asked" | tr '\n' ' '; }
known() { jq -r .shell "$E/platforms/remote-anna@192.0.2.7.json"; }
again() { : >"$machine/asked"; check; }

for shell in cmd powershell sh; do
	machine $shell $shell
	printf 'Microsoft Windows [Version 10.0.19045]\r\n\r\n' >"$machine/greeting"
	check
	is "$(known)" $shell "$shell: found out, and the program listens" ||
		diag "$(cat out err "$machine/asked" "$E"/log/*)"
	[ -x "$machine/home/$program" ]
	ok $? "$shell: the program lies in the profile, by its digest"
	again
	is "$? $(jq -r .place out) $(asked)" '0 anna@192.0.2.7 start ' "$shell: the next time it is one ssh" || diag "$(cat "$machine/asked")"
done
machine crowd cmd
for i in 1 2 3; do
	"$R" check --dir "$E" >crowd$i &
	crowd="${crowd-} $!"
done
# shellcheck disable=SC2086
wait $crowd
is "$(grep -l '"type":"place"' crowd1 crowd2 crowd3 | wc -l)" 3 'several may send it at the same time' ||
	diag "$(cat crowd1 crowd2 crowd3)"
is "$(find "$machine/home" -name '*.exe')" "$machine/home/$program" 'nothing else is left there'

# What was remembered is no longer so.
machine cmd powershell
rm -rf "$machine/home/.local"
again
is "$(asked)" 'start sh probe start sftp start start ' \
	'another shell, and the program is gone: all anew' || diag "$(asked; cat out)"
is "$(known)" powershell 'and that is known from now on'

machine tar cmd
: >"$machine/no-sftp"
check
is "$(asked)" 'sh probe start sftp tar start start ' 'without sftp it is sent by tar' || diag "$(asked; cat out)"
machine none_here cmd
: >"$machine/no-tar"
PATH=$PWD/platforms "$R" check --dir "$E" >out 2>err
jq -r .message out >why
like "$(cat why)" "*sftp: cannot run 'sftp'*" 'sftp is not here'
machine nothing cmd
: >"$machine/no-sftp"
: >"$machine/no-tar"
check
is "$?" 5 'without both'
like "$(cat why)" "*cannot put the program there: sftp: *; tar: 'tar' is not recognized*sshd_config*agentPath*" \
	'it is said what was tried, and what to do'

machine router none
check
is "$?" 5 'a shell that is none we know'
like "$(cat why)" '*ran no command; it said: % Unknown command*' 'is shown with what it says'
machine down cmd
: >"$machine/down"
check
is "$? $(asked)" '5 sh ' 'who is not there is not asked for a shell'

machine own cmd ',"agentPath":"C:\\nni\\zzz.exe"'
check
like "$? $(cat why)" '5 *agentPath*C:\\nni\\zzz.exe*is not a program*' 'an agentPath that is not there'
is "$(asked)" 'sh probe zzz ' 'is tried as it is written, and nothing is sent'
machine blank cmd ',"agentPath":"C:\\Program Files\\zzz.exe"'
check
like "$? $(cat why)" '3 *agentPath*letters, digits*' 'one that no shell could be told is refused'
is "$(asked)" 'sh probe ' 'and nothing is run'
done_testing
