/*
 * nni-pack: zips a code directory, honouring .nniignore.
 *
 * What is packed is decided in tree.c, whether it is too much in limits.c, the
 * archive is made in pack.c and brought to its place in output.c.
 */
#include <inttypes.h>
#include <string.h>

#include "json.h"
#include "limits.h"
#include "opt.h"
#include "os/loop.h"
#include "os/sys.h"
#include "output.h"
#include "pack.h"
#include "quote.h"
#include "record.h"
#include "say.h"
#include "tree.h"

#define THREADS_MAX 64
#define THREADS_DEFAULT 8 /* more would wait for the one that writes */
#define NAMED 5		  /* of a kind in one message */
/* The search for who is to blame for too many files ends somewhere. */
#define LOOK_AT_LEAST 100000

static struct {
	const char *output;
	bool list, null, digest, keep_vcs, portable;
	struct opt_list why;
	int64_t max_files, max_bytes, threads;
} options = {.max_files = LIMIT_FILES, .max_bytes = LIMIT_BYTES};

static const struct opt table[] = {
    {'o', "output", "ZIP", "write the archive to ZIP, else to stdout", OPT_PATH,
	&options.output, 0, 0},
    {'l', "list", NULL, "only list what would be packed", OPT_FLAG,
	&options.list, 0, 0},
    {'0', "null", NULL, "end each name of --list with a NUL byte", OPT_FLAG,
	&options.null, 0, 0},
    {0, "why", "PATH", "only tell whether PATH is packed, and why", OPT_LIST,
	&options.why, 0, 0},
    {0, "digest", NULL, "only print the digest of the archive", OPT_FLAG,
	&options.digest, 0, 0},
    {0, "keep-vcs", NULL, "pack .git and the like too", OPT_FLAG,
	&options.keep_vcs, 0, 0},
    {0, "portable", NULL, "refuse names that Windows cannot hold", OPT_FLAG,
	&options.portable, 0, 0},
    {0, "max-files", "N", "allow N files and directories (2000; 0: any)",
	OPT_INT, &options.max_files, 0, INT64_MAX},
    {0, "max-size", "BYTES", "allow files of BYTES together (300MiB; 0: any)",
	OPT_SIZE, &options.max_bytes, 0, 0},
    {'j', "threads", "N", "compress with N threads (one a processor)", OPT_INT,
	&options.threads, 1, THREADS_MAX},
    {0, NULL, NULL, NULL, OPT_FLAG, NULL, 0, 0}};

static const struct opt_tool tool = {.name = "nni-pack",
    .summary = "zip a code directory, honouring .nniignore",
    .operands = "DIR",
    .examples = "  nni-pack -o code.zip .\n"
		"  nni-pack --list . | wc -l\n"
		"  nni-pack --why data/train.csv .\n",
    .options = table};

/* ---- what is said about the tree ---- */

static void
add_names(struct buf *text, const struct text_list *l)
{
	size_t i;

	for (i = 0; i < l->count && i < NAMED; i++)
		buf_addf(text, "%s%s", i == 0 ? " " : ", ", l->items[i]);
	if (l->count > NAMED)
		buf_addf(text, " and %" PRIu64 " more",
		    (uint64_t)(l->count - NAMED));
}

/* 0, or the exit code if there is something that must not be. */
static int
say_notes(const struct tree *t)
{
	struct buf text = BUF_INIT;
	int code = 0;

	if (t->vcs.count > 0) {
		buf_set(&text, "left out, version control:");
		add_names(&text, &t->vcs);
		say("%s (--keep-vcs keeps them)", text.data);
	}
	if (t->special.count > 0) {
		buf_set(&text, "left out, neither files nor links:");
		add_names(&text, &t->special);
		say("%s", text.data);
	}
	if (t->not_utf8.count > 0) {
		buf_set(&text, "names that are not UTF-8:");
		add_names(&text, &t->not_utf8);
		code = say_error(NNI_CONFIG,
		    "%s; rename them, or leave them out by a " IGNORE_NAME,
		    text.data);
	}
	if (t->odd.count > 0) {
		buf_set(&text, "names that Windows cannot hold:");
		add_names(&text, &t->odd);
		if (options.portable)
			code = say_error(NNI_CONFIG, "%s", text.data);
		else
			say_warning("%s", text.data);
	}
	buf_release(&text);
	return code;
}

/* ---- interruption: the unfinished archive is removed ---- */

static struct loop *loop;
static int interrupted; /* the signal */

static void
on_interrupt(void *arg, enum loop_interrupt what, int number)
{
	(void)arg;
	if (what != INTERRUPT_STOP && what != INTERRUPT_HANGUP)
		return;
	interrupted = number;
	loop_stop(loop, number);
}

static void
on_timer(void *arg)
{
	(void)arg;
	loop_stop(loop, 0);
}

/* Has anybody interrupted us?  Asked between two writes. */
static bool
stopped(void *arg)
{
	static struct timer now = TIMER_INIT;

	(void)arg;
	timer_set(loop, &now, 0, on_timer, NULL);
	loop_run(loop);
	timer_stop(&now);
	return interrupted != 0;
}

/* ---- the things to do ---- */

/* Says a failure of the kind, and gives the exit code for it. */
static int
failure(enum os_error kind, const struct buf *err)
{
	return say_error(
	    kind == OS_DENIED ? NNI_AUTH : NNI_TEMPORARY, "%s", err->data);
}

/* `path` as it is called in the tree, "a/b"; -1: it is not below `dir`. */
static int
path_below(const char *dir, const char *path, struct buf *below)
{
	struct buf root = BUF_INIT, full = BUF_INIT;
	size_t len = strlen(path);
	int rc = -1;

	if (path_absolute(dir, NULL, &root, NULL) == 0 &&
	    path_absolute(path, root.data, &full, NULL) == 0) {
		if (root.data[root.len - 1] != '/')
			buf_addc(&root, '/');
		if (full.len > root.len &&
		    memcmp(full.data, root.data, root.len) == 0) {
			buf_set(below, full.data + root.len);
			if (path[len - 1] == '/')
				buf_addc(below, '/');
			rc = 0;
		}
	}
	buf_release(&root);
	buf_release(&full);
	return rc;
}

/* Appends the line about one path; 0, or the exit code. */
static int
why_one(const char *dir, const char *path, struct buf *out)
{
	struct tree_options how = {.keep_vcs = options.keep_vcs,
	    .for_people = console_is_terminal(sys_stdout())};
	struct buf below = BUF_INIT, err = BUF_INIT;
	int code, rc;

	if (path_below(dir, path, &below) != 0) {
		code =
		    opt_usage(&tool, "--why: '%s' is not in '%s'", path, dir);
	} else {
		rc = tree_why(dir, below.data, &how, out, &err);
		code = rc < 0	? failure(os_errno(), &err)
		       : rc > 0 ? NNI_OK
				: NNI_NOTHING;
	}
	buf_release(&below);
	buf_release(&err);
	return code;
}

static int
why(const char *dir)
{
	struct buf out = BUF_INIT;
	int code = NNI_OK, one;
	size_t i;

	for (i = 0; i < options.why.count; i++) {
		one = why_one(dir, options.why.items[i], &out);
		if (one != NNI_OK)
			code = one;
		if (one != NNI_OK && one != NNI_NOTHING)
			break;
	}
	say_data(out.data, out.len);
	buf_release(&out);
	return code;
}

static int
list(const struct tree *t)
{
	bool for_people = console_is_terminal(sys_stdout()) && !options.null;
	struct buf out = BUF_INIT;
	size_t i, from;
	int rc = 0;

	for (i = 0; i < t->count && rc == 0; i++) {
		from = out.len;
		buf_adds(&out, t->entries[i].path);
		if (for_people)
			quote_visible_tail(&out, from);
		buf_addc(&out, options.null ? '\0' : '\n');
		if (out.len < 65536 && i + 1 < t->count)
			continue;
		rc = say_data(out.data, out.len);
		buf_clear(&out);
	}
	buf_release(&out);
	return NNI_OK;
}

static void
print_record(const struct pack_result *r)
{
	struct buf out = BUF_INIT;

	record_begin(&out, "pack");
	json_key(&out, "digest");
	buf_addf(&out, "\"sha256:%s\"", r->digest);
	json_member_int(&out, "files", r->files);
	json_member_int(&out, "directories", r->dirs);
	json_member_int(&out, "links", r->links);
	json_member_int(&out, "bytes", r->bytes);
	json_member_int(&out, "packed", r->packed);
	record_end(&out);
	say_data(out.data, out.len);
	buf_release(&out);
}

/* 0, or the exit code if something could not be read. */
static int
say_failures(const struct tree *t)
{
	size_t i;

	for (i = 0; i < t->failed.count && i < NAMED; i++)
		say_error(0, "%s", t->failed.items[i]);
	if (t->failed.count > NAMED)
		say_error(0, "and %" PRIu64 " more like these",
		    (uint64_t)(t->failed.count - NAMED));
	if (t->failed.count == 0)
		return NNI_OK;
	return t->kind == OS_DENIED ? NNI_AUTH : NNI_TEMPORARY;
}

static void
on_warning(void *arg, const char *text)
{
	(void)arg;
	say_warning("%s", text);
}

static int
deliver_archive(struct output *o, struct buf *err)
{
	int rc = output_copy(o, loop, err);

	if (rc > 0)
		say_output_lost();
	return rc < 0 ? -1 : 0;
}

/* The archive is complete: brings it, or what was asked about it, out. */
static int
deliver(struct output *o, const struct pack_result *r, struct buf *err)
{
	struct buf line = BUF_INIT;

	if (options.digest) {
		buf_setf(&line, "sha256:%s\n", r->digest);
		say_data(line.data, line.len);
		buf_release(&line);
	} else if (options.output == NULL) {
		return deliver_archive(o, err);
	} else {
		if (output_keep(o, err) != 0)
			return -1;
		print_record(r);
	}
	return 0;
}

static int
pack(const struct tree *t, struct output *o)
{
	struct pack_options how = {.threads = (int)options.threads,
	    .warn = on_warning,
	    .stopped = stopped};
	struct pack_result result;
	struct buf err = BUF_INIT;
	int code = say_check_output();

	if (code != NNI_OK)
		return code;
	loop = loop_new();
	loop_interrupts(loop, on_interrupt, NULL);
	if (output_open(o, &err) != 0)
		code = failure(os_errno(), &err);
	else if (pack_tree(t, o->file, &how, &result, &err) != 0)
		code = failure(result.kind, &err);
	else if (deliver(o, &result, &err) != 0 && interrupted == 0)
		code = failure(os_errno(), &err);
	output_close(o);
	loop_free(loop);
	buf_release(&err);
	if (interrupted != 0)
		die_by_signal(interrupted);
	return code;
}

/* ---- wiring ---- */

static struct tree_options
tree_options(const struct output *o)
{
	struct tree_options how = {.keep_vcs = options.keep_vcs};

	if (o->old.type == FILE_REGULAR)
		how.output = &o->old;
	if (!options.list && options.max_files > 0) {
		how.max_entries = LOOK_AT_LEAST;
		if (options.max_files >= LOOK_AT_LEAST / 2)
			how.max_entries = 2 * options.max_files;
	}
	return how;
}

static int
read_and_pack(const char *dir, struct output *o)
{
	struct tree_options how = tree_options(o);
	struct buf err = BUF_INIT;
	struct tree t = {0};
	int code = NNI_OK;

	tree_read(&t, dir, &how);
	if (limits_check(&t, options.max_files, options.max_bytes, &err) != 0) {
		if (options.list)
			say_warning_lines(err.data);
		else
			code = say_error_lines(NNI_CONFIG, err.data);
	}
	if (code == NNI_OK)
		code = say_failures(&t);
	if (code == NNI_OK)
		code = say_notes(&t);
	if (code == NNI_OK)
		code = options.list ? list(&t) : pack(&t, o);
	tree_release(&t);
	buf_release(&err);
	return code;
}

/* 0, or the exit code for a command line that makes no sense. */
static int
check_options(int argc, char **argv)
{
	int things = options.list + (options.why.count > 0) + options.digest +
		     (options.output != NULL);
	struct file_info info;

	if (argc != 1)
		return opt_usage(&tool,
		    argc == 0 ? "which directory?" : "one directory, please");
	if (things > 1)
		return opt_usage(
		    &tool, "only one of --output, --list, --why and --digest");
	if (file_info(argv[0], true, &info) != 0)
		return say_error(NNI_USAGE, "cannot look at '%s': %s", argv[0],
		    os_strerror());
	if (info.type != FILE_DIR)
		return say_error(NNI_USAGE,
		    info.type == FILE_ABSENT ? "there is no directory '%s'"
					     : "'%s' is not a directory",
		    argv[0]);
	if (things == 0 && console_is_terminal(sys_stdout()))
		return opt_usage(
		    &tool, "an archive is nothing for a terminal; use -o ZIP");
	if (options.threads == 0) {
		options.threads = sys_cpus();
		if (options.threads > THREADS_DEFAULT)
			options.threads = THREADS_DEFAULT;
	}
	return 0;
}

int
nni_main(int argc, char **argv)
{
	struct buf err = BUF_INIT;
	struct output o;
	int code;

	say_program("nni-pack");
	code = opt_parse(&tool, &argc, argv, NULL);
	if (code != OPT_GO)
		return code;
	code = check_options(argc, argv);
	if (code == 0 && options.why.count > 0) {
		code = why(argv[0]);
	} else if (code == 0) {
		if (output_init(&o, options.output, &err) != 0)
			code = say_error(NNI_USAGE, "%s", err.data);
		else
			code = read_and_pack(argv[0], &o);
	}
	opt_list_release(&options.why);
	buf_release(&err);
	return code;
}
