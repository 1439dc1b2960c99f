/* The machines of a member, as its machineList has them. */
#include "machine.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "mem.h"
#include "record.h"

#define DEFAULT_DIR "~/.local/share/nni"

static void
read_machine(struct machine *m, struct json v)
{
	struct buf place = BUF_INIT;

	m->section = v;
	m->host = json_strdup(json_get(v, "host"));
	m->user = json_strdup(json_get(v, "user"));
	json_int(json_get(v, "port"), &m->port);
	m->key_file = json_strdup(json_get(v, "sshKeyFile"));
	m->has_password = json_type(json_get(v, "password")) == JSON_STRING;
	m->has_passphrase =
	    json_type(json_get(v, "sshPassphrase")) == JSON_STRING;
	m->accept_new = record_is(json_get(v, "hostKeyChecking"), "accept-new");
	m->agent_path = json_strdup(json_get(v, "agentPath"));
	m->remote_dir = json_strdup(json_get(v, "remoteDir"));
	if (!m->remote_dir)
		m->remote_dir = xstrdup(DEFAULT_DIR);
	if (m->user)
		buf_addf(&place, "%s@", m->user);
	buf_adds(&place, m->host ? m->host : "");
	if (m->port && m->port != 22)
		buf_addf(&place, ":%" PRId64, m->port);
	m->place = buf_detach(&place);
}

/* What nni-config checks too: config.json may be anybody's. */
static int
check(const struct machines_read *all, size_t i, struct buf *err)
{
	const struct machine *m = &all->all[i];
	const char *const words[] = {m->host, m->user};
	size_t k;

	if (!m->host || !*m->host)
		return buf_err(err, "machine %zu of member '%s' has no host", i,
		    m->member);
	for (k = 0; k < 2; k++)
		if (words[k] &&
		    (words[k][0] == '-' || strpbrk(words[k], " \t\r\n\f\v")))
			return buf_err(err,
			    "machine %zu of member '%s': '%s' is no %s", i,
			    m->member, words[k], k ? "user" : "host");
	for (k = 0; k < i; k++)
		if (!strcmp(all->all[k].place, m->place))
			return buf_err(err,
			    "member '%s' has the machine %s twice", m->member,
			    m->place);
	return 0;
}

int
machines_read(struct machines_read *m, const char *dir,
    const struct config_member *member, struct buf *err)
{
	struct json list = json_get(member->section, "machineList"), key, item;
	struct json_iter it;
	int r = 0;

	*m = (struct machines_read){NULL, 0};
	if (json_type(list) != JSON_ARRAY || !json_count(list))
		return buf_err(
		    err, "member '%s' has no machineList", member->name);
	m->all = xcalloc(json_count(list), sizeof(*m->all));
	json_iter_init(&it, list);
	while (r == 0 && json_next(&it, &key, &item)) {
		struct machine *new = &m->all[m->count];

		new->dir = dir;
		new->member = member->name;
		new->index = m->count++;
		read_machine(new, item);
		r = check(m, new->index, err);
	}
	return r;
}

void
machines_read_release(struct machines_read *m)
{
	size_t i;

	for (i = 0; i < m->count; i++) {
		free(m->all[i].place);
		free(m->all[i].host);
		free(m->all[i].user);
		free(m->all[i].key_file);
		free(m->all[i].agent_path);
		free(m->all[i].remote_dir);
	}
	free(m->all);
	*m = (struct machines_read){NULL, 0};
}
