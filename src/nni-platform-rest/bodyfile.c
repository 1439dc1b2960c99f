/* Long bodies of requests on their way to curl. */
#include "bodyfile.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "expdir.h"
#include "os/file.h"
#include "os/process.h"
#include "os/sys.h"

/* No body is so long on its way. */
#define LEFT_MS 3600000

char *
bodyfile_new(const char *dir, const char *member, const struct buf *body,
    struct buf *err)
{
	static uint64_t files;
	struct buf path = BUF_INIT;

	buf_addf(&path, "%s/platforms/%s-%" PRId64 "-%" PRIu64 ".body", dir,
	    member, proc_self_pid(), ++files);
	if (file_replace(path.data, body->data, body->len, 0600, false, err) ==
	    0)
		return buf_detach(&path);
	buf_release(&path);
	return NULL;
}

void
bodyfiles_clean(const char *dir)
{
	struct buf platforms = BUF_INIT, path = BUF_INIT;
	struct file_info info;
	char **names;
	size_t count, len, i;

	expdir_path(&platforms, dir, "platforms");
	if (dir_list(platforms.data, &names, NULL, &count, NULL) == 0) {
		for (i = 0; i < count; i++) {
			len = strlen(names[i]);
			buf_setf(&path, "%s/%s", platforms.data, names[i]);
			if (len > 5 &&
			    strcmp(names[i] + len - 5, ".body") == 0 &&
			    file_info(path.data, false, &info) == 0 &&
			    info.mtime_ms < clock_wall_ms() - LEFT_MS)
				file_remove(path.data, NULL);
		}
		dir_list_free(names, NULL, count);
	}
	buf_release(&platforms);
	buf_release(&path);
}
