/*
 * The program for the far end: which file it is, and the commands that start
 * it there, or take it.
 */
#include "agent.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "mem.h"
#include "os/file.h"
#include "os/sys.h"
#include "say.h"
#include "toolfiles.h"

/* ---- the files ---- */

static struct kind {
	const char *system, *machines[3]; /* as uname calls them */
	const char *name;
	struct agent agent, trial;
} kinds[] = {
    {.system = "Linux",
	.machines = {"x86_64", "amd64"},
	.name = "linux-x86_64"},
    {.system = "Linux",
	.machines = {"aarch64", "arm64"},
	.name = "linux-aarch64"},
    {.system = "Windows",
	.machines = {"x86_64", "AMD64"},
	.name = "windows-x86_64.exe"},
};

static struct kind *
find_kind(const char *system, const char *machine)
{
	size_t i, j;

	for (i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		for (j = 0; kinds[i].machines[j]; j++)
			if (strcmp(kinds[i].system, system) == 0 &&
			    strcmp(kinds[i].machines[j], machine) == 0)
				return &kinds[i];
	return NULL;
}

/* Fills in digest and size.  0, or -1 with err. */
static int
sum_up(struct agent *a, const char *path, struct buf *err)
{
	char *block;
	struct sha256 sum;
	int64_t n = -1;
	os_file f = file_open(path, FILE_READ, 0, err);

	if (f == OS_NO_FILE)
		return -1;
	block = xcalloc(1, 65536);
	sha256_init(&sum);
	a->size = 0;
	while ((n = file_read(f, block, 65536)) > 0) {
		sha256_update(&sum, block, (size_t)n);
		a->size += n;
	}
	if (n < 0)
		buf_err(err, "cannot read '%s': %s", path, os_strerror());
	file_close(f);
	free(block);
	sha256_final_hex(&sum, a->digest);
	return n < 0 ? -1 : 0;
}

static const struct agent *
find(const char *system, const char *machine, bool trial, struct buf *err,
    struct buf *hint)
{
	struct kind *k = find_kind(system, machine);
	struct buf path = BUF_INIT;
	struct agent *a;

	if (!k) {
		buf_err(err, "it is a %s %s, for which there is no program",
		    *system ? system : "system without a name", machine);
		buf_setf(hint, "build nni-platform-local on that machine, and "
			       "set agentPath to where it is there");
		return NULL;
	}
	a = trial ? &k->trial : &k->agent;
	if (a->path)
		return a;
	if (agents_dir(&path, err) == 0) {
		path_add(&path, trial ? "nni-trial-" : "");
		buf_adds(&path, k->name);
		if (sum_up(a, path.data, err) == 0)
			a->path = buf_detach(&path);
		else if (os_errno() == OS_NOT_FOUND) {
			buf_clear(err);
			buf_err(err,
			    "it is a %s %s, and the program for such machines "
			    "is not there: %s",
			    system, machine, path.data);
			buf_setf(hint,
			    "'make %s' builds it where its compiler is; or "
			    "build nni-platform-local on that machine, and "
			    "set agentPath to where it is there",
			    strcmp(system, "Windows") == 0 ? "windows"
							   : "agents");
		}
	}
	buf_release(&path);
	return a->path ? a : NULL;
}

const struct agent *
agent_find(
    const char *system, const char *machine, struct buf *err, struct buf *hint)
{
	return find(system, machine, false, err, hint);
}

const struct agent *
agent_trial(
    const char *system, const char *machine, struct buf *err, struct buf *hint)
{
	return find(system, machine, true, err, hint);
}

/* ---- commands for POSIX machines ---- */

/*
 * Not one of ! ' \ inside, which csh and fish see even between single quotes;
 * in the first also not one of > < | & % ^, with which cmd.exe, that knows no
 * single quotes, would do something before it finds that there is no "sh".
 */
static const char start_text[] =
    "IFS= read -r d; IFS= read -r a; read -r x y; "
    "case \"$d\" in \"~\") d=$HOME;; \"~/\"*) d=$HOME/${d#??};; esac; "
    "case \"$a\" in \"~/\"*) a=$HOME/${a#??};; esac; "
    "s=`uname -s`; m=`uname -m`; echo; echo nni:at $s $m; "
    "case \"$s $m\" in \"Linux x86_64\") g=$x;; \"Linux amd64\") g=$x;; "
    "\"Linux aarch64\") g=$y;; \"Linux arm64\") g=$y;; *) g=-;; esac; "
    "p=$d/bin/$g/nni-platform-local; "
    "if test -n \"$a\"; then p=$a; fi; "
    "if test -f \"$p\"; then exec \"$p\" ";
static const char start_end[] = " --stdio; fi; echo nni:absent";

/*
 * The file appears under its name when it is whole and has run once: two who
 * send it at the same time do no harm, nor does one who breaks off.
 */
static const char send_text[] =
    "set -f; umask 077; LC_ALL=C; export LC_ALL; "
    "IFS= read -r d; read -r g n r; "
    "case \"$d\" in \"~\") d=$HOME;; \"~/\"*) d=$HOME/${d#??};; esac; "
    "b=$d/bin/$g; t=$b/.new-$r; "
    "q() { rm -f \"$t\"; }; trap q 0; trap \"exit 1\" 1 2 15; "
    "f() { echo nni:failed $1 $e; exit 0; }; echo; "
    "e=`mkdir -p \"$b\" 2>&1` || f make; "
    "e=`{ cat >\"$t\"; } 2>&1` || f write; "
    "e=`wc -c <\"$t\"`; test $e -eq $n || f size; "
    "e=`chmod 700 \"$t\" 2>&1` || f write; "
    "e=`\"$t\" --version 2>&1` || f run; "
    "e=`mv -f \"$t\" \"$b/nni-platform-local\" 2>&1` || f write; "
    "echo nni:sent";

void
agent_start_text(struct buf *out, const char *arguments)
{
	buf_addf(out, "sh -c '%s%s%s'", start_text, arguments, start_end);
}

void
agent_send_text(struct buf *out)
{
	buf_addf(out, "sh -c '%s'", send_text);
}

static const char *
digest_of(const char *machine)
{
	struct buf err = BUF_INIT, hint = BUF_INIT;
	const struct agent *a = agent_find("Linux", machine, &err, &hint);

	buf_release(&err);
	buf_release(&hint);
	return a ? a->digest : "-";
}

void
agent_start_input(struct buf *out, const struct machine *m)
{
	buf_addf(
	    out, "%s\n%s\n", m->remote_dir, m->agent_path ? m->agent_path : "");
	buf_addf(out, "%s %s\n", digest_of("x86_64"), digest_of("aarch64"));
}

void
agent_send_input(
    struct buf *out, const struct machine *m, const struct agent *a)
{
	uint64_t chance = 0;

	random_bytes(&chance, sizeof(chance));
	buf_addf(out, "%s\n%s %" PRId64 " %016" PRIx64 "\n", m->remote_dir,
	    a->digest, a->size, chance);
}

/* ---- what goes wrong there ---- */

static const struct trouble {
	const char *step, *words; /* NULL: any */
	const char *what, *hint;
	int code;
} troubles[] = {
    {NULL, "No space left", "no space is left on the disk there",
	"free some, or set remoteDir to a directory on another disk",
	NNI_TEMPORARY},
    {NULL, "quota exceeded", "your quota on the disk there is used up",
	"delete what you do not need there, or set remoteDir to a directory "
	"on another disk",
	NNI_TEMPORARY},
    {NULL, "Read-only file system", "the disk there can only be read",
	"set remoteDir to a directory that you may write to", NNI_CONFIG},
    {"run", "Permission denied",
	"programs may not be run there (a disk mounted with noexec?)",
	"set remoteDir to a directory on another disk, or agentPath to a "
	"nni-platform-local that may be run",
	NNI_CONFIG},
    {"run", NULL, "the program for this kind of machine does not run there",
	"build nni-platform-local on that machine, and set agentPath to where "
	"it is there",
	NNI_CONFIG},
    {"size", NULL, "the program arrived cut short", "", NNI_TEMPORARY},
    {NULL, "Permission denied", "there is no permission to write there",
	"set remoteDir to a directory that you may write to", NNI_CONFIG},
    {NULL, "Not a directory", "a part of its path is not a directory",
	"set remoteDir to another directory", NNI_CONFIG},
    {NULL, "File exists", "a part of its path is not a directory",
	"set remoteDir to another directory", NNI_CONFIG},
    {NULL, NULL, "the program cannot be put there",
	"set remoteDir to a directory that you may write to", NNI_TEMPORARY},
};

int
agent_failed(struct buf *err, struct buf *hint, const struct machine *m,
    const char *failure)
{
	size_t step = strcspn(failure, " "), i;
	const char *words = failure + step + strspn(failure + step, " ");
	const struct trouble *t = troubles;

	for (i = 0; i < sizeof(troubles) / sizeof(*troubles); i++) {
		t = &troubles[i];
		if ((!t->step || (strlen(t->step) == step &&
				     memcmp(t->step, failure, step) == 0)) &&
		    (!t->words || strstr(words, t->words)))
			break;
	}
	buf_err(err, "%s: cannot put the program into %s: %s", m->place,
	    m->remote_dir, t->what);
	if (*words && (!t->words || strcmp(t->words, words) != 0))
		buf_addf(err, ": %s", words);
	buf_set(hint, t->hint);
	return t->code;
}
