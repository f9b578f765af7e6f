// SPDX-License-Identifier: GPL-2.0
/*
 * The search for a free segment that meets a request: best fit, first fit, and
 * instant fit for requests with constraints.
 *
 * The search is complete: it fails only if no free segment can serve the
 * request. For a narrow window, the search first walks the segment list by
 * address. If the walk visits too many segments below the window or in the
 * window, the search continues by size class, as for any other request.
 */
#include <linux/log2.h>
#include <linux/minmax.h>
#include <linux/sched.h>

#include "search.h"

/* Search by address: upper bounds of the steps below and in the window. */
#define WINDOW_WALK	512
#define WINDOW_SEGS	256

/**
 * vmem_lock_relax - drop the arena lock and take it again
 * @budget: the budget of a search that keeps its place by an open cursor;
 *	vmem_lock_budget_spent() was true
 *
 * While the lock is dropped, the structures that the request may need later are
 * not in the pool, so no other request takes them.
 *
 * Context: the arena lock is held.
 */
void vmem_lock_relax(struct vmem_lock_budget *budget)
	__must_hold(&budget->vm->segmap.lock)
{
	struct vmem_segmap *sm = &budget->vm->segmap;
	struct vmem_seg_pool aside = {};

	lockdep_assert_held(&sm->lock);
	vmem_seg_pool_move(&aside, &sm->pool,
			   min_t(unsigned int, sm->pool.n, VMEM_IMPORT_COST));
	spin_unlock_irqrestore(&sm->lock, *budget->irq);
	if (budget->sleep)
		cond_resched();
	spin_lock_irqsave(&sm->lock, *budget->irq);
	vmem_seg_pool_move(&sm->pool, &aside, aside.n);
	budget->left = VMEM_LOCK_BUDGET;
	budget->relaxed = true;
}

/* Does the request prefer a class whose members are all large enough? */
static bool search_prefers_larger(const struct vmem_request *req)
{
	return !is_power_of_2(req->taken) &&
	       !(req->flags & (VM_BESTFIT | VM_FIRSTFIT));
}

/**
 * struct window - a search by address
 * @req: the request
 * @possible_class: the class that ranks last, because its segments may be too
 *	small; BITS_PER_LONG if there is none
 * @best_class: the class that ranks first
 * @best: the best segment so far, or NULL
 * @rank: rank of the class of @best; a lower rank is better
 * @addr: the address of the request in @best
 * @looked: number of free segments that the search has visited
 */
struct window {
	const struct vmem_request *req;
	unsigned int possible_class;
	unsigned int best_class;
	struct vmem_seg *best;
	unsigned int rank;
	unsigned long addr;
	u64 looked;
};

/* Update @w->best. Returns true if no later segment can be better. */
static bool window_consider(struct window *w, struct vmem_seg *seg)
{
	const struct vmem_request *req = w->req;
	unsigned int rank = vmem_class_of(seg->size);
	bool smallest = req->flags & VM_BESTFIT;
	unsigned long addr;

	w->looked++;
	if (!vmem_fit(req, seg, &addr))
		return false;
	if (rank == w->possible_class)
		rank = BITS_PER_LONG;
	if (!w->best || rank < w->rank ||
	    (smallest && rank == w->rank && seg->size < w->best->size)) {
		w->best = seg;
		w->rank = rank;
		w->addr = addr;
	}
	return smallest ? seg->size == req->taken
			: w->rank == w->best_class;
}

/*
 * In one span, walk to the window and through the window. Returns false if the
 * steps run out: *@walk counts down the steps below the window, *@left the
 * steps in the window. Sets *@left to 0 if no later segment can be better.
 */
static bool window_walk_span(struct vmem_segmap *sm, struct vmem_seg *span,
			     struct window *w, unsigned int *walk,
			     unsigned int *left)
{
	const struct vmem_request *req = w->req;
	struct vmem_seg *seg = vmem_hint_find(sm, span, max(req->min,
							    span->start));
	unsigned int steps = 0;

	while (seg->type != VMEM_SPAN && vmem_seg_last(seg) < req->min) {
		if (!--*walk)
			return false;
		if (++steps >= VMEM_HINT_STRIDE && seg->type == VMEM_ALLOC) {
			vmem_hint_insert(sm, seg);
			steps = 0;
		}
		seg = vmem_seg_next(seg);
	}
	for (; seg->type != VMEM_SPAN && seg->start <= req->max;
	     seg = vmem_seg_next(seg)) {
		if (!--*left)
			return false;
		if (seg->type == VMEM_FREE && window_consider(w, seg)) {
			*left = 0;
			return true;
		}
	}
	return true;
}

/* Does the window hold at most WINDOW_SEGS segments? An estimate. */
static bool window_is_narrow(const struct vmem_segmap *sm,
			     const struct vmem_request *req)
{
	unsigned long n = 2 * vmem_segmap_nr_allocated(sm) + sm->nspans;

	return req->min && req->max != ULONG_MAX && n &&
	       (req->max - req->min) / WINDOW_SEGS <=
	       (unsigned long)sm->stats.mem_total / n;
}

/*
 * Search by address, in one hold of the lock. Returns false if the window is
 * not narrow, or if the walk takes too many steps. Else sets *@seg to the
 * segment, or to NULL, and *@addr to the address.
 *
 * Ranks the classes like search_classes(): from the lowest class up, with the
 * possible class last. With VM_BESTFIT or VM_FIRSTFIT, the possible class comes
 * first. In the first class in which a segment fits, VM_BESTFIT takes the
 * smallest fitting segment. Any other policy takes the fitting segment with the
 * lowest address.
 */
static bool window_search(struct vmem *vm, const struct vmem_request *req,
			  struct vmem_seg **seg, unsigned long *addr)
{
	struct vmem_segmap *sm = &vm->segmap;
	struct window w = {
		.req = req,
		.possible_class = BITS_PER_LONG,
		.best_class = vmem_class_of(req->taken),
	};
	unsigned int walk = WINDOW_WALK, left = WINDOW_SEGS;
	struct vmem_seg *span;
	bool known = true;

	lockdep_assert_held(&sm->lock);
	if (!window_is_narrow(sm, req))
		return false;
	if (search_prefers_larger(req))
		w.possible_class = w.best_class++;
	for (span = vmem_span_from(sm, req->min);
	     span && span->start <= req->max && left && known;
	     span = vmem_span_after(span))
		known = window_walk_span(sm, span, &w, &walk, &left);
	if (!known)
		return false;
	if (w.looked)
		sm->stats.search += w.looked - 1;
	*seg = w.best;
	*addr = w.addr;
	return true;
}

/**
 * struct search - a search by class
 * @req: the request
 * @budget: the lock budget
 * @looked: number of segments that the search has visited
 * @addr: the address of the request in the found segment
 */
struct search {
	const struct vmem_request *req;
	struct vmem_lock_budget budget;
	u64 looked;
	unsigned long addr;
};

/* Relax the lock. @seg and @best may move to other segments, or become NULL. */
static noinline void search_relax(struct search *s, struct vmem_seg **seg,
				  struct vmem_seg **best)
{
	struct vmem_segmap *sm = &s->budget.vm->segmap;
	struct vmem_class_cursor cur = { .seg = *seg, .best = *best };

	hlist_add_head(&cur.link, &sm->classes.cursors);
	vmem_segmap_observe(sm, 1);
	vmem_lock_relax(&s->budget);
	hlist_del(&cur.link);
	vmem_segmap_observe(sm, -1);
	*seg = cur.seg;
	*best = cur.best;
	/* @best may have shrunk while the lock was dropped. */
	if (*best && !vmem_fit(s->req, *best, &s->addr))
		*best = NULL;
}

/* Search one class. Returns a segment that can serve the request, or NULL. */
static struct vmem_seg *search_class(struct search *s, struct vmem_class *class)
{
	const struct vmem_classes *c = &s->budget.vm->segmap.classes;
	const struct vmem_request *req = s->req;
	struct vmem_seg *best = NULL;
	unsigned long largest = 0;
	struct vmem_seg *seg;
	unsigned long at;

	if (class->bound < req->taken)
		return NULL;
	seg = vmem_class_first(c, class);
	while (seg) {
		s->looked++;
		largest = max(largest, seg->size);
		if ((!best || seg->size < best->size) &&
		    vmem_fit(req, seg, &at)) {
			best = seg;
			s->addr = at;
			if (!(req->flags & VM_BESTFIT) ||
			    seg->size == req->taken)
				return best;
		}
		seg = vmem_class_next(c, seg);
		if (vmem_lock_budget_spent(&s->budget))
			search_relax(s, &seg, &best);
	}
	if (!vmem_lock_budget_raced(&s->budget))
		class->bound = largest;
	return best;
}

/*
 * Search from the lowest class up. The possible class, whose segments may be
 * too small, comes last if a higher class is not empty. With VM_BESTFIT or
 * VM_FIRSTFIT, the possible class comes first.
 */
static struct vmem_seg *search_classes(struct search *s)
{
	const struct vmem_request *req = s->req;
	struct vmem_classes *c = &s->budget.vm->segmap.classes;
	unsigned int possible_class = vmem_class_of(req->taken);
	unsigned int class = possible_class;
	struct vmem_seg *seg;
	unsigned long map;
	bool skip;

	skip = search_prefers_larger(req) &&
	       vmem_classes_from(c, possible_class) & ~BIT(possible_class);
	if (skip)
		class++;
	/* Read the map each time: it may change while the lock is relaxed. */
	while (class < BITS_PER_LONG && (map = vmem_classes_from(c, class))) {
		class = __ffs(map);
		seg = search_class(s, &c->class[class]);
		if (seg)
			return seg;
		class++;
	}
	return skip ? search_class(s, &c->class[possible_class]) : NULL;
}

/**
 * vmem_search - find a free segment for a request, and allocate from it
 * @vm: the arena, locked, with VMEM_CUT_COST structures in its pool; a long
 *	search relaxes the lock
 * @req: the request
 * @irq: interrupt state of the caller's spin_lock_irqsave()
 *
 * Return: the allocated segment, or NULL if no free segment can serve the
 * request.
 */
struct vmem_seg *vmem_search(struct vmem *vm, const struct vmem_request *req,
			     unsigned long *irq)
{
	struct vmem_segmap *sm = &vm->segmap;
	struct search s = {
		.req = req,
		.budget = VMEM_LOCK_BUDGET_INIT(vm, req, irq),
	};
	struct vmem_seg *seg;

	lockdep_assert_held(&sm->lock);
	if (window_search(vm, req, &seg, &s.addr))
		goto found;
	do {
		vmem_lock_budget_start(&s.budget);
		seg = search_classes(&s);
	} while (!seg && vmem_lock_budget_retry(&s.budget));

	if (s.looked)
		sm->stats.search += s.looked - 1;
	if (!seg)
		return NULL;
	/* Lets a later search by address begin here. */
	if (req->min)
		vmem_hint_insert(sm, vmem_seg_prev(seg));
found:
	return seg ? vmem_segmap_cut(sm, seg, s.addr, req->size) : NULL;
}

/**
 * vmem_take_guaranteed - allocate from a class whose segments all fit
 * @vm: the arena, locked, with VMEM_CUT_COST structures in its pool
 * @req: a request without bounds
 *
 * Opportunistic: takes constant time, and ignores the policy of the request.
 *
 * Return: the allocated segment, or NULL if there is no such free segment.
 */
struct vmem_seg *vmem_take_guaranteed(struct vmem *vm,
				      const struct vmem_request *req)
{
	struct vmem_segmap *sm = &vm->segmap;
	unsigned long need, addr;
	struct vmem_seg *seg;

	lockdep_assert_held(&sm->lock);
	if (check_add_overflow(req->taken, req->align - sm->quantum, &need))
		return NULL;
	if (!vmem_classes_guaranteed(&sm->classes, need, &seg))
		return NULL;
	vmem_fit(req, seg, &addr);
	return vmem_segmap_cut(sm, seg, addr, req->size);
}
