#!/bin/sh
# Each fuzzer for NNI_FUZZ_SECONDS (30), two side by side.  What one finds is
# left in build/fuzz/found/.
. "$(dirname "$0")/../../t/lib.sh"
cd "$TOP" || exit 1
seconds=${NNI_FUZZ_SECONDS:-30}
found=$TOP/build/fuzz/found
mkdir -p "$found"

fuzzers=$(ls t/fuzz/*.c | sed 's|.*/||; s|\.c$||')
printf '%s\n' $fuzzers | xargs -P "$(nproc)" -I {} sh -c '
	corpus=$3/$1
	mkdir -p "$corpus"
	[ ! -d "t/fuzz/$1" ] || cp "t/fuzz/$1"/* "$corpus"
	build/fuzz/"$1" -max_total_time="$2" -max_len=65536 -timeout=10 -rss_limit_mb=1024 \
		-artifact_prefix="$4/$1-" "$corpus" >"$3/$1.log" 2>&1
	echo $? >"$3/$1.code"' - {} "$seconds" "$trash" "$found"

for f in $fuzzers; do
	is "$(cat "$trash/$f.code")" 0 "$f: nothing found in $seconds s" ||
		diag "$(grep -vE '^#|^INFO' "$trash/$f.log" | head -40)"
done
done_testing
