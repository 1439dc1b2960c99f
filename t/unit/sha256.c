/* SHA-256: the examples of NIST's FIPS 180-4 (cryptographic toolkit). */
#include "os/sys.h"
#include "tap.h"

#include "buf.h"
#include "sha256.h"

static void (*blocks)(uint32_t state[8], const unsigned char *p, size_t count);

static const char *
digest_of(const char *bytes, size_t len)
{
	static char hex[SHA256_HEX + 1];
	struct sha256 s;

	sha256_init(&s);
	s.blocks = blocks;
	sha256_update(&s, bytes, len);
	sha256_final_hex(&s, hex);
	return hex;
}

static void
test_vectors(void)
{
	static const struct {
		const char *text, *digest;
	} vectors[] = {
	    {"", "e3b0c44298fc1c149afbf4c8996fb924"
		 "27ae41e4649b934ca495991b7852b855"},
	    {"abc", "ba7816bf8f01cfea414140de5dae2223"
		    "b00361a396177a9cb410ff61f20015ad"},
	    {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
		"248d6a61d20638b8e5c026930c3e6039"
		"a33ce45964ff2167f6ecedd419db06c1"},
	    {"abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmn"
	     "hijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu",
		"cf5b16a778af8380036ce59e7b049237"
		"0b249b11e8f07a51afac45037afee9d1"},
	};
	size_t i;

	for (i = 0; i < sizeof vectors / sizeof vectors[0]; i++)
		is_str(digest_of(vectors[i].text, strlen(vectors[i].text)),
		    vectors[i].digest, vectors[i].text);
}

/* In pieces of all sizes it is the same as at once. */
static void
test_pieces(void)
{
	static char million[1000000];
	const char *wanted = "cdc76e5c9914fb9281a1c7e284d73e67"
			     "f1809a48a497200e046d39ccc7112cd0";
	char hex[SHA256_HEX + 1];
	struct sha256 s;
	size_t at = 0, part = 1;

	memset(million, 'a', sizeof million);
	is_str(digest_of(million, sizeof million), wanted, "a million of a");
	sha256_init(&s);
	s.blocks = blocks;
	for (; at < sizeof million; at += part, part = part % 200 + 1) {
		if (part > sizeof million - at)
			part = sizeof million - at;
		sha256_update(&s, million + at, part);
	}
	sha256_final_hex(&s, hex);
	is_str(hex, wanted, "in pieces of 1 to 200 bytes");
}

/* Around the end of a block, where the length may need one more. */
static void
test_lengths(void)
{
	static const struct {
		size_t len;
		const char *digest;
	} cases[] = {
	    {55, "d5e285683cd4efc02d021a5c62014694"
		 "958901005d6f71e89e0989fac77e4072"},
	    {56, "04c26261370ee7541549d16dee320c72"
		 "3e3fd14671e66a099afe0a377c16888e"},
	    {63, "75220b47218278e656f2013bb8f0c455"
		 "a25eaf01e86c64924e9d48d89776d6f2"},
	    {64, "7ce100971f64e7001e8fe5a51973ecdf"
		 "e1ced42befe7ee8d5fd6219506b5393c"},
	    {65, "9537c5fdf120482f7d58d25e9ed583f5"
		 "2c02b4e304ea814db1633ad565aed7e9"},
	};
	char text[65];
	size_t i;

	memset(text, 'x', sizeof text);
	for (i = 0; i < sizeof cases / sizeof cases[0]; i++)
		is_str(
		    digest_of(text, cases[i].len), cases[i].digest, "length");
}

static void
test_all(void)
{
	test_vectors();
	test_pieces();
	test_lengths();
}

int
nni_main(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	blocks = sha256_any_blocks;
	test_all();
	blocks = sha256_x86_blocks;
	if (sha256_x86_works())
		test_all();
	else
		skip("no instructions for it here", "the same by x86-64");
	return done_testing();
}
