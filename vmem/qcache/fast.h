/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The fast path: pop and push on this CPU's loaded magazine.
 *
 * It uses no lock and no atomic operation, and leaves interrupts on. Preemption
 * is off, so the CPU stays the same. An interrupt handler that finds the busy
 * mark of the CPU set takes the slow path. The mark is plain memory, because an
 * interrupt handler completes before the interrupted code resumes. A handler
 * that runs between the test of the mark and its store only changes the
 * contents of magazines. The interrupted code reads these afterwards.
 */
#ifndef _VMEM_QCACHE_FAST_H
#define _VMEM_QCACHE_FAST_H

#include <linux/compiler.h>
#include <linux/preempt.h>

#include "qcache.h"

struct vmem_pending_free;

/*
 * Begin to use this CPU's part of a cache. Returns NULL in an interrupt
 * handler, if the interrupted code uses it. The caller calls vmem_cpu_end() in
 * either case.
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
	barrier();	/* pairs with that in vmem_cpu_leave(), on this CPU */
	return cc;
}

/* After a vmem_cpu_begin() that did not return NULL. */
static __always_inline void vmem_cpu_leave(struct vmem_cpu_cache *cc)
{
	barrier();	/* pairs with that in vmem_cpu_begin() */
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

/* The magazines of this CPU, or the busy stub. Preemption is off. */
static __always_inline struct vmem_cpu *vmem_cpu_fast(const struct vmem *vm)
{
	/*
	 * @fast may change at any time. The old value is right, too, but the
	 * caller must set and clear the mark of the same one.
	 */
	return this_cpu_ptr(READ_ONCE(vm->fast));
}

/*
 * The two functions below repeat the code of vmem_cpu_begin(), with a
 * vmem_cpu_leave() for each outcome: an outcome as a value, and a branch on
 * that, would cost more than the mark. A plain load lets the compiler compare
 * the mark in memory. Between two barriers it cannot compile a harmful access
 * to one byte.
 */

/* Allocate a cached size. Returns false if the slow path must do so. */
static __always_inline bool vmem_qcache_pop(const struct vmem *vm, size_t size,
					    unsigned long *addr)
{
	struct vmem_cpu_cache *cc;

	preempt_disable();
	cc = &vmem_cpu_fast(vm)->cache[vmem_qcache_index(vm, size)];
	/* Only interrupt handlers on this CPU write it, and they restore it. */
	if (likely(!data_race(cc->busy))) {
		WRITE_ONCE(cc->busy, true);
		barrier();	/* as in vmem_cpu_begin() */
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

/* Free an object. Returns false if the slow path must do so. */
static __always_inline bool vmem_qcache_push(const struct vmem *vm,
					     unsigned long addr, size_t size)
{
	struct vmem_cpu_cache *cc;

	if (unlikely(!addr))
		return false;
	preempt_disable();
	cc = &vmem_cpu_fast(vm)->cache[vmem_qcache_index(vm, size)];
	/* Only interrupt handlers on this CPU write it, and they restore it. */
	if (likely(!data_race(cc->busy))) {
		WRITE_ONCE(cc->busy, true);
		barrier();	/* as in vmem_cpu_begin() */
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
