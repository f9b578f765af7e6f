// SPDX-License-Identifier: GPL-2.0
/*
 * Limits of the address space: spans that end at its top, and the largest sizes
 * and quanta. A negative constant -n is the address ULONG_MAX + 1 - n.
 */
#include "vmem_test_import.h"

#define TOP(n)	(-(unsigned long)(n) * U)	/* n units below the top */
#define HALF	(1UL << (BITS_PER_LONG - 1))

static unsigned long xa(vmem_t *vm, size_t size, size_t align, size_t phase,
			size_t nocross, unsigned long min, unsigned long max,
			int vmflag)
{
	return (unsigned long)vmem_xalloc(vm, size, align, phase, nocross,
					  (void *)min, (void *)max,
					  VM_NOSLEEP | vmflag);
}

/* [6] A span may end at the top, where start + size wraps to 0. */
static void span_may_end_at_the_top(struct kunit *test)
{
	vmem_t *vm = vt_arena(test, TOP(4), 4 * U, U);

	KUNIT_EXPECT_TRUE(test, vmem_contains(vm, (void *)TOP(4), 4 * U));
	KUNIT_EXPECT_TRUE(test, vmem_contains(vm, (void *)ULONG_MAX, 1));
	KUNIT_EXPECT_FALSE(test, vmem_contains(vm, (void *)ULONG_MAX, 2));
	KUNIT_EXPECT_FALSE(test, vmem_contains(vm, (void *)TOP(1), U + 1));
	KUNIT_EXPECT_FALSE(test, vmem_contains(vm, NULL, 1));
	KUNIT_EXPECT_EQ(test, vt_alloc(vm, U, VM_NOSLEEP | VM_ENDALLOC),
			TOP(1));
	KUNIT_EXPECT_EQ(test, vt_alloc(vm, U, VM_NOSLEEP), TOP(4));
	KUNIT_EXPECT_EQ(test, vt_alloc(vm, 2 * U, VM_NOSLEEP | VM_BESTFIT),
			TOP(3));
	KUNIT_EXPECT_EQ(test, vt_alloc(vm, U, VM_NOSLEEP), 0UL);
	vt_free(vm, TOP(1), U);
	vt_free(vm, TOP(3), 2 * U);
	VT_EXPECT_WALK(test, vm, VMEM_FREE, { TOP(3), 3 * U });
	vt_free(vm, TOP(4), U);
	KUNIT_EXPECT_EQ(test, vt_alloc(vm, 4 * U, VM_NOSLEEP), TOP(4));
}

/*
 * [6] If the size of an allocation at the top is not a multiple of the quantum,
 * the allocation occupies all units up to the top.
 */
static void odd_size_may_reach_the_top(struct kunit *test)
{
	vmem_t *vm = vt_arena(test, TOP(2), 2 * U, U);

	KUNIT_EXPECT_EQ(test, vt_alloc(vm, U + 1, VM_NOSLEEP), TOP(2));
	KUNIT_EXPECT_EQ(test, vt_count(vm, VMEM_FREE), 0U);
	vt_free(vm, TOP(2), U + 1);
	KUNIT_EXPECT_EQ(test, vt_alloc(vm, 1, VM_NOSLEEP | VM_ENDALLOC),
			TOP(1));
}

/*
 * [16] A free segment does not serve a request if the start of the segment,
 * rounded up to align, wraps.
 */
static void alignment_does_not_wrap(struct kunit *test)
{
	vmem_t *vm = vt_arena(test, TOP(3), 3 * U, U);
	int i;

	for (i = 0; i <= VM_ENDALLOC; i += VM_ENDALLOC) {
		KUNIT_EXPECT_EQ(test, xa(vm, U, 4 * U, 0, 0, 0, 0, i), 0UL);
		KUNIT_EXPECT_EQ(test, xa(vm, U, HALF, 0, 0, 0, 0, i), 0UL);
		KUNIT_EXPECT_EQ(test, xa(vm, U, HALF, HALF - U, 0, 0, 0, i),
				TOP(1));
		vt_xfree(vm, TOP(1), U);
		KUNIT_EXPECT_EQ(test, xa(vm, 3 * U, 4 * U, U, 0, 0, 0, i),
				TOP(3));
		vt_xfree(vm, TOP(3), 3 * U);
		KUNIT_EXPECT_EQ(test, xa(vm, 2 * U, 4 * U, 3 * U, 0, 0, 0, i),
				0UL);
	}
}

/*
 * [19] VM_ENDALLOC at the top returns the highest address that meets align and
 * phase.
 */
static void endalloc_keeps_alignment_at_the_top(struct kunit *test)
{
	vmem_t *vm = vt_arena(test, TOP(10), 10 * U, U);

	KUNIT_EXPECT_EQ(test, xa(vm, 3 * U, 4 * U, 0, 0, 0, 0, VM_ENDALLOC),
			TOP(4));
	vt_xfree(vm, TOP(4), 3 * U);
	KUNIT_EXPECT_EQ(test, xa(vm, 3 * U, 4 * U, 3 * U, 0, 0, 0,
				 VM_ENDALLOC), TOP(5));
	vt_xfree(vm, TOP(5), 3 * U);
	KUNIT_EXPECT_EQ(test, xa(vm, 2 * U, 0, 0, 2 * U, 0, 0, VM_ENDALLOC),
			TOP(2));
}

/*
 * [16] The maxaddr of a window near the top may be ULONG_MAX, or 0 for no
 * limit.
 */
static void window_may_end_at_the_top(struct kunit *test)
{
	vmem_t *vm = vt_arena(test, TOP(4), 4 * U, U);

	/* The window contains no multiple of the quantum. */
	KUNIT_EXPECT_EQ(test, xa(vm, 1, 0, 0, 0, TOP(1) + 1, 0, 0), 0UL);
	KUNIT_EXPECT_EQ(test, xa(vm, U, 0, 0, 0, TOP(1), 0, 0), TOP(1));
	vt_xfree(vm, TOP(1), U);
	/* maxaddr is exclusive: the allocation must not contain ULONG_MAX. */
	KUNIT_EXPECT_EQ(test, xa(vm, U, 0, 0, 0, 0, ULONG_MAX, VM_ENDALLOC),
			TOP(2));
	vt_xfree(vm, TOP(2), U);
	KUNIT_EXPECT_EQ(test, xa(vm, U - 1, 0, 0, 0, 0, ULONG_MAX,
				 VM_ENDALLOC), TOP(1));
	vt_xfree(vm, TOP(1), U - 1);
	KUNIT_EXPECT_EQ(test, xa(vm, U, 0, 0, 0, TOP(2) + 1, ULONG_MAX, 0),
			0UL);
	KUNIT_EXPECT_EQ(test, vt_stats(vm).misuse, 0ULL);
}

/*
 * [16] The largest nocross is half of the address space, so there is only one
 * boundary that an allocation must not cross.
 */
static void largest_nocross_is_met(struct kunit *test)
{
	vmem_t *vm = vt_arena(test, HALF - 3 * U, 6 * U, U);

	KUNIT_EXPECT_EQ(test, xa(vm, 2 * U, 0, 0, HALF, 0, 0, 0), HALF - 3 * U);
	/* The one free unit below the boundary is too small. */
	KUNIT_EXPECT_EQ(test, xa(vm, 2 * U, 0, 0, HALF, 0, 0, 0), HALF);
	KUNIT_EXPECT_EQ(test, xa(vm, 2 * U, 0, 0, HALF, 0, 0, 0), 0UL);
	vt_xfree(vm, HALF, 2 * U);
	KUNIT_EXPECT_EQ(test, xa(vm, 2 * U, HALF, 0, HALF, 0, 0, VM_ENDALLOC),
			HALF);
}

/*
 * [6] With the largest quantum an arena has one unit, the upper half of the
 * address space.
 */
static void largest_quantum_is_half_of_all(struct kunit *test)
{
	vmem_t *vm = vt_arena(test, HALF, HALF, HALF);

	KUNIT_EXPECT_EQ(test, vt_alloc(vm, 1, VM_NOSLEEP), HALF);
	KUNIT_EXPECT_EQ(test, vt_alloc(vm, 1, VM_NOSLEEP), 0UL);
	KUNIT_EXPECT_EQ(test, vmem_size(vm, VMEM_FREE), HALF - 1);
	vt_free(vm, HALF, 1);
	KUNIT_EXPECT_EQ(test, vt_alloc(vm, HALF, VM_NOSLEEP | VM_NEXTFIT),
			HALF);
	vt_free(vm, HALF, HALF);
	KUNIT_EXPECT_EQ(test, xa(vm, HALF - 1, HALF, 0, HALF, HALF, 0,
				 VM_ENDALLOC), HALF);
	vt_xfree(vm, HALF, HALF - 1);
	VT_EXPECT_WALK(test, vm, VMEM_ALLOC | VMEM_FREE, { HALF, HALF });
}

/* [7] The largest arena has all integers except 0. */
static void largest_arena_has_all_but_0(struct kunit *test)
{
	vmem_t *vm = vt_ids(test, SIZE_MAX);

	KUNIT_EXPECT_EQ(test, vt_alloc(vm, SIZE_MAX, VM_NOSLEEP), 1UL);
	KUNIT_EXPECT_EQ(test, vt_stats(vm).mem_inuse, (u64)SIZE_MAX);
	KUNIT_EXPECT_EQ(test, vt_alloc(vm, 1, VM_NOSLEEP), 0UL);
	vt_free(vm, 1, SIZE_MAX);
	KUNIT_EXPECT_EQ(test, vt_alloc(vm, SIZE_MAX - 1, VM_NOSLEEP), 1UL);
	KUNIT_EXPECT_EQ(test, vt_alloc(vm, 1, VM_NOSLEEP), ULONG_MAX);
	vt_free(vm, 1, SIZE_MAX - 1);
	vt_free(vm, ULONG_MAX, 1);
	VT_EXPECT_WALK(test, vm, VMEM_FREE, { 1, SIZE_MAX });
	KUNIT_EXPECT_TRUE(test, vmem_contains(vm, (void *)1, SIZE_MAX));
}

/* [18] Each policy finds a segment in the highest class. */
static void highest_class_is_searched(struct kunit *test)
{
	static const int flags[] = { 0, VM_BESTFIT, VM_FIRSTFIT, VM_NEXTFIT };
	vmem_t *vm = vt_ids(test, SIZE_MAX);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(flags); i++) {
		KUNIT_EXPECT_EQ(test, vt_alloc(vm, HALF + 1,
					       VM_NOSLEEP | flags[i]), 1UL);
		KUNIT_EXPECT_EQ(test, vt_alloc(vm, HALF + 1,
					       VM_NOSLEEP | flags[i]), 0UL);
		vt_free(vm, 1, HALF + 1);
		KUNIT_EXPECT_EQ(test, xa(vm, HALF + 1, 0, 0, 0, 0, 0, flags[i]),
				1UL);
		vt_xfree(vm, 1, HALF + 1);
	}
	KUNIT_EXPECT_EQ(test, xa(vm, HALF + 1, 0, 0, 0, 0, 0, VM_ENDALLOC),
			HALF - 1);
}

/*
 * [15] Requests succeed for each power of two, and for each size that is one
 * less or one more than a power of two.
 */
static void every_power_of_two_has_a_class(struct kunit *test)
{
	vmem_t *vm = vt_ids(test, SIZE_MAX);
	unsigned int i;
	size_t size;
	int off;

	for (i = 1; i < BITS_PER_LONG; i++) {
		for (off = -1; off <= 1; off++) {
			size = (1UL << i) + off;
			KUNIT_EXPECT_EQ(test, vt_alloc(vm, size, VM_NOSLEEP),
					1UL);
			KUNIT_EXPECT_EQ(test, vt_stats(vm).mem_inuse,
					(u64)size);
			vt_free(vm, 1, size);
			KUNIT_EXPECT_EQ(test, vt_alloc(vm, size, VM_NOSLEEP |
						       VM_ENDALLOC),
					0UL - size);
			vt_free(vm, 0UL - size, size);
		}
	}
}

/* [16] In the largest arena every possible alignment is met. */
static void every_alignment_is_met(struct kunit *test)
{
	vmem_t *vm = vt_ids(test, SIZE_MAX);
	unsigned int i;

	for (i = 1; i < BITS_PER_LONG; i++) {
		unsigned long align = 1UL << i;

		KUNIT_EXPECT_EQ(test, xa(vm, 1, align, 0, 0, 0, 0, 0), align);
		vt_xfree(vm, align, 1);
		KUNIT_EXPECT_EQ(test, xa(vm, 1, align, align - 1, align, 0, 0,
					 VM_ENDALLOC), ULONG_MAX);
		vt_xfree(vm, ULONG_MAX, 1);
		KUNIT_EXPECT_EQ(test, xa(vm, 1, align, align - 1, 0, 0, 0, 0),
				align - 1);
		vt_xfree(vm, align - 1, 1);
	}
}

/*
 * [26] After an allocation up to the top of the address space, the rotor is at
 * the first segment.
 */
static void rotor_wraps_at_the_top(struct kunit *test)
{
	vmem_t *vm = vt_arena(test, ULONG_MAX - 2, 3, 1);
	unsigned int i;

	for (i = 0; i < 7; i++) {
		unsigned long want = ULONG_MAX - 2 + i % 3;

		KUNIT_EXPECT_EQ(test, vt_alloc(vm, 1, VM_NOSLEEP | VM_NEXTFIT),
				want);
		vt_free(vm, want, 1);
	}
	VT_EXPECT_WALK(test, vm, VMEM_FREE, { ULONG_MAX - 2, 3 });
}

/* [2] Adjacent spans at the top are not merged. */
static void touching_spans_stay_apart_at_the_top(struct kunit *test)
{
	vmem_t *vm = vt_arena(test, TOP(1), U, U);

	KUNIT_EXPECT_NOT_NULL(test, vmem_add(vm, (void *)TOP(3), 2 * U,
					     VM_SLEEP));
	KUNIT_EXPECT_EQ(test, vt_alloc(vm, 3 * U, VM_NOSLEEP), 0UL);
	KUNIT_EXPECT_FALSE(test, vmem_contains(vm, (void *)TOP(2), 2 * U));
	KUNIT_EXPECT_EQ(test, vt_alloc(vm, 2 * U, VM_NOSLEEP), TOP(3));
	KUNIT_EXPECT_EQ(test, vt_alloc(vm, U, VM_NOSLEEP), TOP(1));
}

/* [36] An import may end at the top. */
static void import_may_end_at_the_top(struct kunit *test)
{
	vmem_t *vm = vt_importer(test, U, vt_release, U, 0, 0);

	vt_imp.next = TOP(4);
	KUNIT_EXPECT_EQ(test, vt_alloc(vm, 4 * U, VM_NOSLEEP), TOP(4));
	KUNIT_EXPECT_EQ(test, vt_stats(vm).misuse, 0ULL);
	vt_free(vm, TOP(4), 4 * U);
	KUNIT_EXPECT_EQ(test, vt_imp.released.start, TOP(4));
	KUNIT_EXPECT_EQ(test, vt_imp.released.size, 4 * U);
}

/* [7] The smallest arena has one integer, here the lowest possible integer. */
static void arena_may_have_one_integer(struct kunit *test)
{
	vmem_t *vm = vt_ids(test, 1);

	KUNIT_EXPECT_EQ(test, vt_alloc(vm, 1, VM_NOSLEEP | VM_ENDALLOC), 1UL);
	KUNIT_EXPECT_EQ(test, vt_alloc(vm, 1, VM_NOSLEEP), 0UL);
	vt_free(vm, 1, 1);
	KUNIT_EXPECT_EQ(test, vt_alloc(vm, 2, VM_NOSLEEP), 0UL);
	KUNIT_EXPECT_EQ(test, vt_alloc(vm, 1, VM_NOSLEEP | VM_NEXTFIT), 1UL);
}

/*
 * [17] A request for the largest size that does not wrap when rounded up is not
 * a misuse.
 */
static void largest_size_is_no_misuse(struct kunit *test)
{
	vmem_t *vm = vt_arena(test, U, -U, U);

	KUNIT_EXPECT_EQ(test, vt_alloc(vm, -U, VM_NOSLEEP), U);
	vt_free(vm, U, -U);
	KUNIT_EXPECT_EQ(test, vt_alloc(vm, -2 * U + 1, VM_NOSLEEP), U);
	KUNIT_EXPECT_EQ(test, vt_count(vm, VMEM_FREE), 0U);
	KUNIT_EXPECT_EQ(test, vt_stats(vm).misuse, 0ULL);
}

static struct kunit_case vmem_edge_cases[] = {
	KUNIT_CASE(span_may_end_at_the_top),
	KUNIT_CASE(odd_size_may_reach_the_top),
	KUNIT_CASE(alignment_does_not_wrap),
	KUNIT_CASE(endalloc_keeps_alignment_at_the_top),
	KUNIT_CASE(window_may_end_at_the_top),
	KUNIT_CASE(largest_nocross_is_met),
	KUNIT_CASE(largest_quantum_is_half_of_all),
	KUNIT_CASE(largest_arena_has_all_but_0),
	KUNIT_CASE(highest_class_is_searched),
	KUNIT_CASE(every_power_of_two_has_a_class),
	KUNIT_CASE(every_alignment_is_met),
	KUNIT_CASE(rotor_wraps_at_the_top),
	KUNIT_CASE(touching_spans_stay_apart_at_the_top),
	KUNIT_CASE(import_may_end_at_the_top),
	KUNIT_CASE(arena_may_have_one_integer),
	KUNIT_CASE(largest_size_is_no_misuse),
	{}
};

static struct kunit_suite vmem_edge_suite = {
	.name = "vmem_edge",
	.init = vt_import_init,
	.exit = vt_exit,
	.test_cases = vmem_edge_cases,
};

kunit_test_suite(vmem_edge_suite);

MODULE_DESCRIPTION("KUnit: vmem at the limits of the address space");
MODULE_LICENSE("GPL");
