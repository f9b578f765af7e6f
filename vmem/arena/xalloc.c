// SPDX-License-Identifier: GPL-2.0
/*
 * vmem_xalloc(): a request with constraints, checked before it is served.
 */
#include <linux/export.h>
#include <linux/instruction_pointer.h>
#include <linux/kernel.h>
#include <linux/log2.h>
#include <linux/panic.h>

#include "../report/misuse.h"
#include "serve.h"

/* What is wrong with a request, or NULL. Completes what is derived. */
static const char *check(const struct vmem *vm, struct vmem_request *req)
{
	unsigned long quantum = vm->space.quantum;
	unsigned long end;

	if (req->flags & ~VM_FLAGS)
		return "unknown flags";
	if (!req->size)
		return "the size must not be 0";
	req->taken = vmem_round(req->size, quantum);
	if (req->taken < req->size)
		return "the size wraps when rounded up to the quantum";
	if (!req->align)
		req->align = quantum;
	if ((req->align | req->phase | req->nocross) & (quantum - 1))
		return "align, phase and nocross must be multiples of the quantum";
	if (!is_power_of_2(req->align))
		return "align must be a power of two";
	if (req->phase >= req->align)
		return "phase must be less than align";
	if (req->nocross) {
		if (!is_power_of_2(req->nocross))
			return "nocross must be a power of two";
		if (req->align > req->nocross)
			return "align must not be above nocross";
		if (check_add_overflow(req->phase, req->size, &end) ||
		    check_add_overflow(end, req->align - 1, &end) ||
		    (end & ~(req->align - 1)) > req->nocross)
			return "no range of that size and phase meets nocross";
	}
	return NULL;
}

/* The window, whose end is exclusive; NULL: open on that side. */
static const char *check_window(struct vmem_request *req, unsigned long minaddr,
				unsigned long maxaddr)
{
	req->min = minaddr;
	req->max = maxaddr ? maxaddr - 1 : ULONG_MAX;
	if (maxaddr && maxaddr <= minaddr)
		return "maxaddr must be above minaddr";
	if (req->max - req->min < req->size - 1)
		return "the window [minaddr, maxaddr) is smaller than the size";
	return NULL;
}

/**
 * vmem_xalloc - allocate a range of integers under constraints
 * @vm: the arena
 * @size: how many integers
 * @align: the address modulo this is @phase; a power of two and a multiple of
 *	the quantum; 0: the quantum
 * @phase: less than @align, a multiple of the quantum
 * @nocross: the range straddles no multiple of this; a power of two, a multiple
 *	of the quantum, not below @align, and with room for @phase + @size rounded
 *	up to @align; 0: no such rule
 * @minaddr: the range does not begin below this; NULL: no limit
 * @maxaddr: the range ends at or below this; NULL: no limit
 * @vmflag: VM_SLEEP or VM_NOSLEEP, and any other VM_* flags; VM_NEXTFIT has no
 *	effect
 *
 * All constraints hold at once. VM_ENDALLOC takes the highest address in the
 * chosen segment that meets them. A request with @nocross, @minaddr or @maxaddr
 * does not import. Linear in the free segments of a size class, while the lock is
 * dropped now and then; but a request with a narrow window, or for one place, looks
 * at what lies there.
 *
 * What this returns goes back by vmem_xfree(), never by vmem_free(): the two
 * pairs do not mix where the arena has quantum caches.
 *
 * Context: as vmem_alloc().
 *
 * Return: the first integer; NULL if there is no room or no memory for segment
 * structures (with VM_NOSLEEP or VM_ABORT), and on misuse: any of the above not
 * kept.
 */
void *vmem_xalloc(vmem_t *vm, size_t size, size_t align, size_t phase,
		  size_t nocross, void *minaddr, void *maxaddr, int vmflag)
{
	struct vmem_request req = {
		.size = size,
		.align = align,
		.phase = phase,
		.nocross = nocross,
		.bounded = nocross || minaddr || maxaddr,
		.flags = vmflag & ~VM_NEXTFIT,
		.caller = _RET_IP_,
	};
	const char *wrong;

	wrong = check(vm, &req) ?: check_window(&req, (unsigned long)minaddr,
						(unsigned long)maxaddr);
	if (likely(!wrong))
		return vmem_serve(vm, &req);

	vmem_misuse(vm,
		    "%s(size=%zu, align=%zu, phase=%zu, nocross=%zu, minaddr=%#lx, maxaddr=%#lx, vmflag=%#x): %s",
		    __func__, size, align, phase, nocross, (unsigned long)minaddr,
		    (unsigned long)maxaddr, vmflag, wrong);
	if (vmflag & VM_PANIC)
		panic("vmem: misuse with VM_PANIC");
	return NULL;
}
EXPORT_SYMBOL_GPL(vmem_xalloc);
