/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Requests, and the arithmetic of their constraints.
 */
#ifndef _VMEM_ARENA_REQUEST_H
#define _VMEM_ARENA_REQUEST_H

#include <linux/overflow.h>

#include "../arena.h"

struct vmem_qcache;

/**
 * struct vmem_request - a request, with checked arguments
 * @size: number of integers; not 0
 * @taken: @size rounded up to the quantum
 * @align: the address modulo @align is @phase; a power of two, a multiple of
 *	the quantum
 * @phase: less than @align, a multiple of the quantum
 * @nocross: the range must not straddle a multiple of this; 0 for no such rule.
 *	A power of two, a multiple of @align, at least @phase + @size.
 * @min: lower bound of the address
 * @max: upper bound of the last integer, inclusive
 * @bounded: the client has given nocross, minaddr or maxaddr: do not import
 * @flags: VM_* flags
 * @caller: return address in the client, for audit
 * @qcache: the cache that serves this size, or NULL
 * @cached: the request is for a quantum cache: mark its segment as cached
 * @fault_checked: fault injection has already decided not to fail the request
 *
 * Only the allocating task uses the structure.
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

/* Do @first and @last lie in different aligned blocks of @block integers? */
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
 * @addr: set to the address if the function returns true
 *
 * There are two candidates: the first address with the right phase; and, if the
 * range at this address would straddle a multiple of @req->nocross, the first
 * address with the right phase at or above this multiple. The checks of the
 * arguments make sure that the range at the second candidate straddles no
 * multiple.
 *
 * Return: true if there is such an address.
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
		/* @block does not wrap: the straddling range holds it. */
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
 * @addr: set to the address
 *
 * Call this only if vmem_fit_low() has returned true: then the result is at
 * least @lo.
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

/* Does @req fit in the free segment @seg? If so, sets *@addr to an address. */
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

/* Upper bound of the structures for an import and the cut after it. */
#define VMEM_IMPORT_COST	(VMEM_SPAN_COST + VMEM_CUT_COST)

/* Can an import serve this request? The arena lock is held. */
static inline bool vmem_may_import(const struct vmem *vm,
				   const struct vmem_request *req)
{
	lockdep_assert_held(&vm->segmap.lock);
	return !req->bounded && vmem_imports(vm);
}

bool vmem_import_size(const struct vmem *vm, const struct vmem_request *req,
		      unsigned long *size);
const char *vmem_import_refuse(const struct vmem *vm,
			       const struct vmem_request *req,
			       unsigned long start, unsigned long size,
			       unsigned long asked);

/**
 * enum vmem_level_kind - the kind of space that a level waits for
 * @VMEM_LEVEL_IMPORT: a span that an arena imports
 * @VMEM_LEVEL_SLAB: a slab that a quantum cache makes
 */
enum vmem_level_kind {
	VMEM_LEVEL_IMPORT,
	VMEM_LEVEL_SLAB,
};

/**
 * struct vmem_level - a request that waits for a span or a slab
 * @below: the level that waits for this level; NULL for the client's request
 * @vm: the arena that the request is made to
 * @size: the size of the request
 * @asked: the size that the arena requests from its source
 * @appeared: vmem_segmap_appeared() of the arena before its search
 * @since: start time for the trace event, 0 if the event is off
 * @kind: VMEM_LEVEL_*
 * @cached: the request is for a quantum cache
 *
 * A level is in a segment structure that the import has set aside, or in the
 * descriptor of the slab. Only the allocating task uses the level.
 */
struct vmem_level {
	struct vmem_level *below;
	struct vmem *vm;
	unsigned long size;
	unsigned long asked;
	unsigned long appeared;
	u64 since;
	u8 kind;
	bool cached;
};

void *vmem_serve(struct vmem *vm, struct vmem_request *req);

#endif /* _VMEM_ARENA_REQUEST_H */
