#!/bin/sh
# Names and texts from outside in what people read: no line is made by them, no
# terminal driven, no direction of writing turned.
. "$(dirname "$0")/lib.sh"

# A line of its own, colours, the C1 control that begins such a thing, and an
# override of direction.
name=$(printf 'a\nnni-pack: error: forged \033[31m\302\233x \342\200\256evil')
shown='a\nnni-pack: error: forged \x1b[31m\u009bx \u202eevil'

# visible COMMAND...	its message is one line, with the name as it is shown
visible() {
	"$@" >out 2>err </dev/null
	grep -v '^usage: ' err >message
	is "$(wc -l <message | tr -d ' ')" 1 "$1: one line" || diag "$(cat err)"
	grep -qF -- "$shown" message
	ok $? "$1: shows the name" || diag "$(cat err)"
}
visible nni-pack "$name"
visible nni-config "$name"
visible nni-run "$name"
visible nni-run --resume "$name"
visible nni-tune -s "$name" -n 1
visible nni-tune -t "$name" -s x
visible nni-assess -c "$name"
visible nni-submit -d "$name"
visible nni-watch "$name"
visible nni-collect "$name"
visible nni-cancel --dir "$name" --all
visible nni-trial report "$name"
visible nnictl experiment show "$name"
visible nnictl "$name"

# ---- nni-pack ----
mkdir code "code/$name"
touch "code/$name/f"
nni-pack -q --list code >out
is "$(cat out)" "$name/
$name/f" 'nni-pack --list in a pipe: names as they are'
exits 3 'limits' nni-pack --max-files 1 code
is "$(grep -c '^nni-pack: error' err)" 1 'have one error'
grep -qF -- "$shown" err
ok $? 'and show the name'
if script -qec true /dev/null >/dev/null 2>&1 </dev/null; then
	script -qec 'nni-pack -q --list code' /dev/null </dev/null | tr -d '\r' >out
	is "$(cat out)" "$shown/
$shown/f" 'on a terminal visible'
	NAME=$name script -qec 'nni-pack --why "$NAME/f" code' /dev/null </dev/null | cut -f2 >out
	is "$(cat out)" "$shown/f" 'and --why'
else
	skip 'no script(1)' 'on a terminal visible'
	skip 'no script(1)' 'and --why'
fi

# ---- in YAML and in records ----
printf '"k\\n\\e[31m\\u202e": 1\n' >c.yml
nni-config c.yml >out 2>err
is "$(grep -cF 'k\n\x1b[31m\u202e: unknown key' err)" 1 'a key'
cat >in <<'I'
{"type":"trial","trial":"aaaaa","attempt":1,"sequence":0,"dir":"/no\nnni-watch: error: \u001b[2J","platform":"p\u202e"}
{"type":"error","message":"a\nb\u001b[2J\u009b\u2066","where":"x"}
{"type":"status","trial":"bbbbb","attempt":1,"status":"FAILED","reason":"r\n\u001b[2J"}
I
nni-collect --once --format table <in >out 2>err
is "$(grep -cF -e 'a\nb\x1b[2J\u009b\u2066 at x' -e 'r\n\x1b[2J' out)" 2 'a table'
is "$(cat out err | LC_ALL=C tr -d '\n' | LC_ALL=C grep -c '[[:cntrl:]]')" 0 'is clean'
is "$(nni-collect --once --format jsonl <in 2>/dev/null | grep -c '\\u001b')" 3 'records are what they were'
done_testing
