// SPDX-License-Identifier: GPL-2.0
/*
 * Next fit: take the first room at or after the place where the last such
 * allocation ended, so that what was freed is used again as late as possible.
 *
 * That place is the rotor: an address and the segment that it lies in, kept
 * right like any cursor. It is no node of the segment list and so keeps no two
 * free segments apart.
 */
#include "pace.h"
#include "search.h"

/* What follows a segment on the way round. */
static struct vmem_seg *following(const struct vmem_space *sp,
				  const struct vmem_seg *seg)
{
	return vmem_space_end(sp, seg) ? vmem_space_first(sp)
				       : vmem_seg_next(seg);
}

/* Put the rotor just after @seg; from the end of the list it wraps. */
void vmem_rotor_after(struct vmem *vm, struct vmem_seg *seg)
{
	struct vmem_space *sp = &vm->space;

	lockdep_assert_held(&sp->lock);
	do {
		seg = following(sp, seg);
	} while (seg->type == VMEM_SPAN);

	if (hlist_unhashed(&vm->rotor.link))
		vmem_cursor_open(sp, &vm->rotor, seg);
	else
		vmem_cursor_set(&vm->rotor, seg);
}

/*
 * The segment to begin with and the first address in it that counts. A rotor
 * that a span has left behind may stand at a marker or at the end of the list.
 */
static struct vmem_seg *begin(struct vmem *vm, unsigned long *from)
{
	struct vmem_space *sp = &vm->space;
	struct vmem_seg *seg = vm->rotor.seg;

	*from = 0;
	if (hlist_unhashed(&vm->rotor.link))
		return vmem_space_first(sp);
	if (seg->type != VMEM_SPAN)
		*from = vm->rotor.addr;
	return seg;
}

/**
 * struct turn - once round the list
 * @pace: how long it holds the lock
 * @here: the segment to look at next, while the lock is dropped
 * @origin: where the turn began, once the lock was dropped
 * @looked: how many free segments it has looked at
 * @addr: where the request goes in the segment that was found
 */
struct turn {
	struct vmem_pace pace;
	struct vmem_cursor here;
	struct vmem_cursor origin;
	u64 looked;
	unsigned long addr;
};

/* Let others in; @seg and @first are then what they have left of them. */
static noinline void pause(struct turn *turn, struct vmem_seg **seg,
			   struct vmem_seg **first)
{
	struct vmem_space *sp = &turn->pace.vm->space;

	if (hlist_unhashed(&turn->origin.link))
		vmem_cursor_open(sp, &turn->origin, *first);
	vmem_cursor_open(sp, &turn->here, *seg);
	vmem_pause(&turn->pace);
	vmem_cursor_close(sp, &turn->here);
	*seg = turn->here.seg;
	*first = turn->origin.seg;
}

/* The first segment on the way round that has room, or NULL. */
static struct vmem_seg *go_round(struct turn *turn, unsigned long taken)
{
	struct vmem *vm = turn->pace.vm;
	struct vmem_space *sp = &vm->space;
	unsigned long from;
	struct vmem_seg *first = begin(vm, &from);
	struct vmem_seg *seg = first;

	do {
		if (seg->type == VMEM_FREE) {
			turn->looked++;
			turn->addr = seg == first ? max(seg->start, from) :
						    seg->start;
			if (vmem_seg_last(seg) - turn->addr >= taken - 1)
				return seg;
		}
		seg = following(sp, seg);
		if (vmem_pace_due(&turn->pace))
			pause(turn, &seg, &first);
	} while (seg != first);

	/* A whole turn: now what lies before the rotor in its own segment. */
	if (first->type != VMEM_FREE || from <= first->start)
		return NULL;
	turn->looked++;
	turn->addr = first->start;
	return first->size >= taken ? first : NULL;
}

/**
 * vmem_nextfit - find room by next fit and take it
 * @vm: the arena, locked, with VMEM_CUT_COST structures in its stock; a long
 *	search drops the lock now and then
 * @req: a request without constraints but its size
 * @irq: the interrupt state of the caller's spin_lock_irqsave()
 *
 * Return: the allocated segment, the rotor being just after it, or NULL if no
 * free segment can serve.
 */
struct vmem_seg *vmem_nextfit(struct vmem *vm, const struct vmem_request *req,
			      unsigned long *irq)
{
	struct vmem_space *sp = &vm->space;
	struct turn turn = { .pace = VMEM_PACE_INIT(vm, req, irq) };
	struct vmem_seg *seg;

	lockdep_assert_held(&sp->lock);
	/* Not worth a turn if no class can hold it. */
	if (!vmem_classes_from(&sp->classes, vmem_class_of(req->taken)))
		return NULL;

	do {
		vmem_pace_start(&turn.pace);
		seg = go_round(&turn, req->taken);
		vmem_cursor_close(sp, &turn.origin);
	} while (!seg && vmem_pace_again(&turn.pace));

	if (turn.looked)
		sp->stats.search += turn.looked - 1;
	if (!seg)
		return NULL;
	seg = vmem_space_cut(sp, seg, turn.addr, req->size);
	vmem_rotor_after(vm, seg);
	return seg;
}
