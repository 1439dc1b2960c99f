/*
 * The walk of the grid.  Numeric parameters live on [0, 1] as values of their
 * distribution function: first 1/2, then 1/4 and 3/4, then eighths.  Only
 * intervals whose ends are different values to the trial are divided on.
 */
#include "grid.h"

#include <math.h>
#include <stdlib.h>

#include "mem.h"
#include "normal.h"

struct span {
	double left, right;
};

struct axis {
	double *marks; /* on [0, 1]; NULL for choice and randint */
	size_t count;  /* of marks, or of values */
	size_t known;  /* marks of the epochs before: NNI's epoch_bar */
	struct span *spans;
	size_t span_count;
};

struct grid {
	const struct space *space;
	struct axis *axes;
	size_t *vector; /* of each axis, the index we are at */
	bool *active;	/* of each axis, at the present vector */
	bool begun;	/* vector is valid */
	bool done;
};

/* x of the value where the distribution function is u. */
static double
quantile(const struct space_param *p, double u)
{
	double a, b;

	param_bounds(p, &a, &b);
	return param_is_normal(p) ? a + b * normal_quantile(u)
				  : a + (b - a) * u;
}

/* The ends of a normal distribution are infinite, and differ from all else. */
static double
real_at(const struct space_param *p, double u)
{
	double x = quantile(p, u);

	return isinf(x) ? x : param_real(p, x);
}

static bool
differ(const struct space_param *p, double left, double right)
{
	return real_at(p, left) < real_at(p, right);
}

static void
axis_init(struct axis *a, const struct space_param *p)
{
	static const struct span halves[] = {{0, 0.5}, {0.5, 1}};
	int i;

	if (param_is_category(p)) {
		a->count = (size_t)param_size(p);
		return;
	}
	a->marks = xcalloc(1, sizeof(*a->marks));
	a->marks[a->count++] = 0.5;
	a->spans = xcalloc(2, sizeof(*a->spans));
	for (i = 0; i < 2; i++)
		if (differ(p, halves[i].left, halves[i].right))
			a->spans[a->span_count++] = halves[i];
}

/* Divides every interval once; true if that can lead to new values. */
static bool
axis_refine(struct axis *a, const struct space_param *p)
{
	size_t i, n = a->span_count, kept = 0;
	struct span *spans, s;
	bool low, high, news = false;
	double mid;

	a->known = a->count;
	if (!n)
		return false;
	spans = xreallocarray(NULL, 2 * n, sizeof(*spans));
	a->marks = xreallocarray(a->marks, a->count + n, sizeof(*a->marks));
	for (i = 0; i < n; i++) {
		s = a->spans[i];
		mid = (s.left + s.right) / 2;
		/* so far out that no double is between: the end itself */
		if (isinf(quantile(p, mid)))
			continue;
		low = differ(p, s.left, mid);
		high = differ(p, mid, s.right);
		/* 0 and 1 themselves are no marks, so beside them one
		   difference is enough */
		if ((low || s.left == 0) && (high || s.right == 1)) {
			a->marks[a->count++] = mid;
			news = true;
		}
		if (low)
			spans[kept++] = (struct span){s.left, mid};
		if (high)
			spans[kept++] = (struct span){mid, s.right};
		news = news || (low && s.left == 0) || (high && s.right == 1);
	}
	free(a->spans);
	a->spans = spans;
	a->span_count = kept;
	return news;
}

struct grid *
grid_new(const struct space *s)
{
	struct grid *g = xcalloc(1, sizeof(*g));
	size_t i;

	g->space = s;
	g->axes = xcalloc(s->count + 1, sizeof(*g->axes));
	g->vector = xcalloc(s->count + 1, sizeof(*g->vector));
	g->active = xcalloc(s->count + 1, sizeof(*g->active));
	for (i = 0; i < s->count; i++)
		axis_init(&g->axes[i], &s->params[i]);
	return g;
}

void
grid_free(struct grid *g)
{
	size_t i;

	if (!g)
		return;
	for (i = 0; i < g->space->count; i++) {
		free(g->axes[i].marks);
		free(g->axes[i].spans);
	}
	free(g->axes);
	free(g->vector);
	free(g->active);
	free(g);
}

static bool
next_epoch(struct grid *g)
{
	bool news = false;
	size_t i;

	for (i = 0; i < g->space->count; i++)
		if (axis_refine(&g->axes[i], &g->space->params[i]))
			news = true;
	return news;
}

/* Is parameter i active at the present vector? Parents come before it. */
static bool
is_active(const struct grid *g, size_t i)
{
	const struct space_param *p = &g->space->params[i];

	return p->parent == SPACE_TOP ||
	       (g->active[p->parent] && g->vector[p->parent] == p->branch);
}

/*
 * Counts up, the last active parameter fastest; false when all have been
 * round.  What is not active stays at 0.
 */
static bool
next_vector(struct grid *g)
{
	size_t i, n = g->space->count;
	bool found = false;

	if (!g->begun)
		return g->begun = true;
	for (i = 0; i < n; i++)
		g->active[i] = is_active(g, i);
	for (i = n; i-- && !found;) {
		if (!g->active[i])
			continue;
		found = g->vector[i] + 1 < g->axes[i].count;
		g->vector[i] = found ? g->vector[i] + 1 : 0;
	}
	return g->begun = found;
}

/* Has this vector been there in an earlier epoch? */
static bool
is_old(const struct grid *g)
{
	size_t i;

	for (i = 0; i < g->space->count; i++)
		if (g->vector[i] >= g->axes[i].known)
			return false;
	return true;
}

bool
grid_next(struct grid *g, struct point *pt)
{
	const struct axis *a;
	size_t i, k;

	do {
		while (!g->done && !next_vector(g))
			g->done = !next_epoch(g);
	} while (!g->done && is_old(g));
	if (g->done)
		return false;
	for (i = 0; i < g->space->count; i++) {
		if (!point_active(g->space, pt, i))
			continue;
		a = &g->axes[i];
		k = g->vector[i];
		point_set(g->space, pt, i,
		    a->marks ? quantile(&g->space->params[i], a->marks[k])
			     : (double)k);
	}
	return true;
}
