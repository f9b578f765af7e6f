// SPDX-License-Identifier: GPL-2.0
/*
 * The allocator of device addresses, as the DMA layer uses it: a tree of what is
 * handed out, searched from the top, and in front of it a cache for each CPU and
 * power of two up to 32 units. Smaller sizes are rounded up to a power of two.
 */
#include <linux/iova.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include "peer.h"

#if IS_REACHABLE(CONFIG_IOMMU_IOVA)

struct window {
	struct iova_domain domain;
	unsigned long last;
};

static void window_unmake(void *it)
{
	struct window *w = it;

	put_iova_domain(&w->domain);
	iova_cache_put();
	kfree(w);
}

static void *window_make(unsigned long range)
{
	struct window *w = kzalloc(sizeof(*w), GFP_KERNEL);

	if (!w)
		return NULL;
	if (iova_cache_get()) {
		kfree(w);
		return NULL;
	}
	init_iova_domain(&w->domain, PAGE_SIZE, BASE);
	w->last = BASE + range - 1;
	if (iova_domain_init_rcaches(&w->domain)) {
		window_unmake(w);
		return NULL;
	}
	return w;
}

static bool window_alloc(void *it, struct piece *piece)
{
	struct window *w = it;

	piece->at = alloc_iova_fast(&w->domain, piece->size, w->last, true);
	return piece->at;
}

static void window_free(void *it, struct piece *piece)
{
	struct window *w = it;

	free_iova_fast(&w->domain, piece->at, piece->size);
}

/*
 * Aligned to the size rounded up to a power of two; there is nothing else. One place
 * can be reserved, but not asked for: what is there already is merged with it.
 */
static bool window_alloc_aligned(void *it, struct piece *piece,
				 unsigned long align)
{
	struct window *w = it;
	struct iova *iova = alloc_iova(&w->domain, max(piece->size, align),
				       w->last, true);

	if (iova)
		piece->at = iova->pfn_lo;
	return iova;
}

static void window_free_such(void *it, struct piece *piece)
{
	struct window *w = it;

	free_iova(&w->domain, piece->at);
}

const struct peer peer_iova = {
	.name		= "iova",
	.make		= window_make,
	.unmake		= window_unmake,
	.alloc		= window_alloc,
	.free		= window_free,
	.alloc_aligned	= window_alloc_aligned,
	.free_such	= window_free_such,
};

#else

const struct peer peer_iova = {
	.name		= "iova",
	.missing	= "the kernel is built without CONFIG_IOMMU_IOVA",
};

#endif
