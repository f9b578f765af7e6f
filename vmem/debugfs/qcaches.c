// SPDX-License-Identifier: GPL-2.0
/*
 * The quantum caches of an arena, a line each.
 *
 * Counters of CPUs are summed up when they are read, which is why it costs a CPU
 * next to nothing to count. The sums of one line are not of one moment.
 */
#include <linux/seq_file.h>

#include "../qcache/qcache.h"
#include "debugfs.h"

/* The CPU goes on counting meanwhile: KCSAN need not look. */
static void __no_kcsan sum_cpu(const struct vmem_cpu_cache *cc,
			       unsigned long *hits, unsigned long *puts,
			       unsigned long *held)
{
	*hits += READ_ONCE(cc->allocs);
	*puts += READ_ONCE(cc->frees);
	*held += READ_ONCE(cc->rounds);
}

static void show_cache(struct seq_file *m, struct vmem *vm, unsigned int index)
{
	struct vmem_qcache *qc = &vm->qcaches->cache[index];
	unsigned long hits = 0, puts = 0, held = 0;
	unsigned long nslabs, nfree, allocs, frees, singles;
	unsigned int nfull, nempty, cpu;

	for_each_possible_cpu(cpu)
		sum_cpu(per_cpu_ptr(vm->cpu, cpu)->cache + index, &hits, &puts,
			&held);
	raw_spin_lock_irq(&qc->depot.lock);
	nfull = qc->depot.nfull;
	nempty = qc->depot.nempty;
	raw_spin_unlock_irq(&qc->depot.lock);
	spin_lock_irq(&qc->lock);
	nslabs = qc->nslabs;
	nfree = qc->nfree;
	allocs = qc->allocs;
	frees = qc->frees;
	singles = qc->singles;
	spin_unlock_irq(&qc->lock);

	seq_printf(m, "%lu %u %u %u %lu %lu %lu %lu %lu %lu %lu %lu\n", qc->size,
		   vmem_magazine_capacity(READ_ONCE(qc->kind)), nfull, nempty,
		   held, nslabs, nfree, hits, allocs + singles, puts, frees,
		   singles);
}

static int vmem_qcaches_show(struct seq_file *m, void *v)
{
	struct vmem *vm = m->private;
	unsigned int i;

	seq_puts(m, "# size magazine full empty loaded slabs slab_free hits misses free_hits free_misses singles\n");
	for (i = 0; vm->qcaches && i < vm->qcaches->n; i++)
		show_cache(m, vm, i);
	return 0;
}

static int vmem_qcaches_open(struct inode *inode, struct file *file)
{
	return single_open(file, vmem_qcaches_show, inode->i_private);
}

const struct file_operations vmem_qcaches_fops = {
	.owner = THIS_MODULE,
	.open = vmem_qcaches_open,
	.read = seq_read,
	.llseek = seq_lseek,
	.release = single_release,
};
