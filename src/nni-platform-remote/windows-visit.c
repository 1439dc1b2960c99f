/*
 * The way of the far program to a Windows machine.  Each step is an ssh or sftp
 * that runs once; the program has come when it has run there.
 */
#include "windows-visit.h"

#include <stdlib.h>
#include <string.h>

#include "agent.h"
#include "backend.h"
#include "mem.h"
#include "os/file.h"
#include "os/sys.h"
#include "say.h"
#include "ssh.h"

enum {
	SLOWEST = 16384, /* bytes a second, below which it is given up */
	SAID_MAX = 4096
};
enum way { BY_SFTP, BY_TAR, WAYS };

struct windows_visit {
	struct loop *loop;
	const struct machine *m;
	char *log;
	struct backend *ssh; /* or sftp */
	bool started;
	struct buf said; /* on its standard output */
	void *arg;
	/* asking */
	const char *system;
	windows_asked_fn *asked;
	/* sending */
	windows_sent_fn *sent;
	enum windows_shell shell;
	const struct agent *agent;
	enum way way;
	struct buf why; /* what went wrong, in all ways so far */
};

int
windows_text(struct buf *text, enum windows_shell shell,
    const struct machine *m, const char *arguments, struct buf *err,
    struct buf *hint)
{
	const char *digest = "";
	const struct agent *a;

	if (!m->agent_path) {
		a = agent_find(WINDOWS_SYSTEM, WINDOWS_MACHINE, err, hint);
		if (!a)
			return -1;
		digest = a->digest;
	}
	return windows_command(text, shell, m, digest, arguments, err);
}

static void try_way(struct windows_visit *v);

static void
hear(void *arg, char *line, size_t len)
{
	struct windows_visit *v = arg;

	if (line && v->said.len + len + 1 < v->said.max)
		buf_addf(&v->said, "%s\n", line);
}

static void
started(void *arg)
{
	struct windows_visit *v = arg;

	v->started = true;
}

static void
run(struct windows_visit *v, char *const *argv, char *const *env,
    const struct buf *input, const struct backend_calls *calls)
{
	backend_free(v->ssh);
	buf_clear(&v->said);
	v->started = false;
	v->ssh = backend_program(
	    v->loop, (const char *const *)argv, v->m->dir, v->log, calls, v);
	backend_env(v->ssh, env);
	backend_once(v->ssh);
	backend_deadline(
	    v->ssh, backend_timeout_ms() +
			(v->agent ? v->agent->size * 1000 / SLOWEST : 0));
	backend_start(v->ssh);
	/* One that could not be started shall tell why, not that it ended. */
	if (v->started) {
		backend_write_bytes(v->ssh, input->data, input->len);
		backend_finish(v->ssh);
	}
}

static void
run_there(struct windows_visit *v, const char *command, const struct buf *input,
    const struct backend_calls *calls)
{
	struct ssh_command c;

	ssh_command(&c, v->m, command);
	run(v, c.argv, c.env, input, calls);
	ssh_command_release(&c);
}

/* The last line of what was said: it says why. */
static void
add_last_line(struct buf *to, struct buf *text)
{
	const char *last;

	buf_rtrim(text);
	last = strrchr(text->data, '\n');
	buf_adds(to, last ? last + 1 : text->data);
}

static void
next_way(struct windows_visit *v)
{
	struct buf why = BUF_INIT, hint = BUF_INIT;

	if (++v->way < WAYS) {
		try_way(v);
		return;
	}
	buf_addf(&why, "%s: cannot put the program there: %s", v->m->place,
	    v->why.data);
	buf_adds(&hint, "see to it that its sshd_config has 'Subsystem sftp "
			"sftp-server.exe'; or put agents/windows-x86_64.exe "
			"there yourself, "
			"and set agentPath to where it is");
	v->sent(v->arg, &why, &hint, NNI_TEMPORARY);
	buf_release(&why);
	buf_release(&hint);
}

/*
 * A step failed: another way may do better, unless it is ssh itself that has
 * failed.  (sftp ends with 255 where only the subsystem is not there.)
 */
static void
step_failed(
    struct windows_visit *v, const char *step, const char *told, int code)
{
	struct buf words = BUF_INIT, why = BUF_INIT, hint = BUF_INIT;

	backend_words(v->ssh, &words);
	if (code == 255 && strcmp(step, "sftp") != 0) {
		code = ssh_explain(&why, &hint, v->m, words.data, code);
		v->sent(v->arg, &why, &hint, code);
	} else {
		if (v->why.len)
			buf_adds(&v->why, "; ");
		buf_addf(&v->why, "%s: ", step);
		if (!v->started)
			buf_adds(&v->why, told ? told : "");
		else if (words.len)
			add_last_line(&v->why, &words);
		else if (v->said.len)
			add_last_line(&v->why, &v->said);
		else
			buf_addf(&v->why, "exit code %d", code);
		next_way(v);
	}
	buf_release(&words);
	buf_release(&why);
	buf_release(&hint);
}

/* ---- does it run? ---- */

static void
checked(void *arg, const char *told, int code)
{
	struct windows_visit *v = arg;

	if (code == 0 && strstr(v->said.data, "nni-platform-local "))
		v->sent(v->arg, NULL, NULL, NNI_OK);
	else
		step_failed(v, "the program does not run", told, code);
}

static const struct backend_calls check_calls = {
    .line = hear,
    .started = started,
    .ended = checked,
};

static void
check(struct windows_visit *v)
{
	struct buf command = BUF_INIT, nothing = BUF_INIT;

	windows_program(&command, v->shell, v->agent->digest);
	buf_adds(&command, " --version");
	run_there(v, command.data, &nothing, &check_calls);
	buf_release(&command);
}

/* ---- by sftp ---- */

/* In sftp's own quotes, where \ is one more. */
static void
add_quoted(struct buf *to, const char *path)
{
	buf_addc(to, '"');
	for (; *path; path++) {
		if (*path == '"' || *path == '\\')
			buf_addc(to, '\\');
		buf_addc(to, *path);
	}
	buf_addc(to, '"');
}

/*
 * A dash in front of a command: it may fail.  Several may send the program at
 * once: renaming replaces, and where it cannot, since the other one runs
 * already, that one is as good.
 */
static void
write_batch(struct windows_visit *v, struct buf *to)
{
	struct buf dir = BUF_INIT, new = BUF_INIT;
	uint32_t chance[2] = {0, 0};
	const char *end;

	buf_addf(&dir, WINDOWS_BIN "/%s", v->agent->digest);
	random_bytes(chance, sizeof(chance));
	buf_addf(&new, "%s/new-%08x%08x.exe", dir.data, (unsigned)chance[0],
	    (unsigned)chance[1]);
	for (end = dir.data; (end = strchr(end + 1, '/')) != NULL;)
		buf_addf(to, "-mkdir %.*s\n", (int)(end - dir.data), dir.data);
	buf_addf(to, "-mkdir %s\nput ", dir.data);
	add_quoted(to, v->agent->path);
	buf_addf(to, " %s\n-rename %s %s/" WINDOWS_PROGRAM "\n-rm %s\n",
	    new.data, new.data, dir.data, new.data);
	buf_release(&dir);
	buf_release(&new);
}

/* Where sftp goes: what is behind a colon would be a path there. */
static char *
sftp_host(const struct machine *m)
{
	struct buf to = BUF_INIT;

	if (m->user)
		buf_addf(&to, "%s@", m->user);
	buf_addf(&to, strchr(m->host, ':') ? "[%s]" : "%s", m->host);
	return buf_detach(&to);
}

/*
 * The argv of sftp that goes the way of ssh's: the options that it has too,
 * with its own letter for the port.  They come first, and the first counts: -b
 * would forbid to ask for a password.
 */
static char **
sftp_argv(const struct machine *m, char *const *ssh)
{
	static const char with_value[] = "BbcDEeFIiJLlmOopQRSWw";
	static const char as_it_is[] = "FiJo";
	struct buf word = BUF_INIT;
	char **argv;
	size_t n = 0, i;

	for (i = 0; ssh[i]; i++)
		;
	argv = xcalloc(i + 8, sizeof(*argv));
	argv[n++] = xstrdup("sftp");
	if (strcmp(ssh[0], "ssh") != 0) {
		argv[n++] = xstrdup("-S");
		argv[n++] = xstrdup(ssh[0]);
	}
	for (i = 1; ssh[i] && ssh[i][0] == '-' && strcmp(ssh[i], "--") != 0;
	     i++) {
		char letter = ssh[i][1];
		const char *value = ssh[i] + 2;

		if (!strchr(with_value, letter))
			continue;
		if (!*value && !(value = ssh[++i]))
			break;
		if (strchr(as_it_is, letter))
			buf_addf(&word, "-%c%s", letter, value);
		else if (letter == 'p')
			buf_addf(&word, "-P%s", value);
		else if (letter == 'l')
			buf_addf(&word, "-oUser=%s", value);
		else
			continue;
		argv[n++] = buf_detach(&word);
	}
	argv[n++] = xstrdup("-oBatchMode=no");
	argv[n++] = xstrdup("-b-");
	argv[n++] = xstrdup("--");
	argv[n] = sftp_host(m);
	return argv;
}

static void
put(void *arg, const char *told, int code)
{
	struct windows_visit *v = arg;

	if (code == 0)
		check(v);
	else
		step_failed(v, "sftp", told, code);
}

static const struct backend_calls sftp_calls = {
    .line = hear,
    .started = started,
    .ended = put,
};

static void
by_sftp(struct windows_visit *v)
{
	struct buf batch = BUF_INIT;
	struct ssh_command c;
	char **argv;
	size_t i;

	ssh_command(&c, v->m, "");
	argv = sftp_argv(v->m, c.argv);
	write_batch(v, &batch);
	run(v, argv, c.env, &batch, &sftp_calls);
	for (i = 0; argv[i]; i++)
		free(argv[i]);
	free(argv);
	ssh_command_release(&c);
	buf_release(&batch);
}

/* ---- by tar ---- */

enum { TAR_BLOCK = 512 };

static void
tar_number(char *field, size_t digits, uint64_t n)
{
	while (digits-- > 0) {
		field[digits] = (char)('0' + n % 8);
		n /= 8;
	}
}

/* One file, as POSIX.1-2008 has it under pax, "ustar Interchange Format". */
static void
add_tar(
    struct buf *to, const char *dir, const char *name, const struct buf *data)
{
	char head[TAR_BLOCK] = {0}, zeros[TAR_BLOCK] = {0};
	uint64_t sum = 0;
	size_t i;

	memcpy(head, name, strlen(name));
	tar_number(head + 100, 7, 0755);
	tar_number(head + 108, 7, 0);
	tar_number(head + 116, 7, 0);
	tar_number(head + 124, 11, data->len);
	tar_number(head + 136, 11, (uint64_t)clock_wall_ms() / 1000);
	memcpy(head + 148, "        ", 8);
	head[156] = '0';
	memcpy(head + 257, "ustar\00000", 8);
	memcpy(head + 345, dir, strlen(dir));
	for (i = 0; i < sizeof(head); i++)
		sum += (unsigned char)head[i];
	tar_number(head + 148, 6, sum);
	head[154] = '\0';
	buf_add(to, head, sizeof(head));
	buf_add(to, data->data, data->len);
	buf_add(to, zeros, (TAR_BLOCK - data->len % TAR_BLOCK) % TAR_BLOCK);
	buf_add(to, zeros, sizeof(zeros));
	buf_add(to, zeros, sizeof(zeros));
}

static void
unpacked(void *arg, const char *told, int code)
{
	struct windows_visit *v = arg;

	if (code == 0)
		check(v);
	else
		step_failed(v, "tar", told, code);
}

static const struct backend_calls tar_calls = {
    .line = hear,
    .started = started,
    .ended = unpacked,
};

static void
by_tar(struct windows_visit *v)
{
	struct buf program = BUF_INIT, tar = BUF_INIT, dir = BUF_INIT;
	struct buf err = BUF_INIT;

	/* An empty archive, if it cannot be read: that will not run. */
	if (file_read_all(v->agent->path, &program, &err) == 0) {
		buf_addf(&dir, WINDOWS_BIN "/%s", v->agent->digest);
		add_tar(&tar, dir.data, WINDOWS_PROGRAM, &program);
	}
	run_there(v, "tar -xf -", &tar, &tar_calls);
	buf_release(&program);
	buf_release(&tar);
	buf_release(&dir);
	buf_release(&err);
}

static void
try_way(struct windows_visit *v)
{
	if (v->way == BY_SFTP)
		by_sftp(v);
	else
		by_tar(v);
}

/* ---- for its owner ---- */

static struct windows_visit *
new_visit(
    struct loop *loop, const struct machine *m, const char *log, void *arg)
{
	struct windows_visit *v = xcalloc(1, sizeof(*v));

	v->loop = loop;
	v->m = m;
	v->log = xstrdup(log);
	v->arg = arg;
	buf_init(&v->said, SAID_MAX);
	buf_init(&v->why, SAID_MAX);
	return v;
}

static void
answered(void *arg, const char *told, int code)
{
	struct windows_visit *v = arg;

	(void)told;
	(void)code;
	v->asked(v->arg, windows_shell_tell(v->said.data, v->system));
}

static const struct backend_calls ask_calls = {
    .line = hear,
    .started = started,
    .ended = answered,
};

struct windows_visit *
windows_ask(struct loop *loop, const struct machine *m, const char *system,
    const char *log, windows_asked_fn *tell, void *arg)
{
	struct windows_visit *v = new_visit(loop, m, log, arg);
	struct buf nothing = BUF_INIT;

	v->system = system;
	v->asked = tell;
	run_there(v, WINDOWS_PROBE, &nothing, &ask_calls);
	return v;
}

struct windows_visit *
windows_send(struct loop *loop, const struct machine *m,
    enum windows_shell shell, const char *log, windows_sent_fn *tell, void *arg)
{
	struct windows_visit *v = new_visit(loop, m, log, arg);

	v->shell = shell;
	v->agent = agent_find(WINDOWS_SYSTEM, WINDOWS_MACHINE, NULL, NULL);
	v->sent = tell;
	try_way(v);
	return v;
}

void
windows_visit_free(struct windows_visit *v)
{
	if (!v)
		return;
	backend_free(v->ssh);
	free(v->log);
	buf_release(&v->said);
	buf_release(&v->why);
	free(v);
}
