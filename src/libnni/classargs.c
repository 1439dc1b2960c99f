/* The arguments of tuners and assessors, checked against tables. */
#include "classargs.h"

#include <stdlib.h>
#include <string.h>

#include "opt.h"

#define MAX_NAMES 32

const char *const optimize_words[] = {"minimize", "maximize", NULL};

static void
list_words(struct buf *out, const char *const *words)
{
	size_t i;

	for (i = 0; words[i]; i++)
		buf_addf(out, "%s'%s'", i ? ", " : "", words[i]);
}

static int
unknown(const char *where, const char *name, const struct classarg *table,
    struct buf *err)
{
	const char *names[MAX_NAMES + 1], *near;
	struct buf allowed = BUF_INIT, hint = BUF_INIT;
	size_t i;

	for (i = 0; i < MAX_NAMES && table[i].name; i++)
		names[i] = table[i].name;
	names[i] = NULL;
	list_words(&allowed, names);
	if ((near = opt_nearest(name, names)))
		buf_addf(&hint, "did you mean '%s'? ", near);
	buf_err(err, "%s: unknown argument '%s'; %sallowed: %s", where, name,
	    hint.data, allowed.data);
	buf_release(&allowed);
	buf_release(&hint);
	return -1;
}

static int
wrong(const char *where, const struct classarg *a, struct json v,
    const char *wanted, struct buf *err)
{
	return buf_err(err, "%s.%s: must be %s, not %.*s", where, a->name,
	    wanted, (int)(v.len < 40 ? v.len : 40), v.at);
}

static int
read_word(
    const char *where, const struct classarg *a, struct json v, struct buf *err)
{
	struct buf wanted = BUF_INIT;
	char *word = json_strdup(v);
	int i, found = -1;

	for (i = 0; word && a->words[i]; i++)
		if (!strcmp(word, a->words[i]))
			found = i;
	free(word);
	if (found >= 0) {
		*(int *)a->to = found;
		return 0;
	}
	buf_adds(&wanted, "one of ");
	list_words(&wanted, a->words);
	wrong(where, a, v, wanted.data, err);
	buf_release(&wanted);
	return -1;
}

static int
read_number(
    const char *where, const struct classarg *a, struct json v, struct buf *err)
{
	bool whole = a->kind == CLASSARG_INT;
	struct buf wanted = BUF_INIT;
	int64_t n = 0;
	double d = 0;
	bool good = json_type(v) == JSON_NUMBER && !json_double(v, &d) &&
		    d >= a->min && d <= a->max && (!whole || !json_int(v, &n));

	if (good && whole)
		*(int64_t *)a->to = n;
	else if (good)
		*(double *)a->to = d;
	else {
		buf_setf(&wanted, "a%s number from %g to %g",
		    whole ? " whole" : "", a->min, a->max);
		wrong(where, a, v, wanted.data, err);
	}
	buf_release(&wanted);
	return good ? 0 : -1;
}

static int
read_one(
    const char *where, const struct classarg *a, struct json v, struct buf *err)
{
	enum json_type type = json_type(v);
	int64_t n;

	if (a->given)
		*a->given = true;
	switch (a->kind) {
	case CLASSARG_WORD:
		return read_word(where, a, v, err);
	case CLASSARG_INT:
	case CLASSARG_NUMBER:
		return read_number(where, a, v, err);
	case CLASSARG_BOOL:
		if (type != JSON_TRUE && type != JSON_FALSE)
			return wrong(where, a, v, "true or false", err);
		*(bool *)a->to = type == JSON_TRUE;
		return 0;
	case CLASSARG_SEED:
		if (type == JSON_NULL)
			return 0;
		if (json_int(v, &n) == -1 || n < 0)
			return wrong(where, a, v,
			    "a whole number from 0 on, or null", err);
		*(uint64_t *)a->to = (uint64_t)n;
		return 0;
	case CLASSARG_ANY:
		*(struct json *)a->to = v;
		return 0;
	}
	return 0;
}

int
classargs_read(struct json args, const char *where,
    const struct classarg *table, struct buf *err)
{
	struct json_iter it;
	struct json key, v;
	struct buf name = BUF_INIT;
	const struct classarg *a;
	int result = 0;

	if (json_type(args) == JSON_ABSENT || json_type(args) == JSON_NULL)
		return 0;
	if (json_type(args) != JSON_OBJECT)
		return buf_err(err, "%s: must be an object", where);
	json_iter_init(&it, args);
	while (!result && json_next(&it, &key, &v)) {
		for (a = table; a->name && !json_key_is(key, a->name); a++)
			continue;
		buf_clear(&name);
		buf_add(&name, key.at, key.len < 80 ? key.len : 80);
		result = a->name ? read_one(where, a, v, err)
				 : unknown(where, name.data, table, err);
	}
	buf_release(&name);
	return result;
}

bool
algorithm_is(const char *name, const char *known)
{
	char a, b;

	do {
		a = *name++;
		b = *known++;
		a = (char)(a >= 'A' && a <= 'Z' ? a + 'a' - 'A' : a);
		b = (char)(b >= 'A' && b <= 'Z' ? b + 'a' - 'A' : b);
	} while (a && a == b);
	return a == b;
}
