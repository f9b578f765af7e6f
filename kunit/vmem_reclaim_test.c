// SPDX-License-Identifier: GPL-2.0
/*
 * Reclaim: a request to an arena gets the integers in the caches of the arena
 * and of all arenas that import from it.
 *
 * The threads of this suite wait for integers that caches hold, or that are
 * freed later. Maintenance, which makes waiters search again, does not run, so
 * a lost wake-up causes a hang.
 */
#include "vmem_test_qcache.h"

/* Enough integers for magazines of one or two cached sizes. */
#define MANY	6000

/*
 * Enough integers for magazines of one cached size. One VM_NOSLEEP request can
 * get all these integers: they fill 15 slabs, and a request splits at most 16
 * slabs.
 */
#define FEW	960

/*
 * Free all integers, one by one, into magazines and the depot. The reclaim that
 * the failed requests of vq_fill() have queued completes first.
 */
static void fill_magazines(struct kunit *test, struct vq_set *s, vmem_t *vm)
{
	vq_make_magazines(s, vm, 1);
	vq_fill(s, vm, 1);
	vq_settle(test);
	vq_put_all(s, vm);
}

/* [38] A VM_NOSLEEP request drains the magazines of its CPU and the depot. */
static void nosleep_drains_its_own_magazines(struct kunit *test)
{
	vmem_t *vm = vq_ids(test, FEW, 1);
	struct vq_set *s = vq_set(test, FEW);

	fill_magazines(test, s, vm);
	KUNIT_EXPECT_GT(test, vq_in_depot(vm, 1), 0UL);
	KUNIT_EXPECT_GT(test, vq_on_cpus(vm), 0UL);
	KUNIT_EXPECT_EQ(test, vt_alloc(vm, FEW, VM_NOSLEEP), 1UL);
	KUNIT_EXPECT_EQ(test, vq_on_cpus(vm), 0UL);
	vt_free(vm, 1, FEW);
	/* The last request of each call of vq_fill() failed. */
	KUNIT_EXPECT_EQ(test, vt_stats(vm).fail, 2ULL);
}

/*
 * [38] [40] A VM_NOSLEEP request drains a bounded number of objects. If these
 * objects do not suffice, the request fails and queues a reclaim of the other
 * objects.
 */
static void nosleep_leaves_the_rest_to_reclaim(struct kunit *test)
{
	vmem_t *vm = vq_ids(test, MANY, 1);
	struct vq_set *s = vq_set(test, MANY);
	unsigned long addr;

	fill_magazines(test, s, vm);
	KUNIT_EXPECT_EQ(test, vt_alloc(vm, MANY, VM_NOSLEEP), 0UL);
	KUNIT_EXPECT_GT(test, vq_in_depot(vm, 1), 0UL);
	KUNIT_EXPECT_TRUE(test, vq_poll((addr = vt_alloc(vm, MANY,
							 VM_NOSLEEP))));
	if (addr)
		vt_free(vm, addr, MANY);
}

/*
 * Wait until requests in @top have gone to sleep @waits times. Then expect that
 * all magazines of @vm are empty.
 */
static void expect_drained(struct kunit *test, vmem_t *top, u64 waits,
			   vmem_t *vm)
{
	unsigned int i;

	vt_wait_asleep(test, top, waits);
	KUNIT_EXPECT_EQ(test, vq_on_cpus(vm), 0UL);
	for (i = 1; i <= vm->qcaches->n; i++)
		KUNIT_EXPECT_EQ(test, vq_in_depot(vm, i), 0UL);
}

/* [38] An object that is freed serves a waiter of the same size. */
static void free_serves_a_waiter_of_its_size(struct kunit *test)
{
	vmem_t *vm = vq_ids(test, 100, 4);
	struct vq_set *s = vq_set(test, 100);
	struct vt_thread *t;
	unsigned long addr;

	vq_fill(s, vm, 1);
	KUNIT_ASSERT_EQ(test, s->sum, 100UL);
	t = vt_request(test, vm, 1, VM_SLEEP);
	expect_drained(test, vm, 1, vm);
	KUNIT_EXPECT_FALSE(test, completion_done(&t->done));
	addr = s->range[50].start;
	vq_put(s, vm, 50);
	KUNIT_EXPECT_EQ(test, vt_join(test, t, NULL), addr);
	vt_free(vm, addr, 1);
	vq_put_all(s, vm);
}

/*
 * [38] Neighbouring objects that are freed serve a waiter of a larger cached
 * size.
 */
static void frees_serve_a_waiter_of_a_larger_size(struct kunit *test)
{
	vmem_t *vm = vq_ids(test, 64, 4);
	struct vq_set *s = vq_set(test, 64);
	struct vt_thread *t;
	unsigned int i, k;

	vq_fill(s, vm, 1);
	t = vt_request(test, vm, 4, VM_SLEEP);
	expect_drained(test, vm, 1, vm);
	for (k = 20; k < 24; k++)
		for (i = s->n; i--;)
			if (s->range[i].start == k)
				vq_put(s, vm, i);
	KUNIT_EXPECT_EQ(test, vt_join(test, t, NULL), 20UL);
	vt_free(vm, 20, 4);
	vq_put_all(s, vm);
}

/* [38] Objects that are freed serve a waiter of an uncached size. */
static void frees_serve_a_waiter_of_an_uncached_size(struct kunit *test)
{
	vmem_t *vm = vq_ids(test, MANY, 2);
	struct vq_set *s = vq_set(test, MANY);
	struct vt_thread *t;

	vq_fill(s, vm, 2);
	t = vt_request(test, vm, MANY, VM_SLEEP);
	expect_drained(test, vm, 1, vm);
	/* vmem_free() bypasses the magazines while a request waits. */
	vq_put_all(s, vm);
	KUNIT_EXPECT_EQ(test, vt_join(test, t, NULL), 1UL);
	KUNIT_EXPECT_EQ(test, vq_on_cpus(vm), 0UL);
	vt_free(vm, 1, MANY);
	/* When no request waits, vmem_free() fills magazines again. */
	fill_magazines(test, s, vm);
	KUNIT_EXPECT_GT(test, vq_on_cpus(vm), 0UL);
}

/* [38] A VM_SLEEP request drains all magazines instead of waiting. */
static void sleep_drains_magazines(struct kunit *test)
{
	vmem_t *vm = vq_ids(test, MANY, 2);
	struct vq_set *s = vq_set(test, MANY);
	struct vt_thread *t;

	fill_magazines(test, s, vm);
	KUNIT_EXPECT_GT(test, vq_on_cpus(vm), 0UL);
	t = vt_request(test, vm, MANY, VM_SLEEP);
	KUNIT_EXPECT_EQ(test, vt_join(test, t, NULL), 1UL);
	KUNIT_EXPECT_EQ(test, vt_stats(vm).wait, 0ULL);
	vt_free(vm, 1, MANY);
}

static void window_request(struct vt_thread *t)
{
	t->addr = (unsigned long)vmem_xalloc(t->vm, 3, 0, 0, 0, (void *)30,
					     (void *)33, VM_SLEEP);
}

/*
 * [38] [16] Objects that are freed in the window of a waiter serve the waiter.
 */
static void frees_serve_a_waiter_with_a_window(struct kunit *test)
{
	vmem_t *vm = vq_ids(test, 64, 4);
	struct vq_set *s = vq_set(test, 64);
	struct vt_thread *t;
	unsigned int i, k;

	vq_fill(s, vm, 1);
	t = vt_thread_start(test, window_request, vm, 3, 0);
	KUNIT_ASSERT_NOT_NULL(test, t);
	wake_up_process(t->task);
	expect_drained(test, vm, 1, vm);
	for (k = 28; k < 33; k++)
		for (i = s->n; i--;)
			if (s->range[i].start == k)
				vq_put(s, vm, i);
	KUNIT_EXPECT_EQ(test, vt_join(test, t, NULL), 30UL);
	vt_xfree(vm, 30, 3);
	vq_put_all(s, vm);
}

/* [38] Single integers that are freed serve waiters of several sizes. */
static void frees_serve_all_waiters(struct kunit *test)
{
	vmem_t *vm = vq_ids(test, 70, 3);
	struct vq_set *s = vq_set(test, 70);
	struct vt_thread *t[12];
	unsigned int i;

	vq_fill(s, vm, 1);
	for (i = 0; i < ARRAY_SIZE(t); i++)
		t[i] = vt_request(test, vm, 1 + i % 3, VM_SLEEP);
	vt_wait_asleep(test, vm, ARRAY_SIZE(t));
	vq_put_all(s, vm);
	for (i = 0; i < ARRAY_SIZE(t); i++) {
		unsigned long addr = vt_join(test, t[i], NULL);

		KUNIT_EXPECT_NE(test, addr, 0UL);
		if (!addr)
			return;
		vq_set_add(s, addr, 1 + i % 3);
	}
	KUNIT_EXPECT_EQ(test, s->bad, 0U);
	vq_put_all(s, vm);
}

/* [38] A request to the source drains a client's magazines, depot and slabs. */
static void source_drains_its_client(struct kunit *test)
{
	vmem_t *src = vq_ids(test, 64 * 100, 0);
	vmem_t *vm = vq_client(test, src, 2);
	struct vq_set *s = vq_set(test, 64 * 100);
	struct vt_thread *t;

	fill_magazines(test, s, vm);
	KUNIT_EXPECT_GT(test, vq_on_cpus(vm), 0UL);
	KUNIT_EXPECT_LT(test, vmem_size(src, VMEM_FREE), (size_t)64 * 100);
	t = vt_request(test, src, 64 * 100, VM_SLEEP);
	KUNIT_EXPECT_EQ(test, vt_join(test, t, NULL), 1UL);
	KUNIT_EXPECT_EQ(test, vmem_size(vm, VMEM_ALLOC | VMEM_FREE), (size_t)0);
	vt_free(src, 1, 64 * 100);
}

/* [38] Objects that are freed in a client serve a waiter in the source. */
static void frees_in_a_client_serve_a_waiter_in_its_source(struct kunit *test)
{
	vmem_t *src = vq_ids(test, 64 * 100, 0);
	vmem_t *vm = vq_client(test, src, 2);
	struct vq_set *s = vq_set(test, 64 * 100);
	struct vt_thread *t;

	vq_fill(s, vm, 2);
	t = vt_request(test, src, 64 * 100, VM_SLEEP);
	expect_drained(test, src, 1, vm);
	KUNIT_EXPECT_FALSE(test, completion_done(&t->done));
	vq_put_all(s, vm);
	KUNIT_EXPECT_EQ(test, vt_join(test, t, NULL), 1UL);
	vt_free(src, 1, 64 * 100);
}

/*
 * [38] If the only allocated object of a slab is freed, the slab serves a
 * waiter in the source.
 */
static void free_of_the_last_object_serves_the_source(struct kunit *test)
{
	vmem_t *src = vq_ids(test, 64, 0);
	vmem_t *vm = vq_client(test, src, 4);
	unsigned long a = vt_alloc(vm, 3, VM_SLEEP);
	struct vt_thread *t = vt_request(test, src, 64, VM_SLEEP);

	expect_drained(test, src, 1, vm);
	vt_free(vm, a, 3);
	if (!vq_poll(completion_done(&t->done))) {
		KUNIT_FAIL(test, "the request sleeps although all 64 integers are free");
		vmem_update(NULL);
	}
	KUNIT_EXPECT_EQ(test, vt_join(test, t, NULL), 1UL);
	vt_free(src, 1, 64);
}

/* A request to one client of a source drains the caches of another client. */
static void client_drains_another_client(struct kunit *test)
{
	vmem_t *src = vq_ids(test, 64 * 100, 0);
	vmem_t *a = vq_client(test, src, 2);
	vmem_t *b = vq_client(test, src, 2);
	struct vq_set *s = vq_set(test, 64 * 100);
	struct vt_thread *t;
	unsigned long addr;

	fill_magazines(test, s, a);
	t = vt_request(test, b, 64 * 99, VM_SLEEP);
	addr = vt_join(test, t, NULL);
	KUNIT_EXPECT_NE(test, addr, 0UL);
	if (addr)
		vt_free(b, addr, 64 * 99);
}

#define TREE	(64 * 48)

struct tree {
	vmem_t *root, *middle[2], *leaf[4];
	struct vq_set *s[4];
};

/*
 * A root, two middle arenas that import from the root, and four leaves, two for
 * each middle arena.
 */
static void make_tree(struct kunit *test, struct tree *tr)
{
	unsigned int i;

	tr->root = vq_ids(test, TREE, 4);
	for (i = 0; i < 2; i++)
		tr->middle[i] = vq_client(test, tr->root, 8);
	for (i = 0; i < 4; i++) {
		tr->leaf[i] = vq_client(test, tr->middle[i / 2], 1 + 3 * i);
		tr->s[i] = vq_set(test, TREE);
	}
}

/* Allocate objects of several sizes in all leaves, and free them all. */
static void use_leaves(struct tree *tr)
{
	unsigned int i, round;

	for (round = 0; round < 4; round++)
		for (i = 0; i < 4; i++) {
			vq_fill(tr->s[i], tr->leaf[i],
				1 + round % tr->leaf[i]->qcaches->n);
			while (tr->s[i]->sum > TREE / 8)
				vq_put(tr->s[i], tr->leaf[i], 0);
			if (round % 2)
				vq_put_all(tr->s[i], tr->leaf[i]);
		}
}

/*
 * [38] In an idle tree of three levels, a VM_SLEEP request to the root gets all
 * integers of the root.
 */
static void sleep_gets_the_whole_root(struct kunit *test)
{
	struct vt_thread *t;
	struct tree tr;
	unsigned int i;

	make_tree(test, &tr);
	use_leaves(&tr);
	for (i = 0; i < 4; i++)
		KUNIT_EXPECT_EQ(test, tr.s[i]->bad, 0U);
	t = vt_request(test, tr.root, TREE, VM_SLEEP);
	KUNIT_EXPECT_EQ(test, vt_join(test, t, NULL), 1UL);
	KUNIT_EXPECT_EQ(test, vmem_size(tr.leaf[0], VMEM_ALLOC), (size_t)0);
	vt_free(tr.root, 1, TREE);
}

/*
 * [38] A VM_NOSLEEP request for all integers of the root fails and queues a
 * reclaim, so a later request succeeds.
 */
static void nosleep_gets_the_whole_root_later(struct kunit *test)
{
	unsigned long addr;
	struct tree tr;

	make_tree(test, &tr);
	use_leaves(&tr);
	KUNIT_EXPECT_TRUE(test, vq_poll((addr = vt_alloc(tr.root, TREE,
							 VM_NOSLEEP))));
	KUNIT_EXPECT_EQ(test, addr, 1UL);
	if (addr)
		vt_free(tr.root, 1, TREE);
}

/* [38] Objects that are freed in leaves serve a waiter in the root. */
static void frees_in_leaves_serve_a_waiter_in_the_root(struct kunit *test)
{
	struct vt_thread *t;
	unsigned int i;
	struct tree tr;

	make_tree(test, &tr);
	for (i = 0; i < 4; i++)
		while (tr.s[i]->sum < TREE / 8)
			KUNIT_ASSERT_TRUE(test, vq_get(tr.s[i], tr.leaf[i],
						       tr.leaf[i]->qcaches->n,
						       VM_SLEEP));
	t = vt_request(test, tr.root, TREE, VM_SLEEP);
	vt_wait_asleep(test, tr.root, 1);
	for (i = 0; i < 4; i++)
		vq_put_all(tr.s[i], tr.leaf[i]);
	KUNIT_EXPECT_EQ(test, vt_join(test, t, NULL), 1UL);
	vt_free(tr.root, 1, TREE);
}

/**
 * struct during - a request inside a work item that unloads a CPU
 * @unload: the original function of the work item
 * @src: the arena of the request
 * @visited: an arena that the reclaim visited before the work item ran
 * @size: size of the request
 * @addr: result of the request
 */
static struct during {
	work_func_t unload;
	vmem_t *src;
	vmem_t *visited;
	size_t size;
	unsigned long addr;
} during;

static void fail_during_reclaim(struct work_struct *work)
{
	work->func = during.unload;
	/* Leave a wholly free slab in the cache of the visited arena. */
	vt_free(during.visited, vt_alloc(during.visited, 1, VM_NOSLEEP), 1);
	during.addr = vt_alloc(during.src, during.size, VM_NOSLEEP);
}

/*
 * [38] A request that fails during a reclaim queues a second reclaim, which
 * drains even the arenas that the first reclaim had visited.
 */
static void failure_during_a_reclaim_asks_for_another(struct kunit *test)
{
	vmem_t *src = vq_ids(test, 2 * MANY, 0);
	vmem_t *visited = vq_client(test, src, 1);
	vmem_t *vm = vq_client(test, src, 1);
	struct vq_set *s = vq_set(test, 2 * MANY);
	struct work_struct *unload;
	unsigned long held, addr;

	/* Reclaim unloads the CPUs only if the arena has a magazine. */
	held = vt_alloc(vm, MANY, VM_SLEEP);
	vq_supply_magazines(test, s, vm, 1, 1);
	unload = &per_cpu_ptr(vm->cpu, raw_smp_processor_id())->unload;
	during = (struct during){
		.unload = unload->func,
		.src = src,
		.visited = visited,
		.size = vmem_size(src, VMEM_FREE),
		.addr = 1,
	};
	unload->func = fail_during_reclaim;
	KUNIT_EXPECT_EQ(test, vt_alloc(src, 2 * MANY, VM_NOSLEEP), 0UL);
	/* Complete the first reclaim, then the second one. */
	vq_settle(test);
	vq_settle(test);
	KUNIT_EXPECT_EQ(test, during.addr, 0UL);
	addr = vt_alloc(src, during.size, VM_NOSLEEP);
	KUNIT_EXPECT_NE(test, addr, 0UL);
	if (addr)
		vt_free(src, addr, during.size);
	vq_put_all(s, vm);
	vt_free(vm, held, MANY);
}

/* An arena of two adjacent slabs, 1 to 64 and 65 to 128, without free objects. */
static vmem_t *two_full_slabs(struct kunit *test)
{
	vmem_t *vm = vq_ids(test, 128, 1);
	unsigned int i;

	for (i = 0; i < 128; i++)
		KUNIT_ASSERT_NE(test, vt_alloc(vm, 1, VM_SLEEP), 0UL);
	KUNIT_ASSERT_EQ(test, vq_cache(vm, 1)->nslabs, 2UL);
	return vm;
}

static void free_objects(vmem_t *vm, unsigned long first, unsigned long last)
{
	while (first <= last)
		vt_free(vm, first++, 1);
}

/* Free the eight integers that were allocated at 61, and all other objects. */
static void free_two_slabs(vmem_t *vm)
{
	vt_free(vm, 61, 8);
	free_objects(vm, 1, 60);
	free_objects(vm, 69, 128);
}

/*
 * [37] [38] The free objects at the end of one slab and at the beginning of the
 * next serve a waiter together. Either slab may get its free objects last.
 */
static void adjacent_slabs_serve_a_waiter(struct kunit *test)
{
	unsigned int i;

	for (i = 0; i < 2; i++) {
		vmem_t *vm = two_full_slabs(test);
		struct vt_thread *t;

		free_objects(vm, i ? 61 : 65, i ? 64 : 68);
		t = vt_request(test, vm, 8, VM_SLEEP);
		vt_wait_asleep(test, vm, 1);
		free_objects(vm, i ? 65 : 61, i ? 68 : 64);
		KUNIT_EXPECT_EQ(test, vt_join(test, t, NULL), 61UL);
		free_two_slabs(vm);
	}
}

/*
 * [37] [38] A slab that becomes wholly free, and free objects of the adjacent
 * slab, serve a waiter together.
 */
static void wholly_free_slab_and_its_neighbour_serve_a_waiter(struct kunit *test)
{
	vmem_t *vm = two_full_slabs(test);
	struct vt_thread *t;

	free_objects(vm, 65, 68);
	t = vt_request(test, vm, 68, VM_SLEEP);
	vt_wait_asleep(test, vm, 1);
	free_objects(vm, 1, 64);
	KUNIT_EXPECT_EQ(test, vt_join(test, t, NULL), 1UL);
	vt_free(vm, 1, 68);
	free_objects(vm, 69, 128);
}

/*
 * [37] [38] A segment that is freed between two slabs, and the free objects at
 * the ends of both slabs, serve a waiter together.
 */
static void segment_between_slabs_serves_a_waiter(struct kunit *test)
{
	vmem_t *vm = vq_ids(test, 132, 1);
	struct vt_thread *t;
	unsigned int i;

	for (i = 0; i < 128; i++) {
		KUNIT_ASSERT_NE(test, vt_alloc(vm, 1, VM_SLEEP), 0UL);
		if (i == 63)
			KUNIT_ASSERT_EQ(test, vt_alloc(vm, 4, VM_SLEEP), 65UL);
	}
	KUNIT_ASSERT_EQ(test, vq_cache(vm, 1)->nslabs, 2UL);
	free_objects(vm, 63, 64);
	free_objects(vm, 69, 70);
	t = vt_request(test, vm, 8, VM_SLEEP);
	vt_wait_asleep(test, vm, 1);
	vt_free(vm, 65, 4);
	KUNIT_EXPECT_EQ(test, vt_join(test, t, NULL), 63UL);
	vt_free(vm, 63, 8);
	free_objects(vm, 1, 62);
	free_objects(vm, 71, 132);
}

/* [38] The same free objects serve a VM_NOSLEEP request. */
static void adjacent_slabs_serve_nosleep(struct kunit *test)
{
	vmem_t *vm = two_full_slabs(test);

	free_objects(vm, 61, 68);
	KUNIT_EXPECT_EQ(test, vt_alloc(vm, 8, VM_NOSLEEP), 61UL);
	free_two_slabs(vm);
}

static struct kunit_case vmem_reclaim_cases[] = {
	KUNIT_CASE(nosleep_drains_its_own_magazines),
	KUNIT_CASE(nosleep_leaves_the_rest_to_reclaim),
	KUNIT_CASE(free_serves_a_waiter_of_its_size),
	KUNIT_CASE(frees_serve_a_waiter_of_a_larger_size),
	KUNIT_CASE(frees_serve_a_waiter_of_an_uncached_size),
	KUNIT_CASE(sleep_drains_magazines),
	KUNIT_CASE(frees_serve_a_waiter_with_a_window),
	KUNIT_CASE(frees_serve_all_waiters),
	KUNIT_CASE(source_drains_its_client),
	KUNIT_CASE(frees_in_a_client_serve_a_waiter_in_its_source),
	KUNIT_CASE(free_of_the_last_object_serves_the_source),
	KUNIT_CASE(client_drains_another_client),
	KUNIT_CASE(sleep_gets_the_whole_root),
	KUNIT_CASE(nosleep_gets_the_whole_root_later),
	KUNIT_CASE(frees_in_leaves_serve_a_waiter_in_the_root),
	KUNIT_CASE(failure_during_a_reclaim_asks_for_another),
	KUNIT_CASE(adjacent_slabs_serve_a_waiter),
	KUNIT_CASE(wholly_free_slab_and_its_neighbour_serve_a_waiter),
	KUNIT_CASE(segment_between_slabs_serves_a_waiter),
	KUNIT_CASE(adjacent_slabs_serve_nosleep),
	{}
};

static struct kunit_suite vmem_reclaim_suite = {
	.name = "vmem_reclaim",
	.suite_init = vq_suite_init,
	.suite_exit = vq_suite_exit,
	.init = vq_init,
	.exit = vq_exit,
	.test_cases = vmem_reclaim_cases,
};

kunit_test_suite(vmem_reclaim_suite);

MODULE_DESCRIPTION("KUnit: reclaim from vmem's quantum caches");
MODULE_LICENSE("GPL");
