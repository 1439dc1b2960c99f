#!/bin/sh
# The far end of an ssh on Windows: nni-platform-local VERB --stdio in sessions as
# OpenSSH Server makes them (t/winsh.sh).
. "$(dirname "$0")/lib.sh"
. "$TOP/t/sshd.sh"
. "$TOP/t/winsh.sh"
winsh_needed
winsh_start one
home=$(sshd_home one)
mkdir -p "$home/.local"
cp "$NNI_BIN/nni-platform-local.exe" "$home/.local/far.exe"
x86_64-w64-mingw32-gcc -O1 -o "$home/busy.exe" "$TOP/t/windows/busy.c" || exit 1
windows_path() { "$TOP/.ci/wine-run" --path "$1"; }
in_json() { sed 's/\\/\\\\/g'; }
busy=$(windows_path "$home/busy.exe" | in_json)

# settings EXPERIMENT COMMAND [',"more":"of the member"']
settings() {
	printf '{"type":"settings","protocol":1,"experiment":"%s","place":"anna@win","key":"0123456789abcdef","root":"%s","member":"far","config":{"trialConcurrency":9,"trainingService":[{"member":"far","platform":"local","trialCommand":"%s"%s}]}}\n' \
		"$1" "${root:-~/.local/share/nni}" "$2" "${3-}"
}
record() { # EXPERIMENT ID
	printf '{"type":"trial","trial":"%s","attempt":1,"sequence":7,"dir":"/near/%s","platform":"far","place":"anna@win","parameter_id":3,"parameters":{"x": 0.10},"time":1}\n' "$2" "$1"
}
job() { record "$@" | sed 's/}$/,"job":"x"}/'; }
# What it says behind the marker; all of it is in ./raw.
far() {
	winsh one ".local\\far.exe $1 --stdio" >raw
	sed 1,2d raw
}
last() { jq -r "select(.status)|.$1" | tail -1; }
gone() { [ -z "$(runs "$1")" ]; }
runs() { # ARGUMENT
	pgrep -f "busy.exe\"? $1" | while read -r p; do
		grep -qsz "^NNI_TEST_SSHD=$trash\$" "/proc/$p/environ" && echo "$p"
	done
}
dir=$home/.local/share/nni/anna@win
{ settings aa "$busy 20"; record aa aaaaa; } | sed 's/$/\r/' | far submit >out
is "$(sed -n 1,2p raw | od -An -c | tr -d ' \n')" '\nnni-platform-localstdio1\n' \
	'the marker, with no CR; lines may have one'
is "$(jq -r 'select(.job).place' out)" anna@win 'a trial is started' || diag "$(cat raw)"
{ settings aa "$busy 20"; job aa aaaaa; } | far watch >out
is "$(last status <out)" SUCCEEDED 'and ends, watched by another session' || diag "$(cat raw)"
like "$(cat "$dir/aa/trials/aaaaa/stdout")" 'here*' 'its output is in the profile'

# Directories that no command line could name; a line for cmd.exe; pythonPath.
mkdir "$home/py thon"
cp "$home/busy.exe" "$home/py thon/python.exe"
more=",\"pythonPath\":\"$(windows_path "$home/py thon" | in_json)\""
root='~/Jörg Maier/nni & co'
line='echo [%NNI_TRIAL_JOB_ID%]>made.txt&& python 5'
# shellcheck disable=SC2089
{ settings cc "$line" "$more"; record cc ccccc; } | far submit >out
{ settings cc "$line" "$more"; job cc ccccc; } | far watch >out
is "$(last status <out)" SUCCEEDED 'a line for cmd.exe, in a directory of other letters' || diag "$(cat raw)"
trial="$home/Jörg Maier/nni & co/anna@win/cc/trials/ccccc"
like "$(cat "$trial/code/made.txt")" '*ccccc*' 'it runs in a directory of its own, with its environment'
like "$(cat "$trial/stdout")" 'here*' 'pythonPath comes first'
root=

# The session ends at once, and what it started is not a part of it.
{ settings bb "$busy tree"; record bb bbbbb; } | far submit >out
is "$(jq -r 'select(.job).trial' out)" bbbbb 'a tree of processes is started, and the session is over'
wait_for runs treexx
ok $? 'it lives on, three deep'
{ settings bb "$busy tree"; job bb bbbbb; printf '{"type":"cancel","trial":"bbbbb","attempt":1}\n'; } |
	far watch >out
is "$(last status <out)" USER_CANCELED 'it is cancelled'
is "$(runs tree)" '' 'all of it'
done_testing
