// SPDX-License-Identifier: GPL-2.0
/*
 * kmem_cache: the integers are the addresses of objects, which can serve as
 * identifiers. The objects have the smallest possible size, which is the
 * cheapest.
 */
#include <linux/slab.h>

#include "peer.h"

static void *kmem_create(unsigned long range)
{
	return kmem_cache_create("vmem_bench", sizeof(long), 0, 0, NULL);
}

static void kmem_destroy(void *instance)
{
	kmem_cache_destroy(instance);
}

static bool kmem_alloc(void *instance, struct piece *piece)
{
	piece->at = (unsigned long)kmem_cache_alloc(instance, GFP_KERNEL);
	return piece->at;
}

static void kmem_free(void *instance, struct piece *piece)
{
	kmem_cache_free(instance, (void *)piece->at);
}

const struct peer peer_kmem = {
	.name		= "kmem_cache",
	.one_size	= true,
	.pointers	= true,
	.create		= kmem_create,
	.destroy	= kmem_destroy,
	.alloc		= kmem_alloc,
	.free		= kmem_free,
};
