/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Reporting a wrong free.
 */
#ifndef _VMEM_ARENA_FREE_H
#define _VMEM_ARENA_FREE_H

#include "arena.h"

void vmem_free_refuse(struct vmem *vm, const char *who, unsigned long addr,
		      size_t size, unsigned long allocated);

#endif /* _VMEM_ARENA_FREE_H */
