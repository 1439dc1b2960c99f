#ifndef NNI_REMOTE_WINDOWS_VISIT_H
#define NNI_REMOTE_WINDOWS_VISIT_H

#include "buf.h"
#include "machine.h"
#include "os/loop.h"
#include "windows.h"

/* As struct connection calls such machines. */
#define WINDOWS_SYSTEM "Windows"
#define WINDOWS_MACHINE "x86_64"

/*
 * Appends the line that starts the program there, windows_command(), with its
 * digest, where that is needed.  0, or -1 with err and hint.
 */
int windows_text(struct buf *text, enum windows_shell shell,
    const struct machine *m, const char *arguments, struct buf *err,
    struct buf *hint);

/*
 * What is done on a Windows machine before the far program is there.  What ssh
 * says meanwhile goes to the experiment's log `log`.  The answer comes once,
 * from the loop; only then may the visit be freed, also by whom it is told.
 */
struct windows_visit;

/* Whose shell is it?  `system` as of windows_shell_tell(), borrowed. */
typedef void windows_asked_fn(void *arg, enum windows_shell shell);
struct windows_visit *windows_ask(struct loop *loop, const struct machine *m,
    const char *system, const char *log, windows_asked_fn *tell, void *arg);

/*
 * Sends the program: by sftp, where there is none by tar.  `code` is NNI_OK
 * once it is there, and ran; else `why` and `hint` (may be empty) tell more.
 */
typedef void windows_sent_fn(
    void *arg, const struct buf *why, const struct buf *hint, int code);
struct windows_visit *windows_send(struct loop *loop, const struct machine *m,
    enum windows_shell shell, const char *log, windows_sent_fn *tell,
    void *arg);

/* NULL is allowed. */
void windows_visit_free(struct windows_visit *v);

#endif
