#ifndef NNI_OS_FILE_H
#define NNI_OS_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "../buf.h"

/*
 * Files and directories.  Paths are UTF-8 with '/'; on Windows '\' is taken
 * too, and long paths work.  No descriptor made here is inherited by a child.
 * All functions return -1 on failure with "cannot VERB 'PATH': REASON" in err
 * (NULL: not wanted) unless they say otherwise; os_errno() tells the kind.
 */
typedef intptr_t os_file; /* a descriptor, or a Windows HANDLE */
#define OS_NO_FILE ((os_file)-1)

/* Kinds of failure that callers treat apart; of this thread's last failed call.
 */
enum os_error {
	OS_OTHER = 1,
	OS_NOT_FOUND,
	OS_EXISTS,
	OS_DENIED, /* no permission, read-only file system */
	OS_FULL,   /* disk or quota */
	OS_GONE,   /* the reader of a pipe has gone */
	OS_NOT_DIR,
	OS_IS_DIR,
	OS_NOT_EMPTY,
	OS_IS_LINK, /* FILE_NOFOLLOW met a symbolic link */
	OS_BUSY,
	OS_NOT_FILE, /* FILE_ORDINARY met something else */
	OS_NO_MORE   /* processes, open files, memory: perhaps later */
};
enum os_error os_errno(void);

enum {
	FILE_READ = 1,
	FILE_WRITE = 2,
	FILE_APPEND = 4, /* each write goes to the end in one piece */
	FILE_CREATE = 8,
	FILE_EXCL = 16, /* with FILE_CREATE: it must not exist */
	FILE_TRUNC = 32,
	FILE_NOFOLLOW = 64,
	/* Only a regular file will do: a FIFO, a device, whatever a trial has
	   put in its place, is an error, and is not waited for. */
	FILE_ORDINARY = 128
};

/* `mode`: permission bits of a new file (0600, 0666; umask applies). */
os_file file_open(const char *path, int flags, int mode, struct buf *err);
void file_close(os_file f);
/* Bytes read, 0 at the end, -1 on error. */
int64_t file_read(os_file f, void *to, size_t size);
int64_t file_read_at(os_file f, void *to, size_t size, int64_t offset);
/* All of it in one write(2) where the system takes it so. 0 or -1. */
int file_write(os_file f, const void *bytes, size_t len);
/* At `offset`, the place where file_write() goes on being untouched. 0 or -1.
 */
int file_write_at(os_file f, const void *bytes, size_t len, int64_t offset);
/* Data (not necessarily times) on stable storage: fdatasync, FlushFileBuffers.
 */
int file_sync(os_file f);
/* Has the system begin to write these bytes to the disk, and does not wait: a
   hint that leaves less to do for file_sync(). */
void file_sync_begin(os_file f, int64_t offset, size_t len);
int64_t file_size(os_file f);
int file_truncate(os_file f, int64_t size);
/* Message-carrying forms of the above are made by callers: os_strerror(). */
const char *os_strerror(void); /* text of the last failed call, static */

/* Whole files. */
int file_read_all(const char *path, struct buf *to, struct buf *err);
/* The same with FILE_ORDINARY. */
int file_read_ordinary(const char *path, struct buf *to, struct buf *err);
/* From where it stands to its end; `path` is what err calls it. */
int file_read_rest(
    os_file f, const char *path, struct buf *to, struct buf *err);
/*
 * Atomically: written beside as a temporary name, flushed, renamed over, and
 * the directory flushed.  After a crash the old or the new contents are there.
 * `sync` false leaves the flushes out (for files that are only hints).
 */
int file_replace(const char *path, const void *bytes, size_t len, int mode,
    bool sync, struct buf *err);
int file_rename(const char *from, const char *to, struct buf *err);
/* Absent is success. */
int file_remove(const char *path, struct buf *err);
/* Flushes a directory's entries; does nothing where there is no such call. */
int dir_sync(const char *path);

enum file_type {
	FILE_ABSENT,
	FILE_REGULAR,
	FILE_DIR,
	FILE_LINK,
	FILE_SPECIAL /* fifo, socket, device */
};
struct file_info {
	enum file_type type;
	int64_t size;
	int64_t mtime_ms;
	uint32_t mode;	     /* permission bits; made up on Windows */
	bool open_to_others; /* other users may read it; false: not known */
	uint64_t device, inode;
	uint32_t links;
};
/* follow: look through symbolic links.  Absent: type FILE_ABSENT, returns 0. */
int file_info(const char *path, bool follow, struct file_info *info);
/* Of what is open, whatever its path leads to by now. */
int file_info_of(os_file f, struct file_info *info);
int file_chmod(const char *path, uint32_t mode, struct buf *err);
/* Of a file open for writing: when it was last written, as far as the file
   system keeps that.  0 or -1. */
int file_set_mtime(os_file f, int64_t mtime_ms);
int link_read(const char *path, struct buf *target, struct buf *err);
int link_make(const char *target, const char *path, struct buf *err);

int dir_make(const char *path, int mode, struct buf *err); /* one level */
int dir_make_all(
    const char *path, int mode, struct buf *err); /* existing is ok */
/* Removes an empty one. */
int dir_remove(const char *path, struct buf *err);
/* Removes a tree without following links; absent is success. */
int dir_remove_tree(const char *path, struct buf *err);
/*
 * Makes the empty file `to` share the contents of `from`, each keeping its own
 * when one is written to; both are open.  0, or -1 where the file system cannot
 * do that.
 */
int file_clone(os_file from, os_file to);
/* A second name of a file: what is written to one is written to the other. */
int file_link(const char *from, const char *to, struct buf *err);
/* How much we may still write where `path` is, in bytes. */
int disk_free(const char *path, int64_t *bytes, struct buf *err);

/*
 * The names in a directory ("." and ".." left out), sorted by bytes, as a
 * malloced array of malloced strings; *types (may be NULL) gets an array of
 * enum file_type (links not followed).  The caller frees all of it with
 * dir_list_free().
 */
int dir_list(const char *path, char ***names, enum file_type **types,
    size_t *count, struct buf *err);
void dir_list_free(char **names, enum file_type *types, size_t count);

/* Paths. */
bool path_is_absolute(const char *path);
/*
 * Does it name what can be read but once, or by this process alone: a pipe, a
 * terminal, what is open already (/dev/stdin, the shell's <(command))?
 */
bool path_is_stream(const char *path);
/* Appends "/name" to b (no second slash). An absolute name replaces it. */
void path_add(struct buf *b, const char *name);
/* The absolute form, "." and ".." resolved by text; base NULL: the cwd. */
int path_absolute(
    const char *path, const char *base, struct buf *to, struct buf *err);
/* Links resolved too; the path must exist. */
int path_real(const char *path, struct buf *to, struct buf *err);
/* What separates the entries of PATH: ":" or ";". */
const char *path_list_separator(void);
/* The last component; a pointer into path. */
const char *path_base(const char *path);
/*
 * "~", "~/x" and "~user/x" expanded by the home directories; what has no ~ in
 * front is copied.  On Windows "~user" is refused, as is an unknown user.
 */
int path_expand(const char *path, struct buf *to, struct buf *err);

#endif
