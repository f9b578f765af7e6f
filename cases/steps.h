/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A client that does as much as it is told: writing N to its parameter "run" does
 * the next N steps, and returns when they are done. So what has happened is the
 * same every time, whatever the machine.
 */
#ifndef _CASES_STEPS_H
#define _CASES_STEPS_H

#include <linux/kernel.h>
#include <linux/moduleparam.h>
#include <linux/mutex.h>
#include <linux/sched.h>
#include <linux/sysfs.h>

/* Each client has one: what it does in its step @i, counted from 0. */
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
MODULE_PARM_DESC(run, "written: do so many steps; read: how many were done");

/* From the init function, when all is there, and from the exit function. */
static inline void steps_allow(bool yes)
{
	mutex_lock(&steps_lock);
	steps_ready = yes;
	mutex_unlock(&steps_lock);
}

#endif /* _CASES_STEPS_H */
