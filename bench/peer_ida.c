// SPDX-License-Identifier: GPL-2.0
/*
 * ida: allocates the lowest free identifier, from bitmaps in an xarray. It
 * locks internally.
 */
#include <linux/idr.h>
#include <linux/slab.h>

#include "peer.h"

struct ids {
	struct ida ida;
	unsigned int last;
};

static void *ids_create(unsigned long range)
{
	struct ids *ids = kzalloc(sizeof(*ids), GFP_KERNEL);

	if (ids) {
		ida_init(&ids->ida);
		ids->last = BASE + range - 1;
	}
	return ids;
}

static void ids_destroy(void *instance)
{
	struct ids *ids = instance;

	ida_destroy(&ids->ida);
	kfree(ids);
}

static bool ids_alloc(void *instance, struct piece *piece)
{
	struct ids *ids = instance;
	int id = ida_alloc_range(&ids->ida, BASE, ids->last, GFP_KERNEL);

	piece->at = id;
	return id >= 0;
}

static bool ids_alloc_within(void *instance, struct piece *piece,
			     unsigned long first, unsigned long end)
{
	struct ids *ids = instance;
	int id = ida_alloc_range(&ids->ida, first, end - 1, GFP_KERNEL);

	piece->at = id;
	return id >= 0;
}

static bool ids_alloc_at(void *instance, struct piece *piece, unsigned long at)
{
	return ids_alloc_within(instance, piece, at, at + 1);
}

static void ids_free(void *instance, struct piece *piece)
{
	struct ids *ids = instance;

	ida_free(&ids->ida, piece->at);
}

const struct peer peer_ida = {
	.name			= "ida",
	.one_size		= true,
	.create			= ids_create,
	.destroy		= ids_destroy,
	.alloc			= ids_alloc,
	.free			= ids_free,
	.alloc_within		= ids_alloc_within,
	.alloc_at		= ids_alloc_at,
	.free_constrained	= ids_free,
};
