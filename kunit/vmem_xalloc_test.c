// SPDX-License-Identifier: GPL-2.0
/*
 * Constrained allocation: alignment, phase, boundaries, windows.
 */
#include "vmem_test.h"

/**
 * struct xcase - one constrained request to an arena that is wholly free
 * @base: start of the arena
 * @len: size of the arena
 * @size: size of the request
 * @align: alignment of the request, or 0
 * @phase: phase of the request
 * @nocross: boundary that the result must not straddle, or 0
 * @min: lower end of the window, or 0
 * @max: upper end of the window, or 0
 * @low: expected address without VM_ENDALLOC, or 0 if the request fails
 * @high: expected address with VM_ENDALLOC, or 0 if the request fails
 *
 * All members are in units.
 */
struct xcase {
	u16 base, len;
	u16 size, align, phase, nocross, min, max;
	u16 low, high;
};

static const struct xcase xcases[] = {
	/* No constraints. */
	{ 17, 30, 3, 0, 0, 0, 0, 0, 17, 44 },
	/* Alignment, with and without phase. */
	{ 17, 30, 3, 8, 0, 0, 0, 0, 24, 40 },
	{ 17, 30, 3, 8, 3, 0, 0, 0, 19, 43 },
	{ 17, 30, 3, 8, 1, 0, 0, 0, 17, 41 },
	{ 17, 30, 3, 8, 4, 0, 0, 0, 20, 44 },
	{ 17, 30, 3, 8, 5, 0, 0, 0, 21, 37 },
	{ 17, 30, 6, 32, 0, 0, 0, 0, 32, 32 },
	{ 17, 30, 16, 32, 0, 0, 0, 0, 0, 0 },
	{ 33, 30, 2, 64, 0, 0, 0, 0, 0, 0 },
	/* A boundary, which the result may touch but not straddle. */
	{ 17, 30, 3, 0, 0, 4, 0, 0, 17, 44 },
	{ 18, 30, 3, 0, 0, 4, 0, 0, 20, 45 },
	{ 17, 30, 4, 0, 0, 4, 0, 0, 20, 40 },
	{ 17, 30, 16, 0, 0, 16, 0, 0, 0, 0 },
	{ 17, 32, 16, 0, 0, 16, 0, 0, 32, 32 },
	{ 30, 8, 3, 0, 0, 32, 0, 0, 32, 35 },
	/* Alignment, phase and boundary. */
	{ 17, 30, 3, 4, 1, 8, 0, 0, 17, 41 },
	{ 17, 30, 3, 4, 1, 4, 0, 0, 17, 41 },
	{ 18, 30, 3, 4, 1, 4, 0, 0, 21, 45 },
	{ 18, 30, 2, 4, 2, 16, 0, 0, 18, 46 },
	/* Windows: @min is inclusive, @max is exclusive. */
	{ 17, 30, 3, 0, 0, 0, 20, 0, 20, 44 },
	{ 17, 30, 3, 0, 0, 0, 0, 40, 17, 37 },
	{ 17, 30, 3, 0, 0, 0, 20, 23, 20, 20 },
	{ 17, 30, 3, 0, 0, 0, 10, 20, 17, 17 },
	{ 17, 30, 3, 0, 0, 0, 10, 19, 0, 0 },
	{ 17, 30, 3, 0, 0, 0, 45, 60, 0, 0 },
	{ 17, 30, 3, 0, 0, 0, 44, 60, 44, 44 },
	{ 17, 30, 3, 0, 0, 0, 60, 70, 0, 0 },
	{ 17, 30, 3, 0, 0, 0, 4, 10, 0, 0 },
	/* Windows with alignment, phase, boundary. */
	{ 17, 30, 3, 8, 0, 0, 25, 0, 32, 40 },
	{ 17, 30, 3, 8, 0, 0, 0, 42, 24, 32 },
	{ 17, 30, 3, 8, 3, 0, 20, 37, 27, 27 },
	{ 17, 30, 3, 0, 0, 8, 22, 0, 24, 44 },
	{ 17, 30, 3, 0, 0, 8, 22, 26, 0, 0 },
	{ 17, 30, 3, 4, 0, 8, 21, 39, 24, 36 },
	{ 17, 30, 3, 8, 4, 8, 19, 32, 20, 28 },
};

static void *unit(unsigned int n)
{
	return (void *)(n * U);
}

/*
 * [16] The result is the lowest address that meets all constraints.
 * [19] With VM_ENDALLOC the result is the highest such address.
 */
static void result_meets_every_constraint(struct kunit *test)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(xcases); i++) {
		const struct xcase *c = &xcases[i];
		vmem_t *vm = vt_arena(test, c->base * U, c->len * U, U);
		void *addr;

		addr = vmem_xalloc(vm, c->size * U, c->align * U, c->phase * U,
				   c->nocross * U, unit(c->min), unit(c->max),
				   VM_NOSLEEP);
		KUNIT_EXPECT_EQ_MSG(test, (unsigned long)addr / U,
				    (unsigned long)c->low, "case %u", i);
		if (addr)
			vmem_xfree(vm, addr, c->size * U);
		addr = vmem_xalloc(vm, c->size * U, c->align * U, c->phase * U,
				   c->nocross * U, unit(c->min), unit(c->max),
				   VM_NOSLEEP | VM_ENDALLOC);
		KUNIT_EXPECT_EQ_MSG(test, (unsigned long)addr / U,
				    (unsigned long)c->high, "case %u, end", i);
		KUNIT_EXPECT_EQ(test, vt_stats(vm).misuse, 0ULL);
		vt_close(test, vm);
	}
}

/*
 * [16] If an arena has only one free segment, a request has the same result
 * with every policy.
 */
static void every_policy_meets_constraints(struct kunit *test)
{
	static const int flags[] = { VM_BESTFIT, VM_FIRSTFIT, VM_NEXTFIT };
	unsigned int i, j;

	for (i = 0; i < ARRAY_SIZE(xcases); i++) {
		const struct xcase *c = &xcases[i];
		vmem_t *vm = vt_arena(test, c->base * U, c->len * U, U);

		for (j = 0; j < 2 * ARRAY_SIZE(flags); j++) {
			int end = j & 1 ? VM_ENDALLOC : 0;
			void *addr;

			addr = vmem_xalloc(vm, c->size * U, c->align * U,
					   c->phase * U, c->nocross * U,
					   unit(c->min), unit(c->max),
					   VM_NOSLEEP | flags[j / 2] | end);
			KUNIT_EXPECT_EQ_MSG(test, (unsigned long)addr / U,
					    (unsigned long)(end ? c->high :
							    c->low),
					    "case %u, flags %x", i,
					    flags[j / 2] | end);
			if (addr)
				vmem_xfree(vm, addr, c->size * U);
		}
		vt_close(test, vm);
	}
}

/*
 * [16] The window applies to the requested size, not to the size rounded up to
 * the quantum.
 */
static void window_applies_to_requested_size(struct kunit *test)
{
	vmem_t *vm = vt_arena(test, 16 * U, 16 * U, U);

	/*
	 * The requested range ends at maxaddr, the rounded range ends above
	 * maxaddr.
	 */
	KUNIT_EXPECT_PTR_EQ(test, vmem_xalloc(vm, U + 1, 0, 0, 0, unit(20),
					      (void *)(21 * U + 1),
					      VM_NOSLEEP), unit(20));
	VT_EXPECT_WALK(test, vm, VMEM_FREE, { 16 * U, 4 * U },
		       { 22 * U, 10 * U });
	/*
	 * minaddr is off the quantum: the result is the next multiple of the
	 * quantum.
	 */
	KUNIT_EXPECT_PTR_EQ(test, vmem_xalloc(vm, 1, 0, 0, 0,
					      (void *)(24 * U + 1), NULL,
					      VM_NOSLEEP), unit(25));
	/* The window contains no multiple of the quantum. */
	KUNIT_EXPECT_NULL(test, vmem_xalloc(vm, 1, 0, 0, 0,
					    (void *)(28 * U + 1),
					    (void *)(29 * U), VM_NOSLEEP));
	KUNIT_EXPECT_EQ(test, vt_stats(vm).misuse, 0ULL);
}

/* [16] The search finds the only segment that can meet the constraints. */
static void search_finds_the_segment_that_fits(struct kunit *test)
{
	vmem_t *vm = vt_arena(test, 16 * U, 48 * U, U);
	u64 search;

	VT_HOLES(test, vm, { 31 * U, 5 * U }, { 18 * U, 4 * U },
		 { 41 * U, 6 * U });
	/*
	 * The search starts with the hole that was freed last. It rejects the
	 * holes at 41 and at 18.
	 */
	search = vt_stats(vm).search;
	KUNIT_EXPECT_PTR_EQ(test, vmem_xalloc(vm, 4 * U, 32 * U, 0, 0, NULL,
					      NULL, VM_NOSLEEP), unit(32));
	KUNIT_EXPECT_EQ(test, vt_stats(vm).search - search, 2ULL);
	VT_EXPECT_WALK(test, vm, VMEM_FREE, { 18 * U, 4 * U }, { 31 * U, U },
		       { 41 * U, 6 * U });
}

/* [16] An align of 0 means the quantum, with phase 0. */
static void align_zero_is_the_quantum(struct kunit *test)
{
	vmem_t *vm = vt_arena(test, 17 * U, 8 * U, U);

	KUNIT_EXPECT_PTR_EQ(test, vmem_xalloc(vm, U, 0, 0, 0, NULL, NULL,
					      VM_NOSLEEP), unit(17));
	KUNIT_EXPECT_PTR_EQ(test, vmem_xalloc(vm, U, U, 0, 0, NULL, NULL,
					      VM_NOSLEEP), unit(18));
}

/* [17] Parameters at the limits of the rules are not misuse. */
static void parameters_that_just_fit_are_legal(struct kunit *test)
{
	vmem_t *vm = vt_arena(test, 16 * U, 32 * U, U);

	/* align == nocross, phase + size == nocross. */
	KUNIT_EXPECT_PTR_EQ(test, vmem_xalloc(vm, 3 * U, 8 * U, 5 * U, 8 * U,
					      NULL, NULL, VM_NOSLEEP),
			    unit(21));
	/* The window is as large as the request. */
	KUNIT_EXPECT_PTR_EQ(test, vmem_xalloc(vm, 4 * U, 4 * U, 0, 4 * U,
					      unit(28), unit(32), VM_NOSLEEP),
			    unit(28));
	/* phase == align - quantum. */
	KUNIT_EXPECT_PTR_EQ(test, vmem_xalloc(vm, U, 16 * U, 15 * U, 0, NULL,
					      NULL, VM_NOSLEEP), unit(47));
	KUNIT_EXPECT_EQ(test, vt_stats(vm).misuse, 0ULL);
}

/*
 * [23] If no segment meets the constraints of a request, the request counts
 * once in "fail".
 */
static void constrained_failure_counts_once(struct kunit *test)
{
	vmem_t *vm = vt_arena(test, 17 * U, 8 * U, U);

	KUNIT_EXPECT_NULL(test, vmem_xalloc(vm, U, 16 * U, 0, 0, NULL, NULL,
					    VM_NOSLEEP));
	KUNIT_EXPECT_EQ(test, vt_stats(vm).fail, 1ULL);
	KUNIT_EXPECT_EQ(test, vt_stats(vm).wait, 0ULL);
	VT_EXPECT_WALK(test, vm, VMEM_ALLOC | VMEM_FREE, { 17 * U, 8 * U });
}

static struct kunit_case vmem_xalloc_cases[] = {
	KUNIT_CASE(result_meets_every_constraint),
	KUNIT_CASE(every_policy_meets_constraints),
	KUNIT_CASE(window_applies_to_requested_size),
	KUNIT_CASE(search_finds_the_segment_that_fits),
	KUNIT_CASE(align_zero_is_the_quantum),
	KUNIT_CASE(parameters_that_just_fit_are_legal),
	KUNIT_CASE(constrained_failure_counts_once),
	{}
};

static struct kunit_suite vmem_xalloc_suite = {
	.name = "vmem_xalloc",
	.init = vt_init,
	.exit = vt_exit,
	.test_cases = vmem_xalloc_cases,
};

kunit_test_suite(vmem_xalloc_suite);

MODULE_DESCRIPTION("KUnit: constrained allocation of vmem");
MODULE_LICENSE("GPL");
