// SPDX-License-Identifier: GPL-2.0
/*
 * A client of vmem: process identifiers.
 *
 * An arena can manage any integers, not only addresses. This arena holds the
 * integers 1 to 32767, and allocates them by next fit: each search starts where
 * the previous one ended, so an identifier is reused as late as possible after
 * it was freed. A stale identifier then refers to no process for a long time,
 * so that a signal to it does not reach an unrelated process.
 *
 * For this reason the arena has no quantum caches, although all requests have
 * the same size. A cache allocates the most recently freed object first, and
 * it serves every request of a cached size, regardless of the fit policy.
 *
 * The module simulates a machine: the machine forks "live" processes; then,
 * "rounds" times, one process exits and the machine forks another. Each
 * identifier must be the first free identifier after the previous one,
 * according to a bitmap that the module keeps. This check is stronger than a
 * check for duplicates: next fit must not skip a free identifier, and must not
 * reuse an identifier before the search has wrapped around.
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
MODULE_PARM_DESC(live, "Number of live processes (1 to 32767)");

static unsigned int rounds = 200000;
module_param(rounds, uint, 0444);
MODULE_PARM_DESC(rounds, "Number of times that a process exits and another is forked");

static vmem_t *pids;
static u16 *running;		/* the identifier of each process, 0 for none */

/* The expected state of the arena, kept independently of vmem. */
static unsigned long *used;	/* one bit for each identifier */
static unsigned long newest;	/* identifier allocated last */
static unsigned int wraps;	/* number of wrap-arounds of the search */

static unsigned long expected_pid(void)
{
	unsigned long pid;

	pid = find_next_zero_bit(used, PID_LAST + 1, newest + 1);
	if (pid <= PID_LAST)
		return pid;
	wraps++;
	return find_next_zero_bit(used, PID_LAST + 1, PID_FIRST);
}

static int fork_process(unsigned int slot)
{
	unsigned long pid, expected;

	/* Like fork(), fail instead of waiting for a process to exit. */
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

/* Undo pids_init(), even if it failed halfway. */
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
	/* A qcache_max of 0 means no quantum caches. */
	pids = vmem_create("pids", (void *)PID_FIRST, PID_LAST - PID_FIRST + 1,
			   1, NULL, NULL, NULL, 0, VM_SLEEP | VMC_IDENTIFIER);
	if (!pids)
		goto fail;
	err = run();
	if (err)
		goto fail;

	pr_info("%u processes replaced %u times, %u wrap-arounds, no early reuse; %zu of %zu identifiers in use\n",
		live, rounds, wraps, vmem_size(pids, VMEM_ALLOC),
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
