// SPDX-License-Identifier: GPL-2.0
/*
 * The files about one arena, except "segments" and "consumers".
 */
#include <linux/debugfs.h>
#include <linux/jiffies.h>
#include <linux/seq_file.h>
#include <linux/slab.h>

#include "../qcache/qcache.h"
#include "../report/report.h"
#include "debugfs.h"

/**
 * struct stat_name - name and place of a statistic
 * @name: name of the statistic
 * @offset: offset in struct vmem_stats
 */
struct stat_name {
	const char *name;
	unsigned short offset;
};

#define STAT(field) {						\
	.name = #field,						\
	.offset = offsetof(struct vmem_stats, field),		\
}

/*
 * The order of the names is an interface. The original vmem has the first
 * fourteen names.
 */
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

/* Print a line for each statistic: prefix, name, separator, value. */
void vmem_stats_print(struct seq_file *m, const struct vmem_stats *stats,
		      const char *prefix, char separator)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(stat_names); i++) {
		const struct stat_name *s = &stat_names[i];
		const void *field = (const void *)stats + s->offset;
		/* vmem_source is the only field of 32 bits. */
		bool id = s->offset == offsetof(struct vmem_stats, vmem_source);

		seq_printf(m, "%s%s%c%llu\n", prefix, s->name, separator,
			   id ? *(const u32 *)field : *(const u64 *)field);
	}
}

static int vmem_stats_show(struct seq_file *m, void *v)
{
	struct vmem_stats stats;

	vmem_get_stats(m->private, &stats);
	vmem_stats_print(m, &stats, "", ' ');
	return 0;
}

DEFINE_SHOW_ATTRIBUTE(vmem_stats);

/* Reads only the counters of the size classes: the time is bounded. */
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
	spin_lock_irq(&vm->segmap.lock);
	for (i = 0; i < BITS_PER_LONG; i++) {
		class[i].n = vm->segmap.classes.class[i].n;
		class[i].size = vm->segmap.classes.class[i].size;
	}
	spin_unlock_irq(&vm->segmap.lock);

	seq_puts(m, "#        smallest            largest      segments                 size\n");
	for (i = 0; i < BITS_PER_LONG; i++)
		if (class[i].n)
			seq_printf(m, "%#18lx %#18lx %13lu %20lu\n", 1UL << i,
				   (1UL << i) - 1 + (1UL << i), class[i].n,
				   class[i].size);
	kfree(class);
	return 0;
}

DEFINE_SHOW_ATTRIBUTE(vmem_freelists);

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

DEFINE_DEBUGFS_ATTRIBUTE(vmem_mtbf_fops, mtbf_get, mtbf_set, "%llu\n");

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

DEFINE_DEBUGFS_ATTRIBUTE(vmem_audit_fops, audit_get, audit_set, "%llu\n");

static int vmem_verify_show(struct seq_file *m, void *v)
{
	seq_printf(m, "%d violations\n", vmem_verify(m->private));
	return 0;
}

DEFINE_SHOW_ATTRIBUTE(vmem_verify);

/* The CPU may change the counters during the reads: the race is harmless. */
static void __no_kcsan qcaches_sum_cpu(const struct vmem_cpu_cache *cc,
				       unsigned long *hits, unsigned long *puts,
				       unsigned long *held)
{
	*hits += READ_ONCE(cc->allocs);
	*puts += READ_ONCE(cc->frees);
	*held += READ_ONCE(cc->rounds);
}

static void qcaches_show_one(struct seq_file *m, struct vmem *vm, unsigned int index)
{
	struct vmem_qcache *qc = &vm->qcaches->cache[index];
	unsigned long hits = 0, puts = 0, held = 0;
	unsigned long nslabs, nfree, allocs, frees, singles;
	unsigned int nfull, nempty, cpu;

	for_each_possible_cpu(cpu)
		qcaches_sum_cpu(per_cpu_ptr(vm->cpu, cpu)->cache + index, &hits, &puts,
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
		qcaches_show_one(m, vm, i);
	return 0;
}

DEFINE_SHOW_ATTRIBUTE(vmem_qcaches);

/* Upper bound of the waiters that are copied in one hold of the tree lock. */
#define GROUP	16

/* A copy of a waiter. */
struct shown {
	pid_t pid;
	unsigned long size;
	int flags;
	enum vmem_state state;
	unsigned long since;
	char comm[TASK_COMM_LEN];
};

/*
 * Copy at most GROUP waiters with tickets above *@last, and set *@last to the
 * last copied ticket. Returns the number of copied waiters.
 */
static unsigned int waiters_copy_group(struct vmem *vm, u64 *last, struct shown *to)
{
	struct vmem_waiter *w;
	unsigned int n = 0;

	spin_lock_irq(&vm->tree->lock);
	list_for_each_entry(w, &vm->own_waiters, own) {
		if (w->ticket <= *last)
			continue;
		if (n == GROUP)
			break;
		*last = w->ticket;
		to[n].pid = task_pid_nr(w->task);
		to[n].size = w->size;
		to[n].flags = w->flags;
		to[n].state = READ_ONCE(w->state);
		to[n].since = w->since;
		strscpy(to[n].comm, w->task->comm, sizeof(to[n].comm));
		n++;
	}
	spin_unlock_irq(&vm->tree->lock);
	return n;
}

static int vmem_waiters_show(struct seq_file *m, void *v)
{
	struct shown group[GROUP];
	unsigned int i, n;
	u64 last = 0;

	seq_puts(m, "pid size flags state ms comm\n");
	do {
		n = waiters_copy_group(m->private, &last, group);
		for (i = 0; i < n; i++) {
			const struct shown *s = &group[i];

			seq_printf(m, "%d %lu %#x %s %u ", s->pid, s->size,
				   s->flags, vmem_state_names[s->state],
				   jiffies_to_msecs(jiffies - s->since));
			seq_escape(m, s->comm, "\t\n\\");
			seq_putc(m, '\n');
		}
	} while (n == GROUP);
	return 0;
}

DEFINE_SHOW_ATTRIBUTE(vmem_waiters);

/**
 * vmem_debugfs_add_arena_files - make the files of an arena
 * @vm: the arena; its directory exists
 *
 * Context: task, sleeping allowed.
 */
void vmem_debugfs_add_arena_files(struct vmem *vm)
{
	struct dentry *dir = vm->dir;

	debugfs_create_file("stats", 0400, dir, vm, &vmem_stats_fops);
	debugfs_create_file("segments", 0400, dir, vm, &vmem_segments_fops);
	debugfs_create_file("freelists", 0400, dir, vm, &vmem_freelists_fops);
	debugfs_create_file("qcaches", 0400, dir, vm, &vmem_qcaches_fops);
	debugfs_create_file("waiters", 0400, dir, vm, &vmem_waiters_fops);
	debugfs_create_file("consumers", 0400, dir, vm, &vmem_consumers_fops);
	debugfs_create_file_unsafe("audit", 0600, dir, vm, &vmem_audit_fops);
	debugfs_create_file_unsafe("mtbf", 0600, dir, vm, &vmem_mtbf_fops);
	if (vm->debug)
		debugfs_create_file("verify", 0400, dir, vm, &vmem_verify_fops);
}
