/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Refilling and trimming the segment pool of an arena.
 */
#ifndef _VMEM_ARENA_POPULATE_H
#define _VMEM_ARENA_POPULATE_H

#include "../arena.h"

struct vmem_waiter;

bool vmem_populate_slow(struct vmem *vm, unsigned int need, int vmflag,
			struct vmem_waiter *w, unsigned long *irq);

/**
 * vmem_populate - refill the pool for an operation
 * @vm: the arena, locked
 * @need: upper bound of the number of structures that the operation takes
 * @vmflag: the client's VM_* flags
 * @w: the waiter of the request, or NULL; the waiter stops listening before
 *	this function blocks
 * @irq: interrupt state of the caller's spin_lock_irqsave()
 *
 * May drop the arena lock and take it again, so the arena may have changed.
 *
 * Return: true if the pool holds @need structures; always true with VM_SLEEP.
 */
static inline bool vmem_populate(struct vmem *vm, unsigned int need, int vmflag,
				 struct vmem_waiter *w, unsigned long *irq)
{
	unsigned int extra = vm->segmap.pool_low - VMEM_CUT_COST;

	if (likely(vm->segmap.pool.n >= need + extra))
		return true;
	return vmem_populate_slow(vm, need, vmflag, w, irq);
}

/* Does the pool hold more structures than its upper bound? */
static inline bool vmem_pool_above_high(const struct vmem *vm)
{
	return vm->segmap.pool.n > vm->segmap.pool_high;
}

/**
 * vmem_trim - remove the surplus from the pool
 * @vm: the arena, locked
 * @surplus: gets the structures; the caller drains it without the lock
 */
static inline void vmem_trim(struct vmem *vm, struct vmem_seg_pool *surplus)
{
	struct vmem_segmap *sm = &vm->segmap;

	if (vmem_pool_above_high(vm))
		vmem_seg_pool_move(surplus, &sm->pool, sm->pool.n -
				   (sm->pool_high + sm->pool_low) / 2);
}

void vmem_populate_hints(struct vmem *vm, unsigned long *irq);
void vmem_populate_init(struct vmem *vm);

#endif /* _VMEM_ARENA_POPULATE_H */
