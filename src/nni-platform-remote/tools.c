/* nni-trial and the pure Python `nni`, for machines that may have neither. */
#include "tools.h"

#include <stdlib.h>
#include <string.h>

#include "agent.h"
#include "expdir.h"
#include "mem.h"
#include "os/file.h"
#include "os/sys.h"
#include "sha256.h"

struct list {
	char **names, **files; /* in the tree; here */
	size_t count;
};

static void
list_add(struct list *l, const char *name, const char *file)
{
	l->names = xreallocarray(l->names, l->count + 1, sizeof(*l->names));
	l->files = xreallocarray(l->files, l->count + 1, sizeof(*l->files));
	l->names[l->count] = xstrdup(name);
	l->files[l->count++] = xstrdup(file);
}

static void
list_release(struct list *l)
{
	size_t i;

	for (i = 0; i < l->count; i++) {
		free(l->names[i]);
		free(l->files[i]);
	}
	free(l->names);
	free(l->files);
}

static bool
ends_with(const char *s, const char *end)
{
	size_t n = strlen(s), m = strlen(end);

	return n >= m && strcmp(s + n - m, end) == 0;
}

static void
add_trial(struct list *l, const char *system, const char *machine)
{
	const struct agent *a = agent_trial(system, machine, NULL, NULL);

	if (a)
		list_add(l,
		    ends_with(a->path, ".exe") ? "nni-trial.exe" : "nni-trial",
		    a->path);
}

static void
add_python(struct list *l)
{
	struct buf dir = BUF_INIT, path = BUF_INIT, name = BUF_INIT;
	char **names = NULL;
	size_t count = 0, i;

	if (stand_in_find(&dir))
		path_add(&dir, "nni");
	if (!dir.len || dir_list(dir.data, &names, NULL, &count, NULL) == -1)
		count = 0;
	for (i = 0; i < count; i++) {
		if (!ends_with(names[i], ".py"))
			continue;
		expdir_path(&path, dir.data, names[i]);
		buf_setf(&name, "python/nni/%s", names[i]);
		list_add(l, name.data, path.data);
	}
	dir_list_free(names, NULL, count);
	buf_release(&dir);
	buf_release(&path);
	buf_release(&name);
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
add_all(struct list *l, const char *system, const char *machine)
{
	add_trial(l, system, machine);
	add_python(l);
}

char *
tools_digest(const char *system, const char *machine)
{
	struct list l = {NULL, NULL, 0};
	char hex[SHA256_HEX + 1];
	struct sha256 sum;
	size_t i;

	add_all(&l, system, machine);
	sha256_init(&sum);
	for (i = 0; i < l.count; i++)
		add_digest(&sum, l.names[i], l.files[i]);
	sha256_final_hex(&sum, hex);
	i = l.count;
	list_release(&l);
	return i ? xstrdup(hex) : NULL;
}

struct tree *
tools_tree(const char *digest, const char *system, const char *machine)
{
	struct list l = {NULL, NULL, 0};
	struct tree *t;

	add_all(&l, system, machine);
	t = tree_of_files(digest, (const char *const *)l.names,
	    (const char *const *)l.files, l.count);
	list_release(&l);
	return t;
}
