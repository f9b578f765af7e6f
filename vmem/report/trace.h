/* SPDX-License-Identifier: GPL-2.0 */
/*
 * For who emits trace events: the events, and how long something took.
 */
#ifndef _VMEM_REPORT_TRACE_H
#define _VMEM_REPORT_TRACE_H

#include <linux/ktime.h>
#include <trace/events/vmem.h>

/*
 * The present moment, if the event that tells how long something took is wanted;
 * else 0. Whoever got a moment emits the event with vmem_trace_ns() of it.
 */
#define vmem_trace_moment(event)					\
	(trace_ ## event ## _enabled() ? ktime_get_ns() : 0)

static inline u64 vmem_trace_ns(u64 since)
{
	return ktime_get_ns() - since;
}

void vmem_trace_arena(struct vmem *vm);

#endif /* _VMEM_REPORT_TRACE_H */
