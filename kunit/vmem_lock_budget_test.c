// SPDX-License-Identifier: GPL-2.0
/*
 * Long searches, which relax the arena lock, and concurrent changes of the
 * arena.
 *
 * On one CPU without kernel preemption the order of execution is certain: a
 * thread of a higher priority runs when a VM_SLEEP search relaxes the lock for
 * the first time. torture/ covers the other configurations.
 */
#include "../vmem/arena.h"
#include "../vmem/arena/search.h"
#include "vmem_test_thread.h"

/*
 * Number of free segments in one class. A search of all of them relaxes the
 * lock twice.
 */
#define NR_SEGS	(5 * VMEM_LOCK_BUDGET / 2)

/*
 * Each free segment is in a slot of 16 units. The slot at TOP, above all other
 * slots, is allocated as a whole.
 */
#define SLOT	(16 * U)
#define BASE	(16 * U)
#define TOP	(BASE + NR_SEGS * SLOT)

/* The search may relax the lock, but the request does not wait. */
#define ABORT	(VM_SLEEP | VM_ABORT)

/* Start of the segment in slot @i. */
static unsigned long seg_at(unsigned int i)
{
	return BASE + i * SLOT;
}

/*
 * An arena in which each slot begins with a free segment of 10 units, or 9
 * units in slot @odd. The rest of each slot is allocated. The free list of the
 * class begins with the segment in the lowest slot, which was freed last.
 */
static vmem_t *fragmented_arena(struct kunit *test, unsigned int odd)
{
	vmem_t *vm = vt_arena(test, BASE, (NR_SEGS + 1) * SLOT, U);
	unsigned int i;

	for (i = 0; i < NR_SEGS; i++) {
		unsigned long size = i == odd ? 9 * U : 10 * U;

		KUNIT_ASSERT_EQ(test, vt_alloc_at(vm, seg_at(i), size),
				seg_at(i));
		KUNIT_ASSERT_EQ(test, vt_alloc_at(vm, seg_at(i) + size,
						  SLOT - size),
				seg_at(i) + size);
	}
	KUNIT_ASSERT_EQ(test, vt_alloc_at(vm, TOP, SLOT), TOP);
	for (i = NR_SEGS; i--;)
		vt_xfree(vm, seg_at(i), i == odd ? 9 * U : 10 * U);
	return vm;
}

/*
 * Allocate in a window. The tests set only one bound, since an exact window
 * needs no search.
 */
static unsigned long xalloc_in(vmem_t *vm, size_t size, unsigned long min,
			       unsigned long max, int vmflag)
{
	return (unsigned long)vmem_xalloc(vm, size, 0, 0, 0, (void *)min,
					  (void *)max, vmflag);
}

/*
 * [34] A search finds the only segment that fits, even if it is the last of
 * many.
 */
static void last_of_many_segments_is_found(struct kunit *test)
{
	vmem_t *vm = fragmented_arena(test, NR_SEGS);
	u64 search = vt_stats(vm).search;
	unsigned long last = seg_at(NR_SEGS - 1);

	KUNIT_EXPECT_EQ(test, xalloc_in(vm, 10 * U, last, 0, VM_NOSLEEP), last);
	KUNIT_EXPECT_EQ(test, vt_stats(vm).search - search, NR_SEGS - 1ULL);
	KUNIT_EXPECT_EQ(test, xalloc_in(vm, 10 * U, last, 0, VM_NOSLEEP), 0UL);
}

/*
 * [18] Best fit finds the smallest of many segments. If several segments have
 * this size, best fit takes the first of them in the free list.
 */
static void best_of_many_segments_is_found(struct kunit *test)
{
	static const unsigned int odd[] = {
		0, 1, VMEM_LOCK_BUDGET - 1, VMEM_LOCK_BUDGET, VMEM_LOCK_BUDGET + 1, NR_SEGS - 1
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(odd); i++) {
		vmem_t *vm = fragmented_arena(test, odd[i]);

		KUNIT_EXPECT_EQ(test, vt_alloc(vm, 8 * U, VM_NOSLEEP |
					       VM_BESTFIT), seg_at(odd[i]));
		KUNIT_EXPECT_EQ(test, vt_alloc(vm, 8 * U, VM_NOSLEEP |
					       VM_BESTFIT), seg_at(!odd[i]));
		vt_close(test, vm);
	}
}

/*
 * [26] Next fit searches all of many segments, until the search has returned to
 * its start.
 */
static void next_fit_searches_the_whole_arena(struct kunit *test)
{
	vmem_t *vm = fragmented_arena(test, NR_SEGS);
	unsigned long last = seg_at(NR_SEGS - 1);

	KUNIT_EXPECT_EQ(test, vt_alloc(vm, 10 * U, VM_NOSLEEP | VM_NEXTFIT),
			seg_at(0));
	/* The segment at the rotor is too small: the search wraps. */
	vt_free(vm, seg_at(0), 10 * U);
	vt_xfree(vm, seg_at(0) + 10 * U, 6 * U);
	KUNIT_EXPECT_EQ(test, vt_alloc(vm, 11 * U, VM_NOSLEEP | VM_NEXTFIT),
			seg_at(0) + 10 * U);
	vt_free(vm, seg_at(0) + 10 * U, 11 * U);
	vt_xfree(vm, last + 10 * U, 6 * U);
	KUNIT_EXPECT_EQ(test, vt_alloc(vm, 12 * U, VM_NOSLEEP | VM_NEXTFIT),
			last);
	KUNIT_EXPECT_EQ(test, vt_alloc(vm, 12 * U, VM_NOSLEEP | VM_NEXTFIT),
			seg_at(0));
	KUNIT_EXPECT_EQ(test, vt_alloc(vm, 40 * U, VM_NOSLEEP | VM_NEXTFIT),
			0UL);
}

/* --- a thread runs when the search relaxes the lock --- */

/**
 * struct seen - state of the search when the thread runs
 * @relaxed: a search has relaxed the lock
 * @at: start of the segment that the search examines next
 * @best: start of the best segment so far
 */
static struct seen {
	bool relaxed;
	unsigned long at;
	unsigned long best;
} seen;

/* Record the state of the search. */
static void record_search(vmem_t *vm)
{
	struct vmem_class_cursor *cur;
	struct vmem_cursor *place;

	spin_lock_irq(&vm->segmap.lock);
	cur = hlist_entry_safe(vm->segmap.classes.cursors.first,
			       struct vmem_class_cursor, link);
	place = hlist_entry_safe(vm->segmap.cursors.first, struct vmem_cursor,
				 link);
	seen = (struct seen){
		.relaxed = cur || (place && place != &vm->rotor),
		.at = cur && cur->seg ? cur->seg->start : 0,
		.best = cur && cur->best ? cur->best->start : 0,
	};
	if (place && place != &vm->rotor)
		seen.at = place->seg->start;
	spin_unlock_irq(&vm->segmap.lock);
}

static void (*when_relaxed)(struct vt_thread *t);

static void record_and_run(struct vt_thread *t)
{
	record_search(t->vm);
	when_relaxed(t);
	t->errors += vmem_verify(t->vm);
}

/* Start a thread that runs @fn when the next request relaxes the lock. */
static struct vt_thread *run_when_relaxed(struct kunit *test, vmem_t *vm,
					  void (*fn)(struct vt_thread *t))
{
	struct vt_thread *t;

	if (IS_ENABLED(CONFIG_PREEMPTION) || num_online_cpus() > 1)
		kunit_skip(test, "needs one CPU and no preemption");
	t = vt_thread_start(test, record_and_run, vm, 0, 0);
	KUNIT_ASSERT_NOT_NULL(test, t);
	seen = (struct seen){ };
	when_relaxed = fn;
	sched_set_fifo(t->task);
	wake_up_process(t->task);
	return t;
}

/* Wait for the thread. Expect that it ran while the lock was relaxed. */
static void join_when_relaxed(struct kunit *test, struct vt_thread *t)
{
	unsigned int errors = 0;

	vt_join(test, t, &errors);
	KUNIT_EXPECT_EQ(test, errors, 0U);
	KUNIT_EXPECT_TRUE(test, seen.relaxed);
}

static void free_top(struct vt_thread *t)
{
	vt_xfree(t->vm, TOP, SLOT);
}

/*
 * [34] A thread frees a segment in a class after the search has left this
 * class. The search finds the segment.
 */
static void segment_freed_before_the_cursor_is_found(struct kunit *test)
{
	vmem_t *vm = fragmented_arena(test, NR_SEGS);
	struct vt_thread *t = run_when_relaxed(test, vm, free_top);

	KUNIT_EXPECT_EQ(test, xalloc_in(vm, 10 * U, TOP, 0, ABORT), TOP);
	join_when_relaxed(test, t);
}

static void free_first_alloc_last(struct vt_thread *t)
{
	vt_xfree(t->vm, seg_at(0), 10 * U);
	t->errors += vt_alloc_at(t->vm, seg_at(NR_SEGS - 1), 10 * U) !=
		     seg_at(NR_SEGS - 1);
}

/*
 * [34] While the lock is relaxed, a thread frees a segment into the visited
 * part of the class list and allocates another segment of the same size. The
 * search finds the freed segment.
 */
static void free_before_the_cursor_with_an_alloc_is_found(struct kunit *test)
{
	vmem_t *vm = fragmented_arena(test, NR_SEGS);
	struct vt_thread *t;

	KUNIT_ASSERT_EQ(test, vt_alloc_at(vm, seg_at(0), 10 * U), seg_at(0));
	t = run_when_relaxed(test, vm, free_first_alloc_last);
	KUNIT_EXPECT_EQ(test, xalloc_in(vm, 10 * U, 0, seg_at(0) + 10 * U,
					ABORT), seg_at(0));
	join_when_relaxed(test, t);
}

static void free_larger(struct vt_thread *t)
{
	vt_xfree(t->vm, TOP, 11 * U);
}

/*
 * [34] While the lock is relaxed, a thread frees the largest segment of the
 * class into the visited part of the class list. The search finds this segment,
 * and does not lower the cached maximum of the class below the size of the
 * segment.
 */
static void largest_segment_freed_before_the_cursor_is_found(struct kunit *test)
{
	vmem_t *vm = fragmented_arena(test, NR_SEGS);
	struct vt_thread *t;

	/* Set the cached maximum of the class to 11 units. */
	vt_xfree(vm, TOP, SLOT);
	KUNIT_ASSERT_EQ(test, vt_alloc_at(vm, TOP, 11 * U), TOP);
	KUNIT_ASSERT_EQ(test, vt_alloc_at(vm, TOP + 11 * U, 5 * U), TOP + 11 * U);
	vt_xfree(vm, TOP, 11 * U);
	KUNIT_ASSERT_EQ(test, vt_alloc_at(vm, TOP, 11 * U), TOP);

	t = run_when_relaxed(test, vm, free_larger);
	KUNIT_EXPECT_EQ(test, vt_alloc(vm, 11 * U, ABORT | VM_BESTFIT), TOP);
	join_when_relaxed(test, t);
}

static void alloc_at_cursor(struct vt_thread *t)
{
	unsigned int i;

	/*
	 * Allocate the segment at the cursor and the next two segments in the
	 * list.
	 */
	for (i = 0; seen.at && i < 3; i++)
		t->errors += vt_alloc_at(t->vm, seen.at + i * SLOT, 10 * U) !=
			     seen.at + i * SLOT;
}

/* A search continues although the segment at its cursor has been allocated. */
static void search_survives_alloc_at_its_cursor(struct kunit *test)
{
	vmem_t *vm = fragmented_arena(test, NR_SEGS);
	unsigned long last = seg_at(NR_SEGS - 1);
	struct vt_thread *t = run_when_relaxed(test, vm, alloc_at_cursor);

	KUNIT_EXPECT_EQ(test, xalloc_in(vm, 10 * U, last, 0, ABORT), last);
	join_when_relaxed(test, t);
}

static void alloc_best(struct vt_thread *t)
{
	if (seen.best)
		t->errors += vt_alloc_at(t->vm, seen.best, 9 * U) !=
			     seen.best;
}

/*
 * [18] If the best segment so far has been allocated, the search finds another
 * segment.
 */
static void search_survives_alloc_of_its_best(struct kunit *test)
{
	vmem_t *vm = fragmented_arena(test, 3);
	struct vt_thread *t = run_when_relaxed(test, vm, alloc_best);
	unsigned long addr = vt_alloc(vm, 8 * U, ABORT | VM_BESTFIT);

	KUNIT_EXPECT_NE(test, addr, 0UL);
	join_when_relaxed(test, t);
	KUNIT_EXPECT_EQ(test, seen.best, seg_at(3));
	KUNIT_EXPECT_NE(test, addr, seg_at(3));
}

static void shrink_best(struct vt_thread *t)
{
	if (seen.best)
		t->errors += vt_alloc_at(t->vm, seen.best, U) !=
			     seen.best;
}

/*
 * [16] If the best segment so far has shrunk and is no longer aligned, the
 * search finds another segment.
 */
static void search_survives_shrinking_of_its_best(struct kunit *test)
{
	vmem_t *vm = fragmented_arena(test, 3);
	struct vt_thread *t = run_when_relaxed(test, vm, shrink_best);
	unsigned long addr;

	/* The shrunk segment is still large enough and in the same class. */
	addr = (unsigned long)vmem_xalloc(vm, 8 * U, SLOT, 0, 0, NULL, NULL,
					  ABORT | VM_BESTFIT);
	KUNIT_EXPECT_NE(test, addr, 0UL);
	KUNIT_EXPECT_EQ(test, addr % SLOT, 0UL);
	join_when_relaxed(test, t);
	KUNIT_EXPECT_EQ(test, seen.best, seg_at(3));
	KUNIT_EXPECT_NE(test, addr, seg_at(3));
}

static void merge_all(struct vt_thread *t)
{
	unsigned int i;

	for (i = 0; i < NR_SEGS; i++)
		vt_xfree(t->vm, seg_at(i) + 10 * U, 6 * U);
}

/*
 * [34] A search finds a free segment even if all segments have merged into one.
 */
static void merged_segments_are_found(struct kunit *test)
{
	vmem_t *vm = fragmented_arena(test, NR_SEGS);
	struct vt_thread *t = run_when_relaxed(test, vm, merge_all);
	unsigned long last = seg_at(NR_SEGS - 1);

	KUNIT_EXPECT_EQ(test, xalloc_in(vm, 10 * U, last + U, 0, ABORT),
			last + U);
	join_when_relaxed(test, t);
}

/*
 * [26] [34] Next fit finds a free segment even if all segments have merged. The
 * segment where the search began then no longer exists.
 */
static void next_fit_finds_merged_segments(struct kunit *test)
{
	vmem_t *vm = fragmented_arena(test, NR_SEGS);
	struct vt_thread *t;

	KUNIT_EXPECT_EQ(test, vt_alloc(vm, 10 * U, VM_NOSLEEP | VM_NEXTFIT),
			seg_at(0));
	t = run_when_relaxed(test, vm, merge_all);
	KUNIT_EXPECT_NE(test, vt_alloc(vm, 12 * U, ABORT | VM_NEXTFIT), 0UL);
	join_when_relaxed(test, t);
	KUNIT_EXPECT_EQ(test, vt_stats(vm).fail, 0ULL);
}

static void free_origin(struct vt_thread *t)
{
	vt_xfree(t->vm, seg_at(0) + 10 * U, 6 * U);
}

/* [26] [34] Next fit finds a segment that is freed where the search began. */
static void next_fit_comes_back_to_its_origin(struct kunit *test)
{
	vmem_t *vm = fragmented_arena(test, NR_SEGS);
	struct vt_thread *t;

	/* Move the rotor to the end of the first segment. */
	KUNIT_EXPECT_EQ(test, vt_alloc(vm, 10 * U, VM_NOSLEEP | VM_NEXTFIT),
			seg_at(0));
	vt_free(vm, seg_at(0), 10 * U);
	t = run_when_relaxed(test, vm, free_origin);
	KUNIT_EXPECT_NE(test, vt_alloc(vm, 15 * U, ABORT | VM_NEXTFIT), 0UL);
	join_when_relaxed(test, t);
}

static void use_up_structures(struct vt_thread *t)
{
	unsigned int i;

	for (i = 0; i < 100; i++)
		t->errors += !vt_alloc(t->vm, U, VM_NOSLEEP);
}

/*
 * While the lock is relaxed, no other request can take the segment structures
 * that the searching request has set aside.
 */
static void structures_stay_set_aside(struct kunit *test)
{
	vmem_t *vm = fragmented_arena(test, NR_SEGS);
	unsigned long last = seg_at(NR_SEGS - 1);
	struct vt_thread *t = run_when_relaxed(test, vm, use_up_structures);

	/* A cut from the middle of a segment takes two structures. */
	KUNIT_EXPECT_EQ(test, xalloc_in(vm, 2 * U, last + 2 * U, 0, ABORT),
			last + 2 * U);
	join_when_relaxed(test, t);
}

static void free_and_realloc(struct vt_thread *t)
{
	while (!kthread_should_stop() && t->vm) {
		vt_xfree(t->vm, seg_at(5), 10 * U);
		t->errors += vt_alloc_at(t->vm, seg_at(5), 10 * U) != seg_at(5);
		if (READ_ONCE(t->size))
			break;
		vt_yield();
	}
}

/*
 * A search ends even if the arena changes each time that the search relaxes the
 * lock.
 */
static void raced_search_ends(struct kunit *test)
{
	vmem_t *vm = fragmented_arena(test, NR_SEGS);
	struct vt_thread *t;
	unsigned int i;

	KUNIT_ASSERT_EQ(test, vt_alloc_at(vm, seg_at(5), 10 * U), seg_at(5));
	t = run_when_relaxed(test, vm, free_and_realloc);
	for (i = 0; i < 20; i++)
		KUNIT_EXPECT_EQ(test, xalloc_in(vm, 10 * U,
						seg_at(NR_SEGS - 1) + U, 0,
						ABORT), 0UL);
	WRITE_ONCE(t->size, 1);
	join_when_relaxed(test, t);
	KUNIT_EXPECT_EQ(test, vt_stats(vm).fail, 20ULL);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(last_of_many_segments_is_found),
	KUNIT_CASE(best_of_many_segments_is_found),
	KUNIT_CASE(next_fit_searches_the_whole_arena),
	KUNIT_CASE(segment_freed_before_the_cursor_is_found),
	KUNIT_CASE(free_before_the_cursor_with_an_alloc_is_found),
	KUNIT_CASE(largest_segment_freed_before_the_cursor_is_found),
	KUNIT_CASE(search_survives_alloc_at_its_cursor),
	KUNIT_CASE(search_survives_alloc_of_its_best),
	KUNIT_CASE(search_survives_shrinking_of_its_best),
	KUNIT_CASE(merged_segments_are_found),
	KUNIT_CASE(next_fit_finds_merged_segments),
	KUNIT_CASE(next_fit_comes_back_to_its_origin),
	KUNIT_CASE(structures_stay_set_aside),
	KUNIT_CASE(raced_search_ends),
	{}
};

static struct kunit_suite suite = {
	.name = "vmem_lock_budget",
	.init = vt_init,
	.exit = vt_exit,
	.test_cases = cases,
};

kunit_test_suite(suite);

MODULE_DESCRIPTION("KUnit: long searches of vmem");
MODULE_LICENSE("GPL");
