#ifndef NNI_REST_SERVER_H
#define NNI_REST_SERVER_H

#include <stdbool.h>
#include <stdint.h>
#include "access.h"
#include "buf.h"
#include "json.h"
#include "os/loop.h"

/* A server that is talked to: its credentials, and whether it answers. */
struct server;

struct server_calls {
	/* It can be talked to, for the first time. */
	void (*opened)(void *arg, struct server *s);
	/* It does not answer, or lets nobody in: its `trouble`; once more when
	   that is `lasting`.  trouble NULL: it answers again. */
	void (*away)(void *arg, struct server *s);
	/* Requests may go on in so many milliseconds. */
	void (*wake)(void *arg, int64_t ms);
};

struct server {
	struct server *next; /* its owner's */
	struct loop *loop;
	const struct server_calls *calls;
	void *arg;
	char *name;
	struct access *access;
	bool asking, ready, opened;
	bool let_in;   /* it accepted our credentials once */
	char *trouble; /* why it is away; NULL: it is not */
	char *hint;    /* what to do about that; NULL: nothing to say */
	bool lasting;  /* it is away for SERVER_AWAY_MS */
	struct timer away;
	int64_t again_ms, pause_ms;
	int64_t
	    login_ms; /* before that credentials are not made anew once more */
	/* Requests that may wait: one in so many milliseconds, but for a few
	   at once; and when the next one may go, less those. */
	int64_t calm_step_ms, calm_burst, calm_ms;
	/* A URL that somebody gave us is there: the platform knows nothing of
	   a server. */
	bool nameless;
	char *way; /* SPEC of kind none, for such URLs on the same host */
};

/* So long a server may be silent before it is said. */
#define SERVER_AWAY_MS 10000
/* Pauses before something is tried again: the first, and the longest. */
#define PAUSE_MS 500
#define PAUSE_MAX_MS 30000
/* So often at most new credentials are asked for that may be as useless. */
#define LOGIN_MS 2000
/* From half of it to all of it. */
int64_t pause_by_chance(int64_t ms);

/* `spec`: access.h.  NULL with err. */
struct server *server_new(struct loop *loop, const char *dir,
    const char *member, const char *name, struct json spec,
    const struct server_calls *calls, void *arg, struct buf *err);
/* One for URLs that begin with `origin` (url.h), nobody there; reached the way
   that `like` is, on the same host; NULL: as any other. */
struct server *server_of_url(const struct server *like, const char *origin,
    struct loop *loop, const char *dir, const char *member,
    const struct server_calls *calls, void *arg, struct buf *err);
void server_free(struct server *s);
/* In how many milliseconds may a request go that may wait?  That it did. */
int64_t server_calm_ms(const struct server *s);
void server_count_calm(struct server *s);
/* Sees to it that credentials are there, s->ready, or will be. */
void server_ask(struct server *s);
/* Is that status of a reply, 0 if there was none, one that may pass?  Who was
   let in before (401) is so again, with a new login. */
bool server_may_pass(const struct server *s, int status);
/* It does not accept our credentials. */
void server_refused(struct server *s);
/* Nor new ones, though it let us in before: away, until somebody logs in. */
void server_expired(struct server *s, const char *why);
void server_away(struct server *s, const char *why, const char *hint);
void server_back(struct server *s);

/* Where it is: "https://192.0.2.1:6443"; "" while that is not known. */
const char *server_url(const struct server *s);
/* Members of the event that tells of it. */
struct json server_facts(const struct server *s);

#endif
