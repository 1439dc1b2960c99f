/* Rules of the platforms over several keys. */
#include "rules.h"

#include <string.h>

#include "fold.h"
#include "schema.h"

/* Finds the V1 row that fills the canonical `key`; its dotted name into out. */
static bool
find_name(const struct key *keys, const char *key, struct buf *out)
{
	size_t was = out->len;

	for (; keys && keys->name; keys++) {
		buf_adds(out, keys->name);
		if (strcmp(keys->to ? keys->to : keys->name, key) == 0)
			return true;
		buf_addc(out, '.');
		if (keys->flags & MERGE && find_name(keys->sub, key, out))
			return true;
		buf_cut(out, was);
	}
	return false;
}

void
reading_name(const struct reading *r, const char *key, struct buf *out)
{
	size_t i;

	for (i = 0; r->v1 && i < 2; i++)
		if (find_name(r->v1_tables[i], key, out))
			return;
	buf_adds(out, key);
}

/* Where a key of that name is missed: in V1, its section. */
static const struct node *
place_of(const struct reading *r, const struct node *m, const char *name)
{
	const char *dot = strchr(name, '.');
	size_t i;

	for (i = 0; r->v1 && dot && i < r->file->count; i++) {
		const struct node *n = &r->file->items[i];

		if (strlen(n->key) == (size_t)(dot - name) &&
		    strncmp(n->key, name, strlen(n->key)) == 0)
			return n;
	}
	return m;
}

/* What is not there may be in the part that could not be read. */
static bool
may_miss(const struct reading *r, const struct node *m)
{
	return m->told || r->file->told;
}

/* V1: a section that is missing itself has been told. */
static bool
has_section(const struct reading *r, const char *name)
{
	const char *dot = strchr(name, '.');
	size_t i;

	for (i = 0; r->v1 && dot && i < r->file->count; i++)
		if (strlen(r->file->items[i].key) == (size_t)(dot - name) &&
		    strncmp(
			r->file->items[i].key, name, (size_t)(dot - name)) == 0)
			return true;
	return !r->v1 || !dot;
}

int
reading_need(struct reading *r, const struct node *m, const char *key)
{
	struct buf name = BUF_INIT;

	if (node_get(m, key) || may_miss(r, m))
		return 0;
	reading_name(r, key, &name);
	if (!reading_hinted(r, name.data) && has_section(r, name.data))
		reading_error(
		    r, place_of(r, m, name.data), name.data, "is missing");
	buf_release(&name);
	return -1;
}

static bool
is_later(const struct node *a, const struct node *b)
{
	return a->line > b->line || (a->line == b->line && a->col > b->col);
}

/* Two keys of which one at most, or exactly one, may be set. */
static void
exclude(struct reading *r, const struct node *m, const char *one,
    const char *other, bool need_one)
{
	const struct node *a = node_get(m, one), *b = node_get(m, other);
	struct buf first = BUF_INIT, second = BUF_INIT;

	reading_name(r, one, &first);
	reading_name(r, other, &second);
	if (a && b && is_later(a, b))
		reading_error(r, a, first.data,
		    "excludes '%s', which is set in line %d", second.data,
		    b->line);
	else if (a && b)
		reading_error(r, b, second.data,
		    "excludes '%s', which is set in line %d", first.data,
		    a->line);
	else if (!a && !b && need_one && !may_miss(r, m) &&
		 has_section(r, first.data))
		reading_error(r, place_of(r, m, first.data), first.data,
		    "is missing; it or '%s' must be set", second.data);
	buf_release(&first);
	buf_release(&second);
}

/* ---- local and remote ---- */

/* NNI from 2.6 on refuses it. */
static void
note_gpu_slots(struct reading *r, const struct node *m, const struct node *at)
{
	const struct node *n = node_get(at, "maxTrialNumberPerGpu");

	if (n && n->line && tree_int(at, "maxTrialNumberPerGpu", 1) > 1 &&
	    tree_int(m, "trialGpuNumber", 0) == 0)
		reading_note(r, n, "maxTrialNumberPerGpu",
		    "has no effect while trialGpuNumber is not set");
}

void
rules_local(struct reading *r, struct node *m)
{
	note_gpu_slots(r, m, m);
}

static bool
same_text(const struct node *a, const struct node *b, const char *key)
{
	const char *x = tree_text(a, key), *y = tree_text(b, key);

	return x && y ? strcmp(x, y) == 0 : x == y;
}

static bool
is_same_machine(const struct node *a, const struct node *b)
{
	return tree_text(a, "host") && same_text(a, b, "host") &&
	       same_text(a, b, "user") &&
	       tree_int(a, "port", 22) == tree_int(b, "port", 22);
}

void
rules_remote(struct reading *r, struct node *m)
{
	const struct node *list = node_get(m, "machineList");
	size_t i, j;

	for (i = 0; list && i < list->count; i++) {
		const struct node *one = &list->items[i];

		note_gpu_slots(r, m, one);
		if (node_get(one, "password") && node_get(one, "sshKeyFile"))
			reading_note(r, node_get(one, "sshKeyFile"),
			    "machineList", "the password is used, not the key");
		for (j = 0; j < i; j++)
			if (is_same_machine(one, &list->items[j])) {
				reading_error(r, one, "machineList",
				    "this machine is there twice, see line %d",
				    list->items[j].line);
				break;
			}
	}
}

/* ---- OpenPAI ---- */

void
rules_openpai(struct reading *r, struct node *m)
{
	static const char *const needed[] = {"trialCommand", "trialGpuNumber",
	    "trialCpuNumber", "trialMemorySize", "storageConfigName"};
	size_t i;

	exclude(r, m, "token", "password", true);
	exclude(r, m, "openpaiConfig", "openpaiConfigFile", false);
	/* a job of the user's own has all of it */
	if (node_get(m, "openpaiConfig") || node_get(m, "openpaiConfigFile"))
		return;
	for (i = 0; i < sizeof(needed) / sizeof(needed[0]); i++)
		reading_need(r, m, needed[i]);
	if (r->v1)
		reading_need(r, m, "dockerImage");
}

void
rules_pai_yarn(struct reading *r, struct node *m)
{
	const struct node *shm = node_get(m, "sharedMemorySize");
	const struct node *all = node_get(m, "trialMemorySize");
	double a, b;

	exclude(r, m, "token", "password", true);
	if (shm && all && node_double(shm, &a) == 0 &&
	    node_double(all, &b) == 0 && a > b) {
		struct buf name = BUF_INIT;

		reading_name(r, "sharedMemorySize", &name);
		reading_error(
		    r, shm, name.data, "is more than the trial's memory");
		buf_release(&name);
	}
}

/* ---- Kubernetes ---- */

static void
need_storage(struct reading *r, const struct node *storage, const char *type,
    const char *const *keys)
{
	for (; *keys && !may_miss(r, storage); keys++)
		if (!node_get(storage, *keys))
			reading_error(r, storage, "storage",
			    "%s is missing for %s", *keys, type);
}

static void
refuse_storage(struct reading *r, const struct node *storage, const char *type,
    const char *const *keys)
{
	for (; *keys; keys++) {
		const struct node *n = node_get(storage, *keys);

		if (n)
			reading_error(
			    r, n, "storage", "%s is not %s's", *keys, type);
	}
}

static void
check_length(struct reading *r, const struct node *storage, const char *key,
    size_t min, size_t max)
{
	const struct node *n = node_get(storage, key);

	if (n && (n->len < min || n->len > max))
		reading_error(r, n, "storage",
		    "%s must have %d to %d characters", key, (int)min,
		    (int)max);
}

/* V1 may leave the type out: the keys tell it. */
static void
rules_storage(struct reading *r, struct node *m, bool pvc)
{
	static const char *const nfs_keys[] = {"server", "path", NULL};
	static const char *const azure_keys[] = {
	    "azureAccount", "azureShare", "keyVaultName", "keyVaultKey", NULL};
	static const char *const path_key[] = {"path", NULL};
	static const char *const server_key[] = {"server", NULL};
	struct node *storage = node_get(m, "storage");
	const char *type;

	if (!storage || storage->type != NODE_MAP) {
		if (r->v1 && !storage && !may_miss(r, m)) {
			struct buf name = BUF_INIT;

			reading_name(r, "storage", &name);
			if (has_section(r, name.data))
				reading_error(r, place_of(r, m, name.data),
				    name.data,
				    "is missing; it%s or keyVault and "
				    "azureStorage "
				    "must be set",
				    pvc ? ", pvc," : "");
			buf_release(&name);
		}
		return;
	}
	if (!node_get(storage, "storageType"))
		tree_set_string(tree_put(storage, "storageType"),
		    node_get(storage, "azureAccount") ? "azureStorage"
		    : node_get(storage, "server")     ? "nfs"
		    : pvc			      ? "pvc"
						      : "nfs",
		    storage);
	type = tree_text(storage, "storageType");
	if (!type)
		return;
	if (strcmp(type, "azureStorage") == 0) {
		need_storage(r, storage, type, azure_keys);
		refuse_storage(r, storage, type, nfs_keys);
		check_length(r, storage, "azureAccount", 3, 31);
		check_length(r, storage, "azureShare", 3, 63);
	} else if (strcmp(type, "nfs") == 0) {
		need_storage(r, storage, type, nfs_keys);
		refuse_storage(r, storage, type, azure_keys);
	} else if (!pvc) {
		reading_error(r, node_get(storage, "storageType"), "storage",
		    "must be nfs or azureStorage here");
	} else {
		need_storage(r, storage, type, path_key);
		refuse_storage(r, storage, type, azure_keys);
		refuse_storage(r, storage, type, server_key);
		reading_need(r, m, "configPath");
	}
}

static void
refuse_role(
    struct reading *r, const struct node *m, const char *role, const char *op)
{
	const struct node *n = node_get(m, role);

	if (n)
		reading_error(r, n, role, "%s has no such role", op);
}

void
rules_kubeflow(struct reading *r, struct node *m)
{
	static const char *const roles[] = {"worker", "ps", "master"};
	const char *op = tree_text(m, "operator");
	const struct node *code = node_get(m, "trialCodeDirectory");
	size_t i;

	rules_storage(r, m, false);
	if (op && strcmp(op, "tf-operator") == 0) {
		reading_need(r, m, "worker");
		refuse_role(r, m, "master", op);
	} else if (op) {
		reading_need(r, m, "master");
		refuse_role(r, m, "ps", op);
	}
	for (i = 0; i < sizeof(roles) / sizeof(roles[0]); i++) {
		struct node *role = node_get(m, roles[i]);

		if (role && role->type == NODE_MAP && code &&
		    !node_get(role, "codeDirectory"))
			node_copy(tree_put(role, "codeDirectory"), code);
	}
}

static bool
is_role_name(const char *s)
{
	size_t len = strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789");

	return len && len <= 63 && !s[len];
}

void
rules_frameworkcontroller(struct reading *r, struct node *m)
{
	const struct node *roles = node_get(m, "taskRoles");
	size_t i, j;

	rules_storage(r, m, true);
	if (!node_get(m, "configPath"))
		reading_need(r, m, "taskRoles");
	for (i = 0; roles && i < roles->count; i++) {
		const struct node *name = node_get(&roles->items[i], "name");

		if (!name || name->type != NODE_STRING)
			continue;
		if (!is_role_name(name->text))
			reading_error(r, name, "taskRoles",
			    "a name is 1 to 63 of a-z and 0-9, not '%s'",
			    name->text);
		for (j = 0; j < i; j++)
			if (same_text(
				&roles->items[i], &roles->items[j], "name"))
				reading_error(r, name, "taskRoles",
				    "the name '%s' is there twice", name->text);
	}
}

/* ---- others ---- */

/* NNI joins paths to it without a slash between. */
void
rules_dlts(struct reading *r, struct node *m)
{
	struct node *n = node_get(m, "dashboard");
	struct buf url = BUF_INIT;

	(void)r;
	if (!n || !n->len || n->text[n->len - 1] == '/')
		return;
	buf_addf(&url, "%s/", n->text);
	tree_set_string(n, url.data, n);
	buf_release(&url);
}

void
rules_shared_storage(struct reading *r, struct node *m)
{
	static const char *const nfs_keys[] = {
	    "nfsServer", "exportedDirectory", NULL};
	static const char *const azure_keys[] = {
	    "storageAccountName", "containerName", NULL};
	const char *type = tree_text(m, "storageType");
	bool nfs = type && strcmp(type, "NFS") == 0;
	const char *const *k;
	size_t was = reading_enter(r, "sharedStorage.");

	for (k = nfs ? nfs_keys : azure_keys; type && *k; k++)
		reading_need(r, m, *k);
	for (k = nfs ? azure_keys : nfs_keys; type && *k; k++)
		if (node_get(m, *k))
			reading_error(r, node_get(m, *k), *k,
			    "does not belong to %s", type);
	if (type && !nfs && !node_get(m, "storageAccountKey") &&
	    !node_get(m, "resourceGroupName") && !may_miss(r, m))
		reading_error(r, m, "storageAccountKey", "is missing");
	reading_leave(r, was);
}
