/* Signatures of requests to Azure Storage. */
#include "azure-sign.h"

#include <stdlib.h>
#include <string.h>

#include "base64.h"
#include "hmac.h"
#include "mem.h"
#include "percent.h"
#include "when.h"

/* The version whose texts these are; it is part of what is signed. */
#define SAS_VERSION "2021-12-02"
#define KEY_MAX 4096

/* ---- headers and queries as lists ---- */

struct pair {
	char *name, *value; /* the name in lower case */
};

struct pairs {
	struct pair *list;
	size_t count;
};

static void
lower(char *s)
{
	for (; *s; s++)
		if (*s >= 'A' && *s <= 'Z')
			*s = (char)(*s - 'A' + 'a');
}

static void
pairs_add(struct pairs *p, const char *name, size_t name_len, const char *value,
    size_t value_len)
{
	struct pair *one;

	p->list = xreallocarray(p->list, p->count + 1, sizeof(*p->list));
	one = &p->list[p->count++];
	one->name = xstrndup(name, name_len);
	one->value = xstrndup(value, value_len);
	lower(one->name);
}

static void
pairs_release(struct pairs *p)
{
	size_t i;

	for (i = 0; i < p->count; i++) {
		free(p->list[i].name);
		free(p->list[i].value);
	}
	free(p->list);
}

static int
compare(const void *a, const void *b)
{
	const struct pair *x = a, *y = b;
	int r = strcmp(x->name, y->name);

	return r ? r : strcmp(x->value, y->value);
}

static void
pairs_sort(struct pairs *p)
{
	if (p->count > 0)
		qsort(p->list, p->count, sizeof(*p->list), compare);
}

static const char *
pairs_get(const struct pairs *p, const char *name)
{
	size_t i;

	for (i = 0; i < p->count; i++)
		if (strcmp(p->list[i].name, name) == 0)
			return p->list[i].value;
	return "";
}

/* What curl_line() made of "NAME: VALUE", without the blanks around VALUE. */
static void
add_header(struct pairs *p, const char *line, const char *end)
{
	struct buf text = BUF_INIT;
	const char *colon, *value;

	for (; line < end; line++) {
		if (*line == '\\' && line + 1 < end)
			line++;
		buf_addc(&text, *line);
	}
	buf_rtrim(&text);
	colon = strchr(text.data, ':');
	if (colon) {
		value = colon + 1 + strspn(colon + 1, " \t");
		pairs_add(p, text.data, (size_t)(colon - text.data), value,
		    strlen(value));
	}
	buf_release(&text);
}

static void
read_headers(struct pairs *p, const struct buf *lines)
{
	static const char begin[] = "header = \"";
	const char *at = lines->data, *lf;

	for (; (lf = strchr(at, '\n')) != NULL; at = lf + 1)
		if (strncmp(at, begin, sizeof(begin) - 1) == 0 &&
		    lf - at > (ptrdiff_t)sizeof(begin))
			add_header(p, at + sizeof(begin) - 1, lf - 1);
}

static int
hex_digit(char c)
{
	return c >= '0' && c <= '9'   ? c - '0'
	       : c >= 'a' && c <= 'f' ? c - 'a' + 10
	       : c >= 'A' && c <= 'F' ? c - 'A' + 10
				      : -1;
}

static char *
decoded(const char *from, const char *end)
{
	struct buf b = BUF_INIT;

	for (; from < end; from++) {
		if (*from == '%' && end - from > 2 && hex_digit(from[1]) >= 0 &&
		    hex_digit(from[2]) >= 0) {
			buf_addc(&b, (char)(hex_digit(from[1]) << 4 |
					    hex_digit(from[2])));
			from += 2;
		} else {
			buf_addc(&b, *from);
		}
	}
	return buf_detach(&b);
}

static void
read_query(struct pairs *p, const char *query)
{
	const char *end, *equal;
	char *name, *value;

	for (; *query; query = end + (*end == '&')) {
		end = query + strcspn(query, "&#");
		equal = memchr(query, '=', (size_t)(end - query));
		name = decoded(query, equal ? equal : end);
		value = decoded(equal ? equal + 1 : end, end);
		if (*name)
			pairs_add(p, name, strlen(name), value, strlen(value));
		free(name);
		free(value);
		if (*end == '#')
			break;
	}
}

/* ---- what is signed ---- */

static void
add_resource(struct buf *out, const char *account, const char *url)
{
	const char *host = strstr(url, "://");
	const char *path = host ? host + 3 + strcspn(host + 3, "/?#") : url;
	size_t len = strcspn(path, "?#");
	struct pairs query = {NULL, 0};
	size_t i;

	buf_addf(out, "/%s", account);
	buf_add(out, path, len);
	if (len == 0)
		buf_addc(out, '/');
	if (path[len] == '?')
		read_query(&query, path + len + 1);
	pairs_sort(&query);
	for (i = 0; i < query.count; i++)
		if (i > 0 &&
		    strcmp(query.list[i].name, query.list[i - 1].name) == 0)
			buf_addf(out, ",%s", query.list[i].value);
		else
			buf_addf(out, "\n%s:%s", query.list[i].name,
			    query.list[i].value);
	pairs_release(&query);
}

void
azure_string_to_sign(struct buf *out, const char *account, const char *method,
    const char *url, const struct buf *headers, size_t body_len)
{
	static const char *const before[] = {
	    "content-encoding", "content-language"};
	/* The date is empty: x-ms-date stands for it. */
	static const char *const after[] = {"content-md5", "content-type", "",
	    "if-modified-since", "if-match", "if-none-match",
	    "if-unmodified-since", "range"};
	struct pairs all = {NULL, 0};
	size_t i;

	read_headers(&all, headers);
	pairs_sort(&all);
	buf_addf(out, "%s\n", method);
	for (i = 0; i < sizeof(before) / sizeof(*before); i++)
		buf_addf(out, "%s\n", pairs_get(&all, before[i]));
	if (body_len > 0)
		buf_addf(out, "%zu", body_len);
	buf_addc(out, '\n');
	for (i = 0; i < sizeof(after) / sizeof(*after); i++)
		buf_addf(
		    out, "%s\n", *after[i] ? pairs_get(&all, after[i]) : "");
	for (i = 0; i < all.count; i++)
		if (strncmp(all.list[i].name, "x-ms-", 5) == 0)
			buf_addf(out, "%s:%s\n", all.list[i].name,
			    all.list[i].value);
	add_resource(out, account, url);
	pairs_release(&all);
}

int
azure_signature(struct buf *out, const struct azure_key *k, const char *text,
    size_t len, struct buf *err)
{
	struct buf key = BUF_INIT_MAX(KEY_MAX);
	unsigned char mac[SHA256_BYTES];

	if (base64_decode(&key, k->key, strlen(k->key)) == -1 || !key.len)
		return buf_err(err,
		    "the key of the storage account '%s' is not what Azure "
		    "shows as one: it is no base64",
		    k->account);
	hmac_sha256(key.data, key.len, text, len, mac);
	base64_encode(out, mac, sizeof(mac));
	memset(key.data, 0, key.len);
	buf_release(&key);
	return 0;
}

/* ---- shared access signatures ---- */

int
azure_read_sas(struct buf *out, const struct azure_key *k,
    enum azure_service service, const char *path, int64_t expiry_ms, bool http,
    struct buf *err)
{
	const char *protocol = http ? "https,http" : "https";
	struct buf text = BUF_INIT, expiry = BUF_INIT, mac = BUF_INIT;
	char *plain = decoded(path, path + strlen(path));
	int r;

	when_add_utc(&expiry, expiry_ms);
	/* sp, st, se, resource, si, sip, spr, sv; then of a blob sr, a snapshot
	   and an encryption scope; then five headers of the answer. */
	buf_addf(&text,
	    "r\n\n%s\n/%s/%s%s\n\n\n%s\n" SAS_VERSION "\n%s\n\n\n\n",
	    expiry.data, service == AZURE_BLOB ? "blob" : "file", k->account,
	    plain, protocol, service == AZURE_BLOB ? "b\n\n\n" : "");
	r = azure_signature(&mac, k, text.data, text.len, err);
	if (r == 0) {
		buf_addf(out, "sv=" SAS_VERSION "&sp=r&sr=%s&spr=",
		    service == AZURE_BLOB ? "b" : "f");
		percent_encode(out, protocol, strlen(protocol));
		buf_adds(out, "&se=");
		percent_encode(out, expiry.data, expiry.len);
		buf_adds(out, "&sig=");
		percent_encode(out, mac.data, mac.len);
	}
	free(plain);
	buf_release(&text);
	buf_release(&expiry);
	buf_release(&mac);
	return r;
}

void
azure_date(struct buf *out, int64_t ms)
{
	static const char *const days[] = {
	    "Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"};
	static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May",
	    "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
	struct buf utc = BUF_INIT;

	when_add_utc(&utc, ms); /* 1994-11-06T08:49:37Z */
	buf_addf(out, "%s, %.2s %s %.4s %.8s GMT", days[ms / 1000 / 86400 % 7],
	    utc.data + 8, months[strtol(utc.data + 5, NULL, 10) - 1], utc.data,
	    utc.data + 11);
	buf_release(&utc);
}
