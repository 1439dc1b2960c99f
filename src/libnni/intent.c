/*
 * The intent of a cancel: one small file, written once.
 */
#include <string.h>
#include "intent.h"
#include "expdir.h"
#include "os/file.h"

static const char *const words[] = {"", "user", "early", "system"};

enum intent
intent_read(const char *attempt_dir)
{
	struct buf path = BUF_INIT, text = BUF_INIT_MAX(64);
	enum intent why = INTENT_NONE;
	size_t i;

	buf_adds(&path, attempt_dir);
	path_add(&path, "intent");
	if (file_read_ordinary(path.data, &text, NULL) == 0) {
		buf_rtrim(&text);
		for (i = 1; i < sizeof(words) / sizeof(*words); i++)
			if (strcmp(text.data, words[i]) == 0)
				why = (enum intent)i;
	}
	buf_release(&path);
	buf_release(&text);
	return why;
}

int
intent_write(const char *attempt_dir, enum intent why, struct buf *err)
{
	struct buf path = BUF_INIT, text = BUF_INIT;
	int r = 0;

	if (intent_read(attempt_dir) == INTENT_NONE) {
		buf_adds(&path, attempt_dir);
		path_add(&path, "intent");
		buf_setf(&text, "%s\n", words[why]);
		if (expdir_make_trial(attempt_dir, err) == -1 ||
		    file_replace(
			path.data, text.data, text.len, 0600, false, err) == -1)
			r = -1;
	}
	buf_release(&path);
	buf_release(&text);
	return r;
}

enum trial_status
intent_status(enum intent why)
{
	switch (why) {
	case INTENT_USER:
		return STATUS_USER_CANCELED;
	case INTENT_EARLY:
		return STATUS_EARLY_STOPPED;
	case INTENT_SYSTEM:
		return STATUS_SYS_CANCELED;
	case INTENT_NONE:
		break;
	}
	return STATUS_NONE;
}
