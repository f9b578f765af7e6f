/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The kernel's own fault injection makes the allocations of single tasks fail: see
 * vmem_test_nomem.h. vn_instrument() sets it up for a suite.
 */
#ifndef VMEM_TEST_FAILSLAB_H
#define VMEM_TEST_FAILSLAB_H

#include <linux/types.h>
#include <linux/fault-inject.h>	/* needs the types before it */
#include <linux/pid.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/string.h>
#include <linux/threads.h>

#include "vmem_test_file.h"

/* All allocations at once, in place of the n-th. */
#define VN_ALL		UINT_MAX

/* The suite could set up the instrument. */
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

/* Pages may be missing from the instrument, slab objects not. */
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

/* What this task allocates from now on fails: the n-th, or all. */
static inline void vn_arm(unsigned int n)
{
	if (n == VN_ALL)
		current->make_it_fail = 1;
	else
		current->fail_nth = n;
}

/* Did the n-th fail? Of all it is not known. */
static inline bool vn_disarm(unsigned int n)
{
	bool failed = n == VN_ALL || !current->fail_nth;

	current->make_it_fail = 0;
	current->fail_nth = 0;
	return failed;
}

/* Another task has memory again. */
static inline void vn_relieve(struct task_struct *task)
{
	task->make_it_fail = 0;
}

/*
 * Every allocation of every worker thread fails, if @on, and no new worker can
 * be created: what work items do meanwhile they do without memory.
 */
static inline void vn_starve_workers(bool on)
{
	unsigned int i;

	/* A module cannot walk the list of tasks in all kernels. */
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

static inline void vn_relieve(struct task_struct *task)
{
}

static inline void vn_starve_workers(bool on)
{
}

#endif

#endif /* VMEM_TEST_FAILSLAB_H */
