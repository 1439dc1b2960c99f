/* picture.c, progress.c: the rows on a terminal, and the figures in them. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "picture.h"
#include "os/sys.h"
#include "tap.h"

static struct experiment e;
static struct config c = {.trial_concurrency = 4, .max_trial_number = 1000};
static struct progress p;

static void
apply(const char *line)
{
	struct buf err = BUF_INIT;
	struct record r;

	if (record_parse(&r, line, strlen(line), &err) != 0 ||
	    experiment_apply(&e, &r, &err) != 0) {
		printf("Bail out! %s: %s\n", line, err.data);
		exit(1);
	}
	buf_release(&err);
}

/* A trial that gets as far as this status (NULL: its spec). */
static void
trial(int n, const char *status)
{
	char line[400];

	snprintf(line, sizeof(line),
	    "{\"type\":\"spec\",\"trial\":\"t%04d\",\"attempt\":1,\"sequence\":"
	    "%d,\"parameter_id\":%d,\"parameters\":{\"name\":\"\xe6\x97\xa5"
	    "\xe6\x9c\xac\xe8\xaa\x9e \xc3\xa9t\xc3\xa9 \xf0\x9f\x98\x80 with "
	    "many words so that it is long\",\"x\":%d.5}}",
	    n, n, n, n);
	apply(line);
	if (status == NULL)
		return;
	snprintf(line, sizeof(line),
	    "{\"type\":\"metric\",\"trial\":\"t%04d\",\"attempt\":1,\"kind\":"
	    "\"final\",\"value\":%d.25,\"at\":\"1\"}",
	    n, n);
	apply(line);
	snprintf(line, sizeof(line),
	    "{\"type\":\"status\",\"trial\":\"t%04d\",\"attempt\":1,\"status\":"
	    "\"%s\",\"time\":%d}",
	    n, status, n);
	apply(line);
}

/* Columns of a row as a terminal counts them, for the characters above. */
static int
columns(const char *row, const char *end)
{
	int n = 0;

	for (; row < end; row++) {
		unsigned char u = (unsigned char)*row;

		if (u == '\033')
			while (*row != 'm')
				row++;
		else if ((u & 0xc0) != 0x80)
			n += u >= 0xe0 ? 2 : 1;
	}
	return n;
}

static int
widest(const char *text)
{
	const char *lf;
	int most = 0;

	for (; (lf = strchr(text, '\n')) != NULL; text = lf + 1)
		if (columns(text, lf) > most)
			most = columns(text, lf);
	return most;
}

static int
draw(struct buf *out, int width, int height, bool color, int64_t now)
{
	struct screen s = {width, height, color};

	buf_clear(out);
	return picture_add(out, &s, &p, 3725000, now);
}

static bool
says(const struct buf *b, const char *what)
{
	return strstr(b->data, what) != NULL;
}

static bool
says_all(const struct buf *b)
{
	static const char *const parts[] = {"exp  1:02:05", "5/1000 trials",
	    "1 running", "2 waiting", "1 out of reach", "2 succeeded",
	    "1 failed", "1 stopped early", "1 canceled", "2 trials wait",
	    "pid 812 Xorg", "best 3.25", "trial t0003 (3)", "{\"name\":"};
	struct buf flat = BUF_INIT;
	bool all = true;

	/* Where a row ends is of no interest here. */
	for (const char *at = b->data; *at != '\0'; at++) {
		if (*at != '\n')
			buf_addc(&flat, *at);
		else if (at[1] == ' ' && at[2] == ' ')
			at++;
	}
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		all = all && says(&flat, parts[i]);
	buf_release(&flat);
	return all;
}

static void
test_widths(int64_t now)
{
	struct buf out = BUF_INIT, colored = BUF_INIT;
	int wide = 0, missing = 0, rows = 0, high = 0, differ = 0;

	for (int width = 40; width <= 200; width++) {
		rows += draw(&out, width, 24, false, now) > 10;
		wide += widest(out.data) >= width;
		missing += !says_all(&out);
		draw(&colored, width, 24, true, now);
		differ += widest(colored.data) != widest(out.data);
		for (int height = 1; height < 8; height++)
			high += draw(&out, width, height, false, now) >
				(height > 3 ? height - 2 : 1);
	}
	is_int(wide, 0, "no row is as wide as the terminal, 40 to 200");
	is_int(missing, 0, "and nothing is missing");
	is_int(rows, 0, "in a few rows");
	is_int(differ, 0, "colours take no room");
	is_int(high, 0, "no picture is as high as the terminal");
	for (int width = 1; width < 40; width++) {
		draw(&out, width, 24, false, now);
		wide += width > 12 && widest(out.data) >= width;
	}
	is_int(wide, 0, "nor is it wider where it is very narrow");
	ok(draw(&out, 200, 24, false, now) == 4, "four rows where it is wide");
	is_int(strchr(out.data, '\033') == NULL, 1, "no colour if not wanted");
	draw(&out, 60, 24, false, now);
	ok(says(&out, "...\n"), "what is cut is seen to be");
	buf_release(&out);
	buf_release(&colored);
}

static void
test_rate(void)
{
	struct progress q;
	struct buf b = BUF_INIT;
	int64_t now = clock_mono_ms(), wall = clock_wall_ms();

	progress_init(&q);
	progress_start(&q, &e, &c, now);
	for (int i = 0; i < 50; i++)
		progress_ended(&q, wall - 60000);
	is_int((long)progress_rate(&q, now + 1000), 0,
	    "what ended before a resume tells nothing");
	for (int i = 0; i < 3; i++)
		progress_ended(&q, wall + 60000);
	is_int((long)progress_rate(&q, now + 60000), 0,
	    "nor do the first of a round");
	is_int((long)progress_left_ms(&q, 0, now), -1, "no time left then");
	progress_ended(&q, wall + 60000);
	is_int((long)progress_rate(&q, now + 60000), 4, "a round does");
	/* 995 are left of 1000, 4 a minute */
	is_int((long)progress_left_ms(&q, 0, now + 60000), 995 * 15000,
	    "and so the time left");
	c.max_experiment_duration_ms = 60000;
	is_int((long)progress_left_ms(&q, 50000, now + 60000), 10000,
	    "the nearest limit counts");
	is_int((long)progress_left_ms(&q, 70000, now + 60000), 0,
	    "it is never less than none");
	c.max_experiment_duration_ms = 0;
	c.max_trial_number = INT64_C(1) << 60;
	is_int((long)progress_left_ms(&q, 0, now + 60000), -1,
	    "ages are not told");
	c.max_trial_number = 2;
	is_int((long)progress_left_ms(&q, 0, now + 60000), 0,
	    "a limit that was lowered since");
	c.max_trial_number = 1000;
	progress_add_rate(&b, 1200);
	buf_addc(&b, ' ');
	progress_add_rate(&b, 90);
	buf_addc(&b, ' ');
	progress_add_rate(&b, 0.5);
	is_str(b.data, "20/s 90.0/min 30.0/h", "units of the rate");
	buf_release(&b);
	progress_release(&q);
}

int
nni_main(int argc, char **argv)
{
	int64_t now = clock_mono_ms();

	(void)argc;
	(void)argv;
	experiment_init(&e, "/x/exp");
	apply("{\"type\":\"experiment\",\"schema\":\"nni.journal/1\",\"id\":"
	      "\"exp\",\"time\":1}");
	progress_init(&p);
	progress_start(&p, &e, &c, now);
	trial(1, "SUCCEEDED");
	trial(2, "FAILED");
	trial(3, "SUCCEEDED");
	trial(4, "EARLY_STOPPED");
	trial(5, "USER_CANCELED");
	trial(6, "RUNNING");
	trial(7, "UNKNOWN");
	trial(8, NULL);
	trial(9, "WAITING");
	buf_set(&p.held_by, "local: gpu 0 busy: pid 812 Xorg");
	is_str(progress_held(&p, now + 500, 1000), "", "not held up yet");
	test_widths(now + 2000);
	test_rate();
	progress_release(&p);
	experiment_release(&e);
	return done_testing();
}
