/* update: a "set" request in control.jsonl, for the running nni-run. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "canonical.h"
#include "expdir.h"
#include "journal.h"
#include "nnictl.h"
#include "opt.h"
#include "say.h"
#include "survey.h"
#include "os/sys.h"

static int
request(int argc, char **argv, const char *key, const char *value)
{
	struct buf dir = BUF_INIT, path = BUF_INIT, line = BUF_INIT;
	struct buf err = BUF_INIT;
	int code = which_one(argc, argv, &dir);

	if (code == NNI_OK && survey_is_typed(dir.data)) {
		survey_how_to_resume(&line, dir.data);
		code = say_error(NNI_USAGE,
		    "experiment %s was made by nni-submit, and no nni-run can "
		    "be told; change %s in '%s/config.json', then: %s",
		    expdir_id(dir.data), key, dir.data, line.data);
	}
	if (code == NNI_OK) {
		record_begin(&line, "set");
		json_member_str(&line, "key", key);
		json_member_raw(
		    &line, "value", (struct json){value, strlen(value)});
		json_member_time(&line, "time", clock_wall_ms());
		record_end(&line);
		buf_rtrim(&line);
		expdir_path(&path, dir.data, "control.jsonl");
		if (journal_append_line(path.data, line.data, line.len, &err))
			code = say_error(NNI_TEMPORARY, "%s", err.data);
		else if (!experiment_is_running(dir.data, NULL))
			say("experiment %s is not running; it will know when "
			    "it goes on",
			    expdir_id(dir.data));
	}
	buf_release(&dir);
	buf_release(&path);
	buf_release(&line);
	buf_release(&err);
	return code;
}

static int
need_value(void)
{
	return say_error(NNI_USAGE, "--value VALUE is needed");
}

/* A whole number from 1 to max, as NNI checks it. */
static int
update_number(int argc, char **argv, const char *key, int64_t max)
{
	struct buf text = BUF_INIT;
	char *end;
	intmax_t n;
	int code;

	if (o.value == NULL)
		return need_value();
	n = strtoimax(o.value, &end, 10);
	if (end == o.value || *end != '\0' || n < 1 || n > max)
		return say_error(NNI_USAGE,
		    "'%s' is not a number from 1 to %" PRId64, o.value, max);
	json_add_int(&text, n);
	code = request(argc, argv, key, text.data);
	buf_release(&text);
	return code;
}

int
ctl_concurrency(int argc, char **argv)
{
	return update_number(argc, argv, "trialConcurrency", 100000);
}

int
ctl_trialnum(int argc, char **argv)
{
	return update_number(argc, argv, "maxTrialNumber", 999999999);
}

int
ctl_duration(int argc, char **argv)
{
	struct buf text = BUF_INIT;
	int64_t ms;
	int code;

	if (o.value == NULL)
		return need_value();
	ms = parse_duration_ms(o.value);
	if (ms <= 0)
		return say_error(NNI_USAGE,
		    "'%s' is not a duration such as 90s, 10m, 1.5h or 2d",
		    o.value);
	buf_addf(&text, "%" PRId64 ".%03d", ms / 1000, (int)(ms % 1000));
	code = request(argc, argv, "maxExperimentDuration", text.data);
	buf_release(&text);
	return code;
}

/* nni-config checks it, and makes JSON of YAML. */
static int
read_space(struct buf *space)
{
	static const char *const options[] = {"--space", NULL};
	struct buf err = BUF_INIT;
	int code = canonical_read(o.filename, options, space, &err);

	if (err.len > 0)
		say_error(code, "%s", err.data);
	buf_release(&err);
	return code;
}

int
ctl_searchspace(int argc, char **argv)
{
	struct buf space = BUF_INIT;
	int code;

	if (o.filename == NULL)
		return say_error(NNI_USAGE, "--filename FILE is needed");
	code = read_space(&space);
	if (code == NNI_OK)
		code = request(argc, argv, "searchSpace", space.data);
	buf_release(&space);
	return code;
}
