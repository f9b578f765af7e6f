// SPDX-License-Identifier: GPL-2.0
/*
 * The search for a free segment that meets a request: best fit, first fit, and
 * what instant fit becomes when a request has constraints.
 *
 * It is complete: when it finds nothing there is nothing. And it looks first
 * where it need not look at much.
 */
#include <linux/log2.h>

#include "search.h"

/* The segment of one class to take, with the address in it, or NULL. */
static struct vmem_seg *search_class(struct vmem_class *class,
				     const struct vmem_request *req,
				     unsigned long *addr, u64 *looked)
{
	struct vmem_seg *best = NULL;
	unsigned long largest = 0;
	struct vmem_seg *seg;
	unsigned long at;

	if (class->bound < req->taken)
		return NULL;
	hlist_for_each_entry(seg, &class->list, class) {
		++*looked;
		largest = max(largest, seg->size);
		if (best && seg->size >= best->size)
			continue;
		if (!vmem_fit(req, seg, &at))
			continue;
		best = seg;
		*addr = at;
		if (!(req->flags & VM_BESTFIT) || seg->size == req->taken)
			return best;
	}
	class->bound = largest;
	return best;
}

/**
 * vmem_search - find room for a request and take it
 * @vm: the arena, locked, with VMEM_CUT_COST structures in its stock
 * @req: the request
 *
 * Begins in the class that may hold a fit if all members of it do fit but for
 * the constraints, if there is no higher one, or if VM_BESTFIT or VM_FIRSTFIT
 * asks for small segments; else one class above, where size is no longer in
 * question. Goes up from there to the first class in which something fits. If
 * nothing does, the class that was passed over is searched after all.
 *
 * Return: the allocated segment, or NULL if no free segment can serve.
 */
struct vmem_seg *vmem_search(struct vmem *vm, const struct vmem_request *req)
{
	struct vmem_space *sp = &vm->space;
	unsigned int maybe = vmem_class_of(req->taken);
	unsigned long map = vmem_classes_from(&sp->classes, maybe);
	unsigned long later = 0;
	struct vmem_seg *seg = NULL;
	unsigned long addr = 0;
	u64 looked = 0;

	lockdep_assert_held(&sp->lock);
	if (!is_power_of_2(req->taken) &&
	    !(req->flags & (VM_BESTFIT | VM_FIRSTFIT)) &&
	    map & ~(1UL << maybe)) {
		later = map & (1UL << maybe);
		map &= ~later;
	}

	while (map && !seg) {
		unsigned int class = __ffs(map);

		seg = search_class(&sp->classes.class[class], req, &addr,
				   &looked);
		map &= ~(1UL << class);
		if (!map) {
			map = later;
			later = 0;
		}
	}

	if (looked)
		sp->stats.search += looked - 1;
	return seg ? vmem_space_cut(sp, seg, addr, req->size) : NULL;
}
