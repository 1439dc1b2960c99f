# What the tests of the pipeline share: an experiment on the fake platform.
#	. "$(dirname "$0")/lib.sh"; . "$TOP/t/data/fake.sh"

NNI_PLATFORM_PATH=$TOP/t/data
export NNI_PLATFORM_PATH
failio=$(cd "$TOP" && cd "${NNI_O:-build}" && pwd)/t/failio.so

# experiment NAME [MEMBER...]: makes it below $NNI_EXPERIMENTS; $E is where
experiment() {
	E=$NNI_EXPERIMENTS/$1
	shift
	rm -rf "$E"
	mkdir -p "$E/trials" "$E/log" "$E/platforms"
	list=
	for m in "${@:-fake}"; do
		list="$list${list:+,}{\"platform\":\"fake\",\"member\":\"$m\",\"trialCommand\":\"true\",\"trialCodeDirectory\":\"$PWD\"}"
	done
	printf '{"experimentWorkingDirectory":"%s","trialConcurrency":100000,"seed":1,"trainingService":[%s]}\n' \
		"$NNI_EXPERIMENTS" "$list" >"$E/config.json"
}
# spec ID [ATTEMPT] [PARAMETERS]
spec() { printf '{"type":"spec","trial":"%s","attempt":%s,"parameters":%s}\n' "$1" "${2:-1}" "${3:-{\"x\":1\}}"; }
# specs N [BYTES]: t0001 ... , with so many bytes of padding
specs() { perl -e '($n, $pad) = @ARGV; $pad = $pad ? sprintf(",\"pad\":\"%s\"", "p" x $pad) : ""; printf qq({"type":"spec","trial":"t%04d","attempt":1,"sequence":%d,"parameter_id":%d,"parameters":{"x":%d.50$pad}}\n), $_, $_, $_, $_ for 1..$n' "$@"; }
# trial ID [ATTEMPT]: a trial record with its job
trial() { printf '{"type":"trial","trial":"%s","attempt":%s,"sequence":0,"dir":"%s","platform":"fake","place":"fake","parameter_id":0,"parameters":{"x":1},"time":1.000,"job":"job-%s"}\n' "$1" "${2:-1}" "$E" "$1"; }
status() { printf '{"type":"status","trial":"%s","attempt":%s,"status":"%s","time":2.000}\n' "$1" "${3:-1}" "$2"; }
cancel() { printf '{"type":"cancel","trial":"%s"%s}\n' "$1" "${2:+,$2}"; }
# brief FILE...: one word a record, "TYPE:TRIAL-ATTEMPT[:STATUS or kind]"
brief() { jq -r '"\(.type):\(.trial // "")-\(.attempt // "")" + (if .status then ":"+.status elif .kind then ":"+.kind+(.sequence|tostring) else "" end)' "$@"; }
oneline() { tr '\n' ' ' | sed 's/ $//'; }
# started: how often each attempt was really started, most often first
doubles() { sort "$E/fake/starts" 2>/dev/null | cut -d' ' -f1 | uniq -d; }
