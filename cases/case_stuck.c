// SPDX-License-Identifier: GPL-2.0
/*
 * A client with a fault: commands that are never completed hold all tags, and tasks
 * hang in vmem_alloc().
 *
 * A disk has 16 tags. A step starts a thread that takes a tag for a command and ends;
 * the tag is freed when the disk has completed the command. The disk is never more
 * than 8 commands behind, but after 100 steps it completes nothing any more. So 8
 * more threads find a tag, and all later ones wait, until a reset, which completes
 * everything:
 *
 *	insmod vmem.ko audit=1
 *	insmod case_stuck.ko
 *	echo 120 >/sys/module/case_stuck/parameters/run
 *	echo 1 >/sys/module/case_stuck/parameters/reset
 */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/completion.h>
#include <linux/err.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/spinlock.h>
#include <linux/vmem.h>

#include "steps.h"

#define TAGS	16
#define BEHIND	8
#define STALL	100

static vmem_t *tags;
static DECLARE_COMPLETION(ended);
static unsigned long started;		/* Not yet seen to end. steps_lock. */
static DEFINE_SPINLOCK(sent_lock);
static void *sent[TAGS];		/* A ring: [head, tail) are sent. sent_lock. */
static unsigned long head, tail;	/* sent_lock */

static noinline void disk_send(void)
{
	void *tag = vmem_alloc(tags, 1, VM_SLEEP);

	spin_lock(&sent_lock);
	sent[tail++ % TAGS] = tag;
	spin_unlock(&sent_lock);
}

static int disk_io(void *unused)
{
	disk_send();
	/* Does not return here, so that the module can go afterwards. */
	kthread_complete_and_exit(&ended, 0);
}

/* The disk completes all commands but the last @keep of them. */
static void disk_complete(unsigned int keep)
{
	void *tag;

	for (;;) {
		tag = NULL;
		spin_lock(&sent_lock);
		if (tail - head > keep)
			tag = sent[head++ % TAGS];
		spin_unlock(&sent_lock);
		if (!tag)
			return;
		vmem_free(tags, tag, 1);
	}
}

static void step(unsigned long i)
{
	struct task_struct *task = kthread_run(disk_io, NULL, "disk_io/%lu", i);

	if (IS_ERR(task))
		return;
	started++;
	if (i < STALL) {
		wait_for_completion(&ended);
		started--;
		disk_complete(BEHIND);
	}
}

static void disk_reset(void)
{
	while (started) {
		disk_complete(0);
		if (wait_for_completion_timeout(&ended, HZ / 10))
			started--;
	}
	disk_complete(0);
}

static int reset_set(const char *val, const struct kernel_param *kp)
{
	mutex_lock(&steps_lock);
	if (steps_ready)
		disk_reset();
	mutex_unlock(&steps_lock);
	return 0;
}

static const struct kernel_param_ops reset_ops = {
	.set = reset_set,
};

module_param_cb(reset, &reset_ops, NULL, 0200);
MODULE_PARM_DESC(reset, "written: complete all commands");

static int __init case_stuck_init(void)
{
	tags = vmem_create("disk_tags", (void *)1, TAGS, 1, NULL, NULL, NULL, 0,
			   VM_SLEEP | VMC_IDENTIFIER);
	if (!tags)
		return -ENOMEM;
	steps_allow(true);
	return 0;
}
module_init(case_stuck_init);

static void __exit case_stuck_exit(void)
{
	steps_allow(false);
	disk_reset();
	vmem_destroy(tags);
}
module_exit(case_stuck_exit);

MODULE_DESCRIPTION("vmem case: a client that does not give back");
MODULE_LICENSE("GPL");
