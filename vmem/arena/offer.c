// SPDX-License-Identifier: GPL-2.0
/*
 * Offers: free space that appears while requests wait, and which waiter gets it.
 *
 * The first waiter that an offer may suffice for is woken, and hands on what it
 * leaves. An offer moves only towards later tickets, so it comes to an end.
 */
#include <linux/jiffies.h>
#include <linux/log2.h>

#include "../qcache/qcache.h"
#include "maintain.h"
#include "wait.h"

/* A waiter has its turn for so long, once in so long, after so long a wait. */
#define TURN		(HZ / 4)
#define TURN_PERIOD	(HZ + TURN)
#define TURN_AFTER	HZ

/* The waiter is to search again. */
static void signal(struct vmem_tree *tree, struct vmem_waiter *w,
		   const struct vmem_offer *offer)
{
	lockdep_assert_held(&tree->lock);
	rb_erase_cached(&w->listen, &tree->listening);
	w->listening = false;
	if (offer) {
		w->offer = *offer;
		w->offer.except = NULL;
	}
	WRITE_ONCE(w->signalled, true);
	wake_up_process(w->task);
}

/* The first that listens with a ticket above @after, or NULL. */
static struct vmem_waiter *listening_after(const struct vmem_tree *tree, u64 after)
{
	struct rb_node *node = tree->listening.rb_root.rb_node;
	struct vmem_waiter *found = NULL;

	lockdep_assert_held(&tree->lock);
	while (node) {
		struct vmem_waiter *w = vmem_rb_waiter(node);

		if (w->ticket > after) {
			found = w;
			node = node->rb_left;
		} else {
			node = node->rb_right;
		}
	}
	return found;
}

/* May the offer serve the waiter? @budget falls by the arenas that were looked at. */
static bool may_serve(const struct vmem_offer *offer,
		      const struct vmem_waiter *w, int *budget)
{
	struct vmem *vm = w->vm;

	--*budget;
	if (vm == offer->except)
		return false;
	if (offer->vm == vm)
		return offer->qcache ? w->qcache == offer->qcache
				     : w->need <= offer->size;
	if (w->need_above > offer->size)
		return false;
	do {
		vm = vmem_above(vm);
	} while (vm && vm != offer->vm && --*budget > 0);
	return vm == offer->vm;
}

/**
 * vmem_signal_slow - offer free space to waiters
 * @offer: the space; there are waiters in its arena
 * @after: only to waiters with later tickets than this
 *
 * The first that it may serve is woken. To look for that one takes a bounded number
 * of steps; what is left is done by a work item.
 *
 * Context: any but NMI. Takes the tree lock, also under an arena lock.
 * Return: whether a waiter was woken.
 */
bool vmem_signal_slow(const struct vmem_offer *offer, u64 after)
{
	struct vmem_tree *tree = offer->vm->tree;
	struct vmem_waiter *w;
	struct rb_node *node;
	int budget = VMEM_WAITERS_A_HOLD;
	bool woken = false;
	unsigned long irq;

	if (!offer->qcache && offer->size < READ_ONCE(offer->vm->need_least))
		return false;
	spin_lock_irqsave(&tree->lock, irq);
	w = listening_after(tree, after);
	while (w) {
		woken = may_serve(offer, w, &budget);
		if (woken) {
			signal(tree, w, offer);
			break;
		}
		if (budget <= 0) {
			vmem_rescan_soon(tree);
			break;
		}
		node = rb_next(&w->listen);
		w = node ? vmem_rb_waiter(node) : NULL;
	}
	spin_unlock_irqrestore(&tree->lock, irq);
	return woken;
}

/**
 * vmem_signal_object - an object has returned to a slab of an arena with waiters
 * @qc: its cache
 *
 * Context: any but NMI. No lock of the cache or the arena held.
 * Return: whether a waiter was woken.
 */
bool vmem_signal_object(struct vmem_qcache *qc)
{
	struct vmem_offer offer = {
		.vm = qc->vm, .size = qc->size, .qcache = qc,
	};

	return vmem_signal_slow(&offer, 0);
}

/**
 * vmem_hand_on - an offer was used, or was of no use: offer what is left of it
 * @w: the waiter that had it
 * @offer: what that was offered
 * @except: not to waiters of this arena; or NULL
 *
 * Only to waiters that came later, so that no offer goes round.
 *
 * Context: task. No lock held.
 */
void vmem_hand_on(const struct vmem_waiter *w, const struct vmem_offer *offer,
		  const struct vmem *except)
{
	struct vmem_offer left = *offer;
	struct vmem *vm = offer->vm;

	if (!vm)
		return;
	left.except = except;
	if (left.qcache) {
		/* Written under the cache's lock; a later free makes an offer. */
		if (!data_race(left.qcache->nfree))
			left.size = 0;
	} else {
		spin_lock_irq(&vm->space.lock);
		left.size = min(left.size, vmem_classes_largest(&vm->space.classes));
		spin_unlock_irq(&vm->space.lock);
	}
	if (left.size && READ_ONCE(vm->waiters) &&
	    vmem_signal_slow(&left, w->ticket))
		return;
	if (!except && READ_ONCE(vm->idle_spans))
		vmem_release_soon(vm);
}

/**
 * vmem_others_turn - has an older waiter its turn?
 * @vm: the arena of a request
 * @need: how much it needs; waiters that need no more are not in its way
 * @ticket: its place in the order of service; U64_MAX for one without
 *
 * Context: any but NMI.
 * Return: 0: no; else after how many jiffies the turn ends.
 */
unsigned long vmem_others_turn(const struct vmem *vm, unsigned long need,
			       u64 ticket)
{
	struct vmem_tree *tree = vm->tree;
	unsigned long left = 0, age;
	unsigned int budget = VMEM_WAITERS_A_HOLD;
	struct vmem_waiter *w;

	if (likely(!READ_ONCE(vm->waiters)))
		return 0;
	spin_lock_irq(&tree->lock);
	list_for_each_entry(w, &vm->own_waiters, own) {
		if (w->ticket >= ticket || !budget--)
			break;
		if (w->for_structures || w->need <= need ||
		    READ_ONCE(w->state) == VMEM_IMPORTING)
			continue;
		age = jiffies - w->since;
		if (age < TURN_AFTER)
			break;
		age = (age - TURN_AFTER) % TURN_PERIOD;
		if (age < TURN)
			left = TURN - age;
		break;
	}
	spin_unlock_irq(&tree->lock);
	return left;
}

/* Is there anything on its way up that may serve the waiter? A rough look. */
static bool has_room(const struct vmem_waiter *w, int *budget)
{
	struct vmem_qcache *qc;
	struct vmem *vm;

	for (vm = w->vm; vm; vm = vmem_waiter_above(w, vm)) {
		unsigned long need = vmem_waiter_need(w, vm);

		--*budget;
		/*
		 * Written under locks that may not be taken here. What appeared
		 * before this rescan was asked for is seen: the tree lock was
		 * held in between.
		 */
		if (data_race(vmem_classes_largest(&vm->space.classes)) >= need)
			return true;
		if (need > vm->cached_max)
			continue;
		qc = &vm->qcaches->cache[vmem_qcache_index(vm, need)];
		/* The same. */
		if (data_race(qc->nfree))
			return true;
	}
	return false;
}

/*
 * Signal waiters by groups, the tree lock being dropped in between, if @wanted
 * says so.
 */
static void signal_each(struct vmem_tree *tree,
			bool (*wanted)(struct vmem_waiter *w, int *budget))
{
	struct vmem_waiter *w;
	u64 last = 0;
	int budget;

	do {
		budget = VMEM_WAITERS_A_HOLD;
		spin_lock_irq(&tree->lock);
		while ((w = listening_after(tree, last)) && budget-- > 0) {
			last = w->ticket;
			if (wanted(w, &budget))
				signal(tree, w, NULL);
		}
		spin_unlock_irq(&tree->lock);
		cond_resched();
	} while (w);
}

/* It does not import where it was refused before that time. */
static bool held_off(const struct vmem_waiter *w)
{
	return READ_ONCE(w->refusals) &&
	       time_before(jiffies, READ_ONCE(w->retry_at));
}

static bool rescan_wants(struct vmem_waiter *w, int *budget)
{
	return !held_off(w) && has_room(w, budget);
}

/* The work item for what vmem_signal_slow() has not got to. */
void vmem_tree_rescan(struct work_struct *work)
{
	struct vmem_tree *tree = container_of(work, struct vmem_tree, rescan);

	signal_each(tree, rescan_wants);
}

/* Context: any but NMI. */
void vmem_rescan_soon(struct vmem_tree *tree)
{
	vmem_queue_work(&tree->rescan);
}

static bool all_wanted(struct vmem_waiter *w, int *budget)
{
	return true;
}

static bool round_wants(struct vmem_waiter *w, int *budget)
{
	return w->asks_function && is_power_of_2(++w->rounds);
}

/**
 * vmem_retry_waiters - make waiters search again, whatever has appeared
 * @tree: their tree
 * @all: all of them; else those that cannot learn of all that may serve them, ever
 *	more seldom
 *
 * Context: task, sleeping allowed.
 */
void vmem_retry_waiters(struct vmem_tree *tree, bool all)
{
	if (READ_ONCE(tree->nr_waiters))
		signal_each(tree, all ? all_wanted : round_wants);
}
