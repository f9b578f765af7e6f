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
 * @mask: @quantum - 1. Constant.
 * @watched: how many have to be told of changes: open cursors of either kind,
 *	those who wait, and the trace
 * @quick_least: the shortest path of an allocation is for when @stock holds at
 *	least this many. It tells nobody of what it does: not while @watched
 * @quick_most: that of a free for when it holds no more than this many less one
 * @stock: spare segment structures
 * @stock_low: fewer than this many in @stock: fill up before cutting. Constant.
 * @stock_high: more than this many in @stock: give some back. Constant.
 * @classes: the free segments
 * @hash: the allocated segments
 * @cursors: cursors to be kept right; normally empty
 * @added: how many spans have been added so far
 * @stats: the books
 * @spans: the span markers, by address
 * @nspans: how many
 * @ways: the waypoints, by address
 * @nways: how many
 * @ways_wanted: there was nothing in the stock for one more
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
	unsigned long mask;
	unsigned int watched;
	unsigned int quick_least;
	unsigned int quick_most;
	struct vmem_stock stock;
	struct hlist_head cursors;
	unsigned long added;
	struct vmem_stats stats;
	struct vmem_hash hash;
	struct vmem_classes classes;
	struct rb_root spans;
	unsigned long nspans;
	struct rb_root ways;
	unsigned long nways;
	bool ways_wanted;
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

/*
 * How many times a free segment has come up, by a free, with whatever that was
 * joined to, or by a span: what a waiter compares.
 */
static inline unsigned long vmem_space_appeared(const struct vmem_space *sp)
{
	return (unsigned long)sp->stats.free + sp->added;
}

/* So many more, or less, have to be told of changes. The arena lock is held. */
static inline void vmem_space_watch(struct vmem_space *sp, int more)
{
	sp->watched += more;
	sp->quick_least = sp->watched ? UINT_MAX : sp->stock_low;
	sp->quick_most = sp->watched ? 0 : sp->stock_high + 1;
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

/* The same, but not of one in a table that is being emptied. */
static __always_inline struct vmem_seg *
vmem_space_find_quick(struct vmem_space *sp, unsigned long addr)
{
	const struct vmem_hash *h = &sp->hash;
	unsigned long slot = vmem_hash_slot(h, addr, h->down);

	return hlist_entry_safe(vmem_hash_chain(&h->heads[slot], addr,
						VMEM_SEG_KEY,
						&sp->stats.lookup),
				struct vmem_seg, hash);
}

/* As vmem_round(), with the arena's quantum. */
static inline unsigned long vmem_space_round(const struct vmem_space *sp,
					     unsigned long size)
{
	return ((size - 1) | sp->mask) + 1;
}

/* What a segment takes from its span: never more than that, so no wrap. */
static inline unsigned long vmem_space_taken(const struct vmem_space *sp,
					     const struct vmem_seg *seg)
{
	return vmem_space_round(sp, seg->size);
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

struct vmem_seg *vmem_span_from(const struct vmem_space *sp,
				unsigned long addr);
struct vmem_seg *vmem_span_after(const struct vmem_seg *span);

/* waypoint.c: places from which to walk on */

/* Segments from one waypoint to the next. */
#define VMEM_STRIDE	64

struct vmem_seg *vmem_way_to(struct vmem_space *sp, struct vmem_seg *span,
			     unsigned long addr);
void vmem_way_plant(struct vmem_space *sp, const struct vmem_seg *seg);
bool vmem_ways_prune(struct vmem_space *sp, unsigned long *from);
void vmem_ways_uproot(struct vmem_space *sp);

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

/* What begins at @start and is in no class any more is allocated from now on. */
static __always_inline void vmem_space_claim(struct vmem_space *sp,
					     struct vmem_seg *seg,
					     unsigned long start,
					     unsigned long size)
{
	seg->size = size;
	seg->type = VMEM_ALLOC;
	seg->cached = false;
	seg->imported = false;
	seg->spare = 0;
	seg->stack = 0;
	vmem_hash_add(&sp->hash, &seg->hash, start);
	sp->stats.alloc++;
	sp->stats.mem_inuse += size;
}

/*
 * Allocate the lower end of a free segment, or all of it. @quiet: the arena is not
 * watched.
 */
static __always_inline struct vmem_seg *
vmem_space_cut_low(struct vmem_space *sp, struct vmem_seg *seg,
		   unsigned long size, bool quiet)
{
	unsigned long taken = vmem_space_round(sp, size);
	unsigned long start = seg->start;
	unsigned long old = seg->size;
	struct vmem_seg *piece;

	lockdep_assert_held(&sp->lock);
	if (old == taken) {
		vmem_class_unlink(&sp->classes, vmem_class_of(old), seg, old,
				  quiet);
		vmem_space_claim(sp, seg, start, size);
		return seg;
	}
	vmem_classes_shrink(&sp->classes, seg, old, taken, quiet);
	piece = vmem_stock_get(&sp->stock);
	piece->start = start;
	seg->start = start + taken;
	vmem_seg_link(piece, seg);
	vmem_space_claim(sp, piece, start, size);
	if (!quiet && vmem_cursors_any(sp))
		vmem_cursors_split(sp, seg, piece);
	return piece;
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
	if (unlikely(addr != seg->start))
		return vmem_space_cut_middle(sp, seg, addr, size);
	return vmem_space_cut_low(sp, seg, size, false);
}

/* @gone is part of @heir now. */
static __always_inline void vmem_space_absorb(struct vmem_space *sp,
					      struct vmem_seg *gone,
					      struct vmem_seg *heir, bool quiet)
{
	vmem_seg_unlink(gone);
	if (!quiet && vmem_cursors_any(sp))
		vmem_cursors_join(sp, gone, heir);
	vmem_stock_put(&sp->stock, gone);
}

/* vmem_space_join(), where start and size are known. @quiet: not watched. */
static __always_inline struct vmem_seg *
vmem_space_join_known(struct vmem_space *sp, struct vmem_seg *seg,
		      unsigned long start, unsigned long asked, bool quiet)
{
	struct vmem_seg *next = vmem_seg_next(seg);
	struct vmem_seg *prev = vmem_seg_prev(seg);
	unsigned long size = vmem_space_round(sp, asked);
	struct vmem_seg *heir;

	lockdep_assert_held(&sp->lock);
	vmem_hash_del(&seg->hash);
	sp->stats.free++;
	sp->stats.mem_inuse -= asked;

	if (prev->type == VMEM_FREE) {
		heir = prev;
		if (next->type == VMEM_FREE) {
			vmem_classes_del(&sp->classes, next, quiet);
			size += next->size;
			vmem_space_absorb(sp, next, prev, quiet);
		}
	} else if (next->type == VMEM_FREE) {
		heir = next;
		next->start = start;
	} else {
		seg->type = VMEM_FREE;
		seg->size = size;
		vmem_classes_add(&sp->classes, seg);
		return seg;
	}
	vmem_space_absorb(sp, seg, heir, quiet);
	vmem_classes_grow(&sp->classes, heir, size, quiet);
	return heir;
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
static inline struct vmem_seg *vmem_space_join(struct vmem_space *sp,
					       struct vmem_seg *seg)
{
	return vmem_space_join_known(sp, seg, seg->start, seg->size, false);
}

#endif /* _VMEM_SEGMENT_SPACE_H */
