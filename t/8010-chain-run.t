#!/bin/sh
# Each program is killed (-9) before its n-th write, for some n (NNI_LONG: many);
# what does not mend itself is resumed.  Every journaled trial ends exactly once
# with all its metrics, and none is started twice.
. "$(dirname "$0")/lib.sh"
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

preload() {
	env LD_PRELOAD="$failio" FAILIO_COUNT="$PWD/n" \
		ASAN_OPTIONS="verify_asan_link_order=0:${ASAN_OPTIONS-}" "$@"
}
# one PROGRAM N SHORT: a run with one death, and what it takes to end it
one() {
	rm -rf n starts "$NNI_EXPERIMENTS/k"
	preload FAILIO_PROGRAM="$1" FAILIO_N="$2" FAILIO_KILL=1 FAILIO_ONCE=1 \
		FAILIO_SHORT="$3" nni-run --id k --format none c.yml >out 2>err
	code=$?
	[ -e "$NNI_EXPERIMENTS/k/config.json" ] || return 0 # killed before it began
	resumes=0
	while [ "$code" != 0 ] && [ "$code" != 1 ] && [ $resumes -lt 3 ]; do
		resumes=$((resumes + 1))
		nni-run --resume k --format none >>out 2>>err
		code=$?
	done
	perl "$TOP/t/data/chain.pl" "$NNI_EXPERIMENTS/k" starts $trials >wrong
	case $code in 0 | 1) ;; *) echo "ended with $code" >>wrong ;; esac
	[ ! -s wrong ] && return 0
	diag "$1, call $2, short $3: $(cat wrong)"
	diag "$(tail -5 err)"
	return 1
}

for program in nni-run nni-submit nni-watch nni-collect nni-tune nni-platform-local; do
	rm -rf n "$NNI_EXPERIMENTS/c"
	preload FAILIO_PROGRAM=$program FAILIO_KILL=1 nni-run --id c --format none c.yml >out 2>err
	total=$(cat n 2>/dev/null || echo 0)
	if [ "$total" = 0 ]; then
		fail "$program: nothing to count"
		continue
	fi
	step=$((total / 4 + 1))
	[ -z "${NNI_LONG:-}" ] || step=1
	bad=0
	i=1
	while [ $i -le "$total" ]; do
		one $program $i $((i / step % 2)) || bad=$((bad + 1))
		i=$((i + step))
	done
	is $bad 0 "$program is killed at one of its $total calls"
done
done_testing
