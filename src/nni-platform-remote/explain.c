/*
 * What ssh says when it fails, in our words.  Its messages are OpenSSH's, which
 * are English everywhere; sshconnect.c, sshconnect2.c, packet.c, clientloop.c,
 * kex.c and authfile.c have them.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "os/file.h"
#include "os/process.h"
#include "quote.h"
#include "say.h"
#include "ssh.h"

/* The end of what was said: enough for the longest warning of ssh's. */
#define SAID_MAX ((size_t)16384)

struct explain {
	const struct machine *m;
	struct buf lines; /* what was said, cleaned, one line each */
	struct buf *message, *hint;
};

/* ---- the lines ---- */

static void
clean(struct buf *lines, const char *said)
{
	size_t len = strlen(said), n;

	if (len > SAID_MAX)
		said += len - SAID_MAX;
	for (; *said; said += n + (said[n] == '\n')) {
		size_t from = lines->len;

		n = strcspn(said, "\n");
		buf_add(lines, said, n);
		buf_rtrim(lines);
		if (lines->len < from)
			lines->len = from;
		quote_visible_tail(lines, from);
		buf_addc(lines, '\n');
	}
}

/* What is said in passing, whatever becomes of the connection. */
static bool
is_passing(const char *line)
{
	static const char *const passing[] = {"Warning: Permanently added",
	    "mux_client_request_session:", "ControlSocket ", "@@@@", "** ",
	    SSH_ASKPASS_NAME ": ", "Disconnected from ",
	    "Connection closed by UNKNOWN", "debug"};
	size_t i;

	for (i = 0; i < sizeof(passing) / sizeof(*passing); i++)
		if (!strncmp(line, passing[i], strlen(passing[i])))
			return true;
	return !*line || *line == '\n';
}

/* The last line with `what` in it (in front: it begins with it), if it is more
   than something said in passing. */
static bool
find(const struct explain *e, const char *what, bool in_front, struct buf *line)
{
	size_t n, len = strlen(what);
	const char *at;
	bool found = false;

	for (at = e->lines.data; *at; at += n + (at[n] == '\n')) {
		const char *hit = strstr(at, what);

		n = strcspn(at, "\n");
		if (!hit || hit + len > at + n || (in_front && hit != at) ||
		    is_passing(at))
			continue;
		found = true;
		buf_clear(line);
		buf_add(line, at, n);
	}
	return found;
}

static bool
was_said(const struct explain *e, const char *what)
{
	return strstr(e->lines.data, what) != NULL;
}

/* What stands between `before` and `after` (NULL: the end) in a line. */
static bool
between(const struct buf *line, const char *before, const char *after,
    struct buf *part)
{
	const char *from = strstr(line->data, before), *to;

	buf_clear(part);
	if (!from)
		return false;
	from += strlen(before);
	to = after ? strstr(from, after) : from + strlen(from);
	if (!to)
		return false;
	buf_add(part, from, (size_t)(to - from));
	return true;
}

static bool
last_line(const struct explain *e, struct buf *line)
{
	struct buf one = BUF_INIT;
	const char *at;
	size_t n;

	buf_clear(line);
	for (at = e->lines.data; *at; at += n + (at[n] == '\n')) {
		n = strcspn(at, "\n");
		buf_clear(&one);
		buf_add(&one, at, n);
		if (!is_passing(one.data))
			buf_set(line, one.data);
	}
	buf_release(&one);
	return line->len > 0;
}

/* ---- what is said to the user ---- */

static void
begin(struct explain *e)
{
	buf_setf(e->message, "%s: ", e->m->place);
	buf_clear(e->hint);
}

/* The same login by hand: ssh -p 2201 bob@192.0.2.2 */
static void
add_by_hand(struct buf *to, const struct machine *m)
{
	struct buf who = BUF_INIT;

	buf_adds(to, "`ssh ");
	if (m->port)
		buf_addf(to, "-p %" PRId64 " ", m->port);
	if (m->key_file) {
		buf_adds(to, "-i ");
		proc_quote(to, m->key_file);
		buf_addc(to, ' ');
	}
	if (m->user)
		buf_addf(&who, "%s@", m->user);
	buf_adds(&who, m->host);
	proc_quote(to, who.data);
	buf_addc(to, '`');
	buf_release(&who);
}

/* ---- host keys ---- */

static int
explain_unknown_key(struct explain *e)
{
	begin(e);
	buf_adds(e->message, "its host key is not known here");
	buf_adds(e->hint, "run ");
	add_by_hand(e->hint, e->m);
	buf_adds(e->hint,
	    ", compare the fingerprint with the machine's own "
	    "(ssh-keygen -l -f /etc/ssh/ssh_host_ed25519_key.pub there) and "
	    "answer yes; or set its 'hostKeyChecking: accept-new' to trust "
	    "whoever answers first");
	return NNI_AUTH;
}

static int
explain_changed_key(struct explain *e)
{
	struct buf line = BUF_INIT, file = BUF_INIT, name = BUF_INIT;
	char *colon;

	begin(e);
	buf_adds(e->message,
	    "its host key has changed: the machine was set up anew, or "
	    "somebody else answers in its name");
	if (find(e, "Offending ", true, &line) &&
	    between(&line, " in ", NULL, &file) &&
	    (colon = strrchr(file.data, ':')) != NULL) {
		buf_addf(e->message, " (the known key: %s)", file.data);
		buf_cut(&file, (size_t)(colon - file.data));
	}
	if (find(e, "Host key for ", true, &line) &&
	    between(&line, "Host key for ", " has changed", &name)) {
		buf_adds(e->hint, "if it was set up anew: `ssh-keygen ");
		if (file.len) {
			buf_adds(e->hint, "-f ");
			proc_quote(e->hint, file.data);
			buf_addc(e->hint, ' ');
		}
		buf_adds(e->hint, "-R ");
		proc_quote(e->hint, name.data);
		buf_adds(e->hint, "`, then ");
		add_by_hand(e->hint, e->m);
		buf_adds(e->hint, ", and compare the fingerprint");
	}
	buf_release(&line);
	buf_release(&file);
	buf_release(&name);
	return NNI_AUTH;
}

static int
explain_host_key(struct explain *e)
{
	struct buf line = BUF_INIT;
	int code;

	if (was_said(e, "REMOTE HOST IDENTIFICATION HAS CHANGED") ||
	    was_said(e, " has changed and you have requested strict"))
		code = explain_changed_key(e);
	else if (find(e, "revoked", false, &line)) {
		begin(e);
		buf_adds(e->message, line.data);
		code = NNI_AUTH;
	} else
		code = explain_unknown_key(e);
	buf_release(&line);
	return code;
}

/* ---- refused logins ---- */

/* Is the key file one that needs a passphrase?  Told by its first bytes. */
static bool
is_locked(const char *file)
{
	static const char begins[] = "b3BlbnNzaC1rZXktdjEAAAAA",
			  none[] = "BG5vbmU"; /* cipher "none" */
	struct buf text = BUF_INIT_MAX(1 << 16);
	const char *at;
	bool locked = false;

	if (file_read_ordinary(file, &text, NULL) == 0) {
		at = strstr(text.data, begins);
		locked =
		    at ? strncmp(at + strlen(begins), none, strlen(none)) != 0
		       : strstr(text.data, "ENCRYPTED") != NULL;
	}
	buf_release(&text);
	return locked;
}

/* What is wrong with the key file itself; false: nothing that ssh told. */
static bool
explain_key_file(struct explain *e)
{
	struct buf line = BUF_INIT, reason = BUF_INIT;
	const char *key = e->m->key_file;
	bool told = true;

	begin(e);
	if (find(e, "Identity file ", false, &line) &&
	    between(&line, "not accessible: ", NULL, &reason)) {
		buf_rtrim(&reason);
		if (reason.len && reason.data[reason.len - 1] == '.')
			buf_cut(&reason, reason.len - 1);
		buf_addf(e->message, "cannot read its sshKeyFile '%s': %s", key,
		    reason.data);
	} else if (was_said(e, "are too open.")) {
		buf_addf(e->message,
		    "its sshKeyFile '%s' is not used by ssh: others may read "
		    "it",
		    key);
		buf_adds(e->hint, "run `chmod 600 ");
		proc_quote(e->hint, key);
		buf_adds(e->hint, "`");
	} else if (find(e, "Load key ", true, &line)) {
		between(&line, "\": ", NULL, &reason);
		buf_addf(e->message, "its sshKeyFile '%s' cannot be used: %s",
		    key, reason.data);
		buf_setf(e->hint, "is it the private key, in a format that ssh "
				  "knows?");
	} else if (!e->m->has_passphrase && is_locked(key)) {
		buf_addf(e->message,
		    "its sshKeyFile '%s' is locked by a passphrase, and the "
		    "agent has no such key",
		    key);
		buf_adds(e->hint, "set its sshPassphrase, or run `ssh-add ");
		proc_quote(e->hint, key);
		buf_adds(e->hint, "`");
	} else
		told = false;
	buf_release(&line);
	buf_release(&reason);
	return told;
}

static void
add_where_keys_go(struct explain *e)
{
	buf_adds(e->hint,
	    "; for an administrator of a Windows machine it has to be in "
	    "C:\\ProgramData\\ssh\\administrators_authorized_keys");
}

static void
explain_key(struct explain *e)
{
	const char *key = e->m->key_file;

	begin(e);
	if (was_said(e, SSH_ASKPASS_NAME ": " SSH_GAVE_PASSPHRASE)) {
		buf_addf(e->message,
		    "the passphrase%s%s%s is wrong, or the machine does not "
		    "take the key",
		    key ? " of '" : "", key ? key : "", key ? "'" : "");
		if (key) {
			buf_adds(e->hint, "try the passphrase: `ssh-keygen -y "
					  "-f ");
			proc_quote(e->hint, key);
			buf_adds(e->hint, "`");
		}
		return;
	}
	buf_addf(e->message, "the machine does not take %s%s%s",
	    key ? "the key '" : "any of your keys", key ? key : "",
	    key ? "'" : "");
	if (key) {
		buf_adds(e->hint, "run `ssh-copy-id -i ");
		proc_quote(e->hint, key);
		if (e->m->port)
			buf_addf(e->hint, " -p %" PRId64, e->m->port);
		buf_addc(e->hint, ' ');
		if (e->m->user)
			buf_addf(e->hint, "%s@", e->m->user);
		buf_addf(e->hint, "%s`", e->m->host);
	} else {
		buf_adds(e->hint, "set its sshKeyFile or password, or use "
				  "ssh-add, until ");
		add_by_hand(e->hint, e->m);
		buf_adds(e->hint, " asks nothing");
	}
	add_where_keys_go(e);
}

static int
explain_denied(struct explain *e, const struct buf *line)
{
	struct buf methods = BUF_INIT, asked = BUF_INIT;
	bool takes_passwords, key_failed;

	between(line, "(", ")", &methods);
	takes_passwords = strstr(methods.data, "password") ||
			  strstr(methods.data, "keyboard-interactive");
	/* Whatever is asked for after that, a password say, is beside it. */
	key_failed = !e->m->has_password &&
		     was_said(e, SSH_ASKPASS_NAME ": " SSH_GAVE_PASSPHRASE) &&
		     strstr(methods.data, "publickey");
	begin(e);
	if (!key_failed &&
	    between(&e->lines, SSH_ASKPASS_NAME ": " SSH_GAVE_NOTHING " ", "\n",
		&asked) &&
	    !strstr(asked.data, "passphrase for")) {
		buf_addf(e->message,
		    "ssh asked for what it was not to be told: %s", asked.data);
		buf_adds(e->hint,
		    "log in by hand to see what it is; a jump host has to let "
		    "you in without a question, by a key in your ~/.ssh/config "
		    "or an agent");
	} else if (was_said(e, SSH_ASKPASS_NAME ": " SSH_GAVE_PASSWORD)) {
		buf_adds(e->message, "the password was refused");
		buf_adds(e->hint, "correct user or password; perhaps the "
				  "machine takes no passwords for this user");
	} else if (e->m->has_password && !takes_passwords) {
		buf_addf(e->message, "the machine takes no passwords, only %s",
		    methods.data);
		buf_adds(e->hint, "set its sshKeyFile in place of password");
	} else if (!e->m->key_file || !explain_key_file(e))
		explain_key(e);
	buf_addf(e->message, ": %s", line->data);
	buf_release(&methods);
	buf_release(&asked);
	return NNI_AUTH;
}

/* ---- all else, by the words in a line ---- */

static const struct {
	const char *words;
	bool in_front;
	int code;
	const char *message; /* before the line itself; NULL: the line alone */
	const char *hint;
} known[] = {
    {"Temporary failure in name resolution", false, NNI_TEMPORARY,
	"its name cannot be looked up now", NULL},
    {"Could not resolve hostname", false, NNI_CONFIG, "its name is not known",
	"host is a name or an address, or a Host of your ~/.ssh/config"},
    {"Bad configuration option", false, NNI_CONFIG,
	"your ssh configuration is wrong", "correct it"},
    {"configuration options", false, NNI_CONFIG,
	"your ssh configuration is wrong", "correct it"},
    {"Bad owner or permissions on", true, NNI_CONFIG,
	"ssh does not use your configuration",
	"only you may write to it: chmod 600"},
    {"Connection refused", false, NNI_TEMPORARY, "nobody listens there",
	"is its ssh server running, and is the port right?"},
    {"timed out", false, NNI_TEMPORARY, "it does not answer",
	"is it switched on, and can it be reached from here?"},
    {"ssh: connect to host", true, NNI_TEMPORARY, "it cannot be reached",
	"is it switched on, and can it be reached from here?"},
    {"Unable to negotiate with", true, NNI_CONFIG,
	"this ssh and its server have no method in common",
	"ssh_config(5) says how to allow old methods for a Host"},
    {"Too many authentication failures", false, NNI_AUTH,
	"too many keys were offered before the right one",
	"set its sshKeyFile: then only that key is offered"},
    {"password has expired", false, NNI_AUTH, "the password has expired",
	"log in by hand and change it"},
    {"ssh_askpass:", false, NNI_TEMPORARY, "ssh could not ask for the password",
	NULL},
    {"Session open refused", false, NNI_TEMPORARY,
	"the machine allows no more sessions",
	"MaxSessions in its sshd_config"},
    {"Not allowed at this time", false, NNI_TEMPORARY,
	"it does not let us in now",
	"PerSourcePenalties in its sshd_config: after several refused logins"},
    {"Exceeded MaxStartups", false, NNI_TEMPORARY,
	"too many logins at once for it", "MaxStartups in its sshd_config"},
    {"exchange_identification", false, NNI_TEMPORARY,
	"it hung up before the login",
	"too many logins at once (MaxStartups in its sshd_config), an address "
	"that it shuts out, or no ssh server"},
    {"Timeout, server", true, NNI_TEMPORARY, "the connection is lost", NULL},
    {"client_loop:", true, NNI_TEMPORARY, "the connection is lost", NULL},
    {"closed by remote host", false, NNI_TEMPORARY, "the connection is lost",
	NULL},
    {"Connection reset by", false, NNI_TEMPORARY, "the connection is lost",
	NULL},
    /* All that OpenSSH 10 says of a hang-up before the login. */
    {"Connection closed by", false, NNI_TEMPORARY, "it hung up",
	"before the login it means too many at once (MaxStartups in its "
	"sshd_config), or an address that it shuts out"},
    {"Broken pipe", false, NNI_TEMPORARY, "the connection is lost", NULL},
};

static int
explain_known(struct explain *e, struct buf *line)
{
	size_t i, n = sizeof(known) / sizeof(*known);

	for (i = 0; i < n; i++)
		if (find(e, known[i].words, known[i].in_front, line))
			break;
	begin(e);
	if (i < n) {
		buf_addf(e->message, "%s: %s", known[i].message, line->data);
		if (known[i].hint)
			buf_adds(e->hint, known[i].hint);
		return known[i].code;
	}
	if (last_line(e, line))
		buf_addf(e->message, "ssh: %s", line->data);
	else
		buf_adds(e->message, "the connection is lost");
	return NNI_TEMPORARY;
}

int
ssh_explain(struct buf *message, struct buf *hint, const struct machine *m,
    const char *said, int exit_code)
{
	struct explain e = {m, BUF_INIT, message, hint};
	struct buf line = BUF_INIT;
	int code = NNI_TEMPORARY;

	clean(&e.lines, said);
	if (exit_code == 127) {
		begin(&e);
		buf_addf(message, "no program to run: %s",
		    last_line(&e, &line) ? line.data : "exit code 127");
		buf_adds(hint, "install the OpenSSH client, or set NNI_SSH to "
			       "where it is");
	} else if (find(&e, "Host key verification failed", true, &line))
		code = explain_host_key(&e);
	else if (find(&e, ": Permission denied (", false, &line))
		code = explain_denied(&e, &line);
	else
		code = explain_known(&e, &line);
	buf_release(&e.lines);
	buf_release(&line);
	return code;
}
