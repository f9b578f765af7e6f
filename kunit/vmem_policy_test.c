// SPDX-License-Identifier: GPL-2.0
/*
 * The segment that a search selects: best fit, first fit, and no fit flag.
 *
 * Free lists are last in, first out: a search of a class begins with the hole
 * of this class that VT_HOLES() has freed last.
 */
#include "vmem_test.h"

#define XA(vm, size, vmflag)						\
	((unsigned long)vmem_xalloc(vm, size, 0, 0, 0, NULL, NULL,	\
				    VM_NOSLEEP | (vmflag)))

/*
 * [18] A search without a fit flag starts in the guaranteed class of the size.
 */
static void search_starts_in_guaranteed_class(struct kunit *test)
{
	vmem_t *vm = vt_arena(test, 16 * U, 32 * U, U);

	VT_HOLES(test, vm, { 30 * U, 4 * U }, { 18 * U, 3 * U });
	KUNIT_EXPECT_EQ(test, XA(vm, 3 * U, 0), 30 * U);
}

/* [18] FIRSTFIT starts in the possible class. */
static void firstfit_starts_in_possible_class(struct kunit *test)
{
	vmem_t *vm = vt_arena(test, 16 * U, 32 * U, U);

	VT_HOLES(test, vm, { 18 * U, 3 * U }, { 30 * U, 4 * U });
	KUNIT_EXPECT_EQ(test, vt_alloc(vm, 3 * U, VM_NOSLEEP | VM_FIRSTFIT),
			18 * U);
	vt_xfree(vm, 18 * U, 3 * U);
	KUNIT_EXPECT_EQ(test, XA(vm, 3 * U, VM_FIRSTFIT), 18 * U);
}

/* [18] In a class, FIRSTFIT takes the first segment that is large enough. */
static void firstfit_takes_first_of_class(struct kunit *test)
{
	vmem_t *vm = vt_arena(test, 16 * U, 48 * U, U);
	u64 search;

	VT_HOLES(test, vm, { 17 * U, 5 * U }, { 26 * U, 7 * U },
		 { 36 * U, 4 * U });
	search = vt_stats(vm).search;
	KUNIT_EXPECT_EQ(test, vt_alloc(vm, 5 * U, VM_NOSLEEP | VM_FIRSTFIT),
			26 * U);
	KUNIT_EXPECT_EQ(test, vt_stats(vm).search - search, 1ULL);
}

/*
 * [18] FIRSTFIT searches the next class if no segment of the possible class is
 * large enough.
 */
static void firstfit_goes_on_to_next_class(struct kunit *test)
{
	vmem_t *vm = vt_arena(test, 16 * U, 48 * U, U);

	VT_HOLES(test, vm, { 17 * U, 9 * U }, { 30 * U, 2 * U },
		 { 36 * U, 6 * U });
	KUNIT_EXPECT_EQ(test, vt_alloc(vm, 3 * U, VM_NOSLEEP | VM_FIRSTFIT),
			36 * U);
}

/* [18] BESTFIT takes the smallest of the segments that are large enough. */
static void bestfit_takes_smallest(struct kunit *test)
{
	vmem_t *vm = vt_arena(test, 16 * U, 64 * U, U);
	u64 search;

	VT_HOLES(test, vm, { 17 * U, 14 * U }, { 34 * U, 10 * U },
		 { 48 * U, 12 * U }, { 62 * U, 8 * U });
	search = vt_stats(vm).search;
	KUNIT_EXPECT_EQ(test, vt_alloc(vm, 9 * U, VM_NOSLEEP | VM_BESTFIT),
			34 * U);
	/*
	 * No hole is an exact fit, so the search looks at all four holes. The
	 * statistic "search" does not count the first hole.
	 */
	KUNIT_EXPECT_EQ(test, vt_stats(vm).search - search, 3ULL);
	VT_EXPECT_WALK(test, vm, VMEM_FREE, { 17 * U, 14 * U }, { 43 * U, U },
		       { 48 * U, 12 * U }, { 62 * U, 8 * U });
}

/* [18] An exact fit ends the search of BESTFIT. */
static void exact_fit_ends_bestfit(struct kunit *test)
{
	vmem_t *vm = vt_arena(test, 16 * U, 64 * U, U);
	u64 search;

	VT_HOLES(test, vm, { 17 * U, 14 * U }, { 34 * U, 10 * U },
		 { 48 * U, 12 * U }, { 62 * U, 11 * U });
	search = vt_stats(vm).search;
	KUNIT_EXPECT_EQ(test, vt_alloc(vm, 12 * U, VM_NOSLEEP | VM_BESTFIT),
			48 * U);
	KUNIT_EXPECT_EQ(test, vt_stats(vm).search - search, 1ULL);
}

/*
 * [18] For BESTFIT, an exact fit is a segment of the requested size, rounded up
 * to the quantum.
 */
static void exact_fit_is_of_rounded_size(struct kunit *test)
{
	vmem_t *vm = vt_arena(test, 16 * U, 64 * U, U);

	VT_HOLES(test, vm, { 34 * U, 13 * U }, { 17 * U, 12 * U },
		 { 50 * U, 14 * U });
	KUNIT_EXPECT_EQ(test, vt_alloc(vm, 11 * U + 1,
				       VM_NOSLEEP | VM_BESTFIT), 17 * U);
	KUNIT_EXPECT_EQ(test, vt_count(vm, VMEM_FREE), 2U);
}

/* [18] BESTFIT does not search beyond the first class that has a fit. */
static void bestfit_stays_in_first_fitting_class(struct kunit *test)
{
	vmem_t *vm = vt_arena(test, 16 * U, 64 * U, U);
	u64 search;

	VT_HOLES(test, vm, { 17 * U, 2 * U }, { 24 * U, 7 * U },
		 { 34 * U, 8 * U }, { 50 * U, 6 * U });
	search = vt_stats(vm).search;
	KUNIT_EXPECT_EQ(test, vt_alloc(vm, 3 * U, VM_NOSLEEP | VM_BESTFIT),
			50 * U);
	/*
	 * The search looks at the holes at 50, 24 and perhaps 17, but not at
	 * the hole at 34.
	 */
	KUNIT_EXPECT_LE(test, vt_stats(vm).search - search, 2ULL);
}

/*
 * [18] Among the segments that can meet the constraints, BESTFIT takes the
 * smallest.
 */
static void bestfit_meets_the_constraints(struct kunit *test)
{
	vmem_t *vm = vt_arena(test, 16 * U, 64 * U, U);

	VT_HOLES(test, vm, { 17 * U, 9 * U }, { 31 * U, 11 * U },
		 { 47 * U, 10 * U }, { 60 * U, 14 * U });
	/* The holes of 11 and 14 units can hold 8 units aligned to 32. */
	KUNIT_EXPECT_EQ(test,
			(unsigned long)vmem_xalloc(vm, 8 * U, 32 * U, 0, 0,
						   NULL, NULL, VM_NOSLEEP |
						   VM_BESTFIT), 32 * U);
}

/* [18] BESTFIT overrides FIRSTFIT. */
static void bestfit_wins_over_firstfit(struct kunit *test)
{
	vmem_t *vm = vt_arena(test, 16 * U, 64 * U, U);

	VT_HOLES(test, vm, { 17 * U, 9 * U }, { 31 * U, 11 * U });
	KUNIT_EXPECT_EQ(test, vt_alloc(vm, 9 * U, VM_NOSLEEP | VM_FIRSTFIT),
			31 * U);
	vt_xfree(vm, 31 * U, 9 * U);
	KUNIT_EXPECT_EQ(test, vt_alloc(vm, 9 * U, VM_NOSLEEP | VM_BESTFIT |
				       VM_FIRSTFIT), 17 * U);
}

/* [19] ENDALLOC takes the top of the segment that the policy selects. */
static void endalloc_takes_the_top_of_the_selected_segment(struct kunit *test)
{
	vmem_t *vm = vt_arena(test, 16 * U, 64 * U, U);

	VT_HOLES(test, vm, { 17 * U, 10 * U }, { 31 * U, 11 * U });
	KUNIT_EXPECT_EQ(test, vt_alloc(vm, 9 * U, VM_NOSLEEP | VM_BESTFIT |
				       VM_ENDALLOC), 18 * U);
	KUNIT_EXPECT_EQ(test, vt_alloc(vm, 9 * U, VM_NOSLEEP | VM_FIRSTFIT |
				       VM_ENDALLOC), 33 * U);
}

/*
 * [18] If the size is a power of two, a search without a fit flag starts in the
 * class of this size.
 */
static void power_of_two_starts_in_own_class(struct kunit *test)
{
	vmem_t *vm = vt_arena(test, 16 * U, 64 * U, U);

	VT_HOLES(test, vm, { 31 * U, 11 * U }, { 17 * U, 5 * U });
	KUNIT_EXPECT_EQ(test, XA(vm, 4 * U, 0), 17 * U);
}

/*
 * [34] The possible class is searched if no higher class can serve the request.
 */
static void possible_class_is_searched_last(struct kunit *test)
{
	vmem_t *vm = vt_arena(test, 16 * U, 64 * U, U);

	/*
	 * The hole of 6 units is in a higher class but holds no aligned range.
	 */
	VT_HOLES(test, vm, { 32 * U, 3 * U }, { 17 * U, 6 * U });
	KUNIT_EXPECT_EQ(test,
			(unsigned long)vmem_xalloc(vm, 3 * U, 32 * U, 0, 0,
						   NULL, NULL, VM_NOSLEEP),
			32 * U);
	KUNIT_EXPECT_EQ(test, vt_stats(vm).fail, 0ULL);
}

/* [34] A search that finds no segment ends after the largest class. */
static void search_ends_at_the_largest_class(struct kunit *test)
{
	vmem_t *vm = vt_arena(test, 16 * U, 1UL << (BITS_PER_LONG - 1), U);

	KUNIT_EXPECT_NULL(test, vmem_xalloc(vm, U, 0, 0, 0, NULL,
					    (void *)(16 * U), VM_NOSLEEP));
	KUNIT_EXPECT_EQ(test, vt_stats(vm).fail, 1ULL);
}

static struct kunit_case vmem_policy_cases[] = {
	KUNIT_CASE(search_starts_in_guaranteed_class),
	KUNIT_CASE(firstfit_starts_in_possible_class),
	KUNIT_CASE(firstfit_takes_first_of_class),
	KUNIT_CASE(firstfit_goes_on_to_next_class),
	KUNIT_CASE(bestfit_takes_smallest),
	KUNIT_CASE(exact_fit_ends_bestfit),
	KUNIT_CASE(exact_fit_is_of_rounded_size),
	KUNIT_CASE(bestfit_stays_in_first_fitting_class),
	KUNIT_CASE(bestfit_meets_the_constraints),
	KUNIT_CASE(bestfit_wins_over_firstfit),
	KUNIT_CASE(endalloc_takes_the_top_of_the_selected_segment),
	KUNIT_CASE(power_of_two_starts_in_own_class),
	KUNIT_CASE(possible_class_is_searched_last),
	KUNIT_CASE(search_ends_at_the_largest_class),
	{}
};

static struct kunit_suite vmem_policy_suite = {
	.name = "vmem_policy",
	.init = vt_init,
	.exit = vt_exit,
	.test_cases = vmem_policy_cases,
};

kunit_test_suite(vmem_policy_suite);

MODULE_DESCRIPTION("KUnit: fit policies of vmem");
MODULE_LICENSE("GPL");
