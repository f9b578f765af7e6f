// SPDX-License-Identifier: GPL-2.0
/*
 * The contexts in which vmem may be called: with interrupts off, in softirqs
 * and in interrupts. With concurrent requests each integer has at most one
 * owner.
 */
#include <linux/bitmap.h>
#include <linux/bottom_half.h>
#include <linux/interrupt.h>
#include <linux/irq_work.h>
#include <linux/prandom.h>

#include "vmem_test_report.h"
#include "vmem_test_thread.h"

/*
 * Call all vmem functions that are allowed in atomic context, on an arena of
 * the integers 1 to 64. Returns the number of errors.
 */
static unsigned int nosleep_calls(vmem_t *vm)
{
	struct vt_walk w = { };
	unsigned int bad = 0;
	unsigned long a, b;

	a = vt_alloc(vm, 5, VM_NOSLEEP);
	bad += a != 1;
	b = vt_alloc(vm, 3, VM_NOSLEEP | VM_NEXTFIT);
	bad += b != 6;
	bad += vt_alloc_at(vm, 30, 2) != 30;
	bad += vt_alloc(vm, 100, VM_NOSLEEP) != 0;
	bad += !vmem_add(vm, (void *)1000, 10, VM_NOSLEEP);
	bad += !vmem_contains(vm, (void *)1001, 9);
	bad += vmem_size(vm, VMEM_ALLOC) != 10;
	vmem_walk(vm, VMEM_ALLOC, vt_walk_add, &w);
	bad += w.n != 3 || w.sum != 10;
	vt_free(vm, a, 5);
	vt_free(vm, b, 3);
	vt_xfree(vm, 30, 2);
	bad += vmem_size(vm, VMEM_ALLOC) != 0;
	return bad;
}

/* [23] Requests with VM_NOSLEEP work with interrupts off. */
static void nosleep_works_with_interrupts_off(struct kunit *test)
{
	vmem_t *vm = vt_ids(test, 64);
	unsigned long flags;
	unsigned int bad;
	bool on;

	vt_needs_irqs_off(test);
	local_irq_save(flags);
	bad = nosleep_calls(vm);
	on = !irqs_disabled();
	local_irq_restore(flags);
	KUNIT_EXPECT_EQ(test, bad, 0U);
	KUNIT_EXPECT_FALSE(test, on);
}

/* [23] Requests with VM_NOSLEEP work with softirqs off and under a spinlock. */
static void nosleep_works_under_a_spinlock(struct kunit *test)
{
	static DEFINE_SPINLOCK(lock);
	vmem_t *vm = vt_ids(test, 64);
	unsigned int bad;

	spin_lock_bh(&lock);
	bad = nosleep_calls(vm);
	spin_unlock_bh(&lock);
	KUNIT_EXPECT_EQ(test, bad, 0U);
}

/* [24] The kernel reports a request with VM_SLEEP in atomic context. */
static void sleep_in_atomic_context_is_reported(struct kunit *test)
{
#ifdef CONFIG_DEBUG_ATOMIC_SLEEP
	vmem_t *vm = vt_ids(test, 64);
	unsigned long flags, addr;
	struct vt_window w;

	vt_needs_irqs_off(test);
	vt_window_open(&w, "sleeping function called", "1");
	w.also = "sleeping function called";
	local_irq_save(flags);
	addr = vt_alloc(vm, 1, VM_SLEEP);
	local_irq_restore(flags);
	vt_window_close(&w);
	KUNIT_EXPECT_EQ(test, w.also_lines, 1U);
	KUNIT_EXPECT_EQ(test, addr, 1UL);
#else
	kunit_skip(test, "the kernel has no CONFIG_DEBUG_ATOMIC_SLEEP");
#endif
}

static struct other {
	struct irq_work irq;
	struct tasklet_struct tasklet;
	struct completion done;
	vmem_t *vm;
	unsigned int bad;
	int populator;
	bool in_task;
} other;

static void run_in_other_context(void)
{
	other.in_task = in_task();
	other.populator = vmem_is_populator();
	other.bad = nosleep_calls(other.vm);
	complete(&other.done);
}

static void run_in_irq(struct irq_work *work)
{
	run_in_other_context();
}

static void run_in_softirq(struct tasklet_struct *tasklet)
{
	run_in_other_context();
}

static void prepare_other_context(struct kunit *test)
{
	memset(&other, 0, sizeof(other));
	init_completion(&other.done);
	init_irq_work(&other.irq, run_in_irq);
	tasklet_setup(&other.tasklet, run_in_softirq);
	other.vm = vt_ids(test, 64);
	other.bad = -1;
	other.populator = -1;
}

/*
 * [23] Requests with VM_NOSLEEP work in an interrupt. vmem_is_populator()
 * returns 0 in an interrupt.
 */
static void nosleep_works_in_an_interrupt(struct kunit *test)
{
	prepare_other_context(test);
	irq_work_queue(&other.irq);
	wait_for_completion(&other.done);
	irq_work_sync(&other.irq);
	KUNIT_EXPECT_EQ(test, other.bad, 0U);
	KUNIT_EXPECT_EQ(test, other.populator, 0);
	if (!IS_ENABLED(CONFIG_PREEMPT_RT))
		KUNIT_EXPECT_FALSE(test, other.in_task);
}

/* [23] Requests with VM_NOSLEEP work in a softirq. */
static void nosleep_works_in_a_softirq(struct kunit *test)
{
	prepare_other_context(test);
	tasklet_schedule(&other.tasklet);
	wait_for_completion(&other.done);
	tasklet_kill(&other.tasklet);
	KUNIT_EXPECT_EQ(test, other.bad, 0U);
	KUNIT_EXPECT_EQ(test, other.populator, 0);
}

static void free_in_irq(struct irq_work *work)
{
	vt_free(other.vm, 1, 64);
	complete(&other.done);
}

/* [25] vmem_free() in an interrupt wakes a waiter. */
static void free_in_an_interrupt_wakes(struct kunit *test)
{
	struct vt_thread *t;

	prepare_other_context(test);
	init_irq_work(&other.irq, free_in_irq);
	KUNIT_ASSERT_EQ(test, vt_alloc(other.vm, 64, VM_SLEEP), 1UL);
	t = vt_request(test, other.vm, 10, VM_SLEEP);
	vt_wait_asleep(test, other.vm, 1);
	irq_work_queue(&other.irq);
	wait_for_completion(&other.done);
	irq_work_sync(&other.irq);
	KUNIT_EXPECT_EQ(test, vt_join(test, t, NULL), 1UL);
}

#define INTEGERS	600
#define HELD	24
#define ROUNDS	3000

/*
 * A bit for each allocated integer. If the bit of an integer is set when a
 * thread allocates the integer, the integer has two owners.
 */
static DECLARE_BITMAP(claimed, INTEGERS + 1);

static unsigned int claim(unsigned long at, size_t size)
{
	unsigned int bad = 0;

	if (!at || at + size > INTEGERS + 1)
		return 1;
	while (size--)
		bad += test_and_set_bit(at++, claimed);
	return bad;
}

static unsigned int unclaim(unsigned long at, size_t size)
{
	unsigned int bad = 0;

	while (size--)
		bad += !test_and_clear_bit(at++, claimed);
	return bad;
}

static const int policies[] = {
	0, VM_BESTFIT, VM_FIRSTFIT, VM_NEXTFIT, VM_ENDALLOC,
	VM_BESTFIT | VM_ENDALLOC,
};

/*
 * Allocate and free random ranges. Check each operation with the bitmap
 * "claimed".
 */
static void alloc_and_free_randomly(struct vt_thread *t)
{
	struct vt_range held[HELD];
	struct rnd_state rnd;
	unsigned int i, n = 0;

	prandom_seed_state(&rnd, t->seed + 1);
	for (i = 0; i < ROUNDS; i++) {
		u32 r = prandom_u32_state(&rnd);

		if (n == HELD || (n && r % 5 < 2)) {
			struct vt_range *h = &held[r / 8 % n];

			t->errors += unclaim(h->start, h->size);
			vt_xfree(t->vm, h->start, h->size);
			*h = held[--n];
		} else {
			struct vt_range *h = &held[n];

			h->size = 1 + r / 8 % 7;
			h->start = (r >> 16 & 1) ?
				(unsigned long)vmem_xalloc(t->vm, h->size, 4, 2,
							   0, NULL, NULL,
							   VM_NOSLEEP) :
				vt_alloc(t->vm, h->size, VM_NOSLEEP |
					 policies[(r >> 20) %
						  ARRAY_SIZE(policies)]);
			if (h->start) {
				t->errors += claim(h->start, h->size);
				n++;
			}
		}
		if (!(r & 0x3000000))
			vt_yield();
	}
	while (n--) {
		t->errors += unclaim(held[n].start, held[n].size);
		vt_xfree(t->vm, held[n].start, held[n].size);
	}
}

static void run_threads(struct kunit *test, vmem_t *vm)
{
	struct vt_thread *t[6];
	unsigned int i, errors = 0;

	bitmap_zero(claimed, INTEGERS + 1);
	for (i = 0; i < ARRAY_SIZE(t); i++) {
		t[i] = vt_thread_start(test, alloc_and_free_randomly, vm, 0, 0);
		KUNIT_ASSERT_NOT_NULL(test, t[i]);
		t[i]->seed = i;
		wake_up_process(t[i]->task);
	}
	for (i = 0; i < 30; i++) {
		KUNIT_EXPECT_EQ(test, vmem_verify(vm), 0);
		vmem_update(NULL);
		vt_yield();
	}
	for (i = 0; i < ARRAY_SIZE(t); i++)
		vt_join(test, t[i], &errors);
	KUNIT_EXPECT_EQ(test, errors, 0U);
	KUNIT_EXPECT_TRUE(test, bitmap_empty(claimed, INTEGERS + 1));
}

/* [33] With six threads and all policies, no integer has two owners. */
static void no_integer_has_two_owners(struct kunit *test)
{
	vmem_t *vm = vt_ids(test, INTEGERS);

	run_threads(test, vm);
	VT_EXPECT_WALK(test, vm, VMEM_ALLOC | VMEM_FREE, { 1, INTEGERS });
}

static void *import_slowly(vmem_t *src, size_t size, int vmflag)
{
	void *addr;

	/* Let other threads run before and after the import from the source. */
	vt_yield();
	addr = vmem_alloc(src, size, vmflag);
	vt_yield();
	return addr;
}

static void release_slowly(vmem_t *src, void *addr, size_t size)
{
	vt_yield();
	vmem_free(src, addr, size);
}

/*
 * [3] With imported spans no integer has two owners, and all spans are released
 * in the end.
 */
static void concurrent_imports_are_all_released(struct kunit *test)
{
	vmem_t *src = vt_ids(test, INTEGERS);
	vmem_t *vm = vt_track(test, vmem_create("client", NULL, 0, 1,
						import_slowly, release_slowly,
						src, 4, VM_SLEEP |
						VMC_NO_QCACHE |
						VMC_IDENTIFIER));

	run_threads(test, vm);
	KUNIT_EXPECT_EQ(test, vmem_size(vm, VMEM_ALLOC | VMEM_FREE), (size_t)0);
	KUNIT_EXPECT_GT(test, vt_stats(vm).release, 0ULL);
	VT_EXPECT_WALK(test, src, VMEM_ALLOC | VMEM_FREE, { 1, INTEGERS });
}

static struct kunit_case vmem_context_cases[] = {
	KUNIT_CASE(nosleep_works_with_interrupts_off),
	KUNIT_CASE(nosleep_works_under_a_spinlock),
	KUNIT_CASE(sleep_in_atomic_context_is_reported),
	KUNIT_CASE(nosleep_works_in_an_interrupt),
	KUNIT_CASE(nosleep_works_in_a_softirq),
	KUNIT_CASE(free_in_an_interrupt_wakes),
	KUNIT_CASE(no_integer_has_two_owners),
	KUNIT_CASE(concurrent_imports_are_all_released),
	{}
};

static struct kunit_suite vmem_context_suite = {
	.name = "vmem_context",
	.init = vt_init,
	.exit = vt_exit,
	.test_cases = vmem_context_cases,
};

kunit_test_suite(vmem_context_suite);

MODULE_DESCRIPTION("KUnit: contexts in which vmem may be called");
MODULE_LICENSE("GPL");
