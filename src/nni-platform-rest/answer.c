/* What step() of a platform answers, carried out. */
#include <stdlib.h>

#include "engine.h"
#include "mem.h"
#include "say.h"

static void
timed(void *arg)
{
	static const char event[] = "{\"type\":\"timer\"}";

	engine_event(arg, event, sizeof(event) - 1);
}

static void
take_wait(struct subject *s, struct json value)
{
	int64_t ms;

	if (json_type(value) == JSON_NULL)
		timer_stop(&s->timer);
	else if (json_int(value, &ms) == 0 && ms >= 0)
		timer_set(s->engine->loop, &s->timer, ms, timed, s);
}

static void
take_servers(struct subject *s, struct json value)
{
	struct engine *e = s->engine;
	struct buf name = BUF_INIT, err = BUF_INIT;
	struct json_iter it;
	struct json key, spec;

	json_iter_init(&it, value);
	while (json_next(&it, &key, &spec)) {
		buf_clear(&name);
		json_string(json_key_string(key), &name);
		if (transport_server(e->transport, name.data) ||
		    transport_add_server(e->transport, name.data, spec, &err))
			continue;
		if (e->verb == VERB_CHECK)
			engine_error(s, err.data, e->v->member, NULL);
		engine_fail(
		    e, NNI_CONFIG, e->verb == VERB_CHECK ? NULL : err.data);
	}
	buf_release(&name);
	buf_release(&err);
}

/* To every attempt that anything is known of. */
static void
send_all(struct engine *e, struct json event)
{
	size_t i, count = e->attempts.count;

	for (i = 0; i < count; i++) {
		struct subject *s = (struct subject *)e->attempts.all[i];

		if (s->line || s->state)
			engine_event(s, event.at, event.len);
	}
}

static void
take_send(struct subject *s, struct json item)
{
	struct buf key = BUF_INIT;
	struct json event = json_get(item, "event");
	struct subject *to = NULL;

	if (json_type(event) == JSON_OBJECT &&
	    json_string(json_get(item, "to"), &key) == 0) {
		if (strcmp(key.data, "*") == 0)
			send_all(s->engine, event);
		else if ((to = engine_subject(s->engine, key.data, key.len)) !=
			 NULL)
			engine_event(to, event.at, event.len);
	}
	buf_release(&key);
}

static void
each(struct subject *s, struct json list,
    void (*fn)(struct subject *, struct json))
{
	struct json_iter it;
	struct json key, item;

	json_iter_init(&it, list);
	while (json_next(&it, &key, &item))
		fn(s, item);
}

static void
take_state(struct subject *s, struct json value)
{
	free(s->state);
	s->state = NULL;
	if (json_type(value) != JSON_NULL)
		s->state = xstrndup(value.at, value.len);
}

static void
take_exit(struct subject *s, struct json value)
{
	struct engine *e = s->engine;
	int64_t code;

	if (s == &e->platform && json_int(value, &code) == 0 && code >= 0 &&
	    code <= NNI_LOCKED) {
		e->exiting = true;
		e->exit_code = (int)code;
	}
}

/* True if `key` is known. */
static bool
take_member(struct subject *s, struct json key, struct json value)
{
	if (json_key_is(key, "state"))
		take_state(s, value);
	else if (json_key_is(key, "wait_ms"))
		take_wait(s, value);
	else if (json_key_is(key, "servers"))
		take_servers(s, value);
	else if (json_key_is(key, "stop"))
		each(s, value, request_stop);
	else if (json_key_is(key, "requests"))
		each(s, value, request_make);
	else if (json_key_is(key, "send"))
		each(s, value, take_send);
	else if (json_key_is(key, "exit"))
		take_exit(s, value);
	else
		return json_key_is(key, "records");
	return true;
}

/* What must not be waited for: the program would not answer next time, too. */
static void
give_up(struct subject *s, const char *why)
{
	static const char *const answers[] = {
	    [VERB_SUBMIT] = "{\"status\":\"FAILED\",\"reason\":",
	    [VERB_COLLECT] = "{\"done\":true,\"metrics_incomplete\":",
	    [VERB_FETCH] = "{\"fetched\":true,\"files\":0,\"error\":",
	    [VERB_CLEAN] = NULL,
	};
	struct engine *e = s->engine;
	const char *answer = answers[e->verb];
	struct buf quoted = BUF_INIT, text = BUF_INIT;
	struct json record;

	if (s == &e->platform) {
		e->exiting = true;
		e->exit_code = NNI_TRIAL_FAILED;
	} else if (answer) {
		json_add_str(&quoted, why);
		buf_addf(&text, "%s%s}", answer, quoted.data);
		json_check(
		    text.data, text.len, JSON_STRICT, &record, NULL, NULL);
		records_take(s, record);
	}
	buf_release(&quoted);
	buf_release(&text);
}

static void
fault(struct subject *s, const char *what)
{
	struct buf text = BUF_INIT;

	buf_addf(&text, "platforms/%s: %s", s->engine->member->platform, what);
	engine_error(
	    s, text.data, NULL, "that is a fault of the platform's jq program");
	say_error(NNI_TRIAL_FAILED, "%s", text.data);
	give_up(s, text.data);
	buf_release(&text);
}

void
answer_take(struct subject *s, struct json all)
{
	struct json error = json_get(all, "error"), out = json_get(all, "out");
	struct buf text = BUF_INIT;
	struct json_iter it;
	struct json key, value;

	if (json_type(error) == JSON_STRING) {
		json_string(error, &text);
		fault(s, text.data);
	} else if (json_type(out) != JSON_OBJECT) {
		fault(s, "step() did not answer with an object");
	} else {
		json_iter_init(&it, out);
		while (json_next(&it, &key, &value)) {
			if (take_member(s, key, value))
				continue;
			buf_setf(&text, "step() answered with a key '%.*s'",
			    (int)key.len, key.at);
			fault(s, text.data);
		}
		/* Last, since they may settle the attempt. */
		each(s, json_get(out, "records"), records_take);
	}
	buf_release(&text);
}
