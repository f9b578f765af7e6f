// SPDX-License-Identifier: GPL-2.0
/*
 * Creation and destruction of arenas: first span, id, label, minimum import,
 * roots.
 */
#include "vmem_test_import.h"

/*
 * [8] An arena that is created with a base and a size has one span with these
 * values. The span is wholly free.
 */
static void create_adds_first_span(struct kunit *test)
{
	vmem_t *vm = vt_arena(test, 16 * U, 4 * U, U);

	VT_EXPECT_WALK(test, vm, VMEM_FREE, { 16 * U, 4 * U });
	KUNIT_EXPECT_EQ(test, vt_count(vm, VMEM_ALLOC), 0U);
	KUNIT_EXPECT_EQ(test, vmem_size(vm, VMEM_FREE), 4 * U);
	KUNIT_EXPECT_EQ(test, vt_stats(vm).mem_total, (u64)(4 * U));
	KUNIT_EXPECT_EQ(test, vt_stats(vm).mem_import, 0ULL);
	KUNIT_EXPECT_EQ(test, vt_stats(vm).vmem_source, 0U);
}

/*
 * [8] An arena that is created without a base and a size is empty. It serves
 * requests from spans that are added later.
 */
static void create_without_span_is_empty(struct kunit *test)
{
	vmem_t *vm = vt_arena(test, 0, 0, U);

	KUNIT_EXPECT_EQ(test, vmem_size(vm, VMEM_ALLOC | VMEM_FREE), (size_t)0);
	KUNIT_EXPECT_EQ(test, vt_count(vm, VMEM_ALLOC | VMEM_FREE), 0U);
	KUNIT_EXPECT_EQ(test, vt_alloc(vm, U, VM_NOSLEEP), 0UL);
	KUNIT_EXPECT_EQ(test, vt_stats(vm).fail, 1ULL);
	KUNIT_EXPECT_PTR_EQ(test, vmem_add(vm, (void *)(8 * U), U, VM_SLEEP),
			    (void *)(8 * U));
	KUNIT_EXPECT_EQ(test, vt_alloc(vm, U, VM_NOSLEEP), 8 * U);
}

/* [8] Creation accepts VM_NOSLEEP, although the creation may sleep. */
static void create_accepts_nosleep(struct kunit *test)
{
	vmem_t *vm = vt_track(test, vmem_create("nosleep", (void *)U, U, U,
						NULL, NULL, NULL, 0,
						VM_NOSLEEP));

	KUNIT_EXPECT_EQ(test, vt_alloc(vm, U, VM_NOSLEEP), U);
}

/*
 * Returns the id of an arena. The statistics of an arena contain the id of its
 * source.
 */
static u32 arena_id(struct kunit *test, vmem_t *vm)
{
	vmem_t *client = vmem_create("client", NULL, 0, U, NULL, NULL, vm, 0,
				     VM_SLEEP);
	u32 id;

	KUNIT_ASSERT_NOT_NULL(test, client);
	id = vt_stats(client).vmem_source;
	vmem_destroy(client);
	return id;
}

/*
 * [33] Ids start at 1, rise, differ for arenas of the same name, and are not
 * reused.
 */
static void ids_rise_and_are_not_reused(struct kunit *test)
{
	vmem_t *a = vt_arena(test, U, U, U);
	vmem_t *b = vt_arena(test, U, U, U);
	u32 last = arena_id(test, b);

	KUNIT_EXPECT_GE(test, arena_id(test, a), 1U);
	KUNIT_EXPECT_GT(test, last, arena_id(test, a));
	vt_close(test, b);
	b = vt_arena(test, U, U, U);
	KUNIT_EXPECT_GT(test, arena_id(test, b), last);
}

/*
 * [33] An arena with a source but without an import function never imports. The
 * statistics of the arena still contain the id of the source.
 */
static void source_without_afunc_is_a_label(struct kunit *test)
{
	vmem_t *src = vt_arena(test, U, 64 * U, U);
	vmem_t *vm = vt_track(test, vmem_create("label", NULL, 0, U, NULL, NULL,
						src, 0, VM_SLEEP));

	KUNIT_EXPECT_NE(test, vt_stats(vm).vmem_source, 0U);
	KUNIT_EXPECT_EQ(test, vt_alloc(vm, U, VM_NOSLEEP), 0UL);
	KUNIT_EXPECT_EQ(test, vt_stats(src).alloc, 0ULL);
	KUNIT_EXPECT_EQ(test, vt_stats(vm).import, 0ULL);
}

/*
 * Returns the import size of a VMC_NO_QCACHE arena for a request of @size. The
 * source has the same quantum as the arena.
 */
static size_t minimum_import(struct kunit *test, size_t quantum,
			     size_t qcache_max, size_t size)
{
	vmem_t *vm = vt_importer(test, quantum, vt_release, quantum, qcache_max,
				 VMC_NO_QCACHE);

	KUNIT_EXPECT_EQ(test, vt_alloc(vm, size, VM_NOSLEEP), 0UL);
	return vt_imp.size;
}

/* [10] With VMC_NO_QCACHE the minimum import is the size of a slab. */
static void no_qcache_sets_minimum_import(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, minimum_import(test, 4096, 8 * 4096, 4096),
			(size_t)131072);
	KUNIT_EXPECT_EQ(test, minimum_import(test, 4096, 4096, 4096),
			(size_t)16384);
	/*
	 * The minimum is 64 quanta, although the power of two above 3 x 4 is
	 * 16.
	 */
	KUNIT_EXPECT_EQ(test, minimum_import(test, 1, 4, 1), (size_t)64);
	/* A larger request needs a larger import. */
	KUNIT_EXPECT_EQ(test, minimum_import(test, 4096, 8 * 4096, 200000),
			(size_t)(49 * 4096));
}

/* [9] qcache_max is limited to 16 quanta and rounded down to whole quanta. */
static void qcache_sizes_are_at_most_16(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, minimum_import(test, 4096, 16 * 4096, 4096),
			(size_t)262144);
	KUNIT_EXPECT_EQ(test, minimum_import(test, 4096, 17 * 4096, 4096),
			(size_t)262144);
	KUNIT_EXPECT_EQ(test, minimum_import(test, 4096, 1000 * 4096, 4096),
			(size_t)262144);
	KUNIT_EXPECT_EQ(test, minimum_import(test, 4096, 9 * 4096 - 1, 4096),
			(size_t)131072);
}

/* [9] qcache_max may be SIZE_MAX. */
static void qcache_max_may_be_size_max(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, minimum_import(test, 1, SIZE_MAX, 1),
			(size_t)64);
	KUNIT_EXPECT_EQ(test, minimum_import(test, 4096, SIZE_MAX, 4096),
			(size_t)262144);
}

/*
 * [8] vmem_init() can create several roots. It ignores the import function and
 * the release function in its arguments.
 */
static void init_makes_roots(struct kunit *test)
{
	vmem_t *a = vt_track(test, vmem_init("heap", (void *)(16 * U), 16 * U,
					     U, NULL, NULL));
	vmem_t *b = vt_track(test, vmem_init("heap", (void *)(16 * U), 16 * U,
					     U, vt_import, vt_release));

	KUNIT_EXPECT_EQ(test, vt_alloc(a, U, VM_SLEEP), 16 * U);
	KUNIT_EXPECT_EQ(test, vt_alloc(b, 16 * U, VM_SLEEP), 16 * U);
	KUNIT_EXPECT_EQ(test, vt_alloc(b, U, VM_NOSLEEP), 0UL);
	KUNIT_EXPECT_EQ(test, vt_imp.imports, 0U);
	KUNIT_EXPECT_EQ(test, vt_stats(a).vmem_source, 0U);
	vt_free(a, 16 * U, U);
	vt_close(test, a);
	KUNIT_EXPECT_EQ(test, vmem_size(b, VMEM_ALLOC), 16 * U);
	KUNIT_EXPECT_EQ(test, vt_imp.releases, 0U);
}

/*
 * [8] vmem_init() can create an arena without a span. vmem_add() can add a span
 * later.
 */
static void init_without_span_is_empty(struct kunit *test)
{
	vmem_t *vm = vt_track(test, vmem_init("heap", NULL, 0, U, NULL, NULL));

	KUNIT_EXPECT_EQ(test, vt_alloc(vm, U, VM_NOSLEEP), 0UL);
	KUNIT_EXPECT_NOT_NULL(test, vmem_add(vm, (void *)U, U, VM_SLEEP));
	KUNIT_EXPECT_EQ(test, vt_alloc(vm, U, VM_NOSLEEP), U);
}

/*
 * [31] An arena has no caches and no minimum import if the size of a slab
 * overflows: when three times the largest cached size is computed, or when the
 * product is rounded up to a power of two.
 */
static void no_caches_if_a_slab_overflows(struct kunit *test)
{
	const unsigned long quarter = 1UL << (BITS_PER_LONG - 2);
	vmem_t *vm;

	vm = vt_track(test, vmem_create("huge", (void *)quarter, quarter,
					quarter, NULL, NULL, NULL, quarter,
					VM_SLEEP));
	KUNIT_EXPECT_EQ(test, vt_alloc(vm, 1, VM_NOSLEEP), quarter);
	VT_EXPECT_WALK(test, vm, VMEM_ALLOC, { quarter, 1 });
	vm = vt_track(test, vmem_create("huger", (void *)quarter, quarter,
					quarter, NULL, NULL, NULL, 3 * quarter,
					VM_SLEEP));
	KUNIT_EXPECT_EQ(test, vt_alloc(vm, 1, VM_NOSLEEP), quarter);
	VT_EXPECT_WALK(test, vm, VMEM_ALLOC, { quarter, 1 });
}

/* [13] vmem_destroy() of an arena without allocations reports nothing. */
static void destroy_of_used_arena_is_silent(struct kunit *test)
{
	vmem_t *vm = vt_arena(test, U, 256 * U, U);
	unsigned long addr[64];
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(addr); i++)
		addr[i] = vt_alloc(vm, U * (1 + i % 3), VM_NOSLEEP);
	for (i = 0; i < ARRAY_SIZE(addr); i++)
		vt_free(vm, addr[i], U * (1 + i % 3));
	VT_EXPECT_WALK(test, vm, VMEM_ALLOC | VMEM_FREE, { U, 256 * U });
	vt_close(test, vm);
}

static struct kunit_case vmem_create_cases[] = {
	KUNIT_CASE(create_adds_first_span),
	KUNIT_CASE(create_without_span_is_empty),
	KUNIT_CASE(create_accepts_nosleep),
	KUNIT_CASE(ids_rise_and_are_not_reused),
	KUNIT_CASE(source_without_afunc_is_a_label),
	KUNIT_CASE(no_qcache_sets_minimum_import),
	KUNIT_CASE(qcache_sizes_are_at_most_16),
	KUNIT_CASE(qcache_max_may_be_size_max),
	KUNIT_CASE(no_caches_if_a_slab_overflows),
	KUNIT_CASE(init_makes_roots),
	KUNIT_CASE(init_without_span_is_empty),
	KUNIT_CASE(destroy_of_used_arena_is_silent),
	{}
};

static struct kunit_suite vmem_create_suite = {
	.name = "vmem_create",
	.init = vt_import_init,
	.exit = vt_exit,
	.test_cases = vmem_create_cases,
};

kunit_test_suite(vmem_create_suite);

MODULE_DESCRIPTION("KUnit: creation of vmem arenas");
MODULE_LICENSE("GPL");
