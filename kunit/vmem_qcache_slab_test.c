// SPDX-License-Identifier: GPL-2.0
/*
 * Slabs: their size and place, the order in which they are used, and their
 * release.
 *
 * Arenas of few integers have no magazines, so every vmem_alloc() and
 * vmem_free() of an object uses the slabs.
 */
#include "vmem_test_import.h"
#include "vmem_test_qcache.h"

/**
 * struct slab_size - expected properties of an arena with quantum caches
 * @quantum: quantum of the arena
 * @qcache_max: qcache_max of the arena
 * @n: expected number of cached sizes
 * @slab: expected size of a slab
 */
struct slab_size {
	size_t quantum;
	size_t qcache_max;
	unsigned int n;
	size_t slab;
};

static const struct slab_size slab_sizes[] = {
	{ 4096, 8 * 4096, 8, 131072 },
	{ 4096, 4096, 1, 16384 },
	{ 4096, 4096 + 4095, 1, 16384 },
	{ 4096, 5 * 4096, 5, 65536 },
	{ 4096, 16 * 4096, 16, 262144 },
	{ 4096, 1000 * 4096, 16, 262144 },
	{ 1, 1, 1, 64 },
	{ 1, 16, 16, 64 },
	{ 1, 1000, 16, 64 },
	{ 2, 21, 10, 64 },
	{ 2, 22, 11, 128 },
	{ 8, 8 * 8, 8, 256 },
	{ 8, 16, 2, 64 },
	{ 32, 32, 1, 128 },
	{ 16, 16 * 5, 5, 256 },
	{ 16, 16 * 6, 6, 512 },
};

/*
 * [31] The size of a slab is the smallest power of two above three times the
 * largest cached size, but at least 64. [9] An arena has at most 16 cached
 * sizes.
 */
static void slab_size_is_as_specified(struct kunit *test)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(slab_sizes); i++) {
		const struct slab_size *s = &slab_sizes[i];
		vmem_t *vm = vt_track(test, vmem_create(test->name,
							(void *)(8 * s->slab),
							4 * s->slab, s->quantum,
							NULL, NULL, NULL,
							s->qcache_max,
							VM_SLEEP));
		unsigned long addr = vt_alloc(vm, s->quantum, VM_SLEEP);

		KUNIT_ASSERT_NOT_NULL(test, vm->qcaches);
		KUNIT_EXPECT_EQ(test, vm->qcaches->n, s->n);
		KUNIT_EXPECT_EQ_MSG(test, vmem_size(vm, VMEM_ALLOC), s->slab,
				    "quantum %zu, qcache_max %zu", s->quantum,
				    s->qcache_max);
		vt_free(vm, addr, s->quantum);
		vq_close(test, vm);
	}
}

/*
 * [31] A slab is one segment. The slabs of all cached sizes have the same size.
 */
static void slabs_of_all_sizes_are_equal(struct kunit *test)
{
	vmem_t *vm = vt_track(test, vmem_create(test->name, (void *)(256 * U),
						8 * 32 * U, U, NULL, NULL, NULL,
						8 * U, VM_SLEEP));
	unsigned long addr[8];
	unsigned int i, n;
	struct vt_range *r;

	for (i = 0; i < 8; i++)
		addr[i] = vt_alloc(vm, (i + 1) * U, VM_SLEEP);
	r = vt_ranges(test, vm, VMEM_ALLOC, &n);
	KUNIT_EXPECT_EQ(test, n, 8U);
	for (i = 0; i < n; i++)
		KUNIT_EXPECT_EQ(test, r[i].size, (size_t)131072);
	kvfree(r);
	for (i = 0; i < 8; i++)
		vt_free(vm, addr[i], (i + 1) * U);
}

/* [9] An arena with a qcache_max below its quantum has no caches. */
static void no_cache_below_a_quantum(struct kunit *test)
{
	vmem_t *vm = vt_track(test, vmem_create(test->name, (void *)(16 * U),
						16 * U, U, NULL, NULL, NULL,
						U - 1, VM_SLEEP));
	unsigned long addr = vt_alloc(vm, U, VM_SLEEP);

	KUNIT_EXPECT_EQ(test, vmem_size(vm, VMEM_ALLOC), (size_t)U);
	vt_free(vm, addr, U);
	KUNIT_EXPECT_EQ(test, vmem_size(vm, VMEM_ALLOC), (size_t)0);
}

/*
 * [31] A slab is not aligned to its size: any free segment of 64 integers can
 * hold a slab.
 */
static void slab_is_not_aligned(struct kunit *test)
{
	vmem_t *vm = vt_track(test, vmem_create(test->name, (void *)37, 64, 1,
						NULL, NULL, NULL, 4,
						VM_SLEEP | VMC_IDENTIFIER));
	struct vq_set *s = vq_set(test, 100);

	KUNIT_ASSERT_TRUE(test, vq_get(s, vm, 4, VM_NOSLEEP));
	VT_EXPECT_WALK(test, vm, VMEM_ALLOC, { 37, 64 });
	while (s->n < 16)
		KUNIT_ASSERT_TRUE(test, vq_get(s, vm, 4, VM_NOSLEEP));
	KUNIT_EXPECT_EQ(test, s->sum, 64UL);
	KUNIT_EXPECT_EQ(test, s->bad, 0U);
	KUNIT_EXPECT_EQ(test, vt_stats(vm).alloc, 1ULL);
	vq_put_all(s, vm);
}

/* [31] For a slab, the arena imports exactly the slab size, at any address. */
static void import_of_a_slab_is_an_exact_fit(struct kunit *test)
{
	vmem_t *vm = vt_importer(test, 1, vt_release, 1, 8, 0);
	unsigned long a;

	vt_imp.next = 1001;
	a = vt_alloc(vm, 3, VM_SLEEP);
	KUNIT_EXPECT_EQ(test, vt_imp.imports, 1U);
	KUNIT_EXPECT_EQ(test, vt_imp.size, (size_t)64);
	VT_EXPECT_WALK(test, vm, VMEM_ALLOC | VMEM_FREE, { 1001, 64 });
	vt_free(vm, a, 3);
}

/* [3] An arena releases all wholly free slabs of a cached size except one. */
static void at_most_one_free_slab_stays(struct kunit *test)
{
	vmem_t *vm = vt_importer(test, 1, vt_release, 1, 4, 0);
	struct vq_set *s = vq_set(test, 1000);
	unsigned int i;

	vt_imp.next = 1;
	for (i = 0; i < 4 * 64; i++)
		KUNIT_ASSERT_TRUE(test, vq_get(s, vm, 1, VM_SLEEP));
	KUNIT_EXPECT_EQ(test, s->bad, 0U);
	KUNIT_EXPECT_EQ(test, vt_imp.imports, 4U);
	vq_put_all(s, vm);
	KUNIT_EXPECT_EQ(test, vt_imp.releases, 3U);
	KUNIT_EXPECT_EQ(test, vmem_size(vm, VMEM_ALLOC | VMEM_FREE),
			(size_t)64);
	/* The next allocation uses the free slab and imports nothing. */
	KUNIT_ASSERT_TRUE(test, vq_get(s, vm, 1, VM_SLEEP));
	KUNIT_EXPECT_EQ(test, vt_imp.imports, 4U);
	vq_put_all(s, vm);
}

/*
 * [3] Maintenance releases the last wholly free slab if the slab was idle from
 * one round to the next.
 */
static void idle_slab_is_released(struct kunit *test)
{
	vmem_t *vm = vt_importer(test, 1, vt_release, 1, 4, 0);
	unsigned long a;

	vt_imp.next = 1;
	a = vt_alloc(vm, 1, VM_SLEEP);
	vmem_update(NULL);
	vmem_update(NULL);
	KUNIT_EXPECT_EQ(test, vt_imp.releases, 0U);
	vt_free(vm, a, 1);
	vmem_update(NULL);
	/* The slab is used between two rounds, so it is not idle. */
	a = vt_alloc(vm, 1, VM_SLEEP);
	KUNIT_EXPECT_EQ(test, vt_imp.imports, 1U);
	vt_free(vm, a, 1);
	vmem_update(NULL);
	KUNIT_EXPECT_EQ(test, vt_imp.releases, 0U);
	vmem_update(NULL);
	vq_settle(test);	/* a work item calls the release function */
	KUNIT_EXPECT_EQ(test, vt_imp.releases, 1U);
	KUNIT_EXPECT_EQ(test, vt_imp.released.start, 1UL);
	KUNIT_EXPECT_EQ(test, vt_imp.released.size, (size_t)64);
	KUNIT_EXPECT_EQ(test, vmem_size(vm, VMEM_ALLOC | VMEM_FREE), (size_t)0);
}

/* Allocate 256 integers one by one, in slabs at 1, 65, 129 and 193. */
static struct vq_set *fill_four_slabs(struct kunit *test, vmem_t *vm)
{
	struct vq_set *s = vq_set(test, 256);

	vq_fill(s, vm, 1);
	KUNIT_ASSERT_EQ(test, s->sum, 256UL);
	KUNIT_ASSERT_EQ(test, s->bad, 0U);
	KUNIT_ASSERT_EQ(test, vq_cache(vm, 1)->nslabs, 4UL);
	return s;
}

/* Free @n integers, starting at @from. */
static void put_range(struct vq_set *s, vmem_t *vm, unsigned long from,
		      unsigned int n)
{
	unsigned int i;

	for (i = s->n; i--;)
		if (s->range[i].start - from < n)
			vq_put(s, vm, i);
}

/* The fullest partial slab is used first, so that other slabs become free. */
static void fullest_slab_is_used_first(struct kunit *test)
{
	vmem_t *vm = vt_importer(test, 1, vt_release, 1, 4, 0);
	struct vq_set *s = vq_set(test, 256);
	unsigned int i;

	vt_imp.next = 1;
	for (i = 0; i < 256; i++)
		KUNIT_ASSERT_TRUE(test, vq_get(s, vm, 1, VM_SLEEP));
	put_range(s, vm, 1, 40);
	put_range(s, vm, 65, 10);
	put_range(s, vm, 129, 20);
	put_range(s, vm, 193, 3);
	/* The order of the slabs is: fourth, second, third, first. */
	for (i = 0; i < 73; i++) {
		unsigned int want = i < 3 ? 3 : i < 13 ? 1 : i < 33 ? 2 : 0;

		KUNIT_ASSERT_TRUE(test, vq_get(s, vm, 1, VM_NOSLEEP));
		KUNIT_EXPECT_EQ_MSG(test, (s->range[s->n - 1].start - 1) / 64,
				    (unsigned long)want, "allocation %u", i);
	}
	KUNIT_EXPECT_EQ(test, s->bad, 0U);
	KUNIT_EXPECT_EQ(test, vt_imp.imports, 4U);
	vq_put_all(s, vm);
}

/* Partial slabs are used first, then wholly free slabs, then new slabs. */
static void free_slab_is_used_after_partial_slabs(struct kunit *test)
{
	vmem_t *vm = vq_ids(test, 256, 4);
	struct vq_set *s = fill_four_slabs(test, vm);

	put_range(s, vm, 1, 64);
	put_range(s, vm, 129, 50);
	while (s->n < 192)
		KUNIT_ASSERT_TRUE(test, vq_get(s, vm, 1, VM_NOSLEEP));
	KUNIT_EXPECT_EQ(test, find_next_bit(s->owned, 257, 1), 65UL);
	KUNIT_EXPECT_EQ(test, vt_stats(vm).alloc, 4ULL);
	vq_put_all(s, vm);
}

/* The objects in a cache count as allocated in the arena. */
static void cached_objects_count_as_allocated(struct kunit *test)
{
	vmem_t *vm = vq_ids(test, 256, 4);
	unsigned long a = vt_alloc(vm, 1, VM_SLEEP);
	unsigned long b = vt_alloc(vm, 3, VM_SLEEP);

	KUNIT_EXPECT_EQ(test, vmem_size(vm, VMEM_ALLOC), (size_t)128);
	KUNIT_EXPECT_EQ(test, vmem_size(vm, VMEM_FREE), (size_t)128);
	KUNIT_EXPECT_EQ(test, vt_stats(vm).alloc, 2ULL);
	vt_free(vm, a, 1);
	KUNIT_EXPECT_EQ(test, vt_stats(vm).free, 0ULL);
	KUNIT_EXPECT_EQ(test, vmem_size(vm, VMEM_ALLOC), (size_t)128);
	vt_check(test, vm);
	vt_free(vm, b, 3);
	/* [1] Each cache keeps one wholly free slab. */
	KUNIT_EXPECT_EQ(test, vmem_size(vm, VMEM_ALLOC), (size_t)128);
}

/*
 * [5] A request for a size between two cached sizes uses the cache of the
 * larger size.
 */
static void sizes_off_the_quantum_are_cached(struct kunit *test)
{
	vmem_t *vm = vt_track(test, vmem_create(test->name, (void *)(64 * U),
						64 * U, U, NULL, NULL, NULL,
						4 * U, VM_SLEEP));
	unsigned long a = vt_alloc(vm, U + 1, VM_SLEEP);
	unsigned long b = vt_alloc(vm, 2 * U, VM_SLEEP);

	KUNIT_EXPECT_EQ(test, a % U, 0UL);
	KUNIT_EXPECT_EQ(test, max(a, b) - min(a, b), 2 * U);
	KUNIT_EXPECT_EQ(test, vq_cache(vm, 2 * U)->nslabs, 1UL);
	KUNIT_EXPECT_EQ(test, vq_cache(vm, U)->nslabs, 0UL);
	vt_free(vm, a, U + 1);
	vt_free(vm, b, 2 * U);
	KUNIT_EXPECT_EQ(test, vq_cache(vm, 2 * U)->nfree, 8UL);
}

/*
 * To free a single object, which has no slab, vmem_free() searches the slab
 * hash tables of all sizes. vmem_destroy() frees single objects that are in
 * magazines, so at that time all tables must still exist. The table in this
 * test has moved to allocated memory.
 */
static void destroy_frees_a_single_object_in_a_magazine(struct kunit *test)
{
	unsigned int cpu = raw_smp_processor_id();
	struct vq_set *s = vq_set(test, 20000);
	vmem_t *vm = vq_ids(test, 20000, 2);
	struct vmem_hash *table = &vq_cache(vm, 1)->slabs;
	unsigned long most, single;
	size_t size;

	/* Size 2 has a magazine, but no free object in a slab. */
	vq_supply_magazines(test, s, vm, 2, 1);
	while (vq_cache(vm, 2)->nfree)
		KUNIT_ASSERT_TRUE(test, vq_get(s, vm, 2, VM_NOSLEEP));
	while (vq_cache(vm, 1)->nslabs < 60)
		KUNIT_ASSERT_TRUE(test, vq_get(s, vm, 1, VM_NOSLEEP));
	/* A second round of maintenance would free the magazine. */
	vmem_update(NULL);
	KUNIT_ASSERT_EQ(test, vq_cache(vm, 2)->depot.nempty, 1U);
	KUNIT_ASSERT_PTR_NE(test, table->heads, &table->small[0]);
	size = vmem_size(vm, VMEM_FREE) - 10;
	most = vt_alloc(vm, size, VM_NOSLEEP);
	KUNIT_ASSERT_NE(test, most, 0UL);
	single = vt_alloc(vm, 2, VM_NOSLEEP);
	KUNIT_EXPECT_EQ(test, vq_cache(vm, 2)->singles, 1ULL);
	vt_free(vm, single, 2);
	KUNIT_EXPECT_EQ(test, vq_on_cpu(vm, 2, cpu), 1UL);
	vt_free(vm, most, size);
	vq_put_all(s, vm);
	/* The single object is at the bottom of the magazine. */
	KUNIT_EXPECT_EQ(test, vq_cpu(vm, 2, cpu)->round[0], single);
	KUNIT_EXPECT_PTR_NE(test, table->heads, &table->small[0]);
	vq_close(test, vm);
}

/*
 * [32] Maintenance shrinks the slab hash table of a cache even if the cache has
 * no slabs.
 */
static void slab_table_shrinks_without_slabs(struct kunit *test)
{
	struct vq_set *s = vq_set(test, 10000);
	vmem_t *vm = vq_ids(test, 10000, 1);
	struct vmem_qcache *qc = vq_cache(vm, 1);
	unsigned int bits = qc->slabs.bits;

	while (qc->nslabs < 70)
		KUNIT_ASSERT_TRUE(test, vq_get(s, vm, 1, VM_NOSLEEP));
	vmem_update(NULL);
	KUNIT_ASSERT_EQ(test, qc->slabs.bits, bits + 2);
	vq_put_all(s, vm);
	KUNIT_EXPECT_EQ(test, vt_alloc(vm, 10000, VM_NOSLEEP), 1UL);
	KUNIT_EXPECT_EQ(test, qc->nslabs, 0UL);
	vmem_update(NULL);
	KUNIT_EXPECT_EQ(test, qc->slabs.bits, bits);
	vt_free(vm, 1, 10000);
}

static int slab_init(struct kunit *test)
{
	memset(&vt_imp, 0, sizeof(vt_imp));
	return vq_init(test);
}

static struct kunit_case vmem_qcache_slab_cases[] = {
	KUNIT_CASE(slab_size_is_as_specified),
	KUNIT_CASE(slabs_of_all_sizes_are_equal),
	KUNIT_CASE(no_cache_below_a_quantum),
	KUNIT_CASE(slab_is_not_aligned),
	KUNIT_CASE(import_of_a_slab_is_an_exact_fit),
	KUNIT_CASE(at_most_one_free_slab_stays),
	KUNIT_CASE(idle_slab_is_released),
	KUNIT_CASE(fullest_slab_is_used_first),
	KUNIT_CASE(free_slab_is_used_after_partial_slabs),
	KUNIT_CASE(cached_objects_count_as_allocated),
	KUNIT_CASE(sizes_off_the_quantum_are_cached),
	KUNIT_CASE(destroy_frees_a_single_object_in_a_magazine),
	KUNIT_CASE(slab_table_shrinks_without_slabs),
	{}
};

static struct kunit_suite vmem_qcache_slab_suite = {
	.name = "vmem_qcache_slab",
	.suite_init = vq_suite_init,
	.suite_exit = vq_suite_exit,
	.init = slab_init,
	.exit = vq_exit,
	.test_cases = vmem_qcache_slab_cases,
};

kunit_test_suite(vmem_qcache_slab_suite);

MODULE_DESCRIPTION("KUnit: slabs of vmem's quantum caches");
MODULE_LICENSE("GPL");
