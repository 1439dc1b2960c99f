/*
 * dir-win32: directories, links and paths.
 */
#include "win32.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <winioctl.h>
#include "../mem.h"
#include "sys.h"

int
dir_make(const char *path, int mode, struct buf *err)
{
	SECURITY_ATTRIBUTES sa, *private_to = win32_private(&sa, mode);
	wchar_t *wide = win32_wide_path(path);
	BOOL ok = FALSE;

	if (wide != NULL) {
		ok = CreateDirectoryW(wide, private_to);
		if (!ok)
			win32_failed();
	}
	if (private_to != NULL)
		LocalFree(sa.lpSecurityDescriptor);
	free(wide);
	return ok ? 0 : win32_say(err, "create directory", path);
}

static enum file_type
type_of(const char *path)
{
	struct file_info info;

	return file_info(path, true, &info) == 0 ? info.type : FILE_ABSENT;
}

int
dir_make_all(const char *path, int mode, struct buf *err)
{
	char *part = xstrdup(path), *p = part, end;
	enum file_type type = FILE_DIR;

	while (type == FILE_DIR && *p != '\0') {
		p += strcspn(p + 1, "/\\") + 1;
		end = *p;
		*p = '\0';
		type = type_of(part);
		if (type == FILE_ABSENT && (dir_make(part, mode, NULL) == 0 ||
					       type_of(part) == FILE_DIR))
			type = FILE_DIR;
		else if (type == FILE_REGULAR)
			win32_fail(ERROR_DIRECTORY);
		*p = end;
	}
	free(part);
	return type == FILE_DIR ? 0 : win32_say(err, "create directory", path);
}

int
dir_remove(const char *path, struct buf *err)
{
	wchar_t *wide = win32_wide_path(path);
	BOOL ok = FALSE;

	if (wide != NULL) {
		ok = RemoveDirectoryW(wide);
		if (!ok)
			win32_failed();
	}
	free(wide);
	return ok ? 0 : win32_say(err, "remove", path);
}

/* Calls fn for each entry but "." and "..". 0, or -1 remembered. */
typedef int entry_fn(void *arg, const WIN32_FIND_DATAW *entry);

static int
each_entry(const wchar_t *dir, entry_fn *fn, void *arg)
{
	size_t len = wcslen(dir);
	wchar_t *pattern = xcalloc(len + 3, sizeof(*pattern));
	WIN32_FIND_DATAW entry;
	HANDLE find;
	int rc = 0;

	wmemcpy(pattern, dir, len);
	wmemcpy(pattern + len, L"\\*", 2);
	find = FindFirstFileExW(pattern, FindExInfoBasic, &entry,
	    FindExSearchNameMatch, NULL, FIND_FIRST_EX_LARGE_FETCH);
	free(pattern);
	if (find == INVALID_HANDLE_VALUE)
		/* A drive's root has no "." and may be empty. */
		return GetLastError() == ERROR_FILE_NOT_FOUND ? 0
							      : win32_failed();
	do {
		if (wcscmp(entry.cFileName, L".") != 0 &&
		    wcscmp(entry.cFileName, L"..") != 0)
			rc = fn(arg, &entry);
	} while (rc == 0 && FindNextFileW(find, &entry));
	if (rc == 0 && GetLastError() != ERROR_NO_MORE_FILES)
		rc = win32_failed();
	FindClose(find);
	return rc;
}

static int
remove_entry(void *arg, const WIN32_FIND_DATAW *entry)
{
	const wchar_t *dir = arg;
	size_t room = wcslen(dir) + wcslen(entry->cFileName) + 2;
	wchar_t *path = xcalloc(room, sizeof(*path));
	bool is_a_dir = entry->dwFileAttributes & FILE_ATTRIBUTE_DIRECTORY;
	int rc = 0;

	_snwprintf(path, room, L"%ls\\%ls", dir, entry->cFileName);
	if (is_a_dir &&
	    !win32_is_link(entry->dwFileAttributes, entry->dwReserved0))
		rc = each_entry(path, remove_entry, path);
	if (rc == 0)
		rc = win32_remove(path, is_a_dir);
	free(path);
	return rc;
}

int
dir_remove_tree(const char *path, struct buf *err)
{
	struct file_info info;
	struct buf full = BUF_INIT;
	wchar_t *wide;
	int rc = -1;

	if (file_info(path, false, &info) < 0)
		return win32_say(err, "remove", path);
	if (info.type == FILE_ABSENT)
		return 0;
	/* With \\?\ from the start: the tree may be deeper than its root. */
	wide = path_absolute(path, NULL, &full, err) == 0
		   ? win32_wide_long(full.data)
		   : NULL;
	if (wide != NULL) {
		rc = 0;
		if (info.type == FILE_DIR)
			rc = each_entry(wide, remove_entry, wide);
		if (rc == 0)
			rc = win32_remove(wide, GetFileAttributesW(wide) &
						    FILE_ATTRIBUTE_DIRECTORY);
	}
	free(wide);
	buf_release(&full);
	return rc == 0 ? 0 : win32_say(err, "remove", path);
}

/* ---- listing ---- */

struct entry {
	char *name;
	enum file_type type;
};

struct listing {
	struct entry *entries;
	size_t count, room;
};

static int
list_entry(void *arg, const WIN32_FIND_DATAW *found)
{
	struct listing *l = arg;
	struct buf name = BUF_INIT;
	struct entry *e;

	if (win32_narrow(found->cFileName, &name) < 0) {
		buf_release(&name);
		return -1;
	}
	if (l->count == l->room) {
		l->room = l->room ? 2 * l->room : 64;
		l->entries =
		    xreallocarray(l->entries, l->room, sizeof(*l->entries));
	}
	e = &l->entries[l->count++];
	e->name = buf_detach(&name);
	if (win32_is_link(found->dwFileAttributes, found->dwReserved0))
		e->type = FILE_LINK;
	else if (found->dwFileAttributes & FILE_ATTRIBUTE_DIRECTORY)
		e->type = FILE_DIR;
	else
		e->type = FILE_REGULAR;
	return 0;
}

static int
by_name(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;

	return strcmp(x->name, y->name);
}

int
dir_list(const char *path, char ***names, enum file_type **types, size_t *count,
    struct buf *err)
{
	struct listing l = {0};
	wchar_t *wide = win32_wide_path(path);
	int rc = wide != NULL ? each_entry(wide, list_entry, &l) : -1;
	size_t i;

	free(wide);
	if (rc < 0) {
		for (i = 0; i < l.count; i++)
			free(l.entries[i].name);
		free(l.entries);
		return win32_say(err, "read directory", path);
	}
	if (l.count > 0)
		qsort(l.entries, l.count, sizeof(*l.entries), by_name);
	*count = l.count;
	*names = xcalloc(l.count + 1, sizeof(**names));
	if (types != NULL)
		*types = xcalloc(l.count + 1, sizeof(**types));
	for (i = 0; i < l.count; i++) {
		(*names)[i] = l.entries[i].name;
		if (types != NULL)
			(*types)[i] = l.entries[i].type;
	}
	free(l.entries);
	return 0;
}

void
dir_list_free(char **names, enum file_type *types, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++)
		free(names[i]);
	free(names);
	free(types);
}

/* ---- links ---- */

/* What FSCTL_GET_REPARSE_POINT gives; only the driver kit declares it. */
struct reparse {
	DWORD tag;
	WORD bytes, reserved;
	WORD real_at, real_bytes, shown_at, shown_bytes;
	union {
		struct {
			DWORD flags;
			wchar_t text[1];
		} link;
		wchar_t junction[1];
	} u;
};

static int
reparse_target(const struct reparse *r, struct buf *target)
{
	const wchar_t *text;
	WORD at = r->shown_at, bytes = r->shown_bytes;
	wchar_t *copy;
	int rc;

	if (r->tag == IO_REPARSE_TAG_SYMLINK)
		text = r->u.link.text;
	else if (r->tag == IO_REPARSE_TAG_MOUNT_POINT)
		text = r->u.junction;
	else
		return win32_fail(ERROR_NOT_A_REPARSE_POINT);
	if (bytes == 0) {
		at = r->real_at;
		bytes = r->real_bytes;
	}
	copy = xcalloc(bytes / sizeof(*copy) + 1, sizeof(*copy));
	wmemcpy(copy, text + at / sizeof(*copy), bytes / sizeof(*copy));
	/* The kernel's own spelling of \\?\ */
	if (wcsncmp(copy, L"\\??\\", 4) == 0)
		copy[1] = L'\\';
	rc = win32_narrow_path(copy, target);
	free(copy);
	return rc;
}

int
link_read(const char *path, struct buf *target, struct buf *err)
{
	wchar_t *wide = win32_wide_path(path);
	HANDLE h = INVALID_HANDLE_VALUE;
	struct reparse *r;
	DWORD n;
	int rc = -1;

	if (wide != NULL) {
		h = CreateFileW(wide, FILE_READ_ATTRIBUTES, WIN32_SHARE, NULL,
		    OPEN_EXISTING,
		    FILE_FLAG_BACKUP_SEMANTICS | FILE_FLAG_OPEN_REPARSE_POINT,
		    NULL);
		if (h == INVALID_HANDLE_VALUE)
			win32_failed();
	}
	free(wide);
	if (h != INVALID_HANDLE_VALUE) {
		r = xcalloc(1, MAXIMUM_REPARSE_DATA_BUFFER_SIZE);
		if (DeviceIoControl(h, FSCTL_GET_REPARSE_POINT, NULL, 0, r,
			MAXIMUM_REPARSE_DATA_BUFFER_SIZE, &n, NULL))
			rc = reparse_target(r, target);
		else
			win32_failed();
		free(r);
		CloseHandle(h);
	}
	return rc == 0 ? 0 : win32_say(err, "read link", path);
}

/* Windows wants to know what a link will point to. */
static bool
target_is_dir(const char *target, const char *path)
{
	struct buf full = BUF_INIT;
	bool dir;

	buf_add(&full, path, (size_t)(path_base(path) - path));
	path_add(&full, target);
	dir = type_of(full.data) == FILE_DIR;
	buf_release(&full);
	return dir;
}

int
link_make(const char *target, const char *path, struct buf *err)
{
	wchar_t *wide = win32_wide_path(path), *to = win32_wide(target), *p;
	DWORD flags = 2; /* SYMBOLIC_LINK_FLAG_ALLOW_UNPRIVILEGED_CREATE */
	int rc = -1;

	if (target_is_dir(target, path))
		flags |= SYMBOLIC_LINK_FLAG_DIRECTORY;
	if (wide != NULL && to != NULL) {
		for (p = to; *p != L'\0'; p++)
			if (*p == L'/')
				*p = L'\\';
		rc = CreateSymbolicLinkW(wide, to, flags) ? 0 : win32_failed();
	}
	free(wide);
	free(to);
	return rc == 0 ? 0 : win32_say(err, "create link", path);
}

/* ---- paths ---- */

static bool
is_slash(char c)
{
	return c == '/' || c == '\\';
}

static bool
has_drive(const char *path)
{
	return ((path[0] >= 'A' && path[0] <= 'Z') ||
		   (path[0] >= 'a' && path[0] <= 'z')) &&
	       path[1] == ':';
}

/* "C:name" counts: nothing can be put in front of it. */
bool
path_is_absolute(const char *path)
{
	return is_slash(path[0]) || has_drive(path);
}

bool
path_is_stream(const char *path)
{
	struct file_info info;

	return file_info(path, true, &info) == 0 && info.type == FILE_SPECIAL;
}

void
path_add(struct buf *b, const char *name)
{
	if (path_is_absolute(name))
		buf_clear(b);
	else if (b->len > 0 && !is_slash(b->data[b->len - 1]))
		buf_addc(b, '/');
	buf_adds(b, name);
}

const char *
path_list_separator(void)
{
	return ";";
}

int
path_absolute(
    const char *path, const char *base, struct buf *to, struct buf *err)
{
	struct buf whole = BUF_INIT;
	wchar_t *wide;
	int rc = -1;

	if (base != NULL)
		buf_adds(&whole, base);
	path_add(&whole, path);
	wide = win32_wide_path(whole.len > 0 ? whole.data : ".");
	buf_clear(to);
	if (wide != NULL)
		rc = win32_narrow_path(wide, to);
	/* "C:/" keeps its slash. */
	if (rc == 0 && to->len > 3 && is_slash(to->data[to->len - 1]))
		buf_cut(to, to->len - 1);
	free(wide);
	buf_release(&whole);
	return rc == 0 ? 0 : win32_say(err, "resolve", path);
}

int
path_real(const char *path, struct buf *to, struct buf *err)
{
	wchar_t *wide = win32_wide_path(path), *real;
	HANDLE h = INVALID_HANDLE_VALUE;
	DWORD n;
	int rc = -1;

	if (wide != NULL) {
		h = CreateFileW(wide, FILE_READ_ATTRIBUTES, WIN32_SHARE, NULL,
		    OPEN_EXISTING, FILE_FLAG_BACKUP_SEMANTICS, NULL);
		if (h == INVALID_HANDLE_VALUE)
			win32_failed();
	}
	free(wide);
	if (h != INVALID_HANDLE_VALUE) {
		n = GetFinalPathNameByHandleW(h, NULL, 0, FILE_NAME_NORMALIZED);
		real = xcalloc((size_t)n + 1, sizeof(*real));
		n = GetFinalPathNameByHandleW(
		    h, real, n + 1, FILE_NAME_NORMALIZED);
		buf_clear(to);
		rc = n > 0 ? win32_narrow_path(real, to) : win32_failed();
		free(real);
		CloseHandle(h);
	}
	return rc == 0 ? 0 : win32_say(err, "resolve", path);
}

const char *
path_base(const char *path)
{
	const char *base = has_drive(path) ? path + 2 : path, *p;

	for (p = base; *p != '\0'; p++)
		if (is_slash(*p))
			base = p + 1;
	return base;
}

int
path_expand(const char *path, struct buf *to, struct buf *err)
{
	const char *home;

	if (path[0] != '~') {
		buf_set(to, path);
		return 0;
	}
	if (path[1] != '\0' && !is_slash(path[1]))
		return buf_err(err,
		    "cannot expand '%s': only one's own ~/ is known here; say "
		    "'./%s' for what is really called so",
		    path, path);
	home = sys_home();
	if (home == NULL)
		return buf_err(err,
		    "cannot expand '%s': the home directory is unknown; set "
		    "USERPROFILE",
		    path);
	buf_set(to, home);
	if (is_slash(path[1])) {
		for (path++; is_slash(*path);)
			path++;
		path_add(to, path);
	}
	return 0;
}
