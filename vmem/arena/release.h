/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Ranges on their way home: what is freed, and the spans that become wholly free
 * with it.
 */
#ifndef _VMEM_ARENA_RELEASE_H
#define _VMEM_ARENA_RELEASE_H

#include "arena.h"

/**
 * struct vmem_home - a range that goes back to an arena
 * @vm: the arena that gets it back; NULL: nothing does
 * @addr: first integer
 * @size: how many
 * @cached: a cache of @vm has had it: as a slab or as a single object
 * @quiet: it makes no offer to waiters
 * @later: release functions of clients are not to be called: a work item does that
 * @hold: with @later, on the way up of the arena that it began in the caller queues
 *	that work item
 * @from: the arena that it comes from, in &vmem.calls of which this counts; or NULL
 */
struct vmem_home {
	struct vmem *vm;
	unsigned long addr;
	unsigned long size;
	bool cached;
	bool quiet;
	bool later;
	bool hold;
	struct vmem *from;
};

void vmem_send_home(struct vmem_home *home);
void vmem_freed(struct vmem *vm, struct vmem_seg *seg, struct vmem_home *home,
		unsigned long irq) __releases(&vm->space.lock);
void vmem_give_back(struct vmem *vm, vmem_free_t *ffunc, unsigned long addr,
		    unsigned long size, bool refused);
unsigned int vmem_release_idle(struct vmem *vm);
void vmem_release_work(struct work_struct *work);
void vmem_release_exit(struct vmem *vm);

/* A function of the client's is about to be called. The arena lock is held. */
static inline void vmem_call_begin(struct vmem *vm)
{
	lockdep_assert_held(&vm->space.lock);
	atomic_inc(&vm->calls);
}

void vmem_call_end(struct vmem *vm);
void vmem_calls_wait(struct vmem *vm);

/* Is @seg the first segment of a span that came from the source? */
static inline bool vmem_leads_import(const struct vmem_seg *seg)
{
	const struct vmem_seg *span = vmem_seg_prev(seg);

	return unlikely(span->type == VMEM_SPAN && span->imported);
}

/* Is the free segment @seg all of a span that came from the source? */
static inline bool vmem_span_is_free(const struct vmem_seg *seg)
{
	return vmem_leads_import(seg) &&
	       vmem_seg_next(seg)->type == VMEM_SPAN;
}

#endif /* _VMEM_ARENA_RELEASE_H */
