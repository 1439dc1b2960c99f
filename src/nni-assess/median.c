/*
 * A running median.  With thousands of trials each intermediate result asks for
 * one, so that sorting every time would be the whole cost of nni-assess.
 */
#include "median.h"

#include <stdlib.h>

#include "mem.h"

static void
push(struct heap *h, double value)
{
	size_t i = h->count++;

	if (i == h->cap) {
		h->cap = h->cap ? h->cap * 2 : 8;
		h->items = xreallocarray(h->items, h->cap, sizeof(*h->items));
	}
	for (; i && h->items[(i - 1) / 2] > value; i = (i - 1) / 2)
		h->items[i] = h->items[(i - 1) / 2];
	h->items[i] = value;
}

static double
pop(struct heap *h)
{
	double top = h->items[0], last = h->items[--h->count];
	size_t i = 0, child;

	while ((child = 2 * i + 1) < h->count) {
		if (child + 1 < h->count &&
		    h->items[child + 1] < h->items[child])
			child++;
		if (h->items[child] >= last)
			break;
		h->items[i] = h->items[child];
		i = child;
	}
	h->items[i] = last;
	return top;
}

/* The lower heap has as many as the upper one, or one more. */
void
median_add(struct median *m, double value)
{
	push(&m->low, -value);
	push(&m->high, -pop(&m->low));
	if (m->high.count > m->low.count)
		push(&m->low, -pop(&m->high));
}

size_t
median_count(const struct median *m)
{
	return m->low.count + m->high.count;
}

double
median_lower(const struct median *m)
{
	return -m->low.items[0];
}

double
median_upper(const struct median *m)
{
	return m->low.count > m->high.count ? median_lower(m)
					    : m->high.items[0];
}

void
median_release(struct median *m)
{
	free(m->low.items);
	free(m->high.items);
	*m = (struct median){{NULL, 0, 0}, {NULL, 0, 0}};
}
