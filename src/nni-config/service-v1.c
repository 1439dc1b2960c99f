/*
 * V1's platforms: trainingServicePlatform and the sections beside it; hybrid
 * (heterogeneous in NNI's development between 1.9 and 2.0) is several of
 * them with one `trial`.
 */
#include <string.h>

#include "form.h"
#include "opt.h"
#include "platforms.h"
#include "service.h"
#include "unknown.h"

static const char elsewhere[] = "it belongs to another platform";

/* NNI lets localConfig stand in every file; the others only miss their name. */
static const struct key foreign_keys[] = {
    KEY("localConfig", MAP, .flags = NO_EFFECT, .why = elsewhere),
    KEY("machineList", LIST, .flags = NO_EFFECT, .why = elsewhere),
    KEY("remoteConfig", MAP, .flags = NO_EFFECT, .why = elsewhere),
    KEY("paiConfig", MAP, .flags = NO_EFFECT, .why = elsewhere),
    KEY("paiYarnConfig", MAP, .flags = NO_EFFECT, .why = elsewhere),
    KEY("kubeflowConfig", MAP, .flags = NO_EFFECT, .why = elsewhere),
    KEY("frameworkcontrollerConfig", MAP, .flags = NO_EFFECT, .why = elsewhere),
    KEY("dltsConfig", MAP, .flags = NO_EFFECT, .why = elsewhere),
    KEY("amlConfig", MAP, .flags = NO_EFFECT, .why = elsewhere),
    KEY("hybridConfig", MAP, .flags = NO_EFFECT, .why = elsewhere),
    KEY("heterogeneousConfig", MAP, .flags = NO_EFFECT, .why = elsewhere),
    END_OF_KEYS,
};

static const struct key hybrid_config_keys[] = {
    KEY("trainingServicePlatforms", STRINGS, .flags = NEEDED),
    END_OF_KEYS,
};

/* The members' sections are read with the members. */
static const struct key hybrid_keys[] = {
    KEY("trial", MAP, .flags = NEEDED),
    KEY("hybridConfig", OBJECT, .sub = hybrid_config_keys),
    KEY("heterogeneousConfig", OBJECT, .to = "hybridConfig",
	.sub = hybrid_config_keys),
    KEY("localConfig", MAP),
    KEY("machineList", LIST),
    KEY("remoteConfig", MAP),
    KEY("paiConfig", MAP),
    KEY("amlConfig", MAP),
    END_OF_KEYS,
};

/* OpenPAI had no storage then. */
static bool
is_old_pai(const struct node *file, const struct platform *p)
{
	const struct node *trial = node_get(file, "trial");

	return strcmp(p->name, "openpai") == 0 && trial &&
	       trial->type == NODE_MAP && !trial->told &&
	       !node_get(trial, "nniManagerNFSMountPath") &&
	       !node_get(trial, "containerNFSMountPath") &&
	       !node_get(trial, "paiStorageConfigName") &&
	       !node_get(trial, "paiConfigPath");
}

/*
 * The platform whose keys the file is judged by; what is wrong with its name
 * is told.  NULL: somebody's own, or nobody's.
 */
static const struct platform *
find_meant(struct reading *r, const struct node *file, const struct node *name)
{
	const struct platform *p;

	if (name && name->type == NODE_STRING) {
		p = platform_named_v1(name->text);
		if (p && is_old_pai(file, p)) {
			reading_note(r, name, "trainingServicePlatform",
			    "is paiYarn, which was pai until NNI 1.2: the "
			    "trial "
			    "has no nniManagerNFSMountPath");
			p = &platform_old_pai;
		}
		return service_known(r, name, "trainingServicePlatform", p)
			   ? p
			   : service_unknown(
				 r, name, "trainingServicePlatform");
	}
	p = form_platform(file, true);
	return p ? p : platforms;
}

static void
read_single(struct reading *r, const struct node *file, const struct node *name,
    struct node *top, struct node *list)
{
	const struct platform *p = find_meant(r, file, name);
	struct node unused = {.type = NODE_NULL};
	struct target targets[3] = {
	    {v1_keys, top}, {NULL, NULL}, {foreign_keys, &unused}};
	struct node *m = service_add(list, name, p ? p->name : name->text);

	m->line = file->line;
	m->col = file->col;
	targets[1].keys = p ? p->v1_keys : v1_local_keys;
	targets[1].out = m;
	r->v1_tables[0] = targets[1].keys;
	schema_read(r, file, targets, p ? 3 : 2, p ? NULL : m);
	service_finish(r, top, list, m, p);
	node_clear(&unused);
}

/* ---- hybrid ---- */

static const struct key *
trial_table(const struct platform *p)
{
	const struct key *k;

	for (k = p->v1_keys; strcmp(k->name, "trial") != 0; k++)
		;
	return k->sub;
}

static void
add_copy(struct node *map, const struct node *from)
{
	struct node *n = tree_put(map, from->key);

	node_copy(n, from);
	n->key_line = from->key_line;
	n->key_col = from->key_col;
}

/* The file as it were if it spoke of this platform alone. */
static void
make_view(struct reading *r, const struct node *file, const struct platform *p,
    struct node *view)
{
	const struct node *trial = node_get(file, "trial");
	struct node *mine;
	size_t i;

	for (i = 0; i < file->count; i++)
		if (schema_find(r, p->v1_keys, file->items[i].key))
			add_copy(view, &file->items[i]);
	mine = node_get(view, "trial");
	if (!trial || trial->type != NODE_MAP)
		return;
	for (i = 0; i < trial->count; i++)
		if (!schema_find(r, trial_table(p), trial->items[i].key))
			tree_remove(mine, trial->items[i].key);
}

/* The platform that a member names, or may have meant; NULL, told. */
static const struct platform *
hybrid_platform(struct reading *r, const struct node *name)
{
	const char *names[16] = {NULL}, *near;
	const struct platform *p;
	size_t count = 0;

	for (p = platforms; p->name; p++) {
		if (!p->in_hybrid)
			continue;
		if (strcmp(p->v1, name->text) == 0)
			return p;
		names[count++] = p->v1;
	}
	p = platform_named_v1(name->text);
	if (p) {
		reading_error(r, name, "hybridConfig.trainingServicePlatforms",
		    "NNI's V1 has no %s in a hybrid; write V2's "
		    "trainingService as a list, which may have it",
		    name->text);
		return NULL;
	}
	near = opt_nearest(name->text, names);
	reading_error(r, name, "hybridConfig.trainingServicePlatforms",
	    "must be of local, remote, pai, aml, not '%.64s'%s%s%s", name->text,
	    near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
	return near ? platform_named_v1(near) : NULL;
}

static void
read_hybrid_member(struct reading *r, const struct node *file,
    const struct node *name, struct node *top, struct node *list)
{
	const struct platform *p = hybrid_platform(r, name);
	struct node view = {
	    .type = NODE_MAP, .line = name->line, .col = name->col};
	struct target target;
	struct node *m;
	size_t i;

	if (!p)
		return;
	for (i = 0; i < list->count; i++)
		if (strcmp(tree_text(&list->items[i], "platform"), p->name) ==
		    0) {
			reading_error(r, name,
			    "hybridConfig.trainingServicePlatforms",
			    "'%s' is there twice", name->text);
			return;
		}
	/* else it was told that it is unknown */
	if (strcmp(p->v1, name->text) == 0)
		service_known(r, name, "trainingServicePlatform", p);
	m = service_add(list, name, p->name);
	m->line = name->line;
	m->col = name->col;
	make_view(r, file, p, &view);
	target = (struct target){p->v1_keys, m};
	r->v1_tables[0] = p->v1_keys;
	schema_read(r, &view, &target, 1, NULL);
	service_finish(r, top, list, m, p);
	node_clear(&view);
}

/* Keys of `trial` that no member of a hybrid could have, or none has here. */
static void
check_trial(
    struct reading *r, const struct node *trial, const struct node *list)
{
	const struct platform *p;
	struct target tables[8];
	struct node unused = {.type = NODE_NULL};
	size_t i, j, count = 0, was;

	for (p = platforms; p->name; p++)
		if (p->in_hybrid)
			tables[count++] =
			    (struct target){trial_table(p), &unused};
	was = reading_enter(r, "trial.");
	for (i = 0; i < trial->count; i++) {
		const struct node *n = &trial->items[i];
		bool used = false, known = false;

		for (j = 0; j < count; j++)
			known |= schema_find(r, tables[j].keys, n->key) != NULL;
		for (j = 0; j < list->count; j++) {
			p = platform_named(
			    tree_text(&list->items[j], "platform"));
			used |= schema_find(r, trial_table(p), n->key) != NULL;
		}
		if (!known)
			unknown_key(r, trial, n, tables, count, &j);
		else if (!used && list->count)
			reading_note(r, n, n->key,
			    "has no effect: no platform here needs it");
	}
	reading_leave(r, was);
}

/* Sections of platforms that are not in the list. */
static void
note_unused(struct reading *r, const struct node *file, const struct node *list)
{
	const struct platform *p;
	size_t i, j;

	for (i = 0; i < file->count; i++) {
		const struct node *n = &file->items[i];
		bool used = false;

		if (!schema_find(r, hybrid_keys, n->key))
			continue;
		for (j = 0; j < list->count; j++) {
			p = platform_named(
			    tree_text(&list->items[j], "platform"));
			used |= schema_find(r, p->v1_keys, n->key) != NULL;
		}
		if (!used && strcmp(n->key, "trial") != 0 &&
		    strcmp(n->key, "hybridConfig") != 0 &&
		    strcmp(n->key, "heterogeneousConfig") != 0)
			reading_key(r, true, n,
			    "has no effect: its platform is not in the list");
	}
}

static void
read_hybrid(struct reading *r, const struct node *file, struct node *top,
    struct node *list)
{
	struct node sections = {.type = NODE_MAP};
	struct node unused = {.type = NODE_NULL};
	struct target targets[3] = {
	    {v1_keys, top}, {hybrid_keys, &sections}, {foreign_keys, &unused}};
	const struct node *config, *names = NULL, *trial;
	size_t i;

	schema_read(r, file, targets, 3, NULL);
	config = node_get(&sections, "hybridConfig");
	if (config)
		names = node_get(config, "trainingServicePlatforms");
	if (!config && !file->told)
		reading_error(r, file, "hybridConfig",
		    "is missing; its trainingServicePlatforms is the list of "
		    "platforms");
	else if (names && names->count == 0)
		reading_error(r, names, "hybridConfig.trainingServicePlatforms",
		    "must have at least one platform");
	for (i = 0; names && i < names->count; i++)
		read_hybrid_member(r, file, &names->items[i], top, list);
	trial = node_get(&sections, "trial");
	if (trial)
		check_trial(r, trial, list);
	if (list->count)
		note_unused(r, file, list);
	node_clear(&sections);
	node_clear(&unused);
}

/* It says so, or does not say what it is, and has the section. */
static bool
is_hybrid(const struct node *file, const struct node *name)
{
	if (name && name->type == NODE_STRING)
		return strcmp(name->text, "hybrid") == 0 ||
		       strcmp(name->text, "heterogeneous") == 0;
	return node_get(file, "hybridConfig") ||
	       node_get(file, "heterogeneousConfig");
}

void
service_read_v1(struct reading *r, const struct node *file, struct node *top)
{
	const struct node *name = node_get(file, "trainingServicePlatform");
	struct node *list = node_new();

	list->type = NODE_LIST;
	r->v1_tables[1] = v1_keys;
	if (is_hybrid(file, name))
		read_hybrid(r, file, top, list);
	else
		read_single(r, file, name, top, list);
	node_copy(tree_put(top, "trainingService"), list);
	node_free(list);
}
