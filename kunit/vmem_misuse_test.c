// SPDX-License-Identifier: GPL-2.0
/*
 * Misuse of an arena, except in its creation and destruction (vmem_badarena).
 * Each case checks that the kernel log has one report with a stack and the
 * expected text, that the arena counts the misuse, and that nothing else has
 * changed in any arena.
 *
 * Every test uses its own arenas, so that no rate limit hides a report.
 */
#include "vmem_test_import.h"
#include "vmem_test_report.h"

#define HALF	(1UL << (BITS_PER_LONG - 1))

/*
 * An arena with two allocations, and free segments before, between and after
 * them.
 */
static vmem_t *used_arena(struct kunit *test)
{
	vmem_t *vm = vt_arena(test, 16 * U, 16 * U, U);

	KUNIT_ASSERT_EQ(test, vt_alloc_at(vm, 17 * U, 2 * U), 17 * U);
	KUNIT_ASSERT_EQ(test, vt_alloc_at(vm, 20 * U, U + 1), 20 * U);
	return vm;
}

/* [17] Size 0 and sizes that wrap when rounded up are refused. */
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
			m = vt_misuse_begin(test, vm,
					    "): the size must not be 0, nor wrap");
			KUNIT_EXPECT_EQ(test, vt_alloc(vm, sizes[i], flags[j]),
					0UL);
			vt_misuse_end(test, m);
		}
		m = vt_misuse_begin(test, vm, sizes[i] ?
				    "): the size wraps when rounded up" :
				    "): the size must not be 0");
		KUNIT_EXPECT_NULL(test, vmem_xalloc(vm, sizes[i], 0, 0, 0,
						    NULL, NULL, VM_SLEEP));
		vt_misuse_end(test, m);
		/* [33] A misuse does not count as a failure. */
		KUNIT_EXPECT_EQ(test, vt_stats(vm).fail, 0ULL);
	}
}

/* [17] Unknown flags are refused. */
static void unknown_flags_are_refused(struct kunit *test)
{
	vmem_t *vm = used_arena(test);
	struct vt_misuse *m;

	m = vt_misuse_begin(test, vm,
			    "vmem_alloc(size=4096, vmflag=0x10001): unknown flags");
	KUNIT_EXPECT_EQ(test, vt_alloc(vm, U, VM_NOSLEEP | VMC_POPULATOR), 0UL);
	vt_misuse_end(test, m);
	m = vt_misuse_begin(test, vm,
			    "vmem_alloc(size=0, vmflag=0x10000001): unknown flags");
	KUNIT_EXPECT_EQ(test, vt_alloc(vm, 0, VM_NOSLEEP | 0x10000000), 0UL);
	vt_misuse_end(test, m);
	m = vt_misuse_begin(test, vm, "vmflag=0x10000001): unknown flags");
	KUNIT_EXPECT_NULL(test, vmem_xalloc(vm, U, 0, 0, 0, NULL, NULL,
					    VM_NOSLEEP | 0x10000000));
	vt_misuse_end(test, m);
	m = vt_misuse_begin(test, vm, "vmflag=0x40000): unknown flags");
	KUNIT_EXPECT_NULL(test, vmem_add(vm, (void *)(64 * U), U,
					 VM_SLEEP | VMC_IDENTIFIER));
	vt_misuse_end(test, m);
	m = vt_misuse_begin(test, vm, "vmem_walk(");
	vmem_walk(vm, 0x10 | VMEM_ALLOC, vt_walk_add, NULL);
	vt_misuse_end(test, m);
}

/**
 * struct bad_xalloc - impossible parameters of vmem_xalloc()
 * @size: argument of vmem_xalloc()
 * @align: argument of vmem_xalloc()
 * @phase: argument of vmem_xalloc()
 * @nocross: argument of vmem_xalloc()
 * @min: argument minaddr of vmem_xalloc()
 * @max: argument maxaddr of vmem_xalloc()
 * @why: text of the report
 */
struct bad_xalloc {
	size_t size, align, phase, nocross;
	unsigned long min, max;
	const char *why;
};

static const char off_quantum[] = "must be multiples of the quantum";
static const char bad_align[] = "align must be a power of two";
static const char bad_nocross[] = "nocross must be a power of two";
static const char bad_phase[] = "phase must be less than align";
static const char crosses[] = "no range of that size and phase meets nocross";
static const char no_window[] = "maxaddr must be above minaddr";
static const char small_window[] = "is smaller than the size";

static const struct bad_xalloc bad_xallocs[] = {
	/* Not a multiple of the quantum. */
	{ U, U / 2, 0, 0, 0, 0, off_quantum },
	{ U, 1, 0, 0, 0, 0, off_quantum },
	{ U, 4 * U, U / 2, 0, 0, 0, off_quantum },
	{ U, 4 * U, 1, 0, 0, 0, off_quantum },
	{ U, 0, 0, U / 2, 0, 0, off_quantum },
	{ 1, 0, 0, 1, 0, 0, off_quantum },
	/* Not a power of two. */
	{ U, 3 * U, 0, 0, 0, 0, bad_align },
	{ U, U + 1, 0, 0, 0, 0, off_quantum },
	{ U, SIZE_MAX, 0, 0, 0, 0, off_quantum },
	{ U, 0, 0, 3 * U, 0, 0, bad_nocross },
	{ U, 2 * U, 0, 6 * U, 0, 0, bad_nocross },
	/* phase >= align. */
	{ U, U, U, 0, 0, 0, bad_phase },
	{ U, 0, U, 0, 0, 0, bad_phase },
	{ U, 4 * U, 4 * U, 0, 0, 0, bad_phase },
	{ U, 4 * U, -U, 0, 0, 0, bad_phase },
	/* No range can meet nocross. */
	{ U, 4 * U, 0, 2 * U, 0, 0, "align must not be above nocross" },
	{ 5 * U, 0, 0, 4 * U, 0, 0, crosses },
	{ 4 * U + 1, 0, 0, 4 * U, 0, 0, crosses },
	{ 3 * U, 4 * U, 2 * U, 4 * U, 0, 0, crosses },
	{ 5 * U, 2 * U, U, 4 * U, 0, 0, crosses },
	{ -U, 4 * U, 3 * U, 8 * U, 0, 0, crosses },
	{ -2 * U, HALF, U, HALF, 0, 0, crosses },
	/* The window is empty or too small. */
	{ U, 0, 0, 0, 20 * U, 20 * U, no_window },
	{ U, 0, 0, 0, 20 * U, 19 * U, no_window },
	{ U, 0, 0, 0, -U, U, no_window },
	{ 2 * U, 0, 0, 0, 20 * U, 21 * U, small_window },
	{ U, 0, 0, 0, 20 * U, 21 * U - 1, small_window },
	{ U, 0, 0, 0, -U, ULONG_MAX, small_window },
	{ U + 1, 0, 0, 0, -U, 0, small_window },
	{ U, 0, 0, 0, 0, U - 1, small_window },
};

/* [17] Inconsistent or impossible parameters are refused. */
static void bad_constraints_are_refused(struct kunit *test)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(bad_xallocs); i++) {
		const struct bad_xalloc *b = &bad_xallocs[i];
		vmem_t *vm = used_arena(test);
		struct vt_misuse *m;

		m = vt_misuse_begin(test, vm, b->why);
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

/* [17] A refused request returns at once, even with VM_SLEEP. */
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
 * struct badfree - a range that must not be freed in used_arena()
 * @addr: start of the range
 * @size: size of the range
 * @allocated: size of the allocation at @addr, or 0 if there is none
 */
struct badfree {
	unsigned long addr;
	size_t size;
	size_t allocated;
};

static const struct badfree badfrees[] = {
	/* Free segments, a range outside the arena, NULL. */
	{ 16 * U, U }, { 19 * U, U }, { 25 * U, U }, { 64 * U, U }, { 0, U },
	/* Inside an allocation, at a multiple of the quantum and elsewhere. */
	{ 18 * U, U }, { 17 * U + 1, 2 * U }, { 20 * U + 1, U },
	/* The wrong size: too small, too large, 0, rounded up. */
	{ 17 * U, U, 2 * U }, { 17 * U, 3 * U, 2 * U }, { 17 * U, 0, 2 * U },
	{ 20 * U, 2 * U, U + 1 }, { 20 * U, U, U + 1 },
	{ 17 * U, SIZE_MAX, 2 * U },
};

/* Returns the expected text of the report when @func frees the range. */
static const char *free_report(const struct badfree *b, const char *func,
			       char *text, size_t size)
{
	int n = snprintf(text, size, "%s(addr=%#lx, size=%zu): ", func, b->addr,
			 b->size);

	if (b->allocated)
		snprintf(text + n, size - n, "%zu were allocated",
			 b->allocated);
	else
		snprintf(text + n, size - n, "no allocation begins there");
	return text;
}

/*
 * [25] vmem_free() and vmem_xfree() ignore a range that is not an allocation,
 * or whose size is wrong.
 */
static void bad_free_is_ignored(struct kunit *test)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(badfrees); i++) {
		const struct badfree *b = &badfrees[i];
		vmem_t *vm = used_arena(test);
		struct vt_misuse *m;
		char text[128];

		m = vt_misuse_begin(test, vm, free_report(b, "vmem_free", text,
							  sizeof(text)));
		vt_free(vm, b->addr, b->size);
		vt_misuse_end(test, m);
		m = vt_misuse_begin(test, vm, free_report(b, "vmem_xfree", text,
							  sizeof(text)));
		vt_xfree(vm, b->addr, b->size);
		vt_misuse_end(test, m);
		KUNIT_EXPECT_EQ_MSG(test, vt_stats(vm).misuse, 2ULL, "case %u",
				    i);
		vt_close(test, vm);
	}
}

/* [25] A second vmem_xfree() of an allocation is ignored. */
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

/* [5] vmem_free() expects the requested size, not the rounded size. */
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

/*
 * [25] A second vmem_free() of an allocation is ignored even if the first call
 * has released the span.
 */
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

/**
 * struct badspan - a span that must not be added to used_arena()
 * @start: first integer of the span
 * @size: size of the span
 * @why: text of the report
 */
struct badspan {
	unsigned long start;
	size_t size;
	const char *why;
};

static const char zero[] = "a span must not begin at 0";
static const char empty[] = "a span must not be empty";
static const char off[] = "a span must be a multiple of the quantum";
static const char wraps[] = "a span must not wrap";
static const char overlaps[] = "the span overlaps another span";

static const struct badspan badspans[] = {
	{ 64 * U, 0, empty }, { 0, 0, zero }, { 0, U, zero },
	{ 64 * U + 1, U, off }, { 64 * U, U + 1, off }, { 64 * U, 1, off },
	{ -U, 2 * U, wraps }, { 64 * U, -U, wraps }, { HALF, HALF + U, wraps },
	/*
	 * Overlaps of the first span: equal, inside, around, across either end.
	 */
	{ 16 * U, 16 * U, overlaps }, { 20 * U, U, overlaps },
	{ 8 * U, 32 * U, overlaps }, { 15 * U, 2 * U, overlaps },
	{ 31 * U, 2 * U, overlaps }, { 16 * U, U, overlaps },
	{ 31 * U, U, overlaps }, { U, -2 * U, overlaps },
	/* Overlaps of the span at the top of the address space. */
	{ -U, U, overlaps }, { -2 * U, U, overlaps }, { -3 * U, 2 * U, overlaps },
	{ -4 * U, 4 * U, overlaps },
};

/* [28] vmem_add() refuses a bad span. [7] A span that begins at 0 is bad. */
static void bad_span_is_refused(struct kunit *test)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(badspans); i++) {
		vmem_t *vm = used_arena(test);
		struct vt_misuse *m;

		KUNIT_ASSERT_NOT_NULL(test, vmem_add(vm, (void *)(-2 * U),
						     2 * U, VM_SLEEP));
		m = vt_misuse_begin(test, vm, badspans[i].why);
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

/*
 * [28] vmem_add() refuses a span that shares one integer with another span, but
 * accepts an adjacent span.
 */
static void overlap_by_one_is_refused(struct kunit *test)
{
	static const struct vt_range range[] = {
		{ 90, 11 }, { 109, 11 }, { 100, 1 }, { 109, 1 }, { 99, 12 },
	};
	vmem_t *vm = vt_arena(test, 100, 10, 1);
	struct vt_misuse *m;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(range); i++) {
		m = vt_misuse_begin(test, vm, overlaps);
		KUNIT_EXPECT_NULL_MSG(test,
				      vmem_add(vm, (void *)range[i].start,
					       range[i].size, VM_SLEEP),
				      "case %u", i);
		vt_misuse_end(test, m);
	}
	KUNIT_EXPECT_NOT_NULL(test, vmem_add(vm, (void *)90, 10, VM_SLEEP));
	KUNIT_EXPECT_NOT_NULL(test, vmem_add(vm, (void *)110, 1, VM_SLEEP));
	KUNIT_EXPECT_EQ(test, vmem_size(vm, VMEM_FREE), (size_t)21);
}

/*
 * [36] A report names the arena and the range. The suite vmem_race tests bad
 * imports.
 */
static void report_names_the_arena(struct kunit *test)
{
	vmem_t *vm = vt_track(test, vmem_create("a/b:c", (void *)U, U, U, NULL,
						NULL, NULL, 0, VM_SLEEP));
	struct vt_window w;

	vt_window_open(&w, "'a\\057b\\072c': vmem_free(addr=0x5000, size=4096)",
		       "1");
	vt_free(vm, 5 * U, U);
	vt_window_close(&w);
	KUNIT_EXPECT_EQ(test, w.reports, 1U);
	KUNIT_EXPECT_EQ(test, w.others, 0U);
}

/*
 * [25] The statistics count every misuse. The log has a limited number of
 * reports, and states the number of suppressed reports.
 */
static void reports_are_rate_limited(struct kunit *test)
{
	vmem_t *vm = used_arena(test);
	struct vt_window w;
	unsigned int i;

	vt_untrack(test, vm);
	vt_window_open(&w, "vmem_xfree(", "*");
	w.also = "reports held back";
	for (i = 0; i < 100; i++)
		vt_xfree(vm, 64 * U, U);
	KUNIT_EXPECT_EQ(test, vt_stats(vm).misuse, 100ULL);
	/*
	 * vmem_destroy() logs the number of suppressed reports, unless an
	 * earlier report has stated it.
	 */
	vt_destroy(test, vm);
	vt_window_close(&w);
	KUNIT_EXPECT_GE(test, w.reports, 1U);
	KUNIT_EXPECT_LE(test, w.reports, 20U);
	KUNIT_EXPECT_GE(test, w.also_lines, 1U);
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
