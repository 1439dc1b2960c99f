/*
 * access.h: how servers are reached.
 */
#include "access.h"
#include "curl-line.h"
#include "expdir.h"
#include "os/file.h"
#include "os/sys.h"
#include "tap.h"

static struct buf scratch = BUF_INIT;
static char problem[1024], hint[1024];
static int answers;

static void
on_ready(void *arg, const char *what, const char *advice)
{
	(void)arg;
	answers++;
	snprintf(problem, sizeof(problem), "%s", what ? what : "");
	snprintf(hint, sizeof(hint), "%s", advice ? advice : "");
}

static struct json
text(const char *json)
{
	return (struct json){json, strlen(json)};
}

/* The lines of a request, of an access that answers at once. */
static const char *
lines_of(struct access *a)
{
	static struct buf lines = BUF_INIT;
	struct buf none = BUF_INIT;

	buf_clear(&lines);
	*problem = '\0';
	access_ready(a, on_ready, NULL);
	if (*problem)
		return problem;
	if (access_sign(a, "GET", access_url(a), &none, 0, &lines, NULL) == -1)
		return "(not signed)";
	return lines.data;
}

static const char *
refusal(const char *spec)
{
	static struct buf err = BUF_INIT;
	struct access *a;

	buf_clear(&err);
	a = access_new(NULL, scratch.data, "m", text(spec), &err);
	access_free(a);
	return a ? "(taken)" : err.data;
}

static void
test_plain(void)
{
	struct access *a = access_new(NULL, scratch.data, "m",
	    text("{\"kind\":\"none\",\"url\":\"https://h:1/p/?x\"}"), NULL);

	is_str(lines_of(a), "", "none: nothing is added");
	is_str(
	    access_url(a), "https://h:1/p", "a base URL: no slash, no query");
	access_free(a);
	a = access_new(NULL, scratch.data, "m",
	    text("{\"kind\":\"bearer\",\"url\":\"http://h\","
		 "\"token\":\"a\\\"b\\\\c\",\"certificateAuthority\":\"C:"
		 "\\\\ca\","
		 "\"proxy\":\"socks5://u:p@h:2\"}"),
	    NULL);
	ok(strstr(lines_of(a), "cacert = \"C:\\\\ca\"\ncapath = ") != NULL,
	    "bearer: an authority, and no other");
	is_str(strstr(lines_of(a), "proxy"),
	    "proxy = \"socks5h://u:p@h:2\"\nnoproxy = \"\"\n"
	    "header = \"Authorization: Bearer a\\\"b\\\\c\"\n",
	    "... a proxy, a token");
	access_free(a);
}

static void
test_token_file(void)
{
	struct buf spec = BUF_INIT, path = BUF_INIT;
	const char *file;
	struct access *a;

	buf_set(&path, scratch.data);
	path_add(&path, "token");
	file = path.data;
	buf_adds(&spec, "{\"kind\":\"bearer\",\"url\":\"http://h\","
			"\"tokenFile\":");
	json_add_str(&spec, file);
	buf_adds(&spec, "}");
	a = access_new(NULL, scratch.data, "m", text(spec.data), NULL);
	file_remove(file, NULL);
	ok(strstr(lines_of(a), file) != NULL, "a token file that is not there");
	file_replace(file, "one\n", 4, 0600, false, NULL);
	is_str(lines_of(a), "header = \"Authorization: Bearer one\"\n",
	    "it is read, without its line's end");
	file_replace(file, "two\n", 4, 0600, false, NULL);
	is_str(lines_of(a), "header = \"Authorization: Bearer two\"\n",
	    "it is read before each batch");
	file_replace(file, "s3cret\nX: y\n", 12, 0600, false, NULL);
	ok(strstr(lines_of(a), "control character") &&
		!strstr(problem, "s3cret"),
	    "a token of two lines is refused, not shown");
	file_replace(file, "", 0, 0600, false, NULL);
	ok(strstr(lines_of(a), "empty") != NULL, "an empty token");
	access_free(a);
	buf_release(&spec);
	buf_release(&path);
}

static void
test_refusals(void)
{
	is_str(refusal("[]"), "a server must be an object with 'kind'",
	    "no object");
	ok(strstr(refusal("{\"kind\":\"x\"}"), "bearer") != NULL,
	    "an unknown kind: those there are");
	ok(strstr(refusal("{\"kind\":\"none\"}"), "'url'") != NULL, "no URL");
	ok(strstr(refusal("{\"kind\":\"none\",\"url\":\"h:1\"}"), "https://") !=
		NULL,
	    "no scheme");
	ok(strstr(refusal("{\"kind\":\"none\",\"url\":\"http:///x\"}"),
	       "no host") != NULL,
	    "no host");
	ok(!strstr(refusal("{\"kind\":\"none\",\"url\":\"http://u:pw@h\"}"),
	       "pw") &&
		strstr(refusal("{\"kind\":\"none\",\"url\":\"http://u:pw@h\"}"),
		    "shown"),
	    "a login in a URL is refused, not shown");
	ok(strstr(refusal("{\"kind\":\"none\",\"url\":\"http://h\","
			  "\"token\":\"t\"}"),
	       "no 'token'") != NULL,
	    "a key that this kind has not");
	ok(strstr(refusal("{\"kind\":\"bearer\",\"url\":\"http://h\"}"),
	       "tokenFile") != NULL,
	    "bearer without a token");
	ok(!strstr(refusal("{\"kind\":\"none\",\"url\":\"http://h\","
			   "\"proxy\":\"ftp://u:pw@h\"}"),
	       "pw"),
	    "a proxy's password is not shown");
}

int
nni_main(int argc, char **argv)
{
	(void)argc, (void)argv;
	if (expdir_scratch("unit", &scratch, NULL) == -1)
		return 1;
	test_plain();
	test_token_file();
	test_refusals();
	dir_remove_tree(scratch.data, NULL);
	return done_testing();
}
