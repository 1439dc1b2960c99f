/* Tuner, assessor, advisor: names, classes, arguments. */
#include "algorithm.h"

#include <string.h>

#include "fold.h"
#include "opt.h"
#include "os/file.h"

static size_t
algorithm_count(void)
{
	size_t n = 0;

	while (algorithms[n].name)
		n++;
	return n;
}

/* ---- names ---- */

/* What it is taken for in looking on; NULL: nothing is like it. */
static const struct algorithm *
unknown_name(
    struct reading *r, const struct node *name, const char *key, bool assessor)
{
	const char *names[64] = {NULL}, *near;
	struct buf all = BUF_INIT;
	size_t i, n = 0;

	if (algorithm_named(name->text, !assessor)) {
		reading_error(r, name, key, "'%s' is %s", name->text,
		    assessor ? "a tuner" : "an assessor");
		return NULL;
	}
	for (i = 0; i < algorithm_count() && n < 63; i++) {
		if (algorithms[i].assessor != assessor)
			continue;
		names[n++] = algorithms[i].name;
		buf_addf(&all, "%s%s", n > 1 ? ", " : "", algorithms[i].name);
	}
	near = opt_nearest(name->text, names);
	reading_error(r, name, key, "unknown %s '%s'; known are %s%s%s%s",
	    assessor ? "assessor" : "tuner", name->text, all.data,
	    near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
	buf_release(&all);
	return near ? algorithm_named(near, assessor) : NULL;
}

static void
not_available(struct reading *r, const struct node *at, const char *key,
    const char *name, bool assessor)
{
	struct buf all = BUF_INIT;
	size_t i;

	for (i = 0; i < algorithm_count(); i++)
		if (algorithms[i].available &&
		    algorithms[i].assessor == assessor)
			buf_addf(&all, "%s%s", all.len ? ", " : "",
			    algorithms[i].name);
	reading_error(r, at, key,
	    "%s is not available yet in this version; available: %s", name,
	    all.data);
	buf_release(&all);
}

/* ---- arguments ---- */

static void
check_args(
    struct reading *r, const struct algorithm *a, const struct node *args)
{
	struct node unused = {.type = NODE_MAP};
	struct target target = {a->args, &unused};
	size_t was = reading_enter(r, "classArgs.");

	r->to_the_letter = true; /* they are names of Python */
	schema_read(r, args, &target, 1, NULL);
	r->to_the_letter = false;
	reading_leave(r, was);
	node_clear(&unused);
}

static void
read_named(struct reading *r, struct node *n, struct node *name,
    const char *key, bool assessor)
{
	const struct algorithm *a = algorithm_named(name->text, assessor);
	struct node *args = node_get(n, "classArgs");

	if (!a) {
		a = unknown_name(r, name, key, assessor);
	} else {
		tree_set_string(name, a->name, name);
		if (r->runnable && !a->available)
			not_available(r, name, key, a->name, assessor);
	}
	if (a && args && args->type == NODE_MAP && a->args)
		check_args(r, a, args);
}

/* ---- classes of the user's own ---- */

/* "dir/file.py" and "Class" become "file.Class". */
static void
join_class(struct reading *r, struct node *n, const char *directory)
{
	struct node *file = node_get(n, "classFileName");
	struct node *class = node_get(n, "className");
	struct buf path = BUF_INIT;
	struct file_info info;

	buf_adds(&path, directory);
	path_add(&path, file->text);
	if (file->len < 4 || strcmp(file->text + file->len - 3, ".py") != 0) {
		reading_error(r, file, "classFileName", "must end with .py");
	} else if (file_info(path.data, true, &info) < 0 ||
		   info.type != FILE_REGULAR) {
		reading_error(r, file, "classFileName",
		    "there is no such file: '%s'", path.data);
	} else {
		buf_set(&path, file->text);
		buf_cut(&path, path.len - 3);
		buf_addf(&path, ".%s", class->text);
		tree_set_string(class, path.data, class);
	}
	buf_release(&path);
}

static void
read_class(struct reading *r, struct node *n, bool assessor)
{
	struct node *class = node_get(n, "className"), *directory;

	if (r->v1) {
		static const char *const v1_names[] = {
		    "codeDir", "classFileName", "className"};
		static const char *const names[] = {
		    "codeDirectory", "classFileName", "className"};
		size_t i, missing = 0;

		for (i = 0; i < 3; i++)
			if (!node_get(n, names[i])) {
				if (!n->told)
					reading_error(r, n, v1_names[i],
					    "is missing; %s of your own needs "
					    "it",
					    assessor ? "an assessor"
						     : "a tuner");
				missing++;
			}
		if (missing || !tree_text(n, "codeDirectory") ||
		    !tree_text(n, "classFileName"))
			return;
		join_class(r, n, tree_text(n, "codeDirectory"));
	} else if (!strchr(class->text, '.')) {
		reading_error(r, class, "className",
		    "must be 'module.Class', not '%s'", class->text);
	}
	directory = tree_put(n, "codeDirectory");
	if (directory->type == NODE_NULL)
		tree_set_string(directory, r->base, NULL);
	if (r->runnable) {
		class = node_get(n, "className");
		not_available(r, class ? class : n, "className",
		    assessor ? "an assessor of your own"
			     : "a tuner of your own",
		    assessor);
	}
}

/* ---- the three ---- */

static const char *
name_key(const struct reading *r, const char *part)
{
	if (!r->v1)
		return "name";
	return strcmp(part, "tuner") == 0     ? "builtinTunerName"
	       : strcmp(part, "advisor") == 0 ? "builtinAdvisorName"
					      : "builtinAssessorName";
}

static void
read_part(struct reading *r, struct node *top, const char *part)
{
	bool assessor = strcmp(part, "assessor") == 0;
	struct node *n, *name, *class;
	size_t was;

	/* V1 says it here */
	if (!node_get(top, "tunerGpuIndices"))
		tree_move(
		    node_get(top, part), "gpuIndices", top, "tunerGpuIndices");
	n = node_get(top, part);
	if (!n || n->type != NODE_MAP)
		return;
	tree_remove(n, "gpuIndices");
	name = node_get(n, "name");
	if (name && name->type == NODE_STRING &&
	    fold_case_equal(name->text, "_none_")) {
		tree_remove(top, part);
		return;
	}
	class = node_get(n, "className");
	if ((name && name->type != NODE_STRING) ||
	    (class && class->type != NODE_STRING))
		return; /* told */
	was = reading_enter(r, "%s.", part);
	if (name && (class || node_get(n, "classFileName")))
		reading_error(r, name, name_key(r, part),
		    "cannot be set beside className: %s %s is built in or your "
		    "own; write one of them",
		    strcmp(part, "tuner") == 0 ? "a" : "an", part);
	if (name)
		read_named(r, n, name, name_key(r, part), assessor);
	else if (class || node_get(n, "classFileName"))
		read_class(r, n, assessor);
	else if (!n->told)
		reading_error(r, n, name_key(r, part),
		    "is missing; it or className must be set");
	tree_remove(n, "classFileName");
	reading_leave(r, was);
}

void
algorithms_read(struct reading *r, struct node *top)
{
	const struct node *advisor;

	read_part(r, top, "tuner");
	read_part(r, top, "assessor");
	read_part(r, top, "advisor");
	advisor = node_get(top, "advisor");
	if (!advisor)
		return;
	if (node_get(top, "tuner"))
		reading_error(r, advisor, "advisor",
		    "cannot be set beside a tuner; write one of them");
	else if (r->v1 && node_get(top, "assessor"))
		reading_error(r, advisor, "advisor",
		    "cannot be set beside an assessor; write one of them");
	else
		tree_move(top, "advisor", top, "tuner");
}

const struct algorithm *
tuner_of(const struct node *top)
{
	const struct node *tuner = node_get(top, "tuner");
	const char *name = tuner ? tree_text(tuner, "name") : NULL;

	return name ? algorithm_named(name, false) : NULL;
}
