/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Free segments by size class.
 *
 * Class n holds the free segments of 2^n to 2^(n+1)-1 integers, last in, first
 * out. Bit n of one word says whether class n has any, which makes "the smallest
 * class whose members all fit" one shift, one mask and one bit search, however
 * many segments there are.
 */
#ifndef _VMEM_SEGMENT_CLASSES_H
#define _VMEM_SEGMENT_CLASSES_H

#include <linux/bitops.h>
#include <linux/compiler.h>
#include <linux/log2.h>

#include "seg.h"

/**
 * struct vmem_class - one size class
 * @list: its free segments, the one to take next first; after the last comes
 *	&vmem_classes.end
 * @n: how many
 * @size: the sum of their sizes
 * @bound: none of them is larger; perhaps all are smaller. What one search of
 *	the whole class has found out in vain, the next need not find out again.
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
 * @link: in &vmem_classes.cursors while in use
 * @seg: the next to look at, NULL at the end of the list
 * @best: the best of those before, or NULL
 *
 * When a segment leaves the class, a cursor at it moves on to the next, and one
 * that liked it best likes none any more.
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
 * @map: bit n set: class n is not empty
 * @cursors: cursors to be kept right; normally empty
 * @class: the classes
 * @end: the end of the list of each class: in place of a NULL, so that there is
 *	always somebody to tell who is before him; what he is told is of no use
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

/* The first of a class, or NULL. */
static inline struct vmem_seg *vmem_class_first(const struct vmem_classes *c,
						const struct vmem_class *class)
{
	return vmem_class_entry(c, class->list.first);
}

/* The next in the same class, or NULL. */
static inline struct vmem_seg *vmem_class_next(const struct vmem_classes *c,
					       const struct vmem_seg *seg)
{
	return vmem_class_entry(c, seg->class.next);
}

/* The class that a free segment of @size belongs to. @size is not 0. */
static inline unsigned long vmem_class_of(unsigned long size)
{
	return __fls(size);
}

/*
 * The lowest class all of whose members hold @size integers; BITS_PER_LONG when
 * no class can promise that. A @size of 0 comes out as BITS_PER_LONG too.
 */
static inline unsigned int vmem_class_sure(unsigned long size)
{
	return fls_long(size - 1);
}

/* The same for sizes that are not above this, and not 0. */
#define VMEM_CLASS_MOST		(1UL << (BITS_PER_LONG - 1))

static inline unsigned int vmem_class_sure_of(unsigned long size)
{
	return __fls(2 * (size - 1) | 1);
}

/* Non-empty classes from @class up, as a mask. @class < BITS_PER_LONG. */
static inline unsigned long vmem_classes_from(const struct vmem_classes *c,
					      unsigned int class)
{
	return c->map & (~0UL << class);
}

/* No free segment is larger than this; 0 if there is none. */
static inline unsigned long vmem_classes_largest(const struct vmem_classes *c)
{
	unsigned long map = c->map;

	return map ? c->class[__fls(map)].bound : 0;
}

void vmem_class_cursors_skip(struct vmem_classes *c,
			     const struct vmem_seg *gone);

/*
 * Link and unlink, where class and size are known. They are passed along so that
 * the compiler need not suspect that a store has changed them. @quiet: it is known
 * that there are no cursors.
 */
static __always_inline void vmem_class_link(struct vmem_classes *c,
					    unsigned long i,
					    struct vmem_seg *seg,
					    unsigned long size)
{
	struct vmem_class *class = &c->class[i];
	struct hlist_node *first;

	/* Or the compiler multiplies the index anew for each field. */
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
					      unsigned long size, bool quiet)
{
	struct vmem_class *class = &c->class[i];
	struct hlist_node **pprev, *next;

	OPTIMIZER_HIDE_VAR(class);
	if (!quiet && unlikely(!hlist_empty(&c->cursors)))
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
					     struct vmem_seg *seg, bool quiet)
{
	vmem_class_unlink(c, vmem_class_of(seg->size), seg, seg->size, quiet);
}

/* A free segment of @old integers loses some. Within its class it keeps its place. */
static __always_inline void vmem_classes_shrink(struct vmem_classes *c,
						struct vmem_seg *seg,
						unsigned long old,
						unsigned long by, bool quiet)
{
	unsigned long size = old - by;
	unsigned long from = vmem_class_of(old), to = vmem_class_of(size);

	if (from == to) {
		seg->size = size;
		c->class[to].size -= by;
	} else {
		vmem_class_unlink(c, from, seg, old, quiet);
		vmem_class_link(c, to, seg, size);
	}
}

/* A free segment gains integers. Within its class it keeps its place. */
static __always_inline void vmem_classes_grow(struct vmem_classes *c,
					      struct vmem_seg *seg,
					      unsigned long by, bool quiet)
{
	unsigned long old = seg->size, size = old + by;
	unsigned long from = vmem_class_of(old), to = vmem_class_of(size);

	if (from == to) {
		seg->size = size;
		c->class[to].size += by;
		if (size > c->class[to].bound)
			c->class[to].bound = size;
	} else {
		vmem_class_unlink(c, from, seg, old, quiet);
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
