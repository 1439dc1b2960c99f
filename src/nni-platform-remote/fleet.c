/* The machines of a member, and whose attempt is where. */
#include "fleet.h"

#include <stdlib.h>
#include <string.h>

#include "expdir.h"
#include "mem.h"
#include "say.h"
#include "settings.h"
#include "tools.h"
#include "tree.h"

/* So many bytes of a tree wait for a machine to take them. */
#define TREE_AHEAD ((size_t)1 << 20)

/* ---- from the connections ---- */

static void
give(struct fleet_machine *m, const struct fleet_attempt *t)
{
	connection_write(m->connection, t->line, strlen(t->line));
	if (t->more)
		connection_write(m->connection, t->more, strlen(t->more));
}

static void
forget_trouble(struct fleet_machine *m)
{
	free(m->why);
	free(m->hint);
	free(m->trouble);
	m->why = m->hint = m->trouble = NULL;
}

static void
up(void *arg)
{
	struct fleet_machine *m = arg;
	struct fleet *f = m->fleet;
	size_t i;

	forget_trouble(m);
	for (i = 0; i < f->attempts.count; i++) {
		struct fleet_attempt *t =
		    (struct fleet_attempt *)f->attempts.all[i];

		if (t->at == m && t->line)
			give(m, t);
	}
	if (f->calls->up)
		f->calls->up(m);
	if (f->finishing)
		connection_finish(m->connection);
}

static void
say_nonsense(struct fleet_machine *m, const char *what)
{
	filter_error(m->fleet->filter, what, m->machine->place, NULL, NULL);
}

static void
line(void *arg, char *text, size_t len)
{
	struct fleet_machine *m = arg;
	struct buf err = BUF_INIT;
	struct record r;

	if (!text)
		say_nonsense(m, "a line is longer than 1 MiB");
	else if (record_parse(&r, text, len, &err) == -1)
		say_nonsense(m, err.data);
	else
		m->fleet->calls->line(m, &r, text, len);
	buf_release(&err);
}

static void
drop_trees(struct fleet_machine *m)
{
	tree_close(m->trees[0]);
	tree_close(m->trees[1]);
	m->trees[0] = m->trees[1] = NULL;
}

static void
set_trouble(struct fleet_machine *m, const char *why, const char *hint)
{
	struct buf text = BUF_INIT;

	buf_addf(
	    &text, "%s%s%s", why, hint && *hint ? "; " : "", hint ? hint : "");
	forget_trouble(m);
	m->why = xstrdup(why);
	m->hint = xstrdup(hint ? hint : "");
	m->trouble = buf_detach(&text);
}

static void
down(void *arg, const char *why, const char *hint, int64_t pause_ms)
{
	struct fleet_machine *m = arg;

	(void)pause_ms;
	set_trouble(m, why, hint);
	drop_trees(m);
	m->fleet->calls->down(m);
}

static void
ended(void *arg, const char *why, const char *hint, int code)
{
	struct fleet_machine *m = arg;

	drop_trees(m);
	if (why)
		set_trouble(m, why, hint);
	if (why && m->open && !m->fleet->v->once) {
		/* It was to answer what it had. */
		connection_again(m->connection);
		m->fleet->calls->down(m);
		return;
	}
	m->ended = true;
	m->code = code;
	m->fleet->calls->ended(m, why ? m->trouble : NULL);
}

/* ---- settings, and trees of files ---- */

static void
settings(void *arg, const char *system, const char *processor, struct buf *out)
{
	struct fleet_machine *m = arg;
	struct fleet *f = m->fleet;

	if (!f->code_known)
		f->code = settings_code(f->v->dir);
	f->code_known = true;
	free(m->system);
	free(m->processor);
	free(m->tools);
	m->system = xstrdup(system);
	m->processor = xstrdup(processor);
	m->tools = tools_digest(system, processor);
	settings_line(out, m);
}

static void
no_tree(struct fleet_machine *m, const char *why)
{
	drop_trees(m);
	set_trouble(m, why, NULL);
	filter_error(m->fleet->filter, why, m->machine->place, NULL, NULL);
	m->fleet->calls->down(m);
}

static void
first_tree_is_there(struct fleet_machine *m)
{
	tree_close(m->trees[0]);
	m->trees[0] = m->trees[1];
	m->trees[1] = NULL;
}

/* As much as it takes for now. */
static void
send_trees(void *arg)
{
	struct fleet_machine *m = arg;
	struct buf line = BUF_INIT, err = BUF_INIT;
	int r = 1;

	while (m->trees[0] && r != -1 &&
	       connection_queued(m->connection) < TREE_AHEAD) {
		buf_clear(&line);
		r = tree_line(m->trees[0], &line, &err);
		if (r != -1)
			connection_write(m->connection, line.data, line.len);
		if (r == 0)
			first_tree_is_there(m);
	}
	if (r == -1)
		no_tree(m, err.data);
	buf_release(&line);
	buf_release(&err);
}

/* NULL, and err: there is no such tree. */
static struct tree *
open_tree(const struct fleet_machine *m, const char *digest, struct buf *err)
{
	const struct fleet *f = m->fleet;
	struct buf path = BUF_INIT;
	struct tree *t = NULL;

	if (f->code && strcmp(digest, f->code) == 0) {
		expdir_path(&path, f->v->dir, "code.zip");
		t = tree_of_archive(path.data, digest, err);
	} else if (m->tools && strcmp(digest, m->tools) == 0) {
		t = tools_tree(digest, m->system, m->processor);
	} else {
		buf_err(err, "it asked for files that nobody has: %s", digest);
	}
	buf_release(&path);
	return t;
}

static void
need(void *arg, const char *digest)
{
	struct fleet_machine *m = arg;
	struct buf err = BUF_INIT;
	size_t i = m->trees[0] ? 1 : 0;
	struct tree *t = NULL;

	if (m->trees[i])
		buf_err(&err, "it asked for more files than there are");
	else
		t = open_tree(m, digest, &err);
	if (t) {
		m->trees[i] = t;
		connection_on_drain(m->connection, send_trees, m);
		send_trees(m);
	} else {
		no_tree(m, err.data);
	}
	buf_release(&err);
}

static const struct connection_calls connection_calls = {
    .up = up,
    .line = line,
    .down = down,
    .ended = ended,
    .need = need,
    .settings = settings,
};

/* ---- opening ---- */

int
fleet_open(struct fleet *f, struct loop *loop, const struct verb *v,
    const char *verb, const struct fleet_calls *calls, void *arg,
    struct buf *err)
{
	size_t i;
	int code;

	*f = (struct fleet){.loop = loop,
	    .v = v,
	    .verb = verb,
	    .calls = calls,
	    .arg = arg,
	    .attempts = ATTEMPTS_INIT};
	code = config_open(&f->config, v->dir, v->member, &f->member, err);
	if (code == NNI_OK &&
	    machines_read(&f->machines, v->dir, f->member, err) == -1)
		code = NNI_CONFIG;
	if (code != NNI_OK)
		return code;
	f->all = xcalloc(f->machines.count, sizeof(*f->all));
	for (i = 0; i < f->machines.count; i++) {
		f->all[i].fleet = f;
		f->all[i].machine = &f->machines.all[i];
	}
	return NNI_OK;
}

void
fleet_close(struct fleet *f)
{
	size_t i;

	for (i = 0; f->all && i < f->machines.count; i++) {
		connection_free(f->all[i].connection);
		drop_trees(&f->all[i]);
		free(f->all[i].system);
		free(f->all[i].processor);
		free(f->all[i].tools);
		forget_trouble(&f->all[i]);
	}
	for (i = 0; i < f->attempts.count; i++)
		fleet_settle((struct fleet_attempt *)f->attempts.all[i]);
	attempts_release(&f->attempts);
	free(f->all);
	free(f->code);
	machines_read_release(&f->machines);
	config_release(&f->config);
}

int
fleet_run(struct fleet *f, struct filter *filter, const struct verb *v,
    const char *verb, const struct fleet_calls *fleet_calls,
    const struct filter_calls *filter_calls, void *arg)
{
	struct loop *loop = loop_new();
	struct buf err = BUF_INIT;
	int code = fleet_open(f, loop, v, verb, fleet_calls, arg, &err);

	if (code == NNI_OK) {
		f->filter = filter;
		filter_init(
		    filter, loop, FILTER_JSONL, true, filter_calls, arg);
		if (fleet_calls->opened)
			fleet_calls->opened(arg);
		code = loop_run(loop);
		if (fleet_calls->closing)
			fleet_calls->closing(arg);
		filter_release(filter);
	} else {
		say_error(code, "%s", err.data);
	}
	fleet_close(f);
	loop_free(loop);
	buf_release(&err);
	return code;
}

struct fleet_machine *
fleet_at(const struct fleet *f, struct json place)
{
	size_t i;

	for (i = 0; i < f->machines.count; i++)
		if (record_is(place, f->machines.all[i].place))
			return &f->all[i];
	return NULL;
}

void
fleet_connect(struct fleet_machine *m)
{
	struct fleet *f = m->fleet;

	if (m->connection)
		return;
	m->connection = connection_new(f->loop, m->machine, f->verb, f->v->once,
	    NULL, &connection_calls, m);
	if (f->v->once)
		connection_once(m->connection);
	connection_start(m->connection);
}

void
fleet_connect_all(struct fleet *f)
{
	size_t i;

	for (i = 0; i < f->machines.count; i++)
		fleet_connect(&f->all[i]);
}

/* ---- attempts ---- */

struct fleet_attempt *
fleet_take(
    struct fleet *f, const struct record *r, const char *text, size_t len)
{
	struct fleet_machine *m = fleet_at(f, r->place);
	struct fleet_attempt *t;

	if (!m)
		return NULL;
	t = attempts_find(&f->attempts, r->trial, r->attempt);
	if (!t)
		t = attempts_add(
		    &f->attempts, r->trial, r->attempt, sizeof(*t));
	if (t->line)
		return t;
	t->at = m;
	t->line = xstrndup(text, len);
	m->open++;
	fleet_connect(m);
	if (connection_up(m->connection))
		give(m, t);
	return t;
}

void
fleet_more(struct fleet_attempt *t, const char *text, size_t len)
{
	struct buf all = BUF_INIT;

	if (!t->line)
		return;
	buf_adds(&all, t->more ? t->more : "");
	buf_add(&all, text, len);
	buf_addc(&all, '\n');
	free(t->more);
	t->more = buf_detach(&all);
	fleet_write(t->at, text, len);
}

size_t
fleet_open_attempts(const struct fleet *f)
{
	size_t i, n = 0;

	for (i = 0; i < f->machines.count; i++)
		n += f->all[i].open;
	return n;
}

void
fleet_settle(struct fleet_attempt *t)
{
	if (!t->line)
		return;
	t->at->open--;
	free(t->line);
	free(t->more);
	t->line = t->more = NULL;
}

/* ---- all of them ---- */

void
fleet_write(struct fleet_machine *m, const char *text, size_t len)
{
	if (m->connection && connection_up(m->connection))
		connection_write(m->connection, text, len);
}

void
fleet_pause(struct fleet *f, bool paused)
{
	size_t i;

	for (i = 0; i < f->machines.count; i++)
		if (f->all[i].connection)
			connection_pause(f->all[i].connection, paused);
}

/* One that is not up gets what it has to know first. */
void
fleet_finish(struct fleet *f)
{
	size_t i;

	f->finishing = true;
	for (i = 0; i < f->machines.count; i++) {
		struct fleet_machine *m = &f->all[i];

		if (m->connection && (connection_up(m->connection) || !m->open))
			connection_finish(m->connection);
	}
}

bool
fleet_finished(const struct fleet *f)
{
	size_t i;

	for (i = 0; i < f->machines.count; i++)
		if (f->all[i].connection && !f->all[i].ended)
			return false;
	return true;
}

const char *
fleet_trouble(const struct fleet_machine *m)
{
	return m->trouble ? m->trouble : "is being connected to";
}

const char *
fleet_bare(const struct machine *m, const char *why)
{
	size_t len = strlen(m->place);

	if (strncmp(why, m->place, len) == 0 &&
	    strncmp(why + len, ": ", 2) == 0)
		return why + len + 2;
	return why;
}

void
fleet_explain_gone(struct buf *out, const struct record *trial)
{
	struct buf place = BUF_INIT;

	json_string(trial->place, &place);
	buf_addf(out,
	    "%s is no machine of the configuration any more; put it back into "
	    "machineList of config.json, or give the trial up: nni-cancel "
	    "--lost %s",
	    place.len ? place.data : "its place", trial->trial);
	buf_release(&place);
}
