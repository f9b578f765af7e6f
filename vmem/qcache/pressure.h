/* SPDX-License-Identifier: GPL-2.0 */
/*
 * When quantum caches must give back, and who makes them.
 */
#ifndef _VMEM_QCACHE_PRESSURE_H
#define _VMEM_QCACHE_PRESSURE_H

int vmem_pressure_init(void);
void vmem_pressure_exit(void);

#endif /* _VMEM_QCACHE_PRESSURE_H */
