#!/bin/sh
# What platforms that are jq programs answer to conversations with their servers:
# platforms/NAME/fixtures/*.json, by jq alone (rest-fixtures.jq tells the form).
. "$(dirname "$0")/lib.sh"
command -v jq >/dev/null || skip_all 'no jq'

# inline NAME: the program with what it includes in place, as the engine gives it
# to jq, whose 1.7 does not survive modules of this size.
inline() {
	awk -v name="$1" -v dirs="$platform $TOP/platforms/lib" '
	function add(name,  f, l, r) {
		if (had[name]++) return
		for (i = 1; i <= n; i++) if ((r = (getline l <(f = d[i] "/" name ".jq"))) >= 0) break
		for (; r > 0; r = (getline l <f))
			if (l ~ /^include "[^"]*";$/) add(substr(l, 10, length(l) - 11))
			else print l
		close(f)
	}
	BEGIN { n = split(dirs, d, " "); add(name) }'
}

# jq takes longer to read a program than to run it: once for each verb of a platform.
play() { # PLATFORM VERB FILE...
	platform=$1 name=${1##*/} verb=$2 step=step
	shift 2
	! grep -q "^def step_$verb(" "$platform/$name.jq" || step=step_$verb
	{ inline "$name"; echo "def played(\$state; \$event): $step(\$state; \$event);"; cat "$TOP/t/rest-fixtures.jq"; } >program.jq
	jq -r -f program.jq "$@" >out 2>err
	[ $? = 0 ] && grep -q '^ok' out
	ok $? "$name: $verb is played to its end" || diag "$(cat err)"
	while IFS= read -r line; do
		case $line in
		'ok - '*) ok 0 "$name: ${line#ok - }" ;;
		'not ok - '*) ok 1 "$name: ${line#not ok - }" ;;
		*) printf '%s\n' "$line" >&2 ;;
		esac
	done <out
}

for dir in "$TOP"/platforms/*/fixtures; do
	[ -d "$dir" ] || continue
	for verb in $(cat "$dir"/*.json | jq -r .verb | sort -u); do
		play "${dir%/fixtures}" "$verb" $(grep -lE "\"verb\": ?\"$verb\"" "$dir"/*.json)
	done
done
[ "$tests" -gt 0 ] || skip_all 'there are no such platforms'
done_testing
