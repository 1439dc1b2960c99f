/*
 * A plugin for credentials, as a child of the loop.
 */
#include "exec-plugin.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "inquiry.h"
#include "json.h"
#include "kinds.h"
#include "lines.h"
#include "mem.h"
#include "os/process.h"
#include "quote.h"
#include "say.h"
#include "when.h"

enum { LAST_WORDS_MAX = 1000 };

struct exec_plugin {
	exec_plugin_fn *fn;
	void *arg;
	char *where, *api_version, *name;
	struct inquiry *inquiry;
	struct buf words; /* the last of its stderr */
	int64_t deadline_ms;
};

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
	buf_release(&p->words);
	free(p->where);
	free(p->api_version);
	free(p->name);
	free(p);
}

/* fn, and it is gone. */
static void
answer(struct exec_plugin *p, struct exec_credential *c, const char *problem,
    const char *hint)
{
	exec_plugin_fn *fn = p->fn;
	void *arg = p->arg;
	struct buf text = BUF_INIT, advice = BUF_INIT;

	if (problem) {
		buf_addf(&text, "%s: %s", p->where, problem);
		if (p->words.len)
			buf_addf(&text, ": %s", p->words.data);
	}
	if (hint)
		buf_set(&advice, hint);
	free_plugin(p);
	fn(arg, problem ? NULL : c, problem ? text.data : NULL,
	    advice.len ? advice.data : NULL);
	if (c)
		exec_credential_release(c);
	buf_release(&text);
	buf_release(&advice);
}

static void
on_end(void *arg, const struct inquiry_end *how, const struct buf *out,
    const struct buf *words)
{
	struct exec_plugin *p = arg;
	struct exec_credential c = {NULL, NULL, NULL, 0};
	struct buf err = BUF_INIT, text = BUF_INIT;

	(void)words;
	if (how->late)
		buf_addf(&text,
		    "the plugin '%s' gave no answer in %" PRId64
		    " s and was killed",
		    p->name, p->deadline_ms / 1000);
	else if (how->too_much)
		buf_addf(&text, "the plugin '%s' printed more than %d KiB",
		    p->name, (int)(out->max >> 10));
	else if (how->code == -1)
		buf_addf(&text, "the plugin '%s' was killed by signal %s",
		    p->name, proc_signal_name(how->signal));
	else if (how->code != 0)
		buf_addf(&text, "the plugin '%s' failed with exit code %d",
		    p->name, how->code);
	else if (exec_credential_parse(
		     &c, out->data, out->len, p->api_version, &err) == -1)
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

/* ---- while it runs ---- */

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

/* ---- its start ---- */

static struct inquiry *
start(struct loop *l, struct exec_plugin *p, const struct kube_exec *spec,
    struct buf *err)
{
	struct inquiry *result;
	struct buf info = BUF_INIT;
	const char **env;
	size_t count = 0, i;

	while (spec->env && spec->env[count])
		count++;
	env = xcalloc(count + 2, sizeof(*env));
	for (i = 0; i < count; i++)
		env[i] = spec->env[i];
	buf_addf(&info, "KUBERNETES_EXEC_INFO=%s", spec->info);
	env[count] = info.data;
	result = inquiry_start(l,
	    &(struct inquiry_spec){.argv = spec->argv,
		.env = env,
		.timeout_ms = p->deadline_ms,
		.line = on_line},
	    on_end, p, err);
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

	p->fn = fn;
	p->arg = arg;
	p->where = xstrdup(spec->where);
	p->api_version = xstrdup(spec->api_version);
	p->name = xstrdup(path_base(spec->argv[0]));
	p->deadline_ms = deadline_ms;
	buf_init(&p->words, 2 * NNI_LINE_MAX);
	p->inquiry = start(l, p, spec, &err);
	if (p->inquiry)
		return p;
	answer(p, NULL, err.data,
	    spec->install_hint ? spec->install_hint
			       : "install it, or put it into PATH");
	buf_release(&err);
	return NULL;
}

void
exec_plugin_stop(struct exec_plugin *p)
{
	if (p == NULL)
		return;
	inquiry_stop(p->inquiry);
	free_plugin(p);
}
