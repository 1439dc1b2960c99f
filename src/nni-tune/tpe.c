/*
 * The TPE tuner: tree-structured Parzen estimators, as NNI's.
 * v3.0:nni/algorithms/hpo/tpe_tuner.py
 *
 * For each parameter the values that came with small losses are told from the
 * rest; candidates are drawn from an estimate of the density of the former, and
 * the one that is likeliest there compared with the latter is proposed.
 */
#include <math.h>
#include <stdlib.h>

#include "category.h"
#include "dedup.h"
#include "history.h"
#include "mem.h"
#include "migrate.h"
#include "parzen.h"
#include "running.h"
#include "split.h"
#include "tpe-args.h"
#include "tuner.h"

struct tpe {
	struct tuner base;
	const struct space *space;
	struct tpe_args args;
	struct dedup dedup;
	struct losses losses;
	struct history *history; /* of each parameter */
	struct running running;
	struct lies *lies; /* of each parameter */
	bool lies_stale;   /* something has ended since they were made */
	double best, worst, sum;
	size_t finite; /* how many losses are in sum */
	/* kept for their memory */
	struct split split;
	struct parzen below, above;
};

static struct tuner *
tpe_open(const struct tuner_setup *setup, struct buf *err)
{
	struct tpe *t = xcalloc(1, sizeof(*t));

	t->base.class = &tpe_tuner;
	if (tpe_args_read(&t->args, setup->args, setup->seed, err) == -1) {
		free(t);
		return NULL;
	}
	t->space = setup->space;
	t->history = xcalloc(t->space->count + 1, sizeof(*t->history));
	t->lies = xcalloc(t->space->count + 1, sizeof(*t->lies));
	dedup_init(&t->dedup, t->space);
	return &t->base;
}

/* What belongs to the present space. */
static void
release_space(struct tpe *t)
{
	size_t i;

	for (i = 0; i < t->space->count; i++) {
		history_release(&t->history[i]);
		lies_release(&t->lies[i]);
	}
	free(t->history);
	free(t->lies);
	running_release(&t->running);
	dedup_release(&t->dedup);
}

static void
tpe_close(struct tuner *base)
{
	struct tpe *t = (struct tpe *)base;

	release_space(t);
	losses_release(&t->losses);
	split_release(&t->split);
	parzen_release(&t->below);
	parzen_release(&t->above);
	free(t);
}

/* ---- lies ---- */

static void
refresh_lies(struct tpe *t)
{
	const struct running_item *item;
	size_t i, k;

	if (!t->lies_stale || t->args.liar == LIAR_NONE)
		return;
	for (i = 0; i < t->space->count; i++) {
		lies_clear(&t->lies[i]);
		for (k = 0; k < t->running.count; k++) {
			item = &t->running.items[k];
			if (item->runs && !isnan(item->point.x[i]))
				lies_append(&t->lies[i], item->point.x[i]);
		}
		lies_sort(&t->lies[i]);
	}
	t->lies_stale = false;
}

/* The loss that a running proposal is said to have had. */
static double
lie_loss(const struct tpe *t)
{
	if (t->args.liar == LIAR_BEST)
		return t->losses.count ? t->best : 0;
	if (t->args.liar == LIAR_WORST)
		return t->losses.count ? t->worst : 0;
	return t->finite ? t->sum / (double)t->finite : 0;
}

/* ---- proposing ---- */

static double
choose_category(struct tpe *t, const struct space_param *p, struct rng *rng)
{
	struct category below, above;
	double k, score, chosen = 0, most = -INFINITY;
	int64_t i;

	category_init(
	    &below, &t->split.below, param_size(p), t->args.prior_weight);
	category_init(
	    &above, &t->split.above, param_size(p), t->args.prior_weight);
	for (i = 0; i < t->args.ei_candidates; i++) {
		k = category_draw(&below, rng);
		score = log(category_probability(&below, k)) -
			log(category_probability(&above, k));
		if (score > most) {
			most = score;
			chosen = k;
		}
	}
	return chosen;
}

static void
build(struct parzen *pz, const struct parzen_prior *prior,
    const struct side *side)
{
	size_t i;

	parzen_begin(pz, prior);
	for (i = 0; i < side->count; i++)
		parzen_add(pz, side->x[i], side->weight[i]);
	parzen_end(pz);
}

static double
choose_number(struct tpe *t, const struct space_param *p, struct rng *rng)
{
	struct parzen_prior prior = {.weight = t->args.prior_weight};
	double a, b, x, score, chosen, most = -INFINITY;
	int64_t i;

	param_bounds(p, &a, &b);
	if (param_is_normal(p)) {
		prior.mean = a;
		prior.sigma = b;
	} else if (a < b) {
		prior.mean = (a + b) / 2;
		prior.sigma = b - a;
		prior.clipped = true;
		prior.low = a;
		prior.high = b;
	} else {
		return a;
	}
	build(&t->below, &prior, &t->split.below);
	build(&t->above, &prior, &t->split.above);
	chosen = prior.mean;
	for (i = 0; i < t->args.ei_candidates; i++) {
		x = parzen_draw(&t->below, rng);
		score = parzen_log_density(&t->below, x) -
			parzen_log_density(&t->above, x);
		if (score > most) {
			most = score;
			chosen = x;
		}
	}
	return chosen;
}

static double
choose(struct tpe *t, size_t i, struct rng *rng)
{
	const struct space_param *p = &t->space->params[i];
	struct history *h = &t->history[i];
	struct lies *lies = &t->lies[i];

	if (h->count + lies->count < (size_t)t->args.startup_jobs)
		return param_sample(p, rng);
	history_sort(h);
	split_make(&t->split, &t->losses, h, lies, lie_loss(t), t->args.gamma,
	    (size_t)t->args.forgetting);
	return param_is_category(p) ? choose_category(t, p, rng)
				    : choose_number(t, p, rng);
}

static bool
tpe_propose(struct tuner *base, uint64_t n, struct buf *parameters,
    struct buf *unrounded)
{
	struct tpe *t = (struct tpe *)base;
	struct point pt;
	struct rng rng;
	size_t i;

	rng_init(&rng, t->args.seed, n);
	losses_sort(&t->losses);
	refresh_lies(t);
	point_init(&pt, t->space);
	for (i = 0; i < t->space->count; i++)
		if (point_active(t->space, &pt, i))
			point_set(t->space, &pt, i, choose(t, i, &rng));
	if (!dedup_pass(&t->dedup, &pt)) {
		point_release(&pt);
		return false;
	}
	point_write(t->space, &pt, parameters);
	point_write_unrounded(t->space, &pt, unrounded);
	for (i = 0; i < t->space->count; i++)
		if (t->args.liar != LIAR_NONE && !isnan(pt.x[i]))
			lies_insert(&t->lies[i], pt.x[i]);
	running_add(&t->running, n, &pt);
	return true;
}

/* ---- learning ---- */

static int
tpe_adopt(struct tuner *base, uint64_t n, struct json parameters,
    struct json unrounded, struct buf *err)
{
	struct tpe *t = (struct tpe *)base;
	struct point pt;

	point_init(&pt, t->space);
	if (point_read(t->space, &pt, parameters, unrounded, err) == -1) {
		point_release(&pt);
		return -1;
	}
	dedup_note(&t->dedup, &pt);
	running_add(&t->running, n, &pt);
	t->lies_stale = true;
	return 0;
}

static void
tpe_set_running(struct tuner *base, uint64_t n, bool running)
{
	struct tpe *t = (struct tpe *)base;
	struct running_item *item = running_find(&t->running, n);

	if (!item || item->runs == running)
		return;
	running_set(&t->running, item, running);
	t->lies_stale = true;
}

static uint32_t
add_loss(struct tpe *t, double loss)
{
	if (!t->losses.count)
		t->best = t->worst = loss;
	t->best = fmin(t->best, loss);
	t->worst = fmax(t->worst, loss);
	if (isfinite(loss)) {
		t->sum += loss;
		t->finite++;
	}
	return losses_add(&t->losses, loss);
}

static void
tpe_result(struct tuner *base, uint64_t n, double value)
{
	struct tpe *t = (struct tpe *)base;
	struct running_item *item = running_find(&t->running, n);
	uint32_t result;
	size_t i;

	if (!item)
		return;
	result = add_loss(t, t->args.maximize ? -value : value);
	for (i = 0; i < t->space->count; i++)
		if (!isnan(item->point.x[i]))
			history_add(&t->history[i], item->point.x[i], result);
	running_remove(&t->running, item);
	t->lies_stale = true;
}

/* ---- a new search space ---- */

static void
carry_history(struct history *to, const struct space_param *new_param,
    const struct history *from, const struct space_param *old_param)
{
	double x;
	size_t i;

	for (i = 0; i < from->count; i++) {
		x = migrate_x(old_param, new_param, from->x[i]);
		if (!isnan(x))
			history_add(to, x, from->result[i]);
	}
}

/* Only x is carried over: all that a lie or a later result is made of. */
static void
carry_running(struct running *to, const struct space *space,
    const struct running *from, const struct space *old, const size_t *match)
{
	const struct running_item *item;
	struct point pt;
	size_t i, k;

	for (k = 0; k < from->count; k++) {
		item = &from->items[k];
		point_init(&pt, space);
		for (i = 0; i < space->count; i++)
			if (match[i] != SPACE_TOP &&
			    !isnan(item->point.x[match[i]]))
				pt.x[i] = migrate_x(&old->params[match[i]],
				    &space->params[i], item->point.x[match[i]]);
		running_add(to, item->n, &pt);
		running_set(to, &to->items[to->count - 1], item->runs);
	}
}

/* NNI keeps the history too, but dies where it no longer fits the space. */
static int
tpe_update(
    struct tuner *base, uint64_t n, const struct space *space, struct buf *err)
{
	struct tpe *t = (struct tpe *)base;
	size_t *match = migrate_match(t->space, space);
	struct history *history = xcalloc(space->count + 1, sizeof(*history));
	struct running running = {NULL, 0, 0, 0};
	size_t i;

	(void)n;
	(void)err;
	for (i = 0; i < space->count; i++)
		if (match[i] != SPACE_TOP)
			carry_history(&history[i], &space->params[i],
			    &t->history[match[i]], &t->space->params[match[i]]);
	carry_running(&running, space, &t->running, t->space, match);
	free(match);
	release_space(t);
	t->space = space;
	t->history = history;
	t->running = running;
	t->lies = xcalloc(space->count + 1, sizeof(*t->lies));
	t->lies_stale = true;
	dedup_init(&t->dedup, space);
	return 0;
}

const struct tuner_class tpe_tuner = {
    .name = "TPE",
    .optimizes = true,
    .draws = true,
    .open = tpe_open,
    .close = tpe_close,
    .propose = tpe_propose,
    .adopt = tpe_adopt,
    .set_running = tpe_set_running,
    .result = tpe_result,
    .update = tpe_update,
};
