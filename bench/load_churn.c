// SPDX-License-Identifier: GPL-2.0
/*
 * Allocates pieces of mixed sizes with random lifetimes. First fills the range
 * to a target. Then each step frees a random piece, and allocates until the
 * target is reached again or an allocation fails. Each allocation and each free
 * is timed.
 *
 * A failure is an allocation that fails although the total free space is large
 * enough. The line with op=failures also prints the allocated share of the
 * range in per cent. "first" is the share at the end of the initial fill, which
 * ends at the target, at the first failure or after FILL_TIMEOUT. "reached" is
 * the mean share during the measurement. A slow peer reaches TIMEOUT after
 * fewer steps.
 */
#include <linux/module.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "bench.h"
#include "clock.h"

#define STEPS		16000UL	/* steps of the warm-up; as many are measured */
#define REPORTS		32	/* free-space reports during STEPS steps */
#define PIECES		16384UL	/* size of the range, in pieces of MEAN_SIZE */
#define MEAN_SIZE	32	/* mean size of a piece, rounded down */
#define TIMEOUT		(400 * NSEC_PER_MSEC)	/* for STEPS steps */
#define FILL_TIMEOUT	(5 * TIMEOUT)

/* @full: target of the fill, in per cent of the range. */
struct churn {
	struct work work;
	struct samples alloc;
	struct samples free;
	unsigned long failures;
	unsigned int full;
	unsigned long size;	/* size of the next allocation */
	unsigned long steps;
	u64 used;		/* sum of work.used after each step */
};

static bool alloc_one(struct churn *c)
{
	struct work *work = &c->work;
	struct piece *piece = &work->piece[work->live];
	u64 start;
	bool good;

	piece->size = c->size;
	start = clock_read();
	good = work->peer->alloc(work->instance, piece);
	start = clock_read() - start;
	c->size = random_size(work);
	if (good) {
		samples_add(&c->alloc, start);
		map_set(work, piece);
		work->live++;
	}
	return good;
}

static void free_one(struct churn *c)
{
	struct work *work = &c->work;
	struct piece *piece = &work->piece[random_below(&work->random, work->live)];
	u64 start;

	map_clear(work, piece);
	start = clock_read();
	work->peer->free(work->instance, piece);
	samples_add(&c->free, clock_read() - start);
	work->live--;
	swap(*piece, work->piece[work->live]);
}

/* Allocate until the target is reached or an allocation fails. */
static void refill(struct churn *c, u64 timeout)
{
	struct work *work = &c->work;
	u64 start = clock_read();

	while (work->live < work->max &&
	       (work->used + c->size) * 100 <= work->range * c->full) {
		if (!alloc_one(c)) {
			c->failures++;
			return;
		}
		if (work->live % 16)
			continue;
		cond_resched();
		if (clock_ns_since(start) > timeout)
			return;
	}
}

static void report_free_space(struct churn *c, const char *op, unsigned int at)
{
	struct work *work = &c->work;
	unsigned long largest = map_largest(work);

	if (work->map && !work->peer->one_size)
		report(work, "load=churn full=%u op=%s at=%u largest=%lu free=%lu done=%lu",
		       c->full, op, at, largest, work->range - work->used, c->steps);
}

static void run_steps(struct churn *c, unsigned long steps, u64 timeout)
{
	u64 start = clock_read();
	unsigned long i;

	for (i = 0; i < steps && c->work.live; i++) {
		free_one(c);
		refill(c, timeout);
		c->steps++;
		c->used += c->work.used;
		cond_resched();
		if (clock_ns_since(start) > timeout)
			return;
	}
}

/* Run STEPS steps, and report the free space REPORTS times. */
static void run_and_report(struct churn *c, const char *op)
{
	unsigned int i;

	for (i = 1; i <= REPORTS; i++) {
		run_steps(c, STEPS / REPORTS, TIMEOUT / REPORTS);
		report_free_space(c, op, i);
	}
}

/* Convert @used to tenths of a per cent of the range. */
static u64 permille_of_range(const struct churn *c, u64 used)
{
	return div64_u64(1000 * used, c->work.range);
}

static int churn_at(const struct peer *peer, unsigned int full)
{
	unsigned long range = PIECES * (peer->one_size ? 1 : MEAN_SIZE);
	struct churn *c = kvzalloc(sizeof(*c), GFP_KERNEL);
	unsigned long before, steps;
	char load[64];
	u64 first;
	int err;

	if (!c)
		return -ENOMEM;
	c->full = full;
	err = work_begin(&c->work, peer, range, 2 * PIECES, false);
	if (err)
		goto free;
	err = samples_begin(&c->alloc, 8 * STEPS);
	err = err ?: samples_begin(&c->free, 2 * STEPS);
	if (err)
		goto out;
	c->size = random_size(&c->work);
	refill(c, FILL_TIMEOUT);
	first = c->work.used;
	if (peer->maintain)
		peer->maintain(c->work.instance);
	run_and_report(c, "warming");	/* reach a steady state */
	samples_reset(&c->alloc);
	samples_reset(&c->free);
	c->failures = 0;
	c->used = 0;
	before = c->steps;
	run_and_report(c, "free");
	steps = c->steps - before;
	snprintf(load, sizeof(load), "load=churn full=%u", full);
	report_samples(&c->work, load, "alloc", &c->alloc, 1);
	report_samples(&c->work, load, "free", &c->free, 1);
	report(&c->work, "%s op=failures failures=%lu steps=%lu first=%s reached=%s",
	       load, c->failures, steps, decimal(permille_of_range(c, first)).text,
	       decimal(permille_of_range(c, div64_u64(c->used, max(steps, 1UL)))).text);
out:
	samples_end(&c->alloc);
	samples_end(&c->free);
	work_end(&c->work);
free:
	kvfree(c);
	return err;
}

int load_churn(const struct peer *peer)
{
	int err = churn_at(peer, 50);

	err = err ?: churn_at(peer, 90);
	return err ?: churn_at(peer, 99);
}
