/*
 * The GPUs of this machine, as nvidia-smi shows them.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "gpu.h"
#include "mem.h"
#include "os/file.h"
#include "os/process.h"

#define GPUS_MAX 1024
#define PROCESSES_MAX 4096

static char nvidia_smi[] = "nvidia-smi", minus_q[] = "-q", minus_x[] = "-x";
char *const gpus_command[] = {nvidia_smi, minus_q, minus_x, NULL};

void
gpus_release(struct gpus *g)
{
	size_t i;

	for (i = 0; i < g->count; i++)
		free(g->at[i].processes);
	free(g->at);
	*g = (struct gpus){NULL, 0};
}

/* ---- the XML ---- */

/* A piece of the text. */
struct span {
	const char *at, *end;
};

/*
 * Finds <TAG ...>text</TAG> and moves *from behind it.  nvidia-smi nests no
 * element in one of its own name, and what it quotes is escaped: no more of XML
 * is needed.
 */
static bool
next_element(struct span *from, const char *tag, struct span *inner)
{
	size_t len = strlen(tag);
	const char *p = from->at, *close;

	for (; p < from->end && (p = strchr(p, '<')) != NULL && p < from->end;
	     p++) {
		if (strncmp(p + 1, tag, len) != 0 ||
		    strchr(" >", p[len + 1]) == NULL || p[len + 1] == '\0')
			continue;
		inner->at = strchr(p, '>');
		if (inner->at == NULL)
			return false;
		inner->at++;
		for (close = inner->at;
		     (close = strstr(close, "</")) != NULL && close < from->end;
		     close += 2) {
			if (strncmp(close + 2, tag, len) == 0 &&
			    close[2 + len] == '>') {
				inner->end = close;
				from->at = close + len + 3;
				return true;
			}
		}
		return false;
	}
	return false;
}

/* The text of an element inside `in`, shortened to fit; "" if there is none. */
static void
copy_text(struct span in, const char *tag, char *out, size_t size)
{
	struct span text;
	size_t len;

	out[0] = '\0';
	if (!next_element(&in, tag, &text))
		return;
	len = (size_t)(text.end - text.at);
	if (len >= size) {
		text.at += len - (size - 1); /* of a path, the end counts */
		len = size - 1;
	}
	memcpy(out, text.at, len);
	out[len] = '\0';
}

static bool
is_uuid(const char *s)
{
	return *s != '\0' &&
	       strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
			 "0123456789-") == strlen(s);
}

static void
parse_processes(struct gpu *gpu, struct span in)
{
	struct gpu_process p;
	struct span text;
	char pid[24], path[256];
	size_t n;

	while (gpu->process_count < PROCESSES_MAX &&
	       next_element(&in, "process_info", &text)) {
		copy_text(text, "pid", pid, sizeof(pid));
		copy_text(text, "process_name", path, sizeof(path));
		p.pid = strtoll(pid, NULL, 10);
		snprintf(p.name, sizeof(p.name), "%.63s", path_base(path));
		n = gpu->process_count++;
		gpu->processes = xreallocarray(
		    gpu->processes, n + 1, sizeof(*gpu->processes));
		gpu->processes[n] = p;
	}
}

int
gpus_parse(struct gpus *g, const char *xml, struct buf *err)
{
	struct span all = {xml, xml + strlen(xml)}, log, text;
	struct gpu gpu;

	*g = (struct gpus){NULL, 0};
	if (!next_element(&all, "nvidia_smi_log", &log))
		return buf_err(err, "nvidia-smi printed something else");
	while (g->count < GPUS_MAX && next_element(&log, "gpu", &text)) {
		gpu = (struct gpu){.index = (int64_t)g->count};
		copy_text(text, "uuid", gpu.uuid, sizeof(gpu.uuid));
		if (!is_uuid(gpu.uuid)) {
			gpus_release(g);
			return buf_err(err, "nvidia-smi names no uuid");
		}
		parse_processes(&gpu, text);
		g->at = xreallocarray(g->at, g->count + 1, sizeof(*g->at));
		g->at[g->count++] = gpu;
	}
	return 0;
}

int
gpus_ask(struct gpus *g, struct buf *err)
{
	struct proc_spec spec = {.argv = gpus_command, .err.io = PROC_NULL};
	struct buf xml = BUF_INIT_MAX(GPUS_MAX_BYTES);
	struct proc_end end;
	int r = proc_run(&spec, &xml, GPUS_TIMEOUT_MS, &end, err);

	if (r == 0 && (end.signaled || end.code != 0))
		r = buf_err(err, "nvidia-smi failed (%s %d)",
		    end.signaled ? "signal" : "exit code", end.code);
	if (r == 0)
		r = gpus_parse(g, xml.data, err);
	buf_release(&xml);
	return r;
}

/* ---- what they mean ---- */

const struct gpu_process *
gpu_process_on(const struct gpu *g)
{
	size_t i;

	/* A trial that has just ended would else hold up the next one. */
	for (i = 0; i < g->process_count; i++)
		if (!proc_is_gone(g->processes[i].pid))
			return &g->processes[i];
	return NULL;
}

bool
gpu_is_ours(const struct config_member *m, const struct gpu *g)
{
	size_t i;

	if (m->gpu_indices == NULL)
		return true;
	for (i = 0; i < m->gpu_index_count; i++)
		if (m->gpu_indices[i] == g->index)
			return true;
	return false;
}

int
gpus_check(const struct gpus *g, const struct config_member *m, struct buf *err)
{
	int64_t ours = 0;
	size_t i;

	for (i = 0; m->gpu_indices && i < m->gpu_index_count; i++) {
		if (m->gpu_indices[i] < 0 ||
		    m->gpu_indices[i] >= (int64_t)g->count)
			return buf_err(err,
			    "gpuIndices names GPU %" PRId64
			    ", but this machine has %zu (they count from 0)",
			    m->gpu_indices[i], g->count);
	}
	for (i = 0; i < g->count; i++)
		ours += gpu_is_ours(m, &g->at[i]);
	if (m->gpu_number > ours)
		return buf_err(err,
		    "trialGpuNumber is %" PRId64 ", but %s %" PRId64 " GPU%s",
		    m->gpu_number,
		    m->gpu_indices ? "gpuIndices allows" : "this machine has",
		    ours, plural((uint64_t)ours));
	return 0;
}
