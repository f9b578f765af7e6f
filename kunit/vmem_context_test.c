// SPDX-License-Identifier: GPL-2.0
/*
 * Who may call what, where: interrupts off, softirqs, interrupts; and many at
 * once, each integer with one owner at any time.
 */
#include <linux/bitmap.h>
#include <linux/bottom_half.h>
#include <linux/interrupt.h>
#include <linux/irq_work.h>
#include <linux/prandom.h>

#include "vmem_test_report.h"
#include "vmem_test_thread.h"

/*
 * All that may be done where sleeping is not allowed, in an arena that has a
 * span of 64 at 1; returns how many steps went wrong.
 */
static unsigned int all_that_does_not_sleep(vmem_t *vm)
{
	struct vt_walk w = { };
	unsigned int bad = 0;
	unsigned long a, b;

	a = vt_alloc(vm, 5, VM_NOSLEEP);
	bad += a != 1;
	b = vt_alloc(vm, 3, VM_NOSLEEP | VM_NEXTFIT);
	bad += b != 6;
	bad += vt_take(vm, 30, 2) != 30;
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

/* [23] With interrupts off. */
static void nosleep_with_interrupts_off(struct kunit *test)
{
	vmem_t *vm = vt_ids(test, 64);
	unsigned long flags;
	unsigned int bad;
	bool on;

	vt_needs_irqs_off(test);
	local_irq_save(flags);
	bad = all_that_does_not_sleep(vm);
	on = !irqs_disabled();
	local_irq_restore(flags);
	KUNIT_EXPECT_EQ(test, bad, 0U);
	KUNIT_EXPECT_FALSE(test, on);
}

/* [23] With softirqs off, and under a lock of the caller's. */
static void nosleep_under_a_spinlock(struct kunit *test)
{
	static DEFINE_SPINLOCK(lock);
	vmem_t *vm = vt_ids(test, 64);
	unsigned int bad;

	spin_lock_bh(&lock);
	bad = all_that_does_not_sleep(vm);
	spin_unlock_bh(&lock);
	KUNIT_EXPECT_EQ(test, bad, 0U);
}

/* [24] VM_SLEEP where sleeping is not allowed: the kernel's own report. */
static void sleep_where_it_is_not_allowed(struct kunit *test)
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
	KUNIT_EXPECT_EQ(test, w.alsos, 1U);
	KUNIT_EXPECT_EQ(test, addr, 1UL);
#else
	kunit_skip(test, "the kernel has no CONFIG_DEBUG_ATOMIC_SLEEP");
#endif
}

static struct elsewhere {
	struct irq_work irq;
	struct tasklet_struct tasklet;
	struct completion done;
	vmem_t *vm;
	unsigned int bad;
	int populator;
	bool in_task;
} elsewhere;

static void run_elsewhere(void)
{
	elsewhere.in_task = in_task();
	elsewhere.populator = vmem_is_populator();
	elsewhere.bad = all_that_does_not_sleep(elsewhere.vm);
	complete(&elsewhere.done);
}

static void run_in_irq(struct irq_work *work)
{
	run_elsewhere();
}

static void run_in_softirq(struct tasklet_struct *tasklet)
{
	run_elsewhere();
}

static void prepare_elsewhere(struct kunit *test)
{
	memset(&elsewhere, 0, sizeof(elsewhere));
	init_completion(&elsewhere.done);
	init_irq_work(&elsewhere.irq, run_in_irq);
	tasklet_setup(&elsewhere.tasklet, run_in_softirq);
	elsewhere.vm = vt_ids(test, 64);
	elsewhere.bad = -1;
	elsewhere.populator = -1;
}

/* [23] In an interrupt, where vmem_is_populator() is 0. */
static void nosleep_in_an_interrupt(struct kunit *test)
{
	prepare_elsewhere(test);
	irq_work_queue(&elsewhere.irq);
	wait_for_completion(&elsewhere.done);
	irq_work_sync(&elsewhere.irq);
	KUNIT_EXPECT_EQ(test, elsewhere.bad, 0U);
	KUNIT_EXPECT_EQ(test, elsewhere.populator, 0);
	if (!IS_ENABLED(CONFIG_PREEMPT_RT))
		KUNIT_EXPECT_FALSE(test, elsewhere.in_task);
}

/* [23] In a softirq. */
static void nosleep_in_a_softirq(struct kunit *test)
{
	prepare_elsewhere(test);
	tasklet_schedule(&elsewhere.tasklet);
	wait_for_completion(&elsewhere.done);
	tasklet_kill(&elsewhere.tasklet);
	KUNIT_EXPECT_EQ(test, elsewhere.bad, 0U);
	KUNIT_EXPECT_EQ(test, elsewhere.populator, 0);
}

static void free_in_irq(struct irq_work *work)
{
	vt_free(elsewhere.vm, 1, 64);
	complete(&elsewhere.done);
}

/* [25] A free in an interrupt wakes a waiter. */
static void free_in_an_interrupt_wakes(struct kunit *test)
{
	struct vt_thread *t;

	prepare_elsewhere(test);
	init_irq_work(&elsewhere.irq, free_in_irq);
	KUNIT_ASSERT_EQ(test, vt_alloc(elsewhere.vm, 64, VM_SLEEP), 1UL);
	t = vt_request(test, elsewhere.vm, 10, VM_SLEEP);
	vt_wait_asleep(test, elsewhere.vm, 1);
	irq_work_queue(&elsewhere.irq);
	wait_for_completion(&elsewhere.done);
	irq_work_sync(&elsewhere.irq);
	KUNIT_EXPECT_EQ(test, vt_join(test, t, NULL), 1UL);
}

#define POOL	600
#define HELD	24
#define ROUNDS	3000

/* Owners of integers: nobody's bit is set twice. */
static DECLARE_BITMAP(owned, POOL + 1);

static unsigned int own(unsigned long at, size_t size)
{
	unsigned int bad = 0;

	if (!at || at + size > POOL + 1)
		return 1;
	while (size--)
		bad += test_and_set_bit(at++, owned);
	return bad;
}

static unsigned int disown(unsigned long at, size_t size)
{
	unsigned int bad = 0;

	while (size--)
		bad += !test_and_clear_bit(at++, owned);
	return bad;
}

static const int policies[] = {
	0, VM_BESTFIT, VM_FIRSTFIT, VM_NEXTFIT, VM_ENDALLOC,
	VM_BESTFIT | VM_ENDALLOC,
};

/* Allocates and frees at random; every free is checked against the owners. */
static void own_and_disown(struct vt_thread *t)
{
	struct vt_range held[HELD];
	struct rnd_state rnd;
	unsigned int i, n = 0;

	prandom_seed_state(&rnd, t->seed + 1);
	for (i = 0; i < ROUNDS; i++) {
		u32 r = prandom_u32_state(&rnd);

		if (n == HELD || (n && r % 5 < 2)) {
			struct vt_range *h = &held[r / 8 % n];

			t->errors += disown(h->start, h->size);
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
				t->errors += own(h->start, h->size);
				n++;
			}
		}
		if (!(r & 0x3000000))
			vt_pause();
	}
	while (n--) {
		t->errors += disown(held[n].start, held[n].size);
		vt_xfree(t->vm, held[n].start, held[n].size);
	}
}

static void many_at_once(struct kunit *test, vmem_t *vm)
{
	struct vt_thread *t[6];
	unsigned int i, errors = 0;

	bitmap_zero(owned, POOL + 1);
	for (i = 0; i < ARRAY_SIZE(t); i++) {
		t[i] = vt_thread_start(test, own_and_disown, vm, 0, 0);
		KUNIT_ASSERT_NOT_NULL(test, t[i]);
		t[i]->seed = i;
		wake_up_process(t[i]->task);
	}
	for (i = 0; i < 30; i++) {
		KUNIT_EXPECT_EQ(test, vmem_verify(vm), 0);
		vmem_update(NULL);
		vt_pause();
	}
	for (i = 0; i < ARRAY_SIZE(t); i++)
		vt_join(test, t[i], &errors);
	KUNIT_EXPECT_EQ(test, errors, 0U);
	KUNIT_EXPECT_TRUE(test, bitmap_empty(owned, POOL + 1));
}

/* [33] Six threads, every policy: no integer has two owners. */
static void many_threads_share_an_arena(struct kunit *test)
{
	vmem_t *vm = vt_ids(test, POOL);

	many_at_once(test, vm);
	VT_EXPECT_WALK(test, vm, VMEM_ALLOC | VMEM_FREE, { 1, POOL });
}

static void *import_slowly(vmem_t *src, size_t size, int vmflag)
{
	void *addr;

	/* Others run before the source is asked, and after it. */
	vt_pause();
	addr = vmem_alloc(src, size, vmflag);
	vt_pause();
	return addr;
}

static void release_slowly(vmem_t *src, void *addr, size_t size)
{
	vt_pause();
	vmem_free(src, addr, size);
}

/* [3] The same with spans that come and go: all go home in the end. */
static void many_threads_import_and_release(struct kunit *test)
{
	vmem_t *src = vt_ids(test, POOL);
	vmem_t *vm = vt_adopt(test, vmem_create("client", NULL, 0, 1,
						import_slowly, release_slowly,
						src, 4, VM_SLEEP |
						VMC_NO_QCACHE |
						VMC_IDENTIFIER));

	many_at_once(test, vm);
	KUNIT_EXPECT_EQ(test, vmem_size(vm, VMEM_ALLOC | VMEM_FREE), (size_t)0);
	KUNIT_EXPECT_GT(test, vt_stats(vm).release, 0ULL);
	VT_EXPECT_WALK(test, src, VMEM_ALLOC | VMEM_FREE, { 1, POOL });
}

static struct kunit_case vmem_context_cases[] = {
	KUNIT_CASE(nosleep_with_interrupts_off),
	KUNIT_CASE(nosleep_under_a_spinlock),
	KUNIT_CASE(sleep_where_it_is_not_allowed),
	KUNIT_CASE(nosleep_in_an_interrupt),
	KUNIT_CASE(nosleep_in_a_softirq),
	KUNIT_CASE(free_in_an_interrupt_wakes),
	KUNIT_CASE(many_threads_share_an_arena),
	KUNIT_CASE(many_threads_import_and_release),
	{}
};

static struct kunit_suite vmem_context_suite = {
	.name = "vmem_context",
	.init = vt_init,
	.exit = vt_exit,
	.test_cases = vmem_context_cases,
};

kunit_test_suite(vmem_context_suite);

MODULE_DESCRIPTION("KUnit: vmem in every context");
MODULE_LICENSE("GPL");
