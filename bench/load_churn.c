// SPDX-License-Identifier: GPL-2.0
/*
 * Random lifetimes, mixed sizes: once as full as it shall be, one random piece after
 * the other goes and others come. Costs are of allocations and of frees one by one.
 *
 * A failure is an allocation that did not come although there was enough free space
 * in all. What is handed out of the range, in tenths of a percent, is said with it:
 * "first" when something failed for the first time while it was filled (or when it was
 * as full as it shall be, or the patience was over), "reached" in the mean over
 * the time of measuring. A peer that is slow does fewer steps.
 */
#include <linux/module.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "bench.h"
#include "clock.h"

#define STEPS		16000UL	/* frees while it is measured */
#define SHOWN		32	/* times that the free space is looked at */
#define PIECES		16384UL	/* that live when nothing is free */
#define MEAN		32	/* rather less than the mean size of a piece */
#define PATIENCE	(400 * NSEC_PER_MSEC)	/* for that, and as much before */
#define PATIENCE_FILL	(5 * PATIENCE)

/* @full: percent. */
struct churn {
	struct work work;
	struct samples alloc;
	struct samples free;
	unsigned long failures;
	unsigned int full;
	unsigned long size;	/* of the next to come */
	unsigned long steps;
	u64 used;		/* sum after each step */
};

static bool come(struct churn *c)
{
	struct work *work = &c->work;
	struct piece *piece = &work->piece[work->live];
	u64 start;
	bool good;

	piece->size = c->size;
	start = clock_read();
	good = work->peer->alloc(work->it, piece);
	start = clock_read() - start;
	c->size = work_size(work);
	if (good) {
		samples_add(&c->alloc, start);
		map_take(work, piece);
		work->live++;
	}
	return good;
}

static void go(struct churn *c)
{
	struct work *work = &c->work;
	struct piece *piece = &work->piece[below(&work->random, work->live)];
	u64 start;

	map_give(work, piece);
	start = clock_read();
	work->peer->free(work->it, piece);
	samples_add(&c->free, clock_read() - start);
	work->live--;
	swap(*piece, work->piece[work->live]);
}

/* Let come what has room, until something fails. */
static void refill(struct churn *c, u64 patience)
{
	struct work *work = &c->work;
	u64 start = clock_read();

	while (work->live < work->max &&
	       (work->used + c->size) * 100 <= work->range * c->full) {
		if (!come(c)) {
			c->failures++;
			return;
		}
		if (work->live % 16)
			continue;
		cond_resched();
		if (clock_spent(start) > patience)
			return;
	}
}

static void show(struct churn *c, const char *op, unsigned int at)
{
	struct work *work = &c->work;
	unsigned long largest = map_largest(work);

	if (work->map && !work->peer->one_size)
		say(work, "load=churn full=%u op=%s at=%u largest=%lu free=%lu done=%lu",
		    c->full, op, at, largest, work->range - work->used, c->steps);
}

static void turn(struct churn *c, unsigned long steps, u64 patience)
{
	u64 start = clock_read();
	unsigned long i;

	for (i = 0; i < steps && c->work.live; i++) {
		go(c);
		refill(c, patience);
		c->steps++;
		c->used += c->work.used;
		cond_resched();
		if (clock_spent(start) > patience)
			return;
	}
}

/* All steps, looking at the free space meanwhile. */
static void turns(struct churn *c, const char *op)
{
	unsigned int i;

	for (i = 1; i <= SHOWN; i++) {
		turn(c, STEPS / SHOWN, PATIENCE / SHOWN);
		show(c, op, i);
	}
}

/* Tenths of a percent. */
static u64 share(const struct churn *c, u64 used)
{
	return div64_u64(1000 * used, c->work.range);
}

static int churn_at(const struct peer *peer, unsigned int full)
{
	unsigned long range = PIECES * (peer->one_size ? 1 : MEAN);
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
	c->size = work_size(&c->work);
	refill(c, PATIENCE_FILL);
	first = c->work.used;
	if (peer->settle)
		peer->settle(c->work.it);
	turns(c, "warming");	/* until it looks like any other moment */
	samples_forget(&c->alloc);
	samples_forget(&c->free);
	c->failures = 0;
	c->used = 0;
	before = c->steps;
	turns(c, "free");
	steps = c->steps - before;
	snprintf(load, sizeof(load), "load=churn full=%u", full);
	say_samples(&c->work, load, "alloc", &c->alloc, 1);
	say_samples(&c->work, load, "free", &c->free, 1);
	say(&c->work, "%s op=failures failures=%lu steps=%lu first=%s reached=%s",
	    load, c->failures, steps, decimal(share(c, first)).text,
	    decimal(share(c, div64_u64(c->used, max(steps, 1UL)))).text);
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
