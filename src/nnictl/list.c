/* experiment list and top: a row for each experiment. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "columns.h"
#include "expdir.h"
#include "mem.h"
#include "nnictl.h"
#include "say.h"
#include "when.h"
#include "os/file.h"
#include "os/loop.h"
#include "os/sys.h"

enum { CELLS = 8 };
enum { SHORTEST_MS = 100 }; /* between two looks */
static const struct column columns[CELLS + 1] = {{"ID", 0, false},
    {"STATE", 0, false}, {"TRIALS", 0, true}, {"RUNNING", 0, true},
    {"FAILED", 0, true}, {"BEST", 8, false}, {"BEGAN", 11, false},
    {"NAME", 8, false}, {NULL, 0, false}};

struct row {
	int64_t began_ms;
	char *cells[CELLS];
};

struct rows {
	struct row *list;
	size_t count;
};

/* ---- one experiment ---- */

static char *
trials_cell(const struct experiment *e, const struct config *c)
{
	int64_t most = experiment_max_trials(e, c);
	struct buf b = BUF_INIT;

	buf_addf(&b, "%zu", e->trials.count - e->trials.live);
	if (most > 0)
		buf_addf(&b, "/%" PRId64, most);
	return buf_detach(&b);
}

static char *
count_cell(size_t n)
{
	struct buf b = BUF_INIT;

	buf_addf(&b, "%zu", n);
	return buf_detach(&b);
}

static char *
best_cell(const struct trials *t)
{
	struct buf b = BUF_INIT;

	if (t->best >= 0)
		buf_addf(&b, "%s (%s)", t->best_value, t->list[t->best].id);
	return buf_detach(&b);
}

static char *
began_cell(int64_t ms)
{
	struct buf b = BUF_INIT;

	if (ms > 0)
		when_add_utc(&b, ms);
	return buf_detach(&b);
}

static void
fill(struct row *row, const struct experiment *e, const struct config *c)
{
	const struct trials *t = &e->trials;

	row->cells[1] = xstrdup(state_word(e));
	row->cells[2] = trials_cell(e, c);
	row->cells[3] = count_cell(t->by_status[STATUS_RUNNING]);
	row->cells[4] = count_cell(t->by_status[STATUS_FAILED]);
	row->cells[5] = best_cell(t);
	if (c->experiment_name != NULL)
		row->cells[7] = xstrdup(c->experiment_name);
}

/* What cannot be read is listed too; what has just been removed is not. */
static void
add_row(void *arg, size_t i, const struct experiment *e, const struct config *c,
    const char *fault)
{
	struct rows *rows = arg;
	struct row row = {.began_ms = e->created_ms};

	(void)i;
	if (fault != NULL && !expdir_is_there(e->dir))
		return;
	row.cells[0] = xstrdup(expdir_id(e->dir));
	row.cells[6] = began_cell(e->created_ms);
	if (fault == NULL) {
		fill(&row, e, c);
	} else {
		row.cells[1] = xstrdup("unreadable");
		say_warning("%s", fault);
	}
	rows->list =
	    xreallocarray(rows->list, rows->count + 1, sizeof(*rows->list));
	rows->list[rows->count++] = row;
}

/* ---- all of them ---- */

static int
by_began(const void *a, const void *b)
{
	const struct row *x = a, *y = b;

	if (x->began_ms != y->began_ms)
		return x->began_ms < y->began_ms ? -1 : 1;
	return strcmp(x->cells[0], y->cells[0]);
}

/* The latest is the last one, next to the prompt. */
static void
add_table(struct buf *out, char **dirs, size_t count)
{
	struct columns *table = columns_new(columns);
	struct rows rows = {NULL, 0};

	state_each(dirs, count, add_row, &rows);
	if (rows.count > 0)
		qsort(rows.list, rows.count, sizeof(*rows.list), by_began);
	for (size_t i = 0; i < rows.count; i++)
		for (size_t k = 0; k < CELLS; k++) {
			char *cell = rows.list[i].cells[k];

			columns_add(table, cell != NULL ? cell : "");
			free(cell);
		}
	columns_print(table, columns_width(), out);
	columns_free(table);
	free(rows.list);
}

int
ctl_list(int argc, char **argv)
{
	struct buf out = BUF_INIT;
	char **dirs;
	size_t count;

	(void)argc;
	(void)argv;
	which_all(!o.all, &dirs, &count);
	add_table(&out, dirs, count);
	say_data(out.data, out.len);
	if (count == 0)
		say(o.all ? "there is no experiment"
			  : "no experiment is running; --all shows all");
	which_free(dirs, count);
	buf_release(&out);
	return NNI_OK;
}

/* ---- top ---- */

struct top {
	struct loop *loop;
	struct timer timer;
	const char *dir; /* NULL: all that run */
	bool drawn;
};

static size_t
add_picture(struct buf *out, const struct top *t)
{
	struct buf one = BUF_INIT;
	char **dirs;
	size_t count = 1;

	if (t->dir != NULL) {
		char *only[1];

		buf_set(&one, t->dir);
		only[0] = one.data;
		add_table(out, only, 1);
		count = state_is_running(t->dir);
	} else {
		which_all(true, &dirs, &count);
		add_table(out, dirs, count);
		which_free(dirs, count);
	}
	buf_release(&one);
	return count;
}

static void
draw(void *arg)
{
	struct top *t = arg;
	struct buf out = BUF_INIT;
	size_t running;
	bool read;

	if (t->drawn)
		buf_adds(&out, "\033[H\033[J");
	running = add_picture(&out, t);
	read = say_data(out.data, out.len) == 0;
	buf_release(&out);
	if (!t->drawn || !read || running == 0) {
		if (running == 0 && t->dir == NULL)
			say("no experiment is running");
		loop_stop(t->loop, 0);
		return;
	}
	timer_set(t->loop, &t->timer, o.time_ms, draw, t);
}

int
ctl_top(int argc, char **argv)
{
	struct buf dir = BUF_INIT;
	struct top t = {.loop = loop_new()};
	int code = NNI_OK;

	if (o.time_ms < SHORTEST_MS)
		code = say_error(NNI_USAGE,
		    "-t, the time between two looks, is at least %g s",
		    SHORTEST_MS / 1000.0);
	if (code == NNI_OK && argc > 0) {
		code = which_one(argc, argv, &dir);
		t.dir = dir.data;
	}
	t.drawn =
	    console_is_terminal(sys_stdout()) && console_ansi(sys_stdout());
	if (code == NNI_OK) {
		timer_set(t.loop, &t.timer, 0, draw, &t);
		loop_run(t.loop);
	}
	loop_free(t.loop);
	buf_release(&dir);
	return code;
}
