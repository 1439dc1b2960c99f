#ifndef NNI_RUN_RUN_H
#define NNI_RUN_RUN_H

#include <stdbool.h>
#include "asking.h"
#include "child.h"
#include "config.h"
#include "experiment.h"
#include "failures.h"
#include "journal.h"
#include "pipeline.h"
#include "view.h"
#include "os/lock.h"
#include "os/loop.h"

/*
 * One experiment at work.  What comes from the programs is journaled first and
 * then acted upon; what is to be handed to the pipeline or to a reader of our
 * stdout waits in a buffer until the journal is on disk: once a round of the
 * loop, for all that the round brought.
 */
enum run_phase {
	RUN_GOING,   /* trials are started as slots get free */
	RUN_CLOSING, /* all is done: the programs come to their ends */
	RUN_LEAVING  /* the programs are dropped; trials run on */
};

/* A trial whose next attempt is due later. */
struct retry {
	struct timer timer;
	struct run *run;
	struct retry *next;
	char trial[TRIAL_ID_LEN + 1];
};

/* Of a tick: see tick.c. */
enum tick_pass { PASS_DRAIN, PASS_ASK, PASS_PLACE };

/* Deaths of a program without anything having come of it in between. */
#define RESTARTS_MAX 3

struct run {
	/* Set by the caller before run_open(). */
	bool tick;		/* one pass */
	bool stop_on_interrupt; /* cancel all, in place of leaving them */
	bool print_records;	/* on stdout */
	int64_t retries;	/* of infra failures; -1: as configured */

	const char *dir;
	struct buf log_dir, events_path, control_path, config_path;
	struct loop *loop;
	struct config config;
	struct experiment exp;
	struct journal journal;
	struct lock lock;
	struct view view;
	struct stream *out;

	struct pipeline pipeline;
	struct child tuner, assessor;
	struct question *questions; /* capabilities.c */
	int pipeline_deaths, tuner_deaths, assessor_deaths;
	struct timer restart;
	struct asking asking;
	struct retry *retry_list;
	struct watch *control_watch;

	struct buf to_pipeline, to_out; /* wait for the journal */
	struct buf line;		/* a record being made */

	enum run_phase phase;
	enum tick_pass pass;
	bool expired;  /* maxExperimentDuration is over */
	bool stopping; /* a stop, of the user's or by an interrupt */
	int signal;    /* end by this one; 0: none */
	int exit_code; /* when leaving */
	enum session_end end;
	struct timer duration, guard, lease, flush, there;
	bool unflushed;	   /* the journal is to be flushed this round */
	bool place_queues; /* the only place starts no more than it may */
	bool handed; /* something was, to the pipeline, since it started */
	bool finish_input; /* --tick: of the pipeline, after the next commit */
	bool braked;	   /* the pipeline is not read for now */
	bool reader_gone;  /* of our stdout */
	bool moved;	   /* the directory is not there any more */
	bool update_held;  /* the tuner waits for a result */
	bool update_refused; /* a trial asked in vain: said */
	bool over;
	int64_t session_mono_ms;
	/* Ended trials of this session. */
	size_t no_final, not_a_number, incomplete;
	struct failures failures;
};

/* ---- session.c: its beginning and its end ---- */

/* `run` is all zero but what the caller set. */
void run_init(struct run *run);
/*
 * Takes the experiment in `dir`: lock, configuration, journal.  Returns
 * NNI_OK, or the exit code with the reason in err.
 */
int run_open(struct run *run, const char *dir, struct buf *err);
void run_close(struct run *run);
/* Journals "session": start and end. */
void run_session_start(struct run *run);
void run_session_end(struct run *run);
/* How long the experiment has been at work, all sessions together. */
int64_t run_ran_ms(const void *run);

/* ---- records.c: what is journaled, and what follows from it ---- */

/* Journals run->line (without LF or with it), and takes it in. */
void run_keep(struct run *run);
/* The tuner and the assessor learn run->line at once. */
void run_tell_advisors(struct run *run);
lines_fn run_on_pipeline_line, run_on_tuner_line, run_on_assessor_line;
/* run->line, kept just now, goes to the pipeline once it is on disk. */
void run_hand_on(struct run *run);
/* Adds to run->line what a proposal says, but for what is nni-run's to say. */
void run_add_proposal(struct run *run, const char *proposal);
/* Gives a proposal an id, and to the pipeline. */
void run_start_trial(struct run *run, const char *spec);
/* The next attempt of a trial with TRIAL_RETRY. */
void run_next_attempt(struct run *run, struct trial *tr);
void run_cancel(struct run *run, struct trial *tr, bool early);
void run_cancel_all(struct run *run);
/* Of those that wait, as many as were handed on before a slot was free. */
void run_cancel_early(struct run *run);
/* Gives the present attempt up, if its place is out of reach. */
void run_give_up(struct run *run, struct trial *tr);
/* Hands what still lives to a new pipeline. */
void run_refeed(struct run *run);

/* ---- failures.c ---- */

/* An attempt has ended as `r` says, which somebody should know. */
void run_tell_failure(struct run *run, const struct trial *tr,
    const struct record *r, enum failure_what what);
/* A trial has failed, and that is kept: are they all in vain? */
void run_consider_failures(struct run *run, const struct trial *tr);
/* At the end: how many there were that were not told. */
void run_sum_failures(struct run *run);

/* ---- retry.c ---- */
void run_retry_later(struct run *run, const struct trial *tr);
/* All that are due at once (--tick), or with their delay (after a start). */
void run_retry_all(struct run *run, bool at_once);
void run_retry_clear(struct run *run);

/* ---- updates.c: further parameters of multi-phase trials ---- */

/* A trial asks for some, as the metric says, which is kept. */
void run_update_asked(
    struct run *run, struct trial *tr, const struct record *metric);
/*
 * The tuner has answered for a phase; NULL: it has no more, or none until there
 * is another result.
 */
void run_update_answered(struct run *run, const struct asked *whom,
    const char *proposal, bool until_result);
/* Asks the tuner for all that trials wait for, and gives what is known. */
void run_updates_see(struct run *run);
bool run_updates_wanted(const struct run *run);
/* Hands on again what the present attempt has got. */
void run_updates_feed(struct run *run, const struct trial *tr);
/* Whose result a metric is: a parameter_id, -1 if that is not known. */
int64_t run_update_whose(const struct trial *tr, const struct record *metric);

/* ---- control.c ---- */
void run_control_start(struct run *run);
void run_control_read(struct run *run);

/* ---- programs.c: the children ---- */
int run_start_pipeline(struct run *run, bool once, struct buf *err);
int run_start_tuner(struct run *run, struct buf *err);
int run_start_assessor(struct run *run, struct buf *err);
void run_finish_programs(struct run *run);
void run_drop_programs(struct run *run);
bool run_programs_alive(const struct run *run);

/* ---- capabilities.c ---- */

/* Asks every member's backend what it cannot promise, and says so. */
void run_ask_capabilities(struct run *run);
void run_drop_questions(struct run *run);

/* ---- run.c ---- */

/* Runs until the end; the exit code. */
int run_go(struct run *run);
/* After an outside failure: says the message and ends this session now; trials
   run on. */
void run_fail(struct run *run, int exit_code, const char *fmt, ...)
    NNI_FORMAT(3, 4);
/* No new trials, all running ones are cancelled. */
void run_stop(struct run *run);
/* A program has ended: is that all? */
void run_programs_over(struct run *run);
void run_set_duration(struct run *run);
/* Gives up what was out of reach for longer than the lease. */
void run_check_leases(struct run *run);
/* How many more trials may be created. */
int64_t run_trials_left(const struct run *run);
void run_ask_tuner(struct run *run, size_t n);

/* ---- tick.c ---- */
void tick_begin(struct run *run);
void tick_pipeline_over(struct run *run);
void tick_assessor_over(struct run *run);
/* At the end of each round. */
void tick_round(struct run *run);

/* ---- summary.c: what is said at the end ---- */
void run_summary(struct run *run);
/* What became of the trials, and how to go on. */
void run_tell_resume(struct run *run);
/* Appends the command that goes on, as it is typed. */
void run_resume_command(const struct run *run, struct buf *out);

#endif
