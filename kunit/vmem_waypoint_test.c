// SPDX-License-Identifier: GPL-2.0
/*
 * Requests for narrow windows, which are served by address: the choice is as
 * everywhere, and the way there is short for who goes there again, whatever has
 * become of the waypoints.
 */
#include "../vmem/arena/arena.h"
#include "vmem_test.h"

/* Pieces of the large arena; every second one is free. */
#define PIECES	8192
#define BASE	(16 * U)

static unsigned long at(unsigned int i)
{
	return BASE + i * U;
}

static unsigned long window(vmem_t *vm, size_t size, unsigned long min,
			    unsigned long max, int vmflag)
{
	return (unsigned long)vmem_xalloc(vm, size, 0, 0, 0, (void *)min,
					  (void *)max, vmflag);
}

/* Single units, those at odd places free: too many to be walked over in one go. */
static vmem_t *many(struct kunit *test)
{
	vmem_t *vm = vt_arena(test, BASE, PIECES * U, U);
	unsigned int i;

	for (i = 0; i < PIECES; i++)
		KUNIT_ASSERT_EQ(test, vt_take(vm, at(i), U), at(i));
	for (i = 1; i < PIECES; i += 2)
		vt_xfree(vm, at(i), U);
	return vm;
}

/* How many free segments are looked at for the place @i, which is free. */
static u64 cost_of(struct kunit *test, vmem_t *vm, unsigned int i)
{
	u64 search = vt_stats(vm).search;

	KUNIT_EXPECT_EQ(test, window(vm, U, at(i), at(i + 1), VM_NOSLEEP),
			at(i));
	search = vt_stats(vm).search - search;
	vt_xfree(vm, at(i), U);
	return search;
}

/* Go to places all over the arena until the way to each is known. */
static void learn(struct kunit *test, vmem_t *vm)
{
	unsigned int i, n;

	for (n = 0; n < 32; n++)
		for (i = 255; i < PIECES; i += 256)
			cost_of(test, vm, i);
	KUNIT_EXPECT_GE(test, vm->space.nways,
			(unsigned long)PIECES / VMEM_STRIDE / 4);
}

/* A given place is found without a search, once the way is known. */
static void way_is_known(struct kunit *test)
{
	vmem_t *vm = many(test);
	unsigned int i;

	learn(test, vm);
	for (i = 255; i < PIECES; i += 256)
		KUNIT_EXPECT_EQ(test, cost_of(test, vm, i), 0ULL);
}

/* The way there is made over several requests: none goes all of it at once. */
static void far_place_is_not_walked_to(struct kunit *test)
{
	vmem_t *vm = vt_arena(test, BASE, PIECES * U, U);
	unsigned int i;

	/* Nobody has asked for a place yet. */
	for (i = 0; i < PIECES; i++)
		KUNIT_ASSERT_NE(test, vt_alloc(vm, U, VM_SLEEP), 0UL);
	for (i = 1; i < PIECES; i += 2)
		vt_free(vm, at(i), U);
	KUNIT_EXPECT_EQ(test, vm->space.nways, 0UL);
	/* It is too far, so that free segments are searched instead. */
	KUNIT_EXPECT_GT(test, cost_of(test, vm, PIECES / 2 + 1), 0ULL);
	KUNIT_EXPECT_GT(test, vm->space.nways, 0UL);
}

/* [34] A place that is taken is refused, known or not, and nothing is lost. */
static void taken_place_is_refused(struct kunit *test)
{
	vmem_t *vm = many(test);
	unsigned int i;

	for (i = 0; i < PIECES; i += 512)
		KUNIT_EXPECT_EQ(test, window(vm, U, at(i), at(i + 1),
					     VM_NOSLEEP), 0UL);
	learn(test, vm);
	for (i = 0; i < PIECES; i += 512)
		KUNIT_EXPECT_EQ(test, window(vm, U, at(i), at(i + 1),
					     VM_NOSLEEP), 0UL);
	KUNIT_EXPECT_EQ(test, vt_stats(vm).misuse, 0ULL);
}

/* Segments at which there are waypoints go, come back, and move. */
static void waypoints_lead_nowhere(struct kunit *test)
{
	vmem_t *vm = many(test);
	unsigned int i;

	learn(test, vm);
	for (i = 0; i < PIECES; i += 2)
		if (i % 256)
			vt_xfree(vm, at(i), U);
	KUNIT_EXPECT_EQ(test, vmem_verify(vm), 0);
	for (i = 255; i < PIECES; i += 256)
		cost_of(test, vm, i);
	/* Others begin at the same addresses, and they are of another size. */
	for (i = 2; i + 1 < PIECES; i += 64)
		if (i % 256)
			window(vm, 2 * U, at(i), at(i + 2), VM_NOSLEEP);
	for (i = 255; i < PIECES; i += 256)
		cost_of(test, vm, i);
	KUNIT_EXPECT_EQ(test, vmem_verify(vm), 0);
}

/* Maintenance uproots what leads nowhere, and what is too much. */
static void maintenance_prunes(struct kunit *test)
{
	vmem_t *vm = many(test);
	unsigned long ways;
	unsigned int i;

	learn(test, vm);
	vmem_update(NULL);
	ways = vm->space.nways;
	vmem_update(NULL);
	KUNIT_EXPECT_EQ(test, vm->space.nways, ways);
	for (i = 0; i < PIECES / 2; i += 2)
		vt_xfree(vm, at(i), U);
	vmem_update(NULL);
	KUNIT_EXPECT_LT(test, vm->space.nways, ways);
	KUNIT_EXPECT_GT(test, vm->space.nways, 0UL);
	for (; i < PIECES; i += 2)
		vt_xfree(vm, at(i), U);
	vmem_update(NULL);
	KUNIT_EXPECT_EQ(test, vm->space.nways, 0UL);
}

/* Few waypoints: at the most one for half as many segments as lie between two. */
static void waypoints_are_few(struct kunit *test)
{
	vmem_t *vm = many(test);
	unsigned int i;

	for (i = 1; i < PIECES; i += 6)
		cost_of(test, vm, i);
	KUNIT_EXPECT_LE(test, vm->space.nways, PIECES / 2 / (VMEM_STRIDE / 2) +
			8UL);
}

/* Without structures to spare there are none, and requests are served. */
static void none_to_spare(struct kunit *test)
{
	vmem_t *vm = many(test);
	struct vmem_stock aside = {};
	unsigned long ways;
	unsigned int i;

	ways = vm->space.nways;
	for (i = 255; i < PIECES; i += 512) {
		spin_lock_irq(&vm->space.lock);
		vm->space.ways_wanted = false;
		vmem_stock_move(&aside, &vm->space.stock,
				vm->space.stock.n - VMEM_CUT_COST);
		spin_unlock_irq(&vm->space.lock);
		cost_of(test, vm, i);
		spin_lock_irq(&vm->space.lock);
		vmem_stock_move(&vm->space.stock, &aside, aside.n);
		spin_unlock_irq(&vm->space.lock);
	}
	KUNIT_EXPECT_LE(test, vm->space.nways, ways);
}

/* [18] In a window, too: the lowest class, the smallest for best fit. */
static void choice_in_a_window(struct kunit *test)
{
	vmem_t *vm = vt_arena(test, 16 * U, 64 * U, U);

	/* Passed over, too large, right, too large to be best, of that class. */
	VT_HOLES(test, vm, { 18 * U, 3 * U }, { 24 * U, 9 * U },
		 { 40 * U, 7 * U }, { 50 * U, 4 * U }, { 60 * U, 5 * U });
	KUNIT_EXPECT_EQ(test, window(vm, 3 * U, 17 * U, 70 * U, VM_NOSLEEP),
			40 * U);
	vt_xfree(vm, 40 * U, 3 * U);
	KUNIT_EXPECT_EQ(test, window(vm, 3 * U, 17 * U, 70 * U, VM_NOSLEEP |
				     VM_BESTFIT), 18 * U);
	KUNIT_EXPECT_EQ(test, window(vm, 4 * U, 17 * U, 70 * U, VM_NOSLEEP |
				     VM_BESTFIT), 50 * U);
	vt_xfree(vm, 50 * U, 4 * U);
	/* [19] */
	KUNIT_EXPECT_EQ(test, window(vm, 4 * U, 17 * U, 46 * U, VM_NOSLEEP |
				     VM_ENDALLOC), 42 * U);
	/* What was passed over serves when nothing else does. */
	vt_xfree(vm, 18 * U, 3 * U);
	KUNIT_EXPECT_EQ(test, window(vm, 3 * U, 17 * U, 24 * U, VM_NOSLEEP),
			18 * U);
	KUNIT_EXPECT_EQ(test, window(vm, 3 * U, 17 * U, 24 * U, VM_NOSLEEP),
			0UL);
}

/* A window over several spans, in whatever order they came. */
static void window_over_spans(struct kunit *test)
{
	vmem_t *vm = vt_arena(test, 64 * U, 8 * U, U);

	KUNIT_ASSERT_NOT_NULL(test, vmem_add(vm, (void *)(16 * U), 8 * U,
					     VM_SLEEP));
	KUNIT_ASSERT_NOT_NULL(test, vmem_add(vm, (void *)(32 * U), 8 * U,
					     VM_SLEEP));
	/* [2] Of each span so much lies in the window: 2, 8, 1. */
	KUNIT_EXPECT_EQ(test, window(vm, 2 * U, 22 * U, 65 * U, VM_NOSLEEP |
				     VM_BESTFIT), 22 * U);
	KUNIT_EXPECT_EQ(test, window(vm, 5 * U, 22 * U, 65 * U, VM_NOSLEEP),
			32 * U);
	KUNIT_EXPECT_EQ(test, window(vm, 4 * U, 22 * U, 65 * U, VM_NOSLEEP),
			0UL);
	KUNIT_EXPECT_EQ(test, window(vm, U, 64 * U, 65 * U, VM_NOSLEEP),
			64 * U);
	KUNIT_EXPECT_EQ(test, window(vm, U, 24 * U, 32 * U, VM_NOSLEEP), 0UL);
	KUNIT_EXPECT_EQ(test, window(vm, U, 72 * U, 80 * U, VM_NOSLEEP), 0UL);
	KUNIT_EXPECT_EQ(test, window(vm, U, U, 16 * U, VM_NOSLEEP), 0UL);
}

static struct kunit_case vmem_waypoint_cases[] = {
	KUNIT_CASE(way_is_known),
	KUNIT_CASE(far_place_is_not_walked_to),
	KUNIT_CASE(taken_place_is_refused),
	KUNIT_CASE(waypoints_lead_nowhere),
	KUNIT_CASE(maintenance_prunes),
	KUNIT_CASE(waypoints_are_few),
	KUNIT_CASE(none_to_spare),
	KUNIT_CASE(choice_in_a_window),
	KUNIT_CASE(window_over_spans),
	{}
};

static struct kunit_suite vmem_waypoint_suite = {
	.name = "vmem_waypoint",
	.init = vt_init,
	.exit = vt_exit,
	.test_cases = vmem_waypoint_cases,
};

kunit_test_suite(vmem_waypoint_suite);

MODULE_DESCRIPTION("KUnit: requests for narrow windows of vmem arenas");
MODULE_LICENSE("GPL");
