# What the tests of nni-platform-local share, behind lib.sh.
#
#	experiment DIR 'COMMAND' [',"more":"of the member"'] [',"more":"of the top"']
#	submit DIR ID...		starts trials, waits for the answers
#	ends DIR [ID...]		waits for their ends, prints the statuses
#	status DIR ID KEY		of what watch says now

L=$NNI_BIN/nni-platform-local

# In JSON: the command must not hold quotes or backslashes.
experiment() {
	mkdir -p "$1/trials" code
	cat >"$1/config.json" <<C
{"trialConcurrency":1000,"searchSpace":{"x":{"_type":"uniform","_value":[0,1]}},
"trainingService":[{"member":"local","platform":"local","trialCommand":"$2",
"trialCodeDirectory":"$PWD/code"${3-}}]${4-}}
C
}

# trial DIR ID [ATTEMPT] [PARAMETERS]
trial() {
	printf '{"type":"trial","trial":"%s","attempt":%s,"sequence":7,"dir":"%s","platform":"local","place":"local","parameter_id":3,"parameters":%s,"time":1}\n' \
		"$2" "${3-1}" "$1" "${4-"{\"x\": 0.10}"}"
}

# The answers, without credit, in ./answers too.
submit() {
	for id in $(shift; echo "$@"); do trial "$1" "$id"; done |
		"$L" submit --dir "$1" | grep -v '"type":"credit"' | tee answers
}

jobs_of() {
	for id in $(shift; echo "$@"); do
		trial "$1" "$id" | sed 's/}$/,"job":"x"}/'
	done
}

# Trials and other lines in, statuses out, until all have ended.
watch() { timeout 300 "$L" watch --dir "$1"; }
ends() { jobs_of "$@" | watch "$1" | grep -v RUNNING; }
now() { jobs_of "$@" | "$L" watch --once --dir "$1"; }

# field KEY: of the records on standard input
field() { jq -r ".$1 // empty"; }

state() { cat "$1/trials/$2/.nni/state"; }
started() { grep -q '"state":"start"' "$1/trials/$2/.nni/state"; }
ended() { grep -q '"state":"end"' "$1/trials/$2/.nni/state"; }
keeper() { sed -n 's/.*"keeper":\([0-9]*\).*/\1/p' "$1/trials/$2/.nni/state"; }
session() { sed -n 's/.*"session":\([0-9]*\).*/\1/p' "$1/trials/$2/.nni/state"; }

# The processes whose environment names the attempt, but zombies.
left_of() {
	for p in /proc/[0-9]*; do
		grep -qsz "^NNI_SYS_DIR=$1/trials/$2\$" "$p/environ" &&
			! grep -qs '^State:	Z' "$p/status" && echo "${p#/proc/}"
	done
}
none_left() { [ -z "$(left_of "$@")" ]; }
# A keeper without what only Linux has cannot find all: built with
# -DNNI_PORTABLE, by .ci/checks into a folder of that name.
portable() { case $NNI_BIN${NNI_PORTABLE+/portable/} in */portable/*) ;; *) false ;; esac; }

cancel() { printf '{"type":"cancel","trial":"%s","attempt":1%s}\n' "$1" "${2-}"; }

# Whatever goes wrong in a test, no trial of it lives on.
stop_keepers() {
	for s in "$trash"/*/trials/*/.nni/state; do
		[ ! -e "$s" ] || grep -q '"state":"end"' "$s" ||
			kill "$(sed -n 's/.*"keeper":\([0-9]*\).*/\1/p' "$s")" 2>/dev/null
	done
}
stop_at_end stop_keepers
