// SPDX-License-Identifier: GPL-2.0
/*
 * Waiters: how a request waits for space, and which one is woken.
 *
 * A waiter is counted in every arena on its way up, then takes offers, then searches,
 * and sleeps only if it has not been signalled since it began to take offers. A free
 * segment that appears after the search of an arena finds the waiter counted there,
 * and is offered. So no wake-up is lost. Documentation/waiting.rst has the argument
 * in full.
 */
#include <linux/jiffies.h>
#include <linux/log2.h>

#include "../qcache/qcache.h"
#include "../report/trace.h"
#include "import.h"
#include "maintain.h"
#include "release.h"
#include "wait.h"

const char * const vmem_state_names[] = {
	[VMEM_SEARCHING]	= "searching",
	[VMEM_IMPORTING]	= "importing",
	[VMEM_RECLAIMING]	= "reclaiming",
	[VMEM_WAITING]		= "waiting",
	[VMEM_DONE]		= "done",
};

static bool waiter_before(struct rb_node *a, const struct rb_node *b)
{
	return vmem_rb_waiter(a)->ticket <
	       rb_entry(b, struct vmem_waiter, listen)->ticket;
}

/**
 * vmem_waiter_init - describe a request that may have to wait
 * @w: the waiter, zeroed but for what is known of refusals
 * @vm: the arena that the request is made to
 * @req: the request
 */
void vmem_waiter_init(struct vmem_waiter *w, struct vmem *vm,
		      const struct vmem_request *req)
{
	struct vmem *x;

	w->vm = vm;
	w->task = current;
	w->size = req->size;
	w->need = req->taken;
	w->need_above = ULONG_MAX;
	w->qcache = req->qcache;
	w->flags = req->flags;
	INIT_LIST_HEAD(&w->reclaim);
	if (req->bounded)
		return;
	vmem_import_size(vm, req, &w->need_above);
	for (x = vm; vmem_above(x); x = vmem_above(x))
		;
	w->asks_function = vmem_imports(x);
}

/* One waiter more in an arena. */
static void count_in(struct vmem *vm, unsigned long need)
{
	struct vmem_space *sp = &vm->space;

	spin_lock_irq(&sp->lock);
	WRITE_ONCE(vm->waiters, vm->waiters + 1);
	WRITE_ONCE(vm->need_least, min(vm->need_least, need));
	vmem_space_watch(sp, 1);
	vmem_cpu_choose(vm);
	spin_unlock_irq(&sp->lock);
}

/* One waiter less. */
static void count_out(struct vmem *vm)
{
	struct vmem_space *sp = &vm->space;
	bool idle = false;

	spin_lock_irq(&sp->lock);
	WRITE_ONCE(vm->waiters, vm->waiters - 1);
	vmem_space_watch(sp, -1);
	if (!vm->waiters) {
		WRITE_ONCE(vm->need_least, ULONG_MAX);
		vm->split_done = ULONG_MAX;
		vmem_cpu_choose(vm);
		idle = vm->idle_spans;
	}
	spin_unlock_irq(&sp->lock);
	if (idle)
		vmem_release_soon(vm);
}

/**
 * vmem_waiter_list - show a request that may take long
 * @w: the waiter, which gets its ticket
 *
 * Context: task. No lock held.
 */
void vmem_waiter_list(struct vmem_waiter *w)
{
	struct vmem_tree *tree = w->vm->tree;

	w->since = jiffies;
	spin_lock_irq(&tree->lock);
	w->ticket = ++tree->tickets;
	list_add_tail(&w->own, &w->vm->own_waiters);
	spin_unlock_irq(&tree->lock);
}

/* It has not waited after all. */
void vmem_waiter_unlist(struct vmem_waiter *w)
{
	struct vmem_tree *tree = w->vm->tree;

	spin_lock_irq(&tree->lock);
	list_del(&w->own);
	spin_unlock_irq(&tree->lock);
}

/**
 * vmem_waiter_begin - get a place in the order of service
 * @w: the waiter
 *
 * From now on whatever appears on its way up is offered to those that listen.
 *
 * Context: task, sleeping allowed. No lock held.
 */
void vmem_waiter_begin(struct vmem_waiter *w)
{
	struct vmem_tree *tree = w->vm->tree;
	struct vmem *vm;

	if (!w->ticket)
		vmem_waiter_list(w);
	spin_lock_irq(&tree->lock);
	WRITE_ONCE(tree->nr_waiters, tree->nr_waiters + 1);
	spin_unlock_irq(&tree->lock);
	for (vm = w->vm; vm; vm = vmem_waiter_above(w, vm))
		count_in(vm, vmem_waiter_need(w, vm));
}

/**
 * vmem_waiter_listen - take offers from now on
 * @w: the waiter
 *
 * Before it searches: what appears after that makes vmem_waiter_sleep() return.
 *
 * Context: task. No lock held.
 * Return: the offer that ended the last sleep, to be handed on after the search.
 */
struct vmem_offer vmem_waiter_listen(struct vmem_waiter *w)
{
	struct vmem_tree *tree = w->vm->tree;
	struct vmem_offer offer;

	spin_lock_irq(&tree->lock);
	offer = w->offer;
	w->offer = (struct vmem_offer){};
	WRITE_ONCE(w->signalled, false);
	if (!w->listening) {
		w->listening = true;
		rb_add_cached(&w->listen, &tree->listening, waiter_before);
	}
	spin_unlock_irq(&tree->lock);
	return offer;
}

/**
 * vmem_waiter_suspend - take no offers while something else may block
 * @w: the waiter
 *
 * A client's function, or the kernel's memory reclaim, may take any time: what appears
 * meanwhile is for others. An offer that has come already is handed on.
 *
 * Context: task. No lock held.
 */
void vmem_waiter_suspend(struct vmem_waiter *w)
{
	struct vmem_tree *tree = w->vm->tree;
	struct vmem_offer offer;

	spin_lock_irq(&tree->lock);
	if (w->listening)
		rb_erase_cached(&w->listen, &tree->listening);
	w->listening = false;
	offer = w->offer;
	w->offer = (struct vmem_offer){};
	spin_unlock_irq(&tree->lock);
	w->missed = true;
	vmem_hand_on(w, &offer, NULL);
}

/* It sleeps for want of space in each arena that could serve it. */
static void count_wait(const struct vmem_waiter *w)
{
	struct vmem *vm;

	for (vm = w->vm; vm; vm = vmem_waiter_above(w, vm)) {
		spin_lock_irq(&vm->space.lock);
		vm->space.stats.wait++;
		spin_unlock_irq(&vm->space.lock);
	}
}

static bool may_go_on(const struct vmem_waiter *w)
{
	return READ_ONCE(w->signalled) || READ_ONCE(w->reclaim_ended);
}

/**
 * vmem_waiter_sleep - sleep until the request is to search again
 * @w: the waiter, which listens
 * @timeout: in jiffies, or MAX_SCHEDULE_TIMEOUT
 *
 * A reclaim that it has asked for, and that has ended, ends the sleep as well. An end
 * for other reasons, such as a signal, would be one more condition here.
 *
 * Context: task, sleeping allowed. No lock held.
 * Return: what is left of @timeout; 0 if it has passed.
 */
long vmem_waiter_sleep(struct vmem_waiter *w, long timeout)
{
	u64 since;

	if (may_go_on(w))
		return timeout;
	/* To stand back for an older waiter is no want of space. */
	if (w->state == VMEM_WAITING && !w->stands_back)
		count_wait(w);
	trace_vmem_wait(w->vm, w->size, w->flags, VMEM_WAIT_SPACE);
	since = vmem_trace_moment(vmem_wake);
	for (;;) {
		set_current_state(TASK_UNINTERRUPTIBLE);
		if (may_go_on(w) || !timeout)
			break;
		w->slept = true;
		timeout = schedule_timeout(timeout);
	}
	__set_current_state(TASK_RUNNING);
	if (since)
		trace_vmem_wake(w->vm, w->size, w->flags, VMEM_WAIT_SPACE,
				vmem_trace_ns(since));
	return timeout;
}

/**
 * vmem_waiter_end - give up the place in the order of service
 * @w: the waiter; nothing may refer to it afterwards
 *
 * Context: task, sleeping allowed. No lock held.
 * Return: an offer that it has not used, to be handed on.
 */
struct vmem_offer vmem_waiter_end(struct vmem_waiter *w)
{
	struct vmem_tree *tree = w->vm->tree;
	struct vmem_offer offer;
	struct vmem *vm;

	spin_lock_irq(&tree->lock);
	if (w->listening)
		rb_erase_cached(&w->listen, &tree->listening);
	list_del(&w->own);
	list_del(&w->reclaim);
	WRITE_ONCE(tree->nr_waiters, tree->nr_waiters - 1);
	offer = w->offer;
	spin_unlock_irq(&tree->lock);
	for (vm = w->vm; vm; vm = vmem_waiter_above(w, vm))
		count_out(vm);
	return offer;
}

/**
 * vmem_waiter_ask_reclaim - have the tree's caches give back what they hold
 * @w: the waiter, which sleeps until an offer arrives or that has ended
 *
 * Context: task. No lock held.
 */
void vmem_waiter_ask_reclaim(struct vmem_waiter *w)
{
	struct vmem_tree *tree = w->vm->tree;

	spin_lock_irq(&tree->lock);
	w->reclaim_ticket = ++tree->reclaim_asked;
	list_add_tail(&w->reclaim, &tree->reclaiming);
	spin_unlock_irq(&tree->lock);
	vmem_reclaim_queue(tree, 0);
}

/**
 * vmem_reclaim_ended - a run of the reclaim has ended: wake what waits for that
 * @tree: the tree
 * @asked: &vmem_tree.reclaim_asked when the run began
 *
 * Context: task, sleeping allowed.
 */
void vmem_reclaim_ended(struct vmem_tree *tree, u64 asked)
{
	struct vmem_waiter *w;
	unsigned int n;

	do {
		n = 0;
		spin_lock_irq(&tree->lock);
		tree->reclaim_done = asked;
		while (n < VMEM_WAITERS_A_HOLD &&
		       (w = list_first_entry_or_null(&tree->reclaiming,
						     struct vmem_waiter, reclaim)) &&
		       w->reclaim_ticket <= asked) {
			list_del_init(&w->reclaim);
			WRITE_ONCE(w->reclaim_ended, true);
			wake_up_process(w->task);
			n++;
		}
		spin_unlock_irq(&tree->lock);
		cond_resched();
	} while (n == VMEM_WAITERS_A_HOLD);
}

/**
 * vmem_wait_for_structures - sleep until the stock may have been filled
 * @vm: the arena, locked; the lock is dropped meanwhile
 * @need: how many segment structures are needed
 * @vmflag: VM_* flags of the request
 * @irq: the interrupt state of the caller's spin_lock_irqsave()
 *
 * For a task that reclaims memory. Frees bring structures back, and other tasks may
 * bring memory back, which nothing announces: so it looks again after a while.
 *
 * Context: task, sleeping allowed.
 */
void vmem_wait_for_structures(struct vmem *vm, unsigned int need, int vmflag,
			      unsigned long *irq)
	__must_hold(&vm->space.lock)
{
	struct vmem_waiter w = {
		.vm = vm, .task = current, .size = need, .flags = vmflag,
		.for_structures = true, .state = VMEM_WAITING,
	};
	u64 since;

	lockdep_assert_held(&vm->space.lock);
	spin_unlock_irqrestore(&vm->space.lock, *irq);
	vmem_waiter_list(&w);
	trace_vmem_wait(vm, need, vmflag, VMEM_WAIT_STRUCTURES);
	since = vmem_trace_moment(vmem_wake);

	schedule_timeout_uninterruptible(HZ / 10);

	if (since)
		trace_vmem_wake(vm, need, vmflag, VMEM_WAIT_STRUCTURES,
				vmem_trace_ns(since));
	vmem_waiter_unlist(&w);
	spin_lock_irqsave(&vm->space.lock, *irq);
}
