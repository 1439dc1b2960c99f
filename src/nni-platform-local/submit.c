/*
 * submit: trial records in; out the same with a `job` once its keeper has
 * started it, or why not; and the credit of our one place.
 *
 * A member that wants GPUs has them looked at (nvidia-smi, which may take a
 * second) before a start, unless the last look is fresh; records wait for it.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include "expdir.h"
#include "gpulock.h"
#include "keeper.h"
#include "mem.h"
#include "say.h"
#include "submit.h"
#include "os/lock.h"
#include "os/sys.h"

/* While there is no room, look again: the GPUs may be free by now, and a keeper
   that was killed tells no event. */
#define LOOK_MS 5000
/*
 * After so many trials in a row that ended within QUICK_MS, as many as may
 * live, or LEAST_HELD, are taken beside them and held here, each started as
 * soon as another ends: to ask for the next one only then would cost as much as
 * the trial.  One held for HELD_MS is given back, and none is held any more.
 */
#define QUICK_ENDS 8
#define QUICK_MS 50
#define HELD_MS 100
#define LEAST_HELD 16

void
submitter_put(struct submitter *s)
{
	filter_put_buf(&s->filter, &s->line);
	buf_clear(&s->line);
}

/* ---- credit ---- */

/* How many trials of this experiment may live, by which key. */
static int64_t
most_live(const struct submitter *s, const char **key)
{
	int64_t max = s->place.concurrency;
	int64_t own = s->place.member->max_concurrency;

	*key = "trialConcurrency";
	if (own > 0 && (max <= 0 || own < max)) {
		max = own;
		*key = "maxConcurrency";
	}
	return max <= 0 ? 1 : max;
}

/* Room for trials of this experiment as its configuration has it. */
static int64_t
room_by_config(const struct submitter *s, struct buf *why)
{
	const char *key;
	int64_t max = most_live(s, &key);

	if (supply_lacks(&s->supply, why))
		return 0;
	if (s->short_of.len > 0) {
		buf_set(why, s->short_of.data);
		return 0;
	}
	if (s->live < max)
		return max - s->live;
	buf_setf(why, "%s of %" PRId64 " reached", key, max);
	return 0;
}

int64_t
submitter_most_held(const struct submitter *s)
{
	const char *key;
	int64_t most = most_live(s, &key);

	if (s->gpus != NULL || s->quick < QUICK_ENDS || s->short_of.len > 0 ||
	    supply_lacks(&s->supply, NULL))
		return 0;
	return most < LEAST_HELD ? LEAST_HELD : most;
}

static int64_t
room(struct submitter *s, struct buf *why)
{
	int64_t by_config = room_by_config(s, why), by_gpu;
	const struct gpus *gpus;
	struct buf owner = BUF_INIT;

	if (s->gpus == NULL || by_config == 0)
		return by_config;
	gpus = sampler_gpus(s->gpus, why);
	if (gpus == NULL)
		return 0;
	gpu_owner(&owner, s->place.dir);
	by_gpu = gpu_room(gpus, s->place.member, owner.data, why);
	buf_release(&owner);
	return by_gpu < by_config ? by_gpu : by_config;
}

static void look_again(void *arg);

static void
say_credit(struct submitter *s)
{
	struct buf why = BUF_INIT;
	int64_t n;
	bool news;

	/* The first is said when it is known. */
	if (s->gpus != NULL && !sampler_has_looked(s->gpus))
		return;
	n = room(s, &why) + submitter_most_held(s);
	/* Who sent one counts it until it is told again how many live.  Where
	   they end in an instant that would be a line for each. */
	news = s->live != s->told || (s->started && s->quick < QUICK_ENDS);
	/* Less room because of what was sent to us is told with our answer: who
	   sent it knows. */
	if (n < s->credit && !s->answered) {
		buf_release(&why);
		return;
	}
	s->answered = s->started = false;
	if (n != s->credit || s->infra != s->infra_said || news ||
	    (n == 0 && strcmp(why.data, s->reason.data) != 0)) {
		s->credit = n;
		s->infra_said = s->infra;
		s->told = s->live;
		buf_set(&s->reason, n == 0 ? why.data : "");
		record_begin(&s->line, "credit");
		json_member_str(&s->line, "place", s->place.name);
		json_member_int(&s->line, "n", n);
		json_member_int(&s->line, "live", s->live);
		if (s->infra > 0)
			json_member_int(&s->line, "infra", s->infra);
		if (supply_is_coming(&s->supply))
			json_member_bool(&s->line, "pending", true);
		if (n == 0)
			json_member_str(&s->line, "reason", why.data);
		record_end(&s->line);
		submitter_put(s);
	}
	if (n == 0 && !timer_is_set(&s->look))
		timer_set(s->loop, &s->look, LOOK_MS, look_again, s);
	buf_release(&why);
}

void
submitted_set_live(struct submitted *t, bool live)
{
	if (t->live != live)
		t->s->live += live ? 1 : -1;
	t->live = live;
}

/* Into s->state: 0, or -1 if it cannot be read. */
static int
read_state(const struct submitted *t)
{
	struct submitter *s = t->s;
	struct buf dir = BUF_INIT;
	int r;

	expdir_trial(&dir, s->place.dir, t->a.trial, t->a.number);
	r = state_read(&s->state, dir.data, NULL);
	buf_release(&dir);
	return r;
}

void
submitted_count_if_live(struct submitted *t)
{
	submitted_set_live(t, read_state(t) == -1 || !t->s->state.ended);
}

static void
look_again(void *arg)
{
	struct submitter *s = arg;
	struct submitted *t;
	size_t i;

	if (s->credit != 0 || s->filter.ended)
		return;
	buf_clear(&s->short_of);
	for (i = 0; i < s->all.count; i++) {
		t = (struct submitted *)s->all.all[i];
		/* One that is being started has no state yet. */
		if (t->live && t->line == NULL)
			submitted_count_if_live(t);
	}
	if (s->gpus != NULL)
		sampler_look(s->gpus);
}

bool
submitted_is_there(const struct submitted *t)
{
	const struct state *state = &t->s->state;

	return read_state(t) == 0 && (state->claimed || state->ended);
}

/* ---- starting ---- */

static void
hear_keeper(void *arg, const char *bytes, size_t len)
{
	struct submitted *t = arg;

	if (len > 0)
		buf_add(&t->answer, bytes, len);
	if (len > 0 && bytes[len - 1] != '\n')
		return;
	t->s->starting--;
	t->s->answered = t->s->started = true;
	buf_clear(&t->s->short_of);
	buf_rtrim(&t->answer);
	answer_keeper(t, t->answer.data);
	submitted_forget_line(t);
}

/*
 * Where others live, their ends make room again for what the machine has no
 * more processes, files or memory for.
 */
static void
not_started(struct submitter *s, struct submitted *t, const char *why)
{
	if (os_errno() != OS_NO_MORE || s->live < 2) {
		answer_failed(t, why, true);
	} else if (submitted_is_there(t)) {
		answer_started(t); /* watch will say what is true of it */
	} else {
		buf_set(&s->short_of, why);
		s->answered = true;
		answer_no_room(t, why);
	}
}

static void
start_keeper(struct submitter *s, struct submitted *t)
{
	struct buf err = BUF_INIT, dir = BUF_INIT, order_text = BUF_INIT;
	struct record r;
	struct order order = {&s->place, &r, NULL};
	struct keeper_spec spec = {.fn = keeper_main,
	    .arg = &order,
	    .keep = &s->place.events,
	    .keep_count = 1};
	os_file answer;

	record_parse(&r, t->line, strlen(t->line), &err);
	if (s->gpus != NULL)
		order.gpus = sampler_gpus(s->gpus, NULL);
	expdir_trial(&dir, s->place.dir, r.trial, r.attempt);
	order_write(&order_text, &order);
	spec.dir = dir.data;
	spec.order = order_text.data;
	spec.order_len = order_text.len;
	t->start_ms = loop_now_ms(s->loop);
	if (keeper_start(&spec, &answer, &err) == 0) {
		s->starting++;
		buf_init(&t->answer, 4096);
		t->stream = stream_reader(s->loop, answer, hear_keeper, t);
	} else {
		not_started(s, t, err.data);
		submitted_forget_line(t);
	}
	buf_release(&err);
	buf_release(&dir);
	buf_release(&order_text);
}

/* The wish of the configuration can never come true. */
static bool
is_impossible(struct submitter *s, struct buf *why)
{
	const struct gpus *g = sampler_gpus(s->gpus, NULL);

	return g != NULL && gpus_check(g, s->place.member, why) == -1;
}

static void
start_waiting(void *arg)
{
	struct submitter *s = arg;
	struct submitted *t;
	struct buf why = BUF_INIT;

	while ((t = s->first) != NULL) {
		s->first = t->next;
		if (is_impossible(s, &why))
			answer_failed(t, why.data, false);
		else if (sampler_gpus(s->gpus, &why) == NULL)
			answer_no_room(t, why.data);
		else
			start_keeper(s, t);
	}
	s->last = &s->first;
	buf_release(&why);
}

/* ---- trials that end in an instant ---- */

static void
hold(struct submitter *s, struct submitted *t)
{
	t->next = NULL;
	*s->held_last = t;
	s->held_last = &t->next;
	s->held++;
}

static struct submitted *
first_held(struct submitter *s)
{
	struct submitted *t = s->held_first;

	s->held_first = t->next;
	if (s->held_first == NULL)
		s->held_last = &s->held_first;
	s->held--;
	return t;
}

static void
hold_none(struct submitter *s)
{
	if (s->quick >= QUICK_ENDS)
		s->answered = true; /* that there is less room is to be told */
	s->quick = 0;
}

static void
held_too_long(void *arg)
{
	struct submitter *s = arg;
	struct buf why = BUF_INIT;

	hold_none(s);
	room_by_config(s, &why);
	while (s->held > 0)
		answer_no_room(first_held(s), why.data);
	buf_release(&why);
}

/* One that is held is cancelled: it is not started any more. */
static void
drop_held(struct submitter *s, const struct record *r)
{
	const struct submitted *meant = attempts_of(&s->all, r);
	struct submitted **at = &s->held_first, *t;

	while ((t = *at) != NULL && t != meant)
		at = &t->next;
	if (t == NULL)
		return;
	*at = t->next;
	if (*at == NULL)
		s->held_last = at;
	s->held--;
	s->answered = true;
	answer_no_room(t, "cancelled");
}

/* As many as there is room for now. */
static void
start_held(struct submitter *s)
{
	struct buf why = BUF_INIT;
	struct submitted *t;
	bool any = false;

	while (s->held > 0 && room_by_config(s, &why) > 0) {
		t = first_held(s);
		submitted_set_live(t, true);
		start_keeper(s, t);
		any = true;
	}
	if (s->held == 0)
		timer_stop(&s->held_long);
	else if (any || !timer_is_set(&s->held_long))
		timer_set(s->loop, &s->held_long, HELD_MS, held_too_long, s);
	buf_release(&why);
}

static void
count_quick(struct submitter *s, const struct submitted *t)
{
	if (t->start_ms == 0)
		return;
	if (loop_now_ms(s->loop) - t->start_ms <= QUICK_MS)
		s->quick++;
	else
		hold_none(s);
}

/* ---- in ---- */

/* Placed before: watch will say what is true of it. */
static void
pass_on(struct submitter *s, struct submitted *t)
{
	filter_put(&s->filter, t->line, strlen(t->line));
	s->answered = true;
	submitted_count_if_live(t);
	submitted_forget_line(t);
}

static void
take_trial(struct submitter *s, struct submitted *t, const struct record *r)
{
	struct buf why = BUF_INIT;

	t->line = xstrndup(r->line.at, r->line.len);
	/* Who sends it may have heard of an end before us. */
	if (room_by_config(s, &why) == 0)
		tail_read(s->events);
	start_held(s);
	if (json_type(r->job) > JSON_NULL) {
		pass_on(s, t);
	} else if (!t->live && room_by_config(s, &why) == 0 &&
		   !submitted_is_there(t)) {
		if (s->held < submitter_most_held(s))
			hold(s, t);
		else
			answer_no_room(t, why.data);
	} else if (s->gpus == NULL) {
		submitted_set_live(t, true);
		start_keeper(s, t);
	} else {
		submitted_set_live(t, true);
		t->next = NULL;
		*s->last = t;
		s->last = &t->next;
		if (sampler_is_fresh(s->gpus))
			start_waiting(s);
		else
			sampler_look(s->gpus);
	}
	buf_release(&why);
}

static struct submitted *
submitted(struct submitter *s, const char *trial, int number)
{
	struct submitted *t = attempts_find(&s->all, trial, number);

	if (t == NULL) {
		t = attempts_add(&s->all, trial, number, sizeof(*t));
		t->s = s;
	}
	return t;
}

static void
take(void *arg, const struct record *r, const char *line, size_t len)
{
	struct submitter *s = arg;
	struct submitted *t;

	(void)line;
	(void)len;
	if (far_takes(s->v->far, r) || supply_takes(&s->supply, r))
		return;
	place_hear(&s->place, r);
	if (r->trial[0] == '\0')
		return;
	if (r->type == RECORD_CANCEL)
		drop_held(s, r);
	if (r->type != RECORD_TRIAL)
		return;
	t = submitted(s, r->trial, r->attempt);
	if (t->line == NULL) /* else it is being dealt with */
		take_trial(s, t, r);
}

/* Many in a row say something of the machine. */
static void
count_infra(
    struct submitter *s, const struct submitted *t, enum trial_status status)
{
	bool may_be = status == STATUS_FAILED || status == STATUS_SYS_CANCELED;

	if (!status_is_end(status))
		return;
	if (may_be && read_state(t) == 0 && s->state.ended &&
	    json_bool(json_get(s->state.end, "infra"), false))
		s->infra++;
	else
		s->infra = 0;
}

static void
hear_event(void *arg, char *line, size_t len)
{
	struct submitter *s = arg;
	struct submitted *t;
	struct event e;

	(void)len;
	if (line == NULL || !events_parse(line, &e))
		return;
	t = attempts_find(&s->all, e.trial, e.attempt);
	if (t == NULL)
		return;
	if (t->live) {
		count_quick(s, t);
		count_infra(s, t, e.status);
	}
	submitted_set_live(t, false);
	buf_clear(&s->short_of);
}

static bool
has_keeper(struct submitter *s, const struct submitted *t)
{
	struct buf path = BUF_INIT;
	bool lives = read_state(t) == 0 && s->state.claimed && !s->state.ended;

	/* Two members of this machine have one directory. */
	if (s->place.config.member_count > 1 && s->state.member.at != NULL &&
	    !record_is(s->state.member, s->place.member->name))
		return false;
	expdir_trial(&path, s->place.dir, t->a.trial, t->a.number);
	path_add(&path, ".nni/lock");
	lives = lives && lock_held(path.data, NULL) == 1;
	buf_release(&path);
	return lives;
}

/*
 * What an earlier process has started counts.  The log of events tells of most
 * that they have ended; the others are looked at.
 */
static void
count_earlier(struct submitter *s)
{
	struct buf path = BUF_INIT, events = BUF_INIT_MAX((size_t)1 << 30);
	struct lines lines;
	struct attempt a;
	char **names;
	size_t count = 0, i;

	expdir_path(&path, s->place.dir, "trials");
	if (dir_list(path.data, &names, NULL, &count, NULL) == 0) {
		for (i = 0; i < count; i++)
			if (expdir_trial_parse(names[i], &a))
				submitted_set_live(
				    submitted(s, a.trial, a.number), true);
		dir_list_free(names, NULL, count);
	}
	path_add(&path, "events");
	if (s->live > 0 && file_read_ordinary(path.data, &events, NULL) == 0) {
		lines_init(&lines);
		lines_feed(&lines, events.data, events.len, hear_event, s);
		lines_release(&lines);
	}
	for (i = 0; i < s->all.count; i++) {
		struct submitted *t = (struct submitted *)s->all.all[i];

		if (t->live && !has_keeper(s, t))
			submitted_set_live(t, false);
	}
	buf_release(&path);
	buf_release(&events);
}

static void
read_control(void *arg)
{
	struct submitter *s = arg;

	place_read_control(&s->place);
}

static void
no_more(void *arg)
{
	(void)arg;
}

static void
end_round(void *arg)
{
	struct submitter *s = arg;

	start_held(s);
	if (s->filter.ended && s->starting == 0 && s->first == NULL &&
	    s->held == 0)
		filter_leave(&s->filter, NNI_OK);
	else
		say_credit(s);
}

static const struct filter_calls calls = {take, no_more, end_round, NULL};

static void
run(struct submitter *s)
{
	struct buf path = BUF_INIT;

	read_control(s);
	expdir_path(&path, s->place.dir, "control.jsonl");
	s->control = watch_path(s->loop, path.data, read_control, s);
	buf_release(&path);
	s->events = tail_events(s->loop, s->place.dir, hear_event, s);
	count_earlier(s);
	if (s->place.member->gpu_number > 0) {
		s->gpus = sampler_new(s->loop, start_waiting, s);
		sampler_look(s->gpus);
	}
}

static void
release(struct submitter *s)
{
	size_t i;

	for (i = 0; i < s->all.count; i++)
		submitted_forget_line((struct submitted *)s->all.all[i]);
	timer_stop(&s->look);
	timer_stop(&s->held_long);
	supply_end(&s->supply);
	sampler_free(s->gpus);
	watch_stop(s->control);
	tail_close(s->events);
	attempts_release(&s->all);
	state_release(&s->state);
	buf_release(&s->line);
	buf_release(&s->reason);
	buf_release(&s->short_of);
	buf_release(&s->no_disk);
	place_close(&s->place);
}

int
verb_submit(const struct verb *v)
{
	struct submitter s = {.v = v,
	    .line = BUF_INIT,
	    .all = ATTEMPTS_INIT,
	    .credit = -1,
	    .reason = BUF_INIT,
	    .short_of = BUF_INIT,
	    .no_disk = BUF_INIT};
	struct buf err = BUF_INIT;
	int code;

	code = place_open(&s.place, v->dir, v->member, &err);
	if (code != NNI_OK) {
		if (v->far != NULL)
			far_fail(v->far, code, err.data, NULL);
		else
			say_error(code, "%s", err.data);
		place_close(&s.place);
		buf_release(&err);
		return code;
	}
	/* Without it nobody is told soon, but all is told. */
	s.place.events = events_open(s.place.dir, NULL);
	state_init(&s.state);
	s.last = &s.first;
	s.held_last = &s.held_first;
	s.loop = loop_new();
	keeper_init();
	run(&s);
	filter_init(&s.filter, s.loop, FILTER_JSONL, true, &calls, &s);
	far_begin(v->far, s.loop, &s.filter, NULL, NULL);
	supply_begin(&s.supply, &s.place, s.loop, &s.filter);
	code = loop_run(s.loop);
	filter_release(&s.filter);
	release(&s);
	loop_free(s.loop);
	return code;
}
