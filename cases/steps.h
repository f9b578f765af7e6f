/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Runs a client step by step. A write of N to the client's parameter "run" runs
 * the next N steps, and returns after the last of them. So each case is
 * reproducible on any machine.
 */
#ifndef _CASES_STEPS_H
#define _CASES_STEPS_H

#include <linux/kernel.h>
#include <linux/moduleparam.h>
#include <linux/mutex.h>
#include <linux/sched.h>
#include <linux/sysfs.h>

/* Step @i of the client, counted from 0. Each client defines this function. */
static void step(unsigned long i);

static DEFINE_MUTEX(steps_lock);
static unsigned long steps_done;	/* Protected by steps_lock. */
static bool steps_ready;		/* Protected by steps_lock. */

static int steps_set(const char *val, const struct kernel_param *kp)
{
	unsigned long n;
	int err = kstrtoul(val, 0, &n);

	if (err)
		return err;
	mutex_lock(&steps_lock);
	if (!steps_ready)
		err = -EAGAIN;
	for (; !err && n; n--) {
		step(steps_done++);
		cond_resched();
	}
	mutex_unlock(&steps_lock);
	return err;
}

static int steps_get(char *buffer, const struct kernel_param *kp)
{
	return sysfs_emit(buffer, "%lu\n", READ_ONCE(steps_done));
}

static const struct kernel_param_ops steps_ops = {
	.set = steps_set,
	.get = steps_get,
};

module_param_cb(run, &steps_ops, NULL, 0600);
MODULE_PARM_DESC(run, "on write: number of steps to run; on read: number of steps done");

/*
 * The client's init function ends with steps_enable(true). The exit function
 * begins with steps_enable(false).
 */
static inline void steps_enable(bool enable)
{
	mutex_lock(&steps_lock);
	steps_ready = enable;
	mutex_unlock(&steps_lock);
}

#endif /* _CASES_STEPS_H */
