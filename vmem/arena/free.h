/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Freeing, and the release of imported spans that become wholly free.
 */
#ifndef _VMEM_ARENA_FREE_H
#define _VMEM_ARENA_FREE_H

#include "../arena.h"

/**
 * struct vmem_pending_free - the range that vmem_free_pending() frees next
 * @vm: the arena to free the range in; NULL if there is no range to free
 * @addr: first integer
 * @size: number of integers
 * @cached: the range is a slab or a single object of a quantum cache of @vm
 * @no_offer: do not offer the range to waiters
 * @defer: do not call release functions of clients: leave the calls to
 *	&vmem.release of the arena
 * @caller_queues: with @defer: do not queue &vmem.release. The caller queues it
 *	for the arena of the first range, and for each arena on the source path
 *	of that arena.
 * @from: the arena that releases the range, or NULL; &vmem.calls of this arena
 *	counts the release
 */
struct vmem_pending_free {
	struct vmem *vm;
	unsigned long addr;
	unsigned long size;
	bool cached;
	bool no_offer;
	bool defer;
	bool caller_queues;
	struct vmem *from;
};

void vmem_free_pending(struct vmem_pending_free *pending);
void vmem_freed(struct vmem *vm, struct vmem_seg *seg,
		struct vmem_pending_free *pending, unsigned long irq)
	__releases(&vm->segmap.lock);
void vmem_return_import(struct vmem *vm, vmem_free_t *ffunc, unsigned long addr,
			unsigned long size, bool refused);
unsigned int vmem_release_free_spans(struct vmem *vm);
void vmem_release_work(struct work_struct *work);
void vmem_release_exit(struct vmem *vm);

/* Count a client function or a release that begins. The arena lock is held. */
static inline void vmem_call_begin(struct vmem *vm)
{
	lockdep_assert_held(&vm->segmap.lock);
	atomic_inc(&vm->calls);
}

void vmem_call_end(struct vmem *vm);
void vmem_calls_wait(struct vmem *vm);

/* Is @seg the first segment of an imported span? */
static inline bool vmem_seg_begins_import(const struct vmem_seg *seg)
{
	const struct vmem_seg *span = vmem_seg_prev(seg);

	return unlikely(span->type == VMEM_SPAN && span->imported);
}

/* Does the free segment @seg cover a whole imported span? */
static inline bool vmem_span_is_free(const struct vmem_seg *seg)
{
	return vmem_seg_begins_import(seg) &&
	       vmem_seg_next(seg)->type == VMEM_SPAN;
}

#endif /* _VMEM_ARENA_FREE_H */
