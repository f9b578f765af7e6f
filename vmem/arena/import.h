/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Importing spans from the source: how much to ask for, and what to refuse.
 */
#ifndef _VMEM_ARENA_IMPORT_H
#define _VMEM_ARENA_IMPORT_H

#include "request.h"

/* What an import, and serving a request from it, take from the stock. */
#define VMEM_IMPORT_COST	(VMEM_SPAN_COST + VMEM_CUT_COST)

/* Can an import help with this request? The arena lock is held. */
static inline bool vmem_may_import(const struct vmem *vm,
				   const struct vmem_request *req)
{
	lockdep_assert_held(&vm->space.lock);
	return !req->bounded && vmem_imports(vm);
}

bool vmem_import_size(const struct vmem *vm, const struct vmem_request *req,
		      unsigned long *size);
const char *vmem_import_refuse(const struct vmem *vm,
			       const struct vmem_request *req,
			       unsigned long start, unsigned long size,
			       unsigned long asked);

#endif /* _VMEM_ARENA_IMPORT_H */
