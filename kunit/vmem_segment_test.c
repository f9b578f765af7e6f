// SPDX-License-Identifier: GPL-2.0
/* Spans and segments: splits, merges and list order. */
#include "../vmem/arena.h"
#include "vmem_test.h"

/* [1] Three adjacent segments, freed in any order, become one free segment. */
static void neighbours_coalesce_in_every_order(struct kunit *test)
{
	static const u8 order[][3] = {
		{ 0, 1, 2 }, { 0, 2, 1 }, { 1, 0, 2 },
		{ 1, 2, 0 }, { 2, 0, 1 }, { 2, 1, 0 },
	};
	vmem_t *vm = vt_arena(test, 16 * U, 3 * U, U);
	unsigned int i, j;

	for (i = 0; i < ARRAY_SIZE(order); i++) {
		for (j = 0; j < 3; j++)
			KUNIT_ASSERT_EQ(test, vt_alloc_at(vm, (16 + j) * U, U),
					(16 + j) * U);
		vt_free(vm, (16 + order[i][0]) * U, U);
		KUNIT_EXPECT_EQ(test, vt_count(vm, VMEM_FREE), 1U);
		vt_free(vm, (16 + order[i][1]) * U, U);
		KUNIT_EXPECT_EQ(test, vt_count(vm, VMEM_FREE),
				abs(order[i][0] - order[i][1]) == 2 ? 2U : 1U);
		vt_free(vm, (16 + order[i][2]) * U, U);
		VT_EXPECT_WALK(test, vm, VMEM_ALLOC | VMEM_FREE,
			       { 16 * U, 3 * U });
	}
	KUNIT_EXPECT_EQ(test, vmem_verify(vm), 0);
}

/*
 * [1] A freed segment merges with the free segment before it, with the free
 * segment after it, or with both.
 */
static void free_merges_with_both_sides(struct kunit *test)
{
	vmem_t *vm = vt_arena(test, 16 * U, 8 * U, U);

	VT_HOLES(test, vm, { 17 * U, U }, { 19 * U, U }, { 22 * U, U });
	vt_xfree(vm, 18 * U, U);
	VT_EXPECT_WALK(test, vm, VMEM_FREE, { 17 * U, 3 * U }, { 22 * U, U });
	vt_xfree(vm, 23 * U, U);
	VT_EXPECT_WALK(test, vm, VMEM_FREE, { 17 * U, 3 * U },
		       { 22 * U, 2 * U });
	vt_xfree(vm, 16 * U, U);
	VT_EXPECT_WALK(test, vm, VMEM_FREE, { 16 * U, 4 * U },
		       { 22 * U, 2 * U });
}

/*
 * [2] No segment extends from one span into another, even if the spans touch.
 */
static void touching_spans_stay_apart(struct kunit *test)
{
	vmem_t *vm = vt_arena(test, 16 * U, 4 * U, U);

	KUNIT_ASSERT_NOT_NULL(test, vmem_add(vm, (void *)(20 * U), 4 * U,
					     VM_SLEEP));
	VT_EXPECT_WALK(test, vm, VMEM_FREE, { 16 * U, 4 * U },
		       { 20 * U, 4 * U });
	KUNIT_EXPECT_EQ(test, vt_alloc(vm, 5 * U, VM_NOSLEEP), 0UL);
	KUNIT_EXPECT_EQ(test, vt_alloc_at(vm, 19 * U, 2 * U), 0UL);
	KUNIT_EXPECT_FALSE(test, vmem_contains(vm, (void *)(19 * U), 2 * U));
	/* [1] A freed segment does not merge across the border of two spans. */
	KUNIT_EXPECT_EQ(test, vt_alloc_at(vm, 19 * U, U), 19 * U);
	KUNIT_EXPECT_EQ(test, vt_alloc_at(vm, 20 * U, U), 20 * U);
	vt_xfree(vm, 19 * U, U);
	vt_xfree(vm, 20 * U, U);
	VT_EXPECT_WALK(test, vm, VMEM_FREE, { 16 * U, 4 * U },
		       { 20 * U, 4 * U });
}

/*
 * [29] List order sorts the spans by the time of their addition, and the
 * segments of each span by address.
 */
static void list_order_is_order_of_arrival(struct kunit *test)
{
	vmem_t *vm = vt_arena(test, 32 * U, 4 * U, U);

	vmem_add(vm, (void *)(16 * U), 4 * U, VM_SLEEP);
	vmem_add(vm, (void *)(64 * U), 4 * U, VM_SLEEP);
	KUNIT_EXPECT_EQ(test, vt_alloc_at(vm, 33 * U, U), 33 * U);
	KUNIT_EXPECT_EQ(test, vt_alloc_at(vm, 19 * U, U), 19 * U);
	KUNIT_EXPECT_EQ(test, vt_alloc_at(vm, 64 * U, U), 64 * U);
	VT_EXPECT_WALK(test, vm, VMEM_ALLOC | VMEM_FREE,
		       { 32 * U, U }, { 33 * U, U }, { 34 * U, 2 * U },
		       { 16 * U, 3 * U }, { 19 * U, U },
		       { 64 * U, U }, { 65 * U, 3 * U });
	VT_EXPECT_WALK(test, vm, VMEM_ALLOC,
		       { 33 * U, U }, { 19 * U, U }, { 64 * U, U });
}

/* [33] Adjacent allocated segments do not merge: each is one allocation. */
static void allocations_are_not_merged(struct kunit *test)
{
	vmem_t *vm = vt_ids(test, 64);
	unsigned int i;

	for (i = 1; i <= 64; i++)
		KUNIT_EXPECT_EQ(test, vt_alloc(vm, 1, VM_NOSLEEP),
				(unsigned long)i);
	KUNIT_EXPECT_EQ(test, vt_count(vm, VMEM_ALLOC), 64U);
	KUNIT_EXPECT_EQ(test, vt_count(vm, VMEM_FREE), 0U);
	KUNIT_EXPECT_EQ(test, vt_stats(vm).alloc, 64ULL);
}

/*
 * [1] After every second identifier is freed, there are 1000 free segments.
 * After all identifiers are freed, there is one free segment.
 */
static void holes_coalesce(struct kunit *test)
{
	vmem_t *vm = vt_ids(test, 2000);
	unsigned int i;

	for (i = 0; i < 2000; i++)
		vt_alloc(vm, 1, VM_NOSLEEP);
	for (i = 1; i <= 2000; i += 2)
		vt_free(vm, i, 1);
	KUNIT_EXPECT_EQ(test, vt_count(vm, VMEM_FREE), 1000U);
	KUNIT_EXPECT_EQ(test, vmem_verify(vm), 0);
	for (i = 2; i <= 2000; i += 2)
		vt_free(vm, i, 1);
	VT_EXPECT_WALK(test, vm, VMEM_FREE, { 1, 2000 });
}

/* [28] An added span may touch other spans, on one side or on both. */
static void added_span_may_touch_others(struct kunit *test)
{
	vmem_t *vm = vt_arena(test, 16 * U, U, U);

	KUNIT_EXPECT_NOT_NULL(test, vmem_add(vm, (void *)(18 * U), U,
					     VM_SLEEP));
	KUNIT_EXPECT_NOT_NULL(test, vmem_add(vm, (void *)(17 * U), U,
					     VM_SLEEP));
	KUNIT_EXPECT_NOT_NULL(test, vmem_add(vm, (void *)(15 * U), U,
					     VM_NOSLEEP));
	VT_EXPECT_WALK(test, vm, VMEM_FREE, { 16 * U, U }, { 18 * U, U },
		       { 17 * U, U }, { 15 * U, U });
	KUNIT_EXPECT_EQ(test, vt_stats(vm).mem_total, (u64)(4 * U));
}

/*
 * [28] vmem_contains() returns true if and only if the whole range lies in one
 * span. The range need not be allocated.
 */
static void contains_is_within_one_span(struct kunit *test)
{
	vmem_t *vm = vt_arena(test, 16 * U, 4 * U, U);
	const struct vmem_stats before = vt_stats(vm);

	vmem_add(vm, (void *)(32 * U), 4 * U, VM_SLEEP);
	vt_alloc_at(vm, 17 * U, U);
	KUNIT_EXPECT_TRUE(test, vmem_contains(vm, (void *)(16 * U), 4 * U));
	KUNIT_EXPECT_TRUE(test, vmem_contains(vm, (void *)(17 * U), 1));
	KUNIT_EXPECT_TRUE(test, vmem_contains(vm, (void *)(20 * U - 1), 1));
	KUNIT_EXPECT_TRUE(test, vmem_contains(vm, (void *)(35 * U), U));
	KUNIT_EXPECT_FALSE(test, vmem_contains(vm, (void *)(20 * U), 1));
	KUNIT_EXPECT_FALSE(test, vmem_contains(vm, (void *)(16 * U - 1), 1));
	KUNIT_EXPECT_FALSE(test, vmem_contains(vm, (void *)(16 * U), 4 * U + 1));
	KUNIT_EXPECT_FALSE(test, vmem_contains(vm, (void *)(16 * U), 20 * U));
	KUNIT_EXPECT_FALSE(test, vmem_contains(vm, (void *)(16 * U), 0));
	KUNIT_EXPECT_FALSE(test, vmem_contains(vm, (void *)(17 * U), SIZE_MAX));
	KUNIT_EXPECT_FALSE(test, vmem_contains(vm, NULL, 1));
	KUNIT_EXPECT_EQ(test, vt_stats(vm).contains - before.contains, 11ULL);
}

/* [33] vmem_size() counts slack as free. */
static void size_by_type(struct kunit *test)
{
	vmem_t *vm = vt_arena(test, 16 * U, 4 * U, U);

	vt_alloc(vm, 100, VM_NOSLEEP);
	KUNIT_EXPECT_EQ(test, vmem_size(vm, VMEM_ALLOC), (size_t)100);
	KUNIT_EXPECT_EQ(test, vmem_size(vm, VMEM_FREE), 4 * U - 100);
	KUNIT_EXPECT_EQ(test, vmem_size(vm, VMEM_ALLOC | VMEM_FREE), 4 * U);
	KUNIT_EXPECT_EQ(test, vmem_size(vm, 0), (size_t)0);
}

/* If a segment structure has 64 bytes, it is aligned to 64 bytes. */
static void segment_structures_are_cache_aligned(struct kunit *test)
{
	vmem_t *vm = vt_arena(test, 16 * U, 64 * U, U);
	struct vmem_seg *seg;
	unsigned int i;

	if (sizeof(*seg) != 64)
		kunit_skip(test, "a segment structure has %zu bytes",
			   sizeof(*seg));
	for (i = 0; i < 64; i++)
		vt_alloc(vm, U, VM_NOSLEEP);
	for (seg = vmem_segmap_first(&vm->segmap);
	     !vmem_segmap_is_end(&vm->segmap, seg); seg = vmem_seg_next(seg))
		KUNIT_ASSERT_EQ(test, (unsigned long)seg % 64, 0UL);
}

static struct kunit_case vmem_segment_cases[] = {
	KUNIT_CASE(neighbours_coalesce_in_every_order),
	KUNIT_CASE(free_merges_with_both_sides),
	KUNIT_CASE(touching_spans_stay_apart),
	KUNIT_CASE(list_order_is_order_of_arrival),
	KUNIT_CASE(allocations_are_not_merged),
	KUNIT_CASE(holes_coalesce),
	KUNIT_CASE(added_span_may_touch_others),
	KUNIT_CASE(contains_is_within_one_span),
	KUNIT_CASE(size_by_type),
	KUNIT_CASE(segment_structures_are_cache_aligned),
	{}
};

static struct kunit_suite vmem_segment_suite = {
	.name = "vmem_segment",
	.init = vt_init,
	.exit = vt_exit,
	.test_cases = vmem_segment_cases,
};

kunit_test_suite(vmem_segment_suite);

MODULE_DESCRIPTION("KUnit: segments and spans of vmem");
MODULE_LICENSE("GPL");
