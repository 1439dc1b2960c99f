/* One configuration, drawn, written as parameters, and read back. */
#include "point.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "map.h"
#include "mem.h"
#include "normal.h"

void
point_init(struct point *pt, const struct space *s)
{
	pt->count = s->count;
	pt->x = xcalloc(2 * s->count + 1, sizeof(*pt->x));
	pt->real = pt->x + s->count;
	point_clear(pt);
}

void
point_clear(struct point *pt)
{
	size_t i;

	for (i = 0; i < 2 * pt->count; i++)
		pt->x[i] = NAN;
}

void
point_release(struct point *pt)
{
	free(pt->x);
	*pt = (struct point){NULL, NULL, 0};
}

/* ---- parameters ---- */

bool
param_is_category(const struct space_param *p)
{
	return p->type == SPACE_CHOICE || p->type == SPACE_RANDINT;
}

double
param_size(const struct space_param *p)
{
	return p->type == SPACE_CHOICE ? (double)p->choice_count
				       : (double)p->size;
}

bool
param_is_log(const struct space_param *p)
{
	return p->type == SPACE_LOGUNIFORM || p->type == SPACE_QLOGUNIFORM ||
	       p->type == SPACE_LOGNORMAL || p->type == SPACE_QLOGNORMAL;
}

bool
param_is_normal(const struct space_param *p)
{
	return p->type == SPACE_NORMAL || p->type == SPACE_QNORMAL ||
	       p->type == SPACE_LOGNORMAL || p->type == SPACE_QLOGNORMAL;
}

bool
param_has_step(const struct space_param *p)
{
	return p->type == SPACE_QUNIFORM || p->type == SPACE_QLOGUNIFORM ||
	       p->type == SPACE_QNORMAL || p->type == SPACE_QLOGNORMAL;
}

void
param_bounds(const struct space_param *p, double *a, double *b)
{
	bool logs = param_is_log(p) && !param_is_normal(p);

	*a = logs ? log(p->a) : p->a;
	*b = logs ? log(p->b) : p->b;
}

static double
clip(double v, double least, double most)
{
	return v < least ? least : v > most ? most : v;
}

double
param_real(const struct space_param *p, double x)
{
	double v = x;

	if (param_is_category(p))
		return x;
	/* a lognormal far out: still a number, and one with a logarithm */
	if (param_is_log(p))
		v = clip(exp(x), DBL_MIN, DBL_MAX);
	if (param_has_step(p))
		v = nearbyint(v / p->q) * p->q;
	if (!param_is_normal(p))
		v = clip(v, p->a, p->b);
	return v + 0.0; /* no -0.0 */
}

double
param_sample(const struct space_param *p, struct rng *r)
{
	double a, b;

	if (param_is_category(p))
		return rng_index(r, param_size(p));
	param_bounds(p, &a, &b);
	if (param_is_normal(p))
		return a + b * rng_normal(r);
	return clip(a + (b - a) * rng_uniform(r), a, b);
}

/* ---- points ---- */

bool
point_active(const struct space *s, const struct point *pt, size_t i)
{
	const struct space_param *p = &s->params[i];

	/* an inactive parent is NaN, which equals no branch */
	return p->parent == SPACE_TOP || pt->x[p->parent] == (double)p->branch;
}

/*
 * The first element equal to number `k`: where a list names one value twice,
 * history knows only the value.
 */
static size_t
first_equal(const struct space_param *p, size_t k)
{
	size_t i;

	for (i = 0; i < k; i++)
		if (p->choices[i].len == p->choices[k].len &&
		    !memcmp(
			p->choices[i].at, p->choices[k].at, p->choices[k].len))
			return i;
	return k;
}

/*
 * x is set to what point_read() would make of the value, to the last bit: a
 * tuner that goes on and one that has read the journal know the same.
 */
void
point_set(const struct space *s, struct point *pt, size_t i, double x)
{
	const struct space_param *p = &s->params[i];

	if (p->type == SPACE_CHOICE && !p->names)
		x = (double)first_equal(p, (size_t)x);
	pt->real[i] = param_real(p, x);
	if (!param_is_category(p) && !param_has_step(p))
		x = param_is_log(p) ? log(pt->real[i]) : pt->real[i];
	pt->x[i] = x;
}

void
point_sample(const struct space *s, struct point *pt, struct rng *r)
{
	size_t i;

	for (i = 0; i < s->count; i++)
		if (point_active(s, pt, i))
			point_set(s, pt, i, param_sample(&s->params[i], r));
}

static void
add_key(struct buf *out, struct json key)
{
	if (out->data[out->len - 1] != '{')
		buf_adds(out, ", ");
	json_add(out, key);
	buf_adds(out, ": ");
}

void
point_write(const struct space *s, const struct point *pt, struct buf *out)
{
	const struct space_param *p;
	size_t i, k, depth = 0;

	buf_addc(out, '{');
	for (i = 0; i < s->count; i++) {
		p = &s->params[i];
		if (isnan(pt->x[i]))
			continue;
		for (; depth > p->depth; depth--)
			buf_addc(out, '}');
		add_key(out, p->key);
		k = param_is_category(p) ? (size_t)pt->x[i] : 0;
		if (p->names) {
			buf_adds(out, "{\"_name\": ");
			json_add(out, p->names[k]);
			depth++;
		} else if (p->type == SPACE_CHOICE) {
			json_add(out, p->choices[k]);
		} else if (p->type == SPACE_RANDINT) {
			json_add_int(out, p->low + (int64_t)pt->x[i]);
		} else {
			json_add_double(out, pt->real[i]);
		}
	}
	for (; depth; depth--)
		buf_addc(out, '}');
	buf_addc(out, '}');
}

void
point_write_unrounded(
    const struct space *s, const struct point *pt, struct buf *out)
{
	char before = '[';
	size_t i;

	for (i = 0; i < s->count; i++) {
		if (isnan(pt->x[i]) || !param_has_step(&s->params[i]))
			continue;
		buf_addc(out, before);
		json_add_double(out, pt->x[i]);
		before = ',';
	}
	if (before == ',')
		buf_addc(out, ']');
}

/* ---- reading back ---- */

static bool
same_text(struct json a, struct json b)
{
	return a.len == b.len && !memcmp(a.at, b.at, b.len);
}

/*
 * Parameters that went through another program have other white space, and
 * letters where we write escapes; ours is a text of the space.
 */
bool
point_same_value(struct json ours, struct json theirs)
{
	struct buf text = BUF_INIT;
	bool same = same_text(ours, theirs);

	if (!same) {
		json_add_python(&text, theirs);
		same = same_text(ours, (struct json){text.data, text.len});
	}
	buf_release(&text);
	return same;
}

/*
 * Looks for a key from where the last search ended: parameters mostly stand in
 * the order of the space.
 */
static struct json
find_member(struct json object, struct json_iter *it, struct json key)
{
	struct json k, v;
	int round;

	for (round = 0; round < 3; round++) {
		while (json_next(it, &k, &v)) {
			/* `key` has its quotes */
			k = json_key_string(k);
			if (round < 2 ? same_text(key, k)
				      : point_same_value(key, k))
				return v;
		}
		json_iter_init(it, object);
	}
	return JSON_NONE;
}

/*
 * The index of a value among `list`: the same text, or the same number (what
 * went through jq 1.6 comes back as 2 where it was 2.0).  -1: not there.
 */
static double
index_among(const struct json *list, size_t count, struct json v)
{
	struct buf text = BUF_INIT;
	double index = -1, a, b;
	struct json normal;
	size_t i;

	if (!v.at)
		return -1;
	for (i = 0; i < count; i++)
		if (same_text(list[i], v))
			return (double)i;
	json_add_python(&text, v);
	normal = (struct json){text.data, text.len};
	for (i = 0; i < count && index < 0; i++)
		if (same_text(list[i], normal) ||
		    (json_type(v) == JSON_NUMBER &&
			json_type(list[i]) == JSON_NUMBER &&
			!json_double(v, &a) && !json_double(list[i], &b) &&
			a == b))
			index = (double)i;
	buf_release(&text);
	return index;
}

/* x of a parameter whose value is given; NaN if it cannot have that value. */
static double
read_value(const struct space_param *p, struct json v)
{
	double d;
	int64_t n;

	if (p->type == SPACE_RANDINT) {
		if (json_int(v, &n) == -1 || n < p->low ||
		    (uint64_t)n - (uint64_t)p->low >= (uint64_t)p->size)
			return NAN;
		return (double)(n - p->low);
	}
	if (p->type == SPACE_CHOICE) {
		d = p->names ? index_among(p->names, p->choice_count,
				   json_get(v, "_name"))
			     : index_among(p->choices, p->choice_count, v);
		return d < 0 ? NAN : d;
	}
	if (json_type(v) != JSON_NUMBER || json_double(v, &d) == -1 ||
	    !isfinite(d))
		return NAN;
	if (!param_is_normal(p) && (d < p->a || d > p->b))
		return NAN;
	if (!param_is_log(p))
		return d;
	/* what rounds to 0 was at most half a step */
	if (param_has_step(p) && d < p->q / 2)
		return log(p->q / 2);
	return d > 0 ? log(d) : NAN;
}

/*
 * Sets parameter i from its value `v`.  `real` is taken from the text and not
 * made anew from x: exp(log(v)) need not be v.
 */
static int
set_from(const struct space *s, struct point *pt, size_t i, struct json v,
    struct json before)
{
	const struct space_param *p = &s->params[i];
	double x = v.at ? read_value(p, v) : NAN, d;

	if (isnan(x))
		return -1;
	pt->x[i] = pt->real[i] = x;
	if (param_is_category(p))
		return 0;
	json_double(v, &pt->real[i]);
	if (param_has_step(p) && before.at && !json_double(before, &d) &&
	    isfinite(d) && param_real(p, d) == pt->real[i])
		pt->x[i] = d;
	return 0;
}

int
point_read(const struct space *s, struct point *pt, struct json parameters,
    struct json unrounded, struct buf *err)
{
	struct json object[JSON_MAX_DEPTH], none, v, x;
	struct json_iter at[JSON_MAX_DEPTH], rest = {NULL, NULL, false};
	const struct space_param *p;
	size_t i;

	if (json_type(parameters) != JSON_OBJECT)
		return buf_err(err, "\"parameters\" is not an object");
	if (json_type(unrounded) == JSON_ARRAY)
		json_iter_init(&rest, unrounded);
	object[0] = parameters;
	json_iter_init(&at[0], parameters);
	for (i = 0; i < s->count; i++) {
		p = &s->params[i];
		if (!point_active(s, pt, i) || p->depth + 1 >= JSON_MAX_DEPTH)
			continue;
		v = find_member(object[p->depth], &at[p->depth], p->key);
		x = JSON_NONE;
		if (param_has_step(p) && rest.at)
			json_next(&rest, &none, &x);
		if (set_from(s, pt, i, v, x) == -1)
			return buf_err(err, "parameter %.*s %s",
			    (int)p->key.len, p->key.at,
			    v.at ? "has a value that is not in the search "
				   "space"
				 : "is missing");
		if (p->names) {
			object[p->depth + 1] = v;
			json_iter_init(&at[p->depth + 1], v);
		}
	}
	return 0;
}

uint64_t
point_hash(const struct point *pt)
{
	uint64_t h = 0, bits;
	size_t i;

	for (i = 0; i < pt->count; i++) {
		if (isnan(pt->x[i]))
			continue;
		memcpy(&bits, &pt->real[i], sizeof(bits));
		h = map_mix(map_mix(h ^ i) ^ bits);
	}
	return h ? h : 1;
}
