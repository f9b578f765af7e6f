// SPDX-License-Identifier: GPL-2.0
/*
 * Misuse of an arena: every row of the table but those about its beginning and
 * end, which are in vmem_badarena. Each case sees its report in the kernel log,
 * with a stack, that it was counted, and that no arena has changed.
 *
 * Every test uses arenas of its own, so that no rate limit hides a report.
 */
#include "vmem_test_import.h"
#include "vmem_test_report.h"

#define HALF	(1UL << (BITS_PER_LONG - 1))

/* An arena in use: a hole between two allocations, and room behind. */
static vmem_t *used_arena(struct kunit *test)
{
	vmem_t *vm = vt_arena(test, 16 * U, 16 * U, U);

	KUNIT_ASSERT_EQ(test, vt_take(vm, 17 * U, 2 * U), 17 * U);
	KUNIT_ASSERT_EQ(test, vt_take(vm, 20 * U, U + 1), 20 * U);
	return vm;
}

/* [17] Size 0, and sizes that wrap when rounded up. */
static void bad_size_is_refused(struct kunit *test)
{
	static const size_t sizes[] = { 0, SIZE_MAX, -U + 1, -1UL };
	static const int flags[] = {
		VM_NOSLEEP, VM_SLEEP, VM_NOSLEEP | VM_BESTFIT,
		VM_NOSLEEP | VM_NEXTFIT, VM_NOSLEEP | VM_ENDALLOC,
	};
	struct vt_misuse *m;
	unsigned int i, j;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		vmem_t *vm = used_arena(test);

		for (j = 0; j < ARRAY_SIZE(flags); j++) {
			m = vt_misuse_begin(test, vm, "vmem_alloc(");
			KUNIT_EXPECT_EQ(test, vt_alloc(vm, sizes[i], flags[j]),
					0UL);
			vt_misuse_end(test, m);
		}
		m = vt_misuse_begin(test, vm, "vmem_xalloc(");
		KUNIT_EXPECT_NULL(test, vmem_xalloc(vm, sizes[i], 0, 0, 0,
						    NULL, NULL, VM_SLEEP));
		vt_misuse_end(test, m);
		/* [33] A misuse is no failure. */
		KUNIT_EXPECT_EQ(test, vt_stats(vm).fail, 0ULL);
	}
}

/* [17] Unknown flags. */
static void unknown_flags_are_refused(struct kunit *test)
{
	vmem_t *vm = used_arena(test);
	struct vt_misuse *m;

	m = vt_misuse_begin(test, vm, "vmem_alloc(");
	KUNIT_EXPECT_EQ(test, vt_alloc(vm, U, VM_NOSLEEP | VMC_POPULATOR), 0UL);
	vt_misuse_end(test, m);
	m = vt_misuse_begin(test, vm,
			    "vmem_alloc(size=0, vmflag=0x10000001): unknown flags");
	KUNIT_EXPECT_EQ(test, vt_alloc(vm, 0, VM_NOSLEEP | 0x10000000), 0UL);
	vt_misuse_end(test, m);
	m = vt_misuse_begin(test, vm, "vmem_xalloc(");
	KUNIT_EXPECT_NULL(test, vmem_xalloc(vm, U, 0, 0, 0, NULL, NULL,
					    VM_NOSLEEP | 0x10000000));
	vt_misuse_end(test, m);
	m = vt_misuse_begin(test, vm, "vmem_add(");
	KUNIT_EXPECT_NULL(test, vmem_add(vm, (void *)(64 * U), U,
					 VM_SLEEP | VMC_IDENTIFIER));
	vt_misuse_end(test, m);
	m = vt_misuse_begin(test, vm, "vmem_walk(");
	vmem_walk(vm, 0x10 | VMEM_ALLOC, vt_walk_add, NULL);
	vt_misuse_end(test, m);
}

/**
 * struct badx - impossible parameters of vmem_xalloc()
 * @size: as its argument
 * @align: likewise
 * @phase: likewise
 * @nocross: likewise
 * @min: minaddr
 * @max: maxaddr
 */
struct badx {
	size_t size, align, phase, nocross;
	unsigned long min, max;
};

static const struct badx badxs[] = {
	/* Not a multiple of the quantum. */
	{ U, U / 2, 0, 0, 0, 0 },
	{ U, 1, 0, 0, 0, 0 },
	{ U, 4 * U, U / 2, 0, 0, 0 },
	{ U, 4 * U, 1, 0, 0, 0 },
	{ U, 0, 0, U / 2, 0, 0 },
	{ 1, 0, 0, 1, 0, 0 },
	/* Not a power of two. */
	{ U, 3 * U, 0, 0, 0, 0 },
	{ U, U + 1, 0, 0, 0, 0 },
	{ U, SIZE_MAX, 0, 0, 0, 0 },
	{ U, 0, 0, 3 * U, 0, 0 },
	{ U, 2 * U, 0, 6 * U, 0, 0 },
	/* phase not below align. */
	{ U, U, U, 0, 0, 0 },
	{ U, 0, U, 0, 0, 0 },
	{ U, 4 * U, 4 * U, 0, 0, 0 },
	{ U, 4 * U, -U, 0, 0, 0 },
	/* nocross that could never be met. */
	{ U, 4 * U, 0, 2 * U, 0, 0 },
	{ 5 * U, 0, 0, 4 * U, 0, 0 },
	{ 4 * U + 1, 0, 0, 4 * U, 0, 0 },
	{ 3 * U, 4 * U, 2 * U, 4 * U, 0, 0 },
	{ 5 * U, 2 * U, U, 4 * U, 0, 0 },
	{ -U, 4 * U, 3 * U, 8 * U, 0, 0 },
	{ -2 * U, HALF, U, HALF, 0, 0 },
	/* The window. */
	{ U, 0, 0, 0, 20 * U, 20 * U },
	{ U, 0, 0, 0, 20 * U, 19 * U },
	{ U, 0, 0, 0, -U, U },
	{ 2 * U, 0, 0, 0, 20 * U, 21 * U },
	{ U, 0, 0, 0, 20 * U, 21 * U - 1 },
	{ U, 0, 0, 0, -U, ULONG_MAX },
	{ U + 1, 0, 0, 0, -U, 0 },
	{ U, 0, 0, 0, 0, U - 1 },
};

/* [17] Inconsistent or impossible parameters, one by one. */
static void bad_constraints_are_refused(struct kunit *test)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(badxs); i++) {
		const struct badx *b = &badxs[i];
		vmem_t *vm = used_arena(test);
		struct vt_misuse *m;

		m = vt_misuse_begin(test, vm, "vmem_xalloc(");
		KUNIT_EXPECT_NULL_MSG(test,
				      vmem_xalloc(vm, b->size, b->align,
						  b->phase, b->nocross,
						  (void *)b->min,
						  (void *)b->max, VM_NOSLEEP),
				      "case %u", i);
		vt_misuse_end(test, m);
		KUNIT_EXPECT_EQ_MSG(test, vt_stats(vm).misuse, 1ULL, "case %u",
				    i);
		vt_close(test, vm);
	}
}

/* [17] The request is not made to wait: misuse returns at once. */
static void bad_constraints_do_not_wait(struct kunit *test)
{
	vmem_t *vm = used_arena(test);
	struct vt_misuse *m;

	m = vt_misuse_begin(test, vm, "vmem_xalloc(");
	KUNIT_EXPECT_NULL(test, vmem_xalloc(vm, U, 3 * U, 0, 0, NULL, NULL,
					    VM_SLEEP));
	vt_misuse_end(test, m);
	KUNIT_EXPECT_EQ(test, vt_stats(vm).wait, 0ULL);
}

/**
 * struct badfree - what must not be freed in used_arena()
 * @addr: the address
 * @size: the size
 */
struct badfree {
	unsigned long addr;
	size_t size;
};

static const struct badfree badfrees[] = {
	/* Free, a hole, outside, null. */
	{ 16 * U, U }, { 19 * U, U }, { 25 * U, U }, { 64 * U, U }, { 0, U },
	/* Inside a segment, at and off the quantum. */
	{ 18 * U, U }, { 17 * U + 1, 2 * U }, { 20 * U + 1, U },
	/* The wrong size: too small, too large, none, rounded up. */
	{ 17 * U, U }, { 17 * U, 3 * U }, { 17 * U, 0 }, { 20 * U, 2 * U },
	{ 20 * U, U }, { 17 * U, SIZE_MAX },
};

/* [25] Freeing what is not allocated, or is of another size, is ignored. */
static void bad_free_is_ignored(struct kunit *test)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(badfrees); i++) {
		const struct badfree *b = &badfrees[i];
		vmem_t *vm = used_arena(test);
		struct vt_misuse *m;

		m = vt_misuse_begin(test, vm, "vmem_free(");
		vt_free(vm, b->addr, b->size);
		vt_misuse_end(test, m);
		m = vt_misuse_begin(test, vm, "vmem_xfree(");
		vt_xfree(vm, b->addr, b->size);
		vt_misuse_end(test, m);
		KUNIT_EXPECT_EQ_MSG(test, vt_stats(vm).misuse, 2ULL, "case %u",
				    i);
		vt_close(test, vm);
	}
}

/* [25] Freeing twice: the second time nothing is allocated there. */
static void double_free_is_ignored(struct kunit *test)
{
	vmem_t *vm = used_arena(test);
	struct vt_misuse *m;

	vt_xfree(vm, 17 * U, 2 * U);
	m = vt_misuse_begin(test, vm, "vmem_xfree(");
	vt_xfree(vm, 17 * U, 2 * U);
	vt_misuse_end(test, m);
	VT_EXPECT_WALK(test, vm, VMEM_ALLOC, { 20 * U, U + 1 });
}

/* [5] The size to free is the one asked for, not the one rounded up. */
static void rounded_size_is_the_wrong_size(struct kunit *test)
{
	vmem_t *vm = vt_arena(test, 16 * U, 16 * U, U);
	struct vt_misuse *m;

	KUNIT_ASSERT_EQ(test, vt_alloc(vm, 100, VM_SLEEP), 16 * U);
	m = vt_misuse_begin(test, vm, "vmem_free(");
	vt_free(vm, 16 * U, U);
	vt_misuse_end(test, m);
	vt_free(vm, 16 * U, 100);
	KUNIT_EXPECT_EQ(test, vt_stats(vm).free, 1ULL);
}

/* [25] The second free of what went home with its span. */
static void double_free_of_an_import_is_ignored(struct kunit *test)
{
	vmem_t *vm = vt_importer(test, U, vt_release, U, 0, 0);
	struct vt_misuse *m;

	vt_imp.next = 64 * U;
	KUNIT_ASSERT_EQ(test, vt_alloc(vm, U, VM_SLEEP), 64 * U);
	vt_free(vm, 64 * U, U);
	m = vt_misuse_begin(test, vm, "vmem_free(");
	vt_free(vm, 64 * U, U);
	vt_misuse_end(test, m);
	KUNIT_EXPECT_EQ(test, vt_imp.releases, 1U);
}

static const struct vt_range badspans[] = {
	/* Empty, misaligned, null, wrapping. */
	{ 64 * U, 0 }, { 0, 0 }, { 64 * U + 1, U }, { 64 * U, U + 1 },
	{ 64 * U, 1 }, { 0, U }, { -U, 2 * U }, { 64 * U, -U },
	{ HALF, HALF + U },
	/* Overlapping: the same, within, around, from below, from above. */
	{ 16 * U, 16 * U }, { 20 * U, U }, { 8 * U, 32 * U }, { 15 * U, 2 * U },
	{ 31 * U, 2 * U }, { 16 * U, U }, { 31 * U, U }, { U, -2 * U },
	/* Overlapping the one at the very top. */
	{ -U, U }, { -2 * U, U }, { -3 * U, 2 * U }, { -4 * U, 4 * U },
};

/* [28] Adding such a span is refused; [7] among them one that begins at 0. */
static void bad_span_is_refused(struct kunit *test)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(badspans); i++) {
		vmem_t *vm = used_arena(test);
		struct vt_misuse *m;

		KUNIT_ASSERT_NOT_NULL(test, vmem_add(vm, (void *)(-2 * U),
						     2 * U, VM_SLEEP));
		m = vt_misuse_begin(test, vm, "vmem_add(");
		KUNIT_EXPECT_NULL_MSG(test,
				      vmem_add(vm, (void *)badspans[i].start,
					       badspans[i].size, VM_SLEEP),
				      "case %u", i);
		vt_misuse_end(test, m);
		KUNIT_EXPECT_EQ_MSG(test, vt_stats(vm).misuse, 1ULL, "case %u",
				    i);
		vt_close(test, vm);
	}
}

/* [28] One integer in common is an overlap, none is not. */
static void overlap_by_one_is_refused(struct kunit *test)
{
	static const struct vt_range overlaps[] = {
		{ 90, 11 }, { 109, 11 }, { 100, 1 }, { 109, 1 }, { 99, 12 },
	};
	vmem_t *vm = vt_arena(test, 100, 10, 1);
	struct vt_misuse *m;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(overlaps); i++) {
		m = vt_misuse_begin(test, vm, "vmem_add(");
		KUNIT_EXPECT_NULL_MSG(test,
				      vmem_add(vm, (void *)overlaps[i].start,
					       overlaps[i].size, VM_SLEEP),
				      "case %u", i);
		vt_misuse_end(test, m);
	}
	KUNIT_EXPECT_NOT_NULL(test, vmem_add(vm, (void *)90, 10, VM_SLEEP));
	KUNIT_EXPECT_NOT_NULL(test, vmem_add(vm, (void *)110, 1, VM_SLEEP));
	KUNIT_EXPECT_EQ(test, vmem_size(vm, VMEM_FREE), (size_t)21);
}

/* [36] Bad imports are in vmem_race; here: the log names arena and range. */
static void report_names_the_arena(struct kunit *test)
{
	vmem_t *vm = vt_adopt(test, vmem_create("a/b:c", (void *)U, U, U, NULL,
						NULL, NULL, 0, VM_SLEEP));
	struct vt_window w;

	vt_window_open(&w, "'a\\057b\\072c': vmem_free(addr=0x5000, size=4096)",
		       "1");
	vt_free(vm, 5 * U, U);
	vt_window_close(&w);
	KUNIT_EXPECT_EQ(test, w.reports, 1U);
	KUNIT_EXPECT_EQ(test, w.others, 0U);
}

/* [25] Many at once: not all are printed, all are counted, and that is said. */
static void reports_are_rate_limited(struct kunit *test)
{
	vmem_t *vm = used_arena(test);
	struct vt_window w;
	unsigned int i;

	vt_disown(test, vm);
	vt_window_open(&w, "vmem_xfree(", "*");
	w.also = "reports held back";
	for (i = 0; i < 100; i++)
		vt_xfree(vm, 64 * U, U);
	KUNIT_EXPECT_EQ(test, vt_stats(vm).misuse, 100ULL);
	/* At the latest its end says what was held back. */
	vt_destroy(test, vm);
	vt_window_close(&w);
	KUNIT_EXPECT_GE(test, w.reports, 1U);
	KUNIT_EXPECT_LE(test, w.reports, 20U);
	KUNIT_EXPECT_GE(test, w.alsos, 1U);
}

static struct kunit_case vmem_misuse_cases[] = {
	KUNIT_CASE(bad_size_is_refused),
	KUNIT_CASE(unknown_flags_are_refused),
	KUNIT_CASE(bad_constraints_are_refused),
	KUNIT_CASE(bad_constraints_do_not_wait),
	KUNIT_CASE(bad_free_is_ignored),
	KUNIT_CASE(double_free_is_ignored),
	KUNIT_CASE(rounded_size_is_the_wrong_size),
	KUNIT_CASE(double_free_of_an_import_is_ignored),
	KUNIT_CASE(bad_span_is_refused),
	KUNIT_CASE(overlap_by_one_is_refused),
	KUNIT_CASE(report_names_the_arena),
	KUNIT_CASE(reports_are_rate_limited),
	{}
};

static struct kunit_suite vmem_misuse_suite = {
	.name = "vmem_misuse",
	.init = vt_import_init,
	.exit = vt_exit,
	.test_cases = vmem_misuse_cases,
};

kunit_test_suite(vmem_misuse_suite);

MODULE_DESCRIPTION("KUnit: misuse of vmem");
MODULE_LICENSE("GPL");
