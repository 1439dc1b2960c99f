/* Where trials are or were: members, and their places. */
#include "places.h"

#include <stdlib.h>
#include <string.h>

#include "mem.h"
#include "record.h"
#include "table.h"

struct place {
	char *platform, *place;
	int64_t trials, running;
};

struct json
trial_where(const struct trial *tr, const char *key)
{
	struct json v;

	if (tr->text == NULL || tr->text->record == NULL ||
	    json_check(tr->text->record, strlen(tr->text->record), JSON_STRICT,
		&v, NULL, NULL) != 0)
		return JSON_NONE;
	return json_get(v, key);
}

void
trial_place_text(struct buf *out, const struct trial *tr)
{
	struct json member = trial_where(tr, "platform");
	struct json place = trial_where(tr, "place");

	if (member.at == NULL || place.at == NULL)
		return;
	if (member.len != place.len ||
	    memcmp(member.at, place.at, place.len) != 0) {
		table_text(out, member);
		buf_adds(out, ": ");
	}
	table_text(out, place);
}

/* ---- all of them ---- */

struct list {
	struct place *all;
	size_t count;
};

static struct place *
find(struct list *l, char *platform, char *place)
{
	for (size_t i = 0; i < l->count; i++)
		if (strcmp(l->all[i].platform, platform) == 0 &&
		    strcmp(l->all[i].place, place) == 0) {
			free(platform);
			free(place);
			return &l->all[i];
		}
	l->all = xreallocarray(l->all, l->count + 1, sizeof(*l->all));
	l->all[l->count] = (struct place){platform, place, 0, 0};
	return &l->all[l->count++];
}

static void
gather(struct list *l, const struct trials *t)
{
	*l = (struct list){NULL, 0};
	for (size_t i = 0; i < t->count; i++) {
		const struct trial *tr = &t->list[i];
		char *platform = json_strdup(trial_where(tr, "platform"));
		char *name = json_strdup(trial_where(tr, "place"));
		struct place *p;

		if (platform == NULL || name == NULL) {
			free(platform);
			free(name);
			continue;
		}
		p = find(l, platform, name);
		p->trials++;
		p->running += tr->status == STATUS_RUNNING;
	}
}

static void
release(struct list *l)
{
	for (size_t i = 0; i < l->count; i++) {
		free(l->all[i].platform);
		free(l->all[i].place);
	}
	free(l->all);
}

bool
trials_have_places(const struct trials *t)
{
	struct list l;
	bool several;

	gather(&l, t);
	several = l.count > 1;
	release(&l);
	return several;
}

void
trials_add_places(struct buf *out, const struct trials *t)
{
	struct list l;

	gather(&l, t);
	buf_addc(out, '[');
	for (size_t i = 0; i < l.count; i++) {
		buf_adds(out, i > 0 ? ",{" : "{");
		json_member_str(out, "platform", l.all[i].platform);
		json_member_str(out, "place", l.all[i].place);
		json_member_int(out, "trials", l.all[i].trials);
		json_member_int(out, "running", l.all[i].running);
		buf_addc(out, '}');
	}
	buf_addc(out, ']');
	release(&l);
}
