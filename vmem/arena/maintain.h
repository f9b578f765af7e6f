/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What is done for arenas now and then, outside of any request.
 */
#ifndef _VMEM_ARENA_MAINTAIN_H
#define _VMEM_ARENA_MAINTAIN_H

#include "arena.h"

void vmem_rescale_soon(struct vmem *vm);
void vmem_release_soon(struct vmem *vm);
void vmem_queue_work(struct work_struct *work);	/* reclaim.c */
void vmem_maintain_arena_init(struct vmem *vm);
void vmem_maintain_arena_exit(struct vmem *vm);

int vmem_maintain_init(void);
void vmem_maintain_exit(void);

#endif /* _VMEM_ARENA_MAINTAIN_H */
