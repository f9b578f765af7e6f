// SPDX-License-Identifier: GPL-2.0
/*
 * Waiting for space without losing a wake-up.
 *
 * The arena counts, under its lock, how often a free segment has appeared. A
 * request notes the count before it searches. It goes to sleep only if, under
 * the lock, the count is still that; and in the same hold of the lock it becomes
 * one of the waiters. Whoever makes a free segment appear counts it and looks
 * for waiters in one hold of the lock too. So either the count has moved and
 * nobody sleeps, or the waiter is seen and woken. Whether anything in it fits,
 * the waiter finds out by searching again.
 */
#include "wait.h"

static bool past(const struct vmem *vm, struct vmem_moment seen)
{
	return READ_ONCE(vm->space.appeared) != seen.appeared ||
	       READ_ONCE(vm->kicks) != seen.kicks;
}

/**
 * vmem_wait_for_space - sleep until a search may find more than the last one
 * @vm: the arena, locked; the lock is dropped meanwhile
 * @seen: the moment before the last search began
 * @irq: the interrupt state of the caller's spin_lock_irqsave()
 *
 * Context: task, sleeping allowed.
 */
void vmem_wait_for_space(struct vmem *vm, struct vmem_moment seen,
			 unsigned long *irq)
	__must_hold(&vm->space.lock)
{
	struct vmem_space *sp = &vm->space;

	lockdep_assert_held(&sp->lock);
	if (past(vm, seen))
		return;
	vm->waiters++;
	sp->stats.wait++;
	spin_unlock_irqrestore(&sp->lock, *irq);

	wait_event(vm->wait, past(vm, seen));

	spin_lock_irqsave(&sp->lock, *irq);
	vm->waiters--;
}

/**
 * vmem_wait_for_structures - sleep until the stock may have been filled
 * @vm: the arena, locked; the lock is dropped meanwhile
 * @need: how many segment structures are needed
 * @irq: the interrupt state of the caller's spin_lock_irqsave()
 *
 * For a task that reclaims memory. Frees bring structures back, and other tasks
 * may bring memory back, of which nobody tells: so wait for a while only.
 *
 * Context: task, sleeping allowed.
 */
void vmem_wait_for_structures(struct vmem *vm, unsigned int need,
			      unsigned long *irq)
	__must_hold(&vm->space.lock)
{
	struct vmem_space *sp = &vm->space;

	lockdep_assert_held(&sp->lock);
	vm->waiters++;
	spin_unlock_irqrestore(&sp->lock, *irq);

	wait_event_timeout(vm->wait, READ_ONCE(sp->stock.n) >= need, HZ / 10);

	spin_lock_irqsave(&sp->lock, *irq);
	vm->waiters--;
}

/**
 * vmem_kick - make all waiters try again
 * @vm: the arena
 *
 * Context: any but NMI. No arena lock held.
 */
void vmem_kick(struct vmem *vm)
{
	unsigned long irq;
	bool waited;

	spin_lock_irqsave(&vm->space.lock, irq);
	WRITE_ONCE(vm->kicks, vm->kicks + 1);
	waited = vmem_waited_for(vm);
	spin_unlock_irqrestore(&vm->space.lock, irq);
	if (waited)
		vmem_wake(vm);
}
