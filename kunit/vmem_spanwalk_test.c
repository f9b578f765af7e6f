// SPDX-License-Identifier: GPL-2.0
/*
 * Walks while spans are added and released, nested walks, and walks while other
 * threads use the arena.
 */
#include "vmem_test_import.h"
#include "vmem_test_thread.h"
#include "vmem_test_walk.h"

static void free_whole_span(struct walk_log *w, unsigned long start,
			    size_t size)
{
	unsigned int before = vt_imp.releases;

	/* At the first of a span's two identifiers, free both identifiers. */
	if (start & 1)
		return;
	vt_free(w->vm, start + 1, 1);
	vt_free(w->vm, start, 1);
	/* [3] The span is released at once although the walk is in it. */
	KUNIT_EXPECT_EQ(w->test, vt_imp.releases, before + 1);
}

/* [29] A walk continues even if the span of the visited segment is released. */
static void walk_that_releases_its_span(struct kunit *test)
{
	vmem_t *vm = vt_ximporter(test, 1, vt_release, 1, 0);
	struct walk_log *w = walk_log(test, vm);
	unsigned int i;

	vt_imp.raise = 1;
	for (i = 0; i < 32; i++) {
		vt_imp.next = 100 + 4 * i;
		KUNIT_ASSERT_EQ(test, vt_alloc(vm, 1, VM_NOSLEEP),
				100UL + 4 * i);
		KUNIT_ASSERT_EQ(test, vt_alloc(vm, 1, VM_NOSLEEP),
				101UL + 4 * i);
	}
	w->act = free_whole_span;
	vmem_walk(vm, VMEM_ALLOC | VMEM_REENTRANT, walk_log_add, w);
	KUNIT_EXPECT_EQ(test, w->calls, 32U);
	KUNIT_EXPECT_EQ(test, vt_imp.releases, 32U);
	KUNIT_EXPECT_EQ(test, vt_count(vm, VMEM_ALLOC | VMEM_FREE), 0U);
}

static void free_next_span(struct walk_log *w, unsigned long start, size_t size)
{
	/* At every second span, free the next span. */
	if (start % 2 == 0)
		vt_free(w->vm, start + 1, 1);
}

/*
 * [29] A walk skips the next span of the list if this span is released before
 * the walk reaches it.
 */
static void walk_that_releases_the_next_span(struct kunit *test)
{
	vmem_t *vm = vt_importer(test, 1, vt_release, 1, 0, 0);
	struct walk_log *w = walk_log(test, vm);
	unsigned int i;

	vt_imp.next = 100;
	for (i = 0; i < 8; i++)
		KUNIT_ASSERT_EQ(test, vt_alloc(vm, 1, VM_NOSLEEP), 100UL + i);
	w->act = free_next_span;
	vmem_walk(vm, VMEM_ALLOC | VMEM_REENTRANT, walk_log_add, w);
	for (i = 100; i < 108; i++)
		KUNIT_EXPECT_EQ(test, w->visits[i], (u8)(i % 2 == 0));
	KUNIT_EXPECT_EQ(test, vt_imp.releases, 4U);
}

static void add_span_at_end(struct walk_log *w, unsigned long start,
			    size_t size)
{
	if (start == 8)
		vmem_add(w->vm, (void *)100, 1, VM_SLEEP);
}

/*
 * [29] If a span is added at the end of the list during a walk, the walk visits
 * this span at most once.
 */
static void walk_that_adds_a_span(struct kunit *test)
{
	vmem_t *vm = ids_allocated(test, 8);
	struct walk_log *w = walk_log(test, vm);
	unsigned int i;

	w->act = add_span_at_end;
	vmem_walk(vm, VMEM_ALLOC | VMEM_FREE | VMEM_REENTRANT, walk_log_add, w);
	for (i = 1; i <= 8; i++)
		KUNIT_EXPECT_EQ(test, w->visits[i], (u8)1);
	KUNIT_EXPECT_LE(test, w->visits[100], (u8)1);
}

static void start_nested_walk(struct walk_log *w, unsigned long start,
			      size_t size)
{
	struct walk_log inner = { .test = w->test, .vm = w->vm };

	if (start % 16)
		return;
	if (w->depth < 2) {
		inner.depth = w->depth + 1;
		inner.act = start_nested_walk;
		vmem_walk(w->vm, VMEM_ALLOC | VMEM_REENTRANT, walk_log_add,
			  &inner);
		KUNIT_EXPECT_GT(w->test, inner.calls, 0U);
	} else if (vmem_contains(w->vm, (void *)start, 1) &&
		   vmem_size(w->vm, VMEM_ALLOC) == IDS) {
		/* The innermost walk frees identifier 17, once. */
		vt_free(w->vm, start + 1, 1);
	}
}

/*
 * [29] The innermost of nested walks may change the arena. The outermost walk
 * visits all segments that are not freed.
 */
static void nested_walk_may_change_the_arena(struct kunit *test)
{
	vmem_t *vm = ids_allocated(test, IDS);
	struct walk_log *w = walk_log(test, vm);
	unsigned int i;

	w->act = start_nested_walk;
	vmem_walk(vm, VMEM_ALLOC | VMEM_REENTRANT, walk_log_add, w);
	KUNIT_EXPECT_EQ(test, vmem_size(vm, VMEM_ALLOC), (size_t)IDS - 1);
	for (i = 1; i <= IDS; i++)
		KUNIT_EXPECT_EQ(test, w->visits[i], (u8)(i != 17));
}

static void yield_in_walk(struct walk_log *w, unsigned long start, size_t size)
{
	vt_yield();
}

/* [29] The function of a walk with VMEM_REENTRANT may sleep. */
static void reentrant_walk_may_sleep(struct kunit *test)
{
	vmem_t *vm = ids_allocated(test, 8);
	struct walk_log *w = walk_log(test, vm);

	w->act = yield_in_walk;
	vmem_walk(vm, VMEM_ALLOC | VMEM_REENTRANT, walk_log_add, w);
	KUNIT_EXPECT_EQ(test, w->calls, 8U);
}

static void alloc_and_free(struct vt_thread *t)
{
	unsigned int i;

	for (i = 0; i < 500; i++) {
		unsigned long id = vt_alloc(t->vm, 1 + i % 3, VM_NOSLEEP);

		if (i % 7 == t->seed)
			vt_yield();
		if (id)
			vt_free(t->vm, id, 1 + i % 3);
	}
}

/*
 * [29] While other threads allocate and free, a walk visits each unchanged
 * segment once.
 */
static void walk_among_other_threads(struct kunit *test)
{
	vmem_t *vm = vt_ids(test, 200);
	struct vt_thread *t[3];
	unsigned int i, round;

	for (i = 10; i <= 200; i += 10)
		KUNIT_ASSERT_EQ(test, vt_alloc_at(vm, i, 1), (unsigned long)i);
	for (i = 0; i < ARRAY_SIZE(t); i++) {
		t[i] = vt_thread_start(test, alloc_and_free, vm, 0, 0);
		KUNIT_ASSERT_NOT_NULL(test, t[i]);
		t[i]->seed = i;
		wake_up_process(t[i]->task);
	}
	for (round = 0; round < 8; round++) {
		struct walk_log *w = walk_log(test, vm);

		w->act = yield_in_walk;
		vmem_walk(vm, VMEM_ALLOC | VMEM_REENTRANT, walk_log_add, w);
		for (i = 10; i <= 200; i += 10)
			KUNIT_EXPECT_EQ(test, w->visits[i], (u8)1);
	}
	for (i = 0; i < ARRAY_SIZE(t); i++)
		vt_join(test, t[i], NULL);
	KUNIT_EXPECT_EQ(test, vmem_size(vm, VMEM_ALLOC), (size_t)20);
}

static struct kunit_case vmem_spanwalk_cases[] = {
	KUNIT_CASE(walk_that_releases_its_span),
	KUNIT_CASE(walk_that_releases_the_next_span),
	KUNIT_CASE(walk_that_adds_a_span),
	KUNIT_CASE(nested_walk_may_change_the_arena),
	KUNIT_CASE(reentrant_walk_may_sleep),
	KUNIT_CASE(walk_among_other_threads),
	{}
};

static struct kunit_suite vmem_spanwalk_suite = {
	.name = "vmem_spanwalk",
	.init = vt_import_init,
	.exit = vt_exit,
	.test_cases = vmem_spanwalk_cases,
};

kunit_test_suite(vmem_spanwalk_suite);

MODULE_DESCRIPTION("KUnit: walks of vmem over spans and among threads");
MODULE_LICENSE("GPL");
