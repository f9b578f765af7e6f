// SPDX-License-Identifier: GPL-2.0
/*
 * vmem_alloc() and vmem_xalloc(): the fast path, and the checks of arguments.
 */
#include <linux/export.h>
#include <linux/instruction_pointer.h>
#include <linux/kernel.h>
#include <linux/log2.h>
#include <linux/panic.h>

#include "../qcache/fast.h"
#include "../report/report.h"
#include "search.h"

/* Flags that have no effect on the fast path. */
#define FAST_PATH_FLAGS	(VM_KMFLAGS | VM_MEMLOAD | VM_NORELOC | VM_ABORT)

/* Instant fit in an arena with observers, or for a request with VM_ENDALLOC. */
static void *alloc_instant_fit(struct vmem *vm, const struct vmem_request *req)
{
	struct vmem_segmap *sm = &vm->segmap;
	struct vmem_seg *seg = NULL;
	unsigned long irq, addr;

	spin_lock_irqsave(&sm->lock, irq);
	if (sm->pool.n >= sm->pool_low)
		seg = vmem_take_guaranteed(vm, req);
	addr = seg ? seg->start : 0;
	spin_unlock_irqrestore(&sm->lock, irq);
	return (void *)addr;
}

/* Serve a request that the fast path has not served, or report misuse. */
static noinline void *alloc_slow(struct vmem *vm, size_t size, int vmflag,
				 unsigned long caller)
{
	struct vmem_request req = {
		.size = size,
		.taken = vmem_round(size, vm->segmap.quantum),
		.align = vm->segmap.quantum,
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
	/* A request that may sleep must yield to an older waiter's turn. */
	if (!(vmflag & ~(FAST_PATH_FLAGS | VM_ENDALLOC)) && !vmem_slow_path_forced(vm) &&
	    (vmflag & VM_NOSLEEP || !READ_ONCE(vm->waiters))) {
		void *addr = alloc_instant_fit(vm, &req);

		if (addr)
			return addr;
	}
	if (vmflag & VM_NEXTFIT)
		req.flags &= ~VM_ENDALLOC;
	return vmem_serve(vm, &req);
}

/*
 * The return address in the client, for a function that vmem_alloc()
 * tail-calls. A kernel with frame pointers has no tail calls: on x86, CLIENT_IP
 * is read from the next frame. Other architectures cannot read the next frame:
 * on these, CLIENT_IP is an address in vmem_alloc().
 */
#if defined(CONFIG_FRAME_POINTER) && (defined(CONFIG_X86) || defined(CONFIG_UML_X86))
#define CLIENT_IP	((unsigned long)__builtin_return_address(1))
#else
#define CLIENT_IP	_RET_IP_
#endif

/*
 * Fast path: instant fit in an arena without observers. Calls no function with
 * the lock held.
 *
 * Not inlined, so that vmem_alloc() saves no registers for a cached size.
 */
static noinline void *alloc_uncached(struct vmem *vm, size_t size, int vmflag)
{
	struct vmem_segmap *sm = &vm->segmap;
	unsigned long irq, addr;
	struct vmem_seg *seg;

	if (unlikely(vmflag & ~FAST_PATH_FLAGS || vmem_slow_path_forced(vm)))
		goto slow;
	spin_lock_irqsave(&sm->lock, irq);
	if (unlikely(!vmem_classes_guaranteed(&sm->classes, size, &seg) ||
		     sm->pool.n < sm->fast_alloc_min)) {
		spin_unlock_irqrestore(&sm->lock, irq);
		goto slow;
	}
	addr = seg->start;
	vmem_segmap_cut_low(sm, seg, size, true);
	spin_unlock_irqrestore(&sm->lock, irq);
	return (void *)addr;
slow:
	return alloc_slow(vm, size, vmflag, CLIENT_IP);
}

/**
 * vmem_alloc - allocate a range of integers
 * @vm: the arena
 * @size: number of integers. The range occupies this size rounded up to the
 *	quantum of the arena. The segment and the statistics record @size
 *	itself, and the client passes @size to vmem_free().
 * @vmflag: VM_SLEEP or VM_NOSLEEP, and any other VM_* flags
 *
 * Quantum caches serve a request for a cached size, under any policy. All other
 * requests use instant fit, unless @vmflag selects another policy. Instant fit
 * takes a segment of the lowest non-empty size class whose segments all fit, in
 * constant time. If all these classes are empty, the request searches for any
 * free segment that fits, then imports from the source, then, with VM_SLEEP and
 * without VM_ABORT, waits for space. A request never imports, fails or waits
 * while a free segment could serve the request, with two exceptions: lack of
 * segment structures, and an older waiter's turn.
 *
 * Context: with VM_NOSLEEP any but NMI (on PREEMPT_RT where
 * kmem_cache_alloc(GFP_NOWAIT) may be called); with VM_SLEEP task context,
 * sleeping allowed. Takes the arena lock; calls the import function without it.
 *
 * Return: the first integer, a multiple of the quantum. NULL if there is no
 * space or no memory for segment structures (with VM_NOSLEEP or VM_ABORT), and
 * on misuse: a @size that is 0 or wraps when rounded up, or unknown flags.
 */
void *vmem_alloc(vmem_t *vm, size_t size, int vmflag)
{
	/* Without this option, might_sleep_if() is only a preemption point. */
	if (IS_ENABLED(CONFIG_DEBUG_ATOMIC_SLEEP))
		might_sleep_if(!(vmflag & VM_NOSLEEP));

	if (size - 1 < vm->cached_max) {
		unsigned long addr;

		if (likely(vmem_qcache_pop(vm, size, &addr)))
			return (void *)addr;
		return vmem_qcache_alloc(vm, size, vmflag, _RET_IP_);
	}
	return alloc_uncached(vm, size, vmflag);
}
EXPORT_SYMBOL_GPL(vmem_alloc);

/* Returns the error, or NULL. Sets @req->taken, and @req->align if it is 0. */
static const char *xalloc_check(const struct vmem *vm, struct vmem_request *req)
{
	unsigned long quantum = vm->segmap.quantum;
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

/*
 * Returns the error, or NULL. Sets the window; a @maxaddr of 0 means no limit.
 */
static const char *xalloc_check_window(struct vmem_request *req, unsigned long minaddr,
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
 * @size: number of integers
 * @align: the address modulo @align is @phase; a power of two and a multiple of
 *	the quantum; 0 for the quantum
 * @phase: less than @align, a multiple of the quantum
 * @nocross: the range must not straddle a multiple of this; 0 for no such rule.
 *	A power of two, a multiple of the quantum, at least @align, and at least
 *	the sum @phase + @size rounded up to @align
 * @minaddr: lower bound of the address; NULL for no limit
 * @maxaddr: upper bound of the address plus @size; NULL for no limit
 * @vmflag: VM_SLEEP or VM_NOSLEEP, and any other VM_* flags; VM_NEXTFIT has no
 *	effect
 *
 * All constraints hold at once. In the chosen segment, VM_ENDALLOC takes the
 * highest address that meets the constraints. A request with @nocross, @minaddr
 * or @maxaddr does not import. The search takes linear time in the number of
 * free segments of a size class, and drops the lock from time to time. For a
 * narrow window, the search usually visits only segments in or near the window.
 *
 * The client frees the range with vmem_xfree(), never with vmem_free(). In an
 * arena with quantum caches, the client must not free a range from vmem_alloc()
 * with vmem_xfree() either.
 *
 * Context: with VM_NOSLEEP any but NMI (on PREEMPT_RT where
 * kmem_cache_alloc(GFP_NOWAIT) may be called); with VM_SLEEP task context,
 * sleeping allowed. Takes the arena lock; calls the import function without it.
 *
 * Return: the first integer. NULL if there is no space or no memory for segment
 * structures (with VM_NOSLEEP or VM_ABORT), and on misuse: arguments that break
 * the rules above.
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

	wrong = xalloc_check(vm, &req) ?: xalloc_check_window(&req, (unsigned long)minaddr,
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
