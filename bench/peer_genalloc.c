// SPDX-License-Identifier: GPL-2.0
/*
 * genalloc: a bitmap with a bit for each unit, searched from its beginning, changed
 * without a lock.
 */
#include <linux/genalloc.h>
#include <linux/numa.h>

#include "peer.h"

#if IS_ENABLED(CONFIG_GENERIC_ALLOCATOR)

static void *pool_make(unsigned long range)
{
	struct gen_pool *pool = gen_pool_create(0, NUMA_NO_NODE);

	if (pool && gen_pool_add(pool, BASE, range, NUMA_NO_NODE)) {
		gen_pool_destroy(pool);
		pool = NULL;
	}
	return pool;
}

static void pool_unmake(void *it)
{
	gen_pool_destroy(it);
}

static bool pool_alloc(void *it, struct piece *piece)
{
	piece->at = gen_pool_alloc(it, piece->size);
	return piece->at;
}

static void pool_free(void *it, struct piece *piece)
{
	gen_pool_free(it, piece->at, piece->size);
}

static bool pool_alloc_aligned(void *it, struct piece *piece,
			       unsigned long align)
{
	struct genpool_data_align data = { .align = align };

	piece->at = gen_pool_alloc_algo(it, piece->size,
					gen_pool_first_fit_align, &data);
	return piece->at;
}

static bool pool_alloc_at(void *it, struct piece *piece, unsigned long at)
{
	struct genpool_data_fixed data = { .offset = at - BASE };

	piece->at = gen_pool_alloc_algo(it, piece->size, gen_pool_fixed_alloc,
					&data);
	return piece->at;
}

const struct peer peer_genalloc = {
	.name		= "genalloc",
	.slow_fill	= true,
	.make		= pool_make,
	.unmake		= pool_unmake,
	.alloc		= pool_alloc,
	.free		= pool_free,
	.alloc_aligned	= pool_alloc_aligned,
	.alloc_at	= pool_alloc_at,
	.free_such	= pool_free,
};

#else

const struct peer peer_genalloc = {
	.name		= "genalloc",
	.missing	= "the kernel is built without CONFIG_GENERIC_ALLOCATOR",
};

#endif
