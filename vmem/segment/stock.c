// SPDX-License-Identifier: GPL-2.0
/*
 * Where segment structures come from and go to: a slab cache of the kernel's.
 */
#include <linux/atomic.h>
#include <linux/errno.h>
#include <linux/slab.h>

#include "stock.h"

static struct kmem_cache *seg_cache;

/* Structures taken from the slab cache, wherever they are now. */
static atomic_long_t seg_count;

/**
 * vmem_stock_fill - get spare structures until there are enough
 * @stock: where to put them; nobody else may be looking at it
 * @n: how many @stock is to hold
 * @gfp: how hard to try
 *
 * Gets as many as it can: the caller looks at the stock afterwards. One at a
 * time, since the bulk calls of the slab allocator want interrupts enabled.
 *
 * Context: any but NMI, as @gfp allows. No arena lock held.
 */
void vmem_stock_fill(struct vmem_stock *stock, unsigned int n, gfp_t gfp)
{
	while (stock->n < n) {
		struct vmem_seg *seg = kmem_cache_alloc(seg_cache, gfp);

		if (!seg)
			return;
		atomic_long_inc(&seg_count);
		vmem_stock_put(stock, seg);
	}
}

/**
 * vmem_stock_drain - give all spare structures of a stock back
 * @stock: nobody else may be looking at it
 *
 * Context: any but NMI. No arena lock held.
 */
void vmem_stock_drain(struct vmem_stock *stock)
{
	while (stock->n) {
		kmem_cache_free(seg_cache, vmem_stock_get(stock));
		atomic_long_dec(&seg_count);
	}
}

/* What all segment structures occupy, in use or spare. */
unsigned long vmem_stock_bytes(void)
{
	return atomic_long_read(&seg_count) * kmem_cache_size(seg_cache);
}

int vmem_stock_init(void)
{
	/* Aligned to its size, so that no structure lies across two lines. */
	seg_cache = kmem_cache_create("vmem_seg", sizeof(struct vmem_seg),
				      sizeof(struct vmem_seg) == 64 ? 64 : 0,
				      0, NULL);
	return seg_cache ? 0 : -ENOMEM;
}

void vmem_stock_exit(void)
{
	kmem_cache_destroy(seg_cache);
}
