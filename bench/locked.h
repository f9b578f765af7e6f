/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the two parts of the load "locked" share.
 */
#ifndef _VMEM_BENCH_LOCKED_H
#define _VMEM_BENCH_LOCKED_H

#include <linux/types.h>

#include "bench.h"

/* Say how late the timer was since the last of these, and what else goes with it. */
void locked_mark(const char *what, const char *more);

/* Ignore what the timer interrupts: the caller has interrupts off itself. */
void locked_ignore(bool on);

/* locked_waited.c: the same while a request waits. */
void locked_waited(struct work *work);

#endif /* _VMEM_BENCH_LOCKED_H */
