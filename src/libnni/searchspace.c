/*
 * Search spaces: checking what a user wrote, and the flat list of parameters
 * that nni-tune walks.  The rules are those of NNI v3.0's Random, TPE and
 * GridSearch, with what they only find out by a crash (a reversed range, an
 * empty choice, a step of 0) said here, with its line and column.
 */
#include "searchspace.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "mem.h"
#include "opt.h"
#include "os/file.h"
#include "os/sys.h"

enum family { CHOICE, RANDINT, UNIFORM, NORMAL };

static const struct {
	const char *name;
	enum family family;
	bool log, q;
	const char *values; /* what _value must be */
} types[] = {
    [SPACE_CHOICE] = {"choice", CHOICE, false, false, "a list"},
    [SPACE_RANDINT] = {"randint", RANDINT, false, false, "[low, high]"},
    [SPACE_UNIFORM] = {"uniform", UNIFORM, false, false, "[low, high]"},
    [SPACE_QUNIFORM] = {"quniform", UNIFORM, false, true, "[low, high, q]"},
    [SPACE_LOGUNIFORM] = {"loguniform", UNIFORM, true, false, "[low, high]"},
    [SPACE_QLOGUNIFORM] = {"qloguniform", UNIFORM, true, true,
	"[low, high, q]"},
    [SPACE_NORMAL] = {"normal", NORMAL, false, false, "[mu, sigma]"},
    [SPACE_QNORMAL] = {"qnormal", NORMAL, false, true, "[mu, sigma, q]"},
    [SPACE_LOGNORMAL] = {"lognormal", NORMAL, true, false, "[mu, sigma]"},
    [SPACE_QLOGNORMAL] = {"qlognormal", NORMAL, true, true, "[mu, sigma, q]"},
};
#define TYPE_COUNT (sizeof(types) / sizeof(types[0]))

/* What NNI's neural architecture search had in search spaces. */
static const char *const nas_types[] = {
    "mutable_layer", "layer_choice", "input_choice", NULL};

/* Choices in choices; each level is two levels of JSON. */
#define MAX_LEVELS 40

struct build {
	struct space *space;
	struct problems *problems;
	struct buf path; /* of the parameter at hand: "net.cnn.k" */
};

const char *
space_type_name(enum space_type t)
{
	return types[t].name;
}

static void wrong(struct build *b, const struct node *n, const char *fmt, ...)
    NNI_FORMAT(3, 4);

static void
wrong(struct build *b, const struct node *n, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	problems_at(b->problems, false, n->line, n->col, b->path.data, fmt, ap);
	va_end(ap);
}

static struct space_param *
new_param(struct build *b)
{
	struct space *s = b->space;

	/* doubling from powers of two */
	if ((s->count & (s->count - 1)) == 0)
		s->params = xreallocarray(
		    s->params, s->count ? s->count * 2 : 1, sizeof(*s->params));
	memset(&s->params[s->count], 0, sizeof(*s->params));
	return &s->params[s->count++];
}

/* ---- choice ---- */

static bool
is_spec(const struct node *n)
{
	return node_get(n, "_type") && node_get(n, "_value");
}

/* An object in which sub-parameters are meant, whatever else it lacks. */
static bool
has_specs(const struct node *n)
{
	size_t i;

	for (i = 0; n->type == NODE_MAP && i < n->count; i++)
		if (is_spec(&n->items[i]))
			return true;
	return false;
}

/* ["name", {sub space}]: how NNI before 1.1 wrote a branch. */
static bool
is_old_branch(const struct node *n)
{
	return n->type == NODE_LIST && n->count == 2 &&
	       n->items[0].type == NODE_STRING && has_specs(&n->items[1]);
}

static void read_level(struct build *b, struct node *map, size_t parent,
    size_t branch, size_t depth);

/*
 * NNI takes a choice for nested only if each element is an object with "_name";
 * else it hands the elements to the trial as they are, sub-space and
 * all, which nobody wants.
 */
static bool
is_nested(struct build *b, struct node *list, size_t self, size_t depth)
{
	size_t i, named = 0;

	for (i = 0; i < list->count; i++)
		named += node_get(&list->items[i], "_name") != NULL;
	if (named == list->count)
		return true;
	for (i = 0; i < list->count; i++) {
		struct node *n = &list->items[i];

		if (is_old_branch(n))
			wrong(b, n,
			    "this form of a nested choice ended with NNI 1.0; "
			    "write {\"_name\": \"%s\", ...}",
			    n->items[0].text);
		else if (has_specs(n) && !node_get(n, "_name"))
			wrong(b, n,
			    "an element with sub-parameters needs a \"_name\"");
		else if (has_specs(n))
			wrong(b, n,
			    "in a nested choice every element must be an "
			    "object with a \"_name\"; others here have none");
		else
			continue;
		/* what else is wrong there */
		if (depth < MAX_LEVELS)
			read_level(b, is_old_branch(n) ? &n->items[1] : n, self,
			    i, depth + 1);
	}
	return false;
}

/* A trial's parameters tell the branch by its name alone. */
static void
check_branch_name(
    struct build *b, const struct node *list, size_t i, const struct node *name)
{
	const struct node *other;
	size_t k;

	for (k = 0; k < i; k++) {
		other = node_get(&list->items[k], "_name");
		if (other->text && name->text &&
		    strcmp(other->text, name->text) == 0) {
			wrong(b, name, "there are two branches named '%s'",
			    name->text);
			return;
		}
	}
}

static void
read_branches(struct build *b, struct node *list, size_t self, size_t depth)
{
	size_t i;

	for (i = 0; i < list->count; i++) {
		const struct node *name = node_get(&list->items[i], "_name");
		size_t len = b->path.len;

		if (name->type == NODE_LIST || name->type == NODE_MAP)
			wrong(b, name, "\"_name\" must be a text");
		check_branch_name(b, list, i, name);
		b->space->params[self].names[i] =
		    node_slice(name, &b->space->text);
		buf_addf(&b->path, ".%.100s", name->text ? name->text : "");
		read_level(b, &list->items[i], self, i, depth + 1);
		buf_cut(&b->path, len);
	}
}

static void
note_loose(struct build *b, const struct node *n)
{
	if (n->loose)
		problems_note(b->problems, n->line, n->col,
		    "%s: %s is taken as a number; NNI's YAML reader takes it "
		    "as text unless written %s",
		    b->path.data, n->text, "like 1.0e-5");
}

static void
read_choice(struct build *b, struct node *list, size_t self, size_t depth)
{
	struct space_param *p = &b->space->params[self];
	size_t i;

	if (list->count == 0) {
		wrong(b, list, "a choice needs at least one element");
		return;
	}
	p->choice_count = list->count;
	p->choices = xcalloc(list->count, sizeof(*p->choices));
	for (i = 0; i < list->count; i++) {
		p->choices[i] = node_slice(&list->items[i], &b->space->text);
		note_loose(b, &list->items[i]);
	}
	if (!is_nested(b, list, self, depth))
		return;
	p->names = xcalloc(list->count, sizeof(*p->names));
	if (depth >= MAX_LEVELS)
		wrong(b, list, "choices are nested too deeply");
	else
		read_branches(b, list, self, depth);
}

/* ---- numbers ---- */

static int
read_number(struct build *b, const struct node *n, double *to)
{
	struct buf what = BUF_INIT;

	if (n->told)
		return -1;
	if (node_double(n, to) == 0 && isfinite(*to)) {
		note_loose(b, n);
		return 0;
	}
	node_describe(n, &what);
	wrong(b, n, "must be a finite number, not %s", what.data);
	buf_release(&what);
	return -1;
}

static void
check_randint(struct build *b, const struct node *list, struct space_param *p)
{
	double low = ceil(p->a), high = ceil(p->b);

	/* beyond this a double no longer holds every whole number */
	if (fabs(low) > 9007199254740992.0 || fabs(high) > 9007199254740992.0) {
		wrong(b, list, "randint must stay within 2^53");
		return;
	}
	if (low >= high)
		wrong(b, list,
		    "randint [low, high] holds no number: high is left out "
		    "and must be above low");
	p->low = (int64_t)low;
	p->size = (int64_t)high - p->low;
}

static void
check_numbers(struct build *b, const struct node *list, struct space_param *p)
{
	enum family family = types[p->type].family;

	if (family == RANDINT) {
		check_randint(b, list, p);
	} else if (family == UNIFORM) {
		if (p->a > p->b)
			wrong(b, &list->items[0],
			    "low is above high in %s %s; swap them",
			    types[p->type].name, types[p->type].values);
		if (!isfinite(p->b - p->a))
			wrong(
			    b, list, "the range is too wide to calculate with");
		if (types[p->type].log && !(p->a > 0))
			wrong(b, &list->items[0], "low must be above 0 in %s",
			    types[p->type].name);
	} else if (!(p->b > 0)) {
		wrong(b, &list->items[1], "sigma must be above 0");
	}
	if (types[p->type].q && !(p->q > 0))
		wrong(b, &list->items[2], "q must be above 0");
}

static void
read_numbers(struct build *b, const struct node *list, struct space_param *p)
{
	size_t want = types[p->type].q ? 3 : 2, i;
	double values[3] = {0}, other;
	bool bad = false;

	for (i = 0; i < list->count; i++)
		bad |= read_number(b, &list->items[i],
			   i < want ? &values[i] : &other) < 0;
	if (list->count != want) {
		if (p->type == SPACE_RANDINT && list->count == 1 && !bad)
			wrong(b, list,
			    "_value must be [low, high]; for the numbers below "
			    "%s write [0, %s]",
			    list->items[0].text ? list->items[0].text : "n",
			    list->items[0].text ? list->items[0].text : "n");
		else
			wrong(b, list,
			    "_value must be %s for %s, not %llu value%s",
			    types[p->type].values, types[p->type].name,
			    (unsigned long long)list->count,
			    plural(list->count));
	}
	if (bad || list->count != want)
		return;
	p->a = values[0];
	p->b = values[1];
	p->q = values[2];
	check_numbers(b, list, p);
}

/* ---- specs ---- */

/* Tells it; 0 with the type that may have been meant, or -1. */
static int
unknown_type(struct build *b, const struct node *type, enum space_type *meant)
{
	const char *names[TYPE_COUNT + 1] = {NULL}, *near;
	size_t i;

	for (i = 0; nas_types[i]; i++)
		if (strcmp(nas_types[i], type->text) == 0) {
			wrong(b, type,
			    "_type '%s' was for NNI's architecture search, "
			    "which is not available",
			    nas_types[i]);
			return -1;
		}
	for (i = 0; i < TYPE_COUNT; i++)
		names[i] = types[i].name;
	near = opt_nearest(type->text, names);
	wrong(b, type,
	    "unknown _type '%s'; must be one of choice randint uniform "
	    "quniform loguniform qloguniform normal qnormal lognormal "
	    "qlognormal%s%s%s",
	    type->text, near ? "; did you mean '" : "", near ? near : "",
	    near ? "'?" : "");
	for (i = 0; i < TYPE_COUNT; i++)
		if (names[i] == near)
			*meant = (enum space_type)i;
	return near ? 0 : -1;
}

static int
read_type(struct build *b, const struct node *type, enum space_type *to)
{
	size_t i;

	if (type->told)
		return -1;
	if (type->type != NODE_STRING) {
		wrong(b, type, "_type must be a text, such as \"uniform\"");
		return -1;
	}
	for (i = 0; i < TYPE_COUNT; i++)
		if (strcmp(types[i].name, type->text) == 0) {
			*to = (enum space_type)i;
			return 0;
		}
	return unknown_type(b, type, to);
}

/* Keys beside _type and _value: NNI passes over them. */
static void
check_spec_keys(struct build *b, const struct node *spec)
{
	static const char *const known[] = {"_type", "_value", NULL};
	size_t i;

	for (i = 0; i < spec->count; i++) {
		const struct node *n = &spec->items[i];
		const char *near;

		if (strcmp(n->key, "_type") == 0 ||
		    strcmp(n->key, "_value") == 0)
			continue;
		near = opt_nearest(n->key, known);
		if (near && !node_get(spec, near))
			problems_add(b->problems, n->key_line, n->key_col,
			    "%s.%s: unknown key; did you mean '%s'?",
			    b->path.data, n->key, near);
		else
			problems_note(b->problems, n->key_line, n->key_col,
			    "%s.%s: has no effect", b->path.data, n->key);
	}
}

/* "_type" or "_value"; or what was meant for it, which has been told. */
static struct node *
meant_member(struct node *spec, const char *key)
{
	const char *const keys[] = {key, NULL};
	struct node *n = node_get(spec, key);
	size_t i;

	for (i = 0; !n && spec->type == NODE_MAP && i < spec->count; i++)
		if (opt_nearest(spec->items[i].key, keys))
			n = &spec->items[i];
	return n;
}

static void
read_spec(struct build *b, struct node *spec, size_t parent, size_t branch,
    size_t depth)
{
	struct node *type = meant_member(spec, "_type");
	struct node *value = meant_member(spec, "_value");
	struct space_param *p;
	enum space_type t = SPACE_CHOICE;
	bool known;
	size_t self = b->space->count;

	if (spec->told && spec->type == NODE_NULL)
		return;
	if (spec->type != NODE_MAP) {
		struct buf what = BUF_INIT;

		node_describe(spec, &what);
		wrong(b, spec,
		    "must be an object {\"_type\": ..., \"_value\": ...}, not "
		    "%s",
		    what.data);
		buf_release(&what);
		return;
	}
	check_spec_keys(b, spec);
	if (!type && !spec->told)
		wrong(b, spec, "has no _type, such as \"uniform\"");
	known = type && read_type(b, type, &t) == 0;
	if (!value && !spec->told && known)
		wrong(b, spec, "has no _value; %s needs %s", types[t].name,
		    types[t].values);
	else if (!value && !spec->told)
		wrong(b, spec, "has no _value");
	if (!known || !value || value->told)
		return;
	if (value->type != NODE_LIST) {
		struct buf what = BUF_INIT;

		node_describe(value, &what);
		wrong(b, value, "_value must be %s for %s, not %s",
		    types[t].values, types[t].name, what.data);
		buf_release(&what);
		return;
	}
	p = new_param(b);
	p->type = t;
	p->parent = parent;
	p->branch = branch;
	p->depth = depth;
	p->key.at = b->space->text.data + spec->key_at;
	p->key.len = spec->key_len;
	if (t == SPACE_CHOICE)
		read_choice(b, value, self, depth);
	else
		read_numbers(b, value, p);
}

static void
read_level(struct build *b, struct node *map, size_t parent, size_t branch,
    size_t depth)
{
	size_t i;

	for (i = 0; i < map->count; i++) {
		struct node *spec = &map->items[i];
		size_t len = b->path.len;

		/* NNI passes over it on the outermost level, too */
		if (strcmp(spec->key, "_name") == 0)
			continue;
		buf_addf(&b->path, "%s%.100s", len ? "." : "", spec->key);
		read_spec(b, spec, parent, branch, depth);
		buf_cut(&b->path, len);
	}
}

/* ---- the whole ---- */

/* Of an object that could be read only in part nobody knows. */
static bool
is_empty(const struct node *map)
{
	return !map->told && map->count == (node_get(map, "_name") != NULL);
}

int
space_from_node(
    struct space *s, struct node *n, int flags, struct problems *problems)
{
	struct build b = {s, problems, BUF_INIT};
	size_t before = problems->errors;

	space_release(s);
	/* Names and choices become parameters, which NNI's trials find so. */
	node_json_python(n, &s->text);
	s->all = node_slice(n, &s->text);
	if (n->type == NODE_NULL && n->told)
		; /* nothing is known of it */
	else if (n->type != NODE_MAP)
		wrong(&b, n,
		    "a search space must be an object {\"name\": {\"_type\": "
		    "..., \"_value\": ...}}");
	else
		read_level(&b, n, SPACE_TOP, 0, 0);
	if (n->type == NODE_MAP && problems->errors == before && is_empty(n) &&
	    !(flags & SPACE_ALLOW_EMPTY))
		wrong(&b, n, "the search space is empty");
	buf_release(&b.path);
	return problems->errors == before ? 0 : -1;
}

int
space_parse(struct space *s, const char *text, size_t len, int flags,
    struct problems *problems)
{
	struct node *root;
	int ret = -1;

	if (node_parse(text, len, NODE_JSON_OR_YAML, &root, problems) == 0)
		ret = space_from_node(s, root, flags, problems);
	else if (root)
		space_from_node(s, root, flags, problems);
	node_free(root);
	return ret;
}

int
space_load(
    struct space *s, const char *file, int flags, struct problems *problems)
{
	struct buf text = BUF_INIT_MAX(NODE_MAX_BYTES + 1);
	bool typed = strcmp(file, "-") == 0;
	size_t was = problems_file(problems, typed ? "<stdin>" : file);
	int ret = -1;

	if ((typed ? file_read_rest(sys_stdin(), file, &text, NULL)
		   : file_read_all(file, &text, NULL)) < 0)
		problems_add(
		    problems, 0, 0, "cannot be read: %s", os_strerror());
	else
		ret = space_parse(s, text.data, text.len, flags, problems);
	problems_back(problems, was);
	buf_release(&text);
	return ret;
}

void
space_release(struct space *s)
{
	size_t i;

	for (i = 0; i < s->count; i++) {
		free(s->params[i].choices);
		free(s->params[i].names);
	}
	free(s->params);
	buf_release(&s->text);
	s->all = JSON_NONE;
	s->params = NULL;
	s->count = 0;
}
