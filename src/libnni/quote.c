/*
 * quote: words for command lines, by the rules of those who take the line
 * apart: Microsoft's C runtime ("Parsing C command-line arguments"), cmd.exe
 * and the shell of POSIX (XCU 2.2).
 */
#include "quote.h"

#include <string.h>

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
