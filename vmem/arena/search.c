// SPDX-License-Identifier: GPL-2.0
/*
 * The search for a free segment that meets a request: best fit, first fit, and
 * what instant fit becomes when a request has constraints.
 *
 * One for a narrow window is by address, see window.c, as far as that is short.
 *
 * It is complete: when it finds nothing there is nothing. It looks first where it
 * need not look at much. And however much there is, it does not keep others out
 * for longer than VMEM_PACE segments take.
 */
#include <linux/log2.h>

#include "pace.h"
#include "search.h"

/**
 * struct search - a search under way
 * @req: what for
 * @pace: how long it holds the lock
 * @looked: how many segments it has looked at
 * @addr: where the request goes in the segment that was found
 */
struct search {
	const struct vmem_request *req;
	struct vmem_pace pace;
	u64 looked;
	unsigned long addr;
};

/* Let others in; @seg and @best are then what they have left of them. */
static noinline void pause(struct search *s, struct vmem_seg **seg,
			   struct vmem_seg **best)
{
	struct vmem_space *sp = &s->pace.vm->space;
	struct vmem_class_cursor cur = { .seg = *seg, .best = *best };

	hlist_add_head(&cur.link, &sp->classes.cursors);
	vmem_space_watch(sp, 1);
	vmem_pause(&s->pace);
	hlist_del(&cur.link);
	vmem_space_watch(sp, -1);
	*seg = cur.seg;
	*best = cur.best;
	/* It may have become smaller. */
	if (*best && !vmem_fit(s->req, *best, &s->addr))
		*best = NULL;
}

/* The segment of one class to take, or NULL. */
static struct vmem_seg *search_class(struct search *s, struct vmem_class *class)
{
	const struct vmem_classes *c = &s->pace.vm->space.classes;
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
		if (vmem_pace_due(&s->pace))
			pause(s, &seg, &best);
	}
	if (!vmem_pace_disturbed(&s->pace))
		class->bound = largest;
	return best;
}

/*
 * Begins in the class that may hold a fit if all members of it do fit but for
 * the constraints, if there is no higher one, or if VM_BESTFIT or VM_FIRSTFIT
 * asks for small segments; else one class above, where size is no longer in
 * question. Goes up from there to the first class in which something fits. If
 * nothing does, the class that was passed over is searched after all.
 */
static struct vmem_seg *search_classes(struct search *s)
{
	const struct vmem_request *req = s->req;
	struct vmem_classes *c = &s->pace.vm->space.classes;
	unsigned int maybe = vmem_class_of(req->taken);
	unsigned int class = maybe;
	struct vmem_seg *seg;
	unsigned long map;
	bool over;

	over = !is_power_of_2(req->taken) &&
	       !(req->flags & (VM_BESTFIT | VM_FIRSTFIT)) &&
	       vmem_classes_from(c, maybe) & ~BIT(maybe);
	if (over)
		class++;
	/* The map is read again each time: a pause may have changed it. */
	while (class < BITS_PER_LONG && (map = vmem_classes_from(c, class))) {
		class = __ffs(map);
		seg = search_class(s, &c->class[class]);
		if (seg)
			return seg;
		class++;
	}
	return over ? search_class(s, &c->class[maybe]) : NULL;
}

/**
 * vmem_search - find room for a request and take it
 * @vm: the arena, locked, with VMEM_CUT_COST structures in its stock; a long
 *	search drops the lock now and then
 * @req: the request
 * @irq: the interrupt state of the caller's spin_lock_irqsave()
 *
 * Return: the allocated segment, or NULL if no free segment can serve.
 */
struct vmem_seg *vmem_search(struct vmem *vm, const struct vmem_request *req,
			     unsigned long *irq)
{
	struct vmem_space *sp = &vm->space;
	struct search s = {
		.req = req,
		.pace = VMEM_PACE_INIT(vm, req, irq),
	};
	struct vmem_seg *seg;

	lockdep_assert_held(&sp->lock);
	if (vmem_window(vm, req, &seg, &s.addr))
		goto found;
	do {
		vmem_pace_start(&s.pace);
		seg = search_classes(&s);
	} while (!seg && vmem_pace_again(&s.pace));

	if (s.looked)
		sp->stats.search += s.looked - 1;
	if (!seg)
		return NULL;
	/* It was a long way: the next who goes there may begin before this. */
	if (req->min)
		vmem_way_plant(sp, vmem_seg_prev(seg));
found:
	return seg ? vmem_space_cut(sp, seg, s.addr, req->size) : NULL;
}

/**
 * vmem_take_sure - take from a segment that has room wherever it begins
 * @vm: the arena, locked, with VMEM_CUT_COST structures in its stock
 * @req: a request without bounds
 *
 * Constant time, whatever the policy: for who has an alternative.
 *
 * Return: the allocated segment, or NULL if there is no such free segment.
 */
struct vmem_seg *vmem_take_sure(struct vmem *vm, const struct vmem_request *req)
{
	struct vmem_space *sp = &vm->space;
	unsigned long need, map, addr;
	struct vmem_seg *seg;
	unsigned int class;

	lockdep_assert_held(&sp->lock);
	if (check_add_overflow(req->taken, req->align - sp->quantum, &need))
		return NULL;
	class = vmem_class_sure(need);
	if (class >= BITS_PER_LONG)
		return NULL;
	map = vmem_classes_from(&sp->classes, class);
	if (!map)
		return NULL;
	seg = hlist_entry(sp->classes.class[__ffs(map)].list.first,
			  struct vmem_seg, class);
	vmem_fit(req, seg, &addr);
	return vmem_space_cut(sp, seg, addr, req->size);
}
