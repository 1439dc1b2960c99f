/*
 * Azure Storage: the services Blob and File of an account, with its key, with a
 * shared access signature, or with the key from a Key Vault.
 */
#include <stdlib.h>
#include <string.h>

#include "azure-sign.h"
#include "azure-vault.h"
#include "curl-line.h"
#include "kinds.h"
#include "mem.h"
#include "os/sys.h"
#include "record.h"

/* Of what workers are given. */
#define DAY_MS ((int64_t)24 * 60 * 60 * 1000)
#define URL_DAYS 30

struct azure {
	struct access access;
	enum azure_service service;
	char *account;
	char *folder;	      /* the container, or the share */
	char *key, *sas;      /* NULL: none, or not yet */
	char *vault, *secret; /* where the key is; NULL: known */
	struct azure_vault *asked;
};

static int secret(
    struct access *a, struct json part, struct buf *out, struct buf *err);

static void
wipe(char **secret)
{
	if (*secret)
		memset(*secret, 0, strlen(*secret));
	free(*secret);
	*secret = NULL;
}

/* Names are a part of addresses: letters, digits, hyphens, as Azure has it. */
static int
check_name(const char *what, const char *name, struct buf *err)
{
	if (!name)
		return buf_err(err, "a storage account needs '%s'", what);
	if (!*name || strlen(name) > 63 ||
	    name[strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-$")])
		return buf_err(err,
		    "'%s' is no %s of Azure Storage: small letters, digits "
		    "and hyphens",
		    name, what);
	return 0;
}

/* Azure's portal shows a signature with the '?' that is before it in a URL. */
static int
check_sas(struct azure *z, struct buf *err)
{
	char *sas;

	if (!z->sas)
		return 0;
	if (*z->sas == '?') {
		sas = xstrdup(z->sas + 1);
		wipe(&z->sas);
		z->sas = sas;
	}
	if (strstr(z->sas, "sig=") && !strpbrk(z->sas, " \t\r\n#\""))
		return 0;
	return buf_err(err,
	    "the shared access signature of '%s' is not one: "
	    "copy all of it, from 'sv=' to the end of 'sig='",
	    z->account);
}

static int
check_ways(struct azure *z, struct buf *err)
{
	struct buf mac = BUF_INIT;
	int r = 0;

	if (z->key) {
		const struct azure_key k = {z->account, z->key};

		r = azure_signature(&mac, &k, "", 0, err);
	} else if (!z->sas && (!z->vault || !z->secret)) {
		r = buf_err(err,
		    "there is no key for the storage account '%s': name the "
		    "key vault that has it (keyVaultName and keyVaultKey), or "
		    "give azureAccountKey or azureSasToken",
		    z->account);
	}
	buf_release(&mac);
	return r ? r : check_sas(z, err);
}

static int
set_url(struct azure *z, const char *endpoint, struct buf *err)
{
	struct buf url = BUF_INIT;
	int r;

	if (endpoint)
		buf_set(&url, endpoint);
	else
		buf_setf(&url, "https://%s.%s.core.windows.net", z->account,
		    z->service == AZURE_BLOB ? "blob" : "file");
	r = access_base_url(&z->access.url, url.data, err);
	buf_release(&url);
	return r;
}

static int
init(struct access *a, struct json spec, enum azure_service service,
    const char *folder, struct buf *err)
{
	struct azure *z = (struct azure *)a;
	char *endpoint = NULL;
	int r = -1;

	z->service = service;
	a->secret = secret;
	if (access_spec_string(spec, "account", &z->account, err) == 0 &&
	    access_spec_string(spec, folder, &z->folder, err) == 0 &&
	    access_spec_string(spec, "key", &z->key, err) == 0 &&
	    access_spec_string(spec, "sas", &z->sas, err) == 0 &&
	    access_spec_string(spec, "vault", &z->vault, err) == 0 &&
	    access_spec_string(spec, "secret", &z->secret, err) == 0 &&
	    access_spec_string(spec, "endpoint", &endpoint, err) == 0 &&
	    check_name("account", z->account, err) == 0 &&
	    check_name(folder, z->folder, err) == 0 && check_ways(z, err) == 0)
		r = set_url(z, endpoint, err);
	if (r == 0) {
		buf_setf(&a->who, "the storage account '%s'", z->account);
		buf_set(&a->facts, "{");
		json_member_str(&a->facts, "account", z->account);
		json_member_str(&a->facts, folder, z->folder);
		json_member_bool(
		    &a->facts, "key", z->key != NULL || z->sas == NULL);
		buf_addc(&a->facts, '}');
	}
	free(endpoint);
	return r;
}

static int
blob_init(struct access *a, struct json spec, struct buf *err)
{
	return init(a, spec, AZURE_BLOB, "container", err);
}

static int
file_init(struct access *a, struct json spec, struct buf *err)
{
	return init(a, spec, AZURE_FILE, "share", err);
}

/* ---- credentials ---- */

static void
on_key(void *arg, const char *value, const char *problem, const char *hint)
{
	struct azure *z = arg;
	struct buf err = BUF_INIT, mac = BUF_INIT;

	z->asked = NULL;
	if (value) {
		const struct azure_key k = {z->account, value};

		if (azure_signature(&mac, &k, "", 0, &err) == 0)
			z->key = xstrdup(value);
		else
			problem = err.data;
	}
	access_answer(&z->access, problem, hint);
	buf_release(&err);
	buf_release(&mac);
}

static void
ready(struct access *a)
{
	struct azure *z = (struct azure *)a;

	if (z->key || z->sas)
		access_answer(a, NULL, NULL);
	else if (!z->asked)
		z->asked =
		    azure_vault_get(a->loop, z->vault, z->secret, on_key, z);
}

static void
refused(struct access *a)
{
	struct azure *z = (struct azure *)a;

	if (z->vault && !z->sas)
		wipe(&z->key);
}

static void
release(struct access *a)
{
	struct azure *z = (struct azure *)a;

	azure_vault_stop(z->asked);
	wipe(&z->key);
	wipe(&z->sas);
	free(z->account);
	free(z->folder);
	free(z->vault);
	free(z->secret);
}

/* ---- requests ---- */

static int
sign_with_key(struct azure *z, const char *method, const char *url,
    const struct buf *headers, size_t body_len, struct buf *lines,
    struct buf *err)
{
	const struct azure_key k = {z->account, z->key};
	struct buf all = BUF_INIT, text = BUF_INIT, header = BUF_INIT;
	int r;

	buf_adds(&header, "x-ms-date: ");
	azure_date(&header, clock_wall_ms());
	curl_line(lines, "header", header.data);
	buf_add(&all, headers->data, headers->len);
	curl_line(&all, "header", header.data);
	azure_string_to_sign(&text, z->account, method, url, &all, body_len);
	buf_setf(&header, "Authorization: SharedKey %s:", z->account);
	r = azure_signature(&header, &k, text.data, text.len, err);
	if (r == 0)
		curl_line(lines, "header", header.data);
	buf_release(&all);
	buf_release(&text);
	buf_release(&header);
	return r;
}

static int
sign(struct access *a, const char *method, const char *url,
    const struct buf *headers, size_t body_len, struct buf *lines,
    struct buf *err)
{
	struct azure *z = (struct azure *)a;
	struct buf full = BUF_INIT;

	if (z->key)
		return sign_with_key(
		    z, method, url, headers, body_len, lines, err);
	if (!z->sas)
		return buf_err(
		    err, "the key of '%s' is not known yet", z->account);
	buf_setf(&full, "%s%c%s", url, strchr(url, '?') ? '&' : '?', z->sas);
	curl_line(lines, "url", full.data);
	memset(full.data, 0, full.len);
	buf_release(&full);
	return 1;
}

static int
url_of(struct azure *z, const char *path, struct buf *out, struct buf *err)
{
	const struct azure_key k = {z->account, z->key};
	int64_t expiry = clock_wall_ms() + URL_DAYS * DAY_MS;

	if (*path != '/')
		return buf_err(err, "a path in a storage account begins "
				    "with '/'");
	buf_addf(out, "%s%s?", z->access.url.data, path);
	if (z->key)
		return azure_read_sas(out, &k, z->service, path, expiry,
		    strncmp(z->access.url.data, "http:", 5) == 0, err);
	return buf_adds(out, z->sas ? z->sas : "");
}

static int
secret(struct access *a, struct json part, struct buf *out, struct buf *err)
{
	struct azure *z = (struct azure *)a;
	struct json of = json_get(part, "of");
	char *path = json_strdup(json_get(part, "path"));
	int r;

	if (record_is(of, "url") && path && (z->key || z->sas))
		r = url_of(z, path, out, err);
	else if (record_is(of, "key") && z->key)
		r = buf_adds(out, z->key);
	else
		r = buf_err(err,
		    "the storage account '%s' has no such secret: with a "
		    "shared access signature alone, its key is not known",
		    z->account);
	free(path);
	return r;
}

static const struct access_calls calls = {ready, sign, refused, release};
const struct access_kind access_azure_blob = {
    "azure-blob", sizeof(struct azure), blob_init, &calls};
const struct access_kind access_azure_file = {
    "azure-file", sizeof(struct azure), file_init, &calls};
