/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A chained hash with keys of one word. Users: the segment table, and the
 * tables of slabs of the quantum caches.
 *
 * There are two tables during a rescale. Inserts go to the current table,
 * look-ups search both tables. The rescale moves the entries of the old table
 * in steps, and drops the lock between two steps.
 */
#ifndef _VMEM_SEGMENT_HASH_H
#define _VMEM_SEGMENT_HASH_H

#include <linux/hash.h>
#include <linux/list.h>
#include <linux/spinlock.h>
#include <linux/types.h>

#define VMEM_HASH_MIN_BITS	4
#define VMEM_HASH_MAX_BITS	(BITS_PER_LONG == 64 ? 27 : 24)

/**
 * struct vmem_hash - a hash
 * @heads: the current table
 * @bits: log2 of the number of buckets in @heads
 * @shift: BITS_PER_LONG - @bits
 * @factor: GOLDEN_RATIO_PRIME, shifted right by the number of low bits that are
 *	0 in every key: keys hash as if they were shifted right by that number
 * @offset: offset of the key of an entry from its struct hlist_node
 * @old: the old table during a rescale, else NULL
 * @old_bits: log2 of the number of buckets in @old
 * @old_next: all buckets of @old with a smaller index are empty
 * @small: the smallest table; every hash starts with it and never frees it
 *
 * Protected by the arena lock (segment table) or the cache lock (table of
 * slabs).
 */
struct vmem_hash {
	struct hlist_head *heads;
	unsigned int bits;
	unsigned int shift;
	unsigned long factor;
	ptrdiff_t offset;
	struct hlist_head *old;
	unsigned int old_bits;
	unsigned long old_next;
	struct hlist_head small[1 << VMEM_HASH_MIN_BITS];
};

/* Offset of the key @key of structure @type from the node @node. */
#define vmem_hash_offset(type, node, key)				\
	((ptrdiff_t)offsetof(type, key) - (ptrdiff_t)offsetof(type, node))

/* Like hash_long(), without the low bits that are 0 in every key. */
static inline unsigned long vmem_hash_slot(const struct vmem_hash *h,
					   unsigned long key, unsigned int shift)
{
	return key * h->factor >> shift;
}

static inline unsigned long vmem_hash_key(const struct hlist_node *node,
					  ptrdiff_t offset)
{
	return *(const unsigned long *)((const char *)node + offset);
}

static inline void vmem_hash_add(struct vmem_hash *h, struct hlist_node *node,
				 unsigned long key)
{
	hlist_add_head(node, &h->heads[vmem_hash_slot(h, key, h->shift)]);
}

static inline void vmem_hash_del(struct hlist_node *node)
{
	__hlist_del(node);
}

/* Find a key in a chain. Adds the number of other keys visited to *@steps. */
static __always_inline struct hlist_node *
vmem_hash_chain(const struct hlist_head *head, unsigned long key,
		ptrdiff_t offset, u64 *steps)
{
	struct hlist_node *node;

	hlist_for_each(node, head) {
		if (likely(vmem_hash_key(node, offset) == key))
			return node;
		++*steps;
	}
	return NULL;
}

struct hlist_node *vmem_hash_find_old(const struct vmem_hash *h,
				      unsigned long key, u64 *steps);

/* Returns the node of a key, or NULL. @offset is h->offset, as a constant. */
static __always_inline struct hlist_node *
vmem_hash_find(const struct vmem_hash *h, unsigned long key, ptrdiff_t offset,
	       u64 *steps)
{
	struct hlist_node *node;

	node = vmem_hash_chain(&h->heads[vmem_hash_slot(h, key, h->shift)], key,
			       offset, steps);
	if (unlikely(!node && h->old))
		node = vmem_hash_find_old(h, key, steps);
	return node;
}

void vmem_hash_init(struct vmem_hash *h, unsigned int zeros, ptrdiff_t offset);
void vmem_hash_free(struct vmem_hash *h, struct hlist_head *heads,
		    unsigned int bits);
int vmem_hash_rescale(struct vmem_hash *h, spinlock_t *lock, unsigned long n);
unsigned long vmem_hash_bytes(void);

#endif /* _VMEM_SEGMENT_HASH_H */
