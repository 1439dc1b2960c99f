/* nni-trial and the pure Python `nni`, for machines that may have neither. */
#include "tools.h"

#include <stdlib.h>
#include <string.h>

#include "agent.h"
#include "mem.h"
#include "os/file.h"
#include "sha256.h"
#include "toolfiles.h"

static bool
ends_with(const char *s, const char *end)
{
	size_t n = strlen(s), m = strlen(end);

	return n >= m && strcmp(s + n - m, end) == 0;
}

static void
add_trial(struct toolfiles *l, const char *system, const char *machine)
{
	const struct agent *a = agent_trial(system, machine, NULL, NULL);

	if (a)
		toolfiles_add(l,
		    ends_with(a->path, ".exe") ? "nni-trial.exe" : "nni-trial",
		    a->path);
}

static void
add_digest(struct sha256 *sum, const char *name, const char *file)
{
	struct buf text = BUF_INIT;

	file_read_ordinary(file, &text, NULL);
	sha256_update(sum, name, strlen(name) + 1);
	sha256_update(sum, &text.len, sizeof(text.len));
	sha256_update(sum, text.data, text.len);
	buf_release(&text);
}

static void
add_all(struct toolfiles *l, const char *system, const char *machine)
{
	add_trial(l, system, machine);
	toolfiles_add_python(l, "python");
}

char *
tools_digest(const char *system, const char *machine)
{
	struct toolfiles l = TOOLFILES_INIT;
	char hex[SHA256_HEX + 1];
	struct sha256 sum;
	size_t i;

	add_all(&l, system, machine);
	sha256_init(&sum);
	for (i = 0; i < l.count; i++)
		add_digest(&sum, l.names[i], l.files[i]);
	sha256_final_hex(&sum, hex);
	i = l.count;
	toolfiles_release(&l);
	return i ? xstrdup(hex) : NULL;
}

struct tree *
tools_tree(const char *digest, const char *system, const char *machine)
{
	struct toolfiles l = TOOLFILES_INIT;
	struct tree *t;

	add_all(&l, system, machine);
	t = tree_of_files(digest, (const char *const *)l.names,
	    (const char *const *)l.files, l.count);
	toolfiles_release(&l);
	return t;
}
