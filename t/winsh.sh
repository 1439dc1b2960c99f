# Windows machines for tests, behind lib.sh and sshd.sh: a real sshd on
# 127.0.0.1 whose account answers as OpenSSH Server on Windows does.  What stands
# behind it is Wine: see t/windows/session, .ci/wine-shim.c, and in doc/windows.md
# what this cannot prove.
#
#	. "$TOP/t/sshd.sh"
#	. "$TOP/t/winsh.sh"
#	winsh_needed				skips the test where there is none
#	winsh_start one				DefaultShell is cmd.exe
#	WINSH_SHELL=powershell winsh_start two	or bash, or none that we know
#	WINSH_GREETING=file winsh_start three	which every command prints first
#	WINSH_NO_SFTP=1 winsh_start four	no sftp subsystem
#
# The account's profile is $sshd/NAME/home.

winsh_needed() {
	: "${WIN:=$TOP/build/win}"
	: "${WINEPREFIX:=$WIN/prefix}"
	export WINEPREFIX
	[ -e "$WIN/bin/nni-platform-local.exe" ] ||
		skip_all 'needs the programs for Windows: make windows'
	"$TOP/.ci/wine-run" --start 2>/dev/null ||
		skip_all 'needs Wine: run .ci/windows-setup'
	sshd_needed
}

# winsh_start NAME [LINE...]     lines of sshd_config
winsh_start() {
	SSHD_ENV="\"WINSH_TOP=$TOP\" \"WINEPREFIX=$WINEPREFIX\""
	for v in WINSH_SHELL WINSH_GREETING WINSH_NO_SFTP; do
		eval "w=\${$v-}"
		[ -z "$w" ] || SSHD_ENV="$SSHD_ENV \"$v=$w\""
	done
	new=$1
	shift
	sshd_start "$new" "ForceCommand $TOP/t/windows/session" "$@"
	code=$?
	SSHD_ENV=
	return $code
}

# winsh NAME COMMAND            as a person would type it
winsh() {
	"$NNI_SSH" -p "$(sshd_port "$1")" -i "$ssh/key" "$me@127.0.0.1" "$2"
}
