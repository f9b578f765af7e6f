// SPDX-License-Identifier: GPL-2.0
/*
 * Waiting requests: the order in which they are served, the events that wake
 * them, and their list in debugfs.
 *
 * Maintenance does not run unless a test starts it, so a request waits forever
 * after a lost wake-up.
 */
#include <linux/kmsg_dump.h>

#include "vmem_test_deep.h"

/* An arena of the integers 1 to @n, with each integer allocated separately. */
static vmem_t *full_arena(struct kunit *test, size_t n)
{
	vmem_t *vm = vd_ids(test, "full", n, 0);
	unsigned int i;

	for (i = 1; i <= n; i++)
		KUNIT_ASSERT_EQ(test, vt_alloc(vm, 1, VM_SLEEP),
				(unsigned long)i);
	return vm;
}

/* Free all remaining allocations of an arena without caches. */
static void free_rest(struct kunit *test, vmem_t *vm)
{
	if (!vd_stuck(test))
		vt_drain(test, vm);
}

/* Start a request and wait until it sleeps as the @n-th waiter of the arena. */
static struct vt_thread *add_waiter(struct kunit *test, vmem_t *vm, size_t size,
				    int vmflag, unsigned int n)
{
	struct vt_thread *t = vt_request(test, vm, size, vmflag);

	vd_wait_waiters(test, vm, n);
	return t;
}

/* Number of context switches of a thread. */
static unsigned long nr_switches(struct vt_thread *t)
{
	return READ_ONCE(t->task->nvcsw) + READ_ONCE(t->task->nivcsw);
}

/* [24] A freed segment that is too small does not wake the waiter. */
static void free_that_is_too_small_wakes_nothing(struct kunit *test)
{
	vmem_t *vm = full_arena(test, 16);
	struct vt_thread *t = add_waiter(test, vm, 4, VM_SLEEP, 1);
	u64 waits = vd_stable_waits(vm);
	unsigned int i;

	for (i = 1; i <= 16; i += 2)
		vt_free(vm, i, 1);
	vt_free(vm, 2, 1);
	KUNIT_EXPECT_EQ(test, vd_stable_waits(vm), waits);
	KUNIT_EXPECT_FALSE(test, completion_done(&t->done));
	vt_free(vm, 4, 1);
	KUNIT_EXPECT_EQ(test, vd_join(test, t, NULL), 1UL);
	if (vd_stuck(test))
		return;
	KUNIT_EXPECT_EQ(test, vt_stats(vm).wait, waits);
	free_rest(test, vm);
}

/*
 * [24] A freed segment of the source that is too small does not wake a waiter
 * in an importing arena.
 */
static void source_free_that_is_too_small_wakes_nothing(struct kunit *test)
{
	vmem_t *src = full_arena(test, 16);
	vmem_t *vm = vd_client(test, "client", vd_client(test, "middle", src,
							 0), 0);
	struct vt_thread *t = add_waiter(test, vm, 4, VM_SLEEP, 1);
	u64 waits = vd_stable_waits(src);
	unsigned long addr;
	unsigned int i;

	for (i = 1; i <= 16; i += 2)
		vt_free(src, i, 1);
	KUNIT_EXPECT_EQ(test, vd_stable_waits(src), waits);
	KUNIT_EXPECT_FALSE(test, completion_done(&t->done));
	vt_free(src, 8, 1);
	vt_free(src, 10, 1);
	addr = vd_join(test, t, NULL);
	if (vd_stuck(test))
		return;
	KUNIT_EXPECT_EQ(test, addr, 7UL);
	KUNIT_EXPECT_EQ(test, vt_stats(src).wait, waits);
	vt_free(vm, addr, 4);
	free_rest(test, src);
}

#define NR_WAITERS	8

/* [25] Waiters of equal size are served in the order of their arrival. */
static void first_come_first_served(struct kunit *test)
{
	vmem_t *vm = full_arena(test, NR_WAITERS);
	struct vt_thread *t[NR_WAITERS];
	unsigned int i, j;

	for (i = 0; i < NR_WAITERS; i++)
		t[i] = add_waiter(test, vm, 1, VM_SLEEP, i + 1);
	for (i = 0; i < NR_WAITERS; i++) {
		vt_free(vm, NR_WAITERS - i, 1);
		KUNIT_EXPECT_TRUE(test, vd_served(test, t[i]));
		for (j = i + 1; j < NR_WAITERS; j++)
			KUNIT_EXPECT_FALSE_MSG(test,
					       completion_done(&t[j]->done),
					       "waiter %u is served before waiter %u", j, i);
	}
	for (i = 0; i < NR_WAITERS; i++)
		vd_join(test, t[i], NULL);
	free_rest(test, vm);
}

/*
 * [25] A retry that fails does not change the order in which waiters are
 * served.
 */
static void retries_keep_the_order(struct kunit *test)
{
	vmem_t *vm = full_arena(test, NR_WAITERS);
	struct vt_thread *t[NR_WAITERS];
	unsigned int i;
	u64 waits;

	for (i = 0; i < NR_WAITERS; i++)
		t[i] = add_waiter(test, vm, 1, VM_SLEEP, i + 1);
	waits = vd_stable_waits(vm);
	vmem_update(NULL);
	vd_wait_asleep(test, vm, waits + NR_WAITERS);
	vd_wait_waiters(test, vm, NR_WAITERS);
	vd_stable_waits(vm);
	for (i = 0; i < NR_WAITERS; i++) {
		vt_free(vm, NR_WAITERS - i, 1);
		KUNIT_EXPECT_TRUE(test, vd_served(test, t[i]));
		KUNIT_EXPECT_EQ(test, vt_stats(vm).waiters,
				(u64)(NR_WAITERS - 1 - i));
	}
	for (i = 0; i < NR_WAITERS; i++)
		vd_join(test, t[i], NULL);
	free_rest(test, vm);
}

/* [25] A freed segment wakes only the first waiter that it may satisfy. */
static void free_wakes_the_first_waiter_that_fits(struct kunit *test)
{
	vmem_t *vm = vd_ids(test, "full", 16, 0);
	static const struct vt_range hold[] = {
		{ 1, 1 }, { 2, 2 }, { 4, 3 }, { 7, 4 }, { 11, 6 },
	};
	struct vt_thread *four, *two, *one;
	unsigned int i;
	u64 waits;

	for (i = 0; i < ARRAY_SIZE(hold); i++)
		KUNIT_ASSERT_EQ(test, vt_alloc(vm, hold[i].size, VM_SLEEP),
				hold[i].start);
	four = add_waiter(test, vm, 4, VM_SLEEP, 1);
	two = add_waiter(test, vm, 2, VM_SLEEP, 2);
	one = add_waiter(test, vm, 1, VM_SLEEP, 3);
	waits = vd_stable_waits(vm);

	/* 1 integer is free: too small for @four and @two. */
	vt_free(vm, 1, 1);
	KUNIT_EXPECT_EQ(test, vd_join(test, one, NULL), 1UL);
	KUNIT_EXPECT_EQ(test, vd_stable_waits(vm), waits);
	one = add_waiter(test, vm, 1, VM_SLEEP, 3);
	waits = vd_stable_waits(vm);

	/* 2 integers are free: too small for @four. @two takes both. */
	vt_free(vm, 2, 2);
	KUNIT_EXPECT_EQ(test, vd_join(test, two, NULL), 2UL);
	KUNIT_EXPECT_EQ(test, vd_stable_waits(vm), waits);
	KUNIT_EXPECT_FALSE(test, completion_done(&one->done));
	two = add_waiter(test, vm, 2, VM_SLEEP, 3);
	waits = vd_stable_waits(vm);

	/*
	 * 3 integers are free: @one is older than @two, and leaves enough for
	 * @two.
	 */
	vt_free(vm, 4, 3);
	KUNIT_EXPECT_NE(test, vd_join(test, one, NULL), 0UL);
	KUNIT_EXPECT_NE(test, vd_join(test, two, NULL), 0UL);
	KUNIT_EXPECT_EQ(test, vd_stable_waits(vm), waits);
	KUNIT_EXPECT_FALSE(test, completion_done(&four->done));

	vt_free(vm, 7, 4);
	KUNIT_EXPECT_EQ(test, vd_join(test, four, NULL), 7UL);
	KUNIT_EXPECT_EQ(test, vt_stats(vm).wait, waits);
	free_rest(test, vm);
}

/*
 * [25] A freed segment serves the first waiter. The remainder of the segment
 * serves the next waiters.
 */
static void one_free_serves_waiters_in_order(struct kunit *test)
{
	vmem_t *vm = vd_ids(test, "full", 16, 0);
	static const size_t sizes[] = { 5, 4, 3, 2, 1, 1 };
	struct vt_thread *t[ARRAY_SIZE(sizes)];
	unsigned int i;

	KUNIT_ASSERT_EQ(test, vt_alloc(vm, 12, VM_SLEEP), 1UL);
	KUNIT_ASSERT_EQ(test, vt_alloc(vm, 4, VM_SLEEP), 13UL);
	for (i = 0; i < ARRAY_SIZE(sizes); i++)
		t[i] = add_waiter(test, vm, sizes[i], VM_SLEEP, i + 1);
	vd_stable_waits(vm);
	/* 5 + 4 + 3 = 12: nothing is left for the three small requests. */
	vt_free(vm, 1, 12);
	for (i = 0; i < 3; i++)
		KUNIT_EXPECT_TRUE(test, vd_served(test, t[i]));
	for (; i < ARRAY_SIZE(sizes); i++)
		KUNIT_EXPECT_FALSE(test, completion_done(&t[i]->done));
	vt_free(vm, 13, 4);
	for (i = 0; i < ARRAY_SIZE(sizes); i++)
		KUNIT_EXPECT_NE(test, vd_join(test, t[i], NULL), 0UL);
	free_rest(test, vm);
}

#define MANY_WAITERS	64

/*
 * [24] A freed segment serves one of 64 waiters. The other waiters remain
 * asleep.
 */
static void one_free_wakes_one_waiter(struct kunit *test)
{
	vmem_t *vm = full_arena(test, MANY_WAITERS);
	struct vt_thread *t[MANY_WAITERS];
	unsigned int i;
	u64 waits;

	for (i = 0; i < MANY_WAITERS; i++)
		t[i] = vt_request(test, vm, 1, VM_SLEEP);
	vd_wait_waiters(test, vm, MANY_WAITERS);
	waits = vd_stable_waits(vm);
	vt_free(vm, 1, 1);
	vd_wait_waiters(test, vm, MANY_WAITERS - 1);
	KUNIT_EXPECT_LE(test, vd_stable_waits(vm), waits + 2);
	for (i = 2; i <= MANY_WAITERS; i++)
		vt_free(vm, i, 1);
	for (i = 0; i < MANY_WAITERS; i++)
		KUNIT_EXPECT_NE(test, vd_join(test, t[i], NULL), 0UL);
	free_rest(test, vm);
}

/*
 * [24] A freed segment of a source serves one of 64 waiters in arenas below the
 * source. The other waiters remain asleep.
 */
static void one_free_in_the_source_wakes_one_waiter(struct kunit *test)
{
	vmem_t *src = full_arena(test, MANY_WAITERS), *vm[MANY_WAITERS];
	struct vt_thread *t[MANY_WAITERS];
	unsigned long addr;
	unsigned int i;
	u64 waits;

	for (i = 0; i < MANY_WAITERS; i++) {
		vm[i] = vd_client(test, "client", i % 8 ? vm[i - 1] : src, 0);
		t[i] = vt_request(test, vm[i], 1, VM_SLEEP);
	}
	vd_wait_waiters(test, src, MANY_WAITERS);
	waits = vd_stable_waits(src);
	vt_free(src, 1, 1);
	vd_wait_waiters(test, src, MANY_WAITERS - 1);
	KUNIT_EXPECT_LE(test, vd_stable_waits(src), waits + 2);
	for (i = 2; i <= MANY_WAITERS; i++)
		vt_free(src, i, 1);
	for (i = 0; i < MANY_WAITERS; i++) {
		addr = vd_join(test, t[i], NULL);
		KUNIT_EXPECT_NE(test, addr, 0UL);
		if (vd_stuck(test))
			return;
		vt_free(vm[i], addr, 1);
	}
}

/*
 * [24] [25] If one segment is freed per waiter, all waiters are served. Each
 * waiter sleeps only a few times.
 */
static void many_frees_serve_many_waiters(struct kunit *test)
{
	vmem_t *vm = full_arena(test, MANY_WAITERS);
	DECLARE_BITMAP(seen, MANY_WAITERS + 1);
	struct vt_thread *t[MANY_WAITERS];
	unsigned int i;
	u64 waits;

	bitmap_zero(seen, MANY_WAITERS + 1);
	for (i = 0; i < MANY_WAITERS; i++)
		t[i] = vt_request(test, vm, 1, VM_SLEEP);
	vd_wait_waiters(test, vm, MANY_WAITERS);
	waits = vd_stable_waits(vm);
	for (i = 1; i <= MANY_WAITERS; i++)
		vt_free(vm, i, 1);
	for (i = 0; i < MANY_WAITERS; i++) {
		unsigned long addr = vd_join(test, t[i], NULL);

		KUNIT_EXPECT_TRUE(test, addr && addr <= MANY_WAITERS &&
				  !__test_and_set_bit(addr, seen));
	}
	if (vd_stuck(test))
		return;
	KUNIT_EXPECT_LE(test, vt_stats(vm).wait, waits + 2 * MANY_WAITERS);
	free_rest(test, vm);
}

static void window_request(struct vt_thread *t)
{
	t->addr = (unsigned long)vmem_xalloc(t->vm, 1, 0, 0, 0, (void *)1000,
					     (void *)1001, VM_SLEEP);
}

static void aligned_request(struct vt_thread *t)
{
	t->addr = (unsigned long)vmem_xalloc(t->vm, 1, 64, 0, 0, NULL, NULL,
					     VM_SLEEP);
}

/*
 * Start @fn and wait until its request sleeps as the @n-th waiter of the arena.
 */
static struct vt_thread *add_waiter_fn(struct kunit *test,
				       void (*fn)(struct vt_thread *),
				       vmem_t *vm, unsigned int n)
{
	struct vt_thread *t = vt_thread_start(test, fn, vm, 1, VM_SLEEP);

	KUNIT_ASSERT_NOT_NULL(test, t);
	wake_up_process(t->task);
	vd_wait_waiters(test, vm, n);
	return t;
}

static unsigned int count_done(struct vt_thread **t, unsigned int n)
{
	unsigned int done = 0;

	while (n--)
		done += completion_done(&t[n]->done);
	return done;
}

/*
 * [37] If a freed segment is large enough for older waiters but does not meet
 * their constraints, the next waiter gets the segment.
 */
static void unusable_offer_serves_the_next_waiter(struct kunit *test)
{
	vmem_t *vm = full_arena(test, 63);
	vmem_t *child = vd_client(test, "child", vm, 0);
	struct vt_thread *window[4], *aligned[4], *any, *below;
	unsigned int i;

	for (i = 0; i < 4; i++) {
		window[i] = add_waiter_fn(test, window_request, vm, 2 * i + 1);
		aligned[i] = add_waiter_fn(test, aligned_request, vm,
					   2 * i + 2);
	}
	any = add_waiter(test, vm, 1, VM_SLEEP, 9);
	below = vt_request(test, child, 1, VM_SLEEP);
	vd_wait_waiters(test, vm, 10);
	vd_stable_waits(vm);

	vt_free(vm, 5, 1);
	KUNIT_EXPECT_EQ(test, vd_join(test, any, NULL), 5UL);
	vt_free(vm, 6, 1);
	KUNIT_EXPECT_EQ(test, vd_join(test, below, NULL), 6UL);
	if (vd_stuck(test))
		return;
	for (i = 0; i < 4; i++) {
		KUNIT_EXPECT_FALSE(test, completion_done(&window[i]->done));
		KUNIT_EXPECT_FALSE(test, completion_done(&aligned[i]->done));
	}
	vt_free(child, 6, 1);
	KUNIT_EXPECT_NOT_NULL(test, vmem_add(vm, (void *)1000, 1, VM_SLEEP));
	KUNIT_EXPECT_NOT_NULL(test, vmem_add(vm, (void *)128, 1, VM_SLEEP));
	/* The order of the four waiters of each kind does not matter. */
	for (i = 1; i <= 4; i++) {
		if (!vd_poll(test, count_done(window, 4) == i) ||
		    !vd_poll(test, count_done(aligned, 4) == i))
			KUNIT_FAIL(test, "%u window, %u aligned requests served, expected %u",
				   count_done(window, 4),
				   count_done(aligned, 4), i);
		if (count_done(window, 4) == i)
			vt_xfree(vm, 1000, 1);
		if (count_done(aligned, 4) == i)
			vt_xfree(vm, 128, 1);
	}
	for (i = 0; i < 4; i++) {
		KUNIT_EXPECT_EQ(test, vd_join(test, window[i], NULL), 1000UL);
		KUNIT_EXPECT_EQ(test, vd_join(test, aligned[i], NULL), 128UL);
	}
	free_rest(test, vm);
}

/*
 * [37] A waiter that is offered space in its source and in its own arena at the
 * same time uses one offer. The other offer goes to the next waiter.
 */
static void waiter_with_two_offers_hands_one_on(struct kunit *test)
{
	unsigned int round;

	for (round = 0; round < 50 && !vd_stuck(test); round++) {
		vmem_t *src = full_arena(test, 4);
		vmem_t *vm = vd_client(test, "client", src, 0);
		struct vt_thread *low, *high;
		unsigned long addr;

		vt_free(src, 4, 1);
		KUNIT_ASSERT_EQ(test, vt_alloc(vm, 1, VM_SLEEP), 4UL);
		low = add_waiter(test, vm, 1, VM_SLEEP, 1);
		high = vt_request(test, src, 1, VM_SLEEP);
		vd_wait_waiters(test, src, 2);
		if (round % 2)
			KUNIT_EXPECT_NOT_NULL(test, vmem_add(vm, (void *)100, 1,
							     VM_SLEEP));
		vt_free(src, 2, 1);
		if (!(round % 2))
			KUNIT_EXPECT_NOT_NULL(test, vmem_add(vm, (void *)100, 1,
							     VM_SLEEP));
		addr = vd_join(test, low, NULL);
		KUNIT_EXPECT_NE(test, addr, 0UL);
		/* If @low took integer 2, @high needs another integer. */
		if (addr == 2)
			vt_free(src, 1, 1);
		KUNIT_EXPECT_NE(test, vd_join(test, high, NULL), 0UL);
		if (vd_stuck(test))
			return;
		vt_free(vm, addr, 1);
		vt_free(vm, 4, 1);
		free_rest(test, src);
		vd_close(test, vm);
		vd_close(test, src);
	}
}

static bool stop_loops;

/*
 * Allocate integers, hold them and free them. With several threads the arena is
 * never wholly free.
 */
static void hold_loop(struct vt_thread *t)
{
	unsigned int i = 0;

	while (!READ_ONCE(stop_loops)) {
		unsigned long id = vt_alloc(t->vm, t->size, VM_SLEEP);

		if (!id) {
			t->errors++;
			break;
		}
		/*
		 * The hold times vary: the threads must not free their integers
		 * all at once.
		 */
		msleep(30 + 10 * ((3 * i++ + t->seed) % 7));
		vt_free(t->vm, id, t->size);
	}
}

/*
 * [41] A large request is served in spite of a constant load of small requests.
 */
static void small_requests_do_not_starve_a_large_one(struct kunit *test)
{
	vmem_t *vm = vd_ids(test, "full", 8, 0);
	unsigned int i, errors = 0;
	struct vt_thread *t[7], *large;
	unsigned long addr;

	WRITE_ONCE(stop_loops, false);
	for (i = 0; i < ARRAY_SIZE(t); i++) {
		t[i] = vt_thread_start(test, hold_loop, vm, 1 + i % 2 * 2,
				       VM_SLEEP);
		KUNIT_ASSERT_NOT_NULL(test, t[i]);
		t[i]->seed = i;
	}
	for (i = 0; i < ARRAY_SIZE(t); i++)
		wake_up_process(t[i]->task);
	vd_wait_asleep(test, vm, 20);
	large = vt_request(test, vm, 8, VM_SLEEP);
	if (!vd_served(test, large))
		KUNIT_FAIL(test, "small requests starve a large one");
	WRITE_ONCE(stop_loops, true);
	addr = vd_join(test, large, NULL);
	KUNIT_EXPECT_EQ(test, addr, 1UL);
	if (addr)
		vt_free(vm, addr, 8);
	for (i = 0; i < ARRAY_SIZE(t); i++)
		vd_join(test, t[i], &errors);
	KUNIT_EXPECT_EQ(test, errors, 0U);
}

/* [40] A request that waits for seconds does not delay VM_NOSLEEP requests. */
static void waiter_does_not_hold_up_nosleep(struct kunit *test)
{
	vmem_t *vm = full_arena(test, 8);
	struct vt_thread *t = add_waiter(test, vm, 8, VM_SLEEP, 1);
	unsigned int i;

	/* Within these 3 seconds the waiter has its turn at least once. */
	for (i = 0; i < 30; i++) {
		vt_free(vm, 3, 1);
		KUNIT_EXPECT_EQ(test, vt_alloc(vm, 1, VM_NOSLEEP), 3UL);
		msleep(100);
	}
	KUNIT_EXPECT_FALSE(test, completion_done(&t->done));
	for (i = 1; i <= 8; i++)
		vt_free(vm, i, 1);
	KUNIT_EXPECT_EQ(test, vd_join(test, t, NULL), 1UL);
	free_rest(test, vm);
}

#define NR_ROUNDS	300

static void alloc_free(struct vt_thread *t)
{
	unsigned int i;

	for (i = 0; i < NR_ROUNDS; i++) {
		unsigned long id = vt_alloc(t->vm, t->size, VM_SLEEP);

		if (!id) {
			t->errors++;
			continue;
		}
		if (i % 4 == t->seed % 4)
			vt_yield();
		vt_free(t->vm, id, t->size);
	}
}

/*
 * Allocate and free in two branches of a tree with caches at each @every-th
 * level.
 */
static void alloc_free_in_tree(struct kunit *test, size_t n, unsigned int every)
{
	const struct vd_shape s = { "tree", 9, every };
	struct vd_path *c = vd_path(test, &s, n);
	struct vd_path *d = vd_path_below(test, c->vm[3], &s);
	struct vt_thread *t[10];
	unsigned int i, errors = 0;

	for (i = 0; i < ARRAY_SIZE(t); i++) {
		t[i] = vt_thread_start(test, alloc_free,
				       i % 2 ? c->vm[i] : d->vm[i],
				       1 + i % VD_CACHED, VM_SLEEP);
		KUNIT_ASSERT_NOT_NULL(test, t[i]);
		t[i]->seed = i;
	}
	for (i = 0; i < ARRAY_SIZE(t); i++)
		wake_up_process(t[i]->task);
	for (i = 0; i < ARRAY_SIZE(t); i++)
		vd_join(test, t[i], &errors);
	KUNIT_EXPECT_EQ(test, errors, 0U);
	if (!vd_stuck(test))
		vd_alloc_whole(test, c->vm[0], n);
}

/*
 * [37] [45] No wake-up is lost while threads allocate and free at all levels of
 * a tree without caches.
 */
static void no_wake_up_is_lost_in_a_tree(struct kunit *test)
{
	alloc_free_in_tree(test, 6, 0);
}

/*
 * [37] [38] No wake-up is lost if caches at some levels of a tree hold space
 * that waiters need.
 */
static void no_wake_up_is_lost_with_some_caches(struct kunit *test)
{
	alloc_free_in_tree(test, 6, 2);
}

/*
 * [37] [38] No wake-up is lost if all levels of a tree have caches and the root
 * has space for just over one slab.
 */
static void no_wake_up_is_lost_with_all_caches(struct kunit *test)
{
	alloc_free_in_tree(test, VD_SLAB + 5, 1);
}

/*
 * [37] [38] No wake-up is lost in one slab that is nearly full: freed objects
 * return to the slab and serve the waiters.
 */
static void no_wake_up_is_lost_in_a_slab(struct kunit *test)
{
	enum { OBJECTS = VD_SLAB / VD_CACHED, FREE = 2 };
	vmem_t *vm = vd_ids(test, "slab", VD_SLAB, VD_CACHED);
	unsigned long held[OBJECTS - FREE];
	unsigned int i, errors = 0;
	struct vt_thread *t[6];

	for (i = 0; i < ARRAY_SIZE(held); i++) {
		held[i] = vt_alloc(vm, VD_CACHED, VM_SLEEP);
		KUNIT_EXPECT_NE(test, held[i], 0UL);
	}
	for (i = 0; i < ARRAY_SIZE(t); i++) {
		t[i] = vt_thread_start(test, alloc_free, vm, VD_CACHED,
				       VM_SLEEP);
		KUNIT_ASSERT_NOT_NULL(test, t[i]);
		t[i]->seed = i;
	}
	for (i = 0; i < ARRAY_SIZE(t); i++)
		wake_up_process(t[i]->task);
	for (i = 0; i < ARRAY_SIZE(t); i++)
		vd_join(test, t[i], &errors);
	KUNIT_EXPECT_EQ(test, errors, 0U);
	if (vd_stuck(test))
		return;
	for (i = 0; i < ARRAY_SIZE(held); i++)
		vt_free(vm, held[i], VD_CACHED);
}

/* Start a request in a thread whose name has two words. */
static struct vt_thread *start_two_words(struct kunit *test, vmem_t *vm,
					 size_t size, int vmflag)
{
	struct vt_thread *t = kzalloc(sizeof(*t), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, t);
	init_completion(&t->done);
	t->fn = vt_thread_alloc;
	t->vm = vm;
	t->size = size;
	t->vmflag = vmflag;
	t->task = kthread_run(vt_thread_main, t, "two words");
	KUNIT_ASSERT_FALSE(test, IS_ERR(t->task));
	return t;
}

static bool is_listed(const struct vd_waiter *w, unsigned int n,
		      struct vt_thread *t, const char *comm)
{
	for (; n--; w++)
		if (w->pid == task_pid_nr(t->task))
			return w->size == t->size &&
			       w->flags == (unsigned int)t->vmflag &&
			       !strcmp(w->comm, comm);
	return false;
}

/* True if the file "waiters" lists @n requests, all in the state "waiting". */
static bool all_waiting(struct kunit *test, unsigned int id, const char *name,
			unsigned int n)
{
	struct vd_waiter w[4];
	unsigned int i, seen = vd_waiters(test, id, name, w, ARRAY_SIZE(w));

	for (i = 0; i < min(seen, n); i++)
		if (strcmp(w[i].state, "waiting"))
			return false;
	return seen == n;
}

static void needs_debugfs(struct kunit *test)
{
	if (!vt_has_debugfs())
		kunit_skip(test, "no debugfs at /sys/kernel/debug");
}

/*
 * [48] debugfs lists pid, size and flags of each waiter until the waiter is
 * served.
 */
static void waiters_are_listed(struct kunit *test)
{
	vmem_t *vm = full_arena(test, 8);
	unsigned int n, id = vd_id(test, vm);
	struct vd_waiter w[4] = { };
	struct vt_thread *t[3];

	needs_debugfs(test);
	KUNIT_EXPECT_EQ(test, vd_waiters(test, id, "full", w, 4), 0U);
	t[0] = add_waiter(test, vm, 3, VM_SLEEP, 1);
	t[1] = add_waiter(test, vm, 1, VM_SLEEP | VM_BESTFIT | VM_PUSHPAGE, 2);
	t[2] = start_two_words(test, vm, 5, VM_SLEEP | VM_NEXTFIT);
	vd_wait_waiters(test, vm, 3);
	n = vd_waiters(test, id, "full", w, 4);
	KUNIT_EXPECT_EQ(test, n, 3U);
	if (n == 3) {
		KUNIT_EXPECT_TRUE(test, is_listed(w, n, t[0], "vmem-test"));
		KUNIT_EXPECT_TRUE(test, is_listed(w, n, t[1], "vmem-test"));
		KUNIT_EXPECT_TRUE(test, is_listed(w, n, t[2], "two words"));
		KUNIT_EXPECT_TRUE(test, vd_poll(test, all_waiting(test, id,
								  "full", 3)));
	}
	vt_free(vm, 8, 1);
	KUNIT_EXPECT_EQ(test, vd_join(test, t[1], NULL), 8UL);
	n = vd_waiters(test, id, "full", w, 4);
	KUNIT_EXPECT_EQ(test, n, 2U);
	if (n == 2) {
		KUNIT_EXPECT_TRUE(test, is_listed(w, n, t[0], "vmem-test"));
		KUNIT_EXPECT_TRUE(test, is_listed(w, n, t[2], "two words"));
	}
	for (n = 1; n <= 8; n++)
		vt_free(vm, n, 1);
	vd_join(test, t[0], NULL);
	vd_join(test, t[2], NULL);
	KUNIT_EXPECT_EQ(test, vd_waiters(test, id, "full", w, 4), 0U);
	KUNIT_EXPECT_EQ(test, vt_stats(vm).waiters, 0ULL);
	free_rest(test, vm);
}

/*
 * [48] A waiting request is listed in its own arena, at any depth, and not in
 * the root.
 */
static void waiters_are_listed_in_their_own_arena(struct kunit *test)
{
	static const struct vd_shape s = { "chain", 12, 0 };
	struct vd_path *c = vd_path(test, &s, 8);
	unsigned int leaf = vd_id(test, c->leaf);
	unsigned int root = vd_id(test, c->vm[0]);
	unsigned long all = vt_alloc(c->vm[0], 8, VM_SLEEP), addr;
	struct vd_waiter w[4] = { };
	struct vt_thread *t;

	needs_debugfs(test);
	t = add_waiter(test, c->leaf, 7, VM_SLEEP, 1);
	vd_wait_waiters(test, c->vm[0], 1);
	KUNIT_EXPECT_EQ(test, vd_waiters(test, leaf, "level", w, 4), 1U);
	KUNIT_EXPECT_TRUE(test, is_listed(w, 1, t, "vmem-test"));
	KUNIT_EXPECT_EQ(test, vd_waiters(test, root, "root", w, 4), 0U);
	vt_free(c->vm[0], all, 8);
	addr = vd_join(test, t, NULL);
	if (vd_stuck(test))
		return;
	KUNIT_EXPECT_EQ(test, vd_waiters(test, leaf, "level", w, 4), 0U);
	vt_free(c->leaf, addr, 7);
}

/* [48] A waiting request for a cached size is listed. */
static void waiters_for_cached_sizes_are_listed(struct kunit *test)
{
	vmem_t *vm = vd_ids(test, "cached", 8, VD_CACHED);
	unsigned int id = vd_id(test, vm);
	unsigned long all = vd_xalloc(vm, 8, VM_SLEEP), addr;
	struct vd_waiter w[4] = { };
	struct vt_thread *t;

	needs_debugfs(test);
	t = add_waiter(test, vm, 3, VM_SLEEP, 1);
	KUNIT_EXPECT_EQ(test, vd_waiters(test, id, "cached", w, 4), 1U);
	KUNIT_EXPECT_TRUE(test, is_listed(w, 1, t, "vmem-test"));
	vt_xfree(vm, all, 8);
	addr = vd_join(test, t, NULL);
	if (vd_stuck(test))
		return;
	KUNIT_EXPECT_EQ(test, vd_waiters(test, id, "cached", w, 4), 0U);
	vt_free(vm, addr, 3);
}

/*
 * [48] The time in the file "waiters" counts from the first sleep. A retry does
 * not reset this time.
 */
static void retry_does_not_reset_the_wait_time(struct kunit *test)
{
	vmem_t *vm = full_arena(test, 8);
	unsigned int i, id = vd_id(test, vm);
	unsigned long long ms = 0;
	struct vt_thread *t;
	u64 waits;

	needs_debugfs(test);
	t = add_waiter(test, vm, 2, VM_SLEEP, 1);
	for (i = 0; i < 5; i++) {
		struct vd_waiter w = { };

		msleep(100);
		/*
		 * The clock of the file is coarse, so expect only 50 of the 100
		 * ms.
		 */
		KUNIT_EXPECT_EQ(test, vd_waiters(test, id, "full", &w, 1), 1U);
		KUNIT_EXPECT_GE(test, w.ms, ms + 50);
		ms = w.ms;
		waits = vd_stable_waits(vm);
		vmem_update(NULL);
		vd_wait_asleep(test, vm, waits + 1);
	}
	vt_free(vm, 1, 1);
	vt_free(vm, 2, 1);
	vd_join(test, t, NULL);
	free_rest(test, vm);
}

static struct completion entered, proceed;

static void *blocked_import(vmem_t *src, size_t size, int vmflag)
{
	if (vmflag & VM_NOSLEEP)
		return NULL;
	complete(&entered);
	wait_for_completion(&proceed);
	return (void *)1;
}

static void release_nothing(vmem_t *src, void *addr, size_t size)
{
}

/* [48] A request inside its import function is listed as importing. */
static void waiter_in_an_import_is_listed_as_importing(struct kunit *test)
{
	vmem_t *vm = vt_track(test, vmem_create("slow", NULL, 0, 1,
						blocked_import, release_nothing,
						vd_ids(test, "label", 0, 0), 0,
						VM_SLEEP | VMC_IDENTIFIER));
	unsigned int id = vd_id(test, vm);
	struct vd_waiter w[2] = { };
	unsigned long addr;
	struct vt_thread *t;

	needs_debugfs(test);
	init_completion(&entered);
	init_completion(&proceed);
	t = vt_request(test, vm, 3, VM_SLEEP);
	wait_for_completion(&entered);
	KUNIT_EXPECT_EQ(test, vd_waiters(test, id, "slow", w, 2), 1U);
	KUNIT_EXPECT_TRUE(test, is_listed(w, 1, t, "vmem-test"));
	KUNIT_EXPECT_STREQ(test, w[0].state, "importing");
	complete(&proceed);
	addr = vd_join(test, t, NULL);
	if (vd_stuck(test))
		return;
	KUNIT_EXPECT_EQ(test, vd_waiters(test, id, "slow", w, 2), 0U);
	vt_free(vm, addr, 3);
}

static atomic_t imports;
static bool may_import;

/*
 * Import function. By [44] each failed attempt of a VM_SLEEP request ends with
 * an import that may sleep. The function counts only these imports.
 */
static void *counting_import(vmem_t *src, size_t size, int vmflag)
{
	if (!(vmflag & VM_NOSLEEP))
		atomic_inc(&imports);
	return READ_ONCE(may_import) ? (void *)1 : NULL;
}

/*
 * Poll until counting_import() has counted at least @n imports. Rounds of
 * maintenance make the waiter retry the import.
 */
static void wait_for_imports(struct kunit *test, int n)
{
	if (!vd_poll(test, atomic_read(&imports) >= n))
		KUNIT_FAIL(test, "%d imports, expected at least %d",
			   atomic_read(&imports), n);
}

static void set_interval(struct kunit *test, const char *seconds)
{
	if (vt_param("interval", seconds, NULL, 0))
		kunit_skip(test, "no module parameter to set in sysfs");
}

/*
 * True if the task is in the uninterruptible state that the hung task detector
 * checks.
 */
static bool sleeps_without_interruption(struct vt_thread *t)
{
	unsigned int state = READ_ONCE(t->task->__state);

	return state & TASK_UNINTERRUPTIBLE &&
	       !(state & (TASK_WAKEKILL | TASK_NOLOAD));
}

/*
 * [48] Periodic maintenance does not wake a waiter whose source path has no
 * import function of a client, with or without caches: the waiter's thread
 * makes no context switch. vmem_update() wakes each such waiter once.
 */
static void maintenance_wakes_no_waiter(struct kunit *test)
{
	static const struct vd_shape s = { "chain", 12, 2 };
	struct vd_path *c = vd_path(test, &s, 8);
	unsigned long all = vd_xalloc(c->vm[0], 8, VM_SLEEP), before, addr;
	struct vt_thread *t[3], *importer;
	unsigned int i;
	vmem_t *vm;
	u64 waits;
	int nr_before;

	atomic_set(&imports, 0);
	WRITE_ONCE(may_import, false);
	vm = vt_track(test, vmem_create("importer", NULL, 0, 1, counting_import,
					release_nothing,
					vd_ids(test, "label", 0, 0), 0,
					VM_SLEEP | VMC_IDENTIFIER));
	t[0] = vt_request(test, c->leaf, 5, VM_SLEEP);
	t[1] = vt_request(test, c->leaf, 1, VM_SLEEP);
	t[2] = vt_request(test, c->vm[0], 2, VM_SLEEP);
	vd_wait_waiters(test, c->vm[0], 3);
	vd_stable_waits(c->vm[0]);
	set_interval(test, "1");
	importer = add_waiter(test, vm, 1, VM_SLEEP, 1);
	nr_before = atomic_read(&imports);
	/*
	 * The waiter @importer retries in the first and the second round of
	 * maintenance.
	 */
	wait_for_imports(test, nr_before + 2);
	before = nr_switches(t[0]) + nr_switches(t[1]) + nr_switches(t[2]);
	waits = vt_stats(c->vm[0]).wait;
	/*
	 * @importer retries again in the fourth and the eighth round, or
	 * earlier.
	 */
	wait_for_imports(test, nr_before + 4);
	KUNIT_EXPECT_EQ(test, nr_switches(t[0]) + nr_switches(t[1]) +
			nr_switches(t[2]), before);
	KUNIT_EXPECT_EQ(test, vt_stats(c->vm[0]).wait, waits);
	for (i = 0; i < 3; i++)
		KUNIT_EXPECT_TRUE(test, sleeps_without_interruption(t[i]));
	vt_param("interval", "3600", NULL, 0);
	vmem_update(NULL);
	/*
	 * @importer waits in another arena, so only the other three waiters
	 * count.
	 */
	vd_wait_asleep(test, c->vm[0], waits + 3);
	WRITE_ONCE(may_import, true);
	vmem_update(NULL);
	addr = vd_join(test, importer, NULL);
	if (vd_stuck(test))
		return;
	vt_free(vm, addr, 1);

	vd_wait_waiters(test, c->vm[0], 3);
	vt_xfree(c->vm[0], all, 8);
	for (i = 0; i < 3; i++) {
		vmem_t *of = t[i]->vm;
		size_t size = t[i]->size;

		addr = vd_join(test, t[i], NULL);
		if (vd_stuck(test))
			return;
		vt_free(of, addr, size);
	}
}

#define HUNG_TIMEOUT	"/proc/sys/kernel/hung_task_timeout_secs"

/* Number of reports about this task by the hung task detector since @from. */
static unsigned int hung_reports(struct kmsg_dump_iter from,
				 struct vt_thread *t)
{
	char line[256], want[48];
	unsigned int n = 0;
	size_t len;

	snprintf(want, sizeof(want), "vmem-test:%d blocked for more than",
		 task_pid_nr(t->task));
	while (kmsg_dump_get_line(&from, false, line, sizeof(line) - 1, &len)) {
		line[len] = '\0';
		n += !!strstr(line, want);
	}
	return n;
}

/*
 * [48] The hung task detector reports a waiting task although periodic
 * maintenance runs.
 */
static void hung_task_detector_reports_waiters(struct kunit *test)
{
	struct kmsg_dump_iter log;
	struct vt_thread *t;
	vmem_t *vm;

	if (!IS_ENABLED(CONFIG_DETECT_HUNG_TASK) ||
	    vt_shell("[ -w " HUNG_TIMEOUT " ] && ", "[ -x /bin/sh ]"))
		kunit_skip(test, "no hung task detector");
	vm = full_arena(test, 8);
	set_interval(test, "1");
	pr_info("vmem-test: expect ? \"blocked for more than\"\n");
	kmsg_dump_rewind(&log);
	log.cur_seq = log.next_seq;
	t = add_waiter(test, vm, 2, VM_SLEEP, 1);
	vt_shell("echo 3 >", HUNG_TIMEOUT);
	KUNIT_EXPECT_TRUE(test, vd_poll(test, hung_reports(log, t)));
	vt_shell("echo 120 >", HUNG_TIMEOUT);
	vt_param("interval", "3600", NULL, 0);
	vt_free(vm, 1, 1);
	vt_free(vm, 2, 1);
	vd_join(test, t, NULL);
	pr_info("vmem-test: end\n");
	free_rest(test, vm);
}

static void waiters_exit(struct kunit *test)
{
	vt_param("interval", "3600", NULL, 0);
	vd_exit(test);
}

static struct kunit_case vmem_live_waiters_cases[] = {
	KUNIT_CASE(free_that_is_too_small_wakes_nothing),
	KUNIT_CASE(source_free_that_is_too_small_wakes_nothing),
	KUNIT_CASE(first_come_first_served),
	KUNIT_CASE(retries_keep_the_order),
	KUNIT_CASE(free_wakes_the_first_waiter_that_fits),
	KUNIT_CASE(one_free_serves_waiters_in_order),
	KUNIT_CASE(one_free_wakes_one_waiter),
	KUNIT_CASE(one_free_in_the_source_wakes_one_waiter),
	KUNIT_CASE(many_frees_serve_many_waiters),
	KUNIT_CASE(unusable_offer_serves_the_next_waiter),
	KUNIT_CASE(waiter_with_two_offers_hands_one_on),
	KUNIT_CASE(small_requests_do_not_starve_a_large_one),
	KUNIT_CASE(waiter_does_not_hold_up_nosleep),
	KUNIT_CASE(no_wake_up_is_lost_in_a_tree),
	KUNIT_CASE(no_wake_up_is_lost_with_some_caches),
	KUNIT_CASE(no_wake_up_is_lost_with_all_caches),
	KUNIT_CASE(no_wake_up_is_lost_in_a_slab),
	KUNIT_CASE(waiters_are_listed),
	KUNIT_CASE(waiters_are_listed_in_their_own_arena),
	KUNIT_CASE(waiters_for_cached_sizes_are_listed),
	KUNIT_CASE(retry_does_not_reset_the_wait_time),
	KUNIT_CASE(waiter_in_an_import_is_listed_as_importing),
	KUNIT_CASE(maintenance_wakes_no_waiter),
	KUNIT_CASE(hung_task_detector_reports_waiters),
	{}
};

static struct kunit_suite vmem_live_waiters_suite = {
	.name = "vmem_live_waiters",
	.suite_init = vd_suite_init,
	.suite_exit = vd_suite_exit,
	.init = vt_init,
	.exit = waiters_exit,
	.test_cases = vmem_live_waiters_cases,
};

kunit_test_suite(vmem_live_waiters_suite);

MODULE_DESCRIPTION("KUnit: the order and the visibility of vmem's waiters");
MODULE_LICENSE("GPL");
