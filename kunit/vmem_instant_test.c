// SPDX-License-Identifier: GPL-2.0
/* Instant fit: the choice of the segment and of its end. */
#include "vmem_test.h"

/* [4] Every address is a multiple of the quantum, for all sizes. */
static void addresses_are_multiples_of_quantum(struct kunit *test)
{
	vmem_t *vm = vt_arena(test, 16 * U, 16 * U, U);

	KUNIT_EXPECT_EQ(test, vt_alloc(vm, 1, VM_NOSLEEP), 16 * U);
	KUNIT_EXPECT_EQ(test, vt_alloc(vm, U - 1, VM_NOSLEEP), 17 * U);
	KUNIT_EXPECT_EQ(test, vt_alloc(vm, U + 1, VM_NOSLEEP), 18 * U);
	KUNIT_EXPECT_EQ(test, vt_alloc(vm, 2 * U, VM_NOSLEEP), 20 * U);
	KUNIT_EXPECT_EQ(test, vt_alloc(vm, 1, VM_NOSLEEP), 22 * U);
}

/*
 * [5] An allocation occupies its size rounded up to the quantum. The segment,
 * the statistics and vmem_free() use the requested size.
 */
static void requested_size_is_kept(struct kunit *test)
{
	vmem_t *vm = vt_arena(test, 16 * U, 4 * U, U);

	KUNIT_EXPECT_EQ(test, vt_alloc(vm, U + 1, VM_NOSLEEP), 16 * U);
	VT_EXPECT_WALK(test, vm, VMEM_ALLOC, { 16 * U, U + 1 });
	VT_EXPECT_WALK(test, vm, VMEM_FREE, { 18 * U, 2 * U });
	KUNIT_EXPECT_EQ(test, vt_stats(vm).mem_inuse, (u64)(U + 1));
	KUNIT_EXPECT_EQ(test, vmem_size(vm, VMEM_FREE), 3 * U - 1);
	vt_free(vm, 16 * U, U + 1);
	VT_EXPECT_WALK(test, vm, VMEM_FREE, { 16 * U, 4 * U });
	KUNIT_EXPECT_EQ(test, vt_stats(vm).free, 1ULL);
}

/*
 * [15] A request whose size is not a power of two takes a segment of the
 * guaranteed class, where every segment is large enough.
 */
static void odd_size_takes_class_above(struct kunit *test)
{
	vmem_t *vm = vt_arena(test, 16 * U, 16 * U, U);
	u64 search;

	VT_HOLES(test, vm, { 24 * U, 4 * U }, { 17 * U, 3 * U });
	search = vt_stats(vm).search;
	KUNIT_EXPECT_EQ(test, vt_alloc(vm, 3 * U, VM_NOSLEEP), 24 * U);
	KUNIT_EXPECT_EQ(test, vt_stats(vm).search - search, 0ULL);
}

/*
 * [15] A request whose size is a power of two tries the class of this size
 * before higher classes.
 */
static void power_of_two_takes_own_class(struct kunit *test)
{
	vmem_t *vm = vt_arena(test, 16 * U, 16 * U, U);

	VT_HOLES(test, vm, { 17 * U, 3 * U }, { 24 * U, 4 * U });
	KUNIT_EXPECT_EQ(test, vt_alloc(vm, 2 * U, VM_NOSLEEP), 17 * U);
	VT_EXPECT_WALK(test, vm, VMEM_FREE, { 19 * U, U }, { 24 * U, 4 * U });
}

/* [15] The search skips any number of empty classes. */
static void empty_classes_are_skipped(struct kunit *test)
{
	vmem_t *vm = vt_arena(test, 16 * U, 4096 * U, U);
	u64 search;

	VT_HOLES(test, vm, { 20 * U, 2048 * U }, { 2100 * U, 512 * U });
	search = vt_stats(vm).search;
	KUNIT_EXPECT_EQ(test, vt_alloc(vm, U, VM_NOSLEEP), 2100 * U);
	KUNIT_EXPECT_EQ(test, vt_alloc(vm, 512 * U, VM_NOSLEEP), 20 * U);
	KUNIT_EXPECT_EQ(test, vt_stats(vm).search - search, 0ULL);
}

/* [15] The free list of a class is last in, first out. */
static void classes_are_lifo(struct kunit *test)
{
	vmem_t *vm = vt_arena(test, 16 * U, 32 * U, U);

	VT_HOLES(test, vm, { 30 * U, 4 * U }, { 18 * U, 4 * U },
		 { 24 * U, 4 * U });
	KUNIT_EXPECT_EQ(test, vt_alloc(vm, 4 * U, VM_NOSLEEP), 24 * U);
	KUNIT_EXPECT_EQ(test, vt_alloc(vm, 4 * U, VM_NOSLEEP), 18 * U);
	KUNIT_EXPECT_EQ(test, vt_alloc(vm, 4 * U, VM_NOSLEEP), 30 * U);
	KUNIT_EXPECT_EQ(test, vt_alloc(vm, 4 * U, VM_NOSLEEP), 0UL);
}

/*
 * [15] The right remainder is inserted into its class first, then the left
 * remainder.
 */
static void right_remainder_is_inserted_first(struct kunit *test)
{
	vmem_t *vm = vt_arena(test, 16 * U, 12 * U, U);

	/*
	 * 12 units are split into 4 + 4 + 4. Both remainders enter a lower
	 * class.
	 */
	KUNIT_ASSERT_EQ(test, vt_alloc_at(vm, 20 * U, 4 * U), 20 * U);
	KUNIT_EXPECT_EQ(test, vt_alloc(vm, 4 * U, VM_NOSLEEP), 16 * U);
	KUNIT_EXPECT_EQ(test, vt_alloc(vm, 4 * U, VM_NOSLEEP), 24 * U);
}

/* [15] A segment keeps its place in the class if its lower end is cut off. */
static void segment_cut_from_below_keeps_place(struct kunit *test)
{
	vmem_t *vm = vt_arena(test, 16 * U, 64 * U, U);

	VT_HOLES(test, vm, { 17 * U, 14 * U }, { 40 * U, 14 * U });
	/*
	 * The segment at 40 units is first in the class. The segment at 17
	 * units shrinks and stays second.
	 */
	KUNIT_ASSERT_EQ(test, vt_alloc_at(vm, 17 * U, U), 17 * U);
	KUNIT_EXPECT_EQ(test, vt_alloc(vm, 8 * U, VM_NOSLEEP), 40 * U);
	KUNIT_EXPECT_EQ(test, vt_alloc(vm, 8 * U, VM_NOSLEEP), 18 * U);
}

/* [15] A segment keeps its place in the class if its upper end is cut off. */
static void segment_cut_from_above_keeps_place(struct kunit *test)
{
	vmem_t *vm = vt_arena(test, 16 * U, 64 * U, U);

	VT_HOLES(test, vm, { 17 * U, 14 * U }, { 40 * U, 14 * U });
	KUNIT_ASSERT_EQ(test, vt_alloc_at(vm, 30 * U, U), 30 * U);
	KUNIT_EXPECT_EQ(test, vt_alloc(vm, 8 * U, VM_NOSLEEP), 40 * U);
	KUNIT_EXPECT_EQ(test, vt_alloc(vm, 8 * U, VM_NOSLEEP), 17 * U);
}

/*
 * [15] A segment that shrinks into another class becomes the first of that
 * class.
 */
static void shrunk_segment_is_first_in_its_new_class(struct kunit *test)
{
	vmem_t *vm = vt_arena(test, 16 * U, 64 * U, U);

	VT_HOLES(test, vm, { 40 * U, 8 * U }, { 17 * U, 7 * U });
	KUNIT_ASSERT_EQ(test, vt_alloc_at(vm, 40 * U, U), 40 * U);
	KUNIT_EXPECT_EQ(test, vt_alloc(vm, 4 * U, VM_NOSLEEP), 41 * U);
	KUNIT_EXPECT_EQ(test, vt_alloc(vm, 4 * U, VM_NOSLEEP), 17 * U);
}

/*
 * [15] After a cut from the middle, the remainder in the same class keeps its
 * place.
 */
static void middle_cut_remainder_keeps_place(struct kunit *test)
{
	vmem_t *vm = vt_arena(test, 16 * U, 128 * U, U);

	VT_HOLES(test, vm, { 20 * U, 30 * U }, { 60 * U, 30 * U },
		 { 100 * U, 20 * U });
	/*
	 * The first cut leaves the right remainder in the class. The second cut
	 * leaves the left remainder in the class. The segment that was freed
	 * last is first.
	 */
	KUNIT_ASSERT_EQ(test, vt_alloc_at(vm, 24 * U, 2 * U), 24 * U);
	KUNIT_ASSERT_EQ(test, vt_alloc_at(vm, 84 * U, 2 * U), 84 * U);
	VT_EXPECT_WALK(test, vm, VMEM_FREE, { 20 * U, 4 * U },
		       { 26 * U, 24 * U }, { 60 * U, 24 * U },
		       { 86 * U, 4 * U }, { 100 * U, 20 * U });
	KUNIT_EXPECT_EQ(test, vt_alloc(vm, 16 * U, VM_NOSLEEP), 100 * U);
	KUNIT_EXPECT_EQ(test, vt_alloc(vm, 16 * U, VM_NOSLEEP), 60 * U);
	KUNIT_EXPECT_EQ(test, vt_alloc(vm, 16 * U, VM_NOSLEEP), 26 * U);
}

/*
 * [19] VM_ENDALLOC takes the upper end of the segment, rounded down to the
 * quantum.
 */
static void endalloc_takes_the_upper_end(struct kunit *test)
{
	vmem_t *vm = vt_arena(test, 16 * U, 16 * U, U);

	KUNIT_EXPECT_EQ(test, vt_alloc(vm, U, VM_NOSLEEP | VM_ENDALLOC),
			31 * U);
	KUNIT_EXPECT_EQ(test, vt_alloc(vm, U + 1, VM_NOSLEEP | VM_ENDALLOC),
			29 * U);
	KUNIT_EXPECT_EQ(test, vt_alloc(vm, 1, VM_NOSLEEP | VM_ENDALLOC),
			28 * U);
	VT_EXPECT_WALK(test, vm, VMEM_FREE, { 16 * U, 12 * U });
	KUNIT_EXPECT_EQ(test, vt_alloc(vm, 12 * U, VM_NOSLEEP | VM_ENDALLOC),
			16 * U);
}

/* [15] A request with VM_ENDALLOC chooses the same segment as one without. */
static void endalloc_chooses_the_same_segment(struct kunit *test)
{
	vmem_t *vm = vt_arena(test, 16 * U, 32 * U, U);

	VT_HOLES(test, vm, { 40 * U, 4 * U }, { 17 * U, 4 * U });
	KUNIT_EXPECT_EQ(test, vt_alloc(vm, U, VM_NOSLEEP | VM_ENDALLOC),
			20 * U);
}

/* [15] Reserved flags are accepted and change nothing. */
static void reserved_flags_have_no_effect(struct kunit *test)
{
	vmem_t *vm = vt_arena(test, 16 * U, 8 * U, U);

	KUNIT_EXPECT_EQ(test, vt_alloc(vm, U, VM_NOSLEEP | VM_MEMLOAD),
			16 * U);
	KUNIT_EXPECT_EQ(test, vt_alloc(vm, U, VM_NOSLEEP | VM_NORELOC),
			17 * U);
	KUNIT_EXPECT_EQ(test, vt_alloc(vm, U, VM_NOSLEEP | 0xf8), 18 * U);
	KUNIT_EXPECT_EQ(test, vt_stats(vm).misuse, 0ULL);
}

/*
 * [34] If the guaranteed class and all higher classes are empty, the possible
 * class is searched.
 */
static void possible_class_is_searched_last(struct kunit *test)
{
	vmem_t *vm = vt_arena(test, 16 * U, 16 * U, U);
	u64 search;

	VT_HOLES(test, vm, { 20 * U, 3 * U }, { 17 * U, 2 * U });
	search = vt_stats(vm).search;
	/*
	 * Both segments are in the class of 2 and 3 units. Only the segment at
	 * 20 units fits.
	 */
	KUNIT_EXPECT_EQ(test, vt_alloc(vm, 3 * U, VM_NOSLEEP), 20 * U);
	KUNIT_EXPECT_EQ(test, vt_stats(vm).search - search, 1ULL);
	KUNIT_EXPECT_EQ(test, vt_stats(vm).fail, 0ULL);
}

static struct kunit_case vmem_instant_cases[] = {
	KUNIT_CASE(addresses_are_multiples_of_quantum),
	KUNIT_CASE(requested_size_is_kept),
	KUNIT_CASE(odd_size_takes_class_above),
	KUNIT_CASE(power_of_two_takes_own_class),
	KUNIT_CASE(empty_classes_are_skipped),
	KUNIT_CASE(classes_are_lifo),
	KUNIT_CASE(right_remainder_is_inserted_first),
	KUNIT_CASE(segment_cut_from_below_keeps_place),
	KUNIT_CASE(segment_cut_from_above_keeps_place),
	KUNIT_CASE(shrunk_segment_is_first_in_its_new_class),
	KUNIT_CASE(middle_cut_remainder_keeps_place),
	KUNIT_CASE(endalloc_takes_the_upper_end),
	KUNIT_CASE(endalloc_chooses_the_same_segment),
	KUNIT_CASE(reserved_flags_have_no_effect),
	KUNIT_CASE(possible_class_is_searched_last),
	{}
};

static struct kunit_suite vmem_instant_suite = {
	.name = "vmem_instant",
	.init = vt_init,
	.exit = vt_exit,
	.test_cases = vmem_instant_cases,
};

kunit_test_suite(vmem_instant_suite);

MODULE_DESCRIPTION("KUnit: instant fit of vmem");
MODULE_LICENSE("GPL");
