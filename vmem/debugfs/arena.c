// SPDX-License-Identifier: GPL-2.0
/*
 * Files about one arena whose size does not depend on the arena: its statistics,
 * its free segments by size class, its switches, and the validator.
 */
#include <linux/debugfs.h>
#include <linux/seq_file.h>
#include <linux/slab.h>

#include "../arena/arena.h"
#include "../report/audit.h"
#include "debugfs.h"

/**
 * struct stat_name - where a statistic is
 * @name: its name
 * @offset: in struct vmem_stats
 */
struct stat_name {
	const char *name;
	unsigned short offset;
};

#define STAT(field) {						\
	.name = #field,						\
	.offset = offsetof(struct vmem_stats, field),		\
}

/* The order is part of the interface: the original's fourteen first. */
static const struct stat_name stat_names[] = {
	STAT(mem_inuse),
	STAT(mem_import),
	STAT(mem_total),
	STAT(vmem_source),
	STAT(alloc),
	STAT(free),
	STAT(wait),
	STAT(fail),
	STAT(lookup),
	STAT(search),
	STAT(populate_wait),
	STAT(populate_fail),
	STAT(contains),
	STAT(contains_search),
	STAT(misuse),
	STAT(fail_injected),
	STAT(import),
	STAT(import_fail),
	STAT(giveback),
	STAT(release),
	STAT(rescale),
	STAT(rescale_fail),
	STAT(quantum),
	STAT(spans),
	STAT(buckets),
	STAT(waiters),
};

/* All statistics, a line each: prefix, name, separator, value. */
void vmem_stats_show(struct seq_file *m, const struct vmem_stats *stats,
		     const char *prefix, char separator)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(stat_names); i++) {
		const struct stat_name *s = &stat_names[i];
		const void *field = (const void *)stats + s->offset;
		/* The one that is an id, not a count. */
		bool id = s->offset == offsetof(struct vmem_stats, vmem_source);

		seq_printf(m, "%s%s%c%llu\n", prefix, s->name, separator,
			   id ? *(const u32 *)field : *(const u64 *)field);
	}
}

static int vmem_stats_file_show(struct seq_file *m, void *v)
{
	struct vmem_stats stats;

	vmem_get_stats(m->private, &stats);
	vmem_stats_show(m, &stats, "", ' ');
	return 0;
}

static int vmem_stats_open(struct inode *inode, struct file *file)
{
	return single_open(file, vmem_stats_file_show, inode->i_private);
}

const struct file_operations vmem_stats_fops = {
	.owner = THIS_MODULE,
	.open = vmem_stats_open,
	.read = seq_read,
	.llseek = seq_lseek,
	.release = single_release,
};

/* From the counters of the classes: no segment is looked at. */
static int vmem_freelists_show(struct seq_file *m, void *v)
{
	struct vmem *vm = m->private;
	struct {
		unsigned long n;
		unsigned long size;
	} *class;
	unsigned int i;

	class = kcalloc(BITS_PER_LONG, sizeof(*class), GFP_KERNEL);
	if (!class)
		return -ENOMEM;
	spin_lock_irq(&vm->space.lock);
	for (i = 0; i < BITS_PER_LONG; i++) {
		class[i].n = vm->space.classes.class[i].n;
		class[i].size = vm->space.classes.class[i].size;
	}
	spin_unlock_irq(&vm->space.lock);

	seq_puts(m, "#        smallest            largest      segments                 size\n");
	for (i = 0; i < BITS_PER_LONG; i++)
		if (class[i].n)
			seq_printf(m, "%#18lx %#18lx %13lu %20lu\n", 1UL << i,
				   (1UL << i) - 1 + (1UL << i), class[i].n,
				   class[i].size);
	kfree(class);
	return 0;
}

static int vmem_freelists_open(struct inode *inode, struct file *file)
{
	return single_open(file, vmem_freelists_show, inode->i_private);
}

const struct file_operations vmem_freelists_fops = {
	.owner = THIS_MODULE,
	.open = vmem_freelists_open,
	.read = seq_read,
	.llseek = seq_lseek,
	.release = single_release,
};

static int mtbf_get(void *data, u64 *val)
{
	struct vmem *vm = data;

	*val = READ_ONCE(vm->mtbf);
	return 0;
}

static int mtbf_set(void *data, u64 val)
{
	struct vmem *vm = data;

	if (val > ULONG_MAX)
		return -ERANGE;
	WRITE_ONCE(vm->mtbf, val);
	return 0;
}

static int mtbf_open(struct inode *inode, struct file *file)
{
	return simple_attr_open(inode, file, mtbf_get, mtbf_set, "%llu\n");
}

const struct file_operations vmem_mtbf_fops = {
	.owner = THIS_MODULE,
	.open = mtbf_open,
	.read = simple_attr_read,
	.write = simple_attr_write,
	.llseek = generic_file_llseek,
	.release = simple_attr_release,
};

static int audit_get(void *data, u64 *val)
{
	struct vmem *vm = data;

	*val = READ_ONCE(vm->audit);
	return 0;
}

static int audit_set(void *data, u64 val)
{
	return val > 1 ? -EINVAL : vmem_audit_arena(data, val);
}

static int audit_open(struct inode *inode, struct file *file)
{
	return simple_attr_open(inode, file, audit_get, audit_set, "%llu\n");
}

const struct file_operations vmem_audit_fops = {
	.owner = THIS_MODULE,
	.open = audit_open,
	.read = simple_attr_read,
	.write = simple_attr_write,
	.llseek = generic_file_llseek,
	.release = simple_attr_release,
};

static int vmem_verify_show(struct seq_file *m, void *v)
{
	seq_printf(m, "%d violations\n", vmem_verify(m->private));
	return 0;
}

static int vmem_verify_open(struct inode *inode, struct file *file)
{
	return single_open(file, vmem_verify_show, inode->i_private);
}

const struct file_operations vmem_verify_fops = {
	.owner = THIS_MODULE,
	.open = vmem_verify_open,
	.read = seq_read,
	.llseek = seq_lseek,
	.release = single_release,
};
