/*
 * sys-win32: clocks, chance, names, environment, console, and wmain().
 */
#include "sys.h"
#include "win32.h"

#include <bcrypt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "../mem.h"
#include "../say.h"

#ifndef ENABLE_VIRTUAL_TERMINAL_PROCESSING
#define ENABLE_VIRTUAL_TERMINAL_PROCESSING 4
#endif

/* ---- clocks ---- */

int64_t
clock_wall_ms(void)
{
	FILETIME t;
	uint64_t ticks;

	GetSystemTimePreciseAsFileTime(&t);
	ticks = (uint64_t)t.dwHighDateTime << 32 | t.dwLowDateTime;
	return ((int64_t)ticks - 116444736000000000) / 10000;
}

int64_t
clock_mono_us(void)
{
	static LARGE_INTEGER per_second;
	LARGE_INTEGER now;

	if (per_second.QuadPart == 0)
		QueryPerformanceFrequency(&per_second);
	QueryPerformanceCounter(&now);
	/* In two steps: the product would overflow after some days. */
	return now.QuadPart / per_second.QuadPart * 1000000 +
	       now.QuadPart % per_second.QuadPart * 1000000 /
		   per_second.QuadPart;
}

int64_t
clock_mono_ms(void)
{
	return clock_mono_us() / 1000;
}

int
random_bytes(void *to, size_t len)
{
	return BCryptGenRandom(
		   NULL, to, (ULONG)len, BCRYPT_USE_SYSTEM_PREFERRED_RNG) == 0
		   ? 0
		   : win32_fail(ERROR_GEN_FAILURE);
}

/* ---- names ---- */

/* `wide` as a static string of the program; NULL if it cannot be. */
static const char *
keep(struct buf *name, const wchar_t *wide)
{
	buf_clear(name);
	return win32_narrow_path(wide, name) == 0 ? name->data : NULL;
}

const char *
sys_host(void)
{
	static struct buf name = BUF_INIT;
	wchar_t wide[256];
	DWORD n = 256;

	if (name.len > 0)
		return name.data;
	if (GetComputerNameExW(ComputerNameDnsHostname, wide, &n) &&
	    keep(&name, wide) != NULL && name.len > 0)
		return name.data;
	return "localhost";
}

const char *
sys_user(void)
{
	static struct buf name = BUF_INIT;
	wchar_t wide[257];
	DWORD n = 257;

	if (name.len > 0)
		return name.data;
	if (GetUserNameW(wide, &n) && keep(&name, wide) != NULL && name.len > 0)
		return name.data;
	return "unknown";
}

/*
 * Windows counts its boots.  Where it does not (Wine, some servers), the time
 * of the boot must do; it moves with the clock, so it is cut to a minute.
 */
const char *
sys_boot_id(void)
{
	static char id[64];
	DWORD boots, size = sizeof(boots);

	if (id[0] != '\0')
		return id;
	if (RegGetValueW(HKEY_LOCAL_MACHINE,
		L"SYSTEM\\CurrentControlSet\\Control\\Session Manager"
		L"\\Memory Management\\PrefetchParameters",
		L"BootId", RRF_RT_REG_DWORD, NULL, &boots,
		&size) == ERROR_SUCCESS)
		snprintf(id, sizeof(id), "boot-%lu", boots);
	else
		snprintf(id, sizeof(id), "booted-%lld",
		    (long long)((clock_wall_ms() - (int64_t)GetTickCount64()) /
				60000));
	return id;
}

int
sys_cpus(void)
{
	DWORD n = GetActiveProcessorCount(ALL_PROCESSOR_GROUPS);

	return n > 0 ? (int)n : 1;
}

const char *
sys_home(void)
{
	static struct buf home = BUF_INIT;
	const char *profile = env_get("USERPROFILE");
	wchar_t *wide;

	if (profile == NULL || profile[0] == '\0')
		return NULL;
	wide = win32_wide_path(profile);
	if (wide != NULL)
		keep(&home, wide);
	free(wide);
	return home.len > 0 ? home.data : NULL;
}

const char *
sys_temp(void)
{
	static struct buf temp = BUF_INIT;
	wchar_t wide[MAX_PATH + 2];

	if (GetTempPathW(MAX_PATH + 1, wide) == 0 || keep(&temp, wide) == NULL)
		return "C:/Windows/Temp";
	if (temp.len > 3 && temp.data[temp.len - 1] == '/')
		buf_cut(&temp, temp.len - 1);
	return temp.data;
}

const char *
sys_shared_temp(void)
{
	static struct buf dir = BUF_INIT;
	wchar_t wide[MAX_PATH];
	DWORD size = sizeof(wide);

	if (dir.len > 0)
		return dir.data;
	if (RegGetValueW(HKEY_LOCAL_MACHINE,
		L"SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion"
		L"\\ProfileList",
		L"ProgramData", RRF_RT_REG_SZ, NULL, wide,
		&size) == ERROR_SUCCESS &&
	    keep(&dir, wide) != NULL && dir.len > 0)
		return dir.data;
	return "C:/ProgramData";
}

int
sys_socket_dir(struct buf *path)
{
	(void)path;
	return -1;
}

const char *
sys_self_path(void)
{
	static struct buf path = BUF_INIT;
	DWORD room = 256, n;
	wchar_t *wide = NULL;

	if (path.len > 0)
		return path.data;
	do {
		room *= 2;
		wide = xreallocarray(wide, room, sizeof(*wide));
		n = GetModuleFileNameW(NULL, wide, room);
	} while (n == room && room < 65536);
	if (n > 0 && n < room)
		keep(&path, wide);
	free(wide);
	return path.len > 0 ? path.data : NULL;
}

const char *
sys_self_dir(void)
{
	static struct buf dir = BUF_INIT;
	const char *path = sys_self_path();
	size_t len;

	if (dir.len > 0 || path == NULL)
		return dir.len > 0 ? dir.data : NULL;
	len = (size_t)(path_base(path) - path);
	buf_add(&dir, path, len > 3 ? len - 1 : len);
	return dir.data;
}

/* ---- environment ---- */

/* The UTF-8 of what was asked for, so that env_get() can lend it. */
struct variable {
	struct variable *next;
	char *name, *value;
};
static struct variable *asked;

static struct variable **
find_variable(const char *name)
{
	struct variable **v;

	for (v = &asked; *v != NULL; v = &(*v)->next)
		if (_stricmp((*v)->name, name) == 0)
			break;
	return v;
}

/* NULL: not set. The caller frees it. */
static char *
read_variable(const char *name)
{
	struct buf value = BUF_INIT;
	wchar_t *key = win32_wide(name), *wide = NULL;
	DWORD room, n = 0;
	bool set = false;

	if (key == NULL)
		return NULL;
	SetLastError(ERROR_SUCCESS);
	room = GetEnvironmentVariableW(key, NULL, 0);
	if (room > 0 || GetLastError() == ERROR_SUCCESS) {
		wide = xcalloc((size_t)room + 1, sizeof(*wide));
		n = GetEnvironmentVariableW(key, wide, room);
		set =
		    (n < room || room == 0) && win32_narrow(wide, &value) == 0;
	}
	free(wide);
	free(key);
	if (set)
		return buf_detach(&value);
	buf_release(&value);
	return NULL;
}

const char *
env_get(const char *name)
{
	struct variable **v = find_variable(name);
	char *value;

	if (*v != NULL)
		return (*v)->value;
	value = read_variable(name);
	if (value == NULL)
		return NULL;
	*v = xcalloc(1, sizeof(**v));
	(*v)->name = xstrdup(name);
	(*v)->value = value;
	return value;
}

void
env_set(const char *name, const char *value)
{
	struct variable **v = find_variable(name), *gone = *v;
	wchar_t *key = win32_wide(name);
	wchar_t *wide = value != NULL ? win32_wide(value) : NULL;

	if (gone != NULL) {
		*v = gone->next;
		free(gone->name);
		free(gone->value);
		free(gone);
	}
	if (key != NULL)
		SetEnvironmentVariableW(key, wide);
	free(key);
	free(wide);
}

/* ---- console ---- */

bool
console_is_terminal(os_file f)
{
	DWORD mode;

	return GetConsoleMode(win32_handle(f), &mode);
}

int
console_width(os_file f)
{
	CONSOLE_SCREEN_BUFFER_INFO info;
	int width;

	if (!GetConsoleScreenBufferInfo(win32_handle(f), &info))
		return 80;
	width = info.srWindow.Right - info.srWindow.Left + 1;
	return width > 0 ? width : 80;
}

/* There are no jobs. */
bool
console_is_foreground(os_file f)
{
	(void)f;
	return true;
}

int
console_height(os_file f)
{
	CONSOLE_SCREEN_BUFFER_INFO info;
	int height;

	if (!GetConsoleScreenBufferInfo(win32_handle(f), &info))
		return 24;
	height = info.srWindow.Bottom - info.srWindow.Top + 1;
	return height > 0 ? height : 24;
}

bool
console_utf8(void)
{
	return GetConsoleOutputCP() == CP_UTF8;
}

static HANDLE console_changed;
static DWORD console_mode;

static void
restore_console(void)
{
	SetConsoleMode(console_changed, console_mode);
}

bool
console_ansi(os_file f)
{
	HANDLE h = win32_handle(f);
	DWORD mode;

	if (!GetConsoleMode(h, &mode))
		return false;
	if (mode & ENABLE_VIRTUAL_TERMINAL_PROCESSING)
		return true;
	if (!SetConsoleMode(h, mode | ENABLE_VIRTUAL_TERMINAL_PROCESSING))
		return false;
	/* stdout and stderr of one console share its mode. */
	if (console_changed == NULL) {
		console_changed = h;
		console_mode = mode;
		atexit(restore_console);
	}
	return true;
}

/* ---- the standard streams and main ---- */

os_file
sys_stdin(void)
{
	return (os_file)GetStdHandle(STD_INPUT_HANDLE);
}

os_file
sys_stdout(void)
{
	return (os_file)GetStdHandle(STD_OUTPUT_HANDLE);
}

os_file
sys_stderr(void)
{
	return (os_file)GetStdHandle(STD_ERROR_HANDLE);
}

const char *
sys_default_path(void)
{
	return "";
}

int
sys_flush_stdout(void)
{
	DWORD error;

	SetLastError(0);
	if (fflush(stdout) == 0 && !ferror(stdout))
		return 0;
	/* An earlier write failed, and with what nobody knows any more. */
	error = GetLastError();
	return win32_fail(error != 0 ? error : ERROR_WRITE_FAULT);
}

/* Of <io.h> and <fcntl.h>, which may have inline code that banned.h refuses. */
int __cdecl _setmode(int fd, int mode);
#define BINARY_MODE 0x8000 /* _O_BINARY */

static bool no_stdout; /* there was none */

int
sys_check_stdout(void)
{
	return no_stdout ? win32_fail(ERROR_ACCESS_DENIED) : 0;
}

/* An output that is missing gets one that cannot be written: see sys.h. */
static void
open_missing(DWORD which)
{
	HANDLE h = GetStdHandle(which);
	DWORD access = GENERIC_READ;

	if (h != NULL && h != INVALID_HANDLE_VALUE)
		return;
	if (which != STD_OUTPUT_HANDLE)
		access |= GENERIC_WRITE;
	else
		no_stdout = true;
	h = CreateFileW(
	    L"NUL", access, WIN32_SHARE, NULL, OPEN_EXISTING, 0, NULL);
	SetStdHandle(which, h);
}

/* No header declares it. */
int wmain(int argc, wchar_t **wide);

int
wmain(int argc, wchar_t **wide)
{
	char **argv = xcalloc((size_t)argc + 1, sizeof(*argv));
	struct buf arg = BUF_INIT;
	int i, code;

	open_missing(STD_INPUT_HANDLE);
	open_missing(STD_OUTPUT_HANDLE);
	open_missing(STD_ERROR_HANDLE);
	/* What goes through stdio: no CR before LF, no end at Ctrl-Z. */
	for (i = 0; i < 3; i++)
		_setmode(i, BINARY_MODE);
	SetErrorMode(SEM_FAILCRITICALERRORS | SEM_NOGPFAULTERRORBOX);
	for (i = 0; i < argc; i++) {
		if (win32_narrow(wide[i], &arg) < 0) {
			fprintf(
			    stderr, "argument %d is not valid Unicode\n", i);
			return 2;
		}
		argv[i] = buf_detach(&arg);
	}
	code = nni_main(argc, argv);
	for (i = 0; i < argc; i++)
		free(argv[i]);
	free(argv);
	return say_finish(code);
}
