// SPDX-License-Identifier: GPL-2.0
/*
 * Interrupts that allocate in the middle of an allocation.
 *
 * The first tests mark this CPU's magazines as in use, as an interrupt handler finds
 * them that interrupts their user; the others have real interrupts.
 */
#include <linux/hrtimer.h>
#include <linux/irq_work.h>

#include "../vmem/compat.h"
#include "vmem_test_traffic.h"

#define MANY	100000

static void set_busy(vmem_t *vm, bool busy)
{
	unsigned int i;

	for (i = 1; i <= vm->qcaches->n; i++)
		WRITE_ONCE(vq_cpu(vm, i, raw_smp_processor_id())->busy, busy);
}

/* A request that finds the magazines in use goes to the slabs instead. */
static void busy_magazines_are_left_alone(struct kunit *test)
{
	vmem_t *vm = vq_ids(test, MANY, 2);
	struct vq_set *s = vq_set(test, MANY);
	unsigned long held, depot;
	unsigned int i;

	for (i = 1; i <= 2; i++)
		vq_supply_magazines(test, s, vm, i,
				    DIV_ROUND_UP(250, vq_capacity(1)));
	while (s->n < 1000)
		KUNIT_ASSERT_TRUE(test, vq_get(s, vm, 1 + s->n % 2,
					       VM_NOSLEEP));
	while (s->n > 500)
		vq_put(s, vm, s->n - 1);
	KUNIT_EXPECT_EQ(test, vq_cache(vm, 1)->missed + vq_cache(vm, 2)->missed,
			0U);
	held = vq_on_cpus(vm);
	depot = vq_in_depot(vm, 1) + vq_in_depot(vm, 2);
	KUNIT_EXPECT_GT(test, held, 0UL);
	KUNIT_EXPECT_GT(test, depot, 0UL);

	set_busy(vm, true);
	for (i = 0; i < 100; i++)
		KUNIT_EXPECT_TRUE(test, vq_get(s, vm, 1 + i % 2, VM_NOSLEEP));
	for (i = 0; i < 100; i++)
		vq_put(s, vm, i * 7 % s->n);
	KUNIT_EXPECT_EQ(test, vq_on_cpus(vm), held);
	KUNIT_EXPECT_EQ(test, vq_in_depot(vm, 1) + vq_in_depot(vm, 2), depot);
	KUNIT_EXPECT_EQ(test, s->bad, 0U);
	set_busy(vm, false);
	vq_put_all(s, vm);
}

/* [38] Nor does reclaim take what they hold. */
static void busy_magazines_are_not_reclaimed(struct kunit *test)
{
	vmem_t *vm = vq_ids(test, 5000, 1);
	struct vq_set *s = vq_set(test, 5000);
	unsigned long held;

	vq_make_magazines(s, vm, 1);
	vq_fill(s, vm, 1);
	KUNIT_ASSERT_EQ(test, s->sum, 5000UL);
	vq_put_all(s, vm);
	held = vq_on_cpus(vm);
	KUNIT_EXPECT_GT(test, held, 0UL);
	KUNIT_EXPECT_GT(test, vq_in_depot(vm, 1), 0UL);
	KUNIT_EXPECT_LE(test, held, 5000 / 16UL);
	set_busy(vm, true);
	vq_fill(s, vm, 1);
	set_busy(vm, false);
	KUNIT_EXPECT_EQ(test, s->sum + held, 5000UL);
	KUNIT_EXPECT_EQ(test, vq_on_cpus(vm), held);
	vq_fill(s, vm, 1);
	KUNIT_EXPECT_EQ(test, s->sum, 5000UL);
	KUNIT_EXPECT_EQ(test, s->bad, 0U);
	vq_put_all(s, vm);
}

/* With interrupts off, all the way from the arena to the magazines and back. */
static void interrupts_off_all_the_way(struct kunit *test)
{
	vmem_t *src = vq_ids(test, VQ_POOL, 0);
	vmem_t *vm = vq_client(test, src, 4);
	struct vq_set *s = vq_set(test, VQ_POOL);
	unsigned long flags;
	bool off;

	vt_needs_irqs_off(test);
	local_irq_save(flags);
	vq_mix(s, vm, 3000, 1);
	vq_fill(s, vm, 3);
	vq_fill(s, vm, 1);
	vq_put_all(s, vm);
	off = irqs_disabled();
	local_irq_restore(flags);
	KUNIT_EXPECT_TRUE(test, off);
	KUNIT_EXPECT_EQ(test, s->bad, 0U);
	vq_settle(test);
	vt_check(test, vm);
}

/**
 * struct hammer - interrupts that trade in an arena
 * @timer: makes them
 * @work: the other kind
 * @of_timer: what the timer does
 * @of_work: the other kind; with PREEMPT_RT both are threads
 * @fires: how often they came
 */
static struct hammer {
	struct hrtimer timer;
	struct irq_work work;
	struct vq_trader of_timer;
	struct vq_trader of_work;
	atomic_t fires;
} hammer;

static void strike(struct vq_trader *trader)
{
	unsigned int i;

	for (i = 0; i < 5; i++)
		vq_trade(trader);
	atomic_inc(&hammer.fires);
}

static enum hrtimer_restart timer_fires(struct hrtimer *timer)
{
	strike(&hammer.of_timer);
	hrtimer_forward_now(timer, ns_to_ktime(30000));
	return HRTIMER_RESTART;
}

static void work_fires(struct irq_work *work)
{
	strike(&hammer.of_work);
}

#define FIRES	300

/* Trade in the task until interrupts have come between often enough. */
static void be_interrupted(struct kunit *test, vmem_t *vm, unsigned int sizes)
{
	struct vq_trader *mine = kunit_kzalloc(test, sizeof(*mine), GFP_KERNEL);
	unsigned long end = jiffies + 30 * HZ;
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, mine);
	bitmap_zero(vq_owned, VQ_POOL + 1);
	vq_trade_init(mine, vm, VQ_HELD, sizes, 1);
	memset(&hammer, 0, sizeof(hammer));
	vq_trade_init(&hammer.of_timer, vm, 20, sizes, 2);
	vq_trade_init(&hammer.of_work, vm, 20, sizes, 3);
	init_irq_work(&hammer.work, work_fires);
	vmem_hrtimer_setup(&hammer.timer, timer_fires);
	hrtimer_start(&hammer.timer, ns_to_ktime(30000),
		      HRTIMER_MODE_REL_PINNED);
	while (atomic_read(&hammer.fires) < FIRES && time_before(jiffies, end)) {
		for (i = 0; i < 500; i++) {
			vq_trade(mine);
			if (i % 16 == 0)
				irq_work_queue(&hammer.work);
		}
		cond_resched();
	}
	hrtimer_cancel(&hammer.timer);
	irq_work_sync(&hammer.work);
	KUNIT_EXPECT_GE(test, atomic_read(&hammer.fires), FIRES);
	vq_trade_end(mine);
	vq_trade_end(&hammer.of_timer);
	vq_trade_end(&hammer.of_work);
	KUNIT_EXPECT_EQ(test, mine->errors, 0U);
	KUNIT_EXPECT_EQ(test, hammer.of_timer.errors, 0U);
	KUNIT_EXPECT_EQ(test, hammer.of_work.errors, 0U);
	KUNIT_EXPECT_TRUE(test, bitmap_empty(vq_owned, VQ_POOL + 1));
}

/* Task and interrupts on the same magazines: no integer has two owners. */
static void interrupts_use_the_same_cache(struct kunit *test)
{
	vmem_t *vm = vq_ids(test, VQ_POOL, 1);

	be_interrupted(test, vm, 1);
	KUNIT_EXPECT_GT(test, vq_on_cpus(vm), 0UL);
}

/* With several sizes, and those that are not cached. */
static void interrupts_use_all_sizes(struct kunit *test)
{
	vmem_t *vm = vq_ids(test, VQ_POOL, 3);

	be_interrupted(test, vm, 5);
}

/* [38] In an arena that is nearly used up, so that slabs are split. */
static void interrupts_in_a_small_arena(struct kunit *test)
{
	vmem_t *vm = vq_ids(test, 70, 3);

	be_interrupted(test, vm, 4);
	KUNIT_EXPECT_EQ(test, vt_alloc(vm, 70, VM_NOSLEEP), 1UL);
	vt_free(vm, 1, 70);
}

/* And where each slab is imported and goes home. */
static void interrupts_import_slabs(struct kunit *test)
{
	vmem_t *src = vq_ids(test, 256, 0);
	vmem_t *vm = vq_client(test, src, 3);

	be_interrupted(test, vm, 4);
}

static struct kunit_case vmem_qcache_irq_cases[] = {
	KUNIT_CASE(busy_magazines_are_left_alone),
	KUNIT_CASE(busy_magazines_are_not_reclaimed),
	KUNIT_CASE(interrupts_off_all_the_way),
	KUNIT_CASE(interrupts_use_the_same_cache),
	KUNIT_CASE(interrupts_use_all_sizes),
	KUNIT_CASE(interrupts_in_a_small_arena),
	KUNIT_CASE(interrupts_import_slabs),
	{}
};

static struct kunit_suite vmem_qcache_irq_suite = {
	.name = "vmem_qcache_irq",
	.suite_init = vq_suite_init,
	.suite_exit = vq_suite_exit,
	.init = vq_init,
	.exit = vq_exit,
	.test_cases = vmem_qcache_irq_cases,
};

kunit_test_suite(vmem_qcache_irq_suite);

MODULE_DESCRIPTION("KUnit: interrupts in the middle of vmem's quantum caches");
MODULE_LICENSE("GPL");
