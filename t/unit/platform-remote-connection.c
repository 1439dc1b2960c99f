/*
 * A connection's life, with a script in place of ssh that runs its command
 * here, in a HOME of its own, and scripts in place of far ends.
 */
#include <stdlib.h>
#include <string.h>

#include "agent.h"
#include "backend.h"
#include "connection.h"
#include "expdir.h"
#include "mem.h"
#include "tap.h"
#include "os/file.h"
#include "os/process.h"
#include "os/sys.h"
#include "say.h"

static struct buf dir = BUF_INIT; /* this test's own */
static struct machine m;

static const char *
in_dir(const char *name)
{
	static struct buf path = BUF_INIT;

	expdir_path(&path, dir.data, name);
	return path.data;
}

static void
script(const char *name, const char *text)
{
	struct buf all = BUF_INIT, err = BUF_INIT;

	buf_setf(&all, "#!/bin/sh\n%s\n", text);
	if (file_replace(in_dir(name), all.data, all.len, 0700, false, &err) ==
	    -1)
		printf("Bail out! %s\n", err.data);
	buf_release(&all);
	buf_release(&err);
}

/* What a far end does, as a script: HEARD is done for each line heard. */
#define FAR(before, heard)                                                     \
	before "\nprintf '\\nnni-platform-local stdio 1\\n'\n"                 \
	       "read -r settings\necho \"{\\\"type\\\":\\\"x\\\",\\\"got\\\":" \
	       "$settings,\\\"verb\\\":\\\"$*\\\"}\"\n"                        \
	       "while read -r line; do " heard "; done\n"
#define PONG                                                                   \
	"case $line in *ping*) echo '{\"type\":\"pong\"}';; "                  \
	"*) echo \"$line\";; esac"

/* ---- one connection, and what it tells, as text ---- */

static struct play {
	struct loop *loop;
	struct connection *c;
	struct buf told;
	const char *say;   /* written when it is up */
	const char *hurry; /* how long it may be silent from then on */
	int downs;	   /* after so many it is enough */
	unsigned failures; /* at the end */
	int code;
	struct timer limit;
} play = {.told = BUF_INIT};

static void
stop(void)
{
	play.failures = connection_failures(play.c);
	loop_stop(play.loop, 0);
}

static void
on_up(void *arg)
{
	(void)arg;
	buf_adds(&play.told, "up; ");
	if (play.hurry)
		env_set("NNI_BACKEND_TIMEOUT", play.hurry);
	if (play.say)
		connection_write(play.c, play.say, strlen(play.say));
}

static void
on_line(void *arg, char *line, size_t len)
{
	(void)arg;
	(void)len;
	buf_addf(&play.told, "%s; ", line ? line : "(too long)");
	if (line && strstr(line, "enough"))
		connection_finish(play.c);
}

static void
on_need(void *arg, const char *digest)
{
	(void)arg;
	buf_addf(&play.told, "need %s; ", digest);
}

static void
on_down(void *arg, const char *why, const char *hint, int64_t pause_ms)
{
	(void)arg;
	buf_addf(&play.told, "down %s%s%s; ", why, hint ? " | " : "",
	    hint ? hint : "");
	if (pause_ms < 500 || pause_ms > 1000)
		buf_addf(&play.told, "after %s; ",
		    pause_ms >= 5000 && pause_ms <= 10000 ? "long" : "?");
	if (--play.downs == 0)
		stop();
}

static void
on_ended(void *arg, const char *why, const char *hint, int code)
{
	(void)arg;
	buf_addf(&play.told, "ended %s%s%s", why ? why : "well",
	    hint ? " | " : "", hint ? hint : "");
	play.code = code;
	stop();
}

static void
too_long(void *arg)
{
	(void)arg;
	buf_adds(&play.told, "(for ever)");
	stop();
}

static const struct connection_calls calls = {
    .up = on_up,
    .line = on_line,
    .need = on_need,
    .down = on_down,
    .ended = on_ended,
};

/* Until it ended, or was down so often; what it told.  0: one try. */
static const char *
run(const char *verb, int downs, const char *say)
{
	buf_clear(&play.told);
	play.loop = loop_new();
	play.say = say;
	play.downs = downs;
	play.code = -1;
	play.c = connection_new(
	    play.loop, &m, verb, false, "{\"n\":1}", &calls, NULL);
	if (!downs)
		connection_once(play.c);
	timer_set(play.loop, &play.limit, 120000, too_long, NULL);
	connection_start(play.c);
	loop_run(play.loop);
	timer_stop(&play.limit);
	connection_free(play.c);
	loop_free(play.loop);
	return play.told.data;
}

static bool
has(const char *text, const char *part, const char *name)
{
	bool good = strstr(text, part) != NULL;

	ok(good, name);
	if (!good)
		fprintf(stderr, "# got:    %s\n# wanted: %s\n", text, part);
	return good;
}

#define GOT "{\"type\":\"x\",\"got\":{\"n\":1},\"verb\":\"submit --stdio\"}; "

/* ---- a far end that is there ---- */

static void
test_lines(void)
{
	script("far", FAR("", PONG));
	is_str(run("submit", 0, "{\"a\":\"enough\"}"),
	    "up; " GOT "{\"a\":\"enough\"}; ended well",
	    "settings, lines, the end");
	is_int(play.code, NNI_OK, "its code");
	script(
	    "far", FAR("printf '\\033[1mWelcome\\r\\n$ '; echo nni:x", PONG));
	is_str(run("submit", 0, "enough"), "up; " GOT "enough; ended well",
	    "noise is skipped");
	script("far",
	    FAR("",
		"echo '{\"type\":\"need\",\"tree\":\"abc\"}'; echo enough"));
	is_str(run("submit", 0, "x"), "up; " GOT "need abc; enough; ended well",
	    "it lacks a tree");
	script("far", "printf '\\nnni-platform-local stdio 99\\n'; read x");
	has(run("submit", 0, NULL), "of another version", "another version");
}

static void
test_ends(void)
{
	script("far", FAR("", "exit 7"));
	is_str(run("submit", 1, "x"),
	    "up; " GOT "down here: nni-platform-local submit ended there with "
	    "exit code 7; ",
	    "an end unasked for");
	is_int(play.failures, 1, "is a failure");
	script("far",
	    "printf '\\nnni-platform-local stdio 1\\n'; read x\n"
	    "echo '{\"type\":\"error\",\"message\":\"mine\",\"hint\":\"go\"}'\n"
	    "exit 3");
	is_str(run("submit", 0, NULL), "up; ended here: mine | go",
	    "its error is the reason");
	is_int(play.code, 3, "with its code");
	script("far", FAR("echo here >>\"$HOME\"/starts", "exit 9"));
	run("submit", 2, "x");
	is_int(play.failures, 1, "who spoke did not fail in a row");
	script("far", "exit 9");
	run("submit", 2, "x");
	is_int(play.failures, 2, "who did not speak did");
}

static void
test_silence(void)
{
	play.hurry = "6s";
	script("far", FAR("", PONG "; echo enough"));
	is_str(run("submit", 0, NULL), "up; " GOT "enough; ended well",
	    "a ping is answered");
	play.hurry = "0.3s";
	script("far", FAR("", ":"));
	has(run("submit", 0, NULL), "it has not answered for 0.3 s",
	    "who does not answer is given up");
	play.hurry = NULL;
	env_set("NNI_BACKEND_TIMEOUT", "0.3s");
	script("far", "exec sleep 1000");
	has(run("submit", 0, NULL), " for 0.3 s", "no marker");
	script("shell", "while :; do echo noise; sleep 0.1; done");
	env_set("FAKE_SHELL", in_dir("shell"));
	has(run("submit", 0, NULL),
	    "its login shell has run no command for 0.3 s | log in by hand",
	    "a shell that hangs, talking");
	env_set("FAKE_SHELL", NULL);
	env_set("NNI_BACKEND_TIMEOUT", NULL);
}

static void
test_shells(void)
{
	script("shell", "echo This account is not available.; exit 1");
	env_set("FAKE_SHELL", in_dir("shell"));
	has(run("submit", 0, NULL),
	    "the login shell there ended with exit code 1 and ran no "
	    "command; it said: This account is not available.",
	    "no login");
	env_set("FAKE_SHELL", NULL);
	script("no-login", "echo 'b@h: Permission denied (publickey).' >&2\n"
			   "exit 255");
	env_set("NNI_SSH", in_dir("no-login"));
	has(run("submit", 1, NULL), "after long; ",
	    "a login that is refused is not tried again soon");
	env_set("NNI_SSH", in_dir("no-ssh"));
	has(run("submit", 0, NULL), "no-ssh': No such file", "no ssh");
	has(play.told.data, "install the OpenSSH client", "and what to do");
	env_set("NNI_SSH", in_dir("ssh"));
}

static void
test_agent_path(void)
{
	file_remove(in_dir("far"), NULL);
	has(run("submit", 0, NULL), "/far' is not there | put",
	    "agentPath names nothing");
	is_int(play.code, NNI_CONFIG, "its code");
	script("far", "echo unknown option >&2; exit 2");
	has(run("submit", 0, NULL),
	    "/far' is not a program that can be a far end (exit code 2); it "
	    "said: unknown option",
	    "or something else");
	free(m.agent_path);
	m.agent_path = xstrdup("~/far-home");
	script("home/far-home", FAR("", "echo enough"));
	is_str(run("submit", 0, "x"), "up; " GOT "enough; ended well",
	    "it may be in the home");
}

/* ---- one that is not there ---- */

static void
test_sending(void)
{
	struct buf path = BUF_INIT, err = BUF_INIT, hint = BUF_INIT;
	const struct agent *a;
	struct file_info info;

	a = agent_find("SunOS", "sun4v", &err, &hint);
	ok(!a && strstr(err.data, "SunOS sun4v") &&
		strstr(hint.data, "agentPath"),
	    "a system without a program");
	script("home/bin/uname", "case $1 in -s) echo SunOS;; *) echo sun4v;; "
				 "esac");
	script("shell", "PATH=$HOME/bin:$PATH exec sh \"$@\"");
	env_set("FAKE_SHELL", in_dir("shell"));
	has(run("submit", 0, NULL), "ended here: it is a SunOS sun4v", "told");
	env_set("FAKE_SHELL", NULL);
	a = agent_find("Linux", "x86_64", &err, &hint);
	if (!a) {
		skip("not built", "sending the program");
		goto out;
	}
	buf_addf(&path, "%s/root/bin/%s/nni-platform-local", in_dir("home"),
	    a->digest);
	/* These are no settings, so it says so and ends. */
	has(run("submit", 0, NULL), "up; ended here: ", "the program is sent");
	ok(file_info(path.data, false, &info) == 0 && info.size == a->size &&
		info.mode == 0700,
	    "whole, for us alone");
	script(path.data, FAR("", "echo enough"));
	is_str(run("submit", 0, "x"), "up; " GOT "enough; ended well",
	    "what is there is not sent again");
	script(path.data, "exit 126");
	has(run("submit", 0, NULL),
	    "up; ended here: ", "but what cannot be run is");
out:
	buf_release(&path);
	buf_release(&err);
	buf_release(&hint);
}

/* Between the single quotes that sh, csh and fish know, and cmd.exe does not.
 */
static void
test_texts(void)
{
	struct buf text = BUF_INIT;
	const char *inside, *end;

	agent_start_text(&text, "submit");
	inside = strchr(text.data, '\'') + 1;
	end = strrchr(text.data, '\'');
	ok(inside + strcspn(inside, "><|&%^!\\\n'") == end && !end[1],
	    "what starts the program means nothing to Windows");
	buf_clear(&text);
	agent_send_text(&text);
	inside = strchr(text.data, '\'') + 1;
	end = strrchr(text.data, '\'');
	ok(inside + strcspn(inside, "!\\\n'") == end && !end[1],
	    "what takes it means the same to all shells");
	buf_release(&text);
}

static void
test_login_shells(void)
{
	static const char *const shells[] = {
	    "dash", "bash", "busybox sh", "ksh", "zsh", "fish", "csh", "tcsh"};
	struct buf found = BUF_INIT, name = BUF_INIT;
	size_t i;

	script("far", FAR("", "echo enough"));
	free(m.agent_path);
	m.agent_path = xstrdup(in_dir("far"));
	for (i = 0; i < sizeof(shells) / sizeof(*shells); i++) {
		buf_set(&name, shells[i]);
		buf_cut(&name, strcspn(name.data, " "));
		if (proc_find(name.data, NULL, &found) == -1) {
			skip("not there", shells[i]);
			continue;
		}
		env_set("FAKE_SHELL", shells[i]);
		is_str(run("submit", 0, "x"), "up; " GOT "enough; ended well",
		    shells[i]);
	}
	env_set("FAKE_SHELL", NULL);
	buf_release(&found);
	buf_release(&name);
}

static void
set_up(void)
{
	struct buf err = BUF_INIT;

	if (expdir_scratch("nni-unit", &dir, &err) == -1)
		printf("Bail out! %s\n", err.data);
	dir_make_all(in_dir("home/bin"), 0700, NULL);
	env_set("NNI_PLATFORM_PATH",
	    env_get("NNI_BIN") ? env_get("NNI_BIN") : "bin");
	env_set("HOME", in_dir("home"));
	script("ssh", "for last; do :; done; cd; exec ${FAKE_SHELL:-sh} -c "
		      "\"exec $last\"");
	env_set("NNI_SSH", in_dir("ssh"));
	m = (struct machine){.dir = dir.data,
	    .member = "remote",
	    .place = xstrdup("here"),
	    .host = xstrdup("here"),
	    .agent_path = xstrdup(in_dir("far")),
	    .remote_dir = xstrdup("~/root")};
	buf_release(&err);
}

int
nni_main(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	set_up();
	test_lines();
	test_ends();
	test_silence();
	test_shells();
	test_agent_path();
	test_texts();
	test_login_shells();
	free(m.agent_path);
	m.agent_path = NULL;
	test_sending();
	dir_remove_tree(dir.data, NULL);
	buf_release(&dir);
	buf_release(&play.told);
	free(m.place);
	free(m.host);
	free(m.agent_path);
	free(m.remote_dir);
	return done_testing();
}
