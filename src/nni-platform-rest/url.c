/* Of URLs that others made, what tells whom they would have us talk to. */
#include "url.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

static bool
begins(const char *url, const char *scheme, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		if (tolower((unsigned char)url[i]) != scheme[i])
			return false;
	return true;
}

/* A name, an address, or one of IPv6 in brackets, and a port: nothing that curl
   might read in another way than we do. */
static bool
is_authority(const char *text, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		if (!isalnum((unsigned char)text[i]) &&
		    strchr("-._:[]", text[i]) == NULL)
			return false;
	return len > 0 && text[0] != ':' && text[0] != '-';
}

int
url_origin(const char *url, struct buf *origin, struct buf *err)
{
	bool tls = begins(url, "https://", 8);
	const char *own = tls ? ":443" : ":80";
	const char *host = url + (tls ? 8 : 7), *at;
	size_t len, i;

	if (!tls && !begins(url, "http://", 7))
		return buf_err(err, "it is no URL of http or https");
	for (at = url; *at; at++)
		if ((unsigned char)*at <= ' ' || *at == 0x7f)
			return buf_err(
			    err, "a URL has a blank or control character");
	len = strcspn(host, "/?#");
	if (!is_authority(host, len))
		return buf_err(err, "a URL names no host as we know them");
	if (len > strlen(own) &&
	    strncmp(host + len - strlen(own), own, strlen(own)) == 0)
		len -= strlen(own);
	buf_adds(origin, tls ? "https://" : "http://");
	for (i = 0; i < len; i++)
		buf_addc(origin, (char)tolower((unsigned char)host[i]));
	return 0;
}

/* Without the port. */
static size_t
host_length(const char *origin)
{
	const char *name = strstr(origin, "://");
	const char *end, *port;

	if (name == NULL)
		return strlen(origin);
	end = strchr(name + 3, ']');
	port = strchr(end ? end : name + 3, ':');
	return port ? (size_t)(port - origin) : strlen(origin);
}

bool
url_same_host(const char *one, const char *other)
{
	size_t n = host_length(one);

	return host_length(other) == n && memcmp(one, other, n) == 0;
}
