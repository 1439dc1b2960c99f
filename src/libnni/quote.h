#ifndef NNI_QUOTE_H
#define NNI_QUOTE_H

#include "buf.h"

/*
 * Putting words on a command line so that the program at its other end gets
 * them unchanged.  Pure text, the same on every system: a Windows machine may
 * be driven from Linux.  Each appends to `to` and returns 0; -1 and nothing
 * appended where the word cannot pass or the buffer is full.
 */

/*
 * One argument for CommandLineToArgvW and the C runtime.  Not for argv[0],
 * which has other rules: see quote_windows_program().
 */
int quote_windows_arg(struct buf *to, const char *arg);

/* argv[0]: knows no escapes, ends at the next quote.  -1 if it has a quote. */
int quote_windows_program(struct buf *to, const char *path);

/*
 * A finished line once more, for `cmd.exe /c "LINE"`: a caret before everything
 * that cmd.exe could act on, the quotes too, so that it never believes to be
 * inside a string.  -1 if `line` has a line break.  Does not reach deeper: not
 * a batch file's own second reading, nor `cmd /v:on`.
 */
int quote_cmd_exe(struct buf *to, const char *line);

/* One word for a POSIX shell; plain words stay as they are. */
int quote_sh(struct buf *to, const char *word);

/*
 * Text from outside, for people: what could begin another line, drive a
 * terminal or turn the direction of writing around is shown: \n, \t, \x1b,
 * \u202e, and what is no UTF-8 as \xff.  All else stays, a backslash too: this
 * is not for programs to read back.
 */
void quote_visible(struct buf *to, const char *text, size_t len);
/* The same in place, for what `b` has from byte `from` on. */
void quote_visible_tail(struct buf *b, size_t from);
/*
 * The next character of a text (*at < end) in that form, for those who cannot
 * ask for memory: how many bytes of `to` it takes.  *at moves on.
 */
#define QUOTE_VISIBLE_MAX 8
size_t quote_visible_next(
    const char **at, const char *end, char to[QUOTE_VISIBLE_MAX]);

/*
 * URLs in a text, for people: who logs in, and how, is shown as ***, be it in
 * "https://joe:password@host".  RFC 3986, 3.2: it is between :// and the last @
 * before the next slash, ? # or blank.
 */
void quote_hide_logins(struct buf *text);

#endif
