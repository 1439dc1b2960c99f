/*
 * The trial's side of NNI's file protocol.
 */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "trial.h"
#include "phase.h"
#include "expdir.h"
#include "json.h"
#include "mem.h"
#include "metricfile.h"
#include "opt.h"
#include "os/file.h"
#include "os/lock.h"
#include "os/loop.h"
#include "os/sys.h"

#define LOCK_MS 10000
#define LOOK_MS 2

bool
trial_is_managed(void)
{
	const char *platform = env_get("NNI_PLATFORM");

	return platform != NULL && *platform != '\0';
}

int
trial_sys_path(struct buf *path, const char *name, struct buf *err)
{
	const char *dir = env_get("NNI_SYS_DIR");

	if (dir == NULL || *dir == '\0')
		return buf_err(err, "NNI_SYS_DIR is not set");
	expdir_path(path, dir, name);
	return 0;
}

/* ---- parameters ---- */

/* The whole of the present parameter file into text. */
static int
read_parameters(struct buf *text, struct json *all, struct buf *err)
{
	struct buf path = BUF_INIT, why = BUF_INIT;
	int64_t phase;
	int r = -1;

	if (!trial_is_managed()) {
		buf_set(text, "{\"parameters\": {}}");
		r = json_check(text->data, text->len, 0, all, NULL, err);
	} else if (phase_now(&phase, err) == 0 &&
		   phase_path(&path, phase, err) == 0 &&
		   file_read_all(path.data, text, err) == 0) {
		r = json_check(
		    text->data, text->len, JSON_NAN, all, NULL, &why);
		if (r == -1)
			buf_err(
			    err, "'%s' is damaged: %s", path.data, why.data);
	}
	buf_release(&path);
	buf_release(&why);
	return r;
}

/* The member that `name` begins with, and the rest behind its dot; a key may
   hold dots itself, the longest that fits wins. */
static struct json
find_member(struct json object, const char *name, const char **rest)
{
	struct json found = JSON_NONE, key, value;
	struct buf text = BUF_INIT;
	struct json_iter it;
	size_t best = 0;

	if (json_type(object) != JSON_OBJECT)
		return found;
	json_iter_init(&it, object);
	while (json_next(&it, &key, &value)) {
		buf_clear(&text);
		json_string(json_key_string(key), &text);
		if (strncmp(text.data, name, text.len) != 0 ||
		    (name[text.len] != '\0' && name[text.len] != '.') ||
		    text.len < best)
			continue;
		best = text.len;
		found = value;
		*rest = name + text.len + (name[text.len] == '.');
	}
	buf_release(&text);
	return found;
}

/* The item that `name` begins with as a number, counted from 0. */
static struct json
find_item(struct json array, const char *name, const char **rest)
{
	struct json_iter it;
	struct json key, value;
	size_t digits = strspn(name, "0123456789");
	unsigned long n = strtoul(name, NULL, 10);

	if (!digits || (name[digits] != '\0' && name[digits] != '.'))
		return JSON_NONE;
	json_iter_init(&it, array);
	while (json_next(&it, &key, &value))
		if (n-- == 0) {
			*rest = name + digits + (name[digits] == '.');
			return value;
		}
	return JSON_NONE;
}

/*
 * What `name` leads to.  If there is no such thing, *in gets where it leads as
 * far as it can, and *rest what is not found there.
 */
static struct json
find(struct json object, const char *name, struct json *in, const char **rest)
{
	struct json v = object;

	*rest = name;
	while (**rest != '\0' && json_type(v) != JSON_ABSENT) {
		*in = v;
		v = json_type(v) == JSON_ARRAY ? find_item(v, *rest, rest)
					       : find_member(v, *rest, rest);
	}
	return v;
}

/* The keys of an object, decoded, NULL-ended; free the strings and the list. */
static char **
keys_of(struct json object)
{
	size_t n = 0;
	char **keys = xcalloc(json_count(object) + 1, sizeof(*keys));
	struct buf text = BUF_INIT;
	struct json_iter it;
	struct json key, value;

	json_iter_init(&it, object);
	while (json_next(&it, &key, &value)) {
		buf_clear(&text);
		json_string(json_key_string(key), &text);
		keys[n++] = xstrdup(text.data);
	}
	buf_release(&text);
	return keys;
}

static void
name_keys(struct json object, const char *name, struct buf *err)
{
	char **keys = keys_of(object);
	const char *near = opt_nearest(name, (const char *const *)keys);
	size_t i;

	if (near)
		buf_addf(err, " (did you mean '%s'?)", near);
	for (i = 0; keys[i]; i++) {
		buf_addf(err, "%s%s", i ? ", " : "; there are: ", keys[i]);
		free(keys[i]);
	}
	free(keys);
}

/* `rest` of the whole name is not found in `in`. */
static void
not_found(struct json in, const char *name, const char *rest, struct buf *err)
{
	size_t found = strlen(name) - strlen(rest);
	int outer = found ? (int)found - 1 : 0; /* without the dot */

	if (json_type(in) == JSON_OBJECT && !found)
		buf_err(err, "there is no parameter '%s'", name);
	else if (json_type(in) == JSON_OBJECT)
		buf_err(err, "there is no '%s' in the parameter '%.*s'", rest,
		    outer, name);
	else if (json_type(in) == JSON_ARRAY)
		buf_err(err,
		    "there is no '%s' in the parameter '%.*s': it is a list of "
		    "%d, counted from 0",
		    rest, outer, name, (int)json_count(in));
	else
		buf_err(err,
		    "there is no '%s' in the parameter '%.*s': it is %.*s",
		    rest, outer, name, (int)(in.len < 60 ? in.len : 60), in.at);
	if (json_type(in) == JSON_OBJECT)
		name_keys(in, rest, err);
}

int
trial_get(const char *name, bool json, struct buf *out, struct buf *err)
{
	struct buf text = BUF_INIT;
	struct json all, parameters, v, in = JSON_NONE;
	const char *rest = "";
	int r = read_parameters(&text, &all, err);

	if (r == 0) {
		parameters = json_get(all, "parameters");
		v = name ? find(parameters, name, &in, &rest) : parameters;
		r = json_type(v) != JSON_ABSENT;
		if (r == 0)
			not_found(in, name ? name : "", rest, err);
		else if (json_type(v) == JSON_STRING && !json)
			json_string(v, out);
		else
			json_add(out, v);
	}
	buf_release(&text);
	return r;
}

/* ---- metrics ---- */

/* What is meant to be JSON has a fault somewhere; a word lacks its quotes. */
static void
add_remedy(const char *text, size_t len, struct buf *err)
{
	struct buf why = BUF_INIT;
	struct json v;
	size_t where = 0;

	if (strchr("{[\"", text[strspn(text, " \t\r\n")]) != NULL) {
		json_check(text, len, JSON_NAN, &v, &where, &why);
		buf_addf(err, ": %s at byte %zu", why.data, where + 1);
	} else if (len <= 40) {
		json_add_string(&why, text, len);
		buf_addf(err, " (text would be '%s')", why.data);
	}
	buf_release(&why);
}

/* What is wrong with a value, in words for who sees it in a trial's output. */
static int
bad_value(const char *text, struct buf *err)
{
	size_t len = strlen(text), digits = strspn(text, "+-0123456789");
	const char *end = text + digits;
	bool comma = digits && *end == ',' && end[1] != '\0' &&
		     strspn(end + 1, "0123456789eE+-") == strlen(end + 1);

	if (text[strspn(text, " \t\r\n")] == '\0')
		return buf_err(err,
		    "the value is empty: the command that should "
		    "have printed it did not");
	if (comma)
		return buf_err(err,
		    "'%s' has a decimal comma; LC_ALL=C makes programs print a "
		    "point",
		    text);
	if (strchr(text, '\n'))
		return buf_err(err,
		    "'%.60s%s' has more than one line, and is neither a number "
		    "nor JSON; `| tail -n 1` takes the last",
		    text, len > 60 ? "..." : "");
	buf_err(err, "'%.60s%s' is neither a number nor JSON", text,
	    len > 60 ? "..." : "");
	add_remedy(text, len, err);
	return -1;
}

int
trial_value(const char *text, size_t len, struct buf *value, struct buf *err)
{
	struct json v;
	double d;
	char *end;

	if (strlen(text) != len)
		return buf_err(err, "the value holds a NUL byte");
	if (json_check(text, len, JSON_NAN, &v, NULL, NULL) == 0) {
		json_add(value, v);
		return 0;
	}
	d = strtod(text, &end);
	if (end == text || *end != '\0')
		return bad_value(text, err);
	if (isnan(d))
		buf_adds(value, "NaN");
	else if (isinf(d))
		buf_adds(value, d > 0 ? "Infinity" : "-Infinity");
	else
		json_add_double(value, d);
	return 0;
}

static void
nothing(void *arg)
{
	(void)arg;
}

void
trial_nap(int64_t ms)
{
	struct loop *l = loop_new();
	struct timer t = TIMER_INIT;

	timer_set(l, &t, ms, nothing, NULL);
	loop_run(l);
	loop_free(l);
}

/* Several processes of a trial may report at once. */
static int
take_lock(struct lock *lock, const char *path, struct buf *err)
{
	int64_t until = clock_mono_ms() + LOCK_MS;
	int r;

	while ((r = lock_try(lock, path, 0600, NULL, err)) == 0) {
		if (clock_mono_ms() > until)
			return buf_err(err, "'%s' is held too long", path);
		trial_nap(LOOK_MS);
	}
	return r == 1 ? 0 : -1;
}

/*
 * NNI numbers intermediate metrics from 0; .nni/seq has the next number, and
 * is locked until ours is reported, so that they come in order.
 */
static int
take_number(struct lock *lock, int64_t *number, struct buf *err)
{
	struct buf path = BUF_INIT;
	char text[32] = "";
	int r = trial_sys_path(&path, ".nni", err);

	if (r == 0)
		r = dir_make_all(path.data, 0700, err);
	if (r == 0) {
		buf_adds(&path, "/seq");
		r = take_lock(lock, path.data, err);
	}
	if (r == 0) {
		file_read_at(lock->file, text, sizeof(text) - 1, 0);
		*number = strtoll(text, NULL, 10);
		snprintf(text, sizeof(text), "%" PRId64 "\n", *number + 1);
		if (file_write_at(lock->file, text, strlen(text), 0) == -1)
			r = buf_err(err, "cannot write to '%s': %s", path.data,
			    os_strerror());
	}
	buf_release(&path);
	return r;
}

/* SDKs since v2.0 decide in the same way. */
static bool
goes_to_file(void)
{
	const char *reuse = env_get("REUSE_MODE");

	return strcmp(env_get("NNI_PLATFORM"), "local") == 0 &&
	       (reuse == NULL ||
		   (strcmp(reuse, "true") != 0 && strcmp(reuse, "True") != 0));
}

static int
append(const struct buf *payload, struct buf *err)
{
	struct buf path = BUF_INIT, record = BUF_INIT;
	os_file f = OS_NO_FILE;
	int r = trial_sys_path(&path, ".nni/metrics", err);

	if (r == 0 &&
	    metricfile_add(&record, payload->data, payload->len) == -1)
		r = buf_err(
		    err, "a metric may have %d bytes at most", METRIC_MAX);
	if (r == 0) {
		f = file_open(path.data, FILE_WRITE | FILE_APPEND | FILE_CREATE,
		    0600, err);
		r = f == OS_NO_FILE ? -1 : 0;
	}
	if (r == 0 && file_write(f, record.data, record.len) == -1)
		r = buf_err(
		    err, "cannot write to '%s': %s", path.data, os_strerror());
	if (f != OS_NO_FILE)
		file_close(f);
	buf_release(&path);
	buf_release(&record);
	return r;
}

static int
print_line(const char *before, const struct buf *text, const char *after,
    struct buf *err)
{
	struct buf line = BUF_INIT;
	int r = 0;

	buf_addf(&line, "%s%s%s\n", before, text->data, after);
	if (file_write(sys_stdout(), line.data, line.len) == -1)
		r = buf_err(err,
		    "cannot write to the standard output: %s; the metric is "
		    "not reported",
		    os_strerror());
	buf_release(&line);
	return r;
}

int
trial_send(const struct buf *payload, struct buf *err)
{
	return goes_to_file() ? append(payload, err)
			      : print_line("NNISDK_MEb'", payload, "'", err);
}

/* Key order and separators are the SDKs'. */
static void
add_payload(
    struct buf *out, const struct buf *value, bool final, int64_t number)
{
	const char *id = env_get("NNI_TRIAL_JOB_ID");
	struct buf text = BUF_INIT;
	struct json all, parameter = JSON_NONE;

	if (read_parameters(&text, &all, NULL) == 0)
		parameter = json_get(all, "parameter_id");
	buf_adds(out, "{\"parameter_id\": ");
	if (json_type(parameter) == JSON_NUMBER)
		json_add(out, parameter);
	else
		buf_adds(out, "null");
	buf_adds(out, ", \"trial_job_id\": ");
	json_add_str(out, id != NULL ? id : "");
	buf_addf(out,
	    ", \"type\": \"%s\", \"sequence\": %" PRId64 ", \"value\": ",
	    final ? "FINAL" : "PERIODICAL", number);
	json_add_string(out, value->data, value->len);
	buf_addc(out, '}');
	buf_release(&text);
}

int
trial_report(const struct buf *value, bool final, struct buf *err)
{
	struct buf payload = BUF_INIT;
	struct lock lock = LOCK_INIT;
	int64_t number = 0;
	int r = 0;

	if (!trial_is_managed()) {
		r = print_line(
		    final ? "Final result: " : "Intermediate result: ", value,
		    "", err);
		return r == 0 || os_errno() == OS_GONE ? 0 : -1;
	}
	if (!final)
		r = take_number(&lock, &number, err);
	if (r == 0) {
		add_payload(&payload, value, final, number);
		r = trial_send(&payload, err);
	}
	lock_release(&lock);
	buf_release(&payload);
	return r;
}
