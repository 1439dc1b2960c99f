/* The pure parts of nni-platform-local: commands, states, GPUs. */
#include <stdlib.h>
#include "command.h"
#include "gpu.h"
#include "os/file.h"
#include "os/process.h"
#include "os/sys.h"
#include "state.h"
#include "tap.h"

/* ---- command ---- */

static void
splits(const char *line, const char *wanted)
{
	char **argv = command_split(line);
	struct buf got = BUF_INIT;
	size_t i;

	for (i = 0; argv != NULL && argv[i] != NULL; i++)
		buf_addf(&got, "<%s>", argv[i]);
	is_str(argv ? got.data : "shell", wanted, line);
	command_free(argv);
	buf_release(&got);
}

static void
test_command(void)
{
	static const char *const for_shell[] = {"", "  ", "a | b", "a > b",
	    "a; b", "a && b", "a &", "a $HOME", "a `b`", "a *", "a ?", "a [b]",
	    "a {b,c}", "a ~", "~/a", "a # b", "a 'b'", "a \"$b\"", "a \"b\\n\"",
	    "a \"b", "a \\\n b", "a\nb", "A=1 b", "A=1", "cd /", "echo a",
	    "exit 3", ". x", ": x", "[ a ]", "time a", "if a", "for a", "!a",
	    "(a)", "a (b)", "a %PATH%", "a ^b", "dir", "copy a b", "\"\"",
	    "\"A=1\" b", "a \r", "a \xc3\xa4", "<a b", "kill 1", NULL};
	size_t i;

	env_set("BASH_ENV", NULL);
	splits("true", "<true>");
	splits("  python3  trial.py --lr=0.1\t-x ",
	    "<python3><trial.py><--lr=0.1><-x>");
	splits("./run.sh a:b,c@d+e", "<./run.sh><a:b,c@d+e>");
	splits("a \"b c\" \"\" d\"e f\"g", "<a><b c><><de fg>");
	splits("a \"|;<>&*?()[]{}~#'\"", "<a><|;<>&*?()[]{}~#'>");
	splits("\"my prog\" x", "<my prog><x>");
	for (i = 0; for_shell[i] != NULL; i++)
		splits(for_shell[i], "shell");
	env_set("BASH_FUNC_train%%", "() { :; }");
	splits("train x", "shell");
	splits("trains x", "<trains><x>");
	env_set("BASH_FUNC_train%%", NULL);
	env_set("BASH_ENV", "/x");
	splits("true", "shell");
	env_set("BASH_ENV", NULL);
}

static void
needs(const char *line, const char *expect)
{
	char *word = command_needs(line);

	is_str(word != NULL ? word : "nothing", expect, line);
	free(word);
}

static void
script(const char *line, const char *expect)
{
	char **argv = command_split(line);
	bool in_path = false;
	const char *found = command_script(argv, &in_path);
	char text[64];

	snprintf(text, sizeof(text), "%s%s", found != NULL ? found : "none",
	    in_path ? " or in PATH" : "");
	is_str(text, expect, line);
	command_free(argv);
}

static void
test_needs(void)
{
	needs("a $HOME", "a");
	needs(" ./a >log 2>&1", "./a");
	needs("a &>log && b", "a");
	needs("a || b", "nothing");
	needs("a | b", "nothing");
	needs("a; b", "nothing");
	needs("a & b", "nothing");
	needs("a\nb", "nothing");
	needs("cd x && a", "nothing");
	needs("A=1 b", "nothing");
	needs("$a b", "nothing");
	needs("", "nothing");
	script("python3.11 t.py", "t.py");
	script("/usr/bin/python a/b", "a/b");
	script("python3 -m t", "none");
	script("pythonic t.py", "none");
	script("python3", "none");
	script("sh t.sh", "t.sh");
	script("bash t.sh", "t.sh or in PATH");
	script("bash ./t.sh", "./t.sh");
	script("./t t.py", "none");
}

/* ---- state ---- */

static void
test_state(void)
{
	struct state_file f;
	struct state s;
	struct buf dir = BUF_INIT, path = BUF_INIT, line = BUF_INIT;
	struct buf text = BUF_INIT;
	os_file torn;

	buf_setf(&dir, "%s/nni-state-%" PRId64, sys_temp(), proc_self_pid());
	buf_setf(&path, "%s/.nni", dir.data);
	state_init(&s);
	ok(state_read(&s, dir.data, NULL) == 0 && !s.claimed && !s.ended,
	    "no state is an empty one");
	dir_make_all(path.data, 0700, NULL);
	ok(state_open(&f, dir.data, NULL) == 0, "open");
	buf_set(&line,
	    "{\"state\":\"claim\",\"digest\":\"d\",\"host\":\"h\",\"boot\":"
	    "\"b\",\"time\":1.5}");
	ok(state_append(&f, &line, NULL) == 0, "claim");
	state_close(&f);
	ok(state_read(&s, dir.data, NULL) == 0 && s.claimed && !s.started &&
		record_is(s.boot, "b") && s.start_ms == 1500,
	    "is read");

	/* Its writer dies in the middle of the next line. */
	buf_adds(&path, "/state");
	torn = file_open(path.data, FILE_WRITE | FILE_APPEND, 0, NULL);
	file_write(torn, "{\"state\":\"end\",\"status\":\"SUCC", 29);
	file_close(torn);
	ok(state_read(&s, dir.data, NULL) == 0 && !s.ended,
	    "a torn line is not there");
	ok(state_open(&f, dir.data, NULL) == 0, "open again");
	buf_set(&line,
	    "{\"state\":\"end\",\"status\":\"FAILED\",\"exit_code\":3,"
	    "\"time\":2}");
	ok(state_append(&f, &line, NULL) == 0, "end");
	state_put_exit(&f, 3, 1700000000123);
	state_close(&f);
	ok(state_read(&s, dir.data, NULL) == 0 && s.ended &&
		s.status == STATUS_FAILED,
	    "the end is read");
	state_end_members(&text, s.end, STATUS_NONE);
	is_str(text.data, ",\"status\":\"FAILED\",\"exit_code\":3,\"time\":2",
	    "what goes into the record");
	buf_set(&text, "{");
	state_end_members(&text, s.end, STATUS_USER_CANCELED);
	is_str(text.data,
	    "{\"status\":\"USER_CANCELED\",\"exit_code\":3,\"time\":2",
	    "or with what the intent makes of it");
	ok(strncmp(s.text.data, "3 1700000000123 ", 16) == 0,
	    "NNI's line is the first");
	buf_set(
	    &s.text, "\n{\"state\":\"end\",\"status\":\"RUNNING\"}\n{\n[]\n");
	s.ended = false;
	state_parse(&s);
	ok(!s.ended, "nonsense is passed over");
	state_release(&s);
	dir_remove_tree(dir.data, NULL);
	buf_release(&dir);
	buf_release(&path);
	buf_release(&line);
	buf_release(&text);
}

static void
test_events(void)
{
	struct event e;

	ok(events_parse("ab1cd 2 SUCCEEDED", &e) && e.attempt == 2 &&
		!strcmp(e.trial, "ab1cd") && e.status == STATUS_SUCCEEDED,
	    "an event");
	ok(!events_parse("", &e) && !events_parse("ab1cd 2", &e) &&
		!events_parse("ab1cd 0 FAILED", &e) &&
		!events_parse("AB1cd 1 FAILED", &e) &&
		!events_parse("ab1cd 1 DONE", &e) &&
		!events_parse("ab1cd 99999999999 FAILED", &e),
	    "what is none");
}

/* ---- GPUs ---- */

#define GPU(uuid, more)                                                        \
	"<gpu id=\"0\"><product_name>T</product_name><uuid>" uuid              \
	"</uuid>" more "</gpu>"
#define PROCESS(pid, name)                                                     \
	"<process_info><pid>" pid "</pid><type>G</type><process_name>" name    \
	"</process_name></process_info>"

static void
test_gpus(void)
{
	int64_t indices[] = {1, 2};
	struct config_member all = {.gpu_number = 2};
	struct config_member some = {
	    .gpu_number = 1, .gpu_indices = indices, .gpu_index_count = 1};
	struct buf err = BUF_INIT, xml = BUF_INIT;
	struct gpus g;

	buf_setf(&xml,
	    "<?xml version=\"1.0\" ?><nvidia_smi_log><attached_gpus>2"
	    "</attached_gpus>" GPU("GPU-a", "<processes></processes>") GPU(
		"GPU-b",
		"<processes>" PROCESS("999999", "x") PROCESS("%" PRId64,
		    "/usr/lib/xorg/Xorg") "</processes>") "</nvidia_smi_log>",
	    proc_self_pid());
	ok(gpus_parse(&g, xml.data, &err) == 0 && g.count == 2, "two GPUs");
	is_str(g.at[1].uuid, "GPU-b", "uuid");
	ok(gpu_process_on(&g.at[0]) == NULL, "an idle one");
	ok(gpu_process_on(&g.at[1]) != NULL, "a busy one");
	is_str(gpu_process_on(&g.at[1])->name,
	    proc_is_gone(999999) ? "Xorg" : "x",
	    "the first process that is not known to be gone");
	ok(!proc_is_gone(proc_self_pid()), "we are not gone");
	ok(gpus_check(&g, &all, &err) == 0, "two of two can be had (G1)");
	all.gpu_number = 3;
	ok(gpus_check(&g, &all, &err) == -1, "three cannot");
	is_str(err.data, "trialGpuNumber is 3, but this machine has 2 GPUs",
	    "said so");
	ok(gpus_check(&g, &some, &err) == 0 && !gpu_is_ours(&some, &g.at[0]) &&
		gpu_is_ours(&some, &g.at[1]),
	    "gpuIndices");
	some.gpu_index_count = 2;
	ok(gpus_check(&g, &some, &err) == -1, "one that does not exist");
	gpus_release(&g);
	ok(gpus_parse(&g, "No devices were found", &err) == -1, "no XML");
	ok(gpus_parse(&g, "<nvidia_smi_log><gpu id='1'></gpu></nvidia_smi_log>",
	       &err) == -1,
	    "no uuid");
	ok(gpus_parse(&g,
	       "<nvidia_smi_log>" GPU("../../etc", "") "</nvidia_smi_log>",
	       &err) == -1,
	    "a uuid that is a path");
	ok(gpus_parse(&g, "<nvidia_smi_log><gpu ", &err) == -1, "cut off");
	buf_release(&err);
	buf_release(&xml);
}

int
nni_main(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	test_command();
	test_needs();
	test_state();
	test_events();
	test_gpus();
	return done_testing();
}
