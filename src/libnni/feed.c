/* Lines into records, with the number of the line for messages. */
#include "feed.h"

#include "journal.h"

void
feed_init(struct feed *f, const char *name, feed_fn *fn, void *arg)
{
	f->name = name;
	f->line = 0;
	buf_init(&f->why, BUF_MAX_DEFAULT);
	f->fn = fn;
	f->arg = arg;
	lines_init(&f->lines);
}

void
feed_release(struct feed *f)
{
	buf_release(&f->why);
	lines_release(&f->lines);
}

/* Blank lines are let pass: they are what a person types. */
static void
take(struct feed *f, const char *line, size_t len)
{
	struct record r;
	size_t i = 0;

	f->line++;
	while (i < len && (line[i] == ' ' || line[i] == '\t'))
		i++;
	if (i == len)
		return;
	buf_clear(&f->why);
	if (record_parse(&r, line, len, &f->why) == -1)
		f->fn(f->arg, f, NULL);
	else
		f->fn(f->arg, f, &r);
}

static void
stream_line(void *arg, char *line, size_t len)
{
	struct feed *f = arg;

	if (line) {
		take(f, line, len);
		return;
	}
	f->line++;
	buf_set(&f->why, "longer than a record may be (1 MiB)");
	f->fn(f->arg, f, NULL);
}

void
feed_bytes(struct feed *f, const char *bytes, size_t len)
{
	if (len)
		lines_feed(&f->lines, bytes, len, stream_line, f);
	else
		lines_end(&f->lines, stream_line, f);
}

static int
journal_line(void *arg, const char *line, size_t len, int64_t offset)
{
	(void)offset;
	take(arg, line, len);
	return 0;
}

int
feed_journal(struct feed *f, struct buf *err)
{
	int64_t offset = 0;

	return journal_read(f->name, &offset, journal_line, f, err);
}
