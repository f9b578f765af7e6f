// SPDX-License-Identifier: GPL-2.0
/*
 * The directories in debugfs: one for vmem, one in it for each arena.
 */
#include <linux/debugfs.h>
#include <linux/kernel.h>

#include "../arena/arena.h"
#include "../report/fault.h"
#include "debugfs.h"

static struct dentry *root;

/* A directory for root's eyes only: what is in it tells where memory is. */
static struct dentry *private_dir(const char *name, struct dentry *parent)
{
	struct dentry *dir = debugfs_create_dir(name, parent);

	if (!IS_ERR(dir))
		d_inode(dir)->i_mode = S_IFDIR | 0700;
	return dir;
}

/**
 * vmem_debugfs_add - show an arena
 * @vm: the arena, complete
 *
 * Errors are left alone, as usual with debugfs: the arena works without.
 *
 * Context: task, sleeping allowed. The list mutex is not held.
 */
void vmem_debugfs_add(struct vmem *vm)
{
	char name[sizeof("4294967295-") + VMEM_LABEL_SIZE];

	snprintf(name, sizeof(name), "%u-%s", vm->id, vm->label);
	vm->dir = private_dir(name, root);
	debugfs_create_file("stats", 0400, vm->dir, vm, &vmem_stats_fops);
	debugfs_create_file("segments", 0400, vm->dir, vm, &vmem_segments_fops);
	debugfs_create_file("freelists", 0400, vm->dir, vm,
			    &vmem_freelists_fops);
	debugfs_create_file("qcaches", 0400, vm->dir, vm, &vmem_qcaches_fops);
	debugfs_create_file("waiters", 0400, vm->dir, vm, &vmem_waiters_fops);
	debugfs_create_file("consumers", 0400, vm->dir, vm,
			    &vmem_consumers_fops);
	debugfs_create_file("audit", 0600, vm->dir, vm, &vmem_audit_fops);
	debugfs_create_file("mtbf", 0600, vm->dir, vm, &vmem_mtbf_fops);
	if (vm->debug)
		debugfs_create_file("verify", 0400, vm->dir, vm,
				    &vmem_verify_fops);
}

/**
 * vmem_debugfs_remove - show an arena no more
 * @vm: the arena
 *
 * Waits for readers. Files that stay open give an error from now on.
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
	debugfs_create_file("arenas", 0400, root, NULL, &vmem_arenas_fops);
	debugfs_create_file("kstat", 0400, root, NULL, &vmem_kstat_fops);
	debugfs_create_file("metadata", 0400, root, NULL, &vmem_metadata_fops);
	vmem_fault_init(root);
}

void vmem_debugfs_exit(void)
{
	debugfs_remove_recursive(root);
}
