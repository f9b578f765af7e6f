// SPDX-License-Identifier: GPL-2.0
/*
 * idr with idr_alloc_cyclic(): ascending identifiers, as for process ids. The
 * client provides the lock, here the cheapest lock that suffices.
 */
#include <linux/idr.h>
#include <linux/slab.h>
#include <linux/spinlock.h>

#include "peer.h"

struct numbers {
	spinlock_t lock;	/* protects @idr */
	struct idr idr;
	unsigned long range;
};

static void *numbers_create(unsigned long range)
{
	struct numbers *n = kzalloc(sizeof(*n), GFP_KERNEL);

	if (n) {
		spin_lock_init(&n->lock);
		idr_init(&n->idr);
		n->range = range;
	}
	return n;
}

static void numbers_destroy(void *instance)
{
	struct numbers *n = instance;

	idr_destroy(&n->idr);
	kfree(n);
}

static bool numbers_alloc(void *instance, struct piece *piece)
{
	struct numbers *n = instance;
	int id;

	idr_preload(GFP_KERNEL);
	spin_lock(&n->lock);
	id = idr_alloc_cyclic(&n->idr, piece, BASE, BASE + n->range,
			      GFP_NOWAIT);
	spin_unlock(&n->lock);
	idr_preload_end();
	piece->at = id;
	return id >= 0;
}

static bool numbers_alloc_within(void *instance, struct piece *piece,
				 unsigned long first, unsigned long end)
{
	struct numbers *n = instance;
	int id;

	idr_preload(GFP_KERNEL);
	spin_lock(&n->lock);
	id = idr_alloc(&n->idr, piece, first, end, GFP_NOWAIT);
	spin_unlock(&n->lock);
	idr_preload_end();
	piece->at = id;
	return id >= 0;
}

static bool numbers_alloc_at(void *instance, struct piece *piece, unsigned long at)
{
	return numbers_alloc_within(instance, piece, at, at + 1);
}

static void numbers_free(void *instance, struct piece *piece)
{
	struct numbers *n = instance;

	spin_lock(&n->lock);
	idr_remove(&n->idr, piece->at);
	spin_unlock(&n->lock);
}

const struct peer peer_idr = {
	.name			= "idr",
	.one_size		= true,
	.cyclic			= true,
	.create			= numbers_create,
	.destroy		= numbers_destroy,
	.alloc			= numbers_alloc,
	.free			= numbers_free,
	.alloc_within		= numbers_alloc_within,
	.alloc_at		= numbers_alloc_at,
	.free_constrained	= numbers_free,
};
