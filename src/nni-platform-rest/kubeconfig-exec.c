/*
 * What a kubeconfig says of a plugin for credentials: as client-go has it,
 * tools/clientcmd/api and plugin/pkg/client/auth/exec.
 */
#include "kubeconfig-exec.h"

#include <stdlib.h>
#include <string.h>

#include "base64.h"
#include "json.h"
#include "mem.h"

#define GROUP "client.authentication.k8s.io"
#define EXTENSION GROUP "/exec"
#define AUTHORITY_MAX ((size_t)1 << 20)

static void
add(char ***list, size_t *count, char *one)
{
	*list = xreallocarray(*list, *count + 2, sizeof(**list));
	(*list)[(*count)++] = one;
	(*list)[*count] = NULL;
}

static bool
is_text(const struct node *n)
{
	return n && n->type != NODE_LIST && n->type != NODE_MAP &&
	       n->type != NODE_NULL && strlen(n->text) == n->len;
}

/* A command that has a slash is relative to the folder of its file; one that
   has none is searched in PATH. */
static char *
command_of(struct kubeconfig_reading *r, const struct kubeconfig_entry *e)
{
	char *command = kubeconfig_text(r, e, "command");
	struct buf path = BUF_INIT;

	if (command == NULL) {
		kubeconfig_problem(
		    r, e, NULL, "user '%s': 'exec' has no 'command'", e->name);
		return xstrdup("");
	}
	if (path_base(command) == command)
		return command;
	path_absolute(command, e->file->dir, &path, NULL);
	free(command);
	return buf_detach(&path);
}

static void
get_argv(struct kubeconfig_reading *r, const struct kubeconfig_entry *e)
{
	const struct node *args = e->map ? node_get(e->map, "args") : NULL;
	size_t count = 0, i;

	add(&r->k->exec->argv, &count, command_of(r, e));
	if (args == NULL || args->type == NODE_NULL)
		return;
	if (args->type != NODE_LIST)
		kubeconfig_problem(r, e, args, "'args' must be a list");
	for (i = 0; args->type == NODE_LIST && i < args->count; i++) {
		if (is_text(&args->items[i]))
			add(&r->k->exec->argv, &count,
			    xstrdup(args->items[i].text));
		else
			kubeconfig_problem(r, e, &args->items[i],
			    "'args[%zu]' must be a text", i);
	}
}

static void
get_env(struct kubeconfig_reading *r, const struct kubeconfig_entry *e)
{
	const struct node *env = e->map ? node_get(e->map, "env") : NULL;
	struct buf text = BUF_INIT;
	size_t count = 0, i;

	if (env == NULL || env->type == NODE_NULL)
		return;
	if (env->type != NODE_LIST)
		kubeconfig_problem(r, e, env, "'env' must be a list");
	for (i = 0; env->type == NODE_LIST && i < env->count; i++) {
		const struct node *n = node_get(&env->items[i], "name");
		const struct node *v = node_get(&env->items[i], "value");

		if (!is_text(n) || n->len == 0 || strchr(n->text, '=') ||
		    (v && v->type != NODE_NULL && !is_text(v))) {
			kubeconfig_problem(r, e, &env->items[i],
			    "'env[%zu]' must have a 'name' and a 'value'", i);
			continue;
		}
		buf_addf(&text, "%s=%s", n->text, is_text(v) ? v->text : "");
		add(&r->k->exec->env, &count, buf_detach(&text));
	}
	buf_release(&text);
}

/* What the plugin may want to know of the cluster for itself. */
static void
add_extension(struct buf *info, const struct node *cluster)
{
	const struct node *all = node_get(cluster, "extensions"), *name;
	struct node *value;
	size_t i;

	for (i = 0; all && all->type == NODE_LIST && i < all->count; i++) {
		name = node_get(&all->items[i], "name");
		value = (struct node *)node_get(&all->items[i], "extension");
		if (!is_text(name) || strcmp(name->text, EXTENSION) != 0 ||
		    value == NULL)
			continue;
		json_key(info, "config");
		node_json(value, info);
		return;
	}
}

static void
add_authority(struct kubeconfig_reading *r, const struct kubeconfig_entry *e,
    struct buf *info)
{
	const struct kube_pem *ca = &r->k->authority;
	struct buf pem = BUF_INIT_MAX(AUTHORITY_MAX), text = BUF_INIT;
	struct buf err = BUF_INIT;

	if (ca->pem)
		buf_adds(&pem, ca->pem);
	else if (ca->file && file_read_ordinary(ca->file, &pem, &err) == -1)
		kubeconfig_problem(r, e, NULL, "%s", err.data);
	if (pem.len > 0 && base64_encode(&text, pem.data, pem.len) == 0)
		json_member_str(info, "certificate-authority-data", text.data);
	buf_release(&pem);
	buf_release(&text);
	buf_release(&err);
}

/* Keys that are empty or false are left out, as kubectl does. */
static void
add_cluster(struct kubeconfig_reading *r, const struct kubeconfig_entry *e,
    const struct kubeconfig_entry *cluster, struct buf *info)
{
	const struct kubeconfig *k = r->k;

	json_key(info, "cluster");
	buf_adds(info, "{");
	json_member_str(info, "server", k->server ? k->server : "");
	if (k->tls_server_name)
		json_member_str(info, "tls-server-name", k->tls_server_name);
	if (k->insecure)
		json_member_bool(info, "insecure-skip-tls-verify", true);
	add_authority(r, e, info);
	if (k->proxy)
		json_member_str(info, "proxy-url", k->proxy);
	if (k->uncompressed)
		json_member_bool(info, "disable-compression", true);
	if (cluster->map)
		add_extension(info, cluster->map);
	buf_adds(info, "}");
}

static void
make_info(struct kubeconfig_reading *r, const struct kubeconfig_entry *e,
    const struct kubeconfig_entry *cluster)
{
	const struct node *wanted =
	    e->map ? node_get(e->map, "provideClusterInfo") : NULL;
	struct kube_exec *x = r->k->exec;
	struct buf info = BUF_INIT;

	if (wanted && wanted->type != NODE_BOOL && wanted->type != NODE_NULL)
		kubeconfig_problem(
		    r, e, wanted, "'provideClusterInfo' must be true or false");
	buf_adds(&info, "{");
	json_member_str(&info, "kind", "ExecCredential");
	json_member_str(&info, "apiVersion", x->api_version);
	json_key(&info, "spec");
	buf_adds(&info, "{");
	json_member_bool(&info, "interactive", false);
	if (wanted && node_bool(wanted) && cluster)
		add_cluster(r, e, cluster, &info);
	buf_adds(&info, "}}");
	x->info = buf_detach(&info);
}

static void
check_version(struct kubeconfig_reading *r, const struct kubeconfig_entry *e)
{
	const char *version = r->k->exec->api_version;

	if (strcmp(version, GROUP "/v1") == 0 ||
	    strcmp(version, GROUP "/v1beta1") == 0)
		return;
	kubeconfig_problem(r, e, e->map ? node_get(e->map, "apiVersion") : NULL,
	    "user '%s': 'apiVersion' of 'exec' is '%s'; known are " GROUP
	    "/v1 and " GROUP "/v1beta1%s",
	    e->name, version,
	    strcmp(version, GROUP "/v1alpha1") == 0
		? ": update the tool that wrote this file (aws, gcloud, ...) "
		  "and have it written again"
		: "");
}

/* Nobody can be asked by a program of a pipeline: its standard input has
   records. */
static void
check_mode(struct kubeconfig_reading *r, const struct kubeconfig_entry *e)
{
	char *mode = kubeconfig_text(r, e, "interactiveMode");

	if (mode && strcmp(mode, "Always") == 0)
		kubeconfig_problem(r, e, node_get(e->map, "interactiveMode"),
		    "user '%s': its plugin wants to ask you something each "
		    "time (interactiveMode: Always), and here is nobody to "
		    "ask: "
		    "use IfAvailable if it keeps its login, or another user, "
		    "such as a service account's token",
		    e->name);
	else if (mode && strcmp(mode, "Never") != 0 &&
		 strcmp(mode, "IfAvailable") != 0)
		kubeconfig_problem(r, e, node_get(e->map, "interactiveMode"),
		    "'interactiveMode' must be Never, IfAvailable or Always");
	free(mode);
}

void
kubeconfig_exec(struct kubeconfig_reading *r, const struct kubeconfig_entry *e,
    const struct node *exec, const struct kubeconfig_entry *cluster)
{
	struct kubeconfig_entry inner = {
	    e->file, exec, exec->type == NODE_MAP ? exec : NULL, e->name};
	struct kube_exec *x = xcalloc(1, sizeof(*x));
	struct buf where = BUF_INIT;

	r->k->exec = x;
	buf_addf(&where, "%s:%d:%d: user '%s'", e->file->path, exec->line,
	    exec->col, e->name);
	x->where = buf_detach(&where);
	x->api_version = kubeconfig_text(r, &inner, "apiVersion");
	if (x->api_version == NULL)
		x->api_version = xstrdup("");
	x->install_hint = kubeconfig_text(r, &inner, "installHint");
	check_version(r, &inner);
	check_mode(r, &inner);
	get_argv(r, &inner);
	get_env(r, &inner);
	make_info(r, &inner, cluster);
}
