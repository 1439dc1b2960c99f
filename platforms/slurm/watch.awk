# watch: what becomes of each attempt, from what squeue says of all.
#
# Lines in are those of events.awk, and
#	polled CODE TIME	squeue has ended so, see TMP/queue, TMP/queue.err
#
# In the folder of the attempts.  In the environment: nni_experiment, nni_dir,
# nni_jobs, nni_tmp, nni_once (0 or 1).
#
# What decides, in this order: what the job has written in its folder, why we
# cancelled it, what Slurm says.  An end is said only when Slurm has the job no
# more among those that run.

BEGIN {
	experiment = ENVIRON["nni_experiment"]
	dir = ENVIRON["nni_dir"]
	jobs = ENVIRON["nni_jobs"]
	tmp = ENVIRON["nni_tmp"]
	once = ENVIRON["nni_once"] + 0
	# How many times Slurm may have to know nothing of a job, or its folder
	# nothing of its end, before that is the truth: the files of another
	# machine may take their time.
	patience = 4
}

function soon()
{
	if (!asked) {
		printf "" >(tmp "/soon")
		close(tmp "/soon")
	}
	asked = 1
}

function lives(n)
{
	live += n
	if (live == n && n > 0) {
		printf "" >(tmp "/live")
		close(tmp "/live")
	} else if (live == 0) {
		system("rm -f \"$nni_tmp/live\"")
	}
}

function tell(a, status, reason)
{
	if (!(a in given) || (said[a] == status && why[a] == reason))
		return
	said[a] = status
	why[a] = reason
	print status_of(a, status) (reason != "" ? ",\"reason\":" quote(reason) : "") \
	    (now ? ",\"time\":" now : "") "}"
}

function end(a, status, rest)
{
	if (a in given) {
		print status_of(a, status) rest "}"
		lives(-1)
	}
	ended[a] = 1
	delete wish[a]
}

function because(reason, infra)
{
	return ",\"reason\":" quote(reason) (infra ? ",\"infra\":true" : "") \
	    (now ? ",\"time\":" now : "")
}

# What somebody wanted to become of it; "" if nobody wanted its end.
function intent(a,	w)
{
	w = first_line(dir "/trials/" a "/intent")
	return w == "user" ? "USER_CANCELED" : w == "early" ? "EARLY_STOPPED" : \
	    w == "system" ? "SYS_CANCELED" : ""
}

# The end that the job itself has written, into f; whether there is one.
function own_end(a,	path, line, last)
{
	path = a "/.nni/state"
	last = ""
	while ((getline line <path) > 0)
		if (line ~ /^{"state":"end",.*}$/)
			last = line
	close(path)
	split("", f)
	if (last == "")
		return 0
	parse("{\"type\":\"end\"," substr(last, 2))
	return 1
}

function end_own(a,	rest, key)
{
	rest = ""
	if (f["exit_code"] ~ /^[0-9]+$/)
		rest = rest ",\"exit_code\":" f["exit_code"]
	if (f["reason"] != "")
		rest = rest ",\"reason\":" f["reason"]
	if (f["infra"] == "true")
		rest = rest ",\"infra\":true"
	if (f["time"] ~ /^[0-9.]+$/)
		rest = rest ",\"time\":" f["time"]
	end(a, word("status"), rest)
}

# Another job may have been the first.
function follows(a,	id)
{
	id = first_line(a "/.nni/claim/job")
	if (id !~ /^[0-9]/ || id == job_of[a])
		return 0
	job_of[a] = id
	missed[a] = 0
	soon()
	return 1
}

function still_waits(a)
{
	if (++missed[a] >= patience)
		return 0
	soon()
	return 1
}

# Where no cgroups keep the limit Slurm kills a job for its memory, calls that
# FAILED, and tells only the job's output.
function over_memory(a,	line, id, found)
{
	while ((getline line <(a "/.nni/state")) > 0)
		if (line ~ /^{"state":"claim",.*"id":"[0-9]+"}$/)
			id = substr(line, index(line, "\"id\":\"") + 6)
	close(a "/.nni/state")
	sub(/"}$/, "", id)
	while (id != "" && (getline line <"../slurm/out") > 0)
		if (line ~ ("[ =]" id "[ .].*exceeded memory limit"))
			found = 1
	close("../slurm/out")
	return found
}

# Slurm says that its job is over, and how.
function finish(a, state,	own, code, w)
{
	own = own_end(a)
	# Who is killed may end, and tell, a moment before the job hears of it.
	if (own && (state == "COMPLETED" || state == "FAILED" ||
	    (f["term"] != "true" && word("status") != "FAILED") ||
	    (state == "OUT_OF_MEMORY" && f["term"] != "true"))) {
		if (state == "OUT_OF_MEMORY" && word("status") == "FAILED")
			f["reason"] = quote("out of memory: raise memorySize (exit code " f["exit_code"] ")")
		end_own(a)
		return
	}
	code = own ? ",\"exit_code\":" f["exit_code"] : ""
	if (follows(a))
		return
	if ((state == "COMPLETED" || state == "FAILED") && still_waits(a))
		return
	if (state == "FAILED" && over_memory(a))
		state = "OUT_OF_MEMORY"
	w = intent(a)
	if (w != "")
		end(a, w, "")
	else if (first_line(a "/.nni/late") != "")
		end(a, "EARLY_STOPPED", because("maxTrialDuration of " first_line(a "/.nni/late") " s reached", 0))
	else if (state == "TIMEOUT" || state == "DEADLINE")
		end(a, "FAILED", code because("Slurm's time limit was reached (" state "): raise `time`", 0))
	else if (state == "OUT_OF_MEMORY")
		end(a, "FAILED", code because("out of memory: raise memorySize", 0))
	else if (state == "CANCELLED")
		end(a, "SYS_CANCELED", because("somebody else has cancelled job " job_of[a], 0))
	else if (first_line(a "/.nni/claim/job") == "")
		end(a, "FAILED", because("job " job_of[a] " ended (" state ") before it came to its folder: is '" \
		    dir "' on a file system that all nodes share? see slurm/out there", 1))
	else if (state == "COMPLETED")
		end(a, "SUCCEEDED", ",\"exit_code\":0")
	else if (state == "FAILED")
		end(a, "FAILED", because("job " job_of[a] " was killed on its node (FAILED): slurm/out may say why", 1))
	else
		end(a, "FAILED", because("job " job_of[a] ": " state, 1))
}

# Slurm does not know it, or not any more.
function vanished(a,	w, known)
{
	if (own_end(a)) {
		w = f["term"] == "true" || f["exit_code"] > 128 ? intent(a) : ""
		if (w != "")
			end(a, w, "")
		else
			end_own(a)
		return
	}
	if (follows(a) || still_waits(a))
		return
	w = intent(a)
	claim(" " a)
	known = first_line(a "/.nni/claim/job")
	if (w != "")
		end(a, w, "")
	else if (known == job_of[a])
		end(a, "FAILED", because("job " known " is gone, and nothing says how it ended", 1))
	else
		end(a, "SYS_CANCELED", because("Slurm does not know its job, and it was never started", 1))
}

# Keeps attempts from being started, if they were not.
function claim(names)
{
	system("umask 077; for a in" names "; do [ -d $a/.nni ] || mkdir -p $a/.nni; " \
	    "[ -e $a/.nni/claim ] || { mkdir $a/.nni/claim 2>/dev/null && " \
	    "echo cancelled >$a/.nni/claim/job; }; done")
}

function cancel_jobs(	a, names, n)
{
	names = ""
	n = 0
	for (a in wish) {
		if (wish[a] != "new")
			continue
		names = names " " a
		wish[a] = "claimed"
		if (++n % 500 == 0) {
			claim(names)
			names = ""
		}
	}
	if (names != "")
		claim(names)
	# What was submitted and not told to us.
	if (n)
		read_jobs(jobs)
}

# It has no job, as far as we know.
function look_unsent(a)
{
	if (follows(a) || !(a in wish))
		return
	if (a in job) {
		job_of[a] = job[a]
		soon()
	} else {
		end(a, intent(a), "")
	}
}

function look(a,	id, s)
{
	if (job_of[a] == "-")
		look_unsent(a)
	if (a in ended || job_of[a] == "-")
		return
	id = job_of[a]
	if (!(id in state)) {
		if (id ~ /^[0-9]/ && !no_accounting)
			ask = ask " " a
		else
			vanished(a)
		return
	}
	s = state[id]
	if (s ~ /^(PENDING|CONFIGURING|REQUEUED|REQUEUE_FED|REQUEUE_HOLD|SPECIAL_EXIT|RESV_DEL_HOLD)$/) {
		if (!(a in wish))
			tell(a, "WAITING", reason[id] == "None" || reason[id] == "" ? \
			    "in Slurm's queue" : "in Slurm's queue: " reason[id])
	} else if (s ~ /^(RUNNING|COMPLETING|SUSPENDED|STOPPED|SIGNALING|STAGE_OUT|RESIZING)$/) {
		if (!(a in wish) && (s != "COMPLETING" || !(a in said)))
			tell(a, "RUNNING", "")
	} else {
		finish(a, s)
		return
	}
	missed[a] = 0
	if ((a in wish) && s != "COMPLETING")
		doomed[++dooms] = id
}

function read_queue(	line, w, n)
{
	split("", state); split("", reason)
	while ((getline line <(tmp "/queue")) > 0) {
		n = split(line, w, "|")
		if (n < 4 || index(w[3], "nni-" experiment "-") != 1)
			continue
		state[w[1]] = w[2]
		reason[w[1]] = w[4]
	}
	close(tmp "/queue")
}

# Those that squeue does not list any more are asked for in one sacct.
function ask_accounting(	w, n, i, ids, cmd, line, row)
{
	n = split(ask, w, " ")
	ask = ""
	if (!n)
		return
	ids = ""
	for (i = 1; i <= n; i++) {
		ids = ids (ids == "" ? "" : ",") job_of[w[i]]
		if (i % 500 && i < n)
			continue
		cmd = "sacct -n -P -X -j " ids " -o JobID,State 2>\"$nni_tmp/sacct.err\" || echo failed"
		while ((cmd | getline line) > 0) {
			split(line, row, "|")
			sub(/ .*/, "", row[2])
			state[row[1]] = row[2]
		}
		close(cmd)
		ids = ""
	}
	if ("failed" in state && first_line(tmp "/sacct.err") ~ /disabled|not found/)
		no_accounting = 1
	for (i = 1; i <= n; i++) {
		line = state[job_of[w[i]]]
		if (line == "" || line ~ /^(PENDING|RUNNING|REQUEUED|RESIZING|SUSPENDED)$/)
			vanished(w[i])
		else
			finish(w[i], line)
	}
}

function kill_doomed(	i, ids)
{
	ids = ""
	for (i = 1; i <= dooms; i++) {
		ids = ids " " doomed[i]
		if (i % 500 == 0 || i == dooms) {
			system("scancel" ids)
			ids = ""
		}
		if (!(doomed[i] in told_to_go)) {
			told_to_go[doomed[i]] = 1
			soon()
		}
	}
	dooms = 0
}

function out_of_sight(	a, words)
{
	if (++failures < 2 && !once)
		return
	words = first_line(tmp "/queue.err")
	for (a in given)
		if (!(a in ended) && job_of[a] != "-")
			tell(a, "UNKNOWN", words != "" ? words : "squeue failed")
}

$1 == "trial" {
	if ($2 in ended)
		next
	if (!($2 in given)) {
		given[$2] = 1
		lives(1)
	}
	if ($3 != "-" || !($2 in job_of))
		job_of[$2] = $3
	if (job_of[$2] == "-" && !($2 in wish))
		tell($2, "WAITING", "it was not submitted yet")
	soon()
}

$1 == "cancel" && !($2 in ended) {
	if (!($2 in given) && system("[ -d " $2 " ]") != 0)
		next
	# nni-watch has written it; who drives us by hand has not.
	if (intent($2) == "")
		system("d=$nni_dir/trials/" $2 "; mkdir -p \"$d\" && echo " $3 " >\"$d/intent\"")
	if (!($2 in job_of))
		job_of[$2] = "-"
	wish[$2] = "new"
	soon()
}

$1 == "end" { no_more = 1; if (once) soon() }

$1 == "polled" && (!once || no_more) {
	asked = 0
	now = $3
	if ($2 != 0) {
		out_of_sight()
		undecided = 0
	} else {
		failures = 0
		read_queue()
		cancel_jobs()
		for (a in job_of)
			if (!(a in ended))
				look(a)
		ask_accounting()
		kill_doomed()
		undecided = asked
	}
	if (once && !undecided)
		exit
}

{
	fflush()
	if (no_more && live == 0)
		exit
}
