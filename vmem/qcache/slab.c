// SPDX-License-Identifier: GPL-2.0
/*
 * Slabs: ranges of the arena, cut into equal objects.
 *
 * A slab is an allocated segment of the arena. All slabs of an arena have the
 * slab size, but they are not aligned to the slab size. Granule n begins at n
 * times the slab size, and has the slab size. The key of a slab is the number
 * of the granule in which the slab begins; no two slabs begin in the same
 * granule. The slab that holds an address begins in the granule of the address
 * or in the granule before.
 *
 * Allocations use the fullest slabs with free objects first, so that the other
 * slabs may become wholly free and return to the arena.
 *
 * When the arena has no space, split.c splits slabs into free segments.
 */
#include <linux/slab.h>

#include "../arena/free.h"
#include "../report/report.h"
#include "slab.h"

#define SLAB_KEY	vmem_hash_offset(struct vmem_slab, hash, key)

static struct kmem_cache *slab_cache;
static atomic_long_t slab_count;

static u64 slab_all_free(const struct vmem_qcache *qc)
{
	return GENMASK_ULL(qc->per_slab - 1, 0);
}

static unsigned long slab_granule(const struct vmem_qcache *qc, unsigned long addr)
{
	return addr >> qc->vm->qcaches->slab_shift;
}

/* The list of slabs with @nfree free objects. */
static struct hlist_head *slab_list_of(struct vmem_qcache *qc, unsigned int nfree)
{
	if (nfree == qc->per_slab)
		return &qc->empty;
	return nfree ? &qc->partial[__fls(nfree)] : &qc->full;
}

static void slab_list_add(struct vmem_qcache *qc, struct vmem_slab *slab)
{
	hlist_add_head(&slab->list, slab_list_of(qc, slab->nfree));
	slab->idle = false;
	if (slab->nfree == qc->per_slab)
		qc->nempty++;
	else if (slab->nfree)
		__set_bit(__fls(slab->nfree), &qc->map);
}

static void slab_list_del(struct vmem_qcache *qc, struct vmem_slab *slab)
{
	__hlist_del(&slab->list);
	if (slab->nfree == qc->per_slab)
		qc->nempty--;
	else if (slab->nfree && hlist_empty(slab_list_of(qc, slab->nfree)))
		__clear_bit(__fls(slab->nfree), &qc->map);
}

/* Set the number of free objects, and move the slab to the matching list. */
void vmem_slab_set_nfree(struct vmem_qcache *qc, struct vmem_slab *slab,
			 unsigned int nfree)
{
	lockdep_assert_held(&qc->lock);
	if (slab_list_of(qc, nfree) == slab_list_of(qc, slab->nfree)) {
		slab->nfree = nfree;
		return;
	}
	slab_list_del(qc, slab);
	slab->nfree = nfree;
	slab_list_add(qc, slab);
}

/* The slab of @qc that holds @addr, or NULL. The cache lock is held. */
struct vmem_slab *vmem_slab_find(struct vmem_qcache *qc, unsigned long addr)
{
	unsigned long size = qc->vm->qcaches->slab_size;
	unsigned long key = slab_granule(qc, addr);
	struct hlist_node *node;
	struct vmem_slab *slab;
	u64 steps = 0;

	lockdep_assert_held(&qc->lock);
	node = vmem_hash_find(&qc->slabs, key, SLAB_KEY, &steps);
	slab = hlist_entry_safe(node, struct vmem_slab, hash);
	if (slab && addr >= slab->start)
		return slab;
	node = vmem_hash_find(&qc->slabs, key - 1, SLAB_KEY, &steps);
	slab = hlist_entry_safe(node, struct vmem_slab, hash);
	return slab && addr - slab->start < size ? slab : NULL;
}

/* Free the descriptor of a slab that was removed, or was never inserted. */
void vmem_slab_free(struct vmem_slab *slab)
{
	kmem_cache_free(slab_cache, slab);
	atomic_long_dec(&slab_count);
}

/*
 * A hint: can the arena, or a source on its path, provide a slab? Also returns
 * true if only an import function of a client can tell. Without this check,
 * each request in a full tree would search the whole source path for a slab,
 * and call an import function, before it takes a single object.
 */
static bool slab_may_fit(struct vmem *vm)
{
	unsigned long size = vm->qcaches->slab_size;
	struct vmem_seg *seg;
	unsigned long irq;
	bool fits, told, imports;

	for (;; vm = vm->source) {
		spin_lock_irqsave(&vm->segmap.lock, irq);
		fits = vmem_classes_guaranteed(&vm->segmap.classes, size, &seg);
		imports = vmem_imports(vm);
		told = vm->afunc == vmem_alloc || !imports;
		spin_unlock_irqrestore(&vm->segmap.lock, irq);
		if (fits)
			return true;
		/* While this is set, the arena does not import for slabs. */
		if (READ_ONCE(vm->import_dry))
			return false;
		if (!told)
			return true;
		if (!imports)
			return false;
	}
}

/**
 * vmem_slab_alloc - allocate the descriptor of a new slab
 * @qc: the cache
 *
 * Fails if there is no memory, or no space for a slab. Also fails while
 * requests wait, because a slab takes more space than the request needs.
 *
 * Context: any but NMI.
 * Return: the descriptor, for vmem_slab_insert() or vmem_slab_free(), or NULL.
 */
struct vmem_slab *vmem_slab_alloc(struct vmem_qcache *qc)
{
	struct vmem_slab *slab;

	if (READ_ONCE(qc->vm->waiters) || !slab_may_fit(qc->vm))
		return NULL;
	slab = kmem_cache_alloc(slab_cache, GFP_NOWAIT | __GFP_NOWARN);
	if (slab)
		atomic_long_inc(&slab_count);
	return slab;
}

/**
 * vmem_slab_insert - add a slab to its cache, and take an object from the slab
 * @qc: the cache
 * @slab: the descriptor of the slab
 * @start: first integer of the slab
 *
 * Context: any but NMI. Takes the cache's lock.
 * Return: the object.
 */
unsigned long vmem_slab_insert(struct vmem_qcache *qc, struct vmem_slab *slab,
			       unsigned long start)
{
	struct vmem *vm = qc->vm;
	unsigned long irq, addr;

	slab->start = start;
	slab->key = slab_granule(qc, start);
	slab->free = slab_all_free(qc);
	slab->nfree = qc->per_slab;
	spin_lock_irqsave(&qc->lock, irq);
	vmem_hash_add(&qc->slabs, &slab->hash, slab->key);
	slab_list_add(qc, slab);
	qc->nslabs++;
	qc->nfree += qc->per_slab;
	smp_mb();	/* pairs with smp_mb() in vmem_qcaches_maintain() */
	WRITE_ONCE(vm->qcaches->maintain, true);
	addr = vmem_slab_object(qc, slab);
	/* A waiter that searched before the slab was added has missed it. */
	if (unlikely(READ_ONCE(vm->waiters))) {
		vmem_split_note(qc, slab);
		spin_unlock_irqrestore(&qc->lock, irq);
		vmem_signal_object(qc);
		return addr;
	}
	spin_unlock_irqrestore(&qc->lock, irq);
	return addr;
}

/* Remove a slab from its cache. The cache's lock is held. */
void vmem_slab_remove(struct vmem_qcache *qc, struct vmem_slab *slab)
{
	lockdep_assert_held(&qc->lock);
	slab_list_del(qc, slab);
	vmem_hash_del(&slab->hash);
	qc->nslabs--;
	qc->nfree -= slab->nfree;
}

/* Set @pending to the range of a removed, free slab; free the descriptor. */
static void slab_set_pending(struct vmem_qcache *qc, struct vmem_slab *slab,
			     struct vmem_pending_free *pending)
{
	pending->vm = qc->vm;
	pending->addr = slab->start;
	pending->size = qc->vm->qcaches->slab_size;
	pending->cached = true;
	vmem_slab_free(slab);
}

/* Returns NULL if @addr is an allocated object of @slab, else the error. */
static const char *slab_check_free(const struct vmem_qcache *qc,
				   const struct vmem_slab *slab, unsigned long addr)
{
	unsigned long offset = addr - slab->start;
	unsigned int i = offset / qc->size;

	if (i >= qc->per_slab || offset % qc->size)
		return "not the start of an object of this size";
	if (slab->free & (1ULL << i))
		return "not allocated: freed twice?";
	return NULL;
}

/* Object size of the other cache that has a slab with @addr; 0 if none has. */
static unsigned long slab_other_size(struct vmem_qcache *qc, unsigned long addr)
{
	struct vmem_qcaches *all = qc->vm->qcaches;
	unsigned long irq, size = 0;
	unsigned int i;

	for (i = 0; i < all->n && !size; i++) {
		struct vmem_qcache *other = &all->cache[i];

		if (other == qc)
			continue;
		spin_lock_irqsave(&other->lock, irq);
		if (vmem_slab_find(other, addr))
			size = other->size;
		spin_unlock_irqrestore(&other->lock, irq);
	}
	return size;
}

/**
 * vmem_slab_put - return an object to its slab
 * @qc: the cache
 * @addr: the object
 * @pending: set to the range that returns to the arena: a single object, a slab
 *	that becomes wholly free, or nothing
 *
 * The cache keeps one wholly free slab while no request waits.
 *
 * Context: any but NMI. Takes the cache's lock.
 */
void vmem_slab_put(struct vmem_qcache *qc, unsigned long addr,
		   struct vmem_pending_free *pending)
{
	struct vmem *vm = qc->vm;
	const char *wrong = NULL;
	bool put = false, waiters = false;
	struct vmem_slab *slab, *empty = NULL;
	unsigned long irq, size;

	pending->vm = NULL;
	spin_lock_irqsave(&qc->lock, irq);
	slab = vmem_slab_find(qc, addr);
	if (slab) {
		wrong = slab_check_free(qc, slab, addr);
		put = !wrong;
	}
	if (put) {
		slab->free |= 1ULL << ((addr - slab->start) / qc->size);
		vmem_slab_set_nfree(qc, slab, slab->nfree + 1);
		qc->nfree++;
		qc->frees++;
		/* A waiter is counted before it searches under this lock. */
		waiters = READ_ONCE(vm->waiters);
		if (slab->nfree == qc->per_slab && (qc->nempty > 1 || waiters)) {
			vmem_slab_remove(qc, slab);
			empty = slab;
		} else if (unlikely(waiters)) {
			vmem_split_note(qc, slab);
		}
	}
	spin_unlock_irqrestore(&qc->lock, irq);

	if (empty)
		slab_set_pending(qc, empty, pending);
	else if (unlikely(waiters))
		vmem_signal_object(qc);
	if (wrong)
		vmem_misuse(vm, "vmem_free(addr=%#lx, size=%lu): %s", addr,
			    qc->size, wrong);
	if (slab)
		return;

	size = slab_other_size(qc, addr);
	if (size) {
		vmem_misuse(vm, "vmem_free(addr=%#lx, size=%lu): the object there has size %lu",
			    addr, qc->size, size);
		return;
	}
	pending->vm = vm;
	pending->addr = addr;
	pending->size = qc->size;
	pending->cached = true;
}

/**
 * vmem_slab_release_empty - return wholly free slabs to the arena
 * @qc: the cache
 * @idle_only: return only slabs that were already wholly free at the last round
 *	of maintenance
 * @budget: upper bounds, for a request that may not sleep; or NULL
 *
 * Does not call release functions of clients: &vmem.release calls them.
 *
 * Context: with @budget any but NMI; else task, sleeping allowed. Takes the
 * cache lock and the arena lock.
 */
void vmem_slab_release_empty(struct vmem_qcache *qc, bool idle_only,
			     struct vmem_reclaim_budget *budget)
{
	struct vmem_slab *slab;
	unsigned long irq;

	while (!budget || budget->slabs) {
		struct vmem_pending_free pending = { .defer = true, .caller_queues = !!budget };

		spin_lock_irqsave(&qc->lock, irq);
		slab = hlist_entry_safe(qc->empty.first, struct vmem_slab,
					list);
		if (slab && idle_only && !slab->idle) {
			slab->idle = true;
			slab = NULL;
		}
		if (slab)
			vmem_slab_remove(qc, slab);
		spin_unlock_irqrestore(&qc->lock, irq);
		if (!slab)
			break;
		slab_set_pending(qc, slab, &pending);
		vmem_free_pending(&pending);
		if (budget)
			budget->slabs--;
		else
			cond_resched();
	}
}

unsigned long vmem_slab_bytes(void)
{
	return atomic_long_read(&slab_count) * kmem_cache_size(slab_cache);
}

int vmem_slab_init(void)
{
	slab_cache = KMEM_CACHE(vmem_slab, 0);
	return slab_cache ? 0 : -ENOMEM;
}

void vmem_slab_exit(void)
{
	kmem_cache_destroy(slab_cache);
}
