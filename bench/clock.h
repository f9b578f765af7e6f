/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The clock is the cycle counter of the CPU, read inline. With QEMU -icount
 * shift=0 it counts instructions. User Mode Linux reads the counter of the
 * host.
 */
#ifndef _VMEM_BENCH_CLOCK_H
#define _VMEM_BENCH_CLOCK_H

#include <linux/types.h>
#include <linux/ktime.h>

#if defined(CONFIG_X86) || defined(CONFIG_UML_X86)
static __always_inline u64 clock_read(void)
{
	u32 low, high;

	/*
	 * Neither the compiler nor the CPU moves an instruction across the
	 * read.
	 */
	asm volatile("lfence; rdtsc; lfence" : "=a"(low), "=d"(high) : : "memory");
	return (u64)high << 32 | low;
}
#else
static __always_inline u64 clock_read(void)
{
	return ktime_get_ns();
}
#endif

void clock_calibrate(void);
u64 clock_tenths(u64 ticks);
u64 clock_ns_since(u64 since);

/* Ticks between two consecutive reads; subtracted from each sample. */
extern u64 clock_overhead;
/* Ticks per second. */
extern u64 clock_hz;

#endif /* _VMEM_BENCH_CLOCK_H */
