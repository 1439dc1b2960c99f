/* Records: one JSON object a line, read in place. */
#include "record.h"

#include <string.h>

#include "os/sys.h"

static const char *const type_names[] = {
    [RECORD_SPEC] = "spec",
    [RECORD_TRIAL] = "trial",
    [RECORD_STATUS] = "status",
    [RECORD_METRIC] = "metric",
    [RECORD_ASK] = "ask",
    [RECORD_NO_MORE] = "no_more",
    [RECORD_CANCEL] = "cancel",
    [RECORD_UPDATE] = "update",
    [RECORD_ERROR] = "error",
    [RECORD_CREDIT] = "credit",
    [RECORD_NO_ROOM] = "no_room",
};

static const char *const status_names[] = {
    [STATUS_UNKNOWN] = "UNKNOWN",
    [STATUS_WAITING] = "WAITING",
    [STATUS_RUNNING] = "RUNNING",
    [STATUS_SUCCEEDED] = "SUCCEEDED",
    [STATUS_FAILED] = "FAILED",
    [STATUS_USER_CANCELED] = "USER_CANCELED",
    [STATUS_SYS_CANCELED] = "SYS_CANCELED",
    [STATUS_EARLY_STOPPED] = "EARLY_STOPPED",
};

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* The index of a word in a table of names; 0 if it is not there. */
static size_t
name_index(const char *const *names, size_t count, const char *word, size_t len)
{
	size_t i;

	for (i = 1; i < count; i++)
		if (names[i] && strlen(names[i]) == len &&
		    !memcmp(names[i], word, len))
			return i;
	return 0;
}

const char *
status_name(enum trial_status s)
{
	return s == STATUS_NONE ? "" : status_names[s];
}

const char *
status_word(enum trial_status s)
{
	static const char *const words[] = {"", "out of reach", "waiting",
	    "running", "succeeded", "failed", "canceled", "lost",
	    "stopped early"};

	return words[s];
}

enum trial_status
status_parse(const char *name, size_t len)
{
	return (enum trial_status)name_index(
	    status_names, COUNT(status_names), name, len);
}

bool
status_is_end(enum trial_status s)
{
	return s >= STATUS_SUCCEEDED;
}

bool
trial_id_valid(const char *id, size_t len)
{
	return len == TRIAL_ID_LEN && experiment_id_valid(id, len);
}

bool
experiment_id_valid(const char *id, size_t len)
{
	size_t i;

	if (!len || len > 32 || id[0] < 'a' || id[0] > 'z')
		return false;
	for (i = 1; i < len; i++)
		if ((id[i] < 'a' || id[i] > 'z') &&
		    (id[i] < '0' || id[i] > '9'))
			return false;
	return true;
}

/* A random letter or, with `choices` 36, perhaps a digit; 0: try again, since
   bytes above the last multiple of `choices` are thrown away. */
static char
random_char(unsigned char chance, unsigned choices)
{
	static const char set[] = "abcdefghijklmnopqrstuvwxyz0123456789";

	return chance < 256 / choices * choices ? set[chance % choices] : '\0';
}

static void
new_id(char *id, size_t len)
{
	unsigned char chance[16];
	size_t used = sizeof(chance), i = 0;

	while (i < len) {
		if (used == sizeof(chance)) {
			if (random_bytes(chance, sizeof(chance)) == -1)
				memset(chance, (int)clock_mono_us(),
				    sizeof(chance));
			used = 0;
		}
		id[i] = random_char(chance[used++], i ? 36 : 26);
		i += id[i] != '\0';
	}
	id[len] = '\0';
}

void
trial_id_new(char id[TRIAL_ID_LEN + 1])
{
	new_id(id, TRIAL_ID_LEN);
}

void
experiment_id_new(char id[33])
{
	new_id(id, 8);
}

/* The inside of a string value, still escaped; JSON_NONE if v is no string. */
static struct json
inside(struct json v)
{
	if (json_type(v) != JSON_STRING)
		return JSON_NONE;
	v.at++;
	v.len -= 2;
	return v;
}

bool
record_is(struct json v, const char *text)
{
	return json_is(inside(v), text);
}

/* ---- reading ---- */

static int
read_trial(struct record *r, struct json v, struct buf *err)
{
	struct json id = inside(v);

	if (!id.at || !trial_id_valid(id.at, id.len))
		return buf_err(err, "\"trial\" is not a trial's id: %.*s",
		    (int)(v.len < 40 ? v.len : 40), v.at);
	memcpy(r->trial, id.at, id.len);
	r->trial[id.len] = '\0';
	return 0;
}

static int
read_number(const char *name, struct json v, int64_t least, int64_t *out,
    struct buf *err)
{
	if (json_type(v) == JSON_NULL)
		return 0;
	if (json_int(v, out) == -1 || *out < least)
		return buf_err(err,
		    "\"%s\" is not a whole number of %d or "
		    "more: %.*s",
		    name, (int)least, (int)(v.len < 40 ? v.len : 40), v.at);
	return 0;
}

static void
read_type(struct record *r, struct json v)
{
	struct json word = inside(v);

	r->type_text = v;
	r->type = RECORD_OTHER;
	if (word.at)
		r->type = (enum record_type)name_index(
		    type_names, COUNT(type_names), word.at, word.len);
}

/* A million of records are read in a second: lengths are known here. */
#define KEY_IS(key, name)                                                      \
	((key).len == sizeof(name) - 1 && !memcmp((key).at, name, (key).len))
#define SLICE(name, field)                                                     \
	{                                                                      \
		name, sizeof(name) - 1, offsetof(struct record, field)         \
	}

/* The fields that are only slices. */
static struct json *
slice_of(struct record *r, struct json key)
{
	static const struct {
		const char *name;
		size_t len, offset;
	} slices[] = {
	    SLICE("value", value),
	    SLICE("place", place),
	    SLICE("platform", platform),
	    SLICE("job", job),
	    SLICE("dir", dir),
	    SLICE("reason", reason),
	    SLICE("kind", kind),
	    SLICE("at", at),
	    SLICE("time", time),
	    SLICE("n", n),
	    SLICE("early", early),
	};
	size_t i;

	for (i = 0; i < COUNT(slices); i++)
		if (key.len == slices[i].len &&
		    !memcmp(key.at, slices[i].name, key.len))
			return (struct json *)(void *)((char *)r +
						       slices[i].offset);
	return NULL;
}

static int
read_field(struct record *r, struct json key, struct json v, struct buf *err)
{
	struct json word, *slice;
	int64_t n;

	if (KEY_IS(key, "type")) {
		read_type(r, v);
	} else if (KEY_IS(key, "trial")) {
		return read_trial(r, v, err);
	} else if (KEY_IS(key, "attempt")) {
		n = 1;
		if (read_number("attempt", v, 1, &n, err) == -1)
			return -1;
		r->attempt = n > 1000000 ? 1000000 : (int)n;
	} else if (KEY_IS(key, "sequence")) {
		return read_number("sequence", v, 0, &r->sequence, err);
	} else if (KEY_IS(key, "parameter_id")) {
		return read_number("parameter_id", v, 0, &r->parameter_id, err);
	} else if (KEY_IS(key, "parameters")) {
		r->parameters = v;
	} else if (KEY_IS(key, "status")) {
		r->status_text = v;
		word = inside(v);
		if (word.at)
			r->status = status_parse(word.at, word.len);
	} else if (KEY_IS(key, "infra")) {
		r->infra = json_bool(v, false);
	} else if ((slice = slice_of(r, key))) {
		*slice = v;
	}
	return 0;
}

/*
 * Bare parameters have no "type" and may use any other key, "trial" included,
 * for a parameter of that name: what was read of them is forgotten again.
 */
int
record_parse(struct record *r, const char *line, size_t len, struct buf *err)
{
	static const struct record none = {
	    .attempt = 1, .sequence = -1, .parameter_id = -1};
	struct buf why = BUF_INIT;
	struct json_iter it;
	struct json key, v, all;
	size_t where = 0;
	bool wrong = false;

	*r = none;
	if (json_check(line, len, JSON_NAN, &r->line, &where, &why) == -1) {
		buf_err(
		    err, "not JSON: column %d: %s", (int)where + 1, why.data);
		buf_release(&why);
		return -1;
	}
	if (json_type(r->line) != JSON_OBJECT)
		return buf_err(err, "not a JSON object");
	json_iter_init(&it, r->line);
	while (json_next(&it, &key, &v))
		if (read_field(r, key, v, wrong ? NULL : &why) == -1)
			wrong = true;
	if (!r->type_text.at) {
		all = r->line;
		*r = none;
		r->line = r->parameters = all;
		r->type = RECORD_BARE;
		wrong = false;
	}
	if (wrong)
		buf_err(err, "%s", why.data);
	buf_release(&why);
	return wrong ? -1 : 0;
}

struct json
record_get(const struct record *r, const char *key)
{
	return json_get(r->line, key);
}

bool
record_sets_concurrency(const struct record *r, int64_t *n)
{
	return record_is(r->type_text, "set") &&
	       record_is(record_get(r, "key"), "trialConcurrency") &&
	       json_int(r->value, n) == 0 && *n > 0;
}

/* ---- writing ---- */

void
record_set(
    struct buf *out, struct json line, const char *key, struct json value)
{
	struct json_iter it;
	struct json k, v;
	bool done = !value.at, first = true;

	buf_addc(out, '{');
	json_iter_init(&it, line);
	while (json_next(&it, &k, &v)) {
		if (json_key_is(k, key)) {
			if (done)
				continue;
			v = value;
			done = true;
		}
		buf_adds(out, first ? "\"" : ",\"");
		json_add(out, k);
		buf_adds(out, "\":");
		json_add(out, v);
		first = false;
	}
	if (!done) {
		if (!first)
			buf_addc(out, ',');
		json_add_str(out, key);
		buf_addc(out, ':');
		json_add(out, value);
	}
	buf_addc(out, '}');
}

static bool
has_key(struct json object, struct json key)
{
	struct json_iter it;
	struct json k, v;

	json_iter_init(&it, object);
	while (json_next(&it, &k, &v))
		if (k.len == key.len && !memcmp(k.at, key.at, key.len))
			return true;
	return false;
}

void
record_merge(struct buf *out, struct json ours, struct json theirs)
{
	struct json_iter it;
	struct json key, v;

	buf_add(out, ours.at, ours.len - 1); /* without its brace */
	json_iter_init(&it, theirs);
	while (json_next(&it, &key, &v)) {
		if (has_key(ours, key))
			continue;
		if (out->data[out->len - 1] != '{')
			buf_addc(out, ',');
		buf_addc(out, '"');
		json_add(out, key);
		buf_adds(out, "\":");
		json_add(out, v);
	}
	buf_addc(out, '}');
}

void
record_begin(struct buf *out, const char *type)
{
	buf_adds(out, "{\"type\":");
	json_add_str(out, type);
}

void
record_begin_trial(
    struct buf *out, const char *type, const char *trial, int attempt)
{
	record_begin(out, type);
	json_member_str(out, "trial", trial);
	json_member_int(out, "attempt", attempt);
}

void
record_end(struct buf *out)
{
	buf_adds(out, "}\n");
}

void
record_error(struct buf *out, const char *message, const char *where,
    const char *hint, const char *trial)
{
	record_begin(out, "error");
	json_member_str(out, "message", message);
	if (where)
		json_member_str(out, "where", where);
	if (hint)
		json_member_str(out, "hint", hint);
	if (trial)
		json_member_str(out, "trial", trial);
	record_end(out);
}
