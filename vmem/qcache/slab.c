// SPDX-License-Identifier: GPL-2.0
/*
 * Slabs: ranges of the arena, cut into equal objects.
 *
 * A slab is an ordinary allocated segment of the arena, of the one slab size of
 * the arena and not aligned to it. It is found from an address inside it by the
 * granule, of the slab size, that it begins in: that is the granule of the
 * address, or the one before. No two slabs begin in the same granule, so one key
 * each is enough.
 *
 * Of the slabs with free objects the fullest are used first, so that the others
 * have a chance to become empty and go home.
 *
 * When the arena has run out, slabs are split, see split.c.
 */
#include <linux/slab.h>

#include "../arena/maintain.h"
#include "../arena/release.h"
#include "../arena/wait.h"
#include "../report/misuse.h"
#include "slab.h"

#define SLAB_KEY	vmem_hash_offset(struct vmem_slab, hash, key)

static struct kmem_cache *slab_cache;
static atomic_long_t slab_count;

static u64 all_free(const struct vmem_qcache *qc)
{
	return GENMASK_ULL(qc->per_slab - 1, 0);
}

static unsigned long granule(const struct vmem_qcache *qc, unsigned long addr)
{
	return addr >> qc->vm->qcaches->slab_shift;
}

/* The list that a slab with so many free objects is in. */
static struct hlist_head *list_of(struct vmem_qcache *qc, unsigned int nfree)
{
	if (nfree == qc->per_slab)
		return &qc->empty;
	return nfree ? &qc->partial[__fls(nfree)] : &qc->full;
}

static void list_in(struct vmem_qcache *qc, struct vmem_slab *slab)
{
	hlist_add_head(&slab->list, list_of(qc, slab->nfree));
	slab->idle = false;
	if (slab->nfree == qc->per_slab)
		qc->nempty++;
	else if (slab->nfree)
		__set_bit(__fls(slab->nfree), &qc->map);
}

static void list_out(struct vmem_qcache *qc, struct vmem_slab *slab)
{
	__hlist_del(&slab->list);
	if (slab->nfree == qc->per_slab)
		qc->nempty--;
	else if (slab->nfree && hlist_empty(list_of(qc, slab->nfree)))
		__clear_bit(__fls(slab->nfree), &qc->map);
}

/* The slab gets so many free objects, with which it may be in another list. */
void vmem_slab_move(struct vmem_qcache *qc, struct vmem_slab *slab,
		    unsigned int nfree)
{
	lockdep_assert_held(&qc->lock);
	if (list_of(qc, nfree) == list_of(qc, slab->nfree)) {
		slab->nfree = nfree;
		return;
	}
	list_out(qc, slab);
	slab->nfree = nfree;
	list_in(qc, slab);
}

/* The slab that an address lies in, or NULL. The cache's lock is held. */
struct vmem_slab *vmem_slab_find(struct vmem_qcache *qc, unsigned long addr)
{
	unsigned long size = qc->vm->qcaches->slab_size;
	unsigned long key = granule(qc, addr);
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

/* Free the descriptor of a slab that is none. */
void vmem_slab_abandon(struct vmem_slab *slab)
{
	kmem_cache_free(slab_cache, slab);
	atomic_long_dec(&slab_count);
}

/*
 * Is there room for a slab, here or where imports come from? Where that can be
 * told: a source that is asked in vain would have all caches that live on it give
 * back what they hold, for a request that one object will serve.
 */
static bool worth_a_try(struct vmem *vm)
{
	unsigned int class = vmem_class_sure(vm->qcaches->slab_size);
	unsigned long irq;
	bool fits, told, imports;

	for (;; vm = vm->source) {
		spin_lock_irqsave(&vm->space.lock, irq);
		fits = vmem_classes_from(&vm->space.classes, class);
		imports = vmem_imports(vm);
		told = vm->afunc == vmem_alloc || !imports;
		spin_unlock_irqrestore(&vm->space.lock, irq);
		if (fits)
			return true;
		/* It has returned nothing, or its result was refused. */
		if (READ_ONCE(vm->import_dry))
			return false;
		if (!told)
			return true;
		if (!imports)
			return false;
	}
}

/**
 * vmem_slab_begin - get the descriptor of a slab to be made
 * @qc: the cache
 *
 * Not where there is no room for one anyway, and not while requests wait for what a
 * slab would take more of than is needed.
 *
 * Context: any but NMI.
 * Return: the descriptor, for vmem_slab_end() or vmem_slab_abandon(), or NULL.
 */
struct vmem_slab *vmem_slab_begin(struct vmem_qcache *qc)
{
	struct vmem_slab *slab;

	if (READ_ONCE(qc->vm->waiters) || !worth_a_try(qc->vm))
		return NULL;
	slab = kmem_cache_alloc(slab_cache, GFP_NOWAIT | __GFP_NOWARN);
	if (slab)
		atomic_long_inc(&slab_count);
	return slab;
}

/**
 * vmem_slab_end - make a slab, and take an object of it
 * @qc: the cache
 * @slab: its descriptor
 * @start: its first integer
 *
 * Context: any but NMI. Takes the cache's lock.
 * Return: the object.
 */
unsigned long vmem_slab_end(struct vmem_qcache *qc, struct vmem_slab *slab,
			    unsigned long start)
{
	struct vmem *vm = qc->vm;
	unsigned long irq, addr;

	slab->start = start;
	slab->key = granule(qc, start);
	slab->free = all_free(qc);
	slab->nfree = qc->per_slab;
	spin_lock_irqsave(&qc->lock, irq);
	vmem_hash_add(&qc->slabs, &slab->hash, slab->key);
	list_in(qc, slab);
	qc->nslabs++;
	qc->nfree += qc->per_slab;
	addr = vmem_slab_object(qc, slab);
	/* A waiter that has searched meanwhile has not seen the rest of it. */
	if (unlikely(READ_ONCE(vm->waiters))) {
		vmem_split_note(qc, slab);
		spin_unlock_irqrestore(&qc->lock, irq);
		vmem_signal_object(qc);
		vmem_queue_work(&vm->split);
		return addr;
	}
	spin_unlock_irqrestore(&qc->lock, irq);
	return addr;
}

/* Forget a slab. The cache's lock is held. */
void vmem_slab_forget(struct vmem_qcache *qc, struct vmem_slab *slab)
{
	lockdep_assert_held(&qc->lock);
	list_out(qc, slab);
	vmem_hash_del(&slab->hash);
	qc->nslabs--;
	qc->nfree -= slab->nfree;
}

/* A forgotten, wholly free slab goes back to the arena. */
static void send_home(struct vmem_qcache *qc, struct vmem_slab *slab,
		      struct vmem_home *home)
{
	home->vm = qc->vm;
	home->addr = slab->start;
	home->size = qc->vm->qcaches->slab_size;
	home->cached = true;
	vmem_slab_abandon(slab);
}

/* What is wrong with putting @addr into @slab, or NULL. */
static const char *check(const struct vmem_qcache *qc,
			 const struct vmem_slab *slab, unsigned long addr)
{
	unsigned long offset = addr - slab->start;
	unsigned int i = offset / qc->size;

	if (i >= qc->per_slab || offset % qc->size)
		return "inside of an object, or of another size";
	if (slab->free & (1ULL << i))
		return "not allocated: freed twice?";
	return NULL;
}

/* Is @addr in a slab of another cache of the arena? For a report. */
static unsigned long other_size(struct vmem_qcache *qc, unsigned long addr)
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
 * vmem_slab_put - put an object back where it came from
 * @qc: the cache
 * @addr: the object
 * @home: set to what goes back to the arena with it: the object, if it came from
 *	there by itself, a slab that becomes wholly free, or nothing
 *
 * A slab that becomes wholly free stays if it is the only one, and nothing waits for
 * what the arena has.
 *
 * Context: any but NMI. Takes the cache's lock.
 */
void vmem_slab_put(struct vmem_qcache *qc, unsigned long addr,
		   struct vmem_home *home)
{
	struct vmem *vm = qc->vm;
	const char *wrong = NULL;
	bool put = false, noted = false, waiters = false;
	struct vmem_slab *slab, *empty = NULL;
	unsigned long irq, size;

	home->vm = NULL;
	spin_lock_irqsave(&qc->lock, irq);
	slab = vmem_slab_find(qc, addr);
	if (slab) {
		wrong = check(qc, slab, addr);
		put = !wrong;
	}
	if (put) {
		slab->free |= 1ULL << ((addr - slab->start) / qc->size);
		vmem_slab_move(qc, slab, slab->nfree + 1);
		qc->nfree++;
		qc->frees++;
		/* A waiter is counted before it searches under this lock. */
		waiters = READ_ONCE(vm->waiters);
		/* It is in the list of empty ones: alone? */
		if (slab->nfree == qc->per_slab && (qc->nempty > 1 || waiters)) {
			vmem_slab_forget(qc, slab);
			empty = slab;
		} else if (unlikely(waiters)) {
			noted = vmem_split_note(qc, slab);
		}
	}
	spin_unlock_irqrestore(&qc->lock, irq);

	if (empty)
		send_home(qc, empty, home);
	else if (unlikely(waiters))
		vmem_signal_object(qc);
	if (unlikely(noted))
		vmem_queue_work(&vm->split);
	if (wrong)
		vmem_misuse(vm, "vmem_free(addr=%#lx, size=%lu): %s", addr,
			    qc->size, wrong);
	if (slab)
		return;

	size = other_size(qc, addr);
	if (size) {
		vmem_misuse(vm, "vmem_free(addr=%#lx, size=%lu): an object of size %lu is there",
			    addr, qc->size, size);
		return;
	}
	home->vm = vm;
	home->addr = addr;
	home->size = qc->size;
	home->cached = true;
}

/**
 * vmem_slab_release_empty - give wholly free slabs back to the arena
 * @qc: the cache
 * @idle_only: only those that were free at the last round of maintenance too
 * @budget: how many, for a request that may not sleep; NULL: all
 *
 * Release functions of clients are left to the work item of the arena.
 *
 * Context: any but NMI; task, sleeping allowed, without @budget. Takes the cache's
 * lock and the arena's.
 */
void vmem_slab_release_empty(struct vmem_qcache *qc, bool idle_only,
			     struct vmem_reclaim_budget *budget)
{
	struct vmem_slab *slab;
	unsigned long irq;

	while (!budget || budget->slabs) {
		struct vmem_home home = { .later = true, .hold = !!budget };

		spin_lock_irqsave(&qc->lock, irq);
		slab = hlist_entry_safe(qc->empty.first, struct vmem_slab,
					list);
		if (slab && idle_only && !slab->idle) {
			slab->idle = true;
			slab = NULL;
		}
		if (slab)
			vmem_slab_forget(qc, slab);
		spin_unlock_irqrestore(&qc->lock, irq);
		if (!slab)
			break;
		send_home(qc, slab, &home);
		vmem_send_home(&home);
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
