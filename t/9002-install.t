#!/bin/sh
# make install and make uninstall, into a directory of our own.
. "$(dirname "$0")/lib.sh"
plan 8

make -s -C "$TOP" install BIN="$NNI_BIN" O="${NNI_O:-build}" DESTDIR="$PWD/root" PREFIX=/opt/nni >log 2>&1
ok $? 'make install' || diag "$(tail -5 log)"
is "$("$PWD/root/opt/nni/bin/nni-run" --version)" "$(nni-run --version)" 'what is installed runs'
[ -x root/opt/nni/libexec/nni/nni-platform-local ] &&
	[ -x root/opt/nni/libexec/nni/nni-platform-remote ]
ok $? 'the backend is in libexec/nni'
is "$(ls root/opt/nni/libexec/nni/agents 2>&1)" "$(ls "$NNI_BIN/agents" 2>&1)" 'the programs for other machines are installed'
[ -f root/opt/nni/share/nni/python/nni/__init__.py ] && [ -f root/opt/nni/share/nni/python/nni/utils.py ]
ok $? 'the Python stand-in is installed'

bad=
for f in root/opt/nni/share/bash-completion/completions/*; do
	bash -n "$f" || bad="$bad $f"
done
is "$bad" '' 'bash takes every completion'
if command -v zsh >/dev/null && command -v fish >/dev/null; then
	bad=
	for f in root/opt/nni/share/zsh/site-functions/*; do
		zsh -n "$f" || bad="$bad $f"
	done
	for f in root/opt/nni/share/fish/vendor_completions.d/*; do
		fish -n "$f" || bad="$bad $f"
	done
	is "$bad" '' 'zsh and fish take every completion'
else
	skip 'no zsh or fish' 'zsh and fish take every completion'
fi

make -s -C "$TOP" uninstall BIN="$NNI_BIN" O="${NNI_O:-build}" DESTDIR="$PWD/root" PREFIX=/opt/nni >log 2>&1
is "$(find root -type f)" '' 'make uninstall leaves no file'
