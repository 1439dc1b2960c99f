/*
 * One value: does it have the type and the bounds of its row, and what is it in
 * the canonical form.  Durations become seconds, sizes MB (2^20 bytes, as NNI
 * counts), paths absolute, GPU indices a list.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "fold.h"
#include "opt.h"
#include "os/file.h"
#include "reading.h"
#include "utf8.h"

/* A password of digits is not told either. */
static void
describe(const struct key *k, const struct node *n, struct buf *out)
{
	if (!(k->flags & SECRET) || !n->text)
		node_describe(n, out);
	else
		buf_adds(out, n->type == NODE_BOOL ? "a boolean" : "a number");
}

static int
wrong(struct reading *r, const struct key *k, const struct node *n,
    const char *wanted)
{
	struct buf is = BUF_INIT;
	double number;

	describe(k, n, &is);
	if (n->type == NODE_STRING && strstr(wanted, "number") &&
	    node_double(n, &number) == 0)
		buf_adds(&is, "; remove the quotes");
	else if (n->text && n->type != NODE_STRING && n->type != NODE_NULL &&
		 strcmp(wanted, "a text") == 0)
		buf_adds(&is, "; put it in quotes");
	else if (n->type == NODE_STRING && strcmp(k->name, "searchSpace") == 0)
		buf_adds(&is, "; searchSpaceFile names a file");
	reading_error(r, n, k->name, "must be %s, not %s", wanted, is.data);
	buf_release(&is);
	return -1;
}

/* PyYAML reads 1e5 as text, and so may a name be spelt. */
static bool
is_text(const struct node *n)
{
	return n->type == NODE_STRING || n->loose;
}

static int
read_string(struct reading *r, const struct key *k, const struct node *from,
    struct node *to)
{
	if (!is_text(from))
		return wrong(r, k, from, "a text");
	if (from->len == 0) {
		reading_error(r, from, k->name, "must not be empty");
		return -1;
	}
	if (strlen(from->text) != from->len) {
		reading_error(
		    r, from, k->name, "must not hold the character \\0");
		return -1;
	}
	tree_set_string(to, from->text, from);
	return 0;
}

static int
read_bool(struct reading *r, const struct key *k, const struct node *from,
    struct node *to)
{
	if (from->type != NODE_BOOL)
		return wrong(r, k, from, "true or false");
	tree_set_json(to, node_bool(from) ? "true" : "false");
	to->line = from->line;
	to->col = from->col;
	return 0;
}

static int
read_int(struct reading *r, const struct key *k, const struct node *from,
    struct node *to)
{
	int64_t i;

	if (from->type != NODE_INT)
		return wrong(r, k, from, "a whole number");
	if (node_int(from, &i) < 0 || i < k->min || (k->max && i > k->max)) {
		if (!k->max && from->text[0] != '-' && node_int(from, &i) < 0)
			reading_error(r, from, k->name, "is too large");
		else if (k->max)
			reading_error(r, from, k->name,
			    "must be %lld to %lld, not %s", (long long)k->min,
			    (long long)k->max, from->text);
		else
			reading_error(r, from, k->name,
			    "must be %lld or more, not %s", (long long)k->min,
			    from->text);
		return -1;
	}
	tree_set_int(to, i, from);
	return 0;
}

static int
read_number(struct reading *r, const struct key *k, const struct node *from,
    struct node *to)
{
	double d;

	if (from->type != NODE_INT && from->type != NODE_FLOAT)
		return wrong(r, k, from, "a number above 0");
	if (node_double(from, &d) < 0 || !isfinite(d) || !(d > 0))
		return wrong(r, k, from, "a number above 0");
	tree_set_number(to, d, from);
	return 0;
}

/* The word of a list of words with blanks between that `text` is; else NULL. */
static const char *
find_word(const char *words, const char *text, bool any_case, char word[64])
{
	while (*words) {
		size_t len = strcspn(words, " ");

		if (len < 64) {
			memcpy(word, words, len);
			word[len] = '\0';
			if (any_case ? fold_case_equal(word, text)
				     : strcmp(word, text) == 0)
				return word;
		}
		words += len;
		words += strspn(words, " ");
	}
	return NULL;
}

static int
wrong_word(struct reading *r, const struct key *k, const struct node *from)
{
	enum { MAX_WORDS = 16 };
	char store[MAX_WORDS][64];
	const char *list[MAX_WORDS + 1] = {NULL}, *near, *w = k->words;
	struct buf text = BUF_INIT;
	size_t count = 0;

	for (; *w && count < MAX_WORDS; w += strspn(w, " ")) {
		size_t len = strcspn(w, " ");

		memcpy(store[count], w, len < 63 ? len : 63);
		store[count][len < 63 ? len : 63] = '\0';
		list[count] = store[count];
		buf_addf(&text, "%s%s", count ? ", " : "", store[count]);
		count++;
		w += len;
	}
	near = from->text ? opt_nearest(from->text, list) : NULL;
	buf_addf(&text, ", not ");
	node_describe(from, &text);
	if (near)
		buf_addf(&text, "; did you mean '%s'?", near);
	reading_error(r, from, k->name, "must be %s%s",
	    count > 1 ? "one of " : "", text.data);
	buf_release(&text);
	return -1;
}

static int
read_enum(struct reading *r, const struct key *k, const struct node *from,
    struct node *to)
{
	char word[64];

	if (!is_text(from) ||
	    !find_word(k->words, from->text, k->flags & ANY_CASE, word))
		return wrong_word(r, k, from);
	tree_set_string(to, word, from);
	return 0;
}

/* ---- durations and sizes ---- */

#define LONGEST 1e11 /* seconds */

/* NNI's form of a duration: a number and one of d h m s. */
static bool
is_duration(const char *text)
{
	char *end;

	if (!strspn(text, "0123456789."))
		return false;
	strtod(text, &end);
	return end == text + strspn(text, "0123456789.") && *end &&
	       strchr("dhmsDHMS", *end) && !end[1];
}

/*
 * Slurm's D-HH, D-HH:MM, D-HH:MM:SS, HH:MM:SS and MM:SS in seconds (sbatch(1));
 * -1 if it is none.  YAML has read some of these already: 1:30:00 is 5400.
 */
static double
slurm_seconds(const char *s)
{
	double part[4] = {0}; /* days, hours, minutes, seconds */
	size_t n = 0, first;
	char *end;
	bool days = strchr(s, '-') != NULL;

	while (n < 4 && strspn(s, "0123456789")) {
		part[n++] = (double)strtoll(s, &end, 10);
		if (*end == '\0') {
			if (n < 2 || (!days && n > 3))
				return -1;
			first = days ? 0 : 4 - n;
			memmove(part + first, part, n * sizeof(*part));
			if (first)
				memset(part, 0, first * sizeof(*part));
			return ((part[0] * 24 + part[1]) * 60 + part[2]) * 60 +
			       part[3];
		}
		if (*end != (days && n == 1 ? '-' : ':'))
			return -1;
		s = end + 1;
	}
	return -1;
}

static int
read_duration(struct reading *r, const struct key *k, const struct node *from,
    struct node *to)
{
	const char *wanted =
	    k->kind == TIME_LIMIT
		? "a duration such as 10h, 1.5h, 30m, 1:30:00 or 1-12:00:00 "
		  "(days-hours:minutes:seconds)"
		: "a duration such as 10h, 1.5h, 30m or 90s (or a number of "
		  "seconds)";
	bool fine = k->kind == FINE_DURATION;
	double seconds = -1;

	if (from->type == NODE_STRING && is_duration(from->text)) {
		int64_t ms = parse_duration_ms(from->text);

		seconds = ms < 0 ? LONGEST + 1 : (double)ms / 1000;
	} else if (from->type == NODE_STRING && k->kind == TIME_LIMIT) {
		seconds = slurm_seconds(from->text);
	} else if (from->type == NODE_INT || from->type == NODE_FLOAT) {
		node_double(from, &seconds);
	}
	if (isfinite(seconds) && seconds > LONGEST) {
		reading_error(r, from, k->name, "is too large");
		return -1;
	}
	if (!isfinite(seconds) || seconds < 0) {
		struct buf is = BUF_INIT;

		node_describe(from, &is);
		reading_error(
		    r, from, k->name, "must be %s, not %s", wanted, is.data);
		buf_release(&is);
		return -1;
	}
	if (seconds == 0 && !fine) {
		reading_error(r, from, k->name, "must be above 0");
		return -1;
	}
	if (k->kind == TIME_LIMIT && from->type == NODE_INT && seconds < 600 &&
	    !strchr(from->text, ':'))
		reading_note(r, from, k->name,
		    "is %s seconds; for minutes, which Slurm's number is, "
		    "write %sm",
		    from->text, from->text);
	tree_set_number(to, fine ? seconds : ceil(seconds), from);
	return 0;
}

/* In MB; -1 if it is none. v3.0:nni/experiment/config/utils/public.py */
static double
size_mb(const char *text)
{
	static const struct {
		const char *name;
		double mb;
	} units[] = {
	    {"tb", 1048576},
	    {"gb", 1024},
	    {"mb", 1},
	    {"kb", 1.0 / 1024},
	    {"b", 1.0 / 1048576},
	};
	size_t digits = strspn(text, "0123456789."), i;
	char *end;
	double d = strtod(text, &end);

	if (!digits || end != text + digits)
		return -1;
	for (i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (fold_case_equal(text + digits, units[i].name))
			return d * units[i].mb;
	return -1;
}

static int
read_size(struct reading *r, const struct key *k, const struct node *from,
    struct node *to)
{
	double mb = -1;

	if (from->type == NODE_STRING)
		mb = size_mb(from->text);
	else if (from->type == NODE_INT || from->type == NODE_FLOAT)
		node_double(from, &mb);
	if (!isfinite(mb) || !(mb > 0) || mb > 1e15) {
		struct buf is = BUF_INIT;

		node_describe(from, &is);
		reading_error(r, from, k->name,
		    "must be a size such as 8GB or 512MB (units b, kb, mb, "
		    "gb, tb; a bare number is MB), not %s",
		    is.data);
		buf_release(&is);
		return -1;
	}
	tree_set_number(to, mb, from);
	return 0;
}

/* ---- paths ---- */

/* Of files that become a part of the configuration. */
#define FILE_MAX_BYTES ((size_t)1 << 20)

int
value_check_path(
    struct reading *r, const struct node *at, const char *key, const char *path)
{
	const unsigned char *p = (const unsigned char *)path;
	const unsigned char *end = p + strlen(path);
	size_t n = 1;

	while (p < end && (n = utf8_length(p, end)) > 0)
		p += n;
	if (n > 0)
		return 0;
	reading_error(r, at, key,
	    "the name of '%s' is not UTF-8; rename it, or make a link to it",
	    path);
	return -1;
}

static int
wrong_path(struct reading *r, const struct key *k, const struct node *from,
    const char *path, enum file_type type)
{
	bool file = k->kind != DIR_IN && k->kind != DIR_OUT;

	if (type == FILE_ABSENT && k->kind != DIR_OUT)
		reading_error(r, from, k->name, "there is no such %s: '%s'",
		    file ? "file" : "directory", path);
	else if (type == FILE_DIR && file)
		reading_error(
		    r, from, k->name, "'%s' is a directory, not a file", path);
	else if (type != FILE_ABSENT && type != FILE_REGULAR && file)
		reading_error(
		    r, from, k->name, "'%s' is not a regular file", path);
	else if (type != FILE_ABSENT && type != FILE_DIR && !file)
		reading_error(
		    r, from, k->name, "'%s' is not a directory", path);
	else
		return 0;
	return -1;
}

static int
read_path(struct reading *r, const struct key *k, const struct node *from,
    struct node *to)
{
	struct buf home = BUF_INIT, path = BUF_INIT, real = BUF_INIT;
	struct buf err = BUF_INIT;
	struct file_info info = {.type = FILE_ABSENT};
	int ret = -1;

	if (read_string(r, k, from, to) < 0)
		return -1;
	if (path_expand(from->text, &home, &err) < 0 ||
	    path_absolute(home.data, r->base, &path, &err) < 0 ||
	    file_info(path.data, true, &info) < 0)
		reading_error(
		    r, from, k->name, "%s", err.len ? err.data : os_strerror());
	else if (k->kind == DIR_OUT && strpbrk(path.data, "\r\n"))
		reading_error(r, from, k->name, "must not hold a line break");
	else
		ret = wrong_path(r, k, from, path.data, info.type);
	/* NNI, too, resolves links once and for all */
	if (ret == 0 && info.type != FILE_ABSENT &&
	    path_real(path.data, &real, NULL) == 0)
		buf_set(&path, real.data);
	if (ret == 0)
		ret = value_check_path(r, from, k->name, path.data);
	if (ret == 0)
		tree_set_string(to, path.data, from);
	buf_release(&home);
	buf_release(&path);
	buf_release(&real);
	buf_release(&err);
	return ret;
}

/* All of it comes from one place of the configuration. */
static void
put_at(struct node *n, int line, int col)
{
	n->line = line;
	n->col = col;
	for (size_t i = 0; i < n->count; i++)
		put_at(&n->items[i], line, col);
}

/* The object that is in a file; -1, told. */
static int
read_file_map(struct reading *r, const struct key *k, const struct buf *text,
    const struct node *from, struct node *to)
{
	size_t was = problems_file(r->problems, to->text);
	struct node *root = NULL;
	int ret = -1;

	node_parse(
	    text->data, text->len, NODE_JSON_OR_YAML, &root, r->problems);
	problems_back(r->problems, was);
	if (root && root->type == NODE_MAP && !root->told) {
		node_copy(to, root);
		put_at(to, from->line, from->col);
		ret = 0;
	} else if (root && !root->told) {
		struct buf is = BUF_INIT;

		node_describe(root, &is);
		reading_error(r, from, k->name,
		    "'%s' must have an object, not %s", to->text, is.data);
		buf_release(&is);
	}
	if (root)
		node_free(root);
	return ret;
}

/* A path becomes what the file has. */
static int
read_named_file(struct reading *r, const struct key *k, const struct node *from,
    struct node *to)
{
	struct buf text = BUF_INIT_MAX(FILE_MAX_BYTES), err = BUF_INIT;
	int ret = read_path(r, k, from, to);

	if (ret == 0 && file_read_all(to->text, &text, &err) < 0) {
		reading_error(r, from, k->name, "%s", err.data);
		ret = -1;
	}
	if (ret == 0 && strlen(text.data) != text.len) {
		reading_error(r, from, k->name, "'%s' is no text", to->text);
		ret = -1;
	}
	if (ret == 0 && k->kind == FILE_MAP) {
		ret = read_file_map(r, k, &text, from, to);
	} else if (ret == 0) {
		tree_set_string(to, text.data, NULL);
		/* the secret is in that file, not in this one */
		to->line = to->col = 0;
	}
	buf_release(&text);
	buf_release(&err);
	return ret;
}

static int
read_host(struct reading *r, const struct key *k, const struct node *from,
    struct node *to)
{
	struct buf url = BUF_INIT;

	if (read_string(r, k, from, to) < 0)
		return -1;
	if (!strstr(from->text, "://"))
		buf_adds(&url, k->words);
	buf_adds(&url, from->text);
	tree_set_string(to, url.data, from);
	buf_release(&url);
	return 0;
}

/* ---- lists ---- */

static int
wrong_gpus(struct reading *r, const struct key *k, const struct node *n,
    const char *why)
{
	reading_error(r, n, k->name,
	    "must be GPU numbers from 0, such as 0, \"0,2\" or [0, 2]%s%s",
	    *why ? "; " : "", why);
	return -1;
}

static int
add_gpu(struct reading *r, const struct key *k, const struct node *from,
    struct node *to, int64_t gpu)
{
	size_t i;
	int64_t other;

	if (gpu < 0 || gpu > 65535)
		return wrong_gpus(r, k, from, "");
	for (i = 0; i < to->count; i++)
		if (node_int(&to->items[i], &other) == 0 && other == gpu)
			return wrong_gpus(r, k, from, "one is there twice");
	tree_set_int(node_add(to), gpu, from);
	return 0;
}

static int
read_gpus(struct reading *r, const struct key *k, const struct node *from,
    struct node *to)
{
	size_t i;
	int64_t gpu = -1;
	const char *s;
	char *end;
	int ret = 0;

	node_clear(to);
	to->type = NODE_LIST;
	to->line = from->line;
	to->col = from->col;
	if (from->type == NODE_INT && node_int(from, &gpu) == 0)
		return add_gpu(r, k, from, to, gpu);
	if (from->type == NODE_LIST && from->count) {
		for (i = 0; i < from->count; i++)
			if (from->items[i].told)
				ret = -1;
			else if (node_int(&from->items[i], &gpu) < 0)
				ret = wrong_gpus(r, k, &from->items[i], "");
			else if (add_gpu(r, k, &from->items[i], to, gpu) < 0)
				ret = -1;
		return ret;
	}
	if (from->type != NODE_STRING)
		return wrong_gpus(r, k, from, "");
	for (s = from->text;; s = end + 1) {
		s += strspn(s, " ");
		if (!strspn(s, "0123456789"))
			return wrong_gpus(r, k, from, "");
		gpu = strtoll(s, &end, 10);
		end += strspn(end, " ");
		if (*end && *end != ',')
			return wrong_gpus(r, k, from, "");
		if (add_gpu(r, k, from, to, gpu) < 0)
			return -1;
		if (!*end)
			return 0;
	}
}

static int
read_strings(struct reading *r, const struct key *k, const struct node *from,
    struct node *to)
{
	size_t i;
	int ret = 0;

	if (from->type != NODE_LIST)
		return wrong(r, k, from, "a list of texts");
	for (i = 0; i < from->count; i++)
		if (from->items[i].told)
			ret = -1;
		else if (!is_text(&from->items[i]))
			ret = wrong(r, k, &from->items[i], "a list of texts");
	if (ret == 0)
		node_copy(to, from);
	return ret;
}

/* ---- any value ---- */

void
value_describe(const struct key *k, struct buf *out)
{
	static const char *const names[] = {
	    [STRING] = "a text",
	    [BOOL] = "true or false",
	    [NUMBER] = "a number above 0",
	    [DURATION] = "a duration such as 10h or 30m",
	    [FINE_DURATION] = "a duration such as 10h or 30m",
	    [TIME_LIMIT] = "a duration such as 10h or 30m",
	    [SIZE] = "a size such as 8GB",
	    [HOST] = "a URL",
	    [FILE_IN] = "a file",
	    [DIR_IN] = "a directory",
	    [DIR_OUT] = "a directory",
	    [FILE_TEXT] = "a file",
	    [FILE_MAP] = "a file, or an object",
	    [GPUS] = "GPU numbers such as 0 or [0, 2]",
	    [OBJECT] = "an object",
	    [OBJECTS] = "a list of objects",
	    [STRINGS] = "a list of texts",
	    [MAP] = "an object",
	    [LIST] = "a list",
	    [SERVICE] = "an object",
	};
	const char *w;

	if (k->kind == INT && k->max)
		buf_addf(out, "a whole number, %lld to %lld", (long long)k->min,
		    (long long)k->max);
	else if (k->kind == INT)
		buf_addf(
		    out, "a whole number, %lld or more", (long long)k->min);
	else if (k->kind != ENUM)
		buf_adds(out, names[k->kind]);
	else
		buf_adds(out, strchr(k->words, ' ') ? "one of " : "");
	for (w = k->kind == ENUM ? k->words : ""; *w; w++) {
		if (*w == ' ')
			buf_addc(out, ',');
		buf_addc(out, *w);
	}
}

static void
note_loose(struct reading *r, const struct key *k, const struct node *n)
{
	size_t i;

	if (n->loose)
		reading_note(r, n, k->name,
		    "%s is taken as a number; NNI's YAML reader takes it as "
		    "text unless written like 1.0e-5",
		    n->text);
	for (i = 0; i < n->count; i++)
		note_loose(r, k, &n->items[i]);
}

static int
read_free(struct reading *r, const struct key *k, const struct node *from,
    struct node *to)
{
	enum node_type type = k->kind == MAP ? NODE_MAP : NODE_LIST;

	if (from->type != type)
		return wrong(
		    r, k, from, type == NODE_MAP ? "an object" : "a list");
	/* a search space is looked at more closely later */
	if (strcmp(k->name, "searchSpace") != 0)
		note_loose(r, k, from);
	node_copy(to, from);
	return 0;
}

int
value_read(struct reading *r, const struct key *k, const struct node *from,
    struct node *to)
{
	switch (k->kind) {
	case STRING:
		return read_string(r, k, from, to);
	case BOOL:
		return read_bool(r, k, from, to);
	case INT:
		return read_int(r, k, from, to);
	case NUMBER:
		return read_number(r, k, from, to);
	case ENUM:
		return read_enum(r, k, from, to);
	case DURATION:
	case FINE_DURATION:
	case TIME_LIMIT:
		return read_duration(r, k, from, to);
	case SIZE:
		return read_size(r, k, from, to);
	case HOST:
		return read_host(r, k, from, to);
	case FILE_IN:
	case DIR_IN:
	case DIR_OUT:
		return read_path(r, k, from, to);
	case FILE_TEXT:
		return read_named_file(r, k, from, to);
	case FILE_MAP:
		if (is_text(from))
			return read_named_file(r, k, from, to);
		if (from->type != NODE_MAP)
			return wrong(r, k, from, "a file, or an object");
		node_copy(to, from);
		return 0;
	case GPUS:
		return read_gpus(r, k, from, to);
	case STRINGS:
		return read_strings(r, k, from, to);
	case MAP:
	case LIST:
		return read_free(r, k, from, to);
	case OBJECT:
	case OBJECTS:
	case SERVICE:
		break;
	}
	return 0;
}
