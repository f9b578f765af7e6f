// SPDX-License-Identifier: GPL-2.0
/*
 * A pair of one allocation and one free, while many others live and the free space
 * is in many pieces.
 *
 * The median is of batches, so that reading the clock does not show, but for pairs
 * that are so slow that it does not matter; the tail is of pairs one by one. The size
 * of a pair is another thing than the sizes of what lives.
 */
#include <linux/minmax.h>
#include <linux/module.h>
#include <linux/sched.h>

#include "bench.h"
#include "clock.h"

#define BATCH		32	/* pairs in a batch */
#define BATCHES		200
#define SINGLES		5000
#define AT_LEAST	3
#define LEAST		65536UL	/* integers in the range */
#define MANY		100000UL /* live, for bytes to be told from nothing */
#define SLOW		(300 * NSEC_PER_USEC)	/* a pair, without a batch */
/* No more samples of something that slow; with -icount, of instructions. */
#define ENOUGH		(100 * NSEC_PER_MSEC)

/* The time of @n pairs; 0 if one of them failed. */
static noinline u64 pairs(const struct peer *peer, void *it,
			  struct piece *piece, unsigned int n)
{
	u64 start = clock_read();

	while (n--) {
		if (!peer->alloc(it, piece))
			return 0;
		peer->free(it, piece);
	}
	return clock_read() - start;
}

/* Measure pairs, @each in a sample. */
static int measure(struct work *work, const char *load, const char *op,
		   struct piece *piece, unsigned int each, unsigned int most)
{
	struct samples s;
	u64 start, ticks;
	int err;

	err = samples_begin(&s, most);
	if (err)
		return err;
	start = clock_read();
	while (s.n < most &&
	       (s.n < AT_LEAST || clock_spent(start) < ENOUGH)) {
		ticks = pairs(work->peer, work->it, piece, each);
		if (!ticks) {
			say(work, "%s op=%s failures=1", load, op);
			break;
		}
		samples_add(&s, ticks);
		cond_resched();
	}
	say_samples(work, load, op, &s, each);
	samples_end(&s);
	return 0;
}

static int pair_of_size(struct work *work, unsigned long live,
			unsigned long size)
{
	struct piece piece = work->piece[work->live];
	u64 start = clock_read();
	unsigned int each;
	char load[64];
	int err;

	piece.size = size;
	snprintf(load, sizeof(load), "load=pair live=%lu size=%lu", live, size);
	if (work->peer->alloc(work->it, &piece)) {	/* and warm up */
		map_take(work, &piece);
		map_give(work, &piece);
		work->peer->free(work->it, &piece);
	}
	each = clock_spent(start) > SLOW ? 1 : BATCH;
	err = measure(work, load, "pair", &piece, each, BATCHES);
	return err ?: measure(work, load, "single", &piece, 1, SINGLES);
}

static int pairs_with(const struct peer *peer, unsigned long live)
{
	static const unsigned long sizes[] = { 1, 8, 64, 1000 };
	unsigned long most = live + live / 2, i;
	unsigned long range = max(most * (peer->one_size ? 2 : 64), LEAST);
	struct work work;
	u64 ticks;
	int err;

	err = work_begin(&work, peer, range, most + 1, live >= MANY);
	if (err)
		return err;
	err = work_fill(&work, most, &ticks);
	if (err) {
		say(&work, "load=pair live=%lu gave_up=%lu", live, work.live);
		goto out;
	}
	if (peer->settle)
		peer->settle(work.it);
	if (live >= MANY)
		say(&work, "load=pair live=%lu op=bytes each=%s client=%zu",
		    live, decimal(div64_u64(10ULL * work_bytes(&work), most)).text,
		    peer->client);
	if (live) {
		if (!peer->slow_fill)
			say(&work, "load=pair live=%lu op=fill mean=%s", live,
			    decimal(div64_u64(clock_tenths(ticks), most)).text);
		work_punch(&work);
	}
	for (i = 0; i < ARRAY_SIZE(sizes) && !err; i++)
		if (!i || !peer->one_size)
			err = pair_of_size(&work, live, sizes[i]);
out:
	work_end(&work);
	return err == -ENOMEM ? err : 0;
}

int load_pair(const struct peer *peer)
{
	static const unsigned long lives[] = { 0, 1000, 100000, 1000000 };
	unsigned int i;
	int err = 0;

	for (i = 0; i < ARRAY_SIZE(lives) && !err; i++)
		if (lives[i] <= bench_live)
			err = pairs_with(peer, lives[i]);
	return err;
}
