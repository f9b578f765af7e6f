// SPDX-License-Identifier: GPL-2.0
/*
 * Requests that import: the flags that the import function gets, caches of the
 * source, deep trees, and imports of extreme sizes.
 */
#include "vmem_test_import.h"
#include "vmem_test_qcache.h"

#define MANY	100000
#define TOP	(1UL << (BITS_PER_LONG - 1))

static int source_init(struct kunit *test)
{
	memset(&vt_imp, 0, sizeof(vt_imp));
	return vq_init(test);
}

/*
 * [23] If vmem_alloc() is the import function, a request with VM_ABORT does not
 * wait in the source. The failure in the source starts no reclaim.
 */
static void abort_does_not_wait_in_the_source(struct kunit *test)
{
	vmem_t *src = vq_ids(test, 64, 1);
	vmem_t *vm = vq_client(test, src, 0);
	unsigned long all = vt_alloc(src, 64, VM_SLEEP);
	struct vt_thread *t = vt_request(test, vm, 64, VM_SLEEP | VM_ABORT);

	KUNIT_EXPECT_EQ(test, vt_join(test, t, NULL), 0UL);
	KUNIT_EXPECT_EQ(test, vt_stats(vm).wait, 0ULL);
	KUNIT_EXPECT_EQ(test, vt_stats(src).wait, 0ULL);
	KUNIT_EXPECT_EQ(test, vt_stats(vm).fail, 1ULL);
	KUNIT_EXPECT_EQ(test, vt_stats(vm).import_fail, 1ULL);
	vt_free(src, all, 64);

	/*
	 * A wholly free slab stays in the source's cache, because no reclaim
	 * starts.
	 */
	vt_free(src, vt_alloc(src, 1, VM_SLEEP), 1);
	KUNIT_ASSERT_EQ(test, vmem_size(src, VMEM_FREE), (size_t)0);
	t = vt_request(test, vm, 64, VM_SLEEP | VM_ABORT);
	KUNIT_EXPECT_EQ(test, vt_join(test, t, NULL), 0UL);
	vq_settle(test);
	KUNIT_EXPECT_EQ(test, vq_cache(src, 1)->nempty, 1UL);

	/* Without VM_ABORT the same request succeeds. */
	t = vt_request(test, vm, 64, VM_SLEEP);
	KUNIT_EXPECT_EQ(test, vt_join(test, t, NULL), 1UL);
	vt_free(vm, 1, 64);
}

/*
 * Flags of the first four imports. Only import number @served succeeds; no
 * import succeeds if @served is 0.
 */
static int flags[4];
static unsigned int served;

static void record_flags(void)
{
	if (vt_imp.imports <= ARRAY_SIZE(flags))
		flags[vt_imp.imports - 1] = vt_imp.vmflag;
	vt_imp.next = vt_imp.imports == served ? 1000 : 0;
}

/*
 * [44] While caches of the tree may hold the needed integers, vmem calls the
 * import function with VM_NOSLEEP. After reclaim, vmem calls the import
 * function with the flags of the request, except VM_PANIC.
 */
static void import_is_first_tried_without_sleeping(struct kunit *test)
{
	vmem_t *vm = vt_importer(test, 1, vt_release, 1, 1, 0);

	vt_imp.during = record_flags;
	served = 2;
	KUNIT_EXPECT_EQ(test, vt_alloc(vm, 5, VM_SLEEP | VM_PANIC |
				       VM_PUSHPAGE), 1000UL);
	KUNIT_EXPECT_EQ(test, vt_imp.imports, 2U);
	KUNIT_EXPECT_EQ(test, flags[0], VM_NOSLEEP | VM_PUSHPAGE);
	KUNIT_EXPECT_EQ(test, flags[1], VM_SLEEP | VM_PUSHPAGE);
	vt_free(vm, 1000, 5);

	/*
	 * A request with VM_ABORT starts no reclaim, so the first import may
	 * sleep.
	 */
	vt_imp.imports = 0;
	served = 0;
	KUNIT_EXPECT_EQ(test, vt_alloc(vm, 5, VM_SLEEP | VM_ABORT), 0UL);
	KUNIT_EXPECT_EQ(test, vt_imp.imports, 1U);
	KUNIT_EXPECT_EQ(test, flags[0], VM_SLEEP);
}

/* [41] If only other trees have caches, the first import may sleep. */
static void first_import_may_sleep_without_caches(struct kunit *test)
{
	vmem_t *vm;

	vq_ids(test, 100, 1);
	vm = vt_importer(test, 1, vt_release, 1, 0, 0);
	vt_imp.during = record_flags;
	served = 1;
	KUNIT_EXPECT_EQ(test, vt_alloc(vm, 5, VM_SLEEP | VM_PUSHPAGE), 1000UL);
	KUNIT_EXPECT_EQ(test, vt_imp.imports, 1U);
	KUNIT_EXPECT_EQ(test, flags[0], VM_SLEEP | VM_PUSHPAGE);
	vt_free(vm, 1000, 5);
}

/* [25] The remainder of another request's import serves a waiter. */
static void remainder_of_import_serves_waiter(struct kunit *test)
{
	vmem_t *vm = vt_ximporter(test, 1, vt_release, 1, 0);
	struct vt_thread *t = vt_request(test, vm, 5, VM_SLEEP);

	vt_wait_asleep(test, vm, 1);
	vt_imp.next = 1000;
	vt_imp.raise = 10;
	KUNIT_EXPECT_EQ(test, vt_alloc(vm, 1, VM_NOSLEEP), 1000UL);
	KUNIT_EXPECT_EQ(test, vt_join(test, t, NULL), 1001UL);
	VT_EXPECT_WALK(test, vm, VMEM_ALLOC | VMEM_FREE, { 1000, 1 },
		       { 1001, 5 }, { 1006, 5 });
	vt_free(vm, 1000, 1);
	vt_free(vm, 1001, 5);
	KUNIT_EXPECT_EQ(test, vt_imp.releases, 1U);
}

/*
 * [45] A segment freed in the root serves a waiter at any depth, without
 * maintenance.
 */
static void deep_waiter_is_served_at_once(struct kunit *test)
{
	vmem_t *vm[12];
	struct vt_thread *t;
	unsigned int i;

	vm[0] = vq_ids(test, 4, 0);
	for (i = 1; i < ARRAY_SIZE(vm); i++)
		vm[i] = vq_client(test, vm[i - 1], 0);
	KUNIT_ASSERT_EQ(test, vt_alloc(vm[0], 4, VM_SLEEP), 1UL);
	t = vt_request(test, vm[11], 1, VM_SLEEP);
	vt_wait_asleep(test, vm[11], 1);
	/*
	 * The request counts as a waiter of its arena, of the root and of each
	 * arena between them.
	 */
	KUNIT_EXPECT_TRUE(test, vt_poll(vt_stats(vm[0]).wait == 1));
	for (i = 0; i < ARRAY_SIZE(vm); i++) {
		KUNIT_EXPECT_EQ(test, vt_stats(vm[i]).wait, 1ULL);
		KUNIT_EXPECT_EQ(test, vt_stats(vm[i]).waiters, 1ULL);
	}

	vt_free(vm[0], 1, 4);
	KUNIT_EXPECT_EQ(test, vt_join(test, t, NULL), 1UL);
	for (i = 0; i < ARRAY_SIZE(vm); i++) {
		KUNIT_EXPECT_EQ(test, vmem_size(vm[i], VMEM_ALLOC), (size_t)1);
		KUNIT_EXPECT_EQ(test, vt_stats(vm[i]).waiters, 0ULL);
	}
	vt_free(vm[11], 1, 1);
	KUNIT_EXPECT_EQ(test, vmem_size(vm[0], VMEM_ALLOC), (size_t)0);
}

/*
 * [14] If the source caches the size of an import, the cache serves the import.
 */
static void source_cache_serves_import(struct kunit *test)
{
	vmem_t *src = vq_ids(test, MANY, 4);
	vmem_t *vm = vq_client(test, src, 0);
	struct vmem_cpu_cache *cc = vq_cpu(src, 2, raw_smp_processor_id());
	struct vq_set *s = vq_set(test, MANY);
	unsigned long addr, allocs;

	vq_supply_magazines(test, s, src, 2, 1);
	allocs = vq_cache(src, 2)->allocs;
	addr = vt_alloc(vm, 2, VM_SLEEP);
	KUNIT_EXPECT_EQ(test, vq_cache(src, 2)->allocs, allocs + 1);
	KUNIT_EXPECT_EQ(test, vq_cache(src, 2)->nslabs, 1UL);
	vt_free(vm, addr, 2);
	KUNIT_EXPECT_EQ(test, vq_on_cpu(src, 2, raw_smp_processor_id()), 1UL);
	KUNIT_EXPECT_EQ(test, cc->allocs, 0UL);
	KUNIT_EXPECT_EQ(test, vt_alloc(vm, 2, VM_SLEEP), addr);
	KUNIT_EXPECT_EQ(test, cc->allocs, 1UL);
	KUNIT_EXPECT_EQ(test, vq_cache(src, 2)->allocs, allocs + 1);
	vt_free(vm, addr, 2);
	vq_put_all(s, src);
}

/* [21] An import is kept if the request has no guaranteed class. */
static void import_without_guaranteed_class_is_kept(struct kunit *test)
{
	vmem_t *vm = vt_ximporter(test, U, vt_release, U, VMC_XALIGN);

	vt_imp.next = TOP;
	vt_imp.raise = U;
	KUNIT_EXPECT_EQ(test, (unsigned long)vmem_xalloc(vm, TOP / 2, TOP, 0, 0,
							 NULL, NULL,
							 VM_NOSLEEP), TOP);
	KUNIT_EXPECT_EQ(test, vt_imp.align, (size_t)TOP);
	KUNIT_EXPECT_EQ(test, vt_stats(vm).giveback, 0ULL);
	VT_EXPECT_WALK(test, vm, VMEM_ALLOC | VMEM_FREE, { TOP, TOP / 2 },
		       { TOP + TOP / 2, U });
	vt_xfree(vm, TOP, TOP / 2);
	KUNIT_EXPECT_EQ(test, vt_imp.released.size, (size_t)(TOP / 2 + U));

	/*
	 * A segment of size + align integers could serve the request at any
	 * address, but this sum overflows.
	 */
	vt_imp.next = U;
	KUNIT_EXPECT_EQ(test, (unsigned long)vmem_xalloc(vm, TOP + U, TOP, U, 0,
							 NULL, NULL,
							 VM_NOSLEEP), U);
	KUNIT_EXPECT_EQ(test, vt_stats(vm).giveback, 0ULL);
	VT_EXPECT_WALK(test, vm, VMEM_ALLOC | VMEM_FREE, { U, TOP + U },
		       { TOP + 2 * U, 2 * U });
	vt_xfree(vm, U, TOP + U);
	KUNIT_EXPECT_EQ(test, vt_imp.releases, 2U);
}

/*
 * [36] If the arena has no release function, a bad import is lost and the
 * report says so.
 */
static void bad_import_without_release_is_lost(struct kunit *test)
{
	vmem_t *vm = vt_ximporter(test, U, NULL, U, 0);
	struct vt_window w;

	vt_imp.next = 16 * U + 1;
	vt_window_open(&w, "not a multiple of the quantum; no release function, so lost",
		       "1");
	KUNIT_EXPECT_EQ(test, vt_alloc(vm, U, VM_NOSLEEP), 0UL);
	vt_window_close(&w);
	KUNIT_EXPECT_EQ(test, w.reports, 1U);
	KUNIT_EXPECT_EQ(test, vt_stats(vm).import_fail, 1ULL);
	KUNIT_EXPECT_EQ(test, vt_stats(vm).mem_total, 0ULL);
}

static struct kunit_case vmem_source_cases[] = {
	KUNIT_CASE(abort_does_not_wait_in_the_source),
	KUNIT_CASE(import_is_first_tried_without_sleeping),
	KUNIT_CASE(first_import_may_sleep_without_caches),
	KUNIT_CASE(remainder_of_import_serves_waiter),
	KUNIT_CASE(deep_waiter_is_served_at_once),
	KUNIT_CASE(source_cache_serves_import),
	KUNIT_CASE(import_without_guaranteed_class_is_kept),
	KUNIT_CASE(bad_import_without_release_is_lost),
	{}
};

static struct kunit_suite vmem_source_suite = {
	.name = "vmem_source",
	.suite_init = vq_suite_init,
	.suite_exit = vq_suite_exit,
	.init = source_init,
	.exit = vq_exit,
	.test_cases = vmem_source_cases,
};

kunit_test_suite(vmem_source_suite);

MODULE_DESCRIPTION("KUnit: imports of vmem from a source");
MODULE_LICENSE("GPL");
