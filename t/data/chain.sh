# An experiment of the real programs, one of which meets with failio.so: what
# does not mend itself is resumed, then the journal is looked at.
#
#	. "$(dirname "$0")/lib.sh"
#	. "$TOP/t/data/chain.sh"
#	one PROGRAM FAILIO_N=7 ...	1: the promise is broken; told by diag
#	calls PROGRAM [FAILIO_KILL=1]	how many calls there are to fail

failio=$(cd "$TOP" && cd "${NNI_O:-build}" && pwd)/t/failio.so
[ -e "$failio" ] || skip_all 'no failio.so (make helpers)'
[ -x "$NNI_BIN/nni-trial" ] || skip_all 'nni-trial is not built'

trials=4
mkdir code
cat >code/trial.sh <<'EOF'
#!/bin/sh
echo "${NNI_SYS_DIR##*/}" >>"$STARTS"
nni-trial report 0.1
nni-trial report 0.2
nni-trial report 0.9 --final
EOF
chmod +x code/trial.sh
cat >c.yml <<EOF
searchSpace: {x: {_type: uniform, _value: [0, 1]}}
trialCommand: ./trial.sh
trialCodeDirectory: code
trialConcurrency: 2
maxTrialNumber: $trials
maxTrialRetry: 1
tuner: {name: TPE}
trainingService: {platform: local}
EOF
STARTS=$PWD/starts
export STARTS

# preload PROGRAM VARIABLE=VALUE... COMMAND...
preload() {
	program=$1
	shift
	env LD_PRELOAD="$failio" FAILIO_COUNT="$PWD/n" FAILIO_PROGRAM="$program" \
		ASAN_OPTIONS="verify_asan_link_order=0:${ASAN_OPTIONS-}" "$@"
}

calls() {
	rm -rf n "$NNI_EXPERIMENTS/c"
	preload "$@" nni-run --id c --format none c.yml >out 2>err
	cat n 2>/dev/null || echo 0
}

one() {
	rm -rf n starts "$NNI_EXPERIMENTS/k"
	preload "$@" timeout 20 nni-run --id k --format none c.yml >out 2>err
	code=$?
	[ -e "$NNI_EXPERIMENTS/k/config.json" ] || return 0 # before it began
	resumes=0
	while [ "$code" != 0 ] && [ "$code" != 1 ] && [ $resumes -lt 3 ]; do
		resumes=$((resumes + 1))
		timeout 20 nni-run --resume k --format none >>out 2>>err
		code=$?
	done
	perl "$TOP/t/data/chain.pl" "$NNI_EXPERIMENTS/k" starts $trials >wrong
	case $code in 0 | 1) ;; *) echo "ended with $code" >>wrong ;; esac
	[ ! -s wrong ] && return 0
	diag "$*: $(cat wrong)"
	diag "$(tail -5 err)"
	return 1
}

# step TOTAL: 3 of them, or (NNI_LONG) all
step() {
	if [ -n "${NNI_LONG:-}" ]; then echo 1; else echo $(($1 / 3 + 1)); fi
}
