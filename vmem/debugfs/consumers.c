// SPDX-License-Identifier: GPL-2.0
/*
 * Consumers: the live allocations of an arena, grouped by the stack that audit
 * has recorded. Used by the file "consumers" and by leak reports.
 *
 * The table of groups has a fixed size, and counting holds the arena lock for a
 * bounded number of segments at a time. One extra line sums up the stacks that
 * do not fit into the table.
 */
#include <linux/hash.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/printk.h>
#include <linux/sched/signal.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/sort.h>
#include <linux/string.h>

#include "../qcache/qcache.h"
#include "../report/report.h"
#include "debugfs.h"

/* Lock budget of the arena lock, in segments. */
#define CONSUMERS_A_HOLD	128

/* Upper bound of the groups that a leak report prints. */
#define CONSUMERS_PRINTED	8

/**
 * enum vmem_consumer_kind - the owner of a group of allocations
 * @VMEM_CONSUMER_STACK: callers with the same stack
 * @VMEM_CONSUMER_UNKNOWN: callers that audit has not recorded
 * @VMEM_CONSUMER_SLABS: quantum caches, which cut the segments into objects
 */
enum vmem_consumer_kind {
	VMEM_CONSUMER_STACK,
	VMEM_CONSUMER_UNKNOWN,
	VMEM_CONSUMER_SLABS,
};

/* The groups without a stack come first, until the groups are sorted. */
#define UNKNOWN_GROUP	0
#define SLABS_GROUP	1
#define FIRST_STACK	2

/**
 * struct vmem_consumer - a group of allocations
 * @size: the sum of the sizes of the allocations
 * @n: number of allocations
 * @stack: stack depot handle, for VMEM_CONSUMER_STACK
 * @kind: the owner
 */
struct vmem_consumer {
	u64 size;
	unsigned long n;
	u32 stack;
	u8 kind;
};

/**
 * struct vmem_consumers - all groups
 * @group: the groups
 * @n: number of groups
 * @rest: the sum of the allocations whose stacks do not fit into @group
 * @slot: hash by stack: number of the group plus 1, or 0; valid until the
 *	groups are sorted
 *
 * Only the task that allocated the structure uses it.
 */
struct vmem_consumers {
	struct vmem_consumer group[VMEM_CONSUMERS_MAX + FIRST_STACK];
	unsigned int n;
	struct vmem_consumer rest;
	u16 slot[2 * VMEM_CONSUMERS_MAX];
};

static void consumers_init(struct vmem_consumers *c)
{
	memset(c, 0, sizeof(*c));
	c->group[UNKNOWN_GROUP].kind = VMEM_CONSUMER_UNKNOWN;
	c->group[SLABS_GROUP].kind = VMEM_CONSUMER_SLABS;
	c->n = FIRST_STACK;
}

/**
 * vmem_consumers_alloc - make an empty table of groups
 * @gfp: flags of the allocation
 *
 * Context: task; may sleep if @gfp allows it.
 * Return: the table, for vmem_consumers_free(), or NULL.
 */
struct vmem_consumers *vmem_consumers_alloc(gfp_t gfp)
{
	struct vmem_consumers *c = kvmalloc(sizeof(*c), gfp);

	if (c)
		consumers_init(c);
	return c;
}

void vmem_consumers_free(struct vmem_consumers *c)
{
	kvfree(c);
}

static struct vmem_consumer *consumers_group(struct vmem_consumers *c, u32 stack)
{
	const unsigned int slots = ARRAY_SIZE(c->slot);
	unsigned int i = hash_32(stack, ilog2(slots));
	struct vmem_consumer *g;

	BUILD_BUG_ON_NOT_POWER_OF_2(ARRAY_SIZE(c->slot));
	for (; c->slot[i]; i = (i + 1) % slots) {
		g = &c->group[c->slot[i] - 1];
		if (g->stack == stack)
			return g;
	}
	/* Half of the slots stay empty, so the loop above ends. */
	if (c->n == ARRAY_SIZE(c->group))
		return &c->rest;
	g = &c->group[c->n++];
	g->stack = stack;
	c->slot[i] = c->n;
	return g;
}

/* Is the allocated segment @seg a slab? Cached sizes are smaller than slabs. */
static bool consumers_is_slab(const struct vmem *vm, const struct vmem_seg *seg)
{
	return seg->cached && vm->qcaches &&
	       seg->size == vm->qcaches->slab_size;
}

/**
 * vmem_consumers_add - count a segment
 * @c: the groups
 * @vm: the arena; locked, or without users
 * @seg: the segment; ignored unless it is allocated
 */
void vmem_consumers_add(struct vmem_consumers *c, const struct vmem *vm,
			const struct vmem_seg *seg)
{
	struct vmem_consumer *g;

	if (seg->type != VMEM_ALLOC)
		return;
	if (consumers_is_slab(vm, seg))
		g = &c->group[SLABS_GROUP];
	else if (seg->stack)
		g = consumers_group(c, seg->stack);
	else
		g = &c->group[UNKNOWN_GROUP];
	g->n++;
	g->size += seg->size;
}

/* Larger groups first; if the sizes are equal, more segments first. */
static int consumers_compare(const void *a, const void *b)
{
	const struct vmem_consumer *x = a, *y = b;

	if (x->size != y->size)
		return x->size < y->size ? 1 : -1;
	return x->n == y->n ? 0 : x->n < y->n ? 1 : -1;
}

/* Sort the groups and drop the empty ones. */
static void consumers_sort(struct vmem_consumers *c)
{
	sort(c->group, c->n, sizeof(c->group[0]), consumers_compare, NULL);
	while (c->n && !c->group[c->n - 1].n)
		c->n--;
}

/**
 * vmem_consumers_print - sort the groups and print the largest ones to the log
 * @c: the groups
 *
 * Prints nothing if audit has recorded nothing.
 */
void vmem_consumers_print(struct vmem_consumers *c)
{
	unsigned int i, shown;

	consumers_sort(c);
	shown = min_t(unsigned int, c->n, CONSUMERS_PRINTED);
	if (c->n == 1 && c->group[0].kind == VMEM_CONSUMER_UNKNOWN)
		return;
	for (i = 0; i < shown; i++) {
		const struct vmem_consumer *g = &c->group[i];
		bool known = g->kind == VMEM_CONSUMER_STACK;

		pr_err("vmem:  %lu leaked, size %llu, %s\n", g->n, g->size,
		       known ? "by" : "not recorded");
		if (known)
			vmem_audit_print_stack(g->stack);
	}
	if (c->n > shown)
		pr_err("vmem:  and by %u others%s\n", c->n - shown,
		       c->rest.n ? " or more" : "");
}

/*
 * Count all segments of an arena; relaxes the lock. Not a snapshot: a segment
 * that changes during the count is counted as it was before or after the
 * change. Returns -EINTR if the task is being killed.
 */
static int consumers_collect(struct vmem_consumers *c, struct vmem *vm)
{
	struct vmem_segmap *sm = &vm->segmap;
	struct vmem_cursor cur;
	struct vmem_seg *seg;
	unsigned int i;
	bool done;

	consumers_init(c);
	spin_lock_irq(&sm->lock);
	vmem_cursor_open(sm, &cur, vmem_segmap_first(sm));
	for (;;) {
		seg = vmem_cursor_seg(sm, &cur);
		for (i = 0; i < CONSUMERS_A_HOLD && !vmem_segmap_is_end(sm, seg);
		     i++) {
			vmem_consumers_add(c, vm, seg);
			seg = vmem_seg_next(seg);
		}
		vmem_cursor_set(&cur, seg);
		if (vmem_segmap_is_end(sm, seg) || fatal_signal_pending(current))
			break;
		spin_unlock_irq(&sm->lock);
		cond_resched();
		spin_lock_irq(&sm->lock);
	}
	done = vmem_segmap_is_end(sm, seg);
	vmem_cursor_close(sm, &cur);
	spin_unlock_irq(&sm->lock);

	consumers_sort(c);
	return done ? 0 : -EINTR;
}

/**
 * struct consumers_file - an open file
 * @vm: the arena
 * @found: the groups
 */
struct consumers_file {
	struct vmem *vm;
	struct vmem_consumers found;
};

static const struct vmem_consumer *consumers_at(const struct vmem_consumers *c,
						loff_t pos)
{
	if (pos <= c->n)
		return &c->group[pos - 1];
	return pos == c->n + 1 && c->rest.n ? &c->rest : NULL;
}

/* Position 0 is the heading. For it, the function counts all segments. */
static void *consumers_start(struct seq_file *m, loff_t *pos)
{
	struct consumers_file *file = m->private;
	int err;

	if (*pos)
		return (void *)consumers_at(&file->found, *pos);
	err = consumers_collect(&file->found, file->vm);
	return err ? ERR_PTR(err) : SEQ_START_TOKEN;
}

static void *consumers_next(struct seq_file *m, void *v, loff_t *pos)
{
	struct consumers_file *file = m->private;

	return (void *)consumers_at(&file->found, ++*pos);
}

static void consumers_stop(struct seq_file *m, void *v)
{
}

static int consumers_show(struct seq_file *m, void *v)
{
	struct consumers_file *file = m->private;
	const struct vmem_consumer *g = v;

	if (v == SEQ_START_TOKEN) {
		seq_puts(m, "# segments size who\n");
		return 0;
	}
	seq_printf(m, "%lu %llu", g->n, g->size);
	if (g == &file->found.rest)
		seq_printf(m, " (stacks beyond %u)", VMEM_CONSUMERS_MAX);
	else if (g->kind == VMEM_CONSUMER_SLABS)
		seq_puts(m, " (slabs of quantum caches)");
	else if (g->kind == VMEM_CONSUMER_UNKNOWN)
		seq_puts(m, " (not recorded)");
	else
		vmem_audit_show_stack(m, g->stack);
	seq_putc(m, '\n');
	return 0;
}

static const struct seq_operations consumers_ops = {
	.start = consumers_start,
	.next = consumers_next,
	.stop = consumers_stop,
	.show = consumers_show,
};

static int consumers_open(struct inode *inode, struct file *file)
{
	struct consumers_file *view = kvzalloc(sizeof(*view), GFP_KERNEL);
	int err;

	if (!view)
		return -ENOMEM;
	view->vm = inode->i_private;
	err = seq_open(file, &consumers_ops);
	if (err)
		kvfree(view);
	else
		((struct seq_file *)file->private_data)->private = view;
	return err;
}

static int consumers_release(struct inode *inode, struct file *file)
{
	struct seq_file *m = file->private_data;

	kvfree(m->private);
	return seq_release(inode, file);
}

const struct file_operations vmem_consumers_fops = {
	.owner = THIS_MODULE,
	.open = consumers_open,
	.read = seq_read,
	.llseek = seq_lseek,
	.release = consumers_release,
};
