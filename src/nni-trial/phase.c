/*
 * A trial's further parameters: asked for as NNI's SDKs do, by a record among
 * the metrics; the answer is a file.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include "phase.h"
#include "json.h"
#include "say.h"
#include "trial.h"
#include "os/file.h"
#include "os/sys.h"

/* How often it is looked for the answer. */
#define FIRST_NAP_MS 2
#define LONGEST_NAP_MS 200
/* Then it is said what is waited for. */
#define PATIENCE_MS 30000

/* The words that NNI's SDKs take for yes. */
static bool
is_multi_phase(void)
{
	const char *word = env_get("MULTI_PHASE");

	return word != NULL &&
	       (strcmp(word, "true") == 0 || strcmp(word, "True") == 0);
}

int
phase_now(int64_t *phase, struct buf *err)
{
	struct buf path = BUF_INIT, text = BUF_INIT;
	struct file_info info;
	int r = 0;

	*phase = 0;
	if (!is_multi_phase())
		return 0;
	r = trial_sys_path(&path, ".nni/phase", err);
	if (r == 0 && file_info(path.data, true, &info) == 0 &&
	    info.type != FILE_ABSENT)
		r = file_read_ordinary(path.data, &text, err);
	if (r == 0)
		*phase = strtoll(text.len > 0 ? text.data : "0", NULL, 10);
	buf_release(&path);
	buf_release(&text);
	return r;
}

int
phase_path(struct buf *path, int64_t phase, struct buf *err)
{
	struct buf name = BUF_INIT;
	int r;

	buf_adds(&name, "parameter");
	if (phase > 0)
		buf_addf(&name, "_%" PRId64, phase);
	buf_adds(&name, ".cfg");
	r = trial_sys_path(path, name.data, err);
	buf_release(&name);
	return r;
}

static bool
is_there(const char *path)
{
	struct file_info info;

	return file_info(path, true, &info) == 0 && info.size > 0;
}

/* Key order and separators are the SDKs'. */
static int
request(int64_t phase, struct buf *err)
{
	const char *id = env_get("NNI_TRIAL_JOB_ID");
	struct buf payload = BUF_INIT;
	int r;

	buf_adds(&payload, "{\"trial_job_id\": ");
	json_add_str(&payload, id != NULL ? id : "");
	buf_addf(&payload,
	    ", \"type\": \"REQUEST_PARAMETER\", \"sequence\": 0, "
	    "\"parameter_index\": %" PRId64 "}",
	    phase);
	r = trial_send(&payload, err);
	buf_release(&payload);
	return r;
}

static void
await(const char *path)
{
	int64_t began = clock_mono_ms(), ms = FIRST_NAP_MS;
	bool said = false;

	while (!is_there(path)) {
		trial_nap(ms);
		ms = ms * 3 / 2 < LONGEST_NAP_MS ? ms * 3 / 2 : LONGEST_NAP_MS;
		if (said || clock_mono_ms() - began < PATIENCE_MS)
			continue;
		say_warning("still waiting for the next parameters; they come "
			    "only while nni-run is at work on the experiment");
		said = true;
	}
}

/* 1, or 0 if what is in the file says that there are no more. */
static int
look_at(const char *path, struct buf *err)
{
	struct buf text = BUF_INIT, why = BUF_INIT;
	struct json all = JSON_NONE, parameters;
	int r = file_read_ordinary(path, &text, err);

	if (r == 0 &&
	    json_check(text.data, text.len, JSON_NAN, &all, NULL, &why) == -1)
		r = buf_err(err, "'%s' is damaged: %s", path, why.data);
	if (r == 0) {
		parameters = json_get(all, "parameters");
		r = json_type(parameters) > JSON_NULL &&
		    !json_is(parameters, "\"\"");
		if (r == 0)
			buf_set(err, "there are no more parameters");
	}
	buf_release(&text);
	buf_release(&why);
	return r;
}

static int
keep(int64_t phase, struct buf *err)
{
	struct buf path = BUF_INIT, text = BUF_INIT;
	int r = trial_sys_path(&path, ".nni/phase", err);

	buf_addf(&text, "%" PRId64 "\n", phase);
	if (r == 0)
		r = file_replace(
		    path.data, text.data, text.len, 0600, false, err);
	buf_release(&path);
	buf_release(&text);
	return r;
}

int
phase_next(struct buf *err)
{
	struct buf path = BUF_INIT;
	int64_t phase;
	int r = -1;

	if (!trial_is_managed()) {
		buf_set(err, "no NNI experiment runs this: there are no "
			     "parameters");
		return 0;
	}
	if (!is_multi_phase()) {
		buf_set(err, "there are no more parameters: multiPhase is not "
			     "true in the experiment's configuration");
		return 0;
	}
	if (phase_now(&phase, err) == 0 &&
	    phase_path(&path, ++phase, err) == 0 &&
	    (is_there(path.data) || request(phase, err) == 0)) {
		await(path.data);
		r = look_at(path.data, err);
		if (r == 1 && keep(phase, err) == -1)
			r = -1;
	}
	buf_release(&path);
	return r;
}
