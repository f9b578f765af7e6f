/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Waiters, and the offers that wake them.
 */
#ifndef _VMEM_ARENA_WAIT_H
#define _VMEM_ARENA_WAIT_H

#include "request.h"
#include "tree.h"

/**
 * enum vmem_state - what a request is doing
 * @VMEM_SEARCHING: one pass over its way up
 * @VMEM_IMPORTING: an import function of the client's own is running
 * @VMEM_RECLAIMING: caches give back what they hold
 * @VMEM_WAITING: asleep until an offer arrives
 * @VMEM_DONE: served, or failed
 */
enum vmem_state {
	VMEM_SEARCHING,
	VMEM_IMPORTING,
	VMEM_RECLAIMING,
	VMEM_WAITING,
	VMEM_DONE,
};

extern const char * const vmem_state_names[];

/**
 * struct vmem_offer - free space that has appeared
 * @vm: where; NULL: no offer
 * @size: how much
 * @qcache: in a slab of this cache; NULL: as a free segment
 * @except: not for waiters of this arena; or NULL
 */
struct vmem_offer {
	struct vmem *vm;
	unsigned long size;
	struct vmem_qcache *qcache;
	const struct vmem *except;
};

/**
 * struct vmem_waiter - a request that has found nothing and may sleep
 * @vm: the arena that it was made to. Constant, as all down to @since.
 * @task: the task that made it
 * @size: how much was asked for
 * @need: no smaller free segment of @vm can serve it
 * @need_above: no smaller one of the sources can
 * @qcache: the cache of @vm that serves this size, or NULL
 * @flags: VM_* flags
 * @for_structures: it waits for segment structures, in @vm alone
 * @asks_function: the way up ends at an import function of the client's own
 * @since: jiffies when it began to wait
 * @ticket: its place in the order of service. Constant.
 * @listen: in &vmem_tree.listening while it takes offers
 * @own: in &vmem.own_waiters
 * @reclaim: in &vmem_tree.reclaiming while it waits for the end of a reclaim
 * @reclaim_ticket: which one
 * @listening: it is in &vmem_tree.listening
 * @signalled: it is to search again; READ_ONCE() by its own task
 * @reclaim_ended: the reclaim has ended; READ_ONCE() by its own task
 * @offer: what it was signalled for
 * @rounds: rounds of maintenance since it began to wait
 * @refusals: how many of its imports were refused. Its own task; READ_ONCE()
 *	elsewhere, as @retry_at and @state.
 * @retry_at: jiffies before which it does not import where it was refused
 * @state: what it is doing, for debugfs
 * @slept: the last sleep was one. Its own task.
 * @stands_back: it sleeps for the turn of an older waiter. Its own task.
 * @missed: it has not listened since its search began: it has to search again before
 *	it may sleep. Its own task.
 *
 * On the stack of the request. Protected by the tree lock but for what is said.
 */
struct vmem_waiter {
	struct vmem *vm;
	struct task_struct *task;
	unsigned long size;
	unsigned long need;
	unsigned long need_above;
	struct vmem_qcache *qcache;
	int flags;
	bool for_structures;
	bool asks_function;
	unsigned long since;
	u64 ticket;
	struct rb_node listen;
	struct list_head own;
	struct list_head reclaim;
	u64 reclaim_ticket;
	bool listening;
	bool signalled;
	bool reclaim_ended;
	struct vmem_offer offer;
	unsigned long rounds;
	unsigned int refusals;
	unsigned long retry_at;
	enum vmem_state state;
	bool slept;
	bool stands_back;
	bool missed;
};

/* Waiters to look at in one hold of the tree lock, or arenas on their way up. */
#define VMEM_WAITERS_A_HOLD	16

static inline struct vmem_waiter *vmem_rb_waiter(struct rb_node *node)
{
	return rb_entry(node, struct vmem_waiter, listen);
}

/* The arenas that can serve the waiter: its own, and those it imports from. */
static inline struct vmem *vmem_waiter_above(const struct vmem_waiter *w, struct vmem *vm)
{
	return w->need_above == ULONG_MAX ? NULL : vmem_above(vm);
}

static inline unsigned long vmem_waiter_need(const struct vmem_waiter *w, const struct vmem *vm)
{
	return vm == w->vm ? w->need : w->need_above;
}

void vmem_waiter_init(struct vmem_waiter *w, struct vmem *vm,
		      const struct vmem_request *req);
void vmem_waiter_list(struct vmem_waiter *w);
void vmem_waiter_unlist(struct vmem_waiter *w);
void vmem_waiter_begin(struct vmem_waiter *w);
struct vmem_offer vmem_waiter_listen(struct vmem_waiter *w);
void vmem_waiter_suspend(struct vmem_waiter *w);
long vmem_waiter_sleep(struct vmem_waiter *w, long timeout);
struct vmem_offer vmem_waiter_end(struct vmem_waiter *w);
void vmem_waiter_ask_reclaim(struct vmem_waiter *w);
void vmem_reclaim_ended(struct vmem_tree *tree, u64 asked);

/* offer.c */
void vmem_hand_on(const struct vmem_waiter *w, const struct vmem_offer *offer,
		  const struct vmem *except);
unsigned long vmem_others_turn(const struct vmem *vm, unsigned long need,
			       u64 ticket);

bool vmem_signal_slow(const struct vmem_offer *offer, u64 after);

/**
 * vmem_signal - free space has appeared in an arena: wake a waiter that it may serve
 * @vm: the arena
 * @size: the size of the free segment
 *
 * After the appearance was made under the arena lock.
 *
 * Context: any but NMI. Takes the tree lock, also under an arena lock.
 * Return: whether a waiter was woken.
 */
static inline bool vmem_signal(struct vmem *vm, unsigned long size)
{
	struct vmem_offer offer = { .vm = vm, .size = size };

	return unlikely(READ_ONCE(vm->waiters)) && vmem_signal_slow(&offer, 0);
}

bool vmem_signal_object(struct vmem_qcache *qc);
void vmem_rescan_soon(struct vmem_tree *tree);
void vmem_retry_waiters(struct vmem_tree *tree, bool all);

void vmem_wait_for_structures(struct vmem *vm, unsigned int need, int vmflag,
			      unsigned long *irq);

#endif /* _VMEM_ARENA_WAIT_H */
