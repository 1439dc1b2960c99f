/* Verbs that ask, input that means nothing, and cleaning up. */
#include "play.h"

#include <string.h>

#include "expdir.h"
#include "os/file.h"

/* ---- capabilities ---- */

static bool
lists_verbs(struct json verbs)
{
	static const char *const needed[] = {"submit", "watch", "collect"};
	struct json_iter it;
	struct json key, v;
	size_t i, found = 0;

	if (json_type(verbs) != JSON_ARRAY)
		return false;
	for (i = 0; i < 3; i++) {
		json_iter_init(&it, verbs);
		while (json_next(&it, &key, &v))
			if (record_is(v, needed[i])) {
				found++;
				break;
			}
	}
	return found == 3;
}

static bool
is_boolean(struct json v)
{
	enum json_type t = json_type(v);

	return t == JSON_ABSENT || t == JSON_TRUE || t == JSON_FALSE;
}

static void
look_at_capabilities(struct stage *s, struct json line)
{
	struct json needs = json_get(line, "needs_code");
	int64_t protocol = 0;

	json_int(json_get(line, "protocol"), &protocol);
	told(s, protocol == 1, CAPABILITIES_PROTOCOL, "its protocol is 1");
	told(s, lists_verbs(json_get(line, "verbs")), CAPABILITIES_VERBS,
	    "it lists its verbs");
	told(s,
	    record_is(needs, "none") || record_is(needs, "archive") ||
		record_is(needs, "shared"),
	    CAPABILITIES_NEEDS_CODE, "it says what code it needs");
	told(s,
	    is_boolean(json_get(line, "adopt")) &&
		is_boolean(json_get(line, "credit")) &&
		is_boolean(json_get(line, "update")) &&
		is_boolean(json_get(line, "keeps_concurrency")),
	    CAPABILITIES_BOOLEANS, "what it can do is true or false");
	note(s, "`capabilities` said: %.*s", (int)line.len, line.at);
}

void
part_capabilities(struct stage *s)
{
	struct verb v = {0};
	bool good;

	stage_open(s, NULL);
	good = play_alone(s, &v, "capabilities", NULL, NULL) && v.count == 1;
	told(s, good, CAPABILITIES_OBJECT, "capabilities prints one object");
	note_verb(&v, NULL);
	if (good)
		look_at_capabilities(s, v.heard[0].r.line);
	else
		s->gave_up = true;
	verb_release(&v);
}

/* ---- check, empty, usage ---- */

static size_t
count_files(const char *dir)
{
	char **names;
	enum file_type *types;
	struct buf path = BUF_INIT;
	size_t count, i, n = 0;

	if (dir_list(dir, &names, &types, &count, NULL) == -1)
		return 0;
	for (i = 0; i < count; i++) {
		n++;
		/* A platform's own notes are no change. */
		if (types[i] != FILE_DIR || !strcmp(names[i], "log") ||
		    !strcmp(names[i], "platforms"))
			continue;
		expdir_path(&path, dir, names[i]);
		n += count_files(path.data);
	}
	dir_list_free(names, types, count);
	buf_release(&path);
	return n;
}

void
part_check(struct stage *s)
{
	struct verb v = {0};
	size_t before, after;
	bool good;

	stage_open(s, NULL);
	before = count_files(s->dir.data);
	good = play_alone(s, &v, "check", NULL, NULL);
	told(
	    s, good, END_OF_INPUT, "check ends with 0 on a good configuration");
	note_verb(&v, NULL);
	after = count_files(s->dir.data);
	told(
	    s, before == after, CHECK_CHANGES_NOTHING, "check changes nothing");
	note(s, "files in DIR: %d before, %d afterwards", (int)before,
	    (int)after);
	verb_release(&v);
}

void
part_empty(struct stage *s)
{
	static const char *const verbs[] = {"submit", "watch", "collect"};
	size_t i;

	for (i = 0; i < 3; i++) {
		struct verb v = {0};

		stage_open(s, NULL);
		told(s, play_alone(s, &v, verbs[i], NULL, NULL), END_OF_INPUT,
		    "%s without input ends with 0", verbs[i]);
		note_end(&v);
		verb_release(&v);
	}
}

static void
refuses(struct stage *s, const char *verb, int code, const char *what)
{
	struct verb v = {0};

	play_alone(s, &v, verb, NULL, NULL);
	told(s, v.exited && !v.end.signaled && v.end.code == code, EXIT_CODES,
	    "an unknown %s is refused with %d", what, code);
	note_end(&v);
	if (v.exited && !v.end.signaled && !v.end.code)
		note(s, "`%s` ended with exit code 0", verb);
	verb_release(&v);
}

void
part_usage(struct stage *s)
{
	const char *member = s->member;

	stage_open(s, NULL);
	refuses(s, "no-such-verb", 2, "verb");
	s->member = "no-such-member";
	refuses(s, "submit", 3, "member");
	s->member = member;
}

/* ---- nonsense ---- */

void
part_nonsense(struct stage *s)
{
	static const char *const lines[] = {"this is not JSON",
	    "{\"type\":\"of somebody else\",\"x\":1}", "[]", "",
	    "{\"type\":\"cancel\",\"trial\":\"zzzzz\",\"attempt\":1}"};
	struct actor a = {.parameters = "{\"do\":\"short\"}"};
	struct ring r;
	size_t i;

	if (!play_begin(&r, s))
		return;
	for (i = 0; i < sizeof(lines) / sizeof(*lines); i++) {
		verb_send(&r.submit, lines[i]);
		verb_send(&r.watch, lines[i]);
		verb_send(&r.collect, lines[i]);
	}
	ring_submit(&r, &a, 1);
	ring_ends(&r);
	play_ended_as(&r, a.id, STATUS_SUCCEEDED, NONSENSE,
	    "a trial among lines that mean nothing");
	ring_close(&r);
}

/* ---- clean ---- */

/* What others have put into DIR, and must find there. */
static const char *const files[] = {
    "events.jsonl", "placed.jsonl", "config.json"};

static void
make_files(struct stage *s)
{
	struct buf path = BUF_INIT;
	size_t i;

	for (i = 0; i < 2; i++) {
		expdir_path(&path, s->dir.data, files[i]);
		file_replace(path.data, "{}\n", 3, 0600, false, NULL);
	}
	buf_release(&path);
}

static const char *
missing_file(struct stage *s)
{
	struct buf path = BUF_INIT;
	const char *missing = NULL;
	struct file_info info;
	size_t i;

	for (i = 0; i < sizeof(files) / sizeof(*files); i++) {
		expdir_path(&path, s->dir.data, files[i]);
		if (file_info(path.data, true, &info) == -1 ||
		    info.type == FILE_ABSENT)
			missing = files[i];
	}
	buf_release(&path);
	return missing;
}

/* In the experiment s->dir, which is over. */
static void
clean_twice(struct stage *s)
{
	struct verb v = {0};
	int i;

	make_files(s);
	for (i = 0; i < 2; i++) {
		told(s, play_alone(s, &v, "clean", NULL, NULL), END_OF_INPUT,
		    i ? "and a second time" : "clean ends with 0");
		note_verb(&v, NULL);
		verb_release(&v);
	}
	told(s, !missing_file(s), CLEAN_ONLY,
	    "the experiment's own files are left");
	note(s, "%s has gone", missing_file(s) ? missing_file(s) : "");
}

/* A trial of another experiment, while the first one is cleaned up. */
static void
clean_beside(struct stage *s, const char *first)
{
	struct actor lives = {.parameters = "{\"do\":\"long\"}"};
	struct buf second = BUF_INIT;
	struct ring r;

	if (!play_trials(&r, s, &lives, 1, ring_runs))
		return;
	buf_set(&second, s->dir.data);
	buf_set(&s->dir, first);
	clean_twice(s);
	buf_set(&s->dir, second.data);
	/* One that was ended by the cleaning has its end soon. */
	stage_pass(s, 300, NULL, NULL);
	told(s, !verb_end_of(&r.watch, lives.id), CLEAN_ONLY,
	    "a trial of another experiment runs on");
	note_verb(&r.watch, lives.id);
	ring_cancel(&r, &lives, false);
	ring_ends(&r);
	play_ended_as(&r, lives.id, STATUS_USER_CANCELED, CLEAN_ONLY,
	    "a trial of another experiment runs on until it is cancelled");
	ring_close(&r);
	buf_release(&second);
}

void
part_clean(struct stage *s)
{
	struct actor over = {.parameters = "{\"do\":\"short\"}"};
	struct buf first = BUF_INIT;
	struct ring r;

	if (!play_trials(&r, s, &over, 1, ring_ends))
		return;
	ring_close(&r);
	buf_set(&first, s->dir.data);
	clean_beside(s, first.data);
	buf_release(&first);
}
