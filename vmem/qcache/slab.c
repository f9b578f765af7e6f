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
 * When the arena has run out, what is free within slabs must be had too, the left
 * over end of a slab included. Then slabs are dissolved: the range becomes free,
 * and each allocated object a segment of its own.
 */
#include <linux/slab.h>

#include "../arena/alloc.h"
#include "../arena/free.h"
#include "../arena/import.h"
#include "../arena/populate.h"
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

static struct vmem_slab *find(struct vmem_qcache *qc, unsigned long addr)
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

static void slab_free(struct vmem_slab *slab)
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
		if (fits || !told)
			return true;
		if (!imports)
			return false;
	}
}

/**
 * vmem_slab_grow - make another slab and take an object of it
 * @qc: the cache
 * @vmflag: the client's VM_* flags
 * @caller: the client, for audit
 *
 * Never sleeps for it, whatever @vmflag says: a request that may sleep is to do
 * so for its own size, not for that of a slab.
 *
 * Context: any but NMI. Takes the arena lock and the cache's.
 * Return: the object, or 0 if there is no room or no memory.
 */
unsigned long vmem_slab_grow(struct vmem_qcache *qc, int vmflag,
			     unsigned long caller)
{
	struct vmem *vm = qc->vm;
	struct vmem_request req = {
		.size = vm->qcaches->slab_size,
		.taken = vm->qcaches->slab_size,
		.align = vm->space.quantum,
		.max = ULONG_MAX,
		.flags = VM_NOSLEEP | VM_ABORT | (vmflag & VM_PUSHPAGE),
		.caller = caller,
		.cached = true,
		.drawn = true,
		.quiet = true,
	};
	unsigned long irq, addr;
	struct vmem_slab *slab;

	if (!worth_a_try(vm))
		return 0;
	slab = kmem_cache_alloc(slab_cache, GFP_NOWAIT | __GFP_NOWARN);
	if (!slab)
		return 0;
	atomic_long_inc(&slab_count);
	slab->start = (unsigned long)vmem_serve(vm, &req);
	if (!slab->start) {
		slab_free(slab);
		return 0;
	}

	slab->key = granule(qc, slab->start);
	slab->free = all_free(qc);
	slab->nfree = qc->per_slab;
	spin_lock_irqsave(&qc->lock, irq);
	vmem_hash_add(&qc->slabs, &slab->hash, slab->key);
	list_in(qc, slab);
	qc->nslabs++;
	qc->nfree += qc->per_slab;
	addr = vmem_slab_object(qc, slab);
	spin_unlock_irqrestore(&qc->lock, irq);

	/* Who has searched meanwhile has not seen what is in it. */
	if (READ_ONCE(vm->hungry))
		vmem_slab_feed(qc);
	return addr;
}

/* Forget a slab. */
static void forget(struct vmem_qcache *qc, struct vmem_slab *slab)
{
	lockdep_assert_held(&qc->lock);
	list_out(qc, slab);
	vmem_hash_del(&slab->hash);
	qc->nslabs--;
	qc->nfree -= slab->nfree;
}

/* Give a forgotten, wholly free slab back to the arena. */
static void send_home(struct vmem_qcache *qc, struct vmem_slab *slab)
{
	unsigned long start = slab->start;

	slab_free(slab);
	vmem_release_cached(qc->vm, start, qc->vm->qcaches->slab_size);
}

/*
 * Turn a slab into segments: under both locks, so that whoever looks for an
 * object of it finds it in one or the other. Its stock is in hand.
 */
static void dissolve(struct vmem_qcache *qc, struct vmem_slab *slab)
{
	struct vmem_space *sp = &qc->vm->space;
	struct vmem_seg *seg;
	unsigned int i;

	lockdep_assert_held(&qc->lock);
	lockdep_assert_held(&sp->lock);
	seg = vmem_space_join(sp, vmem_space_find(sp, slab->start));
	for (i = 0; i < qc->per_slab; i++) {
		if (slab->free & (1ULL << i))
			continue;
		seg = vmem_space_cut(sp, seg, slab->start + i * qc->size,
				     qc->size);
		seg->cached = true;
		seg = vmem_seg_next(seg);
	}
}

/* The slab to dissolve next: the emptiest; with @all, any. */
static struct vmem_slab *candidate(struct vmem_qcache *qc, bool all)
{
	lockdep_assert_held(&qc->lock);
	if (!hlist_empty(&qc->empty))
		return hlist_entry(qc->empty.first, struct vmem_slab, list);
	if (qc->map)
		return hlist_entry(qc->partial[__fls(qc->map)].first,
				   struct vmem_slab, list);
	/* The end of a full one may be left over. */
	if (!all && qc->per_slab * qc->size == qc->vm->qcaches->slab_size)
		return NULL;
	return hlist_entry_safe(qc->full.first, struct vmem_slab, list);
}

/**
 * vmem_slab_dissolve_one - make what is free within a slab free in the arena
 * @qc: the cache
 * @all: also slabs without anything free
 * @vmflag: VM_SLEEP or VM_NOSLEEP: how to get segment structures
 *
 * Context: as @vmflag says. Takes the cache's lock and the arena's.
 * Return: whether there was one, and structures for it.
 */
bool vmem_slab_dissolve_one(struct vmem_qcache *qc, bool all, int vmflag)
{
	struct vmem *vm = qc->vm;
	struct vmem_space *sp = &vm->space;
	struct vmem_stock extra = {};
	struct vmem_loan loan = {};
	struct vmem_slab *slab;
	unsigned int cost;
	bool waited;
	unsigned long irq;

	/* Two structures for each cut; the slab may change while they are got. */
	for (;;) {
		spin_lock_irqsave(&qc->lock, irq);
		slab = candidate(qc, all);
		cost = slab ? 2 * (qc->per_slab - slab->nfree) : 0;
		if (!slab || extra.n >= cost)
			break;
		spin_unlock_irqrestore(&qc->lock, irq);
		if (!vmem_populate_extra(vm, &extra, cost, vmflag))
			return false;
	}
	if (!slab) {
		spin_unlock_irqrestore(&qc->lock, irq);
		vmem_stock_drain(&extra);
		return false;
	}

	forget(qc, slab);
	spin_lock(&sp->lock);
	vmem_stock_move(&sp->stock, &extra, extra.n);
	if (slab->nfree == qc->per_slab) {
		struct vmem_seg *seg;

		seg = vmem_space_join(sp, vmem_space_find(sp, slab->start));
		if (vmem_homesick(seg))
			vmem_return_span(vm, seg, &loan);
	} else {
		dissolve(qc, slab);
	}
	waited = vmem_waited_for(vm);
	vmem_trim(vm, &extra);
	spin_unlock(&sp->lock);
	spin_unlock_irqrestore(&qc->lock, irq);

	vmem_stock_drain(&extra);
	vmem_repay(&loan);
	if (waited)
		vmem_wake(vm);
	slab_free(slab);
	return true;
}

/**
 * vmem_slab_feed - make what is free within slabs free for those who wait
 * @qc: the cache of an arena that is hungry
 *
 * Context: any but NMI. As vmem_slab_dissolve_one().
 */
void vmem_slab_feed(struct vmem_qcache *qc)
{
	while (READ_ONCE(qc->vm->hungry) &&
	       vmem_slab_dissolve_one(qc, false, VM_NOSLEEP))
		;
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
		if (find(other, addr))
			size = other->size;
		spin_unlock_irqrestore(&other->lock, irq);
	}
	return size;
}

/**
 * vmem_slab_put - put an object back where it came from
 * @qc: the cache
 * @addr: the object
 *
 * Into its slab; to the arena if it came from there by itself. A slab that
 * becomes wholly free stays only if it is the only one, and nobody is in need.
 * Where somebody may be, vmem_slab_feed() is called when all is put.
 *
 * Context: any but NMI. Takes the cache's lock and the arena's; calls the
 * release function.
 */
void vmem_slab_put(struct vmem_qcache *qc, unsigned long addr)
{
	struct vmem *vm = qc->vm;
	struct vmem_slab *slab;
	const char *wrong = NULL;
	bool empty = false;
	unsigned long irq, size;

	spin_lock_irqsave(&qc->lock, irq);
	slab = find(qc, addr);
	if (slab) {
		wrong = check(qc, slab, addr);
		if (!wrong) {
			slab->free |= 1ULL << ((addr - slab->start) / qc->size);
			vmem_slab_move(qc, slab, slab->nfree + 1);
			qc->nfree++;
			qc->frees++;
		}
	}
	/* It is in the list of empty ones: alone? */
	if (slab && !wrong && slab->nfree == qc->per_slab) {
		empty = qc->nempty > 1 || READ_ONCE(vm->squeezed);
		if (empty)
			forget(qc, slab);
	}
	spin_unlock_irqrestore(&qc->lock, irq);

	if (empty)
		send_home(qc, slab);
	else if (wrong)
		vmem_misuse(vm, "vmem_free(addr=%#lx, size=%lu): %s", addr,
			    qc->size, wrong);
	if (slab)
		return;

	size = other_size(qc, addr);
	if (size)
		vmem_misuse(vm, "vmem_free(addr=%#lx, size=%lu): an object of size %lu is there",
			    addr, qc->size, size);
	else
		vmem_release_cached(vm, addr, qc->size);
}

/**
 * vmem_slab_release_empty - give wholly free slabs back to the arena
 * @qc: the cache
 * @idle_only: only those that were free at the last round of maintenance too
 *
 * Context: any but NMI. Takes the cache's lock and the arena's; calls the
 * release function.
 */
void vmem_slab_release_empty(struct vmem_qcache *qc, bool idle_only)
{
	struct vmem_slab *slab;
	unsigned long irq;

	for (;;) {
		spin_lock_irqsave(&qc->lock, irq);
		slab = hlist_entry_safe(qc->empty.first, struct vmem_slab,
					list);
		if (slab && idle_only && !slab->idle) {
			slab->idle = true;
			slab = NULL;
		}
		if (slab)
			forget(qc, slab);
		spin_unlock_irqrestore(&qc->lock, irq);
		if (!slab)
			return;
		send_home(qc, slab);
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
