// SPDX-License-Identifier: GPL-2.0
/*
 * Audit: each allocated segment remembers the stack, the task and the time of
 * its allocation. Stacks live in the kernel's stack depot, so that a segment
 * keeps only a number. The depot is never emptied: what was recorded stays good
 * when audit is switched off.
 *
 * There are a switch for all arenas, the module parameter, and one for each. While
 * any is on, stacks cost all arenas a look at theirs, and no more.
 */
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/mutex.h>
#include <linux/printk.h>
#include <linux/sched.h>
#include <linux/seq_file.h>
#include <linux/stackdepot.h>
#include <linux/stacktrace.h>
#include <linux/timekeeping.h>

#include "../arena/arena.h"
#include "audit.h"
#include "fault.h"

#define DEPTH	24

DEFINE_STATIC_KEY_FALSE(vmem_auditing);

#if IS_ENABLED(CONFIG_STACKDEPOT) && IS_ENABLED(CONFIG_STACKTRACE)

/* As told by the parameter. Protected by kernel_param_lock(). */
static bool audit;

/* What follows, and &vmem.audit. */
static DEFINE_MUTEX(audit_mutex);

/* All arenas are audited. Read without the mutex. */
static bool all;

/* A built-in module's parameters are set before there is memory. */
static bool ready;

/* One more reason to record stacks. */
static int begin(void)
{
	int err = stack_depot_init();

	if (err)
		return err;
	static_branch_inc(&vmem_auditing);
	static_branch_inc(&vmem_watch);
	return 0;
}

static void end(void)
{
	static_branch_dec(&vmem_watch);
	static_branch_dec(&vmem_auditing);
}

/* Turn a switch; it is one reason. */
static int turn(bool *is, bool on)
{
	int err = 0;

	lockdep_assert_held(&audit_mutex);
	if (*is == on)
		return 0;
	if (on)
		err = begin();
	else
		end();
	if (!err)
		WRITE_ONCE(*is, on);
	return err;
}

static int apply(void)
{
	int err = 0;

	mutex_lock(&audit_mutex);
	if (ready)
		err = turn(&all, audit);
	if (err)
		audit = all;
	mutex_unlock(&audit_mutex);
	return err;
}

static int audit_set(const char *val, const struct kernel_param *kp)
{
	int err = param_set_bool(val, kp);

	return err ?: apply();
}

void vmem_audit_init(void)
{
	kernel_param_lock(THIS_MODULE);
	ready = true;
	if (apply())
		pr_err("vmem: audit stays off: no memory for the stack depot\n");
	kernel_param_unlock(THIS_MODULE);
}

/**
 * vmem_audit_arena - switch the audit of one arena on or off
 * @vm: the arena
 * @on: which
 *
 * It is audited while this or the module parameter is on.
 *
 * Context: task, sleeping allowed.
 * Return: 0, or an error: then nothing has changed.
 */
int vmem_audit_arena(struct vmem *vm, bool on)
{
	int err;

	mutex_lock(&audit_mutex);
	err = turn(&vm->audit, on);
	mutex_unlock(&audit_mutex);
	return err;
}

/* The present stack from @caller on: what is above it is vmem's own. */
u32 vmem_audit_stack_slow(const struct vmem *vm, unsigned long caller,
			  int vmflag)
{
	gfp_t gfp = vmflag & VM_PUSHPAGE ? GFP_NOIO : GFP_KERNEL;
	unsigned long frames[DEPTH];
	unsigned int i, n;

	if (!READ_ONCE(all) && !READ_ONCE(vm->audit))
		return 0;
	n = stack_trace_save(frames, DEPTH, 0);
	for (i = 0; i < n; i++)
		if (frames[i] == caller)
			break;
	if (i == n)
		i = 0;
	if (vmflag & VM_NOSLEEP)
		gfp = GFP_NOWAIT;
	return stack_depot_save(frames + i, n - i, gfp);
}

void vmem_audit_show_stack(struct seq_file *m, u32 stack)
{
	unsigned long *frames;
	unsigned int i, n;

	n = stack_depot_fetch(stack, &frames);
	for (i = 0; i < n; i++)
		seq_printf(m, "%s%pS", i ? "<" : " by ", (void *)frames[i]);
}

void vmem_audit_print_stack(u32 stack)
{
	stack_depot_print(stack);
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

int vmem_audit_arena(struct vmem *vm, bool on)
{
	return on ? -EOPNOTSUPP : 0;
}

u32 vmem_audit_stack_slow(const struct vmem *vm, unsigned long caller,
			  int vmflag)
{
	return 0;
}

void vmem_audit_show_stack(struct seq_file *m, u32 stack)
{
}

void vmem_audit_print_stack(u32 stack)
{
}

#endif

static const struct kernel_param_ops audit_ops = {
	.set = audit_set,
	.get = param_get_bool,
};

module_param_cb(audit, &audit_ops, &audit, 0600);
MODULE_PARM_DESC(audit, "record who allocates each segment (N)");

void vmem_audit_show(struct seq_file *m, const struct vmem_who *who)
{
	if (!who->stack)
		return;
	seq_printf(m, " pid=%u time=%us", who->pid, who->when);
	vmem_audit_show_stack(m, who->stack);
}

void vmem_audit_record_slow(struct vmem_seg *seg, u32 stack)
{
	seg->stack = stack;
	seg->pid = in_task() ? current->pid : 0;
	seg->when = ktime_get_seconds();
}
