# What shell tests share: TAP, a directory of their own, the programs.
#
#	#!/bin/sh
#	. "$(dirname "$0")/lib.sh"
#	plan 3				or: call done_testing at the end
#	is "$(nni-trial id)" abcde 'names the trial'
#
# The test starts in an empty directory that is removed at the end; $TOP is the
# project's, $NNI_BIN (also in front of PATH) has the programs.

set -u
TOP=$(git -C "$(dirname "$0")" rev-parse --show-toplevel 2>/dev/null || (cd "$(dirname "$0")/.." && pwd))
NNI_BIN=$(cd "${NNI_BIN:-$TOP/bin}" && pwd)
PATH=$NNI_BIN:$PATH
LC_ALL=C.UTF-8
export TOP NNI_BIN PATH LC_ALL
unset NNI_PLATFORM NNI_EXP_ID NNI_TRIAL_JOB_ID NNI_TRIAL_SEQ_ID NNI_SYS_DIR \
	NNI_OUTPUT_DIR NNI_CODE_DIR REUSE_MODE NNI_EXPERIMENTS \
	NNI_PLATFORM_PATH CUDA_VISIBLE_DEVICES

tests=0
failures=0
planned=
trash=$(mktemp -d "${TMPDIR:-/tmp}/nni-test.XXXXXX")
NNI_EXPERIMENTS=$trash/experiments
export NNI_EXPERIMENTS

# Commands to run at the end, last first: stop_at_end 'kill 123'
at_end=
stop_at_end() { at_end="$1; $at_end"; }
finish() {
	code=$?
	trap - EXIT
	cd /
	eval "$at_end"
	rm -rf "$trash" 2>/dev/null || { chmod -R u+rwx "$trash"; rm -rf "$trash"; }
	[ "$code" = 0 ] || { echo "# ended with $code" >&2; exit "$code"; }
	[ "$failures" = 0 ]
	exit
}
trap finish EXIT
trap 'exit 130' INT TERM HUP
cd "$trash" || exit 1

plan() { planned=$1; echo "1..$1"; }
skip_all() { echo "1..0 # SKIP $1"; exit 0; }
done_testing() { [ -n "$planned" ] || echo "1..$tests"; }

# ok STATUS NAME
ok() {
	tests=$((tests + 1))
	if [ "$1" = 0 ]; then
		echo "ok $tests - $2"
		return 0
	fi
	failures=$((failures + 1))
	echo "not ok $tests - $2"
	return 1
}
pass() { ok 0 "$1"; }
fail() { ok 1 "$1"; }
skip() { tests=$((tests + 1)); echo "ok $tests - $2 # SKIP $1"; }
diag() { printf '%s\n' "$*" | sed 's/^/# /' >&2; }

# is GOT WANTED NAME
is() {
	if [ "$1" = "$2" ]; then
		ok 0 "$3"
	else
		ok 1 "$3"
		diag "got:    $1"
		diag "wanted: $2"
		return 1
	fi
}
# like GOT PATTERN NAME         (a shell pattern)
like() {
	# shellcheck disable=SC2254
	case $1 in
	$2) ok 0 "$3" ;;
	*)
		ok 1 "$3"
		diag "got:    $1"
		diag "wanted: $2"
		return 1 ;;
	esac
}
# exits CODE NAME COMMAND...    its streams are left in ./out and ./err
exits() {
	wanted_code=$1 test_name=$2
	shift 2
	"$@" >out 2>err </dev/null
	got_code=$?
	if [ "$got_code" = "$wanted_code" ]; then
		ok 0 "$test_name"
	else
		ok 1 "$test_name"
		diag "exit code $got_code, wanted $wanted_code: $*"
		diag "$(head -c 2000 err)"
		return 1
	fi
}
# Built with sanitizers, which need memory.
sanitized() { case $NNI_BIN in */asan/*) ;; *) false ;; esac; }
# Numbers that jq printed: 1.6 makes 2.0 to 2, later ones leave it.  The former, of both.
numbers() { sed -E 's/([0-9])\.0+([^0-9]|$)/\1\2/g; s/(\.[0-9]*[1-9])0+([^0-9]|$)/\1\2/g'; }
# wait_for COMMAND...   until the command succeeds.  It waits long where it does
# not: a machine may be slow, and t/run has the last word.
wait_for() {
	deadline=$(($(date +%s) + 120))
	until "$@" >/dev/null 2>&1; do
		if [ "$(date +%s)" -ge "$deadline" ]; then
			diag "never came true: $*"
			return 1
		fi
		perl -e 'select undef, undef, undef, 0.02'
	done
}
