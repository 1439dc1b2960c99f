/*
 * The canonical configuration: reads what nni-config printed.
 *
 * nni-config has checked the user's file with its lines and columns; here only
 * what the programs rely on is checked again, because DIR/config.json may have
 * been edited or cut short.  Keys that are not known are left alone: they are
 * the backend's or a later version's.
 */
#include <stdlib.h>
#include <string.h>
#include "config.h"
#include "expdir.h"
#include "mem.h"
#include "say.h"
#include "os/file.h"

/* Where the reading stands: the key that is being read, for messages. */
struct reading {
	const char *where; /* "", or "trainingService 'local': " */
	struct buf *err;
};

static int
wrong(const struct reading *r, const char *key, const char *what)
{
	return buf_err(r->err, "%s%s: %s", r->where, key, what);
}

static bool
is_set(struct json v)
{
	enum json_type t = json_type(v);

	return t != JSON_ABSENT && t != JSON_NULL;
}

static int
read_string(const struct reading *r, struct json o, const char *key, char **to)
{
	struct json v = json_get(o, key);

	if (!is_set(v))
		return 0;
	*to = json_strdup(v);
	return *to ? 0 : wrong(r, key, "must be a string");
}

static int
read_int(const struct reading *r, struct json o, const char *key, int64_t min,
    int64_t *to)
{
	struct json v = json_get(o, key);

	if (!is_set(v))
		return 0;
	if (json_int(v, to) < 0)
		return wrong(r, key, "must be a whole number");
	return *to >= min ? 0 : wrong(r, key, "is too small");
}

static int
read_bool(const struct reading *r, struct json o, const char *key, bool *to)
{
	struct json v = json_get(o, key);
	enum json_type t = json_type(v);

	if (!is_set(v))
		return 0;
	if (t != JSON_TRUE && t != JSON_FALSE)
		return wrong(r, key, "must be true or false");
	*to = t == JSON_TRUE;
	return 0;
}

/* Seconds in the file, milliseconds in the struct; rounded up. */
static int
read_duration(
    const struct reading *r, struct json o, const char *key, int64_t *to_ms)
{
	struct json v = json_get(o, key);
	double seconds;

	if (!is_set(v))
		return 0;
	if (json_type(v) != JSON_NUMBER || json_double(v, &seconds) < 0 ||
	    !(seconds >= 0 && seconds <= 1e12))
		return wrong(r, key, "must be a number of seconds");
	*to_ms = (int64_t)(seconds * 1000);
	if ((double)*to_ms < seconds * 1000)
		++*to_ms;
	return 0;
}

static int
read_seed(const struct reading *r, struct config *c)
{
	struct json v = json_get(c->all, "seed");
	char digits[24], *end;

	if (!is_set(v))
		return 0;
	if (json_type(v) != JSON_NUMBER || v.len >= sizeof(digits) ||
	    v.at[0] == '-')
		return wrong(r, "seed", "must be a whole number from 0");
	memcpy(digits, v.at, v.len);
	digits[v.len] = '\0';
	c->seed = strtoull(digits, &end, 10);
	if (*end)
		return wrong(r, "seed", "must be a whole number from 0");
	c->has_seed = true;
	return 0;
}

static int
read_gpu_indices(const struct reading *r, struct config_member *m)
{
	struct json v = json_get(m->section, "gpuIndices"), key, item;
	struct json_iter it;
	size_t count;

	if (!is_set(v))
		return 0;
	if (json_type(v) != JSON_ARRAY)
		return wrong(r, "gpuIndices", "must be a list");
	count = json_count(v);
	m->gpu_indices = xcalloc(count + 1, sizeof(*m->gpu_indices));
	json_iter_init(&it, v);
	while (json_next(&it, &key, &item)) {
		int64_t *to = &m->gpu_indices[m->gpu_index_count++];

		if (json_int(item, to) < 0 || *to < 0)
			return wrong(
			    r, "gpuIndices", "must be whole numbers from 0");
	}
	return 0;
}

/* Member names become file names: platforms/NAME.json. */
static bool
name_is_safe(const char *name)
{
	return name[0] && name[0] != '.' && !strpbrk(name, "/\\:") &&
	       strlen(name) < 128;
}

static int
read_member(struct config *c, struct config_member *m, struct buf *err)
{
	struct reading r = {"trainingService: ", err};
	struct buf where = BUF_INIT;
	int ret = -1;

	m->gpu_number = -1;
	m->max_trials_per_gpu = 1;
	m->weight = 1;
	if (json_type(m->section) != JSON_OBJECT)
		return buf_err(err, "trainingService: each must be an object");
	if (read_string(&r, m->section, "member", &m->name) < 0 ||
	    read_string(&r, m->section, "platform", &m->platform) < 0)
		return -1;
	if (!m->name || !name_is_safe(m->name) ||
	    config_member(c, m->name) != m)
		return wrong(&r, "member", "must be a name of its own");
	if (!m->platform || !name_is_safe(m->platform))
		return wrong(&r, "platform", "must be a name");
	buf_addf(&where, "trainingService '%s': ", m->name);
	r.where = where.data;
	if (read_string(&r, m->section, "trialCommand", &m->trial_command) ==
		0 &&
	    read_string(&r, m->section, "trialCodeDirectory", &m->code_dir) ==
		0 &&
	    read_int(&r, m->section, "trialGpuNumber", 0, &m->gpu_number) ==
		0 &&
	    read_int(&r, m->section, "maxTrialNumberPerGpu", 1,
		&m->max_trials_per_gpu) == 0 &&
	    read_bool(&r, m->section, "useActiveGpu", &m->use_active_gpu) ==
		0 &&
	    read_int(&r, m->section, "maxConcurrency", 0,
		&m->max_concurrency) == 0 &&
	    read_gpu_indices(&r, m) == 0)
		ret = 0;
	if (ret == 0 && is_set(json_get(m->section, "weight")) &&
	    (json_double(json_get(m->section, "weight"), &m->weight) < 0 ||
		!(m->weight > 0)))
		ret = wrong(&r, "weight", "must be a number above 0");
	buf_release(&where);
	return ret;
}

static int
read_members(struct config *c, struct buf *err)
{
	struct json list = json_get(c->all, "trainingService"), key, item;
	struct json_iter it;
	size_t count;

	if (json_type(list) != JSON_ARRAY || (count = json_count(list)) == 0)
		return buf_err(err,
		    "trainingService: must be a list; is this file what "
		    "nni-config printed?");
	c->members = xcalloc(count, sizeof(*c->members));
	json_iter_init(&it, list);
	while (json_next(&it, &key, &item)) {
		struct config_member *m = &c->members[c->member_count++];

		m->section = item;
		if (read_member(c, m, err) < 0)
			return -1;
	}
	return 0;
}

static int
read_object(
    const struct reading *r, struct config *c, const char *key, struct json *to)
{
	struct json v = json_get(c->all, key);

	if (!is_set(v))
		return 0;
	if (json_type(v) != JSON_OBJECT)
		return wrong(r, key, "must be an object");
	*to = v;
	return 0;
}

static int
read_top(struct config *c, struct buf *err)
{
	struct reading r = {"", err};

	if (read_string(&r, c->all, "experimentName", &c->experiment_name) <
		0 ||
	    read_string(&r, c->all, "experimentWorkingDirectory",
		&c->working_dir) < 0 ||
	    read_int(&r, c->all, "trialConcurrency", 1, &c->trial_concurrency) <
		0 ||
	    read_int(&r, c->all, "maxTrialNumber", 0, &c->max_trial_number) <
		0 ||
	    read_int(&r, c->all, "maxTrialRetry", 0, &c->max_trial_retry) < 0 ||
	    read_duration(&r, c->all, "maxExperimentDuration",
		&c->max_experiment_duration_ms) < 0 ||
	    read_duration(&r, c->all, "maxTrialDuration",
		&c->max_trial_duration_ms) < 0 ||
	    read_duration(&r, c->all, "killGrace", &c->kill_grace_ms) < 0 ||
	    read_duration(&r, c->all, "lease", &c->lease_ms) < 0 ||
	    read_seed(&r, c) < 0 ||
	    read_bool(&r, c->all, "multiPhase", &c->multi_phase) < 0 ||
	    read_object(&r, c, "searchSpace", &c->search_space) < 0 ||
	    read_object(&r, c, "tuner", &c->tuner) < 0 ||
	    read_object(&r, c, "assessor", &c->assessor) < 0)
		return -1;
	return c->trial_concurrency
		   ? 0
		   : wrong(&r, "trialConcurrency", "is not set");
}

int
config_parse(struct config *c, const char *text, size_t len, struct buf *err)
{
	struct buf why = BUF_INIT;
	size_t where = 0;
	int ret = -1;

	*c = (struct config){
	    .text = BUF_INIT,
	    .max_trial_retry = 1,
	    .kill_grace_ms = 5000,
	};
	if (buf_add(&c->text, text, len) < 0)
		buf_err(err, "is larger than 1 GiB");
	else if (json_check(
		     c->text.data, len, JSON_STRICT, &c->all, &where, &why) < 0)
		buf_err(err, "is not JSON: %s at byte %llu", why.data,
		    (unsigned long long)where + 1);
	else if (json_type(c->all) != JSON_OBJECT)
		buf_err(err, "is not a JSON object");
	else if (read_top(c, err) == 0 && read_members(c, err) == 0)
		ret = 0;
	buf_release(&why);
	if (ret < 0)
		config_release(c);
	return ret;
}

/* Nothing is wrong with a file that the machine fails to read. */
static int
unread_code(void)
{
	switch (os_errno()) {
	case OS_NOT_FOUND:
	case OS_DENIED:
	case OS_NOT_DIR:
	case OS_IS_DIR:
	case OS_IS_LINK:
		return NNI_CONFIG;
	default:
		return NNI_TEMPORARY;
	}
}

int
config_load(struct config *c, const char *file, struct buf *err)
{
	struct buf text = BUF_INIT, why = BUF_INIT;
	int code = NNI_OK;

	*c = (struct config){.text = BUF_INIT};
	if (file_read_all(file, &text, err) < 0) {
		code = unread_code();
	} else if (config_parse(c, text.data, text.len, &why) < 0) {
		buf_err(err, "%s: %s", file, why.data);
		code = NNI_CONFIG;
	}
	buf_release(&text);
	buf_release(&why);
	return code;
}

void
config_release(struct config *c)
{
	size_t i;

	for (i = 0; i < c->member_count; i++) {
		struct config_member *m = &c->members[i];

		free(m->name);
		free(m->platform);
		free(m->trial_command);
		free(m->code_dir);
		free(m->gpu_indices);
	}
	free(c->members);
	free(c->experiment_name);
	free(c->working_dir);
	buf_release(&c->text);
	*c = (struct config){.text = BUF_INIT};
}

struct config_member *
config_member(struct config *c, const char *name)
{
	size_t i;

	for (i = 0; i < c->member_count; i++)
		if (c->members[i].name && strcmp(c->members[i].name, name) == 0)
			return &c->members[i];
	return NULL;
}

int
config_open(struct config *c, const char *dir, const char *name,
    struct config_member **member, struct buf *err)
{
	struct buf path = BUF_INIT;
	int code;

	expdir_path(&path, dir, "config.json");
	code = config_load(c, path.data, err);
	if (code == NNI_OK) {
		*member = config_member(c, name);
		if (*member == NULL) {
			buf_err(
			    err, "'%s' has no member '%s'", path.data, name);
			config_release(c);
			code = NNI_CONFIG;
		}
	}
	buf_release(&path);
	return code;
}
