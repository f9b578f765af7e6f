/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Reclaim: quantum caches give back what they hold.
 */
#ifndef _VMEM_QCACHE_RECLAIM_H
#define _VMEM_QCACHE_RECLAIM_H

#include "../arena/tree.h"

/**
 * struct vmem_reclaim_budget - what a request that may not sleep does itself
 * @objects: objects to be moved from depots to slabs
 * @slabs: slabs to be returned to arenas or split
 * @looks: slabs to be looked at
 */
struct vmem_reclaim_budget {
	unsigned int objects;
	unsigned int slabs;
	unsigned int looks;
};

#define VMEM_RECLAIM_BUDGET						\
	((struct vmem_reclaim_budget){ .objects = 1024, .slabs = 16, .looks = 512 })

void vmem_reclaim_now(struct vmem *vm, unsigned long need, bool anywhere,
		      struct vmem_reclaim_budget *budget);
void vmem_reclaim_once(struct vmem_tree *tree);
void vmem_reclaim_all_soon(void);
void vmem_tree_add_caches(struct vmem *vm, int n);
int vmem_reclaim_init(void);
void vmem_reclaim_exit(void);

#endif /* _VMEM_QCACHE_RECLAIM_H */
