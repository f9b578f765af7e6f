// SPDX-License-Identifier: GPL-2.0
/*
 * An arena as a set: adding to it, asking what is in it and how much.
 */
#include <linux/export.h>

#include "../report/misuse.h"
#include "populate.h"
#include "wait.h"

/* What is wrong with a span, or NULL. */
static const char *check(const struct vmem *vm, unsigned long start,
			 unsigned long size)
{
	if (!start)
		return "a span must not begin at 0";
	if (!size)
		return "a span must not be empty";
	if ((start | size) & (vm->space.quantum - 1))
		return "a span must be a multiple of the quantum";
	if (start + size - 1 < start)
		return "a span must not wrap";
	return NULL;
}

/**
 * vmem_add - add a span to an arena
 * @vm: the arena
 * @addr: its first integer, a multiple of the quantum; not NULL
 * @size: how many integers, a multiple of the quantum; the span may end at the
 *	very top of the word
 * @vmflag: VM_SLEEP or VM_NOSLEEP, and VM_PUSHPAGE
 *
 * Spans that touch are not joined: no allocation goes from one into the next.
 * Wakes a waiter that it may serve.
 *
 * Context: as @vmflag says: with VM_NOSLEEP any but NMI. Takes the arena lock.
 *
 * Return: @addr; NULL if no segment structures could be had, and on misuse: a
 * span that is empty, begins at 0, is off the quantum, wraps, or overlaps one
 * that is there.
 */
void *vmem_add(vmem_t *vm, void *addr, size_t size, int vmflag)
{
	unsigned long start = (unsigned long)addr;
	struct vmem_space *sp = &vm->space;
	const char *wrong = check(vm, start, size);
	bool enough = false;
	unsigned long irq;

	might_sleep_if(!(vmflag & VM_NOSLEEP));
	if (vmflag & ~VM_FLAGS)
		wrong = "unknown flags";
	if (!wrong) {
		spin_lock_irqsave(&sp->lock, irq);
		enough = vmem_populate(vm, VMEM_SPAN_COST, vmflag, NULL, &irq);
		if (enough && vmem_span_overlaps(sp, start, size))
			wrong = "the span overlaps one that is there";
		else if (enough)
			vmem_span_add(sp, start, size, false);
		spin_unlock_irqrestore(&sp->lock, irq);
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
 * @size: how many
 *
 * Takes a number of steps that grows with the logarithm of the number of spans.
 *
 * Context: any but NMI. Takes the arena lock.
 * Return: non-zero iff the whole range lies inside one span, allocated or not; 0
 * for an empty or wrapping range.
 */
int vmem_contains(vmem_t *vm, void *addr, size_t size)
{
	unsigned long start = (unsigned long)addr;
	unsigned long last = start + size - 1;
	struct vmem_space *sp = &vm->space;
	struct vmem_seg *span = NULL;
	unsigned long irq;
	int inside = 0;

	spin_lock_irqsave(&sp->lock, irq);
	sp->stats.contains++;
	if (size && last >= start)
		span = vmem_span_find(sp, start, &sp->stats.contains_search);
	if (span)
		inside = last <= vmem_seg_last(span);
	spin_unlock_irqrestore(&sp->lock, irq);
	return inside;
}
EXPORT_SYMBOL_GPL(vmem_contains);

/**
 * vmem_size - how much an arena holds
 * @vm: the arena
 * @typemask: VMEM_ALLOC: what is in use; VMEM_FREE: the total less what is in
 *	use, so that the slack of sizes off the quantum counts as free; both: the
 *	total
 *
 * Context: any but NMI. Takes the arena lock.
 * Return: the number of integers.
 */
size_t vmem_size(vmem_t *vm, int typemask)
{
	struct vmem_space *sp = &vm->space;
	unsigned long irq;
	size_t size = 0;

	spin_lock_irqsave(&sp->lock, irq);
	if (typemask & VMEM_ALLOC)
		size += sp->stats.mem_inuse;
	if (typemask & VMEM_FREE)
		size += sp->stats.mem_total - sp->stats.mem_inuse;
	spin_unlock_irqrestore(&sp->lock, irq);
	return size;
}
EXPORT_SYMBOL_GPL(vmem_size);

/**
 * vmem_get_stats - the statistics of an arena
 * @vm: the arena
 * @stats: where to put them: a consistent snapshot
 *
 * Context: any but NMI. Takes the arena lock.
 */
void vmem_get_stats(vmem_t *vm, struct vmem_stats *stats)
{
	struct vmem_space *sp = &vm->space;
	unsigned long irq;

	spin_lock_irqsave(&sp->lock, irq);
	*stats = sp->stats;
	stats->quantum = sp->quantum;
	stats->spans = sp->nspans;
	stats->buckets = 1UL << sp->hash.bits;
	stats->waiters = vm->waiters;
	spin_unlock_irqrestore(&sp->lock, irq);
}
EXPORT_SYMBOL_GPL(vmem_get_stats);
