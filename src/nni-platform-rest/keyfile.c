/*
 * Keys and certificates in files.
 */
#include "keyfile.h"

#include <string.h>

#include "expdir.h"
#include "os/file.h"
#include "sha256.h"

#define PREFIX "key-"
#define NONE "no-authorities"

static int
platforms(const char *dir, struct buf *path, struct buf *err)
{
	expdir_path(path, dir, "platforms");
	return dir_make_all(path->data, 0700, err);
}

int
keyfile_put(const char *dir, const char *bytes, size_t len, struct buf *path,
    struct buf *err)
{
	char digest[SHA256_HEX + 1];
	struct buf name = BUF_INIT, full = BUF_INIT;
	struct file_info info;
	struct sha256 s;
	int result;

	sha256_init(&s);
	sha256_update(&s, bytes, len);
	sha256_final_hex(&s, digest);
	buf_addf(&name, PREFIX "%.32s.pem", digest);
	result = platforms(dir, &full, err);
	path_add(&full, name.data);
	if (result == 0 &&
	    (file_info(full.data, false, &info) == -1 ||
		info.type != FILE_REGULAR || info.size != (int64_t)len))
		result = file_replace(full.data, bytes, len, 0600, false, err);
	if (result == 0)
		buf_add(path, full.data, full.len);
	buf_release(&name);
	buf_release(&full);
	return result;
}

int
keyfile_none(const char *dir, struct buf *path, struct buf *err)
{
	struct buf full = BUF_INIT;
	int result = platforms(dir, &full, err);

	path_add(&full, NONE);
	if (result == 0)
		result = dir_make_all(full.data, 0700, err);
	if (result == 0)
		buf_add(path, full.data, full.len);
	buf_release(&full);
	return result;
}

void
keyfile_clean(const char *dir)
{
	struct buf path = BUF_INIT;
	size_t count = 0, i, len;
	char **names = NULL;

	expdir_path(&path, dir, "platforms");
	len = path.len;
	if (dir_list(path.data, &names, NULL, &count, NULL) == -1)
		count = 0;
	for (i = 0; i < count; i++) {
		buf_cut(&path, len);
		path_add(&path, names[i]);
		if (strncmp(names[i], PREFIX, strlen(PREFIX)) == 0)
			file_remove(path.data, NULL);
		else if (strcmp(names[i], NONE) == 0)
			dir_remove(path.data, NULL);
	}
	if (names)
		dir_list_free(names, NULL, count);
	buf_release(&path);
}
