/*
 * trainingService: which platforms an experiment runs on.  One object, or a
 * list of them (hybrid), or V1's platform name with its sections.
 */
#include "service.h"

#include <stdlib.h>
#include <string.h>

#include "expdir.h"
#include "form.h"
#include "names.h"
#include "opt.h"

/* ---- platforms by name ---- */

static bool
has_backend(const char *platform)
{
	struct buf path = BUF_INIT;
	bool found = backend_find(platform, &path, NULL) == 0;

	buf_release(&path);
	return found;
}

static bool
can_run(const struct reading *r, const char *platform)
{
	return !r->runnable || strcmp(platform, "local") == 0 ||
	       has_backend(platform);
}

bool
service_known(struct reading *r, const struct node *n, const char *key,
    const struct platform *p)
{
	if (!p)
		return has_backend(n->text);
	if (!can_run(r, p->name))
		reading_error(r, n, key,
		    "platform '%s' is not available yet in this version",
		    p->name);
	return true;
}

const struct platform *
service_unknown(struct reading *r, const struct node *n, const char *key)
{
	const char *names[32] = {NULL}, *near;
	struct buf all = BUF_INIT;
	const struct platform *p;
	size_t count = 0;

	for (p = platforms; p->name; p++) {
		const char *name = r->v1 ? p->v1 : p->name;

		if (!name)
			continue;
		names[count++] = name;
		buf_addf(&all, "%s%s", all.len ? ", " : "", name);
	}
	if (r->v1) {
		names[count++] = "hybrid";
		buf_adds(&all, ", hybrid");
	}
	near = opt_nearest(n->text, names);
	if (!r->v1 && platform_named_v1(n->text))
		near = platform_named_v1(n->text)->name;
	if (r->v1 && platform_named(n->text))
		near = platform_named(n->text)->v1;
	p = !near   ? NULL
	    : r->v1 ? platform_named_v1(near)
		    : platform_named(near);
	/* V1's word for a list of them */
	if (strcmp(n->text, "hybrid") == 0 ||
	    strcmp(n->text, "heterogeneous") == 0)
		reading_error(r, n, key,
		    "'%s' is V1's; write trainingService as a list of "
		    "platforms",
		    n->text);
	else
		reading_error(r, n, key,
		    "unknown platform '%.64s': there is no nni-platform-%.64s; "
		    "known are %s%s%s%s",
		    n->text, n->text, all.data, near ? "; did you mean '" : "",
		    near ? near : "",
		    !near ? ""
		    : p && !can_run(r, p->name)
			? "', which is not available yet in this version?"
			: "'?");
	buf_release(&all);
	return p;
}

/* ---- what all members get ---- */

/* Gives the member a name of its own: local, remote, remote-2. */
static void
name_member(struct reading *r, struct node *list, struct node *m)
{
	const char *platform = tree_text(m, "platform");
	struct node *given = node_get(m, "member");
	struct buf name = BUF_INIT;
	size_t i, n = 1;

	if (given && given->type != NODE_STRING)
		return; /* told */
	if (given && !name_is_plain(given->text))
		reading_error(r, given, "member",
		    "must be up to 64 of A-Z a-z 0-9 . _ -, not '%s'",
		    given->text);
	buf_adds(&name, given ? given->text : platform);
	for (i = 0; i < list->count; i++) {
		const char *other = tree_text(&list->items[i], "member");

		if (&list->items[i] == m || !other ||
		    strcmp(other, name.data) != 0)
			continue;
		if (given) {
			reading_error(r, given, "member",
			    "the name '%s' is taken", name.data);
			break;
		}
		buf_setf(&name, "%s-%llu", platform, (unsigned long long)++n);
		i = (size_t)-1; /* look again from the first */
	}
	if (!given)
		tree_set_string(tree_put(m, "member"), name.data, NULL);
	buf_release(&name);
}

static void
inherit(struct reading *r, const struct node *top, struct node *m,
    const struct platform *p)
{
	static const char *const shared[] = {
	    "trialCommand", "trialCodeDirectory", "trialGpuNumber"};
	size_t i;

	for (i = 0; i < sizeof(shared) / sizeof(shared[0]); i++) {
		const struct node *n = node_get(top, shared[i]);

		if (!n || node_get(m, shared[i]) ||
		    (p && p->code_in_image && i == 1))
			continue;
		node_copy(tree_put(m, shared[i]), n);
	}
	if (!node_get(m, "trialCodeDirectory") && !(p && p->code_in_image) &&
	    value_check_path(r, m, "trialCodeDirectory", r->base) == 0)
		tree_set_string(
		    tree_put(m, "trialCodeDirectory"), r->base, NULL);
}

/* Tells that there is no trialCommand. */
static void
no_command(struct reading *r)
{
	struct buf path = r->path;

	if (r->file->told || reading_hinted(r, "trialCommand"))
		return;
	r->path = (struct buf)BUF_INIT; /* it counts for all members */
	schema_missing(r, r->file, schema_find(r, top_keys, "trialCommand"));
	r->path = path;
}

/* Local trials run in the directory itself, and some are in an image. */
static bool
gets_code(const struct node *m)
{
	const char *name = tree_text(m, "platform");
	const struct platform *p = name ? platform_named(name) : NULL;

	return p && !p->code_in_image && strcmp(name, "local") != 0;
}

/* One archive serves the experiment: what it is made of must be one thing. */
static void
check_code(struct reading *r, const struct node *list, const struct node *m)
{
	const char *mine = tree_text(m, "trialCodeDirectory"), *other;
	const struct node *at = node_get(m, "trialCodeDirectory");
	size_t i;

	if (!mine || !gets_code(m))
		return;
	for (i = 0; &list->items[i] != m; i++) {
		other = tree_text(&list->items[i], "trialCodeDirectory");
		if (!other || !gets_code(&list->items[i]) ||
		    strcmp(mine, other) == 0)
			continue;
		/* that of the configuration itself was written nowhere */
		reading_error(r, at->line ? at : m, "trialCodeDirectory",
		    "must be that of the member '%s', '%s': members that get "
		    "the code sent share it",
		    tree_text(&list->items[i], "member"), other);
		return;
	}
}

void
service_finish(struct reading *r, const struct node *top, struct node *list,
    struct node *m, const struct platform *p)
{
	name_member(r, list, m);
	inherit(r, top, m, p);
	/* V1's tables say themselves where a command is needed */
	if (p && !p->own_command && !r->v1 && !node_get(m, "trialCommand") &&
	    !m->told)
		no_command(r);
	check_code(r, list, m);
	r->services = list;
	if (p && p->rules)
		p->rules(r, m);
	if (p)
		schema_defaults(p->keys, m);
}

struct node *
service_add(struct node *list, const struct node *platform, const char *name)
{
	struct node *m = node_add(list);

	m->type = NODE_MAP;
	tree_set_string(tree_put(m, "platform"), name, platform);
	return m;
}

/* ---- V2 ---- */

/* The member that names the platform, or was meant to; NULL. */
static const struct node *
find_platform(const struct reading *r, const struct node *from)
{
	static const char *const names[] = {"platform", NULL};
	const struct key *k = schema_find(r, service_keys, "platform");
	const struct node *meant = NULL;
	size_t i;

	for (i = 0; from->type == NODE_MAP && i < from->count; i++) {
		const struct node *n = &from->items[i];

		if (schema_find(r, service_keys, n->key) == k)
			return n;
		if (!meant && opt_nearest(n->key, names))
			meant = n;
	}
	return meant;
}

/*
 * The platform whose keys an object is judged by; what is wrong with its name
 * is told.  NULL: somebody's own, or nobody's.
 */
static const struct platform *
find_meant(struct reading *r, const struct node *from, const struct node *name)
{
	const struct platform *p;

	if (name && name->type == NODE_STRING) {
		p = platform_named(name->text);
		return service_known(r, name, "platform", p)
			   ? p
			   : service_unknown(r, name, "platform");
	}
	p = form_platform(from, false);
	return p ? p : platforms;
}

static void
read_service(struct reading *r, const struct node *from, const struct node *top,
    struct node *list)
{
	const struct node *name = find_platform(r, from);
	const struct platform *p;
	struct target targets[2];
	struct node *m, view;

	if (from->type == NODE_STRING) {
		problems_add(r->problems, from->line, from->col,
		    "%.*s: must be an object with the key 'platform', such as "
		    "{platform: local}, not the text '%.40s'",
		    (int)r->path.len - 1, r->path.data, from->text);
		return;
	}
	if (from->type != NODE_MAP) {
		schema_read(r, from, NULL, 0, NULL); /* tells it */
		return;
	}
	p = find_meant(r, from, name);
	if (!name || name->type != NODE_STRING) {
		/* what a platform needs that was only guessed is not known */
		view = *from;
		view.told = true;
		if (!name)
			schema_missing(
			    r, from, schema_find(r, service_keys, "platform"));
		from = &view;
	}
	m = service_add(list, name, p ? p->name : name ? name->text : "");
	m->line = from->line;
	m->col = from->col;
	if (p) {
		targets[0] = (struct target){p->keys, m};
		targets[1] = (struct target){service_keys, m};
		schema_read(r, from, targets, 2, NULL);
	} else {
		targets[0] = (struct target){service_keys, m};
		schema_read(r, from, targets, 1, m);
	}
	/* the name that was meant; a value of the wrong type has left a null */
	if (p)
		tree_set_string(tree_put(m, "platform"), p->name, name);
	service_finish(r, top, list, m, p);
}

/* One object, or a list of them. */
static void
read_services(struct reading *r, const struct node *from,
    const struct node *top, struct node *list)
{
	size_t i, was;

	list->type = NODE_LIST;
	if (from->type == NODE_LIST) {
		if (from->count == 0)
			reading_error(r, from, "trainingService",
			    "must have at least one member");
		for (i = 0; i < from->count; i++) {
			was = reading_enter(
			    r, "trainingService[%llu].", (unsigned long long)i);
			read_service(r, &from->items[i], top, list);
			reading_leave(r, was);
		}
	} else {
		was = reading_enter(r, "trainingService.");
		read_service(r, from, top, list);
		reading_leave(r, was);
	}
}

void
service_read_v2(struct reading *r, const struct node *file, struct node *top)
{
	const struct key *k = schema_find(r, top_keys, "trainingService");
	bool set = false;
	size_t i;

	for (i = 0; i < file->count; i++) {
		const struct node *from = &file->items[i];
		struct node *list;

		if (schema_find(r, top_keys, from->key) != k ||
		    from->type == NODE_NULL)
			continue; /* told as missing */
		set = true;
		list = node_new();
		read_services(r, from, top, list);
		/* it may be there twice, as was told */
		if (!node_get(top, "trainingService"))
			node_copy(tree_put(top, "trainingService"), list);
		node_free(list);
	}
	if (!set && !node_get(top, "trialCommand"))
		no_command(r);
}
