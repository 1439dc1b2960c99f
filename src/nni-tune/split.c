/*
 * Dividing observations by loss while keeping them in order of x: no sorting is
 * left to do for a proposal, whatever the length of the history.
 */
#include "split.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "mem.h"
#include "parzen.h"

void
lies_append(struct lies *l, double x)
{
	if (l->count == l->cap) {
		l->cap = l->cap ? l->cap * 2 : 16;
		l->items = xreallocarray(l->items, l->cap, sizeof(*l->items));
	}
	l->items[l->count] = (struct lie){x, (uint32_t)l->count};
	l->count++;
}

static int
compare(const void *a, const void *b)
{
	const struct lie *p = a, *q = b;

	if (p->x != q->x)
		return p->x < q->x ? -1 : 1;
	return p->order < q->order ? -1 : p->order > q->order;
}

void
lies_sort(struct lies *l)
{
	if (l->count)
		qsort(l->items, l->count, sizeof(*l->items), compare);
}

void
lies_insert(struct lies *l, double x)
{
	size_t at = l->count;
	struct lie last;

	lies_append(l, x);
	last = l->items[at];
	for (; at && l->items[at - 1].x > x; at--)
		l->items[at] = l->items[at - 1];
	l->items[at] = last;
}

void
lies_clear(struct lies *l)
{
	l->count = 0;
}

void
lies_release(struct lies *l)
{
	free(l->items);
	*l = (struct lies){NULL, 0, 0};
}

static void
side_begin(struct side *s, size_t room)
{
	s->count = 0;
	if (room <= s->cap)
		return;
	s->cap = room + room / 2;
	s->x = xreallocarray(s->x, s->cap, sizeof(*s->x));
	s->weight = xreallocarray(s->weight, s->cap, sizeof(*s->weight));
}

/*
 * For each place in the order of all losses, how many of this parameter's
 * observations stand before it: a parameter of a branch has not seen all.
 */
static void
count_before(
    struct split *s, const struct losses *losses, const struct history *h)
{
	uint32_t n = 0, one;
	size_t i;

	if (losses->count + 1 > s->before_cap) {
		s->before_cap = losses->count + losses->count / 2 + 1;
		s->before =
		    xreallocarray(s->before, s->before_cap, sizeof(*s->before));
	}
	memset(s->before, 0, (losses->count + 1) * sizeof(*s->before));
	for (i = 0; i < h->count; i++)
		s->before[losses->rank[h->result[i]]] = 1;
	for (i = 0; i <= losses->count; i++) {
		one = s->before[i];
		s->before[i] = n;
		n += one;
	}
}

/* Observation number `rank` of all n goes to its side. */
static void
put(struct split *s, double x, size_t rank, size_t n, size_t n_below,
    size_t forgetting)
{
	struct side *side = rank < n_below ? &s->below : &s->above;
	size_t of = rank < n_below ? n_below : n - n_below;

	side->x[side->count] = x;
	side->weight[side->count++] = parzen_weight(
	    rank < n_below ? rank : rank - n_below, of, forgetting);
}

void
split_make(struct split *s, const struct losses *losses,
    const struct history *h, const struct lies *lies, double lie_loss,
    double gamma, size_t forgetting)
{
	size_t n = h->count + lies->count, i, j, rank, lie_rank, lies_at;
	double wanted = ceil(gamma * sqrt((double)n));
	size_t n_below =
	    wanted < (double)forgetting ? (size_t)wanted : forgetting;

	if (n_below > n)
		n_below = n;
	side_begin(&s->below, n_below);
	side_begin(&s->above, n - n_below);
	count_before(s, losses, h);
	/* lies come last: behind all that are as good */
	lies_at = s->before[losses_not_above(losses, lie_loss)];
	for (i = j = 0; i < h->count || j < lies->count;) {
		rank = lie_rank = SIZE_MAX;
		if (i < h->count) {
			rank = s->before[losses->rank[h->result[i]]];
			rank += rank < lies_at ? 0 : lies->count;
		}
		if (j < lies->count)
			lie_rank = lies_at + lies->items[j].order;
		if (j == lies->count ||
		    (i < h->count &&
			(h->x[i] < lies->items[j].x ||
			    (h->x[i] == lies->items[j].x && rank < lie_rank))))
			put(s, h->x[i++], rank, n, n_below, forgetting);
		else
			put(s, lies->items[j++].x, lie_rank, n, n_below,
			    forgetting);
	}
}

void
split_release(struct split *s)
{
	free(s->below.x);
	free(s->below.weight);
	free(s->above.x);
	free(s->above.weight);
	free(s->before);
	memset(s, 0, sizeof(*s));
}
