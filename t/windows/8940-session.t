#!/bin/sh
# Are the tests' Windows machines what OpenSSH Server on Windows is?  See
# t/winsh.sh.
. "$(dirname "$0")/lib.sh"
. "$TOP/t/sshd.sh"
. "$TOP/t/winsh.sh"
winsh_needed
printf 'Microsoft Windows [Version 10.0.19045.2965]\n\n' >greeting
winsh_start one
WINSH_SHELL=powershell winsh_start power
WINSH_SHELL=bash winsh_start bash
WINSH_SHELL=none winsh_start router
WINSH_GREETING=$PWD/greeting WINSH_NO_SFTP=1 winsh_start greets
home=$(sshd_home one)
x86_64-w64-mingw32-gcc -O1 -o "$trash/busy.exe" "$TOP/t/windows/busy.c" || exit 1

probe='echo nni:%OS%:$env:OS'
is "$(winsh one "$probe" </dev/null | od -An -c | tr -d ' \n')" \
	'nni:Windows_NT:$env:OS\r\n' 'one line tells cmd.exe'
is "$(winsh power "$probe" </dev/null)" "$(printf 'nni:%%OS%%:Windows_NT\r')" 'PowerShell'
is "$(winsh bash "$probe; uname -s" </dev/null)" "$(printf 'nni:%%OS%%::OS\nMINGW64_NT-10.0-19045')" \
	'a sh on Windows'
like "$(winsh router "$probe" </dev/null)" '% Unknown command*' 'and what is none of them'
winsh one "sh -c 'exit 0'" </dev/null 2>/dev/null
is $? 49 'no sh, nor single quotes, in cmd.exe'
is "$(winsh one 'echo a^&b "c  d" ^| e' </dev/null)" "$(printf 'a&b "c  d" | e\r')" \
	'cmd.exe sees the command as it was sent'
winsh one 'exit 37' </dev/null
is $? 37 'its exit code comes back'
is "$(winsh greets 'echo here' </dev/null | head -1)" \
	"$(printf 'Microsoft Windows [Version 10.0.19045.2965]\r')" 'a greeting before all else'

printf 'mkdir .local\nput %s .local/new.exe\nrename .local/new.exe .local/busy.exe\n' \
	"$trash/busy.exe" >batch
batch() { # NAME
	sftp -S "$NNI_SSH" -P "$(sshd_port "$1")" -i "$ssh/key" -b - \
		"$me@127.0.0.1" <batch >out 2>&1
}
batch one
ok $? 'sftp, from the profile on' || diag "$(cat out)"
! batch greets
ok $? 'or none, as configured'
head -c 1000000 /dev/urandom >noise
winsh one '.local\busy.exe cat' <noise | cmp -s - noise
ok $? 'a program in a directory whose name begins with a dot; bytes pass unchanged'

# Linux knows the processes of this test, and Wine's command lines.
runs() { # ARGUMENT
	pgrep -f "busy.exe\"? $1" | while read -r p; do
		grep -qsz "^NNI_TEST_SSHD=$trash\$" "/proc/$p/environ" && echo "$p"
	done
}
gone() { [ -z "$(runs "$1")" ]; }
like "$(winsh one '.local\busy.exe leave' </dev/null)" 'left*' 'a program is left behind'
wait_for gone 60001
ok $? 'and dies with the session'
like "$(winsh one '.local\busy.exe away' </dev/null)" 'left*' \
	'one leaves the job: the session ends all the same'
[ -n "$(runs 60002)" ]
ok $? 'and it lives on'
done_testing
