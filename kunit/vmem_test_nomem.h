/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Calls without memory: a test repeats one call, and each time another
 * allocation of the call fails.
 *
 * The kernel's fault injection makes the allocations fail. A task's fail_nth
 * makes the task's n-th allocation of a slab object or of pages fail, unless
 * the flags of the allocation include __GFP_NOFAIL. A task's make_it_fail makes
 * all these allocations fail. Both settings also affect allocations of the
 * kernel's debug checkers, so a call can succeed although an allocation failed.
 * The test repeats the call until n exceeds the number of allocations in the
 * call.
 *
 * A suite sets .suite_init = vn_suite_init, .suite_exit = vn_suite_exit, .init
 * = vn_init and .exit = vn_exit. A test must free its allocations in arenas
 * with quantum caches. vn_exit() frees the allocations in other arenas.
 */
#ifndef VMEM_TEST_NOMEM_H
#define VMEM_TEST_NOMEM_H

#include "vmem_test_failslab.h"
#include "vmem_test_import.h"
#include "vmem_test_qcache.h"

/* Upper bound of the number of allocations in one call. */
#define VN_MAX_ALLOCS	2000

/**
 * struct vn - a call under test
 * @arrange: creates the arenas before each call; vn_run_once() checks all of
 *	them
 * @call: makes the call; returns true if it succeeded
 * @undo: reverts a successful call, while all allocations fail
 * @test: the test
 * @vm: the arena on which @call operates
 * @fails: increment of &vmem_stats.fail by a failed call
 * @may_change: a failed call may change anything but clients' allocations
 * @injected: the calls fail because of fail_vmem, not for lack of memory
 * @arg: private to @arrange
 * @addr: result of the call
 * @failed: number of calls that failed
 * @survived: number of calls that succeeded although an allocation failed
 */
struct vn {
	void (*arrange)(struct kunit *test, struct vn *w);
	bool (*call)(struct vn *w);
	void (*undo)(struct vn *w);
	struct kunit *test;
	vmem_t *vm;
	unsigned int fails;
	bool may_change;
	bool injected;
	const void *arg;
	unsigned long addr;
	unsigned int failed;
	unsigned int survived;
};

static inline int vn_suite_init(struct kunit_suite *suite)
{
	vn_instrument(true);
	return vq_suite_init(suite);
}

static inline void vn_suite_exit(struct kunit_suite *suite)
{
	vq_suite_exit(suite);
	if (vn_ready)
		vn_instrument(false);
	vn_ready = false;
}

static inline int vn_init(struct kunit *test)
{
	if (!vn_ready)
		kunit_skip(test, "no failslab, or no shell to set it up");
	memset(&vt_imp, 0, sizeof(vt_imp));
	return vq_init(test);
}

/*
 * Free all segments of arenas without quantum caches. Then verify and destroy
 * all arenas.
 */
static inline void vn_destroy_arenas(struct kunit *test)
{
	struct vt *vt = test->priv;

	if (!vt || vt->stuck)
		return;
	vq_settle(test);
	while (vt->n) {
		vmem_t *vm = vt->arenas[--vt->n];

		if (!vm->qcaches)
			vt_drain(test, vm);
		vq_destroy(test, vm);
	}
}

static inline void vn_exit(struct kunit *test)
{
	vn_disarm(VN_ALL);
	vn_destroy_arenas(test);
}

/* Run a statement while all allocations of this task fail. */
#define vn_without_memory(what)						\
do {									\
	vn_arm(VN_ALL);							\
	what;								\
	vn_disarm(VN_ALL);						\
} while (0)

/*
 * Exhaust the segment pool of an arena: allocate every second integer, starting
 * at @from + 1, until a request fails. The 2000 integers starting at @from must
 * be free. Returns the number of allocations, for the argument @n of
 * vn_free_singles().
 */
static inline unsigned int vn_exhaust_pool(struct kunit *test, vmem_t *vm,
					   unsigned long from)
{
	unsigned long at, got = 1;

	for (at = from; got && at < from + 2000; at += 2)
		vn_without_memory(got = (unsigned long)
				  vmem_xalloc(vm, 1, 0, 0, 0, (void *)(at + 1),
					      (void *)(at + 2),
					      VM_NOSLEEP | VM_PUSHPAGE));
	KUNIT_EXPECT_EQ(test, got, 0UL);
	KUNIT_ASSERT_LT(test, vm->segmap.pool.n, 2U);
	return (at - from) / 2 - 1;
}

static inline void vn_free_singles(vmem_t *vm, unsigned long from,
				   unsigned int n)
{
	while (n--)
		vt_xfree(vm, from + 2 * n + 1, 1);
}

/*
 * [23] Expect that a call which failed for lack of memory has changed nothing
 * in the arena @vm except the counters of failures and searches.
 */
static inline void vn_unchanged(struct kunit *test, struct vn *w, vmem_t *vm,
				struct vt_state *before)
{
	struct vt_state after;
	u64 fails;

	vt_state_take(test, vm, &after);
	fails = after.stats.fail - before->stats.fail;
	if (w->injected) {
		fails += after.stats.fail_injected - before->stats.fail_injected;
		after.stats.fail_injected = before->stats.fail_injected;
	}
	if (vm == w->vm)
		KUNIT_EXPECT_EQ(test, fails, (u64)w->fails);
	else
		KUNIT_EXPECT_LE(test, fails, 1ULL);
	KUNIT_EXPECT_LE(test, after.stats.populate_fail -
			before->stats.populate_fail, 2ULL);
	KUNIT_EXPECT_LE(test, after.stats.import_fail -
			before->stats.import_fail, 2ULL);
	after.stats.fail = before->stats.fail;
	after.stats.populate_fail = before->stats.populate_fail;
	after.stats.populate_wait = before->stats.populate_wait;
	after.stats.import_fail = before->stats.import_fail;
	after.stats.search = before->stats.search;
	if (!w->may_change)
		vt_state_same(test, before, &after);
	vt_state_drop(&after);
}

/*
 * Make the call once while the n-th allocation of the call fails. Returns true
 * if the call has an n-th allocation.
 */
static inline bool vn_run_once(struct kunit *test, struct vn *w, unsigned int n)
{
	struct vt_state *before = kunit_kcalloc(test, VT_ARENAS,
						sizeof(*before), GFP_KERNEL);
	char *bytes = vt_debugfs(test, "metadata", 256);
	bool served, failed, caches = false;
	struct vt *vt = test->priv;
	unsigned int i;
	char *now;

	KUNIT_ASSERT_NOT_NULL(test, before);
	w->test = test;
	w->vm = NULL;
	w->arrange(test, w);
	for (i = 0; i < vt->n; i++) {
		vt_state_take(test, vt->arenas[i], &before[i]);
		caches |= !!vt->arenas[i]->qcaches;
	}

	vn_arm(n);
	served = w->call(w);
	failed = vn_disarm(n);
	if (served) {
		w->survived += failed && n != VN_ALL;
	} else {
		w->failed++;
		KUNIT_EXPECT_TRUE(test, failed);
		for (i = 0; i < vt->n; i++)
			vn_unchanged(test, w, vt->arenas[i], &before[i]);
	}
	for (i = 0; i < vt->n; i++)
		KUNIT_EXPECT_EQ(test, vmem_verify(vt->arenas[i]), 0);
	if (!served)
		KUNIT_EXPECT_TRUE(test, w->call(w));
	if (w->undo)
		vn_without_memory(w->undo(w));
	for (i = 0; i < vt->n; i++) {
		KUNIT_EXPECT_EQ(test, vmem_verify(vt->arenas[i]), 0);
		/* Caches may keep objects, which count as allocated. */
		if (!caches)
			KUNIT_EXPECT_EQ(test, (u64)vmem_size(vt->arenas[i],
							     VMEM_ALLOC),
					before[i].stats.mem_inuse);
		vt_state_drop(&before[i]);
	}
	vn_destroy_arenas(test);
	kunit_kfree(test, before);

	/* The call has leaked no metadata. */
	now = vt_debugfs(test, "metadata", 256);
	KUNIT_EXPECT_STREQ(test, bytes, now);
	kvfree(now);
	kvfree(bytes);
	return failed;
}

/*
 * Repeat the call: the first allocation fails in the first call, the second in
 * the second call, and so on. Then make the call once while all allocations
 * fail.
 */
static inline void vn_fail_each(struct kunit *test, struct vn *w)
{
	unsigned int n = 1;

	w->failed = 0;
	w->survived = 0;
	while (vn_run_once(test, w, n) && test->status != KUNIT_FAILURE)
		if (n++ == VN_MAX_ALLOCS)
			KUNIT_FAIL(test, "more than VN_MAX_ALLOCS allocations");
	if (test->status != KUNIT_FAILURE) {
		n = VN_ALL;
		vn_run_once(test, w, n);
	}
	if (test->status == KUNIT_FAILURE)
		kunit_info(test, "with allocation %d failing\n", (int)n);
}

/* Expect that the call fails at least once. */
static inline void vn_may_fail(struct kunit *test, struct vn *w)
{
	vn_fail_each(test, w);
	KUNIT_EXPECT_GT(test, w->failed, 0U);
}

/*
 * [24] Expect that the call never fails, although some of its allocations fail.
 */
static inline void vn_never_fails(struct kunit *test, struct vn *w)
{
	vn_fail_each(test, w);
	KUNIT_EXPECT_EQ(test, w->failed, 0U);
	KUNIT_EXPECT_GT(test, w->survived, 0U);
}

#endif /* VMEM_TEST_NOMEM_H */
