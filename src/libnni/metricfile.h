#ifndef NNI_METRICFILE_H
#define NNI_METRICFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "buf.h"
#include "attempts.h"
#include "json.h"
#include "record.h"

/*
 * What NNI's SDKs report, in both forms (v2.10:nni/runtime/platform/local.py,
 * v1.4:nni/platform/local.py):
 *
 *   in $NNI_SYS_DIR/.nni/metrics: "ME", six digits, and that many bytes of
 * JSON, the last being LF; records follow each other with nothing between;
 *
 *   on standard output: NNISDK_MEb'...' anywhere in a line.
 *
 * The JSON of both: {"parameter_id", "trial_job_id", "type", "sequence",
 * "value"}.
 */
enum metric_kind { METRIC_INTERMEDIATE, METRIC_FINAL, METRIC_REQUEST };
const char *metric_kind_name(enum metric_kind k);

struct metric {
	enum metric_kind kind;
	int64_t sequence;
	int64_t parameter_index; /* of a request */
	int64_t parameter_id;	 /* whose result it is; -1: it does not say */
	/*
	 * The value as JSON, byte for byte as it was reported; only NaN,
	 * Infinity and -Infinity have become strings.  SDKs since v1.4 report
	 * JSON text inside of a string: that text is it.
	 */
	struct buf value;
};
#define METRIC_INIT                                                            \
	{                                                                      \
		METRIC_INTERMEDIATE, 0, 0, -1, BUF_INIT                        \
	}
void metric_release(struct metric *m);

/* The longest payload that six digits can tell. */
#define METRIC_MAX 999999
#define METRIC_HEAD 8 /* "ME" and the digits */

/* From the JSON of either form. 0 or -1. */
int metric_parse(
    struct metric *m, const char *json, size_t len, struct buf *err);

/* The next thing in a metric file. */
enum metric_step {
	METRIC_FOUND,  /* `m` is filled */
	METRIC_FAULTY, /* bytes that are no record were passed over: err */
	METRIC_MORE    /* nothing whole is there (yet) */
};
/*
 * Looks at bytes[0..len), the file from a record's start on.  `whole`: the file
 * will not grow any more.  *used gets how many bytes it dealt with: 0 for
 * METRIC_MORE.  Works on if records are damaged: it finds the next one.
 */
enum metric_step metricfile_next(struct metric *m, const char *bytes,
    size_t len, bool whole, size_t *used, struct buf *err);

/* Appends one record; -1 if the payload (without LF) is too long. */
int metricfile_add(struct buf *out, const char *json, size_t len);

/*
 * The first metric printed in a line of output, whatever stands around it: 1;
 * 0 if there is none; -1 if there is one that cannot be read.  *rest (may be
 * NULL) gets where to look for the next one.
 */
int metric_in_line(struct metric *m, const char *line, size_t len, size_t *rest,
    struct buf *err);

/*
 * The record of a metric: `at` says where it was found.  `with_id`: whose
 * result it is is said, if the metric says it, as it has to be once a trial has
 * asked for further parameters.
 */
void metric_record(struct buf *line, const struct metric *m,
    const struct attempt *a, bool with_id, int64_t time_ms, struct json at);
/*
 * The record of a trial's end, `end` with what is known of its metrics:
 * SUCCEEDED without a final one gets "no_final_metric"; `incomplete`, why some
 * are gone for good, or NULL, becomes "metrics_incomplete".
 */
void end_record(struct buf *line, const struct record *end, bool has_final,
    const char *incomplete);

#endif
