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
conform 40 c1 once,ends,attempts,nonsense,again,update &
conform 40 c2 cancel,cancel-now,gone,no-room,many &
conform 40 c3 capabilities,check,empty,usage,one,adopt,lookup,cancel-late,fetch,clean &
[ -z "${NNI_LONG-}" ] || conform 40 c4 kills &

anywhere

ended_from_outside
forgotten
no_more_jobs
no_answer
refused
asked_for
on_other_nodes
politeness

wait
verdicts
done_testing
