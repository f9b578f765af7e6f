// SPDX-License-Identifier: GPL-2.0
/*
 * The requests that wait in an arena, a line each, in the order of service.
 */
#include <linux/jiffies.h>
#include <linux/seq_file.h>

#include "../arena/wait.h"
#include "debugfs.h"

/* Waiters to be copied in one hold of the tree lock. */
#define GROUP	16

struct shown {
	pid_t pid;
	unsigned long size;
	int flags;
	enum vmem_state state;
	unsigned long since;
	char comm[TASK_COMM_LEN];
};

/* Copy the waiters that follow the ticket *@last. Returns how many. */
static unsigned int copy_group(struct vmem *vm, u64 *last, struct shown *to)
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
		n = copy_group(m->private, &last, group);
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

static int vmem_waiters_open(struct inode *inode, struct file *file)
{
	return single_open(file, vmem_waiters_show, inode->i_private);
}

const struct file_operations vmem_waiters_fops = {
	.owner = THIS_MODULE,
	.open = vmem_waiters_open,
	.read = seq_read,
	.llseek = seq_lseek,
	.release = single_release,
};
