// SPDX-License-Identifier: GPL-2.0
/*
 * Freeing: find the segment by its address, join it with its neighbours, send a
 * span home that is free as a whole, wake those who wait.
 */
#include <linux/export.h>

#include "../report/misuse.h"
#include "import.h"
#include "populate.h"
#include "wait.h"

/* Tell what was wrong with a free. @size is that of the segment, 0: none. */
static noinline void refuse(struct vmem *vm, const char *who,
			    unsigned long addr, size_t size,
			    unsigned long allocated)
{
	if (allocated)
		vmem_misuse(vm, "%s(addr=%#lx, size=%zu): %lu were allocated",
			    who, addr, size, allocated);
	else
		vmem_misuse(vm,
			    "%s(addr=%#lx, size=%zu): no allocation begins there",
			    who, addr, size);
}

/* Is the free segment @seg all of a span that came from the source? */
static inline bool homesick(const struct vmem_seg *seg)
{
	const struct vmem_seg *span = vmem_seg_prev(seg);

	return unlikely(span->type == VMEM_SPAN && span->imported) &&
	       vmem_seg_next(seg)->type == VMEM_SPAN;
}

/* What few frees have to do after @seg became free. Drops the arena lock. */
static noinline void aftermath(struct vmem *vm, struct vmem_seg *seg,
			       unsigned long irq)
	__releases(&vm->space.lock)
{
	struct vmem_stock surplus = {};
	struct vmem_loan loan = {};
	bool waited;

	if (homesick(seg))
		vmem_return_span(vm, seg, &loan);
	waited = vmem_waited_for(vm);
	vmem_trim(vm, &surplus);
	spin_unlock_irqrestore(&vm->space.lock, irq);

	vmem_stock_drain(&surplus);
	vmem_repay(&loan);
	if (waited)
		vmem_wake(vm);
}

static __always_inline void release(struct vmem *vm, unsigned long addr,
				    size_t size, const char *who)
{
	struct vmem_space *sp = &vm->space;
	struct vmem_seg *seg;
	unsigned long irq;

	spin_lock_irqsave(&sp->lock, irq);
	seg = vmem_hash_find(&sp->hash, addr, &sp->stats.lookup);
	if (unlikely(!seg || seg->size != size)) {
		unsigned long allocated = seg ? seg->size : 0;

		spin_unlock_irqrestore(&sp->lock, irq);
		refuse(vm, who, addr, size, allocated);
		return;
	}
	seg = vmem_space_join(sp, seg);
	if (unlikely(homesick(seg) || vmem_waited_for(vm) || vmem_overstocked(vm)))
		aftermath(vm, seg, irq);
	else
		spin_unlock_irqrestore(&sp->lock, irq);
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

/**
 * vmem_free - free what vmem_alloc() returned
 * @vm: the arena
 * @addr: the first integer
 * @size: the size that was asked for
 *
 * Constant time, as vmem_xfree().
 *
 * Context: as vmem_xfree().
 */
void vmem_free(vmem_t *vm, void *addr, size_t size)
{
	release(vm, (unsigned long)addr, size, __func__);
}
EXPORT_SYMBOL_GPL(vmem_free);
