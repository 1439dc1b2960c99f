/*
 * platform clean: what experiments left on the platforms of a configuration.
 * NNI removed all that anybody's experiments had there; here each experiment
 * that this user still has is cleaned, and nothing of others.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "canonical.h"
#include "config.h"
#include "expdir.h"
#include "nnictl.h"
#include "opt.h"
#include "record.h"
#include "say.h"

#define CONFIG_MAX ((size_t)64 << 20)

static bool
same_text(struct json a, struct json b, const char *key)
{
	char *x = json_strdup(json_get(a, key));
	char *y = json_strdup(json_get(b, key));
	bool same = x != NULL && y != NULL && strcmp(x, y) == 0;

	free(x);
	free(y);
	return same;
}

static int64_t
port_of(struct json machine)
{
	int64_t port = 22;

	json_int(json_get(machine, "port"), &port);
	return port;
}

/* Do the lists of machines share one? */
static bool
share_machine(struct json a, struct json b)
{
	struct json_iter i, k;
	struct json key, one, other;
	bool found = false;

	json_iter_init(&i, a);
	while (!found && json_next(&i, &key, &one)) {
		json_iter_init(&k, b);
		while (!found && json_next(&k, &key, &other))
			found = same_text(one, other, "host") &&
				same_text(one, other, "user") &&
				port_of(one) == port_of(other);
	}
	return found;
}

static bool
share_platform(const struct config_member *a, const struct config_member *b)
{
	struct json x = json_get(a->section, "machineList");
	struct json y = json_get(b->section, "machineList");

	if (strcmp(a->platform, b->platform) != 0 ||
	    strcmp(a->platform, "local") == 0)
		return false;
	return json_type(x) != JSON_ARRAY || json_type(y) != JSON_ARRAY ||
	       share_machine(x, y);
}

/* Has the experiment been where the configuration would run? */
static bool
was_there(const struct config *wanted, const char *dir)
{
	struct buf path = BUF_INIT;
	struct config c = {0};
	bool found = false;

	expdir_path(&path, dir, "config.json");
	if (config_load(&c, path.data, NULL) == 0)
		for (size_t i = 0; i < wanted->member_count; i++)
			for (size_t k = 0; k < c.member_count; k++)
				found |= share_platform(
				    &wanted->members[i], &c.members[k]);
	config_release(&c);
	buf_release(&path);
	return found;
}

static int
clean_all(char **dirs, size_t count)
{
	int code = NNI_OK, one;

	for (size_t i = 0; i < count; i++) {
		const char *args[] = {"--clean", dirs[i], NULL};

		one = run_tool("nni-run", args, true);
		if (one == NNI_OK)
			say("what experiment %s left there is removed",
			    expdir_id(dirs[i]));
		else if (code == NNI_OK || code == NNI_TEMPORARY)
			code = one;
	}
	return code;
}

static int
clean(const struct config *wanted)
{
	char **dirs;
	size_t count, kept = 0;
	int code = NNI_OK;

	which_all(false, &dirs, &count);
	for (size_t i = 0; i < count; i++)
		if (!was_there(wanted, dirs[i])) {
			free(dirs[i]);
		} else if (state_is_running(dirs[i])) {
			say("experiment %s is running: what it has there stays",
			    expdir_id(dirs[i]));
			free(dirs[i]);
		} else {
			dirs[kept++] = dirs[i];
		}
	if (kept == 0)
		code = say_error(
		    NNI_NOTHING, "no experiment here has left anything there");
	else
		code = ask_before("clean the platforms of", dirs, kept, false);
	if (code == NNI_OK)
		code = clean_all(dirs, kept);
	which_free(dirs, kept);
	return code;
}

int
ctl_clean(int argc, char **argv)
{
	static const char *const plain[] = {NULL};
	struct buf json = BUF_INIT_MAX(CONFIG_MAX), err = BUF_INIT;
	struct config c = {0};
	int code;

	(void)argc;
	(void)argv;
	if (o.config == NULL)
		return say_error(NNI_USAGE,
		    "--config FILE says which platforms, as nnictl create has "
		    "it");
	code = canonical_read(o.config, plain, &json, &err);
	if (code == NNI_OK)
		code = config_parse(&c, json.data, json.len, &err);
	if (code == NNI_OK)
		code = clean(&c);
	else if (err.len > 0)
		say_error(code, "%s", err.data);
	config_release(&c);
	buf_release(&json);
	buf_release(&err);
	return code;
}
