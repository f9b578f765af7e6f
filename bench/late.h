/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Measures the longest time with interrupts off, as the maximum lateness of a
 * periodic timer.
 */
#ifndef VMEM_LATE_H
#define VMEM_LATE_H

#include <linux/hrtimer.h>

#include "../vmem/compat.h"

/* Period of the timer, in nanoseconds. */
#define TICK_NS		20000

static u64 max_late_ns;

static enum hrtimer_restart late_tick(struct hrtimer *timer)
{
	s64 late = ktime_to_ns(ktime_sub(ktime_get(),
					 hrtimer_get_expires(timer)));

	if (late > (s64)max_late_ns)
		max_late_ns = late;
	hrtimer_forward_now(timer, ns_to_ktime(TICK_NS));
	return HRTIMER_RESTART;
}

static inline void late_start(struct hrtimer *timer)
{
	vmem_hrtimer_setup(timer, late_tick);
	hrtimer_start(timer, ns_to_ktime(TICK_NS), HRTIMER_MODE_REL_PINNED);
}

/* Maximum lateness since the previous call, in nanoseconds. */
static inline u64 late_read_and_reset(void)
{
	u64 late = READ_ONCE(max_late_ns);

	WRITE_ONCE(max_late_ns, 0);
	return late;
}

#endif /* VMEM_LATE_H */
