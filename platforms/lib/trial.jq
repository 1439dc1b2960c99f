# The script around a trial's command, and what it finds in its environment, for
# platforms that run a command line somewhere else.
#
# It makes the trial's directories below $NNI_ROOT (/nni), writes parameter.cfg,
# unpacks $NNI_ROOT/code.d/*.part and $NNI_ROOT/tools.d/*.part, each a .tgz in pieces
# (the tools into $NNI_TOOLS_DIR, where that is not below $NNI_ROOT),
# and becomes, as far as signals and its exit code go, the trial's command.

# Where the trial runs, before the trial's command and around it.  All that differs
# between trials is in the environment.  Exit code 125: it could not be started.
# With NNI_TAIL the last metrics that fit, and after a failure the last line,
# are left as the termination message: all that remains of a pod which is
# deleted when it ends.  The programs that read along outlive a TERM.
def trial_script: "
root=$NNI_ROOT; [ \"$root\" ] || root=/nni
tools=$NNI_TOOLS_DIR; [ \"$tools\" ] || tools=$root/run/tools
say() { said=\"nni: $*\"; echo \"$said\" >&2; { echo \"$said\" >/dev/termination-log; } 2>/dev/null; }
die() { say \"$*\"; exit 125; }
mkdir -p \"$NNI_SYS_DIR/.nni\" \"$NNI_OUTPUT_DIR\" \"$NNI_CODE_DIR\" || die \"cannot create $NNI_SYS_DIR and $NNI_CODE_DIR\"
{ printf %s \"$NNI_PARAMETERS\"; n=1; while eval \"[ \\\"\\${NNI_PARAMETERS_$n+set}\\\" ]\"; do
	eval \"printf %s \\\"\\$NNI_PARAMETERS_$n\\\"; unset NNI_PARAMETERS_$n\"; n=$((n + 1)); done; } >\"$NNI_SYS_DIR/parameter.cfg\" || die \"cannot write $NNI_SYS_DIR/parameter.cfg\"
for what in code tools; do
	[ -d \"$root/$what.d\" ] || continue
	to=$NNI_CODE_DIR; [ $what = code ] || { to=$tools; mkdir -p \"$to\"; }
	cat \"$root/$what.d\"/*.part | tar -xzf - -C \"$to\" || die \"cannot unpack $root/$what.d: the image needs tar and gzip\"
done
PATH=$PATH:$tools/bin/linux-$(uname -m) PYTHONPATH=${PYTHONPATH:+$PYTHONPATH:}$tools/python
export PATH PYTHONPATH
cd \"$NNI_CODE_DIR\" || die \"cannot enter $NNI_CODE_DIR\"
command=$NNI_COMMAND shell=sh limit=$NNI_MAX_SECONDS grace=$NNI_KILL_GRACE keep=$NNI_TAIL stopped= said= k=$NNI_SYS_DIR/.nni
unset NNI_PARAMETERS NNI_COMMAND NNI_MAX_SECONDS NNI_KILL_GRACE NNI_TAIL NNI_TOOLS_DIR
command -v bash >/dev/null 2>&1 && shell=bash
stop() {
	stopped=1
	if [ $$ = 1 ]; then kill -TERM -1; else kill -TERM $child; fi 2>/dev/null
	{ sleep \"${grace:-5}\"; if [ $$ = 1 ]; then kill -KILL -1; else kill -KILL $child; fi; } >/dev/null 2>&1 &
}
if [ \"$keep\" ] && mkfifo \"$k/out\" \"$k/a\" \"$k/b\"; then
	(trap '' TERM INT; LC_ALL=C sed -n '/NNISDK_ME/p' <\"$k/a\" >\"$k/reported\") & sed=$!
	(trap '' TERM INT; tail -n 1 <\"$k/b\" >\"$k/last\") & tail=$!
	(trap '' TERM INT; exec tee \"$k/a\" \"$k/b\" <\"$k/out\") & tee=$!
	\"$shell\" -c \"$command\" >\"$k/out\" 2>&1 &
else
	keep=
	\"$shell\" -c \"$command\" &
fi
child=$!
trap stop TERM INT
trap 'say maxTrialDuration is over; stop' USR1
[ -z \"$limit\" ] || { sleep \"$limit\"; kill -USR1 $$; } >/dev/null 2>&1 &
wait $child; code=$?
while kill -0 $child 2>/dev/null; do wait $child; code=$?; done
[ -z \"$stopped\" ] || code=143
if [ \"$keep\" ]; then
	{ sleep 2; kill -KILL $tee; } >/dev/null 2>&1 &
	wait $tee; wait $tail
	{ if wait $sed && [ $(wc -c <\"$k/reported\") -le 3500 ]; then echo nni: all metrics; cat \"$k/reported\"
	else echo nni: last metrics; tail -c 3500 \"$k/reported\" | sed 1d; fi
	[ $code = 0 ] || { echo; echo \"${said:-$(tail -c 300 \"$k/last\" | tr -d '\\000')}\"; }; } >/dev/termination-log 2>/dev/null
fi
exit $code
";

# What the script says of itself at the end of a container.
def time_is_over: "nni: maxTrialDuration is over";

# T is {key, trial, sequence}; ROLE {command, gpuNumber}, what it lacks is the member's; root: NNI_ROOT.
def trial_variables($t; $role; $root): .member as $m | "\($root)/run/\(.experiment)/\($t.key)" as $dir
	| {NNI_PLATFORM: $m.platform, NNI_EXP_ID: .experiment, NNI_TRIAL_JOB_ID: $t.trial, NNI_TRIAL_SEQ_ID: ($t.sequence | tostring),
	   NNI_SYS_DIR: $dir, NNI_OUTPUT_DIR: $dir, NNI_CODE_DIR: ($root + "/run/code"),
	   MULTI_PHASE: (.config.multiPhase // false | tostring), REUSE_MODE: "false",
	   NNI_COMMAND: ($role.command // $m.trialCommand), NNI_MAX_SECONDS: (.config.maxTrialDuration // "" | tostring),
	   NNI_KILL_GRACE: (.config.killGrace // 5 | tostring)}
	# as NNI has it: a trial that asked for no GPU sees none, whatever the image does
	+ if ($role.gpuNumber // $m.trialGpuNumber) == 0 then {CUDA_VISIBLE_DEVICES: ""} else {} end;

# All of it as one text for sh; $more: further variables, in place of those, or null.
def trial_program($t; $role; $root; $more):
	(trial_variables($t; $role; $root) + {NNI_ROOT: $root} + $more | to_entries | map(select(.value != null) | "export \(.key)=\(.value | @sh)\n") | add)
	# not exported: programs are not started with so much
	+ "NNI_PARAMETERS=\($t.parameters | @sh)\n" + trial_script;

# A command line that has nothing in it but letters, digits and "+/=" besides its
# own words: for platforms that replace things in commands, or quote badly.
def trial_line($text; $file): "printf %s \($text | @base64) | base64 -d >\($file) && exec sh \($file)";
