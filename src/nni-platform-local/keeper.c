/*
 * The keeper: from the attempt's directory to its end.
 *
 * The order of the steps is what makes a kill -9 at any of them harmless:
 *
 *   lock    nobody else deals with this attempt
 *   claim   written to .nni/state; without it the attempt was never started,
 *           with it the attempt is never started again
 *   exec    the trial runs
 *   start   written, told to who is waiting
 *   end     written when nothing of the trial is left; then events, then exit,
 *           which drops the lock
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include "keeper.h"
#include "contact.h"
#include "expdir.h"
#include "gpulock.h"
#include "intent.h"
#include "prepare.h"
#include "state.h"
#include "os/job.h"
#include "os/lock.h"
#include "os/sys.h"

/* A keeper that is being started answers within this, or it hangs. */
#define ADOPT_MS 10000
/* Looks again at a job that should be gone by now. */
#define LOOK_MS 20
#define LOOK_MAX_MS 500
#define RETRY_MS 500

struct keeper {
	const struct order *order;
	os_file answer;
	struct buf dir; /* the attempt's */
	struct lock lock;
	struct gpu_claim gpus;
	struct state_file state;
	struct job *job;
	struct proc root;
	bool root_lives;
	struct proc_end root_end;
	int64_t started_ms; /* monotonic */
	int64_t contact;    /* the last mark seen, and when it was new */
	int64_t contact_ms;
	/* Why we ended it; none: it ended by itself. */
	enum trial_status verdict;
	struct buf reason;
	bool infra, poked; /* of the end, see state.h */
};

static void
answer(struct keeper *k, const char *what, const char *reason)
{
	struct buf line = BUF_INIT;

	buf_addf(&line, "%s%s%s\n", what, *reason ? " " : "", reason);
	/* If nobody listens any more, whoever comes next reads the state. */
	file_write(k->answer, line.data, line.len);
	file_close(k->answer);
	k->answer = OS_NO_FILE;
	buf_release(&line);
}

/* ---- before the start ---- */

static void
digest_of(const struct record *trial, char digest[DIGEST_TEXT])
{
	struct json p = trial->parameters;

	digest_text(digest, p.at ? p.at : "", p.len);
}

/* The attempt was claimed before: it is this one, or something is wrong. */
static void
adopt(struct keeper *k, const struct state *s)
{
	char digest[DIGEST_TEXT];
	struct buf why = BUF_INIT;

	digest_of(k->order->trial, digest);
	/* Without a claim: it was cancelled before anybody could start it. */
	if (!s->claimed || record_is(s->digest, digest)) {
		answer(k, "adopted", "");
		return;
	}
	buf_setf(
	    &why, "'%s' is there already, with other parameters", k->dir.data);
	answer(k, "refused", why.data);
	buf_release(&why);
}

/*
 * Takes the lock.  If another keeper has it, waits until that one has claimed
 * the attempt (then there is nothing for us to do) or has gone.  1: ours;
 * 0: answered.
 */
static int
take_lock(struct keeper *k)
{
	int64_t until = clock_mono_ms() + ADOPT_MS;
	struct buf path = BUF_INIT, err = BUF_INIT;
	struct state s;
	int r;

	state_init(&s);
	buf_setf(&path, "%s/.nni/lock", k->dir.data);
	for (;;) {
		r = lock_try(&k->lock, path.data, 0600, NULL, &err);
		if (r == -1) {
			answer(k, "not_now", err.data);
		} else if (state_read(&s, k->dir.data, &err) == -1) {
			answer(k, "not_now", err.data);
			r = -1;
		} else if (s.started || s.ended || (s.claimed && r == 1)) {
			adopt(k, &s);
			r = -1;
		} else if (r == 0 && clock_mono_ms() > until) {
			answer(k, "not_now", "another keeper holds it");
			r = -1;
		}
		if (r != 0)
			break;
		keeper_wait(NULL, LOOK_MS);
	}
	state_release(&s);
	buf_release(&path);
	buf_release(&err);
	return r == 1;
}

static int
take_gpus(struct keeper *k)
{
	const struct order *o = k->order;
	struct buf owner = BUF_INIT, why = BUF_INIT;
	int r = 1;

	if (o->gpus != NULL) {
		gpu_owner(&owner, o->place->dir);
		r = gpu_claim(&k->gpus, o->gpus, o->place->member, owner.data,
		    o->trial->trial, &why);
		if (r != 1)
			answer(k, r == 0 ? "no_room" : "failed", why.data);
	}
	buf_release(&owner);
	buf_release(&why);
	return r == 1;
}

/* ---- the state ---- */

static void
add_time(struct buf *line)
{
	json_member_time(line, "time", clock_wall_ms());
	buf_addc(line, '}');
}

static int
write_claim(struct keeper *k, struct buf *err)
{
	const struct record *t = k->order->trial;
	struct buf line = BUF_INIT;
	char digest[DIGEST_TEXT];
	int r;

	digest_of(t, digest);
	state_begin(&line, "claim");
	json_member_str(&line, "trial", t->trial);
	json_member_int(&line, "attempt", t->attempt);
	if (t->platform.at != NULL)
		json_member_raw(&line, "member", t->platform);
	json_member_str(&line, "digest", digest);
	json_member_str(&line, "host", sys_host());
	json_member_str(&line, "boot", sys_boot_id());
	json_member_str(&line, "dir", k->dir.data);
	json_member_int(&line, "keeper", proc_self_pid());
	add_time(&line);
	r = state_append(&k->state, &line, err);
	buf_release(&line);
	return r;
}

/* If it cannot be written, the environment of its processes still tells whose
   they are. */
static void
write_start(struct keeper *k)
{
	struct buf line = BUF_INIT;

	state_begin(&line, "start");
	json_member_int(&line, "session", k->root.pid);
	json_member_int(&line, "start", proc_start_time(k->root.pid));
	add_time(&line);
	state_append(&k->state, &line, NULL);
	buf_release(&line);
}

/* As a shell would have it in $?. */
static int
shell_code(struct proc_end end)
{
	return end.signaled ? 128 + end.code : end.code;
}

static void
say_own_end(struct keeper *k, struct buf *line)
{
	struct proc_end e = k->root_end;
	struct buf why = BUF_INIT;

	if (e.signaled) {
		json_member_str(line, "signal", proc_signal_name(e.code));
		buf_setf(&why, "killed by signal %s", proc_signal_name(e.code));
		if (strcmp(proc_signal_name(e.code), "KILL") == 0)
			buf_adds(&why, ", not by us: out of memory?");
	} else {
		json_member_int(line, "exit_code", e.code);
		if (e.code != 0)
			buf_setf(&why, "exit code %d", e.code);
	}
	if (k->reason.len > 0)
		json_member_str(line, "reason", k->reason.data);
	else if (why.len > 0 && k->verdict == STATUS_NONE)
		json_member_str(line, "reason", why.data);
	buf_release(&why);
}

/*
 * Writes the end; on a full disk again and again, since while we live nobody
 * can take this trial for anything but running.
 */
static void
write_end(struct keeper *k, bool ran)
{
	bool well = !k->root_end.signaled && k->root_end.code == 0;
	enum trial_status status = k->verdict;
	struct buf line = BUF_INIT;
	int64_t now = clock_wall_ms();

	if (status == STATUS_NONE)
		status = ran && well ? STATUS_SUCCEEDED : STATUS_FAILED;
	state_begin(&line, "end");
	json_member_str(&line, "status", status_name(status));
	if (ran)
		say_own_end(k, &line);
	else if (k->reason.len > 0)
		json_member_str(&line, "reason", k->reason.data);
	if (k->infra)
		json_member_bool(&line, "infra", true);
	if (k->poked)
		json_member_bool(&line, "poked", true);
	json_member_time(&line, "time", now);
	buf_addc(&line, '}');
	while (state_append(&k->state, &line, NULL) == -1)
		keeper_wait(NULL, RETRY_MS);
	state_put_exit(&k->state, ran ? shell_code(k->root_end) : 128, now);
	events_tell(k->order->place->dir, k->order->place->events,
	    k->order->trial->trial, k->order->trial->attempt, status);
	buf_release(&line);
}

/* ---- while it runs ---- */

/*
 * Somebody wants the trial to end: whose wish it is stands in `intent`, which
 * is not where we look if the experiment was moved.  Then who reads the state
 * knows.
 */
static void
hear_poke(struct keeper *k)
{
	k->verdict = intent_status(intent_read(k->dir.data));
	if (k->verdict != STATUS_NONE)
		return;
	k->verdict = STATUS_SYS_CANCELED;
	k->infra = k->poked = true;
	buf_set(&k->reason, "its keeper was told to end by a signal");
}

static void
time_is_up(struct keeper *k)
{
	k->verdict = STATUS_EARLY_STOPPED;
	buf_setf(&k->reason, "maxTrialDuration of %g s reached",
	    (double)k->order->place->config.max_trial_duration_ms / 1000);
}

static void
reap_root(struct keeper *k)
{
	if (proc_wait(&k->root, &k->root_end) == -1)
		k->root_end = (struct proc_end){false, 255};
	proc_release(&k->root);
	k->root_lives = false;
}

static void
lease_is_over(struct keeper *k)
{
	k->verdict = STATUS_SYS_CANCELED;
	k->infra = true;
	buf_setf(&k->reason, "nobody asked for it in the lease of %g s",
	    (double)k->order->place->config.lease_ms / 1000);
}

/*
 * Looks at the clock, which jumps of the time of day do not move.  Returns how
 * long to sleep; -1: as long as nothing happens.
 */
static int64_t
look_at_limits(struct keeper *k)
{
	const struct config *c = &k->order->place->config;
	int64_t now = clock_mono_ms(), ms = -1, mark, period;

	if (c->max_trial_duration_ms > 0) {
		ms = k->started_ms + c->max_trial_duration_ms - now;
		if (ms <= 0)
			time_is_up(k);
	}
	if (c->lease_ms > 0) {
		mark = contact_mark(k->order->place->dir);
		if (mark != k->contact)
			k->contact_ms = now;
		k->contact = mark;
		period = contact_period_ms(c->lease_ms);
		if (now - k->contact_ms >= c->lease_ms)
			lease_is_over(k);
		else if (ms < 0 || ms > period)
			ms = period;
	}
	return ms;
}

/* Until the root ends or is to end. */
static void
watch_over(struct keeper *k)
{
	int64_t ms;

	k->contact_ms = k->started_ms;
	for (;;) {
		ms = look_at_limits(k);
		if (k->verdict != STATUS_NONE)
			break;
		switch (keeper_wait(&k->root, ms)) {
		case KEEPER_ROOT:
			reap_root(k);
			return;
		case KEEPER_POKED:
			hear_poke(k);
			break;
		case KEEPER_TIMEOUT:
		case KEEPER_CHILD:
			break;
		}
	}
	/* An end of its own that is there already counts. */
	if (keeper_wait(&k->root, 0) == KEEPER_ROOT) {
		reap_root(k);
		k->verdict = STATUS_NONE;
		k->infra = k->poked = false;
		buf_clear(&k->reason);
	}
}

/* Ends all that is left, and sees that it is gone. */
static void
clear_away(struct keeper *k)
{
	int64_t kill_at, now, wait_ms = LOOK_MS;

	if (!k->root_lives && job_count(k->job) == 0)
		return;
	kill_at = clock_mono_ms();
	if (job_stop(k->job) == 0)
		kill_at += k->order->place->config.kill_grace_ms;
	for (;;) {
		now = clock_mono_ms();
		if (now >= kill_at)
			job_kill(k->job);
		if (keeper_wait(k->root_lives ? &k->root : NULL, wait_ms) ==
		    KEEPER_ROOT)
			reap_root(k);
		if (!k->root_lives && job_count(k->job) == 0)
			return;
		if (wait_ms < LOOK_MAX_MS)
			wait_ms += wait_ms / 4;
		if (now < kill_at && wait_ms > kill_at - now)
			wait_ms = kill_at - now;
	}
}

/* ---- all of it ---- */

static int
start_trial(struct keeper *k, const struct prepared *ready, struct buf *err)
{
	struct file_info info;
	struct proc_spec spec = {
	    .argv = k->order->place->argv,
	    .program = k->order->place->program,
	    .command = k->order->place->member->trial_command,
	    .env = (const char *const *)ready->env,
	    .dir = ready->code_dir.data,
	    .in = {PROC_INHERIT, OS_NO_FILE},
	    .out = {PROC_FILE, ready->out},
	    .err = {PROC_FILE, ready->err},
	};

	k->job = job_new(err);
	if (k->job == NULL)
		return -1;
	if (job_start(k->job, &k->root, &spec, err) == 0)
		return 0;
	if (file_info(spec.dir, true, &info) == -1 || info.type != FILE_DIR)
		return buf_err(err,
		    "the trialCodeDirectory '%s' does not exist", spec.dir);
	/* A program that is not found, a script without "#!": the shell says
	   and does what is usual. */
	if (spec.argv == NULL)
		return -1;
	spec.argv = NULL;
	buf_clear(err);
	return job_start(k->job, &k->root, &spec, err);
}

static void
run(struct keeper *k, const struct prepared *ready)
{
	if (start_trial(k, ready, &k->reason) == -1) {
		k->infra = os_errno() == OS_NO_MORE;
		answer(k, "started", "");
		write_end(k, false);
		return;
	}
	k->root_lives = true;
	k->started_ms = clock_mono_ms();
	write_start(k);
	answer(k, "started", "");
	watch_over(k);
	clear_away(k);
	gpu_claim_release(&k->gpus);
	write_end(k, true);
}

/* Cancelled while it was still nothing but a directory. */
static void
end_unstarted(struct keeper *k, enum intent why)
{
	k->verdict = intent_status(why);
	buf_set(&k->reason, "cancelled before it was started");
	answer(k, "started", "");
	write_end(k, false);
}

/* The attempt is ours, nothing of it was ever started. */
static void
begin(struct keeper *k)
{
	const struct order *o = k->order;
	struct prepared ready = PREPARED_INIT;
	struct buf err = BUF_INIT;
	enum intent why;
	int r;

	if (!take_gpus(k))
		return;
	r = prepare(&ready, o->place, o->trial, k->dir.data,
	    k->gpus.devices.data, &err);
	if (r == PREPARE_STALE)
		answer(k, "stale", err.data);
	else if (r == -1 || state_open(&k->state, k->dir.data, &err) == -1 ||
		 write_claim(k, &err) == -1)
		answer(k, "not_now", err.data);
	else if ((why = intent_read(k->dir.data)) != INTENT_NONE)
		end_unstarted(k, why);
	else
		run(k, &ready);
	if (r == 0)
		prepared_prune(&ready, o->place);
	prepared_release(&ready);
	buf_release(&err);
}

int
keeper_main(void *order, os_file to)
{
	struct keeper k = {.order = order,
	    .answer = to,
	    .dir = BUF_INIT,
	    .lock = LOCK_INIT,
	    .gpus = GPU_CLAIM_INIT,
	    .state = {OS_NO_FILE, 0},
	    .reason = BUF_INIT};
	const struct record *trial = k.order->trial;
	struct buf err = BUF_INIT;

	expdir_trial(&k.dir, k.order->place->dir, trial->trial, trial->attempt);
	if (prepare_dirs(k.dir.data, &err) == -1 ||
	    keeper_listen(k.dir.data, &err) == -1)
		answer(&k, "not_now", err.data);
	else if (take_lock(&k))
		begin(&k);
	if (k.answer != OS_NO_FILE)
		file_close(k.answer);
	job_free(k.job);
	state_close(&k.state);
	gpu_claim_release(&k.gpus);
	lock_release(&k.lock);
	buf_release(&k.dir);
	buf_release(&k.reason);
	buf_release(&err);
	return 0;
}
