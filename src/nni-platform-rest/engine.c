/*
 * States and events: what comes in becomes events of attempts and of the
 * platform, jq is given them one by one with the state they meet, and its
 * answers are carried out.
 */
#include "engine.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "access.h"
#include "bring.h"
#include "errand.h"
#include "expdir.h"
#include "intent.h"
#include "listing.h"
#include "mem.h"
#include "parameters.h"
#include "program.h"
#include "say.h"
#include "share.h"
#include "os/file.h"
#include "os/sys.h"

/* The server that tells of trials; without it they are UNKNOWN. */
#define MAIN_SERVER "main"
/* So often it is looked whether logs that are followed have become quiet. */
#define LOOK_MS 200
/* More than so much is not taken in at once. */
#define BUSY_MAX 128
/* jq(1), exit status. */
#define JQ_USAGE 2
#define JQ_COMPILE 3

struct event {
	struct event *next;
	char text[];
};

static const char *const verb_names[] = {
    "check",
    "submit",
    "watch",
    "collect",
    "fetch",
    "clean",
};

/* ---- subjects ---- */

static void
subject_key(const struct subject *s, struct buf *out)
{
	if (s->a.trial[0])
		buf_addf(out, "%s-%d", s->a.trial, s->a.number);
}

static struct subject *
subject_new(struct engine *e, const char *trial, int number)
{
	struct subject *s =
	    attempts_add(&e->attempts, trial, number, sizeof(*s));

	s->engine = e;
	s->timer = (struct timer)TIMER_INIT;
	return s;
}

struct subject *
engine_subject(struct engine *e, const char *key, size_t len)
{
	char id[TRIAL_ID_LEN + 1];
	struct subject *s;
	int number = 0;
	size_t i;

	if (len == 0)
		return &e->platform;
	if (len < TRIAL_ID_LEN + 2 || len > TRIAL_ID_LEN + 10 ||
	    key[TRIAL_ID_LEN] != '-' || !trial_id_valid(key, TRIAL_ID_LEN))
		return NULL;
	for (i = TRIAL_ID_LEN + 1; i < len; i++) {
		if (key[i] < '0' || key[i] > '9')
			return NULL;
		number = 10 * number + (key[i] - '0');
	}
	memcpy(id, key, TRIAL_ID_LEN);
	id[TRIAL_ID_LEN] = '\0';
	s = attempts_find(&e->attempts, id, number);
	return s ? s : subject_new(e, id, number);
}

static void
forget_events(struct subject *s)
{
	struct event *v;

	while ((v = s->events) != NULL) {
		s->events = v->next;
		s->engine->waiting--;
		free(v);
	}
	s->last_event = NULL;
}

/* The event that is in jq stays: its answer will come. */
static void
forget_waiting(struct subject *s)
{
	struct event *in_jq = s->asked ? s->events : NULL;

	if (in_jq)
		s->events = in_jq->next;
	forget_events(s);
	if (in_jq) {
		in_jq->next = NULL;
		s->events = s->last_event = in_jq;
	}
}

void
subject_settle(struct subject *s)
{
	if (s->line)
		s->engine->open--;
	free(s->line);
	free(s->end);
	free(s->state);
	s->line = s->end = s->state = NULL;
	timer_stop(&s->timer);
	forget_waiting(s);
	request_stop_all(s);
	podlogs_free(s);
	share_forget(s);
	bring_forget(s);
	s->unknown = false;
}

static void
subject_release(struct subject *s)
{
	s->asked = false;
	subject_settle(s);
	free(s->said);
	s->said = NULL;
	brought_free(s->brought);
	s->brought = NULL;
}

/* ---- events ---- */

/* Gives jq the first event of `s`. */
static void
ask(struct subject *s)
{
	struct engine *e = s->engine;
	struct buf line = BUF_INIT;

	buf_adds(&line, "{\"key\":\"");
	subject_key(s, &line);
	buf_addf(&line, "\",\"state\":%s,\"event\":%s}",
	    s->state ? s->state : "null", s->events->text);
	backend_write(e->jq, line.data, line.len);
	if (!s->asked) {
		s->asked = true;
		e->busy++;
		e->waiting--;
	}
	buf_release(&line);
}

void
engine_event(struct subject *s, const char *event, size_t len)
{
	struct event *v = xcalloc(1, sizeof(*v) + len + 1);

	memcpy(v->text, event, len);
	if (s->last_event)
		s->last_event->next = v;
	else
		s->events = v;
	s->last_event = v;
	s->engine->waiting++;
	if (s->events == v)
		ask(s);
}

static void
simple_event(struct subject *s, const char *type)
{
	struct buf event = BUF_INIT;

	record_begin(&event, type);
	buf_addc(&event, '}');
	engine_event(s, event.data, event.len);
	buf_release(&event);
}

/* jq answered: one line for each that it was given. */
static void
answered(void *arg, char *line, size_t len)
{
	struct engine *e = arg;
	struct json all = JSON_NONE, key;
	struct buf err = BUF_INIT, text = BUF_INIT;
	struct subject *s = NULL;
	struct event *v;

	if (line == NULL ||
	    json_check(line, len, JSON_STRICT, &all, NULL, &err) == -1) {
		buf_setf(&text, "step() of %s gave %s: %s", e->member->platform,
		    line ? "what is no JSON" : "more than 1 MiB",
		    line ? err.data : "requests of that size need `parts`");
		engine_fail(e, NNI_TRIAL_FAILED, text.data);
	} else {
		key = json_get(all, "key");
		if (json_type(key) == JSON_STRING)
			s = engine_subject(e, key.at + 1, key.len - 2);
	}
	if (s && s->asked) {
		backend_progress(e->jq);
		v = s->events;
		s->events = v->next;
		if (s->events == NULL)
			s->last_event = NULL;
		s->asked = false;
		e->busy--;
		answer_take(s, all);
		if (s->events && !s->asked)
			ask(s);
		free(v);
	}
	buf_release(&err);
	buf_release(&text);
	engine_look(e);
}

static void
jq_started(void *arg)
{
	struct engine *e = arg;
	size_t i;

	if (e->platform.asked)
		ask(&e->platform);
	for (i = 0; i < e->attempts.count; i++) {
		struct subject *s = (struct subject *)e->attempts.all[i];

		if (s->asked)
			ask(s);
	}
}

/* It ended, though nobody asked it to: its program is at fault, or somebody
   killed it. */
static void
jq_ended(void *arg, const char *why, int exit_code)
{
	struct engine *e = arg;
	struct buf text = BUF_INIT;
	bool fault = exit_code == JQ_USAGE || exit_code == JQ_COMPILE;

	if (e->leaving)
		return;
	if (!fault && !backend_hopeless(e->jq)) {
		backend_again(e->jq);
		return;
	}
	buf_setf(&text, "jq cannot run platforms/%s/%s.jq: %s; %s",
	    e->member->platform, e->member->platform, why ? why : "it ended",
	    fault ? "what it said stands above" : "jq 1.6 or later is needed");
	engine_fail(e, fault ? NNI_CONFIG : NNI_TEMPORARY, text.data);
	buf_release(&text);
}

static const struct backend_calls jq_calls = {
    answered,
    jq_started,
    NULL,
    jq_ended,
    NULL,
};

/* ---- servers ---- */

static void
opened(void *arg, struct server *server)
{
	struct engine *e = arg;
	struct json facts = server_facts(server);
	struct buf event = BUF_INIT;

	record_begin(&event, "open");
	json_member_str(&event, "server", server->name);
	json_member_str(&event, "url", server_url(server));
	if (facts.len > 2) {
		buf_addc(&event, ',');
		buf_add(&event, facts.at + 1, facts.len - 1);
	} else {
		buf_addc(&event, '}');
	}
	engine_event(&e->platform, event.data, event.len);
	buf_release(&event);
}

static const char *
where_of(const struct server *server)
{
	const char *url = server_url(server);

	return *url ? url : server->name;
}

static void
say_unknown(struct subject *s, const char *reason)
{
	struct engine *e = s->engine;
	struct buf line = BUF_INIT;

	record_begin_trial(&line, "status", s->a.trial, s->a.number);
	json_member_str(&line, "status", "UNKNOWN");
	json_member_str(&line, "reason", reason);
	json_member_time(&line, "time", clock_wall_ms());
	record_end(&line);
	filter_put_buf(&e->filter, &line);
	s->unknown = true;
	buf_release(&line);
}

/* While its server is away nothing is known of an attempt; one of which the
   server was never told goes elsewhere, if there is an elsewhere. */
static void
without_server(struct subject *s, const struct server *server)
{
	struct buf reason = BUF_INIT;

	if (s->line == NULL)
		return;
	buf_addf(
	    &reason, "cannot reach %s: %s", where_of(server), server->trouble);
	if (s->engine->verb == VERB_WATCH && !s->unknown)
		say_unknown(s, reason.data);
	else if (s->engine->verb == VERB_SUBMIT && !s->sent)
		records_no_room(s, reason.data);
	buf_release(&reason);
}

static void
known_again(struct subject *s)
{
	if (s->unknown && s->said)
		filter_put(&s->engine->filter, s->said, strlen(s->said));
	s->unknown = false;
}

/* Is nothing known of trials? Then this server is away. */
static const struct server *
main_away(const struct engine *e)
{
	const struct server *server =
	    transport_server(e->transport, MAIN_SERVER);

	return server && server->lasting ? server : NULL;
}

static void
away(void *arg, struct server *server)
{
	struct engine *e = arg;
	bool asks = e->verb == VERB_CHECK || e->verb == VERB_CLEAN;
	size_t i;

	if (asks && server->trouble && *server_url(server) == '\0') {
		/* Nothing can be asked. */
		engine_error(
		    &e->platform, server->trouble, server->name, server->hint);
		engine_fail(e, NNI_TEMPORARY, NULL);
	}
	if (asks || (server->trouble && !server->lasting))
		return;
	if (server->trouble)
		engine_error(&e->platform, server->trouble, where_of(server),
		    server->hint);
	for (i = 0;
	     strcmp(server->name, MAIN_SERVER) == 0 && i < e->attempts.count;
	     i++) {
		struct subject *s = (struct subject *)e->attempts.all[i];

		if (server->trouble)
			without_server(s, server);
		else
			known_again(s);
	}
	engine_look(e);
}

static void
broken(void *arg, const char *why)
{
	struct engine *e = arg;
	struct buf text = BUF_INIT;

	buf_setf(
	    &text, "%s; curl is needed to talk to servers: install it", why);
	engine_fail(e, NNI_TEMPORARY, text.data);
	buf_release(&text);
}

static const struct transport_calls transport_calls = {
    opened,
    away,
    broken,
};

/* ---- lines ---- */

/* The members of a record that jq may see: parameters come as text. */
static void
line_event(struct subject *s, const struct record *r)
{
	struct engine *e = s->engine;
	struct buf event = BUF_INIT, text = BUF_INIT, path = BUF_INIT;
	static const char *const intents[] = {NULL, "user", "early", "system"};
	struct json_iter it;
	struct json key, value;
	int64_t index = 0;

	buf_adds(&event, "{\"type\":\"line\",\"record\":{");
	json_iter_init(&it, r->line);
	while (json_next(&it, &key, &value)) {
		if (json_key_is(key, "parameters") || json_key_is(key, "value"))
			continue;
		if (event.data[event.len - 1] != '{')
			buf_addc(&event, ',');
		json_add(&event, json_key_string(key));
		buf_addc(&event, ':');
		json_add(&event, value);
	}
	if (r->type == RECORD_TRIAL || r->type == RECORD_UPDATE) {
		json_int(record_get(r, "parameter_index"), &index);
		parameters_text(&text, r, index);
		json_member_str(&event, "parameter_file", text.data);
	}
	if (r->type == RECORD_TRIAL) {
		enum intent why;

		expdir_trial(&path, e->v->dir, s->a.trial, s->a.number);
		why = intent_read(path.data);
		if (why == INTENT_NONE)
			json_member_raw(
			    &event, "intent", (struct json){"null", 4});
		else
			json_member_str(&event, "intent", intents[why]);
	}
	buf_adds(&event, "}}");
	engine_event(s, event.data, event.len);
	buf_release(&event);
	buf_release(&text);
	buf_release(&path);
}

static bool
concerns(const struct engine *e, const struct record *r)
{
	switch (r->type) {
	case RECORD_TRIAL:
		return true;
	case RECORD_CANCEL:
	case RECORD_UPDATE:
		return e->verb == VERB_WATCH || e->verb == VERB_SUBMIT;
	case RECORD_STATUS:
		return e->verb == VERB_COLLECT && status_is_end(r->status);
	default:
		return false;
	}
}

static void
take(void *arg, const struct record *r, const char *line, size_t len)
{
	struct engine *e = arg;
	const struct server *server = main_away(e);
	struct subject *s;

	if (!concerns(e, r) || r->trial[0] == '\0' || r->attempt < 1)
		return;
	s = attempts_find(&e->attempts, r->trial, r->attempt);
	if (s == NULL)
		s = subject_new(e, r->trial, r->attempt);
	if (r->type == RECORD_TRIAL) {
		if (s->line)
			return;
		s->line = xstrndup(line, len);
		s->has_final = s->phases = false;
		e->open++;
	} else if (r->type == RECORD_STATUS) {
		if (s->end || s->line == NULL)
			return;
		s->end = xstrndup(line, len);
	} else if (s->line == NULL) {
		return;
	}
	line_event(s, r);
	if (r->type == RECORD_TRIAL) {
		share_line(s);
		if (server)
			without_server(s, server);
	}
}

static void
input_ended(void *arg)
{
	struct engine *e = arg;

	e->ended = true;
	if (e->verb != VERB_CHECK && e->verb != VERB_CLEAN)
		simple_event(&e->platform, "end");
	engine_look(e);
}

/* No more is taken in than can be worked off. */
static void
each_round(void *arg)
{
	struct engine *e = arg;

	transport_pause(e->transport, e->busy + e->waiting > BUSY_MAX);
	/* Trials that wait for their code would all be sent at once then. */
	if (!e->ended)
		filter_hold(&e->filter,
		    e->busy + e->waiting + e->requests > BUSY_MAX ||
			(e->verb == VERB_SUBMIT && e->open > BUSY_MAX));
}

static const struct filter_calls filter_calls = {
    take,
    input_ended,
    each_round,
    NULL,
};

/* ---- the end ---- */

void
engine_error(
    struct subject *s, const char *message, const char *where, const char *hint)
{
	filter_error(&s->engine->filter, message, where, hint,
	    s->a.trial[0] ? s->a.trial : NULL);
}

void
engine_fail(struct engine *e, int code, const char *message)
{
	if (e->leaving)
		return;
	e->leaving = true;
	if (message)
		say_error(code, "%s", message);
	filter_leave(&e->filter, code);
}

/* watch --once: has each had a status? */
static bool
all_told(const struct engine *e)
{
	size_t i;

	for (i = 0; i < e->attempts.count; i++) {
		const struct subject *s = (struct subject *)e->attempts.all[i];

		if (s->line && s->said == NULL && !s->unknown)
			return false;
	}
	return true;
}

static void
look_again(void *arg)
{
	engine_look(arg);
}

/* What would be looked at later is looked at now. */
static bool
hurry(struct engine *e)
{
	bool any = false;
	size_t i;

	for (i = 0; i < e->attempts.count; i++) {
		struct subject *s = (struct subject *)e->attempts.all[i];

		if (s->line == NULL || s->hurried || !timer_is_set(&s->timer))
			continue;
		timer_stop(&s->timer);
		simple_event(s, "timer");
		s->hurried = any = true;
	}
	return any;
}

/*
 * collect, at the end of its input: who has no end will not get one, so that it
 * is enough to have read once what there is.  Ends are waited for.
 */
static bool
all_read(struct engine *e)
{
	const struct server *server =
	    transport_server(e->transport, MAIN_SERVER);
	size_t i, requests = e->requests;

	for (i = 0; i < e->attempts.count; i++) {
		const struct subject *s = (struct subject *)e->attempts.all[i];

		if (s->line && s->end)
			return false;
		if (s->line)
			requests -= request_quiet(s);
	}
	if (main_away(e))
		return true;
	if (requests > 0) {
		/* Of what is quiet only time tells that it is. */
		timer_set(e->loop, &e->look, LOOK_MS, look_again, e);
		return false;
	}
	return (server == NULL || server->opened) && !hurry(e);
}

void
engine_look(struct engine *e)
{
	bool idle = e->busy == 0 && e->waiting == 0;

	if (e->leaving)
		return;
	if (e->exiting && idle && e->requests == 0) {
		e->leaving = true;
		filter_leave(&e->filter, e->exit_code);
	} else if (e->ended && idle && e->verb != VERB_CHECK &&
		   e->verb != VERB_CLEAN &&
		   (e->open == 0 || (e->v->once && all_told(e)) ||
		       (e->verb == VERB_COLLECT && all_read(e)))) {
		e->leaving = true;
		filter_leave(&e->filter, NNI_OK);
	}
}

/* ---- from start to end ---- */

static void
program_path(const struct engine *e, const char *verb, struct buf *path)
{
	expdir_path(path, e->v->dir, "platforms");
	buf_addf(path, "/%s-%s.jq", e->v->member, verb);
}

/* The program in a file: for Windows a command line would be too short. */
static int
write_program(struct engine *e, const char *dir, const char *lib,
    struct buf *path, struct buf *err)
{
	const char *verb = verb_names[e->verb];
	struct buf program = BUF_INIT;
	int result;

	program_text(&program, e->member->platform,
	    json_bool(json_get(e->member->section, "reuseMode"), false), dir,
	    lib, verb);
	expdir_path(path, e->v->dir, "platforms");
	result = dir_make_all(path->data, 0700, err);
	buf_clear(path);
	program_path(e, verb, path);
	if (result == 0)
		result = file_replace(
		    path->data, program.data, program.len, 0600, false, err);
	buf_release(&program);
	return result;
}

static void
remove_programs(const struct engine *e)
{
	struct buf path = BUF_INIT;
	size_t i;

	for (i = 0; i < sizeof(verb_names) / sizeof(*verb_names); i++) {
		buf_clear(&path);
		program_path(e, verb_names[i], &path);
		file_remove(path.data, NULL);
	}
	buf_release(&path);
}

static int
start_jq(struct engine *e, struct buf *err)
{
	struct buf dir = BUF_INIT, lib = BUF_INIT, config = BUF_INIT;
	struct buf program = BUF_INIT;
	const char *jq = env_get("NNI_JQ");
	int result = -1;

	if (platform_jq_find(e->member->platform, &dir, &lib, err) == 0 &&
	    write_program(e, dir.data, lib.data, &program, err) == 0) {
		expdir_path(&config, e->v->dir, "config.json");
		const char *argv[] = {jq && *jq ? jq : "jq", "-nc",
		    "--unbuffered", "-L", dir.data, "-L",
		    lib.len ? lib.data : dir.data, "--slurpfile", "config",
		    config.data, "--arg", "member", e->v->member, "--arg",
		    "verb", verb_names[e->verb], "--arg", "experiment",
		    expdir_id(e->v->dir), "--arg", "dir", e->v->dir, "--arg",
		    "once", e->v->once ? "1" : "0", "-f", program.data, NULL};

		e->jq = backend_program(
		    e->loop, argv, e->v->dir, NULL, &jq_calls, e);
		backend_once(e->jq);
		backend_start(e->jq);
		result = 0;
	}
	buf_release(&dir);
	buf_release(&lib);
	buf_release(&config);
	buf_release(&program);
	return result;
}

int
engine_run(const struct verb *v, enum engine_verb verb)
{
	struct engine e = {0};
	struct buf err = BUF_INIT;
	bool asks = verb == VERB_CHECK || verb == VERB_CLEAN;
	size_t i;
	int code;

	e.v = v;
	e.verb = verb;
	e.attempts = (struct attempts)ATTEMPTS_INIT;
	e.platform.engine = &e;
	e.bringing = (struct timer)TIMER_INIT;
	e.look = (struct timer)TIMER_INIT;
	e.platform.timer = (struct timer)TIMER_INIT;
	code = config_open(&e.config, v->dir, v->member, &e.member, &err);
	if (code == NNI_OK) {
		e.loop = loop_new();
		filter_init(
		    &e.filter, e.loop, FILTER_JSONL, !asks, &filter_calls, &e);
		e.delivery = delivery_new(v->dir);
		e.transport = transport_new(
		    e.loop, v->dir, v->member, &transport_calls, &e);
		if (start_jq(&e, &err) == -1)
			code = NNI_CONFIG;
	}
	if (code != NNI_OK) {
		say_error(code, "%s", err.data);
	} else {
		simple_event(&e.platform, "start");
		code = loop_run(e.loop);
	}
	if (code == NNI_OK && verb == VERB_CLEAN)
		remove_programs(&e);
	timer_stop(&e.look);
	subject_release(&e.platform);
	for (i = 0; i < e.attempts.count; i++)
		subject_release((struct subject *)e.attempts.all[i]);
	attempts_release(&e.attempts);
	errands_stop(&e);
	backend_free(e.jq);
	transport_free(e.transport);
	delivery_free(e.delivery);
	share_free(e.share);
	if (e.loop) {
		filter_release(&e.filter);
		loop_free(e.loop);
	}
	config_release(&e.config);
	buf_release(&err);
	return code;
}
