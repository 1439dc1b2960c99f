/*
 * kubeconfig.h, exec-plugin.h, and the kind of access that uses them.  This
 * program is its own plugin: `kubeconfig plugin MODE`.
 */
#include <stdlib.h>

#include "access.h"
#include "exec-plugin.h"
#include "expdir.h"
#include "kubeconfig.h"
#include "os/file.h"
#include "os/loop.h"
#include "os/sys.h"
#include "tap.h"
#include "when.h"

#define GUARD_MS 60000

static char self[4096];
static struct buf scratch = BUF_INIT;

/* A file of this test's own; the path holds for the next four calls. */
static const char *
at(const char *name)
{
	static struct buf paths[4];
	static int next;
	struct buf *b = &paths[next++ % 4];

	if (b->data == NULL)
		buf_init(b, BUF_MAX_DEFAULT);
	buf_set(b, scratch.data);
	path_add(b, name);
	return b->data;
}

/* ---- the plugin ---- */

static int
be_plugin(const char *mode)
{
	const char *info = env_get("KUBERNETES_EXEC_INFO");
	const char *version =
	    info && strstr(info, "io/v1beta1") ? "v1beta1" : "v1";
	os_file f =
	    file_open(env_get("RUNS"), FILE_APPEND | FILE_CREATE, 0600, NULL);
	char c;

	file_write(f, "x", 1);
	file_close(f);
	if (strcmp(mode, "fail") == 0) {
		fprintf(stderr, "please log in\nat https://login\n");
		return 3;
	}
	if (strcmp(mode, "hang") == 0)
		for (;;)
			file_read(sys_stdin(), &c, 1);
	printf("{\"kind\":\"ExecCredential\",\"apiVersion\":"
	       "\"client.authentication.k8s.io/%s\",\"status\":{",
	    version);
	if (strcmp(mode, "cert") == 0)
		printf("\"clientCertificateData\":\"-----BEGIN c\","
		       "\"clientKeyData\":\"-----BEGIN k\"");
	else if (strcmp(mode, "old") == 0)
		printf("\"token\":\"s3cret\",\"expirationTimestamp\":"
		       "\"2001-01-01T00:00:00Z\"");
	else
		printf("\"token\":\"s3cret-%s\",\"expirationTimestamp\":"
		       "\"2999-01-01T00:00:00Z\"",
		    env_get("COLOUR") ? env_get("COLOUR") : "");
	printf("}}\n");
	return 0;
}

static int64_t
runs(void)
{
	struct buf text = BUF_INIT;
	int64_t n;

	file_read_all(at("runs"), &text, NULL);
	n = (int64_t)text.len;
	buf_release(&text);
	return n;
}

/* ---- reading ---- */

#define HEAD "apiVersion: v1\nkind: Config\ncurrent-context: c\n"
#define CONTEXT "contexts: [{name: c, context: {cluster: k, user: u}}]\n"
#define CLUSTER "clusters: [{name: k, cluster: {server: \"https://h:1\"}}]\n"

static struct kubeconfig k;

static const char *
fault(const char *text, const char *context)
{
	static struct buf err = BUF_INIT;

	buf_clear(&err);
	kubeconfig_release(&k);
	kubeconfig_parse(
	    &k, "/home/joe/config", text, strlen(text), context, &err);
	return err.data;
}

static void
test_read(void)
{
	is_str(fault(HEAD CONTEXT CLUSTER
		   "users: [{name: u, user: {token: 123}}]\n",
		   NULL),
	    "", "a whole file");
	is_str(k.server, "https://h:1", "its server");
	is_str(k.token, "123", "its token, though it looks like a number");
	ok(k.namespace == NULL && strcmp(k.context, "c") == 0 &&
		strcmp(k.source, "/home/joe/config") == 0,
	    "its context");
	is_str(fault(HEAD "contexts:\n- {name: c, context: {}}\n"
			  "- {name: d, context: {cluster: k, namespace: n}}\n"
			  "clusters: [{name: k, cluster: {server: \"h:1\", "
			  "insecure-skip-tls-verify: true}}]\n",
		   "d"),
	    "", "another context, without a user");
	is_str(k.server, "https://h:1", "a server without a scheme");
	is_str(k.namespace, "n", "its namespace");
	ok(k.insecure && *k.user == '\0', "insecure, nobody");
}

static void
test_problems(void)
{
	const char *text;

	is_str(fault("a: [\n", NULL) ? "" : "x", "", "no YAML");
	ok(strstr(fault("a: [\n", NULL), "/home/joe/config:") != NULL,
	    "... and where");
	ok(strstr(fault("- 1\n", NULL), "config:1:1: this is no kubeconfig"),
	    "no map");
	ok(strstr(fault("contexts: [{name: a}, {name: b}]\n", NULL),
	       "current-context"),
	    "no current context");
	ok(strstr(fault("contexts: [{name: a}, {name: b}]\n", NULL), "a, b"),
	    "... and those there are");
	ok(strstr(fault("contexts: [{name: a}, {name: b}]\n", "x"),
	       "no context 'x'; there are: a, b"),
	    "a context that is not there");
	is_str(fault(HEAD CONTEXT "users: [{name: v, user: {}}]\n", NULL),
	    "/home/joe/config:4:41: context 'c': there is no cluster 'k'; "
	    "there is none\n"
	    "/home/joe/config:4:50: context 'c': there is no user 'u'; there "
	    "are: v",
	    "a cluster and a user that are not there, both at once");
	ok(strstr(fault(HEAD CONTEXT "clusters: [{name: k, cluster: {}}]\n"
				     "users: [{name: u}]\n",
		      NULL),
	       "config:5:12: cluster 'k' has no 'server'"),
	    "no server");
	ok(strstr(fault(HEAD CONTEXT "clusters: [{name: k, cluster: {server: "
				     "\"https://joe:pw@h\"}}]\n",
		      NULL),
	       "'server': ") &&
		!strstr(
		    fault(HEAD CONTEXT "clusters: [{name: k, cluster: {server: "
				       "\"https://joe:pw@h\"}}]\n",
			NULL),
		    "pw"),
	    "a login in a server's URL");
	text = fault(HEAD CONTEXT CLUSTER
	    "users:\n- name: u\n  user:\n    token: \"s3\\ncret\"\n"
	    "    client-key-data: s3cret\n    username: joe\n",
	    NULL);
	ok(strstr(text, "config:9:12: 'token' has a line break") != NULL,
	    "a token with a line break");
	ok(strstr(text, "config:10:22: 'client-key-data' is not base64") !=
		NULL,
	    "a key that is not base64");
	ok(!strstr(text, "cret"), "... and nothing secret is shown");
	ok(strstr(fault(HEAD CONTEXT CLUSTER
		      "users: [{name: u, user: {client-certificate-data: "
		      "LS0tLS1CRUdJTiB4}}]\n",
		      NULL),
	       "and no client-key"),
	    "a certificate without its key");
	ok(strstr(fault(HEAD CONTEXT CLUSTER
		      "users: [{name: u, user: {client-certificate-data: "
		      "LS0tLS1CRUdJTiB4, client-key-data: "
		      "LS0tLS1CRUdJTiBFTkNSWVBURUQgUFJJVkFURSBLRVk=}}]\n",
		      NULL),
	       "passphrase"),
	    "a key that somebody would have to be asked for");
	ok(strstr(fault(HEAD CONTEXT CLUSTER
		      "users: [{name: u, user: {token: a, username: b}}]\n",
		      NULL),
	       "which of them"),
	    "a token and a user name");
	ok(strstr(fault(HEAD CONTEXT CLUSTER
		      "users: [{name: u, user: {tokenFile: not/there}}]\n",
		      NULL),
	       "/home/joe/not/there'"),
	    "a file that is not there, beside the kubeconfig");
	ok(strstr(fault(HEAD CONTEXT CLUSTER
		      "users: [{name: u, user: {auth-provider: {name: gcp}}}]",
		      NULL),
	       "gke-gcloud-auth-plugin"),
	    "auth-provider: what to use in its place");
	is_str(fault(HEAD CONTEXT CLUSTER
		   "users: [{name: u, user: {auth-provider: {name: oidc, "
		   "config: {id-token: abc}}}}]",
		   NULL),
	    "", "but an identity token is taken");
	is_str(k.token, "abc", "... as a token");
	ok(strstr(fault(HEAD CONTEXT
		      "clusters: [{name: k, cluster: {server: \"https://h\", "
		      "insecure-skip-tls-verify: true, "
		      "certificate-authority-data: LS0tLS1CRUdJTiB4}}]\n",
		      NULL),
	       "either"),
	    "insecure and an authority");
}

static void
test_impersonation(void)
{
	is_str(fault(HEAD CONTEXT CLUSTER
		   "users: [{name: u, user: {as: joe, as-uid: 7, "
		   "as-groups: [a, b], as-user-extra: {x/y: [1, z]}}}]\n",
		   NULL),
	    "", "impersonation");
	is_str(k.impersonate[0], "Impersonate-User: joe", "user");
	is_str(k.impersonate[1], "Impersonate-Uid: 7", "uid");
	is_str(k.impersonate[3], "Impersonate-Group: b", "groups");
	is_str(k.impersonate[4], "Impersonate-Extra-x%2Fy: 1", "extra");
	ok(strstr(fault(HEAD CONTEXT CLUSTER
		      "users: [{name: u, user: {as-groups: [a]}}]\n",
		      NULL),
	       "need 'as'"),
	    "groups of nobody");
}

#define EXEC(rest)                                                             \
	HEAD CONTEXT CLUSTER "users: [{name: u, user: {exec: {" rest "}}}]\n"
#define BETA "apiVersion: client.authentication.k8s.io/v1beta1, "

static void
test_exec(void)
{
	is_str(fault(EXEC(BETA "command: bin/p, args: [a, 1], "
			       "env: [{name: A, value: b}]"),
		   NULL),
	    "", "exec");
	ok(strstr(k.exec->argv[0], "/home/joe/bin/p"),
	    "a command with a slash is beside the kubeconfig");
	is_str(k.exec->argv[2], "1", "arguments");
	is_str(k.exec->env[0], "A=b", "environment");
	is_str(k.exec->info,
	    "{\"kind\":\"ExecCredential\",\"apiVersion\":"
	    "\"client.authentication.k8s.io/v1beta1\","
	    "\"spec\":{\"interactive\":false}}",
	    "what it is told");
	is_str(fault(EXEC(BETA "command: aws"), NULL), "", "a plain command");
	is_str(k.exec->argv[0], "aws", "... is searched in PATH");
	is_str(fault(HEAD CONTEXT
		   "clusters: [{name: k, cluster: {server: \"https://h\", "
		   "certificate-authority-data: LS0tLS1CRUdJTiB4, "
		   "extensions: [{name: client.authentication.k8s.io/exec, "
		   "extension: {a: 1.50}}]}}]\n"
		   "users: [{name: u, user: {exec: {" BETA
		   "command: p, provideClusterInfo: true}}}]\n",
		   NULL),
	    "", "exec that wants to know the cluster");
	ok(strstr(k.exec->info,
	       "\"cluster\":{\"server\":\"https://h\","
	       "\"certificate-authority-data\":\"LS0tLS1CRUdJTiB4\","
	       "\"config\":{\"a\":1.50}}"),
	    "... is told");
	ok(strstr(fault(EXEC("apiVersion: client.authentication.k8s.io/"
			     "v1alpha1, command: aws"),
		      NULL),
	       "update the tool"),
	    "an old version");
	ok(strstr(fault(EXEC(BETA "command: p, interactiveMode: Always"), NULL),
	       "nobody to ask"),
	    "one that always asks");
	ok(strstr(fault(EXEC(BETA "x: y"), NULL), "no 'command'"),
	    "no command");
}

static const char *
credential(const char *status)
{
	static struct buf text = BUF_INIT, err = BUF_INIT;
	struct exec_credential c;

	buf_clear(&err);
	buf_setf(&text,
	    "{\"kind\":\"ExecCredential\",\"apiVersion\":\"g/v1\","
	    "\"status\":%s}",
	    status);
	if (exec_credential_parse(&c, text.data, text.len, "g/v1", &err) == 0)
		exec_credential_release(&c);
	return err.data;
}

static void
test_credential(void)
{
	struct exec_credential c;
	struct buf err = BUF_INIT;

	is_str(credential("{\"token\":\"s3cret\"}"), "", "a token");
	ok(strstr(credential("{}"), "neither"), "nothing");
	ok(strstr(credential("{\"clientKeyData\":\"s3cret\"}"), "only one"),
	    "a key without its certificate");
	ok(strstr(credential("{\"token\":\"s3\\ncret\"}"), "line break") &&
		!strstr(credential("{\"token\":\"s3\\ncret\"}"), "cret\""),
	    "a token with a line break");
	ok(strstr(credential("{\"token\":\"a\",\"expirationTimestamp\":"
			     "\"soon\"}"),
	       "3339"),
	    "no time");
	ok(strstr(credential("[]"), "no 'status'"), "no object");
	exec_credential_parse(&c, "s3cret", 6, "g/v1", &err);
	ok(err.len && !strstr(err.data, "s3cret"),
	    "something else is not shown");
	buf_release(&err);
}

/* ---- access ---- */

static struct loop *l;
static struct timer guard = TIMER_INIT;
static char problem[1024], hint[1024];
static int answers;
static bool in_loop;

static void
give_up(void *arg)
{
	(void)arg;
	snprintf(problem, sizeof(problem), "(no answer)");
	loop_stop(l, 1);
}

static void
on_ready(void *arg, const char *what, const char *advice)
{
	(void)arg;
	answers++;
	snprintf(problem, sizeof(problem), "%s", what ? what : "");
	snprintf(hint, sizeof(hint), "%s", advice ? advice : "");
	if (in_loop)
		loop_stop(l, 0);
}

static const char *
lines_of(struct access *a)
{
	static struct buf lines = BUF_INIT;
	struct buf none = BUF_INIT;
	int before = answers;

	buf_clear(&lines);
	access_ready(a, on_ready, NULL);
	if (answers == before) {
		timer_set(l, &guard, GUARD_MS, give_up, NULL);
		in_loop = true;
		loop_run(l);
		in_loop = false;
		timer_stop(&guard);
	}
	if (*problem)
		return problem;
	access_sign(a, "GET", access_url(a), &none, 0, &lines, NULL);
	return lines.data;
}

static void
write_file(const char *name, const char *text)
{
	file_replace(at(name), text, strlen(text), 0600, false, NULL);
}

static struct access *
open_access(const char *spec, struct buf *err)
{
	return access_new(
	    l, at("d"), "m", (struct json){spec, strlen(spec)}, err);
}

/* The file "kc", and further members of the spec. */
static struct access *
open_file(const char *more, struct buf *err)
{
	struct buf spec = BUF_INIT;
	struct access *a;

	buf_adds(&spec, "{\"kind\":\"kubeconfig\",\"kubeconfig\":");
	json_add_str(&spec, at("kc"));
	buf_addf(&spec, "%s}", more);
	a = open_access(spec.data, err);
	buf_release(&spec);
	return a;
}

/* An access by a kubeconfig with these entries. */
static struct access *
open_with(const char *cluster, const char *user)
{
	struct buf text = BUF_INIT, err = BUF_INIT;
	struct access *a;

	buf_addf(&text,
	    HEAD CONTEXT "clusters: [{name: k, cluster: {%s}}]\n"
			 "users: [{name: u, user: {%s}}]\n",
	    cluster, user);
	write_file("kc", text.data);
	a = open_file("", &err);
	if (a == NULL)
		fprintf(stderr, "# %s\n", err.data);
	buf_release(&text);
	buf_release(&err);
	return a;
}

static const char *
text_of(const char *file)
{
	static struct buf text = BUF_INIT;

	buf_clear(&text);
	file_read_all(file, &text, NULL);
	return text.data;
}

static void
test_lines(void)
{
	struct file_info info;
	const char *text;
	char file[256];
	struct access *a =
	    open_with("server: 'https://1.2.3.4:6443/p/', tls-server-name: n, "
		      "proxy-url: 'http://x:1', disable-compression: true",
		"username: joe, password: 'a:b', as: jim");

	is_str(lines_of(a),
	    "connect-to = \"n:6443:1.2.3.4:6443\"\n"
	    "header = \"Host: 1.2.3.4:6443\"\n"
	    "proxy = \"http://x:1\"\nnoproxy = \"\"\n"
	    "header = \"Impersonate-User: jim\"\n"
	    "header = \"Authorization: Basic am9lOmE6Yg==\"\n",
	    "another name, a proxy, a password, another user");
	is_str(access_url(a), "https://n:6443/p", "the URL has that name");
	access_free(a);
	a = open_with("server: 'https://[::1]/p', tls-server-name: n", "");
	ok(strstr(lines_of(a), "connect-to = \"n:443:[::1]:443\"\n") &&
		strcmp(access_url(a), "https://n/p") == 0,
	    "the same without a port");
	access_free(a);
	a = open_with("server: 'https://h', "
		      "certificate-authority-data: LS0tLS1CRUdJTiB4",
	    "client-certificate-data: LS0tLS1CRUdJTiB5, "
	    "client-key-data: LS0tLS1CRUdJTiB6, token: t");
	text = lines_of(a);
	ok(strstr(text, "compressed\ncacert = \"") &&
		strstr(text, "\ncert = \"") && strstr(text, "\nkey = \"") &&
		strstr(text, "Authorization: Bearer t\"\n"),
	    "authority, certificate and key in files, and a token");
	snprintf(file, sizeof(file), "%.*s",
	    (int)strcspn(strstr(text, "\nkey = \"") + 8, "\""),
	    strstr(text, "\nkey = \"") + 8);
	is_str(text_of(file), "-----BEGIN z", "what is in such a file");
	file_info(file, false, &info);
	ok(!info.open_to_others, "... which nobody else can read");
	access_free(a);
	access_clean(at("d"));
	file_info(file, false, &info);
	is_int(info.type, FILE_ABSENT, "clean removes it");
}

/* A user whose plugin is this program. */
static struct access *
open_plugin(const char *mode)
{
	struct buf user = BUF_INIT;
	struct access *a;

	file_remove(at("runs"), NULL);
	buf_addf(&user,
	    "exec: {" BETA "command: '%s', args: [plugin, %s], "
	    "installHint: ask joe, env: [{name: COLOUR, value: red}, "
	    "{name: RUNS, value: '%s'}]}",
	    self, mode, at("runs"));
	a = open_with(
	    "server: 'https://h', disable-compression: true", user.data);
	buf_release(&user);
	return a;
}

static void
test_plugin(void)
{
	struct access *a = open_plugin("token");

	is_str(lines_of(a), "header = \"Authorization: Bearer s3cret-red\"\n",
	    "a plugin's token");
	lines_of(a);
	is_int(runs(), 1, "... is kept");
	access_refused(a);
	lines_of(a);
	is_int(runs(), 2, "... until it is refused");
	access_free(a);
	a = open_plugin("old");
	lines_of(a);
	lines_of(a);
	is_int(runs(), 2, "... or has expired");
	access_free(a);
	a = open_plugin("cert");
	ok(strstr(lines_of(a), "cert = \""), "a plugin's certificate");
	access_free(a);
	a = open_plugin("fail");
	lines_of(a);
	ok(strstr(problem, "exit code 3: please log in; at https://login"),
	    "a plugin that fails");
	ok(strstr(problem, "kc:6:") && strstr(problem, "user 'u'"),
	    "... and where it stands");
	ok(strstr(hint, "by hand"), "... and what to do");
	access_free(a);
	a = open_plugin("hang");
	access_ready(a, on_ready, NULL);
	access_free(a);
	ok(true, "one that runs is ended");
	a = open_with("server: 'https://h'",
	    "exec: {" BETA "command: './no-such', "
	    "installHint: ask joe}");
	lines_of(a);
	ok(strstr(problem, "no-such"), "a plugin that is not there");
	is_str(hint, "ask joe", "... and where to get it");
	access_free(a);
}

/* KUBECONFIG's list: the first that has something counts. */
static void
test_places(void)
{
	struct buf err = BUF_INIT, list = BUF_INIT;
	struct access *a;

	write_file("one", "users: [{name: u, user: {token: one}}]\n");
	write_file("two",
	    HEAD CONTEXT CLUSTER "users: [{name: u, user: {token: two}}]\n");
	buf_addf(&list, "%s%s%s%s%s", at("none"), path_list_separator(),
	    at("one"), path_list_separator(), at("two"));
	env_set("KUBECONFIG", list.data);
	a = open_access("{\"kind\":\"kubeconfig\",\"kubeconfig\":null}", &err);
	ok(a && strstr(lines_of(a), "Bearer one"), "files are merged");
	access_free(a);
	env_set("KUBECONFIG", at("none"));
	env_set("KUBERNETES_SERVICE_HOST", NULL);
	a = open_access("{\"kind\":\"kubeconfig\"}", &err);
	ok(a == NULL && strstr(err.data, "none') is not there"),
	    "no file at all");
	dir_make_all(at("account"), 0700, NULL);
	write_file("account/token", "inside\n");
	write_file("account/namespace", "here\n");
	env_set("NNI_SERVICE_ACCOUNT", at("account"));
	env_set("KUBERNETES_SERVICE_HOST", "fd00::1");
	env_set("KUBERNETES_SERVICE_PORT", "6443");
	a = open_access("{\"kind\":\"kubeconfig\"}", &err);
	ok(a && strstr(lines_of(a), "Bearer inside"), "in a pod");
	is_str(a ? access_url(a) : "", "https://[fd00::1]:6443", "... its URL");
	ok(a && strstr(access_facts(a).at, "\"namespace\":\"here\""),
	    "... its namespace");
	write_file("account/token", "anew\n");
	ok(a && strstr(lines_of(a), "Bearer anew"), "... its token, anew");
	access_free(a);
	buf_release(&err);
	buf_release(&list);
}

static void
test_facts(void)
{
	struct buf err = BUF_INIT;
	struct access *a;

	access_free(open_with(
	    "server: 'https://h', insecure-skip-tls-verify: true", ""));
	a = open_file(",\"namespace\":\"n\"", &err);
	ok(a && strstr(lines_of(a), "insecure\n"), "insecure");
	ok(a && strstr(access_facts(a).at, "\"namespace\":\"n\","
					   "\"insecure\":true"),
	    "... is a fact, and the namespace asked for");
	write_file("kc",
	    HEAD CONTEXT CLUSTER "users: [{name: u, user: {token: fresh}}]\n");
	ok(a && !strstr(lines_of(a), "fresh"), "a file is read once");
	access_refused(a);
	ok(a && strstr(lines_of(a), "fresh"), "... and after a refusal");
	access_free(a);
	a = open_file(",\"namespace\":\"../x\"", &err);
	ok(a == NULL && strstr(err.data, "'../x' is no name"),
	    "a namespace that would leave its place in a URL");
	buf_release(&err);
}

static void
test_times(void)
{
	static const char *const wrong[] = {"", "2024", "2024-01-01",
	    "2024-13-01T00:00:00Z", "2024-01-01T00:00:00",
	    "2024-01-01T00:00:00.Z", "2024-01-01T00:00:00+1:00", "x"};
	int64_t ms = 0, i;

	ok(when_parse("1970-01-02T00:00:01.5Z", &ms) == 0 && ms == 86401500,
	    "a time");
	ok(when_parse("2000-02-29T12:00:00.123456789+02:00", &ms) == 0 &&
		ms == INT64_C(951818400123),
	    "a time in another zone");
	for (i = 0; i < (int64_t)(sizeof(wrong) / sizeof(*wrong)); i++)
		ok(when_parse(wrong[i], &ms) == -1, wrong[i]);
}

int
nni_main(int argc, char **argv)
{
	snprintf(self, sizeof(self), "%s", sys_self_path());
	if (argc == 3 && strcmp(argv[1], "plugin") == 0)
		return be_plugin(argv[2]);
	test_read();
	test_problems();
	test_impersonation();
	test_exec();
	test_credential();
	kubeconfig_release(&k);
	if (expdir_scratch("unit", &scratch, NULL) == -1)
		return 1;
	l = loop_new();
	test_lines();
	test_plugin();
	test_places();
	test_facts();
	test_times();
	loop_free(l);
	dir_remove_tree(scratch.data, NULL);
	return done_testing();
}
