/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Functions that load_locked.c and locked_waited.c share.
 */
#ifndef _VMEM_BENCH_LOCKED_H
#define _VMEM_BENCH_LOCKED_H

#include <linux/types.h>

#include "bench.h"

/*
 * Print the maximum lateness of the timer since the previous mark. The line
 * begins with @name and ends with the text @extra.
 */
void locked_mark(const char *name, const char *extra);

/* Ignore the timer if @on, because the caller turns interrupts off. */
void locked_ignore(bool on);

/* locked_waited.c: measures lock hold times while a request waits. */
void locked_waited(struct work *work);

#endif /* _VMEM_BENCH_LOCKED_H */
