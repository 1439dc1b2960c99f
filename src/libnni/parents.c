/* Where experiments are: the default parent, and others that were used. */
#include "parents.h"

#include <stdlib.h>
#include <string.h>

#include "expdir.h"
#include "mem.h"
#include "os/file.h"

#define HINTS ".experiments"

static void
add(char ***list, size_t *count, const char *path, size_t len)
{
	for (size_t i = 0; i < *count; i++)
		if (strlen((*list)[i]) == len &&
		    memcmp((*list)[i], path, len) == 0)
			return;
	*list = xreallocarray(*list, *count + 1, sizeof(**list));
	(*list)[(*count)++] = xstrndup(path, len);
}

int
parents_list(char ***list, size_t *count, struct buf *err)
{
	struct buf base = BUF_INIT, hints = BUF_INIT, path = BUF_INIT;
	const char *at, *lf;

	*list = NULL;
	*count = 0;
	if (expdir_default_parent(&base, err) != 0) {
		buf_release(&base);
		return -1;
	}
	add(list, count, base.data, base.len);
	expdir_path(&path, base.data, HINTS);
	if (file_read_all(path.data, &hints, NULL) == 0)
		for (at = hints.data; (lf = strchr(at, '\n')) != NULL;
		     at = lf + 1)
			if (lf > at)
				add(list, count, at, (size_t)(lf - at));
	buf_release(&base);
	buf_release(&hints);
	buf_release(&path);
	return 0;
}

void
parents_free(char **list, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free(list[i]);
	free(list);
}

int
parents_remember(const char *parent, struct buf *err)
{
	struct buf path = BUF_INIT, line = BUF_INIT;
	char **list;
	size_t count, i;
	os_file f;
	int rc = -1;

	if (parents_list(&list, &count, err) != 0)
		return -1;
	for (i = 0; i < count && strcmp(list[i], parent) != 0; i++)
		;
	if (i < count) {
		parents_free(list, count);
		return 0;
	}
	dir_make_all(list[0], 0700, NULL);
	expdir_path(&path, list[0], HINTS);
	parents_free(list, count);
	buf_setf(&line, "%s\n", parent);
	f = file_open(path.data, FILE_APPEND | FILE_CREATE, 0600, err);
	if (f != OS_NO_FILE) {
		rc = file_write(f, line.data, line.len);
		file_close(f);
	}
	buf_release(&path);
	buf_release(&line);
	return rc;
}
