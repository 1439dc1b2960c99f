/*
 * tensorboard: what trials write for TensorBoard (NNI: in
 * $NNI_OUTPUT_DIR/tensorboard), wherever they run, kept in step in one
 * directory by nni-collect.  TensorBoard itself the user starts.
 */
#include <stdio.h>
#include <string.h>

#include "expdir.h"
#include "nnictl.h"
#include "quote.h"
#include "say.h"
#include "os/file.h"

/* What --trial_id names, as "ID:DIR/ID,...". */
static int
add_trials(struct buf *spec, const char *dir, const char *to)
{
	struct experiment e;
	struct config c = {0};
	struct buf err = BUF_INIT, one = BUF_INIT;
	int code = NNI_OK;

	if (state_read(&e, &c, dir, false, &err) != 0)
		code = say_error(NNI_TEMPORARY, "%s", err.data);
	for (const char *at = o.trial; code == NNI_OK && *at != '\0';) {
		size_t len = strcspn(at, ",");
		struct trial *tr;

		buf_clear(&one);
		buf_add(&one, at, len);
		tr = which_trial(&e, one.data);
		if (tr == NULL)
			code = NNI_NOTHING;
		else
			buf_addf(spec, "%s%s:%s/%s",
			    spec->data[spec->len - 1] == '=' ? "" : ",", tr->id,
			    to, tr->id);
		at += len + (at[len] == ',');
	}
	experiment_release(&e);
	config_release(&c);
	buf_release(&err);
	buf_release(&one);
	return code;
}

/* The command that shows them, as it is to be typed. */
static int
print_command(const char *dir, const char *to)
{
	struct buf arg = BUF_INIT, line = BUF_INIT;
	int code = NNI_OK;

	buf_adds(&arg, o.trial == NULL ? "--logdir=" : "--logdir_spec=");
	if (o.trial == NULL)
		buf_adds(&arg, to);
	else
		code = add_trials(&arg, dir, to);
	buf_adds(&line, "tensorboard ");
	quote_sh(&line, arg.data);
	buf_addc(&line, '\n');
	if (code == NNI_OK)
		say_data(line.data, line.len);
	buf_release(&arg);
	buf_release(&line);
	return code;
}

static void
look_for_any(const char *to)
{
	char **names = NULL;
	size_t count = 0;

	if (dir_list(to, &names, NULL, &count, NULL) != 0)
		count = 0;
	if (count == 0)
		say_warning(
		    "no trial has written anything for TensorBoard: they "
		    "have to write it to $NNI_OUTPUT_DIR/tensorboard");
	if (names != NULL)
		dir_list_free(names, NULL, count);
}

int
ctl_tensorboard(int argc, char **argv)
{
	struct buf dir = BUF_INIT, to = BUF_INIT;
	int code = which_to_read(argc, argv, &dir);

	expdir_path(&to, dir.data, "tensorboard");
	if (code == NNI_OK)
		code = print_command(dir.data, to.data);
	if (code == NNI_OK) {
		const char *args[] = {"-q", "--follow", "--output", to.data,
		    "--folder", "tensorboard", dir.data, NULL};

		code = run_tool("nni-collect", args, true);
		if (code == NNI_OK || code == NNI_TRIAL_FAILED)
			look_for_any(to.data);
		if (code == NNI_TRIAL_FAILED)
			code = NNI_OK;
	}
	buf_release(&dir);
	buf_release(&to);
	return code;
}
