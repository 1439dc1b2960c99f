/* Our files for trials on other machines. */
#include "toolfiles.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "expdir.h"
#include "mem.h"
#include "os/file.h"

void
toolfiles_add(struct toolfiles *t, const char *name, const char *file)
{
	t->names = xreallocarray(t->names, t->count + 1, sizeof(*t->names));
	t->files = xreallocarray(t->files, t->count + 1, sizeof(*t->files));
	t->names[t->count] = xstrdup(name);
	t->files[t->count++] = xstrdup(file);
}

static bool
is_python(const char *name)
{
	size_t n = strlen(name);

	return n > 3 && strcmp(name + n - 3, ".py") == 0;
}

void
toolfiles_add_python(struct toolfiles *t, const char *under)
{
	struct buf dir = BUF_INIT, path = BUF_INIT, name = BUF_INIT;
	char **names = NULL;
	size_t count = 0, i;

	if (stand_in_find(&dir))
		path_add(&dir, "nni");
	if (!dir.len || dir_list(dir.data, &names, NULL, &count, NULL) == -1)
		count = 0;
	for (i = 0; i < count; i++) {
		if (!is_python(names[i]))
			continue;
		expdir_path(&path, dir.data, names[i]);
		buf_setf(&name, "%s/nni/%s", under, names[i]);
		toolfiles_add(t, name.data, path.data);
	}
	dir_list_free(names, NULL, count);
	buf_release(&dir);
	buf_release(&path);
	buf_release(&name);
}

void
toolfiles_release(struct toolfiles *t)
{
	size_t i;

	for (i = 0; i < t->count; i++) {
		free(t->names[i]);
		free(t->files[i]);
	}
	free(t->names);
	free(t->files);
	*t = (struct toolfiles)TOOLFILES_INIT;
}

int
agents_dir(struct buf *dir, struct buf *err)
{
	struct buf local = BUF_INIT;
	int r = backend_find("local", &local, err);

	if (r == 0) {
		buf_add(dir, local.data,
		    (size_t)(path_base(local.data) - local.data));
		buf_adds(dir, "agents");
	}
	buf_release(&local);
	return r;
}
