#!/bin/sh
# Trials as jobs of Slurm, of a stand-in that refuses what Slurm would.
. "$(dirname "$0")/lib.sh"
. "$TOP/t/slurm/standin.sh"
. "$TOP/t/slurm/scenarios.sh"

# Whether the stand-in says what Slurm 22.05 has said; t/8300-slurm-lab.t asks
# Slurm itself.
. "$TOP/t/slurm/formats.sh"
mkdir formats
formats "$trash/formats" >formats.raw
cd "$trash" || exit 1
is "$(plain <formats.raw)" "$(cat "$TOP/t/slurm/formats.txt")" 'the stand-in speaks as Slurm does'

# The parts of the contract mostly wait, so side by side.  The long one, kills,
# is left to NNI_LONG.
setup conform
conform() { nni-conformance -n 40 --only="$2" slurm conform.yml >"$1" 2>&1; echo "exit $?" >>"$1"; }
conform c1 once,ends,attempts,nonsense,again,update &
conform c2 cancel,cancel-now,gone,no-room,many &
conform c3 capabilities,check,empty,usage,one,adopt,lookup,cancel-late,fetch,clean &
[ -z "${NNI_LONG-}" ] || conform c4 kills &

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

ended_from_outside
forgotten
no_more_jobs
no_answer
refused
asked_for
on_other_nodes
politeness

wait
for c in c?; do
	grep -qx 'exit 0' $c
	ok $? "the contract: $(sed -n 's/^# \([a-z-]*\): .*/\1/p' $c | tr '\n' ' ')" || diag "$(grep -A4 '^not ok' $c; tail -n 3 $c)"
done
done_testing
