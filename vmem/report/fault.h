/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Fault injection: requests that fail on purpose.
 */
#ifndef _VMEM_REPORT_FAULT_H
#define _VMEM_REPORT_FAULT_H

#include <linux/jump_label.h>
#include <linux/types.h>
#include <linux/fault-inject.h>	/* needs the types before it */

#include "../arena/arena.h"

/* Something global is on that the shortest path does not do. */
DECLARE_STATIC_KEY_FALSE(vmem_watch);

#ifdef CONFIG_FAULT_INJECTION
extern struct fault_attr vmem_fail_attr;

static inline bool vmem_fail_armed(void)
{
	/* debugfs sets it with a plain store. */
	return data_race(READ_ONCE(vmem_fail_attr.probability));
}
#else
static inline bool vmem_fail_armed(void)
{
	return false;
}
#endif

/* Must requests to this arena take the whole way? */
static __always_inline bool vmem_watched(const struct vmem *vm)
{
	return static_branch_unlikely(&vmem_watch) ||
	       /* It may be set at any time: to see it late is no harm. */
	       unlikely(data_race(vm->mtbf)) || unlikely(vmem_fail_armed());
}

void vmem_fault_count(struct vmem *vm, size_t size, int vmflag);
bool vmem_fault(const struct vmem *vm, size_t size, int vmflag);
void vmem_fault_init(struct dentry *root);

#endif /* _VMEM_REPORT_FAULT_H */
