/*
 * The files that tell kubectl of clusters.
 */
#include "kubeconfig.h"

#include <stdlib.h>
#include <string.h>

#include "kubeconfig-read.h"
#include "mem.h"
#include "os/sys.h"

#define FILE_MAX_BYTES ((size_t)8 << 20)

/* ---- files ---- */

static void
add_file(struct kubeconfig_reading *r, const char *path, const char *text,
    size_t len)
{
	struct kubeconfig_file *f;
	struct buf dir = BUF_INIT;

	r->files =
	    xreallocarray(r->files, r->file_count + 1, sizeof(*r->files));
	f = &r->files[r->file_count++];
	memset(f, 0, sizeof(*f));
	f->path = xstrdup(path);
	buf_set(&dir, path);
	buf_cut(&dir, (size_t)(path_base(dir.data) - dir.data));
	f->dir = buf_detach(&dir);
	problems_file(&r->problems, path);
	f->index = r->problems.file;
	if (node_parse(text, len, NODE_YAML, &f->root, &r->problems) == 0 &&
	    f->root->type != NODE_MAP && f->root->type != NODE_NULL)
		problems_add(&r->problems, f->root->line, f->root->col,
		    "this is no kubeconfig: it must be a list of keys, "
		    "'clusters', 'contexts', 'users'");
}

/* 0; 1: it is not there; -1. */
static int
read_file(struct kubeconfig_reading *r, const char *name, struct buf *err)
{
	struct buf text = BUF_INIT_MAX(FILE_MAX_BYTES), path = BUF_INIT;
	struct file_info info;
	int result = path_absolute(name, NULL, &path, err);

	if (result == 0 && file_info(path.data, true, &info) == 0 &&
	    info.type == FILE_ABSENT)
		result = 1;
	if (result == 0)
		result = file_read_ordinary(path.data, &text, err);
	if (result == 0)
		add_file(r, path.data, text.data, text.len);
	memset(text.data, 0, text.len);
	buf_release(&text);
	buf_release(&path);
	return result;
}

static int
read_list(struct kubeconfig_reading *r, const char *list, struct buf *err)
{
	const char separator = *path_list_separator();
	const char *end;
	char *one;
	int result = 0;

	for (; result != -1; list = end + 1) {
		end = strchr(list, separator);
		if (end == NULL)
			end = list + strlen(list);
		one = xstrndup(list, (size_t)(end - list));
		if (*one)
			result = read_file(r, one, err);
		free(one);
		if (*end == '\0')
			break;
	}
	return result == -1 ? -1 : 0;
}

/* Those that there are; `where` says where they were looked for. */
static int
read_default(struct kubeconfig_reading *r, struct buf *where, struct buf *err)
{
	const char *list = env_get("KUBECONFIG");
	struct buf path = BUF_INIT;
	int result;

	if (list && *list) {
		buf_addf(where, "KUBECONFIG ('%s')", list);
		return read_list(r, list, err);
	}
	result = path_expand("~/.kube/config", &path, NULL);
	buf_addf(where, "'%s'", result == 0 ? path.data : "~/.kube/config");
	if (result == 0 && read_file(r, path.data, err) == -1)
		result = -1;
	else
		result = 0;
	buf_release(&path);
	return result;
}

/* ---- entries ---- */

static bool
is_named(const struct node *item, const char *name)
{
	const struct node *n = node_get(item, "name");

	return n && n->text && n->type != NODE_NULL && n->len == strlen(name) &&
	       memcmp(n->text, name, n->len) == 0;
}

/*
 * The first entry called `name` of the lists `list`; its contents are under
 * `inner`.  False if there is none.
 */
static bool
find_entry(struct kubeconfig_reading *r, const char *list, const char *inner,
    const char *name, struct kubeconfig_entry *to)
{
	const struct node *all;
	size_t i, j;

	for (i = 0; i < r->file_count; i++) {
		all = node_get(r->files[i].root, list);
		for (j = 0; all && all->type == NODE_LIST && j < all->count;
		     j++) {
			if (!is_named(&all->items[j], name))
				continue;
			to->file = &r->files[i];
			to->item = &all->items[j];
			to->map = node_get(to->item, inner);
			to->name = name;
			return true;
		}
	}
	return false;
}

/* "; there are: a, b" */
static void
say_entries(
    const struct kubeconfig_reading *r, const char *list, struct buf *out)
{
	const struct node *all, *name;
	size_t i, j, count = 0;

	for (i = 0; i < r->file_count; i++) {
		all = node_get(r->files[i].root, list);
		for (j = 0; all && all->type == NODE_LIST && j < all->count;
		     j++) {
			name = node_get(&all->items[j], "name");
			if (name && name->text && count++ < 20)
				buf_addf(out, "%s%s",
				    count == 1 ? "; there are: " : ", ",
				    name->text);
		}
	}
	if (count > 20)
		buf_adds(out, ", ...");
	if (count == 0)
		buf_adds(out, "; there is none");
}

static void
lists_are_lists(struct kubeconfig_reading *r)
{
	static const char *const lists[] = {"clusters", "contexts", "users"};
	const struct node *n;
	size_t i, j;

	for (i = 0; i < r->file_count; i++)
		for (j = 0; j < 3; j++) {
			n = node_get(r->files[i].root, lists[j]);
			if (n == NULL || n->type == NODE_LIST ||
			    n->type == NODE_NULL)
				continue;
			r->problems.file = r->files[i].index;
			problems_add(&r->problems, n->line, n->col,
			    "'%s' must be a list", lists[j]);
		}
}

static char *
current_context(struct kubeconfig_reading *r)
{
	char *name = NULL;
	size_t i;

	for (i = 0; i < r->file_count && name == NULL; i++) {
		struct kubeconfig_entry whole = {
		    &r->files[i], r->files[i].root, r->files[i].root, ""};

		name = kubeconfig_text(r, &whole, "current-context");
	}
	return name;
}

/* ---- from a context to its cluster and user ---- */

static void
no_entry(struct kubeconfig_reading *r, const struct kubeconfig_entry *context,
    const char *key, const char *list, const char *name)
{
	struct buf text = BUF_INIT;

	buf_addf(&text, "context '%s': there is no %s '%s'", context->name, key,
	    name);
	say_entries(r, list, &text);
	kubeconfig_problem(
	    r, context, node_get(context->map, key), "%s", text.data);
	buf_release(&text);
}

static void
read_context(struct kubeconfig_reading *r, const struct kubeconfig_entry *c)
{
	struct kubeconfig *k = r->k;
	struct kubeconfig_entry cluster, user;
	bool has_cluster;

	free(k->cluster);
	free(k->user);
	k->source = xstrdup(c->file->path);
	k->cluster = kubeconfig_text(r, c, "cluster");
	k->user = kubeconfig_text(r, c, "user");
	k->namespace = kubeconfig_text(r, c, "namespace");
	has_cluster = k->cluster && find_entry(r, "clusters", "cluster",
					k->cluster, &cluster);
	if (has_cluster)
		kubeconfig_cluster(r, &cluster);
	else if (k->cluster)
		no_entry(r, c, "cluster", "clusters", k->cluster);
	else
		kubeconfig_problem(
		    r, c, NULL, "context '%s' names no 'cluster'", c->name);
	if (k->user && find_entry(r, "users", "user", k->user, &user))
		kubeconfig_user(r, &user, has_cluster ? &cluster : NULL);
	else if (k->user)
		no_entry(r, c, "user", "users", k->user);
	if (k->cluster == NULL)
		k->cluster = xstrdup("");
	if (k->user == NULL)
		k->user = xstrdup("");
}

/* 0, or -1: all that is wrong is in r->problems, or in err. */
static int
choose(struct kubeconfig_reading *r, const char *context, struct buf *err)
{
	struct kubeconfig_entry c;
	struct buf text = BUF_INIT;
	int result = 0;

	lists_are_lists(r);
	r->k->context = context ? xstrdup(context) : current_context(r);
	if (r->k->context == NULL) {
		say_entries(r, "contexts", &text);
		result = buf_err(err,
		    "%s: no 'current-context' says which cluster is meant: set "
		    "'context', or run: kubectl config use-context NAME%s",
		    r->files[0].path, text.data);
	} else if (!find_entry(r, "contexts", "context", r->k->context, &c)) {
		say_entries(r, "contexts", &text);
		result = buf_err(err, "%s: there is no context '%s'%s",
		    r->files[0].path, r->k->context, text.data);
	} else {
		read_context(r, &c);
	}
	buf_release(&text);
	return result;
}

static bool
has_contexts(const struct kubeconfig_reading *r)
{
	const struct node *n;
	size_t i;

	for (i = 0; i < r->file_count; i++) {
		n = node_get(r->files[i].root, "contexts");
		if (n && n->type != NODE_NULL &&
		    !(n->type == NODE_LIST && n->count == 0))
			return true;
	}
	return false;
}

static void
finish(struct kubeconfig_reading *r)
{
	size_t i;

	problems_release(&r->problems);
	for (i = 0; i < r->file_count; i++) {
		node_free(r->files[i].root);
		free(r->files[i].path);
		free(r->files[i].dir);
	}
	free(r->files);
}

/* All that is wrong becomes err. */
static int
settle(struct kubeconfig_reading *r, int result, struct buf *err)
{
	if (r->problems.errors && err) {
		buf_clear(err);
		problems_text(&r->problems, false, err);
		buf_rtrim(err);
	}
	if (r->problems.errors)
		result = -1;
	finish(r);
	if (result == -1)
		kubeconfig_release(r->k);
	return result;
}

int
kubeconfig_read(struct kubeconfig *k, const char *file, const char *context,
    struct buf *err)
{
	struct kubeconfig_reading r = {.k = k, .problems = PROBLEMS_INIT};
	struct buf where = BUF_INIT;
	int result;

	memset(k, 0, sizeof(*k));
	if (file) {
		result = read_file(&r, file, err);
		if (result == 1)
			result = buf_err(
			    err, "the kubeconfig '%s' is not there", file);
	} else {
		result = read_default(&r, &where, err);
		if (result == 0 && r.problems.errors == 0 &&
		    !has_contexts(&r)) {
			result = 1;
			buf_err(err, "%s %s", where.data,
			    r.file_count ? "tells of no context"
					 : "is not there");
		}
	}
	if (result == 0 && r.problems.errors == 0)
		result = choose(&r, context, err);
	buf_release(&where);
	return settle(&r, result, err);
}

int
kubeconfig_parse(struct kubeconfig *k, const char *name, const char *text,
    size_t len, const char *context, struct buf *err)
{
	struct kubeconfig_reading r = {.k = k, .problems = PROBLEMS_INIT};
	int result = 0;

	memset(k, 0, sizeof(*k));
	add_file(&r, name, text, len);
	if (r.problems.errors == 0)
		result = choose(&r, context, err);
	return settle(&r, result, err);
}

/* ---- what was read ---- */

static void
free_secret(char *secret)
{
	if (secret)
		memset(secret, 0, strlen(secret));
	free(secret);
}

static void
free_list(char **list)
{
	size_t i;

	for (i = 0; list && list[i]; i++)
		free(list[i]);
	free(list);
}

static void
free_exec(struct kube_exec *e)
{
	if (e == NULL)
		return;
	free(e->where);
	free(e->api_version);
	free_list(e->argv);
	free_list(e->env);
	free(e->install_hint);
	free(e->info);
	free(e);
}

void
kubeconfig_release(struct kubeconfig *k)
{
	struct kube_pem *const pems[] = {&k->authority, &k->cert, &k->key};
	size_t i;

	for (i = 0; i < 3; i++) {
		free(pems[i]->file);
		free_secret(pems[i]->pem);
	}
	free(k->source);
	free(k->context);
	free(k->cluster);
	free(k->user);
	free(k->namespace);
	free(k->server);
	free_secret(k->proxy);
	free(k->tls_server_name);
	free_secret(k->token);
	free(k->token_file);
	free(k->token_where);
	free(k->username);
	free_secret(k->password);
	free_list(k->impersonate);
	free_exec(k->exec);
	memset(k, 0, sizeof(*k));
}
