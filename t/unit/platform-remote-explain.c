/*
 * What ssh says, told in our words: its messages are those of OpenSSH 9.2 and
 * 9.9, as real servers brought them about.
 *
 * With arguments DIR INDEX COMMAND [alone] it runs the command on that machine,
 * and tells what went wrong, for the tests with servers.
 */
#include <stdlib.h>
#include <string.h>
#include "os/file.h"
#include "os/process.h"
#include "os/sys.h"
#include "config.h"
#include "say.h"
#include "ssh.h"
#include "tap.h"

#define CHANGED                                                                \
	"@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@\r\n"      \
	"@    WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!     @\r\n"      \
	"@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@\r\n"      \
	"IT IS POSSIBLE THAT SOMEONE IS DOING SOMETHING NASTY!\r\n"            \
	"Add correct host key in /home/a b/.ssh/known_hosts to get rid of "    \
	"this message.\r\n"                                                    \
	"Offending ED25519 key in /home/a b/.ssh/known_hosts:12\r\n"           \
	"  remove with:\r\n"                                                   \
	"  ssh-keygen -f \"/home/a b/.ssh/known_hosts\" -R "                   \
	"\"[192.0.2.2]:2201\"\r\n"                                             \
	"Host key for [192.0.2.2]:2201 has changed and you have requested "    \
	"strict checking.\r\n"                                                 \
	"Host key verification failed.\r\n"
#define DENIED "bob@192.0.2.2: Permission denied (publickey,password).\r\n"

enum { KEY = 1, PASSWORD = 2, PASSPHRASE = 4, PORT = 8, NO_USER = 16 };

static const struct {
	const char *said;
	unsigned machine;
	int code;
	const char *message, *hint; /* parts of them; "": hint is empty */
} table[] = {
    {"ssh: Could not resolve hostname nowhere.example: Name or service not "
     "known\r\n",
	0, NNI_CONFIG, "its name is not known: ssh: Could not resolve",
	"host is a name"},
    {"ssh: Could not resolve hostname a: Temporary failure in name resolution",
	0, NNI_TEMPORARY, "cannot be looked up now", ""},
    {"ssh: connect to host 192.0.2.2 port 2201: Connection refused\r\n", PORT,
	NNI_TEMPORARY, "bob@192.0.2.2:2201: nobody listens there",
	"is its ssh server running"},
    {"ssh: connect to host 192.0.2.2 port 22: Connection timed out\r\n", 0,
	NNI_TEMPORARY, "it does not answer", "is it switched on"},
    {"ssh: connect to host 192.0.2.2 port 22: Operation timed out\r\n", 0,
	NNI_TEMPORARY, "it does not answer", "is it switched on"},
    {"ssh: connect to host 192.0.2.2 port 22: No route to host\r\n", 0,
	NNI_TEMPORARY, "it cannot be reached: ssh: connect",
	"is it switched on"},
    {"Connection timed out during banner exchange\r\n"
     "Connection to 192.0.2.2 port 22 timed out\r\n",
	0, NNI_TEMPORARY, "it does not answer", "is it switched on"},
    {"Host key verification failed.\r\n", PORT, NNI_AUTH,
	"its host key is not known here",
	"`ssh -p 2201 bob@192.0.2.2`, compare the fingerprint"},
    {"No ED25519 host key is known for 192.0.2.2 and you have requested "
     "strict checking.\r\nHost key verification failed.\r\n",
	NO_USER, NNI_AUTH, "192.0.2.2: its host key is not known here",
	"`ssh 192.0.2.2`, compare"},
    {CHANGED, PORT, NNI_AUTH,
	"its host key has changed: the machine was set up anew, or somebody "
	"else answers in its name (the known key: "
	"/home/a b/.ssh/known_hosts:12)",
	"`ssh-keygen -f '/home/a b/.ssh/known_hosts' -R '[192.0.2.2]:2201'`, "
	"then `ssh -p 2201 bob@192.0.2.2`"},
    {DENIED, 0, NNI_AUTH, "does not take any of your keys",
	"until `ssh bob@192.0.2.2` asks nothing"},
    {DENIED, KEY | PORT, NNI_AUTH, "does not take the key '/home/bob/k y'",
	"`ssh-copy-id -i '/home/bob/k y' -p 2201 bob@192.0.2.2`"},
    {DENIED, KEY, NNI_AUTH, ": bob@192.0.2.2: Permission denied (publickey,",
	"administrators_authorized_keys"},
    {"nni-askpass: gave the password\n" DENIED, PASSWORD, NNI_AUTH,
	"the password was refused", "correct user or password"},
    {"nni-askpass: no answer to '(bob@192.0.2.2) Code: '\n" DENIED, PASSWORD,
	NNI_AUTH, "asked for what it was not to be told: '(bob@192.0.2.2) Code",
	"log in by hand"},
    {"nni-askpass: gave the password\n"
     "nni-askpass: no answer to 'Enter passphrase for key '/home/bob/k': "
     "'\n" DENIED,
	PASSWORD, NNI_AUTH, "the password was refused", "correct"},
    {"bob@192.0.2.2: Permission denied (publickey).\r\n", PASSWORD, NNI_AUTH,
	"takes no passwords, only publickey", "sshKeyFile"},
    {"nni-askpass: gave the passphrase\n" DENIED, KEY | PASSPHRASE, NNI_AUTH,
	"the passphrase of '/home/bob/k y' is wrong, or the machine does not",
	"`ssh-keygen -y -f '/home/bob/k y'`"},
    {"nni-askpass: gave the passphrase\n"
     "nni-askpass: no answer to 'bob@192.0.2.2's password: '\n" DENIED,
	KEY | PASSPHRASE, NNI_AUTH,
	"the passphrase of '/home/bob/k y' is wrong, or the machine does not",
	"`ssh-keygen -y -f '/home/bob/k y'`"},
    {"Warning: Identity file /home/bob/k y not accessible: No such file or "
     "directory.\n" DENIED,
	KEY, NNI_AUTH,
	"cannot read its sshKeyFile '/home/bob/k y': No such file or "
	"directory: ",
	""},
    {"@         WARNING: UNPROTECTED PRIVATE KEY FILE!          @\r\n"
     "Permissions 0644 for '/home/bob/k y' are too open.\r\n"
     "Load key \"/home/bob/k y\": bad permissions\r\n" DENIED,
	KEY, NNI_AUTH, "others may read it", "`chmod 600 '/home/bob/k y'`"},
    {"Load key \"/home/bob/k y\": error in libcrypto\r\n" DENIED, KEY, NNI_AUTH,
	"cannot be used: error in libcrypto", "is it the private key"},
    {"Received disconnect from 192.0.2.2 port 22:2: Too many authentication "
     "failures\r\nDisconnected from 192.0.2.2 port 22\r\n",
	0, NNI_AUTH, "too many keys were offered", "set its sshKeyFile"},
    {"kex_exchange_identification: read: Connection reset by peer\r\n"
     "Connection reset by 192.0.2.2 port 22\r\n",
	0, NNI_TEMPORARY, "it hung up before the login", "MaxStartups"},
    {"kex_exchange_identification: Connection closed by remote host\r\n"
     "Connection closed by 192.0.2.2 port 22\r\n",
	0, NNI_TEMPORARY, "it hung up before the login", "MaxStartups"},
    {"ssh: connect to host bastion port 22: Connection refused\r\n"
     "kex_exchange_identification: Connection closed by remote host\r\n"
     "Connection closed by UNKNOWN port 65535\r\n",
	0, NNI_TEMPORARY, "ssh: connect to host bastion port 22", "running"},
    {"Timeout, server 192.0.2.2 not responding.\r\n", 0, NNI_TEMPORARY,
	"the connection is lost: Timeout", ""},
    {"client_loop: send disconnect: Broken pipe\r\n", 0, NNI_TEMPORARY,
	"the connection is lost: client_loop", ""},
    {"Connection to 192.0.2.2 closed by remote host.\r\n", 0, NNI_TEMPORARY,
	"the connection is lost", ""},
    {"", 0, NNI_TEMPORARY, "the connection is lost", ""},
    {"Unable to negotiate with 192.0.2.2 port 22: no matching host key type "
     "found. Their offer: ssh-rsa\r\n",
	0, NNI_CONFIG, "Their offer: ssh-rsa", "ssh_config(5)"},
    {"/home/bob/.ssh/config: line 6: Bad configuration option: foo\r\n"
     "/home/bob/.ssh/config: terminating, 1 bad configuration options\r\n",
	0, NNI_CONFIG, "line 6: Bad configuration option: foo", "correct it"},
    {"Bad owner or permissions on /home/bob/.ssh/config\r\n", 0, NNI_CONFIG,
	"ssh does not use your configuration", "chmod 600"},
    {"mux_client_request_session: session request failed: Session open "
     "refused by peer\r\nControlSocket /tmp/x already exists, disabling "
     "multiplexing\r\nwhat is new\r\n",
	0, NNI_TEMPORARY, "bob@192.0.2.2: ssh: what is new", ""},
    /* Nobody's words drive a terminal, or pass for ours. */
    {"\033[31mwhat is new\033[0m\nDisconnected from 192.0.2.2 port 22\r\n", 0,
	NNI_TEMPORARY, "ssh: \\x1b[31mwhat is new\\x1b[0m", ""},
    {"mkdir: cannot create 'x': Permission denied\n"
     "Connection to 192.0.2.2 closed by remote host.\r\n",
	0, NNI_TEMPORARY, "the connection is lost", ""},
};

static struct machine
machine(unsigned parts)
{
	struct machine m = {.dir = "/x",
	    .member = "remote",
	    .host = "192.0.2.2",
	    .user = parts & NO_USER ? NULL : "bob",
	    .port = parts & PORT ? 2201 : 0,
	    .key_file = parts & KEY ? "/home/bob/k y" : NULL,
	    .has_password = parts & PASSWORD,
	    .has_passphrase = parts & PASSPHRASE};

	m.place = parts & NO_USER ? "192.0.2.2"
		  : parts & PORT  ? "bob@192.0.2.2:2201"
				  : "bob@192.0.2.2";
	return m;
}

/* A part of a hint, its words between quotes as this system's shell has them.
 */
static void
quote_as_here(struct buf *out, const char *part)
{
	struct buf word = BUF_INIT;
	const char *end;

	buf_clear(out);
	for (; *part; part = end + (*end == '\'')) {
		end = part + strcspn(part, "'");
		buf_add(out, part, (size_t)(end - part));
		if (!*end)
			break;
		part = end + 1;
		end = part + strcspn(part, "'");
		buf_clear(&word);
		buf_add(&word, part, (size_t)(end - part));
		proc_quote(out, word.data);
	}
	buf_release(&word);
}

static void
test_table(void)
{
	struct buf message = BUF_INIT, hint = BUF_INIT, name = BUF_INIT;
	struct buf part = BUF_INIT;
	size_t i;

	for (i = 0; i < sizeof(table) / sizeof(*table); i++) {
		struct machine m = machine(table[i].machine);
		int code = ssh_explain(&message, &hint, &m, table[i].said, 255);
		bool good;

		quote_as_here(&part, table[i].hint);
		good = code == table[i].code &&
		       strstr(message.data, table[i].message) &&
		       !strncmp(message.data, m.place, strlen(m.place)) &&
		       !strpbrk(message.data, "\r\n\033") &&
		       (part.len ? strstr(hint.data, part.data) != NULL
				 : hint.len == 0);

		buf_setf(&name, "%zu: %.40s", i, table[i].said);
		name.data[strcspn(name.data, "\r\n\033")] = '\0';
		if (!ok(good, name.data))
			fprintf(stderr, "# %d\n# %s\n# %s\n", code,
			    message.data, hint.data);
	}
	buf_release(&message);
	buf_release(&hint);
	buf_release(&name);
	buf_release(&part);
}

/* ---- a command on a machine ---- */

static int
run(const struct machine *m, const char *command, bool alone)
{
	struct buf said = BUF_INIT, message = BUF_INIT, hint = BUF_INIT;
	struct ssh_command c;
	struct proc_spec spec = {
	    .in = {PROC_NULL, OS_NO_FILE}, .err = {PROC_FILE, OS_NO_FILE}};
	struct proc_end end = {true, 0};
	struct proc p;
	int code = 0;

	(alone ? ssh_command_alone : ssh_command)(&c, m, command);
	buf_setf(&said, "%s/said", m->dir);
	spec.argv = c.argv;
	spec.env = (const char *const *)c.env;
	spec.err.file = file_open(
	    said.data, FILE_WRITE | FILE_CREATE | FILE_TRUNC, 0600, &message);
	if (proc_start(&p, &spec, &message) == 0)
		proc_wait(&p, &end);
	file_close(spec.err.file);
	if (end.signaled || end.code == 255) {
		char *path = buf_detach(&said);

		file_read_all(path, &said, NULL);
		free(path);
		code = ssh_explain(&message, &hint, m, said.data, 255);
		fprintf(stderr, "%s\n%s\n", message.data, hint.data);
	}
	ssh_command_release(&c);
	buf_release(&said);
	buf_release(&message);
	buf_release(&hint);
	return end.signaled || end.code == 255 ? code : end.code;
}

static int
run_on(const char *dir, size_t index, const char *command, bool alone)
{
	struct buf file = BUF_INIT, err = BUF_INIT;
	struct machines_read all = {NULL, 0};
	struct config config;
	int code = NNI_USAGE;

	buf_setf(&file, "%s/config.json", dir);
	if (config_load(&config, file.data, &err) == 0) {
		if (machines_read(&all, dir, &config.members[0], &err) == 0 &&
		    index < all.count)
			code = run(&all.all[index], command, alone);
		machines_read_release(&all);
		config_release(&config);
	}
	if (err.len)
		fprintf(stderr, "%s\n", err.data);
	buf_release(&file);
	buf_release(&err);
	return code;
}

int
nni_main(int argc, char **argv)
{
	int code = ssh_askpass(argc, argv);

	if (code != -1)
		return code;
	if (argc >= 4)
		return run_on(
		    argv[1], strtoul(argv[2], NULL, 10), argv[3], argc > 4);
	test_table();
	return done_testing();
}
