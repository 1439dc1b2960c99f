/* Texts as parts of URLs and forms. */
#include "percent.h"

#include <string.h>

void
percent_encode(struct buf *out, const char *bytes, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++) {
		unsigned char c = (unsigned char)bytes[i];

		if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
		    (c >= '0' && c <= '9') || (c && strchr("-._~", c)))
			buf_addc(out, (char)c);
		else
			buf_addf(out, "%%%02X", c);
	}
}

void
percent_field(struct buf *out, const char *name, const char *value)
{
	buf_addf(out, "%s%s=", out->len ? "&" : "", name);
	percent_encode(out, value, strlen(value));
}
