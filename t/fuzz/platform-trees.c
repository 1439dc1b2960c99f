/*
 * Any records as the lines of a tree of files, and any text as its manifest:
 * nothing outside of its own directory is made.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lines.h"
#include "nni-platform-local/trees.h"
#include "nni-platform-local/workcopy.h"
#include "os/sys.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define DIGEST "00000000"

static char *top;

static void
clear(void)
{
	dir_remove_tree(top, NULL);
	free(top);
}

static const char *
below(const char *name)
{
	static struct buf path = BUF_INIT;

	buf_setf(&path, "%s/%s", top, name);
	return path.data;
}

static void
take(void *arg, char *line, size_t len)
{
	struct buf err = BUF_INIT;
	struct record r;

	if (line != NULL && record_parse(&r, line, len, &err) == 0) {
		if (record_is(r.type_text, "whole"))
			incoming_whole(arg, &r, &err);
		else
			incoming_file(arg, &r, &err);
	}
	buf_release(&err);
}

/* Only what is meant to be there is in the directory above the trees. */
static void
check_top(void)
{
	char **names;
	size_t count, i;

	if (dir_list(top, &names, NULL, &count, NULL) == -1)
		abort();
	for (i = 0; i < count; i++)
		if (strcmp(names[i], "store") != 0 &&
		    strcmp(names[i], "copy") != 0)
			abort();
	dir_list_free(names, NULL, count);
}

static void
check_tree(void)
{
	char *copy = strdup(below("copy")), *tree;
	struct buf err = BUF_INIT;

	tree = strdup(below("store/" DIGEST));
	if (workcopy_make(copy, tree, &err) == WORKCOPY_OK)
		workcopy_prune(copy, tree);
	check_top();
	free(copy);
	free(tree);
	buf_release(&err);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct lines lines = LINES_INIT;
	struct buf dir = BUF_INIT;
	struct incoming *in;
	char id[33];

	if (top == NULL) {
		experiment_id_new(id);
		buf_setf(&dir, "%s/nni-fuzz-%s", sys_temp(), id);
		top = buf_detach(&dir);
		atexit(clear);
	}
	dir_make(top, 0700, NULL);
	in = incoming_new(below("store"), DIGEST, NULL);
	if (in == NULL)
		abort();
	lines_feed(&lines, (const char *)data, size, take, in);
	lines_end(&lines, take, in);
	incoming_free(in);
	check_tree();
	/* The same as what a tree is said to have. */
	dir_make_all(below("store/" DIGEST "/files"), 0700, NULL);
	file_replace(
	    below("store/" DIGEST "/manifest"), data, size, 0600, false, NULL);
	check_tree();
	dir_remove_tree(below("store"), NULL);
	dir_remove_tree(below("copy"), NULL);
	lines_release(&lines);
	buf_release(&dir);
	return 0;
}
