// SPDX-License-Identifier: GPL-2.0
/*
 * Segment structures for an arena: the refill of the pool, the flags of its
 * allocations, and the use of the reserve.
 *
 * The slab allocator does not allocate from vmem, so a refill does not recurse.
 * But a request must not wait for memory that can only be freed after this
 * request has ended. All requests first allocate with GFP_NOWAIT. VM_SLEEP
 * requests then allocate with __GFP_NOFAIL, except in tasks that reclaim
 * memory. An arena with VMC_POPULATOR keeps a reserve of VMEM_RESERVE
 * structures. These requests use the reserve:
 *
 * - VM_PUSHPAGE requests, before they allocate from the slab allocator;
 * - VM_NOSLEEP requests, if the slab allocator has no memory;
 * - requests of tasks that reclaim memory, if the slab allocator has no memory.
 */
#include <linux/export.h>
#include <linux/sched.h>

#include "populate.h"
#include "wait.h"

/* BATCH: extra structures of a refill. SURPLUS: pool_high minus pool_low. */
#define BATCH	16
#define SURPLUS	48

/* At this number of segments per bucket, queue a rescale at once. */
#define CROWDED	8

/* Tasks that are in a blocking allocation of structures. */
static LIST_HEAD(populators);
static DEFINE_SPINLOCK(populators_lock);	/* protects the list */

/**
 * struct populator - a task that allocates structures
 * @link: node in @populators, whose lock protects it
 * @task: the task. Constant.
 */
struct populator {
	struct list_head link;
	struct task_struct *task;
};

/**
 * vmem_is_populator - does this task allocate segment structures for vmem?
 *
 * When vmem allocates segment structures, memory reclaim may call an import
 * function. The import function can call vmem_is_populator() to detect this
 * case and avoid a recursion.
 *
 * Context: any but NMI.
 * Return: non-zero iff the calling task is allocating segment structures; 0 in
 * an interrupt.
 */
int vmem_is_populator(void)
{
	struct populator *p;
	unsigned long irq;
	int found = 0;

	if (!in_task())
		return 0;

	spin_lock_irqsave(&populators_lock, irq);
	list_for_each_entry(p, &populators, link) {
		if (p->task == current) {
			found = 1;
			break;
		}
	}
	spin_unlock_irqrestore(&populators_lock, irq);
	return found;
}
EXPORT_SYMBOL_GPL(vmem_is_populator);

/* Allocate structures, with the task in @populators. */
static void populate_blocking(struct vmem_seg_pool *pool, unsigned int n, gfp_t gfp)
{
	struct populator p = { .task = current };

	spin_lock_irq(&populators_lock);
	list_add(&p.link, &populators);
	spin_unlock_irq(&populators_lock);

	vmem_seg_pool_fill(pool, n, gfp);

	spin_lock_irq(&populators_lock);
	list_del(&p.link);
	spin_unlock_irq(&populators_lock);
}

static gfp_t populate_gfp_atomic(int vmflag)
{
	gfp_t gfp = GFP_NOWAIT | __GFP_NOWARN;

	return vmflag & VM_PUSHPAGE ? gfp | __GFP_HIGH : gfp;
}

static gfp_t populate_gfp_blocking(int vmflag)
{
	gfp_t gfp = vmflag & VM_PUSHPAGE ? GFP_NOIO | __GFP_HIGH : GFP_KERNEL;

	/* A task that reclaims memory must not wait for memory. */
	return gfp | (current->flags & PF_MEMALLOC ? __GFP_NOWARN
						   : __GFP_NOFAIL);
}

/* vmem_populate() if the pool holds too few structures. */
bool vmem_populate_slow(struct vmem *vm, unsigned int need, int vmflag,
			struct vmem_waiter *w, unsigned long *irq)
	__must_hold(&vm->segmap.lock)
{
	struct vmem_segmap *sm = &vm->segmap;
	unsigned int full = need + sm->pool_low - VMEM_CUT_COST;

	for (;;) {
		struct vmem_seg_pool got = {};
		bool crowded;

		lockdep_assert_held(&sm->lock);
		if (sm->pool.n >= full)
			return true;
		if (vmflag & VM_PUSHPAGE && sm->pool.n >= need)
			return true;

		crowded = vmem_segmap_nr_allocated(sm) >> sm->hash.bits >= CROWDED &&
			  !sm->hash.old;
		spin_unlock_irqrestore(&sm->lock, *irq);
		if (crowded)
			vmem_rescale_soon(vm);
		vmem_seg_pool_fill(&got, full + BATCH, populate_gfp_atomic(vmflag));
		spin_lock_irqsave(&sm->lock, *irq);
		vmem_seg_pool_move(&sm->pool, &got, got.n);
		if (sm->pool.n >= full)
			return true;

		if (vmflag & VM_NOSLEEP || current->flags & PF_MEMALLOC) {
			if (sm->pool.n >= need)
				return true;
		}
		if (vmflag & VM_NOSLEEP) {
			sm->stats.populate_fail++;
			return false;
		}

		sm->stats.populate_wait++;
		spin_unlock_irqrestore(&sm->lock, *irq);
		if (w)
			vmem_waiter_suspend(w);
		populate_blocking(&got, full, populate_gfp_blocking(vmflag));
		spin_lock_irqsave(&sm->lock, *irq);
		vmem_seg_pool_move(&sm->pool, &got, got.n);
		if (sm->pool.n >= need)
			continue;

		sm->stats.populate_fail++;
		vmem_wait_for_structures(vm, need, vmflag, irq);
	}
}

/**
 * vmem_populate_hints - add structures for hints to the pool
 * @vm: the arena, locked; the lock is dropped during the allocation
 * @irq: interrupt state of the caller's spin_lock_irqsave()
 *
 * Best effort, with GFP_NOWAIT.
 */
void vmem_populate_hints(struct vmem *vm, unsigned long *irq)
	__must_hold(&vm->segmap.lock)
{
	struct vmem_segmap *sm = &vm->segmap;
	struct vmem_seg_pool got = {};

	lockdep_assert_held(&sm->lock);
	sm->hints_wanted = false;
	spin_unlock_irqrestore(&sm->lock, *irq);
	vmem_seg_pool_fill(&got, BATCH, populate_gfp_atomic(0));
	spin_lock_irqsave(&sm->lock, *irq);
	vmem_seg_pool_move(&sm->pool, &got, got.n);
}

/* Set the bounds of the pool of an arena. */
void vmem_populate_init(struct vmem *vm)
{
	struct vmem_segmap *sm = &vm->segmap;

	sm->pool_low = VMEM_CUT_COST;
	if (vm->flags & VMC_POPULATOR)
		sm->pool_low += VMEM_RESERVE;
	sm->pool_high = sm->pool_low + SURPLUS;
	vmem_segmap_observe(sm, 0);
}
