# For tests of nni-run alone: the real nni-run and nnictl between stand-ins.
#
#	. "$(dirname "$0")/lib.sh"
#	. "$TOP/t/fake/lib.sh"
#	config conc=2 max=5 then=hold '"maxExperimentDuration":1'

mkdir bin
cp "$NNI_BIN/nni-run" "$TOP"/t/fake/nni-* bin
[ ! -e "$NNI_BIN/nnictl" ] || cp "$NNI_BIN/nnictl" bin
PATH=$trash/bin:$PATH
export NNI_PLATFORM_PATH=$trash/bin

# config [conc=N] [max=N] [tunes=N] [then=WORD] ['"key":value']... writes c.json
config() {
	conc=1 max= tunes= then= more=
	for arg in "$@"; do
		case $arg in
		conc=*) conc=${arg#*=} ;;
		max=*) max="\"maxTrialNumber\":${arg#*=}," ;;
		tunes=*) tunes="\"max\":${arg#*=}," ;;
		then=*) then="\"then\":\"${arg#*=}\"," ;;
		*) more="$more$arg," ;;
		esac
	done
	cat >c.json <<EOF
{"trialConcurrency":$conc,${max}${more}"searchSpace":{${tunes}${then}"x":1},"tuner":{"name":"Random"},"trainingService":[{"platform":"local","member":"local","trialCommand":"true","trialCodeDirectory":"$trash"}]}
EOF
}

dir() { echo "$NNI_EXPERIMENTS/$1"; }
journal() { cat "$NNI_EXPERIMENTS/$1/events.jsonl"; }
# How many lines of the journal of ID have PATTERN?
count() { journal "$1" | grep -c -- "$2"; }
has() { [ "$(count "$1" "$2" 2>/dev/null)" -ge "${3:-1}" ]; }
# Every spec that was journaled is fed, and nothing is started twice.
nothing_twice() {
	is "$(sort "$(dir "$1")/seen" | uniq -d)" '' "$2"
}
