#!/bin/sh
# The same on a real Slurm: that of SLURM_CONF, or of the lab ($NNI_LAB), whose
# nodes must see the directory for temporary files.
. "$(dirname "$0")/lib.sh"
. "$TOP/t/slurm/scenarios.sh"
. "$TOP/t/slurm/formats.sh"

conf=${SLURM_CONF:-${NNI_LAB:-${HOME-}/.cache/nni-lab}/slurm/etc/slurm.conf}
command -v sbatch >/dev/null || skip_all 'there is no Slurm here'
[ -e "$conf" ] || skip_all "no Slurm is configured: there is no $conf"
SLURM_CONF=$conf NNI_SLURM_INTERVAL=0.3
export SLURM_CONF NNI_SLURM_INTERVAL
timeout 5 scontrol ping 2>/dev/null | grep -q 'is UP' || skip_all 'Slurm is not up'

mkdir formats
formats "$trash/formats" >formats.raw
cd "$trash" || exit 1
plain <formats.raw >formats.real
is "$(cat formats.real)" "$(cat "$TOP/t/slurm/formats.txt")" 'the stand-in is compared with what this Slurm says'

setup conform
conform 100 c1 capabilities,check,empty,usage,one,ends,attempts,nonsense,again,once,adopt,lookup &
conform 100 c2 cancel,cancel-now,cancel-late,gone,update,fetch,clean,no-room,many &
conform 100 c3 kills &
wait
verdicts

anywhere
done_testing
