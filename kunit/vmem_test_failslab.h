/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Fault injection of the kernel, which makes allocations of selected tasks fail
 * (see vmem_test_nomem.h). vn_instrument() sets up the fault injection for a
 * suite.
 */
#ifndef VMEM_TEST_FAILSLAB_H
#define VMEM_TEST_FAILSLAB_H

#include <linux/types.h>
#include <linux/fault-inject.h>	/* needs <linux/types.h> */
#include <linux/pid.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/string.h>
#include <linux/threads.h>

#include "vmem_test_file.h"

/* Value of n with which all allocations fail, not only the n-th. */
#define VN_ALL		UINT_MAX

/* True if vn_instrument() has set up failslab. */
static bool vn_ready;

#if defined(CONFIG_FAILSLAB) && defined(CONFIG_FAULT_INJECTION_DEBUG_FS)

static inline bool vn_set_up(const char *dir)
{
	return !vt_shell(dir, "echo 0 >verbose && echo Y >task-filter") &&
	       !vt_shell(dir, "echo -1 >times && echo 100 >probability") &&
	       !vt_shell(dir, "echo N >ignore-gfp-wait");
}

static inline void vn_tear_down(const char *dir)
{
	vt_shell(dir, "echo 0 >probability; echo N >task-filter");
	vt_shell(dir, "echo 2 >verbose; echo 1 >times");
	vt_shell(dir, "echo Y >ignore-gfp-wait");
}

#define VN_SLAB		"cd /sys/kernel/debug/failslab && "
#define VN_PAGE		"cd /sys/kernel/debug/fail_page_alloc && "

/* The tests require failslab, but not fail_page_alloc. */
static inline void vn_instrument(bool on)
{
	if (on) {
		vn_ready = vn_set_up(VN_SLAB);
		vn_set_up(VN_PAGE);
		vt_shell(VN_PAGE, "echo N >ignore-gfp-highmem");
		vt_shell(VN_PAGE, "echo 0 >min-order");
	} else {
		vn_tear_down(VN_SLAB);
		vn_tear_down(VN_PAGE);
		vt_shell(VN_PAGE, "echo Y >ignore-gfp-highmem");
		vt_shell(VN_PAGE, "echo 1 >min-order");
	}
}

/*
 * If n is VN_ALL, make every allocation of this task fail until vn_disarm().
 * Otherwise, make only the n-th allocation after this call fail.
 */
static inline void vn_arm(unsigned int n)
{
	if (n == VN_ALL)
		current->make_it_fail = 1;
	else
		current->fail_nth = n;
}

/*
 * Let the allocations of this task succeed again. Returns true if the n-th
 * allocation has failed, and always if n is VN_ALL.
 */
static inline bool vn_disarm(unsigned int n)
{
	bool failed = n == VN_ALL || !current->fail_nth;

	current->make_it_fail = 0;
	current->fail_nth = 0;
	return failed;
}

/* Let the allocations of another task succeed again. */
static inline void vn_disarm_task(struct task_struct *task)
{
	task->make_it_fail = 0;
}

/*
 * If @on, make every allocation of the worker threads and of kthreadd fail.
 * Work items then run without memory, and kthreadd creates no new workers. If
 * not @on, let these allocations succeed again.
 */
static inline void vn_fail_workers(bool on)
{
	unsigned int i;

	/*
	 * Some kernels do not let a module walk the list of tasks: try each
	 * pid.
	 */
	for (i = 1; i < PID_MAX_DEFAULT; i++) {
		struct task_struct *t;

		rcu_read_lock();
		t = pid_task(find_vpid(i), PIDTYPE_PID);
		if (t && (t->flags & PF_WQ_WORKER ||
			  !strcmp(t->comm, "kthreadd")))
			WRITE_ONCE(t->make_it_fail, on);
		rcu_read_unlock();
	}
}

#else

static inline void vn_instrument(bool on)
{
}

static inline void vn_arm(unsigned int n)
{
}

static inline bool vn_disarm(unsigned int n)
{
	return false;
}

static inline void vn_disarm_task(struct task_struct *task)
{
}

static inline void vn_fail_workers(bool on)
{
}

#endif

#endif /* VMEM_TEST_FAILSLAB_H */
