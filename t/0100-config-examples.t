#!/bin/sh
# The example of every platform: valid, converted as expected, and the result
# a configuration again.
. "$(dirname "$0")/lib.sh"
data=$TOP/t/data/config
# The canonical form has the paths of this machine.
data_real=$(cd "$data" && pwd -P)
tmp_real=$(cd /tmp && pwd -P)
nni-conformance --complete '' | cut -f1 >there

for f in "$data"/*.yml; do
	name=$(basename "$f" .yml)
	exits 0 "$name is valid" nni-config -q "$f"
	sed "s|$data_real|@DIR@|g; s|\"$tmp_real\"|\"/tmp\"|g" out >got.json
	is "$(cat got.json)" "$(cat "$data/canonical/$name.json")" "$name in the canonical form"
	cp out again.json
	exits 0 "$name: what was printed is valid" nni-config -q again.json
	is "$(cat out)" "$(cat again.json)" "$name: and stays as it is"
	# of what this version can run
	if jq -r '.trainingService[].platform' again.json | grep -vxFf there >missing; then
		exits 3 "$name cannot run yet" nni-config -q --runnable "$f"
		like "$(cat err)" "*platform '$(head -1 missing)' is not available yet in this version" "$name: and says so"
	else
		exits 0 "$name can run" nni-config -q --runnable "$f"
		is "$(cat err)" '' "$name: and nothing is wrong with it"
	fi
done
done_testing
