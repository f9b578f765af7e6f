/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The way of a request that the shortest path could not serve.
 */
#ifndef _VMEM_ARENA_ALLOC_H
#define _VMEM_ARENA_ALLOC_H

#include "request.h"

void *vmem_alloc_patient(struct vmem *vm, size_t size, int vmflag);
void *vmem_serve(struct vmem *vm, struct vmem_request *req);

#endif /* _VMEM_ARENA_ALLOC_H */
