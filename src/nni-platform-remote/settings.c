/* What a far end is told of the experiment. */
#include "settings.h"

#include <string.h>

#include "expdir.h"
#include "mem.h"
#include "os/file.h"
#include "os/sys.h"
#include "remote.h"
#include "say.h"

/* ---- what is kept of the member ---- */

static int
read_key(const char *path, struct buf *key)
{
	struct buf text = BUF_INIT;
	struct json all;
	int r = -1;

	if (file_read_ordinary(path, &text, NULL) == 0 &&
	    json_check(text.data, text.len, JSON_STRICT, &all, NULL, NULL) == 0)
		r = json_string(json_get(all, "key"), key);
	buf_release(&text);
	return r;
}

/* Under its name it is whole, and if two come at the same time the first's. */
static int
write_key(const char *path, struct buf *err)
{
	unsigned char bytes[16];
	struct buf text = BUF_INIT, new = BUF_INIT;
	size_t i;
	int r;

	random_bytes(bytes, sizeof(bytes));
	buf_adds(&text, "{\"key\":\"");
	for (i = 0; i < 8; i++)
		buf_addf(&text, "%02x", bytes[i]);
	buf_adds(&text, "\"}\n");
	buf_addf(&new, "%s.", path);
	for (; i < sizeof(bytes); i++)
		buf_addf(&new, "%02x", bytes[i]);
	r = file_replace(new.data, text.data, text.len, 0600, true, err);
	if (r == 0 && file_link(new.data, path, NULL) == -1 &&
	    os_errno() != OS_EXISTS)
		r = file_rename(new.data, path, err); /* a disk without links */
	file_remove(new.data, NULL);
	buf_release(&text);
	buf_release(&new);
	return r;
}

int
settings_key(
    const char *dir, const char *member, struct buf *key, struct buf *err)
{
	struct buf path = BUF_INIT;
	int r;

	expdir_path(&path, dir, "platforms");
	dir_make(path.data, 0700, NULL);
	buf_addf(&path, "/%s.json", member);
	r = read_key(path.data, key);
	if (r == -1 && (r = write_key(path.data, err)) == 0) {
		buf_clear(err);
		r = read_key(path.data, key);
		if (r == -1)
			r = buf_err(err,
			    "'%s' has no \"key\": remove it if no trial runs "
			    "on the machines of '%s'",
			    path.data, member);
	}
	buf_release(&path);
	return r;
}

char *
settings_code(const char *dir)
{
	struct buf path = BUF_INIT, text = BUF_INIT;
	struct json all;
	struct buf digest = BUF_INIT;
	const char *hex;
	char *code = NULL;

	expdir_path(&path, dir, "code.json");
	if (file_read_ordinary(path.data, &text, NULL) == 0 &&
	    json_check(text.data, text.len, JSON_STRICT, &all, NULL, NULL) ==
		0 &&
	    json_string(json_get(all, "digest"), &digest) == 0) {
		/* "sha256:HEX"; there it is a directory's name */
		hex = strrchr(digest.data, ':');
		code = xstrdup(hex ? hex + 1 : digest.data);
	}
	buf_release(&path);
	buf_release(&text);
	buf_release(&digest);
	return code;
}

/* ---- the line ---- */

static void
copy(struct buf *out, struct json from, const char *key)
{
	struct json v = json_get(from, key);

	if (json_type(v) > JSON_NULL)
		json_member_raw(out, key, v);
}

static void
copy_all(struct buf *out, struct json from, const char *const *keys)
{
	for (; *keys; keys++)
		copy(out, from, *keys);
}

/* What the machine says itself, or what its member says of all. */
static void
copy_nearest(struct buf *out, struct json machine, struct json member,
    const char *const *keys)
{
	for (; *keys; keys++)
		copy(out,
		    json_type(json_get(machine, *keys)) > JSON_NULL ? machine
								    : member,
		    *keys);
}

/* v1.9:docs/en_US/TrainingService/RemoteMachineMode.md: preCommand && command
 */
static void
add_command(
    struct buf *out, const struct config_member *member, struct json machine)
{
	struct buf text = BUF_INIT;

	json_string(json_get(machine, "preCommand"), &text);
	if (text.len)
		buf_adds(&text, " && ");
	buf_adds(&text, member->trial_command ? member->trial_command : "");
	json_member_str(out, "trialCommand", text.data);
	buf_release(&text);
}

static void
add_member(struct buf *out, const struct fleet *f, const struct machine *m)
{
	static const char *const of_member[] = {"trialGpuNumber", NULL};
	static const char *const of_machine[] = {"useActiveGpu",
	    "maxTrialNumberPerGpu", "gpuIndices", "pythonPath", NULL};

	buf_addc(out, '{');
	json_member_str(out, "platform", "local");
	json_member_str(out, "member", f->member->name);
	add_command(out, f->member, m->section);
	copy_all(out, f->member->section, of_member);
	copy_nearest(out, m->section, f->member->section, of_machine);
	buf_addc(out, '}');
}

/* Where it is mounted there, and what it is; not its key. */
static void
add_share(struct buf *out, const struct fleet *f)
{
	static const char *const same[] = {
	    "storageType", "nfsServer", "exportedDirectory", NULL};
	struct json share = json_get(f->config.all, "sharedStorage");
	struct json point = json_get(share, "remoteMountPoint");

	if (json_type(point) != JSON_STRING)
		return;
	json_key(out, "sharedStorage");
	buf_addc(out, '{');
	json_member_raw(out, "localMountPoint", point);
	copy_all(out, share, same);
	buf_addc(out, '}');
}

static void
add_config(struct buf *out, const struct fleet *f, const struct machine *m)
{
	static const char *const of_top[] = {"trialConcurrency",
	    "maxTrialDuration", "killGrace", "lease", "multiPhase", NULL};

	json_key(out, "config");
	buf_addc(out, '{');
	copy_all(out, f->config.all, of_top);
	add_share(out, f);
	json_key(out, "trainingService");
	buf_addc(out, '[');
	add_member(out, f, m);
	buf_adds(out, "]}");
}

void
settings_line(struct buf *out, const struct fleet_machine *m)
{
	const struct fleet *f = m->fleet;
	struct buf key = BUF_INIT, err = BUF_INIT;

	/* Without a key it is refused there, with the reason. */
	if (settings_key(f->v->dir, f->v->member, &key, &err) == -1)
		say_warning("%s", err.data);
	buf_addc(out, '{');
	json_member_str(out, "type", "settings");
	json_member_int(out, "protocol", FAR_PROTOCOL);
	json_member_str(out, "experiment", expdir_id(f->v->dir));
	json_member_str(out, "place", m->machine->place);
	json_member_str(out, "key", key.data);
	json_member_str(out, "root", m->machine->remote_dir);
	json_member_str(out, "member", f->member->name);
	if (f->code)
		json_member_str(out, "code", f->code);
	if (m->tools)
		json_member_str(out, "tools", m->tools);
	add_config(out, f, m->machine);
	buf_addc(out, '}');
	buf_release(&key);
	buf_release(&err);
}
