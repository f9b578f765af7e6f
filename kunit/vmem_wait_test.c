// SPDX-License-Identifier: GPL-2.0
/*
 * Threads whose VM_SLEEP requests wait, and the events that wake the threads.
 *
 * Periodic maintenance would hide a lost wake-up. The suite sets the interval
 * of maintenance to an hour, so that a lost wake-up causes a hang.
 */
#include "vmem_test_file.h"
#include "vmem_test_import.h"
#include "vmem_test_thread.h"

static char interval[16];

static int wait_suite_init(struct kunit_suite *suite)
{
	if (vt_param("interval", "3600", interval, sizeof(interval)))
		interval[0] = '\0';
	/* The tests begin after a round of maintenance. */
	vmem_update(NULL);
	return 0;
}

static void wait_suite_exit(struct kunit_suite *suite)
{
	if (interval[0])
		vt_param("interval", interval, NULL, 0);
}

/* An arena of identifiers 1 to 8, each of them allocated separately. */
static vmem_t *full_arena(struct kunit *test)
{
	vmem_t *vm = vt_ids(test, 8);
	unsigned int i;

	for (i = 1; i <= 8; i++)
		KUNIT_ASSERT_EQ(test, vt_alloc(vm, 1, VM_SLEEP),
				(unsigned long)i);
	return vm;
}

/* [23] If there is no space, a VM_NOSLEEP request fails at once. */
static void nosleep_fails_at_once(struct kunit *test)
{
	vmem_t *vm = full_arena(test);

	KUNIT_EXPECT_EQ(test, vt_alloc(vm, 1, VM_NOSLEEP), 0UL);
	KUNIT_EXPECT_EQ(test, vt_alloc(vm, 1, VM_NOSLEEP | VM_NEXTFIT), 0UL);
	KUNIT_EXPECT_EQ(test, vt_alloc(vm, 1, VM_NOSLEEP | VM_BESTFIT), 0UL);
	KUNIT_EXPECT_EQ(test, vt_stats(vm).fail, 3ULL);
	KUNIT_EXPECT_EQ(test, vt_stats(vm).wait, 0ULL);
}

/*
 * [23] If there is no space, a VM_ABORT request fails at once, even with
 * VM_SLEEP.
 */
static void abort_fails_at_once(struct kunit *test)
{
	vmem_t *vm = full_arena(test);

	KUNIT_EXPECT_EQ(test, vt_alloc(vm, 1, VM_SLEEP | VM_ABORT), 0UL);
	KUNIT_EXPECT_EQ(test, vt_alloc(vm, 1, VM_SLEEP | VM_ABORT |
				       VM_NEXTFIT), 0UL);
	KUNIT_EXPECT_EQ(test, vt_stats(vm).fail, 2ULL);
	KUNIT_EXPECT_EQ(test, vt_stats(vm).wait, 0ULL);
}

/* [25] vmem_free() wakes the waiter, which gets the freed identifier. */
static void free_wakes_a_waiter(struct kunit *test)
{
	vmem_t *vm = full_arena(test);
	struct vt_thread *t = vt_request(test, vm, 1, VM_SLEEP);

	vt_wait_asleep(test, vm, 1);
	KUNIT_EXPECT_FALSE(test, completion_done(&t->done));
	vt_free(vm, 5, 1);
	KUNIT_EXPECT_EQ(test, vt_join(test, t, NULL), 5UL);
	KUNIT_EXPECT_EQ(test, vt_stats(vm).fail, 0ULL);
}

/* [25] vmem_xfree() wakes the waiter, which gets the freed identifier. */
static void xfree_wakes_a_waiter(struct kunit *test)
{
	vmem_t *vm = full_arena(test);
	struct vt_thread *t = vt_request(test, vm, 1, VM_SLEEP | VM_BESTFIT);

	vt_wait_asleep(test, vm, 1);
	vt_xfree(vm, 3, 1);
	KUNIT_EXPECT_EQ(test, vt_join(test, t, NULL), 3UL);
}

/* [28] vmem_add() wakes the waiter, which gets the added span. */
static void add_wakes_a_waiter(struct kunit *test)
{
	vmem_t *vm = full_arena(test);
	struct vt_thread *t = vt_request(test, vm, 4, VM_SLEEP);

	vt_wait_asleep(test, vm, 1);
	KUNIT_EXPECT_NOT_NULL(test, vmem_add(vm, (void *)100, 4, VM_SLEEP));
	KUNIT_EXPECT_EQ(test, vt_join(test, t, NULL), 100UL);
}

/*
 * [24] The waiter sleeps until the freed identifiers coalesce into a segment of
 * the requested size.
 */
static void coalescing_wakes_a_waiter(struct kunit *test)
{
	vmem_t *vm = full_arena(test);
	struct vt_thread *t = vt_request(test, vm, 3, VM_SLEEP);

	vt_wait_asleep(test, vm, 1);
	vt_free(vm, 4, 1);
	vt_free(vm, 6, 1);
	KUNIT_EXPECT_FALSE(test, completion_done(&t->done));
	vt_free(vm, 5, 1);
	KUNIT_EXPECT_EQ(test, vt_join(test, t, NULL), 4UL);
	KUNIT_EXPECT_EQ(test, vt_stats(vm).wait, 1ULL);
}

/* [26] After a wait, a VM_NEXTFIT request searches from the rotor again. */
static void nextfit_waits(struct kunit *test)
{
	vmem_t *vm = vt_ids(test, 8);
	struct vt_thread *t;
	unsigned int i;

	for (i = 1; i <= 8; i++)
		vt_alloc(vm, 1, VM_SLEEP | VM_NEXTFIT);
	vt_free(vm, 3, 1);
	KUNIT_EXPECT_EQ(test, vt_alloc(vm, 1, VM_SLEEP | VM_NEXTFIT), 3UL);
	t = vt_request(test, vm, 2, VM_SLEEP | VM_NEXTFIT);
	vt_wait_asleep(test, vm, 1);
	vt_free(vm, 1, 1);
	vt_free(vm, 7, 1);
	vt_free(vm, 6, 1);
	KUNIT_EXPECT_EQ(test, vt_join(test, t, NULL), 6UL);
	/* The rotor is at 8, which is allocated: the search wraps to 1. */
	KUNIT_EXPECT_EQ(test, vt_alloc(vm, 1, VM_NOSLEEP | VM_NEXTFIT), 1UL);
}

static void alloc_in_window(struct vt_thread *t)
{
	t->addr = (unsigned long)vmem_xalloc(t->vm, 1, 0, 0, 0, (void *)6,
					     (void *)8, VM_SLEEP);
}

/* [16] Space outside the window of a waiter does not serve the waiter. */
static void waiter_keeps_its_constraints(struct kunit *test)
{
	vmem_t *vm = full_arena(test);
	struct vt_thread *t = vt_thread_start(test, alloc_in_window, vm, 1, 0);

	KUNIT_ASSERT_NOT_NULL(test, t);
	wake_up_process(t->task);
	vt_wait_asleep(test, vm, 1);
	vt_free(vm, 8, 1);
	vt_wait_asleep(test, vm, 2);
	vt_free(vm, 5, 1);
	vt_wait_asleep(test, vm, 3);
	vt_free(vm, 7, 1);
	KUNIT_EXPECT_EQ(test, vt_join(test, t, NULL), 7UL);
}

/*
 * [3] If the release function is not vmem_free(), vmem offers a wholly free
 * span to the waiters before the release. If the span is outside the waiter's
 * window, vmem releases the span, and the waiter still sleeps.
 */
static void span_that_no_waiter_can_use_is_released(struct kunit *test)
{
	vmem_t *vm = vt_importer(test, 1, vt_release, 1, 0, 0);
	struct vt_thread *t;

	vt_imp.next = 100;
	KUNIT_ASSERT_EQ(test, vt_alloc(vm, 4, VM_SLEEP), 100UL);
	t = vt_thread_start(test, alloc_in_window, vm, 1, 0);
	KUNIT_ASSERT_NOT_NULL(test, t);
	wake_up_process(t->task);
	vt_wait_asleep(test, vm, 1);
	vt_free(vm, 100, 4);
	KUNIT_EXPECT_TRUE(test, vt_poll(vt_stats(vm).release == 1));
	KUNIT_EXPECT_FALSE(test, completion_done(&t->done));
	KUNIT_EXPECT_NOT_NULL(test, vmem_add(vm, (void *)6, 2, VM_SLEEP));
	KUNIT_EXPECT_EQ(test, vt_join(test, t, NULL), 6UL);
}

/*
 * [25] If as many identifiers are freed as requests wait, each waiter gets one
 * identifier.
 */
static void every_waiter_is_served(struct kunit *test)
{
	vmem_t *vm = full_arena(test);
	struct vt_thread *t[8];
	unsigned long seen = 0;
	unsigned int i;

	for (i = 0; i < 8; i++)
		t[i] = vt_request(test, vm, 1, VM_SLEEP);
	vt_wait_asleep(test, vm, 8);
	for (i = 1; i <= 8; i++)
		vt_free(vm, i, 1);
	for (i = 0; i < 8; i++)
		seen |= BIT(vt_join(test, t[i], NULL));
	KUNIT_EXPECT_EQ(test, seen, 0x1feUL);
}

/*
 * [25] One large segment that is freed serves several waiters of different
 * sizes.
 */
static void one_free_serves_many(struct kunit *test)
{
	vmem_t *vm = vt_ids(test, 16);
	struct vt_thread *t[4];
	unsigned int i;

	KUNIT_ASSERT_EQ(test, vt_alloc(vm, 16, VM_SLEEP), 1UL);
	for (i = 0; i < 4; i++)
		t[i] = vt_request(test, vm, i + 1, VM_SLEEP);
	vt_wait_asleep(test, vm, 4);
	vt_free(vm, 1, 16);
	for (i = 0; i < 4; i++)
		KUNIT_EXPECT_NE(test, vt_join(test, t[i], NULL), 0UL);
	KUNIT_EXPECT_EQ(test, vmem_size(vm, VMEM_ALLOC), (size_t)10);
}

/* [24] vmem_update() makes a waiter retry an import that failed. */
static void update_retries_the_import(struct kunit *test)
{
	vmem_t *vm = vt_importer(test, U, vt_release, U, 0, 0);
	struct vt_thread *t = vt_request(test, vm, U, VM_SLEEP);

	vt_wait_asleep(test, vm, 1);
	vmem_update(NULL);
	vt_wait_asleep(test, vm, 2);
	KUNIT_EXPECT_FALSE(test, completion_done(&t->done));
	WRITE_ONCE(vt_imp.next, 32 * U);
	vmem_update(NULL);
	KUNIT_EXPECT_EQ(test, vt_join(test, t, NULL), 32 * U);
	KUNIT_EXPECT_GE(test, vt_imp.imports, 3U);
	KUNIT_EXPECT_EQ(test, vt_stats(vm).fail, 0ULL);
}

/* [24] Periodic maintenance makes a waiter retry without vmem_update(). */
static void periodic_maintenance_retries_the_import(struct kunit *test)
{
	vmem_t *vm = vt_importer(test, U, vt_release, U, 0, 0);
	struct vt_thread *t;

	if (vt_param("interval", "1", NULL, 0))
		kunit_skip(test, "no module parameter to set in sysfs");
	t = vt_request(test, vm, U, VM_SLEEP);
	/* The waiter sleeps three times only if maintenance wakes it. */
	vt_wait_asleep(test, vm, 3);
	WRITE_ONCE(vt_imp.next, 32 * U);
	KUNIT_EXPECT_EQ(test, vt_join(test, t, NULL), 32 * U);
	KUNIT_EXPECT_EQ(test, vt_param("interval", "3600", NULL, 0), 0);
	vmem_update(NULL);
}

/* [24] The interval of maintenance is at least 1 second and at most one day. */
static void interval_has_limits(struct kunit *test)
{
	static const char * const bad[] = { "0", "86401", "-1", "soon" };
	char value[16];
	unsigned int i;

	if (vt_param("interval", "86400", NULL, 0))
		kunit_skip(test, "no module parameter to set in sysfs");
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		KUNIT_EXPECT_LT_MSG(test, vt_param("interval", bad[i], NULL, 0),
				    0, "\"%s\"", bad[i]);
		KUNIT_EXPECT_EQ(test, vt_param("interval", NULL, value,
					       sizeof(value)), 0);
		KUNIT_EXPECT_STREQ(test, value, "86400");
	}
	KUNIT_EXPECT_EQ(test, vt_param("interval", "3600", NULL, 0), 0);
}

/*
 * [24] The import of a VM_SLEEP request waits in the source, until space
 * becomes free there.
 */
static void request_waits_in_the_source(struct kunit *test)
{
	vmem_t *src = vt_arena(test, 16 * U, 4 * U, U);
	vmem_t *vm = vt_track(test, vmem_create("client", NULL, 0, U,
						vmem_alloc, vmem_free, src, 0,
						VM_SLEEP));
	struct vt_thread *t;

	KUNIT_ASSERT_EQ(test, vt_alloc(src, 4 * U, VM_SLEEP), 16 * U);
	t = vt_request(test, vm, 2 * U, VM_SLEEP);
	vt_wait_asleep(test, src, 1);
	vt_free(src, 16 * U, 4 * U);
	KUNIT_EXPECT_EQ(test, vt_join(test, t, NULL), 16 * U);
	KUNIT_EXPECT_EQ(test, vmem_size(vm, VMEM_ALLOC), 2 * U);
	KUNIT_EXPECT_EQ(test, vmem_size(src, VMEM_ALLOC), 2 * U);
}

/*
 * [25] A waiter in the source is woken if a client releases a wholly free span.
 */
static void released_span_wakes_the_source(struct kunit *test)
{
	vmem_t *src = vt_arena(test, 16 * U, 4 * U, U);
	vmem_t *vm = vt_track(test, vmem_create("client", NULL, 0, U,
						vmem_alloc, vmem_free, src, 0,
						VM_SLEEP));
	struct vt_thread *t;

	KUNIT_ASSERT_EQ(test, vt_alloc(vm, 4 * U, VM_SLEEP), 16 * U);
	t = vt_request(test, src, U, VM_SLEEP);
	vt_wait_asleep(test, src, 1);
	vt_free(vm, 16 * U, 4 * U);
	KUNIT_EXPECT_EQ(test, vt_join(test, t, NULL), 16 * U);
}

#define ROUNDS	2000

static void alloc_and_free(struct vt_thread *t)
{
	unsigned int i;

	for (i = 0; i < ROUNDS; i++) {
		unsigned long id = vt_alloc(t->vm, t->size, VM_SLEEP);

		if (!id)
			t->errors++;
		else
			vt_free(t->vm, id, t->size);
		if (i % 16 == t->seed)
			cond_resched();
	}
}

/* [37] No wake-up is lost if six threads compete for three identifiers. */
static void no_wake_up_is_lost(struct kunit *test)
{
	vmem_t *vm = vt_ids(test, 3);
	struct vt_thread *t[6];
	unsigned int i, errors = 0;

	for (i = 0; i < ARRAY_SIZE(t); i++) {
		t[i] = vt_thread_start(test, alloc_and_free, vm, 1 + i % 3, 0);
		KUNIT_ASSERT_NOT_NULL(test, t[i]);
		t[i]->seed = i;
	}
	for (i = 0; i < ARRAY_SIZE(t); i++)
		wake_up_process(t[i]->task);
	for (i = 0; i < ARRAY_SIZE(t); i++)
		vt_join(test, t[i], &errors);
	KUNIT_EXPECT_EQ(test, errors, 0U);
	if (((struct vt *)test->priv)->stuck)
		return;
	KUNIT_EXPECT_EQ(test, vt_stats(vm).alloc, 6ULL * ROUNDS);
	KUNIT_EXPECT_EQ(test, vt_stats(vm).fail, 0ULL);
}

static void alloc_yield_and_free(struct vt_thread *t)
{
	unsigned int i;

	for (i = 0; i < 100; i++) {
		unsigned long id = vt_alloc(t->vm, 1, VM_SLEEP);

		if (!id) {
			t->errors++;
			continue;
		}
		/* The other threads find no free identifier, and sleep. */
		vt_yield();
		vt_free(t->vm, id, 1);
	}
}

/* [37] No wake-up is lost if nearly every request sleeps. */
static void no_wake_up_of_sleepers_is_lost(struct kunit *test)
{
	vmem_t *vm = vt_ids(test, 1);
	struct vt_thread *t[4];
	unsigned int i, errors = 0;

	for (i = 0; i < ARRAY_SIZE(t); i++) {
		t[i] = vt_thread_start(test, alloc_yield_and_free, vm, 1, 0);
		KUNIT_ASSERT_NOT_NULL(test, t[i]);
		wake_up_process(t[i]->task);
	}
	for (i = 0; i < ARRAY_SIZE(t); i++)
		vt_join(test, t[i], &errors);
	KUNIT_EXPECT_EQ(test, errors, 0U);
}

static struct kunit_case vmem_wait_cases[] = {
	KUNIT_CASE(nosleep_fails_at_once),
	KUNIT_CASE(abort_fails_at_once),
	KUNIT_CASE(free_wakes_a_waiter),
	KUNIT_CASE(xfree_wakes_a_waiter),
	KUNIT_CASE(add_wakes_a_waiter),
	KUNIT_CASE(coalescing_wakes_a_waiter),
	KUNIT_CASE(nextfit_waits),
	KUNIT_CASE(waiter_keeps_its_constraints),
	KUNIT_CASE(span_that_no_waiter_can_use_is_released),
	KUNIT_CASE(every_waiter_is_served),
	KUNIT_CASE(one_free_serves_many),
	KUNIT_CASE(update_retries_the_import),
	KUNIT_CASE(periodic_maintenance_retries_the_import),
	KUNIT_CASE(interval_has_limits),
	KUNIT_CASE(request_waits_in_the_source),
	KUNIT_CASE(released_span_wakes_the_source),
	KUNIT_CASE(no_wake_up_is_lost),
	KUNIT_CASE(no_wake_up_of_sleepers_is_lost),
	{}
};

static struct kunit_suite vmem_wait_suite = {
	.name = "vmem_wait",
	.suite_init = wait_suite_init,
	.suite_exit = wait_suite_exit,
	.init = vt_import_init,
	.exit = vt_exit,
	.test_cases = vmem_wait_cases,
};

kunit_test_suite(vmem_wait_suite);

MODULE_DESCRIPTION("KUnit: requests to vmem that wait");
MODULE_LICENSE("GPL");
