/* What a program tells its user: one line, one write, no control characters. */
#include "say.h"

#include <stdio.h>
#include <string.h>
#include "os/sys.h"

static const char *program = "nni";
static int level = 1;
static enum {
	OUTPUT_GOOD,
	OUTPUT_UNREAD, /* the reader of standard output has gone */
	OUTPUT_LOST    /* it could not be written, which has been said */
} output;

void
say_program(const char *name)
{
	program = name;
}

const char *
say_program_name(void)
{
	return program;
}

void
say_level(int new_level)
{
	level = new_level;
}

int
say_level_get(void)
{
	return level;
}

/*
 * Formats into a fixed buffer: this also reports that memory has run out.  A
 * longer message is cut, on a character's boundary.
 */
static void
speak(const char *kind, const char *fmt, va_list ap)
{
	char line[8192];
	size_t len, i;
	int n;

	n = snprintf(line, sizeof(line), "%s: %s", program, kind);
	len = n < 0 ? 0 : (size_t)n;
	n = vsnprintf(line + len, sizeof(line) - len - 1, fmt, ap);
	if (n > 0)
		len += (size_t)n;
	if (len > sizeof(line) - 2) {
		len = sizeof(line) - 2;
		while (len && ((unsigned char)line[len] & 0xc0) == 0x80)
			len--;
	}
	for (i = 0; i < len; i++) {
		unsigned char c = (unsigned char)line[i];

		/* Errors of a whole file come as several lines. */
		if ((c < 0x20 && c != '\n' && c != '\t') || c == 0x7f)
			line[i] = '?';
		/* U+0080..9F: the C1 controls, in UTF-8. */
		else if (c == 0xc2 && (unsigned char)line[i + 1] < 0xa0)
			line[i] = line[i + 1] = '?';
	}
	line[len++] = '\n';
	file_write(sys_stderr(), line, len);
}

int
say_error(int code, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	speak("error: ", fmt, ap);
	va_end(ap);
	return code;
}

void
say_warning(const char *fmt, ...)
{
	va_list ap;

	if (level < 1)
		return;
	va_start(ap, fmt);
	speak("warning: ", fmt, ap);
	va_end(ap);
}

void
say(const char *fmt, ...)
{
	va_list ap;

	if (level < 1)
		return;
	va_start(ap, fmt);
	speak("", fmt, ap);
	va_end(ap);
}

void
say_debug(const char *fmt, ...)
{
	va_list ap;

	if (level < 3)
		return;
	va_start(ap, fmt);
	speak("debug: ", fmt, ap);
	va_end(ap);
}

int
say_output_lost(void)
{
	if (output == OUTPUT_GOOD && os_errno() == OS_GONE) {
		output = OUTPUT_UNREAD;
	} else if (output == OUTPUT_GOOD) {
		output = OUTPUT_LOST;
		say_error(0, "cannot write to the standard output: %s; %s",
		    os_strerror(),
		    os_errno() == OS_FULL ? "make room, or send it elsewhere"
					  : "send it elsewhere");
	}
	return output == OUTPUT_LOST ? NNI_TEMPORARY : NNI_OK;
}

int
say_data(const void *bytes, size_t len)
{
	if (sys_flush_stdout() == 0 &&
	    file_write(sys_stdout(), bytes, len) == 0)
		return 0;
	say_output_lost();
	return -1;
}

int
say_finish(int code)
{
	if (sys_flush_stdout() != 0)
		say_output_lost();
	return output == OUTPUT_LOST ? NNI_TEMPORARY : code;
}
