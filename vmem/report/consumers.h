/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Who has what an arena has handed out, by stack.
 */
#ifndef _VMEM_REPORT_CONSUMERS_H
#define _VMEM_REPORT_CONSUMERS_H

#include <linux/types.h>

struct seq_file;
struct vmem;
struct vmem_seg;

/* Stacks that are told apart at the most. */
#define VMEM_CONSUMERS_MAX	2048

/**
 * enum vmem_consumer_kind - whose a group of allocations is
 * @VMEM_CONSUMER_STACK: of who called from there
 * @VMEM_CONSUMER_UNKNOWN: it was not recorded
 * @VMEM_CONSUMER_SLABS: quantum caches hold them, and have them cut into objects
 */
enum vmem_consumer_kind {
	VMEM_CONSUMER_STACK,
	VMEM_CONSUMER_UNKNOWN,
	VMEM_CONSUMER_SLABS,
};

/**
 * struct vmem_consumer - a group of allocations
 * @size: the sum of their sizes
 * @n: how many they are
 * @stack: stack depot handle, of &VMEM_CONSUMER_STACK
 * @kind: whose
 */
struct vmem_consumer {
	u64 size;
	unsigned long n;
	u32 stack;
	u8 kind;
};

/**
 * struct vmem_consumers - all groups
 * @group: the groups, of which the first two need not be there
 * @n: how many
 * @rest: what belongs to stacks for which there was no room
 * @slot: hash by stack: number of the group and 1, or 0; good until the groups
 *	are sorted
 *
 * Belongs to whoever made it.
 */
struct vmem_consumers {
	struct vmem_consumer group[VMEM_CONSUMERS_MAX + 2];
	unsigned int n;
	struct vmem_consumer rest;
	u16 slot[2 * VMEM_CONSUMERS_MAX];
};

void vmem_consumers_init(struct vmem_consumers *c);
void vmem_consumers_add(struct vmem_consumers *c, const struct vmem *vm,
			const struct vmem_seg *seg);
void vmem_consumers_sort(struct vmem_consumers *c);
int vmem_consumers_collect(struct vmem_consumers *c, struct vmem *vm);
void vmem_consumers_print(const struct vmem_consumers *c);

#endif /* _VMEM_REPORT_CONSUMERS_H */
