#ifndef NNI_REST_TRANSPORT_H
#define NNI_REST_TRANSPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "buf.h"
#include "curl-line.h"
#include "json.h"
#include "os/loop.h"
#include "server.h"

/*
 * Requests and their replies, by curl: many requests a process, one after the
 * other on kept connections, a few processes side by side, and one for each
 * stream.  All that is secret goes to curl's standard input, and so do bodies,
 * but for long ones, which lie in a file of mode 0600 meanwhile.
 *
 * What may pass is tried again: no answer at all, 408, 429, 500, 502, 503, 504,
 * after a pause that grows, with chance, or what Retry-After says.  After a 401
 * the credentials are made anew, once.  curl(1), RFC 9110.
 */
struct transport;

struct transport_calls {
	/* A server can be talked to, for the first time. */
	void (*opened)(void *arg, struct server *s);
	/* As in server_calls. */
	void (*away)(void *arg, struct server *s);
	/* Nothing will ever work. */
	void (*broken)(void *arg, const char *why);
};

struct transfer_calls {
	/*
	 * A reply of 200 to 299 begins; what an earlier one that broke off gave
	 * is void.  May be NULL.
	 */
	void (*begun)(void *arg);
	void (*body)(void *arg, const char *bytes, size_t len);
	/*
	 * It is over, and freed behind this call.  status 0: no answer, `why`
	 * says it.  Otherwise `reply` is the body of one that is not of 200 to
	 * 299; `why` is set where the body broke off.
	 */
	void (*done)(
	    void *arg, int status, const struct buf *reply, const char *why);
	/* It is tried again, and why.  May be NULL. */
	void (*again)(void *arg, const char *why);
};

struct transfer {
	/* Set by the owner, between transfer_new() and transport_send(). */
	struct server *server;
	char *method;
	char *path; /* with its query; owned, as `method` */
	bool whole; /* `path` is a URL: secret, if it is not `server`'s */
	struct buf headers; /* lines made by curl_line() */
	struct buf body;
	bool has_body;
	bool stream; /* it lasts; never tried again */
	bool alone;  /* it lasts, too: others do not wait behind it, and what
			comes of it is had at once; so is a stream */
	bool calm;   /* it may wait: not too many of those a second */
	int64_t timeout_ms;
	int64_t tries; /* 0: for ever */
	const struct transfer_calls *calls;
	void *arg;
	/* The rest is the transport's. */
	struct transfer *next;
	struct curl *on; /* under way */
	int64_t due_ms, pause_ms, tried;
	bool refused; /* a 401 was answered once */
	bool dropped;
	int status;
	int64_t size; /* of the whole that a part was asked of; -1: not said */
	char *retry_after, *body_file;
	size_t body_file_len;
	struct buf reply;
};

struct transport *transport_new(struct loop *loop, const char *dir,
    const char *member, const struct transport_calls *calls, void *arg);
void transport_free(struct transport *t);

/* `spec` of a platform's answer to its start (access.h). NULL with err. */
struct server *transport_add_server(
    struct transport *t, const char *name, struct json spec, struct buf *err);
struct server *transport_server(struct transport *t, const char *name);
/* Where that URL is, without any of our credentials; NULL with err, in which
   nothing of the URL is. */
struct server *transport_url_server(
    struct transport *t, const char *url, struct buf *err);

/* No replies are taken until it is let go again. */
void transport_pause(struct transport *t, bool paused);

struct transfer *transfer_new(void);
/* One that was not sent. */
void transfer_free(struct transfer *f);
/* It will be sent when its server can be talked to. Takes `f`. */
void transport_send(struct transport *t, struct transfer *f);
/* Its owner does not want it any more; none of its calls comes. */
void transport_drop(struct transport *t, struct transfer *f);

#endif
