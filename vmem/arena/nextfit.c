// SPDX-License-Identifier: GPL-2.0
/*
 * Next fit: allocate in the first sufficient free range at or after the end of
 * the last next fit allocation, so that freed integers are reused as late as
 * possible.
 *
 * The rotor is the end of the last next fit allocation. It is a cursor, not a
 * node of the segment list, so it does not keep free segments from merging.
 */
#include "search.h"

/* The structure after @seg in the list; the first one follows the end. */
static struct vmem_seg *nextfit_next(const struct vmem_segmap *sm,
				     const struct vmem_seg *seg)
{
	return vmem_segmap_is_end(sm, seg) ? vmem_segmap_first(sm)
				       : vmem_seg_next(seg);
}

/* Put the rotor at the segment after @seg; the first follows the last. */
void vmem_rotor_after(struct vmem *vm, struct vmem_seg *seg)
{
	struct vmem_segmap *sm = &vm->segmap;

	lockdep_assert_held(&sm->lock);
	do {
		seg = nextfit_next(sm, seg);
	} while (seg->type == VMEM_SPAN);

	if (hlist_unhashed(&vm->rotor.link))
		vmem_cursor_open(sm, &vm->rotor, seg);
	else
		vmem_cursor_set(&vm->rotor, seg);
}

/*
 * Returns the structure at which a pass begins, and sets *@from to the first
 * address to use in this structure. If a span was removed, the rotor may be at
 * a marker or at the end of the list.
 */
static struct vmem_seg *nextfit_begin(struct vmem *vm, unsigned long *from)
{
	struct vmem_segmap *sm = &vm->segmap;
	struct vmem_seg *seg = vm->rotor.seg;

	*from = 0;
	if (hlist_unhashed(&vm->rotor.link))
		return vmem_segmap_first(sm);
	if (seg->type != VMEM_SPAN)
		*from = vm->rotor.addr;
	return seg;
}

/**
 * struct pass - one pass over the segment list, which begins at the rotor
 * @budget: the lock budget
 * @here: cursor at the next segment to visit; open while the lock is relaxed
 * @origin: cursor at the segment at which the pass began; open after the pass
 *	has relaxed the lock
 * @looked: number of free segments that all passes have visited
 * @addr: the address for the request in the found segment
 */
struct pass {
	struct vmem_lock_budget budget;
	struct vmem_cursor here;
	struct vmem_cursor origin;
	u64 looked;
	unsigned long addr;
};

/* Relax the lock. @seg and @first may move to other segments. */
static noinline void nextfit_relax(struct pass *pass, struct vmem_seg **seg,
				   struct vmem_seg **first)
{
	struct vmem_segmap *sm = &pass->budget.vm->segmap;

	if (hlist_unhashed(&pass->origin.link))
		vmem_cursor_open(sm, &pass->origin, *first);
	vmem_cursor_open(sm, &pass->here, *seg);
	vmem_lock_relax(&pass->budget);
	vmem_cursor_close(sm, &pass->here);
	*seg = pass->here.seg;
	*first = pass->origin.seg;
}

/* Make a pass. Returns the first segment in which the request fits, or NULL. */
static struct vmem_seg *nextfit_pass(struct pass *pass, unsigned long taken)
{
	struct vmem *vm = pass->budget.vm;
	struct vmem_segmap *sm = &vm->segmap;
	unsigned long from;
	struct vmem_seg *first = nextfit_begin(vm, &from);
	struct vmem_seg *seg = first;

	do {
		if (seg->type == VMEM_FREE) {
			pass->looked++;
			pass->addr = seg == first ? max(seg->start, from) :
						    seg->start;
			if (vmem_seg_last(seg) - pass->addr >= taken - 1)
				return seg;
		}
		seg = nextfit_next(sm, seg);
		if (vmem_lock_budget_spent(&pass->budget))
			nextfit_relax(pass, &seg, &first);
	} while (seg != first);

	/* In the first segment, the range below the rotor comes last. */
	if (first->type != VMEM_FREE || from <= first->start)
		return NULL;
	pass->looked++;
	pass->addr = first->start;
	return first->size >= taken ? first : NULL;
}

/**
 * vmem_nextfit - allocate by next fit, and move the rotor
 * @vm: the arena, locked, with VMEM_CUT_COST structures in its pool; a long
 *	search relaxes the lock
 * @req: a request without constraints
 * @irq: interrupt state of the caller's spin_lock_irqsave()
 *
 * Return: the allocated segment, or NULL if no free segment can serve the
 * request.
 */
struct vmem_seg *vmem_nextfit(struct vmem *vm, const struct vmem_request *req,
			      unsigned long *irq)
{
	struct vmem_segmap *sm = &vm->segmap;
	struct pass pass = { .budget = VMEM_LOCK_BUDGET_INIT(vm, req, irq) };
	struct vmem_seg *seg;

	lockdep_assert_held(&sm->lock);
	/* Skip the pass if all free segments are too small. */
	if (!vmem_classes_from(&sm->classes, vmem_class_of(req->taken)))
		return NULL;

	do {
		vmem_lock_budget_start(&pass.budget);
		seg = nextfit_pass(&pass, req->taken);
		vmem_cursor_close(sm, &pass.origin);
	} while (!seg && vmem_lock_budget_retry(&pass.budget));

	if (pass.looked)
		sm->stats.search += pass.looked - 1;
	if (!seg)
		return NULL;
	seg = vmem_segmap_cut(sm, seg, pass.addr, req->size);
	vmem_rotor_after(vm, seg);
	return seg;
}
