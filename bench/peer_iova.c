// SPDX-License-Identifier: GPL-2.0
/*
 * iova, the allocator of device addresses, as the DMA layer uses it: a tree of
 * the allocated ranges, searched from the top, with per-CPU caches for powers
 * of two up to 32 units. Sizes of at most 32 units are rounded up to a power of
 * two.
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

static void window_destroy(void *instance)
{
	struct window *w = instance;

	put_iova_domain(&w->domain);
	iova_cache_put();
	kfree(w);
}

static void *window_create(unsigned long range)
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
		window_destroy(w);
		return NULL;
	}
	return w;
}

static bool window_alloc(void *instance, struct piece *piece)
{
	struct window *w = instance;

	piece->at = alloc_iova_fast(&w->domain, piece->size, w->last, true);
	return piece->at;
}

static void window_free(void *instance, struct piece *piece)
{
	struct window *w = instance;

	free_iova_fast(&w->domain, piece->at, piece->size);
}

/*
 * iova can align a range only to the size of the range, rounded up to a power
 * of two. This peer has no alloc_at, because reserve_iova() does not fail if
 * the range overlaps an allocated range, but merges the two ranges.
 */
static bool window_alloc_aligned(void *instance, struct piece *piece,
				 unsigned long align)
{
	struct window *w = instance;
	struct iova *iova = alloc_iova(&w->domain, max(piece->size, align),
				       w->last, true);

	if (iova)
		piece->at = iova->pfn_lo;
	return iova;
}

static void window_free_constrained(void *instance, struct piece *piece)
{
	struct window *w = instance;

	free_iova(&w->domain, piece->at);
}

const struct peer peer_iova = {
	.name			= "iova",
	.create			= window_create,
	.destroy		= window_destroy,
	.alloc			= window_alloc,
	.free			= window_free,
	.alloc_aligned		= window_alloc_aligned,
	.free_constrained	= window_free_constrained,
};

#else

const struct peer peer_iova = {
	.name		= "iova",
	.missing	= "the kernel is built without CONFIG_IOMMU_IOVA",
};

#endif
