# On a node: runs one trial of a batch.  nni-platform-slurm has put before this
# which trial it is (trial, attempt, sequence, code), and what is the same for
# all: root, experiment, command, codes, tools, seconds, multi, gpus, mask.
umask 077
name=$trial
[ "$attempt" = 1 ] || name=$trial-$attempt
dir=$root/trials/$name
job=$SLURM_JOB_ID
[ -z "${SLURM_ARRAY_TASK_ID-}" ] || job=${SLURM_ARRAY_JOB_ID}_$SLURM_ARRAY_TASK_ID
host=${SLURMD_NODENAME:-$(uname -n)}

cd "$dir/.nni" || {
	echo "nni: job $job on $host cannot enter '$dir': is that on a file system that all nodes share?" >&2
	exit 71
}
# Several jobs may have been submitted for it.  One can make this directory, or
# a cancel has.
mkdir claim 2>/dev/null || {
	# The same job again: somebody has put it back into the queue.
	[ "$(cat claim/job 2>/dev/null)" != "$job" ] || exit 75
	exit 0
}
echo "$job" >claim/job || exit 74

# shellcheck disable=SC2059
tell() { printf "$@" >>state; }
end() { # STATUS MEMBERS
	tell '{"state":"end","status":"%s"%s,"time":%s%s}\n' "$1" "$2" "$(date +%s)" "$term"
}
term=
trap 'term=,\"term\":true' TERM
[ -s state ] || tell '%31s\n' ''
tell '{"state":"claim","host":"%s","job":"%s","id":"%s"}\n' "$host" "$job" "$SLURM_JOB_ID"

export NNI_PLATFORM=local NNI_EXP_ID="$experiment" NNI_TRIAL_JOB_ID="$trial" \
	NNI_TRIAL_SEQ_ID="$sequence" NNI_ATTEMPT="$attempt" NNI_SYS_DIR="$dir" \
	NNI_OUTPUT_DIR="$dir" NNI_CODE_DIR="$codes/$code" MULTI_PHASE="$multi"
unset REUSE_MODE NNI_TRIAL_COMMAND_CHANNEL SDK_PROCESS
[ "$gpus" != 0 ] || export CUDA_VISIBLE_DEVICES=-1
[ ! -d "$tools/bin" ] || export PATH="$PATH:$tools/bin"
[ ! -d "$tools/python" ] || export PYTHONPATH="${PYTHONPATH:+$PYTHONPATH:}$tools/python"
shell=sh
! command -v bash >/dev/null || shell='bash'

cd "$NNI_CODE_DIR" && cd "$dir/.nni" || {
	end FAILED ",\"infra\":true,\"reason\":\"its code is not on $host\""
	exit 71
}
# A job has whole minutes; this has seconds.
clock() {
	sleep "$seconds" &
	trap 'kill "$!"; exit' TERM
	wait
	trap '' TERM
	echo "$seconds" >late
	kill -s TERM 0
	sleep 5
	kill -s KILL 0
}
[ "$seconds" = 0 ] || clock </dev/null >/dev/null 2>&1 &
clock=$!
tell '{"state":"start","time":%s}\n' "$(date +%s)"
(umask "$mask"; cd "$NNI_CODE_DIR" && exec "$shell" -c "$command") </dev/null >>../stdout 2>>../stderr
exit=$?

if [ -e late ]; then
	end EARLY_STOPPED ",\"reason\":\"maxTrialDuration of $seconds s reached\""
elif [ "$exit" = 0 ]; then
	end SUCCEEDED ',"exit_code":0'
else
	end FAILED ",\"exit_code\":$exit,\"reason\":\"exit code $exit\""
fi
# What is left of it Slurm ends with the job.
kill -s TERM "$clock" 2>/dev/null
exit "$exit"
