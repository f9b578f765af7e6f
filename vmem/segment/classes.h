/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Free segments by size class.
 *
 * Class n holds the free segments of 2^n to 2^(n+1)-1 integers, last in, first
 * out. Bit n of a bitmap of one word is set while class n is not empty. So one
 * shift, one mask and one bit search find the lowest non-empty class whose
 * segments all fit a request, regardless of the number of segments.
 */
#ifndef _VMEM_SEGMENT_CLASSES_H
#define _VMEM_SEGMENT_CLASSES_H

#include <linux/bitops.h>
#include <linux/compiler.h>
#include <linux/log2.h>

#include "seg.h"

/**
 * struct vmem_class - one size class
 * @list: its free segments; terminated by &vmem_classes.end
 * @n: number of its segments
 * @size: sum of the sizes of its segments
 * @bound: upper bound of these sizes. Caches the result of a failed full scan,
 *	so that later requests skip the class.
 *
 * Protected by the arena lock.
 */
struct vmem_class {
	struct hlist_head list;
	unsigned long n;
	unsigned long size;
	unsigned long bound;
};

/**
 * struct vmem_class_cursor - a place in the list of a class
 * @link: node in &vmem_classes.cursors while in use
 * @seg: the segment that the search visits next; NULL at the end of the list
 * @best: the best segment before @seg, or NULL
 *
 * When a segment leaves the class, a cursor whose @seg is that segment moves to
 * the next segment, and a cursor whose @best is that segment sets @best to
 * NULL.
 *
 * Protected by the arena lock.
 */
struct vmem_class_cursor {
	struct hlist_node link;
	struct vmem_seg *seg;
	struct vmem_seg *best;
};

/**
 * struct vmem_classes - all free segments of an arena
 * @map: bit n is set while class n is not empty
 * @cursors: cursors of searches that have relaxed the lock; normally empty
 * @class: the classes
 * @end: terminates the list of each class. Non-NULL, so that next->pprev can be
 *	stored unconditionally; its own pprev is never read.
 *
 * Protected by the arena lock.
 */
struct vmem_classes {
	unsigned long map;
	struct hlist_head cursors;
	struct vmem_class class[BITS_PER_LONG];
	struct hlist_node end;
};

static inline struct vmem_seg *vmem_class_entry(const struct vmem_classes *c,
						struct hlist_node *node)
{
	return node == &c->end ? NULL
			       : hlist_entry(node, struct vmem_seg, class);
}

/* The first segment of a class, or NULL. */
static inline struct vmem_seg *vmem_class_first(const struct vmem_classes *c,
						const struct vmem_class *class)
{
	return vmem_class_entry(c, class->list.first);
}

/* The next segment of the same class, or NULL. */
static inline struct vmem_seg *vmem_class_next(const struct vmem_classes *c,
					       const struct vmem_seg *seg)
{
	return vmem_class_entry(c, seg->class.next);
}

/* The class of a free segment of @size integers. @size is not 0. */
static inline unsigned long vmem_class_of(unsigned long size)
{
	return __fls(size);
}

/* Mask of the non-empty classes >= @class. @class < BITS_PER_LONG. */
static inline unsigned long vmem_classes_from(const struct vmem_classes *c,
					      unsigned int class)
{
	return c->map & (~0UL << class);
}

/* The largest size that a class can guarantee: class n guarantees 2^n. */
#define VMEM_CLASS_MAX		(1UL << (BITS_PER_LONG - 1))

/*
 * Finds the first segment of the lowest non-empty class whose segments all have
 * at least @size integers. Returns false if there is no such class, or if @size
 * is 0 or above VMEM_CLASS_MAX.
 */
static __always_inline bool
vmem_classes_guaranteed(const struct vmem_classes *c, unsigned long size,
			struct vmem_seg **seg)
{
	unsigned long map;

	if (unlikely(size - 1 >= VMEM_CLASS_MAX))
		return false;
	map = vmem_classes_from(c, __fls(2 * (size - 1) | 1));
	if (unlikely(!map))
		return false;
	*seg = hlist_entry(c->class[__ffs(map)].list.first, struct vmem_seg,
			   class);
	return true;
}

/* An upper bound of the sizes of all free segments; 0 if nothing is free. */
static inline unsigned long vmem_classes_largest(const struct vmem_classes *c)
{
	unsigned long map = c->map;

	return map ? c->class[__fls(map)].bound : 0;
}

void vmem_class_cursors_skip(struct vmem_classes *c,
			     const struct vmem_seg *seg);

/*
 * Link and unlink a segment. The caller passes class and size, so the compiler
 * does not reload them after stores. @unobserved: no class cursor is open.
 */
static __always_inline void vmem_class_link(struct vmem_classes *c,
					    unsigned long i,
					    struct vmem_seg *seg,
					    unsigned long size)
{
	struct vmem_class *class = &c->class[i];
	struct hlist_node *first;

	/* Makes the compiler compute the address once, not for each field. */
	OPTIMIZER_HIDE_VAR(class);
	seg->size = size;
	class->n++;
	class->size += size;
	if (size > class->bound)
		class->bound = size;
	__set_bit(i, &c->map);
	first = class->list.first;
	seg->class.next = first;
	seg->class.pprev = &class->list.first;
	first->pprev = &seg->class.next;
	class->list.first = &seg->class;
}

static __always_inline void vmem_class_unlink(struct vmem_classes *c,
					      unsigned long i,
					      struct vmem_seg *seg,
					      unsigned long size, bool unobserved)
{
	struct vmem_class *class = &c->class[i];
	struct hlist_node **pprev, *next;

	OPTIMIZER_HIDE_VAR(class);
	if (!unobserved && unlikely(!hlist_empty(&c->cursors)))
		vmem_class_cursors_skip(c, seg);
	pprev = seg->class.pprev;
	next = seg->class.next;
	*pprev = next;
	next->pprev = pprev;
	class->size -= size;
	if (!--class->n)
		__clear_bit(i, &c->map);
}

static __always_inline void vmem_classes_add(struct vmem_classes *c,
					     struct vmem_seg *seg)
{
	vmem_class_link(c, vmem_class_of(seg->size), seg, seg->size);
}

static __always_inline void vmem_classes_del(struct vmem_classes *c,
					     struct vmem_seg *seg, bool unobserved)
{
	vmem_class_unlink(c, vmem_class_of(seg->size), seg, seg->size, unobserved);
}

/*
 * Shrink a free segment of @old integers by @by. While its class stays the
 * same, the segment keeps its place in the list of the class.
 */
static __always_inline void vmem_classes_shrink(struct vmem_classes *c,
						struct vmem_seg *seg,
						unsigned long old,
						unsigned long by, bool unobserved)
{
	unsigned long size = old - by;
	unsigned long from = vmem_class_of(old), to = vmem_class_of(size);

	if (from == to) {
		seg->size = size;
		c->class[to].size -= by;
	} else {
		vmem_class_unlink(c, from, seg, old, unobserved);
		vmem_class_link(c, to, seg, size);
	}
}

/*
 * Grow a free segment by @by integers. While its class stays the same, the
 * segment keeps its place in the list of the class.
 */
static __always_inline void vmem_classes_grow(struct vmem_classes *c,
					      struct vmem_seg *seg,
					      unsigned long by, bool unobserved)
{
	unsigned long old = seg->size, size = old + by;
	unsigned long from = vmem_class_of(old), to = vmem_class_of(size);

	if (from == to) {
		seg->size = size;
		c->class[to].size += by;
		if (size > c->class[to].bound)
			c->class[to].bound = size;
	} else {
		vmem_class_unlink(c, from, seg, old, unobserved);
		vmem_class_link(c, to, seg, size);
	}
}

static inline void vmem_classes_init(struct vmem_classes *c)
{
	unsigned int i;

	c->map = 0;
	INIT_HLIST_HEAD(&c->cursors);
	for (i = 0; i < BITS_PER_LONG; i++) {
		c->class[i].list.first = &c->end;
		c->class[i].n = 0;
		c->class[i].size = 0;
		c->class[i].bound = 0;
	}
}

#endif /* _VMEM_SEGMENT_CLASSES_H */
