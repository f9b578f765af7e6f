/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The segment table: allocated segments by address.
 *
 * A hash with chains. While it is being rescaled two tables stand side by side:
 * inserts go to the current one, look-ups know both, and the rescaling moves the
 * rest over piece by piece, each under a hold of the arena lock of its own.
 */
#ifndef _VMEM_SEGMENT_HASH_H
#define _VMEM_SEGMENT_HASH_H

#include <linux/hash.h>

#include "seg.h"

#define VMEM_HASH_MIN_BITS	4
#define VMEM_HASH_MAX_BITS	(BITS_PER_LONG == 64 ? 27 : 24)

/**
 * struct vmem_hash - the segment table
 * @heads: the current table
 * @bits: log2 of its number of buckets
 * @shift: log2 of the quantum: bits that carry nothing
 * @old: the table that is being emptied, NULL when there is none
 * @old_bits: log2 of its number of buckets
 * @old_next: its first bucket that may still hold something
 * @first: the smallest table, which every arena starts with and which costs no
 *	allocation
 *
 * Protected by the arena lock.
 */
struct vmem_hash {
	struct hlist_head *heads;
	unsigned int bits;
	unsigned int shift;
	struct hlist_head *old;
	unsigned int old_bits;
	unsigned long old_next;
	struct hlist_head first[1 << VMEM_HASH_MIN_BITS];
};

static inline unsigned long vmem_hash_slot(const struct vmem_hash *h,
					   unsigned long addr,
					   unsigned int bits)
{
	return hash_long(addr >> h->shift, bits);
}

static inline void vmem_hash_add(struct vmem_hash *h, struct vmem_seg *seg)
{
	hlist_add_head(&seg->hash,
		       &h->heads[vmem_hash_slot(h, seg->start, h->bits)]);
}

static inline void vmem_hash_del(struct vmem_seg *seg)
{
	__hlist_del(&seg->hash);
}

/* The segment that starts at @addr; *@steps rises by the steps past the first. */
static inline struct vmem_seg *vmem_hash_chain(const struct hlist_head *head,
					       unsigned long addr, u64 *steps)
{
	struct vmem_seg *seg;

	hlist_for_each_entry(seg, head, hash) {
		if (likely(seg->start == addr))
			return seg;
		++*steps;
	}
	return NULL;
}

struct vmem_seg *vmem_hash_find_old(const struct vmem_hash *h,
				    unsigned long addr, u64 *steps);

static inline struct vmem_seg *vmem_hash_find(const struct vmem_hash *h,
					      unsigned long addr, u64 *steps)
{
	const struct hlist_head *head =
		&h->heads[vmem_hash_slot(h, addr, h->bits)];
	struct vmem_seg *seg = vmem_hash_chain(head, addr, steps);

	if (unlikely(h->old) && !seg)
		seg = vmem_hash_find_old(h, addr, steps);
	return seg;
}

void vmem_hash_init(struct vmem_hash *h, unsigned int shift);
unsigned int vmem_hash_wanted(const struct vmem_hash *h, unsigned long n);
struct hlist_head *vmem_hash_table(struct vmem_hash *h, unsigned int bits);
void vmem_hash_free(struct vmem_hash *h, struct hlist_head *heads,
		    unsigned int bits);
void vmem_hash_begin(struct vmem_hash *h, struct hlist_head *heads,
		     unsigned int bits);
bool vmem_hash_step(struct vmem_hash *h);
unsigned long vmem_hash_bytes(void);

#endif /* _VMEM_SEGMENT_HASH_H */
