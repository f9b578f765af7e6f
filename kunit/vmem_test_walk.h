/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Walks that are watched: what they see, and what is done to the arena at each
 * call of their function.
 */
#ifndef VMEM_TEST_WALK_H
#define VMEM_TEST_WALK_H

#include "vmem_test.h"

#define IDS	64

/**
 * struct watch - a walk under way
 * @test: the test
 * @vm: the arena walked
 * @visits: how often each identifier was seen as the start of a segment
 * @calls: calls of the function
 * @act: what to do to the arena at each call
 * @depth: of walks within walks
 */
struct watch {
	struct kunit *test;
	vmem_t *vm;
	u8 visits[256];
	unsigned int calls;
	void (*act)(struct watch *w, unsigned long start, size_t size);
	unsigned int depth;
};

static inline void see(void *arg, void *start, size_t size)
{
	struct watch *w = arg;

	w->calls++;
	w->visits[(unsigned long)start & 255]++;
	if (w->act)
		w->act(w, (unsigned long)start, size);
}

static inline struct watch *watch(struct kunit *test, vmem_t *vm)
{
	struct watch *w = kunit_kzalloc(test, sizeof(*w), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, w);
	w->test = test;
	w->vm = vm;
	return w;
}

/* Identifiers from 1 on, each allocated by itself. */
static inline vmem_t *singles(struct kunit *test, unsigned int n)
{
	vmem_t *vm = vt_ids(test, n);
	unsigned int i;

	for (i = 1; i <= n; i++)
		KUNIT_ASSERT_EQ(test, vt_alloc(vm, 1, VM_SLEEP),
				(unsigned long)i);
	return vm;
}

#endif /* VMEM_TEST_WALK_H */
