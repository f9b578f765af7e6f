// SPDX-License-Identifier: GPL-2.0
/*
 * Next fit, and how the rotor moves or stays when ranges are freed, spans are
 * released and requests use other policies.
 */
#include "vmem_test_import.h"

#define NEXTFIT	(VM_NOSLEEP | VM_NEXTFIT)

/*
 * [26] Requests for single identifiers return rising identifiers until the
 * rotor wraps, even if each identifier is freed at once.
 */
static void identifiers_rise_until_wrap(struct kunit *test)
{
	vmem_t *vm = vt_ids(test, 100);
	unsigned int round, i;

	for (round = 0; round < 3; round++) {
		for (i = 1; i <= 100; i++) {
			KUNIT_EXPECT_EQ(test, vt_alloc(vm, 1, NEXTFIT),
					(unsigned long)i);
			vt_free(vm, i, 1);
		}
	}
}

/*
 * [26] A freed segment at a lower address than the rotor is not reused until
 * the rotor wraps.
 */
static void free_before_the_rotor_is_reused_after_wrap(struct kunit *test)
{
	vmem_t *vm = vt_ids(test, 8);
	unsigned int i;

	for (i = 1; i <= 5; i++)
		KUNIT_EXPECT_EQ(test, vt_alloc(vm, 1, NEXTFIT),
				(unsigned long)i);
	vt_free(vm, 2, 1);
	vt_free(vm, 4, 1);
	for (i = 6; i <= 8; i++)
		KUNIT_EXPECT_EQ(test, vt_alloc(vm, 1, NEXTFIT),
				(unsigned long)i);
	KUNIT_EXPECT_EQ(test, vt_alloc(vm, 1, NEXTFIT), 2UL);
	KUNIT_EXPECT_EQ(test, vt_alloc(vm, 1, NEXTFIT), 4UL);
	KUNIT_EXPECT_EQ(test, vt_alloc(vm, 1, NEXTFIT), 0UL);
}

/* [27] A merge of free segments around the rotor does not move the rotor. */
static void coalescing_leaves_the_rotor(struct kunit *test)
{
	vmem_t *vm = vt_ids(test, 8);

	vt_alloc(vm, 1, NEXTFIT);
	vt_alloc(vm, 1, NEXTFIT);
	vt_alloc(vm, 1, NEXTFIT);
	/* The freed integer 3 merges with 4..8. The rotor is at 4. */
	vt_free(vm, 3, 1);
	VT_EXPECT_WALK(test, vm, VMEM_FREE, { 3, 6 });
	KUNIT_EXPECT_EQ(test, vt_alloc(vm, 1, NEXTFIT), 4UL);
	/* All segments merge into one. The rotor is at 5. */
	vt_free(vm, 1, 1);
	vt_free(vm, 2, 1);
	vt_free(vm, 4, 1);
	VT_EXPECT_WALK(test, vm, VMEM_FREE, { 1, 8 });
	KUNIT_EXPECT_EQ(test, vt_alloc(vm, 1, NEXTFIT), 5UL);
}

/*
 * [27] The rotor does not move when a segment that starts at the rotor or at a
 * higher address is freed and merges.
 */
static void coalescing_with_the_next_leaves_the_rotor(struct kunit *test)
{
	vmem_t *vm = vt_ids(test, 8);

	KUNIT_ASSERT_EQ(test, vt_alloc_at(vm, 4, 2), 4UL);
	KUNIT_EXPECT_EQ(test, vt_alloc(vm, 2, NEXTFIT), 1UL);
	vt_xfree(vm, 4, 2);
	VT_EXPECT_WALK(test, vm, VMEM_FREE, { 3, 6 });
	KUNIT_EXPECT_EQ(test, vt_alloc(vm, 2, NEXTFIT), 3UL);
	/*
	 * The rotor is at 5. Free 3..4 below the rotor, then 5..8 at the rotor.
	 */
	KUNIT_ASSERT_EQ(test, vt_alloc_at(vm, 5, 4), 5UL);
	vt_free(vm, 3, 2);
	vt_xfree(vm, 5, 4);
	VT_EXPECT_WALK(test, vm, VMEM_FREE, { 3, 6 });
	KUNIT_EXPECT_EQ(test, vt_alloc(vm, 1, NEXTFIT), 5UL);
}

/*
 * [26] The part of the rotor's segment at addresses below the rotor is searched
 * last.
 */
static void rest_of_the_rotors_segment_comes_last(struct kunit *test)
{
	vmem_t *vm = vt_ids(test, 16);
	unsigned int i;

	for (i = 1; i <= 10; i++)
		vt_alloc(vm, 1, NEXTFIT);
	vt_drain(test, vm);
	/* The rotor is at 11. Seven integers fit in 1..10, not in 11..16. */
	KUNIT_EXPECT_EQ(test, vt_alloc(vm, 7, NEXTFIT), 1UL);
	/* The rotor has moved to 8. */
	KUNIT_EXPECT_EQ(test, vt_alloc(vm, 1, NEXTFIT), 8UL);
}

/*
 * [26] [34] If no other segment is large enough, the whole segment around the
 * rotor serves the request.
 */
static void whole_segment_around_the_rotor_can_serve(struct kunit *test)
{
	vmem_t *vm = vt_ids(test, 16);

	vt_free(vm, vt_alloc(vm, 8, NEXTFIT), 8);
	KUNIT_EXPECT_EQ(test, vt_alloc(vm, 16, NEXTFIT), 1UL);
	vt_free(vm, 1, 16);
	vt_free(vm, vt_alloc(vm, 5, NEXTFIT), 5);
	KUNIT_EXPECT_EQ(test, vt_alloc(vm, 13, NEXTFIT), 1UL);
}

/*
 * [26] The search visits the spans in the order of their addition, not by
 * address, and then wraps.
 */
static void search_follows_list_order(struct kunit *test)
{
	vmem_t *vm = vt_arena(test, 100, 4, 1);
	static const u8 want[] = {
		100, 101, 102, 103, 20, 21, 22, 23, 60, 61, 62, 63, 100, 101,
	};
	unsigned int i;

	vmem_add(vm, (void *)20, 4, VM_SLEEP);
	vmem_add(vm, (void *)60, 4, VM_SLEEP);
	for (i = 0; i < ARRAY_SIZE(want); i++) {
		KUNIT_EXPECT_EQ(test, vt_alloc(vm, 1, NEXTFIT),
				(unsigned long)want[i]);
		vt_free(vm, want[i], 1);
	}
}

/*
 * [26] The search skips segments that are too small, and the rotor moves past
 * them.
 */
static void too_small_segments_are_skipped(struct kunit *test)
{
	vmem_t *vm = vt_ids(test, 16);
	u64 search;

	KUNIT_ASSERT_EQ(test, vt_alloc_at(vm, 3, 1), 3UL);
	KUNIT_ASSERT_EQ(test, vt_alloc_at(vm, 6, 1), 6UL);
	search = vt_stats(vm).search;
	KUNIT_EXPECT_EQ(test, vt_alloc(vm, 3, NEXTFIT), 7UL);
	/* The search has looked at 1..2 and 4..5, which are too small. */
	KUNIT_EXPECT_EQ(test, vt_stats(vm).search - search, 2ULL);
	KUNIT_EXPECT_EQ(test, vt_alloc(vm, 1, NEXTFIT), 10UL);
}

/* [26] Other policies do not move the rotor. */
static void other_policies_leave_the_rotor(struct kunit *test)
{
	vmem_t *vm = vt_ids(test, 32);

	KUNIT_EXPECT_EQ(test, vt_alloc(vm, 4, NEXTFIT), 1UL);
	KUNIT_EXPECT_EQ(test, vt_alloc(vm, 1, VM_NOSLEEP), 5UL);
	KUNIT_EXPECT_EQ(test, vt_alloc(vm, 1, VM_NOSLEEP | VM_ENDALLOC), 32UL);
	KUNIT_EXPECT_EQ(test, vt_alloc_at(vm, 20, 1), 20UL);
	vt_free(vm, 5, 1);
	KUNIT_EXPECT_EQ(test, vt_alloc(vm, 1, NEXTFIT), 5UL);
}

/* [26] VM_NEXTFIT overrides the other policies and VM_ENDALLOC. */
static void nextfit_wins(struct kunit *test)
{
	vmem_t *vm = vt_ids(test, 32);

	VT_HOLES(test, vm, { 3, 8 }, { 20, 2 });
	KUNIT_EXPECT_EQ(test, vt_alloc(vm, 2, NEXTFIT | VM_BESTFIT |
				       VM_FIRSTFIT | VM_ENDALLOC), 3UL);
	KUNIT_EXPECT_EQ(test, vt_alloc(vm, 2, NEXTFIT | VM_ENDALLOC), 5UL);
}

/* [26] vmem_xalloc() ignores VM_NEXTFIT and does not move the rotor. */
static void xalloc_ignores_nextfit(struct kunit *test)
{
	vmem_t *vm = vt_ids(test, 32);
	unsigned int i;

	KUNIT_EXPECT_EQ(test, vt_alloc(vm, 4, NEXTFIT), 1UL);
	vt_free(vm, 1, 4);
	for (i = 1; i <= 2; i++)
		KUNIT_EXPECT_PTR_EQ(test, vmem_xalloc(vm, 1, 0, 0, 0, NULL,
						      NULL, NEXTFIT),
				    (void *)(unsigned long)i);
	KUNIT_EXPECT_EQ(test, vt_alloc(vm, 1, NEXTFIT), 5UL);
}

/*
 * [26] The rotor moves by the size rounded up to the quantum, not by the size
 * requested.
 */
static void rotor_moves_to_the_end_of_the_rounded_size(struct kunit *test)
{
	vmem_t *vm = vt_arena(test, 16 * U, 16 * U, U);

	KUNIT_EXPECT_EQ(test, vt_alloc(vm, 1, NEXTFIT), 16 * U);
	KUNIT_EXPECT_EQ(test, vt_alloc(vm, U + 1, NEXTFIT), 17 * U);
	KUNIT_EXPECT_EQ(test, vt_alloc(vm, 1, NEXTFIT), 19 * U);
}

/* [26] The release of the rotor's span moves the rotor to the next segment. */
static void release_of_a_span_moves_the_rotor_on(struct kunit *test)
{
	vmem_t *vm = vt_ximporter(test, 1, vt_release, 1, 0);
	unsigned long addr;

	vmem_add(vm, (void *)1, 8, VM_SLEEP);
	KUNIT_EXPECT_EQ(test, vt_alloc(vm, 3, NEXTFIT), 1UL);
	/* Five integers are free. A request for six imports ten. */
	vt_imp.next = 100;
	vt_imp.raise = 4;
	addr = vt_alloc(vm, 6, NEXTFIT);
	KUNIT_EXPECT_EQ(test, addr, 100UL);
	/* The rotor is at the end of the allocation from the imported span. */
	KUNIT_EXPECT_EQ(test, vt_alloc(vm, 1, NEXTFIT), 106UL);
	vt_free(vm, 106, 1);
	vt_free(vm, 1, 3);
	/* [3] The span is released although the rotor is in it. */
	vt_free(vm, addr, 6);
	KUNIT_EXPECT_EQ(test, vt_imp.releases, 1U);
	KUNIT_EXPECT_EQ(test, vt_imp.released.start, 100UL);
	KUNIT_EXPECT_EQ(test, vt_imp.released.size, (size_t)10);
	VT_EXPECT_WALK(test, vm, VMEM_ALLOC | VMEM_FREE, { 1, 8 });
	/* The rotor has wrapped to the start of the list. */
	KUNIT_EXPECT_EQ(test, vt_alloc(vm, 1, NEXTFIT), 1UL);
}

/* [3] The only span of an arena is released while the rotor is in it. */
static void last_span_is_released_under_the_rotor(struct kunit *test)
{
	vmem_t *vm = vt_ximporter(test, 1, vt_release, 1, 0);
	unsigned int i;

	for (i = 1; i <= 3; i++) {
		vt_imp.next = 50 * i;
		vt_imp.raise = 9;
		KUNIT_EXPECT_EQ(test, vt_alloc(vm, 1, NEXTFIT), 50UL * i);
		vt_free(vm, 50 * i, 1);
		KUNIT_EXPECT_EQ(test, vt_imp.releases, i);
		KUNIT_EXPECT_EQ(test, vt_count(vm, VMEM_ALLOC | VMEM_FREE),
				0U);
	}
}

/*
 * [26] The rotor stays valid while the segments around it are allocated and
 * freed.
 */
static void rotor_survives_reuse_around_it(struct kunit *test)
{
	vmem_t *vm = vt_ids(test, 16);
	unsigned int i;

	for (i = 1; i <= 16; i += 2) {
		KUNIT_EXPECT_EQ(test, vt_alloc(vm, 1, NEXTFIT),
				(unsigned long)i);
		/* Allocate and free the segment at the rotor. */
		KUNIT_EXPECT_EQ(test, vt_alloc_at(vm, i + 1, 1), i + 1UL);
		vt_xfree(vm, i + 1, 1);
		KUNIT_EXPECT_EQ(test, vt_alloc_at(vm, i, 1), 0UL);
		KUNIT_EXPECT_EQ(test, vt_alloc(vm, 1, NEXTFIT), i + 1UL);
	}
	KUNIT_EXPECT_EQ(test, vt_alloc(vm, 1, NEXTFIT), 0UL);
}

static struct kunit_case vmem_nextfit_cases[] = {
	KUNIT_CASE(identifiers_rise_until_wrap),
	KUNIT_CASE(free_before_the_rotor_is_reused_after_wrap),
	KUNIT_CASE(coalescing_leaves_the_rotor),
	KUNIT_CASE(coalescing_with_the_next_leaves_the_rotor),
	KUNIT_CASE(rest_of_the_rotors_segment_comes_last),
	KUNIT_CASE(whole_segment_around_the_rotor_can_serve),
	KUNIT_CASE(search_follows_list_order),
	KUNIT_CASE(too_small_segments_are_skipped),
	KUNIT_CASE(other_policies_leave_the_rotor),
	KUNIT_CASE(nextfit_wins),
	KUNIT_CASE(xalloc_ignores_nextfit),
	KUNIT_CASE(rotor_moves_to_the_end_of_the_rounded_size),
	KUNIT_CASE(release_of_a_span_moves_the_rotor_on),
	KUNIT_CASE(last_span_is_released_under_the_rotor),
	KUNIT_CASE(rotor_survives_reuse_around_it),
	{}
};

static struct kunit_suite vmem_nextfit_suite = {
	.name = "vmem_nextfit",
	.init = vt_import_init,
	.exit = vt_exit,
	.test_cases = vmem_nextfit_cases,
};

kunit_test_suite(vmem_nextfit_suite);

MODULE_DESCRIPTION("KUnit: next fit of vmem");
MODULE_LICENSE("GPL");
