/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The views of arenas in debugfs. Documentation/debugfs.rst describes the files.
 */
#ifndef _VMEM_DEBUGFS_DEBUGFS_H
#define _VMEM_DEBUGFS_DEBUGFS_H

#include <linux/fs.h>

struct vmem;
struct vmem_stats;
struct seq_file;

/* For the rest of the module. */
void vmem_debugfs_init(void);
void vmem_debugfs_exit(void);
void vmem_debugfs_add(struct vmem *vm);
void vmem_debugfs_remove(struct vmem *vm);

/* Between the files of this folder. */
extern const struct file_operations vmem_arenas_fops;
extern const struct file_operations vmem_kstat_fops;
extern const struct file_operations vmem_metadata_fops;
extern const struct file_operations vmem_stats_fops;
extern const struct file_operations vmem_segments_fops;
extern const struct file_operations vmem_freelists_fops;
extern const struct file_operations vmem_qcaches_fops;
extern const struct file_operations vmem_waiters_fops;
extern const struct file_operations vmem_consumers_fops;
extern const struct file_operations vmem_audit_fops;
extern const struct file_operations vmem_mtbf_fops;
extern const struct file_operations vmem_verify_fops;

void vmem_stats_show(struct seq_file *m, const struct vmem_stats *stats,
		     const char *prefix, char separator);

#endif /* _VMEM_DEBUGFS_DEBUGFS_H */
