/*
 * The trial that the play runs: as a shell script for machines where this
 * program is not, and in C.
 */
#include "play.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "expdir.h"
#include "metricfile.h"
#include "os/file.h"
#include "os/sys.h"

const char play_trial_script[] =
    "# Started by nni-conformance: does what its parameter \"do\" says.\n"
    "LC_ALL=C\n"
    "export LC_ALL\n"
    "cfg=$(cat \"$NNI_SYS_DIR/parameter.cfg\") || exit 99\n"
    "what=${cfg#*\\\"do\\\":}\n"
    "what=${what#*\\\"}\n"
    "what=${what%%\\\"*}\n"
    "send() { # JSON\n"
    "	case $NNI_PLATFORM in\n"
    "	local) printf 'ME%06d%s\\n' $((${#1} + 1)) \"$1\" "
    ">>\"$NNI_SYS_DIR/.nni/metrics\" ;;\n"
    "	*) printf \"NNISDK_MEb'%s'\\n\" \"$1\" ;;\n"
    "	esac\n"
    "}\n"
    "head=\"{\\\"parameter_id\\\": 0, \\\"trial_job_id\\\": "
    "\\\"$NNI_TRIAL_JOB_ID\\\"\"\n"
    "report() { # TYPE SEQUENCE VALUE\n"
    "	v=$(printf '%s' \"$3\" | sed 's/\\\\/\\\\\\\\/g; s/\"/\\\\\"/g')\n"
    "	send \"$head, \\\"type\\\": \\\"$1\\\", \\\"sequence\\\": $2, "
    "\\\"value\\\": \\\"$v\\\"}\"\n"
    "}\n"
    "if [ \"$what\" = quick ]; then\n"
    /* Thousands of it: nothing but the shell itself. */
    "	send \"$head, \\\"type\\\": \\\"FINAL\\\", \\\"sequence\\\": 0, "
    "\\\"value\\\": \\\"1.50\\\"}\"\n"
    "	exit 0\n"
    "fi\n"
    /* Tells one start from another. */
    "report PERIODICAL 0 \"\\\"start $$ $(date +%s)\\\"\"\n"
    "case $what in\n"
    "metrics)\n"
    "	x=${cfg#*\\\"x\\\":}\n"
    "	x=${x# }\n"
    "	x=${x%%[,\\}]*}\n"
    "	report PERIODICAL 1 0.10\n"
    "	report PERIODICAL 2 '{\"default\": 1e-5, \"note\": \"it\\u0027s\"}'\n"
    "	report PERIODICAL 3 NaN\n"
    "	report PERIODICAL 4 \"$x\"\n"
    "	report FINAL 0 2.50 ;;\n"
    "fail) exit 3 ;;\n"
    "long) while :; do sleep 1; done ;;\n"
    "stubborn) trap '' TERM INT; n=0\n"
    "	while :; do\n"
    "		n=$((n + 1))\n"
    "		report PERIODICAL $n $n\n"
    "		sleep 0.2 || sleep 1\n"
    "	done ;;\n"
    "short) report FINAL 0 1 ;;\n"
    "files) echo 'said by the trial'\n"
    "	mkdir -p \"$NNI_OUTPUT_DIR/out\"\n"
    "	echo 'made by the trial' >\"$NNI_OUTPUT_DIR/out/made\" ;;\n"
    "phases)\n"
    "	send \"{\\\"trial_job_id\\\": \\\"$NNI_TRIAL_JOB_ID\\\", "
    "\\\"type\\\": \\\"REQUEST_PARAMETER\\\", \\\"sequence\\\": 0, "
    "\\\"parameter_index\\\": 1}\"\n"
    "	head=\"{\\\"parameter_id\\\": 7${head#*0}\"\n"
    "	for k in 1 2; do\n"
    "		until [ -s \"$NNI_SYS_DIR/parameter_$k.cfg\" ]; do sleep 0.1 "
    "|| sleep 1; done\n"
    "		x=$(cat \"$NNI_SYS_DIR/parameter_1.cfg\")\n"
    "		x=${x#*\\\"x\\\":}\n"
    "		x=${x# }\n"
    "		[ $k = 2 ] || report PERIODICAL 1 \"${x%%[,\\}]*}\"\n"
    "	done\n"
    "	report FINAL 0 \"${x%%[,\\}]*}\" ;;\n"
    "esac\n";

/* ---- the same in C ---- */

struct trial {
	struct loop *loop;
	struct timer timer;
	bool stubborn;
	int beats;
};

static void
send(const struct buf *json)
{
	const char *platform = env_get("NNI_PLATFORM");
	const char *dir = env_get("NNI_SYS_DIR");
	struct buf record = BUF_INIT, path = BUF_INIT;
	os_file f;

	if (!platform || strcmp(platform, "local") != 0) {
		buf_addf(&record, "NNISDK_MEb'%s'\n", json->data);
		file_write(sys_stdout(), record.data, record.len);
	} else {
		metricfile_add(&record, json->data, json->len);
		expdir_path(&path, dir, ".nni/metrics");
		f = file_open(path.data, FILE_WRITE | FILE_APPEND | FILE_CREATE,
		    0600, NULL);
		if (f != OS_NO_FILE) {
			file_write(f, record.data, record.len);
			file_close(f);
		}
	}
	buf_release(&record);
	buf_release(&path);
}

static int reported_id; /* parameter_id */

static void
report(const char *type, int64_t sequence, struct json value)
{
	const char *id = env_get("NNI_TRIAL_JOB_ID");
	struct buf json = BUF_INIT;

	buf_addf(&json,
	    "{\"parameter_id\": %d, \"trial_job_id\": \"%s\", "
	    "\"type\": \"%s\", \"sequence\": %" PRId64 ", \"value\": ",
	    reported_id, id ? id : "", type, sequence);
	json_add_string(&json, value.at, value.len);
	buf_addc(&json, '}');
	send(&json);
	buf_release(&json);
}

static void
report_text(const char *type, int64_t sequence, const char *text)
{
	report(type, sequence, (struct json){text, strlen(text)});
}

static void
beat(void *arg)
{
	struct trial *t = arg;
	char number[16];

	if (t->stubborn) {
		snprintf(number, sizeof(number), "%d", ++t->beats);
		report_text("PERIODICAL", t->beats, number);
	}
	timer_set(t->loop, &t->timer, 200, beat, t);
}

static void
stay(void *arg, enum loop_interrupt what, int signal)
{
	(void)arg;
	(void)what;
	(void)signal;
}

static void
run_for_ever(bool stubborn)
{
	struct trial t = {.stubborn = stubborn};

	t.loop = loop_new();
	if (stubborn)
		loop_interrupts(t.loop, stay, NULL);
	beat(&t);
	loop_run(t.loop);
	loop_free(t.loop);
}

/* Tells one start from another. */
static void
report_start(void)
{
	char text[64];

	snprintf(text, sizeof(text), "\"start %" PRId64 " %" PRId64 "\"",
	    proc_self_pid(), clock_wall_ms());
	report_text("PERIODICAL", 0, text);
}

/* ---- phases ---- */

struct phases {
	struct loop *loop;
	struct timer timer;
	int index; /* looked for */
};

/* x of the parameters in a file, as it stands there, into `to`; false: the file
   is not there. */
static bool
read_parameter(int index, struct buf *to)
{
	struct buf name = BUF_INIT, path = BUF_INIT, text = BUF_INIT;
	struct json all;
	bool there;

	buf_addf(&name, "parameter_%d.cfg", index);
	expdir_path(&path, env_get("NNI_SYS_DIR"), name.data);
	there = file_read_all(path.data, &text, NULL) == 0 && text.len > 0;
	buf_clear(to);
	if (there &&
	    json_check(text.data, text.len, 0, &all, NULL, NULL) == 0 &&
	    json_path(all, "parameters.x").at)
		json_add(to, json_path(all, "parameters.x"));
	buf_release(&name);
	buf_release(&path);
	buf_release(&text);
	return there;
}

static void
look(void *arg)
{
	struct phases *p = arg;
	struct buf x = BUF_INIT;

	while (p->index < 3 && read_parameter(p->index, &x)) {
		read_parameter(1, &x);
		if (p->index == 1)
			report_text("PERIODICAL", 1, x.data);
		else
			report_text("FINAL", 0, x.data);
		p->index++;
	}
	if (p->index < 3)
		timer_set(p->loop, &p->timer, 50, look, p);
	buf_release(&x);
}

/* Asks for further parameters, tells what it gets, and after another look. */
static void
go_through_phases(void)
{
	struct phases p = {.index = 1};
	const char *id = env_get("NNI_TRIAL_JOB_ID");
	struct buf json = BUF_INIT;

	buf_addf(&json,
	    "{\"trial_job_id\": \"%s\", \"type\": \"REQUEST_PARAMETER\", "
	    "\"sequence\": 0, \"parameter_index\": 1}",
	    id ? id : "");
	send(&json);
	buf_release(&json);
	reported_id = 7;
	p.loop = loop_new();
	look(&p);
	loop_run(p.loop);
	loop_free(p.loop);
}

/* Files are told of in nothing but themselves. */
static void
make_files(void)
{
	static const char said[] = "said by the trial\n";
	static const char made[] = "made by the trial\n";
	struct buf path = BUF_INIT;

	file_write(sys_stdout(), said, sizeof(said) - 1);
	expdir_path(&path, env_get("NNI_OUTPUT_DIR"), "out");
	dir_make(path.data, 0700, NULL);
	path_add(&path, "made");
	file_replace(path.data, made, sizeof(made) - 1, 0600, false, NULL);
	buf_release(&path);
}

static int
act(struct json parameters)
{
	struct json what = json_get(parameters, "do");

	if (record_is(what, "quick")) {
		report_text("FINAL", 0, "1.50");
		return 0;
	}
	report_start();
	if (record_is(what, "metrics")) {
		report_text("PERIODICAL", 1, "0.10");
		report_text("PERIODICAL", 2,
		    "{\"default\": 1e-5, \"note\": \"it\\u0027s\"}");
		report_text("PERIODICAL", 3, "NaN");
		report("PERIODICAL", 4, json_get(parameters, "x"));
		report_text("FINAL", 0, "2.50");
	} else if (record_is(what, "fail")) {
		return 3;
	} else if (record_is(what, "long") || record_is(what, "stubborn")) {
		run_for_ever(record_is(what, "stubborn"));
	} else if (record_is(what, "short")) {
		report_text("FINAL", 0, "1");
	} else if (record_is(what, "files")) {
		make_files();
	} else if (record_is(what, "phases")) {
		go_through_phases();
	}
	return 0;
}

int
play_trial(void)
{
	const char *dir = env_get("NNI_SYS_DIR");
	struct buf path = BUF_INIT, text = BUF_INIT;
	struct json all;
	int code = 99;

	if (dir) {
		expdir_path(&path, dir, "parameter.cfg");
		if (file_read_all(path.data, &text, NULL) == 0 &&
		    json_check(text.data, text.len, 0, &all, NULL, NULL) == 0)
			code = act(json_get(all, "parameters"));
	}
	buf_release(&path);
	buf_release(&text);
	return code;
}
