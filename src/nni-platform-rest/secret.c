/* Secrets: given as they are, in files, by programs, in variables. */
#include "secret.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "inquiry.h"
#include "mem.h"
#include "os/file.h"
#include "os/sys.h"
#include "quote.h"

/* The longest that is taken from a file. */
#define SECRET_MAX ((size_t)1 << 20)
/* Somebody may have to type a password into a window. */
#define COMMAND_TIMEOUT_MS 120000

enum way { AS_IS, IN_FILE, BY_COMMAND, IN_VARIABLE, WAYS };
static const char *const suffixes[WAYS] = {"", "File", "Command", "Env"};

struct secret {
	struct secret *next;
	enum way way;
	char *name;
	char *from;  /* the file, the command, the variable */
	char *value; /* NULL: not known now */
	struct buf where;
};

struct secrets {
	struct loop *loop;
	struct secret *first, **end;
	struct secret *at; /* whose command runs */
	struct inquiry *asked;
	secrets_fn *fn; /* who waits; NULL: nobody */
	void *arg;
};

/* What was taken out of the environment, for those who ask once more. */
static struct variable {
	struct variable *next;
	char *name, *value;
} * variables;

static void
wipe(char **text)
{
	if (*text)
		memset(*text, 0, strlen(*text));
	free(*text);
	*text = NULL;
}

struct secrets *
secrets_new(struct loop *loop)
{
	struct secrets *all = xcalloc(1, sizeof(*all));

	all->loop = loop;
	all->end = &all->first;
	return all;
}

void
secrets_free(struct secrets *all)
{
	struct secret *s;

	if (all == NULL)
		return;
	inquiry_stop(all->asked);
	while ((s = all->first) != NULL) {
		all->first = s->next;
		wipe(&s->value);
		free(s->name);
		free(s->from);
		buf_release(&s->where);
		free(s);
	}
	free(all);
}

static const struct secret *
find(const struct secrets *all, const char *name)
{
	const struct secret *s;

	for (s = all->first; s && strcmp(s->name, name) != 0;)
		s = s->next;
	return s;
}

/* ---- which there are ---- */

static const char *
variable(const char *name)
{
	const char *value = env_get(name);
	struct variable *v;

	for (v = variables; v && strcmp(v->name, name) != 0;)
		v = v->next;
	if (v == NULL && value && *value) {
		v = xcalloc(1, sizeof(*v));
		v->name = xstrdup(name);
		v->value = xstrdup(value);
		v->next = variables;
		variables = v;
	}
	if (v && value)
		env_set(name, NULL);
	return v ? v->value : NULL;
}

static char *
own_words(const char *command)
{
	return xstrndup(command, strcspn(command, " \t"));
}

static void
tell_where(struct secret *s)
{
	char *word;

	buf_setf(&s->where, "the %s ", s->name);
	switch (s->way) {
	case IN_FILE:
		buf_addf(&s->where, "in '%s'", s->from);
		break;
	case BY_COMMAND:
		/* What is behind its name may be a secret, too. */
		word = own_words(s->from);
		buf_addf(&s->where, "that '%s' prints", word);
		free(word);
		break;
	case IN_VARIABLE:
		buf_addf(&s->where, "of the variable %s", s->from);
		break;
	default:
		buf_adds(&s->where, "of the configuration");
	}
}

static int
add(struct secrets *all, const char *name, enum way way, const char *text)
{
	const char *value = way == AS_IS ? text : NULL;
	struct secret *s;

	if (way == IN_VARIABLE) {
		value = variable(text);
		if (value == NULL)
			return 1;
	}
	s = xcalloc(1, sizeof(*s));
	buf_init(&s->where, BUF_MAX_DEFAULT);
	s->way = way;
	s->name = xstrdup(name);
	s->from = way == AS_IS ? NULL : xstrdup(text);
	s->value = value ? xstrdup(value) : NULL;
	tell_where(s);
	*all->end = s;
	all->end = &s->next;
	return 0;
}

int
secrets_add(
    struct secrets *all, struct json from, const char *name, struct buf *err)
{
	struct buf key = BUF_INIT;
	struct json v;
	char *texts[WAYS] = {NULL, NULL, NULL, NULL};
	size_t way, found = WAYS, ways = 0;
	int result = 1;

	for (way = 0; way < WAYS && result != -1; way++) {
		buf_setf(&key, "%s%s", name, suffixes[way]);
		v = json_get(from, key.data);
		if (json_type(v) == JSON_ABSENT || json_type(v) == JSON_NULL)
			continue;
		texts[way] = json_strdup(v);
		if (texts[way] == NULL)
			result = buf_err(
			    err, "a server's '%s' must be a text", key.data);
		ways += way != IN_VARIABLE;
		if (found == WAYS)
			found = way;
	}
	if (result != -1 && ways > 1)
		result = buf_err(err,
		    "a server's '%s' is given in two ways: give '%s', '%sFile' "
		    "or '%sCommand'",
		    name, name, name, name);
	if (result != -1 && found < WAYS)
		result = add(all, name, (enum way)found, texts[found]);
	for (way = 0; way < WAYS; way++)
		wipe(&texts[way]);
	buf_release(&key);
	return result;
}

int
secrets_missing(struct json from, const char *name, struct buf *err)
{
	struct buf key = BUF_INIT, text = BUF_INIT, set = BUF_INIT;

	buf_setf(&key, "%sEnv", name);
	if (json_string(json_get(from, key.data), &text) == 0)
		buf_setf(&set, ", or set %s", text.data);
	buf_err(err,
	    "there is no %s: give it by '%s', '%sFile' or '%sCommand'%s", name,
	    name, name, name, set.data);
	buf_release(&key);
	buf_release(&text);
	buf_release(&set);
	return -1;
}

/* "password" of "passwordFile". */
static void
cut_suffix(struct buf *key)
{
	size_t way, len;

	for (way = IN_FILE; way < WAYS; way++) {
		len = strlen(suffixes[way]);
		if (key->len > len &&
		    strcmp(key->data + key->len - len, suffixes[way]) == 0) {
			buf_cut(key, key->len - len);
			return;
		}
	}
}

int
secrets_add_all(struct secrets *all, struct json from, struct buf *err)
{
	struct buf name = BUF_INIT;
	struct json_iter it;
	struct json key, value;
	int result = 0;

	if (json_type(from) != JSON_OBJECT)
		return buf_err(err, "a server's 'secrets' must be an object");
	json_iter_init(&it, from);
	while (result == 0 && json_next(&it, &key, &value)) {
		buf_clear(&name);
		if (json_string(json_key_string(key), &name) == -1)
			continue;
		cut_suffix(&name);
		if (find(all, name.data))
			continue;
		result = secrets_add(all, from, name.data, err);
		if (result == 1)
			result = secrets_missing(from, name.data, err);
	}
	buf_release(&name);
	return result;
}

/* ---- what they are now ---- */

static void
answer(struct secrets *all, const char *problem, const char *hint)
{
	secrets_fn *fn = all->fn;

	all->fn = NULL;
	all->at = NULL;
	if (fn)
		fn(all->arg, problem, hint);
}

/* Takes what is in text from byte `from` on; -1: it is none. */
static int
take(struct secret *s, struct buf *text, size_t from, struct buf *err)
{
	if (strlen(text->data) != text->len)
		return buf_err(err, "%s is no text", s->where.data);
	if (text->len == from)
		return buf_err(err, "%s is empty", s->where.data);
	s->value = xstrdup(text->data + from);
	return 0;
}

static int
read_file(struct secret *s, struct buf *err)
{
	struct buf text = BUF_INIT_MAX(SECRET_MAX);
	int result;

	wipe(&s->value);
	result = file_read_ordinary(s->from, &text, err);
	if (result == 0) {
		buf_rtrim(&text);
		result = take(s, &text, strspn(text.data, " \t\r\n"), err);
	}
	memset(text.data, 0, text.len);
	buf_release(&text);
	return result;
}

static void go_on(struct secrets *all);

/* How it failed, in its own words where it has some. */
static void
add_failure(
    struct buf *why, const struct inquiry_end *how, const struct buf *words)
{
	struct buf said = BUF_INIT;

	if (how->late)
		buf_adds(why, "it did not answer in two minutes");
	else if (how->too_much)
		buf_adds(why, "it printed too much");
	else if (how->signal)
		buf_addf(why, "it was killed by signal %d", how->signal);
	else
		buf_addf(why, "exit code %d", how->code);
	if (!how->late && words->len > 0) {
		quote_visible(&said, words->data, strcspn(words->data, "\r\n"));
		buf_addf(why, ": %.300s", said.data);
	}
	buf_release(&said);
}

static void
on_printed(void *arg, const struct inquiry_end *how, const struct buf *out,
    const struct buf *words)
{
	struct secrets *all = arg;
	struct secret *s = all->at;
	struct buf line = BUF_INIT, why = BUF_INIT;
	int result = -1;

	all->asked = NULL;
	if (how->code == 0) {
		buf_add(&line, out->data, strcspn(out->data, "\r\n"));
		result = take(s, &line, 0, &why);
	} else {
		buf_setf(
		    &why, "there is no %s: ", s->where.data + strlen("the "));
		add_failure(&why, how, words);
	}
	memset(line.data, 0, line.len);
	buf_release(&line);
	if (result == 0)
		go_on(all);
	else
		answer(all, why.data, NULL);
	buf_release(&why);
}

/* One word, from *at on; -1: a quote has no end. */
static int
take_word(const char **at, struct buf *word)
{
	const char *p = *at, *end;

	for (; *p && *p != ' ' && *p != '\t'; p = end + 1) {
		end = *p == '"' || *p == '\'' ? strchr(p + 1, *p) : p;
		if (end == NULL)
			return -1;
		if (end == p)
			buf_addc(word, *p);
		else
			buf_add(word, p + 1, (size_t)(end - p - 1));
	}
	*at = p;
	return 0;
}

static void
free_words(char **argv)
{
	size_t i;

	for (i = 0; argv && argv[i]; i++)
		free(argv[i]);
	free(argv);
}

/* The words of a command, with ~ of the first; NULL with err. */
static char **
split(const struct secret *s, struct buf *err)
{
	struct buf word = BUF_INIT, full = BUF_INIT;
	const char *p = s->from + strspn(s->from, " \t");
	char **argv = NULL;
	size_t count = 0;
	int result = 0;

	if (*p == '\0')
		result = buf_err(err, "the %sCommand is empty", s->name);
	for (; *p && result == 0; p += strspn(p, " \t")) {
		buf_clear(&word);
		buf_clear(&full);
		result = take_word(&p, &word);
		if (result == -1)
			buf_err(err, "a quote in the %sCommand has no end",
			    s->name);
		else if (count > 0)
			buf_adds(&full, word.data);
		else
			result = path_expand(word.data, &full, err);
		argv = xreallocarray(argv, count + 2, sizeof(*argv));
		argv[count++] = buf_detach(&full);
		argv[count] = NULL;
	}
	if (result == -1) {
		free_words(argv);
		argv = NULL;
	}
	buf_release(&word);
	buf_release(&full);
	return argv;
}

static int
run_command(struct secrets *all, struct secret *s, struct buf *err)
{
	char **argv = split(s, err);

	if (argv)
		all->asked = inquiry_start(all->loop,
		    &(struct inquiry_spec){.argv = argv,
			.timeout_ms = COMMAND_TIMEOUT_MS,
			.own_group = true},
		    on_printed, all, err);
	free_words(argv);
	all->at = s;
	return all->asked ? 0 : -1;
}

/* Those behind `at`, all if that is NULL. */
static void
go_on(struct secrets *all)
{
	struct secret *s = all->at ? all->at->next : all->first;
	struct buf err = BUF_INIT;
	int result = 0;

	for (; s && result == 0 && !all->asked; s = s->next) {
		if (s->way == IN_FILE)
			result = read_file(s, &err);
		else if (s->way == BY_COMMAND && s->value == NULL)
			result = run_command(all, s, &err);
		else if (*s->value == '\0')
			result = buf_err(&err, "%s is empty", s->where.data);
	}
	if (!all->asked)
		answer(all, result == 0 ? NULL : err.data, NULL);
	buf_release(&err);
}

void
secrets_ready(struct secrets *all, secrets_fn *fn, void *arg)
{
	all->fn = fn;
	all->arg = arg;
	if (!all->asked)
		go_on(all);
}

const char *
secrets_get(const struct secrets *all, const char *name)
{
	const struct secret *s = find(all, name);

	return s ? s->value : NULL;
}

const char *
secrets_at(const struct secrets *all, size_t n, const char **name)
{
	const struct secret *s;

	for (s = all->first; s && n > 0; n--)
		s = s->next;
	*name = s ? s->name : NULL;
	return s ? s->value : NULL;
}

const char *
secrets_where(const struct secrets *all, const char *name)
{
	const struct secret *s = find(all, name);

	return s ? s->where.data : "";
}

void
secrets_refused(struct secrets *all)
{
	struct secret *s;

	for (s = all->first; s && !all->asked; s = s->next)
		if (s->way == BY_COMMAND)
			wipe(&s->value);
}

void
secrets_hide(const struct secrets *all, struct buf *text)
{
	const struct secret *s;
	struct buf out = BUF_INIT;
	const char *at, *found;

	for (s = all->first; s; s = s->next) {
		if (s->value == NULL || *s->value == '\0')
			continue;
		buf_clear(&out);
		for (at = text->data; (found = strstr(at, s->value)) != NULL;
		     at = found + strlen(s->value)) {
			buf_add(&out, at, (size_t)(found - at));
			buf_adds(&out, "***");
		}
		buf_adds(&out, at);
		buf_set(text, out.data);
	}
	buf_release(&out);
}
