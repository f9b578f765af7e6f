/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The segment map: the segments of all spans of an arena, and the indexes that
 * find them.
 *
 * The functions of the map cut and join segments, add and remove spans, and
 * update the statistics. They know nothing of policies, waiters or sources. The
 * caller has checked all arguments.
 */
#ifndef _VMEM_SEGMENT_SEGMAP_H
#define _VMEM_SEGMENT_SEGMAP_H

#include <linux/spinlock.h>

#include "classes.h"
#include "hash.h"
#include "seg.h"

/* Upper bounds: structures that a cut or an added span takes from a pool. */
#define VMEM_CUT_COST	2
#define VMEM_SPAN_COST	2

/* Number of segments between two hints. */
#define VMEM_HINT_STRIDE	64

/**
 * struct vmem_cursor - a place in the segment list
 * @link: node in &vmem_segmap.cursors while open, else unhashed
 * @seg: the segment that holds @addr, or the span marker that begins at @addr;
 *	&vmem_segmap.end after the last segment
 * @addr: the address of the cursor
 *
 * A cursor is not a member of the segment list, so it separates no free
 * segments. When a segment is merged into its neighbour, the cursors at the
 * segment move to the neighbour and keep their address. When a span is removed,
 * the cursors in the span move to the next structure in the list.
 *
 * Protected by the arena lock.
 */
struct vmem_cursor {
	struct hlist_node link;
	struct vmem_seg *seg;
	unsigned long addr;
};

/**
 * struct vmem_segmap - spans and segments
 * @lock: the arena lock. Protects all fields here and, where their comments say
 *	so, fields of the arena. Taken with interrupts off. No lock of another
 *	arena nests inside it.
 * @pool_low: refill @pool before a cut if it holds less than this. Constant.
 * @pool_high: drain @pool if it holds more than this. Constant.
 * @quantum: unit; a power of two. Constant.
 * @mask: @quantum - 1. Constant.
 * @nr_observers: number of open cursors and class cursors, plus the waiters,
 *	plus 1 if the arena is traced; the slow path notifies observers of
 *	changes
 * @fast_alloc_min: allocations take the fast path if @pool holds at least this
 *	number of structures; UINT_MAX while there are observers
 * @fast_free_max: vmem_free() takes the fast path if @pool holds fewer
 *	structures than this number; 0 while there are observers
 * @pool: spare segment structures
 * @cursors: open cursors; normally empty
 * @added: number of spans ever added
 * @stats: statistics
 * @hash: the allocated segments
 * @classes: the free segments
 * @spans: tree of the span markers, by address
 * @nspans: number of spans
 * @hints: tree of the hints, by address
 * @nr_hints: number of hints
 * @hints_wanted: the pool had no structure to spare for a hint
 * @list: the segment list
 * @end: end of the list. Not a segment, but its type is VMEM_SPAN, so it is
 *	never a free neighbour.
 *
 * The list holds the spans in the order in which they were added: for each span
 * its marker, then its segments by address, without a gap.
 */
struct vmem_segmap {
	spinlock_t lock;	/* the arena lock, see above */
	unsigned int pool_low;
	unsigned int pool_high;
	unsigned long quantum;
	unsigned long mask;
	unsigned int nr_observers;
	unsigned int fast_alloc_min;
	unsigned int fast_free_max;
	struct vmem_seg_pool pool;
	struct hlist_head cursors;
	unsigned long added;
	struct vmem_stats stats;
	struct vmem_hash hash;
	struct vmem_classes classes;
	struct rb_root spans;
	unsigned long nspans;
	struct rb_root hints;
	unsigned long nr_hints;
	bool hints_wanted;
	struct hlist_head list;
	struct vmem_seg end;
};

static inline struct vmem_seg *vmem_segmap_first(const struct vmem_segmap *sm)
{
	return hlist_entry(sm->list.first, struct vmem_seg, order);
}

static inline bool vmem_segmap_is_end(const struct vmem_segmap *sm,
				      const struct vmem_seg *seg)
{
	return seg == &sm->end;
}

/* Number of allocated segments. */
static inline unsigned long vmem_segmap_nr_allocated(const struct vmem_segmap *sm)
{
	return sm->stats.alloc - sm->stats.free;
}

/* Number of frees and of added spans: each makes or enlarges a free segment. */
static inline unsigned long vmem_segmap_appeared(const struct vmem_segmap *sm)
{
	return (unsigned long)sm->stats.free + sm->added;
}

/* Add @n observers; remove them if @n is negative. The arena lock is held. */
static inline void vmem_segmap_observe(struct vmem_segmap *sm, int n)
{
	sm->nr_observers += n;
	sm->fast_alloc_min = sm->nr_observers ? UINT_MAX : sm->pool_low;
	sm->fast_free_max = sm->nr_observers ? 0 : sm->pool_high + 1;
}

#define VMEM_SEG_KEY	vmem_hash_offset(struct vmem_seg, hash, start)

/* The allocated segment that begins at @addr, or NULL. */
static __always_inline struct vmem_seg *
vmem_segmap_find(struct vmem_segmap *sm, unsigned long addr)
{
	return hlist_entry_safe(vmem_hash_find(&sm->hash, addr, VMEM_SEG_KEY,
					       &sm->stats.lookup),
				struct vmem_seg, hash);
}

/* vmem_segmap_find(), but NULL if a rescale has not moved the segment yet. */
static __always_inline struct vmem_seg *
vmem_segmap_find_fast(struct vmem_segmap *sm, unsigned long addr)
{
	const struct vmem_hash *h = &sm->hash;
	unsigned long slot = vmem_hash_slot(h, addr, h->shift);

	return hlist_entry_safe(vmem_hash_chain(&h->heads[slot], addr,
						VMEM_SEG_KEY,
						&sm->stats.lookup),
				struct vmem_seg, hash);
}

/* @size rounded up to the quantum; 0 if the result wraps. @size is not 0. */
static inline unsigned long vmem_segmap_round(const struct vmem_segmap *sm,
					      unsigned long size)
{
	return ((size - 1) | sm->mask) + 1;
}

/* Integers that a segment occupies. Never wraps: the segment is in a span. */
static inline unsigned long vmem_segmap_taken(const struct vmem_segmap *sm,
					      const struct vmem_seg *seg)
{
	return vmem_segmap_round(sm, seg->size);
}

void vmem_segmap_init(struct vmem_segmap *sm, unsigned long quantum);
struct vmem_seg *vmem_segmap_cut_middle(struct vmem_segmap *sm,
					struct vmem_seg *seg, unsigned long addr,
					unsigned long size);

/* Spans. */
struct vmem_seg *vmem_span_add(struct vmem_segmap *sm, unsigned long start,
			       unsigned long size, bool imported);
void vmem_span_remove(struct vmem_segmap *sm, struct vmem_seg *span);
struct vmem_seg *vmem_span_find(const struct vmem_segmap *sm,
				unsigned long addr, u64 *steps);
bool vmem_span_overlaps(const struct vmem_segmap *sm, unsigned long start,
			unsigned long size);
struct vmem_seg *vmem_span_from(const struct vmem_segmap *sm,
				unsigned long addr);
struct vmem_seg *vmem_span_after(const struct vmem_seg *span);

/* Cursors. */
void vmem_cursor_open(struct vmem_segmap *sm, struct vmem_cursor *cur,
		      struct vmem_seg *seg);
void vmem_cursor_close(struct vmem_segmap *sm, struct vmem_cursor *cur);
void vmem_cursor_set(struct vmem_cursor *cur, struct vmem_seg *seg);
struct vmem_seg *vmem_cursor_seg(struct vmem_segmap *sm,
				 struct vmem_cursor *cur);
void vmem_cursors_split(struct vmem_segmap *sm, const struct vmem_seg *from,
			struct vmem_seg *piece);
void vmem_cursors_join(struct vmem_segmap *sm, const struct vmem_seg *from,
		       struct vmem_seg *into);
void vmem_cursors_skip(struct vmem_segmap *sm, const struct vmem_seg *seg,
		       struct vmem_seg *next);

static inline bool vmem_cursors_any(const struct vmem_segmap *sm)
{
	return unlikely(!hlist_empty(&sm->cursors));
}

/* hint.c: where a walk of the segment list to an address begins */
struct vmem_seg *vmem_hint_find(struct vmem_segmap *sm, struct vmem_seg *span,
				unsigned long addr);
void vmem_hint_insert(struct vmem_segmap *sm, const struct vmem_seg *seg);
bool vmem_hints_prune(struct vmem_segmap *sm, unsigned long *from);
void vmem_hints_destroy(struct vmem_segmap *sm);

/* Mark @seg, which is in no class and begins at @start, as allocated. */
static __always_inline void vmem_segmap_claim(struct vmem_segmap *sm,
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
	vmem_hash_add(&sm->hash, &seg->hash, start);
	sm->stats.alloc++;
	sm->stats.mem_inuse += size;
}

/* Allocate the lower end of a free segment. @unobserved: no observers. */
static __always_inline struct vmem_seg *
vmem_segmap_cut_low(struct vmem_segmap *sm, struct vmem_seg *seg,
		    unsigned long size, bool unobserved)
{
	unsigned long taken = vmem_segmap_round(sm, size);
	unsigned long start = seg->start;
	unsigned long old = seg->size;
	struct vmem_seg *piece;

	lockdep_assert_held(&sm->lock);
	if (old == taken) {
		vmem_class_unlink(&sm->classes, vmem_class_of(old), seg, old,
				  unobserved);
		vmem_segmap_claim(sm, seg, start, size);
		return seg;
	}
	vmem_classes_shrink(&sm->classes, seg, old, taken, unobserved);
	piece = vmem_seg_pool_get(&sm->pool);
	piece->start = start;
	seg->start = start + taken;
	vmem_seg_link(piece, seg);
	vmem_segmap_claim(sm, piece, start, size);
	if (!unobserved && vmem_cursors_any(sm))
		vmem_cursors_split(sm, seg, piece);
	return piece;
}

/**
 * vmem_segmap_cut - allocate a part of a free segment
 * @sm: the map, with VMEM_CUT_COST structures in its pool
 * @seg: a free segment
 * @addr: start of the allocation: inside @seg, a multiple of the quantum
 * @size: size of the allocation, which ends inside @seg, even when the size is
 *	rounded up to the quantum
 *
 * Adds the right remainder to its class first, then the left remainder. A
 * remainder of the same class as @seg keeps the place of @seg in the list of
 * the class.
 *
 * Context: the arena lock is held.
 * Return: the allocated segment.
 */
static inline struct vmem_seg *vmem_segmap_cut(struct vmem_segmap *sm,
					       struct vmem_seg *seg,
					       unsigned long addr,
					       unsigned long size)
{
	if (unlikely(addr != seg->start))
		return vmem_segmap_cut_middle(sm, seg, addr, size);
	return vmem_segmap_cut_low(sm, seg, size, false);
}

/* Remove @from, which is merged into @into. */
static __always_inline void vmem_segmap_absorb(struct vmem_segmap *sm,
					       struct vmem_seg *from,
					       struct vmem_seg *into,
					       bool unobserved)
{
	vmem_seg_unlink(from);
	if (!unobserved && vmem_cursors_any(sm))
		vmem_cursors_join(sm, from, into);
	vmem_seg_pool_put(&sm->pool, from);
}

/* vmem_segmap_join() for a caller that knows the start and the size of @seg. */
static __always_inline struct vmem_seg *
vmem_segmap_join_known(struct vmem_segmap *sm, struct vmem_seg *seg,
		       unsigned long start, unsigned long asked,
		       bool unobserved)
{
	struct vmem_seg *next = vmem_seg_next(seg);
	struct vmem_seg *prev = vmem_seg_prev(seg);
	unsigned long size = vmem_segmap_round(sm, asked);
	struct vmem_seg *into;

	lockdep_assert_held(&sm->lock);
	vmem_hash_del(&seg->hash);
	sm->stats.free++;
	sm->stats.mem_inuse -= asked;

	if (prev->type == VMEM_FREE) {
		into = prev;
		if (next->type == VMEM_FREE) {
			vmem_classes_del(&sm->classes, next, unobserved);
			size += next->size;
			vmem_segmap_absorb(sm, next, prev, unobserved);
		}
	} else if (next->type == VMEM_FREE) {
		into = next;
		next->start = start;
	} else {
		seg->type = VMEM_FREE;
		seg->size = size;
		vmem_classes_add(&sm->classes, seg);
		return seg;
	}
	vmem_segmap_absorb(sm, seg, into, unobserved);
	vmem_classes_grow(&sm->classes, into, size, unobserved);
	return into;
}

/**
 * vmem_segmap_join - free an allocated segment
 * @sm: the map
 * @seg: an allocated segment
 *
 * Merges @seg with each free neighbour. Puts at most two structures into the
 * pool.
 *
 * Context: the arena lock is held.
 * Return: the free segment that holds the freed integers.
 */
static inline struct vmem_seg *vmem_segmap_join(struct vmem_segmap *sm,
						struct vmem_seg *seg)
{
	return vmem_segmap_join_known(sm, seg, seg->start, seg->size, false);
}

#endif /* _VMEM_SEGMENT_SEGMAP_H */
