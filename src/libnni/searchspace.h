#ifndef NNI_SEARCHSPACE_H
#define NNI_SEARCHSPACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "buf.h"
#include "json.h"
#include "node.h"
#include "problems.h"

/*
 * A search space, checked: every parameter, nested ones included, in one array.
 *
 * The order is the one in which NNI samples: keys as written, each nested
 * choice followed by the parameters of its branches (a parent always comes
 * before its children).  v3.0:nni/common/hpo_utils/formatting.py.
 */
enum space_type {
	SPACE_CHOICE,
	SPACE_RANDINT,
	SPACE_UNIFORM,
	SPACE_QUNIFORM,
	SPACE_LOGUNIFORM,
	SPACE_QLOGUNIFORM,
	SPACE_NORMAL,
	SPACE_QNORMAL,
	SPACE_LOGNORMAL,
	SPACE_QLOGNORMAL
};
const char *space_type_name(enum space_type t);

#define SPACE_TOP ((size_t)-1) /* a parameter of the outermost level */

struct space_param {
	struct json key; /* its name as a JSON string, quotes included */
	enum space_type type;
	/*
	 * A parameter of a nested choice: active if and only if params[parent]
	 * is active and has chosen `branch`.
	 */
	size_t parent, branch;
	size_t depth; /* 0 on top, one more for each choice around it */
	/*
	 * uniform family: [a, b], a <= b, a > 0 in the log types; normal
	 * family: mean a, deviation b > 0; the q types: step q > 0.
	 */
	double a, b, q;
	int64_t low, size; /* randint: low .. low + size - 1, size > 0 */
	/* choice: the elements as written, at least one */
	struct json *choices;
	size_t choice_count;
	/*
	 * A nested choice: every element is an object with "_name"; names[i] is
	 * the value of that of element i.  NULL for an ordinary choice.
	 */
	struct json *names;
};

struct space {
	struct buf text; /* the whole as JSON; all slices point into it */
	struct json all;
	struct space_param *params;
	size_t count;
};

#define SPACE_INIT                                                             \
	{                                                                      \
		BUF_INIT, {NULL, 0}, NULL, 0                                   \
	}

enum {
	SPACE_ALLOW_EMPTY = 1 /* {} is good (for somebody's own tuner) */
};

/*
 * From a node tree, a text (JSON; or YAML), or a file ("-": the standard
 * input).  0; or -1 with every error in `problems`.  The space is the caller's
 * to release in either case.
 */
int space_from_node(
    struct space *s, struct node *n, int flags, struct problems *problems);
int space_parse(struct space *s, const char *text, size_t len, int flags,
    struct problems *problems);
int space_load(
    struct space *s, const char *file, int flags, struct problems *problems);
void space_release(struct space *s);

#endif
