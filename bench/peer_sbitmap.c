// SPDX-License-Identifier: GPL-2.0
/*
 * sbitmap: a bitmap spread over cache lines, with a per-CPU hint. Block devices
 * allocate the tags of requests from an sbitmap. An sbitmap has a fixed size
 * and allocates all its memory at creation.
 */
#include <linux/numa.h>
#include <linux/sbitmap.h>
#include <linux/slab.h>

#include "peer.h"

#if IS_ENABLED(CONFIG_SBITMAP)

static void *bits_create(unsigned long range)
{
	struct sbitmap *bits = kzalloc(sizeof(*bits), GFP_KERNEL);

	if (bits && sbitmap_init_node(bits, range, -1, GFP_KERNEL, NUMA_NO_NODE,
				      false, true)) {
		kfree(bits);
		bits = NULL;
	}
	return bits;
}

static void bits_destroy(void *instance)
{
	sbitmap_free(instance);
	kfree(instance);
}

static bool bits_alloc(void *instance, struct piece *piece)
{
	int bit = sbitmap_get(instance);

	piece->at = BASE + bit;
	return bit >= 0;
}

static void bits_free(void *instance, struct piece *piece)
{
	sbitmap_put(instance, piece->at - BASE);
}

const struct peer peer_sbitmap = {
	.name		= "sbitmap",
	.one_size	= true,
	.create		= bits_create,
	.destroy	= bits_destroy,
	.alloc		= bits_alloc,
	.free		= bits_free,
};

#else

const struct peer peer_sbitmap = {
	.name		= "sbitmap",
	.missing	= "the kernel is built without CONFIG_SBITMAP",
};

#endif
