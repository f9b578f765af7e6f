// SPDX-License-Identifier: GPL-2.0
/* Requests for cached sizes: flags, counters, and fault injection. */
#include "vmem_test_qcache.h"

static const int policies[] = {
	0, VM_BESTFIT, VM_FIRSTFIT, VM_NEXTFIT, VM_ENDALLOC, VM_ABORT,
	VM_BESTFIT | VM_ENDALLOC, VM_NEXTFIT | VM_ENDALLOC, VM_MEMLOAD,
	VM_NORELOC, VM_PUSHPAGE, VM_ABORT | VM_FIRSTFIT, VM_FLAGS & ~0xff,
};

/*
 * [14] The fit flags have no effect on a request for a cached size. An existing
 * slab serves each request, although the arena has a free segment of the
 * requested size at a lower address.
 */
static void cached_size_ignores_the_policy(struct kunit *test)
{
	vmem_t *vm = vq_ids(test, 300, 4);
	unsigned long base, a[ARRAY_SIZE(policies)];
	unsigned int i;

	/* 1..2, 10..12 and 23..300 are free. The slab begins at 23. */
	KUNIT_ASSERT_EQ(test, vt_alloc_at(vm, 3, 7), 3UL);
	KUNIT_ASSERT_EQ(test, vt_alloc_at(vm, 13, 10), 13UL);
	base = vt_alloc(vm, 3, VM_SLEEP);
	KUNIT_ASSERT_EQ(test, base, 23UL);
	for (i = 0; i < ARRAY_SIZE(policies); i++) {
		a[i] = vt_alloc(vm, 3, VM_NOSLEEP | policies[i]);
		KUNIT_EXPECT_EQ_MSG(test, a[i], base + 3 * (i + 1),
				    "flags %#x", policies[i]);
	}
	KUNIT_EXPECT_EQ(test, vt_stats(vm).alloc, 3ULL);
	for (i = 0; i < ARRAY_SIZE(policies); i++)
		vt_free(vm, a[i], 3);
	vt_free(vm, base, 3);
	vt_xfree(vm, 3, 7);
	vt_xfree(vm, 13, 10);
}

/*
 * [14] A request with any policy takes from the magazine the object that was
 * freed last.
 */
static void magazine_serves_every_policy(struct kunit *test)
{
	vmem_t *vm = vq_ids(test, 100000, 4);
	struct vmem_cpu_cache *cc = vq_cpu(vm, 2, raw_smp_processor_id());
	struct vq_set *s = vq_set(test, 100000);
	unsigned int i;

	vq_supply_magazines(test, s, vm, 2, 1);
	KUNIT_ASSERT_EQ(test, s->range[0].start, 1UL);
	vq_put_all(s, vm);
	for (i = 0; i < ARRAY_SIZE(policies); i++) {
		unsigned long hits = cc->allocs;
		unsigned long a = vt_alloc(vm, 2, VM_NOSLEEP | policies[i]);

		KUNIT_EXPECT_EQ(test, a, 1UL);
		KUNIT_EXPECT_EQ(test, cc->allocs, hits + 1);
		vt_free(vm, a, 2);
	}
}

/*
 * [14] Sizes up to and including qcache_max are cached. Larger sizes are not
 * cached.
 */
static void sizes_up_to_qcache_max_are_cached(struct kunit *test)
{
	vmem_t *vm = vq_ids(test, 300, 5);
	unsigned long a = vt_alloc(vm, 5, VM_SLEEP);
	unsigned long b = vt_alloc(vm, 6, VM_SLEEP);

	VT_EXPECT_WALK(test, vm, VMEM_ALLOC, { 1, 64 }, { 65, 6 });
	vt_free(vm, a, 5);
	vt_free(vm, b, 6);
	VT_EXPECT_WALK(test, vm, VMEM_ALLOC, { 1, 64 });
}

/*
 * [20] vmem_xalloc() and vmem_xfree() bypass the caches even for a cached size.
 */
static void xalloc_bypasses_the_caches(struct kunit *test)
{
	vmem_t *vm = vq_ids(test, 300, 4);
	void *a = vmem_xalloc(vm, 3, 0, 0, 0, NULL, NULL, VM_SLEEP);

	VT_EXPECT_WALK(test, vm, VMEM_ALLOC, { 1, 3 });
	KUNIT_EXPECT_EQ(test, vq_cache(vm, 3)->nslabs, 0UL);
	vmem_xfree(vm, a, 3);
	KUNIT_EXPECT_EQ(test, vmem_size(vm, VMEM_ALLOC), (size_t)0);
}

/* [26] A request for a cached size does not move the rotor. */
static void cached_size_does_not_move_the_rotor(struct kunit *test)
{
	vmem_t *vm = vq_ids(test, 300, 4);
	unsigned long a, b, c;

	a = vt_alloc(vm, 10, VM_SLEEP | VM_NEXTFIT);
	b = vt_alloc(vm, 1, VM_SLEEP | VM_NEXTFIT);
	c = vt_alloc(vm, 10, VM_SLEEP | VM_NEXTFIT);
	KUNIT_EXPECT_EQ(test, a, 1UL);
	KUNIT_EXPECT_EQ(test, b, 11UL);
	/*
	 * The rotor is still at 11. The slab covers 11..74, so the next free
	 * segment begins at 75.
	 */
	KUNIT_EXPECT_EQ(test, c, 75UL);
	vt_free(vm, a, 10);
	vt_free(vm, b, 1);
	vt_free(vm, c, 10);
}

/*
 * [14] VM_ABORT has no effect on a VM_SLEEP request for a cached size: if there
 * is no space, the request waits.
 */
static void abort_does_not_prevent_waiting(struct kunit *test)
{
	vmem_t *vm = vq_ids(test, 8, 2);
	struct vq_set *s = vq_set(test, 8);
	struct vt_thread *t;
	unsigned long addr;

	vq_fill(s, vm, 1);
	KUNIT_ASSERT_EQ(test, s->sum, 8UL);
	t = vt_request(test, vm, 2, VM_SLEEP | VM_ABORT);
	vt_wait_asleep(test, vm, 1);
	vq_put_all(s, vm);
	addr = vt_join(test, t, NULL);
	KUNIT_EXPECT_NE(test, addr, 0UL);
	if (addr)
		vt_free(vm, addr, 2);
}

/*
 * [23] A VM_NOSLEEP request for which there is no space returns NULL and counts
 * once in "fail".
 */
static void failure_counts_once(struct kunit *test)
{
	vmem_t *vm = vq_ids(test, 8, 2);
	struct vq_set *s = vq_set(test, 8);

	vq_fill(s, vm, 1);
	KUNIT_EXPECT_EQ(test, vt_stats(vm).fail, 1ULL);
	KUNIT_EXPECT_EQ(test, vt_alloc(vm, 2, VM_NOSLEEP), 0UL);
	KUNIT_EXPECT_EQ(test, vt_stats(vm).fail, 2ULL);
	KUNIT_EXPECT_EQ(test, vt_stats(vm).wait, 0ULL);
	vq_put_all(s, vm);
}

/* [17] Unknown flags are misuse, even if the cache could serve the request. */
static void unknown_flags_are_refused(struct kunit *test)
{
	vmem_t *vm = vq_ids(test, 300, 2);
	struct vt_misuse *m;

	m = vt_misuse_begin(test, vm, "unknown flags");
	KUNIT_EXPECT_EQ(test, vt_alloc(vm, 1, VM_NOSLEEP | VMC_IDENTIFIER),
			0UL);
	vt_misuse_end(test, m);
}

static void set_mtbf(vmem_t *vm, unsigned long mtbf)
{
	WRITE_ONCE(vm->mtbf, mtbf);
}

/*
 * [23] Fault injection does not fail a request that a slab or a magazine
 * serves.
 */
static void injection_spares_requests_that_caches_serve(struct kunit *test)
{
	vmem_t *vm = vq_ids(test, 100000, 2);
	struct vmem_cpu_cache *cc = vq_cpu(vm, 1, raw_smp_processor_id());
	struct vq_set *s = vq_set(test, 100000);
	unsigned long a, b, c, taken;

	vq_supply_magazines(test, s, vm, 1, 1);
	a = s->range[0].start;
	set_mtbf(vm, 1);
	taken = vq_cache(vm, 1)->allocs;
	b = vt_alloc(vm, 1, VM_NOSLEEP);
	KUNIT_EXPECT_NE(test, b, 0UL);
	KUNIT_EXPECT_EQ(test, vq_cache(vm, 1)->allocs, taken + 1);
	vt_free(vm, a, 1);
	c = vt_alloc(vm, 1, VM_NOSLEEP);
	KUNIT_EXPECT_EQ(test, c, a);
	KUNIT_EXPECT_EQ(test, cc->allocs, 1UL);
	KUNIT_EXPECT_EQ(test, vt_stats(vm).fail_injected, 0ULL);
	vt_free(vm, b, 1);
	vt_free(vm, c, 1);
}

/*
 * [23] Fault injection decides only once whether a request that reaches the
 * arena fails.
 */
static void injection_draws_once(struct kunit *test)
{
	vmem_t *vm = vq_ids(test, 100000, 2);

	set_mtbf(vm, 1);
	KUNIT_EXPECT_EQ(test, vt_alloc(vm, 1, VM_NOSLEEP), 0UL);
	KUNIT_EXPECT_EQ(test, vt_stats(vm).fail_injected, 1ULL);
	KUNIT_EXPECT_EQ(test, vt_stats(vm).fail, 0ULL);
	KUNIT_EXPECT_EQ(test, vt_stats(vm).alloc, 0ULL);
}

static void *failing_import(vmem_t *source, size_t size, int vmflag)
{
	return NULL;
}

static void no_release(vmem_t *source, void *addr, size_t size)
{
}

/*
 * [38] A request that gets a single object, because the arena cannot allocate a
 * slab, does not drain the caches.
 */
static void failed_slab_does_not_drain_the_caches(struct kunit *test)
{
	vmem_t *source = vt_ids(test, 10);
	vmem_t *vm = vt_track(test, vmem_create(test->name, NULL, 0, 1,
						failing_import, no_release,
						source, 2,
						VM_SLEEP | VMC_IDENTIFIER));
	size_t slab = vm->qcaches->slab_size;
	size_t n = slab * DIV_ROUND_UP(100000, slab) + 3;
	struct vq_set *s = vq_set(test, n);
	unsigned long held, addr;

	KUNIT_ASSERT_NOT_NULL(test, vmem_add(vm, (void *)1, n, VM_SLEEP));
	vq_supply_magazines(test, s, vm, 1, DIV_ROUND_UP(97, vq_capacity(1)));
	while (s->n < n - 3)
		KUNIT_ASSERT_TRUE(test, vq_get(s, vm, 1, VM_NOSLEEP));
	KUNIT_EXPECT_EQ(test, vq_cache(vm, 1)->singles, 0UL);
	while (s->n > n - 100)
		vq_put(s, vm, s->n - 1);
	held = vq_on_cpus(vm) + vq_in_depot(vm, 1);
	KUNIT_EXPECT_EQ(test, held, 97UL);

	/* The import of a slab fails, so the request takes a single object. */
	addr = vt_alloc(vm, 2, VM_NOSLEEP);
	KUNIT_EXPECT_NE(test, addr, 0UL);
	KUNIT_EXPECT_EQ(test, vt_stats(vm).import_fail, 1ULL);
	KUNIT_EXPECT_EQ(test, vq_cache(vm, 2)->singles, 1UL);
	KUNIT_EXPECT_EQ(test, vq_on_cpus(vm) + vq_in_depot(vm, 1), held);
	vt_free(vm, addr, 2);
	vq_put_all(s, vm);
}

/* [23] Fault injection does not fail a request with VM_SLEEP or VM_PANIC. */
static void injection_spares_sleepers(struct kunit *test)
{
	vmem_t *vm = vq_ids(test, 100000, 2);
	unsigned long a, b;

	set_mtbf(vm, 1);
	a = vt_alloc(vm, 1, VM_SLEEP);
	b = vt_alloc(vm, 2, VM_NOSLEEP | VM_PANIC);
	KUNIT_EXPECT_NE(test, a, 0UL);
	KUNIT_EXPECT_NE(test, b, 0UL);
	KUNIT_EXPECT_EQ(test, vt_stats(vm).fail_injected, 0ULL);
	KUNIT_EXPECT_EQ(test, vq_cache(vm, 1)->nslabs, 1UL);
	KUNIT_EXPECT_EQ(test, vq_cache(vm, 2)->nslabs, 1UL);
	vt_free(vm, a, 1);
	vt_free(vm, b, 2);
}

/*
 * [23] Fault injection applies to requests for uncached sizes and to
 * vmem_xalloc().
 */
static void injection_hits_uncached_sizes(struct kunit *test)
{
	vmem_t *vm = vq_ids(test, 100000, 2);

	set_mtbf(vm, 1);
	KUNIT_EXPECT_EQ(test, vt_alloc(vm, 3, VM_NOSLEEP), 0UL);
	KUNIT_EXPECT_EQ(test, vt_alloc_at(vm, 100, 1), 0UL);
	KUNIT_EXPECT_EQ(test, vt_stats(vm).fail_injected, 2ULL);
}

static struct kunit_case vmem_qcache_alloc_cases[] = {
	KUNIT_CASE(cached_size_ignores_the_policy),
	KUNIT_CASE(magazine_serves_every_policy),
	KUNIT_CASE(sizes_up_to_qcache_max_are_cached),
	KUNIT_CASE(xalloc_bypasses_the_caches),
	KUNIT_CASE(cached_size_does_not_move_the_rotor),
	KUNIT_CASE(abort_does_not_prevent_waiting),
	KUNIT_CASE(failure_counts_once),
	KUNIT_CASE(unknown_flags_are_refused),
	KUNIT_CASE(injection_spares_requests_that_caches_serve),
	KUNIT_CASE(injection_draws_once),
	KUNIT_CASE(failed_slab_does_not_drain_the_caches),
	KUNIT_CASE(injection_spares_sleepers),
	KUNIT_CASE(injection_hits_uncached_sizes),
	{}
};

static struct kunit_suite vmem_qcache_alloc_suite = {
	.name = "vmem_qcache_alloc",
	.suite_init = vq_suite_init,
	.suite_exit = vq_suite_exit,
	.init = vq_init,
	.exit = vq_exit,
	.test_cases = vmem_qcache_alloc_cases,
};

kunit_test_suite(vmem_qcache_alloc_suite);

MODULE_DESCRIPTION("KUnit: requests of cached sizes");
MODULE_LICENSE("GPL");
