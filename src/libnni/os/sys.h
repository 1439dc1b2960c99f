#ifndef NNI_OS_SYS_H
#define NNI_OS_SYS_H

#include <stdbool.h>
#include <stdint.h>
#include "../buf.h"
#include "file.h"

/* The machine: clocks, chance, names, environment, terminal, start of main. */

int64_t clock_wall_ms(void); /* Unix milliseconds */
int64_t clock_mono_ms(void); /* never jumps; counts from an unknown point */
int64_t clock_mono_us(void);

int random_bytes(void *to, size_t len); /* from the system; 0 or -1 */

const char *sys_host(void);    /* this machine's name, static */
const char *sys_boot_id(void); /* differs after a reboot, static */
const char *sys_user(void);
int sys_cpus(void);
const char *sys_home(void); /* NULL if unknown */
const char *sys_temp(void); /* a directory, no trailing slash */
/* One that all users of this machine can write to, the same for all whatever
   their environment says: "/tmp", "C:/ProgramData". */
const char *sys_shared_temp(void);
/*
 * A directory with a short name for sockets, which this user alone can enter;
 * it is made if need be.  0; or -1: it cannot be had, or programs of this
 * system share nothing by sockets that have names (Windows).
 */
int sys_socket_dir(struct buf *path);
/* The directory of the running program's file, absolute; NULL if unknown. */
const char *sys_self_dir(void);
const char *sys_self_path(void);

const char *env_get(const char *name); /* NULL if unset; static until env_set */
void env_set(const char *name, const char *value); /* NULL: unset */

/* Terminal. */
bool console_is_terminal(os_file f);
int console_width(os_file f);  /* columns; 80 if unknown */
int console_height(os_file f); /* rows; 24 if unknown */
/* False for a job that the shell runs in the background: there others write. */
bool console_is_foreground(os_file f);
/* Does the user's terminal show UTF-8?  As the locale says, or the console. */
bool console_utf8(void);
/* Makes escape sequences work; false where they will not (then write none). */
bool console_ansi(os_file f);

/* The three standard streams as files; binary on every system. */
os_file sys_stdin(void);
os_file sys_stdout(void);
os_file sys_stderr(void);
/* What stands for PATH where the environment has none; "" if nothing does. */
const char *sys_default_path(void);
/* What printf() still holds goes out. 0, or -1 with os_errno(). */
int sys_flush_stdout(void);
/* Can anything be written to it?  -1 with os_errno() if it was closed when we
   began, or is open for reading alone; what else may fail is not known. */
int sys_check_stdout(void);

/*
 * Every program defines this in place of main(); argv is UTF-8.  The twin's
 * main()/wmain() makes the standard streams sane (binary, never closed: one
 * that is missing becomes the null device, though an output to which nothing
 * can be written), ignores SIGPIPE and SIGXFSZ, calls it and ends by
 * say_finish().
 */
int nni_main(int argc, char **argv);

#endif
