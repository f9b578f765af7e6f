/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Waiters, the offers that wake waiters, and the tree of arenas.
 */
#ifndef _VMEM_ARENA_WAIT_H
#define _VMEM_ARENA_WAIT_H

#include "request.h"

/**
 * struct vmem_tree - the waiters and the reclaim of a tree of arenas
 * @lock: the tree lock. Protects the fields from @listening to @reclaim_delay.
 *	Taken with interrupts off; nests inside an arena lock. No lock nests
 *	inside the tree lock.
 * @listening: waiters that take offers, by ticket
 * @nr_waiters: number of waiters; READ_ONCE() without the lock
 * @tickets: the last ticket that was given to a waiter
 * @reclaiming: waiters that wait for the end of a reclaim, by reclaim ticket
 * @reclaim_asked: number of reclaims that waiters have requested
 * @reclaim_once: run @reclaim once, even without waiters
 * @reclaim_delay: jiffies before the next run of @reclaim while there are
 *	waiters
 * @caches: number of arenas with quantum caches
 * @reclaim: work item: drains the quantum caches of the tree
 * @rescan: work item: signals every waiter that free space may serve
 * @root: the root arena; NULL after its destruction. List mutex.
 * @refs: one reference for each arena of the tree
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
 * @VMEM_SEARCHING: one pass up the tree: the arena, its source, and so on
 * @VMEM_IMPORTING: an import function of the client is running
 * @VMEM_RECLAIMING: the quantum caches return their contents
 * @VMEM_WAITING: asleep until an offer arrives
 * @VMEM_DONE: the request was served, or has failed
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
 * @vm: the arena that has the space; NULL if there is no offer
 * @size: number of integers
 * @qcache: the cache, if the space is an object in a slab; NULL if the space is
 *	a free segment
 * @except: arena whose waiters do not get the offer, or NULL
 */
struct vmem_offer {
	struct vmem *vm;
	unsigned long size;
	struct vmem_qcache *qcache;
	const struct vmem *except;
};

/**
 * struct vmem_waiter - a request that has found nothing and may sleep
 * @vm: the arena that the request was made to. Constant, like all fields from
 *	here to @since.
 * @task: the task that allocates
 * @size: number of integers
 * @need: lower bound of the size of a free segment of @vm that can serve the
 *	request
 * @need_above: lower bound of the size of a free segment of a source that can
 *	serve the request; ULONG_MAX if the request does not import
 * @qcache: the cache of @vm that serves this size, or NULL
 * @flags: VM_* flags
 * @for_structures: the request waits for segment structures of @vm, not for
 *	space
 * @asks_function: the source path ends at an import function of the client
 * @since: jiffies when the request got its ticket
 * @ticket: place in the order of service: the smallest ticket comes first.
 *	Constant.
 * @listen: node in &vmem_tree.listening while the waiter takes offers
 * @own: node in &vmem.own_waiters
 * @reclaim: node in &vmem_tree.reclaiming while the waiter waits for the end of
 *	a reclaim
 * @reclaim_ticket: &vmem_tree.reclaim_asked when the waiter requested the
 *	reclaim
 * @listening: the waiter is in &vmem_tree.listening
 * @signalled: the waiter must search again; @task uses READ_ONCE()
 * @reclaim_ended: the requested reclaim has ended; @task uses READ_ONCE()
 * @offer: the offer that was the reason for the signal
 * @rounds: number of rounds of maintenance during which the waiter listened;
 *	counted only with @asks_function
 * @refusals: number of refused imports of the request. Only @task writes;
 *	READ_ONCE() elsewhere.
 * @retry_at: jiffies before which the request does not import into the arena
 *	that has refused the last import of the request. Only @task writes;
 *	READ_ONCE() elsewhere.
 * @state: state of the request. Only @task writes; READ_ONCE() elsewhere.
 * @slept: the last vmem_waiter_sleep() has slept. Private to @task.
 * @stands_back: the waiter sleeps during an older waiter's turn. Private to
 *	@task.
 * @missed: the waiter has stopped listening since its search began, so it must
 *	search again before it sleeps. Private to @task.
 *
 * On the stack of @task. The tree lock protects all fields for which nothing
 * else is stated.
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

/* Lock budget of the tree lock: waiters plus arenas on their source paths. */
#define VMEM_WAITERS_A_HOLD	16

static inline struct vmem_waiter *vmem_rb_waiter(struct rb_node *node)
{
	return rb_entry(node, struct vmem_waiter, listen);
}

/* The next arena on the source path of @w. NULL at the end of the path. */
static inline struct vmem *vmem_waiter_above(const struct vmem_waiter *w, struct vmem *vm)
{
	return w->need_above == ULONG_MAX ? NULL : vmem_above(vm);
}

/* Lower bound of the size of a free segment of @vm that can serve @w. */
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
 * Context: any but NMI; an arena lock may be held. Takes the tree lock.
 * Return: true if a waiter was woken.
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
