/*
 * Sorted late: new entries wait at the end, and are sorted and merged into the
 * rest when an order is needed.
 */
#include "history.h"

#include <stdlib.h>
#include <string.h>

#include "mem.h"

struct entry {
	double key;
	uint32_t number;
};

static int
compare(const void *a, const void *b)
{
	const struct entry *p = a, *q = b;

	if (p->key != q->key)
		return p->key < q->key ? -1 : 1;
	return p->number < q->number ? -1 : p->number > q->number;
}

static size_t
larger(size_t cap)
{
	return cap ? cap * 2 : 64;
}

uint32_t
losses_add(struct losses *l, double loss)
{
	if (l->count == l->cap) {
		l->cap = larger(l->cap);
		l->loss = xreallocarray(l->loss, l->cap, sizeof(*l->loss));
		l->by_loss =
		    xreallocarray(l->by_loss, l->cap, sizeof(*l->by_loss));
		l->rank = xreallocarray(l->rank, l->cap, sizeof(*l->rank));
	}
	l->loss[l->count] = loss;
	return (uint32_t)l->count++;
}

/* The new results come later than all others: a tie leaves them behind. */
void
losses_sort(struct losses *l)
{
	size_t i, to, old = l->sorted, fresh = l->count - l->sorted;
	struct entry *e;

	if (!fresh)
		return;
	e = xcalloc(fresh, sizeof(*e));
	for (i = 0; i < fresh; i++)
		e[i] = (struct entry){l->loss[old + i], (uint32_t)(old + i)};
	qsort(e, fresh, sizeof(*e), compare);
	for (to = l->count; fresh; to--) {
		if (old && l->loss[l->by_loss[old - 1]] > e[fresh - 1].key)
			l->by_loss[to - 1] = l->by_loss[--old];
		else
			l->by_loss[to - 1] = e[--fresh].number;
	}
	free(e);
	for (i = 0; i < l->count; i++)
		l->rank[l->by_loss[i]] = (uint32_t)i;
	l->sorted = l->count;
}

size_t
losses_not_above(const struct losses *l, double loss)
{
	size_t low = 0, high = l->count, mid;

	while (low < high) {
		mid = low + (high - low) / 2;
		if (l->loss[l->by_loss[mid]] <= loss)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

void
losses_release(struct losses *l)
{
	free(l->loss);
	free(l->by_loss);
	free(l->rank);
	memset(l, 0, sizeof(*l));
}

void
history_add(struct history *h, double x, uint32_t result)
{
	if (h->count == h->cap) {
		h->cap = larger(h->cap);
		h->x = xreallocarray(h->x, h->cap, sizeof(*h->x));
		h->result =
		    xreallocarray(h->result, h->cap, sizeof(*h->result));
	}
	h->x[h->count] = x;
	h->result[h->count++] = result;
}

void
history_sort(struct history *h)
{
	size_t i, to, old = h->sorted, fresh = h->count - h->sorted;
	struct entry *e;

	if (!fresh)
		return;
	e = xcalloc(fresh, sizeof(*e));
	for (i = 0; i < fresh; i++)
		e[i] = (struct entry){h->x[old + i], h->result[old + i]};
	qsort(e, fresh, sizeof(*e), compare);
	for (to = h->count; fresh; to--) {
		if (old && h->x[old - 1] > e[fresh - 1].key) {
			h->x[to - 1] = h->x[--old];
			h->result[to - 1] = h->result[old];
		} else {
			h->x[to - 1] = e[--fresh].key;
			h->result[to - 1] = e[fresh].number;
		}
	}
	free(e);
	h->sorted = h->count;
}

void
history_release(struct history *h)
{
	free(h->x);
	free(h->result);
	memset(h, 0, sizeof(*h));
}
