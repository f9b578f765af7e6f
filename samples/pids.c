// SPDX-License-Identifier: GPL-2.0
/*
 * A client of vmem: process identifiers.
 *
 * An arena need not be made of memory. This one holds the integers 1 to 32767
 * and gives them out by next fit: the search goes on where the last one ended,
 * so an identifier that has just been freed comes back as late as possible.
 * Whoever still keeps the number of a process that is gone, and means to signal
 * it, then finds nobody for a long while instead of a stranger at once.
 *
 * That is why this arena has no quantum caches, although every request is for the
 * same size. A cache is a stack: it gives out first what was freed last, which is
 * what makes it quick, and the very thing to be avoided here. It would serve the
 * requests of its sizes whatever their policy.
 *
 * The module plays a machine on which "live" processes run at any time. It
 * forks that many, then lets one exit and forks another "rounds" times over,
 * and checks every identifier against a bitmap of its own: it must be the next
 * one after its predecessor that no living process has. That is stronger than
 * uniqueness: nothing behind the last identifier may be used again before the
 * range has wrapped, and nothing ahead of it may be left out.
 *
 * The processes stay alive until the module is removed:
 *
 *	insmod pids.ko live=1000 rounds=200000
 *	cat /sys/kernel/debug/vmem/[0-9]*-pids/stats
 */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/bitmap.h>
#include <linux/hash.h>
#include <linux/module.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/vmem.h>

#define PID_FIRST	1UL
#define PID_LAST	32767UL

static unsigned int live = 1000;
module_param(live, uint, 0444);
MODULE_PARM_DESC(live, "Processes alive at any time (1 to 32767)");

static unsigned int rounds = 200000;
module_param(rounds, uint, 0444);
MODULE_PARM_DESC(rounds, "How often one process exits and another is forked");

static vmem_t *pids;
static u16 *running;		/* the identifier of each process, 0 for none */

/* What the arena should be doing, kept by other means. */
static unsigned long *used;	/* one bit for each identifier */
static unsigned long newest;	/* the last identifier given out */
static unsigned int turns;	/* how often the range has wrapped */

static unsigned long expected_pid(void)
{
	unsigned long pid;

	pid = find_next_zero_bit(used, PID_LAST + 1, newest + 1);
	if (pid <= PID_LAST)
		return pid;
	turns++;
	return find_next_zero_bit(used, PID_LAST + 1, PID_FIRST);
}

static int fork_process(unsigned int slot)
{
	unsigned long pid, expected;

	/* fork() does not wait for some other process to die. */
	pid = (unsigned long)vmem_alloc(pids, 1, VM_NOSLEEP | VM_NEXTFIT);
	if (!pid)
		return -EAGAIN;
	running[slot] = pid;

	expected = expected_pid();
	if (pid != expected) {
		pr_err("got %lu after %lu, expected %lu\n", pid, newest, expected);
		return -EIO;
	}
	__set_bit(pid, used);
	newest = pid;
	return 0;
}

static void exit_process(unsigned int slot)
{
	unsigned long pid = running[slot];

	if (!pid)
		return;
	running[slot] = 0;
	__clear_bit(pid, used);
	vmem_free(pids, (void *)pid, 1);
}

static int run(void)
{
	unsigned int i, slot;
	int err;

	for (slot = 0; slot < live; slot++) {
		err = fork_process(slot);
		if (err)
			return err;
		cond_resched();
	}
	for (i = 0; i < rounds; i++) {
		slot = hash_32(i, 32) % live;
		exit_process(slot);
		err = fork_process(slot);
		if (err)
			return err;
		cond_resched();
	}
	return 0;
}

/* Undoes any part of pids_init(). */
static void clean_up(void)
{
	unsigned int slot;

	if (pids) {
		for (slot = 0; slot < live; slot++)
			exit_process(slot);
		vmem_destroy(pids);
	}
	bitmap_free(used);
	kvfree(running);
}

static int __init pids_init(void)
{
	int err;

	if (live < 1 || live > PID_LAST)
		return -EINVAL;

	err = -ENOMEM;
	running = kvcalloc(live, sizeof(*running), GFP_KERNEL);
	used = bitmap_zalloc(PID_LAST + 1, GFP_KERNEL);
	if (!running || !used)
		goto fail;
	/* qcache_max is 0: nothing is cached. */
	pids = vmem_create("pids", (void *)PID_FIRST, PID_LAST - PID_FIRST + 1,
			   1, NULL, NULL, NULL, 0, VM_SLEEP | VMC_IDENTIFIER);
	if (!pids)
		goto fail;
	err = run();
	if (err)
		goto fail;

	pr_info("%u processes replaced %u times, %u turns of the range, no early reuse; %zu of %zu identifiers in use\n",
		live, rounds, turns, vmem_size(pids, VMEM_ALLOC),
		vmem_size(pids, VMEM_ALLOC | VMEM_FREE));
	return 0;

fail:
	clean_up();
	return err;
}
module_init(pids_init);

static void __exit pids_exit(void)
{
	clean_up();
}
module_exit(pids_exit);

MODULE_DESCRIPTION("vmem sample: process identifiers by next fit");
MODULE_LICENSE("GPL");
