/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The slow path of a request.
 */
#ifndef _VMEM_ARENA_SERVE_H
#define _VMEM_ARENA_SERVE_H

#include "request.h"

/**
 * enum vmem_level_kind - for what something is wanted from above
 * @VMEM_LEVEL_IMPORT: an arena imports a span
 * @VMEM_LEVEL_SLAB: a cache makes a slab
 */
enum vmem_level_kind {
	VMEM_LEVEL_IMPORT,
	VMEM_LEVEL_SLAB,
};

/**
 * struct vmem_level - a step of a request on its way up
 * @below: the level for which this one is; NULL: the request itself
 * @vm: the arena
 * @size: what is wanted from it
 * @asked: what it wants from above
 * @appeared: the count of free segments that had appeared in it before its search
 * @since: when it began to ask, for the trace; 0: nothing traces
 * @kind: VMEM_LEVEL_*
 * @cached: @size is for a cache
 *
 * Written on one of the segment structures that an import sets aside, or on the
 * descriptor of the slab that is being made. Owned by the request.
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

#endif /* _VMEM_ARENA_SERVE_H */
