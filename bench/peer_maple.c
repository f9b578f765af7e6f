// SPDX-License-Identifier: GPL-2.0
/*
 * A maple tree with gap tracking, as in the address spaces of processes. Like
 * mmap(), an allocation finds the lowest gap that fits and stores an entry in
 * the gap, with the tree's own lock held.
 */
#include <linux/maple_tree.h>
#include <linux/slab.h>
#include <linux/xarray.h>

#include "peer.h"

struct space {
	struct maple_tree tree;
	unsigned long last;
};

static void *space_create(unsigned long range)
{
	struct space *space = kzalloc(sizeof(*space), GFP_KERNEL);

	if (space) {
		mt_init_flags(&space->tree, MT_FLAGS_ALLOC_RANGE);
		space->last = BASE + range - 1;
	}
	return space;
}

static void space_destroy(void *instance)
{
	struct space *space = instance;

	mtree_destroy(&space->tree);
	kfree(space);
}

static bool insert(struct space *space, struct piece *piece,
		   unsigned long first, unsigned long last)
{
	MA_STATE(mas, &space->tree, 0, 0);
	int err;

	mas_lock(&mas);
	err = mas_empty_area(&mas, first, last, piece->size);
	if (!err) {
		piece->at = mas.index;
		err = mas_store_gfp(&mas, xa_mk_value(piece->size), GFP_KERNEL);
	}
	mas_unlock(&mas);
	return !err;
}

static bool space_alloc(void *instance, struct piece *piece)
{
	struct space *space = instance;

	return insert(space, piece, BASE, space->last);
}

static void space_free(void *instance, struct piece *piece)
{
	struct space *space = instance;

	mtree_erase(&space->tree, piece->at);
}

static bool space_alloc_within(void *instance, struct piece *piece,
			       unsigned long first, unsigned long end)
{
	return insert(instance, piece, first, end - 1);
}

static bool space_alloc_at(void *instance, struct piece *piece, unsigned long at)
{
	struct space *space = instance;

	piece->at = at;
	return !mtree_insert_range(&space->tree, at, at + piece->size - 1,
				   xa_mk_value(piece->size), GFP_KERNEL);
}

const struct peer peer_maple = {
	.name			= "maple",
	.create			= space_create,
	.destroy		= space_destroy,
	.alloc			= space_alloc,
	.free			= space_free,
	.alloc_within		= space_alloc_within,
	.alloc_at		= space_alloc_at,
	.free_constrained	= space_free,
};
