// SPDX-License-Identifier: GPL-2.0
/*
 * Fault injection for requests that may fail. There are two sources of faults:
 *
 * - mtbf: the module parameter or'ed with the mtbf of the arena. A request
 *   fails if the clock is a multiple of the result.
 * - fail_vmem in debugfs: the fault injection of the kernel, if it is
 *   configured.
 */
#include <linux/debugfs.h>
#include <linux/ktime.h>
#include <linux/math64.h>
#include <linux/moduleparam.h>

#include "report.h"

DEFINE_STATIC_KEY_FALSE(vmem_force_slow_path);

#ifdef CONFIG_FAULT_INJECTION
DECLARE_FAULT_ATTR(vmem_fail_attr);
#endif

static unsigned long mtbf;

static int fault_mtbf_set(const char *val, const struct kernel_param *kp)
{
	bool was = mtbf;
	int err = param_set_ulong(val, kp);

	if (!err && mtbf && !was)
		static_branch_inc(&vmem_force_slow_path);
	else if (!err && !mtbf && was)
		static_branch_dec(&vmem_force_slow_path);
	return err;
}

static const struct kernel_param_ops mtbf_ops = {
	.set = fault_mtbf_set,
	.get = param_get_ulong,
};

module_param_cb(mtbf, &mtbf_ops, &mtbf, 0600);
MODULE_PARM_DESC(mtbf, "fail a request if the clock in ns modulo this is 0 (0: off)");

/**
 * vmem_fault - decide whether a request fails on purpose
 * @vm: the arena
 * @size: size of the request
 * @vmflag: VM_* flags of the request
 *
 * Two calls for one request may return different results. Only requests with
 * VM_NOSLEEP and without VM_PANIC may fail on purpose.
 *
 * Context: any but NMI.
 * Return: true if the request must fail.
 */
bool vmem_fault(const struct vmem *vm, size_t size, int vmflag)
{
	/* The kernel sets parameters by plain stores. */
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

/* Count and trace a request that has failed on purpose. */
void vmem_fault_count(struct vmem *vm, size_t size, int vmflag)
{
	unsigned long irq;

	spin_lock_irqsave(&vm->segmap.lock, irq);
	vm->segmap.stats.fail_injected++;
	spin_unlock_irqrestore(&vm->segmap.lock, irq);
	trace_vmem_fail(vm, size, vmflag, VMEM_FAIL_INJECTED);
}

/* Create the directory fail_vmem of the kernel's fault injection in @root. */
void vmem_fault_init(struct dentry *root)
{
#ifdef CONFIG_FAULT_INJECTION
	struct dentry *dir = fault_create_debugfs_attr("fail_vmem", root,
						       &vmem_fail_attr);

	/* Only root may read the directory, like all debugfs files of vmem. */
	if (!IS_ERR_OR_NULL(dir))
		d_inode(dir)->i_mode = S_IFDIR | 0700;
#endif
}
