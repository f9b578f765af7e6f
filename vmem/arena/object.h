/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The memory of arena structures.
 */
#ifndef _VMEM_ARENA_OBJECT_H
#define _VMEM_ARENA_OBJECT_H

#include <linux/gfp.h>

#include "arena.h"

struct vmem *vmem_object_alloc(gfp_t gfp);
void vmem_object_put(struct vmem *vm);
unsigned long vmem_object_bytes(void);

static inline void vmem_object_get(struct vmem *vm)
{
	kref_get(&vm->refs);
}

int vmem_object_init(void);
void vmem_object_exit(void);

#endif /* _VMEM_ARENA_OBJECT_H */
