/*
 * file-win32: files by handle.  Always the wide calls, all share modes (so that
 * what we hold open can be replaced and deleted) and never an inheritable
 * handle.  Directories and paths: dir-win32.c.
 */
#include "win32.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sddl.h>
#include "../mem.h"
#include "sys.h"

/* ReadFile and WriteFile count in DWORDs. */
#define IO_MAX ((size_t)1 << 30)

static DWORD
io_size(size_t size)
{
	return (DWORD)(size < IO_MAX ? size : IO_MAX);
}

/*
 * What 0600 means here: owner, system and administrators, and nothing from the
 * directory above.  NULL (inherit) for other modes and where it fails: a file
 * system without access lists has nothing to protect with.
 */
SECURITY_ATTRIBUTES *
win32_private(SECURITY_ATTRIBUTES *sa, int mode)
{
	if ((mode & 077) != 0)
		return NULL;
	sa->nLength = sizeof(*sa);
	sa->bInheritHandle = FALSE;
	if (!ConvertStringSecurityDescriptorToSecurityDescriptorW(
		L"D:P(A;OICI;FA;;;OW)(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)",
		SDDL_REVISION_1, &sa->lpSecurityDescriptor, NULL))
		return NULL;
	return sa;
}

static DWORD
access_of(int flags)
{
	DWORD access = 0;

	if (flags & FILE_READ)
		access |= GENERIC_READ;
	/* Only without FILE_WRITE_DATA does every write go to the end in one
	   piece. */
	if (flags & FILE_APPEND)
		access |= FILE_APPEND_DATA | FILE_READ_ATTRIBUTES |
			  FILE_WRITE_ATTRIBUTES | SYNCHRONIZE;
	else if (flags & FILE_WRITE)
		access |= GENERIC_WRITE;
	return access;
}

static DWORD
how_of(int flags)
{
	if (flags & FILE_CREATE)
		return flags & FILE_EXCL ? CREATE_NEW : OPEN_ALWAYS;
	return OPEN_EXISTING;
}

bool
win32_is_link(DWORD attributes, DWORD tag)
{
	/* Other tags (OneDrive, deduplication) are ordinary files. */
	return (attributes & FILE_ATTRIBUTE_REPARSE_POINT) != 0 &&
	       (tag == IO_REPARSE_TAG_SYMLINK ||
		   tag == IO_REPARSE_TAG_MOUNT_POINT);
}

static bool
handle_is_link(HANDLE h)
{
	FILE_ATTRIBUTE_TAG_INFO tag;

	return GetFileInformationByHandleEx(
		   h, FileAttributeTagInfo, &tag, sizeof(tag)) &&
	       win32_is_link(tag.FileAttributes, tag.ReparseTag);
}

/* Opens; waits for scanners. INVALID_HANDLE_VALUE with the failure kept. */
static HANDLE
open_wide(const wchar_t *path, int flags, int mode)
{
	SECURITY_ATTRIBUTES sa, *private_to = NULL;
	DWORD extra = FILE_ATTRIBUTE_NORMAL, waited = 0, error, attributes;
	HANDLE h;

	if (flags & FILE_NOFOLLOW)
		extra |= FILE_FLAG_OPEN_REPARSE_POINT;
	if (flags & FILE_CREATE)
		private_to = win32_private(&sa, mode);
	do {
		h = CreateFileW(path, access_of(flags), WIN32_SHARE, private_to,
		    how_of(flags), extra, NULL);
		error = GetLastError();
	} while (h == INVALID_HANDLE_VALUE &&
		 error == ERROR_SHARING_VIOLATION && win32_retry(&waited));
	if (private_to != NULL)
		LocalFree(sa.lpSecurityDescriptor);
	if (h != INVALID_HANDLE_VALUE)
		return h;
	if (error == ERROR_ACCESS_DENIED) {
		attributes = GetFileAttributesW(path);
		if (attributes != INVALID_FILE_ATTRIBUTES &&
		    (attributes & FILE_ATTRIBUTE_DIRECTORY))
			error = WIN32_IS_DIR;
	}
	win32_fail(error);
	return h;
}

os_file
file_open(const char *path, int flags, int mode, struct buf *err)
{
	wchar_t *wide = win32_wide_path(path);
	HANDLE h = INVALID_HANDLE_VALUE;

	if (wide != NULL)
		h = open_wide(wide, flags, mode);
	free(wide);
	if (h != INVALID_HANDLE_VALUE && (flags & FILE_NOFOLLOW) &&
	    handle_is_link(h)) {
		CloseHandle(h);
		h = INVALID_HANDLE_VALUE;
		win32_fail(WIN32_IS_LINK);
	}
	if (h != INVALID_HANDLE_VALUE && (flags & FILE_ORDINARY) &&
	    GetFileType(h) != FILE_TYPE_DISK) {
		CloseHandle(h);
		h = INVALID_HANDLE_VALUE;
		win32_fail(WIN32_NOT_FILE);
	}
	if (h != INVALID_HANDLE_VALUE && (flags & FILE_TRUNC) &&
	    file_truncate((os_file)h, 0) < 0) {
		CloseHandle(h);
		h = INVALID_HANDLE_VALUE;
	}
	if (h == INVALID_HANDLE_VALUE) {
		win32_say(err, flags & FILE_EXCL ? "create" : "open", path);
		return OS_NO_FILE;
	}
	return (os_file)h;
}

void
file_close(os_file f)
{
	if (f != OS_NO_FILE)
		CloseHandle(win32_handle(f));
}

/*
 * An OVERLAPPED with an event of its own does for both kinds of pipe.  The
 * event's lowest bit set keeps the result away from a completion port.
 */
BOOL
win32_pipe_io(HANDLE h, void *bytes, DWORD size, DWORD *done, bool writing)
{
	OVERLAPPED ov = {0};
	HANDLE event = CreateEventW(NULL, TRUE, FALSE, NULL);
	BOOL ok;
	DWORD error;

	if (event == NULL)
		return FALSE;
	ov.hEvent = (HANDLE)((ULONG_PTR)event | 1);
	ok = writing ? WriteFile(h, bytes, size, NULL, &ov)
		     : ReadFile(h, bytes, size, NULL, &ov);
	if (ok || GetLastError() == ERROR_IO_PENDING) {
		WaitForSingleObject(event, INFINITE);
		ov.hEvent = event;
		ok = GetOverlappedResult(h, &ov, done, TRUE);
	}
	error = GetLastError();
	CloseHandle(event);
	SetLastError(error);
	return ok;
}

int64_t
file_read(os_file f, void *to, size_t size)
{
	HANDLE h = win32_handle(f);
	bool pipe = GetFileType(h) == FILE_TYPE_PIPE;
	DWORD n = 0;
	BOOL ok;

	do {
		ok = pipe ? win32_pipe_io(h, to, io_size(size), &n, false)
			  : ReadFile(h, to, io_size(size), &n, NULL);
		/* On a pipe, nothing is a write of nothing and not the end. */
	} while (ok && n == 0 && pipe && size > 0 &&
		 PeekNamedPipe(h, NULL, 0, NULL, NULL, NULL));
	if (ok)
		return (int64_t)n;
	switch (GetLastError()) {
	case ERROR_HANDLE_EOF:
	case ERROR_BROKEN_PIPE:
		return 0;
	default:
		return win32_failed();
	}
}

int64_t
file_read_at(os_file f, void *to, size_t size, int64_t offset)
{
	HANDLE h = win32_handle(f);
	OVERLAPPED at = {0};
	LARGE_INTEGER zero = {0}, place;
	DWORD n = 0;
	BOOL ok;

	/* Unlike pread() it moves the handle's place. */
	if (!SetFilePointerEx(h, zero, &place, FILE_CURRENT))
		return win32_failed();
	at.Offset = (DWORD)((uint64_t)offset & 0xffffffffu);
	at.OffsetHigh = (DWORD)((uint64_t)offset >> 32);
	ok = ReadFile(h, to, io_size(size), &n, &at);
	if (!ok && GetLastError() != ERROR_HANDLE_EOF)
		return win32_failed();
	SetFilePointerEx(h, place, NULL, FILE_BEGIN);
	return (int64_t)n;
}

/* A console takes UTF-16; bytes would be read in its old code page. */
static int
console_write(HANDLE h, const char *bytes, size_t len)
{
	char *text = xstrndup(bytes, len);
	int room = MultiByteToWideChar(CP_UTF8, 0, text, -1, NULL, 0);
	wchar_t *wide = xcalloc((size_t)room + 1, sizeof(*wide)), *p = wide;
	DWORD left, n = 0;

	MultiByteToWideChar(CP_UTF8, 0, text, -1, wide, room);
	free(text);
	for (left = (DWORD)wcslen(wide); left > 0; left -= n, p += n)
		/* Older consoles refuse more than 64 KiB at once. */
		if (!WriteConsoleW(h, p, left < 8192 ? left : 8192, &n, NULL) ||
		    n == 0)
			break;
	free(wide);
	return left == 0 ? 0 : win32_failed();
}

int
file_write(os_file f, const void *bytes, size_t len)
{
	HANDLE h = win32_handle(f);
	const char *p = bytes;
	DWORD type = GetFileType(h), mode, n = 0;
	BOOL ok;

	if (type == FILE_TYPE_CHAR && GetConsoleMode(h, &mode))
		return console_write(h, p, len);
	for (; len > 0; p += n, len -= n) {
		ok = type == FILE_TYPE_PIPE
			 ? win32_pipe_io(
			       h, (void *)(uintptr_t)p, io_size(len), &n, true)
			 : WriteFile(h, p, io_size(len), &n, NULL);
		if (!ok)
			return win32_failed();
	}
	return 0;
}

int
file_write_at(os_file f, const void *bytes, size_t len, int64_t offset)
{
	HANDLE h = win32_handle(f);
	const char *p = bytes;
	LARGE_INTEGER zero = {0}, place;
	DWORD n = 0;
	int rc = 0;

	/* Unlike pwrite() it moves the handle's place. */
	if (!SetFilePointerEx(h, zero, &place, FILE_CURRENT))
		return win32_failed();
	for (; len > 0 && rc == 0; p += n, len -= n, offset += n) {
		OVERLAPPED at = {0};

		at.Offset = (DWORD)((uint64_t)offset & 0xffffffffu);
		at.OffsetHigh = (DWORD)((uint64_t)offset >> 32);
		n = 0;
		if (!WriteFile(h, p, io_size(len), &n, &at))
			rc = win32_failed();
	}
	SetFilePointerEx(h, place, NULL, FILE_BEGIN);
	return rc;
}

int
file_sync(os_file f)
{
	return FlushFileBuffers(win32_handle(f)) ? 0 : win32_failed();
}

/* It writes soon by itself. */
void
file_sync_begin(os_file f, int64_t offset, size_t len)
{
	(void)f;
	(void)offset;
	(void)len;
}

int64_t
file_size(os_file f)
{
	LARGE_INTEGER size;

	if (!GetFileSizeEx(win32_handle(f), &size))
		return win32_failed();
	return size.QuadPart;
}

int
file_truncate(os_file f, int64_t size)
{
	HANDLE h = win32_handle(f), again;
	FILE_END_OF_FILE_INFO end;
	BOOL ok;

	end.EndOfFile.QuadPart = size;
	if (SetFileInformationByHandle(h, FileEndOfFileInfo, &end, sizeof(end)))
		return 0;
	if (GetLastError() != ERROR_ACCESS_DENIED)
		return win32_failed();
	/* A handle that can only append may not cut: take one that may. */
	again = ReOpenFile(h, GENERIC_WRITE, WIN32_SHARE, 0);
	if (again == INVALID_HANDLE_VALUE)
		return win32_failed();
	ok = SetFileInformationByHandle(
	    again, FileEndOfFileInfo, &end, sizeof(end));
	if (!ok)
		win32_failed();
	CloseHandle(again);
	return ok ? 0 : -1;
}

int
file_read_rest(os_file f, const char *path, struct buf *to, struct buf *err)
{
	int64_t size = file_size(f), n;
	size_t want = 4096, room;
	char more;

	if (size > 0 && (uint64_t)size < to->max)
		want = (size_t)size + 1; /* one more: sees the end as well */
	for (;;) {
		room = to->max - to->len;
		if (want > room)
			want = room;
		if (want > 0 && buf_reserve(to, want) == 0)
			n = file_read(f, to->data + to->len, want);
		else /* full: was that all? */
			n = file_read(f, &more, 1);
		if (n == 0)
			return 0;
		if (n > 0 && want == 0)
			n = win32_fail(ERROR_FILE_TOO_LARGE);
		if (n < 0)
			return win32_say(err, "read", path);
		to->len += (size_t)n;
		to->data[to->len] = '\0';
		want = to->len < 4096 ? 4096 : to->len;
	}
}

int
dir_sync(const char *path)
{
	(void)path; /* MOVEFILE_WRITE_THROUGH is all there is */
	return 0;
}

/*
 * Windows 10 1607: replaces a file even while others have it open with delete
 * sharing.  Not declared in older headers.
 */
#define RENAME_INFO_EX ((FILE_INFO_BY_HANDLE_CLASS)22)
#define RENAME_REPLACE 1u
#define RENAME_POSIX 2u

static BOOL
rename_posix(const wchar_t *from, const wchar_t *to)
{
	struct {
		DWORD flags;
		HANDLE root;
		DWORD bytes;
		wchar_t name[1];
	} * info;
	size_t bytes = wcslen(to) * sizeof(*to);
	HANDLE h = CreateFileW(from, DELETE | SYNCHRONIZE, WIN32_SHARE, NULL,
	    OPEN_EXISTING,
	    FILE_FLAG_BACKUP_SEMANTICS | FILE_FLAG_OPEN_REPARSE_POINT |
		FILE_FLAG_WRITE_THROUGH,
	    NULL);
	DWORD error;
	BOOL ok;

	if (h == INVALID_HANDLE_VALUE)
		return FALSE;
	info = xcalloc(1, sizeof(*info) + bytes);
	info->flags = RENAME_REPLACE | RENAME_POSIX;
	info->bytes = (DWORD)bytes;
	wmemcpy(info->name, to, bytes / sizeof(*to));
	ok = SetFileInformationByHandle(
	    h, RENAME_INFO_EX, info, (DWORD)(sizeof(*info) + bytes));
	error = GetLastError();
	free(info);
	CloseHandle(h);
	SetLastError(error);
	return ok;
}

static bool
is_dir(const wchar_t *path)
{
	DWORD attributes = GetFileAttributesW(path);

	return attributes != INVALID_FILE_ATTRIBUTES &&
	       (attributes & FILE_ATTRIBUTE_DIRECTORY);
}

static int
rename_wide(const wchar_t *from, const wchar_t *to)
{
	DWORD waited = 0, error;

	for (;;) {
		if (rename_posix(from, to))
			return 0;
		error = GetLastError();
		if (error != ERROR_ACCESS_DENIED &&
		    error != ERROR_SHARING_VIOLATION) {
			/* an older Windows, or not NTFS */
			if (MoveFileExW(from, to,
				MOVEFILE_REPLACE_EXISTING |
				    MOVEFILE_WRITE_THROUGH))
				return 0;
			error = GetLastError();
		}
		if (is_dir(to))
			return win32_fail(ERROR_ALREADY_EXISTS);
		if ((error != ERROR_ACCESS_DENIED &&
			error != ERROR_SHARING_VIOLATION) ||
		    !win32_retry(&waited))
			return win32_fail(error);
	}
}

static int
rename_path(const char *from, const char *to)
{
	wchar_t *wide_from = win32_wide_path(from);
	wchar_t *wide_to = win32_wide_path(to);
	int rc = -1;

	if (wide_from != NULL && wide_to != NULL)
		rc = rename_wide(wide_from, wide_to);
	free(wide_from);
	free(wide_to);
	return rc;
}

int
file_rename(const char *from, const char *to, struct buf *err)
{
	if (rename_path(from, to) == 0)
		return 0;
	return buf_err(
	    err, "cannot rename '%s' to '%s': %s", from, to, os_strerror());
}

/* A new file beside `path`; its name goes to `name`. */
static os_file
open_beside(const char *path, int mode, struct buf *name)
{
	os_file f = OS_NO_FILE;
	uint32_t chance;
	int tries;

	for (tries = 0; tries < 100; tries++) {
		if (random_bytes(&chance, sizeof(chance)) < 0)
			break;
		buf_setf(name, "%s.%08lx.tmp", path, (unsigned long)chance);
		f = file_open(name->data,
		    FILE_WRITE | FILE_CREATE | FILE_EXCL | FILE_NOFOLLOW, mode,
		    NULL);
		if (f != OS_NO_FILE || os_errno() != OS_EXISTS)
			break;
	}
	return f;
}

int
file_replace(const char *path, const void *bytes, size_t len, int mode,
    bool sync, struct buf *err)
{
	struct buf name = BUF_INIT;
	os_file f = open_beside(path, mode, &name);
	DWORD error;
	int rc = -1;

	if (f != OS_NO_FILE) {
		rc = file_write(f, bytes, len);
		if (rc == 0 && sync)
			rc = file_sync(f);
		file_close(f);
		if (rc == 0)
			rc = rename_path(name.data, path);
		error = win32_last();
		if (rc < 0)
			file_remove(name.data, NULL);
		win32_fail(error);
	}
	buf_release(&name);
	return rc == 0 ? 0 : win32_say(err, "write", path);
}

/* The read-only attribute (git's objects have it) forbids deleting. */
static bool
make_writable(const wchar_t *path)
{
	DWORD attributes = GetFileAttributesW(path);

	return attributes != INVALID_FILE_ATTRIBUTES &&
	       (attributes & FILE_ATTRIBUTE_READONLY) &&
	       SetFileAttributesW(
		   path, attributes & ~(DWORD)FILE_ATTRIBUTE_READONLY);
}

int
win32_remove(const wchar_t *path, bool dir)
{
	DWORD waited = 0, error;

	for (;;) {
		if (dir ? RemoveDirectoryW(path) : DeleteFileW(path))
			return 0;
		error = GetLastError();
		switch (error) {
		case ERROR_FILE_NOT_FOUND:
		case ERROR_PATH_NOT_FOUND:
			return 0;
		case ERROR_ACCESS_DENIED:
			if (!dir && is_dir(path))
				return win32_fail(WIN32_IS_DIR);
			if (make_writable(path))
				continue;
			break;
		case ERROR_SHARING_VIOLATION:
			break;
		case ERROR_DIR_NOT_EMPTY:
			/* A deleted file's name stays until its last close. */
			break;
		default:
			return win32_fail(error);
		}
		if (!win32_retry(&waited))
			return win32_fail(error);
	}
}

int
file_remove(const char *path, struct buf *err)
{
	wchar_t *wide = win32_wide_path(path);
	int rc = wide != NULL ? win32_remove(wide, false) : -1;

	free(wide);
	return rc == 0 ? 0 : win32_say(err, "remove", path);
}

/* 100 ns since 1601 to ms since 1970. */
static int64_t
unix_ms(FILETIME t)
{
	uint64_t ticks = (uint64_t)t.dwHighDateTime << 32 | t.dwLowDateTime;

	return ((int64_t)ticks - 116444736000000000) / 10000;
}

static int
handle_info(HANDLE h, bool follow, struct file_info *info)
{
	BY_HANDLE_FILE_INFORMATION bh;

	if (GetFileType(h) != FILE_TYPE_DISK) {
		info->type = FILE_SPECIAL;
		return 0;
	}
	if (!GetFileInformationByHandle(h, &bh))
		return win32_failed();
	if (!follow && handle_is_link(h))
		info->type = FILE_LINK;
	else if (bh.dwFileAttributes & FILE_ATTRIBUTE_DIRECTORY)
		info->type = FILE_DIR;
	else
		info->type = FILE_REGULAR;
	if (info->type == FILE_REGULAR)
		info->size = (int64_t)((uint64_t)bh.nFileSizeHigh << 32 |
				       bh.nFileSizeLow);
	info->mtime_ms = unix_ms(bh.ftLastWriteTime);
	info->mode = info->type == FILE_REGULAR ? 0644 : 0755;
	if (bh.dwFileAttributes & FILE_ATTRIBUTE_READONLY)
		info->mode &= ~0222u;
	info->device = bh.dwVolumeSerialNumber;
	info->inode = (uint64_t)bh.nFileIndexHigh << 32 | bh.nFileIndexLow;
	info->links = bh.nNumberOfLinks;
	return 0;
}

int
file_info(const char *path, bool follow, struct file_info *info)
{
	wchar_t *wide = win32_wide_path(path);
	HANDLE h;
	int rc;

	memset(info, 0, sizeof(*info));
	info->type = FILE_ABSENT;
	if (wide == NULL)
		return -1;
	h = CreateFileW(wide, FILE_READ_ATTRIBUTES, WIN32_SHARE, NULL,
	    OPEN_EXISTING,
	    FILE_FLAG_BACKUP_SEMANTICS |
		(follow ? 0 : FILE_FLAG_OPEN_REPARSE_POINT),
	    NULL);
	free(wide);
	if (h == INVALID_HANDLE_VALUE) {
		win32_failed();
		return os_errno() == OS_NOT_FOUND ? 0 : -1;
	}
	rc = handle_info(h, follow, info);
	CloseHandle(h);
	return rc;
}

int
file_info_of(os_file f, struct file_info *info)
{
	memset(info, 0, sizeof(*info));
	info->type = FILE_ABSENT;
	return handle_info(win32_handle(f), true, info);
}

/*
 * What 01777 means here: all users may make files in a directory and write to
 * those of others, but remove only their own.
 */
static BOOL
share_with_all(const wchar_t *dir)
{
	PSECURITY_DESCRIPTOR sd;
	BOOL ok = FALSE;

	if (ConvertStringSecurityDescriptorToSecurityDescriptorW(
		L"D:P(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)(A;;FA;;;OW)"
		L"(A;OICIIO;FA;;;CO)(A;;0x1200ab;;;AU)(A;OIIO;FRFW;;;AU)",
		SDDL_REVISION_1, &sd, NULL)) {
		ok = SetFileSecurityW(dir, DACL_SECURITY_INFORMATION, sd);
		LocalFree(sd);
	}
	return ok;
}

int
file_chmod(const char *path, uint32_t mode, struct buf *err)
{
	wchar_t *wide = win32_wide_path(path);
	DWORD attributes;
	BOOL ok = FALSE;

	if (wide != NULL) {
		attributes = GetFileAttributesW(wide);
		if (mode & 0200)
			attributes &= ~(DWORD)FILE_ATTRIBUTE_READONLY;
		else
			attributes |= FILE_ATTRIBUTE_READONLY;
		ok = SetFileAttributesW(wide, attributes) &&
		     ((mode & 0002) == 0 || !is_dir(wide) ||
			 share_with_all(wide));
		if (!ok)
			win32_failed();
	}
	free(wide);
	return ok ? 0 : win32_say(err, "change the mode of", path);
}

/* ReFS can, by volumes and clusters; CopyFile does where it is worth it. */
int
file_clone(os_file from, os_file to)
{
	(void)from;
	(void)to;
	SetLastError(ERROR_NOT_SUPPORTED);
	return win32_failed();
}

int
file_link(const char *from, const char *to, struct buf *err)
{
	wchar_t *wide = win32_wide_path(from), *new = win32_wide_path(to);
	BOOL ok = FALSE;

	if (wide != NULL && new != NULL) {
		ok = CreateHardLinkW(new, wide, NULL);
		if (!ok)
			win32_failed();
	}
	free(wide);
	free(new);
	return ok ? 0 : win32_say(err, "create link", to);
}

int
disk_free(const char *path, int64_t *bytes, struct buf *err)
{
	wchar_t *wide = win32_wide_path(path);
	ULARGE_INTEGER free_bytes;
	BOOL ok = FALSE;

	if (wide != NULL) {
		ok = GetDiskFreeSpaceExW(wide, &free_bytes, NULL, NULL);
		if (!ok)
			win32_failed();
	}
	free(wide);
	if (!ok)
		return win32_say(err, "see the space left at", path);
	*bytes = (int64_t)free_bytes.QuadPart;
	return 0;
}

int
file_set_mtime(os_file f, int64_t mtime_ms)
{
	uint64_t ticks = (uint64_t)mtime_ms * 10000 + 116444736000000000;
	FILETIME t = {(DWORD)ticks, (DWORD)(ticks >> 32)};

	return SetFileTime(win32_handle(f), NULL, NULL, &t) ? 0
							    : win32_failed();
}
