/* SPDX-License-Identifier: GPL-2.0 */
/*
 * When quantum caches must give back, and who makes them.
 */
#ifndef _VMEM_QCACHE_PRESSURE_H
#define _VMEM_QCACHE_PRESSURE_H

#include "../arena/arena.h"

void vmem_pressure_arena(int n);

/* reap.c */
void vmem_reap_arena_init(struct vmem *vm);
void vmem_reap_arena_exit(struct vmem *vm);
void vmem_reap_all_soon(void);
int vmem_reap_init(void);
void vmem_reap_exit(void);

/* pressure.c */
int vmem_pressure_init(void);
void vmem_pressure_exit(void);

#endif /* _VMEM_QCACHE_PRESSURE_H */
