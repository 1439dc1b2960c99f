/*
 * The archive's bytes on their way into a file.
 */
#include "sink.h"

#include <stdlib.h>
#include <string.h>

#include "mem.h"

/* An entry of up to this size is hashed as it is written. */
#define WINDOW ((size_t)8 << 20)
/* What is final is collected until a write is worth it. */
#define BLOCK ((size_t)1 << 18)

void
sink_init(struct sink *s, os_file file)
{
	memset(s, 0, sizeof *s);
	s->file = file;
	buf_init(&s->window, BUF_MAX_DEFAULT);
	buf_init(&s->reason, 4096);
	sha256_init(&s->hash);
}

void
sink_release(struct sink *s)
{
	buf_release(&s->window);
	buf_release(&s->reason);
}

static void
fail(struct sink *s)
{
	if (s->failed)
		return;
	s->failed = true;
	s->kind = os_errno();
	buf_set(&s->reason, os_strerror());
}

void
sink_fail(struct sink *s, const char *reason)
{
	if (s->failed)
		return;
	s->failed = true;
	s->kind = OS_OTHER;
	buf_set(&s->reason, reason);
}

int64_t
sink_size(const struct sink *s)
{
	return s->base + (int64_t)s->window.len;
}

/* Moves the window into the file; hashes what is final, while it can. */
static void
flush(struct sink *s)
{
	size_t final = (size_t)(s->final - s->base);

	if (s->hashed == s->base && final > 0) {
		sha256_update(&s->hash, s->window.data, final);
		s->hashed = s->final;
	}
	if (s->window.len > 0 && !s->failed &&
	    file_write(s->file, s->window.data, s->window.len) != 0)
		fail(s);
	file_sync_begin(s->file, s->base, s->window.len);
	s->base += (int64_t)s->window.len;
	buf_clear(&s->window);
}

void
sink_write(struct sink *s, const void *bytes, size_t len)
{
	const char *p = bytes;
	size_t at, part;

	if (s->failed)
		return;
	if (s->pos < s->base) { /* back in what is in the file already */
		part = s->base - s->pos < (int64_t)len
			   ? (size_t)(s->base - s->pos)
			   : len;
		if (file_write_at(s->file, p, part, s->pos) != 0)
			fail(s);
		s->pos += (int64_t)part;
		p += part;
		len -= part;
	}
	at = (size_t)(s->pos - s->base);
	part = s->window.len - at < len ? s->window.len - at : len;
	if (part > 0)
		memcpy(s->window.data + at, p, part);
	if (buf_add(&s->window, p + part, len - part) != 0)
		sink_fail(s, "too many entries");
	s->pos += (int64_t)len;
	if (s->window.len > WINDOW && !s->hold)
		flush(s);
}

void
sink_seek(struct sink *s, int64_t pos)
{
	s->pos = pos;
}

void
sink_commit(struct sink *s)
{
	s->final = sink_size(s);
	if (s->window.len >= BLOCK)
		flush(s);
}

/* The digest's missing part, from the file. */
static void
hash_file(struct sink *s)
{
	unsigned char *block = xmalloc(BLOCK);
	int64_t n;

	while (s->hashed < s->base) {
		n = file_read_at(s->file, block, BLOCK, s->hashed);
		if (n <= 0) {
			fail(s);
			break;
		}
		sha256_update(&s->hash, block, (size_t)n);
		s->hashed += n;
	}
	free(block);
}

int
sink_finish(struct sink *s, char hex[SHA256_HEX + 1])
{
	s->final = sink_size(s);
	flush(s);
	if (!s->failed)
		hash_file(s);
	sha256_final_hex(&s->hash, hex);
	return s->failed ? -1 : 0;
}
