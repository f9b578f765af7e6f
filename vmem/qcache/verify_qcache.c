// SPDX-License-Identifier: GPL-2.0
/*
 * The validator for quantum caches. Every slab is a cached segment of the
 * arena. The number of free objects of a slab agrees with the bitmap and the
 * list of the slab. The totals of a cache agree with the slabs of the cache.
 */
#include <linux/printk.h>

#include "../report/report.h"
#include "qcache.h"

static int verify_cache_wrong(const struct vmem_qcache *qc, const char *what,
			      unsigned long where)
{
	pr_err("vmem: verify: arena %u '%s': cache %lu: %s (%#lx)\n",
	       qc->vm->id, qc->vm->label, qc->size, what, where);
	return 1;
}

static int verify_slab(struct vmem_qcache *qc, const struct vmem_slab *slab)
{
	struct vmem_segmap *sm = &qc->vm->segmap;
	struct vmem_seg *seg;
	int bad = 0;

	spin_lock(&sm->lock);
	seg = vmem_segmap_find(sm, slab->start);
	if (!seg || !seg->cached || seg->size != qc->vm->qcaches->slab_size)
		bad += verify_cache_wrong(qc, "a slab has no matching cached segment",
					  slab->start);
	spin_unlock(&sm->lock);
	if (slab->nfree != hweight64(slab->free))
		bad += verify_cache_wrong(qc, "the free count of a slab disagrees with its bitmap",
					  slab->start);
	return bad;
}

static int verify_slab_list(struct vmem_qcache *qc, const struct hlist_head *list,
			    unsigned int low, unsigned int high, unsigned long *n,
			    unsigned long *nfree, unsigned long *nempty)
{
	const struct vmem_slab *slab;
	int bad = 0;

	hlist_for_each_entry(slab, list, list) {
		if (slab->nfree < low || slab->nfree > high)
			bad += verify_cache_wrong(qc, "a slab is in the wrong list",
						  slab->start);
		bad += verify_slab(qc, slab);
		++*n;
		*nfree += slab->nfree;
		*nempty += slab->nfree == qc->per_slab;
	}
	return bad;
}

static int verify_cache(struct vmem_qcache *qc)
{
	unsigned int most = qc->per_slab - 1;
	unsigned long irq, n = 0, nfree = 0, nempty = 0;
	unsigned int i;
	int bad = 0;

	spin_lock_irqsave(&qc->lock, irq);
	bad += verify_slab_list(qc, &qc->full, 0, 0, &n, &nfree, &nempty);
	bad += verify_slab_list(qc, &qc->empty, qc->per_slab, qc->per_slab, &n,
				&nfree, &nempty);
	for (i = 0; i < VMEM_SLAB_LISTS; i++) {
		bad += verify_slab_list(qc, &qc->partial[i], 1U << i,
					min((2U << i) - 1, most), &n, &nfree,
					&nempty);
		if (hlist_empty(&qc->partial[i]) != !(qc->map & (1UL << i)))
			bad += verify_cache_wrong(qc, "the bit of a list disagrees with the list",
						  i);
	}
	if (n != qc->nslabs || nfree != qc->nfree || nempty != qc->nempty)
		bad += verify_cache_wrong(qc, "a total disagrees with the slabs", n);
	spin_unlock_irqrestore(&qc->lock, irq);
	return bad;
}

/* Returns the number of violations. */
int vmem_verify_qcaches(struct vmem *vm)
{
	unsigned int i;
	int bad = 0;

	for (i = 0; vm->qcaches && i < vm->qcaches->n; i++)
		bad += verify_cache(&vm->qcaches->cache[i]);
	return bad;
}
