/*
 * text-win32: the border between UTF-8, '/' and errno's texts inside and
 * UTF-16,
 * '\' and Windows errors outside.
 */
#include "win32.h"

#include <stdio.h>
#include <stdlib.h>
#include "../mem.h"

static WIN32_THREAD DWORD last_error;

/*
 * The errors that callers treat apart or that users meet often, worded as on
 * POSIX so that messages (and what is searched for in them) are the same.
 */
static const struct {
	DWORD error;
	enum os_error kind;
	const char *text;
} known[] = {
    {ERROR_FILE_NOT_FOUND, OS_NOT_FOUND, "No such file or directory"},
    {ERROR_PATH_NOT_FOUND, OS_NOT_FOUND, "No such file or directory"},
    {ERROR_INVALID_DRIVE, OS_NOT_FOUND, "No such drive"},
    {ERROR_BAD_NETPATH, OS_NOT_FOUND, "No such network path"},
    {ERROR_BAD_NET_NAME, OS_NOT_FOUND, "No such network share"},
    {ERROR_INVALID_NAME, OS_NOT_FOUND, "Not a valid file name"},
    {ERROR_BAD_PATHNAME, OS_NOT_FOUND, "Not a valid path"},
    {ERROR_FILE_EXISTS, OS_EXISTS, "File exists"},
    {ERROR_ALREADY_EXISTS, OS_EXISTS, "File exists"},
    {ERROR_ACCESS_DENIED, OS_DENIED, "Permission denied"},
    {ERROR_WRITE_PROTECT, OS_DENIED, "Read-only file system"},
    {ERROR_PRIVILEGE_NOT_HELD, OS_DENIED, "Operation not permitted"},
    {ERROR_DISK_FULL, OS_FULL, "No space left on device"},
    {ERROR_HANDLE_DISK_FULL, OS_FULL, "No space left on device"},
    {WIN32_QUOTA, OS_FULL, "Disk quota exceeded"},
    {ERROR_FILE_TOO_LARGE, OS_FULL, "File too large"},
    {ERROR_BROKEN_PIPE, OS_GONE, "Broken pipe"},
    {ERROR_NO_DATA, OS_GONE, "Broken pipe"},
    {ERROR_PIPE_NOT_CONNECTED, OS_GONE, "Broken pipe"},
    {ERROR_DIRECTORY, OS_NOT_DIR, "Not a directory"},
    {WIN32_IS_DIR, OS_IS_DIR, "Is a directory"},
    {ERROR_DIR_NOT_EMPTY, OS_NOT_EMPTY, "Directory not empty"},
    {WIN32_NOT_FILE, OS_NOT_FILE, "Not a regular file"},
    {WIN32_IS_LINK, OS_IS_LINK, "Is a symbolic link"},
    {ERROR_SHARING_VIOLATION, OS_BUSY, "Used by another process"},
    {ERROR_LOCK_VIOLATION, OS_BUSY, "Locked by another process"},
    {ERROR_BUSY, OS_BUSY, "Device or resource busy"},
    {ERROR_TOO_MANY_OPEN_FILES, OS_NO_MORE, "Too many open files"},
    {ERROR_NOT_ENOUGH_MEMORY, OS_NO_MORE, "Cannot allocate memory"},
    {ERROR_OUTOFMEMORY, OS_NO_MORE, "Cannot allocate memory"},
    {ERROR_COMMITMENT_LIMIT, OS_NO_MORE, "Cannot allocate memory"},
    {ERROR_NO_SYSTEM_RESOURCES, OS_NO_MORE, "Out of system resources"},
    {ERROR_NO_PROC_SLOTS, OS_NO_MORE, "Too many processes"},
    {ERROR_BAD_EXE_FORMAT, OS_OTHER, "Not a program for this machine"},
    {ERROR_NO_UNICODE_TRANSLATION, OS_OTHER, "Not valid UTF-8"},
    {ERROR_FILENAME_EXCED_RANGE, OS_OTHER, "File name too long"},
};
#define KNOWN (sizeof(known) / sizeof(known[0]))

int
win32_fail(DWORD error)
{
	last_error = error;
	return -1;
}

int
win32_failed(void)
{
	return win32_fail(GetLastError());
}

DWORD
win32_last(void)
{
	return last_error;
}

enum os_error
os_errno(void)
{
	size_t i;

	for (i = 0; i < KNOWN; i++)
		if (known[i].error == last_error)
			return known[i].kind;
	return OS_OTHER;
}

const char *
os_strerror(void)
{
	static WIN32_THREAD char text[512];
	DWORD error = last_error;
	wchar_t wide[256];
	size_t i;
	DWORD n;
	int len;

	for (i = 0; i < KNOWN; i++)
		if (known[i].error == error)
			return known[i].text;
	n = FormatMessageW(FORMAT_MESSAGE_FROM_SYSTEM |
			       FORMAT_MESSAGE_IGNORE_INSERTS |
			       FORMAT_MESSAGE_MAX_WIDTH_MASK,
	    NULL, error, 0, wide, 256, NULL);
	while (n > 0 && wcschr(L" .\r\n", wide[n - 1]) != NULL)
		n--;
	len = WideCharToMultiByte(
	    CP_UTF8, 0, wide, (int)n, text, (int)sizeof(text) - 32, NULL, NULL);
	snprintf(text + len, sizeof(text) - (size_t)len, "%sWindows error %lu",
	    len > 0 ? ", " : "", error);
	return text;
}

int
win32_say(struct buf *err, const char *verb, const char *path)
{
	return buf_err(err, "cannot %s '%s': %s", verb, path, os_strerror());
}

wchar_t *
win32_wide(const char *text)
{
	int n = MultiByteToWideChar(
	    CP_UTF8, MB_ERR_INVALID_CHARS, text, -1, NULL, 0);
	wchar_t *wide;

	if (n <= 0) {
		win32_failed();
		return NULL;
	}
	wide = xreallocarray(NULL, (size_t)n, sizeof(*wide));
	MultiByteToWideChar(CP_UTF8, 0, text, -1, wide, n);
	return wide;
}

/*
 * 240 and not 260: a directory's path must leave room for a name of 8.3 in
 * it, and the prefix costs nothing.
 */
#define PATH_SHORT 240

/* GetFullPathNameW() with `room` free characters in front of the result. */
static wchar_t *
full_path(const char *path, size_t room)
{
	wchar_t *wide = win32_wide(path), *full = NULL;
	DWORD n;

	if (wide == NULL)
		return NULL;
	n = GetFullPathNameW(wide, 0, NULL, NULL);
	if (n == 0) {
		win32_failed();
	} else {
		full = xreallocarray(NULL, n + room, sizeof(*full));
		GetFullPathNameW(wide, n, full + room, NULL);
	}
	free(wide);
	return full;
}

#define PREFIX L"\\\\?\\"
#define PREFIX_UNC L"\\\\?\\UNC"

wchar_t *
win32_wide_long(const char *path)
{
	const size_t room = 7;
	wchar_t *full = full_path(path, room), *from;
	size_t n;

	if (full == NULL)
		return NULL;
	from = full + room;
	n = wcslen(from) + 1;
	if (wcsncmp(from, PREFIX, 4) == 0 ||
	    wcsncmp(from, L"\\\\.\\", 4) == 0) {
		wmemmove(full, from, n);
	} else if (from[0] == L'\\' && from[1] == L'\\') {
		/* \\server\share */
		wmemmove(full + 7, from + 1, n - 1);
		wmemcpy(full, PREFIX_UNC, 7);
	} else {
		wmemmove(full + 4, from, n);
		wmemcpy(full, PREFIX, 4);
	}
	return full;
}

/*
 * 240 and not 260: a directory's path must leave room for a name of 8.3 in
 * it, and the prefix costs nothing.
 */
wchar_t *
win32_wide_path(const char *path)
{
	wchar_t *full = full_path(path, 0);

	if (full == NULL || wcslen(full) < 240)
		return full;
	free(full);
	return win32_wide_long(path);
}

int
win32_narrow(const wchar_t *text, struct buf *to)
{
	int n = WideCharToMultiByte(
	    CP_UTF8, WC_ERR_INVALID_CHARS, text, -1, NULL, 0, NULL, NULL);

	if (n <= 0)
		return win32_failed();
	if (buf_reserve(to, (size_t)n) < 0)
		return win32_fail(ERROR_BUFFER_OVERFLOW);
	WideCharToMultiByte(
	    CP_UTF8, 0, text, -1, to->data + to->len, n, NULL, NULL);
	to->len += (size_t)n - 1;
	return 0;
}

int
win32_narrow_path(const wchar_t *path, struct buf *to)
{
	size_t from = to->len;

	if (wcsncmp(path, L"\\\\?\\UNC\\", 8) == 0) {
		if (buf_addc(to, '/') < 0)
			return win32_fail(ERROR_BUFFER_OVERFLOW);
		path += 7;
	} else if (wcsncmp(path, L"\\\\?\\", 4) == 0) {
		path += 4;
	}
	if (win32_narrow(path, to) < 0) {
		buf_cut(to, from);
		return -1;
	}
	for (; from < to->len; from++)
		if (to->data[from] == '\\')
			to->data[from] = '/';
	return 0;
}

bool
win32_retry(DWORD *waited_ms)
{
	/* 1 + 2 + 4 + ... + 1024 */
	if (*waited_ms >= 2047)
		return false;
	Sleep(*waited_ms + 1);
	*waited_ms += *waited_ms + 1;
	return true;
}
