/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The fast path: pop and push on this CPU's loaded magazine.
 *
 * No lock, no atomic operation, interrupts on. Preemption is off, so that the CPU
 * stays the same; a mark keeps out interrupts on it. The mark is plain memory:
 * who interrupts runs to its end before the interrupted one goes on, so an
 * interrupt between looking at the mark and setting it leaves everything as it
 * was but for the contents, which are looked at afterwards.
 */
#ifndef _VMEM_QCACHE_FAST_H
#define _VMEM_QCACHE_FAST_H

#include <linux/compiler.h>
#include <linux/preempt.h>

#include "qcache.h"

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

static __always_inline void vmem_cpu_end(struct vmem_cpu_cache *cc)
{
	if (likely(cc)) {
		barrier();	/* pairs with that in vmem_cpu_begin() */
		WRITE_ONCE(cc->busy, false);
	}
	preempt_enable();
}

/* What the fast path is to use on this CPU. Preemption is off. */
static __always_inline struct vmem_cpu *vmem_cpu_fast(const struct vmem *vm)
{
	/* It may change at any time, to what is in use and back: either will do. */
	return this_cpu_ptr(data_race(vm->fast));
}

/*
 * The two below are vmem_cpu_begin() and vmem_cpu_end() written out: to turn a
 * NULL into a branch and back costs more than either does.
 */

/* An address of the cached size that @size falls into, or 0. */
static __always_inline unsigned long vmem_qcache_pop(const struct vmem *vm,
						     size_t size)
{
	struct vmem_cpu_cache *cc;
	unsigned long addr = 0;

	preempt_disable();
	cc = &vmem_cpu_fast(vm)->cache[vmem_qcache_index(vm, size)];
	if (likely(!READ_ONCE(cc->busy))) {
		WRITE_ONCE(cc->busy, true);
		barrier();	/* as in vmem_cpu_begin() */
		if (likely(cc->rounds)) {
			addr = cc->round[--cc->rounds];
			cc->allocs++;
		}
		barrier();	/* as in vmem_cpu_end() */
		WRITE_ONCE(cc->busy, false);
	}
	preempt_enable();
	return addr;
}

/* Put an address back. False if it must take the long way. */
static __always_inline bool vmem_qcache_push(const struct vmem *vm,
					     unsigned long addr, size_t size)
{
	struct vmem_cpu_cache *cc;
	bool done = false;

	if (unlikely(!addr))
		return false;
	preempt_disable();
	cc = &vmem_cpu_fast(vm)->cache[vmem_qcache_index(vm, size)];
	if (likely(!READ_ONCE(cc->busy))) {
		WRITE_ONCE(cc->busy, true);
		barrier();	/* as in vmem_cpu_begin() */
		if (likely(cc->rounds < cc->capacity)) {
			cc->round[cc->rounds++] = addr;
			cc->frees++;
			done = true;
		}
		barrier();	/* as in vmem_cpu_end() */
		WRITE_ONCE(cc->busy, false);
	}
	preempt_enable();
	return done;
}

void *vmem_qcache_alloc(struct vmem *vm, size_t size, int vmflag,
			unsigned long caller);
void vmem_qcache_free(struct vmem *vm, unsigned long addr, size_t size);

#endif /* _VMEM_QCACHE_FAST_H */
