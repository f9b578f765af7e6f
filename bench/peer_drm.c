// SPDX-License-Identifier: GPL-2.0
/*
 * drm_mm, which manages the address spaces of graphics cards: trees of the holes by
 * size and by address, best fit. Its client brings the node of each piece, here out of
 * what is counted as the client's, and the lock: the cheapest that will do.
 */
#include <linux/slab.h>
#include <linux/spinlock.h>

#include "peer.h"

#if IS_REACHABLE(CONFIG_DRM)

#include <drm/drm_mm.h>

struct card {
	spinlock_t lock;	/* protects @mm */
	struct drm_mm mm;
};

static void *card_make(unsigned long range)
{
	struct card *card = kzalloc(sizeof(*card), GFP_KERNEL);

	if (card) {
		spin_lock_init(&card->lock);
		drm_mm_init(&card->mm, BASE, range);
	}
	return card;
}

static void card_unmake(void *it)
{
	struct card *card = it;

	drm_mm_takedown(&card->mm);
	kfree(card);
}

static bool insert(struct card *card, struct piece *piece, unsigned long align,
		   unsigned long first, unsigned long end)
{
	struct drm_mm_node *node = piece->own;
	int err;

	spin_lock(&card->lock);
	err = drm_mm_insert_node_in_range(&card->mm, node, piece->size, align,
					  0, first, end, DRM_MM_INSERT_BEST);
	spin_unlock(&card->lock);
	piece->at = node->start;
	return !err;
}

static bool card_alloc(void *it, struct piece *piece)
{
	return insert(it, piece, 0, 0, ULONG_MAX);
}

static void card_free(void *it, struct piece *piece)
{
	struct card *card = it;

	spin_lock(&card->lock);
	drm_mm_remove_node(piece->own);
	spin_unlock(&card->lock);
}

static bool card_alloc_aligned(void *it, struct piece *piece,
			       unsigned long align)
{
	return insert(it, piece, align, 0, ULONG_MAX);
}

static bool card_alloc_within(void *it, struct piece *piece,
			      unsigned long first, unsigned long end)
{
	return insert(it, piece, 0, first, end);
}

static bool card_alloc_at(void *it, struct piece *piece, unsigned long at)
{
	struct drm_mm_node *node = piece->own;
	struct card *card = it;
	int err;

	node->start = at;
	node->size = piece->size;
	spin_lock(&card->lock);
	err = drm_mm_reserve_node(&card->mm, node);
	spin_unlock(&card->lock);
	piece->at = at;
	return !err;
}

const struct peer peer_drm = {
	.name		= "drm_mm",
	.client		= sizeof(struct drm_mm_node),
	.make		= card_make,
	.unmake		= card_unmake,
	.alloc		= card_alloc,
	.free		= card_free,
	.alloc_aligned	= card_alloc_aligned,
	.alloc_within	= card_alloc_within,
	.alloc_at	= card_alloc_at,
	.free_such	= card_free,
};

#else

const struct peer peer_drm = {
	.name		= "drm_mm",
	.missing	= "the kernel is built without CONFIG_DRM",
};

#endif
