/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the two parts of the load "distress" share.
 */
#ifndef _VMEM_BENCH_DISTRESS_H
#define _VMEM_BENCH_DISTRESS_H

#include <linux/types.h>
#include <linux/vmem.h>

/* Tenths of an instruction. */
void distress_say(const char *op, unsigned long n, u64 cost, u64 calm);

/* Without a span if @size is 0. NULL without memory. */
vmem_t *distress_arena(const char *name, unsigned long size, vmem_t *source,
		       size_t qcache_max);

/* load_distress_caches.c */
int distress_caches(void);

#endif /* _VMEM_BENCH_DISTRESS_H */
