// SPDX-License-Identifier: GPL-2.0
/*
 * Without memory: quantum caches, their slabs and magazines, and what gives them
 * back.
 */
#include <linux/sched/task.h>

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

/* [25] Frees need no memory: not those that would like a magazine either. */
static void free_without_memory(struct kunit *test)
{
	struct vn w = { .arrange = arrange_objects, .call = call_free };

	set = vq_set(test, 10000);
	vn_never_fails(test, &w);
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
	set->n = 0;
	vq_fill(set, w->vm, 4);
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

/* [23] To dissolve a slab takes structures: without, the slab stays whole. */
static void dissolve_without_memory(struct kunit *test)
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

static void *import_high(vmem_t *src, size_t size, int vmflag)
{
	return (void *)100000;
}

/* Who drains the caches: found, and starved, by what it has to call. */
static struct task_struct *drainer;

static void release_starving(vmem_t *src, void *addr, size_t size)
{
	if (drainer)
		return;
	drainer = get_task_struct(current);
	vn_arm(VN_ALL);
}

/*
 * [24] The work item that drains caches for a request that sleeps has no memory
 * either: nothing is lost, the request goes on sleeping, and has what it wants
 * when there is memory again.
 */
static void drain_without_memory(struct kunit *test)
{
	struct vn w = { .test = test };
	struct vt_thread *t;
	vmem_t *leaf;

	set = vq_set(test, 640);
	arrange_full(test, &w);
	leaf = vt_adopt(test, vmem_create("leaf", NULL, 0, 1, import_high,
					  release_starving, w.vm, 1,
					  VM_SLEEP | VMC_IDENTIFIER));
	drainer = NULL;
	KUNIT_ASSERT_EQ(test, vt_alloc(leaf, 1, VM_SLEEP), 100000UL);
	vt_free(leaf, 100000, 1);
	KUNIT_ASSERT_EQ(test, vt_stats(leaf).release, 0ULL);

	t = vt_request(test, w.vm, 20, VM_SLEEP);
	vt_wait_asleep(test, w.vm, 1);
	KUNIT_EXPECT_EQ(test, vmem_verify(w.vm), 0);
	KUNIT_EXPECT_EQ(test, vt_stats(leaf).release, 1ULL);
	KUNIT_EXPECT_FALSE(test, completion_done(&t->done));
	KUNIT_EXPECT_NOT_NULL(test, drainer);
	KUNIT_EXPECT_PTR_NE(test, drainer, current);
	if (drainer) {
		vn_relieve(drainer);
		put_task_struct(drainer);
	}
	vmem_update(NULL);
	w.addr = vt_join(test, t, NULL);
	KUNIT_EXPECT_NE(test, w.addr, 0UL);
	undo_full(&w);
}

static struct kunit_case vmem_nomem_qcache_cases[] = {
	KUNIT_CASE(cached_without_memory),
	KUNIT_CASE(cached_sleep_without_memory),
	KUNIT_CASE(cached_import_without_memory),
	KUNIT_CASE(free_without_memory),
	KUNIT_CASE(traffic_without_memory),
	KUNIT_CASE(dissolve_without_memory),
	KUNIT_CASE(destroy_without_memory),
	KUNIT_CASE(slab_table_without_memory),
	KUNIT_CASE(drain_without_memory),
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
