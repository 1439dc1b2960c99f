/* Rules of the platforms on Kubernetes over several keys. */
#include <stdarg.h>
#include <string.h>

#include "rules.h"
#include "schema.h"

/* ---- storage ---- */

/* "storage.KEY: TEXT", by V1's name in V1. */
static void storage_error(struct reading *r, const struct node *at,
    const char *key, const char *fmt, ...) NNI_FORMAT(4, 5);

static void
storage_error(struct reading *r, const struct node *at, const char *key,
    const char *fmt, ...)
{
	struct buf name = BUF_INIT, path = BUF_INIT, text = BUF_INIT;
	va_list ap;

	buf_addf(&path, "storage.%s", key);
	reading_name(r, path.data, &name);
	va_start(ap, fmt);
	buf_addv(&text, fmt, ap);
	va_end(ap);
	reading_error(r, at, name.data, "%s", text.data);
	buf_release(&name);
	buf_release(&path);
	buf_release(&text);
}

/* A kind of storage: what it must have, and may have. */
struct storage_type {
	const char *name;
	const char *needed[4];
	const char *allowed[8];
	bool has_key; /* of an account: one of those below */
};

static const struct storage_type storage_types[] = {
    {.name = "nfs",
	.needed = {"server", "path"},
	.allowed = {"localMountPoint"}},
    {.name = "pvc",
	.needed = {"claimName"},
	.allowed = {"path", "localMountPoint"}},
    {.name = "azureStorage",
	.needed = {"azureAccount", "azureShare"},
	.allowed = {"keyVaultName", "keyVaultKey", "azureAccountKey",
	    "azureSasToken", "azureEndpoint", "localMountPoint"},
	.has_key = true},
    {.name = "azureBlob",
	.needed = {"azureAccount", "azureContainer"},
	.allowed = {"keyVaultName", "keyVaultKey", "azureAccountKey",
	    "azureSasToken", "azureEndpoint", "path"},
	.has_key = true},
};

static bool
is_in(const char *const *list, const char *key)
{
	for (; *list; list++)
		if (strcmp(*list, key) == 0)
			return true;
	return false;
}

/* The type that the other keys tell, as V1 may leave it out; NULL. */
static const char *
told_type(const struct node *storage, bool framework)
{
	return node_get(storage, "azureContainer") ? "azureBlob"
	       : node_get(storage, "azureAccount") ||
		       node_get(storage, "azureShare")
		   ? "azureStorage"
	       : node_get(storage, "claimName") ? "pvc"
	       : node_get(storage, "server")	? "nfs"
	       : !node_get(storage, "path")	? NULL
	       : framework			? "pvc"
						: "nfs";
}

static void
check_length(struct reading *r, const struct node *storage, const char *key,
    size_t min, size_t max)
{
	const struct node *n = node_get(storage, key);

	if (n && n->type == NODE_STRING && (n->len < min || n->len > max))
		storage_error(r, n, key,
		    "must have %d to %d characters, not %d", (int)min, (int)max,
		    (int)n->len);
}

/* NNI has the key of the account in a Key Vault alone. */
static void
check_account(struct reading *r, const struct node *storage, const char *type)
{
	const struct node *name = node_get(storage, "keyVaultName");
	const struct node *key = node_get(storage, "keyVaultKey");
	const struct node *account = node_get(storage, "azureAccountKey");
	const struct node *sas = node_get(storage, "azureSasToken");

	check_length(r, storage, "azureAccount", 3, 31);
	check_length(r, storage, "azureShare", 3, 63);
	check_length(r, storage, "azureContainer", 3, 63);
	if (!name && !key && !account && !sas) {
		storage_error(r, storage, "keyVaultName",
		    "is missing; %s needs it and %s%s", type,
		    r->v1 ? "keyVault.name" : "keyVaultKey",
		    r->v1 ? "" : ", or azureAccountKey, or azureSasToken");
		return;
	}
	if ((account || sas) && (name || key))
		storage_error(r, account ? account : sas,
		    account ? "azureAccountKey" : "azureSasToken",
		    "cannot be set beside '%s'; write one of them",
		    name ? "keyVaultName" : "keyVaultKey");
	else if (!name != !key)
		storage_error(r, storage, name ? "keyVaultKey" : "keyVaultName",
		    "is missing; %s needs it", type);
	if (account && sas)
		storage_error(r, sas, "azureSasToken",
		    "cannot be set beside 'azureAccountKey'; write one of "
		    "them");
}

static void
check_type(
    struct reading *r, const struct node *storage, const struct storage_type *t)
{
	const char *const *k;
	size_t i;

	for (k = t->needed; *k && !rules_may_miss(r, storage); k++)
		if (!node_get(storage, *k))
			storage_error(
			    r, storage, *k, "is missing; %s needs it", t->name);
	for (i = 0; i < storage->count; i++) {
		const struct node *n = &storage->items[i];

		if (strcmp(n->key, "storageType") != 0 &&
		    !is_in(t->needed, n->key) && !is_in(t->allowed, n->key))
			storage_error(
			    r, n, n->key, "does not belong to %s", t->name);
	}
	if (t->has_key && !rules_may_miss(r, storage))
		check_account(r, storage, t->name);
}

/*
 * NNI's pvc: a template of the user's own mounts the volume, and `path` is
 * where this machine has it.
 */
static void
read_template_claim(struct reading *r, struct node *m, struct node *storage)
{
	const struct node *path = node_get(storage, "path");
	struct node *to;

	if (!path) {
		if (!rules_may_miss(r, storage))
			storage_error(r, storage, r->v1 ? "path" : "claimName",
			    "is missing; pvc needs it");
		return;
	}
	rules_need(r, m, "template");
	if (!node_get(storage, "localMountPoint")) {
		to = tree_put(storage, "localMountPoint"); /* moves `path` */
		node_copy(to, node_get(storage, "path"));
	}
}

static void
rules_storage(struct reading *r, struct node *m)
{
	struct node *storage = node_get(m, "storage");
	bool framework =
	    strcmp(tree_text(m, "platform"), "frameworkcontroller") == 0;
	const struct storage_type *t = storage_types;
	const char *type;
	size_t i;

	if (!storage || storage->type != NODE_MAP)
		return;
	type = told_type(storage, framework);
	if (!node_get(storage, "storageType") && type)
		tree_set_string(
		    tree_put(storage, "storageType"), type, storage);
	type = tree_text(storage, "storageType");
	if (!type && !node_get(storage, "storageType") &&
	    !rules_may_miss(r, storage))
		storage_error(r, storage, "storageType",
		    "is missing; it must be one of nfs, pvc, azureStorage, "
		    "azureBlob");
	if (!type)
		return;
	if (framework && strcmp(type, "pvc") == 0 &&
	    !node_get(storage, "claimName")) {
		read_template_claim(r, m, storage);
		return;
	}
	for (i = 0; i < sizeof(storage_types) / sizeof(*t); i++)
		if (strcmp(storage_types[i].name, type) == 0)
			check_type(r, storage, &storage_types[i]);
}

/* ---- pods ---- */

/* The API server takes texts only, and says so of the whole object. */
static void
check_texts(struct reading *r, const struct node *m, const char *key)
{
	const struct node *map = node_get(m, key);
	size_t i;

	for (i = 0; map && i < map->count; i++) {
		const struct node *n = &map->items[i];
		struct buf name = BUF_INIT, is = BUF_INIT;

		if (n->type == NODE_STRING || n->told)
			continue;
		buf_addf(&name, "%s.%.100s", key, n->key);
		node_describe(n, &is);
		reading_error(r, n, name.data, "must be a text, not %s%s",
		    is.data, n->text ? "; put it in quotes" : "");
		buf_release(&name);
		buf_release(&is);
	}
}

/* By these the trials are found again. */
static void
check_labels(struct reading *r, const struct node *m)
{
	const struct node *map = node_get(m, "labels");
	size_t i, was = reading_enter(r, "labels.");

	for (i = 0; map && i < map->count; i++)
		if (strcmp(map->items[i].key, "app") == 0 ||
		    strncmp(map->items[i].key, "nni-", 4) == 0)
			reading_key(r, false, &map->items[i],
			    "is a label that the tools set themselves");
	reading_leave(r, was);
}

/* Lists of objects that are passed on: each an object with these texts. */
static void
check_items(struct reading *r, const struct node *m, const char *key,
    const char *const *needed)
{
	const struct node *list = node_get(m, key);
	size_t i, k;

	for (i = 0; list && i < list->count; i++) {
		const struct node *n = &list->items[i];
		struct buf is = BUF_INIT;
		size_t was =
		    reading_enter(r, "%s[%llu]", key, (unsigned long long)i);

		if (n->type != NODE_MAP) {
			node_describe(n, &is);
			reading_error(
			    r, n, "", "must be an object, not %s", is.data);
		}
		reading_enter(r, ".");
		for (k = 0; n->type == NODE_MAP && needed[k]; k++)
			if (!tree_text(n, needed[k]) && !n->told)
				reading_error(r, n, needed[k],
				    "is missing; it must be a text");
		reading_leave(r, was);
		buf_release(&is);
	}
}

static bool
has_named(const struct node *list, const char *name)
{
	size_t i;

	for (i = 0; list && list->type == NODE_LIST && i < list->count; i++) {
		const char *is = list->items[i].type == NODE_MAP
				     ? tree_text(&list->items[i], "name")
				     : NULL;

		if (is && strcmp(is, name) == 0)
			return true;
	}
	return false;
}

/* What is mounted must be there; a template may have it. */
static void
check_mounts(struct reading *r, const struct node *m)
{
	static const char *const volume[] = {"name", NULL};
	static const char *const mount[] = {"name", "mountPath", NULL};
	static const char *const toleration[] = {NULL};
	const struct node *mounts = node_get(m, "volumeMounts");
	size_t i;

	check_items(r, m, "volumes", volume);
	check_items(r, m, "volumeMounts", mount);
	check_items(r, m, "tolerations", toleration);
	for (i = 0; mounts && i < mounts->count && !node_get(m, "template");
	     i++) {
		const struct node *n = &mounts->items[i];
		const char *name =
		    n->type == NODE_MAP ? tree_text(n, "name") : NULL;

		if (name && !has_named(node_get(m, "volumes"), name))
			reading_error(r, node_get(n, "name"), "volumeMounts",
			    "there is no '%.80s' among the volumes", name);
	}
}

/* A name as Kubernetes has them for namespaces (RFC 1123's label). */
static void
check_namespace(struct reading *r, const struct node *m)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789-";
	const char *s = tree_text(m, "namespace");
	size_t len = s ? strlen(s) : 0;
	struct buf name = BUF_INIT;

	if (!s || (strspn(s, letters) == len && len <= 63 && s[0] != '-' &&
		      s[len - 1] != '-'))
		return;
	reading_name(r, "namespace", &name);
	reading_error(r, node_get(m, "namespace"), name.data,
	    "must be up to 63 of a-z, 0-9 and -, not '%.80s'", s);
	buf_release(&name);
}

void
rules_code_url(struct reading *r, const struct node *m)
{
	const char *s = tree_text(m, "codeUrl");
	struct buf name = BUF_INIT;

	reading_name(r, "codeUrl", &name);
	/* it may hold a password: it is not shown */
	if (s && strncmp(s, "https://", 8) != 0 && strncmp(s, "http://", 7))
		reading_error(r, node_get(m, "codeUrl"), name.data,
		    "must begin with https:// or http://");
	buf_release(&name);
}

/* What a template has to be; `kind` may be left out. */
static void
check_template(struct reading *r, const struct node *m, const char *kind)
{
	const struct node *t = node_get(m, "template"), *spec;
	const char *is;
	struct buf name = BUF_INIT;

	if (!t || t->type != NODE_MAP)
		return;
	reading_name(r, "template", &name);
	is = tree_text(t, "kind");
	spec = node_get(t, "spec");
	if (is && strcmp(is, kind) != 0)
		reading_error(
		    r, t, name.data, "must be a %s, not a %.80s", kind, is);
	else if (!spec || spec->type != NODE_MAP)
		reading_error(
		    r, t, name.data, "has no 'spec'; it must be a %s", kind);
	buf_release(&name);
}

static void
rules_cluster(struct reading *r, struct node *m)
{
	rules_storage(r, m);
	check_namespace(r, m);
	check_texts(r, m, "labels");
	check_texts(r, m, "annotations");
	check_texts(r, m, "nodeSelector");
	check_labels(r, m);
	check_mounts(r, m);
	rules_code_url(r, m);
}

void
rules_kubernetes(struct reading *r, struct node *m)
{
	rules_cluster(r, m);
	check_template(r, m, "Job");
}

/* ---- roles ---- */

/* The login of a registry: what `docker login` writes. */
static void
check_registry(struct reading *r, const struct node *role, const char *path)
{
	const struct node *n = node_get(role, "privateRegistryAuth");
	const char *s = tree_text(role, "privateRegistryAuth");
	size_t was;
	struct node at;

	if (!s)
		return;
	at = *n;
	/* it came from a file; the role is where that is named */
	at.line = n->line ? n->line : role->line;
	at.col = n->line ? n->col : role->col;
	was = reading_enter(r, "%s", path);
	if (s[strspn(s, " \t\r\n")] != '{' || !strstr(s, "\"auths\""))
		reading_error(r, &at, "privateRegistryAuthPath",
		    "must be a docker configuration, which is JSON with "
		    "\"auths\" in it; `docker login` writes one");
	else if (strstr(s, "\"credsStore\""))
		reading_note(r, &at, "privateRegistryAuthPath",
		    "has a \"credsStore\": what is kept there is not in the "
		    "file, so the cluster will not have it");
	reading_leave(r, was);
}

/* What runs in a role: its own command, or that of the member. */
static void
check_command(struct reading *r, const struct node *m, struct node *role,
    const char *path)
{
	const struct node *command = node_get(m, "trialCommand");

	if (node_get(role, "command") || rules_may_miss(r, role))
		return;
	if (command) {
		node_copy(tree_put(role, "command"), command);
	} else if (!r->v1) { /* V1's tables have told it */
		size_t was = reading_enter(r, "%s", path);

		reading_error(r, role, "command",
		    "is missing; it or 'trialCommand' must be set");
		reading_leave(r, was);
	}
}

struct operator
{
	const char *name;
	const char *needed;
	const char *roles[6];
	const char *said;
};

static const struct operator operators[] = {
    {"tf-operator", "worker", {"worker", "ps", "chief", "evaluator"},
	"worker, ps, chief and evaluator"},
    {"pytorch-operator", "master", {"master", "worker"}, "master and worker"},
    {"mpi-operator", "launcher", {"launcher", "worker"}, "launcher and worker"},
};

static const struct operator* operator_named(const char *name)
{
	size_t i;

	for (i = 0; name && i < sizeof(operators) / sizeof(operators[0]); i++)
		if (strcmp(name, operators[i].name) == 0)
			return &operators[i];
	return NULL;
}

/* One archive is unpacked in all pods of a trial. */
static void
check_role_code(
    struct reading *r, struct node *m, struct node *role, const char *path)
{
	const struct node *own = node_get(role, "codeDirectory");
	const char *mine = tree_text(role, "codeDirectory");
	const char *all = tree_text(m, "trialCodeDirectory");
	size_t was;

	if (!own && all) {
		node_copy(tree_put(role, "codeDirectory"),
		    node_get(m, "trialCodeDirectory"));
	} else if (mine && all && strcmp(mine, all) != 0) {
		was = reading_enter(r, "%s", path);
		reading_error(r, own, "codeDirectory",
		    "must be the trialCodeDirectory, '%s': all pods of a trial "
		    "get that; let it hold the code of every role",
		    all);
		reading_leave(r, was);
	}
}

/* A worker of an MPIJob needs no command: it waits for the launcher. */
static bool
waits(const struct operator* op, const char *role)
{
	return op && strcmp(op->name, "mpi-operator") == 0 &&
	       strcmp(role, "worker") == 0;
}

void
rules_kubeflow(struct reading *r, struct node *m)
{
	static const char *const roles[] = {
	    "worker", "ps", "master", "chief", "evaluator", "launcher"};
	const struct operator* op = operator_named(tree_text(m, "operator"));
	struct buf path = BUF_INIT;
	size_t i;

	rules_cluster(r, m);
	/* a chief may do without workers */
	if (op && !(strcmp(op->needed, "worker") == 0 && node_get(m, "chief")))
		rules_need(r, m, op->needed);
	for (i = 0; i < sizeof(roles) / sizeof(roles[0]); i++) {
		struct node *role = node_get(m, roles[i]);

		if (role && op && !is_in(op->roles, roles[i]))
			reading_error(r, role, roles[i],
			    "%s has no such role; it has %s", op->name,
			    op->said);
		if (!role || role->type != NODE_MAP)
			continue;
		buf_setf(&path, "%s%s.", r->v1 ? "trial." : "", roles[i]);
		check_registry(r, role, path.data);
		if (!waits(op, roles[i]))
			check_command(r, m, role, path.data);
		check_role_code(r, m, role, path.data);
	}
	buf_release(&path);
}

static bool
same_text(const struct node *a, const struct node *b, const char *key)
{
	const char *x = tree_text(a, key), *y = tree_text(b, key);

	return x && y ? strcmp(x, y) == 0 : x == y;
}

static bool
is_role_name(const char *s)
{
	size_t len = strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789");

	return len && len <= 63 && !s[len];
}

static void
check_role_name(struct reading *r, const struct node *roles, size_t i)
{
	const struct node *name = node_get(&roles->items[i], "name");
	size_t j;

	if (!name || name->type != NODE_STRING)
		return;
	if (!is_role_name(name->text))
		reading_error(r, name, "name",
		    "must be 1 to 63 of a-z and 0-9, not '%.80s'", name->text);
	for (j = 0; j < i; j++)
		if (same_text(&roles->items[i], &roles->items[j], "name"))
			break;
	if (j < i)
		reading_error(r, name, "name",
		    "'%.80s' is the name of a role in line %d already",
		    name->text, roles->items[j].line);
}

void
rules_frameworkcontroller(struct reading *r, struct node *m)
{
	struct node *roles;
	struct buf path = BUF_INIT;
	size_t i, was;

	rules_cluster(r, m);
	check_template(r, m, "Framework");
	if (!node_get(m, "template"))
		rules_need(r, m, "taskRoles");
	roles = node_get(m, "taskRoles");
	for (i = 0; roles && i < roles->count; i++) {
		if (roles->items[i].type != NODE_MAP)
			continue;
		buf_setf(&path, "%staskRoles[%llu].", r->v1 ? "trial." : "",
		    (unsigned long long)i);
		was = reading_enter(r, "%s", path.data);
		check_role_name(r, roles, i);
		reading_leave(r, was);
		check_registry(r, &roles->items[i], path.data);
		check_command(r, m, &roles->items[i], path.data);
	}
	buf_release(&path);
}
