/*
 * A backend's verb as a process that may die and is started again.  A process
 * is over when both its standard output has ended and it has been reaped: what
 * it said last counts, however it ended.
 */
#include "backend.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "config.h"
#include "expdir.h"
#include "mem.h"
#include "opt.h"
#include "os/process.h"
#include "os/sys.h"

enum { FIRST_PAUSE_MS = 100, LONGEST_PAUSE_MS = 60000, STRAGGLE_MS = 1000 };
/* One that was of use for so long before it died has not failed in a row. */
enum { WORDS_MAX = 4096 };
enum { STEADY_MS = 10000, LOG_LOOK_MS = 10000, TIMEOUT_MS = 60000 };
#define TIMEOUT_MAX_MS ((int64_t)10 * 24 * 3600 * 1000)

struct backend {
	struct loop *loop;
	const struct backend_calls *calls;
	void *arg;
	char **argv; /* ours, NULL-ended */
	char **env;  /* ours, NULL-ended; NULL: no changes */
	char *what;  /* how messages call it: "nni-platform-local submit" */
	char *log;   /* where its stderr goes; NULL: to ours */

	struct proc proc;
	struct stream *in, *out;
	struct lines lines;
	uint64_t heard; /* bytes */
	loop_fn *drain;
	void *drain_arg;
	struct proc_end end;
	int64_t log_start; /* size of the log when the process was started */
	bool running;	   /* started and not yet settled */
	bool reaped;
	bool once, finishing, finished, paused;
	unsigned failures;
	struct timer timer; /* the pause before a start, or a straggler's end */
	struct timer deadline_timer, silence, log_look;
	int64_t deadline_ms; /* 0: none */
	int64_t started_ms;
	int64_t quiet_ms; /* since when it is, or was asked something new */
	bool asked;	  /* ... it was written to since it spoke */
	bool told_silent, late, stray, spoke, useful;
	struct buf why; /* of a start that failed */
};

static void start(void *arg);
static void settle(struct backend *b);

/* ---- making one ---- */

static struct backend *
new_backend(struct loop *loop, const struct backend_calls *calls, void *arg,
    size_t args)
{
	struct backend *b = xcalloc(1, sizeof(*b));

	b->loop = loop;
	b->calls = calls;
	b->arg = arg;
	b->argv = xcalloc(args + 1, sizeof(*b->argv));
	lines_init(&b->lines);
	buf_init(&b->why, 4096);
	return b;
}

/* A member's name as part of a file's name. */
static void
add_file_name(struct buf *path, const char *name)
{
	for (; *name; name++)
		buf_addc(path, (*name >= 'a' && *name <= 'z') ||
				       (*name >= 'A' && *name <= 'Z') ||
				       (*name >= '0' && *name <= '9') ||
				       strchr("@._-", *name)
				   ? *name
				   : '_');
}

static char *
log_path(const char *dir, const char *name)
{
	struct buf path = BUF_INIT;

	expdir_path(&path, dir, "log/");
	add_file_name(&path, name);
	buf_adds(&path, ".log");
	return buf_detach(&path);
}

struct backend *
backend_new(struct loop *loop, const char *platform, const char *verb,
    const char *dir, const char *member, const struct backend_calls *calls,
    void *arg, struct buf *err)
{
	const char *const rest[] = {verb, "--dir", dir, "--member", member};
	struct buf text = BUF_INIT;
	struct backend *b;
	size_t i;

	if (backend_find(platform, &text, err) == -1) {
		buf_release(&text);
		return NULL;
	}
	b = new_backend(loop, calls, arg, 6);
	b->argv[0] = buf_detach(&text);
	for (i = 0; i < 5; i++)
		b->argv[i + 1] = xstrdup(rest[i]);
	buf_addf(&text, "nni-platform-%s %s", platform, verb);
	b->what = buf_detach(&text);
	buf_addf(&text, "%s-%s", member, verb);
	b->log = log_path(dir, text.data);
	buf_release(&text);
	return b;
}

struct backend *
backend_of_member(struct loop *loop, const char *dir, const char *member,
    const char *verb, const struct backend_calls *calls, void *arg,
    struct buf *err)
{
	struct config config;
	struct config_member *section;
	struct backend *b = NULL;

	if (config_open(&config, dir, member, &section, err) == 0) {
		b = backend_new(loop, section->platform, verb, dir, member,
		    calls, arg, err);
		config_release(&config);
	}
	return b;
}

struct backend *
backend_program(struct loop *loop, const char *const *argv, const char *dir,
    const char *name, const struct backend_calls *calls, void *arg)
{
	struct backend *b;
	size_t n = 0;

	while (argv[n])
		n++;
	b = new_backend(loop, calls, arg, n);
	while (n--)
		b->argv[n] = xstrdup(argv[n]);
	b->what = xstrdup(path_base(argv[0]));
	if (name)
		b->log = log_path(dir, name);
	return b;
}

void
backend_argument(struct backend *b, const char *arg)
{
	size_t n = 0;

	while (b->argv[n])
		n++;
	b->argv = xreallocarray(b->argv, n + 2, sizeof(*b->argv));
	b->argv[n] = xstrdup(arg);
	b->argv[n + 1] = NULL;
}

void
backend_env(struct backend *b, char *const *env)
{
	size_t n = 0, i;

	while (env[n])
		n++;
	b->env = xcalloc(n + 1, sizeof(*b->env));
	for (i = 0; i < n; i++)
		b->env[i] = xstrdup(env[i]);
}

void
backend_once(struct backend *b)
{
	b->once = true;
}

void
backend_deadline(struct backend *b, int64_t ms)
{
	b->deadline_ms = ms;
}

int64_t
backend_timeout_ms(void)
{
	const char *text = env_get("NNI_BACKEND_TIMEOUT");

	return text && *text ? parse_duration_ms(text) : TIMEOUT_MS;
}

int
backend_environment(struct buf *err)
{
	int64_t ms = backend_timeout_ms();

	if (ms > 0 && ms <= TIMEOUT_MAX_MS)
		return 0;
	return buf_err(err,
	    "NNI_BACKEND_TIMEOUT is '%s', which is no duration such as 90s or "
	    "2m, at most 10d; correct it, or unset it for a minute",
	    env_get("NNI_BACKEND_TIMEOUT"));
}

static void
stop_timers(struct backend *b)
{
	timer_stop(&b->timer);
	timer_stop(&b->deadline_timer);
	timer_stop(&b->silence);
	timer_stop(&b->log_look);
}

void
backend_free(struct backend *b)
{
	size_t i;

	if (!b)
		return;
	stop_timers(b);
	stream_close(b->in);
	stream_close(b->out);
	if (b->running && !b->reaped)
		proc_kill(&b->proc, PROC_TERM);
	lines_release(&b->lines);
	for (i = 0; b->argv[i]; i++)
		free(b->argv[i]);
	free(b->argv);
	for (i = 0; b->env && b->env[i]; i++)
		free(b->env[i]);
	free(b->env);
	free(b->what);
	free(b->log);
	buf_release(&b->why);
	free(b);
}

/* ---- what takes too long, and too much ---- */

static void
too_late(void *arg)
{
	struct backend *b = arg;

	b->late = true;
	if (!b->reaped)
		proc_kill(&b->proc, PROC_KILL);
}

static void
look_for_silence(void *arg)
{
	struct backend *b = arg;
	int64_t left = b->quiet_ms + backend_timeout_ms();

	left -= loop_now_ms(b->loop);
	if (left <= 0) {
		b->told_silent = b->calls->silent(b->arg);
		left = backend_timeout_ms();
	}
	if (!b->told_silent)
		timer_set(b->loop, &b->silence, left, look_for_silence, b);
}

/* From now on it may be silent for too long. */
static void
be_quiet(struct backend *b)
{
	b->quiet_ms = loop_now_ms(b->loop);
	if (b->calls->silent && !b->told_silent && !timer_is_set(&b->silence))
		timer_set(b->loop, &b->silence, backend_timeout_ms(),
		    look_for_silence, b);
}

void
backend_silence(const struct backend *b, struct buf *out)
{
	buf_addf(out, "%s has said nothing for %g s", b->what,
	    (double)backend_timeout_ms() / 1000);
}

/*
 * Whoever complains without end must not fill the disk.  The log was opened for
 * appending, so its writer goes on at its new end.
 */
static void
cut_log(struct backend *b)
{
	static const char said[] =
	    "(more than 64 MiB were here, and dropped)\n";
	os_file f = file_open(b->log, FILE_WRITE | FILE_APPEND, 0, NULL);

	if (f == OS_NO_FILE)
		return;
	if (file_size(f) > BACKEND_LOG_MAX && file_truncate(f, 0) == 0) {
		file_write(f, said, sizeof(said) - 1);
		b->log_start = 0;
	}
	file_close(f);
}

static void
look_at_log(void *arg)
{
	struct backend *b = arg;

	cut_log(b);
	timer_set(b->loop, &b->log_look, LOG_LOOK_MS, look_at_log, b);
}

/* ---- the end of a process ---- */

void
backend_words(const struct backend *b, struct buf *out)
{
	char text[WORDS_MAX];
	os_file f;
	int64_t size, n;

	if (!b->log ||
	    (f = file_open(b->log, FILE_READ, 0, NULL)) == OS_NO_FILE)
		return;
	size = file_size(f);
	n = size - b->log_start;
	if (n > (int64_t)sizeof(text))
		n = (int64_t)sizeof(text);
	n = n > 0 ? file_read_at(f, text, (size_t)n, size - n) : 0;
	file_close(f);
	if (n > 0)
		buf_add(out, text, (size_t)n);
}

/* The last line that the process left in its log, appended to `why`. */
static void
add_last_words(struct backend *b, struct buf *why)
{
	struct buf text = BUF_INIT;
	const char *line;

	backend_words(b, &text);
	buf_rtrim(&text);
	if (text.len) {
		line = strrchr(text.data, '\n');
		buf_addf(why, ": %s", line ? line + 1 : text.data);
	}
	buf_release(&text);
}

/* How it ended, in words. */
static void
describe_end(struct backend *b, struct buf *why)
{
	if (b->why.len) {
		buf_adds(why, b->why.data);
		return;
	}
	if (b->late)
		buf_addf(why, "%s %s within %g s", b->what,
		    b->spoke ? "did not end" : "gave no answer",
		    (double)b->deadline_ms / 1000);
	else if (b->stray)
		buf_addf(why, "%s closed its input or output, but did not end",
		    b->what);
	else if (b->end.signaled)
		buf_addf(why, "%s was killed by SIG%s", b->what,
		    proc_signal_name(b->end.code));
	else
		buf_addf(
		    why, "%s ended with exit code %d", b->what, b->end.code);
	add_last_words(b, why);
}

static int64_t
pause_ms(unsigned failures)
{
	int64_t ms = LONGEST_PAUSE_MS;
	uint32_t chance = 0;

	if (failures < 10)
		ms = (int64_t)FIRST_PAUSE_MS << (failures - 1);
	random_bytes(&chance, sizeof(chance));
	return ms / 2 + (int64_t)(chance % (uint32_t)(ms / 2 + 1));
}

void
backend_again(struct backend *b)
{
	b->finished = b->finishing = false;
	b->failures++;
	timer_set(b->loop, &b->timer, pause_ms(b->failures), start, b);
}

/* The process is over, or could not be started. */
static void
over(struct backend *b)
{
	struct buf why = BUF_INIT;
	bool well = !b->why.len && !b->end.signaled && b->end.code == 0;

	b->running = false;
	if (b->late)
		b->failures += BACKEND_PATIENCE / 2 - 1;
	else if (b->useful && loop_now_ms(b->loop) - b->started_ms >= STEADY_MS)
		b->failures = 0;
	if (!well || !(b->finishing || b->once))
		describe_end(b, &why);
	buf_clear(&b->why);
	if (b->finishing || b->once) {
		b->finished = true;
		b->calls->ended(b->arg, why.len ? why.data : NULL,
		    b->end.signaled ? -1 : b->end.code);
	} else {
		backend_again(b);
		b->calls->died(b->arg, why.data);
	}
	buf_release(&why);
}

/*
 * One of the process's ends has gone: soon all must.  What holds on to the rest
 * (a grandchild with its standard output, a program that closed its input and
 * went to sleep) is not waited for.
 */
static void
straggler(void *arg)
{
	struct backend *b = arg;

	if (!b->reaped) {
		b->stray = true;
		proc_kill(&b->proc, PROC_KILL);
		timer_set(b->loop, &b->timer, STRAGGLE_MS, straggler, b);
		return;
	}
	stream_close(b->out);
	b->out = NULL;
	settle(b);
}

static void
settle(struct backend *b)
{
	if (b->out || !b->reaped) {
		if (!timer_is_set(&b->timer))
			timer_set(
			    b->loop, &b->timer, STRAGGLE_MS, straggler, b);
		return;
	}
	stop_timers(b);
	stream_close(b->in);
	b->in = NULL;
	lines_end(&b->lines, b->calls->line, b->arg);
	over(b);
}

static void
reaped(void *arg, struct proc_end end)
{
	struct backend *b = arg;

	b->reaped = true;
	b->end = end;
	/* A paused stream cannot come to its end. */
	if (b->out)
		stream_pause(b->out, false);
	settle(b);
}

static void
heard(void *arg, const char *bytes, size_t len)
{
	struct backend *b = arg;

	if (len) {
		b->heard += len;
		b->spoke = true;
		b->asked = b->told_silent = false;
		be_quiet(b);
		lines_feed(&b->lines, bytes, len, b->calls->line, b->arg);
		return;
	}
	stream_close(b->out);
	b->out = NULL;
	settle(b);
}

/* It reads no more: what is written from now on is lost, so it has to go. */
static void
deaf(void *arg)
{
	struct backend *b = arg;

	stream_close(b->in);
	b->in = NULL;
	if (!timer_is_set(&b->timer))
		timer_set(b->loop, &b->timer, STRAGGLE_MS, straggler, b);
}

/* ---- the start of a process ---- */

static os_file
open_log(struct backend *b)
{
	struct buf dir = BUF_INIT;
	os_file f;

	if (!b->log)
		return OS_NO_FILE;
	/* Never the experiment's own, which may have been moved. */
	buf_add(&dir, b->log, (size_t)(path_base(b->log) - b->log));
	dir_make(dir.data, 0700, NULL);
	buf_release(&dir);
	cut_log(b);
	f = file_open(
	    b->log, FILE_WRITE | FILE_APPEND | FILE_CREATE, 0600, NULL);
	b->log_start = f == OS_NO_FILE ? 0 : file_size(f);
	return f;
}

static void
failed_start(void *arg)
{
	over(arg);
}

static void
start(void *arg)
{
	struct backend *b = arg;
	os_file log = open_log(b);
	struct proc_spec spec = {.argv = b->argv,
	    .env = (const char *const *)b->env,
	    .in = {PROC_PIPE, OS_NO_FILE},
	    .out = {PROC_PIPE, OS_NO_FILE},
	    .err = {log == OS_NO_FILE ? PROC_INHERIT : PROC_FILE, log}};
	int r = proc_start(&b->proc, &spec, &b->why);

	b->late = b->stray = b->spoke = b->useful = false;
	b->asked = b->told_silent = false;
	if (log != OS_NO_FILE)
		file_close(log);
	if (r == -1) {
		/* From the loop, so that no owner is called while it calls. */
		b->end = (struct proc_end){false, 127};
		timer_set(b->loop, &b->timer, 0, failed_start, b);
		return;
	}
	b->running = true;
	b->reaped = false;
	b->started_ms = loop_now_ms(b->loop);
	be_quiet(b);
	if (b->deadline_ms)
		timer_set(
		    b->loop, &b->deadline_timer, b->deadline_ms, too_late, b);
	if (b->log)
		timer_set(b->loop, &b->log_look, LOG_LOOK_MS, look_at_log, b);
	b->in = stream_writer(b->loop, b->proc.in, deaf, b);
	stream_on_drain(b->in, b->drain, b->drain_arg);
	b->out = stream_reader(b->loop, b->proc.out, heard, b);
	stream_pause(b->out, b->paused);
	loop_child(b->loop, &b->proc, reaped, b);
	if (b->calls->started)
		b->calls->started(b->arg);
}

void
backend_start(struct backend *b)
{
	b->finishing = b->finished = false;
	start(b);
}

/* ---- while it runs ---- */

static void
write_line(struct backend *b, const char *line, size_t len,
    void (*write)(struct stream *, const void *, size_t))
{
	if (!b->in || b->finishing)
		return;
	if (!b->asked)
		be_quiet(b);
	b->asked = true;
	write(b->in, line, len);
	if (!len || line[len - 1] != '\n')
		write(b->in, "\n", 1);
}

void
backend_write(struct backend *b, const char *line, size_t len)
{
	write_line(b, line, len, stream_write);
}

void
backend_write_calm(struct backend *b, const char *line, size_t len)
{
	write_line(b, line, len, stream_write_calm);
}

void
backend_write_bytes(struct backend *b, const void *bytes, size_t len)
{
	if (b->in && !b->finishing)
		stream_write(b->in, bytes, len);
}

size_t
backend_queued(const struct backend *b)
{
	return b->in ? stream_queued(b->in) : 0;
}

void
backend_on_drain(struct backend *b, loop_fn *fn, void *arg)
{
	b->drain = fn;
	b->drain_arg = arg;
	if (b->in)
		stream_on_drain(b->in, fn, arg);
}

static void
input_ended(void *arg)
{
	struct backend *b = arg;

	b->in = NULL;
}

static void
never_started(void *arg)
{
	struct backend *b = arg;

	b->finished = true;
	b->calls->ended(b->arg, NULL, 0);
}

void
backend_finish(struct backend *b)
{
	if (b->finishing || b->finished)
		return;
	b->finishing = true;
	if (b->in)
		stream_finish(b->in, input_ended, b);
	if (!b->running)
		timer_set(b->loop, &b->timer, 0, never_started, b);
}

void
backend_progress(struct backend *b)
{
	b->failures = 0;
}

void
backend_useful(struct backend *b)
{
	b->useful = true;
}

uint64_t
backend_heard(const struct backend *b)
{
	return b->heard;
}

void
backend_kill(struct backend *b)
{
	if (b->running && !b->reaped)
		proc_kill(&b->proc, PROC_KILL);
}

bool
backend_running(const struct backend *b)
{
	return b->running;
}

bool
backend_finished(const struct backend *b)
{
	return b->finished;
}

unsigned
backend_failures(const struct backend *b)
{
	return b->failures;
}

bool
backend_hopeless(const struct backend *b)
{
	return b->failures >= BACKEND_PATIENCE;
}

void
backend_pause(struct backend *b, bool paused)
{
	b->paused = paused;
	if (b->out && !b->reaped)
		stream_pause(b->out, paused);
}
