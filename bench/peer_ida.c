// SPDX-License-Identifier: GPL-2.0
/*
 * ida: the lowest free identifier, from bitmaps in an xarray. It has a lock of its
 * own.
 */
#include <linux/idr.h>
#include <linux/slab.h>

#include "peer.h"

struct ids {
	struct ida ida;
	unsigned int last;
};

static void *ids_make(unsigned long range)
{
	struct ids *ids = kzalloc(sizeof(*ids), GFP_KERNEL);

	if (ids) {
		ida_init(&ids->ida);
		ids->last = BASE + range - 1;
	}
	return ids;
}

static void ids_unmake(void *it)
{
	struct ids *ids = it;

	ida_destroy(&ids->ida);
	kfree(ids);
}

static bool ids_alloc(void *it, struct piece *piece)
{
	struct ids *ids = it;
	int id = ida_alloc_range(&ids->ida, BASE, ids->last, GFP_KERNEL);

	piece->at = id;
	return id >= 0;
}

static bool ids_alloc_within(void *it, struct piece *piece,
			     unsigned long first, unsigned long end)
{
	struct ids *ids = it;
	int id = ida_alloc_range(&ids->ida, first, end - 1, GFP_KERNEL);

	piece->at = id;
	return id >= 0;
}

static bool ids_alloc_at(void *it, struct piece *piece, unsigned long at)
{
	return ids_alloc_within(it, piece, at, at + 1);
}

static void ids_free(void *it, struct piece *piece)
{
	struct ids *ids = it;

	ida_free(&ids->ida, piece->at);
}

const struct peer peer_ida = {
	.name		= "ida",
	.one_size	= true,
	.make		= ids_make,
	.unmake		= ids_unmake,
	.alloc		= ids_alloc,
	.free		= ids_free,
	.alloc_within	= ids_alloc_within,
	.alloc_at	= ids_alloc_at,
	.free_such	= ids_free,
};
