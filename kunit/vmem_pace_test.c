// SPDX-License-Identifier: GPL-2.0
/*
 * Long searches, which drop the arena lock now and then, and what others do to
 * the arena meanwhile.
 *
 * Without kernel preemption, on one CPU, it is certain who runs when: a thread of
 * a higher priority runs at the first pause of a request that may sleep. Elsewhere
 * there is torture/.
 */
#include "../vmem/arena/arena.h"
#include "../vmem/arena/pace.h"
#include "vmem_test_thread.h"

/* Free pieces in one class, so many that a search of them pauses twice. */
#define PIECES	(5 * VMEM_PACE / 2)

/* Each takes a place of 16 units; so does the room of 16 units at the top. */
#define PLACE	(16 * U)
#define BASE	(16 * U)
#define TOP	(BASE + PIECES * PLACE)

/* Requests that give up where others would sleep for want of space. */
#define TRY	(VM_SLEEP | VM_ABORT)

/* The piece at place @i. */
static unsigned long at(unsigned int i)
{
	return BASE + i * PLACE;
}

/*
 * Free pieces of 10 units, or 9 where @i is @odd, each followed by 6 or 7 units
 * that are allocated. The list of their class begins with the one that was freed
 * last, which is at the lowest place.
 */
static vmem_t *pieces(struct kunit *test, unsigned int odd)
{
	vmem_t *vm = vt_arena(test, BASE, (PIECES + 1) * PLACE, U);
	unsigned int i;

	for (i = 0; i < PIECES; i++) {
		unsigned long size = i == odd ? 9 * U : 10 * U;

		KUNIT_ASSERT_EQ(test, vt_take(vm, at(i), size), at(i));
		KUNIT_ASSERT_EQ(test, vt_take(vm, at(i) + size, PLACE - size),
				at(i) + size);
	}
	KUNIT_ASSERT_EQ(test, vt_take(vm, TOP, PLACE), TOP);
	for (i = PIECES; i--;)
		vt_xfree(vm, at(i), i == odd ? 9 * U : 10 * U);
	return vm;
}

/* Open on one side, or it would be served by address. */
static unsigned long window(vmem_t *vm, size_t size, unsigned long min,
			    unsigned long max, int vmflag)
{
	return (unsigned long)vmem_xalloc(vm, size, 0, 0, 0, (void *)min,
					  (void *)max, vmflag);
}

/* [34] However many there are before it, the one that fits is found. */
static void last_of_many_is_found(struct kunit *test)
{
	vmem_t *vm = pieces(test, PIECES);
	u64 search = vt_stats(vm).search;
	unsigned long last = at(PIECES - 1);

	KUNIT_EXPECT_EQ(test, window(vm, 10 * U, last, 0, VM_NOSLEEP), last);
	KUNIT_EXPECT_EQ(test, vt_stats(vm).search - search, PIECES - 1ULL);
	KUNIT_EXPECT_EQ(test, window(vm, 10 * U, last, 0, VM_NOSLEEP), 0UL);
}

/* [18] The smallest of many, wherever it is; and the first if none is. */
static void best_of_many_is_found(struct kunit *test)
{
	static const unsigned int odd[] = {
		0, 1, VMEM_PACE - 1, VMEM_PACE, VMEM_PACE + 1, PIECES - 1
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(odd); i++) {
		vmem_t *vm = pieces(test, odd[i]);

		KUNIT_EXPECT_EQ(test, vt_alloc(vm, 8 * U, VM_NOSLEEP |
					       VM_BESTFIT), at(odd[i]));
		KUNIT_EXPECT_EQ(test, vt_alloc(vm, 8 * U, VM_NOSLEEP |
					       VM_BESTFIT), at(!odd[i]));
		vt_close(test, vm);
	}
}

/* [26] Next fit goes round an arena of many segments, to where it began. */
static void next_fit_goes_all_the_way(struct kunit *test)
{
	vmem_t *vm = pieces(test, PIECES);
	unsigned long last = at(PIECES - 1);

	KUNIT_EXPECT_EQ(test, vt_alloc(vm, 10 * U, VM_NOSLEEP | VM_NEXTFIT),
			at(0));
	/* What is at the rotor does not do; it goes on to the end, and round. */
	vt_free(vm, at(0), 10 * U);
	vt_xfree(vm, at(0) + 10 * U, 6 * U);
	KUNIT_EXPECT_EQ(test, vt_alloc(vm, 11 * U, VM_NOSLEEP | VM_NEXTFIT),
			at(0) + 10 * U);
	vt_free(vm, at(0) + 10 * U, 11 * U);
	vt_xfree(vm, last + 10 * U, 6 * U);
	KUNIT_EXPECT_EQ(test, vt_alloc(vm, 12 * U, VM_NOSLEEP | VM_NEXTFIT),
			last);
	KUNIT_EXPECT_EQ(test, vt_alloc(vm, 12 * U, VM_NOSLEEP | VM_NEXTFIT),
			at(0));
	KUNIT_EXPECT_EQ(test, vt_alloc(vm, 40 * U, VM_NOSLEEP | VM_NEXTFIT),
			0UL);
}

/* --- somebody does something at the first pause --- */

/**
 * struct meanwhile - what somebody did
 * @paused: a search was paused then
 * @at: the segment that it was to look at next
 * @best: what it liked best so far
 */
static struct meanwhile {
	bool paused;
	unsigned long at;
	unsigned long best;
} meanwhile;

/* Where is the search? */
static void look(vmem_t *vm)
{
	struct vmem_class_cursor *cur;
	struct vmem_cursor *place;

	spin_lock_irq(&vm->space.lock);
	cur = hlist_entry_safe(vm->space.classes.cursors.first,
			       struct vmem_class_cursor, link);
	place = hlist_entry_safe(vm->space.cursors.first, struct vmem_cursor,
				 link);
	meanwhile = (struct meanwhile){
		.paused = cur || (place && place != &vm->rotor),
		.at = cur && cur->seg ? cur->seg->start : 0,
		.best = cur && cur->best ? cur->best->start : 0,
	};
	if (place && place != &vm->rotor)
		meanwhile.at = place->seg->start;
	spin_unlock_irq(&vm->space.lock);
}

static void (*action)(struct vt_thread *t);

static void act(struct vt_thread *t)
{
	look(t->vm);
	action(t);
	t->errors += vmem_verify(t->vm);
}

/* Have @fn run at the first pause of the request that is made next. */
static struct vt_thread *at_pause(struct kunit *test, vmem_t *vm,
				  void (*fn)(struct vt_thread *t))
{
	struct vt_thread *t;

	if (IS_ENABLED(CONFIG_PREEMPTION) || num_online_cpus() > 1)
		kunit_skip(test, "only on one CPU without preemption is it certain who runs when");
	t = vt_thread_start(test, act, vm, 0, 0);
	KUNIT_ASSERT_NOT_NULL(test, t);
	meanwhile = (struct meanwhile){ };
	action = fn;
	sched_set_fifo(t->task);
	wake_up_process(t->task);
	return t;
}

/* It did. */
static void join_at_pause(struct kunit *test, struct vt_thread *t)
{
	unsigned int errors = 0;

	vt_join(test, t, &errors);
	KUNIT_EXPECT_EQ(test, errors, 0U);
	KUNIT_EXPECT_TRUE(test, meanwhile.paused);
}

static void free_behind(struct vt_thread *t)
{
	vt_xfree(t->vm, TOP, PLACE);
}

/* [34] What comes up behind the search is found. */
static void room_that_comes_up_behind_is_found(struct kunit *test)
{
	vmem_t *vm = pieces(test, PIECES);
	struct vt_thread *t = at_pause(test, vm, free_behind);

	KUNIT_EXPECT_EQ(test, window(vm, 10 * U, TOP, 0, TRY), TOP);
	join_at_pause(test, t);
}

static void free_first_take_last(struct vt_thread *t)
{
	vt_xfree(t->vm, at(0), 10 * U);
	t->errors += vt_take(t->vm, at(PIECES - 1), 10 * U) != at(PIECES - 1);
}

/* [34] It is in the class that is being searched; and as much was taken. */
static void exchange_behind_is_noticed(struct kunit *test)
{
	vmem_t *vm = pieces(test, PIECES);
	struct vt_thread *t;

	KUNIT_ASSERT_EQ(test, vt_take(vm, at(0), 10 * U), at(0));
	t = at_pause(test, vm, free_first_take_last);
	KUNIT_EXPECT_EQ(test, window(vm, 10 * U, 0, at(0) + 10 * U, TRY),
			at(0));
	join_at_pause(test, t);
}

static void free_larger(struct vt_thread *t)
{
	vt_xfree(t->vm, TOP, 11 * U);
}

/* [34] The same if it is the largest in there: so large is not forgotten. */
static void larger_one_behind_is_found(struct kunit *test)
{
	vmem_t *vm = pieces(test, PIECES);
	struct vt_thread *t;

	/* So that the class may have one that large, as far as is known. */
	vt_xfree(vm, TOP, PLACE);
	KUNIT_ASSERT_EQ(test, vt_take(vm, TOP, 11 * U), TOP);
	KUNIT_ASSERT_EQ(test, vt_take(vm, TOP + 11 * U, 5 * U), TOP + 11 * U);
	vt_xfree(vm, TOP, 11 * U);
	KUNIT_ASSERT_EQ(test, vt_take(vm, TOP, 11 * U), TOP);

	t = at_pause(test, vm, free_larger);
	KUNIT_EXPECT_EQ(test, vt_alloc(vm, 11 * U, TRY | VM_BESTFIT), TOP);
	join_at_pause(test, t);
}

static void take_next(struct vt_thread *t)
{
	unsigned int i;

	/* Where it stands, and what follows that in the list. */
	for (i = 0; meanwhile.at && i < 3; i++)
		t->errors += vt_take(t->vm, meanwhile.at + i * PLACE, 10 * U) !=
			     meanwhile.at + i * PLACE;
}

/* The search goes on behind what was taken from before its eyes. */
static void search_goes_on_where_its_place_was_taken(struct kunit *test)
{
	vmem_t *vm = pieces(test, PIECES);
	unsigned long last = at(PIECES - 1);
	struct vt_thread *t = at_pause(test, vm, take_next);

	KUNIT_EXPECT_EQ(test, window(vm, 10 * U, last, 0, TRY), last);
	join_at_pause(test, t);
}

static void take_best(struct vt_thread *t)
{
	if (meanwhile.best)
		t->errors += vt_take(t->vm, meanwhile.best, 9 * U) !=
			     meanwhile.best;
}

/* [18] If the best was taken another is found, of those that are left. */
static void another_is_found_when_the_best_was_taken(struct kunit *test)
{
	vmem_t *vm = pieces(test, 3);
	struct vt_thread *t = at_pause(test, vm, take_best);
	unsigned long addr = vt_alloc(vm, 8 * U, TRY | VM_BESTFIT);

	KUNIT_EXPECT_NE(test, addr, 0UL);
	join_at_pause(test, t);
	KUNIT_EXPECT_EQ(test, meanwhile.best, at(3));
	KUNIT_EXPECT_NE(test, addr, at(3));
}

static void nibble_at_best(struct vt_thread *t)
{
	if (meanwhile.best)
		t->errors += vt_take(t->vm, meanwhile.best, U) !=
			     meanwhile.best;
}

/* [16] The same when the best does not do any more, since it begins elsewhere. */
static void another_is_found_when_the_best_does_not_do(struct kunit *test)
{
	vmem_t *vm = pieces(test, 3);
	struct vt_thread *t = at_pause(test, vm, nibble_at_best);
	unsigned long addr;

	/* It is in the same class as before, and large enough. */
	addr = (unsigned long)vmem_xalloc(vm, 8 * U, PLACE, 0, 0, NULL, NULL,
					  TRY | VM_BESTFIT);
	KUNIT_EXPECT_NE(test, addr, 0UL);
	KUNIT_EXPECT_EQ(test, addr % PLACE, 0UL);
	join_at_pause(test, t);
	KUNIT_EXPECT_EQ(test, meanwhile.best, at(3));
	KUNIT_EXPECT_NE(test, addr, at(3));
}

static void free_all_between(struct vt_thread *t)
{
	unsigned int i;

	for (i = 0; i < PIECES; i++)
		vt_xfree(t->vm, at(i) + 10 * U, 6 * U);
}

/* [34] The same when all that it has seen is joined to one. */
static void joined_segments_are_found(struct kunit *test)
{
	vmem_t *vm = pieces(test, PIECES);
	struct vt_thread *t = at_pause(test, vm, free_all_between);
	unsigned long last = at(PIECES - 1);

	KUNIT_EXPECT_EQ(test, window(vm, 10 * U, last + U, 0, TRY), last + U);
	join_at_pause(test, t);
}

/* [26] [34] Next fit finds it as well, though where it began is gone. */
static void next_fit_finds_joined_segments(struct kunit *test)
{
	vmem_t *vm = pieces(test, PIECES);
	struct vt_thread *t;

	KUNIT_EXPECT_EQ(test, vt_alloc(vm, 10 * U, VM_NOSLEEP | VM_NEXTFIT),
			at(0));
	t = at_pause(test, vm, free_all_between);
	KUNIT_EXPECT_NE(test, vt_alloc(vm, 12 * U, TRY | VM_NEXTFIT), 0UL);
	join_at_pause(test, t);
	KUNIT_EXPECT_EQ(test, vt_stats(vm).fail, 0ULL);
}

static void free_origin(struct vt_thread *t)
{
	vt_xfree(t->vm, at(0) + 10 * U, 6 * U);
}

/* [26] [34] And what comes up where it began, as the last. */
static void next_fit_comes_back_to_its_origin(struct kunit *test)
{
	vmem_t *vm = pieces(test, PIECES);
	struct vt_thread *t;

	/* The rotor is behind the first piece. */
	KUNIT_EXPECT_EQ(test, vt_alloc(vm, 10 * U, VM_NOSLEEP | VM_NEXTFIT),
			at(0));
	vt_free(vm, at(0), 10 * U);
	t = at_pause(test, vm, free_origin);
	KUNIT_EXPECT_NE(test, vt_alloc(vm, 15 * U, TRY | VM_NEXTFIT), 0UL);
	join_at_pause(test, t);
}

static void use_up_structures(struct vt_thread *t)
{
	unsigned int i;

	for (i = 0; i < 100; i++)
		t->errors += !vt_alloc(t->vm, U, VM_NOSLEEP);
}

/* What a request may need is not taken by others while it searches. */
static void structures_stay_set_aside(struct kunit *test)
{
	vmem_t *vm = pieces(test, PIECES);
	unsigned long last = at(PIECES - 1);
	struct vt_thread *t = at_pause(test, vm, use_up_structures);

	/* From the middle of a segment, which takes two. */
	KUNIT_EXPECT_EQ(test, window(vm, 2 * U, last + 2 * U, 0, TRY),
			last + 2 * U);
	join_at_pause(test, t);
}

static void disturb(struct vt_thread *t)
{
	while (!kthread_should_stop() && t->vm) {
		vt_xfree(t->vm, at(5), 10 * U);
		t->errors += vt_take(t->vm, at(5), 10 * U) != at(5);
		if (READ_ONCE(t->size))
			break;
		vt_pause();
	}
}

/* A search that is disturbed at every pause comes to an end nevertheless. */
static void a_search_ends_however_much_is_going_on(struct kunit *test)
{
	vmem_t *vm = pieces(test, PIECES);
	struct vt_thread *t;
	unsigned int i;

	KUNIT_ASSERT_EQ(test, vt_take(vm, at(5), 10 * U), at(5));
	t = at_pause(test, vm, disturb);
	for (i = 0; i < 20; i++)
		KUNIT_EXPECT_EQ(test, window(vm, 10 * U, at(PIECES - 1) + U, 0,
					     TRY), 0UL);
	WRITE_ONCE(t->size, 1);
	join_at_pause(test, t);
	KUNIT_EXPECT_EQ(test, vt_stats(vm).fail, 20ULL);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(last_of_many_is_found),
	KUNIT_CASE(best_of_many_is_found),
	KUNIT_CASE(next_fit_goes_all_the_way),
	KUNIT_CASE(room_that_comes_up_behind_is_found),
	KUNIT_CASE(exchange_behind_is_noticed),
	KUNIT_CASE(larger_one_behind_is_found),
	KUNIT_CASE(search_goes_on_where_its_place_was_taken),
	KUNIT_CASE(another_is_found_when_the_best_was_taken),
	KUNIT_CASE(another_is_found_when_the_best_does_not_do),
	KUNIT_CASE(joined_segments_are_found),
	KUNIT_CASE(next_fit_finds_joined_segments),
	KUNIT_CASE(next_fit_comes_back_to_its_origin),
	KUNIT_CASE(structures_stay_set_aside),
	KUNIT_CASE(a_search_ends_however_much_is_going_on),
	{}
};

static struct kunit_suite suite = {
	.name = "vmem_pace",
	.init = vt_init,
	.exit = vt_exit,
	.test_cases = cases,
};

kunit_test_suite(suite);

MODULE_DESCRIPTION("KUnit tests of vmem: long searches");
MODULE_LICENSE("GPL");
