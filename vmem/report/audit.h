/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Audit: who allocated a segment.
 */
#ifndef _VMEM_REPORT_AUDIT_H
#define _VMEM_REPORT_AUDIT_H

#include <linux/jump_label.h>

#include "../segment/seg.h"

struct seq_file;
struct vmem;

DECLARE_STATIC_KEY_FALSE(vmem_auditing);

void vmem_audit_init(void);
int vmem_audit_arena(struct vmem *vm, bool on);
u32 vmem_audit_stack_slow(const struct vmem *vm, unsigned long caller,
			  int vmflag);
void vmem_audit_record_slow(struct vmem_seg *seg, u32 stack);

/* Before the arena lock is taken: saving a stack may allocate. */
static inline u32 vmem_audit_stack(const struct vmem *vm, unsigned long caller,
				   int vmflag)
{
	return static_branch_unlikely(&vmem_auditing) ?
		vmem_audit_stack_slow(vm, caller, vmflag) : 0;
}

/* Under the arena lock: @seg was allocated by this task, here. */
static inline void vmem_audit_record(struct vmem_seg *seg, u32 stack)
{
	if (stack)
		vmem_audit_record_slow(seg, stack);
}

/**
 * struct vmem_who - who allocated a segment
 * @stack: stack depot handle, 0 if it was not recorded
 * @pid: task, 0 in an interrupt
 * @when: seconds since boot
 */
struct vmem_who {
	u32 stack;
	u32 pid;
	u32 when;
};

/* Read it off an allocated segment. The arena lock is held. */
static inline struct vmem_who vmem_audit_who(const struct vmem_seg *seg)
{
	return (struct vmem_who) {
		.stack = seg->stack, .pid = seg->pid, .when = seg->when,
	};
}

void vmem_audit_show(struct seq_file *m, const struct vmem_who *who);
void vmem_audit_show_stack(struct seq_file *m, u32 stack);
void vmem_audit_print_stack(u32 stack);

#endif /* _VMEM_REPORT_AUDIT_H */
