/* The tuners there are. */
#include "tuner.h"

#include "classargs.h"

static const struct tuner_class *const classes[] = {
    &tpe_tuner, &random_tuner, &grid_tuner, &batch_tuner};

#define COUNT (sizeof(classes) / sizeof(classes[0]))

void
tuner_names(struct buf *out)
{
	size_t i;

	for (i = 0; i < COUNT; i++)
		buf_addf(out, "%s\t\n", classes[i]->name);
}

const struct tuner_class *
tuner_find(const char *name, struct buf *err)
{
	const struct tuner_class *c;
	struct buf names = BUF_INIT;
	size_t i;

	for (i = 0; i < COUNT; i++) {
		c = classes[i];
		if (algorithm_is(name, c->name) ||
		    (c->alias && algorithm_is(name, c->alias)))
			return c;
	}
	for (i = 0; i < COUNT; i++)
		buf_addf(&names, "%s%s", i ? ", " : "", classes[i]->name);
	buf_err(err, "there is no tuner '%s' in this version; there are: %s",
	    name, names.data);
	buf_release(&names);
	return NULL;
}
