/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The files in debugfs. Documentation/debugfs.rst describes them.
 */
#ifndef _VMEM_DEBUGFS_DEBUGFS_H
#define _VMEM_DEBUGFS_DEBUGFS_H

#include <linux/fs.h>

#include "../arena.h"

struct seq_file;

/* Used by the rest of the module. */
void vmem_debugfs_init(void);
void vmem_debugfs_exit(void);
void vmem_debugfs_add(struct vmem *vm);
void vmem_debugfs_remove(struct vmem *vm);

/* Shared by the files of this directory. */
extern const struct file_operations vmem_segments_fops;
extern const struct file_operations vmem_consumers_fops;

void vmem_debugfs_add_arena_files(struct vmem *vm);
void vmem_stats_print(struct seq_file *m, const struct vmem_stats *stats,
		      const char *prefix, char separator);

/* consumers.c: the live allocations of an arena, grouped by stack */

/* Upper bound of the stacks in the table. */
#define VMEM_CONSUMERS_MAX	2048

struct vmem_consumers;

struct vmem_consumers *vmem_consumers_alloc(gfp_t gfp);
void vmem_consumers_free(struct vmem_consumers *c);
void vmem_consumers_add(struct vmem_consumers *c, const struct vmem *vm,
			const struct vmem_seg *seg);
void vmem_consumers_print(struct vmem_consumers *c);

#endif /* _VMEM_DEBUGFS_DEBUGFS_H */
