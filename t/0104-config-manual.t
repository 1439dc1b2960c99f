#!/bin/sh
# nni-config(5) has every key of the tables, and its examples are valid.
. "$(dirname "$0")/lib.sh"
page=$TOP/doc/nni-config.5

nni-config --keys >keys
is "$(perl "$TOP/t/config-page.pl" "$page" keys)" '' 'the page has every key of V3, its kind, and its bounds'
missing=
for key in $(awk -F'\t' '$1 ~ /^v1/ && $2 !~ /^(tuner|assessor|advisor|sharedStorage)/ && $4 !~ /object/ {
	place = $2
	gsub(/\[\]/, "", place)
	print (place == "" ? "" : place ".") $3
}' keys | sort -u); do
	grep -q "^\.It $key Ta " "$page" || missing="$missing $key"
done
is "$missing" '' 'and of V1'
missing=
for platform in $(awk -F'\t' '$1 ~ /^v. / { sub(/^v. /, "", $1); print $1 }' keys | sort -u); do
	grep -q "^\.Ss $platform\$" "$page" || missing="$missing $platform"
done
is "$missing" '' 'and every platform'

# The n-th display of the page.
example() {
	awk -v want="$1" '/^\.Ed/ { on = 0 } on { print } /^\.Bd -literal/ { on = (++n == want) }' "$page"
}
example 1 >c.yml
exits 0 'the configuration of the page' nni-config --runnable c.yml
is "$(cat err)" '' 'without a note'
example 2 >s.yml
exits 0 'the search space of the page' nni-config --space s.yml
example 3 >c.yml
exits 0 'the example with several platforms' nni-config c.yml
is "$(cat err)" '' 'without a note, too'
is "$(jq -c '[.trainingService[].member]' out)" '["local","remote","windows"]' 'has its members'
done_testing
