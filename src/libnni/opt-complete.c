/*
 * Completions for the shells, from a tool's option table.  Words only come from
 * our own tables, so nothing in them needs more than single quotes.
 */
#include "opt-complete.h"

#include <stdio.h>
#include <string.h>

#include "say.h"

typedef void option_fn(const struct opt_tool *tool, const struct opt *o);

static void
each_option(const struct opt_tool *tool, option_fn *fn)
{
	const struct opt *o;

	for (o = tool->options; o && o->name; o++)
		fn(tool, o);
	for (o = opt_common(); o->name; o++)
		fn(tool, o);
}

/* The words behind the program's name: "experiment list" of "nnictl experiment
   list"; "" for the tool itself. */
static const char *
command_words(const struct opt_tool *tool)
{
	const char *blank = strchr(tool->name, ' ');

	return blank ? blank + 1 : "";
}

static const char *
last_word(const char *name)
{
	const char *blank = strrchr(name, ' ');

	return blank ? blank + 1 : name;
}

/* A function's name: nni-run -> _nni_run */
static void
print_identifier(const char *name)
{
	putchar('_');
	for (; *name; name++)
		putchar(*name == '-' || *name == ' ' ? '_' : *name);
}

static void
print_alternatives(const char *arg)
{
	for (; *arg; arg++)
		putchar(*arg == '|' ? ' ' : *arg);
}

/* Files unless the argument is a number or one of a few words. */
static bool
takes_file(const struct opt *o)
{
	return o->arg && !strchr(o->arg, '|') &&
	       (o->kind == OPT_STRING || o->kind == OPT_LIST);
}

static void
print_quoted(const char *text)
{
	putchar('\'');
	for (; *text; text++) {
		if (*text == '\'')
			printf("'\\''");
		else
			putchar(*text);
	}
	putchar('\'');
}

/* ---- bash ---- */

static void
bash_word(const struct opt_tool *tool, const struct opt *o)
{
	(void)tool;
	printf(" --%s%s", o->name, o->arg ? "=" : "");
	if (o->letter)
		printf(" -%c", o->letter);
}

static void
bash_value(const struct opt_tool *tool, const struct opt *o)
{
	(void)tool;
	if (!o->arg)
		return;
	printf("\t--%s", o->name);
	if (o->letter)
		printf(" | -%c", o->letter);
	if (strchr(o->arg, '|')) {
		printf(") COMPREPLY=($(compgen -W '");
		print_alternatives(o->arg);
		printf("' -- \"$cur\")); return ;;\n");
	} else if (takes_file(o)) {
		printf(") COMPREPLY=($(compgen -f -- \"$cur\")); return ;;\n");
	} else {
		printf(") return ;;\n");
	}
}

/* The case arm of one (sub-)command, then those below it. */
static void
bash_command(const struct opt_tool *tool)
{
	const struct opt_tool *const *c;

	printf("\t'%s') words='", command_words(tool));
	for (c = tool->commands; c && *c; c++)
		printf(" %s", last_word((*c)->name));
	each_option(tool, bash_word);
	printf("' ;;\n");
	for (c = tool->commands; c && *c; c++)
		bash_command(*c);
}

static void
bash_values(const struct opt_tool *tool)
{
	const struct opt_tool *const *c;
	const struct opt *o;

	for (o = tool->options; o && o->name; o++)
		bash_value(tool, o);
	for (c = tool->commands; c && *c; c++)
		bash_values(*c);
}

static void
bash(const struct opt_tool *tool)
{
	print_identifier(tool->name);
	printf("()\n{\n"
	       "\tlocal cur prev words command word\n"
	       "\tlocal IFS=$' \\t\\n'\n"
	       "\tcur=${COMP_WORDS[COMP_CWORD]}\n"
	       "\tprev=${COMP_WORDS[COMP_CWORD-1]}\n"
	       "\tif [ \"$cur\" = = ]; then cur=; "
	       "elif [ \"$prev\" = = ]; then "
	       "prev=${COMP_WORDS[COMP_CWORD-2]}; fi\n"
	       "\tcase $prev in\n");
	bash_values(tool);
	printf("\tesac\n"
	       "\tcommand=\n"
	       "\tfor word in \"${COMP_WORDS[@]:1:COMP_CWORD-1}\"; do\n"
	       "\t\tcase $word in -*) ;; *) "
	       "command=\"${command:+$command }$word\" ;; esac\n"
	       "\tdone\n"
	       "\twords=\n"
	       "\tcase $command in\n");
	bash_command(tool);
	if (!tool->commands) {
		printf("\t*) words='");
		each_option(tool, bash_word);
		printf("' ;;\n");
	}
	printf("\tesac\n"
	       "\tcase $cur in\n"
	       "\t-*) COMPREPLY=($(compgen -W \"$words\" -- \"$cur\"))\n"
	       "\t\tcase ${COMPREPLY[0]-} in *=) compopt -o nospace ;; esac "
	       ";;\n"
	       "\t*) COMPREPLY=($(compgen -W \"${words%%%% -*}\" -- \"$cur\") "
	       "$(compgen -f -- \"$cur\")) ;;\n"
	       "\tesac\n"
	       "}\n"
	       "complete -o filenames -F ");
	print_identifier(tool->name);
	printf(" %s\n", tool->name);
}

/* ---- zsh ---- */

/* Brackets and colons have a meaning inside an _arguments specification. */
static void
zsh_text(const char *text)
{
	for (; *text; text++) {
		if (strchr("[]:\\", *text))
			putchar('\\');
		if (*text == '\'')
			printf("'\\''");
		else
			putchar(*text);
	}
}

static void
zsh_action(const struct opt *o)
{
	if (!o->arg)
		return;
	printf(":");
	zsh_text(o->arg);
	if (strchr(o->arg, '|')) {
		printf(":(");
		print_alternatives(o->arg);
		putchar(')');
	} else {
		printf(takes_file(o) ? ":_files" : ": ");
	}
}

static void
zsh_option(const struct opt_tool *tool, const struct opt *o)
{
	const char *many = o->kind == OPT_LIST ? "*" : "";

	(void)tool;
	printf(" \\\n\t'%s--%s%s[", many, o->name, o->arg ? "=" : "");
	zsh_text(o->help);
	putchar(']');
	zsh_action(o);
	putchar('\'');
	if (!o->letter)
		return;
	printf(" \\\n\t'%s-%c%s[", many, o->letter, o->arg ? "+" : "");
	zsh_text(o->help);
	putchar(']');
	zsh_action(o);
	putchar('\'');
}

static void
zsh_function(const struct opt_tool *tool)
{
	const struct opt_tool *const *c;

	print_identifier(tool->name);
	printf("()\n{\n");
	if (tool->commands) {
		printf("\tlocal -a commands\n\tcommands=(\n");
		for (c = tool->commands; *c; c++) {
			printf("\t\t'%s:", last_word((*c)->name));
			zsh_text((*c)->summary);
			printf("'\n");
		}
		printf("\t)\n\tif (( CURRENT == 2 )); then _describe command "
		       "commands; return; fi\n"
		       "\tshift words; (( CURRENT-- ))\n"
		       "\tcase $words[1] in\n");
		for (c = tool->commands; *c; c++) {
			printf("\t%s) ", last_word((*c)->name));
			print_identifier((*c)->name);
			printf(" ;;\n");
		}
		printf("\tesac\n}\n");
	} else {
		printf("\t_arguments -s");
		each_option(tool, zsh_option);
		printf(" \\\n\t'*:file:_files'\n}\n");
	}
	for (c = tool->commands; c && *c; c++)
		zsh_function(*c);
}

static void
zsh(const struct opt_tool *tool)
{
	printf("#compdef %s\n", tool->name);
	zsh_function(tool);
	print_identifier(tool->name);
	printf(" \"$@\"\n");
}

/* ---- fish ---- */

static void
fish_option(const struct opt_tool *tool, const struct opt *o)
{
	const char *words = command_words(tool), *end;

	printf("complete -c %.*s", (int)strcspn(tool->name, " "), tool->name);
	if (*words) {
		printf(" -n '");
		for (;; words = end + 1) {
			end = words + strcspn(words, " ");
			printf("__fish_seen_subcommand_from %.*s",
			    (int)(end - words), words);
			if (!*end)
				break;
			printf("; and ");
		}
		putchar('\'');
	}
	if (o->letter)
		printf(" -s %c", o->letter);
	printf(" -l %s", o->name);
	if (o->arg && strchr(o->arg, '|')) {
		printf(" -x -a '");
		print_alternatives(o->arg);
		putchar('\'');
	} else if (o->arg) {
		printf(takes_file(o) ? " -r" : " -x");
	}
	printf(" -d ");
	print_quoted(o->help);
	putchar('\n');
}

static void
fish(const struct opt_tool *tool)
{
	const struct opt_tool *const *c;
	const char *words = command_words(tool);

	each_option(tool, fish_option);
	for (c = tool->commands; c && *c; c++) {
		printf("complete -c %.*s -f -n '",
		    (int)strcspn(tool->name, " "), tool->name);
		if (*words)
			printf("__fish_seen_subcommand_from %s'", words);
		else
			printf("__fish_use_subcommand'");
		printf(" -a %s -d ", last_word((*c)->name));
		print_quoted((*c)->summary);
		putchar('\n');
		fish(*c);
	}
}

int
opt_complete(const struct opt_tool *tool, const char *shell)
{
	if (!strcmp(shell, "bash"))
		bash(tool);
	else if (!strcmp(shell, "zsh"))
		zsh(tool);
	else if (!strcmp(shell, "fish"))
		fish(tool);
	else
		return opt_usage(tool,
		    "--completion: '%s' is none of "
		    "bash|zsh|fish",
		    shell);
	return NNI_OK;
}
