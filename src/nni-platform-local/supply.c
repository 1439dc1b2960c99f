/*
 * The trees of files that a far end's trials need.
 */
#include "supply.h"
#include <stdlib.h>
#include <string.h>

/* A full disk is tried again after this. */
#define AGAIN_MS 30000

static void
say_trouble(struct supplied *t, const char *why, const char *hint)
{
	struct buf line = BUF_INIT;

	record_begin(&line, "error");
	json_member_str(&line, "message", why);
	if (hint != NULL)
		json_member_str(&line, "hint", hint);
	json_member_str(&line, "place", t->s->place->name);
	record_end(&line);
	filter_put_buf(t->s->filter, &line);
	buf_release(&line);
}

static void
ask(void *arg)
{
	struct supplied *t = arg;
	struct buf line = BUF_INIT;

	t->asked = true;
	incoming_free(t->in);
	buf_clear(&t->trouble);
	t->in = incoming_new(t->s->place->store, t->digest, &t->trouble);
	if (t->in == NULL) {
		t->asked = false;
		say_trouble(t, t->trouble.data,
		    "make room there, or set remoteDir of this machine to a "
		    "directory that you can write to");
		timer_set(t->s->loop, &t->again, AGAIN_MS, ask, t);
		return;
	}
	record_begin(&line, "need");
	json_member_str(&line, "tree", t->digest);
	record_end(&line);
	filter_put_buf(t->s->filter, &line);
	buf_release(&line);
}

/* Is it there, whole and as it was?  What is not is removed. */
static bool
check(struct supplied *t)
{
	struct buf dir = BUF_INIT, why = BUF_INIT;
	struct tree tree = TREE_INIT;
	struct file_info info;
	bool good;

	tree_dir(&dir, t->s->place->store, t->digest);
	good = tree_open(&tree, dir.data, &why) == 0 &&
	       tree_check(&tree, &why) == 0;
	if (!good && file_info(dir.data, false, &info) == 0 &&
	    info.type != FILE_ABSENT) {
		buf_addf(&why, "; %s is sent again", t->what);
		say_trouble(t, why.data, NULL);
		tree_remove(t->s->place->store, dir.data, NULL);
	}
	tree_release(&tree);
	buf_release(&dir);
	buf_release(&why);
	return good;
}

static void
look(struct supplied *t)
{
	if (t->digest == NULL)
		return;
	t->there = check(t);
	if (!t->there)
		ask(t);
}

void
supply_begin(struct supply *s, const struct place *p, struct loop *loop,
    struct filter *filter)
{
	size_t i;

	s->place = p;
	s->loop = loop;
	s->filter = filter;
	s->all[0].digest = p->code;
	s->all[0].what = "the code";
	s->all[1].digest = p->tools;
	s->all[1].what = "what trials need";
	for (i = 0; i < 2; i++) {
		s->all[i].s = s;
		buf_init(&s->all[i].trouble, BUF_MAX_DEFAULT);
		look(&s->all[i]);
	}
}

/* ---- what comes in ---- */

static void
fail(struct supplied *t, enum incoming_result result, const char *why)
{
	incoming_free(t->in);
	t->in = NULL;
	t->refused = result == INCOMING_NEVER;
	buf_set(&t->trouble, why);
	say_trouble(t, why,
	    result == INCOMING_LATER
		? "make room there, or set remoteDir of this machine to a "
		  "directory with more"
	    : result == INCOMING_NEVER
		? "rename it, or leave it out by .nniignore"
		: NULL);
}

/* All of it was sent, whatever became of it. */
static void
end_of(struct supplied *t, const struct record *r)
{
	struct buf err = BUF_INIT;
	enum incoming_result result;

	t->asked = false;
	if (t->in != NULL) {
		result = incoming_whole(t->in, r, &err);
		t->there = result == INCOMING_OK;
		if (!t->there)
			fail(t, result, err.data);
	}
	incoming_free(t->in);
	t->in = NULL;
	if (!t->there && !t->refused)
		timer_set(t->s->loop, &t->again, AGAIN_MS, ask, t);
	buf_release(&err);
}

static void
piece_of(struct supplied *t, const struct record *r)
{
	struct buf err = BUF_INIT;
	enum incoming_result result;

	if (t->in == NULL)
		return;
	result = incoming_file(t->in, r, &err);
	if (result != INCOMING_OK)
		fail(t, result, err.data);
	buf_release(&err);
}

bool
supply_takes(struct supply *s, const struct record *r)
{
	bool whole = record_is(r->type_text, "whole");
	struct json tree = record_get(r, "tree");
	size_t i;

	if (!whole && !record_is(r->type_text, "file"))
		return false;
	for (i = 0; i < 2; i++) {
		struct supplied *t = &s->all[i];

		if (t->digest == NULL || !t->asked ||
		    !record_is(tree, t->digest))
			continue;
		if (whole)
			end_of(t, r);
		else
			piece_of(t, r);
	}
	return true;
}

bool
supply_lacks(const struct supply *s, struct buf *why)
{
	size_t i;

	for (i = 0; i < 2; i++) {
		const struct supplied *t = &s->all[i];

		if (t->digest == NULL || t->there)
			continue;
		if (why == NULL)
			return true;
		if (t->trouble.len > 0)
			buf_set(why, t->trouble.data);
		else
			buf_setf(why, "%s is being sent", t->what);
		return true;
	}
	return false;
}

bool
supply_is_coming(const struct supply *s)
{
	size_t i;

	for (i = 0; i < 2; i++)
		if (s->all[i].asked && s->all[i].trouble.len == 0)
			return true;
	return false;
}

void
supply_code_changed(struct supply *s)
{
	/* Only once, however many keepers say so. */
	if (s->all[0].there)
		look(&s->all[0]);
}

void
supply_end(struct supply *s)
{
	size_t i;

	for (i = 0; i < 2; i++) {
		timer_stop(&s->all[i].again);
		incoming_free(s->all[i].in);
		buf_release(&s->all[i].trouble);
	}
}
