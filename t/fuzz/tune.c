/*
 * A search space, then records, as a user or a damaged journal might give them.
 * Whatever they are: what is proposed can be read back, and nothing is proposed
 * twice under one number.
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

static void
run(const struct tuner_class *class, struct space *space, const char *text,
    size_t len)
{
	static const char args[] = "{\"tpe_args\":{\"n_startup_jobs\":2}}";
	struct tuner_setup setup = {space, JSON_NONE, 1};
	struct tuner *other;
	struct search s;

	if (class == &tpe_tuner)
		setup.args = (struct json){args, sizeof(args) - 1};
	other = class->open(&setup, NULL);
	if (search_open(&s, class, space, setup.args, 1, NULL) == -1)
		return;
	propose(&s, other);
	/* `other` is of the first space; a new one replaces that */
	other->class->close(other);
	feed(&s, text, len);
	setup.space = s.space;
	other = class->open(&setup, NULL);
	propose(&s, other);
	other->class->close(other);
	search_close(&s);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct tuner_class *const classes[] = {
	    &tpe_tuner, &random_tuner, &grid_tuner, &batch_tuner};
	struct problems problems = PROBLEMS_INIT;
	struct space *space = xcalloc(1, sizeof(*space));
	const char *text = (const char *)data + 1, *lf;

	*space = (struct space)SPACE_INIT;
	lf = size ? memchr(text, '\n', size - 1) : NULL;
	if (lf &&
	    space_parse(space, text, (size_t)(lf - text), 0, &problems) == 0) {
		run(classes[*data % 4], space, lf + 1,
		    size - 1 - (size_t)(lf + 1 - text));
	} else {
		space_release(space);
		free(space);
	}
	problems_release(&problems);
	return 0;
}
