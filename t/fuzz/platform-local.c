/* Any text as a trial's command, a state, an event, or nvidia-smi's output. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "nni-platform-local/command.h"
#include "nni-platform-local/gpu.h"
#include "nni-platform-local/state.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Words that need no shell hold nothing that means something to one, when
   they are joined by blanks in quotes again. */
static void
check_command(const char *text)
{
	char **argv = command_split(text), **again;
	struct buf line = BUF_INIT;
	size_t i, k;

	for (i = 0; argv != NULL && argv[i] != NULL; i++)
		buf_addf(&line, "%s\"%s\"", i ? " " : "", argv[i]);
	if (argv != NULL) {
		again = command_split(line.data);
		if (again == NULL)
			abort();
		for (k = 0; argv[k] != NULL; k++)
			if (again[k] == NULL || strcmp(argv[k], again[k]) != 0)
				abort();
		command_free(again);
	}
	command_free(argv);
	buf_release(&line);
}

static void
check_state(const char *text, size_t len)
{
	struct buf out = BUF_INIT;
	struct state s;
	struct json v;

	state_init(&s);
	buf_add(&s.text, text, len);
	state_parse(&s);
	if (s.ended) {
		buf_adds(&out, "{\"type\":\"status\"");
		state_end_members(&out, s.end, STATUS_NONE);
		buf_adds(&out, "}");
		if (json_check(
			out.data, out.len, JSON_STRICT, &v, NULL, NULL) == -1)
			abort();
	}
	state_release(&s);
	buf_release(&out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);
	struct buf err = BUF_INIT;
	struct event e;
	struct gpus g;
	size_t i;

	for (i = 0; i < size; i++)
		text[i] = (char)data[i];
	text[size] = '\0';
	check_command(text);
	check_state(text, size);
	events_parse(text, &e);
	if (gpus_parse(&g, text, &err) == 0)
		gpus_release(&g);
	buf_release(&err);
	free(text);
	return 0;
}
