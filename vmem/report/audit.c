// SPDX-License-Identifier: GPL-2.0
/*
 * Audit: each allocated segment records the stack, the task and the time of its
 * allocation. Stacks are in the stack depot of the kernel, so a segment only
 * holds a handle. The depot never frees a stack: records stay valid after audit
 * has been switched off.
 *
 * The module parameter is a switch for all arenas, and each arena has a switch
 * too. While any switch is on, every request tests the module parameter and the
 * switch of the arena.
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

#include "report.h"

/* Upper bound of the stack frames in a record. */
#define DEPTH	24

DEFINE_STATIC_KEY_FALSE(vmem_auditing);

#if IS_ENABLED(CONFIG_STACKDEPOT) && IS_ENABLED(CONFIG_STACKTRACE)

/* The module parameter. Protected by kernel_param_lock(). */
static bool audit;

/* Protects &vmem.audit, audit_all and audit_ready. */
static DEFINE_MUTEX(audit_mutex);

/* All arenas are audited. READ_ONCE() without the mutex. */
static bool audit_all;

/*
 * Set by vmem_audit_init(). Parameters of a built-in vmem are parsed at boot
 * before the stack depot can allocate.
 */
static bool audit_ready;

/* Count a switch that is turned on. While any is on, the fast paths are off. */
static int audit_begin(void)
{
	int err = stack_depot_init();

	if (err)
		return err;
	static_branch_inc(&vmem_auditing);
	static_branch_inc(&vmem_force_slow_path);
	return 0;
}

static void audit_end(void)
{
	static_branch_dec(&vmem_force_slow_path);
	static_branch_dec(&vmem_auditing);
}

/* Set a switch: audit_all, or &vmem.audit of an arena. */
static int audit_set_switch(bool *state, bool on)
{
	int err = 0;

	lockdep_assert_held(&audit_mutex);
	if (*state == on)
		return 0;
	if (on)
		err = audit_begin();
	else
		audit_end();
	if (!err)
		WRITE_ONCE(*state, on);
	return err;
}

static int audit_apply_param(void)
{
	int err = 0;

	mutex_lock(&audit_mutex);
	if (audit_ready)
		err = audit_set_switch(&audit_all, audit);
	if (err)
		audit = audit_all;
	mutex_unlock(&audit_mutex);
	return err;
}

static int audit_set(const char *val, const struct kernel_param *kp)
{
	int err = param_set_bool(val, kp);

	return err ?: audit_apply_param();
}

void vmem_audit_init(void)
{
	kernel_param_lock(THIS_MODULE);
	audit_ready = true;
	if (audit_apply_param())
		pr_err("vmem: audit stays off: no memory for the stack depot\n");
	kernel_param_unlock(THIS_MODULE);
}

/**
 * vmem_audit_arena - switch the audit of one arena on or off
 * @vm: the arena
 * @on: true to switch the audit on
 *
 * An arena is audited while its switch or the module parameter is on.
 *
 * Context: task, may sleep.
 * Return: 0; or an error, and the switch has not changed.
 */
int vmem_audit_arena(struct vmem *vm, bool on)
{
	int err;

	mutex_lock(&audit_mutex);
	err = audit_set_switch(&vm->audit, on);
	mutex_unlock(&audit_mutex);
	return err;
}

/*
 * Save the stack from @caller on, without the frames of vmem. Returns 0 if the
 * arena is not audited.
 */
u32 vmem_audit_stack_slow(const struct vmem *vm, unsigned long caller,
			  int vmflag)
{
	gfp_t gfp = vmflag & VM_PUSHPAGE ? GFP_NOIO : GFP_KERNEL;
	unsigned long frames[DEPTH];
	unsigned int i, n;

	if (!READ_ONCE(audit_all) && !READ_ONCE(vm->audit))
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
	pr_err("vmem: audit is not available: the kernel has no stack depot\n");
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
MODULE_PARM_DESC(audit, "record the allocating stack, task and time of each segment (N)");

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
