/*
 * Command lines from one table a tool: parsing, -h, --version, and what the
 * shells' completions are made of (opt-complete.c).
 */
#include "opt.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mem.h"
#include "opt-complete.h"
#include "os/file.h"
#include "say.h"

/* What every tool has. */
static const struct opt common[] = {
    {'h', "help", NULL, "show this help", OPT_FLAG, NULL, OPT_HELP, 0},
    {'V', "version", NULL, "show the version", OPT_FLAG, NULL, OPT_VERSION, 0},
    {'v', "verbose", NULL, "say more; twice: debug", OPT_COUNT, NULL,
	OPT_VERBOSE, 0},
    {'q', "quiet", NULL, "say only errors", OPT_FLAG, NULL, OPT_QUIET, 0},
    {0, NULL, NULL, NULL, OPT_FLAG, NULL, 0, 0},
};

const struct opt *
opt_common(void)
{
	return common;
}

/* ---- values ---- */

/* A number with a unit; -1 if it is none of the table's. */
struct unit {
	const char *name;
	double factor;
};

static bool
same_word(const char *a, const char *b)
{
	for (; *a && *b; a++, b++) {
		char x = *a >= 'A' && *a <= 'Z' ? (char)(*a + 32) : *a;
		char y = *b >= 'A' && *b <= 'Z' ? (char)(*b + 32) : *b;

		if (x != y)
			return false;
	}
	return *a == *b;
}

static int64_t
parse_with_unit(const char *text, const struct unit *units)
{
	char *end;
	double d;

	if ((*text < '0' || *text > '9') && *text != '.')
		return -1;
	if (strpbrk(text, "xX"))
		return -1; /* strtod's hexadecimal */
	d = strtod(text, &end);
	if (end == text)
		return -1;
	for (; units->name; units++)
		if (same_word(end, units->name))
			break;
	if (!units->name)
		return -1;
	d *= units->factor;
	if (d > 9e15)
		return -1;
	return (int64_t)d + (d > (double)(int64_t)d);
}

int64_t
parse_duration_ms(const char *text)
{
	static const struct unit units[] = {{"", 1e3}, {"ms", 1}, {"s", 1e3},
	    {"m", 6e4}, {"h", 3.6e6}, {"d", 8.64e7}, {NULL, 0}};

	return parse_with_unit(text, units);
}

/* "300", "300MB", "1.5GiB"; -1 if it is not one, or negative. */
static int64_t
parse_size_bytes(const char *text)
{
	static const struct unit units[] = {{"", 1}, {"b", 1}, {"k", 1024},
	    {"kb", 1e3}, {"kib", 1024}, {"m", 1048576}, {"mb", 1e6},
	    {"mib", 1048576}, {"g", 1073741824}, {"gb", 1e9},
	    {"gib", 1073741824}, {"t", 1099511627776}, {"tb", 1e12},
	    {"tib", 1099511627776}, {NULL, 0}};

	return parse_with_unit(text, units);
}

static char
fold(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}

/* A name in lower case, without '_' and '-'; bounded. */
struct folded {
	char text[64];
	size_t len;
	bool starts[64]; /* a word of the name starts here: max|Trial|Number */
};

static void
fold_name(struct folded *f, const char *name)
{
	bool start = true, lower = false;

	memset(f, 0, sizeof(*f));
	for (; *name && f->len < sizeof(f->text) - 1; name++) {
		bool upper = *name >= 'A' && *name <= 'Z';

		if (*name == '_' || *name == '-') {
			start = true;
			continue;
		}
		f->starts[f->len] = start || (upper && lower);
		f->text[f->len++] = fold(*name);
		lower = !upper;
		start = false;
	}
}

/* Edits (insert, delete, replace, swap neighbours) from a to b. */
static unsigned
distance(const struct folded *a, const struct folded *b)
{
	unsigned row[3][65];
	const char *x = a->text, *y = b->text;
	size_t n = a->len, m = b->len, i, j;

	for (j = 0; j <= m; j++)
		row[0][j] = (unsigned)j;
	for (i = 1; i <= n; i++) {
		unsigned *now = row[i % 3], *last = row[(i + 2) % 3],
			 *before = row[(i + 1) % 3];

		now[0] = (unsigned)i;
		for (j = 1; j <= m; j++) {
			unsigned best = last[j - 1] + (x[i - 1] != y[j - 1]);

			if (last[j] + 1 < best)
				best = last[j] + 1;
			if (now[j - 1] + 1 < best)
				best = now[j - 1] + 1;
			if (i > 1 && j > 1 && x[i - 1] == y[j - 2] &&
			    x[i - 2] == y[j - 1] && before[j - 2] + 1 < best)
				best = before[j - 2] + 1;
			now[j] = best;
		}
	}
	return row[n % 3][m];
}

/* Edits that are still a slip of the fingers, not another word. */
static unsigned
most_edits(const struct folded *a, const struct folded *b)
{
	size_t len = a->len > b->len ? a->len : b->len;
	unsigned most = len < 3 ? 0 : len < 6 ? 1 : len < 9 ? 2 : 3;

	/* the first letter is seldom the wrong one */
	return most > 1 && a->text[0] != b->text[0] ? most - 1 : most;
}

static size_t
word_length(const struct folded *f, size_t at)
{
	size_t len = 1;

	while (at + len < f->len && !f->starts[at + len])
		len++;
	return len;
}

/* maxExpNum for maxExperimentNumber: the same words, some of them shortened */
static bool
is_abbreviation(const struct folded *a, const struct folded *b)
{
	enum { LEAST = 3 };
	size_t i = 0, j = 0;

	while (i < a->len && j < b->len) {
		size_t n = word_length(a, i), m = word_length(b, j);
		size_t both = n < m ? n : m;

		if ((n != m && both < LEAST) ||
		    memcmp(a->text + i, b->text + j, both) != 0)
			return false;
		i += n;
		j += m;
	}
	return i == a->len && j == b->len;
}

/* Command for trialCommand: the words that the other begins or ends with. */
static bool
is_part(const struct folded *a, const struct folded *b)
{
	enum { LEAST = 4 };
	size_t more = b->len - a->len;

	if (a->len < LEAST || a->len >= b->len)
		return false;
	return (b->starts[a->len] && memcmp(a->text, b->text, a->len) == 0) ||
	       (b->starts[more] &&
		   memcmp(a->text, b->text + more, a->len) == 0);
}

const char *
opt_nearest(const char *word, const char *const *words)
{
	const char *best = NULL, *like = NULL;
	unsigned least = UINT_MAX, d;
	struct folded a, b;
	size_t alike = 0;

	fold_name(&a, word);
	for (; *words; words++) {
		fold_name(&b, *words);
		d = distance(&a, &b);
		if (d < least && d <= most_edits(&a, &b)) {
			least = d;
			best = *words;
		}
		if (is_abbreviation(&a, &b) || is_part(&a, &b) ||
		    is_part(&b, &a)) {
			like = *words;
			alike++;
		}
	}
	return best ? best : alike == 1 ? like : NULL;
}

/* ---- messages ---- */

/* What the user types: "nni-run", or "nnictl experiment list". */
int
opt_usage(const struct opt_tool *tool, const char *fmt, ...)
{
	struct buf text = BUF_INIT;
	va_list ap;

	va_start(ap, fmt);
	buf_addv(&text, fmt, ap);
	va_end(ap);
	say_error(NNI_USAGE, "%s", text.data);
	buf_release(&text);
	fprintf(stderr, "usage: %s%s%s%s; see '%s --help'\n", tool->name,
	    tool->options || !tool->commands ? " [OPTION ...]" : "",
	    *tool->operands ? " " : "", tool->operands, tool->name);
	return NNI_USAGE;
}

const struct opt *
opt_find_letter(const struct opt *o, char letter)
{
	for (; o && o->name; o++)
		if (o->letter == letter)
			return o;
	return NULL;
}

const struct opt *
opt_find_long(const struct opt *o, const char *name, size_t len)
{
	for (; o && o->name; o++)
		if (strlen(o->name) == len && !memcmp(o->name, name, len))
			return o;
	return NULL;
}

static void
help_option(const struct opt *o, bool with_letter)
{
	char left[80];
	int n;

	if (o->letter && with_letter)
		n = snprintf(
		    left, sizeof(left), "  -%c, --%s", o->letter, o->name);
	else
		n = snprintf(left, sizeof(left), "      --%s", o->name);
	if (o->arg && n > 0 && (size_t)n < sizeof(left))
		n +=
		    snprintf(left + n, sizeof(left) - (size_t)n, "=%s", o->arg);
	if (n < 27)
		printf("%-27s %s\n", left, o->help);
	else
		printf("%s\n%-27s %s\n", left, "", o->help);
}

static void
help(const struct opt_tool *tool)
{
	const struct opt_tool *const *c;
	const char *operands = tool->operands ? tool->operands : "";
	const struct opt *o;

	printf("%s - %s\n\nusage: %s%s%s%s\n", tool->name, tool->summary,
	    tool->name, tool->options || !tool->commands ? " [OPTION ...]" : "",
	    *operands ? " " : "", operands);
	if (tool->examples && *tool->examples)
		printf("\nexamples:\n%s", tool->examples);
	if (tool->commands) {
		printf("\ncommands:\n");
		for (c = tool->commands; *c; c++)
			printf("  %-24s %s\n", strrchr((*c)->name, ' ') + 1,
			    (*c)->summary);
	}
	printf("\noptions:\n");
	for (o = tool->options; o && o->name; o++)
		help_option(o, true);
	for (o = common; o->name; o++)
		if (!opt_find_long(tool->options, o->name, strlen(o->name)))
			help_option(
			    o, !opt_find_letter(tool->options, o->letter));
}

/* ---- parsing ---- */

/* One run of opt_parse(). */
struct parser {
	const struct opt_tool *tool;
	char **argv;
	int argc, at;
	int operands; /* gathered so far, in argv[0..] */
	int verbose;
	bool quiet;
};

/* Is `value` one of "a|b|c"? A name in capitals takes anything. */
static bool
allowed(const char *alternatives, const char *value)
{
	size_t len = strlen(value), n;

	if (!strchr(alternatives, '|'))
		return true;
	for (;;) {
		n = strcspn(alternatives, "|");
		if (n == len && !memcmp(alternatives, value, n))
			return true;
		if (n && alternatives[0] >= 'A' && alternatives[0] <= 'Z')
			return true;
		if (!alternatives[n])
			return false;
		alternatives += n + 1;
	}
}

static int
bad_value(
    struct parser *p, const struct opt *o, const char *value, const char *want)
{
	return opt_usage(p->tool, "--%s: '%s' is not %s", o->name, value, want);
}

static int
take_int(struct parser *p, const struct opt *o, const char *value)
{
	bool open = !o->max || o->max == INT64_MAX;
	intmax_t n;
	char *end;

	errno = 0;
	n = strtoimax(value, &end, 10);
	if (end == value || *end)
		return bad_value(p, o, value, "a whole number");
	if (open && errno == ERANGE)
		return opt_usage(p->tool, "--%s: %s is too %s", o->name, value,
		    n > 0 ? "large" : "small");
	if (open && o->max && n < o->min)
		return opt_usage(p->tool, "--%s: %s is not %" PRId64 " or more",
		    o->name, value, o->min);
	if (!open && (errno == ERANGE || n < o->min || n > o->max))
		return opt_usage(p->tool,
		    "--%s: %s is not in %" PRId64 "..%" PRId64, o->name, value,
		    o->min, o->max);
	*(int64_t *)o->to = n;
	return OPT_GO;
}

static void
list_add(struct opt_list *list, const char *value)
{
	list->items =
	    xreallocarray(list->items, list->count + 1, sizeof(*list->items));
	list->items[list->count++] = value;
}

static int
take_path(struct parser *p, const struct opt *o, const char *value)
{
	static struct opt_list expanded; /* for as long as we run */
	struct buf path = BUF_INIT, err = BUF_INIT;
	int code = OPT_GO;

	if (*value != '~') {
		*(const char **)o->to = value;
	} else if (path_expand(value, &path, &err) != 0) {
		code = opt_usage(p->tool, "--%s: %s", o->name, err.data);
	} else {
		list_add(&expanded, buf_detach(&path));
		*(const char **)o->to = expanded.items[expanded.count - 1];
	}
	buf_release(&path);
	buf_release(&err);
	return code;
}

static int
take_value(struct parser *p, const struct opt *o, const char *value)
{
	char *end;
	double d;
	int64_t n;

	if (!allowed(o->arg, value))
		return opt_usage(p->tool, "--%s: '%s' is none of %s", o->name,
		    value, o->arg);
	switch (o->kind) {
	case OPT_INT:
		return take_int(p, o, value);
	case OPT_DOUBLE:
		d = strtod(value, &end);
		if (end == value || *end)
			return bad_value(p, o, value, "a number");
		*(double *)o->to = d;
		break;
	case OPT_DURATION:
		n = parse_duration_ms(value);
		if (n == -1)
			return bad_value(p, o, value,
			    "a duration such as 90s, 10m, 1.5h or 2d");
		*(int64_t *)o->to = n;
		break;
	case OPT_SIZE:
		n = parse_size_bytes(value);
		if (n == -1)
			return bad_value(
			    p, o, value, "a size such as 300MB or 1.5GiB");
		*(int64_t *)o->to = n;
		break;
	case OPT_LIST:
		list_add(o->to, value);
		break;
	case OPT_PATH:
		return take_path(p, o, value);
	default:
		*(const char **)o->to = value;
	}
	return OPT_GO;
}

static int
take_common(struct parser *p, const struct opt *o)
{
	switch (o->min) {
	case OPT_HELP:
		help(p->tool);
		return NNI_OK;
	case OPT_VERSION:
		printf("%s %s\n", p->tool->name, NNI_VERSION);
		return NNI_OK;
	case OPT_VERBOSE:
		p->verbose++;
		break;
	case OPT_QUIET:
		p->quiet = true;
		break;
	}
	return OPT_GO;
}

/* An option without a value. */
static int
take_flag(struct parser *p, const struct opt *o)
{
	if (!o->to)
		return take_common(p, o);
	if (o->kind == OPT_COUNT)
		++*(int *)o->to;
	else
		*(bool *)o->to = o->kind == OPT_FLAG;
	return OPT_GO;
}

static const char *
nearest_option(const struct parser *p, const char *name)
{
	const char *words[128];
	const struct opt *o;
	size_t n = 0;

	for (o = p->tool->options; o && o->name && n < 100; o++)
		words[n++] = o->name;
	for (o = common; o->name; o++)
		words[n++] = o->name;
	words[n] = NULL;
	return opt_nearest(name, words);
}

static int
parse_long(struct parser *p, char *word)
{
	size_t len = strcspn(word, "=");
	const struct opt *o = opt_find_long(p->tool->options, word, len);
	const char *near;

	if (!o)
		o = opt_find_long(common, word, len);
	if (!o) {
		word[len] = '\0';
		near = nearest_option(p, word);
		if (near)
			return opt_usage(p->tool,
			    "unknown option '--%s'; did "
			    "you mean '--%s'?",
			    word, near);
		return opt_usage(p->tool, "unknown option '--%s'", word);
	}
	if (!o->arg) {
		if (word[len])
			return opt_usage(
			    p->tool, "--%s takes no value", o->name);
		return take_flag(p, o);
	}
	if (word[len])
		return take_value(p, o, word + len + 1);
	if (p->at == p->argc)
		return opt_usage(
		    p->tool, "--%s needs a value: %s", o->name, o->arg);
	return take_value(p, o, p->argv[p->at++]);
}

static int
parse_short(struct parser *p, char *word)
{
	const struct opt *o;
	int code;

	for (; *word; word++) {
		o = opt_find_letter(p->tool->options, *word);
		if (!o)
			o = opt_find_letter(common, *word);
		if (!o)
			return opt_usage(
			    p->tool, "unknown option '-%c'", *word);
		if (o->arg) {
			if (word[1])
				return take_value(p, o, word + 1);
			if (p->at == p->argc)
				return opt_usage(p->tool,
				    "-%c needs a value: "
				    "%s",
				    *word, o->arg);
			return take_value(p, o, p->argv[p->at++]);
		}
		code = take_flag(p, o);
		if (code != OPT_GO)
			return code;
	}
	return OPT_GO;
}

/* -h works even when other arguments are wrong. */
static bool
wants_help(int argc, char **argv)
{
	int i;

	for (i = 0; i < argc && strcmp(argv[i], "--"); i++)
		if (!strcmp(argv[i], "--help") || !strcmp(argv[i], "-h"))
			return true;
	return false;
}

const struct opt_tool *
opt_find_command(const struct opt_tool *tool, const char *word)
{
	const struct opt_tool *const *c;

	for (c = tool->commands; *c; c++)
		if (!strcmp(strrchr((*c)->name, ' ') + 1, word))
			return *c;
	return NULL;
}

static int
choose_command(struct parser *p, const struct opt_tool **chosen)
{
	const struct opt_tool *const *c;
	const char *words[64], *near, *word = p->argv[p->at - 1];
	size_t n = 0;

	*chosen = opt_find_command(p->tool, word);
	if (*chosen)
		return OPT_GO;
	for (c = p->tool->commands; *c && n < 63; c++)
		words[n++] = strrchr((*c)->name, ' ') + 1;
	words[n] = NULL;
	near = opt_nearest(word, words);
	if (near)
		return opt_usage(p->tool,
		    "unknown command '%s'; did you mean "
		    "'%s'?",
		    word, near);
	return opt_usage(p->tool, "unknown command '%s'", word);
}

static int
parse_words(struct parser *p, const struct opt_tool **chosen)
{
	bool only_operands = false;
	char *word;
	int code;

	while (p->at < p->argc) {
		word = p->argv[p->at++];
		if (only_operands || word[0] != '-' || !word[1]) {
			if (p->tool->commands) {
				code = choose_command(p, chosen);
				p->at--;
				return code;
			}
			p->argv[p->operands++] = word;
			continue;
		}
		if (!strcmp(word, "--")) {
			only_operands = true;
			continue;
		}
		code = word[1] == '-' ? parse_long(p, word + 2)
				      : parse_short(p, word + 1);
		if (code != OPT_GO)
			return code;
	}
	if (p->tool->commands)
		return opt_usage(p->tool, "a command is needed");
	return OPT_GO;
}

static int
check_environment(const struct opt_tool *tool)
{
	struct buf err = BUF_INIT;
	int code = OPT_GO;

	if (tool->environment(&err) != 0)
		code = say_error(NNI_USAGE, "%s", err.data);
	buf_release(&err);
	return code;
}

int
opt_parse(const struct opt_tool *tool, int *argc, char **argv,
    const struct opt_tool **chosen)
{
	struct parser p = {tool, argv, *argc, 1, 0, 0, false};
	int code;

	if (*argc == 2 && !strncmp(argv[1], "--completion=", 13))
		return opt_complete(tool, argv[1] + 13);
	if (*argc > 1 && !strcmp(argv[1], "--complete"))
		return opt_complete_words(tool, argv + 2, (size_t)*argc - 2);
	if (!tool->commands && wants_help(*argc - 1, argv + 1)) {
		help(tool);
		return NNI_OK;
	}
	code = parse_words(&p, chosen);
	if (code != OPT_GO)
		return code;
	if (p.quiet)
		say_level(0);
	else if (p.verbose)
		say_level(1 + p.verbose);
	if (tool->commands) {
		/* The command's word becomes its argv[0]. */
		*argc -= p.at;
		memmove(argv, argv + p.at, (size_t)*argc * sizeof(*argv));
	} else {
		*argc = p.operands;
	}
	argv[*argc] = NULL;
	return tool->environment ? check_environment(tool) : OPT_GO;
}

void
opt_list_release(struct opt_list *list)
{
	free(list->items);
	list->items = NULL;
	list->count = 0;
}
