#!/bin/sh
# The programs that are sent to other machines: they need nothing there, and run
# on the processor that they are made for.
. "$(dirname "$0")/lib.sh"
. "$TOP/t/local.sh"

# one KIND [EMULATOR]
one() {
	kind=$1
	shift
	program=$NNI_BIN/agents/$kind trial=$NNI_BIN/agents/nni-trial-$kind
	if [ ! -x "$program" ] || ! "$@" "$program" --version >version 2>&1; then
		skip 'not built, or nothing runs it here' "$kind"
		return
	fi
	is "$(cat version)" "$("$L" --version)" "$kind: the same version"
	is "$("$@" "$program" capabilities)" "$("$L" capabilities)" "$kind: the same promises"
	is "$("$@" "$trial" --version)" "$(nni-trial --version)" "$kind: nni-trial"
	# No interpreter: no library is looked for.
	is "$(perl -0777 -ne 'print "needs one" if m{/lib(64)?/ld-}' "$program" "$trial")" '' "$kind: static"
	mkdir "$kind"
	printf '#!/bin/sh\nexec %s "$@"\n' "$* $program" >"$kind/start"
	chmod +x "$kind/start"
	L=$PWD/$kind/start
	experiment "$PWD/$kind" 'pwd >f; exit 3'
	submit "$PWD/$kind" abcde >/dev/null
	end=$(ends "$PWD/$kind" abcde)
	case $end in
	# qemu knows no subreapers.
	*'become a subreaper: Invalid'*) skip 'not under this emulator' "$kind: a trial" ;;
	*) is "$(echo "$end" | field exit_code)" 3 "$kind: a trial" ;;
	esac
	L=$NNI_BIN/nni-platform-local
}
case $(uname -sm) in
'Linux x86_64') one linux-x86_64 ;;
*) skip 'another machine' linux-x86_64 ;;
esac
if [ "$(uname -sm)" = 'Linux aarch64' ]; then
	one linux-aarch64
elif command -v qemu-aarch64-static >/dev/null; then
	one linux-aarch64 qemu-aarch64-static
else
	skip 'no qemu-aarch64-static' linux-aarch64
fi
done_testing
