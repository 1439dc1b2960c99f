/*
 * Completions for the shells: a script for each, which hands the words to the
 * tool and shows its answer.  What fits where is decided in opt-words.c alone,
 * so that all shells know the same.
 */
#include "opt-complete.h"

#include <stdio.h>
#include <string.h>

#include "opt-words.h"
#include "say.h"

/* TOOL becomes the tool's name, FUNCTION the same as a part of a function's. */

static const char bash_script[] =
    "# Completion of TOOL for bash: what fits is what 'TOOL --complete WORD "
    "...' says.\n"
    "_FUNCTION()\n"
    "{\n"
    "\tlocal IFS=$' \\t\\n' cur=${COMP_WORDS[COMP_CWORD]} "
    "tool=${COMP_WORDS[0]}\n"
    "\tlocal glue= word output kind prefix suffixes suffix i\n"
    "\tlocal -a words\n"
    "\twords=() COMPREPLY=()\n"
    "\t# --name=value comes in three words where '=' breaks words\n"
    "\tfor ((i = 1; i <= COMP_CWORD; i++)); do\n"
    "\t\tword=${COMP_WORDS[i]}\n"
    "\t\tif [[ $word == = && ${#words[@]} -gt 0 ]]; then\n"
    "\t\t\twords[${#words[@]}-1]+==\n"
    "\t\t\tglue=1\n"
    "\t\telif [[ $glue ]]; then\n"
    "\t\t\twords[${#words[@]}-1]+=$word\n"
    "\t\t\tglue=\n"
    "\t\telse\n"
    "\t\t\twords+=(\"$word\")\n"
    "\t\tfi\n"
    "\tdone\n"
    "\t[[ $cur != = ]] || cur=\n"
    "\toutput=$(\"${tool/#\\~\\//$HOME/}\" --complete \"${words[@]}\" "
    "2>/dev/null) ||\n"
    "\t\treturn\n"
    "\t{\n"
    "\t\tIFS= read -r kind\n"
    "\t\tIFS= read -r prefix\n"
    "\t\tIFS= read -r suffixes\n"
    "\t\t[[ $prefix != *= || $cur == *=* ]] || prefix=\n"
    "\t\twhile IFS= read -r word; do\n"
    "\t\t\tword=$prefix${word%%$'\\t'*}\n"
    "\t\t\t[[ $word != \"$cur\"* ]] || COMPREPLY+=(\"$word\")\n"
    "\t\tdone\n"
    "\t} <<<\"$output\"\n"
    "\t[[ $kind != none ]] || return 0\n"
    "\tcompopt -o filenames 2>/dev/null\n"
    "\tcur=${cur#\"$prefix\"}\n"
    "\twhile IFS= read -r word; do\n"
    "\t\t[[ ! $word ]] || COMPREPLY+=(\"$prefix$word\")\n"
    "\tdone < <(\n"
    "\t\tcompgen -d -- \"$cur\"\n"
    "\t\t[[ $kind != files || $suffixes ]] || compgen -f -- \"$cur\"\n"
    "\t\t[[ $kind != files ]] || for suffix in $suffixes; do\n"
    "\t\t\tcompgen -f -X \"!*.$suffix\" -- \"$cur\"\n"
    "\t\tdone\n"
    "\t)\n"
    "}\n"
    "complete -F _FUNCTION TOOL\n";

static const char zsh_script[] =
    "#compdef TOOL\n"
    "# What fits is what 'TOOL --complete WORD ...' says.\n"
    "_FUNCTION()\n"
    "{\n"
    "\tlocal kind prefix suffixes line word ret=1\n"
    "\tlocal -a lines described\n"
    "\tlines=(\"${(@f)$(${(Q)~words[1]} --complete \\\n"
    "\t\t\"${(@Q)words[2,CURRENT-1]}\" \"${(Q)PREFIX}\" 2>/dev/null)}\")\n"
    "\t[[ -n $lines[1] ]] || return 1\n"
    "\tkind=$lines[1] prefix=$lines[2] suffixes=$lines[3]\n"
    "\tfor line in \"${(@)lines[4,-1]}\"; do\n"
    "\t\t[[ -n $line ]] || continue\n"
    "\t\tword=${${line%%$'\\t'*}//:/\\\\:} line=${line#*$'\\t'}\n"
    "\t\tdescribed+=(\"$word${line:+:$line}\")\n"
    "\tdone\n"
    "\t[[ -z $prefix ]] || compset -p $#prefix\n"
    "\t(( ! $#described )) || _describe -t words word described && ret=0\n"
    "\tcase $kind in\n"
    "\tfiles) _files ${suffixes:+-g} ${suffixes:+\"*.(${suffixes// /|})\"} && "
    "ret=0 ;;\n"
    "\tdirectories) _files -/ && ret=0 ;;\n"
    "\tesac\n"
    "\treturn ret\n"
    "}\n"
    "_FUNCTION \"$@\"\n";

static const char fish_script[] =
    "# Completion of TOOL for fish: what fits is what 'TOOL --complete WORD "
    "...' says.\n"
    "function __FUNCTION\n"
    "\tset -l words (commandline -opc)\n"
    "\tset -l token (commandline -ct)\n"
    "\tset -l lines ($words[1] --complete $words[2..-1] \"$token\" "
    "2>/dev/null)\n"
    "\tor return\n"
    "\tset -l prefix $lines[2]\n"
    "\tfor line in $lines[4..-1]\n"
    "\t\techo -- $prefix$line\n"
    "\tend\n"
    "\ttest \"$lines[1]\" = none\n"
    "\tand return\n"
    "\tset -l file (string sub -s (math (string length -- \"$prefix\") + 1) -- "
    "\"$token\")\n"
    "\tfor line in (complete -C \"'' $file\")\n"
    "\t\tset line (string split -f 1 \\t -- $line)\n"
    "\t\tif string match -q -- '*/' $line\n"
    "\t\t\techo -- $prefix$line\n"
    "\t\telse if test \"$lines[1]\" = files\n"
    "\t\t\tset -l suffix (string match -r -g -- '\\.([^.]*)$' $line)\n"
    "\t\t\tif test -z \"$lines[3]\"; or contains -- \"$suffix\" (string split "
    "' ' -- $lines[3])\n"
    "\t\t\t\techo -- $prefix$line\n"
    "\t\t\tend\n"
    "\t\tend\n"
    "\tend\n"
    "end\n"
    "complete -c TOOL -f -a '(__FUNCTION)'\n";

static void
print_script(const char *s, const char *name)
{
	for (; *s; s++)
		if (!strncmp(s, "TOOL", 4)) {
			fputs(name, stdout);
			s += 3;
		} else if (!strncmp(s, "FUNCTION", 8)) {
			const char *n;

			for (n = name; *n; n++)
				putchar(*n == '-' ? '_' : *n);
			s += 7;
		} else {
			putchar(*s);
		}
}

int
opt_complete(const struct opt_tool *tool, const char *shell)
{
	if (!strcmp(shell, "bash"))
		print_script(bash_script, tool->name);
	else if (!strcmp(shell, "zsh"))
		print_script(zsh_script, tool->name);
	else if (!strcmp(shell, "fish"))
		print_script(fish_script, tool->name);
	else
		return opt_usage(
		    tool, "--completion: '%s' is none of bash|zsh|fish", shell);
	return NNI_OK;
}

int
opt_complete_words(
    const struct opt_tool *tool, char *const *words, size_t count)
{
	struct buf out = BUF_INIT;

	opt_words(tool, words, count, &out);
	fputs(out.data, stdout);
	buf_release(&out);
	return NNI_OK;
}
