/*
 * The experiment that nni-submit serves: found or made, locked, and what its
 * placed.jsonl says of earlier runs.
 */
#include "canonical.h"
#include "expdir.h"
#include "json.h"
#include "say.h"
#include "submit.h"

/* A new experiment of a configuration that nni-config understands. */
static int
create(const char *file, struct buf *dir)
{
	static const char *const options[] = {"--runnable", "--no-tuner", NULL};
	struct buf text = BUF_INIT, err = BUF_INIT, parent = BUF_INIT;
	struct json config = JSON_NONE, where;
	int code = canonical_read(file, options, &text, &err);

	if (code != NNI_OK) {
		if (err.len > 0)
			say_error(code, "%s", err.data);
	} else if (json_check(text.data, text.len, JSON_STRICT, &config, NULL,
		       &err) == -1) {
		code = say_error(
		    NNI_TEMPORARY, "nni-config said no JSON: %s", err.data);
	} else {
		where = json_get(config, "experimentWorkingDirectory");
		if (json_string(where, &parent) == -1)
			expdir_default_parent(&parent, &err);
		if (expdir_create(parent.data, NULL, config, dir, &err) == -1)
			code = say_error(NNI_TEMPORARY, "%s", err.data);
	}
	buf_release(&text);
	buf_release(&parent);
	buf_release(&err);
	return code;
}

int
experiment_open(struct submit *s, const char *config, const char *given)
{
	struct buf dir = BUF_INIT, path = BUF_INIT, err = BUF_INIT;
	int64_t holder = 0, offset = 0;
	struct file_info info;
	int code = 0, got;

	if (config) {
		code = create(config, &dir);
	} else if (expdir_find(given, NULL, &dir, &err) == -1) {
		code = say_error(NNI_NOTHING, "%s", err.data);
	}
	if (code)
		goto out;
	s->dir = buf_detach(&dir);
	/* Who sees our lock may make requests: they are behind this. */
	expdir_path(&path, s->dir, "control.jsonl");
	if (file_info(path.data, true, &info) == 0)
		s->control_offset = info.size;
	expdir_path(&path, s->dir, "submit.lock");
	got = lock_try(&s->lock, path.data, 0600, &holder, &err);
	if (got == -1)
		code = say_error(NNI_TEMPORARY, "%s", err.data);
	else if (got == 0)
		code = say_error(NNI_LOCKED,
		    "'%s' is served by another nni-submit (process %d)", s->dir,
		    (int)holder);
	if (code)
		goto out;
	expdir_path(&path, s->dir, "config.json");
	code = config_load(&s->config, path.data, &err);
	if (code) {
		say_error(code, "%s", err.data);
		goto out;
	}
	expdir_path(&path, s->dir, "placed.jsonl");
	if (journal_open(&s->placed, path.data, false, NULL, &err) == -1 ||
	    placed_load(&s->tasks, path.data, &offset, sizeof(struct task),
		&s->last_sequence, &err) == -1)
		code = say_error(NNI_TEMPORARY, "%s", err.data);
	expdir_path(&path, s->dir, "events.jsonl");
	s->given_ids =
	    file_info(path.data, true, &info) == 0 && info.type == FILE_REGULAR;
out:
	buf_release(&dir);
	buf_release(&path);
	buf_release(&err);
	return code;
}

void
experiment_close(struct submit *s)
{
	journal_close(&s->placed);
	config_release(&s->config);
	lock_release(&s->lock);
	free(s->dir);
}
