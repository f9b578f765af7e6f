// SPDX-License-Identifier: GPL-2.0
/*
 * Waiting for space without losing a wake-up.
 *
 * The arena counts, under its lock, how often a free segment has appeared. A
 * request notes the count before it searches. To sleep it first becomes one of
 * the waiters, under the lock, and enters the queue; then it looks at the count
 * once more, and sleeps only if that is still the same. Whoever makes a free
 * segment appear counts it and looks for waiters in one hold of the lock. If that
 * hold comes before the waiter's, the waiter finds that the count has moved; if
 * it comes after, the waiter is seen and woken. Whether anything in it fits, the
 * waiter finds out by searching again.
 *
 * A request that imports from another arena does not sleep in there, where it
 * would not see what comes up in its own. It waits for both: the counts of all
 * arenas up the chain are added up, each of them has it as a waiter, and it is in
 * the queue of each. Counts only rise, so that the sum tells if any has moved.
 */
#include "../report/trace.h"
#include "wait.h"

/**
 * vmem_chain_init - tell where a request may be served from
 * @chain: the chain
 * @vm: the request's arena
 * @import: whether it may import
 *
 * Sources outlive the arenas that import from them.
 */
void vmem_chain_init(struct vmem_chain *chain, struct vmem *vm, bool import)
{
	chain->n = 0;
	do {
		chain->arena[chain->n++] = vm;
		vm = READ_ONCE(vm->afunc) == vmem_alloc ? READ_ONCE(vm->source)
							: NULL;
	} while (import && vm && chain->n < VMEM_CHAIN_MAX);
}

/* The present moment. To be compared with later ones. */
struct vmem_moment vmem_now(const struct vmem_chain *chain)
{
	struct vmem_moment now = {};
	unsigned int i;

	for (i = 0; i < chain->n; i++) {
		/* Written under the lock of each, with plain stores. */
		now.appeared += data_race(vmem_space_appeared(&chain->arena[i]->space));
		now.kicks += READ_ONCE(chain->arena[i]->kicks);
	}
	return now;
}

static bool past(const struct vmem_chain *chain, struct vmem_moment seen)
{
	struct vmem_moment now = vmem_now(chain);

	return now.appeared != seen.appeared || now.kicks != seen.kicks;
}

/*
 * One waiter more or less, all along the chain: it sleeps for want of space in
 * each of them. No arena lock is held.
 */
static void count_waiter(const struct vmem_chain *chain, int n)
{
	unsigned int i;

	for (i = 0; i < chain->n; i++) {
		struct vmem *vm = chain->arena[i];

		spin_lock_irq(&vm->space.lock);
		vm->waiters += n;
		vmem_space_watch(&vm->space, n);
		if (n > 0)
			vm->space.stats.wait++;
		spin_unlock_irq(&vm->space.lock);
	}
}

/* Be in all queues, and ready to sleep. */
static void prepare(const struct vmem_chain *chain,
		    struct wait_queue_entry *entries)
{
	unsigned int i;

	for (i = 0; i < chain->n; i++)
		prepare_to_wait(&chain->arena[i]->wait, &entries[i],
				TASK_UNINTERRUPTIBLE);
}

/**
 * vmem_wait_for_space - sleep until a search may find more than the last one
 * @chain: where; the first of it is the request's arena, locked; the lock is
 *	dropped meanwhile
 * @req: the request
 * @seen: the moment before the last search began
 * @irq: the interrupt state of the caller's spin_lock_irqsave()
 *
 * Context: task, sleeping allowed.
 */
void vmem_wait_for_space(const struct vmem_chain *chain,
			 const struct vmem_request *req,
			 struct vmem_moment seen, unsigned long *irq)
	__must_hold(&chain->arena[0]->space.lock)
{
	struct wait_queue_entry entries[VMEM_CHAIN_MAX];
	struct vmem *vm = chain->arena[0];
	struct vmem_space *sp = &vm->space;
	unsigned int i;
	u64 since;

	lockdep_assert_held(&sp->lock);
	if (past(chain, seen))
		return;
	spin_unlock_irqrestore(&sp->lock, *irq);
	trace_vmem_wait(vm, req->size, req->flags, VMEM_WAIT_SPACE);
	since = vmem_trace_moment(vmem_wake);

	for (i = 0; i < chain->n; i++)
		init_wait(&entries[i]);
	count_waiter(chain, 1);
	prepare(chain, entries);
	while (!past(chain, seen)) {
		schedule();
		prepare(chain, entries);
	}
	for (i = 0; i < chain->n; i++)
		finish_wait(&chain->arena[i]->wait, &entries[i]);
	count_waiter(chain, -1);

	if (since)
		trace_vmem_wake(vm, req->size, req->flags, VMEM_WAIT_SPACE,
				vmem_trace_ns(since));
	spin_lock_irqsave(&sp->lock, *irq);
}

/**
 * vmem_wait_for_structures - sleep until the stock may have been filled
 * @vm: the arena, locked; the lock is dropped meanwhile
 * @need: how many segment structures are needed
 * @vmflag: VM_* flags of the request
 * @irq: the interrupt state of the caller's spin_lock_irqsave()
 *
 * For a task that reclaims memory. Frees bring structures back, and other tasks
 * may bring memory back, of which nobody tells: so wait for a while only.
 *
 * Context: task, sleeping allowed.
 */
void vmem_wait_for_structures(struct vmem *vm, unsigned int need, int vmflag,
			      unsigned long *irq)
	__must_hold(&vm->space.lock)
{
	struct vmem_space *sp = &vm->space;
	u64 since;

	lockdep_assert_held(&sp->lock);
	vm->waiters++;
	vmem_space_watch(sp, 1);
	spin_unlock_irqrestore(&sp->lock, *irq);
	trace_vmem_wait(vm, need, vmflag, VMEM_WAIT_STRUCTURES);
	since = vmem_trace_moment(vmem_wake);

	/* Written under the lock, with plain stores; the caller looks again. */
	wait_event_timeout(vm->wait, data_race(sp->stock.n) >= need, HZ / 10);

	if (since)
		trace_vmem_wake(vm, need, vmflag, VMEM_WAIT_STRUCTURES,
				vmem_trace_ns(since));
	spin_lock_irqsave(&sp->lock, *irq);
	vm->waiters--;
	vmem_space_watch(sp, -1);
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
