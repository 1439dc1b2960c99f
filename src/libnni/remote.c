/* What the two ends of a remote machine's connection agree on. */
#include "remote.h"

#include <stdbool.h>
#include <string.h>

#include "sha256.h"

static bool
is_plain(char c, bool first)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9') || (c == '.' && !first) ||
	       memchr("@_-", c, 3) != NULL;
}

void
remote_place_name(struct buf *out, const char *place)
{
	char digest[SHA256_HEX + 1];
	struct sha256 sum;
	bool other = false;
	size_t i;

	for (i = 0; place[i]; i++) {
		bool plain = is_plain(place[i], i == 0);

		buf_addc(out, plain ? place[i] : '_');
		other |= !plain;
	}
	if (!other)
		return;
	sha256_init(&sum);
	sha256_update(&sum, place, i);
	sha256_final_hex(&sum, digest);
	buf_addf(out, "-%.8s", digest);
}
