// SPDX-License-Identifier: GPL-2.0
/*
 * Files about all arenas: the table of them, every statistic of every one, and
 * what vmem itself occupies.
 *
 * The first two are read arena by arena, with a cursor that keeps the place in
 * the forest between two reads of the file. The list mutex is held while a
 * buffer is being filled and not while it is copied to the reader.
 */
#include <linux/math64.h>
#include <linux/seq_file.h>

#include "../arena/object.h"
#include "../arena/registry.h"
#include "../arena/tree.h"
#include "../qcache/qcache.h"
#include "../report/misuse.h"
#include "debugfs.h"

/* At position 0 there is the heading, and the cursor goes back to the start. */
static void *forest_start(struct seq_file *m, loff_t *pos)
{
	struct vmem_registry_cursor *cur = m->private;

	vmem_registry_lock();
	if (*pos)
		return cur->next;
	vmem_registry_rewind(cur);
	return SEQ_START_TOKEN;
}

static void *forest_next(struct seq_file *m, void *v, loff_t *pos)
{
	struct vmem_registry_cursor *cur = m->private;

	++*pos;
	if (v != SEQ_START_TOKEN)
		vmem_registry_advance(cur);
	return cur->next;
}

static void forest_stop(struct seq_file *m, void *v)
{
	vmem_registry_unlock();
}

static int forest_open(struct file *file, const struct seq_operations *ops)
{
	struct vmem_registry_cursor *cur;

	cur = __seq_open_private(file, ops, sizeof(*cur));
	if (!cur)
		return -ENOMEM;
	vmem_registry_open(cur);
	return 0;
}

static int forest_release(struct inode *inode, struct file *file)
{
	struct seq_file *m = file->private_data;

	vmem_registry_close(m->private);
	return seq_release_private(inode, file);
}

static int arenas_show(struct seq_file *m, void *v)
{
	struct vmem_stats stats;
	struct vmem *vm = v;
	int indent;

	if (v == SEQ_START_TOKEN) {
		seq_puts(m, "#   id name                              in_use                total use%      allocs      fails\n");
		return 0;
	}
	vmem_get_stats(vm, &stats);
	indent = min(2 * vmem_registry_depth(vm), 16U);
	seq_printf(m, "%6u %*s%-*s %20llu %20llu %3llu%% %11llu %10llu\n",
		   vm->id, indent, "", max(30 - indent, 1), vm->label,
		   stats.mem_inuse, stats.mem_total,
		   stats.mem_total ? mul_u64_u64_div_u64(stats.mem_inuse, 100,
							 stats.mem_total) : 0,
		   stats.alloc, stats.fail);
	return 0;
}

static const struct seq_operations arenas_ops = {
	.start = forest_start,
	.next = forest_next,
	.stop = forest_stop,
	.show = arenas_show,
};

static int arenas_open(struct inode *inode, struct file *file)
{
	return forest_open(file, &arenas_ops);
}

const struct file_operations vmem_arenas_fops = {
	.owner = THIS_MODULE,
	.open = arenas_open,
	.read = seq_read,
	.llseek = seq_lseek,
	.release = forest_release,
};

static int kstat_show(struct seq_file *m, void *v)
{
	char prefix[sizeof("vmem:4294967295::") + VMEM_LABEL_SIZE];
	struct vmem_stats stats;
	struct vmem *vm = v;

	/* Number 0 is vmem itself. */
	if (v == SEQ_START_TOKEN) {
		seq_printf(m, "vmem:0:vmem:misuse\t%lu\n",
			   vmem_misuse_without_arena());
		return 0;
	}
	vmem_get_stats(vm, &stats);
	snprintf(prefix, sizeof(prefix), "vmem:%u:%s:", vm->id, vm->label);
	vmem_stats_show(m, &stats, prefix, '\t');
	return 0;
}

static const struct seq_operations kstat_ops = {
	.start = forest_start,
	.next = forest_next,
	.stop = forest_stop,
	.show = kstat_show,
};

static int kstat_open(struct inode *inode, struct file *file)
{
	return forest_open(file, &kstat_ops);
}

const struct file_operations vmem_kstat_fops = {
	.owner = THIS_MODULE,
	.open = kstat_open,
	.read = seq_read,
	.llseek = seq_lseek,
	.release = forest_release,
};

/* Bytes, by the names that the original gives to its own arenas. */
static int vmem_metadata_show(struct seq_file *m, void *v)
{
	seq_printf(m, "vmem_seg %lu\n", vmem_stock_bytes());
	seq_printf(m, "vmem_hash %lu\n", vmem_hash_bytes());
	seq_printf(m, "vmem_vmem %lu\n",
		   vmem_object_bytes() + vmem_tree_bytes());
	seq_printf(m, "vmem_qcache %lu\n", vmem_qcaches_bytes());
	return 0;
}

static int vmem_metadata_open(struct inode *inode, struct file *file)
{
	return single_open(file, vmem_metadata_show, NULL);
}

const struct file_operations vmem_metadata_fops = {
	.owner = THIS_MODULE,
	.open = vmem_metadata_open,
	.read = seq_read,
	.llseek = seq_lseek,
	.release = single_release,
};
