#ifndef NNI_NODE_H
#define NNI_NODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "buf.h"
#include "json.h"
#include "problems.h"

/*
 * A file that a person wrote, YAML or JSON, as a tree that remembers where each
 * value stands and how it was spelt.  What programs exchange is JSON text
 * (json.h); this is only for reading configurations and search spaces, where a
 * message needs the line and the column.
 */
enum node_type {
	NODE_NULL,
	NODE_BOOL,
	NODE_INT,
	NODE_FLOAT,
	NODE_STRING,
	NODE_LIST,
	NODE_MAP
};

struct node {
	enum node_type type;
	bool quoted; /* a string in quotes, or a block scalar */
	bool loose;  /* a number to YAML 1.2 and to people, but text to YAML 1.1
			readers such as NNI's: 1e-5, 1.5e3 */
	bool told;   /* an error about it was added: a null stands for anything,
			in a list or map something may be missing */
	bool repeated; /* in a map: its key is there before, as was told */
	int line, col; /* of the value, from 1; columns count characters */
	char *text;    /* a scalar's text, quotes and escapes undone; UTF-8; may
			  hold NUL, see len */
	size_t len;
	char *raw; /* a JSON string that has escapes, as written; else NULL */
	char *key; /* in a map: this member's key, NUL-terminated */
	int key_line, key_col;
	struct node *items; /* of a list or map, in order */
	size_t count;
	/* where node_json() wrote it: text.data + json_at, json_len bytes */
	size_t key_at, key_len; /* the key in its quotes */
	size_t json_at, json_len;
};

/* Limits: what is beyond is refused, whoever wrote it. */
#define NODE_MAX_BYTES ((size_t)64 << 20)
#define NODE_MAX_COUNT ((size_t)1 << 20) /* values, aliases expanded */
#define NODE_MAX_DEPTH 100

enum node_syntax {
	NODE_YAML,	  /* JSON is understood too */
	NODE_JSON_OR_YAML /* JSON by the letter; if it is not, YAML */
};

/*
 * Reads a whole text.  0; or -1 with at least one error added to `problems`
 * (about its current file): syntax, a key that is there twice, more than one
 * document, a limit.  The caller frees *root with node_free() in either case;
 * after an error it is NULL, or, for looking what else is wrong, what could be
 * read, in which `told` and `repeated` are set.
 */
int node_parse(const char *text, size_t len, enum node_syntax syntax,
    struct node **root, struct problems *problems);
void node_free(struct node *root); /* NULL is allowed */
/* A null value of its own. */
struct node *node_new(void);

/*
 * For the readers: a new last item of a list or map, zeroed. It moves when the
 * next one is added.
 */
struct node *node_add(struct node *parent);
/* Keys that are there twice become errors; the map itself is `path`. */
void node_check_keys(
    const struct node *map, const char *path, struct problems *problems);
/*
 * For messages: from a list or map down to its last item: "a.b" becomes
 * "a.b.key" or "a.b[3]". Returns the length to cut it to again.
 */
size_t node_path(struct buf *path, const struct node *parent);

/* Makes the value null; its key stays. */
void node_clear(struct node *n);
/* Makes `to` a copy of the value and its place; its key stays. */
void node_copy(struct node *to, const struct node *from);

/* A map's member by its exact key; NULL if there is none or it is no map. */
struct node *node_get(const struct node *map, const char *key);

/*
 * Appends the value as JSON, without white space.  Numbers keep the user's own
 * text where it is JSON; spellings that only YAML has (.5, 1_000, 0x10, +1) are
 * put right; .inf and .nan become strings.  Sets json_at and json_len of every
 * node in it (offsets into out).
 */
void node_json(struct node *n, struct buf *out);
/* The same with Python's separators and escapes, see json_add_python(). */
void node_json_python(struct node *n, struct buf *out);
/* The slice that these wrote for n, while out is unchanged. */
struct json node_slice(const struct node *n, const struct buf *out);

/* The number; -1 if it is none (or, for an integer, too large for 64 bits). */
int node_int(const struct node *n, int64_t *to);
/* Strings that spell a number are taken as well, as NNI's tuners do. */
int node_double(const struct node *n, double *to);

/* True for a true boolean (yes, on). */
bool node_bool(const struct node *n);

/*
 * Does a key, or a path of keys ("a.b[3]"), sound as if its value were a
 * password or the like?  Somebody's own platform, or a job template, has
 * secrets that no table knows.
 */
bool node_sounds_secret(const char *key);

/* "a list", "the text '4'", "true": what a message calls the value. */
void node_describe(const struct node *n, struct buf *out);

#endif
