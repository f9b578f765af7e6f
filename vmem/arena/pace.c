// SPDX-License-Identifier: GPL-2.0
/*
 * Letting others in during a long search.
 */
#include <linux/minmax.h>
#include <linux/sched.h>

#include "import.h"
#include "pace.h"

/**
 * vmem_pause - drop the arena lock for a moment
 * @pace: the pace of a search that keeps its place by an open cursor;
 *	vmem_pace_due() was true
 *
 * What the request may need of the stock stays set aside meanwhile.
 *
 * Context: the arena lock is held; it is dropped and taken again.
 */
void vmem_pause(struct vmem_pace *pace)
	__must_hold(&pace->vm->space.lock)
{
	struct vmem_space *sp = &pace->vm->space;
	struct vmem_stock aside = {};

	lockdep_assert_held(&sp->lock);
	vmem_stock_move(&aside, &sp->stock,
			min_t(unsigned int, sp->stock.n, VMEM_IMPORT_COST));
	spin_unlock_irqrestore(&sp->lock, *pace->irq);
	if (pace->sleep)
		cond_resched();
	spin_lock_irqsave(&sp->lock, *pace->irq);
	vmem_stock_move(&sp->stock, &aside, aside.n);
	pace->left = VMEM_PACE;
	pace->paused = true;
}
