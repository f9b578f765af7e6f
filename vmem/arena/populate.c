// SPDX-License-Identifier: GPL-2.0
/*
 * Where the segment structures of an arena come from, and how hard to try.
 *
 * The slab allocator does not call vmem, so there is no recursion to break. What
 * remains is memory itself: a request must not wait for memory that only it can
 * set free. VM_SLEEP has the kernel's no-fail allocation, VM_NOSLEEP what is
 * there. A populator arena keeps VMEM_RESERVE structures that only requests on
 * the way to freeing memory use: VM_PUSHPAGE before it asks the slab allocator,
 * VM_NOSLEEP when that has nothing, and tasks that are reclaiming memory, which
 * may not insist on getting any.
 */
#include <linux/export.h>
#include <linux/sched.h>

#include "maintain.h"
#include "populate.h"
#include "wait.h"

/* Structures to get at a time, and how many more than that to keep. */
#define BATCH	16
#define SURPLUS	48

/* More allocated segments than this in a bucket: rescale before it is time. */
#define CROWDED	8

/* Tasks that are asking the slab allocator and may block. */
static LIST_HEAD(populators);
static DEFINE_SPINLOCK(populators_lock);

struct populator {
	struct list_head link;
	struct task_struct *task;
};

/**
 * vmem_is_populator - is this task getting segment structures for vmem?
 *
 * The function by which an arena imports can ask whether it is being called, by
 * way of memory reclaim, on behalf of vmem itself, and avoid to recurse.
 *
 * Context: any but NMI. In an interrupt it says no, since it asks about tasks.
 * Return: non-zero iff the calling task is at this moment obtaining segment
 * structures.
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

/* Get structures, and let it be known meanwhile that this task does. */
static void fill_blocking(struct vmem_stock *stock, unsigned int n, gfp_t gfp)
{
	struct populator p = { .task = current };

	spin_lock_irq(&populators_lock);
	list_add(&p.link, &populators);
	spin_unlock_irq(&populators_lock);

	vmem_stock_fill(stock, n, gfp);

	spin_lock_irq(&populators_lock);
	list_del(&p.link);
	spin_unlock_irq(&populators_lock);
}

static gfp_t gfp_atomic(int vmflag)
{
	gfp_t gfp = GFP_NOWAIT | __GFP_NOWARN;

	return vmflag & VM_PUSHPAGE ? gfp | __GFP_HIGH : gfp;
}

static gfp_t gfp_blocking(int vmflag)
{
	gfp_t gfp = vmflag & VM_PUSHPAGE ? GFP_NOIO | __GFP_HIGH : GFP_KERNEL;

	/* A task that reclaims memory must not insist on getting some. */
	return gfp | (current->flags & PF_MEMALLOC ? __GFP_NOWARN
						   : __GFP_NOFAIL);
}

/* The part of vmem_populate() that has to do something. */
bool vmem_populate_slow(struct vmem *vm, unsigned int need, int vmflag,
			struct vmem_waiter *w, unsigned long *irq)
	__must_hold(&vm->space.lock)
{
	struct vmem_space *sp = &vm->space;
	unsigned int full = need + sp->stock_low - VMEM_CUT_COST;

	for (;;) {
		struct vmem_stock got = {};
		bool crowded;

		lockdep_assert_held(&sp->lock);
		if (sp->stock.n >= full)
			return true;
		if (vmflag & VM_PUSHPAGE && sp->stock.n >= need)
			return true;

		crowded = vmem_space_allocated(sp) >> sp->hash.bits >= CROWDED &&
			  !sp->hash.old;
		spin_unlock_irqrestore(&sp->lock, *irq);
		if (crowded)
			vmem_rescale_soon(vm);
		vmem_stock_fill(&got, full + BATCH, gfp_atomic(vmflag));
		spin_lock_irqsave(&sp->lock, *irq);
		vmem_stock_move(&sp->stock, &got, got.n);
		if (sp->stock.n >= full)
			return true;

		if (vmflag & VM_NOSLEEP || current->flags & PF_MEMALLOC) {
			if (sp->stock.n >= need)
				return true;
		}
		if (vmflag & VM_NOSLEEP) {
			sp->stats.populate_fail++;
			return false;
		}

		sp->stats.populate_wait++;
		spin_unlock_irqrestore(&sp->lock, *irq);
		if (w)
			vmem_waiter_suspend(w);
		fill_blocking(&got, full, gfp_blocking(vmflag));
		spin_lock_irqsave(&sp->lock, *irq);
		vmem_stock_move(&sp->stock, &got, got.n);
		if (sp->stock.n >= need)
			continue;

		sp->stats.populate_fail++;
		vmem_wait_for_structures(vm, need, vmflag, irq);
	}
}

/**
 * vmem_populate_ways - have structures in stock for waypoints, too
 * @vm: the arena, locked; the lock is dropped meanwhile
 * @irq: the interrupt state of the caller's spin_lock_irqsave()
 *
 * As many as can be had without trying.
 */
void vmem_populate_ways(struct vmem *vm, unsigned long *irq)
	__must_hold(&vm->space.lock)
{
	struct vmem_space *sp = &vm->space;
	struct vmem_stock got = {};

	lockdep_assert_held(&sp->lock);
	sp->ways_wanted = false;
	spin_unlock_irqrestore(&sp->lock, *irq);
	vmem_stock_fill(&got, BATCH, gfp_atomic(0));
	spin_lock_irqsave(&sp->lock, *irq);
	vmem_stock_move(&sp->stock, &got, got.n);
}

/* Say how large the stock of a fresh arena shall be. */
void vmem_populate_init(struct vmem *vm)
{
	struct vmem_space *sp = &vm->space;

	sp->stock_low = VMEM_CUT_COST;
	if (vm->flags & VMC_POPULATOR)
		sp->stock_low += VMEM_RESERVE;
	sp->stock_high = sp->stock_low + SURPLUS;
	vmem_space_watch(sp, 0);
}
