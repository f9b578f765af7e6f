/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A request with constraints, and the arithmetic of meeting them.
 */
#ifndef _VMEM_ARENA_REQUEST_H
#define _VMEM_ARENA_REQUEST_H

#include <linux/overflow.h>

#include "arena.h"

struct vmem_qcache;

/**
 * struct vmem_request - what a client asks for, checked
 * @size: how many integers; not 0
 * @taken: @size rounded up to the quantum
 * @align: the address modulo this is @phase; a power of two, a multiple of the
 *	quantum
 * @phase: less than @align, a multiple of the quantum
 * @nocross: the range straddles no multiple of this; 0: no such rule. If not 0,
 *	a multiple of @align that has room for @phase + @size.
 * @min: the address is not below this
 * @max: the last integer is not above this
 * @bounded: one of nocross, minaddr and maxaddr was given: importing does not
 *	help
 * @flags: VM_* flags
 * @caller: who called vmem, for audit
 * @qcache: the cache that serves this size, or NULL
 * @cached: for a quantum cache: the segment is marked as the cache's own
 * @fault_checked: fault injection has had its draw
 */
struct vmem_request {
	unsigned long size;
	unsigned long taken;
	unsigned long align;
	unsigned long phase;
	unsigned long nocross;
	unsigned long min;
	unsigned long max;
	bool bounded;
	int flags;
	unsigned long caller;
	struct vmem_qcache *qcache;
	bool cached;
	bool fault_checked;
};

/* Do two integers lie in different blocks of the power of two @block? */
static inline bool vmem_straddles(unsigned long first, unsigned long last,
				  unsigned long block)
{
	return (first ^ last) & ~(block - 1);
}

/**
 * vmem_fit_low - the lowest address in a range that meets the constraints
 * @req: the request
 * @lo: first integer of the range
 * @hi: last integer of the range
 * @addr: the address, if there is one
 *
 * At most two candidates have to be looked at: the first address of the right
 * phase, and, if the range would straddle a block there, the first one of the
 * next block, which a request that passed the checks never straddles.
 *
 * Return: whether there is one.
 */
static inline bool vmem_fit_low(const struct vmem_request *req,
				unsigned long lo, unsigned long hi,
				unsigned long *addr)
{
	unsigned long a;

	lo = max(lo, req->min);
	hi = min(hi, req->max);
	a = lo + ((req->phase - lo) & (req->align - 1));
	if (a < lo || a > hi || hi - a < req->size - 1)
		return false;
	if (req->nocross &&
	    vmem_straddles(a, a + req->size - 1, req->nocross)) {
		/* It does not wrap: the end of the range is beyond it. */
		unsigned long block = (a | (req->nocross - 1)) + 1;

		a = block + req->phase;
		if (a > hi || hi - a < req->size - 1)
			return false;
	}
	*addr = a;
	return true;
}

/**
 * vmem_fit_high - the highest address in a range that meets the constraints
 * @req: the request
 * @lo: first integer of the range
 * @hi: last integer of the range
 * @addr: the address
 *
 * Only where vmem_fit_low() found one, which bounds every step from below.
 */
static inline void vmem_fit_high(const struct vmem_request *req,
				 unsigned long lo, unsigned long hi,
				 unsigned long *addr)
{
	unsigned long a;

	hi = min(hi, req->max);
	a = hi - (req->size - 1);
	a -= (a - req->phase) & (req->align - 1);
	if (req->nocross &&
	    vmem_straddles(a, a + req->size - 1, req->nocross)) {
		a = ((a + req->size - 1) & ~(req->nocross - 1)) - req->size;
		a -= (a - req->phase) & (req->align - 1);
	}
	*addr = a;
}

/* Where @req goes in the free segment @seg: whether, and if so, the address. */
static inline bool vmem_fit(const struct vmem_request *req,
			    const struct vmem_seg *seg, unsigned long *addr)
{
	unsigned long last = vmem_seg_last(seg);

	if (!vmem_fit_low(req, seg->start, last, addr))
		return false;
	if (req->flags & VM_ENDALLOC)
		vmem_fit_high(req, seg->start, last, addr);
	return true;
}

#endif /* _VMEM_ARENA_REQUEST_H */
