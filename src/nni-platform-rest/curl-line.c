/*
 * Lines of a configuration of curl.  Between quotes it knows \\ \" \t \n \r \v;
 * a line ends at a line feed only.
 */
#include "curl-line.h"

#include <string.h>

void
curl_line_bytes(
    struct buf *lines, const char *name, const char *value, size_t len)
{
	size_t i;

	buf_addf(lines, "%s = \"", name);
	for (i = 0; i < len; i++) {
		char c = value[i];

		if (c == '"' || c == '\\')
			buf_addc(lines, '\\');
		if (c == '\n')
			buf_adds(lines, "\\n");
		else if (c == '\r')
			buf_adds(lines, "\\r");
		else
			buf_addc(lines, c);
	}
	buf_adds(lines, "\"\n");
}

void
curl_line(struct buf *lines, const char *name, const char *value)
{
	curl_line_bytes(lines, name, value, strlen(value));
}

void
curl_flag(struct buf *lines, const char *name)
{
	buf_addf(lines, "%s\n", name);
}
