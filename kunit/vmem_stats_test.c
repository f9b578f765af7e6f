// SPDX-License-Identifier: GPL-2.0
/* Statistics: each operation changes the right statistics and no others. */
#include "vmem_test_import.h"

/* [33] The sums and counts are right after each operation on an arena. */
static void statistics_follow_each_operation(struct kunit *test)
{
	vmem_t *vm = vt_arena(test, 16 * U, 8 * U, U);
	struct vmem_stats s = vt_stats(vm);

	KUNIT_EXPECT_EQ(test, s.mem_inuse, 0ULL);
	KUNIT_EXPECT_EQ(test, s.mem_import, 0ULL);
	KUNIT_EXPECT_EQ(test, s.mem_total, (u64)(8 * U));
	KUNIT_EXPECT_EQ(test, s.alloc, 0ULL);
	KUNIT_EXPECT_EQ(test, s.free, 0ULL);
	KUNIT_EXPECT_EQ(test, s.fail, 0ULL);

	vt_alloc(vm, 2 * U, VM_NOSLEEP);
	vt_alloc(vm, 10, VM_NOSLEEP);
	s = vt_stats(vm);
	KUNIT_EXPECT_EQ(test, s.mem_inuse, (u64)(2 * U + 10));
	KUNIT_EXPECT_EQ(test, s.alloc, 2ULL);

	vt_free(vm, 16 * U, 2 * U);
	s = vt_stats(vm);
	KUNIT_EXPECT_EQ(test, s.mem_inuse, 10ULL);
	KUNIT_EXPECT_EQ(test, s.alloc, 2ULL);
	KUNIT_EXPECT_EQ(test, s.free, 1ULL);

	vmem_add(vm, (void *)(64 * U), U, VM_SLEEP);
	s = vt_stats(vm);
	KUNIT_EXPECT_EQ(test, s.mem_total, (u64)(9 * U));
	KUNIT_EXPECT_EQ(test, s.mem_import, 0ULL);
	KUNIT_EXPECT_EQ(test, s.misuse + s.fail_injected + s.populate_fail, 0ULL);
}

/* [5] Slack counts as free, not as in use. */
static void slack_counts_as_free(struct kunit *test)
{
	vmem_t *vm = vt_arena(test, 16 * U, 8 * U, U);
	unsigned int i;

	for (i = 0; i < 8; i++)
		KUNIT_EXPECT_EQ(test, vt_alloc(vm, 1, VM_NOSLEEP),
				(16 + i) * U);
	KUNIT_EXPECT_EQ(test, vt_count(vm, VMEM_FREE), 0U);
	KUNIT_EXPECT_EQ(test, vmem_size(vm, VMEM_ALLOC), (size_t)8);
	KUNIT_EXPECT_EQ(test, vmem_size(vm, VMEM_FREE), 8 * U - 8);
	KUNIT_EXPECT_EQ(test, vt_alloc(vm, 1, VM_NOSLEEP), 0UL);
	KUNIT_EXPECT_EQ(test, vt_stats(vm).fail, 1ULL);
}

/*
 * [23] The statistic "fail" counts requests, not the attempts that a request
 * makes.
 */
static void fail_counts_requests(struct kunit *test)
{
	vmem_t *src = vt_arena(test, 16 * U, 2 * U, U);
	vmem_t *vm = vt_track(test, vmem_create("client", (void *)U, 2 * U, U,
						vmem_alloc, vmem_free, src, 0,
						VM_SLEEP));

	KUNIT_EXPECT_EQ(test, vt_alloc(vm, 4 * U, VM_NOSLEEP), 0UL);
	KUNIT_EXPECT_EQ(test, vt_stats(vm).fail, 1ULL);
	KUNIT_EXPECT_EQ(test, vt_stats(src).fail,
			vt_stats(vm).import_fail);
	/*
	 * A request that succeeds after failed attempts does not count in
	 * "fail".
	 */
	KUNIT_EXPECT_EQ(test, vt_alloc(vm, 2 * U, VM_NOSLEEP), U);
	KUNIT_EXPECT_EQ(test, vt_alloc(vm, 2 * U, VM_NOSLEEP), 16 * U);
	KUNIT_EXPECT_EQ(test, vt_stats(vm).fail, 1ULL);
	KUNIT_EXPECT_EQ(test, vt_stats(vm).import, 1ULL);
}

/*
 * [33] The statistic "search" counts the free segments that a request looks at,
 * except the first one.
 */
static void search_counts_after_the_first(struct kunit *test)
{
	vmem_t *vm = vt_arena(test, 16 * U, 64 * U, U);
	u64 search;

	VT_HOLES(test, vm, { 17 * U, 3 * U }, { 22 * U, 2 * U },
		 { 26 * U, 2 * U }, { 30 * U, 2 * U });
	search = vt_stats(vm).search;
	KUNIT_EXPECT_EQ(test, vt_alloc(vm, 2 * U, VM_NOSLEEP), 30 * U);
	KUNIT_EXPECT_EQ(test, vt_stats(vm).search, search);
	KUNIT_EXPECT_EQ(test, vt_alloc(vm, 3 * U, VM_NOSLEEP | VM_FIRSTFIT),
			17 * U);
	KUNIT_EXPECT_EQ(test, vt_stats(vm).search, search + 2);
	KUNIT_EXPECT_EQ(test, vt_alloc(vm, 2 * U, VM_NOSLEEP | VM_NEXTFIT),
			22 * U);
	KUNIT_EXPECT_EQ(test, vt_stats(vm).search, search + 2);
}

/*
 * [33] The statistic "contains" counts calls of vmem_contains().
 * "contains_search" counts the spans that these calls examine in the tree of
 * spans, which is balanced.
 */
static void contains_counts_calls_and_spans(struct kunit *test)
{
	vmem_t *vm = vt_arena(test, 0, 0, 1);
	struct vmem_stats s;
	unsigned int i;

	for (i = 1; i <= 1000; i++)
		KUNIT_ASSERT_NOT_NULL(test,
				      vmem_add(vm, (void *)(i * 10UL), 5,
					       VM_SLEEP));
	s = vt_stats(vm);
	for (i = 1; i <= 1000; i++) {
		KUNIT_EXPECT_TRUE(test, vmem_contains(vm, (void *)(i * 10UL),
						      5));
		KUNIT_EXPECT_FALSE(test, vmem_contains(vm, (void *)(i * 10UL),
						       6));
	}
	KUNIT_EXPECT_EQ(test, vt_stats(vm).contains - s.contains, 2000ULL);
	KUNIT_EXPECT_GT(test, vt_stats(vm).contains_search, s.contains_search);
	/* A balanced tree of 1000 spans is at most 20 deep. */
	KUNIT_EXPECT_LE(test, vt_stats(vm).contains_search - s.contains_search,
			2000ULL * 20);
}

/*
 * [33] The statistic "lookup" counts the steps of each table look-up, except
 * the first step. Without a collision the statistic stays 0.
 */
static void lookup_counts_after_the_first(struct kunit *test)
{
	vmem_t *vm = vt_ids(test, 200);
	unsigned int i;

	for (i = 0; i < 8; i++)
		vt_free(vm, vt_alloc(vm, 1, VM_NOSLEEP), 1);
	KUNIT_EXPECT_EQ(test, vt_stats(vm).lookup, 0ULL);
	/* With more segments than buckets, some segments share a bucket. */
	for (i = 0; i < 100; i++)
		vt_alloc(vm, 1, VM_NOSLEEP);
	vt_drain(test, vm);
	KUNIT_EXPECT_GT(test, vt_stats(vm).lookup, 0ULL);
}

/* [33] The statistics "import", "giveback" and "release" count spans. */
static void imports_are_counted(struct kunit *test)
{
	vmem_t *vm = vt_importer(test, U, vt_release, 4 * U, 0, 0);

	vt_imp.next = 64 * U;
	KUNIT_EXPECT_EQ(test, vt_alloc(vm, 3 * U, VM_NOSLEEP), 64 * U);
	KUNIT_EXPECT_EQ(test, vt_alloc(vm, 3 * U, VM_NOSLEEP), 68 * U);
	KUNIT_EXPECT_EQ(test, vt_stats(vm).import, 2ULL);
	KUNIT_EXPECT_EQ(test, vt_stats(vm).mem_import, (u64)(8 * U));
	KUNIT_EXPECT_EQ(test, vt_stats(vm).mem_total, (u64)(8 * U));
	KUNIT_EXPECT_EQ(test, vt_stats(vm).release, 0ULL);
	vt_free(vm, 64 * U, 3 * U);
	KUNIT_EXPECT_EQ(test, vt_stats(vm).release, 1ULL);
	KUNIT_EXPECT_EQ(test, vt_stats(vm).mem_import, (u64)(4 * U));
	vt_imp.next = 0;
	KUNIT_EXPECT_EQ(test, vt_alloc(vm, 5 * U, VM_NOSLEEP | VM_ABORT), 0UL);
	KUNIT_EXPECT_EQ(test, vt_stats(vm).import_fail, 1ULL);
	KUNIT_EXPECT_EQ(test, vt_stats(vm).import, 2ULL);
	KUNIT_EXPECT_EQ(test, vt_stats(vm).giveback, 0ULL);
}

static struct kunit_case vmem_stats_cases[] = {
	KUNIT_CASE(statistics_follow_each_operation),
	KUNIT_CASE(slack_counts_as_free),
	KUNIT_CASE(fail_counts_requests),
	KUNIT_CASE(search_counts_after_the_first),
	KUNIT_CASE(contains_counts_calls_and_spans),
	KUNIT_CASE(lookup_counts_after_the_first),
	KUNIT_CASE(imports_are_counted),
	{}
};

static struct kunit_suite vmem_stats_suite = {
	.name = "vmem_stats",
	.init = vt_import_init,
	.exit = vt_exit,
	.test_cases = vmem_stats_cases,
};

kunit_test_suite(vmem_stats_suite);

MODULE_DESCRIPTION("KUnit: statistics of vmem");
MODULE_LICENSE("GPL");
