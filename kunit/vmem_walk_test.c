// SPDX-License-Identifier: GPL-2.0
/*
 * Walks: what they see while segments change under them, and that they leave
 * nothing behind.
 */
#include "vmem_test_walk.h"

/* [29] A plain walk: segments of the given types, in list order, with arg. */
static void plain_walk_in_list_order(struct kunit *test)
{
	vmem_t *vm = vt_arena(test, 32 * U, 4 * U, U);

	vmem_add(vm, (void *)(16 * U), 2 * U, VM_SLEEP);
	vt_take(vm, 33 * U, 1);
	VT_EXPECT_WALK(test, vm, VMEM_ALLOC | VMEM_FREE, { 32 * U, U },
		       { 33 * U, 1 }, { 34 * U, 2 * U }, { 16 * U, 2 * U });
	VT_EXPECT_WALK(test, vm, VMEM_ALLOC, { 33 * U, 1 });
	VT_EXPECT_WALK(test, vm, VMEM_FREE, { 32 * U, U }, { 34 * U, 2 * U },
		       { 16 * U, 2 * U });
	KUNIT_EXPECT_EQ(test, vt_count(vm, 0), 0U);
	VT_EXPECT_WALK(test, vm, VMEM_ALLOC | VMEM_FREE | VMEM_REENTRANT,
		       { 32 * U, U }, { 33 * U, 1 }, { 34 * U, 2 * U },
		       { 16 * U, 2 * U });
	VT_EXPECT_WALK(test, vm, VMEM_FREE | VMEM_REENTRANT, { 32 * U, U },
		       { 34 * U, 2 * U }, { 16 * U, 2 * U });
}

static void free_it(struct watch *w, unsigned long start, size_t size)
{
	vt_free(w->vm, start, size);
}

/* [29] The function frees what it is shown: all are seen, each once. */
static void walk_that_frees_what_it_sees(struct kunit *test)
{
	vmem_t *vm = singles(test, IDS);
	struct watch *w = watch(test, vm);
	unsigned int i;

	w->act = free_it;
	vmem_walk(vm, VMEM_ALLOC | VMEM_REENTRANT, see, w);
	for (i = 1; i <= IDS; i++)
		KUNIT_EXPECT_EQ(test, w->visits[i], (u8)1);
	KUNIT_EXPECT_EQ(test, w->calls, (unsigned int)IDS);
	VT_EXPECT_WALK(test, vm, VMEM_FREE, { 1, IDS });
}

static void free_next(struct watch *w, unsigned long start, size_t size)
{
	if (start % 4 == 1)
		vt_free(w->vm, start + 1, 1);
}

/* [29] The segment that comes next goes away: the rest is seen once. */
static void walk_that_frees_the_next(struct kunit *test)
{
	vmem_t *vm = singles(test, IDS);
	struct watch *w = watch(test, vm);
	unsigned int i;

	w->act = free_next;
	vmem_walk(vm, VMEM_ALLOC | VMEM_REENTRANT, see, w);
	for (i = 1; i <= IDS; i++)
		KUNIT_EXPECT_EQ(test, w->visits[i], (u8)(i % 4 != 2));
}

static void free_next_three(struct watch *w, unsigned long start, size_t size)
{
	unsigned int i;

	if (start % 4 == 1)
		for (i = 1; i < 4; i++)
			vt_free(w->vm, start + i, 1);
}

/* [29] The next ones go away and coalesce; also at the end of the list. */
static void walk_that_frees_the_next_three(struct kunit *test)
{
	vmem_t *vm = singles(test, IDS);
	struct watch *w = watch(test, vm);
	unsigned int i;

	w->act = free_next_three;
	vmem_walk(vm, VMEM_ALLOC | VMEM_REENTRANT, see, w);
	for (i = 1; i <= IDS; i++)
		KUNIT_EXPECT_EQ(test, w->visits[i], (u8)(i % 4 == 1));
}

static void free_around(struct watch *w, unsigned long start, size_t size)
{
	/* The segment, the one before it and the one after it become one. */
	if (start % 8 != 4)
		return;
	vt_free(w->vm, start - 1, 1);
	vt_free(w->vm, start + 1, 1);
	vt_free(w->vm, start, 1);
}

/* [29] Coalescing from both sides over the place of the walk. */
static void walk_that_frees_around_itself(struct kunit *test)
{
	vmem_t *vm = singles(test, IDS);
	struct watch *w = watch(test, vm);
	unsigned int i;

	w->act = free_around;
	vmem_walk(vm, VMEM_ALLOC | VMEM_REENTRANT, see, w);
	for (i = 1; i <= IDS; i++)
		KUNIT_EXPECT_EQ(test, w->visits[i], (u8)(i % 8 != 5));
}

static void free_odd(struct watch *w, unsigned long start, size_t size)
{
	/* The free segment behind it comes next; it joins what was just seen. */
	if (w->visits[start] == 1)
		vt_xfree(w->vm, start, 1);
}

/* [29] A walk never goes back: what it has shown it does not show again. */
static void walk_never_goes_back(struct kunit *test)
{
	vmem_t *vm = vt_ids(test, IDS);
	struct watch *w = watch(test, vm);
	unsigned int i;

	/* 1 3 5 ... 63 allocated, 2 4 6 ... 64 free. */
	for (i = 1; i <= IDS; i += 2)
		KUNIT_ASSERT_EQ(test, vt_take(vm, i, 1), (unsigned long)i);
	w->act = free_odd;
	vmem_walk(vm, VMEM_ALLOC | VMEM_FREE | VMEM_REENTRANT, see, w);
	for (i = 1; i <= IDS; i++)
		KUNIT_EXPECT_EQ(test, w->visits[i], (u8)(i % 2));
	KUNIT_EXPECT_EQ(test, vt_count(vm, VMEM_FREE), 1U);
}

static void free_previous_and_count(struct watch *w, unsigned long start,
				    size_t size)
{
	unsigned int before = vt_count(w->vm, VMEM_FREE);

	if (start < 3)
		return;
	/* Its left neighbour in the list is free: they join here and now. */
	vt_free(w->vm, start - 1, 1);
	KUNIT_EXPECT_EQ(w->test, vt_count(w->vm, VMEM_FREE),
			start == 3 ? before + 1 : before);
	KUNIT_EXPECT_EQ(w->test, vmem_verify(w->vm), 0);
}

/* [30] A walk keeps nothing apart: what is freed coalesces at once. */
static void walk_keeps_nothing_apart(struct kunit *test)
{
	vmem_t *vm = singles(test, IDS);
	struct watch *w = watch(test, vm);

	w->act = free_previous_and_count;
	vmem_walk(vm, VMEM_ALLOC | VMEM_REENTRANT, see, w);
	KUNIT_EXPECT_EQ(test, w->calls, (unsigned int)IDS);
	VT_EXPECT_WALK(test, vm, VMEM_ALLOC | VMEM_FREE, { 1, 1 },
		       { 2, IDS - 2 }, { IDS, 1 });
}

static void take_free(struct watch *w, unsigned long start, size_t size)
{
	/* Half of the hole that is shown is allocated: it shrinks. */
	KUNIT_EXPECT_EQ(w->test, vt_take(w->vm, start, 1), start);
}

/* [29] Over free segments, with the function allocating from them. */
static void walk_of_free_that_allocates(struct kunit *test)
{
	vmem_t *vm = vt_ids(test, IDS);
	struct watch *w = watch(test, vm);
	unsigned int i;

	/* Holes of one, 2 4 6 ... 64. */
	for (i = 1; i <= IDS; i += 2)
		KUNIT_ASSERT_EQ(test, vt_take(vm, i, 1), (unsigned long)i);
	w->act = take_free;
	vmem_walk(vm, VMEM_FREE | VMEM_REENTRANT, see, w);
	for (i = 1; i <= IDS; i++)
		KUNIT_EXPECT_EQ(test, w->visits[i], (u8)(i % 2 == 0));
	KUNIT_EXPECT_EQ(test, vt_count(vm, VMEM_FREE), 0U);
}

static void split_free(struct watch *w, unsigned long start, size_t size)
{
	/* Each hole of three is split in the middle. */
	if (size == 3)
		vt_take(w->vm, start + 1, 1);
}

/* [29] Segments that are split: the untouched ones are seen just once. */
static void walk_of_free_that_splits(struct kunit *test)
{
	vmem_t *vm = vt_ids(test, IDS);
	struct watch *w = watch(test, vm);
	unsigned int i;

	/* 4, 8, 12 ... 64 allocated, three free before each. */
	for (i = 4; i <= IDS; i += 4)
		KUNIT_ASSERT_EQ(test, vt_take(vm, i, 1), (unsigned long)i);
	w->act = split_free;
	vmem_walk(vm, VMEM_ALLOC | VMEM_FREE | VMEM_REENTRANT, see, w);
	for (i = 4; i <= IDS; i += 4) {
		KUNIT_EXPECT_EQ(test, w->visits[i], (u8)1);
		KUNIT_EXPECT_EQ(test, w->visits[i - 3], (u8)1);
	}
}

static struct kunit_case vmem_walk_cases[] = {
	KUNIT_CASE(plain_walk_in_list_order),
	KUNIT_CASE(walk_that_frees_what_it_sees),
	KUNIT_CASE(walk_that_frees_the_next),
	KUNIT_CASE(walk_that_frees_the_next_three),
	KUNIT_CASE(walk_that_frees_around_itself),
	KUNIT_CASE(walk_never_goes_back),
	KUNIT_CASE(walk_keeps_nothing_apart),
	KUNIT_CASE(walk_of_free_that_allocates),
	KUNIT_CASE(walk_of_free_that_splits),
	{}
};

static struct kunit_suite vmem_walk_suite = {
	.name = "vmem_walk",
	.init = vt_init,
	.exit = vt_exit,
	.test_cases = vmem_walk_cases,
};

kunit_test_suite(vmem_walk_suite);

MODULE_DESCRIPTION("KUnit: walks of vmem");
MODULE_LICENSE("GPL");
