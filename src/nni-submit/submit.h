#ifndef NNI_SUBMIT_H
#define NNI_SUBMIT_H

#include <stdbool.h>
#include <stdint.h>
#include "attempts.h"
#include "backend.h"
#include "buf.h"
#include "config.h"
#include "filter.h"
#include "journal.h"
#include "opt.h"
#include "os/lock.h"
#include "placed.h"

/*
 * What the files of nni-submit share.  A round of the loop goes so: records and
 * answers come in and change tasks; what must last goes into `placed`, what is
 * to be said into `said`; at the end of the round queued tasks get places,
 * `placed` is committed once, and only then anything is said or sent.
 */
struct submit;
struct member;

/* A machine or a cluster that takes trials; its member's backend names it. */
struct place {
	struct place *next;
	struct member *member;
	char *name;
	char *reason;	   /* the backend's, for its level; may be NULL */
	double weight;	   /* fewest live trials for its weight comes first */
	bool unlimited;	   /* of a backend that never speaks of credit */
	bool counted;	   /* the same: who lives there is counted here */
	bool pending;	   /* still being made ready */
	int64_t level;	   /* how many more could start, as last told */
	int64_t most;	   /* the highest level told, for an estimate */
	int64_t live_told; /* how many live there, as last told; -1: never */
	int64_t started;   /* since it was told */
	int64_t earlier;   /* of an earlier process, where none is told */
	int64_t in_flight; /* tasks given to it and not answered */
	double turn;	   /* of equals, the lowest; see place_took() */
	unsigned credits;  /* how many credit records have come */
	unsigned refusals; /* levels that were refused, without a start or a
			      level of 0 between */
	unsigned refused;  /* credits then */
	struct timer retry;
};

struct member {
	struct submit *submit;
	struct config_member *config;
	struct backend *asked;	 /* nni-platform-P capabilities */
	struct backend *backend; /* nni-platform-P submit */
	struct backend *watch;	 /* nni-platform-P watch (live.c), or NULL */
	size_t untold;		 /* lives of which that has said nothing yet */
	struct place *places;
	struct buf to_send; /* trial records, for the end of the round */
	char *trouble;	    /* why it does not run; NULL: it does */
	unsigned nonsense;  /* lines of its process that are no record */
	bool known;	    /* its capabilities are */
	bool feed; /* a new process: send again what was not answered */
	bool fed;  /* it was */
	bool adopts, needs_code, credits;
	bool holds;  /* it may hold trials that it has not answered */
	bool spoken; /* it has told a level, or never does */
	bool gone;   /* it cannot be had, whatever is tried */
};

enum task_state {
	TASK_LOADED, /* in placed.jsonl, not asked for in this run */
	TASK_QUEUED,
	TASK_PLACED, /* this round: its place is not on disk yet */
	TASK_SENT,   /* its place was asked and has not answered */
	TASK_OUT,    /* it has a job: nni-watch's now */
	TASK_ENDED
};

/* What is kept for a task while its place has not answered. */
struct held {
	struct buf lines;	  /* cancels and updates, for nni-watch */
	enum trial_status cancel; /* as what it ends if it never starts */
};

struct task {
	struct placed placed;
	enum task_state state;
	unsigned resends;	/* processes that died with it */
	unsigned credits;	/* its place's, when it was sent */
	unsigned order;		/* of acceptance */
	uint64_t told;		/* hash of the reason last given for WAITING */
	bool gone;		/* nni-run has seen its end */
	bool told_of;		/* whether it lives */
	struct place *lives_at; /* NULL: it does not, or is not counted */
	struct place *place;
	struct held *held;
	struct task *next, *prev; /* in the queue; next: in placed_now */
	struct task *fresh_next;  /* in the list of those taken up now */
};

struct submit {
	struct loop *loop;
	struct filter filter;
	char *dir;	  /* the experiment's, absolute */
	struct lock lock; /* submit.lock */
	struct config config;
	struct opt_list weights; /* --weight NAME=N */
	struct journal placed;
	struct attempts tasks;
	int64_t last_sequence; /* -1: none yet */
	struct member *members;
	size_t member_count;
	double turn; /* of the place that got the last task */

	struct task *first, *last; /* the queue */
	struct task *fresh;	 /* taken up in this round, WAITING not said */
	struct task *placed_now; /* placed in this round, not on disk */
	unsigned accepted;
	size_t queued;
	size_t sent;	   /* tasks placed or sent */
	struct buf said;   /* records for standard output */
	size_t calm;	   /* bytes of these that nobody waits for */
	bool flush;	   /* this round's lines must outlive the machine */
	int64_t looked_ms; /* when placed.jsonl was seen at its path */
	bool given_ids;	   /* nni-run gives the ids: it has its specs on disk */
	bool stuck;	   /* placed.jsonl cannot be written */
	unsigned commit_failures;
	struct timer commit_retry;
	bool replay;	 /* --resume: all that placed.jsonl has */
	size_t replayed; /* of tasks.all */
	struct timer next_burst;
	bool once, finishing;
	struct watch *control;	/* control.jsonl; NULL: it is nni-run's */
	int64_t control_offset; /* obeyed up to here */
	bool control_due;	/* there may be more */
	bool stopping;		/* asked to: takes no more specs */
	bool failed;		/* it said FAILED of a trial */
	int64_t reasons_due_ms;
	struct timer reasons, deadline;

	struct backend *pack; /* nni-pack, while it runs */
	char *code;	      /* digest of the archive */
	struct buf pack_line;
};

/* ---- task.c: tasks, from acceptance to an answer ---- */

/* A spec, or bare parameters. */
void task_accept(struct submit *s, const struct record *r);
/* A cancel or update record; it is passed on, held, or obeyed. */
void task_control(struct submit *s, const struct record *r);
/* nni-run has seen the end of a trial that was started. */
void task_gone(struct submit *s, const struct record *r);
/* What placed.jsonl says of it is taken up again. */
void task_resume(struct submit *s, struct task *t);
/* Gives it a place, in this round. */
void task_place(struct submit *s, struct task *t, struct place *p);
/* All that were placed in this round are on disk: on their way with them. */
void tasks_send(struct submit *s);
/* The backend's answers to a task that was sent. */
void task_started(struct submit *s, struct task *t, const struct record *r);
void task_no_room(struct submit *s, struct task *t, const struct record *r);
void task_ended(struct submit *s, struct task *t, const struct record *r);
/* Its last line in placed.jsonl.  0 or -1, and the program ends. */
int task_line(struct submit *s, struct task *t, struct buf *line);
/* The same, parsed. */
int task_record(
    struct submit *s, struct task *t, struct buf *line, struct record *r);
/* Says of those that wait why they do, where it was not said yet. */
void tasks_wait(struct submit *s);
/* Appends the lines of all tasks that were sent to the member to `out`. */
void tasks_sent_to(struct submit *s, const struct member *m, struct buf *out);
/* Says of those that were sent to the member why they wait. */
void tasks_unanswered(
    struct submit *s, const struct member *m, const char *reason);
/* The member's process died with them: some are given up. */
void tasks_orphaned(struct submit *s, const struct member *m);
void tasks_release(struct submit *s);

/* ---- place.c: where tasks go ---- */

/* Gives places to as many queued tasks as there is credit for. */
void places_fill(struct submit *s);
/* The task is on its way to the place. */
void place_took(struct place *p);
/* A task of an earlier process may live there. */
void place_has(struct place *p);
/* One that was started there has ended. */
void place_lost(struct place *p);
/* The task was answered: it is no more in flight. */
void place_answered(struct task *t, bool started);
void place_credit(struct member *m, const struct record *r);
void place_no_room(struct task *t, const struct record *r);
/* The member never speaks of credit: it is one place. */
void place_unlimited(struct member *m);
/* The member's process has gone: no level of it holds any more. */
void places_forget(struct member *m);
struct place *place_get(struct member *m, const char *name);
/* The place that a trial record names; NULL if the member is not known. */
struct place *place_of(struct submit *s, const struct record *trial);
/* Why a task without a place waits. */
void places_reason(struct submit *s, struct buf *out);
void place_free(struct place *p);

/* ---- live.c: trials that live, where no credit tells of them ---- */

/* From now on they are counted there, unless nni-run does. */
void live_begin(struct place *p);
/* The task has a job. */
void live_started(struct task *t);
/* Where a task waits for an end, who lives is watched. */
void lives_watch(struct submit *s);
void live_release(struct member *m);

/* ---- member.c: the backends ---- */

/* Why it does nothing; NULL: it does. */
void member_trouble(struct member *m, const char *why);

/* Finds all backends and asks for their capabilities. 0 or an exit code. */
int members_open(struct submit *s, struct buf *err);
void members_release(struct submit *s);
void members_pause(struct submit *s, bool paused);
void members_finish(struct submit *s);
bool members_finished(const struct submit *s);
/* None of them can be hoped to start anything. */
bool members_hopeless(const struct submit *s);
/* All have told what they could start now. */
bool members_settled(const struct submit *s);
/* Sends what the round has gathered. */
void members_send(struct submit *s);

/* ---- control.c: requests where no nni-run is at work ---- */

void control_start(struct submit *s);
/* Obeys what has come since; once a round. */
void control_read(struct submit *s);
void control_stop(struct submit *s);

/* ---- experiment.c ---- */

/*
 * Makes an experiment of the file `config` or, if that is NULL, finds the one
 * that `given` means; takes its lock; reads its configuration and placed.jsonl.
 * 0, or an exit code after a message.
 */
int experiment_open(struct submit *s, const char *config, const char *given);
void experiment_close(struct submit *s);

/* ---- main.c ---- */

/* Ends the program with `code` after one message. */
void submit_fail(struct submit *s, int code, const char *message);

#endif
