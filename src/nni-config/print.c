/* What goes to standard output, but for the one line of JSON. */
#include "print.h"

#include <string.h>

#include "quote.h"
#include "reading.h"
#include "schema.h"

/* ---- secrets ---- */

static void
hide_logins(struct node *n)
{
	struct buf text = BUF_INIT;

	buf_add(&text, n->text, n->len);
	quote_hide_logins(&text);
	tree_set_string(n, text.data, n);
	buf_release(&text);
}

/* Kubernetes calls things Secrets; which of them is meant, anybody may know. */
static bool
names_a_secret(const struct node *n)
{
	static const char *const words[] = {
	    "imagePullSecrets", "secretName", "secretKeyRef", "secretRef"};
	size_t i;

	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(n->key, words[i]) == 0)
			return true;
	return strcmp(n->key, "secret") == 0 && n->type == NODE_MAP;
}

static bool
is_secret(const struct node *n)
{
	return n->key && n->type != NODE_NULL && n->type != NODE_BOOL &&
	       !names_a_secret(n) &&
	       (key_is_secret(n->key) || node_sounds_secret(n->key));
}

static void
redact(struct node *n)
{
	size_t i;

	for (i = 0; i < n->count; i++) {
		struct node *item = &n->items[i];

		if (is_secret(item))
			tree_set_string(item, "***", item);
		else if (item->type == NODE_STRING)
			hide_logins(item);
		else
			redact(item);
	}
}

void
print_redact(struct node *top)
{
	size_t i;

	/* a parameter may well be called "token" */
	for (i = 0; i < top->count; i++)
		if (top->items[i].type == NODE_STRING)
			hide_logins(&top->items[i]);
		else if (strcmp(top->items[i].key, "searchSpace") != 0)
			redact(&top->items[i]);
}

/* Those of platforms alone: nothing else is sent anywhere. */
static const struct node *
find_secret(const struct node *n)
{
	const struct node *found = NULL;
	size_t i;

	for (i = 0; !found && i < n->count; i++)
		found = is_secret(&n->items[i]) && n->items[i].line
			    ? &n->items[i]
			    : find_secret(&n->items[i]);
	return found;
}

const struct node *
print_find_secret(const struct node *top)
{
	const struct node *services = node_get(top, "trainingService");
	const struct node *storage = node_get(top, "sharedStorage");
	const struct node *found = services ? find_secret(services) : NULL;

	return found || !storage ? found : find_secret(storage);
}

/* ---- JSON for people ---- */

static void
indent(struct buf *out, int depth)
{
	buf_addc(out, '\n');
	while (depth-- > 0)
		buf_adds(out, "  ");
}

static bool
is_flat(const struct node *n)
{
	size_t i;

	for (i = 0; i < n->count; i++)
		if (n->items[i].count)
			return false;
	return n->type == NODE_LIST;
}

static void
pretty(const struct node *n, int depth, struct buf *out)
{
	bool flat = is_flat(n);
	size_t i;

	if (n->count == 0) {
		struct node copy = *n;

		node_json(&copy, out);
		return;
	}
	buf_addc(out, n->type == NODE_LIST ? '[' : '{');
	for (i = 0; i < n->count; i++) {
		if (i)
			buf_adds(out, flat ? ", " : ",");
		if (!flat)
			indent(out, depth + 1);
		if (n->type == NODE_MAP) {
			json_add_str(out, n->items[i].key);
			buf_adds(out, ": ");
		}
		pretty(&n->items[i], depth + 1, out);
	}
	if (!flat)
		indent(out, depth);
	buf_addc(out, n->type == NODE_LIST ? ']' : '}');
}

void
print_pretty(const struct node *n, struct buf *out)
{
	pretty(n, 0, out);
}

/* ---- origins ---- */

static void
origins(
    const struct node *n, const char *file, struct buf *path, struct buf *out)
{
	size_t was = path->len, i;
	struct node copy = *n;

	if (n->type == NODE_MAP && n->count) {
		for (i = 0; i < n->count; i++) {
			buf_addf(path, "%s%s", was ? "." : "", n->items[i].key);
			origins(&n->items[i], file, path, out);
			buf_cut(path, was);
		}
		return;
	}
	if (n->type == NODE_LIST && n->count && n->items[0].count) {
		for (i = 0; i < n->count; i++) {
			buf_addf(path, "[%llu]", (unsigned long long)i);
			origins(&n->items[i], file, path, out);
			buf_cut(path, was);
		}
		return;
	}
	buf_addf(out, "%s\t", path->data);
	node_json(&copy, out);
	if (n->line)
		buf_addf(out, "\t%s:%d\n", file, n->line);
	else
		buf_adds(out, "\tdefault\n");
}

void
print_origins(const struct node *top, const char *file, const char *space_file,
    struct buf *out)
{
	struct buf path = BUF_INIT;
	size_t i;

	for (i = 0; i < top->count; i++) {
		const struct node *n = &top->items[i];
		bool space = strcmp(n->key, "searchSpace") == 0;

		buf_set(&path, n->key);
		origins(n, space && space_file ? space_file : file, &path, out);
	}
	buf_release(&path);
}

/* ---- keys ---- */

static const char *
kind_name(enum kind kind)
{
	static const char *const names[] = {
	    [STRING] = "text",
	    [BOOL] = "true|false",
	    [INT] = "integer",
	    [NUMBER] = "number",
	    [ENUM] = "word",
	    [DURATION] = "duration",
	    [FINE_DURATION] = "duration",
	    [TIME_LIMIT] = "duration",
	    [SIZE] = "size",
	    [HOST] = "url",
	    [FILE_IN] = "file",
	    [DIR_IN] = "directory",
	    [DIR_OUT] = "directory",
	    [FILE_TEXT] = "file",
	    [FILE_MAP] = "file or object",
	    [GPUS] = "gpus",
	    [OBJECT] = "object",
	    [OBJECTS] = "objects",
	    [STRINGS] = "texts",
	    [MAP] = "object",
	    [LIST] = "list",
	    [SERVICE] = "object",
	};

	return names[kind];
}

static void
add_remarks(const struct key *k, struct buf *out)
{
	size_t was = out->len;

	if (k->words && k->kind == ENUM)
		buf_addf(out, "%s; ", k->words);
	if (k->flags & NEEDED)
		buf_adds(out, "required; ");
	if (k->max)
		buf_addf(out, "%lld to %lld; ", (long long)k->min,
		    (long long)k->max);
	else if (k->kind == INT)
		buf_addf(out, "%lld or more; ", (long long)k->min);
	if (k->def)
		buf_addf(out, "default %s; ", k->def);
	if (k->flags & SECRET)
		buf_adds(out, "secret; ");
	if (k->flags & OURS)
		buf_adds(out, "not in NNI; ");
	if (k->flags & NO_EFFECT)
		buf_adds(out, "no effect; ");
	if (k->flags & (REFUSED | NOT_YET))
		buf_adds(out, "not available; ");
	if (k->to && *k->to && strcmp(k->to, k->name) != 0)
		buf_addf(out, "becomes %s; ", k->to);
	if (out->len > was)
		buf_cut(out, out->len - 2);
}

static void
add_table(const char *form, const char *place, const struct key *keys,
    struct buf *out)
{
	for (; keys->name; keys++) {
		buf_addf(out, "%s\t%s\t%s\t%s\t", form, place, keys->name,
		    kind_name(keys->kind));
		add_remarks(keys, out);
		buf_addc(out, '\n');
		if (keys->sub) {
			struct buf below = BUF_INIT;

			buf_addf(&below, "%s%s%s%s", place, *place ? "." : "",
			    keys->name, keys->kind == OBJECTS ? "[]" : "");
			add_table(form, below.data, keys->sub, out);
			buf_release(&below);
		}
	}
}

void
print_keys(struct buf *out)
{
	const struct platform *p;
	struct buf form = BUF_INIT;

	add_table("v3", "", top_keys, out);
	add_table("v3", "trainingService", service_keys, out);
	for (p = platforms; p->name; p++) {
		buf_setf(&form, "v3 %s", p->name);
		add_table(form.data, "trainingService", p->keys, out);
	}
	add_table("v1", "", v1_keys, out);
	for (p = platforms; p->name; p++) {
		if (!p->v1)
			continue;
		buf_setf(&form, "v1 %s", p->v1);
		add_table(form.data, "", p->v1_keys, out);
	}
	buf_release(&form);
}
