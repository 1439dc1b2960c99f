/* A whole configuration, from its file's tree to the canonical one. */
#include "experiment.h"

#include <stdlib.h>
#include <string.h>

#include "algorithm.h"
#include "form.h"
#include "mem.h"
#include "os/file.h"
#include "rules.h"
#include "searchspace.h"
#include "service.h"

/* ---- search space ---- */

/* The name of a file beside the configuration, as the user would type it. */
static char *
shown_path(struct reading *r, const char *name, const char *path)
{
	struct buf base = BUF_INIT, shown = BUF_INIT;
	const char *slash = strrchr(name, '/');
	size_t len;

	if (path_real(r->base, &base, NULL) < 0)
		buf_adds(&base, r->base);
	len = base.len;
	if (strncmp(path, base.data, len) == 0 && path[len] == '/') {
		if (slash)
			buf_add(&shown, name, (size_t)(slash - name) + 1);
		buf_adds(&shown, path + len + 1);
	} else {
		buf_adds(&shown, path);
	}
	buf_release(&base);
	return buf_detach(&shown);
}

/* Batch takes one choice, whose elements are whole configurations. */
static void
check_batch(struct reading *r, const struct space *s, const struct node *n)
{
	if (s->count != 1 || s->params[0].type != SPACE_CHOICE)
		problems_add(r->problems, n->line, n->col,
		    "the tuner Batch needs a search space of exactly one "
		    "parameter, a choice");
}

static void
check_space(struct reading *r, const struct node *top, struct node *space)
{
	const struct algorithm *a = tuner_of(top);
	const struct node *tuner = node_get(top, "tuner");
	struct space s = SPACE_INIT;

	/* what a tuner of the user's own takes is between the two */
	if ((a && a->own_space) ||
	    (tuner && tuner->type == NODE_MAP && node_get(tuner, "className")))
		return;
	if (space_from_node(&s, space,
		r->no_tuner || (a && a->no_space) ? SPACE_ALLOW_EMPTY : 0,
		r->problems) == 0 &&
	    a && strcmp(a->name, "Batch") == 0)
		check_batch(r, &s, space);
	space_release(&s);
}

static void
read_space_file(struct reading *r, struct node *top, const char *shown)
{
	const char *path = tree_text(top, "searchSpaceFile");
	struct buf text = BUF_INIT_MAX(NODE_MAX_BYTES + 1);
	size_t was = problems_file(r->problems, shown);
	struct node *root = NULL;

	if (file_read_all(path, &text, NULL) < 0)
		problems_add(
		    r->problems, 0, 0, "cannot be read: %s", os_strerror());
	else
		node_parse(
		    text.data, text.len, NODE_JSON_OR_YAML, &root, r->problems);
	if (root) {
		check_space(r, top, root);
		node_copy(tree_put(top, "searchSpace"), root);
		node_free(root);
	}
	problems_back(r->problems, was);
	buf_release(&text);
	tree_remove(top, "searchSpaceFile");
}

static void
top_missing(struct reading *r, const struct node *file, const char *name)
{
	if (!reading_hinted(r, name))
		schema_missing(
		    r, file, schema_find(r, r->v1 ? v1_keys : top_keys, name));
}

static bool
needs_space(struct reading *r, const struct node *file, const struct node *top)
{
	const struct algorithm *a = tuner_of(top);
	const struct node *tuner = node_get(top, "tuner");
	const struct key *annotation =
	    schema_find(r, r->v1 ? v1_keys : top_keys, "useAnnotation");
	size_t i;

	if (r->no_tuner || (a && a->no_space) ||
	    (tuner && tuner->type == NODE_MAP && node_get(tuner, "className")))
		return false;
	/* refused already; a space is not the point then */
	for (i = 0; i < file->count; i++)
		if (schema_find(r, r->v1 ? v1_keys : top_keys,
			file->items[i].key) == annotation &&
		    node_bool(&file->items[i]))
			return false;
	return true;
}

static void
read_space(struct reading *r, const struct node *file, const char *name,
    struct node *top, char **space_file)
{
	const struct node *path = node_get(top, "searchSpaceFile");
	struct node *space = node_get(top, "searchSpace");

	if (path && space)
		reading_error(r, space, "searchSpace",
		    "cannot be set beside 'searchSpaceFile', which is set in "
		    "line %d; write one of them",
		    path->line);
	if (space && space->type == NODE_MAP)
		check_space(r, top, space);
	if (path && path->type == NODE_STRING) {
		*space_file = shown_path(r, name, path->text);
		read_space_file(r, top, *space_file);
	} else if (!path && !space && !file->told &&
		   needs_space(r, file, top)) {
		top_missing(r, file, r->v1 ? "searchSpacePath" : "searchSpace");
	}
}

/* ---- the rest ---- */

static void
finish_top(struct reading *r, const struct node *file, struct node *top)
{
	struct node *storage = node_get(top, "sharedStorage");
	const struct node *gpus = node_get(top, "tunerGpuIndices");
	const struct node *debug = node_get(top, "debug");
	const struct algorithm *a = tuner_of(top);

	if (storage && storage->type == NODE_MAP)
		rules_shared_storage(r, storage);
	if (gpus && a && a->available)
		reading_note(r, gpus, "tunerGpuIndices",
		    "has no effect: %s needs no GPU", a->name);
	if (debug && node_bool(debug) && !node_get(top, "logLevel")) {
		/* `debug` moves when a member is added */
		struct node place = {.line = debug->line, .col = debug->col};

		tree_set_string(tree_put(top, "logLevel"), "debug", &place);
	}
	if (!r->no_tuner && !file->told && !node_get(top, "tuner") &&
	    !node_get(top, "advisor"))
		top_missing(r, file, "tuner");
}

/* The members of a map in the order of names; what is not named comes last. */
static void
move_first(struct node *map, const char *const *names, size_t count)
{
	struct node *items = xcalloc(map->count + 1, sizeof(*items));
	bool *taken = xcalloc(map->count + 1, sizeof(*taken));
	size_t i, n = 0;

	for (i = 0; i < count; i++) {
		const struct node *item = node_get(map, names[i]);

		if (!item)
			continue;
		taken[item - map->items] = true;
		items[n++] = *item;
	}
	for (i = 0; i < map->count; i++)
		if (!taken[i])
			items[n++] = map->items[i];
	if (n)
		memcpy(map->items, items, n * sizeof(*items));
	free(items);
	free(taken);
}

static void
put_in_order(struct node *top)
{
	static const char *const first[] = {"member", "platform"};
	const char *names[64];
	const struct key *k;
	struct node *list = node_get(top, "trainingService");
	size_t i, n = 0;

	for (k = top_keys; k->name && n < 64; k++)
		names[n++] = k->name;
	for (i = 0; list && i < list->count; i++)
		move_first(&list->items[i], first, 2);
	move_first(top, names, n);
}

void
experiment_read(struct reading *r, const struct node *file, const char *name,
    struct node *top, char **space_file)
{
	struct target target = {top_keys, top};

	*space_file = NULL;
	r->file = file;
	top->type = NODE_MAP;
	if (file->type != NODE_MAP && file->told)
		return;
	if (file->type != NODE_MAP) {
		problems_add(r->problems, file->line, file->col,
		    "a configuration must be an object of keys, such as "
		    "'trialConcurrency: 1'");
		return;
	}
	r->v1 = form_is_v1(file);
	if (r->v1) {
		service_read_v1(r, file, top);
	} else {
		schema_read(r, file, &target, 1, NULL);
		service_read_v2(r, file, top);
	}
	algorithms_read(r, top);
	finish_top(r, file, top);
	read_space(r, file, name, top, space_file);
	put_in_order(top);
}
