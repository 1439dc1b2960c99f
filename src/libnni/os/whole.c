/* Whole files, a part of file.h. */
#include "file.h"

static int
read_whole(const char *path, int flags, struct buf *to, struct buf *err)
{
	os_file f = file_open(path, flags, 0, err);
	int rc;

	if (f == OS_NO_FILE)
		return -1;
	rc = file_read_rest(f, path, to, err);
	file_close(f);
	return rc;
}

int
file_read_all(const char *path, struct buf *to, struct buf *err)
{
	return read_whole(path, FILE_READ, to, err);
}

int
file_read_ordinary(const char *path, struct buf *to, struct buf *err)
{
	return read_whole(path, FILE_READ | FILE_ORDINARY, to, err);
}
