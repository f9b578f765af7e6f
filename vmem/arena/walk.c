// SPDX-License-Identifier: GPL-2.0
/*
 * Walks over the segments of an arena.
 */
#include <linux/export.h>
#include <linux/kernel.h>
#include <linux/sched.h>

#include "../report/misuse.h"
#include "arena.h"

/* One hold of the lock from end to end. */
static void walk_locked(struct vmem *vm, unsigned int types,
			void (*func)(void *arg, void *start, size_t size),
			void *arg)
{
	struct vmem_space *sp = &vm->space;
	struct vmem_seg *seg;
	unsigned long irq;

	spin_lock_irqsave(&sp->lock, irq);
	hlist_for_each_entry(seg, &sp->list, order)
		if (seg->type & types)
			func(arg, (void *)seg->start, seg->size);
	spin_unlock_irqrestore(&sp->lock, irq);
}

/* A cursor keeps the place while the lock is dropped. */
static void walk_reentrant(struct vmem *vm, unsigned int types,
			   void (*func)(void *arg, void *start, size_t size),
			   void *arg)
{
	struct vmem_space *sp = &vm->space;
	struct vmem_cursor cur;
	struct vmem_seg *seg;

	spin_lock_irq(&sp->lock);
	vmem_cursor_open(sp, &cur, vmem_space_first(sp));
	while (!vmem_space_end(sp, seg = vmem_cursor_seg(sp, &cur))) {
		bool wanted = seg->type & types;
		unsigned long start = seg->start;
		unsigned long size = seg->size;

		vmem_cursor_set(&cur, vmem_seg_next(seg));
		spin_unlock_irq(&sp->lock);
		if (wanted)
			func(arg, (void *)start, size);
		cond_resched();
		spin_lock_irq(&sp->lock);
	}
	vmem_cursor_close(sp, &cur);
	spin_unlock_irq(&sp->lock);
}

/**
 * vmem_walk - call a function for each segment
 * @vm: the arena
 * @typemask: VMEM_ALLOC, VMEM_FREE or both; and VMEM_REENTRANT
 * @func: gets @arg, the first integer and the size of the segment: for an
 *	allocated one the size that was asked for
 * @arg: for @func
 *
 * In list order: the spans in the order in which they came, in each the segments
 * by address.
 *
 * Plain, the walk is one consistent snapshot under one hold of the arena lock,
 * interrupts off: @func must not sleep nor call back into the arena, and the hold
 * is as long as the arena has segments. With VMEM_REENTRANT the lock is dropped
 * around each call: @func may allocate from and free to the same arena and may
 * sleep; each segment that stays untouched during the walk is seen exactly once.
 *
 * Context: plain any but NMI; with VMEM_REENTRANT task context, sleeping allowed.
 */
void vmem_walk(vmem_t *vm, int typemask,
	       void (*func)(void *arg, void *start, size_t size), void *arg)
{
	unsigned int types = typemask & ~VMEM_REENTRANT;

	if (types & ~(VMEM_ALLOC | VMEM_FREE)) {
		vmem_misuse(vm, "%s(typemask=%#x): unknown types", __func__,
			    typemask);
		return;
	}
	if (typemask & VMEM_REENTRANT) {
		might_sleep();
		walk_reentrant(vm, types, func, arg);
	} else {
		walk_locked(vm, types, func, arg);
	}
}
EXPORT_SYMBOL_GPL(vmem_walk);
