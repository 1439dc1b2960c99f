/* sys.h. */
#include "os/sys.h"
#include "tap.h"

static bool
is_clean(const char *s)
{
	for (; *s != '\0'; s++) {
		if ((unsigned char)*s <= ' ')
			return false;
	}
	return true;
}

static void
test_clocks(void)
{
	int64_t mono = clock_mono_us(), wall = clock_wall_ms();

	ok(wall > INT64_C(1577836800000), "it is later than 2020");
	ok(clock_mono_us() >= mono, "monotonic");
	ok(clock_mono_ms() - mono / 1000 < 60000, "in both units");
}

static void
test_random(void)
{
	unsigned char a[300] = {0}, b[300] = {0};
	int i, used = 0;

	ok(!random_bytes(a, sizeof(a)) && !random_bytes(b, sizeof(b)) &&
		memcmp(a, b, sizeof(a)) != 0,
	    "chance");
	for (i = 0; i < 300; i++)
		used += a[i] != 0;
	ok(used > 250, "to the last byte");
	ok(!random_bytes(a, 0), "or none");
}

static void
test_names(void)
{
	struct file_info info;

	ok(sys_host()[0] != '\0' && is_clean(sys_host()), "a host");
	ok(sys_boot_id()[0] != '\0' && is_clean(sys_boot_id()), "a boot");
	ok(sys_boot_id() == sys_boot_id(), "the same one");
	ok(sys_user()[0] != '\0', "a user");
	ok(sys_cpus() >= 1, "processors");
	ok(!file_info(sys_temp(), true, &info) && info.type == FILE_DIR,
	    "a directory for temporary files");
	ok(!file_info(sys_self_path(), true, &info) &&
		info.type == FILE_REGULAR,
	    "where this program is");
	ok(path_is_absolute(sys_self_dir()) &&
		!strncmp(
		    sys_self_path(), sys_self_dir(), strlen(sys_self_dir())),
	    "and its directory");
}

static void
test_env(void)
{
	env_set("NNI_T", "\xc3\xa4");
	is_str(env_get("NNI_T"), "\xc3\xa4", "sets");
	env_set("NNI_T", "");
	ok(!env_get("NNI_T") || env_get("NNI_T")[0] == '\0', "empty");
	env_set("NNI_T", NULL);
	ok(!env_get("NNI_T"), "unsets");
}

static void
test_console(void)
{
	os_file f = file_open(sys_self_path(), FILE_READ, 0, NULL);

	ok(!console_is_terminal(f), "a file is no terminal");
	ok(!console_ansi(f), "and takes no escape sequences");
	env_set("COLUMNS", NULL);
	is_int(console_width(f), 80, "nor has it a width");
	file_close(f);
}

int
nni_main(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	test_clocks();
	test_random();
	test_names();
	test_env();
	test_console();
	return done_testing();
}
