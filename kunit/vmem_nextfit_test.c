// SPDX-License-Identifier: GPL-2.0
/*
 * Next fit: the rotor, and what frees, releases and other policies do to it.
 */
#include "vmem_test_import.h"

#define NEXT	(VM_NOSLEEP | VM_NEXTFIT)

/* [26] Single identifiers rise until the arena wraps, whatever is freed. */
static void identifiers_rise_until_wrap(struct kunit *test)
{
	vmem_t *vm = vt_ids(test, 100);
	unsigned int round, i;

	for (round = 0; round < 3; round++) {
		for (i = 1; i <= 100; i++) {
			KUNIT_EXPECT_EQ(test, vt_alloc(vm, 1, NEXT),
					(unsigned long)i);
			vt_free(vm, i, 1);
		}
	}
}

/* [26] What lies before the rotor is freed: not reused before the wrap. */
static void freed_before_rotor_waits_for_wrap(struct kunit *test)
{
	vmem_t *vm = vt_ids(test, 8);
	unsigned int i;

	for (i = 1; i <= 5; i++)
		KUNIT_EXPECT_EQ(test, vt_alloc(vm, 1, NEXT), (unsigned long)i);
	vt_free(vm, 2, 1);
	vt_free(vm, 4, 1);
	for (i = 6; i <= 8; i++)
		KUNIT_EXPECT_EQ(test, vt_alloc(vm, 1, NEXT), (unsigned long)i);
	KUNIT_EXPECT_EQ(test, vt_alloc(vm, 1, NEXT), 2UL);
	KUNIT_EXPECT_EQ(test, vt_alloc(vm, 1, NEXT), 4UL);
	KUNIT_EXPECT_EQ(test, vt_alloc(vm, 1, NEXT), 0UL);
}

/* [27] A free that coalesces around the rotor leaves its address. */
static void coalescing_leaves_the_rotor(struct kunit *test)
{
	vmem_t *vm = vt_ids(test, 8);

	vt_alloc(vm, 1, NEXT);
	vt_alloc(vm, 1, NEXT);
	vt_alloc(vm, 1, NEXT);
	/* 3 joins 4..8, in which the rotor lies at 4. */
	vt_free(vm, 3, 1);
	VT_EXPECT_WALK(test, vm, VMEM_FREE, { 3, 6 });
	KUNIT_EXPECT_EQ(test, vt_alloc(vm, 1, NEXT), 4UL);
	/* All join: one free segment, the rotor at 5. */
	vt_free(vm, 1, 1);
	vt_free(vm, 2, 1);
	vt_free(vm, 4, 1);
	VT_EXPECT_WALK(test, vm, VMEM_FREE, { 1, 8 });
	KUNIT_EXPECT_EQ(test, vt_alloc(vm, 1, NEXT), 5UL);
}

/* [27] The segment after the rotor is freed and joins: still the address. */
static void coalescing_from_behind_leaves_the_rotor(struct kunit *test)
{
	vmem_t *vm = vt_ids(test, 8);

	KUNIT_ASSERT_EQ(test, vt_take(vm, 4, 2), 4UL);
	KUNIT_EXPECT_EQ(test, vt_alloc(vm, 2, NEXT), 1UL);
	vt_xfree(vm, 4, 2);
	VT_EXPECT_WALK(test, vm, VMEM_FREE, { 3, 6 });
	KUNIT_EXPECT_EQ(test, vt_alloc(vm, 2, NEXT), 3UL);
	/* The rotor is at 5: 3 joins from before, 5 from behind. */
	KUNIT_ASSERT_EQ(test, vt_take(vm, 5, 4), 5UL);
	vt_free(vm, 3, 2);
	vt_xfree(vm, 5, 4);
	VT_EXPECT_WALK(test, vm, VMEM_FREE, { 3, 6 });
	KUNIT_EXPECT_EQ(test, vt_alloc(vm, 1, NEXT), 5UL);
}

/* [26] The rotor's own segment before the rotor comes last of all. */
static void rest_of_the_rotors_segment_comes_last(struct kunit *test)
{
	vmem_t *vm = vt_ids(test, 16);
	unsigned int i;

	for (i = 1; i <= 10; i++)
		vt_alloc(vm, 1, NEXT);
	vt_drain(test, vm);
	/* Rotor at 11: six left behind it, ten before it. */
	KUNIT_EXPECT_EQ(test, vt_alloc(vm, 7, NEXT), 1UL);
	/* The rotor has moved to 8. */
	KUNIT_EXPECT_EQ(test, vt_alloc(vm, 1, NEXT), 8UL);
}

/* [26] The rest may reach beyond the rotor, [34]: all of it can be had. */
static void whole_segment_around_the_rotor_is_had(struct kunit *test)
{
	vmem_t *vm = vt_ids(test, 16);

	vt_free(vm, vt_alloc(vm, 8, NEXT), 8);
	KUNIT_EXPECT_EQ(test, vt_alloc(vm, 16, NEXT), 1UL);
	vt_free(vm, 1, 16);
	vt_free(vm, vt_alloc(vm, 5, NEXT), 5);
	KUNIT_EXPECT_EQ(test, vt_alloc(vm, 13, NEXT), 1UL);
}

/* [26] A turn follows list order, not the addresses, and wraps. */
static void a_turn_follows_list_order(struct kunit *test)
{
	vmem_t *vm = vt_arena(test, 100, 4, 1);
	static const u8 want[] = {
		100, 101, 102, 103, 20, 21, 22, 23, 60, 61, 62, 63, 100, 101,
	};
	unsigned int i;

	vmem_add(vm, (void *)20, 4, VM_SLEEP);
	vmem_add(vm, (void *)60, 4, VM_SLEEP);
	for (i = 0; i < ARRAY_SIZE(want); i++) {
		KUNIT_EXPECT_EQ(test, vt_alloc(vm, 1, NEXT),
				(unsigned long)want[i]);
		vt_free(vm, want[i], 1);
	}
}

/* [26] Room too small is stepped over; the rotor does not come back for it. */
static void too_small_room_is_stepped_over(struct kunit *test)
{
	vmem_t *vm = vt_ids(test, 16);
	u64 search;

	KUNIT_ASSERT_EQ(test, vt_take(vm, 3, 1), 3UL);
	KUNIT_ASSERT_EQ(test, vt_take(vm, 6, 1), 6UL);
	search = vt_stats(vm).search;
	KUNIT_EXPECT_EQ(test, vt_alloc(vm, 3, NEXT), 7UL);
	/* 1..2 and 4..5 were looked at in vain. */
	KUNIT_EXPECT_EQ(test, vt_stats(vm).search - search, 2ULL);
	KUNIT_EXPECT_EQ(test, vt_alloc(vm, 1, NEXT), 10UL);
}

/* [26] Other policies do not move the rotor. */
static void other_policies_leave_the_rotor(struct kunit *test)
{
	vmem_t *vm = vt_ids(test, 32);

	KUNIT_EXPECT_EQ(test, vt_alloc(vm, 4, NEXT), 1UL);
	KUNIT_EXPECT_EQ(test, vt_alloc(vm, 1, VM_NOSLEEP), 5UL);
	KUNIT_EXPECT_EQ(test, vt_alloc(vm, 1, VM_NOSLEEP | VM_ENDALLOC), 32UL);
	KUNIT_EXPECT_EQ(test, vt_take(vm, 20, 1), 20UL);
	vt_free(vm, 5, 1);
	KUNIT_EXPECT_EQ(test, vt_alloc(vm, 1, NEXT), 5UL);
}

/* [26] NEXTFIT wins over the other policies, and ENDALLOC has no effect. */
static void nextfit_wins(struct kunit *test)
{
	vmem_t *vm = vt_ids(test, 32);

	VT_HOLES(test, vm, { 3, 8 }, { 20, 2 });
	KUNIT_EXPECT_EQ(test, vt_alloc(vm, 2, NEXT | VM_BESTFIT |
				       VM_FIRSTFIT | VM_ENDALLOC), 3UL);
	KUNIT_EXPECT_EQ(test, vt_alloc(vm, 2, NEXT | VM_ENDALLOC), 5UL);
}

/* [26] With vmem_xalloc() the flag means nothing, and moves nothing. */
static void xalloc_knows_no_rotor(struct kunit *test)
{
	vmem_t *vm = vt_ids(test, 32);
	unsigned int i;

	KUNIT_EXPECT_EQ(test, vt_alloc(vm, 4, NEXT), 1UL);
	vt_free(vm, 1, 4);
	for (i = 1; i <= 2; i++)
		KUNIT_EXPECT_PTR_EQ(test, vmem_xalloc(vm, 1, 0, 0, 0, NULL,
						      NULL, NEXT),
				    (void *)(unsigned long)i);
	KUNIT_EXPECT_EQ(test, vt_alloc(vm, 1, NEXT), 5UL);
}

/* [26] Odd sizes: the rotor stands after the space, not after the size. */
static void rotor_stands_after_the_space_taken(struct kunit *test)
{
	vmem_t *vm = vt_arena(test, 16 * U, 16 * U, U);

	KUNIT_EXPECT_EQ(test, vt_alloc(vm, 1, NEXT), 16 * U);
	KUNIT_EXPECT_EQ(test, vt_alloc(vm, U + 1, NEXT), 17 * U);
	KUNIT_EXPECT_EQ(test, vt_alloc(vm, 1, NEXT), 19 * U);
}

/* [26] The rotor's span goes home: the rotor goes on to what follows. */
static void released_span_moves_the_rotor_on(struct kunit *test)
{
	vmem_t *vm = vt_ximporter(test, 1, vt_release, 1, 0);
	unsigned long addr;

	vmem_add(vm, (void *)1, 8, VM_SLEEP);
	KUNIT_EXPECT_EQ(test, vt_alloc(vm, 3, NEXT), 1UL);
	/* Five are left: six must be imported, and leave four. */
	vt_imp.next = 100;
	vt_imp.raise = 4;
	addr = vt_alloc(vm, 6, NEXT);
	KUNIT_EXPECT_EQ(test, addr, 100UL);
	/* Whatever serves it, the rotor ends just after it. */
	KUNIT_EXPECT_EQ(test, vt_alloc(vm, 1, NEXT), 106UL);
	vt_free(vm, 106, 1);
	vt_free(vm, 1, 3);
	/* [3] The span leaves though the rotor is in it. */
	vt_free(vm, addr, 6);
	KUNIT_EXPECT_EQ(test, vt_imp.releases, 1U);
	KUNIT_EXPECT_EQ(test, vt_imp.released.start, 100UL);
	KUNIT_EXPECT_EQ(test, vt_imp.released.size, (size_t)10);
	VT_EXPECT_WALK(test, vm, VMEM_ALLOC | VMEM_FREE, { 1, 8 });
	/* The list goes round: from its start, not from the old address. */
	KUNIT_EXPECT_EQ(test, vt_alloc(vm, 1, NEXT), 1UL);
}

/* [3] The only span of an arena goes home under the rotor. */
static void last_span_leaves_under_the_rotor(struct kunit *test)
{
	vmem_t *vm = vt_ximporter(test, 1, vt_release, 1, 0);
	unsigned int i;

	for (i = 1; i <= 3; i++) {
		vt_imp.next = 50 * i;
		vt_imp.raise = 9;
		KUNIT_EXPECT_EQ(test, vt_alloc(vm, 1, NEXT), 50UL * i);
		vt_free(vm, 50 * i, 1);
		KUNIT_EXPECT_EQ(test, vt_imp.releases, i);
		KUNIT_EXPECT_EQ(test, vt_count(vm, VMEM_ALLOC | VMEM_FREE),
				0U);
	}
}

/* [26] The rotor's allocated segment is freed, and taken again otherwise. */
static void rotor_survives_reuse_around_it(struct kunit *test)
{
	vmem_t *vm = vt_ids(test, 16);
	unsigned int i;

	for (i = 1; i <= 16; i += 2) {
		KUNIT_EXPECT_EQ(test, vt_alloc(vm, 1, NEXT), (unsigned long)i);
		/* The rotor's place is taken, freed, taken with what follows. */
		KUNIT_EXPECT_EQ(test, vt_take(vm, i + 1, 1), i + 1UL);
		vt_xfree(vm, i + 1, 1);
		KUNIT_EXPECT_EQ(test, vt_take(vm, i, 1), 0UL);
		KUNIT_EXPECT_EQ(test, vt_alloc(vm, 1, NEXT), i + 1UL);
	}
	KUNIT_EXPECT_EQ(test, vt_alloc(vm, 1, NEXT), 0UL);
}

static struct kunit_case vmem_nextfit_cases[] = {
	KUNIT_CASE(identifiers_rise_until_wrap),
	KUNIT_CASE(freed_before_rotor_waits_for_wrap),
	KUNIT_CASE(coalescing_leaves_the_rotor),
	KUNIT_CASE(coalescing_from_behind_leaves_the_rotor),
	KUNIT_CASE(rest_of_the_rotors_segment_comes_last),
	KUNIT_CASE(whole_segment_around_the_rotor_is_had),
	KUNIT_CASE(a_turn_follows_list_order),
	KUNIT_CASE(too_small_room_is_stepped_over),
	KUNIT_CASE(other_policies_leave_the_rotor),
	KUNIT_CASE(nextfit_wins),
	KUNIT_CASE(xalloc_knows_no_rotor),
	KUNIT_CASE(rotor_stands_after_the_space_taken),
	KUNIT_CASE(released_span_moves_the_rotor_on),
	KUNIT_CASE(last_span_leaves_under_the_rotor),
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
