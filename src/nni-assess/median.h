#ifndef NNI_MEDIAN_H
#define NNI_MEDIAN_H

#include <stddef.h>

/* The median of numbers that come one by one: two heaps. */
struct heap {
	double *items;
	size_t count, cap;
};

struct median {
	struct heap low;  /* the smaller half, and the middle; negated */
	struct heap high; /* the larger half; the least on top */
};

/* Not NaN. */
void median_add(struct median *m, double value);
size_t median_count(const struct median *m);
/* The two middle ones; the same for an odd count. There must be one. */
double median_lower(const struct median *m);
double median_upper(const struct median *m);
void median_release(struct median *m);

#endif
