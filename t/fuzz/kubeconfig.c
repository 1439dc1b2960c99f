/*
 * Any bytes as a kubeconfig, and as what a plugin for credentials prints: what
 * is taken must be fit for the lines that curl gets, and nothing secret may be
 * told.  The first byte says which.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "json.h"
#include "nni-platform-rest/exec-plugin.h"
#include "nni-platform-rest/kinds.h"
#include "nni-platform-rest/kubeconfig.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
is_line(const char *text)
{
	if (text && !access_is_header_text(text))
		abort();
}

static void
check(const struct kubeconfig *k)
{
	struct json v;
	size_t i;

	is_line(k->server);
	is_line(k->token);
	is_line(k->username);
	is_line(k->password);
	is_line(k->tls_server_name);
	for (i = 0; k->impersonate && k->impersonate[i]; i++)
		is_line(k->impersonate[i]);
	if (k->exec && (json_check(k->exec->info, strlen(k->exec->info),
			    JSON_STRICT, &v, NULL, NULL) == -1 ||
			   k->exec->argv[0] == NULL))
		abort();
	if (!k->source || !k->context || !k->cluster || !k->user || !k->server)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct kubeconfig k;
	struct exec_credential c;
	struct buf err = BUF_INIT;
	const char *text = (const char *)data + 1;

	if (size == 0)
		return 0;
	if (data[0] & 1) {
		if (exec_credential_parse(&c, text, size - 1, "g/v1", &err) ==
		    0) {
			is_line(c.token);
			exec_credential_release(&c);
		} else if (err.len == 0) {
			abort();
		}
	} else if (kubeconfig_parse(&k, "/nowhere/kubeconfig", text, size - 1,
		       data[0] & 2 ? "c" : NULL, &err) == 0) {
		check(&k);
		kubeconfig_release(&k);
	} else if (err.len == 0) {
		abort();
	}
	buf_release(&err);
	return 0;
}
