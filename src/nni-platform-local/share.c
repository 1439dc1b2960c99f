/* A directory that several machines have mounted, for the output of trials. */
#include "share.h"

#include <stdlib.h>

#include "expdir.h"
#include "mem.h"
#include "os/process.h"
#include "os/sys.h"

static struct json
section(const struct place *p)
{
	return json_get(p->config.all, "sharedStorage");
}

/* A far end's settings have what is there as localMountPoint. */
char *
share_find(const struct place *p)
{
	struct json s = section(p);
	char *given = json_strdup(json_get(s, "localMountPoint"));
	struct buf path = BUF_INIT, plain = BUF_INIT;

	if (given == NULL ||
	    record_is(json_get(s, "localMounted"), "nomount")) {
		free(given);
		return NULL;
	}
	/* What is relative counts from where one logs in. */
	if (path_expand(given, &plain, NULL) == -1)
		buf_set(&plain, given);
	if (path_absolute(plain.data, sys_home(), &path, NULL) == -1)
		buf_set(&path, plain.data);
	free(given);
	buf_release(&plain);
	return buf_detach(&path);
}

static void
add_word(struct buf *out, struct json s, const char *key)
{
	struct buf text = BUF_INIT;

	json_string(json_get(s, key), &text);
	buf_adds(out, text.data);
	buf_release(&text);
}

/* What a person types to have it. */
static void
add_command(struct buf *out, const struct place *p)
{
	struct json s = section(p);
	struct buf what = BUF_INIT;

	if (!record_is(json_get(s, "storageType"), "NFS")) {
		buf_addf(out, "mount the container at %s (with blobfuse2)",
		    p->share);
		return;
	}
	add_word(&what, s, "nfsServer");
	buf_addc(&what, ':');
	add_word(&what, s, "exportedDirectory");
	buf_adds(out, "type: sudo mkdir -p ");
	proc_quote(out, p->share);
	buf_adds(out, " && sudo mount -t nfs ");
	proc_quote(out, what.data);
	buf_addc(out, ' ');
	proc_quote(out, p->share);
	buf_release(&what);
}

int
share_check(const struct place *p, struct buf *err, struct buf *hint)
{
	struct file_info info;

	if (p->share == NULL ||
	    (file_info(p->share, true, &info) == 0 && info.type == FILE_DIR))
		return 0;
	if (hint)
		add_command(hint, p);
	return buf_err(err,
	    "the shared storage is not there: there is no directory '%s'",
	    p->share);
}

int
share_output(struct buf *out, const struct place *p, const char *attempt_dir,
    struct buf *err)
{
	struct buf hint = BUF_INIT;
	int r;

	if (p->share == NULL) {
		buf_adds(out, attempt_dir);
		return 0;
	}
	r = share_check(p, err, &hint);
	if (r == -1 && err)
		buf_addf(err, "; %s", hint.data);
	buf_addf(out, "%s/nni/%s/trials/%s/nnioutput", p->share,
	    expdir_id(p->dir), path_base(attempt_dir));
	if (r == 0)
		r = dir_make_all(out->data, 0755, err);
	buf_release(&hint);
	return r;
}
