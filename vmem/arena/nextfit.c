// SPDX-License-Identifier: GPL-2.0
/*
 * Next fit: take the first room at or after the place where the last such
 * allocation ended, so that what was freed is used again as late as possible.
 *
 * That place is the rotor: an address and the segment that it lies in, kept
 * right like any cursor. It is no node of the segment list and so keeps no two
 * free segments apart.
 */
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
 * vmem_nextfit - find room by next fit and take it
 * @vm: the arena, locked, with VMEM_CUT_COST structures in its stock
 * @req: a request without constraints but its size
 *
 * Return: the allocated segment, the rotor being just after it, or NULL if no
 * free segment can serve.
 */
struct vmem_seg *vmem_nextfit(struct vmem *vm, const struct vmem_request *req)
{
	struct vmem_space *sp = &vm->space;
	unsigned long from, looked = 0;
	struct vmem_seg *first = begin(vm, &from);
	struct vmem_seg *seg = first;
	struct vmem_seg *found = NULL;
	unsigned long addr = 0;

	lockdep_assert_held(&sp->lock);
	/* Not worth a turn if no class can hold it. */
	if (!vmem_classes_from(&sp->classes, vmem_class_of(req->taken)))
		return NULL;

	do {
		if (seg->type == VMEM_FREE) {
			looked++;
			addr = seg == first ? max(seg->start, from) :
					      seg->start;
			if (vmem_seg_last(seg) - addr >= req->taken - 1)
				found = seg;
		}
		seg = following(sp, seg);
	} while (!found && seg != first);

	/* A whole turn: now what lies before the rotor in its own segment. */
	if (!found && first->type == VMEM_FREE && from > first->start) {
		looked++;
		addr = first->start;
		if (first->size >= req->taken)
			found = first;
	}

	if (looked)
		sp->stats.search += looked - 1;
	if (!found)
		return NULL;
	seg = vmem_space_cut(sp, found, addr, req->size);
	vmem_rotor_after(vm, seg);
	return seg;
}
