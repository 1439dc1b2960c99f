/*
 * Which tuner (one byte), a search space, classArgs, then records, a line each,
 * as a user or a damaged journal might give them.  Whatever they are: what is
 * proposed can be read back by a tuner of the same kind.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "mem.h"
#include "nni-tune/search.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A tuner of the same kind that is told of the proposal must understand it. */
static void
check(const struct buf *spec, struct tuner *other)
{
	struct record r;
	struct buf err = BUF_INIT;

	if (record_parse(&r, spec->data, spec->len - 1, &err) == -1 ||
	    r.type != RECORD_SPEC || r.parameter_id < 0)
		abort();
	if (other->class->adopt(other, (uint64_t)r.parameter_id, r.parameters,
		record_get(&r, "unrounded"), &err) == -1)
		abort();
	buf_release(&err);
}

static void
propose(struct search *s, struct tuner *other)
{
	struct buf spec = BUF_INIT;
	int i;

	for (i = 0; i < 3; i++) {
		buf_clear(&spec);
		if (search_propose(s, &spec))
			check(&spec, other);
	}
	buf_release(&spec);
}

static void
feed(struct search *s, const char *text, size_t len)
{
	const char *end = text + len, *lf;
	struct record r;
	struct buf err = BUF_INIT;

	for (; text < end; text = lf + 1) {
		lf = memchr(text, '\n', (size_t)(end - text));
		if (!lf)
			lf = end;
		if (record_parse(&r, text, (size_t)(lf - text), NULL) == 0)
			search_record(s, &r, &err);
		buf_clear(&err);
	}
	buf_release(&err);
}

/* The line that begins at *text, which moves behind it. */
static struct json
next_line(const char **text, const char *end)
{
	struct json line = {*text, (size_t)(end - *text)};
	const char *lf = line.len ? memchr(*text, '\n', line.len) : NULL;

	if (lf)
		line.len = (size_t)(lf - *text);
	*text = lf ? lf + 1 : end;
	return line;
}

/* A user may ask for a million candidates, and wait; a fuzzer may not. */
static bool
is_quick(struct json args)
{
	struct json n = json_path(args, "tpe_args.n_ei_candidates");
	double d;

	return json_double(n, &d) == -1 || d <= 100;
}

static void
run(const struct tuner_class *class, struct space *space, struct json args,
    const char *text, size_t len)
{
	struct tuner_setup setup = {space, args, 1};
	struct tuner *other = class->open(&setup, NULL);
	struct search s;

	if (search_open(&s, class, space, args, 1, NULL) == -1) {
		if (other)
			abort();
		return;
	}
	propose(&s, other);
	/* `other` is of the first space; a new one replaces that */
	other->class->close(other);
	feed(&s, text, len);
	setup.space = s.space;
	other = class->open(&setup, NULL);
	if (other) { /* Batch may not have one of the new list */
		propose(&s, other);
		other->class->close(other);
	}
	search_close(&s);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct tuner_class *const classes[] = {
	    &tpe_tuner, &random_tuner, &grid_tuner, &batch_tuner};
	struct problems problems = PROBLEMS_INIT;
	struct space *space;
	const char *text = (const char *)data, *end = text + size;
	struct json line, args;
	const struct tuner_class *class;

	if (!size)
		return 0;
	class = classes[(unsigned char)*text++ % 4];
	line = next_line(&text, end);
	args = next_line(&text, end);
	if (json_check(args.at, args.len, 0, &args, NULL, NULL) == -1)
		args = JSON_NONE;
	space = xcalloc(1, sizeof(*space));
	*space = (struct space)SPACE_INIT;
	if (is_quick(args) &&
	    space_parse(space, line.at, line.len, 0, &problems) == 0) {
		run(class, space, args, text, (size_t)(end - text));
	} else {
		space_release(space);
		free(space);
	}
	problems_release(&problems);
	return 0;
}
