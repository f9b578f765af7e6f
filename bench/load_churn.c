// SPDX-License-Identifier: GPL-2.0
/*
 * Random lifetimes, mixed sizes: once as full as it shall be, one random piece after
 * the other goes and others come. Costs are of allocations and of frees one by one.
 *
 * A failure is an allocation that did not come although there was enough free space
 * in all. "percent" is how full it was when it was first filled, which is less than
 * it should have been if something failed by then.
 */
#include <linux/module.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "bench.h"
#include "clock.h"

#define STEPS		30000UL	/* frees while it is measured */
#define SHOWN		32	/* times that the free space is looked at */
#define PIECES		32768UL	/* that live when nothing is free */
#define MEAN		32	/* rather less than the mean size of a piece */
#define PATIENCE	NSEC_PER_SEC	/* for that, and as much before */

/* @full: percent. */
struct churn {
	struct work work;
	struct samples alloc;
	struct samples free;
	unsigned long failures;
	unsigned int full;
	unsigned long size;	/* of the next to come */
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

/* Let come what has room. */
static void refill(struct churn *c)
{
	struct work *work = &c->work;

	while (work->live < work->max &&
	       (work->used + c->size) * 100 <= work->range * c->full) {
		if (!come(c)) {
			c->failures++;
			return;
		}
		if (!(work->live % 256))
			cond_resched();
	}
}

static void turn(struct churn *c, unsigned long steps, u64 patience)
{
	u64 start = clock_read();
	unsigned long i;

	for (i = 0; i < steps && c->work.live; i++) {
		go(c);
		refill(c);
		cond_resched();
		if (clock_spent(start) > patience)
			return;
	}
}

static void show(struct churn *c, unsigned int at)
{
	struct work *work = &c->work;
	unsigned long largest = map_largest(work);

	if (work->map && !work->peer->one_size)
		say(work, "load=churn full=%u op=free at=%u largest=%lu free=%lu failures=%lu",
		    c->full, at, largest, work->range - work->used, c->failures);
}

static int churn_at(const struct peer *peer, unsigned int full)
{
	unsigned long range = PIECES * (peer->one_size ? 1 : MEAN);
	struct churn *c = kvzalloc(sizeof(*c), GFP_KERNEL);
	unsigned long filled;
	char load[64];
	unsigned int i;
	int err;

	if (!c)
		return -ENOMEM;
	c->full = full;
	err = work_begin(&c->work, peer, range, 2 * PIECES);
	if (err)
		goto free;
	err = samples_begin(&c->alloc, 8 * STEPS);
	err = err ?: samples_begin(&c->free, 2 * STEPS);
	if (err)
		goto out;
	c->size = work_size(&c->work);
	refill(c);
	filled = c->work.used;
	if (peer->settle)
		peer->settle(c->work.it);
	show(c, 0);
	turn(c, STEPS, PATIENCE);	/* until it looks like any other moment */
	samples_forget(&c->alloc);
	samples_forget(&c->free);
	c->failures = 0;
	for (i = 1; i <= SHOWN; i++) {
		turn(c, STEPS / SHOWN, PATIENCE / SHOWN);
		show(c, i);
	}
	snprintf(load, sizeof(load), "load=churn full=%u", full);
	say_samples(&c->work, load, "alloc", &c->alloc, 1);
	say_samples(&c->work, load, "free", &c->free, 1);
	say(&c->work, "%s op=failures failures=%lu percent=%lu", load,
	    c->failures, filled * 100 / range);
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
