// SPDX-License-Identifier: GPL-2.0
/*
 * The last integer: every free integer of an arena can be allocated, even if
 * the caches hold it.
 */
#include "vmem_test_qcache.h"

static const unsigned int counts[] = { 1, 63, 64, 65, 99, 5000 };

#define CACHES	16

/*
 * Run @fn on arenas of each size in counts[], with each qcache_max from 1 to
 * CACHES. For large arenas, use only every @step-th qcache_max.
 */
static void for_all_arenas(struct kunit *test, unsigned int step,
			   void (*fn)(struct kunit *test, vmem_t *vm,
				      struct vq_set *s, unsigned int n))
{
	unsigned int i, qcache_max;

	for (i = 0; i < ARRAY_SIZE(counts); i++) {
		struct vq_set *s = vq_set(test, counts[i]);

		for (qcache_max = 1; qcache_max <= CACHES;
		     qcache_max += counts[i] < 1000 ? 1 : step) {
			vmem_t *vm = vq_ids(test, counts[i], qcache_max);

			fn(test, vm, s, counts[i]);
			KUNIT_EXPECT_EQ_MSG(test, s->bad, 0U,
					    "%u integers, qcache_max %u",
					    counts[i], qcache_max);
			vq_put_all(s, vm);
			if (((struct vt *)test->priv)->stuck)
				return;
			vq_close(test, vm);
		}
	}
}

/*
 * Expect that all @n integers are allocated. On another CPU, the reclaim work
 * item may have moved some of the integers from a magazine or slab to the arena
 * during the last request. In this case, wait for the work item, then allocate
 * these integers. With a single CPU, the work item does not run during a
 * request.
 */
static void expect_all(struct kunit *test, struct vq_set *s, unsigned int n,
		       vmem_t *vm)
{
	if (s->sum < n && num_online_cpus() > 1) {
		vq_settle(test);
		vq_fill(s, vm, 1);
	}
	KUNIT_EXPECT_EQ_MSG(test, s->sum, (unsigned long)n,
			    "arena of %u integers, %u cached sizes", n,
			    vm->qcaches->n);
}

static void fill_fresh(struct kunit *test, vmem_t *vm, struct vq_set *s,
		       unsigned int n)
{
	vq_fill(s, vm, 1);
	expect_all(test, s, n, vm);
}

/* [38] VM_NOSLEEP requests get all integers of a fresh arena one by one. */
static void every_integer_of_a_fresh_arena(struct kunit *test)
{
	for_all_arenas(test, 1, fill_fresh);
}

static void fill_after_traffic(struct kunit *test, vmem_t *vm, struct vq_set *s,
			       unsigned int n)
{
	vq_random_ops(s, vm, n + 500, n);
	vq_fill(s, vm, 1);
	expect_all(test, s, n, vm);
}

/*
 * [38] VM_NOSLEEP requests get all integers after random allocations and frees
 * of all cached sizes.
 */
static void every_integer_after_traffic(struct kunit *test)
{
	for_all_arenas(test, 1, fill_after_traffic);
}

static void fill_largest_first(struct kunit *test, vmem_t *vm, struct vq_set *s,
			       unsigned int n)
{
	unsigned int size;

	vq_random_ops(s, vm, n + 500, n + 1);
	for (size = vm->qcaches->n; size; size--)
		vq_fill(s, vm, size);
	expect_all(test, s, n, vm);
}

/*
 * [38] Requests for the largest cached size, then for each next smaller size,
 * get all integers: smaller objects use the integers that do not suffice for a
 * larger object.
 */
static void every_integer_largest_size_first(struct kunit *test)
{
	for_all_arenas(test, 5, fill_largest_first);
}

static void fill_beside_slabs(struct kunit *test, vmem_t *vm, struct vq_set *s,
			      unsigned int n)
{
	unsigned int size;

	/* Each size gets a slab with one used object if there is space. */
	for (size = 1; size <= vm->qcaches->n; size++)
		vq_get(s, vm, size, VM_NOSLEEP);
	vq_fill(s, vm, 1);
	expect_all(test, s, n, vm);
}

/*
 * [38] VM_NOSLEEP requests get all integers while each cached size has a slab
 * with one object in use.
 */
static void every_integer_beside_other_sizes(struct kunit *test)
{
	for_all_arenas(test, 5, fill_beside_slabs);
}

static void alloc_whole(struct kunit *test, vmem_t *vm, struct vq_set *s,
			unsigned int n)
{
	unsigned long addr;

	vq_random_ops(s, vm, n + 500, n + 2);
	vq_settle(test);	/* see expect_all() */
	addr = vt_alloc(vm, n, VM_NOSLEEP);
	KUNIT_EXPECT_EQ_MSG(test, addr, 1UL,
			    "arena of %u integers, %u cached sizes", n,
			    vm->qcaches->n);
	if (addr)
		vt_free(vm, addr, n);
}

/*
 * [38] After random allocations and frees, a VM_NOSLEEP request gets the whole
 * arena as one segment.
 */
static void whole_arena_after_traffic(struct kunit *test)
{
	for_all_arenas(test, 5, alloc_whole);
}

static void alloc_ones(struct vt_thread *t)
{
	unsigned int i;

	for (i = 0; i < t->size; i++)
		if (!vt_alloc(t->vm, 1, VM_SLEEP))
			t->errors++;
}

static void fill_with_sleep(struct kunit *test, vmem_t *vm, struct vq_set *s,
			    unsigned int n)
{
	struct vt_thread *t;
	unsigned int i, errors = 0;

	vq_random_ops(s, vm, n + 500, n + 3);
	vq_settle(test);	/* see expect_all() */
	t = vt_thread_start(test, alloc_ones, vm, n, VM_SLEEP);
	KUNIT_ASSERT_NOT_NULL(test, t);
	wake_up_process(t->task);
	vt_join(test, t, &errors);
	KUNIT_EXPECT_EQ(test, errors, 0U);
	if (((struct vt *)test->priv)->stuck)
		return;
	KUNIT_EXPECT_EQ(test, vt_stats(vm).wait, 0ULL);
	/*
	 * The request fails, so no integer is free: the thread has the integers
	 * 1 to n.
	 */
	KUNIT_EXPECT_EQ(test, vt_alloc(vm, 1, VM_NOSLEEP), 0UL);
	for (i = 1; i <= n; i++)
		vq_set_add(s, i, 1);
}

/*
 * [38] VM_SLEEP requests of a thread on any CPU get all integers and do not
 * wait for space.
 */
static void every_integer_with_sleep(struct kunit *test)
{
	for_all_arenas(test, 5, fill_with_sleep);
}

/*
 * [38] Requests get all integers of an arena whose spans have 1 to 100
 * integers. Most of the spans are too small for a slab.
 */
static void every_integer_of_ragged_arenas(struct kunit *test)
{
	struct vq_set *s = vq_set(test, 10300);
	unsigned int qcache_max, i, size;

	for (qcache_max = 1; qcache_max <= CACHES; qcache_max += 5) {
		vmem_t *vm = vq_ids(test, 0, qcache_max);
		unsigned long at = 1;

		for (i = 1; i <= 100; i++) {
			/*
			 * 37 and 100 are coprime: each span size occurs once.
			 */
			size_t span = 1 + i * 37 % 100;

			KUNIT_ASSERT_NOT_NULL(test, vmem_add(vm, (void *)at,
							     span, VM_SLEEP));
			/*
			 * [2] Spans do not merge, even if there is no gap
			 * between them.
			 */
			at += span + i % 2;
		}
		vq_random_ops(s, vm, 5000, qcache_max);
		vq_fill(s, vm, 1);
		expect_all(test, s, 5050, vm);
		vq_put_all(s, vm);
		for (size = qcache_max; size; size--)
			vq_fill(s, vm, size);
		expect_all(test, s, 5050, vm);
		KUNIT_EXPECT_EQ(test, s->bad, 0U);
		vq_put_all(s, vm);
		vq_close(test, vm);
	}
}

/*
 * [38] A slab of 64 integers has 21 objects of size 3. The 64th integer can be
 * allocated.
 */
static void end_of_a_slab_can_be_allocated(struct kunit *test)
{
	vmem_t *vm = vq_ids(test, 64, 3);
	struct vq_set *s = vq_set(test, 64);

	while (s->n < 21)
		KUNIT_ASSERT_TRUE(test, vq_get(s, vm, 3, VM_NOSLEEP));
	VT_EXPECT_WALK(test, vm, VMEM_ALLOC, { 1, 64 });
	KUNIT_EXPECT_TRUE(test, vq_get(s, vm, 1, VM_NOSLEEP));
	KUNIT_EXPECT_EQ(test, s->sum, 64UL);
	KUNIT_EXPECT_EQ(test, s->bad, 0U);
	/*
	 * The slab is split into segments, one per object. The client still
	 * frees the objects with vmem_free().
	 */
	KUNIT_EXPECT_EQ(test, vt_count(vm, VMEM_ALLOC), 22U);
	vt_check(test, vm);
	vq_put_all(s, vm);
	KUNIT_EXPECT_EQ(test, vmem_size(vm, VMEM_ALLOC), (size_t)0);
	VT_EXPECT_WALK(test, vm, VMEM_FREE, { 1, 64 });
}

/* [38] [16] A request with a window can get any free integer within a slab. */
static void window_gets_free_integers_within_slabs(struct kunit *test)
{
	vmem_t *vm = vq_ids(test, 256, 4);
	struct vq_set *s = vq_set(test, 256);
	unsigned int i, got = 0;

	vq_fill(s, vm, 1);
	KUNIT_ASSERT_EQ(test, s->sum, 256UL);
	for (i = s->n; i--;)
		if (s->range[i].start % 5 == 2)
			vq_put(s, vm, i);
	for (i = 1; i <= 256; i++) {
		unsigned long addr = vt_alloc_at(vm, i, 1);

		KUNIT_EXPECT_EQ_MSG(test, addr, i % 5 == 2 ? i : 0UL,
				    "integer %u", i);
		got += addr != 0;
	}
	KUNIT_EXPECT_EQ(test, got, 51U);
	vt_check(test, vm);
	for (i = 2; i <= 256; i += 5)
		vt_xfree(vm, i, 1);
	vq_put_all(s, vm);
	KUNIT_EXPECT_EQ(test, vt_alloc(vm, 256, VM_NOSLEEP), 1UL);
	vt_free(vm, 1, 256);
}

/* [38] [34] A request with any policy finds a free range within a slab. */
static void every_policy_finds_a_hole_within_a_slab(struct kunit *test)
{
	static const int policies[] = {
		0, VM_BESTFIT, VM_FIRSTFIT, VM_NEXTFIT, VM_ENDALLOC,
	};
	unsigned int i, p;

	for (p = 0; p < ARRAY_SIZE(policies); p++) {
		vmem_t *vm = vq_ids(test, 64, 4);
		struct vq_set *s = vq_set(test, 64);
		unsigned long addr;

		vq_fill(s, vm, 1);
		for (i = s->n; i--;)
			if (s->range[i].start - 11 < 20)
				vq_put(s, vm, i);
		addr = vt_alloc(vm, 20, VM_NOSLEEP | policies[p]);
		KUNIT_EXPECT_EQ_MSG(test, addr, 11UL, "policy %#x",
				    policies[p]);
		if (addr)
			vt_free(vm, addr, 20);
		vq_put_all(s, vm);
		vq_close(test, vm);
	}
}

/* [23] If a request with VM_ABORT finds no space, it fails without reclaim. */
static void abort_does_not_reclaim(struct kunit *test)
{
	vmem_t *vm = vq_ids(test, 64, 4);
	unsigned long a = vt_alloc(vm, 1, VM_SLEEP);

	KUNIT_EXPECT_EQ(test, vt_alloc(vm, 20, VM_SLEEP | VM_ABORT), 0UL);
	KUNIT_EXPECT_EQ(test, vt_stats(vm).fail, 1ULL);
	KUNIT_EXPECT_EQ(test, vq_cache(vm, 1)->nslabs, 1UL);
	vt_free(vm, a, 1);
}

/* [38] The range of a slab that was split can become a slab again. */
static void split_slab_can_become_a_slab_again(struct kunit *test)
{
	vmem_t *vm = vq_ids(test, 128, 4);
	struct vq_set *s = vq_set(test, 128);
	unsigned int i;

	for (i = 0; i < 10; i++) {
		vq_fill(s, vm, 3);
		vq_fill(s, vm, 1);
		expect_all(test, s, 128, vm);
		vq_put_all(s, vm);
		KUNIT_EXPECT_EQ(test, vt_alloc(vm, 128, VM_NOSLEEP), 1UL);
		vt_free(vm, 1, 128);
		KUNIT_ASSERT_TRUE(test, vq_get(s, vm, 1, VM_NOSLEEP));
		KUNIT_EXPECT_EQ(test, vq_cache(vm, 1)->nslabs, 1UL);
		vq_put_all(s, vm);
	}
	KUNIT_EXPECT_EQ(test, s->bad, 0U);
}

static struct kunit_case vmem_qcache_last_cases[] = {
	KUNIT_CASE(every_integer_of_a_fresh_arena),
	KUNIT_CASE(every_integer_after_traffic),
	KUNIT_CASE(every_integer_largest_size_first),
	KUNIT_CASE(every_integer_beside_other_sizes),
	KUNIT_CASE(whole_arena_after_traffic),
	KUNIT_CASE(every_integer_with_sleep),
	KUNIT_CASE(every_integer_of_ragged_arenas),
	KUNIT_CASE(end_of_a_slab_can_be_allocated),
	KUNIT_CASE(window_gets_free_integers_within_slabs),
	KUNIT_CASE(every_policy_finds_a_hole_within_a_slab),
	KUNIT_CASE(abort_does_not_reclaim),
	KUNIT_CASE(split_slab_can_become_a_slab_again),
	{}
};

static struct kunit_suite vmem_qcache_last_suite = {
	.name = "vmem_qcache_last",
	.suite_init = vq_suite_init,
	.suite_exit = vq_suite_exit,
	.init = vq_init,
	.exit = vq_exit,
	.test_cases = vmem_qcache_last_cases,
};

kunit_test_suite(vmem_qcache_last_suite);

MODULE_DESCRIPTION("KUnit: the last integer of an arena with quantum caches");
MODULE_LICENSE("GPL");
