/*
 * A plugin for credentials, as a child of the loop.
 */
#include "exec-plugin.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "json.h"
#include "kinds.h"
#include "lines.h"
#include "mem.h"
#include "os/process.h"
#include "quote.h"
#include "say.h"
#include "when.h"

#define OUTPUT_MAX ((size_t)1 << 20)

/* How long we wait for the end of its output once it has ended: something that
   it left running may hold the pipe. */
enum { STRAGGLE_MS = 1000, LAST_WORDS_MAX = 1000 };

struct exec_plugin {
	struct loop *loop;
	exec_plugin_fn *fn; /* NULL: nobody waits any more */
	void *arg;
	char *where, *api_version, *name, *install_hint;
	struct proc proc;
	struct stream *out, *err;
	struct buf output; /* secret */
	struct lines lines;
	struct buf words; /* the last of its stderr */
	struct timer timer;
	int64_t deadline_ms;
	struct proc_end end;
	bool reaped, too_much;
	struct exec_plugin *next;
};

/* Those that have not been reaped, so that one which nobody waits for is still
   known. */
static struct exec_plugin *running;

void
exec_credential_release(struct exec_credential *c)
{
	if (c->token)
		memset(c->token, 0, strlen(c->token));
	if (c->key)
		memset(c->key, 0, strlen(c->key));
	free(c->token);
	free(c->cert);
	free(c->key);
	memset(c, 0, sizeof(*c));
}

/* ---- what it printed ---- */

/* A text, or nothing where it is absent, null or empty; -1: something else. */
static int
take(struct json status, const char *key, char **to)
{
	struct json v = json_get(status, key);

	if (json_type(v) == JSON_ABSENT || json_type(v) == JSON_NULL)
		return 0;
	*to = json_strdup(v);
	if (*to && **to == '\0') {
		free(*to);
		*to = NULL;
		return 0;
	}
	return *to ? 0 : -1;
}

static int
take_status(struct exec_credential *c, struct json status, struct buf *err)
{
	char *expires = NULL;
	int result = 0;

	if (json_type(status) != JSON_OBJECT)
		return buf_err(err, "it printed no 'status'");
	if (take(status, "token", &c->token) == -1 ||
	    take(status, "clientCertificateData", &c->cert) == -1 ||
	    take(status, "clientKeyData", &c->key) == -1 ||
	    take(status, "expirationTimestamp", &expires) == -1)
		result = buf_err(err, "something in 'status' is no text");
	else if (!c->cert != !c->key)
		result = buf_err(err,
		    "of clientCertificateData and clientKeyData it printed "
		    "only one");
	else if (!c->cert && !c->token)
		result = buf_err(err,
		    "there is neither a token nor a certificate in 'status'");
	else if (c->token && !access_is_header_text(c->token))
		result = buf_err(err,
		    "the token has a line break or another control character");
	else if (c->cert && (!strstr(c->cert, "-----BEGIN ") ||
				!strstr(c->key, "-----BEGIN ")))
		result = buf_err(err,
		    "clientCertificateData or clientKeyData is not in the PEM "
		    "format");
	else if (expires && when_parse(expires, &c->expires_ms) == -1)
		result = buf_err(err, "expirationTimestamp is no time as RFC "
				      "3339 has it");
	free(expires);
	return result;
}

int
exec_credential_parse(struct exec_credential *c, const char *text, size_t len,
    const char *api_version, struct buf *err)
{
	struct json all;
	char *kind = NULL, *version = NULL;
	int result = -1;

	memset(c, 0, sizeof(*c));
	if (json_check(text, len, JSON_STRICT, &all, NULL, NULL) == -1 ||
	    json_type(all) != JSON_OBJECT)
		return buf_err(err, len ? "it printed something that is no "
					  "JSON object"
					: "it printed nothing");
	take(all, "kind", &kind);
	take(all, "apiVersion", &version);
	if (kind == NULL || strcmp(kind, "ExecCredential") != 0)
		buf_err(err, "what it printed is no ExecCredential");
	else if (version == NULL || strcmp(version, api_version) != 0)
		buf_err(err,
		    "it was asked for %s and printed another apiVersion: "
		    "put that one into the kubeconfig, or update the plugin",
		    api_version);
	else
		result = take_status(c, json_get(all, "status"), err);
	free(kind);
	free(version);
	if (result == -1)
		exec_credential_release(c);
	return result;
}

/* ---- its end ---- */

static void
free_plugin(struct exec_plugin *p)
{
	struct exec_plugin **at;

	for (at = &running; *at; at = &(*at)->next)
		if (*at == p) {
			*at = p->next;
			break;
		}
	timer_stop(&p->timer);
	stream_close(p->out);
	stream_close(p->err);
	memset(p->output.data, 0, p->output.len);
	buf_release(&p->output);
	lines_release(&p->lines);
	buf_release(&p->words);
	free(p->where);
	free(p->api_version);
	free(p->name);
	free(p->install_hint);
	free(p);
}

/* fn, once; nothing is read any more. */
static void
answer(struct exec_plugin *p, struct exec_credential *c, const char *problem,
    const char *hint)
{
	exec_plugin_fn *fn = p->fn;
	void *arg = p->arg;
	struct buf text = BUF_INIT, advice = BUF_INIT;

	p->fn = NULL;
	stream_close(p->out);
	stream_close(p->err);
	p->out = p->err = NULL;
	timer_stop(&p->timer);
	if (problem) {
		buf_addf(&text, "%s: %s", p->where, problem);
		if (p->words.len)
			buf_addf(&text, ": %s", p->words.data);
	}
	if (hint)
		buf_set(&advice, hint);
	if (p->reaped)
		free_plugin(p);
	if (fn)
		fn(arg, problem ? NULL : c, problem ? text.data : NULL,
		    advice.len ? advice.data : NULL);
	if (c)
		exec_credential_release(c);
	buf_release(&text);
	buf_release(&advice);
}

static void
settle(struct exec_plugin *p)
{
	struct exec_credential c = {NULL, NULL, NULL, 0};
	struct buf err = BUF_INIT, text = BUF_INIT;

	if (p->too_much)
		buf_addf(&text, "the plugin '%s' printed more than %d KiB",
		    p->name, (int)(OUTPUT_MAX >> 10));
	else if (p->end.signaled)
		buf_addf(&text, "the plugin '%s' was killed by signal %s",
		    p->name, proc_signal_name(p->end.code));
	else if (p->end.code != 0)
		buf_addf(&text, "the plugin '%s' failed with exit code %d",
		    p->name, p->end.code);
	else if (exec_credential_parse(&c, p->output.data, p->output.len,
		     p->api_version, &err) == -1)
		buf_addf(&text, "the plugin '%s': %s", p->name, err.data);
	if (text.len)
		answer(p, NULL, text.data,
		    "run it by hand, or kubectl get pods: it may want you to "
		    "log in again");
	else
		answer(p, &c, NULL, NULL);
	buf_release(&err);
	buf_release(&text);
}

static void
on_straggle(void *arg)
{
	settle(arg);
}

static void
on_end(void *arg, struct proc_end end)
{
	struct exec_plugin *p = arg;

	p->end = end;
	p->reaped = true;
	if (p->fn == NULL)
		free_plugin(p);
	else if (p->out == NULL && p->err == NULL)
		settle(p);
	else
		timer_set(p->loop, &p->timer, STRAGGLE_MS, on_straggle, p);
}

static void
stream_over(struct exec_plugin *p)
{
	if (p->reaped && p->out == NULL && p->err == NULL)
		settle(p);
}

static void
too_late(void *arg)
{
	struct exec_plugin *p = arg;
	struct buf text = BUF_INIT;

	proc_kill(&p->proc, PROC_KILL);
	buf_addf(&text,
	    "the plugin '%s' gave no answer in %" PRId64 " s and was killed",
	    p->name, p->deadline_ms / 1000);
	answer(p, NULL, text.data,
	    "run it by hand, or kubectl get pods: it may want you to log in");
	buf_release(&text);
}

/* ---- while it runs ---- */

static void
on_output(void *arg, const char *bytes, size_t len)
{
	struct exec_plugin *p = arg;

	if (len == 0) {
		stream_close(p->out);
		p->out = NULL;
		stream_over(p);
	} else if (buf_add(&p->output, bytes, len) == -1 && !p->too_much) {
		p->too_much = true;
		proc_kill(&p->proc, PROC_KILL);
	}
}

static void
on_line(void *arg, char *line, size_t len)
{
	struct exec_plugin *p = arg;

	if (line == NULL || len == 0)
		return;
	say("%s: %s", p->name, line);
	if (p->words.len)
		buf_adds(&p->words, "; ");
	quote_visible(&p->words, line, len);
	if (p->words.len > LAST_WORDS_MAX)
		buf_drop(&p->words, p->words.len - LAST_WORDS_MAX);
}

static void
on_words(void *arg, const char *bytes, size_t len)
{
	struct exec_plugin *p = arg;

	if (len > 0) {
		lines_feed(&p->lines, bytes, len, on_line, p);
		return;
	}
	lines_end(&p->lines, on_line, p);
	stream_close(p->err);
	p->err = NULL;
	stream_over(p);
}

/* ---- its start ---- */

static int
start(struct exec_plugin *p, const struct kube_exec *spec, struct buf *err)
{
	struct proc_spec s = {.argv = spec->argv,
	    .in = {PROC_NULL, OS_NO_FILE},
	    .out = {PROC_PIPE, OS_NO_FILE},
	    .err = {PROC_PIPE, OS_NO_FILE}};
	struct buf info = BUF_INIT;
	const char **env;
	size_t count = 0, i;
	int result;

	while (spec->env && spec->env[count])
		count++;
	env = xcalloc(count + 2, sizeof(*env));
	for (i = 0; i < count; i++)
		env[i] = spec->env[i];
	buf_addf(&info, "KUBERNETES_EXEC_INFO=%s", spec->info);
	env[count] = info.data;
	s.env = env;
	result = proc_start(&p->proc, &s, err);
	free(env);
	buf_release(&info);
	return result;
}

struct exec_plugin *
exec_plugin_start(struct loop *l, const struct kube_exec *spec,
    int64_t deadline_ms, exec_plugin_fn *fn, void *arg)
{
	struct exec_plugin *p = xcalloc(1, sizeof(*p));
	struct buf err = BUF_INIT;

	p->loop = l;
	p->fn = fn;
	p->arg = arg;
	p->where = xstrdup(spec->where);
	p->api_version = xstrdup(spec->api_version);
	p->name = xstrdup(path_base(spec->argv[0]));
	p->install_hint =
	    spec->install_hint ? xstrdup(spec->install_hint) : NULL;
	p->deadline_ms = deadline_ms;
	buf_init(&p->output, OUTPUT_MAX);
	buf_init(&p->words, 2 * NNI_LINE_MAX);
	lines_init(&p->lines);
	if (start(p, spec, &err) == -1) {
		p->reaped = true;
		answer(p, NULL, err.data,
		    p->install_hint ? p->install_hint
				    : "install it, or put it into PATH");
		buf_release(&err);
		return NULL;
	}
	p->next = running;
	running = p;
	p->out = stream_reader(l, p->proc.out, on_output, p);
	p->err = stream_reader(l, p->proc.err, on_words, p);
	loop_child(l, &p->proc, on_end, p);
	timer_set(l, &p->timer, deadline_ms, too_late, p);
	return p;
}

void
exec_plugin_stop(struct exec_plugin *p)
{
	if (p == NULL)
		return;
	p->fn = NULL;
	if (p->reaped) {
		free_plugin(p);
		return;
	}
	proc_kill(&p->proc, PROC_KILL);
	timer_stop(&p->timer);
	stream_close(p->out);
	stream_close(p->err);
	p->out = p->err = NULL;
}
