/* Any bytes as a search space: what is taken keeps the promises of its header.
 */
#include <stdint.h>
#include <stdlib.h>

#include "searchspace.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check(const struct space *s)
{
	size_t i, j;

	for (i = 0; i < s->count; i++) {
		const struct space_param *p = &s->params[i];

		if (json_type(p->key) != JSON_STRING)
			abort();
		if (p->parent != SPACE_TOP &&
		    (p->parent >= i || !s->params[p->parent].names ||
			p->branch >= s->params[p->parent].choice_count))
			abort();
		if (p->type == SPACE_CHOICE ? p->choice_count == 0
		    : p->type == SPACE_RANDINT
			? p->size <= 0
			: p->type < SPACE_NORMAL && p->a > p->b)
			abort();
		for (j = 0; j < p->choice_count; j++)
			if (json_type(p->choices[j]) == JSON_ABSENT ||
			    (p->names && json_type(p->names[j]) == JSON_ABSENT))
				abort();
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct problems problems = PROBLEMS_INIT;
	struct space space = SPACE_INIT;

	problems_file(&problems, "f");
	if (space_parse(&space, (const char *)data, size, 0, &problems) == 0)
		check(&space);
	else if (!problems.errors)
		abort();
	space_release(&space);
	problems_release(&problems);
	return 0;
}
