// SPDX-License-Identifier: GPL-2.0
/*
 * vmem_alloc(): instant fit, and the whole way of a request when that does not
 * serve it.
 */
#include <linux/export.h>
#include <linux/instruction_pointer.h>
#include <linux/kernel.h>
#include <linux/panic.h>

#include "../qcache/fast.h"
#include "../report/audit.h"
#include "../report/fault.h"
#include "../report/misuse.h"
#include "../report/trace.h"
#include "alloc.h"
#include "import.h"
#include "populate.h"
#include "reclaim.h"
#include "search.h"
#include "wait.h"

/* Flags with which the shortest path has nothing to do. */
#define QUICK_FLAGS	(VM_KMFLAGS | VM_MEMLOAD | VM_NORELOC | VM_ABORT)

/**
 * struct service - what a request has come to
 * @vm: the arena, locked but where something else is said
 * @req: the request
 * @irq: the interrupt state of the lock
 * @seg: what was found
 * @loan: what is to be repaid when the lock has been dropped
 * @chain: where it may be served from
 * @seen: the moment before the last search
 * @appeared: how many free segments had appeared in the arena by then
 * @released: &vmem_stats.release at the last import that failed
 * @step: how far a request that may not sleep has got with reclaim
 * @kicks: the kicks at the last time that caches gave back what they hold
 * @hungry: the request is counted in &vmem.hungry, all along @chain
 * @reason: VMEM_FAIL_*: why it has not been served so far
 */
struct service {
	struct vmem *vm;
	const struct vmem_request *req;
	unsigned long irq;
	struct vmem_seg *seg;
	struct vmem_loan loan;
	struct vmem_chain chain;
	struct vmem_moment seen;
	unsigned long appeared;
	u64 released;
	unsigned int step;
	unsigned long kicks;
	bool hungry;
	unsigned int reason;
};

/*
 * With what flags to import. From an arena without waiting for space in there:
 * that is done here, for both at once. Other functions sleep as they like, and do
 * not see what comes up in this arena: so before that, where caches may hold what
 * is needed, those are asked.
 */
static int import_flags(const struct service *s)
{
	int vmflag = s->req->flags & VM_KMFLAGS;
	int calm = vmflag & ~VM_PANIC;

	if (vmflag & VM_NOSLEEP)
		return vmflag;
	if (s->vm->afunc == vmem_alloc)
		return s->req->flags & VM_ABORT ? vmflag : calm | VMEM_PATIENT;
	if (!s->hungry && !(s->req->flags & VM_ABORT) &&
	    vmem_reclaim_possible())
		return calm | VM_NOSLEEP;
	return vmflag;
}

/* Would the same import as before fail again? Not if a span has gone home. */
static bool futile(const struct service *s)
{
	return s->step && s->released == s->vm->space.stats.release;
}

/* Search, then import. Returns false if there were no structures for that. */
static bool search_and_import(struct service *s)
{
	struct vmem *vm = s->vm;
	bool import = vmem_may_import(vm, s->req) && !futile(s);

	if (unlikely(vm->space.ways_wanted))
		vmem_populate_ways(vm, &s->irq);
	if (!vmem_populate(vm, import ? VMEM_IMPORT_COST : VMEM_CUT_COST,
			   s->req->flags, &s->irq)) {
		s->reason = VMEM_FAIL_STRUCTURES;
		return false;
	}
	s->seen = vmem_now(&s->chain);
	s->appeared = vmem_space_appeared(&vm->space);
	s->seg = vmem_take(vm, s->req, &s->irq);

	/* The functions may have been turned off while populating. */
	if (s->seg || !import || !vmem_may_import(vm, s->req))
		return true;
	s->released = vm->space.stats.release;
	s->reason = VMEM_FAIL_IMPORT;
	s->seg = vmem_import(vm, s->req, import_flags(s), &s->loan, &s->irq);
	if (!s->seg && vmem_space_appeared(&vm->space) != s->appeared)
		s->seg = vmem_take(vm, s->req, &s->irq);
	return true;
}

/*
 * Have the arena's own caches give back what can be had without waiting: first
 * all that is at hand, then slab by slab, unless all of them together are too
 * little. Returns whether to search again.
 */
static bool reclaim_now(struct service *s)
	__must_hold(&s->vm->space.lock)
{
	struct vmem *vm = s->vm;
	u64 unused = vm->space.stats.mem_total - vm->space.stats.mem_inuse;
	bool more;

	if (!vm->qcaches)
		return false;
	spin_unlock_irqrestore(&vm->space.lock, s->irq);
	more = !s->step || unused + vmem_reclaimable(vm) >= s->req->taken;
	more = more && vmem_reclaim_now(vm, s->step++);
	spin_lock_irqsave(&vm->space.lock, s->irq);
	return more;
}

/* Have all caches below give back what they hold; if that is nothing, sleep. */
static void reclaim_and_wait(struct service *s)
	__must_hold(&s->vm->space.lock)
{
	struct vmem *vm = s->vm;
	bool first = !s->hungry;

	/* Once: while it is hungry nothing comes into the caches. */
	if (vmem_reclaim_possible() && (first || s->kicks != s->seen.kicks)) {
		s->hungry = true;
		s->kicks = s->seen.kicks;
		spin_unlock_irqrestore(&vm->space.lock, s->irq);
		if (first)
			vmem_hungry(&s->chain);
		vmem_reclaim_wait(&s->chain);
		spin_lock_irqsave(&vm->space.lock, s->irq);
		/* Now an import may sleep, after one more search. */
		if (first && vmem_may_import(vm, s->req))
			return;
	}
	vmem_wait_for_space(&s->chain, s->req, s->seen, &s->irq);
}

/* What is to be said and done when all is over. The lock is dropped. */
static void conclude(struct service *s)
	__releases(&s->vm->space.lock)
{
	struct vmem *vm = s->vm;
	bool failed = !s->seg && !s->req->quiet &&
		      !(s->req->flags & VMEM_PATIENT);
	bool waited = false;

	if (failed)
		vm->space.stats.fail++;
	/* What an import left over is news to others. */
	if (vmem_space_appeared(&vm->space) != s->appeared)
		waited = vmem_waited_for(vm);
	spin_unlock_irqrestore(&vm->space.lock, s->irq);

	vmem_repay(&s->loan);
	if (waited)
		vmem_wake(vm);
	if (s->hungry)
		vmem_sated(&s->chain);
	if (failed)
		trace_vmem_fail(vm, s->req->size, s->req->flags, s->reason);
	if (failed && !(s->req->flags & VM_ABORT))
		vmem_reclaim_soon(vm);
	if (failed && s->req->flags & VM_PANIC)
		panic("vmem: arena %u '%s': no room for %lu %s", vm->id,
		      vm->label, s->req->size, vmem_unit(vm));
}

/**
 * vmem_serve - serve a request by all the means that its flags allow
 * @vm: the arena
 * @req: the request; VM_NEXTFIT only without constraints
 *
 * Search, import, reclaim and wait, in that order, until served or told to stop.
 *
 * Context: as the flags say.
 * Return: the address, or NULL.
 */
void *vmem_serve(struct vmem *vm, struct vmem_request *req)
{
	struct service s = { .vm = vm, .req = req };
	int once = VM_ABORT | VMEM_PATIENT;
	unsigned long addr = 0;
	u32 stack;

	might_sleep_if(!(req->flags & VM_NOSLEEP));
	if (!req->drawn && vmem_fault(vm, req->size, req->flags)) {
		vmem_fault_count(vm, req->size, req->flags);
		return NULL;
	}
	stack = vmem_audit_stack(vm, req->caller, req->flags);
	vmem_chain_init(&s.chain, vm, !req->bounded);

	spin_lock_irqsave(&vm->space.lock, s.irq);
	while (search_and_import(&s) && !s.seg && !(req->flags & once)) {
		if (!(req->flags & VM_NOSLEEP))
			reclaim_and_wait(&s);
		else if (!reclaim_now(&s))
			break;
	}
	if (s.seg) {
		addr = s.seg->start;
		s.seg->cached = req->cached;
		vmem_audit_record(s.seg, stack);
		if (req->flags & VM_NEXTFIT)
			vmem_rotor_after(vm, s.seg);
	}
	conclude(&s);
	if (addr && !req->cached)
		trace_vmem_alloc(vm, addr, req->size, req->flags, false,
				 req->caller);
	return (void *)addr;
}

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
	if (!(vmflag & ~(QUICK_FLAGS | VM_ENDALLOC)) && !vmem_watched(vm)) {
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
 * vmem_alloc_patient - vmem_alloc() for an arena that imports and waits itself
 * @vm: the source
 * @size: how many integers, a multiple of the quantum
 * @vmflag: VM_KMFLAGS without VM_NOSLEEP, and VMEM_PATIENT
 *
 * Context: task, sleeping allowed.
 * Return: the first integer, or NULL if there is no room at present.
 */
void *vmem_alloc_patient(struct vmem *vm, size_t size, int vmflag)
{
	struct vmem_request req = {
		.size = size,
		.taken = size,
		.align = vm->space.quantum,
		.max = ULONG_MAX,
		.flags = vmflag,
		.caller = _RET_IP_,
	};
	unsigned long addr;

	if (size - 1 >= vm->cached_max)
		return vmem_serve(vm, &req);
	if (vmem_qcache_pop(vm, size, &addr))
		return (void *)addr;
	return vmem_qcache_alloc(vm, size, vmflag, _RET_IP_);
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
