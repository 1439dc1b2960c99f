# What the Windows tests share: t/lib.sh, and programs that run under Wine.
#
#	nni-pack -o x.zip dir		the .exe, as if it were here
#
# Under Wine / is the drive Z: and, since tests start there, the current one, so
# that Linux paths work as they are.
: "${NNI_BIN:=$(dirname "$0")/../../build/win/bin}"
# shellcheck disable=SC1091
. "$(dirname "$0")/../lib.sh"
unset NNI_EXPERIMENTS
[ -x "$NNI_BIN/../prefix/wine-shim.exe" ] || "$TOP/.ci/wine-run" --start ||
	skip_all 'no Wine: run .ci/windows-setup'
win() { # PROGRAM ARG...
	exe=$NNI_BIN/$1.exe
	shift
	"$TOP/.ci/wine-run" "$exe" "$@"
}
