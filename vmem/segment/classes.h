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
#include <linux/log2.h>

#include "seg.h"

/**
 * struct vmem_class - one size class
 * @list: its free segments, the one to take next first
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
 *
 * Protected by the arena lock.
 */
struct vmem_classes {
	unsigned long map;
	struct hlist_head cursors;
	struct vmem_class class[BITS_PER_LONG];
};

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

/* Non-empty classes from @class up, as a mask. @class < BITS_PER_LONG. */
static inline unsigned long vmem_classes_from(const struct vmem_classes *c,
					      unsigned int class)
{
	return c->map & (~0UL << class);
}

void vmem_class_cursors_skip(struct vmem_classes *c,
			     const struct vmem_seg *gone);

/*
 * Link and unlink, where class and size are known. They are passed along so that
 * the compiler need not suspect that a store has changed them.
 */
static __always_inline void vmem_class_link(struct vmem_classes *c,
					    unsigned long i,
					    struct vmem_seg *seg,
					    unsigned long size)
{
	struct vmem_class *class = &c->class[i];

	seg->size = size;
	class->n++;
	class->size += size;
	if (size > class->bound)
		class->bound = size;
	__set_bit(i, &c->map);
	hlist_add_head(&seg->class, &class->list);
}

static __always_inline void vmem_class_unlink(struct vmem_classes *c,
					      unsigned long i,
					      struct vmem_seg *seg,
					      unsigned long size)
{
	struct vmem_class *class = &c->class[i];

	if (unlikely(!hlist_empty(&c->cursors)))
		vmem_class_cursors_skip(c, seg);
	__hlist_del(&seg->class);
	class->size -= size;
	if (!--class->n)
		__clear_bit(i, &c->map);
}

static inline void vmem_classes_add(struct vmem_classes *c,
				    struct vmem_seg *seg)
{
	vmem_class_link(c, vmem_class_of(seg->size), seg, seg->size);
}

static inline void vmem_classes_del(struct vmem_classes *c,
				    struct vmem_seg *seg)
{
	vmem_class_unlink(c, vmem_class_of(seg->size), seg, seg->size);
}

/* A free segment loses integers. Within its class it keeps its place. */
static __always_inline void vmem_classes_shrink(struct vmem_classes *c,
						struct vmem_seg *seg,
						unsigned long by)
{
	unsigned long old = seg->size, size = old - by;
	unsigned long from = vmem_class_of(old), to = vmem_class_of(size);

	if (from == to) {
		seg->size = size;
		c->class[to].size -= by;
	} else {
		vmem_class_unlink(c, from, seg, old);
		vmem_class_link(c, to, seg, size);
	}
}

/* A free segment gains integers. Within its class it keeps its place. */
static __always_inline void vmem_classes_grow(struct vmem_classes *c,
					      struct vmem_seg *seg,
					      unsigned long by)
{
	unsigned long old = seg->size, size = old + by;
	unsigned long from = vmem_class_of(old), to = vmem_class_of(size);

	if (from == to) {
		seg->size = size;
		c->class[to].size += by;
		if (size > c->class[to].bound)
			c->class[to].bound = size;
	} else {
		vmem_class_unlink(c, from, seg, old);
		vmem_class_link(c, to, seg, size);
	}
}

static inline void vmem_classes_init(struct vmem_classes *c)
{
	unsigned int i;

	c->map = 0;
	INIT_HLIST_HEAD(&c->cursors);
	for (i = 0; i < BITS_PER_LONG; i++) {
		INIT_HLIST_HEAD(&c->class[i].list);
		c->class[i].n = 0;
		c->class[i].size = 0;
		c->class[i].bound = 0;
	}
}

#endif /* _VMEM_SEGMENT_CLASSES_H */
