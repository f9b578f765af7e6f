// SPDX-License-Identifier: GPL-2.0
/*
 * Measures the frequency of the clock and the cost of reading it. Also times a
 * loop of known length, as a check of the clock.
 */
#include <linux/math64.h>
#include <linux/minmax.h>
#include <linux/printk.h>
#include <linux/units.h>

#include "clock.h"

#define LOOP		1000	/* iterations, of two instructions each */

u64 clock_overhead;
u64 clock_hz = NSEC_PER_SEC;

static noinline void loop(void)
{
#if defined(CONFIG_X86) || defined(CONFIG_UML_X86)
	unsigned int turns = LOOP;

	asm volatile("1: dec %0; jnz 1b" : "+r"(turns) : : "cc");
#endif
}

void clock_calibrate(void)
{
	u64 start, ticks, ns, best = U64_MAX;
	unsigned int i;

	ns = ktime_get_ns();
	ticks = clock_read();
	while (ktime_get_ns() - ns < 20 * NSEC_PER_MSEC)
		;
	ns = ktime_get_ns() - ns;
	ticks = clock_read() - ticks;
	/* Round to 1 MHz: the measurement is too short for more precision. */
	clock_hz = div_u64(mul_u64_u64_div_u64(ticks, NSEC_PER_SEC, ns) + HZ_PER_MHZ / 2,
			   HZ_PER_MHZ) * HZ_PER_MHZ;

	clock_overhead = U64_MAX;
	for (i = 0; i < 1000; i++) {
		start = clock_read();
		clock_overhead = min(clock_overhead, clock_read() - start);
	}
	for (i = 0; i < 100; i++) {
		start = clock_read();
		loop();
		best = min(best, clock_read() - start);
	}
	pr_info("bench: clock hz=%llu empty=%llu loop=%llu of=%u\n", clock_hz,
		clock_overhead, best - clock_overhead, 2 * LOOP);
}

/* Convert ticks to tenths of a nanosecond. */
u64 clock_tenths(u64 ticks)
{
	return mul_u64_u64_div_u64(ticks, 10ULL * NSEC_PER_SEC, clock_hz);
}

/* Nanoseconds since clock_read() returned @since. */
u64 clock_ns_since(u64 since)
{
	return div_u64(clock_tenths(clock_read() - since), 10);
}
