/*
 * Walks a code directory and decides what of it is packed.
 */
#include "tree.h"

#include <stdlib.h>
#include <string.h>

#include "ignore.h"
#include "mem.h"
#include "names.h"
#include "quote.h"

/* An ignore file beyond this is no list of patterns. */
#define IGNORE_MAX ((size_t)4 << 20)

enum verdict { PACKED, IGNORED, VCS, SPECIAL, OUTPUT, NOT_UTF8 };

struct walk {
	const struct tree_options *options;
	struct tree *tree;
	struct buf path; /* the root and what is below it */
	size_t root_len; /* of "root/" in it */
};

static void
text_list_add(struct text_list *l, const char *text)
{
	if (l->count == l->room) {
		l->room = l->room == 0 ? 8 : 2 * l->room;
		l->items = xreallocarray(l->items, l->room, sizeof *l->items);
	}
	l->items[l->count++] = xstrdup(text);
}

static void
text_list_release(struct text_list *l)
{
	size_t i;

	for (i = 0; i < l->count; i++)
		free(l->items[i]);
	free(l->items);
	memset(l, 0, sizeof *l);
}

static bool
same_file(const struct file_info *a, const struct file_info *b)
{
	return a->type == FILE_REGULAR && a->device == b->device &&
	       a->inode == b->inode;
}

/*
 * The one decision, for the walk and for --why.  `path` is from the root and
 * its directory is packed.  *rule and *from: what IGNORED, or PACKED in spite
 * of other rules, came from; else NULL.
 */
static enum verdict
judge(const struct tree_options *options, const struct ignore_file *ignore,
    const char *path, const struct file_info *info,
    const struct ignore_rule **rule, const struct ignore_file **from)
{
	const char *name = path_base(path);

	*rule = NULL;
	if (!options->keep_vcs && name_is_vcs(name))
		return VCS;
	*rule = ignore_match(ignore, path, info->type == FILE_DIR, from);
	if (*rule != NULL && !(*rule)->negative)
		return IGNORED;
	if (info->type == FILE_SPECIAL)
		return SPECIAL;
	if (options->output != NULL && same_file(info, options->output))
		return OUTPUT;
	return name_is_utf8(name) ? PACKED : NOT_UTF8;
}

/*
 * Reads the ignore file of the directory `path`, which is `root_len` bytes and
 * a directory below that.  As in git one that is not a regular file does not
 * count, a link neither.  *f is NULL where there is none.
 */
static int
read_ignore(struct buf *path, size_t root_len, struct ignore_file *outer,
    struct ignore_file **f, struct buf *err)
{
	struct buf text = BUF_INIT_MAX(IGNORE_MAX);
	struct file_info info;
	size_t len = path->len;
	int rc = 0;

	*f = NULL;
	buf_adds(path, IGNORE_NAME);
	if (file_info(path->data, false, &info) == 0 &&
	    info.type == FILE_REGULAR) {
		rc = file_read_all(path->data, &text, err);
		if (rc == 0)
			*f = ignore_parse(
			    path->data + root_len, text.data, text.len, outer);
	}
	buf_cut(path, len);
	buf_release(&text);
	return rc;
}

static void
add_entry(struct tree *t, const char *path, const struct file_info *info)
{
	struct tree_entry *e;

	if (t->count == t->room) {
		t->room = t->room == 0 ? 256 : 2 * t->room;
		t->entries =
		    xreallocarray(t->entries, t->room, sizeof *t->entries);
	}
	e = &t->entries[t->count++];
	memset(e, 0, sizeof *e);
	e->path = xstrdup(path);
	e->type = info->type;
	e->mtime_ms = info->mtime_ms;
	switch (info->type) {
	case FILE_DIR:
		t->dirs++;
		break;
	case FILE_LINK:
		t->links++;
		break;
	default:
		t->files++;
		e->executable = (info->mode & 0100) != 0;
		e->size = info->size;
		t->bytes += info->size;
	}
}

static void walk_dir(struct walk *w, struct ignore_file *outer);

static void
note_failure(struct walk *w, const struct buf *err)
{
	if (w->tree->failed.count == 0)
		w->tree->kind = os_errno();
	text_list_add(&w->tree->failed, err->data);
}

/* Takes the entry at w->path in: nothing keeps it out. */
static void
take_entry(struct walk *w, struct ignore_file *ignore, const char *name,
    const struct file_info *info)
{
	const char *fault = name_windows_fault(name);
	struct buf note = BUF_INIT;

	if (fault != NULL) {
		buf_setf(&note, "%s %s", w->path.data + w->root_len, fault);
		text_list_add(&w->tree->odd, note.data);
		buf_release(&note);
	}
	if (info->type == FILE_DIR)
		buf_addc(&w->path, '/');
	add_entry(w->tree, w->path.data + w->root_len, info);
	if (info->type == FILE_DIR)
		walk_dir(w, ignore);
}

/* The entry at w->path, the name of which begins at `name_at`. */
static void
walk_entry(struct walk *w, struct ignore_file *ignore, size_t name_at)
{
	const char *path = w->path.data + w->root_len;
	const struct ignore_rule *rule;
	struct file_info info;
	struct buf err = BUF_INIT;

	if (file_info(w->path.data, false, &info) != 0) {
		buf_err(&err, "cannot look at '%s': %s", w->path.data,
		    os_strerror());
		note_failure(w, &err);
		buf_release(&err);
		return;
	}
	if (info.type == FILE_ABSENT) /* gone since its name was read */
		return;
	switch (judge(w->options, ignore, path, &info, &rule, NULL)) {
	case VCS:
		text_list_add(&w->tree->vcs, path);
		break;
	case SPECIAL:
		text_list_add(&w->tree->special, path);
		break;
	case NOT_UTF8:
		text_list_add(&w->tree->not_utf8, path);
		break;
	case IGNORED:
	case OUTPUT:
		break;
	case PACKED:
		take_entry(w, ignore, w->path.data + name_at, &info);
	}
}

static int
by_folded_name(const void *a, const void *b)
{
	const char *const *x = a, *const *y = b;
	int order = name_compare_folded(*x, *y);

	return order != 0 ? order : strcmp(*x, *y);
}

/* Notes the names of one directory that Windows takes for one; sorts them. */
static void
note_same_names(struct walk *w, const char **names, size_t count)
{
	struct buf note = BUF_INIT;
	size_t i;

	if (count > 1)
		qsort(names, count, sizeof *names, by_folded_name);
	for (i = 1; i < count; i++) {
		if (name_compare_folded(names[i - 1], names[i]) != 0)
			continue;
		buf_setf(&note, "%s%s differs only by case from '%s'",
		    w->path.data + w->root_len, names[i], names[i - 1]);
		text_list_add(&w->tree->odd, note.data);
	}
	buf_release(&note);
}

static void
walk_names(struct walk *w, struct ignore_file *ignore, char *const *names,
    size_t count)
{
	const char **packed = xreallocarray(NULL, count, sizeof *packed);
	size_t i, packed_count = 0, dir_len = w->path.len, before;

	for (i = 0; i < count && !w->tree->cut; i++) {
		before = w->tree->count;
		buf_adds(&w->path, names[i]);
		walk_entry(w, ignore, dir_len);
		buf_cut(&w->path, dir_len);
		if (w->tree->count > before)
			packed[packed_count++] = names[i];
		if (w->options->max_entries > 0 &&
		    (int64_t)w->tree->count >= w->options->max_entries)
			w->tree->cut = true;
	}
	note_same_names(w, packed, packed_count);
	free(packed);
}

/* The directory at w->path, which ends with '/'. */
static void
walk_dir(struct walk *w, struct ignore_file *outer)
{
	struct ignore_file *own;
	struct buf err = BUF_INIT;
	size_t count;
	char **names;

	if (read_ignore(&w->path, w->root_len, outer, &own, &err) != 0 ||
	    dir_list(w->path.data, &names, NULL, &count, &err) != 0) {
		note_failure(w, &err);
	} else {
		walk_names(w, own != NULL ? own : outer, names, count);
		dir_list_free(names, NULL, count);
	}
	ignore_free(own);
	buf_release(&err);
}

static int
by_path(const void *a, const void *b)
{
	const struct tree_entry *x = a, *y = b;

	return strcmp(x->path, y->path);
}

/* "root/" to `path`. */
static void
set_root(struct buf *path, const char *root)
{
	buf_set(path, root);
	if (path->len > 0 && path->data[path->len - 1] != '/')
		buf_addc(path, '/');
}

void
tree_read(struct tree *t, const char *root, const struct tree_options *options)
{
	struct walk w = {options, t, BUF_INIT, 0};

	set_root(&w.path, root);
	w.root_len = w.path.len;
	t->root = xstrdup(w.path.data);
	walk_dir(&w, NULL);
	if (t->count > 0)
		qsort(t->entries, t->count, sizeof *t->entries, by_path);
	buf_release(&w.path);
}

void
tree_release(struct tree *t)
{
	size_t i;

	for (i = 0; i < t->count; i++)
		free(t->entries[i].path);
	free(t->entries);
	free(t->root);
	text_list_release(&t->vcs);
	text_list_release(&t->special);
	text_list_release(&t->not_utf8);
	text_list_release(&t->odd);
	text_list_release(&t->failed);
	memset(t, 0, sizeof *t);
}

/* ---- --why ---- */

static void
add_name(struct buf *out, const char *text, bool for_people)
{
	if (for_people)
		quote_visible(out, text, strlen(text));
	else
		buf_adds(out, text);
}

static void
explain(struct buf *out, enum verdict verdict, const char *part,
    const struct ignore_rule *rule, const struct ignore_file *from,
    bool for_people)
{
	switch (verdict) {
	case VCS:
		buf_adds(out, "version control: '");
		add_name(out, part, for_people);
		buf_adds(out, "' (--keep-vcs keeps it)");
		break;
	case SPECIAL:
		buf_adds(out, "neither a file, a directory nor a link");
		break;
	case OUTPUT:
		buf_adds(out, "the archive itself");
		break;
	case NOT_UTF8:
		buf_adds(out, "its name is not UTF-8");
		break;
	case PACKED:
	case IGNORED:
		if (rule == NULL) {
			buf_adds(out, "no rule matches");
			break;
		}
		add_name(out, from->path, for_people);
		buf_addf(out, ":%u:", rule->line);
		add_name(out, rule->text, for_people);
	}
	buf_addc(out, '\n');
}

/* Goes down from the root as the walk does, but only along `path`. */
static int
why_below(struct buf *full, size_t root_len, const char *path,
    const struct tree_options *options, struct buf *out, struct buf *err)
{
	struct ignore_file *own, *inner = NULL;
	const struct ignore_file *from = NULL;
	const struct ignore_rule *rule;
	const char *p = path, *end;
	enum verdict verdict = PACKED;
	struct file_info info;
	struct buf part = BUF_INIT;
	bool there = true;
	int rc = 0;

	for (;; p = end + 1) {
		rc = read_ignore(full, root_len, inner, &own, err);
		if (rc != 0)
			break;
		if (own != NULL)
			inner = own;
		end = p + strcspn(p, "/");
		buf_add(full, p, (size_t)(end - p));
		buf_set(&part, full->data + root_len);
		there = file_info(full->data, false, &info) == 0 &&
			info.type != FILE_ABSENT;
		if (!there)
			info.type = *end == '/' ? FILE_DIR : FILE_REGULAR;
		verdict = judge(options, inner, part.data, &info, &rule, &from);
		if (verdict != PACKED || *end == '\0' || end[1] == '\0')
			break;
		buf_addc(full, '/');
	}
	if (rc == 0) {
		buf_adds(out, verdict != PACKED ? "left out\t"
			      : there		? "packed\t"
						: "absent\t");
		add_name(out, path, options->for_people);
		buf_addc(out, '\t');
		if (verdict == PACKED && !there)
			buf_adds(out, "nothing is there; would be packed: ");
		explain(
		    out, verdict, part.data, rule, from, options->for_people);
		rc = verdict == PACKED && there;
	}
	buf_release(&part);
	while (inner != NULL) {
		own = inner;
		inner = own->outer;
		ignore_free(own);
	}
	return rc;
}

int
tree_why(const char *root, const char *path, const struct tree_options *options,
    struct buf *out, struct buf *err)
{
	struct buf full = BUF_INIT;
	int rc;

	set_root(&full, root);
	rc = why_below(&full, full.len, path, options, out, err);
	buf_release(&full);
	return rc;
}
