/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The policies, and the lock budget of their searches.
 *
 * A search visits a bounded number of segments, then relaxes the arena lock.
 * The segments that it has visited may change while the lock is dropped. A
 * search that raced with a change and found nothing starts again. The last try
 * does not relax the lock, so that the search ends with a correct answer.
 */
#ifndef _VMEM_ARENA_SEARCH_H
#define _VMEM_ARENA_SEARCH_H

#include "request.h"

/* Number of segments that a search visits in one hold of the lock. */
#define VMEM_LOCK_BUDGET	512

/* Number of tries that may relax the lock. The next try does not. */
#define VMEM_LOCK_RETRIES	4

/**
 * struct vmem_lock_budget - the lock budget of one search
 * @vm: the arena, locked
 * @sleep: the caller may sleep
 * @irq: interrupt state of the caller's spin_lock_irqsave()
 * @tries: remaining number of tries that may relax the lock
 * @left: number of segments that the search may still visit in this hold
 * @relaxed: this try has relaxed the lock
 * @changes: vmem_lock_budget_changes() at the start of this try
 */
struct vmem_lock_budget {
	struct vmem *vm;
	bool sleep;
	unsigned long *irq;
	unsigned int tries;
	unsigned int left;
	bool relaxed;
	u64 changes;
};

#define VMEM_LOCK_BUDGET_INIT(arena, request, irqs) {			\
	.vm = (arena), .sleep = !((request)->flags & VM_NOSLEEP),	\
	.irq = (irqs), .tries = VMEM_LOCK_RETRIES			\
}

/* Counts every cut, and every free segment that appears. */
static inline u64 vmem_lock_budget_changes(const struct vmem *vm)
{
	return vmem_segmap_appeared(&vm->segmap) + vm->segmap.stats.alloc;
}

/* Begin a try. */
static inline void vmem_lock_budget_start(struct vmem_lock_budget *budget)
{
	budget->left = VMEM_LOCK_BUDGET;
	budget->relaxed = false;
	budget->changes = vmem_lock_budget_changes(budget->vm);
}

/* Must the search relax the lock? Called once for each visited segment. */
static inline bool vmem_lock_budget_spent(struct vmem_lock_budget *budget)
{
	return unlikely(!--budget->left) && budget->tries;
}

/* Has the arena changed while the lock was relaxed? */
static inline bool vmem_lock_budget_raced(const struct vmem_lock_budget *budget)
{
	return unlikely(budget->relaxed) &&
	       budget->changes != vmem_lock_budget_changes(budget->vm);
}

/* Must the search try again after a try that has found nothing? */
static inline bool vmem_lock_budget_retry(struct vmem_lock_budget *budget)
{
	if (!vmem_lock_budget_raced(budget))
		return false;
	budget->tries--;
	return true;
}

void vmem_lock_relax(struct vmem_lock_budget *budget);

struct vmem_seg *vmem_search(struct vmem *vm, const struct vmem_request *req,
			     unsigned long *irq);
struct vmem_seg *vmem_take_guaranteed(struct vmem *vm,
				      const struct vmem_request *req);
struct vmem_seg *vmem_nextfit(struct vmem *vm, const struct vmem_request *req,
			      unsigned long *irq);
void vmem_rotor_after(struct vmem *vm, struct vmem_seg *seg);

/**
 * vmem_take - find a free segment by the request's policy, and allocate from it
 * @vm: the arena, locked, with VMEM_CUT_COST structures in its pool
 * @req: the request
 * @irq: interrupt state of the caller's spin_lock_irqsave()
 *
 * A long search relaxes the lock, but up to VMEM_IMPORT_COST structures of the
 * pool remain reserved for this request.
 *
 * Return: the allocated segment, or NULL if no free segment can serve the
 * request.
 */
static inline struct vmem_seg *vmem_take(struct vmem *vm,
					 const struct vmem_request *req,
					 unsigned long *irq)
{
	return req->flags & VM_NEXTFIT ? vmem_nextfit(vm, req, irq)
				       : vmem_search(vm, req, irq);
}

#endif /* _VMEM_ARENA_SEARCH_H */
