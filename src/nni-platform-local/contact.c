/*
 * Signs of life of who watches.
 */
#include "contact.h"
#include "expdir.h"
#include "os/file.h"

void
contact_make(const char *dir)
{
	struct buf path = BUF_INIT;

	expdir_path(&path, dir, "trials/contact");
	/* A new file each time: its time may be coarse, its number is not. */
	file_replace(path.data, "", 0, 0600, false, NULL);
	buf_release(&path);
}

int64_t
contact_mark(const char *dir)
{
	struct buf path = BUF_INIT;
	struct file_info info;
	int64_t mark = 0;

	expdir_path(&path, dir, "trials/contact");
	if (file_info(path.data, false, &info) == 0 &&
	    info.type == FILE_REGULAR)
		mark = info.mtime_ms ^ (int64_t)(info.inode << 20);
	buf_release(&path);
	return mark;
}

int64_t
contact_period_ms(int64_t lease_ms)
{
	return lease_ms / 4 > 10 ? lease_ms / 4 : 10;
}
