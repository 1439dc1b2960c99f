/*
 * A keeper's order as text, for systems where a keeper cannot be a fork.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "keeper.h"
#include "mem.h"
#include "say.h"

static void
write_gpu(struct buf *out, const struct gpu *g)
{
	size_t i;

	buf_adds(out, "{");
	json_member_int(out, "index", g->index);
	json_member_str(out, "uuid", g->uuid);
	json_key(out, "processes");
	buf_addc(out, '[');
	for (i = 0; i < g->process_count; i++) {
		buf_adds(out, i ? ",{" : "{");
		json_member_int(out, "pid", g->processes[i].pid);
		json_member_str(out, "name", g->processes[i].name);
		buf_addc(out, '}');
	}
	buf_adds(out, "]}");
}

void
order_write(struct buf *out, const struct order *o)
{
	size_t i;

	buf_adds(out, "{");
	json_member_str(out, "dir", o->place->dir);
	json_member_str(out, "member", o->place->member->name);
	json_member_raw(out, "trial", o->trial->line);
	if (o->gpus != NULL) {
		json_key(out, "gpus");
		buf_addc(out, '[');
		for (i = 0; i < o->gpus->count; i++) {
			if (i > 0)
				buf_addc(out, ',');
			write_gpu(out, &o->gpus->at[i]);
		}
		buf_addc(out, ']');
	}
	buf_addc(out, '}');
}

static void
copy_string(struct json v, char *out, size_t size)
{
	struct buf text = BUF_INIT;

	json_string(v, &text);
	snprintf(out, size, "%s", text.data);
	buf_release(&text);
}

static void
read_gpu(struct gpu *g, struct json v)
{
	struct json processes = json_get(v, "processes"), key, item;
	struct json_iter it;
	size_t n = 0;

	*g = (struct gpu){0};
	json_int(json_get(v, "index"), &g->index);
	copy_string(json_get(v, "uuid"), g->uuid, sizeof(g->uuid));
	g->processes =
	    xcalloc(json_count(processes) + 1, sizeof(*g->processes));
	json_iter_init(&it, processes);
	while (json_next(&it, &key, &item)) {
		json_int(json_get(item, "pid"), &g->processes[n].pid);
		copy_string(json_get(item, "name"), g->processes[n].name,
		    sizeof(g->processes[n].name));
		n++;
	}
	g->process_count = n;
}

static struct gpus *
read_gpus(struct json v)
{
	struct gpus *g;
	struct json_iter it;
	struct json key, item;

	if (json_type(v) != JSON_ARRAY)
		return NULL;
	g = xcalloc(1, sizeof(*g));
	g->at = xcalloc(json_count(v) + 1, sizeof(*g->at));
	json_iter_init(&it, v);
	while (json_next(&it, &key, &item))
		read_gpu(&g->at[g->count++], item);
	return g;
}

int
order_read(struct order *o, char *text, size_t len, struct buf *err)
{
	struct record *trial = xcalloc(1, sizeof(*trial));
	char *dir, *member;
	struct json all, line;
	int r = -1;

	*o = (struct order){NULL, trial, NULL};
	if (json_check(text, len, JSON_STRICT, &all, NULL, err) == -1)
		return -1;
	line = json_get(all, "trial");
	dir = json_strdup(json_get(all, "dir"));
	member = json_strdup(json_get(all, "member"));
	if (dir == NULL || member == NULL || json_type(line) != JSON_OBJECT) {
		buf_err(err, "not a keeper's order");
	} else if (record_parse(trial, line.at, line.len, err) == 0) {
		o->place = xcalloc(1, sizeof(*o->place));
		r = place_open(o->place, dir, member, err) == NNI_OK ? 0 : -1;
		o->gpus = read_gpus(json_get(all, "gpus"));
	}
	free(dir);
	free(member);
	return r;
}

void
order_release(struct order *o)
{
	if (o->place != NULL)
		place_close(o->place);
	if (o->gpus != NULL)
		gpus_release((struct gpus *)o->gpus);
	free((struct gpus *)o->gpus);
	free((struct record *)o->trial);
	free(o->place);
}
