// SPDX-License-Identifier: GPL-2.0
/*
 * Reclaim: what an arena needs comes out of its caches and of those of all
 * arenas below it.
 *
 * Threads wait here for what caches hold or are given later. Maintenance, which
 * would have them try again, does not run: a wake-up that is lost is a hang.
 */
#include "vmem_test_qcache.h"

/* Enough that magazines are used, of one cached size and of two. */
#define MANY	6000

/* The same for one size, in no more slabs than a request may take by itself. */
#define FEW	960

/*
 * Take all, then give back but the first @keep: magazines and depot are full. The
 * reclaim, which the last request started, has nothing in hand any more.
 */
static void leave_in_magazines(struct kunit *test, struct vq_set *s, vmem_t *vm,
			       size_t size, unsigned int keep)
{
	vq_make_magazines(s, vm, size);
	vq_fill(s, vm, size);
	vq_settle(test);
	while (s->n > keep)
		vq_put(s, vm, s->n - 1);
}

/* [38] Magazines are no obstacle to a request that does not sleep. */
static void nosleep_empties_its_own_magazines(struct kunit *test)
{
	vmem_t *vm = vq_ids(test, FEW, 1);
	struct vq_set *s = vq_set(test, FEW);

	leave_in_magazines(test, s, vm, 1, 0);
	KUNIT_EXPECT_GT(test, vq_in_depot(vm, 1), 0UL);
	KUNIT_EXPECT_GT(test, vq_on_cpus(vm), 0UL);
	KUNIT_EXPECT_EQ(test, vt_alloc(vm, FEW, VM_NOSLEEP), 1UL);
	KUNIT_EXPECT_EQ(test, vq_on_cpus(vm), 0UL);
	vt_free(vm, 1, FEW);
	/* The two that found nothing left when all was taken. */
	KUNIT_EXPECT_EQ(test, vt_stats(vm).fail, 2ULL);
}

/* [38] [40] It moves so much and no more; the reclaim that it asks for does the rest. */
static void nosleep_leaves_the_rest_to_reclaim(struct kunit *test)
{
	vmem_t *vm = vq_ids(test, MANY, 1);
	struct vq_set *s = vq_set(test, MANY);
	unsigned long addr;

	leave_in_magazines(test, s, vm, 1, 0);
	KUNIT_EXPECT_EQ(test, vt_alloc(vm, MANY, VM_NOSLEEP), 0UL);
	KUNIT_EXPECT_GT(test, vq_in_depot(vm, 1), 0UL);
	KUNIT_EXPECT_TRUE(test, vq_soon((addr = vt_alloc(vm, MANY,
							 VM_NOSLEEP))));
	if (addr)
		vt_free(vm, addr, MANY);
}

/* A waiter is asleep, and nothing that it could use is in a magazine. */
static void expect_drained(struct kunit *test, vmem_t *top, u64 waits,
			   vmem_t *vm)
{
	unsigned int i;

	vt_wait_asleep(test, top, waits);
	KUNIT_EXPECT_EQ(test, vq_on_cpus(vm), 0UL);
	for (i = 1; i <= vm->qcaches->n; i++)
		KUNIT_EXPECT_EQ(test, vq_in_depot(vm, i), 0UL);
}

/* [38] A waiter is served by the free of a cached size of its own. */
static void waiter_of_a_cached_size(struct kunit *test)
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

/* [38] By frees of another size that join, though each is cached. */
static void waiter_of_a_larger_cached_size(struct kunit *test)
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

/* [38] And one of a size that is not cached. */
static void waiter_of_an_uncached_size(struct kunit *test)
{
	vmem_t *vm = vq_ids(test, MANY, 2);
	struct vq_set *s = vq_set(test, MANY);
	struct vt_thread *t;

	vq_fill(s, vm, 2);
	t = vt_request(test, vm, MANY, VM_SLEEP);
	expect_drained(test, vm, 1, vm);
	/* Every free goes past the magazines: the last one is the one. */
	vq_put_all(s, vm);
	KUNIT_EXPECT_EQ(test, vt_join(test, t, NULL), 1UL);
	KUNIT_EXPECT_EQ(test, vq_on_cpus(vm), 0UL);
	vt_free(vm, 1, MANY);
	/* No request waits any more: magazines are filled again. */
	leave_in_magazines(test, s, vm, 1, 0);
	KUNIT_EXPECT_GT(test, vq_on_cpus(vm), 0UL);
}

/* [38] What is in magazines when the request comes is fetched. */
static void magazines_are_emptied_for_a_waiter(struct kunit *test)
{
	vmem_t *vm = vq_ids(test, MANY, 2);
	struct vq_set *s = vq_set(test, MANY);
	struct vt_thread *t;

	leave_in_magazines(test, s, vm, 1, 0);
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

/* [38] [16] A waiter for certain integers, each in its slab, gets them. */
static void waiter_with_a_window(struct kunit *test)
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

/* [38] As many waiters as integers: every one is served by single frees. */
static void every_waiter_is_served(struct kunit *test)
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
		vq_own(s, addr, 1 + i % 3);
	}
	KUNIT_EXPECT_EQ(test, s->bad, 0U);
	vq_put_all(s, vm);
}

/* [38] The source waits: a client's magazines, depot and slabs are emptied. */
static void source_gets_what_a_client_caches(struct kunit *test)
{
	vmem_t *src = vq_ids(test, 64 * 100, 0);
	vmem_t *vm = vq_client(test, src, 2);
	struct vq_set *s = vq_set(test, 64 * 100);
	struct vt_thread *t;

	leave_in_magazines(test, s, vm, 1, 0);
	KUNIT_EXPECT_GT(test, vq_on_cpus(vm), 0UL);
	KUNIT_EXPECT_LT(test, vmem_size(src, VMEM_FREE), (size_t)64 * 100);
	t = vt_request(test, src, 64 * 100, VM_SLEEP);
	KUNIT_EXPECT_EQ(test, vt_join(test, t, NULL), 1UL);
	KUNIT_EXPECT_EQ(test, vmem_size(vm, VMEM_ALLOC | VMEM_FREE), (size_t)0);
	vt_free(src, 1, 64 * 100);
}

/* [38] The source waits, and is served by the later frees of a client. */
static void source_is_served_by_frees_of_a_client(struct kunit *test)
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

/* [38] One slab, one object in it: its free is what the source waits for. */
static void last_object_of_a_client_serves_the_source(struct kunit *test)
{
	vmem_t *src = vq_ids(test, 64, 0);
	vmem_t *vm = vq_client(test, src, 4);
	unsigned long a = vt_alloc(vm, 3, VM_SLEEP);
	struct vt_thread *t = vt_request(test, src, 64, VM_SLEEP);

	expect_drained(test, src, 1, vm);
	vt_free(vm, a, 3);
	if (!vq_soon(completion_done(&t->done))) {
		KUNIT_FAIL(test, "asleep although all is free");
		vmem_update(NULL);
	}
	KUNIT_EXPECT_EQ(test, vt_join(test, t, NULL), 1UL);
	vt_free(src, 1, 64);
}

/* Two clients, the second served by what the first has in its caches. */
static void client_gets_what_another_caches(struct kunit *test)
{
	vmem_t *src = vq_ids(test, 64 * 100, 0);
	vmem_t *a = vq_client(test, src, 2);
	vmem_t *b = vq_client(test, src, 2);
	struct vq_set *s = vq_set(test, 64 * 100);
	struct vt_thread *t;
	unsigned long addr;

	leave_in_magazines(test, s, a, 1, 0);
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

/* A root, two arenas that import from it, and two leaves on each of them. */
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

/* Traffic in all leaves, of all their cached sizes; then they go idle. */
static void exercise_tree(struct tree *tr)
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

/* [38] Three levels: the root can be had whole again with VM_SLEEP. */
static void idle_tree_gives_all_back_with_sleep(struct kunit *test)
{
	struct vt_thread *t;
	struct tree tr;
	unsigned int i;

	make_tree(test, &tr);
	exercise_tree(&tr);
	for (i = 0; i < 4; i++)
		KUNIT_EXPECT_EQ(test, tr.s[i]->bad, 0U);
	t = vt_request(test, tr.root, TREE, VM_SLEEP);
	KUNIT_EXPECT_EQ(test, vt_join(test, t, NULL), 1UL);
	KUNIT_EXPECT_EQ(test, vmem_size(tr.leaf[0], VMEM_ALLOC), (size_t)0);
	vt_free(tr.root, 1, TREE);
}

/* [38] VM_NOSLEEP starts the reclaim: a later one finds what it brought. */
static void idle_tree_gives_all_back_to_nosleep(struct kunit *test)
{
	unsigned long addr;
	struct tree tr;

	make_tree(test, &tr);
	exercise_tree(&tr);
	KUNIT_EXPECT_TRUE(test, vq_soon((addr = vt_alloc(tr.root, TREE,
							 VM_NOSLEEP))));
	KUNIT_EXPECT_EQ(test, addr, 1UL);
	if (addr)
		vt_free(tr.root, 1, TREE);
}

/* [38] And what a leaf frees while the root is waited for goes all the way. */
static void frees_of_leaves_go_all_the_way(struct kunit *test)
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

static struct kunit_case vmem_reclaim_cases[] = {
	KUNIT_CASE(nosleep_empties_its_own_magazines),
	KUNIT_CASE(nosleep_leaves_the_rest_to_reclaim),
	KUNIT_CASE(waiter_of_a_cached_size),
	KUNIT_CASE(waiter_of_a_larger_cached_size),
	KUNIT_CASE(waiter_of_an_uncached_size),
	KUNIT_CASE(magazines_are_emptied_for_a_waiter),
	KUNIT_CASE(waiter_with_a_window),
	KUNIT_CASE(every_waiter_is_served),
	KUNIT_CASE(source_gets_what_a_client_caches),
	KUNIT_CASE(source_is_served_by_frees_of_a_client),
	KUNIT_CASE(last_object_of_a_client_serves_the_source),
	KUNIT_CASE(client_gets_what_another_caches),
	KUNIT_CASE(idle_tree_gives_all_back_with_sleep),
	KUNIT_CASE(idle_tree_gives_all_back_to_nosleep),
	KUNIT_CASE(frees_of_leaves_go_all_the_way),
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
