#!/bin/sh
# The two makefiles, and the sources as MSVC would see them.
. "$(dirname "$0")/../lib.sh"
cd "$TOP" || exit 1

.ci/nmk.py --list sources.mk 2>"$trash/err"
ok $? 'both makes can read sources.mk' || diag "$(cat "$trash/err")"

missing=
for list in $(sed -n 's/^\([A-Z0-9_]*\)_SRC = .*/\1/p' sources.mk); do
	[ "$list" = LIB_POSIX ] || grep -q "(${list}_SRC:" nmake.mak ||
		missing="$missing $list"
done
is "$missing" '' 'nmake.mak builds every list'

make -s check-cl >"$trash/out" 2>&1
ok $? 'clang takes all sources for MSVC, without a warning' ||
	diag "$(grep -A4 'error\|warning' "$trash/out" | head -60)"

bad=$(git grep -lE '^#[[:space:]]*include <(unistd|sys/|dirent|strings|pthread|poll|getopt|windows|fcntl)' \
	src ':!src/libnni/os/*')
is "$bad" '' 'only the seam includes what one system has'

tools=$(ls build/win/bin/*.exe 2>/dev/null | wc -l)
[ "$tools" = 0 ] || ! x86_64-w64-mingw32-objdump -p build/win/bin/*.exe |
	grep 'DLL Name' | grep -viE 'kernel32|msvcrt|ucrtbase|api-ms|advapi32|bcrypt|ntdll|user32|shell32|ws2_32' >"$trash/dlls"
ok $? 'the programs need no DLL but those of Windows' || diag "$(cat "$trash/dlls")"
done_testing
