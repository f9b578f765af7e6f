/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Walks whose function records the visited segments and may operate on the
 * arena.
 */
#ifndef VMEM_TEST_WALK_H
#define VMEM_TEST_WALK_H

#include "vmem_test.h"

#define IDS	64

/**
 * struct walk_log - a walk in progress
 * @test: the test
 * @vm: the arena walked
 * @visits: for each identifier, number of visits to the segment that starts at
 *	the identifier
 * @calls: number of calls of the walk's function
 * @act: operation on the arena at each call of the function, or NULL
 * @depth: depth of nested walks
 */
struct walk_log {
	struct kunit *test;
	vmem_t *vm;
	u8 visits[256];
	unsigned int calls;
	void (*act)(struct walk_log *w, unsigned long start, size_t size);
	unsigned int depth;
};

static inline void walk_log_add(void *arg, void *start, size_t size)
{
	struct walk_log *w = arg;

	w->calls++;
	w->visits[(unsigned long)start & 255]++;
	if (w->act)
		w->act(w, (unsigned long)start, size);
}

static inline struct walk_log *walk_log(struct kunit *test, vmem_t *vm)
{
	struct walk_log *w = kunit_kzalloc(test, sizeof(*w), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, w);
	w->test = test;
	w->vm = vm;
	return w;
}

/* Arena of the identifiers 1 to @n, with each of them allocated separately. */
static inline vmem_t *ids_allocated(struct kunit *test, unsigned int n)
{
	vmem_t *vm = vt_ids(test, n);
	unsigned int i;

	for (i = 1; i <= n; i++)
		KUNIT_ASSERT_EQ(test, vt_alloc(vm, 1, VM_SLEEP),
				(unsigned long)i);
	return vm;
}

#endif /* VMEM_TEST_WALK_H */
