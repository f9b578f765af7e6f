// SPDX-License-Identifier: GPL-2.0
/*
 * vmem_alloc(): the fast path, instant fit, and the way to the slow path.
 */
#include <linux/export.h>
#include <linux/instruction_pointer.h>
#include <linux/kernel.h>
#include <linux/panic.h>

#include "../qcache/fast.h"
#include "../report/fault.h"
#include "../report/misuse.h"
#include "serve.h"

/* Flags with which the shortest path has nothing to do. */
#define QUICK_FLAGS	(VM_KMFLAGS | VM_MEMLOAD | VM_NORELOC | VM_ABORT)

/*
 * Get the first segment of the first non-empty class whose members all hold @size
 * integers. False: there is none, as for a size of 0 or one that no class can
 * promise.
 */
static __always_inline bool first_sure(const struct vmem_space *sp, size_t size,
				       struct vmem_seg **seg)
{
	unsigned long map;

	if (unlikely(size - 1 >= VMEM_CLASS_MOST))
		return false;
	map = vmem_classes_from(&sp->classes, vmem_class_sure_of(size));
	if (unlikely(!map))
		return false;
	*seg = hlist_entry(sp->classes.class[__ffs(map)].list.first,
			   struct vmem_seg, class);
	return true;
}

/* Instant fit while the arena is watched, or from the upper end. */
static void *instant_fit(struct vmem *vm, size_t size, int vmflag)
{
	struct vmem_space *sp = &vm->space;
	unsigned long irq, addr = 0;
	struct vmem_seg *seg;

	spin_lock_irqsave(&sp->lock, irq);
	if (first_sure(sp, size, &seg) && sp->stock.n >= sp->stock_low) {
		addr = seg->start;
		if (vmflag & VM_ENDALLOC)
			addr += seg->size - vmem_space_round(sp, size);
		vmem_space_cut(sp, seg, addr, size);
	}
	spin_unlock_irqrestore(&sp->lock, irq);
	return (void *)addr;
}

/* What the shortest path did not serve. */
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
	/* A request that may sleep lets an older waiter have its turn. */
	if (!(vmflag & ~(QUICK_FLAGS | VM_ENDALLOC)) && !vmem_watched(vm) &&
	    (vmflag & VM_NOSLEEP || !READ_ONCE(vm->waiters))) {
		void *addr = instant_fit(vm, size, vmflag);

		if (addr)
			return addr;
	}
	if (vmflag & VM_NEXTFIT)
		req.flags &= ~VM_ENDALLOC;
	return vmem_serve(vm, &req);
}

/*
 * The client, in a function that vmem_alloc() calls as its last act. That is a jump,
 * which leaves the client's return address; but a kernel with frame pointers has no
 * such jumps. There the frame above has it, on x86; elsewhere the compiler need not
 * know, and it is vmem_alloc() that is named.
 */
#if defined(CONFIG_FRAME_POINTER) && (defined(CONFIG_X86) || defined(CONFIG_UML_X86))
#define CLIENT_IP	((unsigned long)__builtin_return_address(1))
#else
#define CLIENT_IP	_RET_IP_
#endif

/*
 * Instant fit, if it can be had for nothing. Nothing is called with the lock held,
 * and nobody is to be told.
 *
 * Not inlined, so that a cached size need not save registers for it.
 */
static noinline void *alloc_uncached(struct vmem *vm, size_t size, int vmflag)
{
	struct vmem_space *sp = &vm->space;
	unsigned long irq, addr;
	struct vmem_seg *seg;

	if (unlikely(vmflag & ~QUICK_FLAGS || vmem_watched(vm)))
		goto slow;
	spin_lock_irqsave(&sp->lock, irq);
	if (unlikely(!first_sure(sp, size, &seg) ||
		     sp->stock.n < sp->quick_least)) {
		spin_unlock_irqrestore(&sp->lock, irq);
		goto slow;
	}
	addr = seg->start;
	vmem_space_cut_low(sp, seg, size, true);
	spin_unlock_irqrestore(&sp->lock, irq);
	return (void *)addr;
slow:
	return alloc_slow(vm, size, vmflag, CLIENT_IP);
}

/**
 * vmem_alloc - allocate a range of integers
 * @vm: the arena
 * @size: how many integers, in units of one; the space taken is rounded up to
 *	the arena's quantum, while the segment, the statistics and the size to
 *	pass to vmem_free() keep this number
 * @vmflag: VM_SLEEP or VM_NOSLEEP, and any other VM_* flags
 *
 * A cached size comes from this CPU's magazine, whatever the policy. Else instant
 * fit, unless @vmflag asks for another policy: constant time, from the
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
	/* Where it is no check it would only be a chance to be preempted. */
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
