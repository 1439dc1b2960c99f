/* The places of a member, and what is said of them. */
#include "places.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "buf.h"
#include "mem.h"
#include "record.h"
#include "say.h"

/* Clocks that differ more make times of results hard to read, in seconds. */
#define CLOCK_OFF 5.0
/* What is not worth a word. */
#define CLOCK_SHOWN 0.05

static struct place_told *
get(struct places_told *p, char *name)
{
	size_t i;

	for (i = 0; i < p->count; i++)
		if (strcmp(p->all[i].name, name) == 0) {
			free(name);
			return &p->all[i];
		}
	p->all = xreallocarray(p->all, p->count + 1, sizeof(*p->all));
	p->all[p->count] = (struct place_told){.name = name};
	return &p->all[p->count++];
}

void
places_add(struct places_told *p, struct json record)
{
	char *name = json_strdup(json_get(record, "place"));
	struct place_told *one;

	if (name == NULL)
		return;
	one = get(p, name);
	free(one->record);
	one->record = xstrndup(record.at, record.len);
}

void
places_add_error(struct places_told *p, struct json record)
{
	char *name = json_strdup(json_get(record, "place"));
	bool named = name != NULL;
	struct place_told *one;

	if (name == NULL)
		name = json_strdup(json_get(record, "where"));
	if (name == NULL) {
		p->whole = true;
		return;
	}
	one = get(p, name);
	one->bad = true;
	one->named |= named;
}

size_t
places_able(const struct places_told *p)
{
	size_t i, n = 0;

	for (i = 0; i < p->count; i++) {
		/* it is about something, and that is no place */
		if (p->all[i].bad && !p->all[i].named && !p->all[i].record)
			return 0;
		n += p->all[i].record != NULL && !p->all[i].bad;
	}
	return p->whole ? 0 : n;
}

/* ---- in words ---- */

static void
add_gpus(struct buf *out, struct json gpus)
{
	struct json_iter it;
	struct json key, gpu;
	size_t n = 0, busy = 0;

	if (json_type(gpus) != JSON_ARRAY)
		return;
	json_iter_init(&it, gpus);
	for (; json_next(&it, &key, &gpu); n++)
		busy += json_get(gpu, "pid").at != NULL;
	buf_addf(out, ", %zu GPU%s", n, plural(n));
	if (busy > 0)
		buf_addf(out, " (%zu in use)", busy);
}

static void
add_disk(struct buf *out, struct json bytes)
{
	int64_t n;

	if (json_int(bytes, &n) != 0)
		return;
	if (n >= 1000000000)
		buf_addf(out, ", %" PRId64 " GB free", n / 1000000000);
	else
		buf_addf(out, ", %" PRId64 " MB free", n / 1000000);
}

static void
add_text(
    struct buf *out, struct json record, const char *key, const char *before)
{
	struct buf text = BUF_INIT;

	if (json_string(json_get(record, key), &text) == 0)
		buf_addf(out, "%s%s", before, text.data);
	buf_release(&text);
}

static void
add_room(struct buf *out, struct json record)
{
	struct buf why = BUF_INIT;
	int64_t n;

	json_string(json_get(record, "reason"), &why);
	if (json_int(json_get(record, "n"), &n) == 0 &&
	    (n == 0 || why.len > 0)) {
		if (n == 0)
			buf_adds(out, ", no room now");
		else
			buf_addf(out, ", room for %" PRId64 " trial%s now", n,
			    plural((uint64_t)n));
		if (why.len > 0)
			buf_addf(out, ": %s", why.data);
	}
	buf_release(&why);
}

static void
say_place(const char *member, const struct place_told *one)
{
	struct json v = {one->record, strlen(one->record)};
	struct buf b = BUF_INIT;
	int64_t cpus;
	double clock = 0;

	add_text(&b, v, "server", ", ");
	add_text(&b, v, "version", ", version ");
	add_text(&b, v, "namespace", ", namespace ");
	if (json_int(json_get(v, "cpus"), &cpus) == 0)
		buf_addf(
		    &b, ", %" PRId64 " CPU%s", cpus, plural((uint64_t)cpus));
	add_gpus(&b, json_get(v, "gpus"));
	add_disk(&b, json_get(v, "disk_free"));
	if (json_double(json_get(v, "clock"), &clock) == 0 &&
	    fabs(clock) >= CLOCK_SHOWN)
		buf_addf(&b, ", clock %+.1f s", clock);
	add_room(&b, v);
	add_text(&b, v, "code", "; code: ");
	say("%s: ok%s", one->name, b.data);
	if (fabs(clock) >= CLOCK_OFF)
		say_warning("%s: %s: its clock is %.0f s %s this machine's: "
			    "times of its results are off; set it by NTP",
		    member, one->name, fabs(clock),
		    clock > 0 ? "ahead of" : "behind");
	buf_clear(&b);
	add_text(&b, v, "warning", "");
	if (b.len > 0)
		say_warning("%s: %s", member, b.data);
	buf_release(&b);
}

void
places_say(const struct places_told *p, const char *member)
{
	size_t i;

	/* what is wrong with the only one is wrong with all of it */
	if (p->whole && p->count == 1)
		return;
	for (i = 0; i < p->count; i++)
		if (p->all[i].record != NULL && !p->all[i].bad)
			say_place(member, &p->all[i]);
}

void
places_release(struct places_told *p)
{
	size_t i;

	for (i = 0; i < p->count; i++) {
		free(p->all[i].name);
		free(p->all[i].record);
	}
	free(p->all);
	*p = (struct places_told){NULL, 0, false};
}
