/* How an experiment gets on, in figures and words. */
#include "progress.h"

#include "os/sys.h"

#define HELD_MAX 1000
/* So many ends tell how fast it goes, however many trials run at once. */
#define ENOUGH 10
#define LEFT_MAX_MS (INT64_C(1000) * 86400 * 1000)

void
progress_init(struct progress *p)
{
	*p = (struct progress){.doing = ""};
	buf_init(&p->held_by, HELD_MAX);
}

void
progress_release(struct progress *p)
{
	buf_release(&p->held_by);
}

void
progress_start(struct progress *p, const struct experiment *e,
    const struct config *c, int64_t now)
{
	p->exp = e;
	p->config = c;
	p->started_ms = p->moved_ms = now;
	p->started_wall_ms = clock_wall_ms();
}

void
progress_ended(struct progress *p, int64_t wall_ms)
{
	if (wall_ms >= p->started_wall_ms)
		p->ended_here++;
}

size_t
progress_count(const struct progress *p)
{
	return p->exp->trials.count - p->exp->trials.live;
}

/*
 * What runs at once ends at once: before a first round is through, the first
 * ends alone would make it look slow.
 */
double
progress_rate(const struct progress *p, int64_t now)
{
	int64_t enough = experiment_concurrency(p->exp, p->config);
	double minutes = (double)(now - p->started_ms) / 60000;

	if (enough > ENOUGH)
		enough = ENOUGH;
	if (p->ended_here == 0 || (int64_t)p->ended_here < enough ||
	    minutes <= 0)
		return 0;
	return (double)p->ended_here / minutes;
}

void
progress_add_rate(struct buf *b, double per_minute)
{
	if (per_minute >= 600)
		buf_addf(b, "%.0f/s", per_minute / 60);
	else if (per_minute >= 1)
		buf_addf(b, "%.1f/min", per_minute);
	else
		buf_addf(b, "%.1f/h", per_minute * 60);
}

int64_t
progress_left_ms(const struct progress *p, int64_t ran_ms, int64_t now)
{
	int64_t most = experiment_max_trials(p->exp, p->config);
	int64_t limit = experiment_max_duration_ms(p->exp, p->config);
	double rate = progress_rate(p, now), ms;
	int64_t left = -1;

	if (most > 0 && rate > 0) {
		ms = ((double)most - (double)progress_count(p)) / rate * 60000;
		if (ms < LEFT_MAX_MS)
			left = ms > 0 ? (int64_t)ms : 0;
	}
	if (limit > 0) {
		limit = limit > ran_ms ? limit - ran_ms : 0;
		if (left < 0 || limit < left)
			left = limit;
	}
	return left;
}

/* ---- what does not go on ---- */

static size_t
waiting(const struct progress *p)
{
	return p->exp->trials.by_status[STATUS_WAITING];
}

static size_t
out_of_reach(const struct progress *p)
{
	return p->exp->trials.by_status[STATUS_UNKNOWN];
}

const char *
progress_held(const struct progress *p, int64_t now, int64_t ms)
{
	if (now - p->moved_ms < ms)
		return "";
	if (p->exp->trials.live == 0)
		return p->doing[0] == '\0' ? "nni-tune proposes none yet" : "";
	return waiting(p) + out_of_reach(p) > 0 ? p->held_by.data : "";
}

void
progress_add_held(struct buf *b, const struct progress *p)
{
	size_t w = waiting(p), u = out_of_reach(p);

	if (w + u == 0)
		buf_adds(b, "no trial to run");
	if (w > 0)
		buf_addf(
		    b, "%zu trial%s wait%s", w, plural(w), w == 1 ? "s" : "");
	if (u > 0 && w > 0)
		buf_addf(b, ", %zu", u);
	else if (u > 0)
		buf_addf(b, "%zu trial%s", u, plural(u));
	if (u > 0)
		buf_addf(b, " %s out of reach", u == 1 ? "is" : "are");
}
