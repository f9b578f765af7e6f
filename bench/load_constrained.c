// SPDX-License-Identifier: GPL-2.0
/*
 * Pairs of which the allocation has to be aligned, to lie within a small range, or at
 * one given place, while many others live and the free space is in many pieces.
 * Of the peers that can. Ranges begin, and places are looked for, at a piece that
 * lives, so that it is among the pieces and not in the free space behind them all.
 */
#include <linux/bitmap.h>
#include <linux/module.h>
#include <linux/sched.h>

#include "bench.h"
#include "clock.h"

#define SIZE		8UL
#define ALIGN_TO	256UL
#define WITHIN		4096UL	/* a range that small has room, nearly always */
#define WITHIN_IDS	64UL	/* the same of single integers */
#define SAMPLES		3000
#define AT_LEAST	20
#define ENOUGH		(100 * NSEC_PER_MSEC)

enum how { ALIGNED, ANYWHERE_WITHIN, AT };
static const char * const name_of[] = { "aligned", "within", "at" };

/* Where some piece that lives is. */
static unsigned long somewhere(struct work *work)
{
	return work->piece[below(&work->random, work->live)].at;
}

/* A free place for so much behind some piece. */
static unsigned long place(struct work *work, unsigned long size)
{
	unsigned long at, end;

	for (;;) {
		at = somewhere(work) - BASE;
		at = find_next_zero_bit(work->map, work->range, at);
		end = at + size;
		if (end <= work->range &&
		    find_next_bit(work->map, end, at) >= end)
			return BASE + at;
	}
}

static bool alloc(struct work *work, struct piece *piece, enum how how,
		  unsigned long at, unsigned long within)
{
	const struct peer *peer = work->peer;

	switch (how) {
	case ALIGNED:
		return peer->alloc_aligned(work->it, piece, ALIGN_TO);
	case ANYWHERE_WITHIN:
		return peer->alloc_within(work->it, piece, at, at + within);
	default:
		return peer->alloc_at(work->it, piece, at);
	}
}

/* Whether it came out as it was asked for. */
static bool right(const struct piece *piece, enum how how, unsigned long at,
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
	       (n < AT_LEAST || clock_spent(begin) < ENOUGH)) {
		at = how == AT ? place(work, piece.size) :
			min(somewhere(work), BASE + work->range - within);
		start = clock_read();
		good = alloc(work, &piece, how, at, within);
		samples_add(&a, clock_read() - start);
		cond_resched();
		if (!good) {
			failures++;
			continue;
		}
		if (!right(&piece, how, at, within) && !work->broken) {
			work->broken = true;
			pr_info("bench: failed %s %s %#lx at %#lx\n", name_of[how],
				work->peer->name, at, piece.at);
		}
		map_take(work, &piece);
		map_give(work, &piece);
		start = clock_read();
		work->peer->free_such(work->it, &piece);
		samples_add(&f, clock_read() - start);
	}
	snprintf(load, sizeof(load), "load=constrained live=%lu how=%s", live,
		 name_of[how]);
	say_samples(work, load, "alloc", &a, 1);
	say_samples(work, load, "free", &f, 1);
	say(work, "%s op=failures failures=%lu", load, failures);
	samples_end(&f);
out:
	samples_end(&a);
	return err;
}

static int constrained_with(const struct peer *peer, unsigned long live)
{
	unsigned long most = live + live / 2;
	struct work work;
	u64 ticks;
	int err;

	err = work_begin(&work, peer, most * (peer->one_size ? 2 : 64), most + 1, false);
	if (err)
		return err;
	err = work_fill(&work, most, &ticks);
	if (err) {
		say(&work, "load=constrained live=%lu gave_up=%lu", live, work.live);
		err = 0;
		goto out;
	}
	if (peer->settle)
		peer->settle(work.it);
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

	if (!peer->free_such)
		return 0;
	for (i = 0; i < ARRAY_SIZE(lives) && !err; i++)
		if (lives[i] <= bench_live)
			err = constrained_with(peer, lives[i]);
	return err;
}
