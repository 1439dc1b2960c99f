/*
 * trainingService: which platforms an experiment runs on.  One object, or a
 * list of them (hybrid), or V1's platform name with its sections.
 */
#include "service.h"

#include <stdlib.h>
#include <string.h>

#include "expdir.h"
#include "opt.h"

/* ---- platforms by name ---- */

static bool
is_safe_name(const char *s)
{
	size_t len = strspn(s, "abcdefghijklmnopqrstuvwxyz"
			       "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-");

	return len && len <= 64 && !s[len] && s[0] != '.' && s[0] != '-';
}

bool
service_has_backend(const char *platform)
{
	struct buf path = BUF_INIT;
	bool found =
	    is_safe_name(platform) && backend_find(platform, &path, NULL) == 0;

	buf_release(&path);
	return found;
}

void
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
	/* V1's word for a list of them */
	if (strcmp(n->text, "hybrid") == 0 ||
	    strcmp(n->text, "heterogeneous") == 0)
		reading_error(r, n, key,
		    "'%s' is V1's; write trainingService as a list of "
		    "platforms",
		    n->text);
	else
		reading_error(r, n, key,
		    "unknown platform '%s': there is no nni-platform-%s; "
		    "known are %s%s%s%s",
		    n->text, n->text, all.data, near ? "; did you mean '" : "",
		    near ? near : "", near ? "'?" : "");
	buf_release(&all);
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
	if (given && !is_safe_name(given->text))
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
	if (!node_get(m, "trialCodeDirectory") && !(p && p->code_in_image))
		tree_set_string(
		    tree_put(m, "trialCodeDirectory"), r->base, NULL);
}

static void
check_runnable(struct reading *r, const struct node *m)
{
	const struct node *n = node_get(m, "platform");

	if (r->runnable && strcmp(n->text, "local") != 0 &&
	    !service_has_backend(n->text))
		reading_error(r, n,
		    r->v1 ? "trainingServicePlatform" : "platform",
		    "platform '%s' is not available yet in this version",
		    n->text);
}

void
service_finish(struct reading *r, const struct node *top, struct node *list,
    struct node *m, const struct platform *p)
{
	name_member(r, list, m);
	inherit(r, top, m, p);
	/* V1's tables say themselves where a command is needed */
	if (p && !p->own_command && !r->v1)
		reading_need(r, m, "trialCommand");
	if (p && p->rules)
		p->rules(r, m);
	if (p)
		schema_defaults(p->keys, m);
	check_runnable(r, m);
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

static void
read_service(struct reading *r, const struct node *from, const struct node *top,
    struct node *list)
{
	const struct node *name = NULL;
	const struct platform *p;
	struct target targets[2];
	struct node *m;
	size_t i;

	for (i = 0; from->type == NODE_MAP && i < from->count && !name; i++)
		if (schema_find(r, service_keys, from->items[i].key) ==
		    schema_find(r, service_keys, "platform"))
			name = &from->items[i];
	if (!name || name->type != NODE_STRING) {
		struct node unused = {.type = NODE_NULL};

		targets[0] = (struct target){service_keys, &unused};
		/* tells what is wrong with it; the other keys cannot be judged
		 */
		schema_read(r, from, targets, 1, &unused);
		node_clear(&unused);
		return;
	}
	p = platform_named(name->text);
	if (!p && !service_has_backend(name->text)) {
		service_unknown(r, name, "platform");
		return;
	}
	m = service_add(list, name, name->text);
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
	size_t i;

	for (i = 0; i < file->count; i++) {
		const struct node *from = &file->items[i];
		struct node *list;

		if (schema_find(r, top_keys, from->key) != k ||
		    from->type == NODE_NULL)
			continue; /* told as missing */
		list = node_new();
		read_services(r, from, top, list);
		/* it may be there twice, as was told */
		if (!node_get(top, "trainingService"))
			node_copy(tree_put(top, "trainingService"), list);
		node_free(list);
	}
}
