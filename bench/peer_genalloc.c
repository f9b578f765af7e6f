// SPDX-License-Identifier: GPL-2.0
/*
 * genalloc: a bitmap of all units, first fit, lock-free.
 */
#include <linux/genalloc.h>
#include <linux/numa.h>

#include "peer.h"

#if IS_ENABLED(CONFIG_GENERIC_ALLOCATOR)

static void *pool_create(unsigned long range)
{
	struct gen_pool *pool = gen_pool_create(0, NUMA_NO_NODE);

	if (pool && gen_pool_add(pool, BASE, range, NUMA_NO_NODE)) {
		gen_pool_destroy(pool);
		pool = NULL;
	}
	return pool;
}

static void pool_destroy(void *instance)
{
	gen_pool_destroy(instance);
}

static bool pool_alloc(void *instance, struct piece *piece)
{
	piece->at = gen_pool_alloc(instance, piece->size);
	return piece->at;
}

static void pool_free(void *instance, struct piece *piece)
{
	gen_pool_free(instance, piece->at, piece->size);
}

static bool pool_alloc_aligned(void *instance, struct piece *piece,
			       unsigned long align)
{
	struct genpool_data_align data = { .align = align };

	piece->at = gen_pool_alloc_algo(instance, piece->size,
					gen_pool_first_fit_align, &data);
	return piece->at;
}

static bool pool_alloc_at(void *instance, struct piece *piece, unsigned long at)
{
	struct genpool_data_fixed data = { .offset = at - BASE };

	piece->at = gen_pool_alloc_algo(instance, piece->size, gen_pool_fixed_alloc,
					&data);
	return piece->at;
}

const struct peer peer_genalloc = {
	.name			= "genalloc",
	.slow_fill		= true,
	.create			= pool_create,
	.destroy		= pool_destroy,
	.alloc			= pool_alloc,
	.free			= pool_free,
	.alloc_aligned		= pool_alloc_aligned,
	.alloc_at		= pool_alloc_at,
	.free_constrained	= pool_free,
};

#else

const struct peer peer_genalloc = {
	.name		= "genalloc",
	.missing	= "the kernel is built without CONFIG_GENERIC_ALLOCATOR",
};

#endif
