/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The fast path: pop and push on this CPU's loaded magazine.
 *
 * The fast path uses no lock and no atomic operation, and leaves interrupts on.
 * Preemption is off, so the code stays on this CPU. An interrupt handler that
 * finds the busy mark of the CPU set takes the slow path. The mark is plain
 * memory, because an interrupt handler completes before the interrupted code
 * resumes. A handler may run after the code has tested the mark and before the
 * code sets the mark. Such a handler only changes the contents of magazines,
 * and the code reads the contents after it has set the mark.
 */
#ifndef _VMEM_QCACHE_FAST_H
#define _VMEM_QCACHE_FAST_H

#include <linux/compiler.h>
#include <linux/preempt.h>

#include "qcache.h"

struct vmem_pending_free;

/*
 * Begin to use this CPU's part of a cache. Returns NULL in an interrupt
 * handler, if the interrupted code uses that part. The caller calls
 * vmem_cpu_end() in either case.
 */
static __always_inline struct vmem_cpu_cache *
vmem_cpu_begin(const struct vmem *vm, unsigned int index)
{
	struct vmem_cpu_cache *cc;

	preempt_disable();
	cc = &this_cpu_ptr(vm->cpu)->cache[index];
	if (unlikely(READ_ONCE(cc->busy)))
		return NULL;
	WRITE_ONCE(cc->busy, true);
	barrier();	/* pairs with vmem_cpu_leave(), on this CPU */
	return cc;
}

/* End the use of @cc, which vmem_cpu_begin() has returned. */
static __always_inline void vmem_cpu_leave(struct vmem_cpu_cache *cc)
{
	barrier();	/* pairs with vmem_cpu_begin() */
	WRITE_ONCE(cc->busy, false);
	preempt_enable();
}

static __always_inline void vmem_cpu_end(struct vmem_cpu_cache *cc)
{
	if (likely(cc))
		vmem_cpu_leave(cc);
	else
		preempt_enable();
}

/* This CPU's part of the caches, or the busy stub. Preemption is off. */
static __always_inline struct vmem_cpu *vmem_cpu_fast(const struct vmem *vm)
{
	/*
	 * vm->fast may change at any time. An old value does no harm. The
	 * caller must use one value for the whole operation, so that it clears
	 * the busy mark that it has set.
	 */
	return this_cpu_ptr(READ_ONCE(vm->fast));
}

/*
 * vmem_qcache_pop() and vmem_qcache_push() repeat the code of vmem_cpu_begin(),
 * with a vmem_cpu_leave() for each outcome. A variable for the outcome, and a
 * branch on the variable, would cost more than the busy mark. The plain load of
 * the mark lets the compiler compare the mark in memory. The plain load is
 * safe: a load of one byte cannot tear, the compiler cannot move it across
 * preempt_disable() or barrier(), and a repeated load reads the same value,
 * because interrupt handlers restore the mark.
 */

/* Allocate an object. Returns false if the slow path must allocate it. */
static __always_inline bool vmem_qcache_pop(const struct vmem *vm, size_t size,
					    unsigned long *addr)
{
	struct vmem_cpu_cache *cc;

	preempt_disable();
	cc = &vmem_cpu_fast(vm)->cache[vmem_qcache_index(vm, size)];
	/* Only interrupt handlers on this CPU write busy, and restore it. */
	if (likely(!data_race(cc->busy))) {
		WRITE_ONCE(cc->busy, true);
		barrier();	/* pairs with vmem_cpu_leave() */
		if (likely(cc->rounds)) {
			*addr = cc->round[--cc->rounds];
			cc->allocs++;
			vmem_cpu_leave(cc);
			return true;
		}
		vmem_cpu_leave(cc);
		return false;
	}
	preempt_enable();
	return false;
}

/* Free an object. Returns false if the slow path must free it. */
static __always_inline bool vmem_qcache_push(const struct vmem *vm,
					     unsigned long addr, size_t size)
{
	struct vmem_cpu_cache *cc;

	if (unlikely(!addr))
		return false;
	preempt_disable();
	cc = &vmem_cpu_fast(vm)->cache[vmem_qcache_index(vm, size)];
	/* Only interrupt handlers on this CPU write busy, and restore it. */
	if (likely(!data_race(cc->busy))) {
		WRITE_ONCE(cc->busy, true);
		barrier();	/* pairs with vmem_cpu_leave() */
		if (likely(cc->rounds < cc->capacity)) {
			cc->round[cc->rounds] = addr;
			cc->rounds++;
			cc->frees++;
			vmem_cpu_leave(cc);
			return true;
		}
		vmem_cpu_leave(cc);
		return false;
	}
	preempt_enable();
	return false;
}

void *vmem_qcache_alloc(struct vmem *vm, size_t size, int vmflag,
			unsigned long caller);
void vmem_qcache_free(struct vmem *vm, unsigned long addr, size_t size);
void vmem_qcache_free_one(struct vmem *vm, unsigned long addr, size_t size,
			  struct vmem_pending_free *pending);

#endif /* _VMEM_QCACHE_FAST_H */
