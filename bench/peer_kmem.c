// SPDX-License-Identifier: GPL-2.0
/*
 * The kernel's object cache: what it hands out are addresses, good as names for
 * something even where nobody looks at the memory. The objects are as small as
 * they can be, which is the cheapest.
 */
#include <linux/slab.h>

#include "peer.h"

static void *kmem_make(unsigned long range)
{
	return kmem_cache_create("vmem_bench", sizeof(long), 0, 0, NULL);
}

static void kmem_unmake(void *it)
{
	kmem_cache_destroy(it);
}

static bool kmem_alloc(void *it, struct piece *piece)
{
	piece->at = (unsigned long)kmem_cache_alloc(it, GFP_KERNEL);
	return piece->at;
}

static void kmem_free(void *it, struct piece *piece)
{
	kmem_cache_free(it, (void *)piece->at);
}

const struct peer peer_kmem = {
	.name		= "kmem_cache",
	.one_size	= true,
	.pointers	= true,
	.make		= kmem_make,
	.unmake		= kmem_unmake,
	.alloc		= kmem_alloc,
	.free		= kmem_free,
};
