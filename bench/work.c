// SPDX-License-Identifier: GPL-2.0
/*
 * Creates an instance of a peer, fills it, punches holes into the allocations,
 * and measures the memory that the peer uses.
 *
 * The memory of a peer is the number of the kernel's free pages before the
 * instance is created, less the number of free pages at the measurement. No
 * other code allocates during that time. The per-CPU page lists hold thousands
 * of pages that do not count as free. So work_begin() empties these lists
 * first: it allocates many pages of each order that the lists hold. The
 * remaining error is one batch of pages for each order, so the figure is
 * meaningful only with many pieces.
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

/* work_fill() gives up after this time, in nanoseconds. */
#define FILL_TIMEOUT	(20ULL * NSEC_PER_SEC)

/* Pages to allocate over all orders: more than the per-CPU page lists hold. */
#define HELD_PAGES	(64UL << (20 - PAGE_SHIFT))
#define ORDERS		(PAGE_ALLOC_COSTLY_ORDER + 1)

static void held_pages_take(struct work *work)
{
	unsigned long pages;
	unsigned int order;
	struct page *page;

	for (order = 0; order < ORDERS; order++)
		for (pages = 0; pages < HELD_PAGES / ORDERS; pages += 1UL << order) {
			page = alloc_pages(GFP_KERNEL | __GFP_NOWARN |
					   __GFP_NORETRY, order);
			if (!page)
				break;
			set_page_private(page, order);
			list_add(&page->lru, &work->held_pages);
		}
}

static void held_pages_free(struct work *work)
{
	struct page *page, *next;

	list_for_each_entry_safe(page, next, &work->held_pages, lru) {
		list_del(&page->lru);
		__free_pages(page, page_private(page));
	}
}

static long count_free_pages(void)
{
	return global_zone_page_state(NR_FREE_PAGES);
}

unsigned long random_below(struct rnd_state *random, unsigned long n)
{
	return (u64)prandom_u32_state(random) * n >> 32;
}

/* A random size, 1 to 64 inclusive; always 1 for peers of single integers. */
unsigned int random_size(struct work *work)
{
	return work->peer->one_size ? 1 : 1 + random_below(&work->random, 64);
}

/* Create an instance for at most @max pieces. work_bytes() requires @count. */
int work_begin(struct work *work, const struct peer *peer, unsigned long range,
	       unsigned long max, bool count)
{
	unsigned long i;

	memset(work, 0, sizeof(*work));
	work->peer = peer;
	work->range = range;
	work->max = max;
	INIT_LIST_HEAD(&work->held_pages);
	prandom_seed_state(&work->random, 20010625);
	work->piece = vzalloc(array_size(max, sizeof(*work->piece)));
	if (peer->client_size)
		work->client_data = vzalloc(array_size(max, peer->client_size));
	if (!peer->pointers)
		work->map = vzalloc(BITS_TO_LONGS(range) * sizeof(long));
	if (!work->piece || (peer->client_size && !work->client_data) ||
	    (!peer->pointers && !work->map))
		goto fail;
	for (i = 0; peer->client_size && i < max; i++)
		work->piece[i].client_data = work->client_data + i * peer->client_size;
	if (count) {
		/* Wait until RCU and other code have freed pending pages. */
		rcu_barrier();
		msleep(20);
		/* A single pass leaves too many pages in the per-CPU lists. */
		held_pages_take(work);
		held_pages_free(work);
		held_pages_take(work);
		work->free_pages_before = count_free_pages();
	}
	work->instance = peer->create(range);
	if (work->instance)
		return 0;
fail:
	work_end(work);
	return -ENOMEM;
}

void work_end(struct work *work)
{
	unsigned long i;

	for (i = 0; i < work->live; i++) {
		work->peer->free(work->instance, &work->piece[i]);
		if (!(i % 256))
			cond_resched();
	}
	if (work->instance)
		work->peer->destroy(work->instance);
	held_pages_free(work);
	vfree(work->map);
	vfree(work->client_data);
	vfree(work->piece);
	memset(work, 0, sizeof(*work));
}

/* Bytes of memory that the peer uses, without &peer.client_size. */
u64 work_bytes(struct work *work)
{
	return (u64)max(0L, work->free_pages_before - count_free_pages()) << PAGE_SHIFT;
}

/**
 * work_fill - allocate until @n pieces are live
 * @work: a new instance, without live pieces
 * @n: number of pieces
 * @ticks: set to the total time of the allocations
 *
 * Peers with &peer.slow_fill are filled with &peer.alloc_at, each piece at the
 * end of the previous one.
 *
 * Return: 0, -ENOSPC if an allocation fails, or -ETIME after FILL_TIMEOUT.
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
		piece->size = random_size(work);
		before = clock_read();
		if (peer->slow_fill)
			good = peer->alloc_at(work->instance, piece, next);
		else
			good = peer->alloc(work->instance, piece);
		*ticks += clock_read() - before - clock_overhead;
		if (!good)
			return -ENOSPC;
		next += piece->size;
		map_set(work, piece);
		if (work->live++ % 256)
			continue;
		cond_resched();
		if (clock_ns_since(start) > FILL_TIMEOUT)
			return -ETIME;
	}
	return 0;
}

/* Free every third piece, to fragment the free space. */
void work_punch(struct work *work)
{
	unsigned long i, n = 0;

	for (i = 0; i < work->live; i++) {
		if (i % 3) {
			swap(work->piece[n], work->piece[i]);
			n++;
			continue;
		}
		map_clear(work, &work->piece[i]);
		work->peer->free(work->instance, &work->piece[i]);
		if (!(i % 255))
			cond_resched();
	}
	work->live = n;
}
