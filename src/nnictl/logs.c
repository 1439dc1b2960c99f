/* log stdout, log stderr, log trial. */
#include <stdio.h>
#include <string.h>

#include "expdir.h"
#include "nnictl.h"
#include "say.h"
#include "os/file.h"

#define LOG_MAX ((size_t)256 << 20)

/* The last (or first) n lines of a text. */
static void
cut_lines(const struct buf *text, const char **from, size_t *len)
{
	const char *at = text->data, *end = text->data + text->len;
	int64_t n;

	if (o.head > 0) {
		for (n = o.head; n > 0 && at < end; n--) {
			at = memchr(at, '\n', (size_t)(end - at));
			at = at != NULL ? at + 1 : end;
		}
		*from = text->data;
		*len = (size_t)(at - text->data);
		return;
	}
	at = end;
	for (n = o.tail; n > 0 && at > text->data; n--) {
		at--;
		while (at > text->data && at[-1] != '\n')
			at--;
	}
	*from = at;
	*len = (size_t)(end - at);
}

static void
print_file(const char *path, bool with_name)
{
	struct buf text = BUF_INIT_MAX(LOG_MAX);
	const char *from;
	size_t len;

	if (file_read_all(path, &text, NULL) == 0 && text.len > 0) {
		if (with_name)
			printf("==> %s <==\n", path);
		from = text.data;
		len = text.len;
		if (o.head > 0 || o.tail > 0)
			cut_lines(&text, &from, &len);
		say_data(from, len);
	}
	buf_release(&text);
}

int
ctl_log_stdout(int argc, char **argv)
{
	struct buf dir = BUF_INIT, path = BUF_INIT;
	int code = which_one(argc, argv, &dir);

	expdir_path(&path, dir.data, "log/nni-run.log");
	if (code == NNI_OK && o.path)
		puts(path.data);
	else if (code == NNI_OK)
		print_file(path.data, false);
	buf_release(&dir);
	buf_release(&path);
	return code;
}

/* Every program's own stderr; what nni-run told is "log stdout". */
int
ctl_log_stderr(int argc, char **argv)
{
	struct buf dir = BUF_INIT, path = BUF_INIT;
	char **names = NULL;
	size_t count = 0;
	int code = which_one(argc, argv, &dir);

	expdir_path(&path, dir.data, "log");
	if (code == NNI_OK && o.path)
		puts(path.data);
	else if (code == NNI_OK)
		dir_list(path.data, &names, NULL, &count, NULL);
	buf_set(&dir, path.data);
	for (size_t i = 0; i < count; i++) {
		if (strcmp(names[i], "nni-run.log") == 0)
			continue;
		expdir_path(&path, dir.data, names[i]);
		print_file(path.data, true);
	}
	if (names != NULL)
		dir_list_free(names, NULL, count);
	buf_release(&dir);
	buf_release(&path);
	return code;
}

/* ---- of trials ---- */

static void
print_trial(const char *dir)
{
	static const char *const files[] = {"stdout", "stderr", "trial.log"};
	struct buf path = BUF_INIT;

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		expdir_path(&path, dir, files[i]);
		print_file(path.data, true);
	}
	buf_release(&path);
}

int
ctl_log_trial(int argc, char **argv)
{
	struct buf dir = BUF_INIT;
	struct experiment e;
	struct trial *tr;
	int code = which_read(argc, argv, &e);

	tr = code == NNI_OK && o.trial != NULL ? trials_find(&e.trials, o.trial)
					       : NULL;
	if (code == NNI_OK && o.trial != NULL && tr == NULL)
		code =
		    say_error(NNI_NOTHING, "there is no trial '%s'", o.trial);
	for (size_t i = 0; code == NNI_OK && i < e.trials.count; i++) {
		const struct trial *one = &e.trials.list[i];

		if (tr != NULL && tr != one)
			continue;
		expdir_trial(&dir, e.dir, one->id, one->attempt);
		if (tr != NULL)
			print_trial(dir.data);
		else
			printf("id:%s path:%s\n", one->id, dir.data);
	}
	experiment_release(&e);
	buf_release(&dir);
	return code;
}
