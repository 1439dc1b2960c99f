/* Servers: who we are there, and whether they answer. */
#include "server.h"

#include <stdlib.h>
#include <string.h>

#include "mem.h"
#include "os/sys.h"

/* Requests that may wait: so many a second, if nothing is said. */
#define CALM 20

int64_t
pause_by_chance(int64_t ms)
{
	uint32_t chance = 0;

	random_bytes(&chance, sizeof(chance));
	return ms / 2 + (int64_t)(chance % (uint64_t)(ms / 2 + 1));
}

const char *
server_url(const struct server *s)
{
	return s->opened ? access_url(s->access) : "";
}

struct json
server_facts(const struct server *s)
{
	return access_facts(s->access);
}

static void
set_calm(struct server *s, struct json spec)
{
	double each_second = 0;

	json_double(json_get(spec, "calm"), &each_second);
	if (!(each_second > 0.001 && each_second <= 1000))
		each_second = CALM;
	s->calm_step_ms = (int64_t)(1000 / each_second);
	s->calm_burst = each_second > 1 ? (int64_t)each_second : 1;
}

/* How it is reached, without who we are there; its end is left open. */
static void
set_way(struct server *s, struct json spec)
{
	static const char *const keys[] = {
	    "certificateAuthority", "insecure", "proxy"};
	struct buf way = BUF_INIT;
	size_t i;

	buf_adds(&way, "{\"kind\":\"none\"");
	for (i = 0; i < sizeof(keys) / sizeof(*keys); i++)
		if (json_type(json_get(spec, keys[i])) != JSON_ABSENT)
			json_member_raw(&way, keys[i], json_get(spec, keys[i]));
	s->way = buf_detach(&way);
}

struct server *
server_new(struct loop *loop, const char *dir, const char *member,
    const char *name, struct json spec, const struct server_calls *calls,
    void *arg, struct buf *err)
{
	struct access *a = access_new(loop, dir, member, spec, err);
	struct server *s;

	if (a == NULL)
		return NULL;
	s = xcalloc(1, sizeof(*s));
	s->loop = loop;
	s->calls = calls;
	s->arg = arg;
	s->name = xstrdup(name);
	s->access = a;
	s->away = (struct timer)TIMER_INIT;
	set_calm(s, spec);
	set_way(s, spec);
	return s;
}

struct server *
server_of_url(const struct server *like, const char *origin, struct loop *loop,
    const char *dir, const char *member, const struct server_calls *calls,
    void *arg, struct buf *err)
{
	struct buf text = BUF_INIT;
	struct server *s = NULL;
	struct json spec;

	buf_adds(&text, like ? like->way : "{\"kind\":\"none\"");
	json_member_str(&text, "url", origin);
	buf_addc(&text, '}');
	if (json_check(text.data, text.len, JSON_STRICT, &spec, NULL, err) == 0)
		s = server_new(
		    loop, dir, member, origin, spec, calls, arg, err);
	if (s)
		s->nameless = true;
	buf_release(&text);
	return s;
}

int64_t
server_calm_ms(const struct server *s)
{
	int64_t ms = s->calm_ms - loop_now_ms(s->loop);

	return ms > 0 ? ms : 0;
}

void
server_count_calm(struct server *s)
{
	int64_t first =
	    loop_now_ms(s->loop) - (s->calm_burst - 1) * s->calm_step_ms;

	if (s->calm_ms < first)
		s->calm_ms = first;
	s->calm_ms += s->calm_step_ms;
}

void
server_free(struct server *s)
{
	timer_stop(&s->away);
	access_free(s->access);
	free(s->name);
	free(s->trouble);
	free(s->hint);
	free(s->way);
	free(s);
}

static void
stays_away(void *arg)
{
	struct server *s = arg;

	s->lasting = true;
	s->calls->away(s->arg, s);
}

void
server_away(struct server *s, const char *why, const char *hint)
{
	if (s->trouble && strcmp(s->trouble, why) == 0)
		return;
	if (s->trouble == NULL)
		timer_set(s->loop, &s->away, SERVER_AWAY_MS, stays_away, s);
	free(s->trouble);
	free(s->hint);
	s->trouble = xstrdup(why);
	s->hint = hint ? xstrdup(hint) : NULL;
	if (!s->lasting)
		s->calls->away(s->arg, s);
}

void
server_back(struct server *s)
{
	if (s->trouble == NULL)
		return;
	timer_stop(&s->away);
	free(s->trouble);
	free(s->hint);
	s->trouble = s->hint = NULL;
	s->lasting = false;
	s->calls->away(s->arg, s);
}

static void
credentials(void *arg, const char *problem, const char *hint)
{
	struct server *s = arg;

	s->asking = false;
	if (problem) {
		s->pause_ms = s->pause_ms ? 2 * s->pause_ms : PAUSE_MS;
		if (s->pause_ms > PAUSE_MAX_MS)
			s->pause_ms = PAUSE_MAX_MS;
		s->again_ms =
		    loop_now_ms(s->loop) + pause_by_chance(s->pause_ms);
		server_away(s, problem, hint);
		s->calls->wake(s->arg, s->again_ms - loop_now_ms(s->loop));
		return;
	}
	s->ready = true;
	s->pause_ms = 0;
	if (!s->opened) {
		s->opened = true;
		s->calls->opened(s->arg, s);
	}
	s->calls->wake(s->arg, 0);
}

void
server_ask(struct server *s)
{
	if (s->ready || s->asking)
		return;
	if (s->again_ms > loop_now_ms(s->loop)) {
		s->calls->wake(s->arg, s->again_ms - loop_now_ms(s->loop));
		return;
	}
	s->asking = true;
	access_ready(s->access, credentials, s);
}

void
server_refused(struct server *s)
{
	access_refused(s->access);
	s->ready = false;
}

bool
server_may_pass(const struct server *s, int status)
{
	return status == 0 || status == 408 || status == 429 || status == 500 ||
	       (status >= 502 && status <= 504) || (status == 401 && s->let_in);
}

void
server_expired(struct server *s, const char *why)
{
	server_away(s, why,
	    "log in again; the credentials are read anew, and all goes on");
	/* A plugin need not run for each request that waits. */
	if (loop_now_ms(s->loop) < s->login_ms)
		return;
	s->login_ms = loop_now_ms(s->loop) + LOGIN_MS;
	server_refused(s);
}
