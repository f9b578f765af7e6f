// SPDX-License-Identifier: GPL-2.0
/*
 * Waypoints: from where to walk the segment list to an address.
 *
 * The list is in address order within a span, but it can only be walked. Who walks
 * to an address plants a waypoint at each VMEM_STRIDE-th segment that it passes: a
 * note, in a tree, of an address at which an allocated segment began. The next
 * who wants to go there begins at the last waypoint before.
 *
 * A waypoint is a hint and nobody keeps it right, so that those who allocate and
 * free need not know of it. Before it is used the segment table is asked whether an
 * allocated segment still begins there. If not it is uprooted, and the one before
 * it is tried. Between two free segments there is always an allocated one, so that
 * there are enough of them to note.
 *
 * It is written on a spare segment structure, of which the arena's stock has some
 * to spare or not: nothing is allocated for it, and nothing fails without it.
 */
#include "space.h"

/* No more waypoints than one for so many allocated segments, and a few. */
#define SHARE		(VMEM_STRIDE / 2)
#define FEW		8

static inline struct vmem_seg *rb_way(const struct rb_node *node)
{
	return rb_entry(node, struct vmem_seg, span);
}

static bool way_less(struct rb_node *a, const struct rb_node *b)
{
	return rb_way(a)->start < rb_way(b)->start;
}

static void uproot(struct vmem_space *sp, struct vmem_seg *way)
{
	rb_erase(&way->span, &sp->ways);
	sp->nways--;
	vmem_stock_put(&sp->stock, way);
}

/* The last waypoint at or before an address, or NULL. */
static struct vmem_seg *way_before(const struct vmem_space *sp,
				   unsigned long addr)
{
	struct rb_node *node = sp->ways.rb_node;
	struct vmem_seg *found = NULL;

	while (node) {
		struct vmem_seg *way = rb_way(node);

		if (way->start <= addr) {
			found = way;
			node = node->rb_right;
		} else {
			node = node->rb_left;
		}
	}
	return found;
}

/* The allocated segment that a waypoint was planted at, or NULL. */
static struct vmem_seg *segment_at(struct vmem_space *sp,
				   const struct vmem_seg *way)
{
	u64 steps = 0;

	return hlist_entry_safe(vmem_hash_find(&sp->hash, way->start,
					       VMEM_SEG_KEY, &steps),
				struct vmem_seg, hash);
}

/**
 * vmem_way_to - where to begin to walk to an address
 * @sp: the space
 * @span: the marker of the span that holds the address
 * @addr: the address
 *
 * Looks at VMEM_STRIDE waypoints at the most.
 *
 * Context: the arena lock is held.
 * Return: an allocated segment that begins at or before @addr, or the first
 * segment of the span.
 */
struct vmem_seg *vmem_way_to(struct vmem_space *sp, struct vmem_seg *span,
			     unsigned long addr)
{
	unsigned int tries = VMEM_STRIDE;
	struct vmem_seg *way, *seg;

	lockdep_assert_held(&sp->lock);
	while (tries--) {
		way = way_before(sp, addr);
		if (!way || way->start < span->start)
			break;
		seg = segment_at(sp, way);
		if (seg)
			return seg;
		uproot(sp, way);
	}
	return vmem_seg_next(span);
}

/**
 * vmem_way_plant - plant a waypoint
 * @sp: the space
 * @seg: where; nothing happens unless it is allocated
 *
 * Does without if there are enough, or if the stock has nothing to spare; then the
 * arena remembers that it should have.
 *
 * Context: the arena lock is held.
 */
void vmem_way_plant(struct vmem_space *sp, const struct vmem_seg *seg)
{
	struct vmem_seg *way;

	lockdep_assert_held(&sp->lock);
	if (seg->type != VMEM_ALLOC ||
	    sp->nways >= vmem_space_allocated(sp) / SHARE + FEW)
		return;
	if (sp->stock.n < sp->stock_low + VMEM_SPAN_COST + VMEM_CUT_COST) {
		sp->ways_wanted = true;
		return;
	}
	way = way_before(sp, seg->start);
	if (way && way->start == seg->start)
		return;
	way = vmem_stock_get(&sp->stock);
	way->type = VMEM_WAY;
	way->start = seg->start;
	rb_add(&way->span, &sp->ways, way_less);
	sp->nways++;
}

/**
 * vmem_ways_prune - uproot waypoints at which no segment begins any more
 * @sp: the space
 * @from: the address to go on at; changed. 0: from the start
 *
 * A bounded number at a time. If there are too many for what is allocated now the
 * others go as well.
 *
 * Context: the arena lock is held; to be dropped between two calls.
 * Return: whether there is more to look at.
 */
bool vmem_ways_prune(struct vmem_space *sp, unsigned long *from)
{
	unsigned long most = vmem_space_allocated(sp) / SHARE + FEW;
	struct vmem_seg *way = way_before(sp, *from);
	unsigned int tries = 2 * VMEM_STRIDE;
	struct rb_node *node;

	lockdep_assert_held(&sp->lock);
	node = way ? &way->span : rb_first(&sp->ways);
	while (node && tries--) {
		way = rb_way(node);
		*from = way->start;
		node = rb_next(node);
		if (sp->nways > most || !segment_at(sp, way))
			uproot(sp, way);
	}
	if (node)
		*from = rb_way(node)->start;
	return node;
}

/* All go, at the end of the arena: into the stock. Nobody uses the arena. */
void vmem_ways_uproot(struct vmem_space *sp)
{
	struct vmem_seg *way, *next;

	rbtree_postorder_for_each_entry_safe(way, next, &sp->ways, span)
		vmem_stock_put(&sp->stock, way);
	sp->ways = RB_ROOT;
	sp->nways = 0;
}
