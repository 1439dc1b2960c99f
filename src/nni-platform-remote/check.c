/*
 * The verbs that do not stream: can the machines do what the experiment asks,
 * and clearing away after it.  All machines are asked side by side, each once.
 */
#include <inttypes.h>
#include <string.h>

#include "filter.h"
#include "fleet.h"
#include "os/file.h"
#include "os/sys.h"
#include "say.h"
#include "verbs.h"

struct asker {
	struct filter filter;
	struct fleet fleet;
	int code; /* the worst so far */
};

/* What may pass by itself is the least of all. */
static void
note_code(struct asker *a, int code)
{
	if (a->code == NNI_OK || (a->code == NNI_TEMPORARY && code != NNI_OK))
		a->code = code;
}

/* ---- answers ---- */

/* How much its clock is ahead of ours, in seconds. */
static void
put_place(struct asker *a, const struct record *r)
{
	struct buf line = BUF_INIT, seconds = BUF_INIT;
	int64_t ms;

	if (json_seconds_ms(r->time, &ms) == 0) {
		buf_addf(
		    &seconds, "%.3f", (double)(ms - clock_wall_ms()) / 1000);
		record_set(&line, r->line, "clock",
		    (struct json){seconds.data, seconds.len});
	} else {
		json_add(&line, r->line);
	}
	buf_addc(&line, '\n');
	filter_put_buf(&a->filter, &line);
	buf_release(&line);
	buf_release(&seconds);
}

/* An error names its place: the others may run the experiment. */
static void
put_error(struct asker *a, const struct fleet_machine *m, struct json error)
{
	struct buf line = BUF_INIT, place = BUF_INIT;

	json_add_str(&place, m->machine->place);
	record_set(&line, error, "place", (struct json){place.data, place.len});
	buf_addc(&line, '\n');
	filter_put_buf(&a->filter, &line);
	buf_release(&line);
	buf_release(&place);
}

static void
hear(struct fleet_machine *m, const struct record *r, const char *line,
    size_t len)
{
	struct asker *a = m->fleet->arg;

	if (r->type == RECORD_ERROR) {
		m->mine = m; /* it has told itself what is wrong */
		put_error(a, m, r->line);
	} else if (record_is(r->type_text, "place"))
		put_place(a, r);
	else
		filter_put(&a->filter, line, len);
}

static void
down(struct fleet_machine *m)
{
	(void)m;
}

static void
ended(struct fleet_machine *m, const char *why)
{
	struct asker *a = m->fleet->arg;

	struct buf line = BUF_INIT;

	note_code(a, m->code);
	if (why && !m->mine) {
		record_error(&line, fleet_bare(m->machine, m->why),
		    m->machine->place, *m->hint ? m->hint : NULL, NULL);
		buf_rtrim(&line);
		put_error(a, m, (struct json){line.data, line.len});
	}
	buf_release(&line);
}

static void
finish(struct asker *a)
{
	fleet_finish(&a->fleet);
	if (fleet_finished(&a->fleet))
		filter_leave(&a->filter, a->code);
}

static void
end_round(void *arg)
{
	finish(arg);
}

static void
take(void *arg, const struct record *r, const char *line, size_t len)
{
	(void)arg;
	(void)r;
	(void)line;
	(void)len;
}

static void
end(void *arg)
{
	(void)arg;
}

static const struct filter_calls calls = {take, end, end_round, NULL};

/* ---- the verbs ---- */

static int
check_code_dir(struct asker *a)
{
	const char *dir = a->fleet.member->code_dir;
	struct file_info info;
	struct buf text = BUF_INIT;

	if (dir && file_info(dir, true, &info) == 0 && info.type == FILE_DIR)
		return NNI_OK;
	buf_setf(&text, "the trialCodeDirectory '%s' %s", dir ? dir : "",
	    dir && info.type != FILE_ABSENT ? "is not a directory"
					    : "does not exist");
	filter_error(&a->filter, text.data, a->fleet.v->member,
	    "correct trialCodeDirectory in the configuration", NULL);
	buf_release(&text);
	return NNI_CONFIG;
}

static void
ask_to_check(void *arg)
{
	struct asker *a = arg;

	note_code(a, check_code_dir(a));
	fleet_connect_all(&a->fleet);
}

static void
ask_to_clean(void *arg)
{
	struct asker *a = arg;

	fleet_connect_all(&a->fleet);
}

int
verb_check(const struct verb *v)
{
	static const struct fleet_calls check = {
	    hear, NULL, down, ended, ask_to_check, NULL};
	struct verb once = {v->dir, v->member, true, NULL};
	struct asker a = {.code = NNI_OK};

	return fleet_run(
	    &a.fleet, &a.filter, &once, "check", &check, &calls, &a);
}

int
verb_clean(const struct verb *v)
{
	static const struct fleet_calls clean = {
	    hear, NULL, down, ended, ask_to_clean, NULL};
	struct verb once = {v->dir, v->member, true, NULL};
	struct asker a = {.code = NNI_OK};

	return fleet_run(
	    &a.fleet, &a.filter, &once, "clean", &clean, &calls, &a);
}
