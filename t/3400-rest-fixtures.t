#!/bin/sh
# What platforms that are jq programs answer to conversations with their servers:
# platforms/NAME/fixtures/*.json, by jq alone (rest-fixtures.jq tells the form).
. "$(dirname "$0")/lib.sh"
command -v jq >/dev/null || skip_all 'no jq'

for file in "$TOP"/platforms/*/fixtures/*.json; do
	[ -e "$file" ] || continue
	dir=${file%/fixtures/*} name=${file##*/}
	verb=$(jq -r .verb "$file")
	step=step
	! grep -q "^def step_$verb(" "$dir/${dir##*/}.jq" || step=step_$verb
	{ echo "include \"${dir##*/}\"; def played(\$state; \$event): $step(\$state; \$event);"; cat "$TOP/t/rest-fixtures.jq"; } >program.jq
	jq -r -L "$dir" -L "$TOP/platforms/lib" -f program.jq "$file" >out 2>err
	ok $? "${dir##*/}/$name is played to its end" || diag "$(cat err)"
	while IFS= read -r line; do
		case $line in
		'ok - '*) ok 0 "${dir##*/}/${name%.json}: ${line#ok - }" ;;
		'not ok - '*) ok 1 "${dir##*/}/${name%.json}: ${line#not ok - }" ;;
		*) printf '%s\n' "$line" >&2 ;;
		esac
	done <out
done
[ "$tests" -gt 0 ] || skip_all 'there are no such platforms'
done_testing
