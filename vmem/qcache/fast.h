/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The fast path: pop and push on this CPU's loaded magazine.
 *
 * No lock, no atomic operation, interrupts on. Preemption is off, so that the CPU
 * stays the same; a mark keeps out interrupts on it. The mark is plain memory: an
 * interrupt handler completes before the interrupted code resumes. So an interrupt
 * between the test of the mark and the store that sets it leaves everything as it
 * was but for the contents, which are read afterwards.
 */
#ifndef _VMEM_QCACHE_FAST_H
#define _VMEM_QCACHE_FAST_H

#include <linux/compiler.h>
#include <linux/preempt.h>

#include "qcache.h"

struct vmem_home;

/*
 * Begin to use what this CPU has of a cache. NULL: it is in use by whom we
 * interrupt. To be ended by vmem_cpu_end() in either case.
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
	barrier();	/* pairs with that in vmem_cpu_end(), on the same CPU */
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

/* What the fast path is to use on this CPU. Preemption is off. */
static __always_inline struct vmem_cpu *vmem_cpu_fast(const struct vmem *vm)
{
	/*
	 * It may change at any time, to what is in use and back. Either will do, but
	 * it must be the same one from the mark that is set to the mark cleared.
	 */
	return this_cpu_ptr(READ_ONCE(vm->fast));
}

/*
 * The two below have vmem_cpu_begin() written out, with an end for each outcome:
 * to turn an outcome into a value and back into a branch costs more than the mark
 * does. Reading the mark with a plain load lets the compiler compare it in place;
 * what else it could do to a byte, between two barriers, does no harm.
 */

/* Get an address of the cached size that @size falls into. False: there is none. */
static __always_inline bool vmem_qcache_pop(const struct vmem *vm, size_t size,
					    unsigned long *addr)
{
	struct vmem_cpu_cache *cc;

	preempt_disable();
	cc = &vmem_cpu_fast(vm)->cache[vmem_qcache_index(vm, size)];
	/* Who writes it at the same time is on this CPU, and done when we go on. */
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

/* Put an address back. False if it must take the long way. */
static __always_inline bool vmem_qcache_push(const struct vmem *vm,
					     unsigned long addr, size_t size)
{
	struct vmem_cpu_cache *cc;

	if (unlikely(!addr))
		return false;
	preempt_disable();
	cc = &vmem_cpu_fast(vm)->cache[vmem_qcache_index(vm, size)];
	/* Who writes it at the same time is on this CPU, and done when we go on. */
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
void vmem_qcache_free_to(struct vmem *vm, unsigned long addr, size_t size,
			 struct vmem_home *home);

#endif /* _VMEM_QCACHE_FAST_H */
