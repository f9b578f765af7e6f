// SPDX-License-Identifier: GPL-2.0
/*
 * Importing spans from the source: how much to ask for, and what to refuse.
 *
 * The source is called without the arena lock: it may sleep, and it is an arena with
 * a lock of its own or code of the client's. So its result is checked before the
 * arena takes it in.
 */
#include "import.h"

/**
 * vmem_import_refuse - is something wrong with an import?
 * @vm: the arena, locked
 * @req: the request that it is to serve
 * @start: first integer
 * @size: how many
 * @asked: how many were asked for
 *
 * Return: what is wrong, or NULL.
 */
const char *vmem_import_refuse(const struct vmem *vm,
			       const struct vmem_request *req,
			       unsigned long start, unsigned long size,
			       unsigned long asked)
{
	const struct vmem_space *sp = &vm->space;
	unsigned long addr;

	lockdep_assert_held(&sp->lock);
	if (size < asked)
		return "its size was lowered";
	if ((start | size) & (sp->quantum - 1))
		return "no multiple of the quantum";
	if (start + size - 1 < start)
		return "wraps";
	if (vmem_span_overlaps(sp, start, size))
		return "overlaps a span";
	if (!vmem_fit_low(req, start, start + size - 1, &addr))
		return "not aligned as asked for under VMC_XALIGN";
	return NULL;
}

/**
 * vmem_import_size - how much to import for a request
 * @vm: the arena
 * @req: the request
 * @size: the size
 *
 * So much that the request can be met wherever the import begins: a multiple of the
 * larger quantum is all that is known of that.
 *
 * Return: false if it does not fit in a word.
 */
bool vmem_import_size(const struct vmem *vm, const struct vmem_request *req,
		      unsigned long *size)
{
	const struct vmem *source = vm->source;
	unsigned long unit, slack, sum;

	unit = max(vm->space.quantum, source ? source->space.quantum : 1);
	if (req->align <= unit || vm->flags & VMC_XALIGN)
		slack = req->phase;
	else if (req->phase & (unit - 1))
		slack = req->align - vm->space.quantum;
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
