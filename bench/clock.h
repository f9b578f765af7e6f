/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The clock: the cycle counter of the CPU, read without a call. QEMU with -icount
 * shift=0 has it count instructions. User Mode Linux has no counter of its own,
 * but is a program that may read the machine's.
 */
#ifndef _VMEM_BENCH_CLOCK_H
#define _VMEM_BENCH_CLOCK_H

#include <linux/types.h>
#include <linux/ktime.h>

#if defined(CONFIG_X86) || defined(CONFIG_UML_X86)
static __always_inline u64 clock_read(void)
{
	u32 low, high;

	/* Nothing moves across it, neither in the compiler nor in the CPU. */
	asm volatile("lfence; rdtsc; lfence" : "=a"(low), "=d"(high) : : "memory");
	return (u64)high << 32 | low;
}
#else
static __always_inline u64 clock_read(void)
{
	return ktime_get_ns();
}
#endif

void clock_begin(void);
u64 clock_tenths(u64 ticks);
u64 clock_spent(u64 since);

/* What reading the clock twice takes, to be taken off each sample. */
extern u64 clock_empty;
/* Ticks in a second. */
extern u64 clock_hz;

#endif /* _VMEM_BENCH_CLOCK_H */
