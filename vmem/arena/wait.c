// SPDX-License-Identifier: GPL-2.0
/*
 * Waiters: requests that wait for space. Creation and freeing of trees.
 *
 * A waiter is counted in every arena on its source path, then listens to
 * offers, then searches. It sleeps only if it has not been signalled since it
 * began to listen. When a free segment appears in an arena after the search of
 * the arena, the waiter is already counted, so the segment is offered. So no
 * wake-up is lost. Documentation/waiting.rst has the argument in full.
 */
#include <linux/jiffies.h>
#include <linux/log2.h>
#include <linux/slab.h>

#include "../qcache/qcache.h"
#include "../report/report.h"
#include "free.h"

const char * const vmem_state_names[] = {
	[VMEM_SEARCHING]	= "searching",
	[VMEM_IMPORTING]	= "importing",
	[VMEM_RECLAIMING]	= "reclaiming",
	[VMEM_WAITING]		= "waiting",
	[VMEM_DONE]		= "done",
};

static atomic_long_t tree_count;

static bool waiter_before(struct rb_node *a, const struct rb_node *b)
{
	return vmem_rb_waiter(a)->ticket <
	       rb_entry(b, struct vmem_waiter, listen)->ticket;
}

/**
 * vmem_waiter_init - describe a request that may wait
 * @w: the waiter, zeroed except for the record of its refused imports
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

/* Count a waiter in an arena that can serve the waiter. */
static void waiter_count_in(struct vmem *vm, unsigned long need)
{
	struct vmem_segmap *sm = &vm->segmap;

	spin_lock_irq(&sm->lock);
	WRITE_ONCE(vm->waiters, vm->waiters + 1);
	WRITE_ONCE(vm->need_least, min(vm->need_least, need));
	vmem_segmap_observe(sm, 1);
	vmem_cpu_update_fast(vm);
	spin_unlock_irq(&sm->lock);
}

/* Undo waiter_count_in(). */
static void waiter_count_out(struct vmem *vm)
{
	struct vmem_segmap *sm = &vm->segmap;
	bool idle = false;

	spin_lock_irq(&sm->lock);
	WRITE_ONCE(vm->waiters, vm->waiters - 1);
	vmem_segmap_observe(sm, -1);
	if (!vm->waiters) {
		WRITE_ONCE(vm->need_least, ULONG_MAX);
		vm->split_done = ULONG_MAX;
		vmem_cpu_update_fast(vm);
		idle = vm->has_free_spans;
	}
	spin_unlock_irq(&sm->lock);
	if (idle)
		vmem_release_soon(vm);
}

/**
 * vmem_waiter_list - show in debugfs a request that may take long
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

/* Undo vmem_waiter_list(), for a request that has not begun to wait. */
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
 * Afterwards, free space that appears in an arena on the source path is offered
 * to waiters that listen.
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
		waiter_count_in(vm, vmem_waiter_need(w, vm));
}

/**
 * vmem_waiter_listen - begin to take offers
 * @w: the waiter
 *
 * The waiter listens before it searches, so that space that appears after the
 * search makes vmem_waiter_sleep() return.
 *
 * Context: task. No lock held.
 * Return: the offer that ended the last sleep. The caller passes it on after
 * the search.
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
 * vmem_waiter_suspend - stop taking offers before a call that may block
 * @w: the waiter
 *
 * A function of the client, or memory reclaim, may take any time. Other waiters
 * get the space that appears during the call, and the offer that this waiter
 * already has.
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
	vmem_offer_pass_on(w, &offer, NULL);
}

/* Count the sleep in each arena that could serve the waiter. */
static void waiter_count_sleep(const struct vmem_waiter *w)
{
	struct vmem *vm;

	for (vm = w->vm; vm; vm = vmem_waiter_above(w, vm)) {
		spin_lock_irq(&vm->segmap.lock);
		vm->segmap.stats.wait++;
		spin_unlock_irq(&vm->segmap.lock);
	}
}

static bool waiter_is_woken(const struct vmem_waiter *w)
{
	return READ_ONCE(w->signalled) || READ_ONCE(w->reclaim_ended);
}

/**
 * vmem_waiter_sleep - sleep until a signal, or the end of the waiter's reclaim
 * @w: the waiter, which listens
 * @timeout: in jiffies, or MAX_SCHEDULE_TIMEOUT
 *
 * Context: task, sleeping allowed. No lock held.
 * Return: the remaining jiffies of @timeout; 0 if @timeout has expired.
 */
long vmem_waiter_sleep(struct vmem_waiter *w, long timeout)
{
	u64 since;

	if (waiter_is_woken(w))
		return timeout;
	/* Do not count a sleep that only yields to an older waiter's turn. */
	if (w->state == VMEM_WAITING && !w->stands_back)
		waiter_count_sleep(w);
	trace_vmem_wait(w->vm, w->size, w->flags, VMEM_WAIT_SPACE, 0);
	since = vmem_trace_start(vmem_wake);
	for (;;) {
		set_current_state(TASK_UNINTERRUPTIBLE);
		if (waiter_is_woken(w) || !timeout)
			break;
		w->slept = true;
		timeout = schedule_timeout(timeout);
	}
	__set_current_state(TASK_RUNNING);
	if (since)
		trace_vmem_wake(w->vm, w->size, w->flags, VMEM_WAIT_SPACE,
				vmem_trace_elapsed(since));
	return timeout;
}

/**
 * vmem_waiter_end - give up the place in the order of service
 * @w: the waiter; no other task refers to it afterwards
 *
 * Context: task, sleeping allowed. No lock held.
 * Return: the offer that the waiter has not used. The caller passes it on.
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
		waiter_count_out(vm);
	return offer;
}

/**
 * vmem_waiter_ask_reclaim - queue a drain of the tree's caches without delay
 * @w: the waiter, which sleeps until an offer arrives or the reclaim ends
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
 * vmem_reclaim_ended - wake the waiters whose requested reclaim has ended
 * @tree: the tree
 * @asked: &vmem_tree.reclaim_asked when the reclaim began
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
 * vmem_wait_for_structures - sleep 100 ms while segment structures are lacking
 * @vm: the arena, locked; the lock is dropped during the sleep
 * @need: number of structures that the request needs
 * @vmflag: VM_* flags of the request
 * @irq: interrupt state of the caller's spin_lock_irqsave()
 *
 * For a task that reclaims memory. vmem_free() may return structures to the
 * pool, and other tasks may free memory. No event announces new structures or
 * memory, so the caller polls.
 *
 * Context: task, sleeping allowed.
 */
void vmem_wait_for_structures(struct vmem *vm, unsigned int need, int vmflag,
			      unsigned long *irq)
	__must_hold(&vm->segmap.lock)
{
	struct vmem_waiter w = {
		.vm = vm, .task = current, .size = need, .flags = vmflag,
		.for_structures = true, .state = VMEM_WAITING,
	};
	u64 since;

	lockdep_assert_held(&vm->segmap.lock);
	spin_unlock_irqrestore(&vm->segmap.lock, *irq);
	vmem_waiter_list(&w);
	trace_vmem_wait(vm, need, vmflag, VMEM_WAIT_STRUCTURES, 0);
	since = vmem_trace_start(vmem_wake);

	schedule_timeout_uninterruptible(HZ / 10);

	if (since)
		trace_vmem_wake(vm, need, vmflag, VMEM_WAIT_STRUCTURES,
				vmem_trace_elapsed(since));
	vmem_waiter_unlist(&w);
	spin_lock_irqsave(&vm->segmap.lock, *irq);
}

/**
 * vmem_tree_join - add an arena to the tree of its source, or make a tree
 * @vm: the arena
 * @source: the arena that @vm imports from; if NULL, @vm becomes the root of a
 *	tree
 * @gfp: flags of the allocation
 *
 * Context: task; may sleep if @gfp allows it.
 * Return: 0 or -ENOMEM.
 */
int vmem_tree_join(struct vmem *vm, struct vmem *source, gfp_t gfp)
{
	struct vmem_tree *tree;

	if (source) {
		vm->tree = source->tree;
		kref_get(&vm->tree->refs);
		return 0;
	}
	tree = kzalloc(sizeof(*tree), gfp);
	if (!tree)
		return -ENOMEM;
	spin_lock_init(&tree->lock);
	tree->listening = RB_ROOT_CACHED;
	INIT_LIST_HEAD(&tree->reclaiming);
	INIT_DELAYED_WORK(&tree->reclaim, vmem_tree_reclaim);
	INIT_WORK(&tree->rescan, vmem_tree_rescan);
	kref_init(&tree->refs);
	atomic_long_inc(&tree_count);
	tree->root = vm;
	vm->tree = tree;
	return 0;
}

static void tree_free(struct kref *refs)
{
	struct vmem_tree *tree = container_of(refs, struct vmem_tree, refs);

	cancel_work_sync(&tree->rescan);
	cancel_delayed_work_sync(&tree->reclaim);
	kfree(tree);
	atomic_long_dec(&tree_count);
}

/* Bytes of all trees. */
unsigned long vmem_tree_bytes(void)
{
	return atomic_long_read(&tree_count) * sizeof(struct vmem_tree);
}

/* Context: task, sleeping allowed. The arena has no other user. */
void vmem_tree_leave(struct vmem *vm)
{
	kref_put(&vm->tree->refs, tree_free);
	vm->tree = NULL;
}
