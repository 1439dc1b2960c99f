#!/bin/sh
# The examples of nni-tune(1) that need no experiment, as the page has them.
. "$(dirname "$0")/lib.sh"
command -v jq >/dev/null || skip_all 'no jq'
page=$TOP/doc/nni-tune.1
plan 6

# The text of the example that begins with the given line.
example() {
	awk -v first="$1" '/^\.Bd/ { on = 1; next } /^\.Ed/ { if (found) exit; on = 0 }
		on && index($0, first) == 1 { found = 1 }
		found' "$page" | sed 's/\\e$/\\/'
}
example '$ cat space.json' | sed -n '/^{/,/^}/p' >space.json
is "$(nni-tune -q -s space.json -n 20 | grep -c '^{"type":"spec","parameter_id":[0-9]*,"parameters":{"lr": ')" \
	20 'twenty proposals'
is "$(nni-tune -s space.json -t GridSearch -n 8 | jq -c .parameters | head -1)" \
	"$(example '$ nni-tune -s space.json -t GridSearch' | sed -n 2p)" \
	'the first point of the grid'

# Ask and tell, with a trial that knows what is best.
cat >evaluate <<'EOF'
#!/bin/sh
echo "$1" | jq '((.lr | log) + 5) * ((.lr | log) + 5) + .layers'
EOF
chmod +x evaluate
example 'touch history.jsonl' >script
sh script 2>err
is "$?.$(cat err)" 0. 'the script of ask and tell'
is "$(wc -l <history.jsonl)" 60 'keeps 30 proposals and their results'
is "$(jq -s 'map(select(.type == "spec").parameter_id) | . == [range(30)]' history.jsonl)" \
	true 'numbered in order'
mean() { jq -s "map(select(.type == \"metric\").value)[$1] | add / length" history.jsonl; }
is "$(jq -n "$(mean 20:) < $(mean :20)")" true 'and the later ones are better'
