/* SPDX-License-Identifier: GPL-2.0 */
/*
 * How long interrupts are off at worst: a timer goes off again and again, and
 * notes by how much it was late.
 */
#ifndef VMEM_LATE_H
#define VMEM_LATE_H

#include <linux/hrtimer.h>

#include "../vmem/compat.h"

/* So often, in nanoseconds. */
#define TICK	20000

static u64 latest;

static enum hrtimer_restart tick(struct hrtimer *timer)
{
	s64 late = ktime_to_ns(ktime_sub(ktime_get(),
					 hrtimer_get_expires(timer)));

	if (late > (s64)latest)
		latest = late;
	hrtimer_forward_now(timer, ns_to_ktime(TICK));
	return HRTIMER_RESTART;
}

static inline void late_start(struct hrtimer *timer)
{
	vmem_hrtimer_setup(timer, tick);
	hrtimer_start(timer, ns_to_ktime(TICK), HRTIMER_MODE_REL_PINNED);
}

/* Nanoseconds, since this was last asked. */
static inline u64 late_since(void)
{
	u64 late = READ_ONCE(latest);

	WRITE_ONCE(latest, 0);
	return late;
}

#endif /* VMEM_LATE_H */
