/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Functions that load_distress.c and load_distress_caches.c share.
 */
#ifndef _VMEM_BENCH_DISTRESS_H
#define _VMEM_BENCH_DISTRESS_H

#include <linux/types.h>
#include <linux/vmem.h>

/*
 * Print a line of results. @cost and @baseline are in tenths of an instruction.
 */
void distress_report(const char *op, unsigned long n, u64 cost, u64 baseline);

/*
 * Create an arena with an initial span of @size integers, or without a span if
 * @size is 0. Returns NULL if out of memory.
 */
vmem_t *distress_arena(const char *name, unsigned long size, vmem_t *source,
		       size_t qcache_max);

/* load_distress_caches.c */
int distress_caches(void);

#endif /* _VMEM_BENCH_DISTRESS_H */
