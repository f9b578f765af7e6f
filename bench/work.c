// SPDX-License-Identifier: GPL-2.0
/*
 * A peer at work: making it, filling it, punching holes, and what it has in memory
 * meanwhile.
 *
 * Memory is counted as what the kernel's free pages have become less by since
 * before the peer was made, when nothing else goes on. CPUs keep thousands of free
 * pages in their hands, which do not count as free: they are made to give them up
 * first, by taking a lot of pages of each order that they keep. What is left
 * unknown is a batch of each, so it takes many pieces to say something.
 */
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/vmalloc.h>
#include <linux/vmstat.h>
#include <linux/delay.h>

#include "bench.h"
#include "clock.h"

/* Filling gives up after so much time. */
#define PATIENCE	(20ULL * NSEC_PER_SEC)

/* Pages to take of each order: more than a CPU keeps. */
#define DRAIN		(64UL << (20 - PAGE_SHIFT))
#define ORDERS		(PAGE_ALLOC_COSTLY_ORDER + 1)

static void drain(struct work *work)
{
	unsigned long pages;
	unsigned int order;
	struct page *page;

	for (order = 0; order < ORDERS; order++)
		for (pages = 0; pages < DRAIN / ORDERS; pages += 1UL << order) {
			page = alloc_pages(GFP_KERNEL | __GFP_NOWARN |
					   __GFP_NORETRY, order);
			if (!page)
				break;
			set_page_private(page, order);
			list_add(&page->lru, &work->drain);
		}
}

static void drain_end(struct work *work)
{
	struct page *page, *next;

	list_for_each_entry_safe(page, next, &work->drain, lru) {
		list_del(&page->lru);
		__free_pages(page, page_private(page));
	}
}

static long pages_free(void)
{
	return global_zone_page_state(NR_FREE_PAGES);
}

unsigned long below(struct rnd_state *random, unsigned long n)
{
	return (u64)prandom_u32_state(random) * n >> 32;
}

/* A size from 1 to 64. */
unsigned int work_size(struct work *work)
{
	return work->peer->one_size ? 1 : 1 + below(&work->random, 64);
}

/* Begin with no piece of @max. With @count, work_bytes() will be asked for. */
int work_begin(struct work *work, const struct peer *peer, unsigned long range,
	       unsigned long max, bool count)
{
	unsigned long i;

	memset(work, 0, sizeof(*work));
	work->peer = peer;
	work->range = range;
	work->max = max;
	INIT_LIST_HEAD(&work->drain);
	prandom_seed_state(&work->random, 20010625);
	work->piece = vzalloc(array_size(max, sizeof(*work->piece)));
	if (peer->client)
		work->own = vzalloc(array_size(max, peer->client));
	if (!peer->pointers)
		work->map = vzalloc(BITS_TO_LONGS(range) * sizeof(long));
	if (!work->piece || (peer->client && !work->own) ||
	    (!peer->pointers && !work->map))
		goto fail;
	for (i = 0; peer->client && i < max; i++)
		work->piece[i].own = work->own + i * peer->client;
	if (count) {
		/* What was freed before, by RCU as well, is to be free by now. */
		rcu_barrier();
		msleep(20);
		/* Once does not leave the CPU with little enough. */
		drain(work);
		drain_end(work);
		drain(work);
		work->before = pages_free();
	}
	work->it = peer->make(range);
	if (work->it)
		return 0;
fail:
	work_end(work);
	return -ENOMEM;
}

void work_end(struct work *work)
{
	unsigned long i;

	for (i = 0; i < work->live; i++) {
		work->peer->free(work->it, &work->piece[i]);
		if (!(i % 256))
			cond_resched();
	}
	if (work->it)
		work->peer->unmake(work->it);
	drain_end(work);
	vfree(work->map);
	vfree(work->own);
	vfree(work->piece);
	memset(work, 0, sizeof(*work));
}

/* What the peer has in memory, in bytes, without what its client keeps. */
u64 work_bytes(struct work *work)
{
	return (u64)max(0L, work->before - pages_free()) << PAGE_SHIFT;
}

/**
 * work_fill - let the peer hand out until so many pieces live
 * @work: of fresh peers only: those of which a fill in a row is slow are filled
 *	from the beginning, each piece at the end of the one before
 * @n: how many
 * @ticks: what that took all in all
 *
 * Return: 0, -ENOSPC or -ETIME.
 */
int work_fill(struct work *work, unsigned long n, u64 *ticks)
{
	const struct peer *peer = work->peer;
	u64 start = clock_read(), before;
	unsigned long next = BASE;
	struct piece *piece;
	bool good;

	*ticks = 0;
	while (work->live < n) {
		piece = &work->piece[work->live];
		piece->size = work_size(work);
		before = clock_read();
		if (peer->slow_fill)
			good = peer->alloc_at(work->it, piece, next);
		else
			good = peer->alloc(work->it, piece);
		*ticks += clock_read() - before - clock_empty;
		if (!good)
			return -ENOSPC;
		next += piece->size;
		map_take(work, piece);
		if (work->live++ % 256)
			continue;
		cond_resched();
		if (clock_spent(start) > PATIENCE)
			return -ETIME;
	}
	return 0;
}

/* Free every third piece, so that the free space is in many. */
void work_punch(struct work *work)
{
	unsigned long i, n = 0;

	for (i = 0; i < work->live; i++) {
		if (i % 3) {
			swap(work->piece[n], work->piece[i]);
			n++;
			continue;
		}
		map_give(work, &work->piece[i]);
		work->peer->free(work->it, &work->piece[i]);
		if (!(i % 255))
			cond_resched();
	}
	work->live = n;
}
