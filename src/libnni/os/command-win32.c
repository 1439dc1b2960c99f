/*
 * command-win32: what a new process is given: its program's file, its command
 * line and its environment.
 */
#include "process.h"
#include "win32.h"

#include <stdlib.h>
#include <string.h>
#include "../mem.h"
#include "../quote.h"
#include "sys.h"

/* ---- finding programs ---- */

static bool
is_file(const char *path)
{
	struct file_info info;

	return file_info(path, true, &info) == 0 && info.type == FILE_REGULAR;
}

/* `path` as it is or with one of PATHEXT's endings; the buffer keeps it. */
static bool
complete_name(struct buf *path)
{
	const char *endings = env_get("PATHEXT"), *base = path_base(path->data);
	size_t len = path->len, n;

	if (strchr(base, '.') != NULL && is_file(path->data))
		return true;
	if (endings == NULL || *endings == '\0')
		endings = ".COM;.EXE;.BAT;.CMD";
	for (; *endings != '\0'; endings += n + (endings[n] == ';')) {
		n = strcspn(endings, ";");
		buf_add(path, endings, n);
		if (n > 0 && is_file(path->data))
			return true;
		buf_cut(path, len);
	}
	return false;
}

static bool
has_directory(const char *name)
{
	return strpbrk(name, "/\\:") != NULL;
}

static int
find_in(const char *dirs, const char *name, struct buf *path)
{
	size_t n;

	buf_clear(path);
	if (has_directory(name)) {
		buf_adds(path, name);
		return complete_name(path) ? 0
					   : win32_fail(ERROR_FILE_NOT_FOUND);
	}
	for (; dirs != NULL && *dirs != '\0'; dirs += n + (dirs[n] == ';')) {
		size_t len = n = strcspn(dirs, ";");
		const char *dir = dirs;

		if (len >= 2 && dir[0] == '"' && dir[len - 1] == '"') {
			dir++;
			len -= 2;
		}
		buf_clear(path);
		buf_add(path, dir, len);
		/* A relative directory would mean whatever the cwd is. */
		if (!path_is_absolute(path->data))
			continue;
		path_add(path, name);
		if (complete_name(path))
			return 0;
	}
	buf_clear(path);
	return win32_fail(ERROR_FILE_NOT_FOUND);
}

int
proc_find(const char *name, const char *dir, struct buf *path)
{
	(void)dir; /* here "." in PATH is no usage of anybody's */
	return find_in(env_get("PATH"), name, path);
}

void
proc_quote(struct buf *to, const char *word)
{
	quote_windows_arg(to, word);
}

/* Not by %COMSPEC%, which anybody may have set. */
static int
find_cmd_exe(struct buf *path)
{
	wchar_t dir[MAX_PATH];

	buf_clear(path);
	if (GetSystemDirectoryW(dir, MAX_PATH) == 0)
		return win32_failed();
	if (win32_narrow_path(dir, path) < 0)
		return -1;
	path_add(path, "cmd.exe");
	return 0;
}

/* As the child will look for it: in its directory, with its PATH. */
int
win32_find_program(const struct proc_spec *spec, struct buf *path)
{
	const char *dirs = env_get("PATH"), *const * change;
	struct buf full = BUF_INIT;
	int rc;

	if (spec->argv == NULL)
		return find_cmd_exe(path);
	if (has_directory(spec->argv[0])) {
		rc = path_absolute(spec->argv[0], spec->dir, &full, NULL);
		if (rc == 0)
			rc = find_in(NULL, full.data, path);
		buf_release(&full);
		return rc;
	}
	for (change = spec->env; change != NULL && *change != NULL; change++)
		if (_strnicmp(*change, "PATH=", 5) == 0)
			dirs = *change + 5;
	return find_in(dirs, spec->argv[0], path);
}

/* ---- command line and environment ---- */

/* Windows takes no more than 32,767 characters. */
wchar_t *
win32_command_line(const char *program, const struct proc_spec *spec)
{
	struct buf line = BUF_INIT_MAX(4 * 32767);
	wchar_t *wide = NULL;
	char *const *arg = spec->argv;
	int rc = quote_windows_program(&line, program);
	size_t i;

	/* cmd.exe takes a "/" in its own name for a switch. */
	for (i = 0; i < line.len; i++)
		if (line.data[i] == '/')
			line.data[i] = '\\';
	/* cmd.exe gets the user's line as it is, between the two quotes that
	   /s makes it strip. */
	if (rc == 0 && spec->argv == NULL)
		rc = buf_addf(&line, " /s /c \"%s\"", spec->command);
	else
		while (rc == 0 && *++arg != NULL)
			if (buf_addc(&line, ' ') < 0 ||
			    quote_windows_arg(&line, *arg) < 0)
				rc = -1;
	if (rc == 0)
		wide = win32_wide(line.data);
	else
		win32_fail(ERROR_FILENAME_EXCED_RANGE);
	buf_release(&line);
	if (wide != NULL && wcslen(wide) >= 32767) {
		win32_fail(ERROR_FILENAME_EXCED_RANGE);
		free(wide);
		wide = NULL;
	}
	return wide;
}

/* The name's length, '=' not counted. */
static size_t
name_length(const wchar_t *variable)
{
	return wcscspn(variable, L"=");
}

static int
compare_names(const wchar_t *a, const wchar_t *b)
{
	/* CSTR_LESS_THAN is 1 */
	return CompareStringOrdinal(
		   a, (int)name_length(a), b, (int)name_length(b), TRUE) -
	       CSTR_EQUAL;
}

static int
by_name(const void *a, const void *b)
{
	return compare_names(*(wchar_t *const *)a, *(wchar_t *const *)b);
}

struct variables {
	wchar_t **item; /* malloced "NAME=value" */
	size_t count, room;
};

/* Replaces or adds; without a value removes. Takes `variable` over. */
static void
change_variable(struct variables *v, wchar_t *variable)
{
	bool set = variable[name_length(variable)] == L'=';
	size_t i;

	for (i = 0; i < v->count; i++)
		if (compare_names(v->item[i], variable) == 0)
			break;
	if (i < v->count) {
		free(v->item[i]);
		v->item[i] = set ? variable : v->item[--v->count];
	} else if (set) {
		if (v->count == v->room) {
			v->room = v->room ? 2 * v->room : 64;
			v->item =
			    xreallocarray(v->item, v->room, sizeof(*v->item));
		}
		v->item[v->count++] = variable;
	}
	if (!set)
		free(variable);
}

static wchar_t *
copy_wide(const wchar_t *text)
{
	size_t n = wcslen(text) + 1;

	return wmemcpy(xreallocarray(NULL, n, sizeof(*text)), text, n);
}

/* Sorted, each ended by a NUL, the whole by one more. */
static wchar_t *
join_variables(const struct variables *v)
{
	size_t total = 2, i, n;
	wchar_t *block, *p;

	for (i = 0; i < v->count; i++)
		total += wcslen(v->item[i]) + 1;
	p = block = xcalloc(total, sizeof(*block));
	for (i = 0; i < v->count; i++) {
		n = wcslen(v->item[i]) + 1;
		wmemcpy(p, v->item[i], n);
		p += n;
	}
	return block;
}

wchar_t *
win32_environment(const char *const *changes)
{
	struct variables v = {0};
	wchar_t *ours = GetEnvironmentStringsW(), *p, *block = NULL;
	bool bad = false;
	size_t i;

	for (p = ours; p != NULL && *p != L'\0'; p += wcslen(p) + 1)
		if (*p != L'=') /* a drive's current directory */
			change_variable(&v, copy_wide(p));
	if (ours != NULL)
		FreeEnvironmentStringsW(ours);
	for (; !bad && changes != NULL && *changes != NULL; changes++) {
		p = win32_wide(*changes);
		bad = p == NULL;
		if (!bad)
			change_variable(&v, p);
	}
	if (!bad) {
		if (v.count > 0)
			qsort(v.item, v.count, sizeof(*v.item), by_name);
		block = join_variables(&v);
	}
	for (i = 0; i < v.count; i++)
		free(v.item[i]);
	free(v.item);
	return block;
}
