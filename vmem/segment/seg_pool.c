// SPDX-License-Identifier: GPL-2.0
/*
 * The slab cache of segment structures, and transfers from and to the cache.
 */
#include <linux/atomic.h>
#include <linux/errno.h>
#include <linux/slab.h>

#include "seg.h"

static struct kmem_cache *seg_cache;

/* Number of structures taken from the slab cache: in use, or in a pool. */
static atomic_long_t seg_count;

/**
 * vmem_seg_pool_fill - fill a pool up to a number of structures
 * @pool: the pool; local to the caller
 * @n: number of structures that @pool should hold
 * @gfp: flags of the allocations
 *
 * Best effort: the caller checks @pool->n afterwards. Allocates one structure
 * at a time, since the bulk functions of the slab allocator need interrupts
 * enabled.
 *
 * Context: any but NMI, as @gfp allows. No arena lock held.
 */
void vmem_seg_pool_fill(struct vmem_seg_pool *pool, unsigned int n, gfp_t gfp)
{
	while (pool->n < n) {
		struct vmem_seg *seg = kmem_cache_alloc(seg_cache, gfp);

		if (!seg)
			return;
		atomic_long_inc(&seg_count);
		vmem_seg_pool_put(pool, seg);
	}
}

/**
 * vmem_seg_pool_drain - free all structures of a pool
 * @pool: the pool; local to the caller
 *
 * Context: any but NMI. No arena lock held.
 */
void vmem_seg_pool_drain(struct vmem_seg_pool *pool)
{
	while (pool->n) {
		kmem_cache_free(seg_cache, vmem_seg_pool_get(pool));
		atomic_long_dec(&seg_count);
	}
}

/* Bytes of all segment structures, in use or spare. */
unsigned long vmem_seg_pool_bytes(void)
{
	return atomic_long_read(&seg_count) * kmem_cache_size(seg_cache);
}

int vmem_seg_pool_init(void)
{
	/* Aligned to its size, so that no structure crosses a cache line. */
	seg_cache = kmem_cache_create("vmem_seg", sizeof(struct vmem_seg),
				      sizeof(struct vmem_seg) == 64 ? 64 : 0,
				      0, NULL);
	return seg_cache ? 0 : -ENOMEM;
}

void vmem_seg_pool_exit(void)
{
	kmem_cache_destroy(seg_cache);
}
