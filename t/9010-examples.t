#!/bin/sh
# The examples do what examples/README says, from a path with blanks, and from
# wherever somebody is.
. "$(dirname "$0")/lib.sh"
mkdir 'a b'
cp -R "$TOP/examples" 'a b/'
rm -f 'a b/examples/c/trial'
ln -s "$TOP/src" 'a b/src'
ln -s "$NNI_BIN" 'a b/bin'
cd 'a b' || exit 1

# The commands are there, of each example one.
sed -n 's/^		//p' examples/README | sed 's/[	 ]*(.*)$//' >commands
for d in digits shell c machines clusters platform platform-rest; do
	grep -q "examples/$d" commands || fail "no command for $d"
done
for f in $(grep -o 'examples/[^ ]*' commands); do
	[ -e "$f" ] || fail "there is no $f"
done
for f in examples/*/config.yml examples/clusters/*.yml; do
	exits 0 "$f" env NNI_PLATFORM_PATH="$PWD/examples/platform:$PWD/examples/platform-rest" nni-config "$f"
	case $f in */platform/* | */platform-rest/*) ;; *) grep -q "^#.*bin/nni-run $f" "$f"; ok $? 'and it says how to run it' ;; esac
done

# small FILE TRIALS: fewer trials
small() { sed '/^maxTrialNumber:/d' "$1" >c && { cat c; echo "maxTrialNumber: $2"; } >"$1"; }
# example NAME TRIALS: from another directory
example() {
	small "examples/$1/config.yml" "$2"
	(cd / && exec "$trash/a b/bin/nni-run" "$trash/a b/examples/$1/config.yml") >"$1.jsonl" 2>"$1.err"
	is "$?" 0 "examples/$1" || diag "$(cat "$1.err")"
	is "$(jq -rs 'map(select(.kind == "final") | .value | numbers) | length' "$1.jsonl")" "$2" 'each trial has its result'
}
if command -v xz >/dev/null; then example shell 2; else skip 'no xz' 'examples/shell'; fi
grep '^make' commands | sh >make.out 2>&1
ok $? 'make -C examples/c' || diag "$(cat make.out)"
example c 6

# The machines are nobody's: here they are this one, behind a make-believe ssh.
cat >ssh <<'S'
#!/bin/sh
for c; do :; done
exec sh -c "$c"
S
chmod +x ssh
NNI_SSH=$PWD/ssh
export NNI_SSH
if command -v nni-platform-remote >/dev/null; then
	sed "s|remoteDir: [^}]*|agentPath: $NNI_BIN/nni-platform-local, remoteDir: $trash/far|; s|user: bob|&, agentPath: $NNI_BIN/nni-platform-local, remoteDir: $trash/far|" \
		examples/machines/config.yml >here
	cp here examples/machines/config.yml
	example machines 12
else
	skip 'no nni-platform-remote' 'examples/machines'
fi

# The digits need scikit-learn; here stands something in for nni-run.
mkdir -p fake/bin fake/examples
cp -R examples/digits fake/examples/
ln -s "$NNI_BIN/nni-config" fake/bin/
cat >fake/bin/nni-run <<'S'
#!/bin/sh
jq -c '{type: "metric", kind: "final", value: (.maxTrialNumber / 100)}, {type: "metric", kind: "intermediate", value: 7},
	{type: "metric", kind: "final", value: (if .tuner.name == "TPE" then 0.3 else 0.1 end)}'
S
chmod +x fake/bin/nni-run
is "$(cd / && "$trash/a b/fake/examples/digits/compare" 20)" 'TPE	best 30 %	first 20 on average 25 %	last 20 25 %
Random	best 20 %	first 20 on average 15 %	last 20 15 %' 'examples/digits/compare'
done_testing
