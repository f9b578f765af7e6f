// SPDX-License-Identifier: GPL-2.0
/*
 * The files about all arenas: "arenas" is a table of the arenas, "kstat" has
 * all statistics of all arenas, and "metadata" has the memory that vmem itself
 * uses.
 *
 * A read of "arenas" or "kstat" walks the forest of arenas. A cursor keeps the
 * place in the forest between two reads of a file. The list mutex is held while
 * a buffer is filled, but not while the buffer is copied to the reader.
 */
#include <linux/debugfs.h>
#include <linux/kernel.h>
#include <linux/math64.h>
#include <linux/seq_file.h>

#include "../arena/registry.h"
#include "../qcache/qcache.h"
#include "../report/report.h"
#include "debugfs.h"

/*
 * Position 0 is the heading. For it, the function moves the cursor to the first
 * arena.
 */
static void *arenas_seq_start(struct seq_file *m, loff_t *pos)
{
	struct vmem_registry_cursor *cur = m->private;

	vmem_registry_lock();
	if (*pos)
		return cur->next;
	vmem_registry_rewind(cur);
	return SEQ_START_TOKEN;
}

static void *arenas_seq_next(struct seq_file *m, void *v, loff_t *pos)
{
	struct vmem_registry_cursor *cur = m->private;

	++*pos;
	if (v != SEQ_START_TOKEN)
		vmem_registry_advance(cur);
	return cur->next;
}

static void arenas_seq_stop(struct seq_file *m, void *v)
{
	vmem_registry_unlock();
}

/* The private data of the inode are the seq_operations of the file. */
static int arenas_seq_open(struct inode *inode, struct file *file)
{
	struct vmem_registry_cursor *cur;

	cur = __seq_open_private(file, inode->i_private, sizeof(*cur));
	if (!cur)
		return -ENOMEM;
	vmem_registry_open(cur);
	return 0;
}

static int arenas_seq_release(struct inode *inode, struct file *file)
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
	.start = arenas_seq_start,
	.next = arenas_seq_next,
	.stop = arenas_seq_stop,
	.show = arenas_show,
};

static int kstat_show(struct seq_file *m, void *v)
{
	char prefix[sizeof("vmem:4294967295::") + VMEM_LABEL_SIZE];
	struct vmem_stats stats;
	struct vmem *vm = v;

	/* Id 0 stands for vmem itself. */
	if (v == SEQ_START_TOKEN) {
		seq_printf(m, "vmem:0:vmem:misuse\t%lu\n",
			   vmem_misuse_without_arena());
		return 0;
	}
	vmem_get_stats(vm, &stats);
	snprintf(prefix, sizeof(prefix), "vmem:%u:%s:", vm->id, vm->label);
	vmem_stats_print(m, &stats, prefix, '\t');
	return 0;
}

static const struct seq_operations kstat_ops = {
	.start = arenas_seq_start,
	.next = arenas_seq_next,
	.stop = arenas_seq_stop,
	.show = kstat_show,
};

static const struct file_operations arenas_fops = {
	.owner = THIS_MODULE,
	.open = arenas_seq_open,
	.read = seq_read,
	.llseek = seq_lseek,
	.release = arenas_seq_release,
};

/* Prints bytes, under the names of the original vmem's internal arenas. */
static int vmem_metadata_show(struct seq_file *m, void *v)
{
	seq_printf(m, "vmem_seg %lu\n", vmem_seg_pool_bytes());
	seq_printf(m, "vmem_hash %lu\n", vmem_hash_bytes());
	seq_printf(m, "vmem_vmem %lu\n",
		   vmem_arena_bytes() + vmem_tree_bytes());
	seq_printf(m, "vmem_qcache %lu\n", vmem_qcaches_bytes());
	return 0;
}

DEFINE_SHOW_ATTRIBUTE(vmem_metadata);

static struct dentry *root;

/* Make a directory for root only, because the files show addresses. */
static struct dentry *private_dir(const char *name, struct dentry *parent)
{
	struct dentry *dir = debugfs_create_dir(name, parent);

	if (!IS_ERR(dir))
		d_inode(dir)->i_mode = S_IFDIR | 0700;
	return dir;
}

/**
 * vmem_debugfs_add - make the directory of an arena
 * @vm: the arena; its creation is complete
 *
 * Ignores errors, as usual with debugfs.
 *
 * Context: task, sleeping allowed. The list mutex is not held.
 */
void vmem_debugfs_add(struct vmem *vm)
{
	char name[sizeof("4294967295-") + VMEM_LABEL_SIZE];

	snprintf(name, sizeof(name), "%u-%s", vm->id, vm->label);
	vm->dir = private_dir(name, root);
	vmem_debugfs_add_arena_files(vm);
}

/**
 * vmem_debugfs_remove - remove the directory of an arena
 * @vm: the arena
 *
 * Waits for readers. Afterwards a read of an open file returns an error.
 *
 * Context: task, sleeping allowed. The list mutex is not held.
 */
void vmem_debugfs_remove(struct vmem *vm)
{
	debugfs_remove_recursive(vm->dir);
	vm->dir = NULL;
}

void vmem_debugfs_init(void)
{
	root = private_dir("vmem", NULL);
	debugfs_create_file("arenas", 0400, root, (void *)&arenas_ops, &arenas_fops);
	debugfs_create_file("kstat", 0400, root, (void *)&kstat_ops, &arenas_fops);
	debugfs_create_file("metadata", 0400, root, NULL, &vmem_metadata_fops);
	vmem_fault_init(root);
}

void vmem_debugfs_exit(void)
{
	debugfs_remove_recursive(root);
}
