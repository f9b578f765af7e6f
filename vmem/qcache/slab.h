/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Slabs, and splitting slabs.
 */
#ifndef _VMEM_QCACHE_SLAB_H
#define _VMEM_QCACHE_SLAB_H

#include "qcache.h"

struct vmem_pending_free;

struct vmem_slab *vmem_slab_find(struct vmem_qcache *qc, unsigned long addr);
void vmem_slab_set_nfree(struct vmem_qcache *qc, struct vmem_slab *slab,
			 unsigned int nfree);
struct vmem_slab *vmem_slab_alloc(struct vmem_qcache *qc);
unsigned long vmem_slab_insert(struct vmem_qcache *qc, struct vmem_slab *slab,
			       unsigned long start);
void vmem_slab_free(struct vmem_slab *slab);
void vmem_slab_remove(struct vmem_qcache *qc, struct vmem_slab *slab);
void vmem_slab_put(struct vmem_qcache *qc, unsigned long addr,
		   struct vmem_pending_free *pending);
void vmem_slab_release_empty(struct vmem_qcache *qc, bool idle_only,
			     struct vmem_reclaim_budget *budget);
unsigned long vmem_slab_bytes(void);
int vmem_slab_init(void);
void vmem_slab_exit(void);

/* split.c */
bool vmem_slab_split_any(struct vmem_qcache *qc);
void vmem_split_some(struct vmem *vm, unsigned long need, bool anywhere,
		     struct vmem_reclaim_budget *budget);
void vmem_split_all(struct vmem *vm);
void vmem_split_note(struct vmem_qcache *qc, const struct vmem_slab *slab);
void vmem_split_note_beside(struct vmem *vm, const struct vmem_seg *seg);
void vmem_split_work(struct work_struct *work);

/*
 * Take a free object of @slab, which must have one. The cache lock is held.
 *
 * The slab moves to another list only if it was wholly free, or if the number
 * of free objects was a power of two.
 */
static __always_inline unsigned long vmem_slab_object(struct vmem_qcache *qc,
						      struct vmem_slab *slab)
{
	unsigned int nfree = slab->nfree - 1;
	unsigned int i = __ffs64(slab->free);

	lockdep_assert_held(&qc->lock);
	slab->free &= slab->free - 1;
	if (likely((slab->nfree & nfree) && slab->nfree != qc->per_slab))
		slab->nfree = nfree;
	else
		vmem_slab_set_nfree(qc, slab, nfree);
	qc->nfree--;
	qc->allocs++;
	return slab->start + i * qc->size;
}

/**
 * vmem_slab_take - take a free object from the slabs of a cache
 * @qc: the cache
 *
 * Prefers slabs with few free objects, so that the other slabs may become
 * wholly free.
 *
 * Context: any but NMI. Takes the cache's lock.
 * Return: the object; 0 if no slab has a free object.
 */
static __always_inline unsigned long vmem_slab_take(struct vmem_qcache *qc)
{
	struct hlist_node *node;
	unsigned long irq, addr = 0;

	spin_lock_irqsave(&qc->lock, irq);
	node = qc->map ? qc->partial[__ffs(qc->map)].first : qc->empty.first;
	if (likely(node))
		addr = vmem_slab_object(qc, hlist_entry(node, struct vmem_slab,
							list));
	spin_unlock_irqrestore(&qc->lock, irq);
	return addr;
}

#endif /* _VMEM_QCACHE_SLAB_H */
