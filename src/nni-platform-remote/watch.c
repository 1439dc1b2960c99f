/*
 * watch: trial, cancel and update records in, status records out.  The machines
 * tell; of those that cannot be reached it is said that their trials are
 * UNKNOWN, and why.
 */
#include <string.h>

#include "filter.h"
#include "fleet.h"
#include "os/sys.h"
#include "say.h"
#include "verbs.h"

/* In the time of a lease. */
enum { CONTACTS = 4 };

struct watcher {
	struct filter filter;
	struct fleet fleet;
	struct timer contact; /* with a lease */
};

static void
tell_unknown(struct watcher *w, const struct attempt *a, const char *reason)
{
	struct buf line = BUF_INIT;

	record_begin_trial(&line, "status", a->trial, a->number);
	json_member_str(&line, "status", status_name(STATUS_UNKNOWN));
	json_member_str(&line, "reason", reason);
	json_member_time(&line, "time", clock_wall_ms());
	record_end(&line);
	filter_put_buf(&w->filter, &line);
	buf_release(&line);
}

/* Nothing is known of its trials any more. */
static void
lose_sight(struct watcher *w, const struct fleet_machine *m)
{
	size_t i;

	for (i = 0; i < w->fleet.attempts.count; i++) {
		struct fleet_attempt *t =
		    (struct fleet_attempt *)w->fleet.attempts.all[i];

		if (t->at == m && t->line)
			tell_unknown(w, &t->a, fleet_trouble(m));
	}
}

static void
hear(struct fleet_machine *m, const struct record *r, const char *line,
    size_t len)
{
	struct watcher *w = m->fleet->arg;
	struct fleet_attempt *t;

	if (r->type == RECORD_STATUS) {
		t = attempts_find(&m->fleet->attempts, r->trial, r->attempt);
		if (!t || t->at != m || !t->line)
			return;
		if (status_is_end(r->status))
			fleet_settle(t);
	}
	filter_put(&w->filter, line, len);
}

static void
down(struct fleet_machine *m)
{
	lose_sight(m->fleet->arg, m);
}

static void
ended(struct fleet_machine *m, const char *why)
{
	struct watcher *w = m->fleet->arg;

	if (why)
		lose_sight(w, m);
}

/*
 * Where there is a lease, trials end when nobody has asked for them in that
 * time: the machines hear of us often enough.
 */
static void
make_contact(void *arg)
{
	static const char ping[] = "{\"type\":\"ping\"}";
	struct watcher *w = arg;
	int64_t lease_ms = w->fleet.config.lease_ms;
	size_t i;

	if (lease_ms == 0)
		return;
	for (i = 0; i < w->fleet.machines.count; i++)
		fleet_write(&w->fleet.all[i], ping, sizeof(ping) - 1);
	timer_set(w->fleet.loop, &w->contact, lease_ms / CONTACTS + 1,
	    make_contact, w);
}

static void
closing(void *arg)
{
	struct watcher *w = arg;

	timer_stop(&w->contact);
}

static const struct fleet_calls fleet_calls = {
    hear, NULL, down, ended, make_contact, closing};

static void
take_more(
    struct watcher *w, const struct record *r, const char *line, size_t len)
{
	struct fleet_attempt *t = attempts_of(&w->fleet.attempts, r);

	if (t)
		fleet_more(t, line, len);
}

/* Its machine was taken out of the configuration while it ran there. */
static void
tell_gone(struct watcher *w, const struct record *r)
{
	struct attempt a = {.number = r->attempt};
	struct buf why = BUF_INIT;

	memcpy(a.trial, r->trial, sizeof(a.trial));
	fleet_explain_gone(&why, r);
	tell_unknown(w, &a, why.data);
	buf_release(&why);
}

static void
take(void *arg, const struct record *r, const char *line, size_t len)
{
	struct watcher *w = arg;
	struct buf slim = BUF_INIT;
	struct fleet_attempt *t;

	if (!r->trial[0])
		return;
	if (r->type == RECORD_CANCEL || r->type == RECORD_UPDATE)
		take_more(w, r, line, len);
	if (r->type != RECORD_TRIAL)
		return;
	record_set(&slim, r->line, "parameters", JSON_NONE);
	t = fleet_take(&w->fleet, r, slim.data, slim.len);
	if (!t)
		tell_gone(w, r);
	else if (t->at->trouble)
		tell_unknown(w, &t->a, fleet_trouble(t->at));
	buf_release(&slim);
}

static void
end(void *arg)
{
	(void)arg;
}

static void
end_round(void *arg)
{
	struct watcher *w = arg;

	if (!w->filter.ended)
		return;
	if (w->fleet.v->once || !fleet_open_attempts(&w->fleet))
		fleet_finish(&w->fleet);
	if (w->fleet.finishing && fleet_finished(&w->fleet))
		filter_leave(&w->filter, NNI_OK);
}

static void
pressed(void *arg, bool slow)
{
	struct watcher *w = arg;

	fleet_pause(&w->fleet, slow);
}

static const struct filter_calls calls = {take, end, end_round, pressed};

int
verb_watch(const struct verb *v)
{
	struct watcher w = {.fleet = {0}};

	return fleet_run(
	    &w.fleet, &w.filter, v, "watch", &fleet_calls, &calls, &w);
}
