/* Copies in parts. */
#include "copy.h"

#include <stdlib.h>
#include <string.h>

#include "expdir.h"
#include "os/file.h"
#include "os/sys.h"
#include "tap.h"

#define BIG ((size_t)3 << 20)

/* In a directory of our own. */
enum {
	FROM,
	TO,
	SCRATCH,
	SUB,
	BIG_FROM,
	BIG_TO,
	SMALL_FROM,
	SMALL_TO,
	LEFT_FROM,
	LEFT_TO,
	OURS_FROM,
	OURS_TO,
	PATHS
};
static const char *const names[PATHS] = {"from", "to", "scratch", "from/sub",
    "from/sub/big", "to/sub/big", "from/small", "to/small", "from/stdout",
    "to/stdout", "from/intent", "to/intent"};
static struct buf at[PATHS];

static void
make(enum file_type type, int which, const char *bytes, size_t len)
{
	struct buf err = BUF_INIT;

	if (type == FILE_DIR)
		dir_make_all(at[which].data, 0700, &err);
	else
		file_replace(at[which].data, bytes, len, 0600, false, &err);
	is_str(err.data, "", names[which]);
	buf_release(&err);
}

static bool
is_there(int which)
{
	struct file_info info;

	return file_info(at[which].data, false, &info) == 0 &&
	       info.type != FILE_ABSENT;
}

static bool
same(int from, int to)
{
	struct buf a = BUF_INIT, b = BUF_INIT;
	bool r = file_read_all(at[from].data, &a, NULL) == 0 &&
		 file_read_all(at[to].data, &b, NULL) == 0 && a.len == b.len &&
		 memcmp(a.data, b.data, a.len) == 0;

	buf_release(&a);
	buf_release(&b);
	return r;
}

/* All parts of it: 0 or -1. */
static int
all_parts(struct copy *c)
{
	struct buf err = BUF_INIT;
	int r;

	while ((r = copy_part(c, &err)) == 1)
		buf_clear(&err);
	buf_release(&err);
	return r;
}

static bool
not_this(void *arg, const char *name)
{
	return strcmp(name, arg) == 0;
}

int
nni_main(int argc, char **argv)
{
	static char bytes[BIG];
	static char except[] = "stdout";
	struct buf top = BUF_INIT, err = BUF_INIT;
	struct copy c;
	size_t i;

	(void)argc;
	(void)argv;
	if (expdir_scratch("unit-copy", &top, &err) == -1)
		return 1;
	for (i = 0; i < PATHS; i++) {
		buf_init(&at[i], BUF_MAX_DEFAULT);
		expdir_path(&at[i], top.data, names[i]);
	}
	for (i = 0; i < BIG; i++)
		bytes[i] = (char)(i * 2654435761U >> 13);
	make(FILE_DIR, SUB, NULL, 0);
	make(FILE_REGULAR, BIG_FROM, bytes, BIG);
	make(FILE_REGULAR, SMALL_FROM, "x", 1);
	make(FILE_REGULAR, LEFT_FROM, "x", 1);
	make(FILE_REGULAR, OURS_FROM, "x", 1);

	copy_init(&c, at[FROM].data, at[TO].data);
	c.foreign = true;
	c.scratch = at[SCRATCH].data;
	c.part_ms = 1;
	c.leave_out = not_this;
	c.arg = except;
	is_int(all_parts(&c), 0, "in parts");
	ok(same(BIG_FROM, BIG_TO) && same(SMALL_FROM, SMALL_TO),
	    "it is the same");
	is_int(c.bytes, (int64_t)BIG + 1, "each byte came once");
	ok(!is_there(LEFT_TO) && !is_there(OURS_TO),
	    "but for what is left out, and names that are ours");
	c.bytes = 0;
	ok(all_parts(&c) == 0 && c.bytes == 0, "once more: nothing is written");
	bytes[1] ^= 1;
	make(FILE_REGULAR, BIG_FROM, bytes, BIG - 1);
	ok(all_parts(&c) == 0 && same(BIG_FROM, BIG_TO),
	    "another file takes its place");
	copy_release(&c);
	dir_remove_tree(top.data, NULL);
	for (i = 0; i < PATHS; i++)
		buf_release(&at[i]);
	buf_release(&top);
	buf_release(&err);
	return done_testing();
}
