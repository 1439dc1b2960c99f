/* What a multi-phase trial has asked for and got. */
#include "phases.h"

#include <stdlib.h>
#include <string.h>

#include "mem.h"

void
phases_release(struct phases *p)
{
	size_t i;

	for (i = 0; i < p->count; i++) {
		free(p->all[i].update);
		free(p->all[i].value);
	}
	free(p->all);
	*p = (struct phases){NULL, 0};
}

struct phase *
phases_find(const struct phases *p, int64_t index)
{
	size_t i;

	/* Mostly the last ones are meant. */
	for (i = p->count; i > 0; i--)
		if (p->all[i - 1].index == index)
			return &p->all[i - 1];
	return NULL;
}

struct phase *
phases_of(const struct phases *p, int64_t parameter_id)
{
	size_t i;

	for (i = parameter_id < 0 ? 0 : p->count; i > 0; i--)
		if (p->all[i - 1].parameter_id == parameter_id)
			return &p->all[i - 1];
	return NULL;
}

struct phase *
phases_now(const struct phases *p, int attempt)
{
	struct phase *now = NULL;
	size_t i;

	for (i = 0; i < p->count; i++)
		if (p->all[i].given == attempt &&
		    (now == NULL || p->all[i].index > now->index))
			now = &p->all[i];
	return now;
}

static struct phase *
made(struct phases *p, int64_t index)
{
	struct phase *one = phases_find(p, index);

	if (one != NULL)
		return one;
	/* As a power of two is reached, there is room for twice as many. */
	if ((p->count & (p->count - 1)) == 0)
		p->all = xreallocarray(
		    p->all, p->count ? p->count * 2 : 1, sizeof(*p->all));
	one = &p->all[p->count++];
	*one = (struct phase){.index = index, .parameter_id = -1};
	return one;
}

static void
given(struct phase *one, const struct record *r)
{
	free(one->update);
	one->update = xstrndup(r->line.at, r->line.len);
	one->given = r->attempt;
	one->parameter_id = r->parameter_id;
	one->parameters = JSON_NONE;
	if (json_type(r->parameters) > JSON_NULL)
		one->parameters =
		    (struct json){one->update + (r->parameters.at - r->line.at),
			r->parameters.len};
}

void
phases_take(struct phases *p, const struct record *r)
{
	int64_t index;

	if (json_int(record_get(r, "parameter_index"), &index) == -1 ||
	    index < 1)
		return;
	if (r->type == RECORD_UPDATE)
		given(made(p, index), r);
	else
		made(p, index)->asked = r->attempt;
}

void
phases_restart(struct phases *p)
{
	size_t i;

	for (i = 0; i < p->count; i++) {
		free(p->all[i].value);
		p->all[i].value = NULL;
	}
}
