/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Segment structures, and pools of spare structures.
 *
 * No memory is allocated under the arena lock. Each arena has a pool of spare
 * structures, and an operation checks beforehand that the pool covers its worst
 * case. Before an operation drops the lock, it moves the structures that it
 * will need later into a pool of its own.
 */
#ifndef _VMEM_SEGMENT_SEG_H
#define _VMEM_SEGMENT_SEG_H

#include <linux/bug.h>
#include <linux/cache.h>
#include <linux/gfp.h>
#include <linux/list.h>
#include <linux/rbtree.h>
#include <linux/types.h>
#include <linux/vmem.h>

/* Internal segment types; 0x20 and 0x40 are reserved. */
#define VMEM_SPAN	0x10
#define VMEM_HINT	0x80

/**
 * struct vmem_seg - a segment, a span marker, or a hint
 * @order: node in the segment list; in a pool, the link to the next structure
 * @start: first integer
 * @size: number of integers. Of an allocated segment, the requested number; the
 *	segment occupies this number rounded up to the quantum. A segment has no
 *	end field, because the end of a span may be 2^BITS_PER_LONG. The size
 *	never overflows, because no span holds 0.
 * @class: free segment: node in the list of its size class
 * @hash: allocated segment: node in its chain of the segment table
 * @when: allocated segment: time of the allocation, in seconds since boot;
 *	valid if @stack is set
 * @pid: allocated segment: task that allocated it; valid if @stack is set
 * @span: span marker: node in the tree of spans; hint: node in the tree of
 *	hints
 * @type: VMEM_ALLOC, VMEM_FREE, VMEM_SPAN or VMEM_HINT. A hint is in no list.
 * @cached: allocated segment: it is a slab, or a single object of a quantum
 *	cache; only the cache frees it
 * @imported: span marker: the import function returned the span
 * @spare: padding: lets the compiler merge the stores of vmem_segmap_claim()
 *	into one
 * @stack: allocated segment: stack depot handle of the allocation, 0 if audit
 *	did not record it
 *
 * @class, @hash and @order are hlist nodes, because a list head of one word is
 * sufficient, and pprev leads to the previous structure.
 *
 * Protected by the arena lock. A structure that is in no list, tree or pool of
 * an arena is private to the code that took it from a pool.
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

/* The last integer. Never compare ends: the end of a span may wrap to 0. */
static inline unsigned long vmem_seg_last(const struct vmem_seg *seg)
{
	return seg->start + seg->size - 1;
}

/* The next structure in the list. @seg is not the end of the list. */
static inline struct vmem_seg *vmem_seg_next(const struct vmem_seg *seg)
{
	return hlist_entry(seg->order.next, struct vmem_seg, order);
}

/*
 * The previous structure. @seg is not a span marker: the first marker has no
 * previous structure.
 */
static inline struct vmem_seg *vmem_seg_prev(const struct vmem_seg *seg)
{
	return container_of(seg->order.pprev, struct vmem_seg, order.next);
}

/* Unlink @seg. The next node is never NULL: the end of the list is a node. */
static __always_inline void vmem_seg_unlink(struct vmem_seg *seg)
{
	struct hlist_node *next = seg->order.next;
	struct hlist_node **pprev = seg->order.pprev;

	WRITE_ONCE(*pprev, next);
	next->pprev = pprev;
}

/* Link @seg into the list before @next. */
static __always_inline void vmem_seg_link(struct vmem_seg *seg,
					  struct vmem_seg *next)
{
	struct hlist_node **pprev = next->order.pprev;

	seg->order.pprev = pprev;
	seg->order.next = &next->order;
	next->order.pprev = &seg->order.next;
	WRITE_ONCE(*pprev, &seg->order);
}

/* @size rounded up to @quantum; 0 if the result wraps. @size is not 0. */
static inline unsigned long vmem_round(unsigned long size,
				       unsigned long quantum)
{
	return ((size - 1) | (quantum - 1)) + 1;
}

/**
 * struct vmem_seg_pool - a stack of spare segment structures
 * @top: the top structure; its order.next links to the structure below
 * @n: number of structures
 *
 * The pool of an arena is protected by the arena lock. Any other pool is local
 * to one function.
 */
struct vmem_seg_pool {
	struct hlist_node *top;
	unsigned int n;
};

static inline void vmem_seg_pool_put(struct vmem_seg_pool *pool,
				     struct vmem_seg *seg)
{
	seg->order.next = pool->top;
	pool->top = &seg->order;
	pool->n++;
}

/* The pool must not be empty. */
static inline struct vmem_seg *vmem_seg_pool_get(struct vmem_seg_pool *pool)
{
	struct vmem_seg *seg = hlist_entry(pool->top, struct vmem_seg, order);

	pool->top = seg->order.next;
	pool->n--;
	return seg;
}

/* Move @n structures. @from must hold at least @n. */
static inline void vmem_seg_pool_move(struct vmem_seg_pool *to,
				      struct vmem_seg_pool *from, unsigned int n)
{
	while (n--)
		vmem_seg_pool_put(to, vmem_seg_pool_get(from));
}

void vmem_seg_pool_fill(struct vmem_seg_pool *pool, unsigned int n, gfp_t gfp);
void vmem_seg_pool_drain(struct vmem_seg_pool *pool);
unsigned long vmem_seg_pool_bytes(void);

int vmem_seg_pool_init(void);
void vmem_seg_pool_exit(void);

#endif /* _VMEM_SEGMENT_SEG_H */
