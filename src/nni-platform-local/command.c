/*
 * Which command lines a shell would start just as we can: cautious, since the
 * shell is always right.
 */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include "buf.h"
#include "command.h"
#include "mem.h"
#include "os/file.h"
#include "os/sys.h"

/* What stands for itself in every shell, cmd.exe included, outside of quotes.
 */
static const char plain[] = "abcdefghijklmnopqrstuvwxyz"
			    "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
			    "0123456789_@+=:,./-";

/*
 * Keywords, and builtins that are not programs or do more than the programs of
 * that name; true and false are left out: they are the same.
 */
static const char *const builtins[] = {".", ":", "[", "alias", "assoc", "bg",
    "bind", "break", "builtin", "call", "caller", "case", "cd", "chdir", "cls",
    "command", "compgen", "complete", "compopt", "continue", "copy", "coproc",
    "declare", "del", "dir", "dirs", "disown", "do", "done", "echo", "elif",
    "else", "enable", "endlocal", "erase", "esac", "eval", "exec", "exit",
    "export", "fc", "fg", "fi", "for", "ftype", "function", "getopts", "goto",
    "hash", "help", "history", "if", "in", "jobs", "kill", "let", "local",
    "logout", "mapfile", "md", "mkdir", "mklink", "move", "newgrp", "path",
    "pause", "popd", "printf", "pushd", "pwd", "rd", "read", "readarray",
    "readonly", "rem", "ren", "return", "rmdir", "select", "set", "setlocal",
    "shift", "shopt", "source", "start", "suspend", "test", "then", "time",
    "times", "title", "trap", "type", "typeset", "ulimit", "umask", "unalias",
    "unset", "until", "ver", "verify", "vol", "wait", "while", NULL};

/* One word, from *at on; false if it is not plain. */
static bool
take_word(const char **at, struct buf *word)
{
	const char *p = *at, *end;

	while (*p != '\0' && *p != ' ' && *p != '\t') {
		if (*p == '"') {
			end = strchr(p + 1, '"');
			/* These mean something also between quotes, or to
			   cmd.exe, which does not know ''. */
			if (end == NULL || strcspn(p + 1, "$`\\!%^\"\r\n") !=
					       (size_t)(end - p - 1))
				return false;
			buf_add(word, p + 1, (size_t)(end - p - 1));
			p = end + 1;
		} else if (strchr(plain, *p) != NULL) {
			buf_addc(word, *p++);
		} else {
			return false;
		}
	}
	*at = p;
	return true;
}

/* `export -f` gives a shell functions by the environment; bash also runs the
   file that BASH_ENV names first. */
static bool
environment_has_functions(const char *name)
{
	struct buf variable = BUF_INIT;
	bool found;

	buf_setf(&variable, "BASH_FUNC_%s%%%%", name);
	found = env_get("BASH_ENV") != NULL || env_get(variable.data) != NULL;
	buf_release(&variable);
	return found;
}

static bool
is_program(const char *name)
{
	size_t i;

	if (name[0] == '\0' || strchr(name, '=') != NULL)
		return false;
	for (i = 0; builtins[i] != NULL; i++)
		if (strcmp(name, builtins[i]) == 0)
			return false;
	return !environment_has_functions(name);
}

char **
command_split(const char *line)
{
	struct buf word = BUF_INIT;
	char **argv = NULL;
	size_t count = 0;
	bool ok = true;

	for (line += strspn(line, " \t"); *line != '\0' && ok;
	     line += strspn(line, " \t")) {
		buf_clear(&word);
		ok = take_word(&line, &word) &&
		     (count > 0 || is_program(word.data));
		if (!ok)
			break;
		argv = xreallocarray(argv, count + 2, sizeof(*argv));
		argv[count++] = xstrdup(word.data);
		argv[count] = NULL;
	}
	buf_release(&word);
	if (!ok) {
		command_free(argv);
		argv = NULL;
	}
	return argv;
}

/* May the line go on when its first command has failed? */
static bool
goes_on(const char *line)
{
	const char *p;

	if (strpbrk(line, "|;\r\n") != NULL)
		return true;
	for (p = strchr(line, '&'); p != NULL; p = strchr(p + 1, '&')) {
		if (p > line && (p[-1] == '>' || p[-1] == '<'))
			continue; /* 2>&1 */
		if (p[1] != '&' && p[1] != '>')
			return true;
		p++;
	}
	return false;
}

char *
command_needs(const char *line)
{
	struct buf word = BUF_INIT;

	line += strspn(line, " \t");
	if (*line != '\0' && !goes_on(line) && take_word(&line, &word) &&
	    is_program(word.data))
		return buf_detach(&word);
	buf_release(&word);
	return NULL;
}

const char *
command_script(char **argv, bool *in_path)
{
	static const char *const others[] = {
	    "perl", "ruby", "Rscript", "julia", "sh", "bash", NULL};
	const char *name = path_base(argv[0]), *script = argv[1];
	bool known = strncmp(name, "python", 6) == 0 &&
		     name[6 + strspn(name + 6, "0123456789.")] == '\0';
	size_t i;

	for (i = 0; others[i] != NULL && !known; i++)
		known = strcmp(name, others[i]) == 0;
	if (!known || script == NULL || strchr("-+", script[0]) != NULL)
		return NULL;
	*in_path = strcmp(name, "bash") == 0 && strchr(script, '/') == NULL;
	return script;
}

void
command_free(char **argv)
{
	size_t i;

	for (i = 0; argv != NULL && argv[i] != NULL; i++)
		free(argv[i]);
	free(argv);
}
