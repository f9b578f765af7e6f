// SPDX-License-Identifier: GPL-2.0
/*
 * Measures pairs of an allocation and a free in a fragmented range with many
 * live allocations. The allocation has a constraint: an alignment, a small
 * range or a fixed address. The load skips peers that do not support the
 * constraint. A small range starts at a live piece, and the search for a fixed
 * address also starts at a live piece, so that the result is not in the free
 * space above the last piece.
 */
#include <linux/bitmap.h>
#include <linux/module.h>
#include <linux/sched.h>

#include "bench.h"
#include "clock.h"

#define SIZE		8UL
#define ALIGN_TO	256UL
#define WITHIN		4096UL	/* small range; SIZE nearly always fits */
#define WITHIN_IDS	64UL	/* small range for peers of single integers */
#define SAMPLES		3000
#define MIN_SAMPLES	20
#define TIME_LIMIT	(100 * NSEC_PER_MSEC)

enum how { ALIGNED, ANYWHERE_WITHIN, AT };
static const char * const name_of[] = { "aligned", "within", "at" };

/* Address of a random live piece. */
static unsigned long random_start(struct work *work)
{
	return work->piece[random_below(&work->random, work->live)].at;
}

/* Address of @size free integers above a random live piece. */
static unsigned long random_free_place(struct work *work, unsigned long size)
{
	unsigned long at, end;

	for (;;) {
		at = random_start(work) - BASE;
		at = find_next_zero_bit(work->map, work->range, at);
		end = at + size;
		if (end <= work->range &&
		    find_next_bit(work->map, end, at) >= end)
			return BASE + at;
	}
}

static bool alloc_constrained(struct work *work, struct piece *piece, enum how how,
			      unsigned long at, unsigned long within)
{
	const struct peer *peer = work->peer;

	switch (how) {
	case ALIGNED:
		return peer->alloc_aligned(work->instance, piece, ALIGN_TO);
	case ANYWHERE_WITHIN:
		return peer->alloc_within(work->instance, piece, at, at + within);
	default:
		return peer->alloc_at(work->instance, piece, at);
	}
}

/* Returns true if @piece satisfies the constraint. */
static bool satisfies(const struct piece *piece, enum how how, unsigned long at,
		      unsigned long within)
{
	switch (how) {
	case ALIGNED:
		return piece->at % ALIGN_TO == 0;
	case ANYWHERE_WITHIN:
		return piece->at >= at && piece->at + piece->size <= at + within;
	default:
		return piece->at == at;
	}
}

static int constrained(struct work *work, unsigned long live, enum how how)
{
	unsigned long within = work->peer->one_size ? WITHIN_IDS : WITHIN;
	struct piece piece = work->piece[work->live];
	unsigned long at, failures = 0, n = 0;
	struct samples a, f;
	u64 begin, start;
	char load[64];
	bool good;
	int err;

	err = samples_begin(&a, SAMPLES);
	if (err)
		return err;
	err = samples_begin(&f, SAMPLES);
	if (err)
		goto out;
	piece.size = work->peer->one_size ? 1 : SIZE;
	begin = clock_read();
	while (n++ < SAMPLES &&
	       (n < MIN_SAMPLES || clock_ns_since(begin) < TIME_LIMIT)) {
		at = how == AT ? random_free_place(work, piece.size) :
			min(random_start(work), BASE + work->range - within);
		start = clock_read();
		good = alloc_constrained(work, &piece, how, at, within);
		samples_add(&a, clock_read() - start);
		cond_resched();
		if (!good) {
			failures++;
			continue;
		}
		if (!satisfies(&piece, how, at, within) && !work->broken) {
			work->broken = true;
			pr_info("bench: failed %s allocation of %s: wanted %#lx, got %#lx\n",
				name_of[how], work->peer->name, at, piece.at);
		}
		map_set(work, &piece);
		map_clear(work, &piece);
		start = clock_read();
		work->peer->free_constrained(work->instance, &piece);
		samples_add(&f, clock_read() - start);
	}
	snprintf(load, sizeof(load), "load=constrained live=%lu how=%s", live,
		 name_of[how]);
	report_samples(work, load, "alloc", &a, 1);
	report_samples(work, load, "free", &f, 1);
	report(work, "%s op=failures failures=%lu", load, failures);
	samples_end(&f);
out:
	samples_end(&a);
	return err;
}

static int constrained_with(const struct peer *peer, unsigned long live)
{
	unsigned long total = live + live / 2;
	struct work work;
	u64 ticks;
	int err;

	err = work_begin(&work, peer, total * (peer->one_size ? 2 : 64), total + 1, false);
	if (err)
		return err;
	err = work_fill(&work, total, &ticks);
	if (err) {
		report(&work, "load=constrained live=%lu gave_up=%lu", live, work.live);
		err = 0;
		goto out;
	}
	if (peer->maintain)
		peer->maintain(work.instance);
	work_punch(&work);
	if (peer->alloc_aligned)
		err = constrained(&work, live, ALIGNED);
	if (!err && peer->alloc_within)
		err = constrained(&work, live, ANYWHERE_WITHIN);
	if (!err && peer->alloc_at)
		err = constrained(&work, live, AT);
out:
	work_end(&work);
	return err;
}

int load_constrained(const struct peer *peer)
{
	static const unsigned long lives[] = { 1000, 100000 };
	unsigned int i;
	int err = 0;

	if (!peer->free_constrained)
		return 0;
	for (i = 0; i < ARRAY_SIZE(lives) && !err; i++)
		if (lives[i] <= bench_live)
			err = constrained_with(peer, lives[i]);
	return err;
}
