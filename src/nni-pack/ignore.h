#ifndef NNI_PACK_IGNORE_H
#define NNI_PACK_IGNORE_H

#include <stdbool.h>
#include <stddef.h>

/*
 * .nniignore: exactly the patterns of gitignore(5), as `git check-ignore`
 * decides them with core.ignoreCase off.  Of the files that are above a path
 * the innermost one with a pattern that matches decides, and in it the last
 * such pattern.
 *
 * This is only the matching.  That nothing below a directory left out can be
 * taken in again is the walker's part: it never looks into such a directory.
 */
struct ignore_rule {
	const char *text; /* the pattern as written, without trailing blanks */
	unsigned line;
	bool negative; /* "!": what matches is taken in again */
	bool dir_only; /* ends with '/' */
	bool anchored; /* has another '/': matched from its file's directory */
	/* How the rest of the pattern is matched: ignore.c. */
	const char *literal;
	size_t literal_len, suffix_len;
	struct token *tokens;
	size_t token_count;
	bool never;
};

/* One file of them. */
struct ignore_file {
	char *path;	 /* "data/.nniignore", from the root of the tree */
	size_t base_len; /* of "data/" */
	char *text;	 /* what the rules point into */
	struct ignore_rule *rules;
	size_t count;
	struct ignore_file *outer; /* in a directory above, or NULL */
};

/*
 * Reads the `len` bytes of the ignore file at `path` (relative to the root of
 * the tree, '/' between names).  There are no errors: a line that cannot match
 * anything is a rule that matches nothing, as in git.  `outer` is borrowed.
 */
struct ignore_file *ignore_parse(
    const char *path, const char *bytes, size_t len, struct ignore_file *outer);
/* Not its outer ones. NULL is allowed. */
void ignore_free(struct ignore_file *f);

/*
 * The rule that decides about `path` (relative to the root, no '/' at its end),
 * also a negative one; NULL: none matches.  A symbolic link to a directory is
 * no directory.  *from (may be NULL) is the file the rule stands in.
 */
const struct ignore_rule *ignore_match(const struct ignore_file *innermost,
    const char *path, bool is_dir, const struct ignore_file **from);

#endif
