// SPDX-License-Identifier: GPL-2.0
/*
 * Walks visit the right segments even if the segments change, and do not
 * prevent freed segments from coalescing.
 */
#include "vmem_test_walk.h"

/* [29] A walk visits the segments of the given types in list order. */
static void walk_is_in_list_order(struct kunit *test)
{
	vmem_t *vm = vt_arena(test, 32 * U, 4 * U, U);

	vmem_add(vm, (void *)(16 * U), 2 * U, VM_SLEEP);
	vt_alloc_at(vm, 33 * U, 1);
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

static void free_visited(struct walk_log *w, unsigned long start, size_t size)
{
	vt_free(w->vm, start, size);
}

/*
 * [29] If the callback frees each visited segment, the walk visits all segments
 * once.
 */
static void walk_that_frees_visited_segments(struct kunit *test)
{
	vmem_t *vm = ids_allocated(test, IDS);
	struct walk_log *w = walk_log(test, vm);
	unsigned int i;

	w->act = free_visited;
	vmem_walk(vm, VMEM_ALLOC | VMEM_REENTRANT, walk_log_add, w);
	for (i = 1; i <= IDS; i++)
		KUNIT_EXPECT_EQ(test, w->visits[i], (u8)1);
	KUNIT_EXPECT_EQ(test, w->calls, (unsigned int)IDS);
	VT_EXPECT_WALK(test, vm, VMEM_FREE, { 1, IDS });
}

static void free_next(struct walk_log *w, unsigned long start, size_t size)
{
	if (start % 4 == 1)
		vt_free(w->vm, start + 1, 1);
}

/*
 * [29] If the callback frees the next segment, the walk skips this segment and
 * visits each other segment once.
 */
static void walk_that_frees_the_next(struct kunit *test)
{
	vmem_t *vm = ids_allocated(test, IDS);
	struct walk_log *w = walk_log(test, vm);
	unsigned int i;

	w->act = free_next;
	vmem_walk(vm, VMEM_ALLOC | VMEM_REENTRANT, walk_log_add, w);
	for (i = 1; i <= IDS; i++)
		KUNIT_EXPECT_EQ(test, w->visits[i], (u8)(i % 4 != 2));
}

static void free_next_three(struct walk_log *w, unsigned long start,
			    size_t size)
{
	unsigned int i;

	if (start % 4 == 1)
		for (i = 1; i < 4; i++)
			vt_free(w->vm, start + i, 1);
}

/*
 * [29] If the callback frees the next three segments, these segments coalesce.
 * The walk visits none of the three, even if they end the list.
 */
static void walk_that_frees_the_next_three(struct kunit *test)
{
	vmem_t *vm = ids_allocated(test, IDS);
	struct walk_log *w = walk_log(test, vm);
	unsigned int i;

	w->act = free_next_three;
	vmem_walk(vm, VMEM_ALLOC | VMEM_REENTRANT, walk_log_add, w);
	for (i = 1; i <= IDS; i++)
		KUNIT_EXPECT_EQ(test, w->visits[i], (u8)(i % 4 == 1));
}

static void free_with_neighbours(struct walk_log *w, unsigned long start,
				 size_t size)
{
	/* The previous, the visited and the next segment merge. */
	if (start % 8 != 4)
		return;
	vt_free(w->vm, start - 1, 1);
	vt_free(w->vm, start + 1, 1);
	vt_free(w->vm, start, 1);
}

/*
 * [29] If the visited segment coalesces with both neighbours, the walk
 * continues after the merged segment.
 */
static void walk_that_frees_both_neighbours(struct kunit *test)
{
	vmem_t *vm = ids_allocated(test, IDS);
	struct walk_log *w = walk_log(test, vm);
	unsigned int i;

	w->act = free_with_neighbours;
	vmem_walk(vm, VMEM_ALLOC | VMEM_REENTRANT, walk_log_add, w);
	for (i = 1; i <= IDS; i++)
		KUNIT_EXPECT_EQ(test, w->visits[i], (u8)(i % 8 != 5));
}

static void free_allocated(struct walk_log *w, unsigned long start, size_t size)
{
	/* The next segment is free and merges with the visited segment. */
	if (w->visits[start] == 1)
		vt_xfree(w->vm, start, 1);
}

/*
 * [29] A walk never goes back: it visits no segment twice, even after a merge.
 */
static void walk_never_goes_back(struct kunit *test)
{
	vmem_t *vm = vt_ids(test, IDS);
	struct walk_log *w = walk_log(test, vm);
	unsigned int i;

	/* 1 3 5 ... 63 are allocated, 2 4 6 ... 64 are free. */
	for (i = 1; i <= IDS; i += 2)
		KUNIT_ASSERT_EQ(test, vt_alloc_at(vm, i, 1), (unsigned long)i);
	w->act = free_allocated;
	vmem_walk(vm, VMEM_ALLOC | VMEM_FREE | VMEM_REENTRANT, walk_log_add, w);
	for (i = 1; i <= IDS; i++)
		KUNIT_EXPECT_EQ(test, w->visits[i], (u8)(i % 2));
	KUNIT_EXPECT_EQ(test, vt_count(vm, VMEM_FREE), 1U);
}

static void free_previous_and_count(struct walk_log *w, unsigned long start,
				    size_t size)
{
	unsigned int before = vt_count(w->vm, VMEM_FREE);

	if (start < 3)
		return;
	/*
	 * Identifier start - 1 merges with the free segment before it, unless
	 * start is 3.
	 */
	vt_free(w->vm, start - 1, 1);
	KUNIT_EXPECT_EQ(w->test, vt_count(w->vm, VMEM_FREE),
			start == 3 ? before + 1 : before);
	KUNIT_EXPECT_EQ(w->test, vmem_verify(w->vm), 0);
}

/* [30] A segment that is freed during a walk coalesces at once. */
static void walk_keeps_no_segments_apart(struct kunit *test)
{
	vmem_t *vm = ids_allocated(test, IDS);
	struct walk_log *w = walk_log(test, vm);

	w->act = free_previous_and_count;
	vmem_walk(vm, VMEM_ALLOC | VMEM_REENTRANT, walk_log_add, w);
	KUNIT_EXPECT_EQ(test, w->calls, (unsigned int)IDS);
	VT_EXPECT_WALK(test, vm, VMEM_ALLOC | VMEM_FREE, { 1, 1 },
		       { 2, IDS - 2 }, { IDS, 1 });
}

static void alloc_visited(struct walk_log *w, unsigned long start, size_t size)
{
	KUNIT_EXPECT_EQ(w->test, vt_alloc_at(w->vm, start, 1), start);
}

/*
 * [29] If the callback allocates each visited free segment, the walk visits all
 * free segments once.
 */
static void walk_that_allocates_holes(struct kunit *test)
{
	vmem_t *vm = vt_ids(test, IDS);
	struct walk_log *w = walk_log(test, vm);
	unsigned int i;

	/* The free segments are 2 4 6 ... 64. */
	for (i = 1; i <= IDS; i += 2)
		KUNIT_ASSERT_EQ(test, vt_alloc_at(vm, i, 1), (unsigned long)i);
	w->act = alloc_visited;
	vmem_walk(vm, VMEM_FREE | VMEM_REENTRANT, walk_log_add, w);
	for (i = 1; i <= IDS; i++)
		KUNIT_EXPECT_EQ(test, w->visits[i], (u8)(i % 2 == 0));
	KUNIT_EXPECT_EQ(test, vt_count(vm, VMEM_FREE), 0U);
}

static void split_hole(struct walk_log *w, unsigned long start, size_t size)
{
	/* Split each segment of three identifiers in the middle. */
	if (size == 3)
		vt_alloc_at(w->vm, start + 1, 1);
}

/*
 * [29] If the callback splits free segments, the walk visits each split segment
 * and each allocated segment once.
 */
static void walk_that_splits_holes(struct kunit *test)
{
	vmem_t *vm = vt_ids(test, IDS);
	struct walk_log *w = walk_log(test, vm);
	unsigned int i;

	/* The identifiers 4 8 12 ... 64 are allocated, the others are free. */
	for (i = 4; i <= IDS; i += 4)
		KUNIT_ASSERT_EQ(test, vt_alloc_at(vm, i, 1), (unsigned long)i);
	w->act = split_hole;
	vmem_walk(vm, VMEM_ALLOC | VMEM_FREE | VMEM_REENTRANT, walk_log_add, w);
	for (i = 4; i <= IDS; i += 4) {
		KUNIT_EXPECT_EQ(test, w->visits[i], (u8)1);
		KUNIT_EXPECT_EQ(test, w->visits[i - 3], (u8)1);
	}
}

static struct kunit_case vmem_walk_cases[] = {
	KUNIT_CASE(walk_is_in_list_order),
	KUNIT_CASE(walk_that_frees_visited_segments),
	KUNIT_CASE(walk_that_frees_the_next),
	KUNIT_CASE(walk_that_frees_the_next_three),
	KUNIT_CASE(walk_that_frees_both_neighbours),
	KUNIT_CASE(walk_never_goes_back),
	KUNIT_CASE(walk_keeps_no_segments_apart),
	KUNIT_CASE(walk_that_allocates_holes),
	KUNIT_CASE(walk_that_splits_holes),
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
