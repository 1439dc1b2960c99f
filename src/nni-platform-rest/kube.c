/*
 * Servers of Kubernetes, as a kubeconfig tells of them, or a pod's own service
 * account.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base64.h"
#include "curl-line.h"
#include "exec-plugin.h"
#include "keyfile.h"
#include "kinds.h"
#include "kubeconfig.h"
#include "mem.h"
#include "os/file.h"
#include "os/sys.h"

#define ACCOUNT_DIR "/var/run/secrets/kubernetes.io/serviceaccount"

/* Some plugins have their user log in with a browser meanwhile. */
enum { PLUGIN_DEADLINE_MS = 120000, EARLY_MS = 10000 };

struct kube {
	struct access access;
	char *file, *context, *namespace; /* of the spec; NULL: not given */
	struct kubeconfig config;
	bool stale;		    /* the files are to be read again */
	struct buf base;	    /* lines that hold until then; secret */
	struct exec_plugin *plugin; /* runs */
	struct exec_credential credential; /* of the plugin, kept */
	bool has_credential;
	int64_t deadline_ms;
};

/* ---- the service account of a pod ---- */

static void
in_folder(struct buf *path, const char *dir, const char *name)
{
	buf_set(path, dir);
	path_add(path, name);
}

/* 0; 1: this is no pod, or one without an account. */
static int
read_account(struct kubeconfig *k)
{
	const char *host = env_get("KUBERNETES_SERVICE_HOST");
	const char *port = env_get("KUBERNETES_SERVICE_PORT");
	const char *dir = env_get("NNI_SERVICE_ACCOUNT");
	struct buf path = BUF_INIT, text = BUF_INIT_MAX(4096);
	struct file_info info;
	bool v6;

	if (dir == NULL || *dir == '\0')
		dir = ACCOUNT_DIR;
	in_folder(&path, dir, "token");
	if (host == NULL || *host == '\0' ||
	    file_info(path.data, true, &info) == -1 ||
	    info.type == FILE_ABSENT) {
		buf_release(&path);
		return 1;
	}
	memset(k, 0, sizeof(*k));
	k->token_file = buf_detach(&path);
	v6 = strchr(host, ':') != NULL;
	buf_addf(&text, "https://%s%s%s:%s", v6 ? "[" : "", host, v6 ? "]" : "",
	    port && *port ? port : "443");
	k->server = buf_detach(&text);
	in_folder(&path, dir, "ca.crt");
	if (file_info(path.data, true, &info) == 0 && info.type != FILE_ABSENT)
		k->authority.file = buf_detach(&path);
	in_folder(&path, dir, "namespace");
	if (file_read_ordinary(path.data, &text, NULL) == 0) {
		buf_rtrim(&text);
		if (text.len)
			k->namespace = buf_detach(&text);
	}
	k->source = xstrdup(dir);
	k->context = xstrdup("");
	k->cluster = xstrdup("");
	k->user = xstrdup("");
	buf_release(&text);
	buf_release(&path);
	return 0;
}

/* ---- curl's lines ---- */

/* A line `name` with the path of a file that has it. */
static int
add_pem(struct kube *q, struct buf *lines, const char *name,
    const struct kube_pem *pem, struct buf *err)
{
	struct buf path = BUF_INIT, text = BUF_INIT;
	const char *c;
	int result = 0;

	if (pem->pem)
		result = keyfile_put(
		    q->access.dir, pem->pem, strlen(pem->pem), &path, err);
	else
		buf_adds(&path, pem->file);
	/* What follows a colon would be the file's password. */
	for (c = path.data; *c; c++) {
		if (*name == 'c' && (*c == ':' || *c == '\\'))
			buf_addc(&text, '\\');
		buf_addc(&text, *c);
	}
	if (result == 0)
		curl_line(lines, name, text.data);
	buf_release(&path);
	buf_release(&text);
	return result;
}

static int
add_authority(struct kube *q, const struct kube_pem *pem, struct buf *err)
{
	struct buf path = BUF_INIT;
	int result = 0;

	if (pem->pem)
		result = keyfile_put(
		    q->access.dir, pem->pem, strlen(pem->pem), &path, err);
	else if (pem->file)
		buf_adds(&path, pem->file);
	if (result == 0 && path.len)
		result = access_trust(&q->access, &q->base, path.data, err);
	buf_release(&path);
	return result;
}

/*
 * The server shows a certificate for another name than it is reached by: curl
 * gets a URL with that name, and where to connect in truth.
 */
static void
add_server_name(struct kube *q)
{
	struct access *a = &q->access;
	const char *host = strstr(a->url.data, "://") + 3;
	size_t len = strcspn(host, "/"), name = len;
	struct buf url = BUF_INIT, text = BUF_INIT;
	const char *port = "443";

	while (name > 0 && host[name - 1] != ':' && host[name - 1] != ']')
		name--;
	if (name > 0 && host[name - 1] == ':') {
		port = host + name;
		name--;
	} else {
		name = len;
	}
	len -= name;
	buf_addf(&text, "%s:%.*s:%.*s:%.*s", q->config.tls_server_name,
	    (int)(len ? len - 1 : 3), port, (int)name, host,
	    (int)(len ? len - 1 : 3), port);
	curl_line(&q->base, "connect-to", text.data);
	buf_setf(&text, "Host: %.*s", (int)(name + len), host);
	curl_line(&q->base, "header", text.data);
	buf_addf(&url, "https://%s%s", q->config.tls_server_name, host + name);
	buf_set(&a->url, url.data);
	buf_release(&url);
	buf_release(&text);
}

static int
add_user(struct kube *q, struct buf *err)
{
	const struct kubeconfig *k = &q->config;
	size_t i;

	if ((k->cert.pem || k->cert.file) &&
	    (add_pem(q, &q->base, "cert", &k->cert, err) == -1 ||
		add_pem(q, &q->base, "key", &k->key, err) == -1))
		return -1;
	for (i = 0; k->impersonate && k->impersonate[i]; i++)
		curl_line(&q->base, "header", k->impersonate[i]);
	return 0;
}

/* What holds until the files are read again. */
static int
make_base(struct kube *q, struct buf *err)
{
	const struct kubeconfig *k = &q->config;
	struct access *a = &q->access;

	memset(q->base.data, 0, q->base.len);
	buf_clear(&q->base);
	buf_clear(&a->url);
	if (access_base_url(&a->url, k->server, err) == -1)
		return -1;
	if (k->insecure)
		curl_flag(&q->base, "insecure");
	access_warn(a, k->insecure, "'insecure-skip-tls-verify'");
	if (!k->uncompressed)
		curl_flag(&q->base, "compressed");
	if (k->tls_server_name && strncmp(a->url.data, "https:", 6) == 0)
		add_server_name(q);
	if (add_authority(q, &k->authority, err) == -1 ||
	    (k->proxy && access_proxy(&q->base, k->proxy, err) == -1))
		return -1;
	return add_user(q, err);
}

/* ---- what is told ---- */

/* A label as RFC 1123 has it: it becomes a part of URLs. */
static bool
is_namespace(const char *s)
{
	size_t len = strlen(s);

	return len > 0 && len <= 63 &&
	       strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789-") == len &&
	       s[0] != '-' && s[len - 1] != '-';
}

static int
make_facts(struct kube *q, struct buf *err)
{
	const struct kubeconfig *k = &q->config;
	struct access *a = &q->access;
	const char *namespace = q->namespace   ? q->namespace
				: k->namespace ? k->namespace
					       : "default";

	if (!is_namespace(namespace))
		return buf_err(err,
		    "the namespace '%s' is no name: it must be of a-z, 0-9 "
		    "and -",
		    namespace);
	buf_set(&a->facts, "{");
	json_member_str(&a->facts, "namespace", namespace);
	json_member_bool(&a->facts, "insecure", k->insecure);
	json_member_str(&a->facts, "context", k->context);
	json_member_str(&a->facts, "user", k->user);
	json_member_str(&a->facts, "source", k->source);
	json_member_str(&a->facts, "server", k->server);
	buf_adds(&a->facts, "}");
	if (*k->user)
		buf_setf(&a->who, "user '%s' of '%s'", k->user, k->source);
	else if (*k->context)
		buf_setf(&a->who, "nobody: context '%s' of '%s' names no user",
		    k->context, k->source);
	else
		buf_setf(&a->who, "the service account in '%s'", k->source);
	return 0;
}

static int
load(struct kube *q, struct buf *err)
{
	struct kubeconfig fresh;
	struct buf none = BUF_INIT;
	int result =
	    kubeconfig_read(&fresh, q->file, q->context, q->file ? err : &none);

	if (result == -1 && !q->file)
		buf_err(err, "%s", none.data);
	if (result == 1 && !q->context)
		result = read_account(&fresh);
	if (result == 1)
		result = buf_err(err,
		    "no cluster is known: %s, and this is no pod of one: name "
		    "a file with 'kubeconfig', or set KUBECONFIG",
		    none.data);
	buf_release(&none);
	if (result == -1)
		return -1;
	kubeconfig_release(&q->config);
	q->config = fresh;
	q->stale = make_base(q, err) == -1 || make_facts(q, err) == -1;
	return q->stale ? -1 : 0;
}

/* ---- credentials ---- */

static int
add_basic(struct kube *q, struct buf *err)
{
	const struct kubeconfig *k = &q->config;
	struct buf plain = BUF_INIT, text = BUF_INIT;
	int result;

	buf_addf(&plain, "%s:%s", k->username, k->password ? k->password : "");
	base64_encode(&text, plain.data, plain.len);
	result = access_authorize(
	    &q->access.lines, "Basic", text.data, "the password", err);
	memset(plain.data, 0, plain.len);
	memset(text.data, 0, text.len);
	buf_release(&plain);
	buf_release(&text);
	return result;
}

static int
add_credential(struct kube *q, struct buf *err)
{
	const struct exec_credential *c = &q->credential;
	const struct kube_pem cert = {NULL, c->cert}, key = {NULL, c->key};
	struct buf *lines = &q->access.lines;

	if (c->token && access_authorize(lines, "Bearer", c->token,
			    "the plugin's token", err) == -1)
		return -1;
	if (c->cert && (add_pem(q, lines, "cert", &cert, err) == -1 ||
			   add_pem(q, lines, "key", &key, err) == -1))
		return -1;
	return 0;
}

/* In the order in which kubectl takes them: what has a token asks no plugin. */
static int
make_lines(struct kube *q, struct buf *err)
{
	const struct kubeconfig *k = &q->config;
	struct buf *lines = &q->access.lines;

	memset(lines->data, 0, lines->len);
	buf_clear(lines);
	buf_add(lines, q->base.data, q->base.len);
	if (k->token_file)
		return access_authorize_file(lines, k->token_file, err);
	if (k->token)
		return access_authorize(
		    lines, "Bearer", k->token, k->token_where, err);
	if (k->username)
		return add_basic(q, err);
	return q->has_credential ? add_credential(q, err) : 0;
}

static void
finish(struct kube *q)
{
	struct buf err = BUF_INIT;
	int result = make_lines(q, &err);

	access_answer(&q->access, result == 0 ? NULL : err.data, NULL);
	buf_release(&err);
}

static void
on_credential(void *arg, const struct exec_credential *c, const char *problem,
    const char *hint)
{
	struct kube *q = arg;

	q->plugin = NULL;
	if (problem) {
		access_answer(&q->access, problem, hint);
		return;
	}
	q->credential =
	    (struct exec_credential){c->token ? xstrdup(c->token) : NULL,
		c->cert ? xstrdup(c->cert) : NULL,
		c->key ? xstrdup(c->key) : NULL, c->expires_ms};
	q->has_credential = true;
	finish(q);
}

static void
forget_credential(struct kube *q)
{
	exec_credential_release(&q->credential);
	q->has_credential = false;
}

static void
kube_ready(struct access *a)
{
	struct kube *q = (struct kube *)a;
	const struct kubeconfig *k = &q->config;
	struct buf err = BUF_INIT;
	struct exec_plugin *p;

	if (q->plugin)
		return;
	if (q->stale && load(q, &err) == -1) {
		access_answer(a, err.data, NULL);
		buf_release(&err);
		return;
	}
	if (q->has_credential && q->credential.expires_ms &&
	    clock_wall_ms() + EARLY_MS >= q->credential.expires_ms)
		forget_credential(q);
	if (k->exec && !k->token && !k->token_file && !k->username &&
	    !q->has_credential) {
		p = exec_plugin_start(
		    a->loop, k->exec, q->deadline_ms, on_credential, q);
		/* NULL: it has answered, and perhaps we are free by now. */
		if (p)
			q->plugin = p;
	} else {
		finish(q);
	}
}

static void
kube_refused(struct access *a)
{
	struct kube *q = (struct kube *)a;

	forget_credential(q);
	q->stale = true;
}

static int
kube_init(struct access *a, struct json spec, struct buf *err)
{
	static const char *const keys[] = {
	    "kind", "kubeconfig", "context", "namespace", NULL};
	struct kube *q = (struct kube *)a;
	struct buf path = BUF_INIT;

	buf_init(&q->base, BUF_MAX_DEFAULT);
	q->deadline_ms = PLUGIN_DEADLINE_MS;
	if (access_check_keys(spec, keys, err) == -1 ||
	    access_spec_string(spec, "kubeconfig", &q->file, err) == -1 ||
	    access_spec_string(spec, "context", &q->context, err) == -1 ||
	    access_spec_string(spec, "namespace", &q->namespace, err) == -1)
		return -1;
	if (q->file) {
		if (path_expand(q->file, &path, err) == -1) {
			buf_release(&path);
			return -1;
		}
		free(q->file);
		q->file = buf_detach(&path);
	}
	return load(q, err);
}

static void
kube_free(struct access *a)
{
	struct kube *q = (struct kube *)a;

	exec_plugin_stop(q->plugin);
	forget_credential(q);
	kubeconfig_release(&q->config);
	memset(q->base.data, 0, q->base.len);
	buf_release(&q->base);
	free(q->file);
	free(q->context);
	free(q->namespace);
}

static const struct access_calls calls = {
    kube_ready, NULL, kube_refused, kube_free};
const struct access_kind access_kubeconfig = {
    "kubeconfig", sizeof(struct kube), kube_init, &calls};
