/*
 * Signatures: RFC 4231, and what Microsoft's pages say is signed; who may reach
 * a storage account.
 */
#include <stdlib.h>

#include "access.h"
#include "azure-sign.h"
#include "curl-line.h"
#include "hmac.h"
#include "os/sys.h"
#include "tap.h"

#define KEY "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="

/* ---- HMAC ---- */

static void
is_hmac(const void *key, size_t key_len, const char *text, size_t len,
    const char *wanted, const char *name)
{
	unsigned char mac[SHA256_BYTES];
	char hex[2 * SHA256_BYTES + 1];
	size_t i;

	hmac_sha256(key, key_len, text, len, mac);
	for (i = 0; i < SHA256_BYTES; i++)
		snprintf(hex + 2 * i, 3, "%02x", mac[i]);
	is_str(hex, wanted, name);
}

static void
test_hmac(void)
{
	char key[131], dd[50];

	memset(key, 0x0b, 20);
	is_hmac(key, 20, "Hi There", 8,
	    "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7",
	    "RFC 4231, case 1");
	is_hmac("Jefe", 4, "what do ya want for nothing?", 28,
	    "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
	    "case 2");
	memset(key, 0xaa, sizeof(key));
	memset(dd, 0xdd, sizeof(dd));
	is_hmac(key, 20, dd, sizeof(dd),
	    "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe",
	    "case 3");
	is_hmac(key, 131,
	    "Test Using Larger Than Block-Size Key - Hash Key First", 54,
	    "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
	    "case 6");
	is_hmac(key, 131,
	    "This is a test using a larger than block-size key and a larger "
	    "than block-size data. The key needs to be hashed before being "
	    "used by the HMAC algorithm.",
	    152,
	    "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2",
	    "case 7");
}

/* ---- what is signed ---- */

static void
test_request(void)
{
	struct buf lines = BUF_INIT, text = BUF_INIT;

	/* The examples of "Authorize with Shared Key". */
	curl_line(&lines, "header", "x-ms-date: Fri, 26 Jun 2015 23:39:12 GMT");
	curl_line(&lines, "header", "x-ms-version:  2015-02-21 ");
	azure_string_to_sign(&text, "myaccount", "GET",
	    "https://myaccount.blob.core.windows.net/mycontainer"
	    "?restype=container&comp=metadata&timeout=20",
	    &lines, 0);
	is_str(text.data,
	    "GET\n\n\n\n\n\n\n\n\n\n\n\n"
	    "x-ms-date:Fri, 26 Jun 2015 23:39:12 GMT\n"
	    "x-ms-version:2015-02-21\n"
	    "/myaccount/mycontainer\ncomp:metadata\nrestype:container\n"
	    "timeout:20",
	    "a request as the documentation has it");

	buf_clear(&lines);
	buf_clear(&text);
	curl_line(&lines, "user-agent", "x-ms-no: header");
	curl_line(&lines, "header", "X-Ms-Write: update");
	curl_line(&lines, "header", "Content-Type: text/\"a\\b\"");
	curl_line(&lines, "header", "Range: bytes=0-9");
	curl_line(&lines, "header", "x-ms-date: D");
	azure_string_to_sign(&text, "a", "PUT",
	    "http://127.0.0.1:7/a/s/d%20e/f?comp=range&B=2%2f3&b=1", &lines,
	    10);
	is_str(text.data,
	    "PUT\n\n\n10\n\ntext/\"a\\b\"\n\n\n\n\n\nbytes=0-9\n"
	    "x-ms-date:D\nx-ms-write:update\n"
	    "/a/a/s/d%20e/f\nb:1,2/3\ncomp:range",
	    "all that is signed, in its order");
	buf_release(&lines);
	buf_release(&text);
}

static void
test_sas(void)
{
	const struct azure_key k = {"acct", KEY}, bad = {"acct", "not base64"};
	struct buf text = BUF_INIT, err = BUF_INIT;

	azure_read_sas(&text, &k, AZURE_BLOB, "/c/nni/e%201.tgz", 1714566605000,
	    false, NULL);
	is_str(text.data,
	    "sv=2021-12-02&sp=r&sr=b&spr=https&se=2024-05-01T12%3A30%3A05Z"
	    "&sig=4ydd3l437%2FBCkQXhYc5szmxZUzx%2BqJX4PyMwGL7R9vw%3D",
	    "a signature for a blob");
	buf_clear(&text);
	azure_read_sas(
	    &text, &k, AZURE_FILE, "/s/f", 1714566605000, true, NULL);
	is_str(text.data,
	    "sv=2021-12-02&sp=r&sr=f&spr=https%2Chttp"
	    "&se=2024-05-01T12%3A30%3A05Z&sig="
	    "GZ0jfQo5VniaD2uFtbbYwdSrJOh5LlcUqKQ34CW1%2Fcg%3D",
	    "and for a file of a share");
	is_int(azure_signature(&text, &bad, "x", 1, &err), -1,
	    "a key that is none");
	is_str(err.data,
	    "the key of the storage account 'acct' is not what Azure shows as "
	    "one: it is no base64",
	    "is told, and not shown");
	buf_clear(&text);
	azure_date(&text, 784111777000);
	is_str(text.data, "Sun, 06 Nov 1994 08:49:37 GMT", "dates of HTTP");
	buf_release(&text);
	buf_release(&err);
}

/* ---- access ---- */

static int answers;

static void
on_ready(void *arg, const char *problem, const char *hint)
{
	(void)arg;
	(void)hint;
	answers += problem == NULL;
}

static struct access *
account(const char *more, struct buf *err)
{
	struct buf spec = BUF_INIT;
	struct access *a;

	buf_setf(
	    &spec, "{\"kind\":\"azure-file\",\"account\":\"acct\"%s}", more);
	buf_clear(err);
	a = access_new(NULL, ".", "m", (struct json){spec.data, spec.len}, err);
	buf_release(&spec);
	return a;
}

static void
test_access(void)
{
	static const char url_part[] = "{\"of\":\"url\",\"path\":\"/s/f\"}";
	const struct json url = {url_part, sizeof(url_part) - 1};
	const struct json key = {"{\"of\":\"key\"}", 12};
	struct buf err = BUF_INIT, lines = BUF_INIT, none = BUF_INIT;
	struct access *a;

	a = account(",\"share\":\"s\",\"key\":\"" KEY "\"", &err);
	access_ready(a, on_ready, NULL);
	is_int(answers, 1, "with a key there is nothing to wait for");
	is_str(access_url(a), "https://acct.file.core.windows.net",
	    "where an account is");
	is_str(access_facts(a).at,
	    "{\"account\":\"acct\",\"share\":\"s\",\"key\":true}",
	    "what a platform knows of it");
	is_int(access_sign(a, "GET", "https://acct.file.core.windows.net/s",
		   &none, 0, &lines, &err),
	    0, "a request is signed");
	ok(strstr(lines.data, "header = \"Authorization: SharedKey acct:") &&
		strstr(lines.data, "header = \"x-ms-date: "),
	    "with a date");
	buf_clear(&lines);
	access_secret(a, key, &lines, &err);
	is_str(lines.data, KEY, "workers may have the key");
	buf_clear(&lines);
	access_secret(a, url, &lines, &err);
	ok(strncmp(lines.data,
	       "https://acct.file.core.windows.net/s/f?sv=", 42) == 0 &&
		!strstr(lines.data, KEY),
	    "or a URL without it");
	access_free(a);

	a = account(",\"share\":\"s\",\"sas\":\"?sv=1&sig=x%3D\"", &err);
	buf_clear(&lines);
	is_int(access_sign(a, "PUT", "https://h/s/f?comp=range", &none, 3,
		   &lines, &err),
	    1, "a shared access signature goes behind the URL");
	is_str(lines.data, "url = \"https://h/s/f?comp=range&sv=1&sig=x%3D\"\n",
	    "and nowhere else");
	is_int(
	    access_secret(a, key, &lines, &err), -1, "then nobody has the key");
	access_free(a);

	ok(!account(",\"share\":\"s\"", &err) &&
		strstr(err.data, "there is no key for the storage account"),
	    "an account without a key is told");
	ok(!account(",\"share\":\"s/../x\",\"key\":\"" KEY "\"", &err) &&
		strstr(err.data, "'s/../x' is no share"),
	    "names are checked");
	ok(!account(",\"share\":\"s\",\"key\":\"secret!\"", &err) &&
		!strstr(err.data, "secret!"),
	    "a wrong key is not shown");
	ok(!account(",\"share\":\"s\",\"sas\":\"secret\"", &err) &&
		!strstr(err.data, "secret"),
	    "nor is a wrong signature");
	buf_release(&err);
	buf_release(&lines);
}

int
nni_main(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	test_hmac();
	test_request();
	test_sas();
	test_access();
	return done_testing();
}
