/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Common functions of the two files of the load "locked".
 */
#ifndef _VMEM_BENCH_LOCKED_H
#define _VMEM_BENCH_LOCKED_H

#include <linux/types.h>

#include "bench.h"

/*
 * Print the maximum lateness of the timer since the previous mark, and @extra.
 */
void locked_mark(const char *name, const char *extra);

/* Ignore the lateness of the timer while the caller turns interrupts off. */
void locked_ignore(bool on);

/* locked_waited.c: lock hold times while a request waits. */
void locked_waited(struct work *work);

#endif /* _VMEM_BENCH_LOCKED_H */
