/* What placed.jsonl says of each attempt. */
#include "placed.h"

#include <string.h>

#include "journal.h"
#include "record.h"

struct loading {
	struct attempts *table;
	size_t entry_size;
	int64_t *sequence;
};

static int
take_line(void *arg, const char *line, size_t len, int64_t offset)
{
	struct loading *l = arg;
	struct placed *p;
	struct record r;

	if (record_parse(&r, line, len, NULL) == -1 || !r.trial[0])
		return 0;
	if (r.type != RECORD_SPEC && r.type != RECORD_TRIAL &&
	    r.type != RECORD_STATUS)
		return 0;
	p = attempts_find(l->table, r.trial, r.attempt);
	if (!p)
		p = attempts_add(l->table, r.trial, r.attempt, l->entry_size);
	p->kind = r.type == RECORD_SPEC	    ? PLACED_SPEC
		  : r.type == RECORD_STATUS ? PLACED_ENDED
		  : r.job.at		    ? PLACED_STARTED
					    : PLACED_PLACE;
	p->offset = offset;
	p->len = (uint32_t)len;
	if (r.sequence > *l->sequence)
		*l->sequence = r.sequence;
	return 0;
}

int
placed_load(struct attempts *table, const char *path, int64_t *offset,
    size_t entry_size, int64_t *sequence, struct buf *err)
{
	struct loading l = {table, entry_size, sequence};

	return journal_read(path, offset, take_line, &l, err);
}

int
placed_line(
    os_file f, const struct placed *p, struct buf *line, struct buf *err)
{
	buf_clear(line);
	if (buf_reserve(line, p->len) == -1 ||
	    file_read_at(f, line->data, p->len, p->offset) != (int64_t)p->len)
		return buf_err(err, "cannot read trial %s in placed.jsonl: %s",
		    p->key.trial, os_strerror());
	buf_cut(line, p->len);
	return 0;
}

int
placed_move(struct buf *line, struct record *r, const char *dir)
{
	struct buf now = BUF_INIT, moved = BUF_INIT;
	int rc = 0;

	json_add_str(&now, dir);
	if (r->type == RECORD_TRIAL &&
	    (r->dir.len != now.len || memcmp(r->dir.at, now.data, now.len))) {
		record_set(
		    &moved, r->line, "dir", (struct json){now.data, now.len});
		buf_set(line, moved.data);
		rc = record_parse(r, line->data, line->len, NULL) == 0 ? 1 : -1;
	}
	buf_release(&now);
	buf_release(&moved);
	return rc;
}
