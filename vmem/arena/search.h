/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Where a request goes: the policies.
 */
#ifndef _VMEM_ARENA_SEARCH_H
#define _VMEM_ARENA_SEARCH_H

#include "request.h"

struct vmem_seg *vmem_search(struct vmem *vm, const struct vmem_request *req,
			     unsigned long *irq);
struct vmem_seg *vmem_take_sure(struct vmem *vm,
				const struct vmem_request *req);
struct vmem_seg *vmem_nextfit(struct vmem *vm, const struct vmem_request *req,
			      unsigned long *irq);
bool vmem_window(struct vmem *vm, const struct vmem_request *req,
		 struct vmem_seg **seg, unsigned long *addr);
void vmem_rotor_after(struct vmem *vm, struct vmem_seg *seg);

/**
 * vmem_take - find room by the policy that the request asks for, and take it
 * @vm: the arena, locked, with VMEM_CUT_COST structures in its stock
 * @req: the request
 * @irq: the interrupt state of the caller's spin_lock_irqsave()
 *
 * A long search drops the lock and takes it again. What the stock held for an
 * import is there afterwards, too.
 *
 * Return: the allocated segment, or NULL if no free segment can serve.
 */
static inline struct vmem_seg *vmem_take(struct vmem *vm,
					 const struct vmem_request *req,
					 unsigned long *irq)
{
	return req->flags & VM_NEXTFIT ? vmem_nextfit(vm, req, irq)
				       : vmem_search(vm, req, irq);
}

#endif /* _VMEM_ARENA_SEARCH_H */
