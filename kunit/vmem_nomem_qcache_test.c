// SPDX-License-Identifier: GPL-2.0
/*
 * Quantum caches, their slabs and magazines, and their reclaim while memory
 * allocations fail.
 */
#include "vmem_test_nomem.h"

/* Number of identifiers in an arena whose caches use magazines. */
#define NR_IDS	(20000 * num_possible_cpus())

/* Allocations of a test, and the number of allocations by vn_exhaust_pool(). */
static struct vq_set *held;
static unsigned int nr_exhausted;

static void arrange_cached(struct kunit *test, struct vn *w)
{
	w->vm = vq_ids(test, 10000, 8);
	nr_exhausted = vn_exhaust_pool(test, w->vm, 4000);
}

static bool call_cached(struct vn *w)
{
	w->addr = vt_alloc(w->vm, 3, VM_NOSLEEP);
	return w->addr;
}

static bool call_cached_sleep(struct vn *w)
{
	w->addr = vt_alloc(w->vm, 3, VM_SLEEP);
	return w->addr;
}

static void undo_cached(struct vn *w)
{
	vt_free(w->vm, w->addr, 3);
	vn_free_singles(w->vm, 4000, nr_exhausted);
}

/*
 * [38] Without memory for a slab, a single object serves the request. A request
 * for a cached size fails only if every memory allocation fails, and then it
 * changes nothing.
 */
static void cached_without_memory(struct kunit *test)
{
	struct vn w = {
		.arrange = arrange_cached,
		.call = call_cached,
		.undo = undo_cached,
		.fails = 1,
	};

	vn_may_fail(test, &w);
	KUNIT_EXPECT_EQ(test, w.failed, 1U);
}

/* [24] A VM_SLEEP request for a cached size never fails. */
static void cached_sleep_without_memory(struct kunit *test)
{
	struct vn w = {
		.arrange = arrange_cached,
		.call = call_cached_sleep,
		.undo = undo_cached,
		.fails = 1,
	};

	vn_never_fails(test, &w);
}

/* An arena whose slabs must be imported. */
static void arrange_cached_import(struct kunit *test, struct vn *w)
{
	vmem_t *source = vt_ids(test, 10000);

	vn_exhaust_pool(test, source, 4000);
	w->vm = vq_client(test, source, 8);
	nr_exhausted = 0;
}

/*
 * [38] If the slab must be imported and the segment pool of the source is
 * exhausted, the request fails only if every memory allocation fails.
 */
static void cached_import_without_memory(struct kunit *test)
{
	struct vn w = {
		.arrange = arrange_cached_import,
		.call = call_cached,
		.undo = undo_cached,
		.fails = 1,
	};

	vn_may_fail(test, &w);
	KUNIT_EXPECT_EQ(test, w.failed, 1U);
}

static void arrange_objects(struct kunit *test, struct vn *w)
{
	unsigned int i;

	/* For each size, more objects than one magazine holds. */
	w->vm = vq_ids(test, NR_IDS, 8);
	for (i = 0; i < 8 * 40; i++)
		KUNIT_ASSERT_TRUE(test, vq_get(held, w->vm, 1 + i % 8,
					       VM_SLEEP));
}

static bool call_free(struct vn *w)
{
	vq_put_all(held, w->vm);
	return true;
}

/*
 * [39] vmem_free() allocates no memory, not even if it finds no magazine. The
 * kernel's checkers allocate memory for each stack trace that they see for the
 * first time, so the test checks only the second vn_fail_each() for
 * allocations.
 */
static void free_allocates_nothing(struct kunit *test)
{
	struct vn w = { .arrange = arrange_objects, .call = call_free };

	held = vq_set(test, 10000);
	vn_fail_each(test, &w);
	KUNIT_EXPECT_EQ(test, w.failed, 0U);
	vn_fail_each(test, &w);
	KUNIT_EXPECT_EQ(test, w.failed, 0U);
	KUNIT_EXPECT_EQ(test, w.survived, 0U);
	KUNIT_EXPECT_EQ(test, held->bad, 0U);
}

static void arrange_empty(struct kunit *test, struct vn *w)
{
	w->vm = vq_ids(test, NR_IDS, 8);
}

static bool call_random_ops(struct vn *w)
{
	vq_random_ops(held, w->vm, 120, 1);
	return !held->bad;
}

/*
 * [38] Random calls while memory allocations fail neither lose an integer nor
 * allocate an integer twice.
 */
static void traffic_without_memory_loses_nothing(struct kunit *test)
{
	struct vn w = { .arrange = arrange_empty, .call = call_random_ops };

	held = vq_set(test, 10000);
	vn_never_fails(test, &w);
	KUNIT_EXPECT_EQ(test, held->bad, 0U);
}

/* An arena that consists of partial slabs, in which most objects are free. */
static void arrange_partial_slabs(struct kunit *test, struct vn *w)
{
	unsigned int i;

	w->vm = vq_ids(test, 640, 8);
	/* Check that each request succeeds: a failure would start a reclaim. */
	while (held->sum < 640)
		KUNIT_ASSERT_TRUE(test, vq_get(held, w->vm, 4, VM_NOSLEEP));
	for (i = held->n; i--; )
		if (held->range[i].start % 32 > 4)
			vq_put(held, w->vm, i);
}

static bool call_uncached(struct vn *w)
{
	w->addr = vt_alloc(w->vm, 20, VM_NOSLEEP);
	return w->addr;
}

static void undo_partial_slabs(struct vn *w)
{
	vt_free(w->vm, w->addr, 20);
	vq_put_all(held, w->vm);
}

/*
 * [23] To split a slab, vmem needs segment structures. Without memory for these
 * structures vmem does not split the slab.
 */
static void split_without_memory(struct kunit *test)
{
	struct vn w = {
		.arrange = arrange_partial_slabs,
		.call = call_uncached,
		.undo = undo_partial_slabs,
		.fails = 1,
		.may_change = true,
	};

	held = vq_set(test, 640);
	vn_may_fail(test, &w);
	KUNIT_EXPECT_EQ(test, held->bad, 0U);
}

static vmem_t *destroyed;

static void arrange_destroy(struct kunit *test, struct vn *w)
{
	destroyed = vmem_create("destroyed", (void *)1, NR_IDS, 1, NULL, NULL,
				NULL, 8, VM_SLEEP | VMC_IDENTIFIER);
	KUNIT_ASSERT_NOT_NULL(test, destroyed);
	vq_random_ops(held, destroyed, 120, 2);
}

static bool call_destroy(struct vn *w)
{
	vmem_destroy(destroyed);
	return true;
}

/* [13] vmem_destroy() needs no memory, even if the caches hold objects. */
static void destroy_without_memory(struct kunit *test)
{
	struct vn w = { .arrange = arrange_destroy, .call = call_destroy };

	held = vq_set(test, 10000);
	vn_fail_each(test, &w);
	KUNIT_EXPECT_EQ(test, w.failed, 0U);
}

/*
 * [32] The slab hash table keeps its size until there is memory for a larger
 * one.
 */
static void slab_table_without_memory(struct kunit *test)
{
	vmem_t *vm = vq_ids(test, 10000, 8);
	struct vmem_qcache *qc = vq_cache(vm, 1);
	unsigned int bits = qc->slabs.bits;

	held = vq_set(test, 10000);
	while (held->n < 5000)
		KUNIT_ASSERT_TRUE(test, vq_get(held, vm, 1, VM_SLEEP));
	vn_without_memory(vmem_update(NULL));
	KUNIT_EXPECT_EQ(test, qc->slabs.bits, bits);
	KUNIT_EXPECT_EQ(test, vmem_verify(vm), 0);
	vmem_update(NULL);
	KUNIT_EXPECT_GT(test, qc->slabs.bits, bits);
	KUNIT_EXPECT_EQ(test, vmem_verify(vm), 0);
	vn_without_memory(vq_put_all(held, vm));
	KUNIT_EXPECT_EQ(test, held->bad, 0U);
	/* The slab hash table shrinks without memory. */
	vmem_update(NULL);
	vn_without_memory(vmem_update(NULL));
	KUNIT_EXPECT_EQ(test, qc->slabs.bits, bits);
}

/*
 * The function of the reclaim work item, and the number of its runs without
 * memory.
 */
static work_func_t reclaim_func;
static bool no_memory;
static atomic_t nomem_runs;

static void reclaim_without_memory(struct work_struct *work)
{
	bool now = READ_ONCE(no_memory);

	if (now)
		vn_arm(VN_ALL);
	reclaim_func(work);
	if (now) {
		vn_disarm(VN_ALL);
		atomic_inc(&nomem_runs);
	}
}

/* Make all memory allocations of the tree's reclaim work item fail. */
static void fail_reclaim_allocations(vmem_t *vm)
{
	struct delayed_work *work = &vm->tree->reclaim;

	flush_delayed_work(work);
	reclaim_func = work->work.func;
	work->work.func = reclaim_without_memory;
	atomic_set(&nomem_runs, 0);
	WRITE_ONCE(no_memory, true);
}

/*
 * Restore the reclaim work item. The caller ensures that no request waits in
 * the tree.
 */
static void restore_reclaim(vmem_t *vm)
{
	struct delayed_work *work = &vm->tree->reclaim;

	flush_delayed_work(work);
	work->work.func = reclaim_func;
}

/*
 * [46] Without memory, reclaim splits no slab and does not wait for memory.
 * Reclaim runs repeatedly while the request sleeps. As soon as there is memory,
 * reclaim serves the request.
 */
static void reclaim_splits_slabs_once_there_is_memory(struct kunit *test)
{
	struct vn w = { .test = test };
	struct vt_thread *t;

	held = vq_set(test, 640);
	arrange_partial_slabs(test, &w);
	fail_reclaim_allocations(w.vm);
	t = vt_request(test, w.vm, 20, VM_SLEEP);
	vt_wait_asleep(test, w.vm, 1);
	KUNIT_EXPECT_TRUE(test, vq_poll(atomic_read(&nomem_runs) >= 3));
	KUNIT_EXPECT_FALSE(test, completion_done(&t->done));
	KUNIT_EXPECT_EQ(test, vt_stats(w.vm).wait, 1ULL);
	KUNIT_EXPECT_EQ(test, vmem_verify(w.vm), 0);
	WRITE_ONCE(no_memory, false);
	w.addr = vt_join(test, t, NULL);
	KUNIT_EXPECT_NE(test, w.addr, 0UL);
	restore_reclaim(w.vm);
	undo_partial_slabs(&w);
	KUNIT_EXPECT_EQ(test, held->bad, 0U);
}

/* [46] Reclaim of magazines and of wholly free slabs needs no memory. */
static void reclaim_of_free_slabs_needs_no_memory(struct kunit *test)
{
	vmem_t *source = vq_ids(test, NR_IDS, 0);
	vmem_t *vm = vq_client(test, source, 1);
	unsigned long room = vt_alloc(vm, NR_IDS - 640, VM_SLEEP);
	struct vt_thread *t;

	held = vq_set(test, NR_IDS);
	vq_supply_magazines(test, held, vm, 1, 20);
	while (held->n < 400)
		KUNIT_ASSERT_TRUE(test, vq_get(held, vm, 1, VM_NOSLEEP));
	vq_put_all(held, vm);
	KUNIT_ASSERT_GT(test, vq_on_cpus(vm), 0UL);
	KUNIT_ASSERT_GT(test, vq_in_depot(vm, 1), 0UL);
	KUNIT_ASSERT_GT(test, vq_cache(vm, 1)->nslabs, 1UL);

	fail_reclaim_allocations(source);
	t = vt_request(test, source, 640, VM_SLEEP);
	KUNIT_EXPECT_EQ(test, vt_join(test, t, NULL), NR_IDS - 640 + 1UL);
	KUNIT_EXPECT_GT(test, atomic_read(&nomem_runs), 0);
	restore_reclaim(source);
	KUNIT_EXPECT_EQ(test, vq_cache(vm, 1)->nslabs, 0UL);
	vt_free(source, NR_IDS - 640 + 1UL, 640);
	vt_free(vm, room, NR_IDS - 640);
}

static struct kunit_case vmem_nomem_qcache_cases[] = {
	KUNIT_CASE(cached_without_memory),
	KUNIT_CASE(cached_sleep_without_memory),
	KUNIT_CASE(cached_import_without_memory),
	KUNIT_CASE(free_allocates_nothing),
	KUNIT_CASE(traffic_without_memory_loses_nothing),
	KUNIT_CASE(split_without_memory),
	KUNIT_CASE(destroy_without_memory),
	KUNIT_CASE(slab_table_without_memory),
	KUNIT_CASE(reclaim_splits_slabs_once_there_is_memory),
	KUNIT_CASE(reclaim_of_free_slabs_needs_no_memory),
	{}
};

static struct kunit_suite vmem_nomem_qcache_suite = {
	.name = "vmem_nomem_qcache",
	.suite_init = vn_suite_init,
	.suite_exit = vn_suite_exit,
	.init = vn_init,
	.exit = vn_exit,
	.test_cases = vmem_nomem_qcache_cases,
};

kunit_test_suite(vmem_nomem_qcache_suite);

MODULE_DESCRIPTION("KUnit: quantum caches of vmem without memory");
MODULE_LICENSE("GPL");
