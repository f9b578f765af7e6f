/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Keeping the stock of segment structures filled.
 */
#ifndef _VMEM_ARENA_POPULATE_H
#define _VMEM_ARENA_POPULATE_H

#include "arena.h"

struct vmem_waiter;

bool vmem_populate_slow(struct vmem *vm, unsigned int need, int vmflag,
			struct vmem_waiter *w, unsigned long *irq);

/**
 * vmem_populate - have enough segment structures in hand
 * @vm: the arena, locked
 * @need: how many the operation may use at the most
 * @vmflag: the client's VM_* flags
 * @w: the waiter that the request is, or NULL: it is suspended before this blocks
 * @irq: the interrupt state of the caller's spin_lock_irqsave()
 *
 * May drop the arena lock and take it again: what was seen under it before is no
 * longer true.
 *
 * Return: whether there are enough; always with VM_SLEEP.
 */
static inline bool vmem_populate(struct vmem *vm, unsigned int need, int vmflag,
				 struct vmem_waiter *w, unsigned long *irq)
{
	unsigned int extra = vm->space.stock_low - VMEM_CUT_COST;

	if (likely(vm->space.stock.n >= need + extra))
		return true;
	return vmem_populate_slow(vm, need, vmflag, w, irq);
}

/* Does the stock hold more than is good? */
static inline bool vmem_overstocked(const struct vmem *vm)
{
	return vm->space.stock.n > vm->space.stock_high;
}

/**
 * vmem_trim - take from the stock what is too much
 * @vm: the arena, locked
 * @surplus: gets it; to be drained when the lock has been dropped
 */
static inline void vmem_trim(struct vmem *vm, struct vmem_stock *surplus)
{
	struct vmem_space *sp = &vm->space;

	if (vmem_overstocked(vm))
		vmem_stock_move(surplus, &sp->stock, sp->stock.n -
				(sp->stock_high + sp->stock_low) / 2);
}

void vmem_populate_ways(struct vmem *vm, unsigned long *irq);
void vmem_populate_init(struct vmem *vm);

#endif /* _VMEM_ARENA_POPULATE_H */
