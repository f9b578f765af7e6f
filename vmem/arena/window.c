// SPDX-License-Identifier: GPL-2.0
/*
 * Requests for one place or a narrow window: the segments that lie there are
 * looked at, instead of all of a size class.
 *
 * The way there is short where somebody has been before (see waypoint.c), and the
 * window is narrow if it is likely to hold no more than WINDOW segments. If either
 * turns out otherwise this gives up, and the classes are searched; what it has seen of
 * the way is noted for the next.
 *
 * The choice among what fits is that of the search of the classes: the lowest class,
 * with one that was passed over last, and in it the smallest for VM_BESTFIT. But
 * where that one takes what was put into the class last, here it is the lowest.
 */
#include <linux/log2.h>

#include "search.h"

/* Segments to pass on the way, and to look at in the window. */
#define WAY		512
#define WINDOW		256

/**
 * struct window - a look at a window
 * @req: what for
 * @over: this class comes last: what is passed over unless nothing else serves;
 *	BITS_PER_LONG: none does
 * @least: no other class than this can be better
 * @best: the best so far, or NULL
 * @rank: of its class
 * @addr: where the request goes in it
 * @looked: how many free segments have been looked at
 */
struct window {
	const struct vmem_request *req;
	unsigned int over;
	unsigned int least;
	struct vmem_seg *best;
	unsigned int rank;
	unsigned long addr;
	u64 looked;
};

/* Returns whether no other can be better. */
static bool consider(struct window *w, struct vmem_seg *seg)
{
	const struct vmem_request *req = w->req;
	unsigned int rank = vmem_class_of(seg->size);
	bool smallest = req->flags & VM_BESTFIT;
	unsigned long addr;

	w->looked++;
	if (!vmem_fit(req, seg, &addr))
		return false;
	if (rank == w->over)
		rank = BITS_PER_LONG;
	if (!w->best || rank < w->rank ||
	    (smallest && rank == w->rank && seg->size < w->best->size)) {
		w->best = seg;
		w->rank = rank;
		w->addr = addr;
	}
	return smallest ? seg->size == req->taken
			: w->rank == w->least;
}

/*
 * Go to the window in one span, and through it. False: that is too far. *@way and
 * *@left are what may still be passed and looked at, 0 when all is clear.
 */
static bool walk_span(struct vmem_space *sp, struct vmem_seg *span,
		      struct window *w, unsigned int *way, unsigned int *left)
{
	const struct vmem_request *req = w->req;
	struct vmem_seg *seg = vmem_way_to(sp, span, max(req->min,
							 span->start));
	unsigned int steps = 0;

	while (seg->type != VMEM_SPAN && vmem_seg_last(seg) < req->min) {
		if (!--*way)
			return false;
		if (++steps >= VMEM_STRIDE && seg->type == VMEM_ALLOC) {
			vmem_way_plant(sp, seg);
			steps = 0;
		}
		seg = vmem_seg_next(seg);
	}
	for (; seg->type != VMEM_SPAN && seg->start <= req->max;
	     seg = vmem_seg_next(seg)) {
		if (!--*left)
			return false;
		if (seg->type == VMEM_FREE && consider(w, seg)) {
			*left = 0;
			return true;
		}
	}
	return true;
}

/* Is it likely that no more segments than that are there? */
static bool narrow(const struct vmem_space *sp, const struct vmem_request *req)
{
	unsigned long n = 2 * vmem_space_allocated(sp) + sp->nspans;

	return req->min && req->max != ULONG_MAX && n &&
	       (req->max - req->min) / WINDOW <=
	       (unsigned long)sp->stats.mem_total / n;
}

/**
 * vmem_window - look for room for a request in the window that it names
 * @vm: the arena, locked
 * @req: the request
 * @addr: set to where it goes
 * @seg: set to the free segment that it goes into, NULL if there is none
 *
 * Bounded: holds the lock throughout.
 *
 * Return: whether that is known; if not the classes are to be searched.
 */
bool vmem_window(struct vmem *vm, const struct vmem_request *req,
		 struct vmem_seg **seg, unsigned long *addr)
{
	struct vmem_space *sp = &vm->space;
	struct window w = {
		.req = req,
		.over = BITS_PER_LONG,
		.least = vmem_class_of(req->taken),
	};
	unsigned int way = WAY, left = WINDOW;
	struct vmem_seg *span;
	bool known = true;

	lockdep_assert_held(&sp->lock);
	if (!narrow(sp, req))
		return false;
	if (!is_power_of_2(req->taken) &&
	    !(req->flags & (VM_BESTFIT | VM_FIRSTFIT)))
		w.over = w.least++;
	for (span = vmem_span_from(sp, req->min);
	     span && span->start <= req->max && left && known;
	     span = vmem_span_after(span))
		known = walk_span(sp, span, &w, &way, &left);
	if (!known)
		return false;
	if (w.looked)
		sp->stats.search += w.looked - 1;
	*seg = w.best;
	*addr = w.addr;
	return true;
}
