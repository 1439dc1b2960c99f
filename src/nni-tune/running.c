/* Proposals without a result, in a sorted array: mostly added at its end. */
#include "running.h"

#include <stdlib.h>
#include <string.h>

#include "mem.h"

/* The first item whose number is not less than n. */
static size_t
place_of(const struct running *r, uint64_t n)
{
	size_t low = 0, high = r->count, mid;

	while (low < high) {
		mid = low + (high - low) / 2;
		if (r->items[mid].n < n)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

void
running_add(struct running *r, uint64_t n, struct point *pt)
{
	size_t at = place_of(r, n);

	if (at < r->count && r->items[at].n == n) {
		point_release(pt);
		return;
	}
	if (r->count == r->cap) {
		r->cap = r->cap ? r->cap * 2 : 16;
		r->items = xreallocarray(r->items, r->cap, sizeof(*r->items));
	}
	memmove(r->items + at + 1, r->items + at,
	    (r->count - at) * sizeof(*r->items));
	r->items[at] = (struct running_item){n, *pt, true};
	r->count++;
	r->runs++;
	*pt = (struct point){NULL, NULL, 0};
}

struct running_item *
running_find(struct running *r, uint64_t n)
{
	size_t at = place_of(r, n);

	return at < r->count && r->items[at].n == n ? &r->items[at] : NULL;
}

void
running_set(struct running *r, struct running_item *item, bool runs)
{
	r->runs += (size_t)runs - (size_t)item->runs;
	item->runs = runs;
}

void
running_remove(struct running *r, struct running_item *item)
{
	size_t at = (size_t)(item - r->items);

	running_set(r, item, false);
	point_release(&item->point);
	memmove(item, item + 1, (--r->count - at) * sizeof(*item));
}

void
running_release(struct running *r)
{
	size_t i;

	for (i = 0; i < r->count; i++)
		point_release(&r->items[i].point);
	free(r->items);
	*r = (struct running){NULL, 0, 0, 0};
}
