/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Waiting for space, and telling those who wait.
 */
#ifndef _VMEM_ARENA_WAIT_H
#define _VMEM_ARENA_WAIT_H

#include "arena.h"

/**
 * struct vmem_moment - what had happened in an arena when a search began
 * @appeared: how many free segments had appeared
 * @kicks: how many times waiters had been told to try again
 */
struct vmem_moment {
	unsigned long appeared;
	unsigned long kicks;
};

/* The present moment. The arena lock is held. */
static inline struct vmem_moment vmem_now(const struct vmem *vm)
{
	lockdep_assert_held(&vm->space.lock);
	return (struct vmem_moment) {
		.appeared = vm->space.appeared,
		.kicks = vm->kicks,
	};
}

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

void vmem_wait_for_space(struct vmem *vm, struct vmem_moment seen,
			 unsigned long *irq);
void vmem_wait_for_structures(struct vmem *vm, unsigned int need,
			      unsigned long *irq);
void vmem_kick(struct vmem *vm);

#endif /* _VMEM_ARENA_WAIT_H */
