/* The assessors there are, and what they look at. */
#include "assessor.h"

#include <math.h>
#include <stdlib.h>

#include "classargs.h"
#include "mem.h"

void
course_add(struct course *c, double value)
{
	if (c->count == c->cap) {
		c->cap = c->cap ? c->cap * 2 : 16;
		c->values =
		    xreallocarray(c->values, c->cap, sizeof(*c->values));
	}
	if (!c->count)
		c->least = c->most = NAN;
	c->values[c->count++] = value;
	c->least = fmin(c->least, value);
	c->most = fmax(c->most, value);
}

void
course_release(struct course *c)
{
	free(c->values);
	*c = (struct course){NULL, 0, 0, NAN, NAN};
}

static const struct assessor_class *const classes[] = {&medianstop};

#define COUNT (sizeof(classes) / sizeof(classes[0]))

void
assessor_names(struct buf *out)
{
	size_t i;

	for (i = 0; i < COUNT; i++)
		buf_addf(out, "%s\t\n", classes[i]->name);
}

const struct assessor_class *
assessor_find(const char *name, struct buf *err)
{
	struct buf names = BUF_INIT;
	size_t i;

	for (i = 0; i < COUNT; i++)
		if (algorithm_is(name, classes[i]->name))
			return classes[i];
	for (i = 0; i < COUNT; i++)
		buf_addf(&names, "%s%s", i ? ", " : "", classes[i]->name);
	buf_err(err, "there is no assessor '%s' in this version; there are: %s",
	    name, names.data);
	buf_release(&names);
	return NULL;
}
