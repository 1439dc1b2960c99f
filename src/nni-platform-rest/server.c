/* Servers: who we are there, and whether they answer. */
#include "server.h"

#include <stdlib.h>
#include <string.h>

#include "mem.h"
#include "os/sys.h"

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
	return s;
}

void
server_free(struct server *s)
{
	timer_stop(&s->away);
	access_free(s->access);
	free(s->name);
	free(s->trouble);
	free(s->hint);
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
