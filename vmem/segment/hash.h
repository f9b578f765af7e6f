/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A hash with chains, by a word: the segment table is one, by address, and so are
 * the tables of slabs of the quantum caches.
 *
 * While it is being rescaled two tables stand side by side: inserts go to the
 * current one, look-ups know both, and the rescaling moves the rest over piece by
 * piece, each under a hold of the lock of its own.
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
 * struct vmem_hash - the table
 * @heads: the current table
 * @bits: log2 of its number of buckets
 * @down: BITS_PER_LONG - @bits
 * @factor: GOLDEN_RATIO_PRIME, shifted down by as many bits as the lowest of a key
 *	carry nothing, so that the product is as if these were not there
 * @offset: where the key of an entry is, from its struct hlist_node on
 * @old: the table that is being emptied, NULL when there is none
 * @old_bits: log2 of its number of buckets
 * @old_next: its first bucket that may still hold something
 * @first: the smallest table, which every hash starts with and which costs no
 *	allocation
 *
 * Protected by the lock of what it belongs to: for the segment table the arena
 * lock.
 */
struct vmem_hash {
	struct hlist_head *heads;
	unsigned int bits;
	unsigned int down;
	unsigned long factor;
	ptrdiff_t offset;
	struct hlist_head *old;
	unsigned int old_bits;
	unsigned long old_next;
	struct hlist_head first[1 << VMEM_HASH_MIN_BITS];
};

/* Where the key is that lies @key in a structure with the node @node. */
#define vmem_hash_offset(type, node, key)				\
	((ptrdiff_t)offsetof(type, key) - (ptrdiff_t)offsetof(type, node))

/* hash_long() in the width of a word, where that has @down for the bits. */
static inline unsigned long vmem_hash_slot(const struct vmem_hash *h,
					   unsigned long key, unsigned int down)
{
	return key * h->factor >> down;
}

static inline unsigned long vmem_hash_key(const struct hlist_node *node,
					  ptrdiff_t offset)
{
	return *(const unsigned long *)((const char *)node + offset);
}

static inline void vmem_hash_add(struct vmem_hash *h, struct hlist_node *node,
				 unsigned long key)
{
	hlist_add_head(node, &h->heads[vmem_hash_slot(h, key, h->down)]);
}

static inline void vmem_hash_del(struct hlist_node *node)
{
	__hlist_del(node);
}

/* The entry of that key; *@steps rises by the steps past the first. */
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

/* @offset is h->offset, known to the compiler. */
static __always_inline struct hlist_node *
vmem_hash_find(const struct vmem_hash *h, unsigned long key, ptrdiff_t offset,
	       u64 *steps)
{
	struct hlist_node *node;

	node = vmem_hash_chain(&h->heads[vmem_hash_slot(h, key, h->down)], key,
			       offset, steps);
	if (unlikely(!node && h->old))
		node = vmem_hash_find_old(h, key, steps);
	return node;
}

void vmem_hash_init(struct vmem_hash *h, unsigned int shift, ptrdiff_t offset);
unsigned int vmem_hash_wanted(const struct vmem_hash *h, unsigned long n);
struct hlist_head *vmem_hash_table(struct vmem_hash *h, unsigned int bits);
void vmem_hash_free(struct vmem_hash *h, struct hlist_head *heads,
		    unsigned int bits);
void vmem_hash_begin(struct vmem_hash *h, struct hlist_head *heads,
		     unsigned int bits);
bool vmem_hash_step(struct vmem_hash *h);
int vmem_hash_rescale(struct vmem_hash *h, spinlock_t *lock, unsigned long n);
unsigned long vmem_hash_bytes(void);

#endif /* _VMEM_SEGMENT_HASH_H */
