/*
 * One trial, without any library of ours: it reads parameter.cfg and appends
 * its metric to .nni/metrics, both in $NNI_SYS_DIR, as every NNI SDK does.
 *
 * The experiment: a PID controller drives a motor (a second-order system) from
 * rest to speed 1; the metric is the time-weighted error, the less the better.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The number behind "name": in the parameter file; flat spaces only. */
static double
parameter(const char *json, const char *name)
{
	char key[32];
	const char *at;

	snprintf(key, sizeof(key), "\"%s\":", name);
	at = strstr(json, key);
	if (!at) {
		fprintf(stderr, "trial: no parameter '%s'\n", name);
		exit(1);
	}
	return strtod(at + strlen(key), NULL);
}

/* Five seconds in steps of a millisecond. */
static double
control(double kp, double ki, double kd)
{
	const double dt = 0.001, inertia = 0.05, friction = 0.4;
	double speed = 0, current = 0, sum = 0, last = 1, cost = 0, t;

	for (t = 0; t < 5; t += dt) {
		double error = 1 - speed, volts;

		sum += error * dt;
		volts = kp * error + ki * sum + kd * (error - last) / dt;
		volts = volts > 10 ? 10 : volts < -10 ? -10 : volts;
		last = error;
		current += (volts - current) * dt / 0.02;
		speed += (current - friction * speed) / inertia * dt;
		cost += t * fabs(error) * dt;
	}
	return cost;
}

/* A record: "ME", the length in six digits, then JSON and a newline. */
static int
report(const char *dir, double value)
{
	char path[4096], json[256];
	FILE *f;
	int n;

	n = snprintf(json, sizeof(json),
	    "{\"parameter_id\": 0, \"trial_job_id\": \"%s\", "
	    "\"type\": \"FINAL\", \"sequence\": 0, \"value\": \"%.17g\"}\n",
	    getenv("NNI_TRIAL_JOB_ID"), value);
	snprintf(path, sizeof(path), "%s/.nni/metrics", dir);
	f = fopen(path, "ab");
	if (!f)
		return -1;
	fprintf(f, "ME%06d%s", n, json);
	return fclose(f);
}

int
main(void)
{
	const char *dir = getenv("NNI_SYS_DIR");
	char path[4096], text[4096];
	size_t n;
	FILE *f;

	if (!dir) {
		fprintf(stderr, "trial: NNI_SYS_DIR is not set; start me with "
				"nni-run config.yml\n");
		return 1;
	}
	snprintf(path, sizeof(path), "%s/parameter.cfg", dir);
	f = fopen(path, "rb");
	if (!f) {
		perror(path);
		return 1;
	}
	n = fread(text, 1, sizeof(text) - 1, f);
	text[n] = '\0';
	fclose(f);
	return report(dir, control(parameter(text, "kp"), parameter(text, "ki"),
			       parameter(text, "kd"))) != 0;
}
