/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A space: spans cut into segments, and everything that finds them.
 *
 * The space knows how to cut, join, add and remove, and keeps its own books. It
 * knows nothing of policy, of waiting, of sources or of misuse: whoever calls
 * has made sure that what it asks for is right.
 */
#ifndef _VMEM_SEGMENT_SPACE_H
#define _VMEM_SEGMENT_SPACE_H

#include <linux/spinlock.h>

#include "classes.h"
#include "hash.h"
#include "seg.h"
#include "stock.h"

/* What a cut, and adding a span, take from the stock at the most. */
#define VMEM_CUT_COST	2
#define VMEM_SPAN_COST	2

/**
 * struct vmem_cursor - a place in the segment list
 * @link: in &vmem_space.cursors while in use, else unhashed
 * @seg: the segment that @addr lies in, which may be a span marker; the end of
 *	the list when there is nothing more to look at
 * @addr: the place
 *
 * When a segment is joined to its neighbour the cursor follows its address; when
 * a span goes away it moves to what comes after. So a cursor never keeps
 * anything apart and never points at what is gone.
 *
 * Protected by the arena lock.
 */
struct vmem_cursor {
	struct hlist_node link;
	struct vmem_seg *seg;
	unsigned long addr;
};

/**
 * struct vmem_space - spans and segments
 * @lock: the arena lock. It protects everything in here and, where their
 *	comments say so, fields of the arena around it. Taken with interrupts
 *	off. No other arena's lock is taken under it.
 * @quantum: unit; a power of two. Constant.
 * @stock: spare segment structures
 * @stock_low: fewer than this many in @stock: fill up before cutting. Constant.
 * @stock_high: more than this many in @stock: give some back. Constant.
 * @classes: the free segments
 * @hash: the allocated segments
 * @cursors: cursors to be kept right; normally empty
 * @appeared: how many times a free segment has come up, by a free, a new span
 *	or a coalescing: what a waiter compares
 * @stats: the books
 * @spans: the span markers, by address
 * @nspans: how many
 * @list: the segment list
 * @end: its last element, always: not a segment, but of type VMEM_SPAN, so that
 *	what follows the last segment is never mistaken for a free neighbour
 *
 * Order of the list: the spans in the order in which they came; in each its
 * marker, then its segments by address, without a gap.
 */
struct vmem_space {
	spinlock_t lock;	/* the arena lock, see above */
	unsigned int stock_low;
	unsigned int stock_high;
	unsigned long quantum;
	struct vmem_stock stock;
	struct hlist_head cursors;
	unsigned long appeared;
	struct vmem_stats stats;
	struct vmem_hash hash;
	struct vmem_classes classes;
	struct rb_root spans;
	unsigned long nspans;
	struct hlist_head list;
	struct vmem_seg end;
};

static inline struct vmem_seg *vmem_space_first(const struct vmem_space *sp)
{
	return hlist_entry(sp->list.first, struct vmem_seg, order);
}

static inline bool vmem_space_end(const struct vmem_space *sp,
				  const struct vmem_seg *seg)
{
	return seg == &sp->end;
}

/* How many segments are allocated. */
static inline unsigned long vmem_space_allocated(const struct vmem_space *sp)
{
	return sp->stats.alloc - sp->stats.free;
}

#define VMEM_SEG_KEY	vmem_hash_offset(struct vmem_seg, hash, start)

/* The allocated segment that begins at @addr, or NULL. */
static __always_inline struct vmem_seg *
vmem_space_find(struct vmem_space *sp, unsigned long addr)
{
	return hlist_entry_safe(vmem_hash_find(&sp->hash, addr, VMEM_SEG_KEY,
					       &sp->stats.lookup),
				struct vmem_seg, hash);
}

/* What a segment takes from its span: never more than that, so no wrap. */
static inline unsigned long vmem_space_taken(const struct vmem_space *sp,
					     const struct vmem_seg *seg)
{
	return vmem_round(seg->size, sp->quantum);
}

void vmem_space_init(struct vmem_space *sp, unsigned long quantum);
struct vmem_seg *vmem_space_cut_middle(struct vmem_space *sp,
				       struct vmem_seg *seg, unsigned long addr,
				       unsigned long size);

/* span.c: spans and the tree of them */
struct vmem_seg *vmem_span_add(struct vmem_space *sp, unsigned long start,
			       unsigned long size, bool imported);
void vmem_span_remove(struct vmem_space *sp, struct vmem_seg *span);
struct vmem_seg *vmem_span_find(const struct vmem_space *sp,
				unsigned long addr, u64 *steps);
bool vmem_span_overlaps(const struct vmem_space *sp, unsigned long start,
			unsigned long size);

/* cursor.c: places that survive change */
void vmem_cursor_open(struct vmem_space *sp, struct vmem_cursor *cur,
		      struct vmem_seg *seg);
void vmem_cursor_close(struct vmem_space *sp, struct vmem_cursor *cur);
void vmem_cursor_set(struct vmem_cursor *cur, struct vmem_seg *seg);
struct vmem_seg *vmem_cursor_seg(struct vmem_space *sp,
				 struct vmem_cursor *cur);
void vmem_cursors_split(struct vmem_space *sp, const struct vmem_seg *from,
			struct vmem_seg *piece);
void vmem_cursors_join(struct vmem_space *sp, const struct vmem_seg *gone,
		       struct vmem_seg *heir);
void vmem_cursors_skip(struct vmem_space *sp, const struct vmem_seg *gone,
		       struct vmem_seg *next);

/* Does any cursor need to know? Nearly always no. */
static inline bool vmem_cursors_any(const struct vmem_space *sp)
{
	return unlikely(!hlist_empty(&sp->cursors));
}

/* Take a free segment out of its class and make it an allocated one. */
static inline void vmem_space_claim(struct vmem_space *sp,
				    struct vmem_seg *seg, unsigned long size)
{
	seg->size = size;
	seg->type = VMEM_ALLOC;
	seg->cached = false;
	seg->stack = 0;
	vmem_hash_add(&sp->hash, &seg->hash, seg->start);
	sp->stats.alloc++;
	sp->stats.mem_inuse += size;
}

/**
 * vmem_space_cut - allocate part of a free segment
 * @sp: the space, with VMEM_CUT_COST structures in its stock
 * @seg: a free segment
 * @addr: where the allocation begins: in @seg, a multiple of the quantum
 * @size: its size; rounded up to the quantum it lies in @seg
 *
 * What stays to the right goes into its class before what stays to the left; a
 * piece that belongs to the class of @seg keeps its place there.
 *
 * Context: the arena lock is held.
 * Return: the allocated segment.
 */
static inline struct vmem_seg *vmem_space_cut(struct vmem_space *sp,
					      struct vmem_seg *seg,
					      unsigned long addr,
					      unsigned long size)
{
	unsigned long taken = vmem_round(size, sp->quantum);
	struct vmem_seg *piece;

	lockdep_assert_held(&sp->lock);
	if (seg->size == taken) {
		vmem_classes_del(&sp->classes, seg);
		vmem_space_claim(sp, seg, size);
		return seg;
	}
	if (unlikely(addr != seg->start))
		return vmem_space_cut_middle(sp, seg, addr, size);

	piece = vmem_stock_get(&sp->stock);
	piece->start = addr;
	hlist_add_before(&piece->order, &seg->order);
	vmem_classes_shrink(&sp->classes, seg, taken);
	seg->start += taken;
	vmem_space_claim(sp, piece, size);
	if (vmem_cursors_any(sp))
		vmem_cursors_split(sp, seg, piece);
	return piece;
}

/* @gone is part of @heir now. */
static inline void vmem_space_absorb(struct vmem_space *sp, struct vmem_seg *gone,
				     struct vmem_seg *heir)
{
	__hlist_del(&gone->order);
	if (vmem_cursors_any(sp))
		vmem_cursors_join(sp, gone, heir);
	vmem_stock_put(&sp->stock, gone);
}

/**
 * vmem_space_join - free an allocated segment
 * @sp: the space
 * @seg: an allocated segment
 *
 * Coalesces with the next and the previous segment. At the most two structures
 * go back into the stock.
 *
 * Context: the arena lock is held.
 * Return: the free segment that the integers are in now.
 */
static __always_inline struct vmem_seg *
vmem_space_join(struct vmem_space *sp, struct vmem_seg *seg)
{
	struct vmem_seg *next = vmem_seg_next(seg);
	struct vmem_seg *prev = vmem_seg_prev(seg);
	unsigned long size = vmem_space_taken(sp, seg);
	struct vmem_seg *heir;

	lockdep_assert_held(&sp->lock);
	vmem_hash_del(&seg->hash);
	sp->stats.free++;
	sp->stats.mem_inuse -= seg->size;
	sp->appeared++;

	if (next->type == VMEM_FREE) {
		heir = next;
		if (prev->type == VMEM_FREE) {
			vmem_classes_del(&sp->classes, next);
			size += next->size;
			vmem_space_absorb(sp, next, prev);
			heir = prev;
		} else {
			next->start = seg->start;
		}
	} else if (prev->type == VMEM_FREE) {
		heir = prev;
	} else {
		seg->type = VMEM_FREE;
		seg->size = size;
		vmem_classes_add(&sp->classes, seg);
		return seg;
	}
	vmem_classes_grow(&sp->classes, heir, size);
	vmem_space_absorb(sp, seg, heir);
	return heir;
}

#endif /* _VMEM_SEGMENT_SPACE_H */
