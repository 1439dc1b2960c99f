/* The ssh command of a machine: options, environment. */
#include "ssh.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "mem.h"
#include "os/process.h"
#include "os/sys.h"
#include "sha256.h"

/* ssh -G may run commands of the user's (Match exec). */
#define ASK_MS 10000
#define ANSWER_MAX ((size_t)1 << 20)

/* ---- lists of words ---- */

static size_t
count_words(char *const *words)
{
	size_t n = 0;

	while (words[n])
		n++;
	return n;
}

static void
add_word(char ***words, const char *word)
{
	size_t n = *words ? count_words(*words) : 0;

	*words = xreallocarray(*words, n + 2, sizeof(**words));
	(*words)[n] = xstrdup(word);
	(*words)[n + 1] = NULL;
}

static void
free_words(char **words)
{
	size_t i;

	for (i = 0; words && words[i]; i++)
		free(words[i]);
	free(words);
}

static void
add_option(struct ssh_command *c, const char *option)
{
	add_word(&c->argv, "-o");
	add_word(&c->argv, option);
}

/* ---- what the user's configuration says ---- */

/* The program, and whom it is to reach: the configuration depends on it. */
static void
add_destination(struct ssh_command *c, const struct machine *m)
{
	struct buf port = BUF_INIT;

	if (m->port) {
		buf_setf(&port, "%" PRId64, m->port);
		add_word(&c->argv, "-p");
		add_word(&c->argv, port.data);
	}
	if (m->user) {
		add_word(&c->argv, "-l");
		add_word(&c->argv, m->user);
	}
	buf_release(&port);
}

static const char *
program(void)
{
	const char *name = env_get("NNI_SSH");

	return name && *name ? name : "ssh";
}

/* "key value" lines with keys in lower case; empty: it cannot tell. */
static void
ask_user(const struct machine *m, struct buf *answer)
{
	struct ssh_command c = {NULL, NULL};
	struct buf err = BUF_INIT;
	struct proc_end end;
	struct proc_spec spec = {.in = {PROC_NULL, OS_NO_FILE},
	    .out = {PROC_PIPE, OS_NO_FILE},
	    .err = {PROC_NULL, OS_NO_FILE}};

	add_word(&c.argv, program());
	add_word(&c.argv, "-G");
	add_destination(&c, m);
	add_word(&c.argv, "--");
	add_word(&c.argv, m->host);
	spec.argv = c.argv;
	if (proc_run(&spec, answer, ASK_MS, &end, &err) != 0 || end.signaled ||
	    end.code != 0)
		buf_clear(answer);
	buf_release(&err);
	free_words(c.argv);
}

/* The value of a key; false: there is none. */
static bool
told(const struct buf *answer, const char *key, struct buf *value)
{
	size_t len = strlen(key);
	const char *at = answer->data;

	buf_clear(value);
	for (; *at; at += strcspn(at, "\n"), at += *at == '\n')
		if (!strncmp(at, key, len) && at[len] == ' ') {
			buf_add(
			    value, at + len + 1, strcspn(at, "\n") - len - 1);
			buf_rtrim(value);
			return true;
		}
	return false;
}

static bool
told_to_be(const struct buf *answer, const char *key, const char *wanted)
{
	struct buf value = BUF_INIT;
	bool is = told(answer, key, &value) && !strcmp(value.data, wanted);

	buf_release(&value);
	return is;
}

/*
 * What does not go with a stream of lines, and what ssh would otherwise wait
 * for: set where the user's configuration has this value, or none that it
 * tells.
 */
static const struct {
	const char *key, *value, *option;
	bool always; /* ssh's default, too */
} needed[] = {
    {"connecttimeout", "none", "ConnectTimeout=10", true},
    {"serveraliveinterval", "0", "ServerAliveInterval=15", true},
    {"loglevel", "SILENT", "LogLevel=ERROR", false}, /* QUIET */
    {"loglevel", "QUIET", "LogLevel=ERROR", false},
    {"loglevel", "FATAL", "LogLevel=ERROR", false},
    {"stdinnull", "yes", "StdinNull=no", false},
    {"forkafterauthentication", "yes", "ForkAfterAuthentication=no", false},
    {"sessiontype", "none", "SessionType=default", false},
    {"sessiontype", "subsystem", "SessionType=default", false},
    {"forwardx11", "yes", "ForwardX11=no", false},
};

static void
add_needed(struct ssh_command *c, const struct buf *answer)
{
	struct buf value = BUF_INIT;
	size_t i;

	for (i = 0; i < sizeof(needed) / sizeof(*needed); i++)
		if (answer->len
			? told_to_be(answer, needed[i].key, needed[i].value)
			: needed[i].always)
			add_option(c, needed[i].option);
	if (told(answer, "remotecommand", &value) &&
	    strcmp(value.data, "none") != 0)
		add_option(c, "RemoteCommand=none");
	/* The user's own sessions have these ports. */
	if (told(answer, "localforward", &value) ||
	    told(answer, "remoteforward", &value) ||
	    told(answer, "dynamicforward", &value))
		add_option(c, "ClearAllForwardings=yes");
	buf_release(&value);
}

/* A question about a key could be answered by nobody. */
static void
add_host_key(
    struct ssh_command *c, const struct machine *m, const struct buf *answer)
{
	if (m->accept_new)
		add_option(c, "StrictHostKeyChecking=accept-new");
	else if (told_to_be(answer, "stricthostkeychecking", "ask"))
		add_option(c, "StrictHostKeyChecking=yes");
}

/* Is the way there another program's, such as an ssh to a jump host? */
static bool
is_proxied(const struct buf *answer)
{
	struct buf by = BUF_INIT;
	bool is = (told(answer, "proxyjump", &by) ||
		      told(answer, "proxycommand", &by)) &&
		  strcmp(by.data, "none") != 0;

	buf_release(&by);
	return is;
}

/* ---- one connection for several commands ---- */

/*
 * Not by way of a jump host: ssh would throw away what that one says when it
 * refuses.  The socket is the experiment's and the machine's: another
 * experiment's login, maybe with another key, says nothing about this one's.
 */
static void
add_sharing(
    struct ssh_command *c, const struct machine *m, const struct buf *answer)
{
	struct buf dir = BUF_INIT, text = BUF_INIT;
	char digest[SHA256_HEX + 1];
	struct sha256 sum;

	if (answer->len && !told(answer, "controlpath", &text) &&
	    !is_proxied(answer) && sys_socket_dir(&dir) == 0) {
		buf_setf(&text, "%s\n%s\n%zu\n%s", m->dir, m->member, m->index,
		    m->place);
		sha256_init(&sum);
		sha256_update(&sum, text.data, text.len);
		sha256_final_hex(&sum, digest);
		buf_setf(&text, "ControlPath=%s/%.16s", dir.data, digest);
		add_option(c, "ControlMaster=auto");
		add_option(c, text.data);
		add_option(c, "ControlPersist=10");
	}
	buf_release(&dir);
	buf_release(&text);
}

/* ---- secrets ---- */

static void
add_variable(struct ssh_command *c, const char *name, const char *value)
{
	struct buf text = BUF_INIT;

	buf_setf(&text, "%s=%s", name, value);
	add_word(&c->env, text.data);
	buf_release(&text);
}

/* As it stands in the prompt for a password: "%.30s@%.128s". */
static void
add_pointer(
    struct ssh_command *c, const struct machine *m, const struct buf *answer)
{
	struct buf text = BUF_INIT, user = BUF_INIT, host = BUF_INIT;

	buf_setf(&text, "%s\n%s\n%zu", m->dir, m->member, m->index);
	if (told(answer, "user", &user) &&
	    (told(answer, "hostkeyalias", &host) ||
		told(answer, "hostname", &host)))
		buf_addf(&text, "\n%.30s@%.128s", user.data, host.data);
	if (is_proxied(answer))
		buf_adds(&text, "\nproxied");
	add_variable(c, SSH_ASKPASS_POINTER, text.data);
	buf_release(&text);
	buf_release(&user);
	buf_release(&host);
}

static void
add_secrets(
    struct ssh_command *c, const struct machine *m, const struct buf *answer)
{
	if (!m->has_password && !m->has_passphrase) {
		add_option(c, "BatchMode=yes");
		return;
	}
	add_option(c, "NumberOfPasswordPrompts=1");
	/* Many keys of an agent would use up the server's patience. */
	if (m->has_password)
		add_option(c, "PreferredAuthentications="
			      "password,keyboard-interactive,publickey");
	if (told_to_be(answer, "batchmode", "yes"))
		add_option(c, "BatchMode=no");
	add_variable(c, "SSH_ASKPASS", sys_self_path());
	add_variable(c, "SSH_ASKPASS_REQUIRE", "force");
	/* Before OpenSSH 8.4 it was this that made it ask a program. */
	if (!env_get("DISPLAY"))
		add_variable(c, "DISPLAY", "x");
	add_pointer(c, m, answer);
}

/* ---- all of it ---- */

static void
make(struct ssh_command *c, const struct machine *m, const char *command,
    bool shared)
{
	struct buf answer = BUF_INIT_MAX(ANSWER_MAX);

	*c = (struct ssh_command){NULL, xcalloc(1, sizeof(*c->env))};
	ask_user(m, &answer);
	add_word(&c->argv, program());
	add_word(&c->argv, "-T");
	add_destination(c, m);
	if (m->key_file) {
		add_word(&c->argv, "-i");
		add_word(&c->argv, m->key_file);
		add_option(c, "IdentitiesOnly=yes");
	}
	add_secrets(c, m, &answer);
	add_needed(c, &answer);
	add_host_key(c, m, &answer);
	if (shared)
		add_sharing(c, m, &answer);
	add_word(&c->argv, "--");
	add_word(&c->argv, m->host);
	add_word(&c->argv, command);
	buf_release(&answer);
}

void
ssh_command(struct ssh_command *c, const struct machine *m, const char *command)
{
	make(c, m, command, true);
}

void
ssh_command_alone(
    struct ssh_command *c, const struct machine *m, const char *command)
{
	make(c, m, command, false);
}

void
ssh_command_release(struct ssh_command *c)
{
	free_words(c->argv);
	free_words(c->env);
	*c = (struct ssh_command){NULL, NULL};
}
