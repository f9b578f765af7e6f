// SPDX-License-Identifier: GPL-2.0
/*
 * The hash: its sizes and the move from one to the next.
 */
#include <linux/atomic.h>
#include <linux/log2.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "hash.h"

/*
 * What one hold of the lock may do while rescaling: a few microseconds,
 * however long the chains and however sparse the table.
 */
#define STEP_ENTRIES	128
#define STEP_BUCKETS	512

/* Bytes in tables that were allocated, those within arenas not counted. */
static atomic_long_t hash_bytes;

void vmem_hash_init(struct vmem_hash *h, unsigned int shift, ptrdiff_t offset)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(h->first); i++)
		INIT_HLIST_HEAD(&h->first[i]);
	h->heads = h->first;
	h->bits = VMEM_HASH_MIN_BITS;
	h->down = BITS_PER_LONG - h->bits;
	h->factor = (unsigned long)GOLDEN_RATIO_PRIME >> shift;
	h->offset = offset;
	h->old = NULL;
	h->old_bits = 0;
	h->old_next = 0;
}

/* The look-up's second half, for the time of a move. */
struct hlist_node *vmem_hash_find_old(const struct vmem_hash *h,
				      unsigned long key, u64 *steps)
{
	unsigned long slot = vmem_hash_slot(h, key,
					    BITS_PER_LONG - h->old_bits);

	if (slot < h->old_next)
		return NULL;
	return vmem_hash_chain(&h->old[slot], key, h->offset, steps);
}

/**
 * vmem_hash_wanted - log2 of the number of buckets that the table should have
 * @h: the table
 * @n: how many entries there are
 *
 * With n entries the ideal is 2^(floor(log2(3n + 4)) - 1) buckets, at least 16.
 * That is between 3/4 and 3/2 of a bucket for an entry, so that a look-up takes
 * about one step. Twice or half of that is near enough to leave a table alone,
 * and then the smaller one is near enough to move to: no more buckets than
 * entries, which keeps the books small.
 *
 * Return: if the present size is more than twice or less than half of the ideal,
 * the largest power of two that is not above n, which is the ideal or half of it,
 * and at least 16; else the present size.
 */
unsigned int vmem_hash_wanted(const struct vmem_hash *h, unsigned long n)
{
	unsigned int ideal = ilog2(3 * n + 4) - 1;

	ideal = clamp_t(unsigned int, ideal, VMEM_HASH_MIN_BITS,
			VMEM_HASH_MAX_BITS);
	if (h->bits <= ideal + 1 && h->bits + 1 >= ideal)
		return h->bits;
	return clamp_t(unsigned int, ilog2(n | 1), VMEM_HASH_MIN_BITS,
		       VMEM_HASH_MAX_BITS);
}

/**
 * vmem_hash_table - get an empty table
 * @h: the hash it is for
 * @bits: log2 of the number of buckets
 *
 * Context: task. No lock held.
 * Return: the table, for vmem_hash_begin() or vmem_hash_free(), or NULL.
 */
struct hlist_head *vmem_hash_table(struct vmem_hash *h, unsigned int bits)
{
	struct hlist_head *heads;

	if (bits == VMEM_HASH_MIN_BITS)
		return h->first;
	heads = kvcalloc(1UL << bits, sizeof(*heads),
			 GFP_KERNEL | __GFP_NOWARN);
	if (heads)
		atomic_long_add(sizeof(*heads) << bits, &hash_bytes);
	return heads;
}

/**
 * vmem_hash_free - give a table back
 * @h: the hash it was for
 * @heads: the table
 * @bits: log2 of its number of buckets
 *
 * Context: task. No lock held.
 */
void vmem_hash_free(struct vmem_hash *h, struct hlist_head *heads,
		    unsigned int bits)
{
	if (!heads || heads == h->first)
		return;
	kvfree(heads);
	atomic_long_sub(sizeof(*heads) << bits, &hash_bytes);
}

/**
 * vmem_hash_begin - start the move to a table of another size
 * @h: the hash; no other move may be under way
 * @heads: the empty table to move to
 * @bits: log2 of its number of buckets
 *
 * Context: the lock is held.
 */
void vmem_hash_begin(struct vmem_hash *h, struct hlist_head *heads,
		     unsigned int bits)
{
	h->old = h->heads;
	h->old_bits = h->bits;
	h->old_next = 0;
	h->heads = heads;
	h->bits = bits;
	h->down = BITS_PER_LONG - bits;
}

/**
 * vmem_hash_step - move a bounded number of entries
 * @h: the hash, between vmem_hash_begin() and the end of the move
 *
 * Context: the lock is held; to be dropped between two steps.
 * Return: true when the old table is empty and forgotten: whoever began the
 * move frees it.
 */
bool vmem_hash_step(struct vmem_hash *h)
{
	unsigned long end = 1UL << h->old_bits;
	unsigned int entries = STEP_ENTRIES;
	unsigned int buckets = STEP_BUCKETS;

	while (h->old_next < end) {
		struct hlist_head *head = &h->old[h->old_next];

		while (!hlist_empty(head)) {
			struct hlist_node *node = head->first;

			if (!entries--)
				return false;
			vmem_hash_del(node);
			vmem_hash_add(h, node,
				      vmem_hash_key(node, h->offset));
		}
		h->old_next++;
		if (!--buckets)
			return false;
	}
	h->old = NULL;
	return true;
}

/**
 * vmem_hash_rescale - move to a table of the size that it should have
 * @h: the hash; the caller sees to it that no other move is under way
 * @lock: its lock, held for a bounded piece of work at a time
 * @n: how many entries there are, or were a moment ago
 *
 * Context: task, sleeping allowed. The lock is not held.
 * Return: 1 if it moved, 0 if there was no need, -ENOMEM.
 */
int vmem_hash_rescale(struct vmem_hash *h, spinlock_t *lock, unsigned long n)
{
	struct hlist_head *heads, *old = h->heads;
	unsigned int bits, old_bits = h->bits;
	bool done;

	bits = vmem_hash_wanted(h, n);
	if (bits == old_bits)
		return 0;
	heads = vmem_hash_table(h, bits);
	if (!heads)
		return -ENOMEM;

	spin_lock_irq(lock);
	vmem_hash_begin(h, heads, bits);
	spin_unlock_irq(lock);
	do {
		cond_resched();
		spin_lock_irq(lock);
		done = vmem_hash_step(h);
		spin_unlock_irq(lock);
	} while (!done);
	vmem_hash_free(h, old, old_bits);
	return 1;
}

unsigned long vmem_hash_bytes(void)
{
	return atomic_long_read(&hash_bytes);
}
