/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The segment structure: a contiguous range of integers that is free or
 * allocated, or the marker that heads the segments of a span.
 */
#ifndef _VMEM_SEGMENT_SEG_H
#define _VMEM_SEGMENT_SEG_H

#include <linux/bug.h>
#include <linux/cache.h>
#include <linux/list.h>
#include <linux/rbtree.h>
#include <linux/types.h>
#include <linux/vmem.h>

/* Private segment types: a span marker; a waypoint. 0x20 and 0x40 are reserved. */
#define VMEM_SPAN	0x10
#define VMEM_WAY	0x80

/**
 * struct vmem_seg - a boundary tag
 * @order: place in the space's segment list; in a stock, the link to the next
 *	spare structure
 * @start: first integer
 * @size: how many integers; for an allocated segment what was asked for, while
 *	the space it takes is that rounded up to the quantum. A size, not an end,
 *	since the end of a span may be 2^BITS_PER_LONG; it never overflows, since
 *	no span holds 0.
 * @class: free: place in the list of its size class
 * @hash: allocated: place in its chain of the segment table
 * @when: allocated: seconds since boot, meaningful if @stack is set
 * @pid: allocated: task that allocated it, meaningful if @stack is set
 * @span: span marker: node in the tree of spans by address; waypoint: node in that
 *	of waypoints
 * @type: VMEM_ALLOC, VMEM_FREE, VMEM_SPAN or, in no list, VMEM_WAY
 * @cached: allocated: a slab, or an object that a quantum cache took by itself:
 *	nobody else frees it
 * @imported: span marker: came from the source by the import function
 * @spare: nothing; with it what makes a segment allocated is one store
 * @stack: allocated: stack depot handle of who allocated it, 0 if not recorded
 *
 * The lists are hlists, all three: to link and unlink takes half of what a
 * list_head does, and the one before is found through pprev.
 *
 * All fields are protected by the arena lock, but those of a structure in no
 * arena's list, which belongs to whoever holds it.
 */
struct vmem_seg {
	union {
		struct {
			union {
				struct hlist_node class;
				struct hlist_node hash;
			};
			u32 when;
			u32 pid;
		};
		struct rb_node span;
	};
	struct hlist_node order;
	unsigned long start;
	unsigned long size;
	u8 type;
	bool cached;
	bool imported;
	u8 spare;
	u32 stack;
};

static_assert(sizeof(struct vmem_seg) <= 64);

/* Last integers are compared, never ends: the end of a span may wrap to 0. */
static inline unsigned long vmem_seg_last(const struct vmem_seg *seg)
{
	return seg->start + seg->size - 1;
}

/* Of any segment but the end of the list. */
static inline struct vmem_seg *vmem_seg_next(const struct vmem_seg *seg)
{
	return hlist_entry(seg->order.next, struct vmem_seg, order);
}

/* Of a segment, not of a marker: the first marker has nothing before it. */
static inline struct vmem_seg *vmem_seg_prev(const struct vmem_seg *seg)
{
	return container_of(seg->order.pprev, struct vmem_seg, order.next);
}

/*
 * The end of the list lies behind every segment, so that the one after it is
 * there to be told.
 */
static __always_inline void vmem_seg_unlink(struct vmem_seg *seg)
{
	struct hlist_node *next = seg->order.next;
	struct hlist_node **pprev = seg->order.pprev;

	WRITE_ONCE(*pprev, next);
	next->pprev = pprev;
}

/* Put @seg before @next. */
static __always_inline void vmem_seg_link(struct vmem_seg *seg,
					  struct vmem_seg *next)
{
	struct hlist_node **pprev = next->order.pprev;

	seg->order.pprev = pprev;
	seg->order.next = &next->order;
	next->order.pprev = &seg->order.next;
	WRITE_ONCE(*pprev, &seg->order);
}

/* @size, not 0, rounded up to @quantum; 0 if that wraps. */
static inline unsigned long vmem_round(unsigned long size,
				       unsigned long quantum)
{
	return ((size - 1) | (quantum - 1)) + 1;
}

#endif /* _VMEM_SEGMENT_SEG_H */
