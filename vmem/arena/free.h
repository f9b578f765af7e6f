/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Freeing what is not a client's.
 */
#ifndef _VMEM_ARENA_FREE_H
#define _VMEM_ARENA_FREE_H

#include "arena.h"

void vmem_release_cached(struct vmem *vm, unsigned long addr, size_t size);

#endif /* _VMEM_ARENA_FREE_H */
