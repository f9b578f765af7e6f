// SPDX-License-Identifier: GPL-2.0
/*
 * The limits of the word: spans that end at its top, sizes and quanta that are
 * as large as can be. Negative constants are addresses counted from the top.
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

/* [6] A span may end at the very top: its end is 0. */
static void span_ends_at_the_top(struct kunit *test)
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

/* [6] An odd size at the top: the space reaches the top, the size does not. */
static void odd_size_at_the_top(struct kunit *test)
{
	vmem_t *vm = vt_arena(test, TOP(2), 2 * U, U);

	KUNIT_EXPECT_EQ(test, vt_alloc(vm, U + 1, VM_NOSLEEP), TOP(2));
	KUNIT_EXPECT_EQ(test, vt_count(vm, VMEM_FREE), 0U);
	vt_free(vm, TOP(2), U + 1);
	KUNIT_EXPECT_EQ(test, vt_alloc(vm, 1, VM_NOSLEEP | VM_ENDALLOC),
			TOP(1));
}

/* [16] Rounding up to align wraps past the top: that is no place. */
static void alignment_at_the_top(struct kunit *test)
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

/* [19] ENDALLOC at the top, in steps of align. */
static void endalloc_at_the_top(struct kunit *test)
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

/* [16] A window near the top; maxaddr as large as it can be. */
static void window_at_the_top(struct kunit *test)
{
	vmem_t *vm = vt_arena(test, TOP(4), 4 * U, U);

	/* No multiple of the quantum from there on. */
	KUNIT_EXPECT_EQ(test, xa(vm, 1, 0, 0, 0, TOP(1) + 1, 0, 0), 0UL);
	KUNIT_EXPECT_EQ(test, xa(vm, U, 0, 0, 0, TOP(1), 0, 0), TOP(1));
	vt_xfree(vm, TOP(1), U);
	/* [a, a + size) must end at or below the last integer. */
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

/* [16] The largest boundary: one in the middle of the word. */
static void largest_boundary(struct kunit *test)
{
	vmem_t *vm = vt_arena(test, HALF - 3 * U, 6 * U, U);

	KUNIT_EXPECT_EQ(test, xa(vm, 2 * U, 0, 0, HALF, 0, 0, 0), HALF - 3 * U);
	/* The unit before the middle is too small, and may not be crossed. */
	KUNIT_EXPECT_EQ(test, xa(vm, 2 * U, 0, 0, HALF, 0, 0, 0), HALF);
	KUNIT_EXPECT_EQ(test, xa(vm, 2 * U, 0, 0, HALF, 0, 0, 0), 0UL);
	vt_xfree(vm, HALF, 2 * U);
	KUNIT_EXPECT_EQ(test, xa(vm, 2 * U, HALF, 0, HALF, 0, 0, VM_ENDALLOC),
			HALF);
}

/* [6] The largest quantum: one unit, at the middle of the word. */
static void largest_quantum(struct kunit *test)
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

/* [7] All integers but 0: the largest arena there is. */
static void largest_arena(struct kunit *test)
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

/* [18] A size in the highest class: no class above it to look in. */
static void size_in_the_highest_class(struct kunit *test)
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

/* [15] Every power of two, one less and one more, has its class. */
static void sizes_around_every_power_of_two(struct kunit *test)
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

/* [16] Every alignment that there is, in the largest arena. */
static void every_alignment(struct kunit *test)
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

/* [26] The rotor at the top of the word: just after it is the first segment. */
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

/* [2] Spans that touch just below the top. */
static void touching_spans_at_the_top(struct kunit *test)
{
	vmem_t *vm = vt_arena(test, TOP(1), U, U);

	KUNIT_EXPECT_NOT_NULL(test, vmem_add(vm, (void *)TOP(3), 2 * U,
					     VM_SLEEP));
	KUNIT_EXPECT_EQ(test, vt_alloc(vm, 3 * U, VM_NOSLEEP), 0UL);
	KUNIT_EXPECT_FALSE(test, vmem_contains(vm, (void *)TOP(2), 2 * U));
	KUNIT_EXPECT_EQ(test, vt_alloc(vm, 2 * U, VM_NOSLEEP), TOP(3));
	KUNIT_EXPECT_EQ(test, vt_alloc(vm, U, VM_NOSLEEP), TOP(1));
}

/* [36] An import that ends at the top is as good as any. */
static void import_ends_at_the_top(struct kunit *test)
{
	vmem_t *vm = vt_importer(test, U, vt_release, U, 0, 0);

	vt_imp.next = TOP(4);
	KUNIT_EXPECT_EQ(test, vt_alloc(vm, 4 * U, VM_NOSLEEP), TOP(4));
	KUNIT_EXPECT_EQ(test, vt_stats(vm).misuse, 0ULL);
	vt_free(vm, TOP(4), 4 * U);
	KUNIT_EXPECT_EQ(test, vt_imp.released.start, TOP(4));
	KUNIT_EXPECT_EQ(test, vt_imp.released.size, 4 * U);
}

/* [7] The lowest integer there is, and the smallest arena. */
static void lowest_integer(struct kunit *test)
{
	vmem_t *vm = vt_ids(test, 1);

	KUNIT_EXPECT_EQ(test, vt_alloc(vm, 1, VM_NOSLEEP | VM_ENDALLOC), 1UL);
	KUNIT_EXPECT_EQ(test, vt_alloc(vm, 1, VM_NOSLEEP), 0UL);
	vt_free(vm, 1, 1);
	KUNIT_EXPECT_EQ(test, vt_alloc(vm, 2, VM_NOSLEEP), 0UL);
	KUNIT_EXPECT_EQ(test, vt_alloc(vm, 1, VM_NOSLEEP | VM_NEXTFIT), 1UL);
}

/* [17] The largest size that does not wrap when rounded up is no misuse. */
static void largest_legal_size(struct kunit *test)
{
	vmem_t *vm = vt_arena(test, U, -U, U);

	KUNIT_EXPECT_EQ(test, vt_alloc(vm, -U, VM_NOSLEEP), U);
	vt_free(vm, U, -U);
	KUNIT_EXPECT_EQ(test, vt_alloc(vm, -2 * U + 1, VM_NOSLEEP), U);
	KUNIT_EXPECT_EQ(test, vt_count(vm, VMEM_FREE), 0U);
	KUNIT_EXPECT_EQ(test, vt_stats(vm).misuse, 0ULL);
}

static struct kunit_case vmem_edge_cases[] = {
	KUNIT_CASE(span_ends_at_the_top),
	KUNIT_CASE(odd_size_at_the_top),
	KUNIT_CASE(alignment_at_the_top),
	KUNIT_CASE(endalloc_at_the_top),
	KUNIT_CASE(window_at_the_top),
	KUNIT_CASE(largest_boundary),
	KUNIT_CASE(largest_quantum),
	KUNIT_CASE(largest_arena),
	KUNIT_CASE(size_in_the_highest_class),
	KUNIT_CASE(sizes_around_every_power_of_two),
	KUNIT_CASE(every_alignment),
	KUNIT_CASE(rotor_wraps_at_the_top),
	KUNIT_CASE(touching_spans_at_the_top),
	KUNIT_CASE(import_ends_at_the_top),
	KUNIT_CASE(lowest_integer),
	KUNIT_CASE(largest_legal_size),
	{}
};

static struct kunit_suite vmem_edge_suite = {
	.name = "vmem_edge",
	.init = vt_import_init,
	.exit = vt_exit,
	.test_cases = vmem_edge_cases,
};

kunit_test_suite(vmem_edge_suite);

MODULE_DESCRIPTION("KUnit: vmem at the limits of the word");
MODULE_LICENSE("GPL");
