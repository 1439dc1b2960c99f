/*
 * nni-tune: proposes parameters.  A filter: `ask` in, specs out; results in
 * between teach the tuner.  What it has to know it learns from a journal.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "config.h"
#include "feed.h"
#include "mem.h"
#include "opt.h"
#include "os/loop.h"
#include "os/sys.h"
#include "say.h"
#include "search.h"

#define MAX_ASK 1000000
/* What -n keeps ready for a slow reader. */
#define QUEUE_BYTES 65536

static struct {
	const char *space, *tuner, *args, *config, *journal;
	int64_t seed, count;
} options = {.seed = -1};

static const struct opt option_table[] = {
    {'s', "search-space", "FILE", "the search space, JSON or YAML", OPT_PATH,
	&options.space, 0, 0},
    {'t', "tuner", "NAME", "TPE (default), Random, GridSearch or Batch",
	OPT_STRING, &options.tuner, 0, 0},
    {'a', "args", "JSON", "the tuner's classArgs, a JSON object", OPT_STRING,
	&options.args, 0, 0},
    {'c', "config", "FILE", "take space, tuner and seed from a config.json",
	OPT_PATH, &options.config, 0, 0},
    {'n', "number", "N", "print N proposals and end", OPT_INT, &options.count,
	1, INT64_MAX},
    {0, "seed", "N", "the same seed gives the same proposals", OPT_INT,
	&options.seed, 0, INT64_MAX},
    {0, "journal", "FILE", "first learn what happened so far from FILE",
	OPT_PATH, &options.journal, 0, 0},
    {0, NULL, NULL, NULL, OPT_FLAG, NULL, 0, 0}};

static void
complete(const char *what, struct buf *out)
{
	if (strcmp(what, "tuner") == 0)
		tuner_names(out);
}

static const struct opt_tool tool = {
    .name = "nni-tune",
    .summary = "propose parameters from a search space",
    .operands = "",
    .examples =
	"  nni-tune -s space.json -n 20            20 proposals, a line each\n"
	"  nni-tune -s space.json -t GridSearch -n 100 | jq -c .parameters\n"
	"  echo '{\"type\":\"ask\",\"n\":2}' | nni-tune -s space.json\n",
    .options = option_table,
    .words = complete,
};

struct tune {
	struct search search;
	struct loop *loop;
	struct stream *out;
	struct feed in;
	bool reading_journal;
	bool refused;	/* a line of the input was */
	bool exhausted; /* with -n: fewer than asked for */
	struct buf text;
};

/* ---- what to search, and how ---- */

struct plan {
	struct config config;
	struct space *space;
	const struct tuner_class *class;
	struct buf args_text;
	struct json args;
	uint64_t seed;
	bool seed_is_ours;
};

static int
say_problems(struct problems *problems)
{
	struct buf text = BUF_INIT;

	problems_text(problems, 0, &text);
	buf_rtrim(&text);
	say_error_lines(NNI_CONFIG, text.data);
	buf_release(&text);
	return NNI_CONFIG;
}

static int
read_space(struct plan *p)
{
	struct problems problems = PROBLEMS_INIT;
	struct json s = p->config.search_space;
	int result;

	if (options.space) {
		result = space_load(p->space, options.space, 0, &problems);
	} else if (s.at) {
		problems_file(&problems, "searchSpace");
		result = space_parse(p->space, s.at, s.len, 0, &problems);
	} else {
		return say_error(NNI_CONFIG,
		    "%s: there is no searchSpace in it", options.config);
	}
	result = result == -1 ? say_problems(&problems) : NNI_OK;
	problems_release(&problems);
	return result;
}

static int
read_tuner(struct plan *p)
{
	struct json tuner = p->config.tuner;
	char *name = json_strdup(json_get(tuner, "name"));
	struct buf err = BUF_INIT;

	if (options.tuner) {
		free(name);
		name = xstrdup(options.tuner);
	} else if (json_get(tuner, "className").at) {
		buf_set(&err, "tuners of one's own (className) are not "
			      "available in this version");
	} else if (!name && options.config && !options.space) {
		buf_setf(&err, "%s: there is no tuner in it", options.config);
	}
	if (!err.len)
		p->class = tuner_find(name ? name : "TPE", &err);
	free(name);
	if (!p->class)
		say_error(NNI_CONFIG, "%s", err.data);
	buf_release(&err);
	return p->class ? NNI_OK : NNI_CONFIG;
}

static int
read_args(struct plan *p)
{
	struct buf err = BUF_INIT;
	size_t where = 0;
	int result = 0;

	/* arguments of another tuner are none of this one's */
	if (!options.tuner)
		p->args = json_get(p->config.tuner, "classArgs");
	if (options.args)
		result = json_check(options.args, strlen(options.args), 0,
		    &p->args, &where, &err);
	if (result == -1)
		say_error(NNI_CONFIG, "--args: not JSON: column %d: %s",
		    (int)where + 1, err.data);
	buf_release(&err);
	return result == -1 ? NNI_CONFIG : NNI_OK;
}

static void
choose_seed(struct plan *p)
{
	if (options.seed >= 0) {
		p->seed = (uint64_t)options.seed;
	} else if (p->config.has_seed) {
		p->seed = p->config.seed;
	} else {
		if (random_bytes(&p->seed, sizeof(p->seed)) == -1)
			p->seed = (uint64_t)clock_mono_us();
		p->seed >>= 33; /* short enough to be typed */
		p->seed_is_ours = true;
	}
}

/* What the user did not say and might have to know. */
static void
say_defaults(const struct plan *p)
{
	if (p->seed_is_ours && p->class->draws &&
	    json_type(json_get(p->args, "seed")) != JSON_NUMBER)
		say(options.config
			? "seed %" PRIu64 ", drawn by chance; 'seed: %" PRIu64
			  "' in the configuration gives the same proposals "
			  "again"
			: "seed %" PRIu64 "; --seed %" PRIu64
			  " gives the same proposals again",
		    p->seed, p->seed);
	if (!options.count && p->class->optimizes &&
	    !json_get(p->args, "optimize_mode").at)
		say("optimize_mode is not given; with %s smaller metrics are "
		    "better then",
		    p->class->name);
}

static int
make_plan(struct plan *p)
{
	struct buf err = BUF_INIT;
	int result = NNI_OK;

	if (options.config)
		result = config_load(&p->config, options.config, &err);
	if (result != NNI_OK) {
		say_error(result, "%s", err.data);
		buf_release(&err);
		return result;
	}
	result = read_tuner(p);
	if (result == NNI_OK)
		result = read_args(p);
	if (result == NNI_OK)
		result = read_space(p);
	if (result == NNI_OK)
		choose_seed(p);
	return result;
}

static int
open_search(struct search *s)
{
	struct plan p = {.args = JSON_NONE};
	struct buf err = BUF_INIT;
	int result;

	p.space = xcalloc(1, sizeof(*p.space));
	*p.space = (struct space)SPACE_INIT;
	result = make_plan(&p);
	if (result != NNI_OK) {
		space_release(p.space);
		free(p.space);
	} else if (search_open(s, p.class, p.space, p.args, p.seed, &err)) {
		result =
		    say_error(NNI_CONFIG, "%s: %s", p.class->name, err.data);
	} else {
		say_defaults(&p);
	}
	buf_release(&err);
	if (options.config)
		config_release(&p.config);
	return result;
}

/* ---- records ---- */

/* A line that cannot be taken; a journal's is no fault of who gives input. */
static void
refuse(struct tune *t, const struct feed *f, const char *why)
{
	say_error(NNI_OK, "%s:%" PRId64 ": %s", f->name, f->line, why);
	t->refused = t->refused || !t->reading_journal;
}

static void
answer(struct tune *t, const struct feed *f, const struct record *r)
{
	int64_t n = 1;

	if (r->n.at && (json_int(r->n, &n) == -1 || n < 1 || n > MAX_ASK)) {
		refuse(t, f, "\"n\" must be from 1 to 1000000");
		return;
	}
	buf_clear(&t->text);
	while (n--)
		if (!search_propose(&t->search, &t->text)) {
			record_begin(&t->text, "no_more");
			record_end(&t->text);
		}
	stream_write(t->out, t->text.data, t->text.len);
}

/*
 * Asks in a journal are not answered: those that were have their specs there,
 * and whoever asked the others is gone.
 */
static void
on_record(void *arg, const struct feed *f, const struct record *r)
{
	struct tune *t = arg;
	struct buf err = BUF_INIT;

	if (!r)
		refuse(t, f, f->why.data);
	else if (r->type != RECORD_ASK &&
		 search_record(&t->search, r, &err) == -1)
		say_warning("%s:%" PRId64 ": %s", f->name, f->line, err.data);
	else if (r->type == RECORD_ASK && !t->reading_journal)
		answer(t, f, r);
	buf_release(&err);
}

static int
read_journal(struct tune *t)
{
	struct feed f;
	struct buf err = BUF_INIT;
	int result = 0;

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

/* ---- running ---- */

static void
on_gone(void *arg)
{
	struct tune *t = arg;

	loop_stop(t->loop, say_output_lost());
}

static void
on_stdin(void *arg, const char *bytes, size_t len)
{
	struct tune *t = arg;

	feed_bytes(&t->in, bytes, len);
	if (!len)
		stream_finish(t->out, NULL, NULL);
}

/* -n: no more than the reader takes is thought of ahead of time. */
static void
print_proposals(void *arg)
{
	struct tune *t = arg;

	while (options.count && !t->exhausted &&
	       stream_queued(t->out) < QUEUE_BYTES) {
		buf_clear(&t->text);
		if (search_propose(&t->search, &t->text)) {
			stream_write(t->out, t->text.data, t->text.len);
			options.count--;
		} else {
			t->exhausted = true;
		}
	}
	if (!options.count || t->exhausted)
		stream_finish(t->out, NULL, NULL);
}

static int
print_all(struct tune *t)
{
	int64_t wanted = options.count;
	int result;

	stream_on_drain(t->out, print_proposals, t);
	print_proposals(t);
	result = loop_run(t->loop);
	if (!t->exhausted)
		return result;
	say("the search space has no more than %" PRId64 " proposal%s%s",
	    wanted - options.count, plural((uint64_t)(wanted - options.count)),
	    options.journal ? " left" : "");
	return options.count == wanted ? NNI_NOTHING : result;
}

static int
run(struct tune *t)
{
	int result;

	t->loop = loop_new();
	t->out = stream_writer(t->loop, sys_stdout(), on_gone, t);
	if (options.count) {
		result = print_all(t);
	} else {
		if (console_is_terminal(sys_stdin()))
			say("reading records; -n N gives proposals at once");
		feed_init(&t->in, "stdin", on_record, t);
		stream_reader(t->loop, sys_stdin(), on_stdin, t);
		result = loop_run(t->loop);
		feed_release(&t->in);
	}
	loop_free(t->loop);
	return result;
}

int
nni_main(int argc, char **argv)
{
	struct tune t = {.text = BUF_INIT};
	int result;

	say_program("nni-tune");
	result = opt_parse(&tool, &argc, argv, NULL);
	if (result != OPT_GO)
		return result;
	if (argc)
		return opt_usage(&tool, "unexpected argument '%s'", argv[0]);
	if (!options.space && !options.config)
		return opt_usage(&tool, "a search space is needed: -s FILE");
	if (options.space && strcmp(options.space, "-") == 0 && !options.count)
		return opt_usage(&tool,
		    "with -s - no asks can come on standard input: say -n N");
	result = open_search(&t.search);
	if (result != NNI_OK)
		return result;
	result = read_journal(&t);
	if (result == NNI_OK)
		result = run(&t);
	if (result == NNI_OK && t.refused)
		result = NNI_USAGE;
	search_close(&t.search);
	buf_release(&t.text);
	return result;
}
