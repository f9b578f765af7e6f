// SPDX-License-Identifier: GPL-2.0
/*
 * sbitmap: a bitmap spread over cache lines, with a hint for each CPU; block devices
 * number their requests with it. Of a fixed size, and all of it is there from
 * the start.
 */
#include <linux/numa.h>
#include <linux/sbitmap.h>
#include <linux/slab.h>

#include "peer.h"

#if IS_ENABLED(CONFIG_SBITMAP)

static void *bits_make(unsigned long range)
{
	struct sbitmap *bits = kzalloc(sizeof(*bits), GFP_KERNEL);

	if (bits && sbitmap_init_node(bits, range, -1, GFP_KERNEL, NUMA_NO_NODE,
				      false, true)) {
		kfree(bits);
		bits = NULL;
	}
	return bits;
}

static void bits_unmake(void *it)
{
	sbitmap_free(it);
	kfree(it);
}

static bool bits_alloc(void *it, struct piece *piece)
{
	int bit = sbitmap_get(it);

	piece->at = BASE + bit;
	return bit >= 0;
}

static void bits_free(void *it, struct piece *piece)
{
	sbitmap_put(it, piece->at - BASE);
}

const struct peer peer_sbitmap = {
	.name		= "sbitmap",
	.one_size	= true,
	.make		= bits_make,
	.unmake		= bits_unmake,
	.alloc		= bits_alloc,
	.free		= bits_free,
};

#else

const struct peer peer_sbitmap = {
	.name		= "sbitmap",
	.missing	= "the kernel is built without CONFIG_SBITMAP",
};

#endif
