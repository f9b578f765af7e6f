// SPDX-License-Identifier: GPL-2.0
/*
 * Interrupt handlers that allocate while they interrupt an allocation.
 *
 * The first two tests set the busy marks of this CPU's magazines, as if the
 * test had interrupted a task that uses the magazines. The third test runs with
 * interrupts off. The other tests use real interrupts.
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

/*
 * If vmem_alloc() or vmem_free() finds the magazines busy, it uses the slabs.
 */
static void busy_magazines_are_bypassed(struct kunit *test)
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

/* [38] Reclaim does not drain busy magazines. */
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

/* A client can use caches, arena and source while interrupts are off. */
static void all_layers_work_with_interrupts_off(struct kunit *test)
{
	vmem_t *src = vq_ids(test, VQ_INTEGERS, 0);
	vmem_t *vm = vq_client(test, src, 4);
	struct vq_set *s = vq_set(test, VQ_INTEGERS);
	unsigned long flags;
	bool off;

	vt_needs_irqs_off(test);
	local_irq_save(flags);
	vq_random_ops(s, vm, 3000, 1);
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
 * struct irq_traffic - interrupt handlers that allocate and free; with
 *	PREEMPT_RT the handlers run in threads
 * @timer: interrupts the task periodically
 * @work: interrupts the task when the task queues this work
 * @timer_churn: requests of the handler of @timer
 * @work_churn: requests of the handler of @work
 * @calls: number of calls of both handlers
 */
static struct irq_traffic {
	struct hrtimer timer;
	struct irq_work work;
	struct vq_churn timer_churn;
	struct vq_churn work_churn;
	atomic_t calls;
} irq_traffic;

static void irq_churn(struct vq_churn *churn)
{
	unsigned int i;

	for (i = 0; i < 5; i++)
		vq_churn_step(churn);
	atomic_inc(&irq_traffic.calls);
}

static enum hrtimer_restart timer_handler(struct hrtimer *timer)
{
	irq_churn(&irq_traffic.timer_churn);
	hrtimer_forward_now(timer, ns_to_ktime(30000));
	return HRTIMER_RESTART;
}

static void work_handler(struct irq_work *work)
{
	irq_churn(&irq_traffic.work_churn);
}

#define MIN_CALLS	300

/*
 * Allocate and free in the task until the handlers have run MIN_CALLS times, or
 * for 30 seconds.
 */
static void churn_with_interrupts(struct kunit *test, vmem_t *vm,
				  unsigned int sizes)
{
	struct vq_churn *mine = kunit_kzalloc(test, sizeof(*mine), GFP_KERNEL);
	unsigned long end = jiffies + 30 * HZ;
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, mine);
	bitmap_zero(vq_owned, VQ_INTEGERS + 1);
	vq_churn_init(mine, vm, VQ_HELD, sizes, 1);
	memset(&irq_traffic, 0, sizeof(irq_traffic));
	vq_churn_init(&irq_traffic.timer_churn, vm, 20, sizes, 2);
	vq_churn_init(&irq_traffic.work_churn, vm, 20, sizes, 3);
	init_irq_work(&irq_traffic.work, work_handler);
	vmem_hrtimer_setup(&irq_traffic.timer, timer_handler);
	hrtimer_start(&irq_traffic.timer, ns_to_ktime(30000),
		      HRTIMER_MODE_REL_PINNED);
	while (atomic_read(&irq_traffic.calls) < MIN_CALLS &&
	       time_before(jiffies, end)) {
		for (i = 0; i < 500; i++) {
			vq_churn_step(mine);
			if (i % 16 == 0)
				irq_work_queue(&irq_traffic.work);
		}
		cond_resched();
	}
	hrtimer_cancel(&irq_traffic.timer);
	irq_work_sync(&irq_traffic.work);
	KUNIT_EXPECT_GE(test, atomic_read(&irq_traffic.calls), MIN_CALLS);
	vq_churn_end(mine);
	vq_churn_end(&irq_traffic.timer_churn);
	vq_churn_end(&irq_traffic.work_churn);
	KUNIT_EXPECT_EQ(test, mine->errors, 0U);
	KUNIT_EXPECT_EQ(test, irq_traffic.timer_churn.errors, 0U);
	KUNIT_EXPECT_EQ(test, irq_traffic.work_churn.errors, 0U);
	KUNIT_EXPECT_TRUE(test, bitmap_empty(vq_owned, VQ_INTEGERS + 1));
}

/*
 * The task and the handlers use the same magazines. No integer has two owners.
 */
static void interrupts_use_the_same_cache(struct kunit *test)
{
	vmem_t *vm = vq_ids(test, VQ_INTEGERS, 1);

	churn_with_interrupts(test, vm, 1);
	KUNIT_EXPECT_GT(test, vq_on_cpus(vm), 0UL);
}

/*
 * The task and the handlers use several cached sizes and uncached sizes. No
 * integer has two owners.
 */
static void interrupts_use_all_sizes(struct kunit *test)
{
	vmem_t *vm = vq_ids(test, VQ_INTEGERS, 3);

	churn_with_interrupts(test, vm, 5);
}

/*
 * [38] The arena is nearly full, so slabs are split. No integer has two owners,
 * and none is lost.
 */
static void interrupts_split_slabs(struct kunit *test)
{
	vmem_t *vm = vq_ids(test, 70, 3);

	churn_with_interrupts(test, vm, 4);
	KUNIT_EXPECT_EQ(test, vt_alloc(vm, 70, VM_NOSLEEP), 1UL);
	vt_free(vm, 1, 70);
}

/* Slabs are imported, and released to the source. No integer has two owners. */
static void interrupts_import_slabs(struct kunit *test)
{
	vmem_t *src = vq_ids(test, 256, 0);
	vmem_t *vm = vq_client(test, src, 3);

	churn_with_interrupts(test, vm, 4);
}

static struct kunit_case vmem_qcache_irq_cases[] = {
	KUNIT_CASE(busy_magazines_are_bypassed),
	KUNIT_CASE(busy_magazines_are_not_reclaimed),
	KUNIT_CASE(all_layers_work_with_interrupts_off),
	KUNIT_CASE(interrupts_use_the_same_cache),
	KUNIT_CASE(interrupts_use_all_sizes),
	KUNIT_CASE(interrupts_split_slabs),
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

MODULE_DESCRIPTION("KUnit: interrupts during use of vmem's quantum caches");
MODULE_LICENSE("GPL");
