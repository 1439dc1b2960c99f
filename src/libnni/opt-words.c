/*
 * What can stand at a place of a command line.  The shells' completions ask for
 * it (opt-complete.c), so that all of them know the same, and none of them has
 * to know how experiments are found.
 */
#include "opt-words.h"

#include <stdlib.h>
#include <string.h>

#include "config.h"
#include "expdir.h"
#include "experiment.h"
#include "mem.h"
#include "opt-complete.h"
#include "os/file.h"
#include "parents.h"
#include "record.h"

/* More of them nobody looks through, and each costs a look at its directory. */
#define MAX_LISTED 200

/* What the words before the last one make of it. */
struct place {
	const struct opt_tool *tool;
	const struct opt *option; /* the last word is its value */
	bool only_operands;	  /* behind "--" */
	int operands;
	const char *experiment; /* that was named, or NULL */
	const char *const *given;
	size_t given_count;
	struct buf *out; /* words and their descriptions */
	const char *kind, *suffixes;
};

static void
add_word(struct place *p, const char *word, const char *text)
{
	const char *s;

	buf_addf(p->out, "%s\t", word);
	for (s = text ? text : ""; *s; s++)
		buf_addc(
		    p->out, (unsigned char)*s < ' ' || *s == 127 ? ' ' : *s);
	buf_addc(p->out, '\n');
}

static bool
begins_with(const char *word, const char *begin)
{
	return strncmp(word, begin, strlen(begin)) == 0;
}

/* ---- experiments, trials, platforms ---- */

typedef void each_fn(struct place *p, const char *dir);

/* Calls fn with the directory of each experiment whose id begins so. */
static void
each_experiment(struct place *p, const char *begin, each_fn *fn)
{
	char **parents, **names;
	size_t parent_count, count, i, j, listed = 0;

	if (parents_list(&parents, &parent_count, NULL) != 0)
		return;
	for (i = 0; i < parent_count; i++) {
		if (dir_list(parents[i], &names, NULL, &count, NULL) != 0)
			continue;
		for (j = 0; j < count && listed < MAX_LISTED; j++) {
			struct buf dir = BUF_INIT, path = BUF_INIT;
			struct file_info info;

			expdir_path(&dir, parents[i], names[j]);
			expdir_path(&path, dir.data, "config.json");
			if (experiment_id_valid(names[j], strlen(names[j])) &&
			    begins_with(names[j], begin) &&
			    file_info(path.data, true, &info) == 0 &&
			    info.type == FILE_REGULAR) {
				fn(p, dir.data);
				listed++;
			}
			buf_release(&dir);
			buf_release(&path);
		}
		dir_list_free(names, NULL, count);
	}
	parents_free(parents, parent_count);
}

static void
add_experiment(struct place *p, const char *dir)
{
	struct buf path = BUF_INIT;
	struct config c = {0};

	expdir_path(&path, dir, "config.json");
	if (config_load(&c, path.data, NULL) == 0) {
		add_word(p, expdir_id(dir), c.experiment_name);
		config_release(&c);
	} else {
		add_word(p, expdir_id(dir), NULL);
	}
	buf_release(&path);
}

/* DIR/trials has a directory for each attempt: k3xq9, k3xq9-2. */
static void
add_trials(struct place *p, const char *dir)
{
	struct buf trials = BUF_INIT;
	char **names;
	size_t count, i;

	expdir_path(&trials, dir, "trials");
	if (dir_list(trials.data, &names, NULL, &count, NULL) == 0) {
		for (i = 0; i < count; i++)
			if (trial_id_valid(names[i], strlen(names[i])))
				add_word(p, names[i], expdir_id(dir));
		dir_list_free(names, NULL, count);
	}
	buf_release(&trials);
}

static void
add_running(struct place *p, const char *dir)
{
	if (experiment_is_running(dir, NULL))
		add_trials(p, dir);
}

static void
add_all_trials(struct place *p)
{
	struct buf dir = BUF_INIT;

	if (!p->experiment)
		each_experiment(p, "", add_running);
	else if (expdir_find(p->experiment, NULL, &dir, NULL) == 0)
		add_trials(p, dir.data);
	buf_release(&dir);
}

static void
add_platforms(struct place *p)
{
	char **names;
	size_t count, i;

	backend_list(&names, &count);
	for (i = 0; i < count; i++)
		add_word(p, names[i], NULL);
	dir_list_free(names, NULL, count);
}

/* ---- values ---- */

static void
want_files(struct place *p, const char *suffixes)
{
	p->kind = "files";
	p->suffixes = suffixes;
}

static void
add_thing(
    struct place *p, const char *name, const char *option, const char *begin)
{
	bool config = !option || strcmp(option, "config") == 0;

	if (strcmp(name, "CONFIG") == 0 ||
	    (strcmp(name, "FILE") == 0 && config))
		want_files(p, "yml yaml json");
	else if (strcmp(name, "FILE") == 0 && strcmp(option, "journal") == 0)
		want_files(p, "jsonl");
	else if (strcmp(name, "FILE") == 0 &&
		 (strstr(option, "space") || strstr(p->tool->name, "space")))
		want_files(p, "json yml yaml");
	else if (strcmp(name, "FILE") == 0 || strcmp(name, "PATH") == 0)
		want_files(p, "");
	else if (strcmp(name, "ZIP") == 0)
		want_files(p, "zip");
	else if (strcmp(name, "DIR") == 0)
		p->kind = "directories";
	else if (strcmp(name, "EXPERIMENT") == 0 || strcmp(name, "ID") == 0)
		each_experiment(p, begin, add_experiment);
	else if (strcmp(name, "TRIAL") == 0)
		add_all_trials(p);
	else if (strcmp(name, "PLATFORM") == 0)
		add_platforms(p);
	if (strcmp(name, "EXPERIMENT") == 0)
		p->kind = "directories";
}

/* What "a|b|FILE" can be; option NULL: an operand. */
static void
add_values(struct place *p, const char *alternatives, const char *option,
    const char *begin)
{
	const char *s = alternatives;

	while (*s) {
		size_t len = strcspn(s, "|");
		char *one = xstrndup(s, len);

		if (*one >= 'A' && *one <= 'Z')
			add_thing(p, one, option, begin);
		else
			add_word(p, one, NULL);
		free(one);
		s += len + (s[len] == '|');
	}
	if (option && strcmp(option, "id") == 0)
		each_experiment(p, begin, add_experiment);
	if (p->tool->words)
		p->tool->words(option ? option : alternatives, p->out);
}

/* ---- options, commands, operands ---- */

/* Was it given before, and does once suffice? */
static bool
is_given(const struct place *p, const struct opt *o)
{
	size_t i, len = strlen(o->name);

	for (i = 0;
	     o->kind != OPT_LIST && o->kind != OPT_COUNT && i < p->given_count;
	     i++) {
		const char *w = p->given[i];

		if (w[0] == '-' && w[1] == '-' &&
		    strncmp(w + 2, o->name, len) == 0 &&
		    (!w[2 + len] || w[2 + len] == '='))
			return true;
		if (w[0] == '-' && w[1] == o->letter && o->letter)
			return true;
	}
	return false;
}

static void
add_options(struct place *p, const struct opt *o, const char *begin)
{
	const struct opt *first =
	    o == opt_common() ? p->tool->options : NULL; /* they are shadowed */

	for (; o && o->name; o++) {
		char letter[3] = {'-', o->letter, '\0'};
		char *name;

		if (is_given(p, o) ||
		    opt_find_long(first, o->name, strlen(o->name)))
			continue;
		name = xcalloc(1, strlen(o->name) + 3);
		memcpy(name, "--", 2);
		memcpy(name + 2, o->name, strlen(o->name));
		if (o->letter && strcmp(begin, "-") == 0 &&
		    !opt_find_letter(first, o->letter))
			add_word(p, letter, o->help);
		add_word(p, name, o->help);
		free(name);
	}
}

static void
add_operand(struct place *p, const char *begin)
{
	const struct opt_tool *const *c;
	const char *s = p->tool->operands ? p->tool->operands : "";
	int left = p->operands;

	if (p->tool->commands) {
		for (c = p->tool->commands; *c; c++)
			add_word(
			    p, strrchr((*c)->name, ' ') + 1, (*c)->summary);
		return;
	}
	/* "PLATFORM CONFIG", "[TRIAL ...]" */
	for (s += strspn(s, "[ "); *s; s += strspn(s, " []")) {
		size_t len = strcspn(s, " ]");
		bool many = strncmp(s + len, " ...", 4) == 0;

		if (left == 0 || many) {
			char *one = xstrndup(s, len);

			add_values(p, one, NULL, begin);
			free(one);
			return;
		}
		left--;
		s += len;
	}
}

/* ---- the words before ---- */

static const struct opt *
long_option(const struct place *p, const char *word)
{
	size_t len = strcspn(word, "=");
	const struct opt *o = opt_find_long(p->tool->options, word, len);

	return o ? o : opt_find_long(opt_common(), word, len);
}

/* The option of -abVALUE that takes a value, and how much stands before it. */
static const struct opt *
letter_option(const struct place *p, const char *word, size_t *before)
{
	const struct opt *o;

	for (*before = 1; word[*before]; ++*before) {
		o = opt_find_letter(p->tool->options, word[*before]);
		if (o && o->arg) {
			++*before;
			return o;
		}
	}
	return NULL;
}

static void
take_value(struct place *p, const struct opt *o, const char *value)
{
	if (strncmp(o->arg, "ID|", 3) == 0 || strcmp(o->name, "dir") == 0)
		p->experiment = value;
}

static void
take_word(struct place *p, const char *word)
{
	const struct opt *o = NULL;
	size_t before = 0;

	if (p->option) {
		take_value(p, p->option, word);
		p->option = NULL;
	} else if (p->only_operands || word[0] != '-' || !word[1]) {
		const struct opt_tool *command =
		    p->tool->commands ? opt_find_command(p->tool, word) : NULL;

		if (command) {
			p->tool = command;
			return;
		}
		if (p->operands++ == 0 && p->tool->operands &&
		    strstr(p->tool->operands, "EXPERIMENT"))
			p->experiment = word;
	} else if (strcmp(word, "--") == 0) {
		p->only_operands = true;
	} else if (word[1] == '-') {
		o = long_option(p, word + 2);
		if (o && o->arg && strchr(word, '='))
			take_value(p, o, strchr(word, '=') + 1);
		else if (o && o->arg)
			p->option = o;
	} else {
		o = letter_option(p, word, &before);
		if (o && word[before])
			take_value(p, o, word + before);
		else if (o)
			p->option = o;
	}
}

/* The last word; how much of it the words go behind. */
static size_t
complete_word(struct place *p, const char *word)
{
	const struct opt *o;
	size_t before = 0;

	if (p->option) {
		add_values(p, p->option->arg, p->option->name, word);
	} else if (p->only_operands || word[0] != '-') {
		add_operand(p, word);
	} else if (word[1] == '-' && strchr(word, '=')) {
		before = strcspn(word, "=") + 1;
		o = long_option(p, word + 2);
		if (o && o->arg)
			add_values(p, o->arg, o->name, word + before);
	} else if (word[1] && word[1] != '-' &&
		   (o = letter_option(p, word, &before))) {
		add_values(p, o->arg, o->name, word + before);
	} else {
		before = 0;
		add_options(p, p->tool->options, word);
		add_options(p, opt_common(), word);
	}
	return before;
}

void
opt_words(const struct opt_tool *tool, char *const *words, size_t count,
    struct buf *out)
{
	struct buf found = BUF_INIT;
	struct place p = {.tool = tool,
	    .given = (const char *const *)words,
	    .out = &found,
	    .kind = "none",
	    .suffixes = ""};
	const char *last = count ? words[count - 1] : "";
	size_t before;

	for (; p.given_count + 1 < count; p.given_count++)
		take_word(&p, words[p.given_count]);
	before = complete_word(&p, last);
	buf_addf(out, "%s\n%.*s\n%s\n", p.kind, (int)before, last, p.suffixes);
	buf_add(out, found.data, found.len);
	buf_release(&found);
}
