// SPDX-License-Identifier: GPL-2.0
/*
 * Who has how much of an arena, a line each, the largest first.
 *
 * All segments are counted when the heading is read; what follows is read off the
 * groups that came of it, which the open file keeps.
 */
#include <linux/mm.h>
#include <linux/seq_file.h>
#include <linux/slab.h>

#include "../arena/arena.h"
#include "../report/audit.h"
#include "../report/consumers.h"
#include "debugfs.h"

/**
 * struct view - an open file
 * @vm: the arena
 * @found: the groups
 */
struct view {
	struct vmem *vm;
	struct vmem_consumers found;
};

static const struct vmem_consumer *at(const struct vmem_consumers *c,
				      loff_t pos)
{
	if (pos <= c->n)
		return &c->group[pos - 1];
	return pos == c->n + 1 && c->rest.n ? &c->rest : NULL;
}

/* At position 0 there is the heading, and everything is counted anew. */
static void *consumers_start(struct seq_file *m, loff_t *pos)
{
	struct view *view = m->private;
	int err;

	if (*pos)
		return (void *)at(&view->found, *pos);
	err = vmem_consumers_collect(&view->found, view->vm);
	return err ? ERR_PTR(err) : SEQ_START_TOKEN;
}

static void *consumers_next(struct seq_file *m, void *v, loff_t *pos)
{
	struct view *view = m->private;

	return (void *)at(&view->found, ++*pos);
}

static void consumers_stop(struct seq_file *m, void *v)
{
}

static int consumers_show(struct seq_file *m, void *v)
{
	struct view *view = m->private;
	const struct vmem_consumer *g = v;

	if (v == SEQ_START_TOKEN) {
		seq_puts(m, "# segments size who\n");
		return 0;
	}
	seq_printf(m, "%lu %llu", g->n, g->size);
	if (g == &view->found.rest)
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
	struct view *view = kvzalloc(sizeof(*view), GFP_KERNEL);
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
