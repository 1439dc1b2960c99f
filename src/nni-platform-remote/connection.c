/*
 * A machine's far end.  One attempt after the other is an ssh that runs once:
 *
 *	CONNECTING --nni:absent--> SENDING --nni:sent--> CONNECTING
 *	CONNECTING --nothing of the kind--> ASKING --Windows--> CONNECTING
 *	CONNECTING --marker, settings--> UP
 *	any of them, at its end --> WAITING --pause--> CONNECTING, or OVER
 */
#include "connection.h"

#include <stdlib.h>
#include <string.h>

#include "agent.h"
#include "backend.h"
#include "ending.h"
#include "json.h"
#include "mem.h"
#include "os/file.h"
#include "os/sys.h"
#include "pulse.h"
#include "record.h"
#include "remote.h"
#include "say.h"
#include "ssh.h"
#include "windows-visit.h"

enum {
	PAUSE_MS = 1000,
	LONG_PAUSE_MS = 10000,
	LONGEST_PAUSE_MS = 360000,
	NOISE_MAX = 2048, /* kept, for a message */
	KIND_MAX = 64,
	PIECE = 65536
};

enum state { IDLE, CONNECTING, ASKING, SENDING, UP, WAITING, OVER };

struct connection {
	struct loop *loop;
	const struct machine *m;
	const struct connection_calls *calls;
	void *arg;
	char *verb, *settings;
	bool once, single, finishing, paused;
	enum state state;
	unsigned failures;
	int last_code;	    /* of the last failure */
	struct timer timer; /* the pause, or a call from the loop */

	/* the present ssh */
	struct backend *ssh;
	bool ran;	    /* it could be started */
	struct buf noise;   /* said before the marker */
	struct buf killed;  /* why we ended it; empty: we did not */
	struct buf last;    /* an error record, if it said nothing else */
	struct buf outcome; /* SENDING: "sent" or what failed */
	char system[KIND_MAX], machine[KIND_MAX];
	bool absent, spoke;
	bool sent; /* the program, since it was last seen to work */
	os_file file;
	loop_fn *drain;
	void *drain_arg;

	/* Windows */
	enum windows_shell shell;
	bool asked; /* it is sure: since it was last seen to work */
	struct windows_visit *visit;
	int code; /* of the ssh before it */

	struct pulse pulse;
};

static const struct backend_calls connect_calls, send_calls;
static void connect_now(void *arg);

/* ---- failures ---- */

static int64_t
pause_ms(unsigned failures)
{
	int64_t ms = PAUSE_MS;
	unsigned i;
	uint32_t chance = 0;

	if (failures >= CONNECTION_PATIENCE) {
		ms = LONG_PAUSE_MS;
		for (i = CONNECTION_PATIENCE;
		     i < failures && ms < LONGEST_PAUSE_MS; i++)
			ms *= 2;
		if (ms > LONGEST_PAUSE_MS)
			ms = LONGEST_PAUSE_MS;
	}
	random_bytes(&chance, sizeof(chance));
	return ms / 2 + (int64_t)(chance % (uint32_t)(ms / 2 + 1));
}

/* The present ssh is done with.  Never from its `line`. */
static void
drop_ssh(struct connection *c)
{
	pulse_stop(&c->pulse);
	backend_free(c->ssh);
	c->ssh = NULL;
	windows_visit_free(c->visit);
	c->visit = NULL;
	if (c->file != OS_NO_FILE)
		file_close(c->file);
	c->file = OS_NO_FILE;
}

static void
over(struct connection *c, const char *why, const char *hint, int code)
{
	drop_ssh(c);
	c->state = OVER;
	c->calls->ended(c->arg, why, hint, code);
}

static void
failed(struct connection *c, const struct buf *why, const struct buf *hint,
    int code)
{
	const char *do_next = hint->len ? hint->data : NULL;
	int64_t ms;

	c->failures++;
	c->last_code = code;
	/* A login that is refused is not tried thrice in a moment: accounts are
	   locked for that. */
	if (code == NNI_AUTH && c->failures < CONNECTION_PATIENCE)
		c->failures = CONNECTION_PATIENCE;
	c->asked = false;
	if (c->single || c->finishing) {
		over(c, why->data, do_next, code);
		return;
	}
	drop_ssh(c);
	c->state = WAITING;
	ms = pause_ms(c->failures);
	timer_set(c->loop, &c->timer, ms, connect_now, c);
	c->calls->down(c->arg, why->data, do_next, ms);
}

/* Why the present ssh ended; returns the exit code. */
static int
explain(struct connection *c, const char *told, int code, struct buf *why,
    struct buf *hint)
{
	struct buf said = BUF_INIT;
	struct ending e = {.m = c->m,
	    .verb = c->verb,
	    .when = !c->ran		  ? ENDED_AT_ONCE
		    : c->state == SENDING ? ENDED_SENDING
		    : c->state == UP	  ? ENDED_UP
		    : c->system[0]	  ? ENDED_STARTING
					  : ENDED_IN_SHELL,
	    .code = code,
	    .told = told,
	    .heard = c->noise.len ? c->noise.data : "",
	    .error = c->last.len ? c->last.data : NULL};

	if (c->killed.len) {
		buf_set(why, c->killed.data);
		if (e.when == ENDED_IN_SHELL)
			buf_setf(hint, "log in by hand, and see what it waits "
				       "for");
		return NNI_TEMPORARY;
	}
	backend_words(c->ssh, &said);
	e.said = said.len ? said.data : "";
	code = ending_explain(&e, why, hint);
	buf_release(&said);
	return code;
}

/* ---- is it alive? ---- */

static void
give_up(struct connection *c, const char *what)
{
	buf_setf(&c->killed, "%s: %s for %g s", c->m->place, what,
	    (double)backend_timeout_ms() / 1000);
	backend_kill(c->ssh);
}

static void
look(void *arg)
{
	static const char ping[] = "{\"type\":\"ping\"}";
	struct connection *c = arg;

	if (!pulse_gone(&c->pulse)) {
		if (c->state == UP)
			backend_write(c->ssh, ping, sizeof(ping) - 1);
	} else if (c->state != CONNECTING) {
		give_up(c, "it has not answered");
	} else if (c->system[0]) {
		give_up(c, "the program there has said nothing");
	} else {
		give_up(c, "its login shell has run no command");
	}
}

/* Words of a login shell are no sign that it will ever be done. */
static void
be_watched(struct connection *c)
{
	pulse_start(
	    &c->pulse, c->loop, c->ssh, c->state == CONNECTING, look, c);
}

/* ---- one ssh ---- */

static void
log_name(const struct connection *c, struct buf *log)
{
	buf_addf(log, "%s-%s-%s", c->m->member, c->m->place, c->verb);
}

static void
run_ssh(struct connection *c, const struct buf *text,
    const struct backend_calls *calls)
{
	struct ssh_command cmd;
	struct buf log = BUF_INIT;

	drop_ssh(c);
	buf_clear(&c->noise);
	buf_clear(&c->killed);
	buf_clear(&c->last);
	buf_clear(&c->outcome);
	c->ran = c->absent = c->spoke = false;
	if (c->failures)
		ssh_command_alone(&cmd, c->m, text->data);
	else
		ssh_command(&cmd, c->m, text->data);
	log_name(c, &log);
	c->ssh = backend_program(c->loop, (const char *const *)cmd.argv,
	    c->m->dir, log.data, calls, c);
	backend_env(c->ssh, cmd.env);
	backend_once(c->ssh);
	backend_pause(c->ssh, c->paused);
	backend_start(c->ssh);
	be_watched(c);
	ssh_command_release(&cmd);
	buf_release(&log);
}

static void
ran(void *arg)
{
	struct connection *c = arg;

	c->ran = true;
}

/* ---- sending the program ---- */

/* The next piece of the file, whenever the last is on its way. */
static void
send_more(void *arg)
{
	struct connection *c = arg;
	char *piece;
	int64_t n;

	if (c->file == OS_NO_FILE)
		return;
	piece = xcalloc(1, PIECE);
	n = file_read(c->file, piece, PIECE);
	if (n > 0) {
		backend_write_bytes(c->ssh, piece, (size_t)n);
		pulse_given(&c->pulse, (size_t)n);
	} else {
		file_close(c->file);
		c->file = OS_NO_FILE;
		backend_finish(c->ssh);
	}
	free(piece);
}

static void
send_program(struct connection *c)
{
	struct buf err = BUF_INIT, hint = BUF_INIT, text = BUF_INIT;
	const struct agent *a = agent_find(c->system, c->machine, &err, &hint);
	os_file file = a ? file_open(a->path, FILE_READ, 0, &err) : OS_NO_FILE;

	if (file == OS_NO_FILE) {
		buf_setf(&text, "%s: %s", c->m->place, err.data);
		failed(c, &text, &hint, NNI_CONFIG);
	} else {
		agent_send_text(&text);
		c->state = SENDING;
		run_ssh(c, &text, &send_calls);
		c->file = file;
		buf_clear(&text);
		agent_send_input(&text, c->m, a);
		backend_on_drain(c->ssh, send_more, c);
		backend_write_bytes(c->ssh, text.data, text.len);
	}
	buf_release(&err);
	buf_release(&hint);
	buf_release(&text);
}

static void
hear_sender(void *arg, char *line, size_t len)
{
	static const char mark[] = "nni:";
	struct connection *c = arg;

	if (line && len > 4 && memcmp(line, mark, 4) == 0)
		buf_set(&c->outcome, line + 4);
	else if (line && c->noise.len + len < NOISE_MAX)
		buf_addf(&c->noise, "%s\n", line);
}

static void
sender_ended(void *arg, const char *told, int code)
{
	static const char failure[] = "failed ";
	struct connection *c = arg;
	struct buf why = BUF_INIT, hint = BUF_INIT;

	if (strcmp(c->outcome.len ? c->outcome.data : "", "sent") == 0) {
		c->sent = true;
		connect_now(c);
	} else if (c->outcome.len > sizeof(failure) - 1 &&
		   memcmp(c->outcome.data, failure, sizeof(failure) - 1) == 0) {
		code = agent_failed(
		    &why, &hint, c->m, c->outcome.data + sizeof(failure) - 1);
		failed(c, &why, &hint, code);
	} else {
		code = explain(c, told, code, &why, &hint);
		failed(c, &why, &hint, code);
	}
	buf_release(&why);
	buf_release(&hint);
}

static const struct backend_calls send_calls = {
    .line = hear_sender,
    .started = ran,
    .ended = sender_ended,
};

/* ---- connecting ---- */

/* From now on no ping can be sent. */
static void
end_input(struct connection *c)
{
	pulse_stop(&c->pulse);
	backend_finish(c->ssh);
}

/* The far end listens. */
static void
marker_seen(struct connection *c)
{
	struct buf line = BUF_INIT;

	c->state = UP;
	c->sent = false;
	if (c->shell != WINDOWS_NOT && c->asked)
		windows_remember(c->m, c->shell);
	c->asked = false;
	if (c->calls->settings)
		c->calls->settings(c->arg, c->system, c->machine, &line);
	else
		buf_adds(&line, c->settings);
	backend_write(c->ssh, line.data, line.len);
	buf_release(&line);
	backend_on_drain(c->ssh, c->drain, c->drain_arg);
	c->calls->up(c->arg);
	if (c->finishing)
		end_input(c);
	else
		be_watched(c);
}

/* "nni:at SYSTEM MACHINE" */
static void
learn_kind(struct connection *c, const char *kind)
{
	size_t len = strcspn(kind, " ");
	const char *rest = kind + len + strspn(kind + len, " ");

	if (len < sizeof(c->system) && strlen(rest) < sizeof(c->machine)) {
		memcpy(c->system, kind, len);
		c->system[len] = '\0';
		memcpy(c->machine, rest, strlen(rest) + 1);
	}
}

static void
hear_shell(struct connection *c, const char *line, size_t len)
{
	static const char marker[] = FAR_MARKER;
	/* All of it but its version. */
	size_t name = (size_t)(strrchr(marker, ' ') - marker) + 1;

	if (!line)
		return;
	if (strcmp(line, marker) == 0)
		marker_seen(c);
	else if (strncmp(line, marker, name) == 0) {
		buf_setf(&c->killed,
		    "%s: the program there is of another version: '%s', not "
		    "'%s'",
		    c->m->place, line, marker);
		backend_kill(c->ssh);
	} else if (strncmp(line, "nni:at ", 7) == 0)
		learn_kind(c, line + 7);
	else if (strcmp(line, "nni:absent") == 0)
		c->absent = true;
	else if (c->noise.len + len < NOISE_MAX)
		buf_addf(&c->noise, "%s\n", line);
}

/* Is it a record of that type?  Far ends begin with it; long lines are not
   read for nothing. */
static bool
is_of_type(const char *line, const char *type)
{
	static const char start[] = "{\"type\":\"";
	size_t n = sizeof(start) - 1, len = strlen(type);

	return line && strncmp(line, start, n) == 0 &&
	       strncmp(line + n, type, len) == 0 && line[n + len] == '"';
}

static void
tell_need(struct connection *c, const char *line, size_t len)
{
	struct record r;
	struct buf digest = BUF_INIT;

	if (record_parse(&r, line, len, NULL) == 0)
		json_string(record_get(&r, "tree"), &digest);
	c->calls->need(c->arg, digest.len ? digest.data : "");
	buf_release(&digest);
}

/*
 * An error before all else is the reason of an end that follows: it is kept
 * back until it is known to be none.
 */
static void
pass_on(struct connection *c, char *line, size_t len)
{
	bool is_error = !c->spoke && is_of_type(line, "error");

	if (c->last.len)
		c->calls->line(c->arg, c->last.data, c->last.len);
	buf_clear(&c->last);
	if (is_error) {
		buf_set(&c->last, line);
		return;
	}
	c->spoke = true;
	c->failures = 0;
	if (is_of_type(line, "pong"))
		return;
	if (c->calls->need && is_of_type(line, "need"))
		tell_need(c, line, len);
	else
		c->calls->line(c->arg, line, len);
}

static void
hear(void *arg, char *line, size_t len)
{
	struct connection *c = arg;

	if (c->killed.len)
		return;
	if (c->state == UP)
		pass_on(c, line, len);
	else
		hear_shell(c, line, len);
}

/* ---- Windows ---- */

static void
sent_to_windows(
    void *arg, const struct buf *why, const struct buf *hint, int code)
{
	struct connection *c = arg;

	c->sent = code == NNI_OK;
	if (c->sent)
		connect_now(c);
	else
		failed(c, why, hint, code);
}

static void
shell_told(void *arg, enum windows_shell shell)
{
	struct connection *c = arg;
	struct buf why = BUF_INIT, hint = BUF_INIT;

	c->asked = true;
	c->shell = shell;
	if (shell != WINDOWS_NOT) {
		connect_now(c);
	} else {
		c->state = CONNECTING;
		failed(c, &why, &hint, explain(c, "", c->code, &why, &hint));
	}
	buf_release(&why);
	buf_release(&hint);
}

/*
 * A shell of which ssh came back, but no word of ours: is it Windows'?  Of one
 * that is, the program is not there.
 */
static bool
try_windows(struct connection *c, int code)
{
	struct buf log = BUF_INIT;
	bool known = c->shell != WINDOWS_NOT;

	if (c->state != CONNECTING || !c->ran || c->killed.len || code == 255 ||
	    code == -1 ||
	    (known ? c->asked && (c->sent || c->m->agent_path)
		   : c->asked || (c->system[0] && !windows_system(c->system))))
		return false;
	pulse_stop(&c->pulse);
	log_name(c, &log);
	if (known && !c->asked) {
		/* What was remembered may be wrong by now. */
		c->shell = WINDOWS_NOT;
		connect_now(c);
	} else if (known) {
		c->state = SENDING;
		c->visit = windows_send(
		    c->loop, c->m, c->shell, log.data, sent_to_windows, c);
	} else {
		c->state = ASKING;
		c->code = code;
		c->visit = windows_ask(
		    c->loop, c->m, c->system, log.data, shell_told, c);
	}
	buf_release(&log);
	return true;
}

/* ---- from its beginning to its end ---- */

static void
agent_path_missing(struct connection *c)
{
	struct buf why = BUF_INIT, hint = BUF_INIT;

	buf_setf(&why, "%s: agentPath '%s' is not there", c->m->place,
	    c->m->agent_path);
	buf_setf(&hint,
	    "put nni-platform-local of %s %s there, or remove "
	    "agentPath and have it sent",
	    c->system, c->machine);
	failed(c, &why, &hint, NNI_CONFIG);
	buf_release(&why);
	buf_release(&hint);
}

static void
connect_ended(void *arg, const char *told, int code)
{
	struct connection *c = arg;
	struct buf why = BUF_INIT, hint = BUF_INIT;
	/* One that is there and cannot be run is worth another. */
	bool send = c->state == CONNECTING && !c->killed.len && c->system[0] &&
		    (c->absent || code == 126);

	if (c->state == UP && code == 0 && !c->killed.len &&
	    (c->finishing || c->single)) {
		over(c, NULL, NULL, NNI_OK);
	} else if (send && c->m->agent_path && c->absent) {
		agent_path_missing(c);
	} else if (c->shell == WINDOWS_NOT && send && !c->m->agent_path &&
		   !c->sent && !windows_system(c->system)) {
		send_program(c);
	} else if (!try_windows(c, code)) {
		code = explain(c, told, code, &why, &hint);
		failed(c, &why, &hint, code);
	}
	buf_release(&why);
	buf_release(&hint);
}

static const struct backend_calls connect_calls = {
    .line = hear,
    .started = ran,
    .ended = connect_ended,
};

static bool
has_line_break(const char *s)
{
	return s && strpbrk(s, "\r\n");
}

static void
connect_now(void *arg)
{
	struct connection *c = arg;
	struct buf text = BUF_INIT, hint = BUF_INIT, words = BUF_INIT;
	struct buf err = BUF_INIT;

	c->state = CONNECTING;
	c->system[0] = c->machine[0] = '\0';
	buf_setf(&words, "%s%s", c->verb, c->once ? " --once" : "");
	if (has_line_break(c->m->remote_dir) ||
	    has_line_break(c->m->agent_path)) {
		buf_setf(&text, "%s: remoteDir or agentPath has a line break",
		    c->m->place);
		failed(c, &text, &hint, NNI_CONFIG);
	} else if (c->shell == WINDOWS_NOT) {
		agent_start_text(&text, words.data);
		run_ssh(c, &text, &connect_calls);
		buf_clear(&text);
		agent_start_input(&text, c->m);
		backend_write_bytes(c->ssh, text.data, text.len);
	} else if (windows_text(
		       &text, c->shell, c->m, words.data, &err, &hint) == -1) {
		buf_setf(&text, "%s: %s", c->m->place, err.data);
		failed(c, &text, &hint, NNI_CONFIG);
	} else {
		learn_kind(c, WINDOWS_SYSTEM " " WINDOWS_MACHINE);
		run_ssh(c, &text, &connect_calls);
	}
	buf_release(&words);
	buf_release(&text);
	buf_release(&hint);
	buf_release(&err);
}

/* ---- for its owner ---- */

struct connection *
connection_new(struct loop *loop, const struct machine *m, const char *verb,
    bool once, const char *settings, const struct connection_calls *calls,
    void *arg)
{
	struct connection *c = xcalloc(1, sizeof(*c));

	c->loop = loop;
	c->m = m;
	c->calls = calls;
	c->arg = arg;
	c->verb = xstrdup(verb);
	c->settings = settings ? xstrdup(settings) : NULL;
	c->once = once;
	c->file = OS_NO_FILE;
	c->shell = windows_recall(m);
	buf_init(&c->noise, 2 * NOISE_MAX);
	buf_init(&c->killed, 4096);
	buf_init(&c->last, NNI_LINE_MAX + 1);
	buf_init(&c->outcome, NNI_LINE_MAX + 1);
	return c;
}

void
connection_once(struct connection *c)
{
	c->single = true;
}

void
connection_start(struct connection *c)
{
	c->finishing = false;
	c->state = CONNECTING;
	/* From the loop, so that no owner is called while it calls. */
	timer_set(c->loop, &c->timer, 0, connect_now, c);
}

void
connection_again(struct connection *c)
{
	c->finishing = false;
	c->state = WAITING;
	timer_set(c->loop, &c->timer, pause_ms(c->failures), connect_now, c);
}

void
connection_write(struct connection *c, const char *line, size_t len)
{
	if (c->state != UP)
		return;
	pulse_given(&c->pulse, len);
	backend_write(c->ssh, line, len);
}

void
connection_write_calm(struct connection *c, const char *line, size_t len)
{
	if (c->state != UP)
		return;
	pulse_given(&c->pulse, len);
	backend_write_calm(c->ssh, line, len);
}

size_t
connection_queued(const struct connection *c)
{
	return c->state == UP ? backend_queued(c->ssh) : 0;
}

void
connection_on_drain(struct connection *c, loop_fn *fn, void *arg)
{
	c->drain = fn;
	c->drain_arg = arg;
	if (c->state == UP)
		backend_on_drain(c->ssh, fn, arg);
}

static void
nothing_to_end(void *arg)
{
	over(arg, NULL, NULL, NNI_OK);
}

void
connection_finish(struct connection *c)
{
	if (c->finishing || c->state == OVER)
		return;
	c->finishing = true;
	if (c->state == UP) {
		end_input(c);
	} else if (c->state == IDLE || c->state == WAITING) {
		timer_set(c->loop, &c->timer, 0, nothing_to_end, c);
	}
}

bool
connection_up(const struct connection *c)
{
	return c->state == UP;
}

bool
connection_finished(const struct connection *c)
{
	return c->state == OVER;
}

unsigned
connection_failures(const struct connection *c)
{
	return c->failures;
}

int
connection_code(const struct connection *c)
{
	return c->last_code;
}

void
connection_pause(struct connection *c, bool paused)
{
	c->paused = c->pulse.paused = paused;
	if (c->ssh)
		backend_pause(c->ssh, paused);
}

void
connection_free(struct connection *c)
{
	if (!c)
		return;
	timer_stop(&c->timer);
	drop_ssh(c);
	free(c->verb);
	free(c->settings);
	buf_release(&c->noise);
	buf_release(&c->killed);
	buf_release(&c->last);
	buf_release(&c->outcome);
	free(c);
}
