// SPDX-License-Identifier: GPL-2.0
/*
 * A faulty client: commands that never complete hold all tags, and tasks hang
 * in vmem_alloc().
 *
 * A disk has 16 tags. Each step starts a thread that allocates a tag, sends a
 * command and exits. The tag is freed when the disk has completed the command.
 * After each of the first 100 steps at most 8 commands are incomplete. In later
 * steps the disk completes no command. So 8 more threads get a tag, and all
 * later threads wait until a reset completes all commands:
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

#define TAGS		16
#define MAX_BEHIND	8	/* incomplete commands before the stall */
#define STALL_STEP	100	/* commands complete only before this step */

static vmem_t *tags;
static DECLARE_COMPLETION(ended);
static unsigned long running;		/* threads to wait for; steps_lock */
static DEFINE_SPINLOCK(sent_lock);	/* protects sent, head and tail */
static void *sent[TAGS];		/* a ring; [head, tail) are in use */
static unsigned long head, tail;

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
	/* Does not return to module code, so the module may be removed. */
	kthread_complete_and_exit(&ended, 0);
}

/* The disk completes all commands except the last @keep. */
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
	running++;
	if (i < STALL_STEP) {
		wait_for_completion(&ended);
		running--;
		disk_complete(MAX_BEHIND);
	}
}

static void disk_reset(void)
{
	while (running) {
		disk_complete(0);
		if (wait_for_completion_timeout(&ended, HZ / 10))
			running--;
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
MODULE_PARM_DESC(reset, "on write: complete all commands");

static int __init case_stuck_init(void)
{
	tags = vmem_create("disk_tags", (void *)1, TAGS, 1, NULL, NULL, NULL, 0,
			   VM_SLEEP | VMC_IDENTIFIER);
	if (!tags)
		return -ENOMEM;
	steps_enable(true);
	return 0;
}
module_init(case_stuck_init);

static void __exit case_stuck_exit(void)
{
	steps_enable(false);
	disk_reset();
	vmem_destroy(tags);
}
module_exit(case_stuck_exit);

MODULE_DESCRIPTION("vmem case: a client that does not free");
MODULE_LICENSE("GPL");
