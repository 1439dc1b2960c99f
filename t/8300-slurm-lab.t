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
conform() { nni-conformance -n 100 --only="$2" slurm conform.yml >"$1" 2>&1; echo "exit $?" >>"$1"; }
conform c1 capabilities,check,empty,usage,one,ends,attempts,nonsense,again,once,adopt,lookup &
conform c2 cancel,cancel-now,cancel-late,gone,update,fetch,clean,no-room,many &
conform c3 kills &
wait
for c in c?; do
	grep -qx 'exit 0' $c
	ok $? "the contract: $(sed -n 's/^# \(.*\):.*/\1/p' $c | xargs)" || diag "$(grep -A4 '^not ok' $c; tail -n 3 $c)"
done

many_in_one_array
killed_before_it_knew
submitted_twice
other_parameters
cancelled_in_the_queue
cancelled_before_its_job
cancelled_by_somebody_else
too_long
environment
out_of_reach
elsewhere
odd_names
killed_and_resumed
done_testing
