// SPDX-License-Identifier: GPL-2.0
/*
 * Measures the cost of reading the debugfs files of an arena with very many
 * segments. For each file the module measures the time to read the file, the
 * longest time with interrupts off during the read, and the memory in use while
 * the file is open.
 *
 * Prints lines "measure: NAME VALUE". Times are nanoseconds of the clock, which
 * are instructions in QEMU with -icount shift=0.
 */
#include <linux/debugfs.h>
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/sched.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uio.h>
#include <linux/vmem.h>

#include "../vmem/arena.h"
#include "late.h"

/* Bytes of each read(), as in cat(1). */
#define READ_SIZE	(128 * 1024)

/*
 * One in AUDIT_RATIO allocations is audited. The line of an audited allocation
 * in the file "segments" is long.
 */
#define AUDIT_RATIO	64

static ulong live = 1000000;
module_param(live, ulong, 0400);
MODULE_PARM_DESC(live, "number of live allocations");

static vmem_t *arena;

static void report(const char *file, const char *name, u64 value)
{
	pr_info("measure: read_%s_%s %llu\n", file, name, value);
}

static unsigned long free_kilobytes(void)
{
	struct sysinfo info;

	si_meminfo(&info);
	return info.freeram << (PAGE_SHIFT - 10);
}

/* Read the next READ_SIZE bytes, as debugfs does for user space. */
static ssize_t read_next(struct file *f, char *buf, loff_t *pos)
{
	struct kvec kvec = { .iov_base = buf, .iov_len = READ_SIZE };
	struct kiocb kiocb;
	struct iov_iter iter;
	ssize_t n;

	n = debugfs_file_get(f->f_path.dentry);
	if (n)
		return n;
	init_sync_kiocb(&kiocb, f);
	kiocb.ki_pos = *pos;
	iov_iter_kvec(&iter, ITER_DEST, &kvec, 1, READ_SIZE);
	n = seq_read_iter(&kiocb, &iter);
	*pos = kiocb.ki_pos;
	debugfs_file_put(f->f_path.dentry);
	return n;
}

static int read_file(const char *name, char *buf)
{
	unsigned long before = free_kilobytes(), least = before;
	u64 start = ktime_get_ns(), bytes = 0;
	char path[192];
	struct file *f;
	loff_t pos = 0;
	ssize_t n;

	snprintf(path, sizeof(path), "/sys/kernel/debug/vmem/%u-%s/%s",
		 arena->id, arena->label, name);
	late_read_and_reset();
	f = filp_open(path, O_RDONLY, 0);
	if (IS_ERR(f))
		return PTR_ERR(f);
	while ((n = read_next(f, buf, &pos)) > 0) {
		bytes += n;
		least = min(least, free_kilobytes());
		cond_resched();
	}
	report(name, "ns", ktime_get_ns() - start);
	report(name, "late", late_read_and_reset());
	report(name, "bytes", bytes);
	report(name, "kilobytes", before - least);
	filp_close(f, NULL);
	return n;
}

/* Write "Y" or "N" to switch the audit of further allocations on or off. */
static int set_audit(const char *value)
{
	struct file *f = filp_open("/sys/module/vmem/parameters/audit", O_RDWR,
				   0);
	loff_t pos = 0;
	ssize_t n;

	if (IS_ERR(f))
		return PTR_ERR(f);
	n = kernel_write(f, value, 1, &pos);
	filp_close(f, NULL);
	return n < 0 ? n : 0;
}

/* Make @n allocations, and a free segment after each allocation. */
static int fill_arena(unsigned long n)
{
	unsigned long i;

	for (i = 0; i < n; i++) {
		if (!vmem_alloc(arena, 3, VM_SLEEP | VM_ABORT))
			return -ENOSPC;
		if (!(i % 1024))
			cond_resched();
	}
	return 0;
}

static void free_one(void *arg, void *start, size_t size)
{
	vmem_free(arena, start, size);
}

static int measure_reads(char *buf)
{
	static const char * const file[] = {
		"stats", "freelists", "segments", "consumers",
	};
	struct hrtimer timer;
	unsigned int i;
	int err;

	err = fill_arena(live - live / AUDIT_RATIO);
	if (err)
		return err;
	err = set_audit("Y");
	if (!err)
		err = fill_arena(live / AUDIT_RATIO);
	set_audit("N");
	if (err)
		return err;
	vmem_update(NULL);

	late_start(&timer);
	for (i = 0; i < ARRAY_SIZE(file) && !err; i++)
		err = read_file(file[i], buf);
	hrtimer_cancel(&timer);
	return err;
}

static int __init vmem_reads_init(void)
{
	char *buf = kvmalloc(READ_SIZE, GFP_KERNEL);
	int err = -ENOMEM;

	/* The quantum is 4: an allocation of 3 leaves a free segment of 1. */
	arena = vmem_create("reads", (void *)4, 1UL << 30, 4, NULL, NULL, NULL,
			    0, VM_SLEEP | VMC_IDENTIFIER);
	if (buf && arena)
		err = measure_reads(buf);
	kvfree(buf);
	if (arena)
		vmem_walk(arena, VMEM_ALLOC | VMEM_REENTRANT, free_one, NULL);
	vmem_destroy(arena);
	return err;
}

static void __exit vmem_reads_exit(void)
{
}

module_init(vmem_reads_init);
module_exit(vmem_reads_exit);

MODULE_DESCRIPTION("Measures the cost of reading vmem's debugfs files");
MODULE_AUTHOR("The vmem for Linux developers");
MODULE_LICENSE("GPL");
