/*
 * nni-assess: decides early stops.  A filter: intermediate metrics and ends of
 * trials in, cancels out.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "assessor.h"
#include "config.h"
#include "feed.h"
#include "judge.h"
#include "mem.h"
#include "opt.h"
#include "os/loop.h"
#include "os/sys.h"
#include "say.h"

static struct {
	const char *assessor, *args, *config, *journal;
} options;

static const struct opt option_table[] = {
    {'t', "assessor", "NAME", "Medianstop", OPT_STRING, &options.assessor, 0,
	0},
    {'a', "args", "JSON", "the assessor's classArgs, a JSON object", OPT_STRING,
	&options.args, 0, 0},
    {'c', "config", "FILE", "take assessor and classArgs from a config.json",
	OPT_PATH, &options.config, 0, 0},
    {0, "journal", "FILE", "first learn what happened so far from FILE",
	OPT_PATH, &options.journal, 0, 0},
    {0, NULL, NULL, NULL, OPT_FLAG, NULL, 0, 0}};

static void
complete(const char *what, struct buf *out)
{
	if (strcmp(what, "assessor") == 0)
		assessor_names(out);
}

static const struct opt_tool tool = {
    .name = "nni-assess",
    .summary = "decide which trials to stop early",
    .operands = "",
    .examples = "  nni-assess -t Medianstop -a '{\"start_step\":5}' <records\n"
		"  nni-assess -c config.json --journal events.jsonl <records\n",
    .options = option_table,
    .words = complete,
};

struct assess {
	struct judge judge;
	struct loop *loop;
	struct stream *out;
	struct feed in;
	bool reading_journal;
	bool refused; /* a line of the input was */
	struct buf text;
};

/* ---- the assessor ---- */

/* The name, malloced; NULL with the exit code in *result. */
static char *
choose_name(struct json assessor, int *result)
{
	if (options.assessor)
		return xstrdup(options.assessor);
	*result = NNI_CONFIG;
	if (!assessor.at || json_type(assessor) == JSON_NULL)
		*result = say_error(NNI_NOTHING,
		    "%s: there is no assessor in it", options.config);
	else if (json_get(assessor, "className").at)
		say_error(NNI_CONFIG, "assessors of one's own (className) are "
				      "not available in this version");
	else if (!json_get(assessor, "name").at)
		say_error(
		    NNI_CONFIG, "%s: the assessor has no name", options.config);
	else
		return json_strdup(json_get(assessor, "name"));
	return NULL;
}

static int
choose_args(struct json assessor, struct json *args)
{
	struct buf err = BUF_INIT;
	size_t where = 0;
	int result = 0;

	/* arguments of another assessor are none of this one's */
	if (!options.assessor)
		*args = json_get(assessor, "classArgs");
	if (options.args)
		result = json_check(
		    options.args, strlen(options.args), 0, args, &where, &err);
	if (result == -1)
		say_error(NNI_CONFIG, "--args: not JSON: column %d: %s",
		    (int)where + 1, err.data);
	buf_release(&err);
	return result;
}

static struct assessor *
open_named(const char *name, struct json args, struct buf *err)
{
	const struct assessor_class *class = assessor_find(name, err);
	struct assessor *a;

	if (!class)
		return NULL;
	a = class->open(args, err);
	if (a && !json_get(args, "optimize_mode").at)
		say("optimize_mode is not given; with %s %s metrics are better "
		    "then",
		    class->name, class->maximizes ? "larger" : "smaller");
	return a;
}

static struct assessor *
open_assessor(struct json section, int *result)
{
	struct assessor *a = NULL;
	struct json args = JSON_NONE;
	struct buf err = BUF_INIT;
	char *name = choose_name(section, result);

	if (name && choose_args(section, &args) == 0) {
		a = open_named(name, args, &err);
		if (!a)
			say_error(NNI_CONFIG, "%s", err.data);
	}
	free(name);
	buf_release(&err);
	return a;
}

static int
open_judge(struct judge *j)
{
	struct config config;
	struct buf err = BUF_INIT;
	struct assessor *a;
	struct json section = JSON_NONE;
	int result;

	if (options.config) {
		result = config_load(&config, options.config, &err);
		if (result != NNI_OK) {
			say_error(result, "%s", err.data);
			buf_release(&err);
			return result;
		}
		section = config.assessor;
	}
	result = NNI_CONFIG;
	a = open_assessor(section, &result);
	if (options.config)
		config_release(&config);
	if (!a)
		return result;
	judge_init(j, a);
	return NNI_OK;
}

/* ---- records ---- */

/* A line that cannot be taken; a journal's is no fault of who gives input. */
static void
refuse(struct assess *t, const struct feed *f, const char *why)
{
	say_error(NNI_OK, "%s:%" PRId64 ": %s", f->name, f->line, why);
	t->refused = t->refused || !t->reading_journal;
}

static void
on_record(void *arg, const struct feed *f, const struct record *r)
{
	struct assess *t = arg;
	struct buf err = BUF_INIT;

	buf_clear(&t->text);
	if (!r)
		refuse(t, f, f->why.data);
	else if (judge_record(&t->judge, r,
		     t->reading_journal ? NULL : &t->text, &err) == -1)
		say_warning("%s:%" PRId64 ": %s", f->name, f->line, err.data);
	if (t->text.len)
		stream_write(t->out, t->text.data, t->text.len);
	buf_release(&err);
}

static int
read_journal(struct assess *t)
{
	struct feed f;
	struct buf err = BUF_INIT;
	int result;

	if (!options.journal)
		return NNI_OK;
	t->reading_journal = true;
	feed_init(&f, options.journal, on_record, t);
	result = feed_journal(&f, &err);
	feed_release(&f);
	t->reading_journal = false;
	if (result)
		say_error(NNI_TEMPORARY, "%s", err.data);
	buf_release(&err);
	return result ? NNI_TEMPORARY : NNI_OK;
}

static void
on_gone(void *arg)
{
	struct assess *t = arg;

	loop_stop(t->loop, say_output_lost());
}

static void
on_stdin(void *arg, const char *bytes, size_t len)
{
	struct assess *t = arg;

	feed_bytes(&t->in, bytes, len);
	if (!len)
		stream_finish(t->out, NULL, NULL);
}

static int
run(struct assess *t)
{
	int result;

	t->loop = loop_new();
	t->out = stream_writer(t->loop, sys_stdout(), on_gone, t);
	if (console_is_terminal(sys_stdin()))
		say("reading records");
	feed_init(&t->in, "stdin", on_record, t);
	stream_reader(t->loop, sys_stdin(), on_stdin, t);
	result = loop_run(t->loop);
	feed_release(&t->in);
	loop_free(t->loop);
	return result;
}

int
nni_main(int argc, char **argv)
{
	struct assess t = {.text = BUF_INIT};
	int result;

	say_program("nni-assess");
	result = opt_parse(&tool, &argc, argv, NULL);
	if (result != OPT_GO)
		return result;
	if (argc)
		return opt_usage(&tool, "unexpected argument '%s'", argv[0]);
	if (!options.assessor && !options.config)
		return opt_usage(
		    &tool, "an assessor is needed: -t NAME or -c FILE");
	result = open_judge(&t.judge);
	if (result != NNI_OK)
		return result;
	result = read_journal(&t);
	if (result == NNI_OK)
		result = run(&t);
	if (result == NNI_OK && t.refused)
		result = NNI_USAGE;
	judge_release(&t.judge);
	buf_release(&t.text);
	return result;
}
