// SPDX-License-Identifier: GPL-2.0
/*
 * Imports from the source: the size of an import, and the checks of its result.
 *
 * The slow path imports without the arena lock, because the source has its own
 * lock, and a client's import function may sleep. The slow path then takes the
 * arena lock and checks the result before it adds the span.
 */
#include "request.h"

/**
 * vmem_import_refuse - check the result of an import
 * @vm: the arena, locked
 * @req: the request that the import must serve
 * @start: first integer
 * @size: number of integers
 * @asked: size that the arena requested
 *
 * Return: the reason to refuse the result, or NULL.
 */
const char *vmem_import_refuse(const struct vmem *vm,
			       const struct vmem_request *req,
			       unsigned long start, unsigned long size,
			       unsigned long asked)
{
	const struct vmem_segmap *sm = &vm->segmap;
	unsigned long addr;

	lockdep_assert_held(&sm->lock);
	if (size < asked)
		return "its size was lowered";
	if ((start | size) & (sm->quantum - 1))
		return "not a multiple of the quantum";
	if (start + size - 1 < start)
		return "wraps";
	if (vmem_span_overlaps(sm, start, size))
		return "overlaps a span";
	if (!vmem_fit_low(req, start, start + size - 1, &addr))
		return "not aligned as asked for under VMC_XALIGN";
	return NULL;
}

/**
 * vmem_import_size - the size to import for a request
 * @vm: the arena
 * @req: the request
 * @size: set to the size of the import
 *
 * The imported span may begin at any multiple of the larger of two quanta: of
 * the arena and of the source. The size is sufficient for each of these
 * addresses. With VMC_XALIGN, the import function aligns the span instead.
 *
 * Return: false if the size overflows.
 */
bool vmem_import_size(const struct vmem *vm, const struct vmem_request *req,
		      unsigned long *size)
{
	const struct vmem *source = vm->source;
	unsigned long unit, slack, sum;

	unit = max(vm->segmap.quantum, source ? source->segmap.quantum : 1);
	if (req->align <= unit || vm->flags & VMC_XALIGN)
		slack = req->phase;
	else if (req->phase & (unit - 1))
		slack = req->align - vm->segmap.quantum;
	else
		slack = req->align - unit;

	if (check_add_overflow(req->size, slack, &sum))
		return false;
	sum = max(sum, vm->min_import);
	if (check_add_overflow(sum, unit - 1, &sum))
		return false;
	*size = sum & ~(unit - 1);
	return true;
}
