/* The ways to log in to Azure, one after the other. */
#include "azure-token.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "curl-line.h"
#include "inquiry.h"
#include "json.h"
#include "mem.h"
#include "os/file.h"
#include "os/process.h"
#include "os/sys.h"
#include "percent.h"

#define TIMEOUT_MS 20000
#define AZ_TIMEOUT_MS 60000 /* it is slow to start */
#define TOKEN_FILE_MAX ((size_t)64 << 10)
#define LOGIN "https://login.microsoftonline.com"
/* The same address on every machine in Azure. */
#define METADATA "http://169.254.169.254"
/* Of a token that does not say how long it lasts. */
#define LASTS_MS ((int64_t)10 * 60 * 1000)

struct azure_token {
	struct loop *loop;
	char *resource;
	char *tenant, *client, *secret; /* NULL: of the environment */
	bool managed;
	size_t way;
	struct inquiry *inquiry;
	struct buf why; /* what each way said */
	azure_token_fn *fn;
	void *arg;
	bool *gone; /* set when it is, while azure_token_get() runs */
};

static void next_way(struct azure_token *t);

static void
wipe(char *secret)
{
	if (secret)
		memset(secret, 0, strlen(secret));
	free(secret);
}

static void
release(struct azure_token *t)
{
	if (t->gone)
		*t->gone = true;
	inquiry_stop(t->inquiry);
	buf_release(&t->why);
	free(t->resource);
	free(t->tenant);
	free(t->client);
	wipe(t->secret);
	free(t);
}

static void
answer(struct azure_token *t, const char *token, int64_t lasts_ms,
    const char *problem)
{
	azure_token_fn *fn = t->fn;
	void *arg = t->arg;

	release(t);
	fn(arg, token, lasts_ms, problem);
}

/* ---- what was answered ---- */

/* In the order of `ways`. */
static const char *const names[] = {
    "the service principal of the configuration",
    "a service principal (AZURE_TENANT_ID and others)",
    "workload identity (AZURE_FEDERATED_TOKEN_FILE)", "the Azure CLI (az)",
    "a managed identity of this machine"};

static void
failed_way(struct azure_token *t, const char *why)
{
	buf_addf(
	    &t->why, "%s%s: %s", t->why.len ? "; " : "", names[t->way], why);
	t->way++;
	next_way(t);
}

/* A number, which some write as a text. */
static bool
number_in(struct json all, const char *name, int64_t *n)
{
	struct json v = json_get(all, name);
	char *text = json_strdup(v);
	bool is = json_int(v, n) == 0;

	if (text && *text && text[strspn(text, "0123456789")] == '\0') {
		*n = strtoll(text, NULL, 10);
		is = true;
	}
	free(text);
	return is;
}

/* {"expires_in":SECONDS} or {"expires_on":UNIX}. */
static int64_t
lasts(struct json all)
{
	int64_t seconds;

	if (number_in(all, "expires_in", &seconds))
		return seconds * 1000;
	if (number_in(all, "expires_on", &seconds))
		return seconds * 1000 - clock_wall_ms();
	return LASTS_MS;
}

/* A token, by whatever way: {"access_token":...}, of az {"accessToken":...}. */
static void
take_token(struct azure_token *t, int status, const struct buf *body,
    const struct buf *words)
{
	struct buf why = BUF_INIT;
	struct json all = JSON_NONE, token = JSON_NONE;
	char *text;

	if (status == 200 && json_check(body->data, body->len, JSON_STRICT,
				 &all, NULL, NULL) == 0) {
		token = json_get(all, "access_token");
		if (json_type(token) != JSON_STRING)
			token = json_get(all, "accessToken");
	}
	text = json_strdup(token);
	if (text && *text && !strpbrk(text, "\r\n")) {
		answer(t, text, lasts(all), NULL);
	} else {
		inquiry_words(&why, status, body, words);
		failed_way(t, why.data);
	}
	wipe(text);
	buf_release(&why);
}

static void
on_token(void *arg, const struct inquiry_end *how, const struct buf *out,
    const struct buf *words)
{
	struct azure_token *t = arg;
	struct buf body = BUF_INIT;
	int status = how->code == 0 ? inquiry_status(out, &body) : 0;

	t->inquiry = NULL;
	take_token(t, status, &body, words);
	memset(body.data, 0, body.len);
	buf_release(&body);
}

static void
on_az(void *arg, const struct inquiry_end *how, const struct buf *out,
    const struct buf *words)
{
	struct azure_token *t = arg;

	t->inquiry = NULL;
	take_token(t, how->code == 0 ? 200 : 0, out, words);
}

/* ---- the ways ---- */

/* Takes over `lines`, which are secret. */
static void
ask_curl(struct azure_token *t, struct buf *lines)
{
	struct buf err = BUF_INIT;

	t->inquiry =
	    inquiry_curl(t->loop, lines, TIMEOUT_MS, on_token, t, &err);
	memset(lines->data, 0, lines->len);
	buf_release(lines);
	if (!t->inquiry)
		failed_way(t, err.data);
	buf_release(&err);
}

static const char *
setting(const char *name)
{
	const char *value = env_get(name);

	return value && *value ? value : NULL;
}

/* POST to where one logs in, with what proves who we are. */
static void
log_in(struct azure_token *t, struct buf *body, const char *tenant,
    const char *client)
{
	const char *host = setting("AZURE_AUTHORITY_HOST");
	struct buf lines = BUF_INIT, text = BUF_INIT;

	percent_field(body, "grant_type", "client_credentials");
	percent_field(body, "client_id", client);
	buf_setf(&text, "%s/.default", t->resource);
	percent_field(body, "scope", text.data);
	curl_line(&lines, "data-raw", body->data);
	if (!host)
		host = LOGIN;
	buf_setf(&text, "%s%s", strstr(host, "://") ? "" : "https://", host);
	while (text.len > 0 && text.data[text.len - 1] == '/')
		buf_cut(&text, text.len - 1);
	buf_addc(&text, '/');
	percent_encode(&text, tenant, strlen(tenant));
	buf_adds(&text, "/oauth2/v2.0/token");
	curl_line(&lines, "url", text.data);
	memset(body->data, 0, body->len);
	buf_release(body);
	buf_release(&text);
	ask_curl(t, &lines);
}

static void
with_secret(struct azure_token *t, const char *tenant, const char *client,
    const char *secret)
{
	struct buf body = BUF_INIT;

	percent_field(&body, "client_secret", secret);
	log_in(t, &body, tenant, client);
}

static void
by_configuration(struct azure_token *t)
{
	with_secret(t, t->tenant, t->client, t->secret);
}

static void
by_secret(struct azure_token *t)
{
	const char *tenant = setting("AZURE_TENANT_ID");
	const char *client = setting("AZURE_CLIENT_ID");
	const char *secret = setting("AZURE_CLIENT_SECRET");

	if (!tenant || !client || !secret)
		failed_way(t, "not set");
	else
		with_secret(t, tenant, client, secret);
}

static void
by_federation(struct azure_token *t)
{
	const char *file = setting("AZURE_FEDERATED_TOKEN_FILE");
	struct buf body = BUF_INIT, token = BUF_INIT_MAX(TOKEN_FILE_MAX);
	struct buf err = BUF_INIT;

	if (!setting("AZURE_TENANT_ID") || !setting("AZURE_CLIENT_ID") || !file)
		failed_way(t, "not set");
	else if (file_read_all(file, &token, &err) == -1)
		failed_way(t, err.data);
	else {
		buf_rtrim(&token);
		percent_field(&body, "client_assertion_type",
		    "urn:ietf:params:oauth:client-assertion-type:jwt-bearer");
		percent_field(&body, "client_assertion", token.data);
		memset(token.data, 0, token.len);
		log_in(t, &body, setting("AZURE_TENANT_ID"),
		    setting("AZURE_CLIENT_ID"));
	}
	buf_release(&token);
	buf_release(&err);
}

static void
by_az(struct azure_token *t)
{
	const char *argv[] = {"az", "account", "get-access-token", "--resource",
	    t->resource, "-o", "json", NULL};
	struct buf path = BUF_INIT, none = BUF_INIT, err = BUF_INIT;

	if (proc_find("az", NULL, &path) == -1) {
		failed_way(t, "is not installed");
	} else {
		t->inquiry = inquiry_start(t->loop,
		    &(struct inquiry_spec){.argv = (char *const *)argv,
			.in = &none,
			.timeout_ms = AZ_TIMEOUT_MS,
			.own_group = true},
		    on_az, t, &err);
		if (!t->inquiry)
			failed_way(t, err.data);
	}
	buf_release(&path);
	buf_release(&err);
}

/* Who asks for a token at `url`, with a header that proves it. */
static void
ask_machine(struct azure_token *t, const char *url, const char *client_key,
    const char *header, const char *secret)
{
	const char *client = t->client ? t->client : setting("AZURE_CLIENT_ID");
	struct buf lines = BUF_INIT, text = BUF_INIT;

	buf_setf(&text, "%s&resource=", url);
	percent_encode(&text, t->resource, strlen(t->resource));
	if (client)
		percent_field(&text, client_key, client);
	curl_line(&lines, "url", text.data);
	buf_setf(&text, "%s: %s", header, secret);
	curl_line(&lines, "header", text.data);
	memset(text.data, 0, text.len);
	curl_line(&lines, "noproxy", "*");
	/* Elsewhere nobody has that address. */
	buf_adds(&lines, "connect-timeout = 2\n");
	buf_release(&text);
	ask_curl(t, &lines);
}

/* Where App Service, or a compute of Azure ML, tells of its identity; else the
   metadata service of a virtual machine. */
static void
by_machine(struct azure_token *t)
{
	const char *app = setting("IDENTITY_ENDPOINT");
	const char *app_secret = setting("IDENTITY_HEADER");
	const char *msi = setting("MSI_ENDPOINT");
	const char *msi_secret = setting("MSI_SECRET");
	const char *host = setting("AZURE_POD_IDENTITY_AUTHORITY_HOST");
	struct buf url = BUF_INIT;

	if (app && app_secret) {
		buf_setf(&url, "%s?api-version=2019-08-01", app);
		ask_machine(
		    t, url.data, "client_id", "X-IDENTITY-HEADER", app_secret);
	} else if (msi && msi_secret) {
		buf_setf(&url, "%s?api-version=2017-09-01", msi);
		ask_machine(t, url.data, "clientid", "secret", msi_secret);
	} else {
		buf_setf(&url,
		    "%s/metadata/identity/oauth2/token?api-version=2018-02-01",
		    host ? host : METADATA);
		ask_machine(t, url.data, "client_id", "Metadata", "true");
	}
	buf_release(&url);
}

enum { BY_CONFIGURATION, BY_SECRET, BY_FEDERATION, BY_AZ, BY_MACHINE };
static void (*const ways[])(struct azure_token *) = {
    by_configuration, by_secret, by_federation, by_az, by_machine};

static void
next_way(struct azure_token *t)
{
	bool one = t->secret || t->managed;
	struct buf text = BUF_INIT;

	if (t->way <= BY_MACHINE && !(one && t->why.len)) {
		ways[t->way](t);
		return;
	}
	buf_setf(&text, "there is no way to log in: %s", t->why.data);
	answer(t, NULL, 0, text.data);
	buf_release(&text);
}

static char *
copy(const char *text)
{
	return text ? xstrdup(text) : NULL;
}

struct azure_token *
azure_token_get(struct loop *l, const char *resource,
    const struct azure_identity *who, azure_token_fn *fn, void *arg)
{
	struct azure_token *t = xcalloc(1, sizeof(*t));
	bool gone = false;

	t->gone = &gone;
	t->loop = l;
	t->fn = fn;
	t->arg = arg;
	t->resource = xstrdup(resource);
	buf_init(&t->why, BUF_MAX_DEFAULT);
	t->way = BY_SECRET;
	if (who && who->secret) {
		t->way = BY_CONFIGURATION;
		t->tenant = copy(who->tenant);
		t->client = copy(who->client);
		t->secret = copy(who->secret);
	} else if (who && who->managed) {
		t->way = BY_MACHINE;
		t->managed = true;
		t->client = copy(who->managed_client);
	}
	next_way(t);
	if (gone)
		return NULL;
	t->gone = NULL;
	return t;
}

void
azure_token_stop(struct azure_token *t)
{
	if (t)
		release(t);
}
