/*
 * quote: words for command lines, by the rules of those who take the line
 * apart: Microsoft's C runtime ("Parsing C command-line arguments"), cmd.exe
 * and the shell of POSIX (XCU 2.2).
 */
#include "quote.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "utf8.h"

/* Takes back what a call had appended before the buffer was full. */
static int
undo(struct buf *to, size_t len)
{
	buf_cut(to, len);
	return -1;
}

static int
add_times(struct buf *to, char c, size_t times)
{
	while (times-- > 0)
		if (buf_addc(to, c) < 0)
			return -1;
	return 0;
}

/* Between quotes a '\' is special only in a run before a '"' or at the end. */
static int
add_quoted(struct buf *to, const char *arg)
{
	for (;; arg++) {
		size_t slashes = strspn(arg, "\\");

		arg += slashes;
		if (*arg == '\0')
			return add_times(to, '\\', 2 * slashes);
		if (*arg == '"')
			slashes = 2 * slashes + 1;
		if (add_times(to, '\\', slashes) < 0 || buf_addc(to, *arg) < 0)
			return -1;
	}
}

int
quote_windows_arg(struct buf *to, const char *arg)
{
	size_t len = to->len;

	if (*arg != '\0' && strpbrk(arg, " \t\n\v\"") == NULL)
		return buf_adds(to, arg);
	if (buf_addc(to, '"') < 0 || add_quoted(to, arg) < 0 ||
	    buf_addc(to, '"') < 0)
		return undo(to, len);
	return 0;
}

int
quote_windows_program(struct buf *to, const char *path)
{
	if (strchr(path, '"') != NULL)
		return -1;
	return buf_addf(to, strpbrk(path, " \t") ? "\"%s\"" : "%s", path);
}

int
quote_cmd_exe(struct buf *to, const char *line)
{
	size_t len = to->len;

	if (strpbrk(line, "\r\n") != NULL)
		return -1;
	for (; *line != '\0'; line++)
		if ((strchr("()%!^\"<>&|", *line) != NULL &&
			buf_addc(to, '^') < 0) ||
		    buf_addc(to, *line) < 0)
			return undo(to, len);
	return 0;
}

int
quote_sh(struct buf *to, const char *word)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyz"
				    "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789_./:=+,@%-";
	size_t len = to->len;

	if (*word != '\0' && word[strspn(word, plain)] == '\0')
		return buf_adds(to, word);
	if (buf_addc(to, '\'') < 0)
		return undo(to, len);
	for (; *word != '\0'; word++)
		if ((*word == '\'' ? buf_adds(to, "'\\''")
				   : buf_addc(to, *word)) < 0)
			return undo(to, len);
	return buf_addc(to, '\'') < 0 ? undo(to, len) : 0;
}

/* ---- for people ---- */

/* Of a character, `n` bytes long, that is good UTF-8. */
static unsigned long
number_of(const unsigned char *p, size_t n)
{
	unsigned long c = n == 1 ? p[0] : p[0] & (0xffu >> (n + 1));

	for (size_t i = 1; i < n; i++)
		c = c << 6 | (p[i] & 0x3f);
	return c;
}

/*
 * C0, DEL and C1; the marks, embeddings, overrides and isolates of Unicode's
 * bidirectional algorithm (UAX 9); its line and paragraph separators.
 */
static bool
is_unseen(unsigned long c)
{
	return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0x61c ||
	       c == 0x200e || c == 0x200f || (c >= 0x2028 && c <= 0x202e) ||
	       (c >= 0x2066 && c <= 0x2069);
}

size_t
quote_visible_next(const char **at, const char *end, char to[QUOTE_VISIBLE_MAX])
{
	static const char from[] = "\n\r\t", names[] = "nrt";
	const unsigned char *p = (const unsigned char *)*at;
	size_t n = utf8_length(p, (const unsigned char *)end);
	unsigned long c = n > 0 ? number_of(p, n) : *p;
	const char *name;

	*at += n > 0 ? n : 1;
	if (n > 0 && !is_unseen(c)) {
		memcpy(to, p, n);
		return n;
	}
	name = c > 0 && c < 0x20 ? strchr(from, (int)c) : NULL;
	if (name != NULL)
		return (size_t)snprintf(
		    to, QUOTE_VISIBLE_MAX, "\\%c", names[name - from]);
	return (size_t)snprintf(
	    to, QUOTE_VISIBLE_MAX, n > 1 ? "\\u%04lx" : "\\x%02lx", c);
}

void
quote_visible(struct buf *to, const char *text, size_t len)
{
	const char *end = text + len;
	char one[QUOTE_VISIBLE_MAX];

	while (text < end) {
		size_t n = quote_visible_next(&text, end, one);

		buf_add(to, one, n);
	}
}

void
quote_visible_tail(struct buf *b, size_t from)
{
	struct buf tail = BUF_INIT;

	if (b->len == from)
		return;
	buf_add(&tail, b->data + from, b->len - from);
	buf_cut(b, from);
	quote_visible(b, tail.data, tail.len);
	buf_release(&tail);
}

void
quote_hide_logins(struct buf *text)
{
	struct buf out = BUF_INIT;
	const char *from = text->data, *start, *end, *at;

	if (text->len == 0 || strstr(from, "://") == NULL)
		return;
	while ((start = strstr(from, "://")) != NULL) {
		start += 3;
		end = start + strcspn(start, "/?# \t\r\n\"'");
		for (at = end; at > start && *at != '@'; at--)
			;
		buf_add(&out, from, (size_t)(start - from));
		if (at > start)
			buf_adds(&out, "***");
		from = at;
	}
	buf_adds(&out, from);
	buf_set(text, out.data);
	buf_release(&out);
}
