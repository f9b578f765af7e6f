/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A request on the slow path: its states are in serve.c, the search through the arenas
 * on its way up is in climb.c.
 */
#ifndef _VMEM_ARENA_SLOW_H
#define _VMEM_ARENA_SLOW_H

#include "serve.h"
#include "wait.h"

/* Import functions are asked again so often before the request has slept. */
#define REPEATS		4

/**
 * struct alloc_ctx - a request on the slow path
 * @vm: the arena that it was made to
 * @req: the request
 * @here: the arena that the pass has got to
 * @cur: what is wanted there: @req, or @up
 * @up: what is wanted from an arena above, or of a slab
 * @top: the levels that wait for what is above them
 * @aside: the segment structures that these levels have set aside
 * @slabs: how many of the levels are slabs: above these nothing may sleep
 * @addr: what was got last; 0: nothing
 * @got: if that is by an import function of the client's own: how much
 * @w: the waiter
 * @waiting: @w is one
 * @reclaim_over: NOSLEEP: caches have given what they can; else: the reclaim has ended
 * @reclaim_asked: it was asked for
 * @function_failed: the import function was asked, and is not to be asked again
 *	before the request has slept
 * @released: the count of spans that had gone home when that was so
 * @repeats: how many more times it may be asked without that, because something
 *	appeared in the arena meanwhile
 * @refused_vm: the arena that has refused an import
 * @held_off: the last search did not import there, since it was too early for that
 * @injected: an arena above has failed the last search on purpose
 * @offer: what has ended the last sleep, until it is handed on
 * @timeout: for the next sleep
 * @reason: VMEM_FAIL_*: why it has not been served so far
 */
struct alloc_ctx {
	struct vmem *vm;
	const struct vmem_request *req;
	struct vmem *here;
	const struct vmem_request *cur;
	struct vmem_request up;
	struct vmem_level *top;
	struct vmem_stock aside;
	unsigned int slabs;
	unsigned long addr;
	unsigned long got;
	struct vmem_waiter w;
	bool waiting;
	bool reclaim_over;
	bool reclaim_asked;
	bool function_failed;
	u64 released;
	unsigned int repeats;
	struct vmem *refused_vm;
	bool held_off;
	bool injected;
	struct vmem_offer offer;
	long timeout;
	unsigned int reason;
};

/* May the request wait for space? */
static inline bool vmem_may_wait(const struct alloc_ctx *c)
{
	return !(c->req->flags & (VM_NOSLEEP | VM_ABORT));
}

/* May caches hold what the request needs? */
static inline bool vmem_tree_has_caches(const struct alloc_ctx *c)
{
	return atomic_read(&c->vm->tree->caches);
}

/* The offer that the waiter has been woken by is used, or is of no use now. */
static inline void vmem_hand_on_offer(struct alloc_ctx *c)
{
	if (!c->offer.vm)
		return;
	vmem_hand_on(&c->w, &c->offer, NULL);
	c->offer.vm = NULL;
}

void vmem_search_up(struct alloc_ctx *c);

#endif /* _VMEM_ARENA_SLOW_H */
