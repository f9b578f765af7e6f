// SPDX-License-Identifier: GPL-2.0
/*
 * The file "segments": a line for each segment of an arena, in list order.
 *
 * A read takes the arena lock for each line, and drops the lock after the line.
 * A cursor keeps the place between two lines and between two reads. So the
 * output is not a snapshot: if a segment changes during the read, the line
 * shows the segment before or after the change. An open file keeps struct vmem
 * allocated, but does not prevent the destruction of the arena.
 */
#include <linux/seq_file.h>

#include "../report/report.h"
#include "debugfs.h"

/**
 * struct view - an open file
 * @vm: the arena; the file holds a reference
 * @cur: cursor at the segment after the segment in @line
 * @valid: @line holds a segment
 * @line: a copy of the segment to show
 *
 * The arena lock protects @cur; the lock of the seq_file protects the other
 * fields.
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

/* Copy the segment at the cursor, and move the cursor. */
static void *segments_fetch(struct view *view)
{
	struct vmem_segmap *sm = &view->vm->segmap;
	struct vmem_seg *seg;

	spin_lock_irq(&sm->lock);
	seg = vmem_cursor_seg(sm, &view->cur);
	view->valid = !vmem_segmap_is_end(sm, seg);
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
		vmem_cursor_close(sm, &view->cur);
	}
	spin_unlock_irq(&sm->lock);
	return view->valid ? view : NULL;
}

/*
 * Position 0 is the heading. For it, the function moves the cursor to the first
 * segment.
 */
static void *segments_start(struct seq_file *m, loff_t *pos)
{
	struct view *view = m->private;
	struct vmem_segmap *sm = &view->vm->segmap;

	if (*pos)
		return view->valid ? view : NULL;

	spin_lock_irq(&sm->lock);
	vmem_cursor_close(sm, &view->cur);
	vmem_cursor_open(sm, &view->cur, vmem_segmap_first(sm));
	spin_unlock_irq(&sm->lock);
	return SEQ_START_TOKEN;
}

static void *segments_next(struct seq_file *m, void *v, loff_t *pos)
{
	++*pos;
	return segments_fetch(m->private);
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
	vmem_arena_get(view->vm);
	return 0;
}

static int segments_release(struct inode *inode, struct file *file)
{
	struct seq_file *m = file->private_data;
	struct view *view = m->private;
	struct vmem_segmap *sm = &view->vm->segmap;

	spin_lock_irq(&sm->lock);
	vmem_cursor_close(sm, &view->cur);
	spin_unlock_irq(&sm->lock);
	vmem_arena_put(view->vm);
	return seq_release_private(inode, file);
}

const struct file_operations vmem_segments_fops = {
	.owner = THIS_MODULE,
	.open = segments_open,
	.read = seq_read,
	.llseek = seq_lseek,
	.release = segments_release,
};
