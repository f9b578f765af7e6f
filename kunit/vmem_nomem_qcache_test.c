// SPDX-License-Identifier: GPL-2.0
/*
 * Without memory: quantum caches, their slabs and magazines, and the reclaim of both.
 */
#include "vmem_test_nomem.h"

/* Large enough for magazines. */
#define MANY	(20000 * num_possible_cpus())

/* Allocations that a test has, and the integers used up. */
static struct vq_set *set;
static unsigned int used_up;

static void arrange_cached(struct kunit *test, struct vn *w)
{
	w->vm = vq_ids(test, 10000, 8);
	used_up = vn_use_up(test, w->vm, 4000);
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
	vn_give_back(w->vm, 4000, used_up);
}

/*
 * [38] Where there is none for a slab there may be one for a single object: a
 * cached size fails only when there is no memory at all, and cleanly.
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

/* [24] And never with VM_SLEEP. */
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

	vn_use_up(test, source, 4000);
	w->vm = vq_client(test, source, 8);
	used_up = 0;
}

/* [38] The same where slabs and objects come from a source that has none. */
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

	/* Of each size more than one magazine holds. */
	w->vm = vq_ids(test, MANY, 8);
	for (i = 0; i < 8 * 40; i++)
		KUNIT_ASSERT_TRUE(test, vq_get(set, w->vm, 1 + i % 8,
					       VM_SLEEP));
}

static bool call_free(struct vn *w)
{
	vq_put_all(set, w->vm);
	return true;
}

/*
 * [39] A free allocates nothing, not even where it finds no magazine. The kernel's
 * checkers may allocate, to record a stack that they have not seen before: not in the
 * second round.
 */
static void free_allocates_nothing(struct kunit *test)
{
	struct vn w = { .arrange = arrange_objects, .call = call_free };

	set = vq_set(test, 10000);
	vn_each(test, &w);
	KUNIT_EXPECT_EQ(test, w.failed, 0U);
	vn_each(test, &w);
	KUNIT_EXPECT_EQ(test, w.failed, 0U);
	KUNIT_EXPECT_EQ(test, w.survived, 0U);
	KUNIT_EXPECT_EQ(test, set->bad, 0U);
}

static void arrange_empty(struct kunit *test, struct vn *w)
{
	w->vm = vq_ids(test, MANY, 8);
}

static bool call_mix(struct vn *w)
{
	vq_mix(set, w->vm, 120, 1);
	return !set->bad;
}

/* [38] No integer is lost in traffic, nor handed out twice. */
static void traffic_without_memory(struct kunit *test)
{
	struct vn w = { .arrange = arrange_empty, .call = call_mix };

	set = vq_set(test, 10000);
	vn_never_fails(test, &w);
	KUNIT_EXPECT_EQ(test, set->bad, 0U);
}

/* An arena all in slabs of which most is free, in pieces of less than a slab. */
static void arrange_full(struct kunit *test, struct vn *w)
{
	unsigned int i;

	w->vm = vq_ids(test, 640, 8);
	/* No request fails, or a reclaim would follow. */
	while (set->sum < 640)
		KUNIT_ASSERT_TRUE(test, vq_get(set, w->vm, 4, VM_NOSLEEP));
	for (i = set->n; i--; )
		if (set->range[i].start % 32 > 4)
			vq_put(set, w->vm, i);
}

static bool call_uncached(struct vn *w)
{
	w->addr = vt_alloc(w->vm, 20, VM_NOSLEEP);
	return w->addr;
}

static void undo_full(struct vn *w)
{
	vt_free(w->vm, w->addr, 20);
	vq_put_all(set, w->vm);
}

/* [23] To split a slab takes segment structures: without them the slab stays. */
static void split_without_memory(struct kunit *test)
{
	struct vn w = {
		.arrange = arrange_full,
		.call = call_uncached,
		.undo = undo_full,
		.fails = 1,
		.loose = true,
	};

	set = vq_set(test, 640);
	vn_may_fail(test, &w);
	KUNIT_EXPECT_EQ(test, set->bad, 0U);
}

static vmem_t *ended;

static void arrange_end(struct kunit *test, struct vn *w)
{
	ended = vmem_create("ended", (void *)1, MANY, 1, NULL, NULL, NULL, 8,
			    VM_SLEEP | VMC_IDENTIFIER);
	KUNIT_ASSERT_NOT_NULL(test, ended);
	vq_mix(set, ended, 120, 2);
}

static bool call_end(struct vn *w)
{
	vmem_destroy(ended);
	return true;
}

/* [13] An arena ends without memory, whatever its caches hold. */
static void destroy_without_memory(struct kunit *test)
{
	struct vn w = { .arrange = arrange_end, .call = call_end };

	set = vq_set(test, 10000);
	vn_each(test, &w);
	KUNIT_EXPECT_EQ(test, w.failed, 0U);
}

/* [32] The table of slabs keeps its size without memory, and gets it later. */
static void slab_table_without_memory(struct kunit *test)
{
	vmem_t *vm = vq_ids(test, 10000, 8);
	struct vmem_qcache *qc = vq_cache(vm, 1);
	unsigned int bits = qc->slabs.bits;

	set = vq_set(test, 10000);
	while (set->n < 5000)
		KUNIT_ASSERT_TRUE(test, vq_get(set, vm, 1, VM_SLEEP));
	vn_starving(vmem_update(NULL));
	KUNIT_EXPECT_EQ(test, qc->slabs.bits, bits);
	KUNIT_EXPECT_EQ(test, vmem_verify(vm), 0);
	vmem_update(NULL);
	KUNIT_EXPECT_GT(test, qc->slabs.bits, bits);
	KUNIT_EXPECT_EQ(test, vmem_verify(vm), 0);
	vn_starving(vq_put_all(set, vm));
	KUNIT_EXPECT_EQ(test, set->bad, 0U);
	/* Then it could be smaller: that would take no memory. */
	vmem_update(NULL);
	vn_starving(vmem_update(NULL));
	KUNIT_EXPECT_EQ(test, qc->slabs.bits, bits);
}

/* The work item that reclaims, and how often it has run without memory. */
static work_func_t reclaim;
static bool starved;
static atomic_t starved_runs;

static void reclaim_starved(struct work_struct *work)
{
	bool now = READ_ONCE(starved);

	if (now)
		vn_arm(VN_ALL);
	reclaim(work);
	if (now) {
		vn_disarm(VN_ALL);
		atomic_inc(&starved_runs);
	}
}

/* From now on the reclaim of the tree gets no memory. */
static void starve_reclaim(vmem_t *vm)
{
	struct delayed_work *work = &vm->tree->reclaim;

	flush_delayed_work(work);
	reclaim = work->work.func;
	work->work.func = reclaim_starved;
	atomic_set(&starved_runs, 0);
	WRITE_ONCE(starved, true);
}

/* Nothing waits in the tree any more. */
static void end_starving(vmem_t *vm)
{
	struct delayed_work *work = &vm->tree->reclaim;

	flush_delayed_work(work);
	work->work.func = reclaim;
}

/*
 * [46] Without memory reclaim splits no slab, and does not wait for memory: it runs
 * again and again, the request goes on sleeping, and is served when there is memory.
 */
static void reclaim_splits_when_there_is_memory(struct kunit *test)
{
	struct vn w = { .test = test };
	struct vt_thread *t;

	set = vq_set(test, 640);
	arrange_full(test, &w);
	starve_reclaim(w.vm);
	t = vt_request(test, w.vm, 20, VM_SLEEP);
	vt_wait_asleep(test, w.vm, 1);
	KUNIT_EXPECT_TRUE(test, vq_soon(atomic_read(&starved_runs) >= 3));
	KUNIT_EXPECT_FALSE(test, completion_done(&t->done));
	KUNIT_EXPECT_EQ(test, vt_stats(w.vm).wait, 1ULL);
	KUNIT_EXPECT_EQ(test, vmem_verify(w.vm), 0);
	WRITE_ONCE(starved, false);
	w.addr = vt_join(test, t, NULL);
	KUNIT_EXPECT_NE(test, w.addr, 0UL);
	end_starving(w.vm);
	undo_full(&w);
	KUNIT_EXPECT_EQ(test, set->bad, 0U);
}

/* [46] What takes no memory is reclaimed without: magazines and wholly free slabs. */
static void reclaim_needs_no_memory(struct kunit *test)
{
	vmem_t *source = vq_ids(test, MANY, 0);
	vmem_t *vm = vq_client(test, source, 1);
	unsigned long room = vt_alloc(vm, MANY - 640, VM_SLEEP);
	struct vt_thread *t;

	set = vq_set(test, MANY);
	vq_supply_magazines(test, set, vm, 1, 20);
	while (set->n < 400)
		KUNIT_ASSERT_TRUE(test, vq_get(set, vm, 1, VM_NOSLEEP));
	vq_put_all(set, vm);
	KUNIT_ASSERT_GT(test, vq_on_cpus(vm), 0UL);
	KUNIT_ASSERT_GT(test, vq_in_depot(vm, 1), 0UL);
	KUNIT_ASSERT_GT(test, vq_cache(vm, 1)->nslabs, 1UL);

	starve_reclaim(source);
	t = vt_request(test, source, 640, VM_SLEEP);
	KUNIT_EXPECT_EQ(test, vt_join(test, t, NULL), MANY - 640 + 1UL);
	KUNIT_EXPECT_GT(test, atomic_read(&starved_runs), 0);
	end_starving(source);
	KUNIT_EXPECT_EQ(test, vq_cache(vm, 1)->nslabs, 0UL);
	vt_free(source, MANY - 640 + 1UL, 640);
	vt_free(vm, room, MANY - 640);
}

static struct kunit_case vmem_nomem_qcache_cases[] = {
	KUNIT_CASE(cached_without_memory),
	KUNIT_CASE(cached_sleep_without_memory),
	KUNIT_CASE(cached_import_without_memory),
	KUNIT_CASE(free_allocates_nothing),
	KUNIT_CASE(traffic_without_memory),
	KUNIT_CASE(split_without_memory),
	KUNIT_CASE(destroy_without_memory),
	KUNIT_CASE(slab_table_without_memory),
	KUNIT_CASE(reclaim_splits_when_there_is_memory),
	KUNIT_CASE(reclaim_needs_no_memory),
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
