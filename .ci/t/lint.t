#!/bin/sh
# Machines keep these rules: format, static analysis, manual pages.
. "$(dirname "$0")/../../t/lib.sh"
cd "$TOP" || exit 1
plan 3

git ls-files 'src/*.[ch]' 't/*.[ch]' 'examples/*.c' |
	xargs clang-format --dry-run -Werror >"$trash/format" 2>&1
ok $? 'clang-format has nothing to change' || diag "$(head -40 "$trash/format")"

cppcheck --quiet --std=c11 --language=c --inline-suppr --error-exitcode=1 \
	--enable=warning,performance,portability -j "$(nproc)" \
	--suppress=missingIncludeSystem -Isrc/libnni -D__linux__ \
	$(git ls-files 'src/*-posix.c' 'src/*.c' | grep -v win32 | sort -u) >"$trash/cppcheck" 2>&1
ok $? 'cppcheck is content' || diag "$(head -40 "$trash/cppcheck")"

mandoc -Tlint -W warning $(git ls-files 'doc/*.[1578]') >"$trash/mandoc" 2>&1
ok $? 'mandoc is content with the manual' || diag "$(head -20 "$trash/mandoc")"
