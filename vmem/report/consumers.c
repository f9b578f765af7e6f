// SPDX-License-Identifier: GPL-2.0
/*
 * Consumers: the live allocations of an arena, grouped by the stack that audit
 * has recorded for each.
 *
 * However many segments there are, they are counted into a table of fixed size
 * and the arena lock is held for a bounded number of them at a time. Stacks that
 * come when the table is full are added up, and said to be.
 */
#include <linux/hash.h>
#include <linux/log2.h>
#include <linux/printk.h>
#include <linux/sched/signal.h>
#include <linux/sort.h>
#include <linux/string.h>

#include "../qcache/qcache.h"
#include "audit.h"
#include "consumers.h"

/* Segments to be counted while the lock is held once. */
#define BATCH		128

/* Groups to print when an arena ends with leaks. */
#define PRINTED		8

/* The groups that have no stack are there from the start. */
#define UNKNOWN		0
#define SLABS		1
#define FIRST		2

void vmem_consumers_init(struct vmem_consumers *c)
{
	memset(c, 0, sizeof(*c));
	c->group[UNKNOWN].kind = VMEM_CONSUMER_UNKNOWN;
	c->group[SLABS].kind = VMEM_CONSUMER_SLABS;
	c->n = FIRST;
}

/* The group of a stack. */
static struct vmem_consumer *group_of(struct vmem_consumers *c, u32 stack)
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
	/* Half of the slots stay empty, so that there is always an end. */
	if (c->n == ARRAY_SIZE(c->group))
		return &c->rest;
	g = &c->group[c->n++];
	g->stack = stack;
	c->slot[i] = c->n;
	return g;
}

/* Is the allocated segment @seg a slab? No cached size is as large as one. */
static bool is_slab(const struct vmem *vm, const struct vmem_seg *seg)
{
	return seg->cached && vm->qcaches &&
	       seg->size == vm->qcaches->slab_size;
}

/**
 * vmem_consumers_add - count a segment
 * @c: the groups
 * @vm: the arena; locked, or nobody uses it
 * @seg: the segment; those that are not allocated count for nobody
 */
void vmem_consumers_add(struct vmem_consumers *c, const struct vmem *vm,
			const struct vmem_seg *seg)
{
	struct vmem_consumer *g;

	if (seg->type != VMEM_ALLOC)
		return;
	if (is_slab(vm, seg))
		g = &c->group[SLABS];
	else
		g = seg->stack ? group_of(c, seg->stack) : &c->group[UNKNOWN];
	g->n++;
	g->size += seg->size;
}

/* The larger first; of the same size, the more. */
static int compare(const void *a, const void *b)
{
	const struct vmem_consumer *x = a, *y = b;

	if (x->size != y->size)
		return x->size < y->size ? 1 : -1;
	return x->n == y->n ? 0 : x->n < y->n ? 1 : -1;
}

/* Put the largest first, and what is empty last. */
void vmem_consumers_sort(struct vmem_consumers *c)
{
	sort(c->group, c->n, sizeof(c->group[0]), compare, NULL);
	while (c->n && !c->group[c->n - 1].n)
		c->n--;
}

/**
 * vmem_consumers_collect - count all segments of an arena, piece by piece
 * @c: gets the groups, sorted
 * @vm: the arena, which stays meanwhile
 *
 * Not a snapshot: what changes meanwhile may be counted as it was before or after.
 *
 * Context: task, sleeping allowed.
 * Return: 0, or -EINTR if the task is being killed.
 */
int vmem_consumers_collect(struct vmem_consumers *c, struct vmem *vm)
{
	struct vmem_space *sp = &vm->space;
	struct vmem_cursor cur;
	struct vmem_seg *seg;
	unsigned int i;
	bool done;

	vmem_consumers_init(c);
	spin_lock_irq(&sp->lock);
	vmem_cursor_open(sp, &cur, vmem_space_first(sp));
	for (;;) {
		seg = vmem_cursor_seg(sp, &cur);
		for (i = 0; i < BATCH && !vmem_space_end(sp, seg); i++) {
			vmem_consumers_add(c, vm, seg);
			seg = vmem_seg_next(seg);
		}
		vmem_cursor_set(&cur, seg);
		done = vmem_space_end(sp, seg) || fatal_signal_pending(current);
		if (done)
			break;
		spin_unlock_irq(&sp->lock);
		cond_resched();
		spin_lock_irq(&sp->lock);
	}
	done = vmem_space_end(sp, seg);
	vmem_cursor_close(sp, &cur);
	spin_unlock_irq(&sp->lock);

	vmem_consumers_sort(c);
	return done ? 0 : -EINTR;
}

/* The largest groups, to the log, if anything is known of any. Sorted. */
void vmem_consumers_print(const struct vmem_consumers *c)
{
	unsigned int i, shown = min_t(unsigned int, c->n, PRINTED);

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
