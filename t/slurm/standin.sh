# Slurm for a test: the stand-in, in the test's folder.  . "$TOP/t/slurm/standin.sh"
mkdir -p "$trash/slurm-bin" "$trash/slurm-state"
for command in sbatch squeue scancel sacct sinfo scontrol act; do
	ln -s "$TOP/t/slurm/standin.pl" "$trash/slurm-bin/$command"
done
PATH=$trash/slurm-bin:$PATH
STANDIN_SLURM=$trash/slurm-state
NNI_SLURM_INTERVAL=0.1
export PATH STANDIN_SLURM NNI_SLURM_INTERVAL
unset SLURM_CONF
