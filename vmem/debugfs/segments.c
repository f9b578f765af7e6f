// SPDX-License-Identifier: GPL-2.0
/*
 * The segments of an arena, a line each, in list order.
 *
 * Each line is read off one segment under a hold of the arena lock of its own; a
 * cursor keeps the place, also between two reads of the file. So the file is not
 * a snapshot: what changes while it is being read may be seen before or after.
 * An open file keeps the arena's memory, not the arena.
 */
#include <linux/seq_file.h>

#include "../arena/object.h"
#include "../report/audit.h"
#include "debugfs.h"

/**
 * struct view - an open file
 * @vm: the arena
 * @cur: the segment after the one in @line
 * @valid: @line holds a segment
 * @line: the segment to show, copied
 */
struct view {
	struct vmem *vm;
	struct vmem_cursor cur;
	bool valid;
	struct {
		unsigned long start;
		unsigned long last;
		unsigned long size;
		u8 type;
		bool imported;
		struct vmem_who who;
	} line;
};

/* Copy the segment at the cursor and move on. */
static void *fetch(struct view *view)
{
	struct vmem_space *sp = &view->vm->space;
	struct vmem_seg *seg;

	spin_lock_irq(&sp->lock);
	seg = vmem_cursor_seg(sp, &view->cur);
	view->valid = !vmem_space_end(sp, seg);
	if (view->valid) {
		view->line.start = seg->start;
		view->line.last = vmem_seg_last(seg);
		view->line.size = seg->size;
		view->line.type = seg->type;
		view->line.imported = seg->type == VMEM_SPAN && seg->imported;
		if (seg->type == VMEM_ALLOC)
			view->line.who = vmem_audit_who(seg);
		vmem_cursor_set(&view->cur, vmem_seg_next(seg));
	} else {
		vmem_cursor_close(sp, &view->cur);
	}
	spin_unlock_irq(&sp->lock);
	return view->valid ? view : NULL;
}

/* At position 0 there is the heading, and the cursor goes back to the start. */
static void *segments_start(struct seq_file *m, loff_t *pos)
{
	struct view *view = m->private;
	struct vmem_space *sp = &view->vm->space;

	if (*pos)
		return view->valid ? view : NULL;

	spin_lock_irq(&sp->lock);
	vmem_cursor_close(sp, &view->cur);
	vmem_cursor_open(sp, &view->cur, vmem_space_first(sp));
	spin_unlock_irq(&sp->lock);
	return SEQ_START_TOKEN;
}

static void *segments_next(struct seq_file *m, void *v, loff_t *pos)
{
	++*pos;
	return fetch(m->private);
}

static void segments_stop(struct seq_file *m, void *v)
{
}

static int segments_show(struct seq_file *m, void *v)
{
	struct view *view = m->private;

	if (v == SEQ_START_TOKEN) {
		seq_puts(m, "# type start last size\n");
		return 0;
	}
	switch (view->line.type) {
	case VMEM_SPAN:
		seq_puts(m, "span");
		break;
	case VMEM_ALLOC:
		seq_puts(m, "  alloc");
		break;
	default:
		seq_puts(m, "  free");
	}
	seq_printf(m, " %#lx %#lx %lu", view->line.start, view->line.last,
		   view->line.size);
	if (view->line.imported)
		seq_puts(m, " imported");
	if (view->line.type == VMEM_ALLOC)
		vmem_audit_show(m, &view->line.who);
	seq_putc(m, '\n');
	return 0;
}

static const struct seq_operations segments_ops = {
	.start = segments_start,
	.next = segments_next,
	.stop = segments_stop,
	.show = segments_show,
};

static int segments_open(struct inode *inode, struct file *file)
{
	struct view *view = __seq_open_private(file, &segments_ops,
					       sizeof(*view));

	if (!view)
		return -ENOMEM;
	view->vm = inode->i_private;
	INIT_HLIST_NODE(&view->cur.link);
	vmem_object_get(view->vm);
	return 0;
}

static int segments_release(struct inode *inode, struct file *file)
{
	struct seq_file *m = file->private_data;
	struct view *view = m->private;
	struct vmem_space *sp = &view->vm->space;

	spin_lock_irq(&sp->lock);
	vmem_cursor_close(sp, &view->cur);
	spin_unlock_irq(&sp->lock);
	vmem_object_put(view->vm);
	return seq_release_private(inode, file);
}

const struct file_operations vmem_segments_fops = {
	.owner = THIS_MODULE,
	.open = segments_open,
	.read = seq_read,
	.llseek = seq_lseek,
	.release = segments_release,
};
