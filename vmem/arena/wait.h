/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Waiting for space, and telling those who wait.
 */
#ifndef _VMEM_ARENA_WAIT_H
#define _VMEM_ARENA_WAIT_H

#include "request.h"

/* Arenas that a request waits for at once, at the most: its own and sources. */
#define VMEM_CHAIN_MAX	8

/**
 * struct vmem_chain - the arenas that a request may be served from
 * @n: how many
 * @arena: its own, then the one that imports come from, and so on upwards as far
 *	as each imports from an arena directly
 */
struct vmem_chain {
	unsigned int n;
	struct vmem *arena[VMEM_CHAIN_MAX];
};

/**
 * struct vmem_moment - what had happened in a chain when a search began
 * @appeared: how many free segments had appeared, in all of them together
 * @kicks: how many times waiters had been told to try again
 */
struct vmem_moment {
	unsigned long appeared;
	unsigned long kicks;
};

void vmem_chain_init(struct vmem_chain *chain, struct vmem *vm, bool import);
struct vmem_moment vmem_now(const struct vmem_chain *chain);

/*
 * Is there somebody to wake? To be asked under the arena lock, after the free
 * segment has been counted, and acted upon by vmem_wake() without it.
 */
static inline bool vmem_waited_for(const struct vmem *vm)
{
	lockdep_assert_held(&vm->space.lock);
	return unlikely(vm->waiters);
}

static inline void vmem_wake(struct vmem *vm)
{
	wake_up_all(&vm->wait);
}

void vmem_wait_for_space(const struct vmem_chain *chain,
			 const struct vmem_request *req,
			 struct vmem_moment seen, unsigned long *irq);
void vmem_wait_for_structures(struct vmem *vm, unsigned int need, int vmflag,
			      unsigned long *irq);
void vmem_kick(struct vmem *vm);

#endif /* _VMEM_ARENA_WAIT_H */
