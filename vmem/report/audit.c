// SPDX-License-Identifier: GPL-2.0
/*
 * Audit: each allocated segment remembers the stack, the task and the time of
 * its allocation. Stacks live in the kernel's stack depot, so that a segment
 * keeps only a number. The depot is never emptied: what was recorded stays good
 * when audit is switched off.
 */
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/printk.h>
#include <linux/sched.h>
#include <linux/seq_file.h>
#include <linux/stackdepot.h>
#include <linux/stacktrace.h>
#include <linux/timekeeping.h>

#include "audit.h"
#include "fault.h"

#define DEPTH	24

DEFINE_STATIC_KEY_FALSE(vmem_auditing);

#if IS_ENABLED(CONFIG_STACKDEPOT) && IS_ENABLED(CONFIG_STACKTRACE)

/* As told. Protected by kernel_param_lock(). */
static bool audit;

/* Both keys are on. Protected by kernel_param_lock(). */
static bool active;

/* A built-in module's parameters are set before there is memory. */
static bool ready;

static int apply(void)
{
	int err;

	if (!ready || audit == active)
		return 0;
	if (audit) {
		err = stack_depot_init();
		if (err)
			return err;
		static_branch_enable(&vmem_auditing);
		static_branch_inc(&vmem_watch);
	} else {
		static_branch_dec(&vmem_watch);
		static_branch_disable(&vmem_auditing);
	}
	active = audit;
	return 0;
}

static int audit_set(const char *val, const struct kernel_param *kp)
{
	int err = param_set_bool(val, kp);

	if (!err)
		err = apply();
	if (err)
		audit = active;
	return err;
}

void vmem_audit_init(void)
{
	kernel_param_lock(THIS_MODULE);
	ready = true;
	if (apply())
		pr_err("vmem: audit stays off: no memory for the stack depot\n");
	kernel_param_unlock(THIS_MODULE);
}

/* The present stack from @caller on: what is above it is vmem's own. */
u32 vmem_audit_stack_slow(unsigned long caller, int vmflag)
{
	gfp_t gfp = vmflag & VM_PUSHPAGE ? GFP_NOIO : GFP_KERNEL;
	unsigned long frames[DEPTH];
	unsigned int n = stack_trace_save(frames, DEPTH, 0);
	unsigned int i;

	for (i = 0; i < n; i++)
		if (frames[i] == caller)
			break;
	if (i == n)
		i = 0;
	if (vmflag & VM_NOSLEEP)
		gfp = GFP_NOWAIT;
	return stack_depot_save(frames + i, n - i, gfp);
}

void vmem_audit_show(struct seq_file *m, const struct vmem_who *who)
{
	unsigned long *frames;
	unsigned int i, n;

	if (!who->stack)
		return;
	seq_printf(m, " pid=%u time=%us", who->pid, who->when);
	n = stack_depot_fetch(who->stack, &frames);
	for (i = 0; i < n; i++)
		seq_printf(m, "%s%pS", i ? "<" : " by ", (void *)frames[i]);
}

void vmem_audit_print(const struct vmem_who *who)
{
	if (!who->stack)
		return;
	pr_err("vmem:   by task %u at %us:\n", who->pid, who->when);
	stack_depot_print(who->stack);
}

#else

static bool audit;

static int audit_set(const char *val, const struct kernel_param *kp)
{
	bool on;
	int err = kstrtobool(val, &on);

	if (err || !on)
		return err;
	pr_err("vmem: audit is not there: the kernel has no stack depot\n");
	return -EOPNOTSUPP;
}

void vmem_audit_init(void)
{
}

u32 vmem_audit_stack_slow(unsigned long caller, int vmflag)
{
	return 0;
}

void vmem_audit_show(struct seq_file *m, const struct vmem_who *who)
{
}

void vmem_audit_print(const struct vmem_who *who)
{
}

#endif

static const struct kernel_param_ops audit_ops = {
	.set = audit_set,
	.get = param_get_bool,
};

module_param_cb(audit, &audit_ops, &audit, 0600);
MODULE_PARM_DESC(audit, "record who allocates each segment (N)");

void vmem_audit_record_slow(struct vmem_seg *seg, u32 stack)
{
	seg->stack = stack;
	seg->pid = in_task() ? current->pid : 0;
	seg->when = ktime_get_seconds();
}
