# What the real commands say to what is asked here, so that the stand-in says
# the same: formats DIR prints it, numbers of jobs replaced.  NNI_BIN is not
# needed.
formats() {
	cd "$1" || return 1
	printf '#!/bin/sh\nsleep 0.2\n[ "${SLURM_ARRAY_TASK_ID-1}" != 2 ]\n' >job.sh
	printf 'echo\n' >bare.sh
	printf '#!/bin/sh\r\necho\r\n' >dos.sh
	me=$(id -u)
	try() { echo "\$ $*"; "$@" 2>&1 | head -n 3; }
	try sbatch --parsable --nonsense job.sh
	try sbatch --parsable bare.sh
	try sbatch --parsable dos.sh
	try sbatch --parsable --partition=nope job.sh
	try sbatch --test-only --partition=nope job.sh
	try sbatch --test-only --mem=900G job.sh
	try sbatch --parsable --array=1-x job.sh
	try sbatch --parsable --array=1-90000 job.sh
	try sbatch --parsable --time=1:2:3:4 job.sh
	try sbatch --parsable --mem=12Q job.sh
	try sbatch --parsable --gres=foo job.sh
	try sbatch --parsable --gres=gpu:9 job.sh
	try sbatch --test-only --cpus-per-task=99 job.sh
	try sbatch --parsable --cpus-per-task=0 job.sh
	try squeue --nope
	try squeue -h -t nope -o %i
	try scancel
	try scancel abc
	try scancel 99999
	try sinfo -h -o '%P|%a|%l|%R'
	try sinfo -h --partition=nope -o %R
	echo 'an array that is held'
	a=$(sbatch --parsable --no-requeue --job-name=nni-held-$$ --open-mode=append --output=/dev/null --hold --array=1-3 job.sh)
	squeue -h -u "$me" -o '%i|%F|%T|%j|%r' | grep nni-held-$$
	squeue -h -u "$me" -r -t all -o '%i|%T|%j|%r' | grep nni-held-$$
	scancel "${a}_2"
	until [ "$(squeue -h -u "$me" -r -o '%i|%j' | grep -c nni-held-$$)" = 2 ]; do sleep 0.1; done
	squeue -h -u "$me" -r -t all -o '%i|%T|%j|%r' | grep nni-held-$$
	scancel "$a"
	until ! squeue -h -u "$me" -r -o %j | grep "nni-held-$$" >/dev/null; do sleep 0.1; done
	squeue -h -u "$me" -r -t all -o '%i|%T|%j|%r' | grep nni-held-$$
	echo 'two that run'
	b=$(sbatch --parsable --no-requeue --job-name=nni-two-$$ --chdir="$1" --time=1:30 --mem=10M --cpus-per-task=1 \
		--partition=debug --open-mode=append --output=/dev/null --array=1-2 job.sh)
	until ! squeue -h -u "$me" -r -o %j | grep nni-two-$$ >/dev/null; do sleep 0.1; done
	squeue -h -u "$me" -r -t all -o '%i|%T|%j|%r' | grep nni-two-$$
} 2>&1
# Numbers of jobs, and what depends on the machine.
plain() { sed "s/-$$/-PID/; s/^${a:-none}\\([|_]\\)/A\\1/; s/|${a:-none}|/|A|/; s/^${b:-none}\\([|_]\\)/B\\1/; /Valid job states/d; /^$/d"; }
