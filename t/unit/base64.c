/* Base64: RFC 4648, section 10, and that nothing else is taken. */
#include "os/sys.h"
#include "tap.h"

#include "base64.h"

static struct buf text = BUF_INIT, bytes = BUF_INIT;

static void
test_examples(void)
{
	static const char *const examples[][2] = {{"", ""}, {"f", "Zg=="},
	    {"fo", "Zm8="}, {"foo", "Zm9v"}, {"foob", "Zm9vYg=="},
	    {"fooba", "Zm9vYmE="}, {"foobar", "Zm9vYmFy"}};
	size_t i;

	for (i = 0; i < sizeof examples / sizeof examples[0]; i++) {
		buf_clear(&text);
		buf_clear(&bytes);
		base64_encode(&text, examples[i][0], strlen(examples[i][0]));
		is_str(text.data, examples[i][1], "encoded");
		is_int(base64_decode(&bytes, text.data, text.len), 0, "taken");
		is_str(bytes.data, examples[i][0], "and decoded");
	}
}

/* All values at all places, and what was there before stays. */
static void
test_all_bytes(void)
{
	unsigned char all[3 * 256];
	size_t i, wrong = 0, len;

	for (i = 0; i < sizeof all; i++)
		all[i] = (unsigned char)(i * 7 + i / 256);
	for (len = 0; len <= sizeof all; len++) {
		buf_set(&text, "x");
		buf_set(&bytes, "y");
		base64_encode(&text, all, len);
		if (text.len != 1 + BASE64_LEN(len) ||
		    base64_decode(&bytes, text.data + 1, text.len - 1) == -1 ||
		    bytes.len != len + 1 || bytes.data[0] != 'y' ||
		    memcmp(bytes.data + 1, all, len) != 0)
			wrong++;
	}
	is_int(wrong, 0, "bytes of all values come back");
}

static void
test_refused(void)
{
	static const char *const bad[] = {"Z", "Zg", "Zg=", "Zg==\n",
	    "Zg==Zg==", "=", "====", "Zh==", "Zm9=", "Z===", "Zm9v=", "Zm-v",
	    "Zm_v", "Zm9 ", "Zm 9v", "=m9v", "Zm=v", "Z=9v",
	    "Zm9v\303\244==", "Z=g=", "*g==", "Z*8=", "Zm*="};
	size_t i;

	for (i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		buf_set(&bytes, "y");
		is_int(base64_decode(&bytes, bad[i], strlen(bad[i])), -1,
		    "refused");
		is_str(bytes.data, "y", "nothing came of it");
	}
}

static void
test_maximum(void)
{
	struct buf small = BUF_INIT_MAX(7);

	is_int(base64_encode(&small, "abcdef", 6), -1, "8 do not fit in 7");
	is_int(base64_encode(&small, "abc", 3), 0, "4 do");
	is_int(base64_decode(&small, "YWJj", 4), 0, "and 3 more");
	is_str(small.data, "YWJjabc", "behind what was there");
	is_int(base64_decode(&small, "YWJj", 4), -1, "but then no more");
	buf_release(&small);
}

int
nni_main(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	test_examples();
	test_all_bytes();
	test_refused();
	test_maximum();
	buf_release(&text);
	buf_release(&bytes);
	return done_testing();
}
