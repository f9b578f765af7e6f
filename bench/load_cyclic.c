// SPDX-License-Identifier: GPL-2.0
/*
 * Measures cyclic identifiers, such as process ids and sequence numbers. Each
 * identifier is greater than the previous identifier, until the search wraps
 * around. The number of live identifiers is constant: each step frees the
 * oldest identifier and allocates one.
 */
#include <linux/module.h>
#include <linux/sched.h>

#include "bench.h"
#include "clock.h"

#define STEPS		20000UL
#define TIMEOUT		(400 * NSEC_PER_MSEC)

static int cyclic_with(const struct peer *peer, unsigned long live)
{
	unsigned long i, before = 0, wraps = 0;
	struct samples alloc, free;
	struct piece *piece;
	struct work work;
	char load[64];
	u64 begin, start;
	bool good;
	int err;

	/* STEPS allocations wrap around the range more than once. */
	err = work_begin(&work, peer, max(live + live / 8, 8192UL), live, false);
	if (err)
		return err;
	err = samples_begin(&alloc, STEPS);
	if (err)
		goto end;
	err = samples_begin(&free, STEPS);
	if (err)
		goto alloc;
	work.peer = peer;
	for (i = 0; i < live; i++) {
		piece = &work.piece[work.live];
		piece->size = 1;
		if (!peer->alloc(work.instance, piece))
			break;
		before = piece->at;
		work.live++;
		if (!(i % 256))
			cond_resched();
	}
	if (peer->maintain)
		peer->maintain(work.instance);
	begin = clock_read();
	for (i = 0; i < STEPS && clock_ns_since(begin) < TIMEOUT; i++) {
		piece = &work.piece[i % live];
		start = clock_read();
		peer->free(work.instance, piece);
		samples_add(&free, clock_read() - start);
		start = clock_read();
		good = peer->alloc(work.instance, piece);
		samples_add(&alloc, clock_read() - start);
		if (!good) {
			pr_info("bench: failed %s has no free identifier\n",
				peer->name);
			*piece = work.piece[--work.live];
			break;
		}
		wraps += piece->at < before;
		before = piece->at;
		cond_resched();
	}
	snprintf(load, sizeof(load), "load=cyclic live=%lu", live);
	report_samples(&work, load, "alloc", &alloc, 1);
	report_samples(&work, load, "free", &free, 1);
	report(&work, "%s op=wraps wraps=%lu steps=%lu range=%lu", load, wraps, i,
	       work.range);
	samples_end(&free);
alloc:
	samples_end(&alloc);
end:
	work_end(&work);
	return err;
}

int load_cyclic(const struct peer *peer)
{
	static const unsigned long lives[] = { 1000, 100000 };
	unsigned int i;
	int err = 0;

	if (!peer->cyclic)
		return 0;
	for (i = 0; i < ARRAY_SIZE(lives) && !err; i++)
		if (lives[i] <= bench_live)
			err = cyclic_with(peer, lives[i]);
	return err;
}
