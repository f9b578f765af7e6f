// SPDX-License-Identifier: GPL-2.0
/*
 * The search by address, which serves requests for narrow windows. Hints
 * shorten the walk of this search to the window, and stale hints do no harm.
 * The search by address chooses the segment by the same policy as the search by
 * class.
 */
#include "../vmem/arena.h"
#include "vmem_test.h"

/*
 * Number of pieces of one unit in an arena, and start of the first piece. Odd
 * pieces are free.
 */
#define PIECES	8192
#define BASE	(16 * U)

static unsigned long piece(unsigned int i)
{
	return BASE + i * U;
}

static unsigned long alloc_in(vmem_t *vm, size_t size, unsigned long min,
			      unsigned long max, int vmflag)
{
	return (unsigned long)vmem_xalloc(vm, size, 0, 0, 0, (void *)min,
					  (void *)max, vmflag);
}

/* An arena with more segments than one walk may visit. Odd pieces are free. */
static vmem_t *fragmented_arena(struct kunit *test)
{
	vmem_t *vm = vt_arena(test, BASE, PIECES * U, U);
	unsigned int i;

	for (i = 0; i < PIECES; i++)
		KUNIT_ASSERT_EQ(test, vt_alloc_at(vm, piece(i), U), piece(i));
	for (i = 1; i < PIECES; i += 2)
		vt_xfree(vm, piece(i), U);
	return vm;
}

/*
 * Number of other free segments that a request for the free piece @i examines.
 */
static u64 search_cost(struct kunit *test, vmem_t *vm, unsigned int i)
{
	u64 search = vt_stats(vm).search;

	KUNIT_EXPECT_EQ(test, alloc_in(vm, U, piece(i), piece(i + 1),
				       VM_NOSLEEP), piece(i));
	search = vt_stats(vm).search - search;
	vt_xfree(vm, piece(i), U);
	return search;
}

/* Request pieces throughout the arena until hints lead to all these pieces. */
static void create_hints(struct kunit *test, vmem_t *vm)
{
	unsigned int i, n;

	for (n = 0; n < 32; n++)
		for (i = 255; i < PIECES; i += 256)
			search_cost(test, vm, i);
	KUNIT_EXPECT_GE(test, vm->segmap.nr_hints,
			(unsigned long)PIECES / VMEM_HINT_STRIDE / 4);
}

/* A request with a hint to its window examines no other free segment. */
static void hint_saves_the_search(struct kunit *test)
{
	vmem_t *vm = fragmented_arena(test);
	unsigned int i;

	create_hints(test, vm);
	for (i = 255; i < PIECES; i += 256)
		KUNIT_EXPECT_EQ(test, search_cost(test, vm, i), 0ULL);
}

/*
 * A request walks a limited distance towards its window and inserts hints on
 * its walk.
 */
static void walk_to_a_window_is_limited(struct kunit *test)
{
	vmem_t *vm = vt_arena(test, BASE, PIECES * U, U);
	unsigned int i;

	/* These requests have no window and insert no hints. */
	for (i = 0; i < PIECES; i++)
		KUNIT_ASSERT_NE(test, vt_alloc(vm, U, VM_SLEEP), 0UL);
	for (i = 1; i < PIECES; i += 2)
		vt_free(vm, piece(i), U);
	KUNIT_EXPECT_EQ(test, vm->segmap.nr_hints, 0UL);
	/*
	 * The window is too far away: the search by class serves the request.
	 */
	KUNIT_EXPECT_GT(test, search_cost(test, vm, PIECES / 2 + 1), 0ULL);
	KUNIT_EXPECT_GT(test, vm->segmap.nr_hints, 0UL);
}

/* [34] A request for an allocated piece fails, with and without hints. */
static void allocated_piece_is_refused(struct kunit *test)
{
	vmem_t *vm = fragmented_arena(test);
	unsigned int i;

	for (i = 0; i < PIECES; i += 512)
		KUNIT_EXPECT_EQ(test, alloc_in(vm, U, piece(i), piece(i + 1),
					       VM_NOSLEEP), 0UL);
	create_hints(test, vm);
	for (i = 0; i < PIECES; i += 512)
		KUNIT_EXPECT_EQ(test, alloc_in(vm, U, piece(i), piece(i + 1),
					       VM_NOSLEEP), 0UL);
	KUNIT_EXPECT_EQ(test, vt_stats(vm).misuse, 0ULL);
}

/*
 * Requests succeed although segments to which hints lead are freed or changed.
 */
static void stale_hints_do_no_harm(struct kunit *test)
{
	vmem_t *vm = fragmented_arena(test);
	unsigned int i;

	create_hints(test, vm);
	for (i = 0; i < PIECES; i += 2)
		if (i % 256)
			vt_xfree(vm, piece(i), U);
	KUNIT_EXPECT_EQ(test, vmem_verify(vm), 0);
	for (i = 255; i < PIECES; i += 256)
		search_cost(test, vm, i);
	/* Allocate larger segments at the same addresses. */
	for (i = 2; i + 1 < PIECES; i += 64)
		if (i % 256)
			alloc_in(vm, 2 * U, piece(i), piece(i + 2), VM_NOSLEEP);
	for (i = 255; i < PIECES; i += 256)
		search_cost(test, vm, i);
	KUNIT_EXPECT_EQ(test, vmem_verify(vm), 0);
}

/*
 * Maintenance erases stale hints. Without allocated segments no hint remains.
 */
static void maintenance_erases_stale_hints(struct kunit *test)
{
	vmem_t *vm = fragmented_arena(test);
	unsigned long nr_hints;
	unsigned int i;

	create_hints(test, vm);
	vmem_update(NULL);
	nr_hints = vm->segmap.nr_hints;
	vmem_update(NULL);
	KUNIT_EXPECT_EQ(test, vm->segmap.nr_hints, nr_hints);
	for (i = 0; i < PIECES / 2; i += 2)
		vt_xfree(vm, piece(i), U);
	vmem_update(NULL);
	KUNIT_EXPECT_LT(test, vm->segmap.nr_hints, nr_hints);
	KUNIT_EXPECT_GT(test, vm->segmap.nr_hints, 0UL);
	for (; i < PIECES; i += 2)
		vt_xfree(vm, piece(i), U);
	vmem_update(NULL);
	KUNIT_EXPECT_EQ(test, vm->segmap.nr_hints, 0UL);
}

/*
 * There is at most one hint per VMEM_HINT_STRIDE / 2 allocated segments, plus 8
 * hints.
 */
static void number_of_hints_is_limited(struct kunit *test)
{
	vmem_t *vm = fragmented_arena(test);
	unsigned int i;

	for (i = 1; i < PIECES; i += 6)
		search_cost(test, vm, i);
	KUNIT_EXPECT_LE(test, vm->segmap.nr_hints,
			PIECES / 2 / (VMEM_HINT_STRIDE / 2) + 8UL);
}

/* Without spare segment structures, requests insert no hints, but succeed. */
static void no_hints_without_spare_structures(struct kunit *test)
{
	vmem_t *vm = fragmented_arena(test);
	struct vmem_seg_pool aside = {};
	unsigned long nr_hints;
	unsigned int i;

	nr_hints = vm->segmap.nr_hints;
	for (i = 255; i < PIECES; i += 512) {
		spin_lock_irq(&vm->segmap.lock);
		vm->segmap.hints_wanted = false;
		vmem_seg_pool_move(&aside, &vm->segmap.pool,
				   vm->segmap.pool.n - VMEM_CUT_COST);
		spin_unlock_irq(&vm->segmap.lock);
		search_cost(test, vm, i);
		spin_lock_irq(&vm->segmap.lock);
		vmem_seg_pool_move(&vm->segmap.pool, &aside, aside.n);
		spin_unlock_irq(&vm->segmap.lock);
	}
	KUNIT_EXPECT_LE(test, vm->segmap.nr_hints, nr_hints);
}

/*
 * [18] A request for a window takes a segment of the first class in which a
 * segment fits. With best fit it takes the smallest segment that fits.
 */
static void window_request_follows_the_policy(struct kunit *test)
{
	vmem_t *vm = vt_arena(test, 16 * U, 64 * U, U);

	/*
	 * For a request of 3 units, one segment is in the possible class, one
	 * in a higher class, and three in the guaranteed class.
	 */
	VT_HOLES(test, vm, { 18 * U, 3 * U }, { 24 * U, 9 * U },
		 { 40 * U, 7 * U }, { 50 * U, 4 * U }, { 60 * U, 5 * U });
	KUNIT_EXPECT_EQ(test, alloc_in(vm, 3 * U, 17 * U, 70 * U, VM_NOSLEEP),
			40 * U);
	vt_xfree(vm, 40 * U, 3 * U);
	KUNIT_EXPECT_EQ(test, alloc_in(vm, 3 * U, 17 * U, 70 * U, VM_NOSLEEP |
				       VM_BESTFIT), 18 * U);
	KUNIT_EXPECT_EQ(test, alloc_in(vm, 4 * U, 17 * U, 70 * U, VM_NOSLEEP |
				       VM_BESTFIT), 50 * U);
	vt_xfree(vm, 50 * U, 4 * U);
	/* [19] VM_ENDALLOC returns the highest address in the window. */
	KUNIT_EXPECT_EQ(test, alloc_in(vm, 4 * U, 17 * U, 46 * U, VM_NOSLEEP |
				       VM_ENDALLOC), 42 * U);
	/* The possible class serves the request if no other class can. */
	vt_xfree(vm, 18 * U, 3 * U);
	KUNIT_EXPECT_EQ(test, alloc_in(vm, 3 * U, 17 * U, 24 * U, VM_NOSLEEP),
			18 * U);
	KUNIT_EXPECT_EQ(test, alloc_in(vm, 3 * U, 17 * U, 24 * U, VM_NOSLEEP),
			0UL);
}

/*
 * A window may cover several spans, even if these were not added in address
 * order.
 */
static void window_may_cover_several_spans(struct kunit *test)
{
	vmem_t *vm = vt_arena(test, 64 * U, 8 * U, U);

	KUNIT_ASSERT_NOT_NULL(test, vmem_add(vm, (void *)(16 * U), 8 * U,
					     VM_SLEEP));
	KUNIT_ASSERT_NOT_NULL(test, vmem_add(vm, (void *)(32 * U), 8 * U,
					     VM_SLEEP));
	/* [2] The window contains 2, 8 and 1 units of the three spans. */
	KUNIT_EXPECT_EQ(test, alloc_in(vm, 2 * U, 22 * U, 65 * U, VM_NOSLEEP |
				       VM_BESTFIT), 22 * U);
	KUNIT_EXPECT_EQ(test, alloc_in(vm, 5 * U, 22 * U, 65 * U, VM_NOSLEEP),
			32 * U);
	KUNIT_EXPECT_EQ(test, alloc_in(vm, 4 * U, 22 * U, 65 * U, VM_NOSLEEP),
			0UL);
	KUNIT_EXPECT_EQ(test, alloc_in(vm, U, 64 * U, 65 * U, VM_NOSLEEP),
			64 * U);
	KUNIT_EXPECT_EQ(test, alloc_in(vm, U, 24 * U, 32 * U, VM_NOSLEEP), 0UL);
	KUNIT_EXPECT_EQ(test, alloc_in(vm, U, 72 * U, 80 * U, VM_NOSLEEP), 0UL);
	KUNIT_EXPECT_EQ(test, alloc_in(vm, U, U, 16 * U, VM_NOSLEEP), 0UL);
}

static struct kunit_case vmem_hint_cases[] = {
	KUNIT_CASE(hint_saves_the_search),
	KUNIT_CASE(walk_to_a_window_is_limited),
	KUNIT_CASE(allocated_piece_is_refused),
	KUNIT_CASE(stale_hints_do_no_harm),
	KUNIT_CASE(maintenance_erases_stale_hints),
	KUNIT_CASE(number_of_hints_is_limited),
	KUNIT_CASE(no_hints_without_spare_structures),
	KUNIT_CASE(window_request_follows_the_policy),
	KUNIT_CASE(window_may_cover_several_spans),
	{}
};

static struct kunit_suite vmem_hint_suite = {
	.name = "vmem_hint",
	.init = vt_init,
	.exit = vt_exit,
	.test_cases = vmem_hint_cases,
};

kunit_test_suite(vmem_hint_suite);

MODULE_DESCRIPTION("KUnit: requests for narrow windows of vmem arenas");
MODULE_LICENSE("GPL");
