// SPDX-License-Identifier: GPL-2.0
/*
 * drm_mm, which manages the address spaces of graphics cards. It keeps trees of
 * the holes by size and by address, and is used here with best fit. The client
 * provides the node of each piece, here in &piece.client_data. The client also
 * provides the lock, here the cheapest lock that suffices.
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

static void *card_create(unsigned long range)
{
	struct card *card = kzalloc(sizeof(*card), GFP_KERNEL);

	if (card) {
		spin_lock_init(&card->lock);
		drm_mm_init(&card->mm, BASE, range);
	}
	return card;
}

static void card_destroy(void *instance)
{
	struct card *card = instance;

	drm_mm_takedown(&card->mm);
	kfree(card);
}

static bool insert(struct card *card, struct piece *piece, unsigned long align,
		   unsigned long first, unsigned long end)
{
	struct drm_mm_node *node = piece->client_data;
	int err;

	spin_lock(&card->lock);
	err = drm_mm_insert_node_in_range(&card->mm, node, piece->size, align,
					  0, first, end, DRM_MM_INSERT_BEST);
	spin_unlock(&card->lock);
	piece->at = node->start;
	return !err;
}

static bool card_alloc(void *instance, struct piece *piece)
{
	return insert(instance, piece, 0, 0, ULONG_MAX);
}

static void card_free(void *instance, struct piece *piece)
{
	struct card *card = instance;

	spin_lock(&card->lock);
	drm_mm_remove_node(piece->client_data);
	spin_unlock(&card->lock);
}

static bool card_alloc_aligned(void *instance, struct piece *piece,
			       unsigned long align)
{
	return insert(instance, piece, align, 0, ULONG_MAX);
}

static bool card_alloc_within(void *instance, struct piece *piece,
			      unsigned long first, unsigned long end)
{
	return insert(instance, piece, 0, first, end);
}

static bool card_alloc_at(void *instance, struct piece *piece, unsigned long at)
{
	struct drm_mm_node *node = piece->client_data;
	struct card *card = instance;
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
	.name			= "drm_mm",
	.client_size		= sizeof(struct drm_mm_node),
	.create			= card_create,
	.destroy		= card_destroy,
	.alloc			= card_alloc,
	.free			= card_free,
	.alloc_aligned		= card_alloc_aligned,
	.alloc_within		= card_alloc_within,
	.alloc_at		= card_alloc_at,
	.free_constrained	= card_free,
};

#else

const struct peer peer_drm = {
	.name		= "drm_mm",
	.missing	= "the kernel is built without CONFIG_DRM",
};

#endif
