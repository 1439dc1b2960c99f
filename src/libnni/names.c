/*
 * What names of files mean here and on other systems.
 */
#include "names.h"

#include <string.h>

#include "utf8.h"

/* Longer ones no system of ours opens. */
#define NAME_PATH_MAX 4000

bool
name_is_utf8(const char *name)
{
	const unsigned char *p = (const unsigned char *)name;
	const unsigned char *end = p + strlen(name);
	size_t n;

	for (; p < end; p += n) {
		n = utf8_length(p, end);
		if (n == 0)
			return false;
	}
	return true;
}

static int
fold(char c)
{
	return c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : (unsigned char)c;
}

int
name_compare_folded(const char *a, const char *b)
{
	while (*a != '\0' && fold(*a) == fold(*b)) {
		a++;
		b++;
	}
	return fold(*a) - fold(*b);
}

/* `word` in lower case; is it what the `len` bytes at name say in any case? */
static bool
same_word(const char *name, size_t len, const char *word)
{
	size_t i;

	if (strlen(word) != len)
		return false;
	for (i = 0; i < len; i++)
		if (fold(name[i]) != (unsigned char)word[i])
			return false;
	return true;
}

/*
 * Devices of DOS: taken for the device in every directory, and also with an
 * extension ("nul.txt").  A digit may also be a superscript one.
 */
static bool
is_device(const char *name)
{
	static const char *const words[] = {
	    "con", "prn", "aux", "nul", "conin$", "conout$"};
	static const char *const digits[] = {"0", "1", "2", "3", "4", "5", "6",
	    "7", "8", "9", "\xc2\xb9", "\xc2\xb2", "\xc2\xb3"};
	size_t len = strcspn(name, "."), i;

	while (len > 0 && name[len - 1] == ' ')
		len--;
	for (i = 0; i < sizeof words / sizeof words[0]; i++)
		if (same_word(name, len, words[i]))
			return true;
	if (len < 4 ||
	    (!same_word(name, 3, "com") && !same_word(name, 3, "lpt")))
		return false;
	for (i = 0; i < sizeof digits / sizeof digits[0]; i++)
		if (same_word(name + 3, len - 3, digits[i]))
			return true;
	return false;
}

const char *
name_windows_fault(const char *name)
{
	size_t len = strlen(name);
	const char *p;

	for (p = name; *p != '\0'; p++) {
		if ((unsigned char)*p < 32)
			return "has a control character";
		if (strchr("<>:\"|?*\\", *p) != NULL)
			return "has one of < > : \" | ? * \\";
	}
	if (len > 0 && (name[len - 1] == '.' || name[len - 1] == ' '))
		return "ends with a dot or a blank";
	return is_device(name) ? "is the name of a device" : NULL;
}

static const char *
part_fault(const char *part, bool windows)
{
	const char *p;

	if (!*part)
		return "is not a plain path";
	if (strcmp(part, ".") == 0 || strcmp(part, "..") == 0)
		return "leaves its directory";
	for (p = part; *p; p++)
		if ((unsigned char)*p < 32 || *p == 127)
			return "has a control character";
	return windows ? name_windows_fault(part) : NULL;
}

const char *
name_path_fault(const char *path, bool windows)
{
	char part[256];
	const char *why = NULL;
	size_t len;

	if (strlen(path) > NAME_PATH_MAX)
		return "is too long";
	do {
		len = strcspn(path, "/");
		if (len >= sizeof part)
			return "has a part that is too long";
		memcpy(part, path, len);
		part[len] = '\0';
		why = part_fault(part, windows);
		path += len;
	} while (!why && *path++ == '/');
	return why;
}

bool
name_is_vcs(const char *name)
{
	static const char *const names[] = {
	    ".git", ".hg", ".svn", ".bzr", "_darcs", "CVS"};
	size_t i;

	for (i = 0; i < sizeof names / sizeof names[0]; i++)
		if (strcmp(name, names[i]) == 0)
			return true;
	return false;
}

bool
name_is_script(const char *name)
{
	const char *dot = strrchr(name, '.');

	return dot != NULL &&
	       (strcmp(dot, ".sh") == 0 || strcmp(dot, ".py") == 0 ||
		   strcmp(dot, ".pl") == 0);
}

bool
name_is_plain(const char *name)
{
	size_t len = strspn(name, "abcdefghijklmnopqrstuvwxyz"
				  "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-");

	return len && len <= 64 && !name[len] && name[0] != '.' &&
	       name[0] != '-';
}
