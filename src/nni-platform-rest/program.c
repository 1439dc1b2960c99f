/*
 * The text that jq is given: the platform's program with the modules that it
 * includes put in place.  jq 1.6 binds each function of a module to all of the
 * module and to all that includes it, a second for some hundred of them; in one
 * text those that nothing refers to are dropped first.
 */
#include "program.h"

#include <stdio.h>
#include <string.h>

#include "buf.h"
#include "os/file.h"

#define MODULES_MAX 16
#define NAME_MAX_LEN 64

struct source {
	const char *dir, *lib;
	char had[MODULES_MAX][NAME_MAX_LEN + 1]; /* what is there already */
	size_t count;
};

static bool
had(const struct source *s, const char *name)
{
	size_t i;

	for (i = 0; i < s->count; i++)
		if (strcmp(s->had[i], name) == 0)
			return true;
	return false;
}

static int
read_module(const struct source *s, const char *name, struct buf *to)
{
	struct buf path = BUF_INIT, err = BUF_INIT;
	int result;

	buf_addf(&path, "%s/%s.jq", s->dir, name);
	result = file_read_all(path.data, to, &err);
	if (result == -1 && s->lib[0]) {
		buf_setf(&path, "%s/%s.jq", s->lib, name);
		buf_clear(to);
		result = file_read_all(path.data, to, &err);
	}
	buf_release(&path);
	buf_release(&err);
	return result;
}

/* `include "NAME";`, alone on its line, from the line's beginning. */
static bool
is_include(const char *line, size_t len, char name[NAME_MAX_LEN + 1])
{
	static const char begin[] = "include \"";
	size_t at = sizeof(begin) - 1, n;

	if (len < at + 3 || memcmp(line, begin, at) != 0 ||
	    memcmp(line + len - 2, "\";", 2) != 0)
		return false;
	n = len - 2 - at;
	if (n > NAME_MAX_LEN || memchr(line + at, '"', n) ||
	    memchr(line + at, '/', n))
		return false;
	memcpy(name, line + at, n);
	name[n] = '\0';
	return true;
}

/* Comments that fill their lines are left out. */
static int
add_module(struct source *s, const char *name, struct buf *out)
{
	struct buf text = BUF_INIT;
	char other[NAME_MAX_LEN + 1];
	const char *line, *lf;
	int result = -1;

	if (had(s, name))
		return 0;
	if (s->count < MODULES_MAX && strlen(name) <= NAME_MAX_LEN)
		result = read_module(s, name, &text);
	if (result == 0)
		snprintf(s->had[s->count++], sizeof(s->had[0]), "%s", name);
	for (line = text.data; result == 0 && *line; line = lf + 1) {
		lf = strchr(line, '\n');
		if (lf == NULL)
			lf = line + strlen(line);
		if (is_include(line, (size_t)(lf - line), other))
			result = add_module(s, other, out);
		else if (*line != '#') {
			buf_add(out, line, (size_t)(lf - line));
			buf_addc(out, '\n');
		}
		if (*lf == '\0')
			break;
	}
	buf_release(&text);
	return result;
}

/* Into `step`, if it is there: PREFIX_VERB. */
static bool
has_step(const struct buf *text, const char *prefix, const char *verb,
    struct buf *step)
{
	buf_setf(step, "\ndef %s_%s($state; $event):", prefix, verb);
	if (strstr(text->data, step->data) == NULL)
		return false;
	buf_setf(step, "%s_%s", prefix, verb);
	return true;
}

void
program_text(struct buf *out, const char *platform, bool reuse, const char *dir,
    const char *lib, const char *verb)
{
	struct source s = {dir, lib, {""}, 0};
	struct buf step = BUF_INIT, name = BUF_INIT;

	buf_setf(&name, "%s-reuse", platform);
	if ((!reuse || add_module(&s, name.data, out) == -1) &&
	    (s.count = 0, add_module(&s, platform, out) == -1))
		/* jq says what is wrong with it. */
		buf_setf(out, "include \"%s\"; ", platform);
	buf_release(&name);
	if (!(reuse && has_step(out, "reuse", verb, &step)) &&
	    !has_step(out, "step", verb, &step))
		buf_set(&step, "step");
	buf_addf(out,
	    "{config: $config[0], verb: $verb, once: ($once == \"1\"), "
	    "experiment: $experiment, dir: $dir, member: "
	    "first($config[0].trainingService[] | select(.member == "
	    "$member))} as $setup | inputs as $in | $setup | "
	    "try {key: $in.key, out: %s($in.state; $in.event)} "
	    "catch {key: $in.key, error: (. | tostring)}",
	    step.data);
	buf_release(&step);
}
