// SPDX-License-Identifier: GPL-2.0
/*
 * Magazines: their creation, their exchange with the depot, their sizes, and
 * the share of an arena that magazines may hold.
 */
#include "vmem_test_qcache.h"

/* Enough integers for magazines, even with several CPUs. */
#define MANY	100000

static unsigned int here(void)
{
	return raw_smp_processor_id();
}

static unsigned int nr_magazines(vmem_t *vm)
{
	return atomic_read(&vm->qcaches->magazines);
}

/*
 * [39] If vmem_free() finds no magazine, it creates no magazine: the object
 * returns to its slab.
 */
static void free_creates_no_magazine(struct kunit *test)
{
	vmem_t *vm = vq_ids(test, MANY, 2);
	struct vq_set *s = vq_set(test, MANY);
	struct vmem_qcache *qc = vq_cache(vm, 1);
	unsigned int i, n = 3 * vq_capacity(1) + 1;

	while (s->n < n)
		KUNIT_ASSERT_TRUE(test, vq_get(s, vm, 1, VM_NOSLEEP));
	KUNIT_EXPECT_EQ(test, qc->missed, 0U);
	for (i = 1; i <= n; i++) {
		vq_put(s, vm, s->n - 1);
		KUNIT_EXPECT_EQ(test, qc->missed, i);
		KUNIT_EXPECT_EQ(test, qc->frees, (unsigned long)i);
	}
	KUNIT_EXPECT_EQ(test, nr_magazines(vm), 0U);
	KUNIT_EXPECT_EQ(test, vq_on_cpus(vm), 0UL);
}

/*
 * vmem_free() counts the objects for which it finds no magazine. Each later
 * allocation creates one magazine, until the magazines can hold as many objects
 * as vmem_free() has counted.
 */
static void allocations_create_magazines(struct kunit *test)
{
	vmem_t *vm = vq_ids(test, MANY, 2);
	struct vq_set *s = vq_set(test, MANY);
	struct vmem_qcache *qc = vq_cache(vm, 1);
	unsigned int i, cap = vq_capacity(1), n = 3 * cap + 1;

	while (s->n < n)
		KUNIT_ASSERT_TRUE(test, vq_get(s, vm, 1, VM_NOSLEEP));
	/*
	 * No object has been freed, so vmem_free() has not missed a magazine.
	 */
	KUNIT_EXPECT_EQ(test, nr_magazines(vm), 0U);
	vq_put_all(s, vm);
	for (i = 1; i <= 10; i++) {
		KUNIT_ASSERT_TRUE(test, vq_get(s, vm, 1, VM_NOSLEEP));
		KUNIT_EXPECT_EQ(test, nr_magazines(vm), min(i, 4U));
		KUNIT_EXPECT_EQ(test, qc->depot.nempty, min(i, 4U));
		KUNIT_EXPECT_EQ(test, qc->missed, n - min(n, i * cap));
	}
	/* Each size has its own magazines. */
	KUNIT_EXPECT_EQ(test, vq_cache(vm, 2)->depot.nempty, 0U);
	/* vmem_free() uses the magazines. */
	i = qc->frees;
	vq_put_all(s, vm);
	KUNIT_EXPECT_EQ(test, qc->missed, 0U);
	KUNIT_EXPECT_EQ(test, qc->frees, (unsigned long)i);
	KUNIT_EXPECT_EQ(test, vq_on_cpu(vm, 1, here()), 10UL);
}

/* The object that was freed last is allocated first. */
static void magazine_is_a_stack(struct kunit *test)
{
	vmem_t *vm = vq_ids(test, MANY, 2);
	struct vq_set *s = vq_set(test, MANY);
	struct vmem_cpu_cache *cc = vq_cpu(vm, 1, here());
	unsigned int i, n = vq_capacity(0);
	unsigned long allocs, frees, order[32];

	vq_supply_magazines(test, s, vm, 1, 1);
	while (s->n < n)
		KUNIT_ASSERT_TRUE(test, vq_get(s, vm, 1, VM_NOSLEEP));
	allocs = cc->allocs;
	frees = cc->frees;
	for (i = 0; i < n; i++) {
		/*
		 * The order of the frees differs from the order of the
		 * allocations.
		 */
		unsigned int k = i * 5 % s->n;

		order[i] = s->range[k].start;
		vq_put(s, vm, k);
	}
	KUNIT_EXPECT_EQ(test, vq_on_cpu(vm, 1, here()), (unsigned long)n);
	while (i--) {
		KUNIT_ASSERT_TRUE(test, vq_get(s, vm, 1, VM_NOSLEEP));
		KUNIT_EXPECT_EQ(test, s->range[s->n - 1].start, order[i]);
	}
	KUNIT_EXPECT_EQ(test, vq_on_cpu(vm, 1, here()), 0UL);
	KUNIT_EXPECT_EQ(test, cc->allocs - allocs, (unsigned long)n);
	KUNIT_EXPECT_EQ(test, cc->frees - frees, (unsigned long)n);
	vq_put_all(s, vm);
}

/* Each cached size has its own magazines. */
static void each_size_has_its_own_magazines(struct kunit *test)
{
	vmem_t *vm = vq_ids(test, MANY, 2);
	struct vq_set *s = vq_set(test, MANY);
	unsigned long a, b;

	vq_supply_magazines(test, s, vm, 1, 1);
	vq_supply_magazines(test, s, vm, 2, 1);
	a = s->range[0].start;
	b = s->range[1].start;
	vq_put_all(s, vm);
	KUNIT_EXPECT_EQ(test, vq_on_cpu(vm, 1, here()), 1UL);
	KUNIT_EXPECT_EQ(test, vq_on_cpu(vm, 2, here()), 1UL);
	KUNIT_EXPECT_EQ(test, vt_alloc(vm, 1, VM_SLEEP), a);
	KUNIT_EXPECT_EQ(test, vt_alloc(vm, 2, VM_SLEEP), b);
	vt_free(vm, a, 1);
	vt_free(vm, b, 2);
}

/*
 * A CPU keeps two magazines and exchanges magazines with the depot. No object
 * is lost.
 */
static void cpu_exchanges_magazines_with_the_depot(struct kunit *test)
{
	vmem_t *vm = vq_ids(test, MANY, 2);
	struct vq_set *s = vq_set(test, MANY);
	unsigned int cap, i;

	/* Two magazines for the CPU and four for the depot. */
	vq_supply_magazines(test, s, vm, 1, 6);
	while (s->n < 10 * vq_capacity(2))
		KUNIT_ASSERT_TRUE(test, vq_get(s, vm, 1, VM_NOSLEEP));
	KUNIT_EXPECT_EQ(test, s->bad, 0U);
	vq_put(s, vm, 0);
	cap = vq_cpu(vm, 1, here())->capacity;
	KUNIT_ASSERT_GE(test, cap, vq_capacity(0));
	for (i = 1; i < 2 * cap; i++)
		vq_put(s, vm, 0);
	KUNIT_EXPECT_EQ(test, vq_on_cpu(vm, 1, here()), 2UL * cap);
	KUNIT_EXPECT_EQ(test, vq_in_depot(vm, 1), 0UL);
	vq_put(s, vm, 0);
	/* The CPU has exchanged a full magazine for an empty one. */
	KUNIT_EXPECT_EQ(test, vq_on_cpu(vm, 1, here()), cap + 1UL);
	KUNIT_EXPECT_EQ(test, vq_in_depot(vm, 1), (unsigned long)cap);
	for (i = 0; i < 3 * cap; i++)
		vq_put(s, vm, 0);
	KUNIT_EXPECT_EQ(test, vq_in_depot(vm, 1), 4UL * cap);
	KUNIT_EXPECT_EQ(test, vq_cache(vm, 1)->missed, 0U);
	/* Allocations empty all magazines before they use slabs. */
	i = vq_cache(vm, 1)->allocs;
	for (; vq_on_cpu(vm, 1, here()) + vq_in_depot(vm, 1);)
		KUNIT_ASSERT_TRUE(test, vq_get(s, vm, 1, VM_NOSLEEP));
	KUNIT_EXPECT_EQ(test, vq_cache(vm, 1)->allocs, (unsigned long)i);
	KUNIT_EXPECT_EQ(test, s->n, 10 * vq_capacity(2));
	KUNIT_EXPECT_EQ(test, s->bad, 0U);
	/*
	 * No other CPU uses the depot, so the lock of the depot has no
	 * contention.
	 */
	KUNIT_EXPECT_EQ(test, vq_cache(vm, 1)->depot.contended, 0UL);
	vq_put_all(s, vm);
}

/* A CPU alternates between its two magazines without using the depot. */
static void previous_magazine_avoids_exchanges(struct kunit *test)
{
	vmem_t *vm = vq_ids(test, MANY, 2);
	struct vq_set *s = vq_set(test, MANY);
	unsigned int i, cap;

	vq_supply_magazines(test, s, vm, 1, 3);
	while (s->n < 1000)
		KUNIT_ASSERT_TRUE(test, vq_get(s, vm, 1, VM_NOSLEEP));
	vq_put(s, vm, 0);
	cap = vq_cpu(vm, 1, here())->capacity;
	while (vq_on_cpu(vm, 1, here()) < cap + 2UL ||
	       !vq_in_depot(vm, 1)) {
		KUNIT_ASSERT_NE(test, s->n, 0U);
		vq_put(s, vm, 0);
	}
	KUNIT_EXPECT_EQ(test, vq_cache(vm, 1)->missed, 0U);
	for (i = 0; i < 100; i++) {
		unsigned long depot = vq_in_depot(vm, 1);
		unsigned int k;

		for (k = 0; k < 4; k++)
			KUNIT_ASSERT_TRUE(test, vq_get(s, vm, 1, VM_NOSLEEP));
		KUNIT_EXPECT_EQ(test, vq_in_depot(vm, 1), depot);
		for (k = 0; k < 4; k++)
			vq_put(s, vm, s->n - 1);
		KUNIT_EXPECT_EQ(test, vq_in_depot(vm, 1), depot);
	}
	vq_put_all(s, vm);
}

/* A CPU that loads an empty magazine from the depot keeps its full magazine. */
static void cpu_keeps_its_full_magazine(struct kunit *test)
{
	vmem_t *vm = vq_ids(test, MANY, 1);
	struct vq_set *s = vq_set(test, MANY);
	unsigned int i, cap = vq_capacity(1);

	vq_supply_magazines(test, s, vm, 1, 2);
	while (s->n < 200)
		KUNIT_ASSERT_TRUE(test, vq_get(s, vm, 1, VM_NOSLEEP));
	while (s->n > 200 - 2 * cap)
		vq_put(s, vm, s->n - 1);
	KUNIT_EXPECT_EQ(test, vq_on_cpus(vm), 2UL * cap);
	while (s->n < 200)
		KUNIT_ASSERT_TRUE(test, vq_get(s, vm, 1, VM_NOSLEEP));
	/* A failed request returns the CPU's empty magazines to the depot. */
	KUNIT_EXPECT_EQ(test, vt_alloc(vm, MANY, VM_NOSLEEP), 0UL);
	vq_settle(test);
	KUNIT_EXPECT_EQ(test, vq_on_cpus(vm), 0UL);
	KUNIT_EXPECT_EQ(test, vq_in_depot(vm, 1), 0UL);
	KUNIT_EXPECT_NULL(test, vq_cpu(vm, 1, here())->prev);
	KUNIT_EXPECT_EQ(test, vq_cache(vm, 1)->depot.nempty, 2U);

	vq_put(s, vm, s->n - 1);
	for (i = 1; i <= cap; i++)
		vq_put(s, vm, s->n - 1);
	KUNIT_EXPECT_EQ(test, vq_on_cpu(vm, 1, here()), cap + 1UL);
	KUNIT_EXPECT_EQ(test, vq_in_depot(vm, 1), 0UL);
	vq_put_all(s, vm);
}

/* [38] CPUs hold no integers of an arena that is too small for magazines. */
static void small_arenas_have_no_magazines(struct kunit *test)
{
	static const unsigned int counts[] = { 1, 10, 64, 65, 99, 128 };
	unsigned int i, qcache_max;

	for (i = 0; i < ARRAY_SIZE(counts); i++) {
		struct vq_set *s = vq_set(test, counts[i]);

		for (qcache_max = 2; qcache_max <= 16; qcache_max += 7) {
			vmem_t *vm = vq_ids(test, counts[i], qcache_max);

			vq_random_ops(s, vm, 500, counts[i]);
			vq_fill(s, vm, 1);
			vq_put_all(s, vm);
			KUNIT_EXPECT_EQ(test, vq_on_cpus(vm), 0UL);
			KUNIT_EXPECT_EQ(test, vq_in_depot(vm, 1), 0UL);
			KUNIT_EXPECT_EQ(test, nr_magazines(vm), 0U);
			KUNIT_EXPECT_EQ(test, vq_cache(vm, 1)->missed, 0U);
			vq_close(test, vm);
		}
	}
}

/*
 * [38] The smallest arena with magazines is the arena of which one sixteenth
 * fills two magazines of the smallest kind on each CPU. An arena with one
 * integer less has no magazines.
 */
static void smallest_arena_with_magazines_is_exact(struct kunit *test)
{
	size_t n = 16UL * 2 * num_possible_cpus() * vq_capacity(0);
	unsigned int less, round;

	for (less = 0; less < 2; less++) {
		vmem_t *vm = vq_ids(test, n - less, 1);
		struct vq_set *s = vq_set(test, 40);

		for (round = 0; round < 2; round++) {
			while (s->n < 40)
				KUNIT_ASSERT_TRUE(test, vq_get(s, vm, 1,
							       VM_NOSLEEP));
			vq_put_all(s, vm);
		}
		/*
		 * Maintenance drains the CPUs only if the arena is too small
		 * for magazines.
		 */
		vmem_update(NULL);
		if (less) {
			KUNIT_EXPECT_EQ(test, vq_on_cpus(vm), 0UL);
			KUNIT_EXPECT_EQ(test, nr_magazines(vm), 0U);
		} else {
			KUNIT_EXPECT_GT(test, vq_on_cpus(vm), 0UL);
		}
		vq_close(test, vm);
	}
}

/* Allocate and free enough objects to use magazines of any size. */
static void use_magazines(struct vq_set *s, vmem_t *vm, size_t size)
{
	while (s->n < 3 * vq_capacity(4) && vq_get(s, vm, size, VM_NOSLEEP))
		;
	vq_put_all(s, vm);
}

/*
 * [38] The magazines of all CPUs together hold at most one sixteenth of the
 * arena. This bounds the size of each magazine.
 */
static void cpus_hold_at_most_a_sixteenth(struct kunit *test)
{
	static const unsigned int counts[] = { 500, 1000, 4000 };
	unsigned int i, k, qcache_max, size;

	for (i = 0; i < ARRAY_SIZE(counts); i++) {
		struct vq_set *s = vq_set(test, counts[i]);

		for (qcache_max = 1; qcache_max <= 16; qcache_max += 5) {
			vmem_t *vm = vq_ids(test, counts[i], qcache_max);
			unsigned long most = 0, weight = 0;

			for (k = 1; k <= qcache_max; k++) {
				/*
				 * The bound holds even for the largest kind of
				 * magazine.
				 */
				WRITE_ONCE(vq_cache(vm, k)->kind, 4);
				use_magazines(s, vm, k);
				weight += k;
			}
			for (size = 1; size <= qcache_max; size++) {
				use_magazines(s, vm, size);
				most += 2 * size *
					vq_cpu(vm, size, here())->capacity;
			}
			KUNIT_EXPECT_LE_MSG(test, most * num_possible_cpus(),
					    counts[i] / 16UL,
					    "%u integers, qcache_max %u",
					    counts[i], qcache_max);
			KUNIT_EXPECT_LE(test, vq_on_cpus(vm), counts[i] / 16UL);
			/*
			 * The arena has magazines if and only if the bound
			 * allows magazines of the smallest kind.
			 */
			KUNIT_EXPECT_EQ_MSG(test, most > 0,
					    counts[i] / 16 >= 2 * weight *
					    num_possible_cpus() * vq_capacity(0),
					    "%u integers, qcache_max %u",
					    counts[i], qcache_max);
			vq_close(test, vm);
		}
	}
}

/*
 * Maintenance drains the full magazines of the depot that were not used since
 * the last round.
 */
static void maintenance_trims_the_depot(struct kunit *test)
{
	vmem_t *vm = vq_ids(test, MANY, 2);
	struct vq_set *s = vq_set(test, MANY);
	unsigned long depot, cap;
	unsigned int i, n = 20 * vq_capacity(2);

	vq_supply_magazines(test, s, vm, 1, DIV_ROUND_UP(n, vq_capacity(1)));
	while (s->n < n)
		KUNIT_ASSERT_TRUE(test, vq_get(s, vm, 1, VM_NOSLEEP));
	vq_put_all(s, vm);
	KUNIT_EXPECT_EQ(test, vq_cache(vm, 1)->missed, 0U);
	depot = vq_in_depot(vm, 1);
	cap = vq_cpu(vm, 1, here())->capacity;
	KUNIT_ASSERT_GT(test, depot, 6 * cap);
	/*
	 * The magazines stay, because the depot got them after the last round.
	 */
	vmem_update(NULL);
	KUNIT_EXPECT_EQ(test, vq_in_depot(vm, 1), depot);

	/* Use three magazines at a time. */
	for (i = 0; i < 5; i++) {
		while (vq_in_depot(vm, 1) > depot - 3 * cap)
			KUNIT_ASSERT_TRUE(test, vq_get(s, vm, 1, VM_NOSLEEP));
		vq_put_all(s, vm);
	}
	depot = vq_in_depot(vm, 1);
	vmem_update(NULL);
	KUNIT_EXPECT_LT(test, vq_in_depot(vm, 1), depot);
	KUNIT_EXPECT_GE(test, vq_in_depot(vm, 1), 3 * cap);
	KUNIT_EXPECT_LE(test, vq_in_depot(vm, 1), 5 * cap);

	/* Two rounds of maintenance free all magazines of an unused depot. */
	vmem_update(NULL);
	vmem_update(NULL);
	KUNIT_EXPECT_EQ(test, vq_in_depot(vm, 1), 0UL);
	KUNIT_EXPECT_EQ(test, vq_cache(vm, 1)->depot.nempty, 0U);
	/* The CPU keeps its loaded magazine. */
	KUNIT_EXPECT_GT(test, vq_on_cpu(vm, 1, here()), 0UL);
	vt_check(test, vm);
}

/* Contention on the depot's lock makes new magazines larger. */
static void contention_makes_magazines_larger(struct kunit *test)
{
	vmem_t *vm = vq_ids(test, MANY, 1);
	struct vq_set *s = vq_set(test, MANY);
	struct vmem_qcache *qc = vq_cache(vm, 1);
	unsigned int i, kind = qc->kind;

	/*
	 * Kind 0 is only for arenas in which larger magazines would exceed the
	 * bound of a sixteenth.
	 */
	KUNIT_EXPECT_EQ(test, kind, 1U);
	/* The CPU keeps this magazine during the maintenance below. */
	vq_supply_magazines(test, s, vm, 1, 1);
	vq_put_all(s, vm);
	vmem_update(NULL);
	vmem_update(NULL);
	KUNIT_EXPECT_EQ(test, qc->kind, kind);
	/*
	 * If CPUs have found the lock of the depot held three times since the
	 * last round, the kind stays. After four times, the kind grows by one.
	 */
	qc->depot.contended += 3;
	vmem_update(NULL);
	KUNIT_EXPECT_EQ(test, qc->kind, kind);
	qc->depot.contended += 4;
	vmem_update(NULL);
	KUNIT_EXPECT_EQ(test, qc->kind, kind + 1);
	/* A round without contention does not change the kind. */
	vmem_update(NULL);
	KUNIT_EXPECT_EQ(test, qc->kind, kind + 1);
	KUNIT_EXPECT_EQ(test, (unsigned int)vq_cpu(vm, 1, here())->capacity,
			vq_capacity(kind));
	for (i = 0; i < 2; i++) {
		while (s->n < 100)
			KUNIT_ASSERT_TRUE(test, vq_get(s, vm, 1, VM_NOSLEEP));
		vq_put_all(s, vm);
	}
	KUNIT_EXPECT_EQ(test, (unsigned int)vq_cpu(vm, 1, here())->capacity,
			vq_capacity(kind + 1));
	/* The size of the magazines is bounded. */
	for (i = 0; i < 20; i++) {
		qc->depot.contended += 100;
		vmem_update(NULL);
	}
	KUNIT_EXPECT_GT(test, qc->kind, kind + 1);
	KUNIT_EXPECT_LT(test, qc->kind, kind + 5);
	for (i = 0; i < 3; i++) {
		while (s->n < 2000)
			KUNIT_ASSERT_TRUE(test, vq_get(s, vm, 1, VM_NOSLEEP));
		KUNIT_EXPECT_EQ(test, s->bad, 0U);
		vq_put_all(s, vm);
	}
	KUNIT_EXPECT_GT(test, vq_cpu(vm, 1, here())->capacity,
			vq_capacity(kind + 1));
	KUNIT_EXPECT_LE(test, vq_on_cpus(vm), MANY / 16UL);
}

/*
 * An arena that was created with the debug parameter has no magazines: each
 * object that a client frees returns to its slab, which checks the object.
 */
static void checked_arenas_have_no_magazines(struct kunit *test)
{
	struct vq_set *s = vq_set(test, MANY);
	vmem_t *vm;

	if (vt_param("debug", "Y", NULL, 0))
		kunit_skip(test, "no module parameter to set in sysfs");
	vm = vq_ids(test, MANY, 2);
	vt_param("debug", "N", NULL, 0);
	while (s->n < 1000)
		KUNIT_ASSERT_TRUE(test, vq_get(s, vm, 1, VM_NOSLEEP));
	vq_put_all(s, vm);
	/* A later allocation does not create a magazine. */
	KUNIT_ASSERT_TRUE(test, vq_get(s, vm, 1, VM_NOSLEEP));
	vq_put_all(s, vm);
	KUNIT_EXPECT_EQ(test, vq_on_cpus(vm), 0UL);
	KUNIT_EXPECT_EQ(test, vq_in_depot(vm, 1), 0UL);
	KUNIT_EXPECT_EQ(test, nr_magazines(vm), 0U);
}

static struct kunit_case vmem_qcache_magazine_cases[] = {
	KUNIT_CASE(free_creates_no_magazine),
	KUNIT_CASE(allocations_create_magazines),
	KUNIT_CASE(magazine_is_a_stack),
	KUNIT_CASE(each_size_has_its_own_magazines),
	KUNIT_CASE(cpu_exchanges_magazines_with_the_depot),
	KUNIT_CASE(previous_magazine_avoids_exchanges),
	KUNIT_CASE(cpu_keeps_its_full_magazine),
	KUNIT_CASE(small_arenas_have_no_magazines),
	KUNIT_CASE(smallest_arena_with_magazines_is_exact),
	KUNIT_CASE(cpus_hold_at_most_a_sixteenth),
	KUNIT_CASE(maintenance_trims_the_depot),
	KUNIT_CASE(contention_makes_magazines_larger),
	KUNIT_CASE(checked_arenas_have_no_magazines),
	{}
};

static struct kunit_suite vmem_qcache_magazine_suite = {
	.name = "vmem_qcache_magazine",
	.suite_init = vq_suite_init,
	.suite_exit = vq_suite_exit,
	.init = vq_init,
	.exit = vq_exit,
	.test_cases = vmem_qcache_magazine_cases,
};

kunit_test_suite(vmem_qcache_magazine_suite);

MODULE_DESCRIPTION("KUnit: magazines of vmem's quantum caches");
MODULE_LICENSE("GPL");
