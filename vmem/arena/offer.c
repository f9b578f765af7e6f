// SPDX-License-Identifier: GPL-2.0
/*
 * Offers: the choice of a waiter for free space that appears.
 *
 * An offer wakes the first waiter that the space may serve. The woken waiter
 * passes the rest of the offer on to a waiter with a later ticket, so an offer
 * does not circulate.
 */
#include <linux/jiffies.h>
#include <linux/log2.h>

#include "../qcache/qcache.h"

/*
 * The turns of an old waiter, in jiffies: duration of a turn, period of the
 * turns, and wait before the first turn. During a turn, later requests that
 * need less space yield to the old waiter.
 */
#define TURN		(HZ / 4)
#define TURN_PERIOD	(HZ + TURN)
#define TURN_AFTER	HZ

/* Make a waiter that listens search again. */
static void offer_signal(struct vmem_tree *tree, struct vmem_waiter *w,
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

/* The first listening waiter with a ticket above @after, or NULL. */
static struct vmem_waiter *offer_next_listener(const struct vmem_tree *tree, u64 after)
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

/* May the offer serve @w? Subtracts 1 from *@budget per arena it checks. */
static bool offer_may_serve(const struct vmem_offer *offer,
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
 * vmem_signal_slow - wake the first waiter that an offer may serve
 * @offer: the offer; its arena has waiters
 * @after: only consider waiters with tickets above this
 *
 * Checks a bounded number of waiters and arenas. If more remain, queues
 * &vmem_tree.rescan, which checks all waiters.
 *
 * Context: any but NMI; an arena lock may be held. Takes the tree lock.
 * Return: true if a waiter was woken.
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
	w = offer_next_listener(tree, after);
	while (w) {
		woken = offer_may_serve(offer, w, &budget);
		if (woken) {
			offer_signal(tree, w, offer);
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
 * vmem_signal_object - offer an object that has returned to a slab
 * @qc: the cache of the object; its arena has waiters
 *
 * Context: any but NMI. No lock of the cache or the arena held.
 * Return: true if a waiter was woken.
 */
bool vmem_signal_object(struct vmem_qcache *qc)
{
	struct vmem_offer offer = {
		.vm = qc->vm, .size = qc->size, .qcache = qc,
	};

	return vmem_signal_slow(&offer, 0);
}

/**
 * vmem_offer_pass_on - offer the rest of an offer to waiters with later tickets
 * @w: the waiter that had the offer
 * @offer: the offer; no-op if its arena is NULL
 * @except: arena whose waiters do not get the offer, or NULL
 *
 * Context: task. No lock held.
 */
void vmem_offer_pass_on(const struct vmem_waiter *w, const struct vmem_offer *offer,
			const struct vmem *except)
{
	struct vmem_offer left = *offer;
	struct vmem *vm = offer->vm;

	if (!vm)
		return;
	left.except = except;
	if (left.qcache) {
		/* No cache lock: a later free makes another offer. */
		if (!data_race(left.qcache->nfree))
			left.size = 0;
	} else {
		spin_lock_irq(&vm->segmap.lock);
		left.size = min(left.size, vmem_classes_largest(&vm->segmap.classes));
		spin_unlock_irq(&vm->segmap.lock);
	}
	if (left.size && READ_ONCE(vm->waiters) &&
	    vmem_signal_slow(&left, w->ticket))
		return;
	if (!except && READ_ONCE(vm->has_free_spans))
		vmem_release_soon(vm);
}

/**
 * vmem_turn_of_older - must a request yield to an older waiter's turn?
 * @vm: the arena of the request
 * @need: size of the request; it yields only to waiters that need more
 * @ticket: ticket of the request; U64_MAX if the request has no ticket
 *
 * Context: task. No lock held.
 * Return: the remaining jiffies of the older waiter's turn; 0 if the request
 * does not yield.
 */
unsigned long vmem_turn_of_older(const struct vmem *vm, unsigned long need,
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

/* May free space on the source path serve the waiter? An estimate. */
static bool offer_has_room(const struct vmem_waiter *w, int *budget)
{
	struct vmem_qcache *qc;
	struct vmem *vm;

	for (vm = w->vm; vm; vm = vmem_waiter_above(w, vm)) {
		unsigned long need = vmem_waiter_need(w, vm);

		--*budget;
		/*
		 * Read without the arena lock, which must not be taken under
		 * the tree lock. The read sees all space that appeared before
		 * the rescan was queued, because queue_work() makes earlier
		 * stores visible to the work item.
		 */
		if (data_race(vmem_classes_largest(&vm->segmap.classes)) >= need)
			return true;
		if (need > vm->cached_max)
			continue;
		qc = &vm->qcaches->cache[vmem_qcache_index(vm, need)];
		/* Read without the cache lock, for the reasons above. */
		if (data_race(qc->nfree))
			return true;
	}
	return false;
}

/* Signal each waiter that @wanted selects. Relaxes the tree lock. */
static void offer_signal_each(struct vmem_tree *tree,
			      bool (*wanted)(struct vmem_waiter *w, int *budget))
{
	struct vmem_waiter *w;
	u64 last = 0;
	int budget;

	do {
		budget = VMEM_WAITERS_A_HOLD;
		spin_lock_irq(&tree->lock);
		while ((w = offer_next_listener(tree, last)) && budget-- > 0) {
			last = w->ticket;
			if (wanted(w, &budget))
				offer_signal(tree, w, NULL);
		}
		spin_unlock_irq(&tree->lock);
		cond_resched();
	} while (w);
}

/* Is the waiter delayed because an import was refused? */
static bool offer_held_off(const struct vmem_waiter *w)
{
	return READ_ONCE(w->refusals) &&
	       time_before(jiffies, READ_ONCE(w->retry_at));
}

static bool offer_rescan_wants(struct vmem_waiter *w, int *budget)
{
	return !offer_held_off(w) && offer_has_room(w, budget);
}

/* &vmem_tree.rescan: signals all waiters that free space may serve. */
void vmem_tree_rescan(struct work_struct *work)
{
	struct vmem_tree *tree = container_of(work, struct vmem_tree, rescan);

	offer_signal_each(tree, offer_rescan_wants);
}

/* Queue &vmem_tree.rescan. Context: any but NMI. */
void vmem_rescan_soon(struct vmem_tree *tree)
{
	vmem_queue_work(&tree->rescan);
}

static bool offer_wants_all(struct vmem_waiter *w, int *budget)
{
	return true;
}

/* Selects waiters that need a client's function, in rounds 1, 2, 4, 8, ... */
static bool offer_round_wants(struct vmem_waiter *w, int *budget)
{
	return w->asks_function && is_power_of_2(++w->rounds);
}

/**
 * vmem_retry_waiters - make waiters search again without an offer
 * @tree: the tree of the waiters
 * @all: true for all waiters; else only waiters that depend on a client's
 *	import function, because no offer announces space of a client
 *
 * Context: task, sleeping allowed.
 */
void vmem_retry_waiters(struct vmem_tree *tree, bool all)
{
	if (READ_ONCE(tree->nr_waiters))
		offer_signal_each(tree, all ? offer_wants_all : offer_round_wants);
}
