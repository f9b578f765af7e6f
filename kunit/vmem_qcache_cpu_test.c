// SPDX-License-Identifier: GPL-2.0
/*
 * Quantum caches on several CPUs: magazines of other CPUs, CPU hotplug, and
 * reclaim while all CPUs allocate and free. On a machine with one CPU, only the
 * tests that start traffic threads run.
 */
#include <linux/cpu.h>

#include "vmem_test_traffic.h"

/*
 * Returns an online CPU other than this one. If there is none, skips the test.
 */
static unsigned int other_cpu(struct kunit *test)
{
	unsigned int cpu;

	for_each_online_cpu(cpu)
		if (cpu != raw_smp_processor_id())
			return cpu;
	kunit_skip(test, "only one CPU");
	return 0;
}

/*
 * The function of a thread that fills the magazines of its CPU. In the first
 * iteration vmem_free() finds no magazines. The allocations of the second
 * iteration create magazines.
 */
static void fill_magazines(struct vt_thread *t)
{
	struct vt_range *held = kvcalloc(1000, sizeof(*held), GFP_KERNEL);
	unsigned int i, round;

	if (!held) {
		t->errors++;
		return;
	}
	for (round = 0; round < 2; round++) {
		for (i = 0; i < 1000; i++) {
			held[i].size = 1 + i % t->size;
			held[i].start = vt_alloc(t->vm, held[i].size, VM_NOSLEEP);
			t->errors += !held[i].start;
		}
		while (i--)
			if (held[i].start)
				vt_free(t->vm, held[i].start, held[i].size);
	}
	kvfree(held);
}

static void fill_magazines_of(struct kunit *test, vmem_t *vm, unsigned int cpu,
			      unsigned int sizes)
{
	struct vt_thread *t = vt_thread_start(test, fill_magazines, vm, sizes,
					      0);
	unsigned int errors = 0;

	KUNIT_ASSERT_NOT_NULL(test, t);
	kthread_bind(t->task, cpu);
	wake_up_process(t->task);
	vt_join(test, t, &errors);
	KUNIT_EXPECT_EQ(test, errors, 0U);
	KUNIT_EXPECT_GT(test, vq_on_cpu(vm, 1, cpu), 0UL);
}

/*
 * [38] VM_NOSLEEP requests get all integers except those in other CPUs'
 * magazines.
 */
static void nosleep_lacks_only_magazines_of_other_cpus(struct kunit *test)
{
	unsigned int cpu = other_cpu(test);
	vmem_t *vm = vq_ids(test, 20000, 2);
	struct vq_set *s = vq_set(test, 20000);
	unsigned long held;

	fill_magazines_of(test, vm, cpu, 2);
	held = vq_on_cpus(vm);
	KUNIT_EXPECT_LE(test, held, 20000 / 16UL);
	vq_fill(s, vm, 2);
	vq_fill(s, vm, 1);
	KUNIT_EXPECT_GE(test, s->sum, 20000 - held);
	/* The first failed request has queued a reclaim of the magazines. */
	KUNIT_EXPECT_TRUE(test, vq_poll((vq_fill(s, vm, 1), s->sum == 20000)));
	KUNIT_EXPECT_EQ(test, s->bad, 0U);
	vq_put_all(s, vm);
}

/* [38] A VM_SLEEP request gets the integers in the magazines of other CPUs. */
static void sleep_drains_magazines_of_other_cpus(struct kunit *test)
{
	unsigned int cpu = other_cpu(test);
	vmem_t *vm = vq_ids(test, 20000, 2);
	struct vt_thread *t;

	fill_magazines_of(test, vm, cpu, 2);
	t = vt_request(test, vm, 20000, VM_SLEEP);
	KUNIT_EXPECT_EQ(test, vt_join(test, t, NULL), 1UL);
	KUNIT_EXPECT_EQ(test, vt_stats(vm).wait, 0ULL);
	KUNIT_EXPECT_EQ(test, vq_on_cpus(vm), 0UL);
	vt_free(vm, 1, 20000);
}

/*
 * [38] A VM_SLEEP request to the source gets the integers in a client's
 * magazines on other CPUs.
 */
static void source_drains_magazines_of_other_cpus(struct kunit *test)
{
	unsigned int cpu = other_cpu(test);
	vmem_t *src = vq_ids(test, 64 * 300, 0);
	vmem_t *vm = vq_client(test, src, 1);
	struct vt_thread *t;
	unsigned long room;

	/*
	 * The client can have magazines only after it has imported enough
	 * integers.
	 */
	room = vt_alloc(vm, 64 * 250, VM_SLEEP);
	fill_magazines_of(test, vm, cpu, 1);
	vt_free(vm, room, 64 * 250);
	t = vt_request(test, src, 64 * 300, VM_SLEEP);
	KUNIT_EXPECT_EQ(test, vt_join(test, t, NULL), 1UL);
	vt_free(src, 1, 64 * 300);
}

/*
 * If one CPU allocates and another CPU frees, magazines carry the integers back
 * to the first CPU.
 */
static void magazines_move_integers_between_cpus(struct kunit *test)
{
	unsigned int here = raw_smp_processor_id();
	unsigned int there = other_cpu(test);
	vmem_t *vm = vq_ids(test, 20000, 2);
	struct vq_set *s = vq_set(test, 20000);
	unsigned int i;

	for (i = 0; i < 10; i++) {
		vq_pin(here);
		while (s->n < 2000)
			KUNIT_ASSERT_TRUE(test, vq_get(s, vm, 1, VM_NOSLEEP));
		KUNIT_EXPECT_EQ(test, s->bad, 0U);
		vq_pin(there);
		vq_put_all(s, vm);
	}
	vq_pin(here);
	/* The number of slabs does not grow after the first iteration. */
	KUNIT_EXPECT_GT(test, vq_cpu(vm, 1, there)->frees, 10000UL);
	KUNIT_EXPECT_GT(test, vq_cpu(vm, 1, here)->allocs, 10000UL);
	KUNIT_EXPECT_LE(test, vq_cache(vm, 1)->nslabs, 3000UL / 64);
}

#ifdef CONFIG_HOTPLUG_CPU
/*
 * Moves the test to the first CPU, which often cannot be removed. Returns
 * another CPU.
 */
static unsigned int removable_cpu(struct kunit *test)
{
	vq_pin(cpumask_first(cpu_online_mask));
	return other_cpu(test);
}

static void unplug_cpu(struct kunit *test, unsigned int cpu)
{
	int err = remove_cpu(cpu);

	if (err == -EPERM)
		kunit_skip(test, "CPU %u cannot be removed", cpu);
	KUNIT_ASSERT_EQ(test, err, 0);
}
#endif

/* The removal of a CPU drains its magazines. The CPU can be added again. */
static void magazines_of_a_dead_cpu_are_drained(struct kunit *test)
{
#ifdef CONFIG_HOTPLUG_CPU
	unsigned int cpu = removable_cpu(test);
	vmem_t *vm = vq_ids(test, 20000, 2);
	unsigned long addr;
	unsigned int i;

	for (i = 0; i < 3; i++) {
		fill_magazines_of(test, vm, cpu, 2);
		unplug_cpu(test, cpu);
		KUNIT_EXPECT_TRUE(test, vq_poll(!vq_on_cpu(vm, 1, cpu) &&
						!vq_on_cpu(vm, 2, cpu)));
		/* The request may fail while reclaim drains a magazine. */
		KUNIT_EXPECT_TRUE(test, vq_poll((addr = vt_alloc(vm, 20000,
								 VM_NOSLEEP))));
		if (addr)
			vt_free(vm, addr, 20000);
		KUNIT_ASSERT_EQ(test, add_cpu(cpu), 0);
	}
	vt_check(test, vm);
#else
	kunit_skip(test, "the kernel has no CONFIG_HOTPLUG_CPU");
#endif
}

/* Reclaim for a request completes while a CPU is offline. */
static void reclaim_completes_while_a_cpu_is_offline(struct kunit *test)
{
#ifdef CONFIG_HOTPLUG_CPU
	unsigned int cpu = removable_cpu(test);
	vmem_t *vm = vq_ids(test, 20000, 2);
	struct vt_thread *t;

	fill_magazines_of(test, vm, cpu, 2);
	unplug_cpu(test, cpu);
	t = vt_request(test, vm, 20000, VM_SLEEP);
	KUNIT_EXPECT_EQ(test, vt_join(test, t, NULL), 1UL);
	KUNIT_EXPECT_EQ(test, add_cpu(cpu), 0);
	vt_free(vm, 1, 20000);
#else
	kunit_skip(test, "the kernel has no CONFIG_HOTPLUG_CPU");
#endif
}

#define TRAFFIC_THREADS	6

/*
 * Failed requests and maintenance drain the caches while threads on all CPUs
 * allocate and free. No integer has two owners, and none is lost.
 */
static void draining_loses_no_integer_in_traffic(struct kunit *test)
{
	vmem_t *vm = vq_ids(test, VQ_INTEGERS, 3);
	struct vt_thread *t[TRAFFIC_THREADS];
	unsigned int i;

	vq_traffic_start(test, t, TRAFFIC_THREADS, vm, 4, VM_NOSLEEP);
	for (i = 0; i < 40; i++) {
		unsigned long addr;

		vt_yield();
		/* The request fails and queues a reclaim. */
		addr = vt_alloc(vm, VQ_INTEGERS, VM_NOSLEEP);
		KUNIT_EXPECT_EQ(test, addr, 0UL);
		vmem_update(NULL);
		KUNIT_EXPECT_EQ(test, vmem_verify(vm), 0);
	}
	vq_traffic_stop(test, t, TRAFFIC_THREADS);
	if (((struct vt *)test->priv)->stuck)
		return;
	/* No integer is lost. */
	t[0] = vt_request(test, vm, VQ_INTEGERS, VM_SLEEP);
	KUNIT_EXPECT_EQ(test, vt_join(test, t[0], NULL), 1UL);
	vt_free(vm, 1, VQ_INTEGERS);
}

/*
 * [38] In a nearly full arena, VM_SLEEP requests succeed while threads on all
 * CPUs allocate and free.
 */
static void waiters_are_served_during_traffic(struct kunit *test)
{
	vmem_t *vm = vq_ids(test, 400, 3);
	struct vt_thread *t[TRAFFIC_THREADS];
	unsigned int i;

	/* 6 * 40 objects of 1 to 3 integers may need more than 400 integers. */
	vq_traffic_start(test, t, TRAFFIC_THREADS, vm, 3, VM_NOSLEEP);
	for (i = 0; i < 60; i++) {
		unsigned long addr = vt_alloc(vm, 4 + i % 5, VM_SLEEP);

		KUNIT_EXPECT_NE(test, addr, 0UL);
		vt_yield();
		vt_free(vm, addr, 4 + i % 5);
	}
	vq_traffic_stop(test, t, TRAFFIC_THREADS);
	if (((struct vt *)test->priv)->stuck)
		return;
	KUNIT_EXPECT_EQ(test, vt_alloc(vm, 400, VM_SLEEP), 1UL);
	vt_free(vm, 1, 400);
}

/*
 * [38] In a tree of three levels, large requests to the root drain the caches
 * while threads on all CPUs allocate and free. No integer is lost.
 */
static void tree_is_drained_during_traffic(struct kunit *test)
{
	vmem_t *src = vq_ids(test, VQ_INTEGERS, 2);
	struct vt_thread *t[TRAFFIC_THREADS];
	vmem_t *vm[2];
	unsigned int i;

	vm[0] = vq_client(test, src, 2);
	vm[1] = vq_client(test, vm[0], 4);
	vq_traffic_start(test, t, TRAFFIC_THREADS, vm[1], 5, VM_NOSLEEP);
	for (i = 0; i < 40; i++) {
		unsigned long addr = vt_alloc(src, VQ_INTEGERS / 2, VM_NOSLEEP);

		vt_yield();
		if (addr)
			vt_free(src, addr, VQ_INTEGERS / 2);
		addr = vt_alloc(vm[0], 1 + i % 3, VM_SLEEP);
		KUNIT_EXPECT_NE(test, addr, 0UL);
		vt_free(vm[0], addr, 1 + i % 3);
	}
	vq_traffic_stop(test, t, TRAFFIC_THREADS);
	if (((struct vt *)test->priv)->stuck)
		return;
	t[0] = vt_request(test, src, VQ_INTEGERS, VM_SLEEP);
	KUNIT_EXPECT_EQ(test, vt_join(test, t[0], NULL), 1UL);
	vt_free(src, 1, VQ_INTEGERS);
}

static struct kunit_case vmem_qcache_cpu_cases[] = {
	KUNIT_CASE(nosleep_lacks_only_magazines_of_other_cpus),
	KUNIT_CASE(sleep_drains_magazines_of_other_cpus),
	KUNIT_CASE(source_drains_magazines_of_other_cpus),
	KUNIT_CASE(magazines_move_integers_between_cpus),
	KUNIT_CASE(magazines_of_a_dead_cpu_are_drained),
	KUNIT_CASE(reclaim_completes_while_a_cpu_is_offline),
	KUNIT_CASE(draining_loses_no_integer_in_traffic),
	KUNIT_CASE(waiters_are_served_during_traffic),
	KUNIT_CASE(tree_is_drained_during_traffic),
	{}
};

static struct kunit_suite vmem_qcache_cpu_suite = {
	.name = "vmem_qcache_cpu",
	.suite_init = vq_suite_init,
	.suite_exit = vq_suite_exit,
	.init = vq_init,
	.exit = vq_exit,
	.test_cases = vmem_qcache_cpu_cases,
};

kunit_test_suite(vmem_qcache_cpu_suite);

MODULE_DESCRIPTION("KUnit: vmem's quantum caches on several CPUs");
MODULE_LICENSE("GPL");
