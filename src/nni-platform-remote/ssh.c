/* The ssh command of a machine. */
#include "ssh.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "mem.h"
#include "os/sys.h"
#include "say.h"

static void
add(struct ssh_command *c, size_t *n, const char *word)
{
	c->argv = xreallocarray(c->argv, *n + 2, sizeof(*c->argv));
	c->argv[(*n)++] = xstrdup(word);
	c->argv[*n] = NULL;
}

void
ssh_command(struct ssh_command *c, const struct machine *m, const char *command)
{
	const char *program = env_get("NNI_SSH");
	struct buf text = BUF_INIT;
	size_t n = 0;

	*c = (struct ssh_command){NULL, xcalloc(1, sizeof(*c->env))};
	add(c, &n, program && *program ? program : "ssh");
	add(c, &n, "-T");
	add(c, &n, "-oBatchMode=yes");
	add(c, &n, "-oConnectTimeout=15");
	if (m->port) {
		buf_setf(&text, "-p%" PRId64, m->port);
		add(c, &n, text.data);
	}
	if (m->user) {
		buf_setf(&text, "-l%s", m->user);
		add(c, &n, text.data);
	}
	if (m->key_file) {
		buf_setf(&text, "-i%s", m->key_file);
		add(c, &n, text.data);
	}
	add(c, &n, "--");
	add(c, &n, m->host);
	add(c, &n, command);
	buf_release(&text);
}

void
ssh_command_release(struct ssh_command *c)
{
	size_t i;

	for (i = 0; c->argv[i]; i++)
		free(c->argv[i]);
	free(c->argv);
	free(c->env);
}

int
ssh_explain(struct buf *message, struct buf *hint, const struct machine *m,
    const char *said, int exit_code)
{
	struct buf text = BUF_INIT;
	const char *line;

	(void)hint;
	buf_adds(&text, said);
	buf_rtrim(&text);
	line = text.len ? strrchr(text.data, '\n') : NULL;
	buf_setf(message, "%s: ssh ended with exit code %d%s%s", m->place,
	    exit_code, text.len ? ": " : "",
	    line ? line + 1 : (text.len ? text.data : ""));
	buf_release(&text);
	return NNI_TEMPORARY;
}

int
ssh_askpass(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	return -1;
}
