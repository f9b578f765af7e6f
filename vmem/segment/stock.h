/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Stocks of spare segment structures.
 *
 * Nothing is allocated while the arena lock is held. So each arena has a stock
 * of spare structures, and an operation makes sure beforehand that the stock
 * covers its worst case. What an operation sets aside for itself while it drops
 * the lock is a stock of its own, out of everybody else's reach.
 */
#ifndef _VMEM_SEGMENT_STOCK_H
#define _VMEM_SEGMENT_STOCK_H

#include <linux/gfp.h>

#include "seg.h"

/**
 * struct vmem_stock - a stack of spare segment structures
 * @top: the one to take next; they are linked through order.next
 * @n: how many there are
 *
 * An arena's own is protected by the arena lock.
 */
struct vmem_stock {
	struct hlist_node *top;
	unsigned int n;
};

static inline void vmem_stock_put(struct vmem_stock *stock,
				  struct vmem_seg *seg)
{
	seg->order.next = stock->top;
	stock->top = &seg->order;
	stock->n++;
}

/* The stock must not be empty. */
static inline struct vmem_seg *vmem_stock_get(struct vmem_stock *stock)
{
	struct vmem_seg *seg = hlist_entry(stock->top, struct vmem_seg, order);

	stock->top = seg->order.next;
	stock->n--;
	return seg;
}

/* @from must hold at least @n. */
static inline void vmem_stock_move(struct vmem_stock *to,
				   struct vmem_stock *from, unsigned int n)
{
	while (n--)
		vmem_stock_put(to, vmem_stock_get(from));
}

void vmem_stock_fill(struct vmem_stock *stock, unsigned int n, gfp_t gfp);
void vmem_stock_drain(struct vmem_stock *stock);
unsigned long vmem_stock_bytes(void);

int vmem_stock_init(void);
void vmem_stock_exit(void);

#endif /* _VMEM_SEGMENT_STOCK_H */
