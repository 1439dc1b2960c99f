/* Rules of the platforms over several keys. */
#include "rules.h"

#include <string.h>

#include "fold.h"
#include "os/sys.h"
#include "schema.h"

/*
 * Finds the V1 row that fills the canonical `key`; its dotted name into out.
 * NULL: there is none.
 */
static const struct key *
find_name(const struct key *keys, const char *key, struct buf *out)
{
	const struct key *found = NULL;
	size_t was = out->len;

	for (; keys && keys->name; keys++) {
		const char *to = keys->to ? keys->to : keys->name;
		size_t len = strlen(to);

		buf_adds(out, keys->name);
		if (strcmp(to, key) == 0 && !(keys->flags & FALLBACK))
			return keys;
		buf_addc(out, '.');
		if (keys->flags & MERGE)
			found = find_name(keys->sub, key, out);
		if (!found && keys->sub && strncmp(key, to, len) == 0 &&
		    key[len] == '.')
			found = find_name(keys->sub, key + len + 1, out);
		if (found)
			return found;
		buf_cut(out, was);
	}
	return NULL;
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
const struct node *
rules_place(const struct reading *r, const struct node *m, const char *name)
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
bool
rules_may_miss(const struct reading *r, const struct node *m)
{
	return m->told || r->file->told;
}

/* V1: a section that is missing itself has been told. */
bool
rules_has_section(const struct reading *r, const char *name)
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

/* The row of a canonical key that m may have. */
static const struct key *
find_row(const struct reading *r, const struct node *m, const char *key)
{
	const char *name = tree_text(m, "platform");
	const struct platform *p = name ? platform_named(name) : NULL;
	const struct key *k = NULL;
	struct buf unused = BUF_INIT;
	size_t i;

	for (i = 0; r->v1 && !k && i < 2; i++)
		k = find_name(r->v1_tables[i], key, &unused);
	if (!k && p)
		k = schema_find(r, p->keys, key);
	if (!k)
		k = schema_find(r, service_keys, key);
	if (!k)
		k = schema_find(r, shared_storage_keys, key);
	buf_release(&unused);
	return k;
}

/*
 * An error if the canonical object m lacks the key.  A value that was wrong is
 * there, as null.
 */
void
rules_need(struct reading *r, const struct node *m, const char *key)
{
	struct buf name = BUF_INIT, wanted = BUF_INIT;
	const struct key *k;

	if (node_get(m, key) || rules_may_miss(r, m))
		return;
	reading_name(r, key, &name);
	k = find_row(r, m, key);
	if (k)
		value_describe(k, &wanted);
	if (!reading_hinted(r, name.data) && rules_has_section(r, name.data))
		reading_error(r, rules_place(r, m, name.data), name.data,
		    "is missing%s%s", k ? "; it must be " : "", wanted.data);
	buf_release(&name);
	buf_release(&wanted);
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
		    "cannot be set beside '%s', which is set in line %d; "
		    "write one of them",
		    second.data, b->line);
	else if (a && b)
		reading_error(r, b, second.data,
		    "cannot be set beside '%s', which is set in line %d; "
		    "write one of them",
		    first.data, a->line);
	else if (!a && !b && need_one && !rules_may_miss(r, m) &&
		 rules_has_section(r, first.data))
		reading_error(r, rules_place(r, m, first.data), first.data,
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
		reading_note(r, n,
		    r->v1 ? "maxTrialNumPerGpu" : "maxTrialNumberPerGpu",
		    "has no effect while trialGpuNumber is not set");
}

void
rules_local(struct reading *r, struct node *m)
{
	note_gpu_slots(r, m, m);
}

/* Names of hosts have no letter case, nor have users on Windows. */
static bool
same_name(const struct node *a, const struct node *b, const char *key)
{
	const char *x = tree_text(a, key), *y = tree_text(b, key);

	return x && y && fold_case_equal(x, y);
}

static bool
is_same_machine(const struct node *a, const struct node *b)
{
	return same_name(a, b, "host") && same_name(a, b, "user") &&
	       tree_int(a, "port", 22) == tree_int(b, "port", 22);
}

static bool
has_control(const char *s)
{
	for (; *s; s++)
		if ((unsigned char)*s < ' ' || *s == 127)
			return true;
	return false;
}

/*
 * A host or a user is an argument of ssh: it must not be taken for an option,
 * nor for something else that ssh understands.
 */
static void
check_login(struct reading *r, const struct node *one, const char *key,
    const char *shown)
{
	const struct node *n = node_get(one, key);
	const char *s = tree_text(one, key), *colon;
	bool host = strcmp(key, "host") == 0;

	if (!s)
		return;
	colon = strchr(s, ':');
	if (s[0] == '-')
		reading_error(r, n, shown, "must not begin with '-'");
	else if (has_control(s) || strchr(s, ' '))
		reading_error(
		    r, n, shown, "must not hold blanks or control characters");
	else if (host && strchr(s, '@'))
		reading_error(r, n, shown,
		    "must be the host alone; what is before the '@' is '%s'",
		    r->v1 ? "username" : "user");
	else if (host && colon && !strchr(colon + 1, ':'))
		reading_error(r, n, shown,
		    "must be the host alone; what is behind the ':' is 'port'");
	else if (host && strchr(s, '/'))
		reading_error(r, n, shown, "must be a name or an address");
}

/* They reach ssh, or the machine, as one line. */
static void
check_lines(struct reading *r, const struct node *one)
{
	static const char *const keys[][2] = {{"password", "passwd"},
	    {"sshPassphrase", "passphrase"}, {"remoteDir", "remoteDir"},
	    {"agentPath", "agentPath"}, {"pythonPath", "pythonPath"}};
	size_t i;

	for (i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		const char *s = tree_text(one, keys[i][0]);

		if (s && has_control(s))
			reading_error(r, node_get(one, keys[i][0]),
			    keys[i][r->v1 ? 1 : 0],
			    "must not hold line breaks or other control "
			    "characters");
	}
}

static void
check_machine(struct reading *r, const struct node *one)
{
	check_login(r, one, "host", r->v1 ? "ip" : "host");
	check_login(r, one, "user", r->v1 ? "username" : "user");
	check_lines(r, one);
	if (node_get(one, "password") && node_get(one, "sshKeyFile"))
		reading_note(r, node_get(one, "sshKeyFile"),
		    r->v1 ? "sshKeyPath" : "sshKeyFile",
		    "has no effect: the password is used");
}

/* The same machine, in a member before or in this one's list before; NULL. */
static const struct node *
find_machine(const struct node *services, const struct node *m, size_t index)
{
	const struct node *list,
	    *one = &node_get(m, "machineList")->items[index];
	size_t i, j, count;

	for (i = 0; i < services->count; i++) {
		list = node_get(&services->items[i], "machineList");
		count = &services->items[i] == m	  ? index
			: list && list->type == NODE_LIST ? list->count
							  : 0;
		for (j = 0; j < count; j++)
			if (is_same_machine(one, &list->items[j]))
				return &list->items[j];
		if (&services->items[i] == m)
			break;
	}
	return NULL;
}

void
rules_remote(struct reading *r, struct node *m)
{
	const struct node *list = node_get(m, "machineList"), *other;
	size_t i, was;

	for (i = 0; list && i < list->count; i++) {
		const struct node *one = &list->items[i];

		was = reading_enter(
		    r, "machineList[%llu].", (unsigned long long)i);
		note_gpu_slots(r, m, one);
		check_machine(r, one);
		other = find_machine(r->services, m, i);
		if (other)
			reading_error(r, node_get(one, "host"),
			    r->v1 ? "ip" : "host",
			    "is a machine that is in line %d already",
			    node_get(other, "host")->line);
		reading_leave(r, was);
	}
}

/* ---- OpenPAI ---- */

void
rules_openpai(struct reading *r, struct node *m)
{
	static const char *const needed[] = {"trialCommand", "trialGpuNumber",
	    "trialCpuNumber", "trialMemorySize"};
	size_t i;

	exclude(r, m, "token", "tokenFile", false);
	exclude(r, m, "token", "tokenCommand", false);
	exclude(r, m, "tokenFile", "tokenCommand", false);
	exclude(r, m, "token", "password",
	    !node_get(m, "tokenFile") && !node_get(m, "tokenCommand"));
	exclude(r, m, "openpaiConfig", "openpaiConfigFile", false);
	if (!node_get(m, "openpaiConfig"))
		tree_move(m, "openpaiConfigFile", m, "openpaiConfig");
	/* a job of the user's own has all of it */
	if (node_get(m, "openpaiConfig"))
		return;
	for (i = 0; i < sizeof(needed) / sizeof(needed[0]); i++)
		rules_need(r, m, needed[i]);
	if (!node_get(m, "storagePlugin"))
		rules_need(r, m, "storageConfigName");
	if (r->v1)
		rules_need(r, m, "dockerImage");
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

/* ---- others ---- */

/* V1 of NNI 1.7 has it in `trial`. */
void
rules_aml(struct reading *r, struct node *m)
{
	rules_need(r, m, "computeTarget");
}

/* They reach sbatch, or the job's script, as one line each. */
void
rules_slurm(struct reading *r, struct node *m)
{
	static const char *const words[] = {
	    "partition", "account", "qos", "gres", "constraint"};
	static const char *const lists[] = {"options", "modules"};
	size_t i, j;

	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		const char *s = tree_text(m, words[i]);

		if (s && (has_control(s) || s[0] == '-'))
			reading_error(r, node_get(m, words[i]), words[i],
			    "must not begin with '-' or hold line breaks");
	}
	for (i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		const struct node *list = node_get(m, lists[i]);

		for (j = 0; list && j < list->count; j++)
			if (list->items[j].text &&
			    (has_control(list->items[j].text) ||
				!list->items[j].len))
				reading_error(r, &list->items[j], lists[i],
				    "must not be empty or hold line breaks");
	}
}

/* DLTS: what its jobs find in their environment, as NNI took it from there. */
static void
from_variable(
    struct reading *r, struct node *m, const char *key, const char *variable)
{
	const char *value = env_get(variable);
	struct buf name = BUF_INIT;

	if (node_get(m, key) || rules_may_miss(r, m))
		return;
	if (value && value[0] && !has_control(value)) {
		tree_set_string(tree_put(m, key), value, NULL);
		return;
	}
	reading_name(r, key, &name);
	if (!reading_hinted(r, name.data) && rules_has_section(r, name.data))
		reading_error(r, rules_place(r, m, name.data), name.data,
		    "is missing; it or the variable %s must be set", variable);
	buf_release(&name);
}

/* A variable's value stays where it is: nothing that is secret is copied. */
static void
need_password(struct reading *r, struct node *m)
{
	static const char *const keys[] = {
	    "password", "passwordFile", "passwordCommand"};
	static const char *const variables[] = {
	    "NNI_DLTS_PASSWORD", "DLTS_JOB_TOKEN"};
	struct buf name = BUF_INIT;
	size_t i;

	exclude(r, m, keys[0], keys[1], false);
	exclude(r, m, keys[0], keys[2], false);
	exclude(r, m, keys[1], keys[2], false);
	for (i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (node_get(m, keys[i]))
			return;
	for (i = 0; i < sizeof(variables) / sizeof(variables[0]); i++)
		if (env_get(variables[i]))
			return;
	reading_name(r, keys[0], &name);
	if (!rules_may_miss(r, m) && !reading_hinted(r, name.data) &&
	    rules_has_section(r, name.data))
		reading_error(r, rules_place(r, m, name.data), name.data,
		    "is missing; it, %s, %s, or the variable %s or %s must be "
		    "set",
		    keys[1], keys[2], variables[0], variables[1]);
	buf_release(&name);
}

void
rules_dlts(struct reading *r, struct node *m)
{
	struct node *n = node_get(m, "dashboard");
	struct buf url = BUF_INIT;

	/* NNI joins paths to it without a slash between */
	if (n && n->len && n->text[n->len - 1] != '/') {
		buf_addf(&url, "%s/", n->text);
		tree_set_string(n, url.data, n);
	}
	buf_release(&url);
	from_variable(r, m, "team", "DLWS_VC_NAME");
	from_variable(r, m, "email", "DLWS_USER_EMAIL");
	need_password(r, m);
	rules_code_url(r, m);
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
		rules_need(r, m, *k);
	for (k = nfs ? azure_keys : nfs_keys; type && *k; k++)
		if (node_get(m, *k))
			reading_error(r, node_get(m, *k), *k,
			    "does not belong to %s", type);
	if (type && !nfs && !node_get(m, "storageAccountKey") &&
	    !node_get(m, "resourceGroupName") && !rules_may_miss(r, m))
		reading_error(r, m, "storageAccountKey",
		    "is missing; it or 'resourceGroupName' must be set");
	reading_leave(r, was);
}
