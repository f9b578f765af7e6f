// SPDX-License-Identifier: GPL-2.0
/*
 * Boundary tags: how segments are cut and joined.
 */
#include "space.h"

void vmem_space_init(struct vmem_space *sp, unsigned long quantum)
{
	spin_lock_init(&sp->lock);
	sp->quantum = quantum;
	sp->mask = quantum - 1;
	INIT_HLIST_HEAD(&sp->cursors);
	vmem_classes_init(&sp->classes);
	vmem_hash_init(&sp->hash, ilog2(quantum), VMEM_SEG_KEY);
	sp->spans = RB_ROOT;
	sp->ways = RB_ROOT;
	INIT_HLIST_HEAD(&sp->list);
	sp->end.type = VMEM_SPAN;
	hlist_add_head(&sp->end.order, &sp->list);
}

/*
 * vmem_space_cut() where something stays to the left. @seg becomes the piece that
 * belongs to its present class, so that this one keeps its place; if there is
 * none it becomes the left piece.
 */
struct vmem_seg *vmem_space_cut_middle(struct vmem_space *sp,
				       struct vmem_seg *seg, unsigned long addr,
				       unsigned long size)
{
	unsigned long taken = vmem_space_round(sp, size);
	unsigned long start = seg->start;
	unsigned long left = addr - start;
	unsigned long right = seg->size - left - taken;
	struct vmem_seg *piece = vmem_stock_get(&sp->stock);
	struct vmem_seg *rest;

	lockdep_assert_held(&sp->lock);
	piece->start = addr;

	if (!right) {
		vmem_classes_shrink(&sp->classes, seg, seg->size,
				    taken, false);
		hlist_add_behind(&piece->order, &seg->order);
		vmem_space_claim(sp, piece, addr, size);
		if (vmem_cursors_any(sp))
			vmem_cursors_split(sp, seg, piece);
		return piece;
	}

	rest = vmem_stock_get(&sp->stock);
	rest->type = VMEM_FREE;
	if (vmem_class_of(right) == vmem_class_of(seg->size)) {
		seg->start = addr + taken;
		vmem_classes_shrink(&sp->classes, seg, seg->size,
				    left + taken, false);
		rest->start = start;
		rest->size = left;
		vmem_classes_add(&sp->classes, rest);
		hlist_add_before(&rest->order, &seg->order);
		hlist_add_before(&piece->order, &seg->order);
	} else {
		rest->start = addr + taken;
		rest->size = right;
		vmem_classes_add(&sp->classes, rest);
		vmem_classes_shrink(&sp->classes, seg, seg->size,
				    taken + right, false);
		hlist_add_behind(&rest->order, &seg->order);
		hlist_add_behind(&piece->order, &seg->order);
	}
	vmem_space_claim(sp, piece, addr, size);
	if (vmem_cursors_any(sp)) {
		vmem_cursors_split(sp, seg, piece);
		vmem_cursors_split(sp, seg, rest);
	}
	return piece;
}
