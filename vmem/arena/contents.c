// SPDX-License-Identifier: GPL-2.0
/*
 * The contents of an arena: vmem_add(), vmem_contains(), vmem_size(),
 * vmem_get_stats() and vmem_walk().
 */
#include <linux/export.h>
#include <linux/kernel.h>
#include <linux/sched.h>

#include "../report/report.h"
#include "populate.h"
#include "wait.h"

/* Returns the error, or NULL. */
static const char *add_check(const struct vmem *vm, unsigned long start,
			     unsigned long size)
{
	if (!start)
		return "a span must not begin at 0";
	if (!size)
		return "a span must not be empty";
	if ((start | size) & (vm->segmap.quantum - 1))
		return "a span must be a multiple of the quantum";
	if (start + size - 1 < start)
		return "a span must not wrap";
	return NULL;
}

/**
 * vmem_add - add a span to an arena
 * @vm: the arena
 * @addr: first integer of the span, a multiple of the quantum; not NULL
 * @size: number of integers, a multiple of the quantum; the last integer may be
 *	ULONG_MAX
 * @vmflag: VM_SLEEP or VM_NOSLEEP, and VM_PUSHPAGE
 *
 * Adjacent spans do not merge: no allocation extends from one span into
 * another. Wakes a waiter that the span may serve.
 *
 * Context: with VM_NOSLEEP any but NMI; else task, sleeping allowed. Takes the
 * arena lock.
 *
 * Return: @addr; NULL if there is no memory for segment structures (with
 * VM_NOSLEEP), and on misuse: unknown flags, or a span that is empty, begins at
 * 0, is not a multiple of the quantum, wraps, or overlaps another span.
 */
void *vmem_add(vmem_t *vm, void *addr, size_t size, int vmflag)
{
	unsigned long start = (unsigned long)addr;
	struct vmem_segmap *sm = &vm->segmap;
	const char *wrong = add_check(vm, start, size);
	bool enough = false;
	unsigned long irq;

	might_sleep_if(!(vmflag & VM_NOSLEEP));
	if (vmflag & ~VM_FLAGS)
		wrong = "unknown flags";
	if (!wrong) {
		spin_lock_irqsave(&sm->lock, irq);
		enough = vmem_populate(vm, VMEM_SPAN_COST, vmflag, NULL, &irq);
		if (enough && vmem_span_overlaps(sm, start, size))
			wrong = "the span overlaps another span";
		else if (enough)
			vmem_span_add(sm, start, size, false);
		spin_unlock_irqrestore(&sm->lock, irq);
	}
	if (wrong) {
		vmem_misuse(vm, "%s(addr=%#lx, size=%zu, vmflag=%#x): %s",
			    __func__, start, size, vmflag, wrong);
		return NULL;
	}
	if (!enough)
		return NULL;
	vmem_signal(vm, size);
	return addr;
}
EXPORT_SYMBOL_GPL(vmem_add);

/**
 * vmem_contains - is a range part of an arena?
 * @vm: the arena
 * @addr: first integer of the range
 * @size: number of integers
 *
 * Takes logarithmic time in the number of spans.
 *
 * Context: any but NMI. Takes the arena lock.
 * Return: non-zero iff the whole range lies inside one span, allocated or not;
 * 0 for an empty or wrapping range.
 */
int vmem_contains(vmem_t *vm, void *addr, size_t size)
{
	unsigned long start = (unsigned long)addr;
	unsigned long last = start + size - 1;
	struct vmem_segmap *sm = &vm->segmap;
	struct vmem_seg *span = NULL;
	unsigned long irq;
	int inside = 0;

	spin_lock_irqsave(&sm->lock, irq);
	sm->stats.contains++;
	if (size && last >= start)
		span = vmem_span_find(sm, start, &sm->stats.contains_search);
	if (span)
		inside = last <= vmem_seg_last(span);
	spin_unlock_irqrestore(&sm->lock, irq);
	return inside;
}
EXPORT_SYMBOL_GPL(vmem_contains);

/**
 * vmem_size - the number of allocated integers, of free integers, or of all
 * @vm: the arena
 * @typemask: VMEM_ALLOC selects the sum of the requested sizes of the allocated
 *	segments. VMEM_FREE selects all other integers; they include the slack
 *	of sizes that are not a multiple of the quantum. Both flags select all
 *	integers.
 *
 * Context: any but NMI. Takes the arena lock.
 * Return: the number of integers.
 */
size_t vmem_size(vmem_t *vm, int typemask)
{
	struct vmem_segmap *sm = &vm->segmap;
	unsigned long irq;
	size_t size = 0;

	spin_lock_irqsave(&sm->lock, irq);
	if (typemask & VMEM_ALLOC)
		size += sm->stats.mem_inuse;
	if (typemask & VMEM_FREE)
		size += sm->stats.mem_total - sm->stats.mem_inuse;
	spin_unlock_irqrestore(&sm->lock, irq);
	return size;
}
EXPORT_SYMBOL_GPL(vmem_size);

/**
 * vmem_get_stats - get the statistics of an arena
 * @vm: the arena
 * @stats: set to a consistent snapshot
 *
 * Context: any but NMI. Takes the arena lock.
 */
void vmem_get_stats(vmem_t *vm, struct vmem_stats *stats)
{
	struct vmem_segmap *sm = &vm->segmap;
	unsigned long irq;

	spin_lock_irqsave(&sm->lock, irq);
	*stats = sm->stats;
	stats->quantum = sm->quantum;
	stats->spans = sm->nspans;
	stats->buckets = 1UL << sm->hash.bits;
	stats->waiters = vm->waiters;
	spin_unlock_irqrestore(&sm->lock, irq);
}
EXPORT_SYMBOL_GPL(vmem_get_stats);

/* Walk in one hold of the lock. */
static void walk_locked(struct vmem *vm, unsigned int types,
			void (*func)(void *arg, void *start, size_t size),
			void *arg)
{
	struct vmem_segmap *sm = &vm->segmap;
	struct vmem_seg *seg;
	unsigned long irq;

	spin_lock_irqsave(&sm->lock, irq);
	hlist_for_each_entry(seg, &sm->list, order)
		if (seg->type & types)
			func(arg, (void *)seg->start, seg->size);
	spin_unlock_irqrestore(&sm->lock, irq);
}

/* Walk, with the lock dropped around each call of @func. */
static void walk_reentrant(struct vmem *vm, unsigned int types,
			   void (*func)(void *arg, void *start, size_t size),
			   void *arg)
{
	struct vmem_segmap *sm = &vm->segmap;
	struct vmem_cursor cur;
	struct vmem_seg *seg;

	spin_lock_irq(&sm->lock);
	vmem_cursor_open(sm, &cur, vmem_segmap_first(sm));
	while (!vmem_segmap_is_end(sm, seg = vmem_cursor_seg(sm, &cur))) {
		bool wanted = seg->type & types;
		unsigned long start = seg->start;
		unsigned long size = seg->size;

		vmem_cursor_set(&cur, vmem_seg_next(seg));
		spin_unlock_irq(&sm->lock);
		if (wanted)
			func(arg, (void *)start, size);
		cond_resched();
		spin_lock_irq(&sm->lock);
	}
	vmem_cursor_close(sm, &cur);
	spin_unlock_irq(&sm->lock);
}

/**
 * vmem_walk - call a function for each segment
 * @vm: the arena
 * @typemask: VMEM_ALLOC, VMEM_FREE or both; and VMEM_REENTRANT
 * @func: gets @arg, the first integer and the size of the segment; the size of
 *	an allocated segment is the size that the client requested
 * @arg: for @func
 *
 * Visits the spans in the order in which they were added, and the segments of
 * each span by address.
 *
 * Without VMEM_REENTRANT the walk sees a consistent snapshot. It holds the
 * arena lock, with interrupts off, for a time that is linear in the number of
 * segments. @func must not sleep, and must not call functions of vmem for the
 * arena.
 *
 * With VMEM_REENTRANT the walk drops the lock around each call. @func may
 * sleep, and may allocate from the arena and free to it. A segment of a
 * selected type that does not change during the walk is visited exactly once.
 *
 * Context: any but NMI; with VMEM_REENTRANT task context, sleeping allowed.
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
