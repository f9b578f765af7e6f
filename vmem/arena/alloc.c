// SPDX-License-Identifier: GPL-2.0
/*
 * vmem_alloc(): instant fit, and the whole way of a request when that does not
 * serve it.
 */
#include <linux/export.h>
#include <linux/instruction_pointer.h>
#include <linux/kernel.h>
#include <linux/panic.h>

#include "../report/audit.h"
#include "../report/fault.h"
#include "../report/misuse.h"
#include "alloc.h"
#include "import.h"
#include "populate.h"
#include "search.h"
#include "wait.h"

/* Flags with which the shortest path has nothing to do. */
#define QUICK_FLAGS	(VM_KMFLAGS | VM_MEMLOAD | VM_NORELOC | VM_ABORT | \
			 VM_ENDALLOC)

/**
 * vmem_serve - search, import, wait, in that order, until served or told to stop
 * @vm: the arena
 * @req: the request; VM_NEXTFIT only without constraints
 *
 * Context: as the flags say.
 * Return: the address, or NULL.
 */
void *vmem_serve(struct vmem *vm, struct vmem_request *req)
{
	struct vmem_space *sp = &vm->space;
	struct vmem_loan loan = {};
	struct vmem_seg *seg = NULL;
	unsigned long irq, addr = 0;
	struct vmem_moment seen = {};
	bool waited = false;
	u32 stack;

	might_sleep_if(!(req->flags & VM_NOSLEEP));
	if (vmem_fault(vm, req->size, req->flags)) {
		spin_lock_irqsave(&sp->lock, irq);
		sp->stats.fail_injected++;
		spin_unlock_irqrestore(&sp->lock, irq);
		return NULL;
	}
	stack = vmem_audit_stack(req->caller, req->flags);

	spin_lock_irqsave(&sp->lock, irq);
	for (;;) {
		bool import = vmem_may_import(vm, req);

		if (!vmem_populate(vm, import ? VMEM_IMPORT_COST : VMEM_CUT_COST,
				   req->flags, &irq))
			break;
		seen = vmem_now(vm);
		seg = vmem_take(vm, req);
		if (seg)
			break;

		/* The functions may have been turned off while populating. */
		if (import && vmem_may_import(vm, req)) {
			seg = vmem_import(vm, req, &loan, &irq);
			if (!seg && sp->appeared != seen.appeared)
				seg = vmem_take(vm, req);
			if (seg)
				break;
		}
		if (req->flags & (VM_ABORT | VM_NOSLEEP))
			break;
		vmem_wait_for_space(vm, seen, &irq);
	}

	if (seg) {
		addr = seg->start;
		vmem_audit_record(seg, stack);
		if (req->flags & VM_NEXTFIT)
			vmem_rotor_after(vm, seg);
	} else {
		sp->stats.fail++;
	}
	/* What an import left over is news to others. */
	if (sp->appeared != seen.appeared)
		waited = vmem_waited_for(vm);
	spin_unlock_irqrestore(&sp->lock, irq);

	vmem_repay(&loan);
	if (waited)
		vmem_wake(vm);
	if (!seg && req->flags & VM_PANIC)
		panic("vmem: arena %u '%s': no room for %lu %s", vm->id,
		      vm->label, req->size, vmem_unit(vm));
	return (void *)addr;
}

/*
 * Instant fit, if it can be had for nothing: take the first segment of the first
 * non-empty class whose members all fit. A size of 0, or one that no class can
 * promise, has no such class.
 */
static __always_inline void *instant_fit(struct vmem *vm, size_t size,
					 int vmflag)
{
	struct vmem_space *sp = &vm->space;
	unsigned int class = vmem_class_sure(size);
	unsigned long irq, map, addr = 0;
	struct vmem_seg *seg;

	if (unlikely(class >= BITS_PER_LONG))
		return NULL;

	spin_lock_irqsave(&sp->lock, irq);
	map = vmem_classes_from(&sp->classes, class);
	if (likely(map && sp->stock.n >= sp->stock_low)) {
		seg = hlist_entry(sp->classes.class[__ffs(map)].list.first,
				  struct vmem_seg, class);
		addr = seg->start;
		if (vmflag & VM_ENDALLOC)
			addr += seg->size - vmem_round(size, sp->quantum);
		vmem_space_cut(sp, seg, addr, size);
	}
	spin_unlock_irqrestore(&sp->lock, irq);
	return (void *)addr;
}

/* What instant_fit() did not serve. */
static noinline void *alloc_slow(struct vmem *vm, size_t size, int vmflag,
				 unsigned long caller)
{
	struct vmem_request req = {
		.size = size,
		.taken = vmem_round(size, vm->space.quantum),
		.align = vm->space.quantum,
		.max = ULONG_MAX,
		.flags = vmflag,
		.caller = caller,
	};

	if (!size || req.taken < size || vmflag & ~VM_FLAGS) {
		vmem_misuse(vm, "vmem_alloc(size=%zu, vmflag=%#x): %s", size,
			    vmflag, vmflag & ~VM_FLAGS ? "unknown flags" :
			    "the size must not be 0, nor wrap when rounded up");
		if (vmflag & VM_PANIC)
			panic("vmem: misuse with VM_PANIC");
		return NULL;
	}
	if (vmflag & VM_NEXTFIT)
		req.flags &= ~VM_ENDALLOC;
	return vmem_serve(vm, &req);
}

/**
 * vmem_alloc - allocate a range of integers
 * @vm: the arena
 * @size: how many integers, in units of one; the space taken is rounded up to
 *	the arena's quantum, while the segment, the statistics and the size to
 *	pass to vmem_free() keep this number
 * @vmflag: VM_SLEEP or VM_NOSLEEP, and any other VM_* flags
 *
 * Instant fit, unless @vmflag asks for another policy: constant time, from the
 * smallest size class all of whose segments fit. When there is none: whatever
 * free segment does fit, then an import from the source, then, with VM_SLEEP,
 * waiting until there is one. A request never imports, fails or waits while a
 * free segment could serve it.
 *
 * Context: with VM_NOSLEEP any but NMI (on PREEMPT_RT where
 * kmem_cache_alloc(GFP_NOWAIT) may be called); with VM_SLEEP task context,
 * sleeping allowed. Takes the arena lock; calls the import function without it.
 *
 * Return: the first integer, a multiple of the quantum; NULL if there is no room
 * or no memory for segment structures (with VM_NOSLEEP or VM_ABORT), and on
 * misuse: @size 0 or so large that rounding it up wraps, or unknown flags.
 */
void *vmem_alloc(vmem_t *vm, size_t size, int vmflag)
{
	might_sleep_if(!(vmflag & VM_NOSLEEP));
	if (likely(!(vmflag & ~QUICK_FLAGS) && !vmem_watched(vm))) {
		void *addr = instant_fit(vm, size, vmflag);

		if (likely(addr))
			return addr;
	}
	return alloc_slow(vm, size, vmflag, _RET_IP_);
}
EXPORT_SYMBOL_GPL(vmem_alloc);
