// SPDX-License-Identifier: GPL-2.0
/*
 * Reclaim in arenas that import: if an import fails, the request gets the
 * integers in the caches of the importing arena.
 */
#include "vmem_test_import.h"
#include "vmem_test_qcache.h"

/*
 * [38] If an import fails, a VM_NOSLEEP request releases a wholly free slab of
 * its arena to the source and imports again.
 */
static void nosleep_releases_its_slab_and_imports(struct kunit *test)
{
	vmem_t *src = vq_ids(test, 64, 0);
	vmem_t *vm = vq_client(test, src, 1);
	unsigned long addr;

	vt_free(vm, vt_alloc(vm, 1, VM_NOSLEEP), 1);
	KUNIT_EXPECT_EQ(test, vmem_size(src, VMEM_ALLOC), (size_t)64);
	addr = vt_alloc(vm, 50, VM_NOSLEEP);
	KUNIT_EXPECT_NE(test, addr, 0UL);
	if (addr)
		vt_free(vm, addr, 50);
}

/*
 * [38] If an import fails, a VM_NOSLEEP request releases wholly free slabs of
 * its arena and of the source, and imports again.
 */
static void nosleep_releases_slabs_of_two_levels(struct kunit *test)
{
	vmem_t *src = vq_ids(test, 128, 0);
	vmem_t *mid = vq_client(test, src, 2);
	vmem_t *vm = vq_client(test, mid, 1);
	unsigned long addr;

	vt_free(vm, vt_alloc(vm, 1, VM_NOSLEEP), 1);
	vt_free(mid, vt_alloc(mid, 2, VM_NOSLEEP), 2);
	KUNIT_ASSERT_EQ(test, vmem_size(src, VMEM_FREE), (size_t)0);
	addr = vt_alloc(vm, 100, VM_NOSLEEP);
	KUNIT_EXPECT_NE(test, addr, 0UL);
	if (addr)
		vt_free(vm, addr, 100);
}

/*
 * [38] After many slabs of two sizes were in use, a VM_NOSLEEP request imports
 * all integers of the source.
 */
static void nosleep_releases_many_slabs_and_imports(struct kunit *test)
{
	vmem_t *src = vq_ids(test, 64 * 200, 0);
	vmem_t *vm = vq_client(test, src, 2);
	struct vq_set *s = vq_set(test, 64 * 200);
	unsigned long addr;

	while (s->sum < 64 * 150)
		KUNIT_ASSERT_TRUE(test, vq_get(s, vm, 1 + s->n % 2,
					       VM_NOSLEEP));
	vq_put_all(s, vm);
	/* A queued reclaim on another CPU may hold some integers: retry. */
	vq_poll((addr = vt_alloc(vm, 64 * 200, VM_NOSLEEP)) ||
		num_online_cpus() == 1);
	KUNIT_EXPECT_EQ(test, addr, 1UL);
	if (addr)
		vt_free(vm, addr, 64 * 200);
}

/*
 * Make a VM_SLEEP request. Returns true if the request does not sleep. If the
 * request sleeps, adds a span to the source to serve the request, and returns
 * false.
 */
static bool served_at_once(struct kunit *test, vmem_t *src, vmem_t *vm,
			   size_t size, unsigned long *addr)
{
	struct vt_thread *t = vt_request(test, vm, size, VM_SLEEP);
	bool asleep;

	vq_poll(completion_done(&t->done) || vt_stats(src).wait ||
		vt_stats(vm).wait);
	asleep = !completion_done(&t->done);
	if (asleep)
		vmem_add(src, (void *)10001, 1000, VM_SLEEP);
	*addr = vt_join(test, t, NULL);
	return !asleep;
}

/*
 * [38] If the source is exhausted, a VM_SLEEP request to a client gets the free
 * integers in the slabs of this client and does not sleep in the source.
 */
static void sleep_splits_its_own_slabs_first(struct kunit *test)
{
	static const size_t sizes[] = { 1, 2, 3, 4, 20 };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		vmem_t *src = vq_ids(test, 64, 0);
		vmem_t *vm = vq_client(test, src, 4);
		/* A slab of the other size takes all integers of the source. */
		size_t other = sizes[i] == 4 ? 3 : 4;
		unsigned long a = vt_alloc(vm, other, VM_SLEEP);
		unsigned long addr;

		KUNIT_ASSERT_EQ(test, vmem_size(src, VMEM_FREE), (size_t)0);
		KUNIT_EXPECT_TRUE_MSG(test, served_at_once(test, src, vm,
							   sizes[i], &addr),
				      "size %zu sleeps", sizes[i]);
		if (((struct vt *)test->priv)->stuck)
			return;
		if (addr)
			vt_free(vm, addr, sizes[i]);
		vt_free(vm, a, other);
		vq_close(test, vm);
		vq_close(test, src);
	}
}

/*
 * [38] If the source is exhausted, a VM_SLEEP request to a client gets the
 * integers in the magazines of this client and does not sleep in the source.
 */
static void sleep_drains_its_own_magazines_first(struct kunit *test)
{
	vmem_t *src = vq_ids(test, 64 * 200, 0);
	vmem_t *vm = vq_client(test, src, 2);
	struct vq_set *s = vq_set(test, 64 * 200);
	unsigned long keep, addr;

	vq_make_magazines(s, vm, 1);
	/* All integers are in slabs of size 1; one integer stays allocated. */
	vq_fill(s, vm, 1);
	keep = s->range[0].start;
	vq_set_remove(s, 0);
	/* Complete the reclaim that the failed request has queued. */
	vq_settle(test);
	vq_put_all(s, vm);
	KUNIT_EXPECT_GT(test, vq_on_cpus(vm), 0UL);
	KUNIT_EXPECT_TRUE(test, served_at_once(test, src, vm, 2, &addr));
	if (addr)
		vt_free(vm, addr, 2);
	vt_free(vm, keep, 1);
}

/*
 * [38] If a request to an arena waits in the source, an integer that is freed
 * in the arena serves the request.
 */
static void free_in_the_arena_serves_a_waiter_in_its_source(struct kunit *test)
{
	vmem_t *src = vq_ids(test, 64, 0);
	vmem_t *vm = vq_client(test, src, 2);
	struct vq_set *s = vq_set(test, 64);
	struct vt_thread *t;
	unsigned long addr;

	vq_fill(s, vm, 1);
	KUNIT_ASSERT_EQ(test, s->sum, 64UL);
	t = vt_request(test, vm, 1, VM_SLEEP);
	vq_poll(vt_stats(src).wait || vt_stats(vm).wait);
	addr = s->range[33].start;
	vq_put(s, vm, 33);
	/* If the request still sleeps, end the test without a hang. */
	if (!vq_poll(completion_done(&t->done))) {
		KUNIT_FAIL(test, "the request sleeps although integer %lu is free", addr);
		vmem_add(src, (void *)10001, 1000, VM_SLEEP);
	}
	addr = vt_join(test, t, NULL);
	if (addr)
		vt_free(vm, addr, 1);
	vq_put_all(s, vm);
}

/*
 * [3] If reclaim makes spans wholly free, vmem calls the release function once
 * for each span.
 */
static void reclaim_calls_the_release_function(struct kunit *test)
{
	vmem_t *vm = vt_importer(test, 1, vt_release, 1, 2, 0);
	unsigned long a, b;

	vt_imp.next = 1;
	a = vt_alloc(vm, 1, VM_SLEEP);
	b = vt_alloc(vm, 2, VM_SLEEP);
	vt_free(vm, a, 1);
	vt_free(vm, b, 2);
	KUNIT_EXPECT_EQ(test, vt_imp.imports, 2U);
	KUNIT_EXPECT_EQ(test, vt_imp.releases, 0U);
	vt_imp.next = 0;
	KUNIT_EXPECT_EQ(test, vt_alloc(vm, 100, VM_NOSLEEP), 0UL);
	/* [40] The work item of the arena calls the release function. */
	vq_settle(test);
	KUNIT_EXPECT_EQ(test, vt_imp.releases, 2U);
	KUNIT_EXPECT_EQ(test, vmem_size(vm, VMEM_ALLOC | VMEM_FREE), (size_t)0);
}

/*
 * The source has space for only one slab, so the arena imports single objects
 * after the first slab. Failed imports of a slab do not count in "fail",
 * because every request succeeds.
 */
static void lack_of_a_slab_is_no_failure(struct kunit *test)
{
	vmem_t *src = vq_ids(test, 100, 0);
	vmem_t *vm = vq_client(test, src, 1);
	struct vq_set *s = vq_set(test, 100);

	while (s->n < 100)
		KUNIT_ASSERT_TRUE(test, vq_get(s, vm, 1, VM_NOSLEEP));
	KUNIT_EXPECT_EQ(test, s->bad, 0U);
	KUNIT_EXPECT_EQ(test, vt_stats(vm).fail, 0ULL);
	KUNIT_EXPECT_EQ(test, vt_stats(src).fail, 0ULL);
	vq_put_all(s, vm);
}

static int import_init(struct kunit *test)
{
	memset(&vt_imp, 0, sizeof(vt_imp));
	return vq_init(test);
}

static struct kunit_case vmem_reclaim_import_cases[] = {
	KUNIT_CASE(nosleep_releases_its_slab_and_imports),
	KUNIT_CASE(nosleep_releases_slabs_of_two_levels),
	KUNIT_CASE(nosleep_releases_many_slabs_and_imports),
	KUNIT_CASE(sleep_splits_its_own_slabs_first),
	KUNIT_CASE(sleep_drains_its_own_magazines_first),
	KUNIT_CASE(free_in_the_arena_serves_a_waiter_in_its_source),
	KUNIT_CASE(reclaim_calls_the_release_function),
	KUNIT_CASE(lack_of_a_slab_is_no_failure),
	{}
};

static struct kunit_suite vmem_reclaim_import_suite = {
	.name = "vmem_reclaim_import",
	.suite_init = vq_suite_init,
	.suite_exit = vq_suite_exit,
	.init = import_init,
	.exit = vq_exit,
	.test_cases = vmem_reclaim_import_cases,
};

kunit_test_suite(vmem_reclaim_import_suite);

MODULE_DESCRIPTION("KUnit: reclaim in vmem arenas that import");
MODULE_LICENSE("GPL");
