// SPDX-License-Identifier: GPL-2.0
/*
 * Freeing: find the segment by its address and join it with its neighbours. What
 * follows from that, an imported span that goes home or a waiter that is woken, is in
 * release.c.
 */
#include <linux/export.h>

#include "../qcache/fast.h"
#include "../report/misuse.h"
#include "../report/trace.h"
#include "free.h"
#include "release.h"

/* Report a wrong free. @allocated: how much is allocated there, 0: nothing. */
void vmem_free_refuse(struct vmem *vm, const char *who, unsigned long addr,
		      size_t size, unsigned long allocated)
{
	if (allocated == size)
		vmem_misuse(vm,
			    "%s(addr=%#lx, size=%zu): not by the function that goes with the one that allocated it",
			    who, addr, size);
	else if (allocated)
		vmem_misuse(vm, "%s(addr=%#lx, size=%zu): %lu were allocated",
			    who, addr, size, allocated);
	else
		vmem_misuse(vm,
			    "%s(addr=%#lx, size=%zu): no allocation begins there",
			    who, addr, size);
}

/* The free makes an imported span wholly free, or the arena is observed. */
static noinline void release_rest(struct vmem *vm, struct vmem_seg *seg,
				  unsigned long irq)
	__releases(&vm->space.lock)
{
	struct vmem_home home = {};

	vmem_freed(vm, seg, &home, irq);
	vmem_send_home(&home);
}

/* A free in an arena that is observed, or has more structures than is good. */
static noinline void release_slow(struct vmem *vm, unsigned long addr,
				  size_t size, const char *who,
				  unsigned long irq)
	__releases(&vm->space.lock)
{
	struct vmem_seg *seg = vmem_space_find(&vm->space, addr);
	unsigned long allocated = seg ? seg->size : 0;

	if (likely(seg && allocated == size && !seg->cached)) {
		/* Under the lock: the event precedes that of the next allocation. */
		trace_vmem_free(vm, addr, size, false);
		release_rest(vm, vmem_space_join(&vm->space, seg), irq);
		return;
	}
	spin_unlock_irqrestore(&vm->space.lock, irq);
	vmem_free_refuse(vm, who, addr, size, allocated);
}

static __always_inline void release(struct vmem *vm, unsigned long addr,
				    size_t size, const char *who)
{
	struct vmem_space *sp = &vm->space;
	struct vmem_seg *seg;
	unsigned long irq;

	spin_lock_irqsave(&sp->lock, irq);
	if (unlikely(sp->stock.n >= sp->quick_most))
		goto slow;
	seg = vmem_space_find_quick(sp, addr);
	if (unlikely(!seg || seg->size != size || seg->cached))
		goto slow;
	seg = vmem_space_join_known(sp, seg, addr, size, true);
	/* The span may be wholly free. */
	if (unlikely(vmem_leads_import(seg)))
		release_rest(vm, seg, irq);
	else
		spin_unlock_irqrestore(&sp->lock, irq);
	return;
slow:
	release_slow(vm, addr, size, who, irq);
}

/**
 * vmem_xfree - free what vmem_xalloc() returned
 * @vm: the arena
 * @addr: the first integer
 * @size: the size that was asked for
 *
 * Constant time. An imported span that is wholly free afterwards goes back to
 * the source before this returns, if the arena has a release function.
 *
 * Context: any but NMI (on PREEMPT_RT where kmem_cache_free() may be called).
 * Takes the arena lock; calls the release function without it.
 */
void vmem_xfree(vmem_t *vm, void *addr, size_t size)
{
	release(vm, (unsigned long)addr, size, __func__);
}
EXPORT_SYMBOL_GPL(vmem_xfree);

/* Not inlined, so that a cached size need not save registers for it. */
static noinline void free_uncached(struct vmem *vm, unsigned long addr,
				   size_t size)
{
	release(vm, addr, size, "vmem_free");
}

/**
 * vmem_free - free what vmem_alloc() returned
 * @vm: the arena
 * @addr: the first integer
 * @size: the size that was asked for
 *
 * A cached size goes to this CPU's magazine; the rest is constant time, as
 * vmem_xfree().
 *
 * Context: as vmem_xfree().
 */
void vmem_free(vmem_t *vm, void *addr, size_t size)
{
	if (size - 1 < vm->cached_max) {
		if (unlikely(!vmem_qcache_push(vm, (unsigned long)addr, size)))
			vmem_qcache_free(vm, (unsigned long)addr, size);
		return;
	}
	free_uncached(vm, (unsigned long)addr, size);
}
EXPORT_SYMBOL_GPL(vmem_free);
