/* attempts.c, hash.c, placed.c, table.c, and record_merge(). */
#include <stdlib.h>

#include "attempts.h"
#include "hash.h"
#include "journal.h"
#include "os/file.h"
#include "os/sys.h"
#include "placed.h"
#include "table.h"
#include "tap.h"

struct entry {
	struct attempt key;
	int value;
};

static void
name(char id[TRIAL_ID_LEN + 1], int i)
{
	snprintf(id, TRIAL_ID_LEN + 1, "t%04d", i);
}

static void
test_attempts(void)
{
	struct attempts t = ATTEMPTS_INIT;
	struct entry *e;
	struct record r;
	char id[TRIAL_ID_LEN + 1];
	int i, wrong = 0;

	ok(!attempts_find(&t, "t0001", 1) && !attempts_latest(&t, "t0001"),
	    "nothing in an empty table");
	for (i = 0; i < 30000; i++) {
		name(id, i % 10000);
		e = attempts_add(&t, id, i / 10000 + 1, sizeof(*e));
		e->value = i;
	}
	for (i = 0; i < 30000; i++) {
		name(id, i % 10000);
		e = attempts_find(&t, id, i / 10000 + 1);
		wrong += !e || e->value != i || (struct attempt *)e != t.all[i];
		e = attempts_latest(&t, id);
		wrong += !e || e->key.number != 3;
	}
	is_int(wrong, 0, "30000 attempts are found, in their order");
	ok(!attempts_find(&t, "t0001", 4), "a fourth attempt is not");
	record_parse(&r, "{\"type\":\"cancel\",\"trial\":\"t0007\"}", 33, NULL);
	e = attempts_of(&t, &r);
	is_int(e->key.number, 3, "a record without attempt means the latest");
	record_parse(&r,
	    "{\"type\":\"cancel\",\"trial\":\"t0007\",\"attempt\":1}", 45,
	    NULL);
	e = attempts_of(&t, &r);
	is_int(e->key.number, 1, "one with means that one");
	attempts_release(&t);
	is_int((int64_t)t.count, 0, "released");
}

static void
test_hash(void)
{
	struct hash_set s = HASH_SET_INIT;
	int wrong = 0;
	uint64_t i;

	ok(hash_bytes("", 0) == UINT64_C(0xcbf29ce484222325) &&
		hash_bytes("foobar", 6) == UINT64_C(0x85944171f73967e8),
	    "FNV-1a, by its published vectors");
	for (i = 0; i < 50000; i++)
		wrong += !hash_set_add(&s, i * UINT64_C(0x9e3779b97f4a7c15));
	for (i = 0; i < 50000; i++)
		wrong += hash_set_add(&s, i * UINT64_C(0x9e3779b97f4a7c15));
	is_int(wrong, 0, "a set takes each once, 0 too");
	hash_set_release(&s);
}

static void
test_merge(void)
{
	static const char ours[] = "{\"a\":2.0,\"b\":{\"c\":1}}",
			  theirs[] = "{\"b\":9,\"job\":\"x y\",\"a\":2}";
	struct buf out = BUF_INIT;

	record_merge(&out, (struct json){ours, sizeof(ours) - 1},
	    (struct json){theirs, sizeof(theirs) - 1});
	is_str(out.data, "{\"a\":2.0,\"b\":{\"c\":1},\"job\":\"x y\"}",
	    "what they add is taken, what they changed is not");
	buf_clear(&out);
	record_merge(
	    &out, (struct json){"{}", 2}, (struct json){"{\"a\":1}", 7});
	is_str(out.data, "{\"a\":1}", "into nothing");
	buf_release(&out);
}

static void
test_placed(void)
{
	static const char *const lines[] = {
	    "{\"type\":\"spec\",\"trial\":\"aaaaa\",\"sequence\":4}",
	    "{\"type\":\"spec\",\"trial\":\"bbbbb\",\"sequence\":7}",
	    "not a record",
	    "{\"type\":\"trial\",\"trial\":\"aaaaa\",\"place\":\"p\"}",
	    "{\"type\":\"trial\",\"trial\":\"bbbbb\",\"job\":\"j\"}",
	    "{\"type\":\"status\",\"trial\":\"ccccc\",\"status\":\"FAILED\"}",
	    "{\"type\":\"metric\",\"trial\":\"ddddd\"}"};
	struct attempts t = ATTEMPTS_INIT;
	struct journal j = JOURNAL_INIT;
	struct buf path = BUF_INIT, line = BUF_INIT, err = BUF_INIT;
	int64_t offset = 0, sequence = -1;
	struct placed *a, *b, *c;
	size_t i;

	buf_addf(&path, "%s/placed-%d.jsonl", sys_temp(), (int)clock_mono_us());
	journal_open(&j, path.data, false, NULL, &err);
	for (i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		journal_add(&j, lines[i], strlen(lines[i]));
	ok(journal_write(&j, &err) == 0, "writes without a flush");
	ok(placed_load(&t, path.data, &offset, sizeof(struct placed), &sequence,
	       &err) == 0 &&
		t.count == 3 && sequence == 7,
	    "reads what is of placed.jsonl");
	a = attempts_find(&t, "aaaaa", 1);
	b = attempts_find(&t, "bbbbb", 1);
	c = attempts_find(&t, "ccccc", 1);
	ok(a->kind == PLACED_PLACE && b->kind == PLACED_STARTED &&
		c->kind == PLACED_ENDED,
	    "an attempt's last line wins");
	placed_line(j.file, b, &line, &err);
	is_str(line.data, lines[4], "and can be read again");
	is_int(offset, j.size, "to its end");
	journal_close(&j);
	file_remove(path.data, NULL);
	attempts_release(&t);
	buf_release(&path);
	buf_release(&line);
	buf_release(&err);
}

static void
test_table(void)
{
	static const char line[] =
	    "{\"type\":\"status\",\"trial\":\"aaaaa\",\"attempt\":2,\"status\":"
	    "\"FAILED\",\"exit_code\":3,\"reason\":\"a\\u001b[2J\\u009bb\"}";
	struct buf out = BUF_INIT;
	struct record r;

	record_parse(&r, line, sizeof(line) - 1, NULL);
	table_row(&out, &r);
	is_str(out.data,
	    "aaaaa-2   FAILED         a\\x1b[2J\\u009bb, exit code 3\n",
	    "a row, without control characters");
	buf_clear(&out);
	record_parse(&r, "{\"type\":\"credit\",\"n\":1}", 23, NULL);
	table_row(&out, &r);
	is_str(out.data, "", "nothing of what people do not want to know");
	buf_release(&out);
}

int
nni_main(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	test_attempts();
	test_hash();
	test_merge();
	test_placed();
	test_table();
	return done_testing();
}
