/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Waiters, and the offers that wake them; the tree that they belong to.
 */
#ifndef _VMEM_ARENA_WAIT_H
#define _VMEM_ARENA_WAIT_H

#include "request.h"

/**
 * struct vmem_tree - the waiters and the reclaim of a tree of arenas
 * @lock: the tree lock. Protects the fields down to @reclaim_delay. Taken with
 *	interrupts off, also under an arena lock. No lock nests inside it.
 * @listening: waiters that take offers, by ticket
 * @nr_waiters: number of waiters; READ_ONCE() without the lock
 * @tickets: the last ticket
 * @reclaiming: waiters for the end of a reclaim, by reclaim ticket
 * @reclaim_asked: number of reclaims that waiters have asked for
 * @reclaim_once: run once, even without waiters
 * @reclaim_delay: jiffies before the next run while there are waiters
 * @caches: number of arenas with quantum caches
 * @reclaim: drains the quantum caches
 * @rescan: signals every waiter that free space may serve
 * @root: the root arena; NULL after its destruction. List mutex.
 * @refs: one for each arena
 */
struct vmem_tree {
	spinlock_t lock;	/* the tree lock, see above */
	struct rb_root_cached listening;
	unsigned int nr_waiters;
	u64 tickets;
	struct list_head reclaiming;
	u64 reclaim_asked;
	bool reclaim_once;
	unsigned long reclaim_delay;

	atomic_t caches;
	struct delayed_work reclaim;
	struct work_struct rescan;
	struct vmem *root;
	struct kref refs;
};

/**
 * enum vmem_state - state of a request on the slow path
 * @VMEM_SEARCHING: one pass up the tree
 * @VMEM_IMPORTING: an import function of the client is running
 * @VMEM_RECLAIMING: the quantum caches return their contents
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
 * @vm: the arena; NULL: no offer
 * @size: number of integers
 * @qcache: an object in a slab of this cache; NULL: a free segment
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
 * @vm: the arena that the request was made to. Constant, like all fields down
 *	to @since.
 * @task: the task that allocates
 * @size: number of integers
 * @need: no smaller free segment of @vm can serve the request
 * @need_above: no smaller free segment of the sources can serve it; ULONG_MAX:
 *	it does not import
 * @qcache: the cache of @vm that serves this size, or NULL
 * @flags: VM_* flags
 * @for_structures: it waits for segment structures, in @vm alone
 * @asks_function: the source path ends at an import function of the client
 * @since: jiffies when it began to wait
 * @ticket: its place in the order of service. Constant.
 * @listen: in &vmem_tree.listening while it takes offers
 * @own: in &vmem.own_waiters
 * @reclaim: in &vmem_tree.reclaiming while it waits for the end of a reclaim
 * @reclaim_ticket: &vmem_tree.reclaim_asked when it asked for the reclaim
 * @listening: it is in &vmem_tree.listening
 * @signalled: it must search again; its own task uses READ_ONCE()
 * @reclaim_ended: the reclaim has ended; its own task uses READ_ONCE()
 * @offer: the offer that it was signalled for
 * @rounds: rounds of maintenance since it began to wait
 * @refusals: number of its imports that were refused. Own task; READ_ONCE()
 *	elsewhere.
 * @retry_at: jiffies before which it does not import where an import was
 *	refused. Own task; READ_ONCE() elsewhere.
 * @state: its state, for debugfs. Own task; READ_ONCE() elsewhere.
 * @slept: the last vmem_waiter_sleep() has slept. Own task.
 * @stands_back: it sleeps for the turn of an older waiter. Own task.
 * @missed: it has stopped listening since its search began, so it must search
 *	again before it sleeps. Own task.
 *
 * On the stack of its task. The tree lock protects all fields without another
 * rule.
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

/* Lock budget of the tree lock: waiters, or arenas on their source paths. */
#define VMEM_WAITERS_A_HOLD	16

static inline struct vmem_waiter *vmem_rb_waiter(struct rb_node *node)
{
	return rb_entry(node, struct vmem_waiter, listen);
}

/* The next arena on the source path that can serve the waiter, or NULL. */
static inline struct vmem *vmem_waiter_above(const struct vmem_waiter *w, struct vmem *vm)
{
	return w->need_above == ULONG_MAX ? NULL : vmem_above(vm);
}

/* No smaller free segment of @vm can serve the waiter. */
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
void vmem_wait_for_structures(struct vmem *vm, unsigned int need, int vmflag,
			      unsigned long *irq);
int vmem_tree_join(struct vmem *vm, struct vmem *source, gfp_t gfp);
void vmem_tree_leave(struct vmem *vm);
unsigned long vmem_tree_bytes(void);

/* offer.c */
void vmem_offer_pass_on(const struct vmem_waiter *w, const struct vmem_offer *offer,
			const struct vmem *except);
unsigned long vmem_turn_of_older(const struct vmem *vm, unsigned long need,
				 u64 ticket);
bool vmem_signal_slow(const struct vmem_offer *offer, u64 after);

/**
 * vmem_signal - wake a waiter that a free segment may serve
 * @vm: the arena
 * @size: the size of the free segment, which has appeared under the arena lock
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
void vmem_tree_rescan(struct work_struct *work);
void vmem_rescan_soon(struct vmem_tree *tree);
void vmem_retry_waiters(struct vmem_tree *tree, bool all);

/* qcache/reclaim.c */
void vmem_tree_reclaim(struct work_struct *work);
void vmem_reclaim_queue(struct vmem_tree *tree, unsigned long delay);

#endif /* _VMEM_ARENA_WAIT_H */
