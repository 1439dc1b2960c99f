/* log stdout, log stderr, log trial. */
#include <stdio.h>
#include <string.h>

#include "expdir.h"
#include "fetch.h"
#include "nnictl.h"
#include "placed.h"
#include "say.h"
#include "survey.h"
#include "os/file.h"

#define PIECE ((int64_t)64 << 10)

/* ---- a part of a file, however long it is ---- */

/* Where the last n lines begin.  A line feed at the very end ends the last. */
static int64_t
find_tail(os_file f, int64_t size, int64_t n)
{
	static char piece[PIECE];
	int64_t len;

	for (int64_t end = size; end > 0; end -= len) {
		len = end < PIECE ? end : PIECE;
		if (file_read_at(f, piece, (size_t)len, end - len) != len)
			return end;
		for (int64_t i = len; i > 0; i--)
			if (piece[i - 1] == '\n' && end - len + i < size &&
			    n-- == 1)
				return end - len + i;
	}
	return 0;
}

/* The bytes of a piece that belong to the first *left lines. */
static size_t
first_lines(const char *piece, size_t len, int64_t *left)
{
	const char *at = piece, *end = piece + len, *lf;

	for (; *left > 0 && at < end; at = lf + 1) {
		lf = memchr(at, '\n', (size_t)(end - at));
		if (lf == NULL)
			return len;
		--*left;
	}
	return (size_t)(at - piece);
}

/* `whole`: the last line gets its line feed if it has none. */
static void
print_part(os_file f, bool whole)
{
	static char piece[PIECE];
	int64_t size = file_size(f), left = o.head, n;
	int64_t at = o.tail > 0 ? find_tail(f, size, o.tail) : 0;

	while (at < size && (o.head == 0 || left > 0)) {
		n = size - at < PIECE ? size - at : PIECE;
		n = file_read_at(f, piece, (size_t)n, at);
		if (n <= 0)
			return;
		at += n;
		if (o.head > 0)
			n = (int64_t)first_lines(piece, (size_t)n, &left);
		if (say_data(piece, (size_t)n) != 0)
			return;
		if (whole && at == size && piece[n - 1] != '\n')
			say_data("\n", 1);
	}
}

/* One that is not there, or empty, is passed over; *found: it is not. */
static int
print_file(const char *path, bool with_name, bool *found)
{
	struct file_info info = {0};
	struct buf err = BUF_INIT;
	int code = NNI_OK;
	os_file f;

	if (file_info(path, true, &info) != 0 || info.type != FILE_REGULAR ||
	    info.size == 0)
		return NNI_OK;
	*found = true;
	f = file_open(path, FILE_READ | FILE_ORDINARY, 0, &err);
	if (f == OS_NO_FILE) {
		code = say_error(NNI_TEMPORARY, "%s", err.data);
	} else {
		if (with_name)
			printf("==> %s <==\n", path);
		print_part(f, with_name);
		file_close(f);
	}
	buf_release(&err);
	return code;
}

/* One file that cannot be read does not keep the others from it. */
static int
first_fault(int a, int b)
{
	return a != NNI_OK ? a : b;
}

/* ---- of the experiment ---- */

/* NNI_OK, or why there is none, said. */
static int
find_log(const char *dir, const char *path)
{
	struct file_info info;

	if (file_info(path, true, &info) != 0)
		return say_error(
		    NNI_TEMPORARY, "cannot read '%s': %s", path, os_strerror());
	if (info.type == FILE_REGULAR)
		return NNI_OK;
	return say_error(NNI_NOTHING,
	    survey_is_typed(dir)
		? "experiment %s was made by nni-submit; there is no nni-run "
		  "that told anything: see nnictl log stderr"
		: "experiment %s has told nothing yet",
	    expdir_id(dir));
}

int
ctl_log_stdout(int argc, char **argv)
{
	struct buf dir = BUF_INIT, path = BUF_INIT;
	bool found = false;
	int code = which_to_read(argc, argv, &dir);

	expdir_path(&path, dir.data, "log/nni-run.log");
	if (code == NNI_OK)
		code = find_log(dir.data, path.data);
	if (code == NNI_OK && o.path)
		puts(path.data);
	else if (code == NNI_OK)
		code = print_file(path.data, false, &found);
	buf_release(&dir);
	buf_release(&path);
	return code;
}

/* Every program's own stderr; what nni-run told is "log stdout". */
int
ctl_log_stderr(int argc, char **argv)
{
	struct buf dir = BUF_INIT, path = BUF_INIT, err = BUF_INIT;
	char **names = NULL;
	size_t count = 0;
	bool found = false;
	int code = which_to_read(argc, argv, &dir);

	expdir_path(&path, dir.data, "log");
	if (code == NNI_OK && o.path)
		puts(path.data);
	else if (code == NNI_OK &&
		 dir_list(path.data, &names, NULL, &count, &err) != 0 &&
		 os_errno() != OS_NOT_FOUND)
		code = say_error(NNI_TEMPORARY, "%s", err.data);
	buf_set(&dir, path.data);
	for (size_t i = 0; i < count; i++) {
		if (strcmp(names[i], "nni-run.log") == 0)
			continue;
		expdir_path(&path, dir.data, names[i]);
		code = first_fault(code, print_file(path.data, true, &found));
	}
	if (names != NULL)
		dir_list_free(names, NULL, count);
	buf_release(&dir);
	buf_release(&path);
	buf_release(&err);
	return code;
}

/* ---- of trials ---- */

/* So long a place may say nothing; what is here is shown then. */
enum { PATIENCE_MS = 15000 };

struct bringing {
	struct loop *loop;
	struct fetch *fetch;
	const char *dir;
	size_t failed;
};

static void
brought(void *arg, const struct attempt *a, const char *why)
{
	struct bringing *b = arg;

	if (why != NULL && b->failed++ == 0)
		say_warning("trial %s: this may not be all it has printed: %s",
		    a->trial, why);
	if (fetch_owed(b->fetch) == 0)
		loop_stop(b->loop, 0);
}

static void
ask_for(struct bringing *b, const struct trial *tr)
{
	struct buf line = BUF_INIT;
	struct record r;

	if (tr->text == NULL || tr->text->record == NULL)
		return;
	buf_adds(&line, tr->text->record);
	if (record_parse(&r, line.data, line.len, NULL) == 0 &&
	    placed_move(&line, &r, b->dir) != -1)
		fetch_ask(b->fetch, &r, FETCH_LOGS, NULL);
	buf_release(&line);
}

/* What those print lies elsewhere?  It is brought here. */
static void
bring_logs(const struct experiment *e, const struct trial *only)
{
	static const struct fetch_calls calls = {brought, NULL};
	struct bringing b = {.loop = loop_new(), .dir = e->dir};

	b.fetch = fetch_new(b.loop, &calls, &b);
	fetch_patience(b.fetch, PATIENCE_MS);
	for (size_t i = 0; i < e->trials.count; i++)
		if (only == NULL || only == &e->trials.list[i])
			ask_for(&b, &e->trials.list[i]);
	if (fetch_owed(b.fetch) > 0)
		loop_run(b.loop);
	fetch_free(b.fetch);
	loop_free(b.loop);
}

static int
log_of(const struct experiment *e, const struct trial *tr)
{
	static const char *const files[] = {"stdout", "stderr", "trial.log"};
	struct buf dir = BUF_INIT, path = BUF_INIT;
	bool found = false;
	int code = NNI_OK;

	expdir_trial(&dir, e->dir, tr->id, tr->attempt);
	if (o.path)
		puts(dir.data);
	else if (o.trial == NULL && o.head == 0 && o.tail == 0)
		printf("id:%s path:%s\n", tr->id, dir.data);
	else
		for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
			expdir_path(&path, dir.data, files[i]);
			code = first_fault(
			    code, print_file(path.data, true, &found));
		}
	if (o.trial != NULL && !o.path && !found)
		say("trial %s has printed nothing", tr->id);
	buf_release(&dir);
	buf_release(&path);
	return code;
}

int
ctl_log_trial(int argc, char **argv)
{
	struct experiment e;
	struct trial *tr = NULL;
	int code = which_read(argc, argv, &e);

	if (code == NNI_OK && o.trial != NULL) {
		tr = which_trial(&e, o.trial);
		if (tr != NULL && !o.path)
			bring_logs(&e, tr);
		code = tr != NULL ? log_of(&e, tr) : NNI_NOTHING;
	} else if (code == NNI_OK) {
		if (!o.path && (o.head > 0 || o.tail > 0))
			bring_logs(&e, NULL);
		for (size_t i = 0; i < e.trials.count; i++)
			code = first_fault(code, log_of(&e, &e.trials.list[i]));
	}
	experiment_release(&e);
	return code;
}
