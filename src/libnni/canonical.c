/* A user's configuration, by nni-config. */
#include "canonical.h"

#include <string.h>

#include "expdir.h"
#include "os/file.h"
#include "os/sys.h"
#include "say.h"

#define OPTIONS_MAX 4

static int
run(const char *const *argv, struct proc_stream in, struct buf *json,
    struct buf *err)
{
	struct proc_spec spec = {.argv = (char *const *)argv,
	    .in = in,
	    .out = {PROC_PIPE, OS_NO_FILE},
	    .err = {PROC_INHERIT, OS_NO_FILE}};
	struct proc_end end = {false, 0};

	buf_clear(json);
	if (proc_run(&spec, json, 0, &end, err) == -1)
		return NNI_TEMPORARY;
	buf_rtrim(json);
	return end.signaled ? NNI_TEMPORARY : end.code;
}

int
canonical_open(const char **file, struct proc_stream *in, struct buf *err)
{
	*in = (struct proc_stream){PROC_NULL, OS_NO_FILE};
	if (strcmp(*file, "-") == 0) {
		*in = (struct proc_stream){PROC_FILE, sys_stdin()};
	} else if (path_is_stream(*file)) {
		in->file = file_open(*file, FILE_READ, 0, err);
		if (in->file == OS_NO_FILE)
			return -1;
		in->io = PROC_FILE;
		*file = "-";
	}
	return 0;
}

void
canonical_close(struct proc_stream in)
{
	if (in.io == PROC_FILE && in.file != sys_stdin())
		file_close(in.file);
}

int
canonical_read(const char *file, const char *const *options, struct buf *json,
    struct buf *err)
{
	struct proc_stream in;
	struct buf program = BUF_INIT;
	const char *argv[OPTIONS_MAX + 4];
	int n = 1, code = NNI_TEMPORARY;

	if (canonical_open(&file, &in, err) != 0)
		return NNI_CONFIG;
	if (tool_find("nni-config", &program, err) == 0) {
		argv[0] = program.data;
		if (say_level_get() == 0)
			argv[n++] = "-q";
		while (*options != NULL && n <= OPTIONS_MAX + 1)
			argv[n++] = *options++;
		argv[n++] = file;
		argv[n] = NULL;
		code = run(argv, in, json, err);
	}
	canonical_close(in);
	buf_release(&program);
	return code;
}
