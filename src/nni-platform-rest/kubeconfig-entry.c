/*
 * What a kubeconfig says of a cluster, and of a user.
 */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base64.h"
#include "kinds.h"
#include "kubeconfig-exec.h"
#include "kubeconfig-read.h"
#include "mem.h"

void
kubeconfig_problem(struct kubeconfig_reading *r,
    const struct kubeconfig_entry *e, const struct node *n, const char *fmt,
    ...)
{
	struct buf text = BUF_INIT;
	va_list ap;

	va_start(ap, fmt);
	buf_addv(&text, fmt, ap);
	va_end(ap);
	if (n == NULL)
		n = e->item;
	problems_back(&r->problems, e->file->index);
	problems_add(&r->problems, n->line, n->col, "%s", text.data);
	buf_release(&text);
}

/* ---- values ---- */

static const struct node *
get(const struct kubeconfig_entry *e, const char *key)
{
	const struct node *n = e->map ? node_get(e->map, key) : NULL;

	return n && n->type == NODE_NULL ? NULL : n;
}

char *
kubeconfig_text(struct kubeconfig_reading *r, const struct kubeconfig_entry *e,
    const char *key)
{
	const struct node *n = get(e, key);

	if (n == NULL)
		return NULL;
	if (n->type == NODE_LIST || n->type == NODE_MAP)
		kubeconfig_problem(r, e, n, "'%s' must be a text", key);
	else if (strlen(n->text) != n->len)
		kubeconfig_problem(r, e, n, "'%s' has a NUL in it", key);
	else if (n->len > 0)
		return xstrdup(n->text);
	return NULL;
}

static bool
get_bool(struct kubeconfig_reading *r, const struct kubeconfig_entry *e,
    const char *key)
{
	const struct node *n = get(e, key);

	if (n && n->type != NODE_BOOL)
		kubeconfig_problem(r, e, n, "'%s' must be true or false", key);
	return n && n->type == NODE_BOOL && node_bool(n);
}

/* What becomes a header. */
static char *
get_line(struct kubeconfig_reading *r, const struct kubeconfig_entry *e,
    const char *key)
{
	char *text = kubeconfig_text(r, e, key);

	if (text == NULL || access_is_header_text(text))
		return text;
	kubeconfig_problem(r, e, get(e, key),
	    "'%s' has a line break or another control character in it", key);
	memset(text, 0, strlen(text));
	free(text);
	return NULL;
}

/* A file of the user's; relative to the folder of the kubeconfig. */
static char *
get_path(struct kubeconfig_reading *r, const struct kubeconfig_entry *e,
    const char *key)
{
	char *text = kubeconfig_text(r, e, key);
	struct buf path = BUF_INIT, err = BUF_INIT;
	struct file_info info;

	if (text == NULL)
		return NULL;
	if (path_absolute(text, e->file->dir, &path, &err) == -1)
		kubeconfig_problem(
		    r, e, get(e, key), "'%s': %s", key, err.data);
	else if (file_info(path.data, true, &info) == -1)
		kubeconfig_problem(r, e, get(e, key),
		    "'%s': cannot look at '%s': %s", key, path.data,
		    os_strerror());
	else if (info.type == FILE_ABSENT)
		kubeconfig_problem(r, e, get(e, key),
		    "'%s': there is no file '%s'", key, path.data);
	free(text);
	buf_release(&err);
	return buf_detach(&path);
}

/* Base64, line breaks allowed, of something in the PEM format. */
static char *
get_data(struct kubeconfig_reading *r, const struct kubeconfig_entry *e,
    const char *key)
{
	char *text = kubeconfig_text(r, e, key), *from, *to;
	struct buf pem = BUF_INIT;

	if (text == NULL)
		return NULL;
	for (from = to = text; *from; from++)
		if (!strchr(" \t\r\n", *from))
			*to++ = *from;
	*to = '\0';
	if (base64_decode(&pem, text, (size_t)(to - text)) == -1)
		kubeconfig_problem(
		    r, e, get(e, key), "'%s' is not base64", key);
	else if (strlen(pem.data) != pem.len ||
		 strstr(pem.data, "-----BEGIN ") == NULL)
		kubeconfig_problem(r, e, get(e, key),
		    "'%s' is not in the PEM format (base64 of -----BEGIN ...)",
		    key);
	memset(text, 0, strlen(text));
	free(text);
	return buf_detach(&pem);
}

/* KEY-data counts before KEY. */
static void
get_pem(struct kubeconfig_reading *r, const struct kubeconfig_entry *e,
    const char *key, struct kube_pem *to)
{
	struct buf data = BUF_INIT;

	buf_addf(&data, "%s-data", key);
	to->pem = get_data(r, e, data.data);
	if (to->pem == NULL)
		to->file = get_path(r, e, key);
	buf_release(&data);
}

/* For a key with a passphrase curl would ask at the terminal, and wait. */
static void
check_key(struct kubeconfig_reading *r, const struct kubeconfig_entry *e,
    const struct kube_pem *key)
{
	struct buf text = BUF_INIT_MAX(1 << 20);

	if (key->pem)
		buf_adds(&text, key->pem);
	else if (key->file)
		file_read_ordinary(key->file, &text, NULL);
	if (strstr(text.data, "ENCRYPTED"))
		kubeconfig_problem(r, e,
		    get(e, key->pem ? "client-key-data" : "client-key"),
		    "the key has a passphrase, and here is nobody to ask: take "
		    "it off, by: openssl pkey -in KEY -out NEW");
	memset(text.data, 0, text.len);
	buf_release(&text);
}

static bool
has_pem(const struct kube_pem *p)
{
	return p->file || p->pem;
}

/* ---- clusters ---- */

/* kubectl takes HOST:PORT for a URL of http, or of https where there is
   something about TLS. */
static void
put_scheme(struct kubeconfig *k)
{
	struct buf url = BUF_INIT;

	if (strstr(k->server, "://"))
		return;
	buf_addf(&url, "%s://%s",
	    k->insecure || has_pem(&k->authority) ? "https" : "http",
	    k->server);
	free(k->server);
	k->server = buf_detach(&url);
}

void
kubeconfig_cluster(
    struct kubeconfig_reading *r, const struct kubeconfig_entry *e)
{
	struct kubeconfig *k = r->k;
	struct buf url = BUF_INIT, err = BUF_INIT;

	k->server = get_line(r, e, "server");
	k->tls_server_name = get_line(r, e, "tls-server-name");
	k->proxy = get_line(r, e, "proxy-url");
	k->insecure = get_bool(r, e, "insecure-skip-tls-verify");
	k->uncompressed = get_bool(r, e, "disable-compression");
	get_pem(r, e, "certificate-authority", &k->authority);
	if (k->server == NULL) {
		kubeconfig_problem(
		    r, e, NULL, "cluster '%s' has no 'server'", e->name);
	} else {
		put_scheme(k);
		if (access_base_url(&url, k->server, &err) == -1)
			kubeconfig_problem(r, e, get(e, "server"), "%s: %s",
			    "'server'", err.data);
	}
	if (k->proxy && access_proxy(&url, k->proxy, &err) == -1)
		kubeconfig_problem(
		    r, e, get(e, "proxy-url"), "'proxy-url': %s", err.data);
	if (k->insecure && has_pem(&k->authority))
		kubeconfig_problem(r, e, get(e, "insecure-skip-tls-verify"),
		    "either certificates are verified or not: remove "
		    "'insecure-skip-tls-verify', or 'certificate-authority'");
	memset(url.data, 0, url.len);
	buf_release(&url);
	buf_release(&err);
}

/* ---- impersonation: who one wants to be there ---- */

struct headers {
	char **all;
	size_t count;
};

static void
add_header(struct headers *h, const char *name, const char *value)
{
	struct buf text = BUF_INIT;

	buf_addf(&text, "%s: %s", name, value);
	h->all = xreallocarray(h->all, h->count + 2, sizeof(*h->all));
	h->all[h->count++] = buf_detach(&text);
	h->all[h->count] = NULL;
}

/* An item, or all items of a list. */
static void
add_values(struct kubeconfig_reading *r, const struct kubeconfig_entry *e,
    struct headers *h, const char *header, const struct node *list)
{
	const struct node *n;
	size_t i;

	if (list->type != NODE_LIST) {
		kubeconfig_problem(
		    r, e, list, "'%s' must be a list", list->key);
		return;
	}
	for (i = 0; i < list->count; i++) {
		n = &list->items[i];
		if (n->type == NODE_LIST || n->type == NODE_MAP ||
		    n->type == NODE_NULL || n->len == 0 ||
		    strlen(n->text) != n->len ||
		    !access_is_header_text(n->text))
			kubeconfig_problem(
			    r, e, n, "'%s': must be a text", list->key);
		else
			add_header(h, header, n->text);
	}
}

/* The name of a header has no other characters: RFC 9110, 5.6.2; the rest is
   written %XX, and so is %. */
static void
add_escaped(struct buf *to, const char *key)
{
	static const char plain[] = "!#$&'*+-.^_`|~0123456789"
				    "abcdefghijklmnopqrstuvwxyz"
				    "ABCDEFGHIJKLMNOPQRSTUVWXYZ";

	for (; *key; key++) {
		if (strchr(plain, *key))
			buf_addc(to, *key);
		else
			buf_addf(to, "%%%02X", (unsigned)(unsigned char)*key);
	}
}

static void
add_extra(struct kubeconfig_reading *r, const struct kubeconfig_entry *e,
    struct headers *h, const struct node *extra)
{
	struct buf name = BUF_INIT;
	size_t i;

	if (extra->type != NODE_MAP)
		kubeconfig_problem(
		    r, e, extra, "'as-user-extra' must be keys with lists");
	for (i = 0; extra->type == NODE_MAP && i < extra->count; i++) {
		buf_set(&name, "Impersonate-Extra-");
		add_escaped(&name, extra->items[i].key);
		add_values(r, e, h, name.data, &extra->items[i]);
	}
	buf_release(&name);
}

static void
get_impersonation(
    struct kubeconfig_reading *r, const struct kubeconfig_entry *e)
{
	struct headers h = {NULL, 0};
	char *as = get_line(r, e, "as"), *uid = get_line(r, e, "as-uid");
	const struct node *groups = get(e, "as-groups");
	const struct node *extra = get(e, "as-user-extra");

	if (as)
		add_header(&h, "Impersonate-User", as);
	else if (uid || groups || extra)
		kubeconfig_problem(r, e, NULL,
		    "user '%s': 'as-uid', 'as-groups' and 'as-user-extra' need "
		    "'as'",
		    e->name);
	if (uid)
		add_header(&h, "Impersonate-Uid", uid);
	if (groups)
		add_values(r, e, &h, "Impersonate-Group", groups);
	if (extra)
		add_extra(r, e, &h, extra);
	free(as);
	free(uid);
	r->k->impersonate = h.all;
}

/* ---- users ---- */

/*
 * What clients had built in until Kubernetes 1.26.  An identity token of oidc
 * is one like any other, until it expires: who made it anew was the client.
 */
static void
get_provider(struct kubeconfig_reading *r, const struct kubeconfig_entry *e)
{
	static const char *const remedies[][2] = {
	    {"gcp", "install gke-gcloud-auth-plugin, then: gcloud container "
		    "clusters get-credentials CLUSTER"},
	    {"azure", "install kubelogin, then: kubelogin convert-kubeconfig"},
	    {"oidc", "use an exec plugin (kubectl oidc-login), or put in an "
		     "'id-token'"}};
	const struct node *n = get(e, "auth-provider");
	struct kubeconfig_entry provider = {e->file, n, n, e->name}, config;
	const char *remedy = "use an exec plugin or a token";
	char *name;
	size_t i;

	if (n == NULL)
		return;
	name = kubeconfig_text(r, &provider, "name");
	config = (struct kubeconfig_entry){
	    e->file, n, get(&provider, "config"), e->name};
	if (name && strcmp(name, "oidc") == 0 && r->k->token == NULL) {
		r->k->token = get_line(r, &config, "id-token");
		if (r->k->token) {
			free(name);
			return;
		}
	}
	for (i = 0; name && i < sizeof(remedies) / sizeof(*remedies); i++)
		if (strcmp(name, remedies[i][0]) == 0)
			remedy = remedies[i][1];
	kubeconfig_problem(r, e, n,
	    "user '%s': 'auth-provider' '%s' is gone since Kubernetes 1.26: %s",
	    e->name, name ? name : "", remedy);
	free(name);
}

static void
check_user(struct kubeconfig_reading *r, const struct kubeconfig_entry *e)
{
	const struct kubeconfig *k = r->k;

	if (has_pem(&k->cert) != has_pem(&k->key))
		kubeconfig_problem(r, e, NULL,
		    "user '%s' has a client-%s and no client-%s", e->name,
		    has_pem(&k->cert) ? "certificate" : "key",
		    has_pem(&k->cert) ? "key" : "certificate");
	if ((k->token || k->token_file) && (k->username || k->password))
		kubeconfig_problem(r, e, NULL,
		    "user '%s' has a token and a 'username': which of them is "
		    "meant?",
		    e->name);
	if (k->password && k->username == NULL)
		kubeconfig_problem(r, e, NULL,
		    "user '%s' has a 'password' and no 'username'", e->name);
	if (get(e, "exec") && get(e, "auth-provider"))
		kubeconfig_problem(r, e, get(e, "auth-provider"),
		    "user '%s' has 'exec' and 'auth-provider': which of them "
		    "is meant?",
		    e->name);
}

void
kubeconfig_user(struct kubeconfig_reading *r, const struct kubeconfig_entry *e,
    const struct kubeconfig_entry *cluster)
{
	struct kubeconfig *k = r->k;
	struct buf where = BUF_INIT;
	const struct node *at;

	get_pem(r, e, "client-certificate", &k->cert);
	get_pem(r, e, "client-key", &k->key);
	check_key(r, e, &k->key);
	k->token = get_line(r, e, "token");
	k->token_file = get_path(r, e, "tokenFile");
	k->username = get_line(r, e, "username");
	k->password = get_line(r, e, "password");
	get_impersonation(r, e);
	get_provider(r, e);
	at = get(e, "token") ? get(e, "token") : e->item;
	buf_addf(&where, "%s:%d:%d: the token of user '%s'", e->file->path,
	    at->line, at->col, e->name);
	k->token_where = buf_detach(&where);
	if (get(e, "exec"))
		kubeconfig_exec(r, e, get(e, "exec"), cluster);
	check_user(r, e);
}
