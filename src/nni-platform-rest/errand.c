/* Code and tools are made ready beside the loop. */
#include "errand.h"

#include <inttypes.h>
#include <stdlib.h>

#include "inquiry.h"
#include "mem.h"
#include "say.h"
#include "os/file.h"
#include "os/sys.h"

/* A share may be slow; what hangs is killed one day. */
#define ERRAND_MS ((int64_t)24 * 3600 * 1000)

struct errand {
	struct errand *next;
	struct subject *subject;
	char *id;
	struct inquiry *inquiry;
};

static void
errand_free(struct errand *one)
{
	struct errand **at = &one->subject->engine->errands;

	while (*at != one)
		at = &(*at)->next;
	*at = one->next;
	free(one->id);
	free(one);
}

static void
reply(struct subject *s, const char *id, struct json said, struct buf *err)
{
	struct buf more = BUF_INIT;

	if (json_type(json_get(said, "error")) == JSON_STRING)
		json_string(json_get(said, "error"), err);
	else if (said.len > 2)
		buf_addf(&more, ",%.*s", (int)said.len - 2, said.at + 1);
	request_reply(s, id, 200, err, more.data);
	buf_release(&more);
}

static void
over(void *arg, const struct inquiry_end *how, const struct buf *out,
    const struct buf *words)
{
	struct errand *one = arg;
	struct subject *s = one->subject;
	struct json said = JSON_NONE;
	struct buf err = BUF_INIT;

	if (how->code != NNI_OK || json_check(out->data, out->len, JSON_STRICT,
				       &said, NULL, NULL) == -1)
		buf_addf(&err, "the program for it failed: %s",
		    words->len ? words->data : "it said nothing");
	reply(s, one->id, said, &err);
	errand_free(one);
	s->engine->requests--;
	engine_look(s->engine);
	buf_release(&err);
}

/* `to` is to be empty. */
static void
carry_out(struct delivery *d, struct json spec, struct buf *to)
{
	struct buf what = BUF_INIT, into = BUF_INIT, digest = BUF_INIT;
	struct buf err = BUF_INIT;
	int64_t bytes;

	json_string(json_get(spec, "what"), &what);
	json_string(json_get(spec, "into"), &into);
	buf_addc(to, '{');
	if (record_is(json_get(spec, "as"), "unpack")) {
		delivery_unpack(d, what.data, into.data, &err);
	} else if (delivery_prepare(d, what.data, &bytes, &digest, &err) == 0) {
		json_member_int(to, "bytes", bytes);
		json_member_str(to, "digest", digest.data);
	}
	if (err.len)
		json_member_str(to, "error", err.data);
	buf_addc(to, '}');
	buf_release(&what);
	buf_release(&into);
	buf_release(&digest);
	buf_release(&err);
}

void
errand_start(struct subject *s, struct json spec, const char *id)
{
	struct engine *e = s->engine;
	struct errand *one = xcalloc(1, sizeof(*one));
	struct buf in = BUF_INIT, err = BUF_INIT, said = BUF_INIT;
	const char *argv[] = {sys_self_path(), "deliver", "--dir", e->v->dir,
	    "--member", e->v->member, NULL};

	one->subject = s;
	one->id = xstrdup(id);
	one->next = e->errands;
	e->errands = one;
	json_add(&in, spec);
	if (argv[0])
		one->inquiry = inquiry_start(e->loop,
		    &(struct inquiry_spec){.argv = (char *const *)argv,
			.in = &in,
			.timeout_ms = ERRAND_MS,
			.own_group = true},
		    over, one, &err);
	if (one->inquiry) {
		e->requests++;
	} else {
		/* No more processes are to be had: then all waits for it. */
		carry_out(e->delivery, spec, &said);
		buf_clear(&err);
		reply(s, id, (struct json){said.data, said.len}, &err);
		errand_free(one);
	}
	buf_release(&in);
	buf_release(&err);
	buf_release(&said);
}

void
errands_stop(struct engine *e)
{
	while (e->errands) {
		inquiry_stop(e->errands->inquiry);
		errand_free(e->errands);
	}
}

int
errand_run(const char *dir)
{
	struct delivery *d = delivery_new(dir);
	struct buf in = BUF_INIT, said = BUF_INIT, err = BUF_INIT;
	struct json spec;
	char block[4096];
	int64_t n;
	int code = NNI_OK;

	while ((n = file_read(sys_stdin(), block, sizeof(block))) > 0)
		buf_add(&in, block, (size_t)n);
	if (json_check(in.data, in.len, JSON_STRICT, &spec, NULL, &err) == -1) {
		say_error(
		    NNI_USAGE, "standard input is no request: %s", err.data);
		code = NNI_USAGE;
	} else {
		carry_out(d, spec, &said);
		code =
		    say_data(said.data, said.len) == 0 ? NNI_OK : NNI_TEMPORARY;
	}
	delivery_free(d);
	buf_release(&in);
	buf_release(&said);
	buf_release(&err);
	return code;
}
