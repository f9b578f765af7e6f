/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Where a request goes: the policies.
 */
#ifndef _VMEM_ARENA_SEARCH_H
#define _VMEM_ARENA_SEARCH_H

#include "request.h"

struct vmem_seg *vmem_search(struct vmem *vm, const struct vmem_request *req);
struct vmem_seg *vmem_nextfit(struct vmem *vm, const struct vmem_request *req);
void vmem_rotor_after(struct vmem *vm, struct vmem_seg *seg);

/* Find room by the policy that the request asks for, and take it. */
static inline struct vmem_seg *vmem_take(struct vmem *vm,
					 const struct vmem_request *req)
{
	return req->flags & VM_NEXTFIT ? vmem_nextfit(vm, req)
				       : vmem_search(vm, req);
}

#endif /* _VMEM_ARENA_SEARCH_H */
