#!/bin/sh
# The rules of the house that a machine can keep.
. "$(dirname "$0")/lib.sh"
cd "$TOP" || exit 1
git rev-parse --git-dir >/dev/null 2>&1 || skip_all 'not a checkout'
plan 8

# every file under src/ has its line in src/README (twins by their noun)
missing=
for f in $(git ls-files 'src/*.c' 'src/*.h' | sed 's|.*/||; s/-posix\.[ch]$//; s/-win32\.[ch]$//; s/\.[ch]$//' | sort -u); do
	grep -Eq "^ +$f(\.c|\.h)? " src/README || missing="$missing $f"
done
is "$missing" '' 'src/README names every file'
gone=
for f in $(sed -n 's/^ \{2,\}\([a-z0-9-]*\)\.c .*/\1/p' src/README | sort -u); do
	[ -n "$(git ls-files "src/*/$f.c" "src/*/*/$f.c")" ] || gone="$gone $f"
done
is "$gone" '' 'src/README names only files that are there'

long=$(git ls-files 'src/*.[ch]' | xargs wc -l | awk '$1 > 800 && $2 != "total" { print $2, $1 }')
is "$long" '' 'no file is longer than 800 lines'

# A function's first line begins in column 1 behind its type; its end is "}".
long=$(git ls-files 'src/*.c' | xargs awk '
	FNR == 1 { open = 0 }
	/^{/ { open = FNR }
	/^}/ { if (open && FNR - open > 100) print FILENAME ":" open; open = 0 }')
is "$long" '' 'no function is longer than 100 lines'

named=$(git ls-files 'src/*.[ch]' | grep -Ev 'os/([a-z]*-)?(posix|win32)\.[ch]$' |
	xargs grep -nE '_WIN32|<windows\.h>|<unistd\.h>|<sys/|<fcntl\.h>|<pthread\.h>|<poll\.h>|<dirent\.h>|<signal\.h>|ssize_t|pid_t|mode_t|__linux__')
is "$named" '' 'the system is named only in the twins'

# `make portable` compiles anew only what includes os/posix.h
named=$(git grep -lE 'NNI_PORTABLE|NNI_LINUX|__linux__|os/posix\.h"|"posix\.h"' -- 'src/*.[ch]' |
	grep -Ev '^src/libnni/os/([a-z]*-posix\.c|posix\.h)$')
is "$named" '' 'what only Linux has is known to os/*-posix.c alone'

yaml=$(git grep -lE '<yaml\.h>|minizip/' -- 'src/*.[ch]' | wc -l)
ok $((yaml > 4)) 'libraries are known to one module each'

list=$(git ls-files 'src/*.c' | sort)
listed=$(sed 's/\\$//' sources.mk | tr ' \t' '\n\n' | grep '\.c$' | sort)
is "$listed" "$list" 'sources.mk lists every source'
