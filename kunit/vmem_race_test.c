// SPDX-License-Identifier: GPL-2.0
/*
 * Races at import: the import function, which runs without the arena lock held,
 * frees, adds or allocates in the importing arena. This suite also tests bad
 * imports, because a change of the arena during an import can make a correct
 * import bad.
 */
#include "../vmem/arena.h"
#include "vmem_test_import.h"
#include "vmem_test_report.h"

/*
 * An importing arena with one span, the units 16..31, allocated in segments of
 * 4 units.
 */
static vmem_t *full_importer(struct kunit *test, vmem_free_t *ffunc,
			     size_t source_quantum)
{
	vmem_t *vm = vt_ximporter(test, U, ffunc, source_quantum, 0);
	unsigned int i;

	vmem_add(vm, (void *)(16 * U), 16 * U, VM_SLEEP);
	for (i = 16; i < 32; i += 4)
		KUNIT_ASSERT_EQ(test, vt_alloc_at(vm, i * U, 4 * U), i * U);
	return vm;
}

static void free_four_units(void)
{
	vt_imp.during = NULL;
	vt_xfree(vt_imp.importer, 20 * U, 4 * U);
}

/*
 * [21] An import of more than the needed size is given back if a large enough
 * segment becomes free during the import.
 */
static void larger_import_is_given_back(struct kunit *test)
{
	vmem_t *vm = full_importer(test, vt_release, 16 * U);

	vt_imp.next = 64 * U;
	vt_imp.during = free_four_units;
	KUNIT_EXPECT_EQ(test, vt_alloc(vm, 4 * U, VM_NOSLEEP), 20 * U);
	KUNIT_EXPECT_EQ(test, vt_imp.imports, 1U);
	KUNIT_EXPECT_EQ(test, vt_imp.releases, 1U);
	KUNIT_EXPECT_EQ(test, vt_imp.released.start, 64 * U);
	KUNIT_EXPECT_EQ(test, vt_imp.released.size, 16 * U);
	KUNIT_EXPECT_EQ(test, vt_stats(vm).giveback, 1ULL);
	KUNIT_EXPECT_EQ(test, vt_stats(vm).mem_import, 0ULL);
	KUNIT_EXPECT_EQ(test, vt_stats(vm).mem_total, (u64)(16 * U));
}

/*
 * [21] An import for a request of more than half of the address space is kept,
 * since the request has no guaranteed class.
 */
static void huge_import_is_kept(struct kunit *test)
{
	size_t huge = (1UL << (BITS_PER_LONG - 1)) + U;
	vmem_t *vm = vt_ximporter(test, U, vt_release, U, 0);

	KUNIT_ASSERT_NOT_NULL(test, vmem_add(vm, (void *)(16 * U), U,
					     VM_SLEEP));
	vt_imp.next = 64 * U;
	vt_imp.raise = U;
	KUNIT_EXPECT_EQ(test, vt_alloc(vm, huge, VM_NOSLEEP), 64 * U);
	KUNIT_EXPECT_EQ(test, vt_imp.releases, 0U);
	VT_EXPECT_WALK(test, vm, VMEM_FREE, { 16 * U, U },
		       { 64 * U + huge, U });
	vt_free(vm, 64 * U, huge);
	KUNIT_EXPECT_EQ(test, vt_imp.releases, 1U);
}

/*
 * [21] An import of exactly the needed size is kept, even if a large enough
 * segment becomes free during the import.
 */
static void exact_import_is_kept(struct kunit *test)
{
	vmem_t *vm = full_importer(test, vt_release, U);

	vt_imp.next = 64 * U;
	vt_imp.during = free_four_units;
	KUNIT_EXPECT_EQ(test, vt_alloc(vm, 4 * U, VM_NOSLEEP), 64 * U);
	KUNIT_EXPECT_EQ(test, vt_imp.releases, 0U);
	KUNIT_EXPECT_EQ(test, vt_stats(vm).giveback, 0ULL);
	VT_EXPECT_WALK(test, vm, VMEM_FREE, { 20 * U, 4 * U });
}

/*
 * [21] If the arena has no release function, an import of more than the needed
 * size is kept.
 */
static void import_without_ffunc_is_kept(struct kunit *test)
{
	vmem_t *vm = full_importer(test, NULL, 16 * U);

	vt_imp.next = 64 * U;
	vt_imp.during = free_four_units;
	KUNIT_EXPECT_EQ(test, vt_alloc(vm, 4 * U, VM_NOSLEEP), 64 * U);
	KUNIT_EXPECT_EQ(test, vt_stats(vm).giveback, 0ULL);
	KUNIT_EXPECT_EQ(test, vt_stats(vm).mem_import, (u64)(16 * U));
}

/*
 * Leave a free segment of 7 units, which is in the possible class of requests
 * for 5 and for 7 units.
 */
static void free_possible_room(void)
{
	vt_imp.during = NULL;
	vt_xfree(vt_imp.importer, 20 * U, 4 * U);
	vt_xfree(vt_imp.importer, 24 * U, 4 * U);
	vt_alloc_at(vt_imp.importer, 27 * U, U);
}

/*
 * [21] An import of more than the needed size is kept if only a segment of the
 * possible class becomes free during the import.
 */
static void import_is_kept_if_room_is_only_possible(struct kunit *test)
{
	vmem_t *vm = full_importer(test, vt_release, 16 * U);

	vt_imp.next = 64 * U;
	vt_imp.during = free_possible_room;
	KUNIT_EXPECT_EQ(test, vt_alloc(vm, 5 * U, VM_NOSLEEP), 64 * U);
	KUNIT_EXPECT_EQ(test, vt_stats(vm).giveback, 0ULL);
	KUNIT_EXPECT_EQ(test, vt_imp.releases, 0U);
}

static void add_span(void)
{
	vt_imp.during = NULL;
	vmem_add(vt_imp.importer, (void *)(40 * U), 8 * U, VM_SLEEP);
}

/*
 * [21] An import of more than the needed size is given back if vmem_add() adds
 * a large enough span during the import.
 */
static void larger_import_is_given_back_after_add(struct kunit *test)
{
	vmem_t *vm = full_importer(test, vt_release, 16 * U);

	vt_imp.next = 64 * U;
	vt_imp.during = add_span;
	KUNIT_EXPECT_EQ(test, vt_alloc(vm, 5 * U, VM_SLEEP), 40 * U);
	KUNIT_EXPECT_EQ(test, vt_imp.releases, 1U);
	KUNIT_EXPECT_EQ(test, vt_stats(vm).giveback, 1ULL);
}

/*
 * [22] If the import fails, the request gets a segment of the guaranteed class
 * that became free during the import.
 */
static void room_serves_after_failed_import(struct kunit *test)
{
	vmem_t *vm = full_importer(test, vt_release, U);

	vt_imp.during = free_four_units;
	KUNIT_EXPECT_EQ(test, vt_alloc(vm, 4 * U, VM_NOSLEEP), 20 * U);
	KUNIT_EXPECT_EQ(test, vt_imp.imports, 1U);
	KUNIT_EXPECT_EQ(test, vt_stats(vm).fail, 0ULL);
}

/*
 * [22] If the import fails, a VM_ABORT request gets a segment that became free
 * during the import.
 */
static void room_serves_before_abort(struct kunit *test)
{
	vmem_t *vm = full_importer(test, vt_release, U);

	vt_imp.during = free_four_units;
	KUNIT_EXPECT_EQ(test, vt_alloc(vm, 2 * U, VM_SLEEP | VM_ABORT), 20 * U);
	KUNIT_EXPECT_EQ(test, vt_stats(vm).fail, 0ULL);
}

/*
 * [34] If the import fails, a VM_NOSLEEP request gets a segment of the possible
 * class that became free during the import.
 */
static void possible_room_serves_before_failing(struct kunit *test)
{
	vmem_t *vm = full_importer(test, vt_release, U);

	vt_imp.during = free_possible_room;
	KUNIT_EXPECT_EQ(test, vt_alloc(vm, 7 * U, VM_NOSLEEP), 20 * U);
	KUNIT_EXPECT_EQ(test, vt_stats(vm).fail, 0ULL);
}

/*
 * [37] If the import fails, a VM_SLEEP request gets a segment of the possible
 * class that became free during the import. The request does not sleep.
 */
static void room_during_import_is_not_missed(struct kunit *test)
{
	vmem_t *vm = full_importer(test, vt_release, U);

	vt_imp.during = free_possible_room;
	KUNIT_EXPECT_EQ(test, vt_alloc(vm, 7 * U, VM_SLEEP), 20 * U);
	KUNIT_EXPECT_EQ(test, vt_stats(vm).wait, 0ULL);
}

static void let_next_import_succeed(void)
{
	vt_imp.next = 64 * U;
}

static void free_too_little(void)
{
	vt_imp.during = let_next_import_succeed;
	vt_xfree(vt_imp.importer, 20 * U, 4 * U);
}

/*
 * [37] If the import fails, and a segment became free during the import, a
 * VM_SLEEP request retries before it sleeps, even if the segment is too small.
 */
static void no_sleep_before_retry(struct kunit *test)
{
	vmem_t *vm = full_importer(test, vt_release, U);

	vt_imp.during = free_too_little;
	KUNIT_EXPECT_EQ(test, vt_alloc(vm, 7 * U, VM_SLEEP), 64 * U);
	KUNIT_EXPECT_EQ(test, vt_imp.imports, 2U);
	KUNIT_EXPECT_EQ(test, vt_stats(vm).wait, 0ULL);
}

static void allocate_and_free_a_lot(void)
{
	vmem_t *vm = vt_imp.importer;
	unsigned int i;

	vt_imp.during = NULL;
	vt_xfree(vm, 20 * U, 4 * U);
	for (i = 0; i < 4; i++)
		vt_alloc(vm, U, VM_NOSLEEP);
	/* vmem_add() takes segment structures during the import. */
	vmem_add(vm, (void *)(40 * U), 16 * U, VM_SLEEP);
	for (i = 0; i < 16; i++)
		vt_alloc(vm, 1, VM_NOSLEEP);
}

/*
 * [35] Other requests do not use the structures that are set aside for an
 * import.
 */
static void structures_stay_set_aside(struct kunit *test)
{
	vmem_t *vm = full_importer(test, vt_release, 16 * U);

	vt_imp.next = 64 * U;
	vt_imp.during = allocate_and_free_a_lot;
	KUNIT_EXPECT_EQ(test, vt_alloc(vm, 5 * U, VM_NOSLEEP), 64 * U);
	KUNIT_EXPECT_EQ(test, vt_stats(vm).fail, 0ULL);
	KUNIT_EXPECT_EQ(test, vt_count(vm, VMEM_ALLOC), 3U + 4 + 16 + 1);
}

/* The structures that empty_the_pool() takes from the segment pool. */
static struct vmem_seg_pool taken;

static void move_structures(struct vmem_segmap *sm, struct vmem_seg_pool *to,
			    struct vmem_seg_pool *from)
{
	spin_lock_irq(&sm->lock);
	vmem_seg_pool_move(to, from, from->n);
	spin_unlock_irq(&sm->lock);
}

static void empty_the_pool(void)
{
	struct vmem_segmap *sm = &vt_imp.importer->segmap;

	vt_imp.during = NULL;
	move_structures(sm, &taken, &sm->pool);
}

/*
 * [35] The structures set aside suffice for the imported span and for an
 * allocation from the middle of the span.
 */
static void structures_set_aside_suffice(struct kunit *test)
{
	vmem_t *vm = vt_ximporter(test, U, vt_release, U, 0);

	vt_imp.next = 64 * U;
	vt_imp.during = empty_the_pool;
	KUNIT_EXPECT_PTR_EQ(test, vmem_xalloc(vm, 4 * U, 16 * U, 8 * U, 0, NULL,
					      NULL, VM_NOSLEEP),
			    (void *)(72 * U));
	move_structures(&vm->segmap, &vm->segmap.pool, &taken);
	VT_EXPECT_WALK(test, vm, VMEM_ALLOC | VMEM_FREE, { 64 * U, 8 * U },
		       { 72 * U, 4 * U }, { 76 * U, 7 * U });
	KUNIT_EXPECT_EQ(test, vt_stats(vm).populate_fail, 0ULL);
}

static void import_again(void)
{
	vt_imp.during = NULL;
	/*
	 * This request imports the units 64..79. The outer request imports
	 * 80..95.
	 */
	vt_alloc(vt_imp.importer, 5 * U, VM_NOSLEEP);
}

/*
 * [21] Of two concurrent imports, the import that ends last is given back if
 * the other import leaves a large enough segment.
 */
static void second_of_two_imports_is_given_back(struct kunit *test)
{
	vmem_t *vm = full_importer(test, vt_release, 16 * U);

	vt_imp.next = 64 * U;
	vt_imp.during = import_again;
	KUNIT_EXPECT_EQ(test, vt_alloc(vm, 4 * U, VM_NOSLEEP), 69 * U);
	KUNIT_EXPECT_EQ(test, vt_imp.imports, 2U);
	KUNIT_EXPECT_EQ(test, vt_imp.released.start, 80 * U);
	KUNIT_EXPECT_EQ(test, vt_stats(vm).giveback, 1ULL);
	KUNIT_EXPECT_EQ(test, vt_stats(vm).mem_import, (u64)(16 * U));
}

static void import_and_free_again(void)
{
	vt_imp.during = NULL;
	vt_free(vt_imp.importer, vt_alloc(vt_imp.importer, 5 * U, VM_NOSLEEP),
		5 * U);
}

/*
 * [3] If the arena imports a second span during an import, and the second span
 * becomes wholly free, the arena releases the second span.
 */
static void span_is_released_during_import(struct kunit *test)
{
	vmem_t *vm = full_importer(test, vt_release, 16 * U);

	vt_imp.next = 64 * U;
	vt_imp.during = import_and_free_again;
	KUNIT_EXPECT_EQ(test, vt_alloc(vm, 4 * U, VM_NOSLEEP), 80 * U);
	KUNIT_EXPECT_EQ(test, vt_imp.releases, 1U);
	KUNIT_EXPECT_EQ(test, vt_imp.released.start, 64 * U);
	KUNIT_EXPECT_EQ(test, vt_stats(vm).mem_import, (u64)(16 * U));
}

/**
 * struct bad - a result that an import function must not return
 * @next: start of the range
 * @raise: size of the range minus the requested size
 * @why: text of the report
 */
struct bad {
	unsigned long next;
	long raise;
	const char *why;
};

static const struct bad bad[] = {
	{ 64 * U + 1, 0, "not a multiple of the quantum" },
	{ 64 * U, 1, "not a multiple of the quantum" },
	{ 64 * U, -4L * (long)U, "its size was lowered" },
	{ -2 * U, 0, "wraps" },
	{ -8 * U, 4 * U, "wraps" },
	/*
	 * The span has the units 16..31. The ranges cover the first half of the
	 * span, the last unit, the first half again, and the whole span.
	 */
	{ 16 * U, 0, "overlaps a span" },
	{ 31 * U, 0, "overlaps a span" },
	{ 12 * U, 4 * U, "overlaps a span" },
	{ 8 * U, 64 * U, "overlaps a span" },
};

/* [36] A bad import causes one report, is given back and counts as failed. */
static void bad_import_is_given_back(struct kunit *test)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		vmem_t *vm = full_importer(test, vt_release, U);
		struct vmem_stats before = vt_stats(vm);
		struct vt_window w;

		vt_imp.imports = 0;
		vt_imp.releases = 0;
		vt_imp.next = bad[i].next;
		vt_imp.raise = bad[i].raise;
		vt_window_open(&w, bad[i].why, "1");
		KUNIT_EXPECT_EQ(test, vt_alloc(vm, 8 * U, VM_NOSLEEP |
					       VM_ABORT), 0UL);
		vt_window_close(&w);
		KUNIT_EXPECT_EQ_MSG(test, w.reports, 1U, "case %u", i);
		KUNIT_EXPECT_EQ_MSG(test, w.stacks, 1U, "case %u", i);
		KUNIT_EXPECT_EQ(test, vt_imp.imports, 1U);
		KUNIT_EXPECT_EQ_MSG(test, vt_imp.releases, 1U, "case %u", i);
		KUNIT_EXPECT_EQ(test, vt_imp.released.start, bad[i].next);
		KUNIT_EXPECT_EQ_MSG(test, vt_imp.released.size,
				    8 * U + bad[i].raise, "case %u", i);
		KUNIT_EXPECT_EQ(test, vt_stats(vm).misuse - before.misuse,
				1ULL);
		KUNIT_EXPECT_EQ(test,
				vt_stats(vm).import_fail - before.import_fail,
				1ULL);
		KUNIT_EXPECT_EQ(test, vt_stats(vm).fail - before.fail, 1ULL);
		KUNIT_EXPECT_EQ(test, vt_stats(vm).mem_import, 0ULL);
		KUNIT_EXPECT_EQ(test, vt_count(vm, VMEM_ALLOC | VMEM_FREE), 4U);
		vt_close(test, vm);
		vt_close(test, ((struct vt *)test->priv)->arenas[0]);
	}
}

/*
 * [36] An import without the alignment that VMC_XALIGN promises is refused,
 * because it cannot hold the request.
 */
static void misaligned_import_is_refused(struct kunit *test)
{
	vmem_t *vm = vt_ximporter(test, U, vt_release, U, VMC_XALIGN);
	struct vt_window w;

	vt_imp.next = 65 * U;
	vt_window_open(&w, "not aligned as asked for under VMC_XALIGN", "1");
	KUNIT_EXPECT_NULL(test, vmem_xalloc(vm, 4 * U, 16 * U, 0, 0, NULL, NULL,
					    VM_NOSLEEP | VM_ABORT));
	vt_window_close(&w);
	KUNIT_EXPECT_EQ(test, vt_imp.align, 16 * U);
	KUNIT_EXPECT_EQ(test, w.reports, 1U);
	KUNIT_EXPECT_EQ(test, vt_imp.released.start, 65 * U);
	KUNIT_EXPECT_EQ(test, vt_count(vm, VMEM_ALLOC | VMEM_FREE), 0U);
	/* An aligned import is accepted. */
	vt_imp.next = 80 * U;
	KUNIT_EXPECT_PTR_EQ(test, vmem_xalloc(vm, 4 * U, 16 * U, 0, 0, NULL,
					      NULL, VM_NOSLEEP),
			    (void *)(80 * U));
}

static void add_overlapping_span(void)
{
	vt_imp.during = NULL;
	vmem_add(vt_imp.importer, (void *)(66 * U), U, VM_SLEEP);
}

/* [36] An import that overlaps a span added during the import is refused. */
static void import_over_added_span_is_refused(struct kunit *test)
{
	vmem_t *vm = full_importer(test, vt_release, U);
	struct vt_window w;

	vt_imp.next = 64 * U;
	vt_imp.during = add_overlapping_span;
	vt_window_open(&w, VT_REPORT, "1");
	KUNIT_EXPECT_EQ(test, vt_alloc(vm, 8 * U, VM_NOSLEEP | VM_ABORT), 0UL);
	vt_window_close(&w);
	KUNIT_EXPECT_EQ(test, w.reports, 1U);
	KUNIT_EXPECT_EQ(test, vt_imp.released.start, 64 * U);
	KUNIT_EXPECT_EQ(test, vt_imp.released.size, 8 * U);
	VT_EXPECT_WALK(test, vm, VMEM_FREE, { 66 * U, U });
}

static struct kunit_case vmem_race_cases[] = {
	KUNIT_CASE(larger_import_is_given_back),
	KUNIT_CASE(huge_import_is_kept),
	KUNIT_CASE(exact_import_is_kept),
	KUNIT_CASE(import_without_ffunc_is_kept),
	KUNIT_CASE(import_is_kept_if_room_is_only_possible),
	KUNIT_CASE(larger_import_is_given_back_after_add),
	KUNIT_CASE(room_serves_after_failed_import),
	KUNIT_CASE(room_serves_before_abort),
	KUNIT_CASE(possible_room_serves_before_failing),
	KUNIT_CASE(room_during_import_is_not_missed),
	KUNIT_CASE(no_sleep_before_retry),
	KUNIT_CASE(structures_stay_set_aside),
	KUNIT_CASE(structures_set_aside_suffice),
	KUNIT_CASE(second_of_two_imports_is_given_back),
	KUNIT_CASE(span_is_released_during_import),
	KUNIT_CASE(bad_import_is_given_back),
	KUNIT_CASE(misaligned_import_is_refused),
	KUNIT_CASE(import_over_added_span_is_refused),
	{}
};

static struct kunit_suite vmem_race_suite = {
	.name = "vmem_race",
	.init = vt_import_init,
	.exit = vt_exit,
	.test_cases = vmem_race_cases,
};

kunit_test_suite(vmem_race_suite);

MODULE_DESCRIPTION("KUnit: races at imports of vmem");
MODULE_LICENSE("GPL");
