/* Trees with places: YAML as NNI reads it, JSON to the letter, limits. */
#include "node.h"

#include "os/sys.h"
#include "tap.h"

/* A test's name must be one short line. */
static const char *
one_line(const char *text, struct buf *out)
{
	for (; *text && out->len < 60; text++)
		if (*text == '\n')
			buf_adds(out, "\\n");
		else if (*text != '#' && *text != '\r')
			buf_addc(out, *text);
	return out->data;
}

static void
is_json(const char *text, enum node_syntax syntax, const char *wanted)
{
	struct problems problems = PROBLEMS_INIT;
	struct node *root;
	struct buf out = BUF_INIT, name = BUF_INIT;

	if (node_parse(text, strlen(text), syntax, &root, &problems) == 0)
		node_json(root, &out);
	problems_text(&problems, true, &out);
	is_str(out.data, wanted, one_line(text, &name));
	node_free(root);
	problems_release(&problems);
	buf_release(&out);
	buf_release(&name);
}

/* The values that PyYAML 6.0 gives for these (a number that only YAML 1.2
   knows is a text to it). */
static void
test_scalars(void)
{
	static const char *const pairs[][2] = {
	    {"yes", "true"},
	    {"Off", "false"},
	    {"tRue", "\"tRue\""},
	    {"y", "\"y\""},
	    {"~", "null"},
	    {"", "null"},
	    {"Null", "null"},
	    {"12", "12"},
	    {"+1", "1"},
	    {"-0", "-0"},
	    {"010", "8"},
	    {"08", "\"08\""},
	    {"0o17", "\"0o17\""},
	    {"0x1F", "31"},
	    {"0b101", "5"},
	    {"1_000", "1000"},
	    {"1:30", "90"},
	    {"190:20:30", "685230"},
	    {"-1:30", "-90"},
	    {"1.50", "1.50"},
	    {"1.", "1.0"},
	    {".5", "0.5"},
	    {"-.5", "-0.5"},
	    {"1.5e+3", "1.5e+3"},
	    {"1e-5", "1e-5"},
	    {"1e5", "1e5"},
	    {"1:30.5", "90.5"},
	    {".inf", "\"Infinity\""},
	    {"-.INF", "\"-Infinity\""},
	    {".nan", "\"NaN\""},
	    {"nan", "\"nan\""},
	    {"1.2.3", "\"1.2.3\""},
	    {"127.0.0.1", "\"127.0.0.1\""},
	    {"2020-01-01", "\"2020-01-01\""},
	    {"'1'", "\"1\""},
	    {"!!str 1", "\"1\""},
	    {"!!float 1", "1"},
	    {"! 1", "\"1\""},
	};
	size_t i;

	for (i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		struct buf text = BUF_INIT, wanted = BUF_INIT;

		buf_addf(&text, "k: %s\n", pairs[i][0]);
		buf_addf(&wanted, "{\"k\":%s}", pairs[i][1]);
		is_json(text.data, NODE_YAML, wanted.data);
		buf_release(&text);
		buf_release(&wanted);
	}
}

static void
test_yaml(void)
{
	is_json("a: 1\r\nb: |\r\n  x\r\n  y\r\n", NODE_YAML,
	    "{\"a\":1,\"b\":\"x\\ny\\n\"}");
	is_json("\xef\xbb\xbf"
		"a: \xc3\xa9",
	    NODE_YAML, "{\"a\":\"\xc3\xa9\"}");
	is_json("a: &x {p: 1, q: 2}\nb:\n  <<: *x\n  q: 5\nc: *x\n", NODE_YAML,
	    "{\"a\":{\"p\":1,\"q\":2},\"b\":{\"p\":1,\"q\":5},"
	    "\"c\":{\"p\":1,\"q\":2}}");
	is_json("x: &x {p: 1}\ny: &y {p: 2, r: 3}\nz: {<<: [*x, *y]}",
	    NODE_YAML,
	    "{\"x\":{\"p\":1},\"y\":{\"p\":2,\"r\":3},"
	    "\"z\":{\"p\":1,\"r\":3}}");
	is_json("a: 1\n---\nb: 1\n", NODE_YAML,
	    ":2:1: a second YAML document starts here; a file must hold "
	    "one\n");
	is_json("---\na: 1\n...\n", NODE_YAML, "{\"a\":1}");
	is_json("a: *x", NODE_YAML,
	    ":1:4: a: no value is marked '&x' before '*x'; a text that begins "
	    "with '*' needs quotes\n");
	is_json("a: &x [*x]", NODE_YAML,
	    ":1:8: a[0]: no value is marked '&x' before '*x'; a text that "
	    "begins with '*' needs quotes\n");
	is_json("a: !!python/none x", NODE_YAML,
	    ":1:4: a: the tag '!!python/none' does not fit here; leave it "
	    "out\n");
	is_json("? [a]\n: 1\n", NODE_YAML,
	    ":1:3: a key must be a plain word, not a list or an object; a text "
	    "with '{', '[' or '?' in front needs quotes\n");
	is_json("a: 1\nb: 2\na: 3\n", NODE_YAML,
	    ":3:1: a: is set again; it is set in line 1, column 1 already\n");
	is_json("a:\n\tb: 1", NODE_YAML,
	    ":2:1: a tab cannot indent in YAML; use blanks\n");
	is_json("<<: 5", NODE_YAML,
	    ":1:5: '<<' must name an object, or a list of them\n");
}

static void
test_json(void)
{
	is_json("{\"a\": [1.0, -0, 1E400, \"\\u00e9\\/\"]}", NODE_JSON_OR_YAML,
	    "{\"a\":[1.0,-0,1E400,\"\\u00e9\\/\"]}");
	is_json(
	    "[NaN, -Infinity]", NODE_JSON_OR_YAML, "[\"NaN\",\"-Infinity\"]");
	is_json("{\"a\\u0000\": 1}", NODE_JSON_OR_YAML,
	    ":1:2: a key must not hold the character \\u0000\n");
	is_json("a: 1", NODE_JSON_OR_YAML, "{\"a\":1}");
	is_json("{a: 1e-5}", NODE_JSON_OR_YAML, "{\"a\":1e-5}");
	is_json("{\"a\": ", NODE_JSON_OR_YAML,
	    ":1:7: not JSON: unexpected end, expected a value; and not YAML: "
	    "line 2, column 1: expected a value\n");
}

/* What is left of a text with errors, "told" in place of what is not. */
static void
is_left(const char *text, const char *wanted)
{
	struct problems problems = PROBLEMS_INIT;
	struct node *root;
	struct buf out = BUF_INIT, name = BUF_INIT;
	size_t i;

	ok(node_parse(
	       text, strlen(text), NODE_JSON_OR_YAML, &root, &problems) == -1,
	    "an error in");
	for (i = 0; root && i < root->count; i++)
		buf_addf(&out, "%s=%s%s ", root->items[i].key,
		    root->items[i].text ? root->items[i].text : "",
		    root->items[i].told	      ? "told"
		    : root->items[i].repeated ? " again"
					      : "");
	if (root && root->told)
		buf_adds(&out, "...");
	is_str(out.data, wanted, one_line(text, &name));
	node_free(root);
	problems_release(&problems);
	buf_release(&out);
	buf_release(&name);
}

/* An error hides no others: the readers go on with what there is. */
static void
test_left(void)
{
	is_left("a: 1\nb: 2\na: 3\n", "a=1 b=2 a=3 again ");
	is_left("{\"a\": 1, \"a\": 2}", "a=1 a=2 again ");
	is_left("a: *x\nb: 2\n", "a=told b=2 ");
	is_left("a: !!map 5\nb: 2\n", "a=told b=2 ");
	is_left("? [1]\n: 2\nb: 2\n", "b=2 ...");
	is_left("<<: *x\nb: 2\n", "b=2 ...");
	is_left("a: 1\n---\nb: 2\n", "a=1 ");
	is_left(
	    "\xc3\xa9: 1\nb: 2\nc: [3\nd: 4\n", "\xc3\xa9=1 b=2 c=told ...");
	is_left("\xc3\xa9:\n\tx: 1\nb: 2\n", "\xc3\xa9= b=2 ");
	is_left("a: 1\nb:\n  x: 1\n\ty: 2\nc: 3\n", "a=1 b=told ...");
	is_left("", "");
}

static void
test_limits(void)
{
	struct buf text = BUF_INIT;
	int i;

	for (i = 0; i < 110; i++)
		buf_addc(&text, '[');
	for (i = 0; i < 110; i++)
		buf_addc(&text, ']');
	is_json(text.data, NODE_YAML, ":1:102: nested too deeply\n");
	is_json(text.data, NODE_JSON_OR_YAML, ":1:101: nested too deeply\n");
	buf_set(&text, "a0: &a0 [x,x,x,x,x,x,x,x,x]\n");
	for (i = 1; i < 12; i++)
		buf_addf(&text,
		    "a%d: &a%d [*a%d,*a%d,*a%d,*a%d,*a%d,*a%d,*a%d,*a%d,"
		    "*a%d]\n",
		    i, i, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1,
		    i - 1, i - 1);
	is_json(text.data, NODE_YAML,
	    ":6:45: too many values (aliases are counted as copies)\n");
	buf_release(&text);
}

static void
test_places(void)
{
	const char *text = "a: 1\n\xc3\xa9: [x, \"y\"]\n";
	struct problems problems = PROBLEMS_INIT;
	struct node *root, *list;
	struct buf out = BUF_INIT;
	int64_t i = 0;
	double d = 0;

	node_parse(text, strlen(text), NODE_YAML, &root, &problems);
	list = node_get(root, "\xc3\xa9");
	ok(list && list->key_line == 2 && list->key_col == 1, "of a key");
	ok(list && list->line == 2 && list->col == 4,
	    "of a value, in characters");
	ok(list && list->items[1].line == 2 && list->items[1].col == 8 &&
		list->items[1].quoted && !list->items[0].quoted,
	    "of items");
	node_json(root, &out);
	ok(node_slice(&list->items[1], &out).len == 3 &&
		memcmp(node_slice(&list->items[1], &out).at, "\"y\"", 3) == 0,
	    "of what was written");
	ok(node_int(node_get(root, "a"), &i) == 0 && i == 1, "an integer");
	ok(node_double(node_get(root, "a"), &d) == 0 && d == 1, "a number");
	ok(node_int(list, &i) == -1 && node_double(&list->items[0], &d) == -1,
	    "none of these");
	ok(!node_get(root, "b") && !node_get(list, "a"), "no such member");
	node_free(root);
	problems_release(&problems);
	buf_release(&out);
}

int
nni_main(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	test_scalars();
	test_yaml();
	test_json();
	test_left();
	test_limits();
	test_places();
	return done_testing();
}
