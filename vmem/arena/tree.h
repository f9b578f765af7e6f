/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A tree: a root arena and all arenas that import from it, directly or not. The tree
 * has the waiters of all its arenas and one reclaim. See Documentation/waiting.rst.
 */
#ifndef _VMEM_ARENA_TREE_H
#define _VMEM_ARENA_TREE_H

#include <linux/rbtree.h>

#include "arena.h"

/**
 * struct vmem_tree - the waiters and the reclaim of a tree
 * @lock: protects what follows down to @reclaim_delay. Nests inside arena locks;
 *	nothing is taken under it. Interrupts off.
 * @listening: waiters that take offers, by ticket
 * @nr_waiters: all waiters; READ_ONCE() without the lock
 * @tickets: the ticket of the waiter that came last
 * @reclaiming: waiters for the end of a reclaim, by @reclaim_asked
 * @reclaim_asked: how many reclaims were asked for
 * @reclaim_done: a run has ended that began when so many were asked for
 * @reclaim_once: a run is wanted although there may be no waiter
 * @reclaim_delay: jiffies before the next run while there are waiters
 * @caches: arenas with quantum caches
 * @reclaim: has caches give back what they hold
 * @rescan: signals every waiter for which there may be room
 * @root: the root arena; NULL when it has gone. List mutex.
 * @refs: arenas
 */
struct vmem_tree {
	spinlock_t lock;	/* see above */
	struct rb_root_cached listening;
	unsigned int nr_waiters;
	u64 tickets;
	struct list_head reclaiming;
	u64 reclaim_asked;
	u64 reclaim_done;
	bool reclaim_once;
	unsigned long reclaim_delay;

	atomic_t caches;
	struct delayed_work reclaim;
	struct work_struct rescan;
	struct vmem *root;
	struct kref refs;
};

int vmem_tree_join(struct vmem *vm, struct vmem *source, gfp_t gfp);
void vmem_tree_leave(struct vmem *vm);
unsigned long vmem_tree_bytes(void);

/* reclaim.c */
void vmem_tree_reclaim(struct work_struct *work);
void vmem_reclaim_queue(struct vmem_tree *tree, unsigned long delay);

/* wait.c */
void vmem_tree_rescan(struct work_struct *work);

#endif /* _VMEM_ARENA_TREE_H */
