/*
 * Without a live nni-run: what was given to a place goes through nni-watch with
 * its cancel, what never left ends in placed.jsonl.
 */
#include <inttypes.h>

#include "cancel.h"
#include "expdir.h"
#include "os/sys.h"
#include "say.h"

static void
watch_said(void *arg, char *line, size_t len)
{
	struct cancel *c = arg;
	struct record r;

	if (!line || record_parse(&r, line, len, NULL) == -1)
		return;
	if (r.type == RECORD_ERROR)
		filter_put(&c->filter, line, len);
	cancel_status(c, &r);
}

static void
watch_ended(void *arg, const char *why, int exit_code)
{
	struct cancel *c = arg;
	struct buf text = BUF_INIT;

	(void)exit_code;
	if (c->targets.wanted) {
		buf_addf(&text, "%zu trial%s could not be seen to end%s%s",
		    c->targets.wanted, plural(c->targets.wanted),
		    why ? ": " : "", why ? why : "");
		cancel_fail(c, NNI_TEMPORARY, text.data);
	}
	buf_release(&text);
}

static const struct backend_calls watch_calls = {
    watch_said, NULL, NULL, watch_ended, NULL};

static int
start_watch(struct cancel *c, struct buf *err)
{
	struct buf path = BUF_INIT;
	int r;

	if (c->watch)
		return 0;
	r = tool_find("nni-watch", &path, err);
	if (r == 0) {
		const char *argv[] = {
		    path.data, "-q", "--format", "jsonl", NULL};

		c->watch = backend_program(
		    c->loop, argv, c->targets.dir, NULL, &watch_calls, c);
		backend_once(c->watch);
		backend_start(c->watch);
	}
	buf_release(&path);
	return r;
}

/* It was never given to a place: that it ended is ours to write down. */
static void
end_queued(struct cancel *c, const struct target *e)
{
	struct buf line = BUF_INIT;

	record_begin_trial(
	    &line, "status", e->placed.key.trial, e->placed.key.number);
	json_member_str(&line, "status", status_name(STATUS_USER_CANCELED));
	json_member_str(&line, "reason", "cancelled before it was started");
	json_member_time(&line, "time", clock_wall_ms());
	record_end(&line);
	journal_add(&c->placed, line.data, line.len);
	buf_release(&line);
}

/*
 * A trial given up has to be cancelled after a resume too, until its place
 * confirms: the mark in placed.jsonl is nni-submit's to see.
 */
static void
mark_lost(struct cancel *c, const struct record *trial)
{
	struct buf line = BUF_INIT;

	record_set(&line, trial->line, "lost", (struct json){"true", 4});
	journal_add(&c->placed, line.data, line.len);
	buf_release(&line);
}

static void
cancel_one(void *arg, struct target *e)
{
	struct cancel *c = arg;
	struct buf line = BUF_INIT, err = BUF_INIT, path = BUF_INIT;
	struct record r;
	os_file f;

	if (e->placed.kind == PLACED_SPEC && c->holder) {
		buf_addf(&err,
		    "trial %s is in the queue of a live nni-submit (process "
		    "%" PRId64 "): give the cancel record to that one",
		    e->placed.key.trial, c->holder);
		say_error(NNI_LOCKED, "%s", err.data);
		c->code = NNI_LOCKED;
		e->ended = true; /* not ours to wait for */
		c->targets.wanted--;
	} else if (e->placed.kind == PLACED_SPEC) {
		end_queued(c, e);
	} else {
		expdir_path(&path, c->targets.dir, "placed.jsonl");
		f = file_open(path.data, FILE_READ, 0, &err);
		if (f == OS_NO_FILE ||
		    placed_line(f, &e->placed, &line, &err) == -1 ||
		    record_parse(&r, line.data, line.len, &err) == -1 ||
		    placed_move(&line, &r, c->targets.dir) == -1 ||
		    start_watch(c, &err) == -1) {
			cancel_fail(c, NNI_TEMPORARY, err.data);
		} else {
			if (c->lost && !c->holder)
				mark_lost(c, &r);
			backend_write(c->watch, line.data, line.len);
			buf_clear(&line);
			cancel_line(c, e, &line);
			backend_write(c->watch, line.data, line.len);
		}
		if (f != OS_NO_FILE)
			file_close(f);
	}
	buf_release(&line);
	buf_release(&err);
	buf_release(&path);
}

/* A spec that only the journal knows was never accepted by nni-submit. */
static void
mark_unplaced(void *arg, struct target *e)
{
	(void)arg;
	if (!e->placed.len)
		e->placed.kind = PLACED_SPEC;
}

void
cancel_directly(struct cancel *c)
{
	struct buf path = BUF_INIT, err = BUF_INIT;
	int64_t offset;
	int got;

	expdir_path(&path, c->targets.dir, "submit.lock");
	got = lock_try(&c->lock, path.data, 0600, &c->holder, &err);
	expdir_path(&path, c->targets.dir, "placed.jsonl");
	if (got == -1 || (got == 1 && journal_open(&c->placed, path.data, false,
					  NULL, &err) == -1)) {
		cancel_fail(c, NNI_TEMPORARY, err.data);
		goto out;
	}
	if (got == 0 && !c->holder)
		c->holder = -1;
	c->began = true;
	/* A run that is resumed later has to know it too. */
	if (c->lost && cancel_request(c, &err) == -1)
		say_warning("%s", err.data);
	targets_each(&c->targets, mark_unplaced, c);
	targets_each(&c->targets, cancel_one, c);
	if (got == 1) {
		offset = c->placed.size;
		if (journal_commit(&c->placed, &err) == -1 ||
		    journal_read(path.data, &offset, cancel_said, c, &err) ==
			-1)
			cancel_fail(c, NNI_TEMPORARY, err.data);
	}
	if (c->watch)
		backend_finish(c->watch);
out:
	buf_release(&path);
	buf_release(&err);
}
