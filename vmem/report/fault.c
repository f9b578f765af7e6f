// SPDX-License-Identifier: GPL-2.0
/*
 * Fault injection: two numbers, one of the arena and one for all, combined by
 * bitwise or, say how rarely a request that may fail does so; and the kernel's
 * own fault injection, as fail_vmem in debugfs, where the kernel has it.
 */
#include <linux/debugfs.h>
#include <linux/ktime.h>
#include <linux/math64.h>
#include <linux/moduleparam.h>

#include "fault.h"
#include "trace.h"

DEFINE_STATIC_KEY_FALSE(vmem_watch);

#ifdef CONFIG_FAULT_INJECTION
DECLARE_FAULT_ATTR(vmem_fail_attr);
#endif

static unsigned long mtbf;

static int mtbf_set(const char *val, const struct kernel_param *kp)
{
	bool was = mtbf;
	int err = param_set_ulong(val, kp);

	if (!err && mtbf && !was)
		static_branch_inc(&vmem_watch);
	else if (!err && !mtbf && was)
		static_branch_dec(&vmem_watch);
	return err;
}

static const struct kernel_param_ops mtbf_ops = {
	.set = mtbf_set,
	.get = param_get_ulong,
};

module_param_cb(mtbf, &mtbf_ops, &mtbf, 0600);
MODULE_PARM_DESC(mtbf, "fail a request when the clock in ns modulo this is 0 (0: off)");

/**
 * vmem_fault - is this request to fail on purpose?
 * @vm: the arena
 * @size: how much is asked for
 * @vmflag: its VM_* flags
 *
 * One draw. Only requests that may fail do: VM_NOSLEEP without VM_PANIC.
 *
 * Context: any but NMI.
 * Return: whether it is.
 */
bool vmem_fault(const struct vmem *vm, size_t size, int vmflag)
{
	/* The kernel sets parameters with plain stores. */
	u64 n = data_race(READ_ONCE(mtbf)) | READ_ONCE(vm->mtbf);
	u64 rest = 1;

	if ((vmflag & (VM_NOSLEEP | VM_PANIC)) != VM_NOSLEEP)
		return false;
	if (n)
		div64_u64_rem(ktime_get_ns(), n, &rest);
	if (!rest)
		return true;
#ifdef CONFIG_FAULT_INJECTION
	return vmem_fail_armed() && should_fail(&vmem_fail_attr, size);
#else
	return false;
#endif
}

/* A request has failed on purpose. */
void vmem_fault_count(struct vmem *vm, size_t size, int vmflag)
{
	unsigned long irq;

	spin_lock_irqsave(&vm->space.lock, irq);
	vm->space.stats.fail_injected++;
	spin_unlock_irqrestore(&vm->space.lock, irq);
	trace_vmem_fail(vm, size, vmflag, VMEM_FAIL_INJECTED);
}

/* Offer the kernel's own fault injection as fail_vmem below @root. */
void vmem_fault_init(struct dentry *root)
{
#ifdef CONFIG_FAULT_INJECTION
	struct dentry *dir = fault_create_debugfs_attr("fail_vmem", root,
						       &vmem_fail_attr);

	/* As private as the rest. */
	if (!IS_ERR_OR_NULL(dir))
		d_inode(dir)->i_mode = S_IFDIR | 0700;
#endif
}
