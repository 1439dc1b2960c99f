/*
 * Directories and paths on POSIX.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h> /* renameat() */
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "../mem.h"
#include "file.h"
#include "posix.h"
#include "sys.h"

int
dir_make(const char *path, int mode, struct buf *err)
{
	if (mkdir(path, (mode_t)mode) == 0)
		return 0;
	return os_failed_at(err, "create directory", path);
}

/* 0 if it was made or is one already (perhaps through a link); errno else. */
static int
make_or_find(const char *path, int mode)
{
	struct stat st;

	if (mkdir(path, (mode_t)mode) == 0)
		return 0;
	if (errno == ENOENT)
		return ENOENT;
	/* Besides EEXIST also EACCES, EROFS: said of what is there already. */
	int error = errno;
	if (stat(path, &st) != 0)
		return error;
	return S_ISDIR(st.st_mode) ? 0 : ENOTDIR;
}

int
dir_make_all(const char *path, int mode, struct buf *err)
{
	char *copy = xstrdup(path), *slash;
	int error = make_or_find(path, mode);

	if (error == ENOENT) {
		slash = copy;
		while ((slash = strchr(slash + 1, '/')) != NULL) {
			*slash = '\0';
			error = make_or_find(copy, mode);
			*slash = '/';
			if (error != 0)
				break;
		}
		if (slash == NULL)
			error = make_or_find(path, mode);
	}
	free(copy);
	if (error == 0)
		return 0;
	errno = error;
	return os_failed_at(err, "create directory", path);
}

int
dir_remove(const char *path, struct buf *err)
{
	if (rmdir(path) == 0)
		return 0;
	return os_failed_at(err, "remove", path);
}

/*
 * A tree is removed through one descriptor a level.  What lies deeper than
 * this is moved up to the top first, so that no tree runs us out of them.
 */
#define REMOVE_DEPTH 64

struct removal {
	int top;	/* the root of the tree */
	unsigned moved; /* names made there so far */
};

static int remove_entries(struct removal *r, int fd, int depth);

static int
move_to_top(struct removal *r, int fd, const char *name)
{
	struct buf to = BUF_INIT;
	int rc;

	do {
		buf_setf(&to, ".nni-removed-%u", r->moved++);
		rc = renameat(fd, name, r->top, to.data);
	} while (rc != 0 && (errno == EEXIST || errno == ENOTEMPTY));
	buf_release(&to);
	return rc;
}

/* Ours to remove, but its owner (a trial) may have left no permission. */
static int
open_subdir(int fd, const char *name)
{
	int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
	int sub = openat(fd, name, flags);

	if (sub < 0 && errno == EACCES && fchmodat(fd, name, 0700, 0) == 0)
		sub = openat(fd, name, flags);
	return sub;
}

static int
remove_subdir(struct removal *r, int fd, const char *name, int depth)
{
	int sub;

	if (depth >= REMOVE_DEPTH)
		return move_to_top(r, fd, name);
	sub = open_subdir(fd, name);
	if (sub < 0)
		return errno == ENOENT ? 0 : -1;
	if (remove_entries(r, sub, depth + 1) != 0) /* closes sub */
		return -1;
	return unlinkat(fd, name, AT_REMOVEDIR) == 0 || errno == ENOENT ? 0
									: -1;
}

static int
remove_entry(struct removal *r, int fd, const char *name, int depth)
{
	struct stat st;

	if (unlinkat(fd, name, 0) == 0 || errno == ENOENT)
		return 0;
	if (errno == EACCES && fchmod(fd, 0700) == 0 &&
	    unlinkat(fd, name, 0) == 0)
		return 0;
	int error = errno;
	if (fstatat(fd, name, &st, AT_SYMLINK_NOFOLLOW) != 0)
		return errno == ENOENT ? 0 : -1;
	if (S_ISDIR(st.st_mode))
		return remove_subdir(r, fd, name, depth);
	errno = error;
	return -1;
}

static bool
is_dot(const char *name)
{
	return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

/* Empties the directory `fd` and closes it. Repeats until a pass finds nothing:
   names are moved to the top meanwhile, and some systems skip names while
   others are being removed. */
static int
remove_entries(struct removal *r, int fd, int depth)
{
	DIR *d = fdopendir(fd);
	struct dirent *e;
	int rc = 0, error;
	bool found;

	if (d == NULL) {
		error = errno;
		close(fd);
		errno = error;
		return -1;
	}
	do {
		found = false;
		while (rc == 0 && (errno = 0, e = readdir(d)) != NULL) {
			if (is_dot(e->d_name))
				continue;
			found = true;
			rc = remove_entry(r, fd, e->d_name, depth);
		}
		if (rc == 0 && errno != 0)
			rc = -1;
		rewinddir(d);
	} while (rc == 0 && found);
	error = errno;
	closedir(d);
	errno = error;
	return rc;
}

int
dir_remove_tree(const char *path, struct buf *err)
{
	struct removal r = {.moved = 0};

	if (unlink(path) == 0 || errno == ENOENT)
		return 0;
	r.top = open_subdir(AT_FDCWD, path);
	if (r.top < 0 && errno == ENOENT)
		return 0;
	if (r.top < 0 || remove_entries(&r, r.top, 1) != 0 ||
	    (rmdir(path) != 0 && errno != ENOENT))
		return os_failed_at(err, "remove", path);
	return 0;
}

struct entry {
	char *name;
	enum file_type type;
};

static int
by_name(const void *a, const void *b)
{
	return strcmp(
	    ((const struct entry *)a)->name, ((const struct entry *)b)->name);
}

static enum file_type
type_of_entry(int fd, const struct dirent *e)
{
	struct stat st;

#ifdef DT_UNKNOWN /* not POSIX, but saves a stat() wherever it is filled in */
	switch (e->d_type) {
	case DT_REG:
		return FILE_REGULAR;
	case DT_DIR:
		return FILE_DIR;
	case DT_LNK:
		return FILE_LINK;
	case DT_UNKNOWN:
		break;
	default:
		return FILE_SPECIAL;
	}
#endif
	if (fstatat(fd, e->d_name, &st, AT_SYMLINK_NOFOLLOW) != 0)
		return FILE_ABSENT;
	return S_ISREG(st.st_mode)   ? FILE_REGULAR
	       : S_ISDIR(st.st_mode) ? FILE_DIR
	       : S_ISLNK(st.st_mode) ? FILE_LINK
				     : FILE_SPECIAL;
}

static int
read_entries(DIR *d, bool typed, struct entry **list, size_t *count)
{
	struct dirent *e;
	size_t room = 0;

	*list = NULL;
	*count = 0;
	while ((errno = 0, e = readdir(d)) != NULL) {
		if (is_dot(e->d_name))
			continue;
		if (*count == room) {
			room = room == 0 ? 32 : room * 2;
			*list = xreallocarray(*list, room, sizeof(**list));
		}
		(*list)[*count].name = xstrdup(e->d_name);
		(*list)[*count].type =
		    typed ? type_of_entry(dirfd(d), e) : FILE_REGULAR;
		++*count;
	}
	return errno == 0 ? 0 : os_failed();
}

int
dir_list(const char *path, char ***names, enum file_type **types, size_t *count,
    struct buf *err)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	struct entry *list;
	size_t i;
	int rc;

	*names = NULL;
	*count = 0;
	if (types != NULL)
		*types = NULL;
	if (d == NULL) {
		os_failed_at(err, "read directory", path);
		if (fd >= 0)
			close(fd);
		return -1;
	}
	rc = read_entries(d, types != NULL, &list, count);
	closedir(d);
	if (*count > 0)
		qsort(list, *count, sizeof(*list), by_name);
	*names = xreallocarray(NULL, *count + 1, sizeof(**names));
	if (types != NULL)
		*types = xreallocarray(NULL, *count + 1, sizeof(**types));
	for (i = 0; i < *count; i++) {
		(*names)[i] = list[i].name;
		if (types != NULL)
			(*types)[i] = list[i].type;
	}
	free(list);
	if (rc == 0)
		return 0;
	buf_err(err, "cannot read directory '%s': %s", path, os_strerror());
	dir_list_free(*names, types == NULL ? NULL : *types, *count);
	*names = NULL;
	*count = 0;
	if (types != NULL)
		*types = NULL;
	return -1;
}

void
dir_list_free(char **names, enum file_type *types, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++)
		free(names[i]);
	free(names);
	free(types);
}

bool
path_is_absolute(const char *path)
{
	return path[0] == '/';
}

bool
path_is_stream(const char *path)
{
	static const char *const open_files[] = {
	    "/dev/fd/", "/dev/stdin", "/proc/self/fd/"};
	struct file_info info;
	size_t i;

	for (i = 0; i < sizeof(open_files) / sizeof(open_files[0]); i++)
		if (strncmp(path, open_files[i], strlen(open_files[i])) == 0)
			return true;
	return file_info(path, true, &info) == 0 && info.type == FILE_SPECIAL;
}

void
path_add(struct buf *b, const char *name)
{
	if (path_is_absolute(name)) {
		buf_set(b, name);
		return;
	}
	if (b->len > 0 && b->data[b->len - 1] != '/')
		buf_addc(b, '/');
	buf_adds(b, name);
}

/* Adds the parts of `path` to `to`, which is absolute or empty for "/". */
static void
add_parts(struct buf *to, const char *path)
{
	size_t len;

	for (; *path != '\0'; path += len) {
		path += strspn(path, "/");
		len = strcspn(path, "/");
		if (len == 0 || (len == 1 && path[0] == '.'))
			continue;
		if (len == 2 && memcmp(path, "..", 2) == 0) {
			while (to->len > 0 && to->data[to->len - 1] != '/')
				buf_cut(to, to->len - 1);
			if (to->len > 0)
				buf_cut(to, to->len - 1);
			continue;
		}
		buf_addc(to, '/');
		buf_add(to, path, len);
	}
}

int
path_absolute(
    const char *path, const char *base, struct buf *to, struct buf *err)
{
	struct buf out = BUF_INIT;
	char *cwd = NULL;

	if (!path_is_absolute(path)) {
		if (base == NULL || !path_is_absolute(base)) {
			/* The length is malloced: glibc, BSD, macOS, musl. */
			cwd = getcwd(NULL, 0);
			if (cwd == NULL) {
				os_failed();
				return buf_err(err,
				    "cannot find the working directory: %s",
				    os_strerror());
			}
			add_parts(&out, cwd);
			free(cwd);
		}
		if (base != NULL)
			add_parts(&out, base);
	}
	add_parts(&out, path);
	if (out.len == 0)
		buf_addc(&out, '/');
	buf_set(to, out.data);
	buf_release(&out);
	return 0;
}

int
path_real(const char *path, struct buf *to, struct buf *err)
{
	char *real = realpath(path, NULL);

	if (real == NULL)
		return os_failed_at(err, "find", path);
	buf_set(to, real);
	free(real);
	return 0;
}

const char *
path_base(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash == NULL ? path : slash + 1;
}

const char *
path_list_separator(void)
{
	return ":";
}

static const char *
home_of(const char *user, size_t len)
{
	char *name = xstrndup(user, len);
	struct passwd *pw = user_by_name(name);

	free(name);
	return pw != NULL && pw->pw_dir[0] == '/' ? pw->pw_dir : NULL;
}

int
path_expand(const char *path, struct buf *to, struct buf *err)
{
	size_t len = strcspn(path, "/");
	const char *home;

	if (path[0] != '~') {
		buf_set(to, path);
		return 0;
	}
	home = len == 1 ? sys_home() : home_of(path + 1, len - 1);
	if (home == NULL && len == 1)
		return buf_err(err,
		    "cannot expand '%s': the home directory is unknown; set "
		    "HOME",
		    path);
	if (home == NULL)
		return buf_err(err,
		    "cannot expand '%s': there is no user '%.*s'; say './%s' "
		    "for what is really called so",
		    path, (int)len - 1, path + 1, path);
	buf_set(to, home);
	path += len + strspn(path + len, "/");
	if (*path != '\0')
		path_add(to, path);
	return 0;
}
