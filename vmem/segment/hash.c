// SPDX-License-Identifier: GPL-2.0
/*
 * The sizes of the tables of a hash, and rescaling.
 */
#include <linux/atomic.h>
#include <linux/log2.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "hash.h"

/* Upper bounds of the entries and buckets that a rescale moves in one step. */
#define STEP_ENTRIES	128
#define STEP_BUCKETS	512

/* Bytes of all tables, except for the tables &vmem_hash.small. */
static atomic_long_t hash_bytes;

/* Initialize a hash. The lowest @zeros bits of every key are 0. */
void vmem_hash_init(struct vmem_hash *h, unsigned int zeros, ptrdiff_t offset)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(h->small); i++)
		INIT_HLIST_HEAD(&h->small[i]);
	h->heads = h->small;
	h->bits = VMEM_HASH_MIN_BITS;
	h->shift = BITS_PER_LONG - h->bits;
	h->factor = (unsigned long)GOLDEN_RATIO_PRIME >> zeros;
	h->offset = offset;
	h->old = NULL;
	h->old_bits = 0;
	h->old_next = 0;
}

/* Find a key in the old table of a rescale. */
struct hlist_node *vmem_hash_find_old(const struct vmem_hash *h,
				      unsigned long key, u64 *steps)
{
	unsigned long slot = vmem_hash_slot(h, key,
					    BITS_PER_LONG - h->old_bits);

	if (slot < h->old_next)
		return NULL;
	return vmem_hash_chain(&h->old[slot], key, h->offset, steps);
}

/*
 * Returns log2 of the number of buckets for @n entries.
 *
 * The ideal is 2^(floor(log2(3n + 4)) - 1) buckets, at least 16. The ideal is
 * between 3/4 and 3/2 buckets per entry, so a look-up takes about one step. A
 * table of half to twice the ideal size keeps its size. For any other table,
 * the result is the largest power of two that is at most @n, but at least 16
 * buckets. This is the ideal or half of the ideal. The smaller size saves
 * memory: above 16 buckets, there are at most as many buckets as entries.
 */
static unsigned int hash_wanted_bits(const struct vmem_hash *h, unsigned long n)
{
	unsigned int ideal = ilog2(3 * n + 4) - 1;

	ideal = clamp_t(unsigned int, ideal, VMEM_HASH_MIN_BITS,
			VMEM_HASH_MAX_BITS);
	if (h->bits <= ideal + 1 && h->bits + 1 >= ideal)
		return h->bits;
	return clamp_t(unsigned int, ilog2(n | 1), VMEM_HASH_MIN_BITS,
		       VMEM_HASH_MAX_BITS);
}

/* Returns an empty table, for vmem_hash_free(), or NULL. May sleep. */
static struct hlist_head *hash_table_alloc(struct vmem_hash *h,
					   unsigned int bits)
{
	struct hlist_head *heads;

	if (bits == VMEM_HASH_MIN_BITS)
		return h->small;
	heads = kvcalloc(1UL << bits, sizeof(*heads),
			 GFP_KERNEL | __GFP_NOWARN);
	if (heads)
		atomic_long_add(sizeof(*heads) << bits, &hash_bytes);
	return heads;
}

/**
 * vmem_hash_free - free a table
 * @h: the hash
 * @heads: the table, or NULL
 * @bits: log2 of its number of buckets
 *
 * Context: task. No lock held.
 */
void vmem_hash_free(struct vmem_hash *h, struct hlist_head *heads,
		    unsigned int bits)
{
	if (!heads || heads == h->small)
		return;
	kvfree(heads);
	atomic_long_sub(sizeof(*heads) << bits, &hash_bytes);
}

/* Make the empty table @heads the current table. The lock is held. */
static void hash_rescale_begin(struct vmem_hash *h, struct hlist_head *heads,
			       unsigned int bits)
{
	h->old = h->heads;
	h->old_bits = h->bits;
	h->old_next = 0;
	h->heads = heads;
	h->bits = bits;
	h->shift = BITS_PER_LONG - bits;
}

/*
 * Move a bounded number of entries. The lock is held; the caller drops it
 * between two steps. Returns true when the old table is empty; the caller then
 * frees the old table.
 */
static bool hash_rescale_step(struct vmem_hash *h)
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
 * vmem_hash_rescale - rescale the table if its size is wrong
 * @h: the hash; the caller serializes rescales of it
 * @lock: the lock of the hash; held for one step at a time
 * @n: number of entries; may be out of date
 *
 * Context: task, may sleep. The lock is not held.
 * Return: 1 if the size has changed, 0 if the size was right, or -ENOMEM.
 */
int vmem_hash_rescale(struct vmem_hash *h, spinlock_t *lock, unsigned long n)
{
	struct hlist_head *heads, *old = h->heads;
	unsigned int bits, old_bits = h->bits;
	bool done;

	bits = hash_wanted_bits(h, n);
	if (bits == old_bits)
		return 0;
	heads = hash_table_alloc(h, bits);
	if (!heads)
		return -ENOMEM;

	spin_lock_irq(lock);
	hash_rescale_begin(h, heads, bits);
	spin_unlock_irq(lock);
	do {
		cond_resched();
		spin_lock_irq(lock);
		done = hash_rescale_step(h);
		spin_unlock_irq(lock);
	} while (!done);
	vmem_hash_free(h, old, old_bits);
	return 1;
}

unsigned long vmem_hash_bytes(void)
{
	return atomic_long_read(&hash_bytes);
}
