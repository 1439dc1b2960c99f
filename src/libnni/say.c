/* What a program tells its user: one line, one write, nothing unseen. */
#include "say.h"

#include <stdio.h>
#include <string.h>
#include "quote.h"
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
 * All in fixed buffers: this also reports that memory has run out.  A longer
 * message is cut, between two characters.
 */
static void
speak_text(const char *kind, const char *text, size_t len, bool lines)
{
	char line[8192], one[QUOTE_VISIBLE_MAX];
	const char *end = text + len;
	int head = snprintf(line, sizeof(line), "%s: %s", program, kind);
	size_t used = head < 0 ? 0 : (size_t)head, n;

	while (text < end) {
		if (lines && *text == '\n') {
			one[0] = *text++;
			n = 1;
		} else {
			n = quote_visible_next(&text, end, one);
		}
		if (used + n > sizeof(line) - 1)
			break;
		memcpy(line + used, one, n);
		used += n;
	}
	line[used++] = '\n';
	file_write(sys_stderr(), line, used);
}

static void
speak(const char *kind, const char *fmt, va_list ap)
{
	char text[8192];
	int n = vsnprintf(text, sizeof(text), fmt, ap);
	size_t len = n < 0 ? 0 : (size_t)n;

	/* Cut, it may end within a character, which would then be none. */
	if (len > sizeof(text) - 1) {
		len = sizeof(text) - 1;
		while (len > 0 && ((unsigned char)text[len] & 0xc0) == 0x80)
			len--;
	}
	speak_text(kind, text, len, false);
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

int
say_error_lines(int code, const char *lines)
{
	speak_text("error: ", lines, strlen(lines), true);
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
say_warning_lines(const char *lines)
{
	if (level >= 1)
		speak_text("warning: ", lines, strlen(lines), true);
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
say_check_output(void)
{
	return sys_check_stdout() == 0 ? NNI_OK : say_output_lost();
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
