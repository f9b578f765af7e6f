/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What an arena that has run out asks of the quantum caches: its own and those
 * of the arenas that import from it, from those, and so on.
 */
#ifndef _VMEM_ARENA_RECLAIM_H
#define _VMEM_ARENA_RECLAIM_H

#include "wait.h"

bool vmem_reclaim_possible(void);
u64 vmem_reclaimable(struct vmem *vm);
bool vmem_reclaim_now(struct vmem *vm, unsigned int step);
void vmem_reclaim_wait(const struct vmem_chain *chain);
void vmem_reclaim_soon(struct vmem *vm);
void vmem_hungry(const struct vmem_chain *chain);
void vmem_sated(const struct vmem_chain *chain);

#endif /* _VMEM_ARENA_RECLAIM_H */
