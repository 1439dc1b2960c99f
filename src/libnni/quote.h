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

#endif
