// SPDX-License-Identifier: GPL-2.0
/*
 * Importing spans from the source and giving them back.
 *
 * The source is called without the arena lock: it may sleep, and it is an arena
 * with a lock of its own or somebody's code. So when it returns the arena is not
 * what it was, and the result is as good as the code that made it. It is looked
 * at before it is let in.
 */
#include "../report/misuse.h"
#include "../report/trace.h"
#include "alloc.h"
#include "import.h"
#include "search.h"

/* The range [start, start + size) as far as the arena can rely on it. */
static const char *refuse(const struct vmem *vm, const struct vmem_request *req,
			  unsigned long start, unsigned long size,
			  unsigned long asked)
{
	const struct vmem_space *sp = &vm->space;
	unsigned long addr;

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

/*
 * How much to import, so that the request can be met wherever the import begins.
 * What is known of that is a multiple of the larger quantum.
 */
static bool import_size(const struct vmem *vm, const struct vmem_request *req,
			unsigned long *size)
{
	unsigned long unit = max(vm->space.quantum, vm->source->space.quantum);
	unsigned long slack;

	if (req->align <= unit || vm->flags & VMC_XALIGN)
		slack = req->phase;
	else if (req->phase & (unit - 1))
		slack = req->align - vm->space.quantum;
	else
		slack = req->align - unit;

	if (check_add_overflow(req->size, slack, size))
		return false;
	*size = max(*size, vm->min_import);
	if (check_add_overflow(*size, unit - 1, size))
		return false;
	*size &= ~(unit - 1);
	return true;
}

/**
 * vmem_import - import a span and serve a request from it
 * @vm: the arena, locked, with VMEM_IMPORT_COST structures in its stock; the lock
 *	is dropped meanwhile
 * @req: the request; vmem_may_import() said yes
 * @vmflag: the VM_KMFLAGS to import with; VMEM_PATIENT if @afunc is vmem_alloc()
 * @loan: set to what the caller is to repay when the lock has been dropped
 * @irq: the interrupt state of the caller's spin_lock_irqsave()
 *
 * Return: the allocated segment, or NULL if the import failed.
 */
struct vmem_seg *vmem_import(struct vmem *vm, const struct vmem_request *req,
			     int vmflag, struct vmem_loan *loan,
			     unsigned long *irq)
	__must_hold(&vm->space.lock)
{
	struct vmem_space *sp = &vm->space;
	struct vmem_stock aside = {};
	vmem_alloc_t *afunc = vm->afunc;
	vmem_ximport_t *xfunc = vm->xfunc;
	struct vmem *source = vm->source;
	struct vmem_seg *seg;
	const char *bad;
	unsigned long start, size;
	size_t got;
	u64 since;
	void *addr;

	lockdep_assert_held(&sp->lock);
	if (!import_size(vm, req, &size)) {
		sp->stats.import_fail++;
		return NULL;
	}
	got = size;

	vmem_stock_move(&aside, &sp->stock, VMEM_IMPORT_COST);
	spin_unlock_irqrestore(&sp->lock, *irq);
	since = vmem_trace_moment(vmem_import);
	if (xfunc)
		addr = xfunc(source, &got, req->align, vmflag);
	else
		addr = vmflag & VMEM_PATIENT ?
			vmem_alloc_patient(source, size, vmflag) :
			afunc(source, size, vmflag);
	if (since)
		trace_vmem_import(vm, source, size, (unsigned long)addr, got,
				  vmflag, vmem_trace_ns(since));
	spin_lock_irqsave(&sp->lock, *irq);
	vmem_stock_move(&sp->stock, &aside, VMEM_IMPORT_COST);

	if (!addr) {
		sp->stats.import_fail++;
		return NULL;
	}
	start = (unsigned long)addr;
	*loan = (struct vmem_loan) {
		.ffunc = vm->ffunc, .vm = vm, .source = source,
		.start = start, .size = got,
	};

	bad = refuse(vm, req, start, got, size);
	if (bad) {
		sp->stats.import_fail++;
		spin_unlock_irqrestore(&sp->lock, *irq);
		vmem_misuse(vm, "import of %zu: got [%#lx, +%#zx): %s%s",
			    (size_t)size, start, got, bad,
			    loan->ffunc ? "" : "; no release function, so lost");
		vmem_repay(loan);
		loan->ffunc = NULL;
		spin_lock_irqsave(&sp->lock, *irq);
		return NULL;
	}

	if (got > req->taken && loan->ffunc) {
		seg = vmem_take_sure(vm, req);
		if (seg) {
			sp->stats.giveback++;
			return seg;
		}
	}

	loan->ffunc = NULL;
	sp->stats.import++;
	seg = vmem_seg_next(vmem_span_add(sp, start, got, true));
	vmem_fit(req, seg, &start);
	return vmem_space_cut(sp, seg, start, req->size);
}

/**
 * vmem_return_span - take a wholly free span out of the arena, if it was imported
 * @vm: the arena, locked
 * @seg: a free segment that is all of its span
 * @loan: set to what the caller is to repay when the lock has been dropped
 *
 * Without a release function the span stays.
 *
 * Return: whether it is gone.
 */
bool vmem_return_span(struct vmem *vm, struct vmem_seg *seg,
		      struct vmem_loan *loan)
{
	struct vmem_space *sp = &vm->space;
	struct vmem_seg *span = vmem_seg_prev(seg);

	lockdep_assert_held(&sp->lock);
	if (!span->imported || !vm->ffunc)
		return false;

	*loan = (struct vmem_loan) {
		.ffunc = vm->ffunc, .vm = vm, .source = vm->source,
		.start = span->start, .size = span->size,
	};
	vmem_span_remove(sp, span);
	sp->stats.release++;
	return true;
}

/**
 * vmem_repay - give a range back to the source
 * @loan: the range
 *
 * Context: that of the release function. No arena lock held.
 */
void vmem_repay(const struct vmem_loan *loan)
{
	u64 since;

	if (!loan->ffunc)
		return;
	since = vmem_trace_moment(vmem_release);
	loan->ffunc(loan->source, (void *)loan->start, loan->size);
	if (since)
		trace_vmem_release(loan->vm, loan->source, loan->start,
				   loan->size, vmem_trace_ns(since));
}
