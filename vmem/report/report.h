/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Reports and records: misuse, the validator, audit, fault injection and trace
 * events. These files read struct vmem, but do not call functions of arena/.
 */
#ifndef _VMEM_REPORT_H
#define _VMEM_REPORT_H

#include <linux/jump_label.h>
#include <linux/ktime.h>
#include <linux/types.h>
#include <trace/events/vmem.h>
#include <linux/fault-inject.h>	/* does not include types.h itself */

#include "../arena.h"

struct seq_file;

/* True if allocations and frees of all arenas must take the slow path. */
DECLARE_STATIC_KEY_FALSE(vmem_force_slow_path);

/* misuse.c: calls with bad arguments */
__printf(2, 3) void vmem_misuse(struct vmem *vm, const char *fmt, ...);
void vmem_misuse_init(struct vmem *vm);
void vmem_misuse_exit(struct vmem *vm);
unsigned long vmem_misuse_without_arena(void);

/* verify.c, qcache/verify_qcache.c: the validator */
bool vmem_debug_wanted(void);
int vmem_verify_qcaches(struct vmem *vm);

/* audit.c: which task allocated a segment, when, and from where */

/**
 * struct vmem_who - the origin of an allocated segment
 * @stack: stack depot handle, 0 if audit did not record it
 * @pid: task, 0 in an interrupt
 * @when: seconds since boot
 */
struct vmem_who {
	u32 stack;
	u32 pid;
	u32 when;
};

DECLARE_STATIC_KEY_FALSE(vmem_auditing);

void vmem_audit_init(void);
int vmem_audit_arena(struct vmem *vm, bool on);
u32 vmem_audit_stack_slow(const struct vmem *vm, unsigned long caller,
			  int vmflag);
void vmem_audit_record_slow(struct vmem_seg *seg, u32 stack);
void vmem_audit_show(struct seq_file *m, const struct vmem_who *who);
void vmem_audit_show_stack(struct seq_file *m, u32 stack);
void vmem_audit_print_stack(u32 stack);

/* The arena lock is not held, because the stack depot may allocate memory. */
static inline u32 vmem_audit_stack(const struct vmem *vm, unsigned long caller,
				   int vmflag)
{
	return static_branch_unlikely(&vmem_auditing) ?
		vmem_audit_stack_slow(vm, caller, vmflag) : 0;
}

/* Record stack, task and time in @seg if @stack is not 0. Arena lock held. */
static inline void vmem_audit_record(struct vmem_seg *seg, u32 stack)
{
	if (stack)
		vmem_audit_record_slow(seg, stack);
}

/* The origin of an allocated segment. The arena lock is held. */
static inline struct vmem_who vmem_audit_who(const struct vmem_seg *seg)
{
	return (struct vmem_who) {
		.stack = seg->stack, .pid = seg->pid, .when = seg->when,
	};
}

/* fault.c: requests that fail on purpose */
#ifdef CONFIG_FAULT_INJECTION
extern struct fault_attr vmem_fail_attr;

static inline bool vmem_fail_armed(void)
{
	/* debugfs sets the probability with a plain store. */
	return data_race(READ_ONCE(vmem_fail_attr.probability));
}
#else
static inline bool vmem_fail_armed(void)
{
	return false;
}
#endif

void vmem_fault_count(struct vmem *vm, size_t size, int vmflag);
bool vmem_fault(const struct vmem *vm, size_t size, int vmflag);
void vmem_fault_init(struct dentry *root);

/* Must requests to this arena take the slow path? */
static __always_inline bool vmem_slow_path_forced(const struct vmem *vm)
{
	return static_branch_unlikely(&vmem_force_slow_path) ||
	       /* mtbf may change at any time; a stale value does no harm. */
	       unlikely(data_race(vm->mtbf)) || unlikely(vmem_fail_armed());
}

/* trace.c: trace events, and the duration of operations */

/* Start time of an operation if its event is enabled, else 0. */
#define vmem_trace_start(event)						\
	(trace_ ## event ## _enabled() ? ktime_get_ns() : 0)

/* Nanoseconds since vmem_trace_start(). */
static inline u64 vmem_trace_elapsed(u64 since)
{
	return ktime_get_ns() - since;
}

void vmem_trace_arena(struct vmem *vm);

#endif /* _VMEM_REPORT_H */
