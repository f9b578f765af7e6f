/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Importing spans from the source and giving them back.
 */
#ifndef _VMEM_ARENA_IMPORT_H
#define _VMEM_ARENA_IMPORT_H

#include "request.h"

/* What an import, and serving a request from it, take from the stock. */
#define VMEM_IMPORT_COST	(VMEM_SPAN_COST + VMEM_CUT_COST)

/**
 * struct vmem_loan - a range to be given back to the source
 * @ffunc: the release function; NULL: nothing to give back
 * @vm: the arena that had it, for the trace
 * @source: the source
 * @start: first integer
 * @size: how many
 */
struct vmem_loan {
	vmem_free_t *ffunc;
	struct vmem *vm;
	struct vmem *source;
	unsigned long start;
	unsigned long size;
};

/* Can an import help with this request? The arena lock is held. */
static inline bool vmem_may_import(const struct vmem *vm,
				   const struct vmem_request *req)
{
	lockdep_assert_held(&vm->space.lock);
	return !req->bounded && vmem_imports(vm);
}

struct vmem_seg *vmem_import(struct vmem *vm, const struct vmem_request *req,
			     int vmflag, struct vmem_loan *loan,
			     unsigned long *irq);
void vmem_repay(const struct vmem_loan *loan);

/* Is @seg the first segment of a span that came from the source? */
static inline bool vmem_leads_import(const struct vmem_seg *seg)
{
	const struct vmem_seg *span = vmem_seg_prev(seg);

	return unlikely(span->type == VMEM_SPAN && span->imported);
}

/* Is the free segment @seg all of a span that came from the source? */
static inline bool vmem_homesick(const struct vmem_seg *seg)
{
	return vmem_leads_import(seg) &&
	       vmem_seg_next(seg)->type == VMEM_SPAN;
}

bool vmem_return_span(struct vmem *vm, struct vmem_seg *seg,
		      struct vmem_loan *loan);

#endif /* _VMEM_ARENA_IMPORT_H */
