// SPDX-License-Identifier: GPL-2.0
/*
 * Measures pairs: an allocation and a free of its result, in a fragmented range
 * with many live allocations.
 *
 * The median is computed over batches of pairs, to amortise the cost of reading
 * the clock. Pairs slower than SLOW_PAIR are timed one by one. The tail is
 * computed over single pairs. The size of the pair is independent of the sizes
 * of the live allocations.
 */
#include <linux/minmax.h>
#include <linux/module.h>
#include <linux/sched.h>

#include "bench.h"
#include "clock.h"

#define BATCH		32	/* pairs in a batch */
#define BATCHES		200
#define SINGLES		5000
#define MIN_SAMPLES	3
#define MIN_RANGE	65536UL	/* integers */
#define COUNT_BYTES_MIN	100000UL /* work_bytes() needs this many pieces */
#define SLOW_PAIR	(300 * NSEC_PER_USEC)	/* do not batch slower pairs */
/* Time after which no more samples are taken; in instructions with -icount. */
#define TIME_LIMIT	(100 * NSEC_PER_MSEC)

/* Ticks of @n pairs; 0 if an allocation failed. */
static noinline u64 time_pairs(const struct peer *peer, void *instance,
			       struct piece *piece, unsigned int n)
{
	u64 start = clock_read();

	while (n--) {
		if (!peer->alloc(instance, piece))
			return 0;
		peer->free(instance, piece);
	}
	return clock_read() - start;
}

/* Take at most @max_samples samples, each of @per_sample pairs. */
static int measure(struct work *work, const char *load, const char *op,
		   struct piece *piece, unsigned int per_sample, unsigned int max_samples)
{
	struct samples s;
	u64 start, ticks;
	int err;

	err = samples_begin(&s, max_samples);
	if (err)
		return err;
	start = clock_read();
	while (s.n < max_samples &&
	       (s.n < MIN_SAMPLES || clock_ns_since(start) < TIME_LIMIT)) {
		ticks = time_pairs(work->peer, work->instance, piece, per_sample);
		if (!ticks) {
			report(work, "%s op=%s failures=1", load, op);
			break;
		}
		samples_add(&s, ticks);
		cond_resched();
	}
	report_samples(work, load, op, &s, per_sample);
	samples_end(&s);
	return 0;
}

static int pair_of_size(struct work *work, unsigned long live,
			unsigned long size)
{
	struct piece piece = work->piece[work->live];
	u64 start = clock_read();
	unsigned int per_sample;
	char load[64];
	int err;

	piece.size = size;
	snprintf(load, sizeof(load), "load=pair live=%lu size=%lu", live, size);
	/* Time one pair, to choose the size of a batch and to warm up. */
	if (work->peer->alloc(work->instance, &piece)) {
		map_set(work, &piece);
		map_clear(work, &piece);
		work->peer->free(work->instance, &piece);
	}
	per_sample = clock_ns_since(start) > SLOW_PAIR ? 1 : BATCH;
	err = measure(work, load, "pair", &piece, per_sample, BATCHES);
	return err ?: measure(work, load, "single", &piece, 1, SINGLES);
}

static int pairs_with(const struct peer *peer, unsigned long live)
{
	static const unsigned long sizes[] = { 1, 8, 64, 1000 };
	unsigned long total = live + live / 2, i;
	unsigned long range = max(total * (peer->one_size ? 2 : 64), MIN_RANGE);
	struct work work;
	u64 ticks;
	int err;

	err = work_begin(&work, peer, range, total + 1, live >= COUNT_BYTES_MIN);
	if (err)
		return err;
	err = work_fill(&work, total, &ticks);
	if (err) {
		report(&work, "load=pair live=%lu gave_up=%lu", live, work.live);
		goto out;
	}
	if (peer->maintain)
		peer->maintain(work.instance);
	if (live >= COUNT_BYTES_MIN)
		report(&work, "load=pair live=%lu op=bytes each=%s client=%zu",
		       live, decimal(div64_u64(10ULL * work_bytes(&work), total)).text,
		       peer->client_size);
	if (live) {
		if (!peer->slow_fill)
			report(&work, "load=pair live=%lu op=fill mean=%s", live,
			       decimal(div64_u64(clock_tenths(ticks), total)).text);
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
