/* The canonical configuration, as every program reads it. */
#include "config.h"

#include "say.h"
#include "os/sys.h"
#include "tap.h"

static const char whole[] =
    "{\"experimentName\":\"n\",\"searchSpace\":{\"a\":1.0},"
    "\"trialConcurrency\":3,\"maxTrialNumber\":5,"
    "\"maxExperimentDuration\":90,\"maxTrialDuration\":0.5,"
    "\"maxTrialRetry\":0,\"killGrace\":2.5,\"lease\":60,"
    "\"seed\":18446744073709551615,\"experimentWorkingDirectory\":\"/w\","
    "\"tuner\":{\"name\":\"TPE\"},\"assessor\":null,\"somethingNew\":[1],"
    "\"trainingService\":[{\"member\":\"local\",\"platform\":\"local\","
    "\"trialCommand\":\"./t\",\"trialCodeDirectory\":\"/c\","
    "\"trialGpuNumber\":1,\"maxTrialNumberPerGpu\":2,"
    "\"useActiveGpu\":true,\"gpuIndices\":[0,3],\"weight\":0.5,"
    "\"maxConcurrency\":4},{\"member\":\"b\",\"platform\":\"mine\"}]}";

static void
test_whole(void)
{
	struct config c;
	struct config_member *m;

	if (!ok(config_parse(&c, whole, strlen(whole), NULL) == 0, "is read"))
		return;
	is_str(c.experiment_name, "n", "experimentName");
	is_str(c.working_dir, "/w", "experimentWorkingDirectory");
	is_int(c.trial_concurrency, 3, "trialConcurrency");
	is_int(c.max_trial_number, 5, "maxTrialNumber");
	is_int(c.max_experiment_duration_ms, 90000, "maxExperimentDuration");
	is_int(c.max_trial_duration_ms, 500, "maxTrialDuration");
	is_int(c.max_trial_retry, 0, "maxTrialRetry");
	is_int(c.kill_grace_ms, 2500, "killGrace");
	is_int(c.lease_ms, 60000, "lease");
	ok(c.has_seed && c.seed == UINT64_MAX, "seed");
	ok(c.search_space.len == 9 &&
		memcmp(c.search_space.at, "{\"a\":1.0}", 9) == 0,
	    "searchSpace, as written");
	ok(c.tuner.at && !c.assessor.at, "tuner, no assessor");
	is_int((int64_t)c.member_count, 2, "members");
	m = config_member(&c, "local");
	ok(m == &c.members[0] && !config_member(&c, "x"), "by name");
	is_str(m->trial_command, "./t", "trialCommand");
	is_str(m->code_dir, "/c", "trialCodeDirectory");
	ok(m->gpu_number == 1 && m->max_trials_per_gpu == 2 &&
		m->use_active_gpu && m->gpu_index_count == 2 &&
		m->gpu_indices[1] == 3,
	    "GPUs");
	ok(m->weight == 0.5 && m->max_concurrency == 4, "weight and bound");
	m = config_member(&c, "b");
	ok(m->gpu_number == -1 && m->max_trials_per_gpu == 1 &&
		!m->use_active_gpu && !m->gpu_indices && m->weight == 1 &&
		m->max_concurrency == 0 && !m->trial_command,
	    "what is not set");
	config_release(&c);
	config_release(&c);
	is_int((int64_t)c.member_count, 0, "released, twice");
}

#define MEMBERS(m) "{\"trialConcurrency\":1,\"trainingService\":[" m "]}"
#define LOCAL "{\"member\":\"a\",\"platform\":\"local\""

static void
test_faults(void)
{
	static const char *const faults[][2] = {
	    {"", "is not JSON: unexpected end, expected a value at byte 1"},
	    {"[]", "is not a JSON object"},
	    {"{}", "trialConcurrency: is not set"},
	    {"{\"trialConcurrency\":0}", "trialConcurrency: is too small"},
	    {"{\"trialConcurrency\":\"1\"}",
		"trialConcurrency: must be a whole number"},
	    {"{\"trialConcurrency\":1}",
		"trainingService: must be a list; is this file what "
		"nni-config printed?"},
	    {"{\"trialConcurrency\":1,\"maxTrialDuration\":\"1h\"}",
		"maxTrialDuration: must be a number of seconds"},
	    {"{\"trialConcurrency\":1,\"seed\":-1}",
		"seed: must be a whole number from 0"},
	    {"{\"trialConcurrency\":1,\"tuner\":\"TPE\"}",
		"tuner: must be an object"},
	    {MEMBERS("5"), "trainingService: each must be an object"},
	    {MEMBERS("{}"),
		"trainingService: member: must be a name of its own"},
	    {MEMBERS("{\"member\":\"../a\",\"platform\":\"local\"}"),
		"trainingService: member: must be a name of its own"},
	    {MEMBERS(LOCAL "}," LOCAL "}"),
		"trainingService: member: must be a name of its own"},
	    {MEMBERS("{\"member\":\"a\"}"),
		"trainingService: platform: must be a name"},
	    {MEMBERS(LOCAL ",\"gpuIndices\":5}"),
		"trainingService 'a': gpuIndices: must be a list"},
	    {MEMBERS(LOCAL ",\"gpuIndices\":[-1]}"),
		"trainingService 'a': gpuIndices: must be whole numbers from "
		"0"},
	    {MEMBERS(LOCAL ",\"weight\":0}"),
		"trainingService 'a': weight: must be a number above 0"},
	    {MEMBERS(LOCAL ",\"useActiveGpu\":1}"),
		"trainingService 'a': useActiveGpu: must be true or false"},
	    {MEMBERS(LOCAL ",\"trialCommand\":1}"),
		"trainingService 'a': trialCommand: must be a string"},
	};
	struct buf err = BUF_INIT;
	struct config c;
	size_t i;

	for (i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
		buf_clear(&err);
		if (config_parse(
			&c, faults[i][0], strlen(faults[i][0]), &err) == 0)
			config_release(&c);
		is_str(err.data, faults[i][1], faults[i][1]);
	}
	is_int(config_load(&c, "no/such/file", &err), NNI_CONFIG,
	    "nothing to read is the user's to mend");
	is_str(err.data,
	    "cannot open 'no/such/file': No such file or directory",
	    "no such file");
	buf_release(&err);
}

int
nni_main(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	test_whole();
	test_faults();
	return done_testing();
}
