// SPDX-License-Identifier: GPL-2.0
/*
 * What a request asks of its source, and what others get of it: flags, the
 * source's own caches, long chains, and imports of odd sizes.
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

/* VM_ABORT is about this arena: its source sleeps as VM_SLEEP says. */
static void abort_sleeps_in_the_source(struct kunit *test)
{
	vmem_t *src = vq_ids(test, 8, 0);
	vmem_t *vm = vq_client(test, src, 0);
	unsigned long all = vt_alloc(src, 8, VM_SLEEP);
	struct vt_thread *t = vt_request(test, vm, 1, VM_SLEEP | VM_ABORT);

	vt_wait_asleep(test, src, 1);
	KUNIT_EXPECT_EQ(test, vt_stats(vm).wait, 0ULL);
	vt_free(src, all, 8);
	KUNIT_EXPECT_EQ(test, vt_join(test, t, NULL), 1UL);
	vt_free(vm, 1, 1);
}

/* The flags of the first four imports; the one numbered @served succeeds. */
static int flags[4];
static unsigned int served;

static void note_flags(void)
{
	if (vt_imp.imports <= ARRAY_SIZE(flags))
		flags[vt_imp.imports - 1] = vt_imp.vmflag;
	vt_imp.next = vt_imp.imports == served ? 1000 : 0;
}

/*
 * [24] A function sleeps as it likes, and does not see what caches bring: so it
 * is asked without sleeping first, and as the client said once they are empty.
 */
static void function_is_asked_without_sleeping_first(struct kunit *test)
{
	vmem_t *vm;

	vq_ids(test, 100, 1);
	vm = vt_importer(test, 1, vt_release, 1, 0, 0);
	vt_imp.during = note_flags;
	served = 2;
	KUNIT_EXPECT_EQ(test, vt_alloc(vm, 5, VM_SLEEP | VM_PANIC |
				       VM_PUSHPAGE), 1000UL);
	KUNIT_EXPECT_EQ(test, vt_imp.imports, 2U);
	KUNIT_EXPECT_EQ(test, flags[0], VM_NOSLEEP | VM_PUSHPAGE);
	KUNIT_EXPECT_EQ(test, flags[1], VM_SLEEP | VM_PANIC | VM_PUSHPAGE);
	vt_free(vm, 1000, 5);

	/* Not with VM_ABORT, for which caches are not emptied. */
	vt_imp.imports = 0;
	served = 0;
	KUNIT_EXPECT_EQ(test, vt_alloc(vm, 5, VM_SLEEP | VM_ABORT), 0UL);
	KUNIT_EXPECT_EQ(test, vt_imp.imports, 1U);
	KUNIT_EXPECT_EQ(test, flags[0], VM_SLEEP);
}

/* [25] What an import has left over is for those who wait. */
static void leftover_wakes_who_waits(struct kunit *test)
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

/* [24] A chain that is longer than what a request waits for: maintenance tells. */
static void long_chain_waits_for_maintenance(struct kunit *test)
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
	KUNIT_EXPECT_EQ(test, vt_stats(vm[4]).wait, 1ULL);
	KUNIT_EXPECT_EQ(test, vt_stats(vm[3]).wait, 0ULL);
	KUNIT_EXPECT_EQ(test, vt_stats(vm[0]).wait, 0ULL);

	vt_free(vm[0], 1, 4);
	vmem_update(NULL);
	KUNIT_EXPECT_EQ(test, vt_join(test, t, NULL), 1UL);
	for (i = 0; i < ARRAY_SIZE(vm); i++)
		KUNIT_EXPECT_EQ(test, vmem_size(vm[i], VMEM_ALLOC), (size_t)1);
	vt_free(vm[11], 1, 1);
	KUNIT_EXPECT_EQ(test, vmem_size(vm[0], VMEM_ALLOC), (size_t)0);
}

/* [14] An import of a cached size is an allocation like any other, also VM_SLEEP. */
static void import_of_a_cached_size(struct kunit *test)
{
	vmem_t *src = vq_ids(test, MANY, 4);
	vmem_t *vm = vq_client(test, src, 0);
	struct vmem_cpu_cache *cc = vq_cpu(src, 2, raw_smp_processor_id());
	unsigned long addr = vt_alloc(vm, 2, VM_SLEEP);

	KUNIT_EXPECT_EQ(test, vq_cache(src, 2)->allocs, 1UL);
	KUNIT_EXPECT_EQ(test, vq_cache(src, 2)->nslabs, 1UL);
	vt_free(vm, addr, 2);
	KUNIT_EXPECT_EQ(test, vq_on_cpu(src, 2, raw_smp_processor_id()), 1UL);
	KUNIT_EXPECT_EQ(test, cc->allocs, 0UL);
	KUNIT_EXPECT_EQ(test, vt_alloc(vm, 2, VM_SLEEP), addr);
	KUNIT_EXPECT_EQ(test, cc->allocs, 1UL);
	KUNIT_EXPECT_EQ(test, vq_cache(src, 2)->allocs, 1UL);
	vt_free(vm, addr, 2);
}

/* [21] So large that no class can promise it: the import is kept. */
static void import_that_no_class_promises(struct kunit *test)
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

	/* What would be needed wherever it began is more than a word can tell. */
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

/* [36] A bad import that cannot be given back is lost, and that is said. */
static void bad_import_without_release_is_lost(struct kunit *test)
{
	vmem_t *vm = vt_ximporter(test, U, NULL, U, 0);
	struct vt_window w;

	vt_imp.next = 16 * U + 1;
	vt_window_open(&w, "no multiple of the quantum; no release function, so lost",
		       "1");
	KUNIT_EXPECT_EQ(test, vt_alloc(vm, U, VM_NOSLEEP), 0UL);
	vt_window_close(&w);
	KUNIT_EXPECT_EQ(test, w.reports, 1U);
	KUNIT_EXPECT_EQ(test, vt_stats(vm).import_fail, 1ULL);
	KUNIT_EXPECT_EQ(test, vt_stats(vm).mem_total, 0ULL);
}

static struct kunit_case vmem_source_cases[] = {
	KUNIT_CASE(abort_sleeps_in_the_source),
	KUNIT_CASE(function_is_asked_without_sleeping_first),
	KUNIT_CASE(leftover_wakes_who_waits),
	KUNIT_CASE(long_chain_waits_for_maintenance),
	KUNIT_CASE(import_of_a_cached_size),
	KUNIT_CASE(import_that_no_class_promises),
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

MODULE_DESCRIPTION("KUnit: what vmem asks of a source");
MODULE_LICENSE("GPL");
