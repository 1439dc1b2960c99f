/*
 * nni-config: reads the YAML of NNI's users, tells all that is wrong with it,
 * and prints the one form that all other programs read.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "experiment.h"
#include "json.h"
#include "node.h"
#include "opt.h"
#include "os/file.h"
#include "os/sys.h"
#include "print.h"
#include "problems.h"
#include "quote.h"
#include "reading.h"
#include "say.h"
#include "searchspace.h"

static struct {
	bool check, redact, origins, runnable, no_tuner, space, keys;
} o;

static const struct opt options[] = {
    {0, "check", NULL, "only tell what is wrong", OPT_FLAG, &o.check, 0, 0},
    {0, "runnable", NULL, "what this version cannot run is an error, too",
	OPT_FLAG, &o.runnable, 0, 0},
    {0, "no-tuner", NULL, "a search space and a tuner may be missing", OPT_FLAG,
	&o.no_tuner, 0, 0},
    {0, "redact", NULL, "print secrets as \"***\"", OPT_FLAG, &o.redact, 0, 0},
    {0, "origin", NULL, "print each value with the place it is from", OPT_FLAG,
	&o.origins, 0, 0},
    {0, "space", NULL, "FILE is a search space", OPT_FLAG, &o.space, 0, 0},
    {0, "keys", NULL, "print every key that there is", OPT_FLAG, &o.keys, 0, 0},
    {0, NULL, NULL, NULL, OPT_FLAG, NULL, 0, 0},
};

static const struct opt_tool tool = {
    .name = "nni-config",
    .summary = "validate an experiment's YAML and print it as canonical JSON",
    .operands = "FILE",
    .examples = "  nni-config config.yml\n"
		"  nni-config config.yml | jq .trialConcurrency\n"
		"  nni-config --space search_space.json\n",
    .options = options,
};

/* The whole file, "-" being standard input. 0, or an exit code, told. */
static int
read_input(const char *name, struct buf *text)
{
	struct buf err = BUF_INIT;
	int code = 0, rc;

	if (strcmp(name, "-") == 0)
		rc = file_read_rest(sys_stdin(), "<stdin>", text, &err);
	else
		rc = file_read_all(name, text, &err);
	if (rc < 0)
		code = say_error(NNI_CONFIG, "%s", err.data);
	buf_release(&err);
	return code;
}

static int
print(struct buf *text)
{
	if (text->len && text->data[text->len - 1] != '\n')
		buf_addc(text, '\n');
	say_data(text->data, text->len);
	return 0;
}

static int
tell(struct problems *problems)
{
	struct buf text = BUF_INIT;

	problems_text(problems, say_level_get() > 0, &text);
	if (text.len)
		file_write(sys_stderr(), text.data, text.len);
	buf_release(&text);
	return problems->errors ? NNI_CONFIG : 0;
}

static int
print_tree(struct node *n)
{
	struct buf out = BUF_INIT;
	int code;

	if (console_is_terminal(sys_stdout()))
		print_pretty(n, &out);
	else
		node_json(n, &out);
	code = print(&out);
	buf_release(&out);
	return code;
}

/* The folder that relative paths are from; of a pipe it is ours. */
static int
find_base(const char *name, struct buf *base)
{
	struct buf path = BUF_INIT, err = BUF_INIT;
	bool is_file = strcmp(name, "-") != 0 && !path_is_stream(name);
	int code = 0;

	if (path_absolute(is_file ? name : "x", NULL, &path, &err) < 0)
		code = say_error(NNI_TEMPORARY, "%s", err.data);
	else
		buf_add(base, path.data,
		    (size_t)(path_base(path.data) - path.data));
	/* "/dir/" is "/dir", "/" and "C:/" stay */
	if (base->len > 1 && base->data[base->len - 2] != ':')
		buf_cut(base, base->len - 1);
	buf_release(&path);
	buf_release(&err);
	return code;
}

/* A password that all users of this machine can read is noted, once. */
static void
note_readable(
    const char *name, const struct node *top, struct problems *problems)
{
	const struct node *secret = print_find_secret(top);
	struct file_info info;
	struct buf word = BUF_INIT;

	if (secret && strcmp(name, "-") != 0 && !path_is_stream(name) &&
	    file_info(name, true, &info) == 0 && info.open_to_others) {
		quote_sh(&word, name);
		problems_note(problems, secret->line, secret->col,
		    "other users of this machine can read this secret: "
		    "chmod go= %s",
		    word.data);
	}
	buf_release(&word);
}

/* Of a file that could be read only in part, what else is wrong is told. */
static int
do_config(const char *name, struct node *file, struct problems *problems)
{
	struct buf base = BUF_INIT, out = BUF_INIT;
	struct reading r = {.problems = problems,
	    .runnable = o.runnable,
	    .no_tuner = o.no_tuner,
	    .path = BUF_INIT,
	    .hints = BUF_INIT};
	struct node *top = node_new();
	char *space_file = NULL;
	int code = find_base(name, &base);

	if (code == 0) {
		r.base = base.data;
		experiment_read(&r, file, name, top, &space_file);
		note_readable(name, top, problems);
		code = tell(problems);
	}
	if (o.redact || o.origins)
		print_redact(top);
	if (code == 0 && o.origins) {
		print_origins(top, name, space_file, &out);
		code = print(&out);
	} else if (code == 0 && !o.check) {
		code = print_tree(top);
	}
	free(space_file);
	node_free(top);
	buf_release(&r.path);
	buf_release(&r.hints);
	buf_release(&base);
	buf_release(&out);
	return code;
}

static int
do_space(struct node *file, struct problems *problems)
{
	struct space space = SPACE_INIT;
	int code;

	space_from_node(&space, file, 0, problems);
	code = tell(problems);
	if (code == 0 && !o.check)
		code = print_tree(file);
	space_release(&space);
	return code;
}

static int
do_file(const char *name)
{
	struct problems problems = PROBLEMS_INIT;
	struct buf text = BUF_INIT_MAX(NODE_MAX_BYTES + 65536);
	struct node *file = NULL;
	int code = read_input(name, &text);

	if (code)
		goto out;
	problems_file(&problems, strcmp(name, "-") == 0 ? "<stdin>" : name);
	node_parse(text.data, text.len, NODE_JSON_OR_YAML, &file, &problems);
	if (!file)
		code = tell(&problems);
	else if (o.space)
		code = do_space(file, &problems);
	else
		code = do_config(name, file, &problems);
out:
	node_free(file);
	buf_release(&text);
	problems_release(&problems);
	return code;
}

/* What would have no effect beside another option is not passed over. */
static int
check_options(void)
{
	if (o.check && o.origins)
		return opt_usage(
		    &tool, "--check prints nothing: leave out --origin");
	if (o.space && (o.runnable || o.no_tuner || o.redact || o.origins))
		return opt_usage(&tool,
		    "--runnable, --no-tuner, --redact and --origin are for "
		    "configurations, not for a search space");
	return OPT_GO;
}

int
nni_main(int argc, char **argv)
{
	int code;

	say_program("nni-config");
	code = opt_parse(&tool, &argc, argv, NULL);
	if (code == OPT_GO)
		code = check_options();
	if (code != OPT_GO)
		return code;
	if (o.keys) {
		struct buf out = BUF_INIT;

		if (argc)
			return opt_usage(&tool, "--keys takes no file");
		print_keys(&out);
		code = print(&out);
		buf_release(&out);
		return code;
	}
	if (argc != 1)
		return opt_usage(&tool,
		    argc ? "only one file can be read" : "no file given");
	return do_file(argv[0]);
}
