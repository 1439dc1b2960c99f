#ifndef NNI_OS_WIN32_H
#define NNI_OS_WIN32_H

/* What the Windows twins share. Nobody else includes this. */

#define WIN32_LEAN_AND_MEAN
#define NOMINMAX
#include <windows.h>
#undef FILE_CREATE /* some winnt.h have the kernel's, which is another */
#include <stdbool.h>
#include <wchar.h>
#include "../buf.h"
#include "file.h"
#include "process.h"

#ifdef _MSC_VER
#define WIN32_THREAD __declspec(thread)
#else
#define WIN32_THREAD _Thread_local
#endif

/* Win32 calls give no error of their own for the first three; not all headers
   have these names: ERROR_STOPPED_ON_SYMLINK, _DIRECTORY_NOT_SUPPORTED,
   _BAD_FILE_TYPE, _DISK_QUOTA_EXCEEDED. */
#define WIN32_IS_LINK 681L
#define WIN32_IS_DIR 336L
#define WIN32_NOT_FILE 222L
#define WIN32_QUOTA 1295L

/* What a console program ends with after Ctrl-C, Ctrl-Break or its close. */
#define WIN32_CONTROL_C_CODE 0xC000013Au
/* What TerminateProcess() leaves as exit code: as shells show SIGKILL. */
#define WIN32_KILLED_CODE 137u

/* Everybody may read, write, rename and delete what we have open. */
#define WIN32_SHARE (FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE)

static inline HANDLE
win32_handle(os_file f)
{
	return (HANDLE)f;
}

/* ---- text-win32.c: UTF-16 and errors ---- */

/* Remembers the failure for os_errno() and os_strerror(); returns -1. */
int win32_fail(DWORD error);
/* win32_fail(GetLastError()) */
int win32_failed(void);
/* What was remembered. */
DWORD win32_last(void);
/* "cannot VERB 'PATH': what was remembered" into err; returns -1. */
int win32_say(struct buf *err, const char *verb, const char *path);

/*
 * UTF-16 as malloced strings; NULL (the failure remembered) if the text is not
 * UTF-8.  A path comes out absolute, with '\', and with \\?\ where it is long.
 */
wchar_t *win32_wide(const char *text);
wchar_t *win32_wide_path(const char *path);
/* The same, always with \\?\ (for what lies below it). */
wchar_t *win32_wide_long(const char *path);
/* Appends UTF-8; -1 on a lone surrogate, which has none. */
int win32_narrow(const wchar_t *text, struct buf *to);
/* The same for a path: '/' in place of '\', no \\?\ in front. */
int win32_narrow_path(const wchar_t *path, struct buf *to);

/*
 * Scanners and indexers hold files for some ms: true, after a wait of 1,
 * 2, 4... ms, until 2 s are over.  Start with *waited_ms = 0.
 */
bool win32_retry(DWORD *waited_ms);

/* ---- file-win32.c ---- */

/*
 * What mode 0600 or 0700 means here, for a new file or directory; free its
 * lpSecurityDescriptor with LocalFree().  NULL: inherit.
 */
SECURITY_ATTRIBUTES *win32_private(SECURITY_ATTRIBUTES *sa, int mode);
/* A symbolic link or a junction. */
bool win32_is_link(DWORD attributes, DWORD reparse_tag);
/* Deletes a file or an empty directory; absent is success. 0 or -1. */
int win32_remove(const wchar_t *path, bool dir);

/* Reads or writes a pipe of either kind, overlapped or not; waits. */
BOOL win32_pipe_io(
    HANDLE h, void *bytes, DWORD size, DWORD *done, bool writing);

/* ---- job-win32.c ---- */

/* Set whenever something in our job ends; NULL without one. */
HANDLE win32_job_event(void);

/* ---- command-win32.c ---- */

/* The file of spec's program or of the system's shell. 0 or -1. */
int win32_find_program(const struct proc_spec *spec, struct buf *path);
/* Malloced; NULL with the failure remembered. */
wchar_t *win32_command_line(const char *program, const struct proc_spec *spec);
wchar_t *win32_environment(const char *const *changes);

/* ---- process-win32.c ---- */

/*
 * proc_start() with more creation flags; `job` (NULL: none) has the program as
 * a member before it runs.
 */
int win32_start(struct proc *p, const struct proc_spec *spec, DWORD flags,
    HANDLE job, struct buf *err);
/* CTRL_BREAK to the group that `pid` leads. 0 or -1. */
int win32_break(DWORD pid);

#endif
