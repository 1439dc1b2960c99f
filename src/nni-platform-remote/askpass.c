/*
 * What ssh asks for.  It starts this program with the prompt as its argument,
 * once for each, and takes what comes on standard output as the answer; none,
 * and an exit code that is not 0, is a refusal.
 */
#include <stdlib.h>
#include <string.h>

#include "config.h"
#include "expdir.h"
#include "os/sys.h"
#include "say.h"
#include "ssh.h"

/* See SSH_ASKPASS_POINTER. */
struct pointer {
	struct buf text; /* the others point into it */
	char *dir, *member, *index, *who;
	bool proxied;
};

static char *
cut_line(char **at)
{
	char *line = *at;

	*at += strcspn(*at, "\n");
	if (**at)
		*(*at)++ = '\0';
	return line;
}

static void
read_pointer(struct pointer *p, const char *text)
{
	char *at;

	buf_set(&p->text, text);
	at = p->text.data;
	p->dir = cut_line(&at);
	p->member = cut_line(&at);
	p->index = cut_line(&at);
	p->who = cut_line(&at);
	p->proxied = !strcmp(p->who, "proxied") || !strcmp(at, "proxied");
	if (!strchr(p->who, '@'))
		p->who = NULL;
}

/* ---- prompts ---- */

static bool
holds(const char *text, const char *word)
{
	size_t i, len = strlen(word);

	for (; *text; text++) {
		for (i = 0; i < len; i++) {
			char c = text[i];

			if (c >= 'A' && c <= 'Z')
				c = (char)(c - 'A' + 'a');
			if (c != word[i])
				break;
		}
		if (i == len)
			return true;
	}
	return false;
}

/*
 * Is it the machine's own password that is asked for?  "bob@192.0.2.2's
 * password: " by ssh itself, "(bob@192.0.2.2) Password: " by what the server
 * sent.  A jump host in between asks in the same way, for its own.
 */
static bool
is_for_password(const struct pointer *p, const char *prompt)
{
	static const char *const others[] = {"new password", "retype",
	    "one-time", "one time", "passcode", "verification"};
	const char *named = prompt + (*prompt == '(');
	size_t i, len = p->who ? strlen(p->who) : 0;

	if (!holds(prompt, "password") || holds(prompt, "(yes/no"))
		return false;
	for (i = 0; i < sizeof(others) / sizeof(*others); i++)
		if (holds(prompt, others[i]))
			return false;
	if (!p->who)
		return true;
	if (!strncmp(named, p->who, len) &&
	    (named[len] == ')' || !strncmp(named + len, "'s ", 3)))
		return true;
	/* Before OpenSSH 8.4 it was not said who the server's question is for.
	 */
	return !p->proxied && !strchr(prompt, '@');
}

/* ---- the secret ---- */

static int
find_secret(const struct pointer *p, const char *key, struct buf *secret)
{
	struct machines_read all = {NULL, 0};
	struct config_member *member;
	struct buf err = BUF_INIT;
	struct config config;
	size_t index = strtoul(p->index, NULL, 10);
	int r = -1;

	if (config_open(&config, p->dir, p->member, &member, &err) == 0) {
		if (machines_read(&all, p->dir, member, &err) == 0 &&
		    index < all.count)
			r = json_string(
			    json_get(all.all[index].section, key), secret);
		machines_read_release(&all);
		config_release(&config);
	}
	if (err.len)
		say_warning("%s", err.data);
	buf_release(&err);
	return r;
}

static int
answer(const struct pointer *p, const char *prompt)
{
	bool passphrase = holds(prompt, "passphrase for");
	struct buf secret = BUF_INIT;
	int code = 1;

	if ((passphrase || is_for_password(p, prompt)) &&
	    find_secret(
		p, passphrase ? "sshPassphrase" : "password", &secret) == 0) {
		say("%s", passphrase ? SSH_GAVE_PASSPHRASE : SSH_GAVE_PASSWORD);
		buf_addc(&secret, '\n');
		code = say_data(secret.data, secret.len) == 0 ? 0 : 1;
		memset(secret.data, 0, secret.len);
	} else
		say(SSH_GAVE_NOTHING " '%s'", prompt);
	buf_release(&secret);
	return code;
}

int
ssh_askpass(int argc, char **argv)
{
	const char *text = env_get(SSH_ASKPASS_POINTER);
	struct pointer p = {.text = BUF_INIT};
	int code;

	if (!text || argc != 2)
		return -1;
	say_program(SSH_ASKPASS_NAME);
	read_pointer(&p, text);
	code = answer(&p, argv[1]);
	buf_release(&p.text);
	return code;
}
