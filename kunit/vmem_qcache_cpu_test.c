// SPDX-License-Identifier: GPL-2.0
/*
 * Several CPUs: magazines of other CPUs, CPUs that go, and draining while all of them
 * allocate and free. On one CPU only the last of these runs.
 */
#include <linux/cpu.h>

#include "vmem_test_traffic.h"

/* A CPU that is not this one, or skip the test. */
static unsigned int other_cpu(struct kunit *test)
{
	unsigned int cpu;

	for_each_online_cpu(cpu)
		if (cpu != raw_smp_processor_id())
			return cpu;
	kunit_skip(test, "only one CPU");
	return 0;
}

/* Take many of each size and free them: once to have magazines, once to fill them. */
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

static void visit(struct kunit *test, vmem_t *vm, unsigned int cpu,
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

/* [38] Without sleeping, all but one part in 16 at the most. */
static void nosleep_has_all_but_what_others_hold(struct kunit *test)
{
	unsigned int cpu = other_cpu(test);
	vmem_t *vm = vq_ids(test, 20000, 2);
	struct vq_set *s = vq_set(test, 20000);
	unsigned long held;

	visit(test, vm, cpu, 2);
	held = vq_on_cpus(vm);
	KUNIT_EXPECT_LE(test, held, 20000 / 16UL);
	vq_fill(s, vm, 2);
	vq_fill(s, vm, 1);
	KUNIT_EXPECT_GE(test, s->sum, 20000 - held);
	/* The first failure had them fetched. */
	KUNIT_EXPECT_TRUE(test, vq_soon((vq_fill(s, vm, 1), s->sum == 20000)));
	KUNIT_EXPECT_EQ(test, s->bad, 0U);
	vq_put_all(s, vm);
}

/* [38] With VM_SLEEP, what is in another CPU's magazines is fetched. */
static void sleeper_has_what_others_hold(struct kunit *test)
{
	unsigned int cpu = other_cpu(test);
	vmem_t *vm = vq_ids(test, 20000, 2);
	struct vt_thread *t;

	visit(test, vm, cpu, 2);
	t = vt_request(test, vm, 20000, VM_SLEEP);
	KUNIT_EXPECT_EQ(test, vt_join(test, t, NULL), 1UL);
	KUNIT_EXPECT_EQ(test, vt_stats(vm).wait, 0ULL);
	KUNIT_EXPECT_EQ(test, vq_on_cpus(vm), 0UL);
	vt_free(vm, 1, 20000);
}

/* [38] The same for the source of the arena that they are of. */
static void source_has_what_others_hold(struct kunit *test)
{
	unsigned int cpu = other_cpu(test);
	vmem_t *src = vq_ids(test, 64 * 300, 0);
	vmem_t *vm = vq_client(test, src, 1);
	struct vt_thread *t;
	unsigned long room;

	/* Magazines come with the size of the arena. */
	room = vt_alloc(vm, 64 * 250, VM_SLEEP);
	visit(test, vm, cpu, 1);
	vt_free(vm, room, 64 * 250);
	t = vt_request(test, src, 64 * 300, VM_SLEEP);
	KUNIT_EXPECT_EQ(test, vt_join(test, t, NULL), 1UL);
	vt_free(src, 1, 64 * 300);
}

/* Integers that are allocated on one CPU are freed on another, and come back. */
static void integers_move_between_cpus(struct kunit *test)
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
	/* By way of magazines, not of ever more slabs. */
	KUNIT_EXPECT_GT(test, vq_cpu(vm, 1, there)->frees, 10000UL);
	KUNIT_EXPECT_GT(test, vq_cpu(vm, 1, here)->allocs, 10000UL);
	KUNIT_EXPECT_LE(test, vq_cache(vm, 1)->nslabs, 3000UL / 64);
}

#ifdef CONFIG_HOTPLUG_CPU
/* The first CPU of a machine often cannot go: run the test on that one. */
static unsigned int cpu_to_go(struct kunit *test)
{
	vq_pin(cpumask_first(cpu_online_mask));
	return other_cpu(test);
}

static void cpu_goes(struct kunit *test, unsigned int cpu)
{
	int err = remove_cpu(cpu);

	if (err == -EPERM)
		kunit_skip(test, "CPU %u cannot go", cpu);
	KUNIT_ASSERT_EQ(test, err, 0);
}
#endif

/* A CPU that goes leaves nothing in its magazines, and can come back. */
static void dead_cpu_leaves_nothing_behind(struct kunit *test)
{
#ifdef CONFIG_HOTPLUG_CPU
	unsigned int cpu = cpu_to_go(test);
	vmem_t *vm = vq_ids(test, 20000, 2);
	unsigned long addr;
	unsigned int i;

	for (i = 0; i < 3; i++) {
		visit(test, vm, cpu, 2);
		cpu_goes(test, cpu);
		KUNIT_EXPECT_TRUE(test, vq_soon(!vq_on_cpu(vm, 1, cpu) &&
						!vq_on_cpu(vm, 2, cpu)));
		/* A magazine that is being drained is out of reach meanwhile. */
		KUNIT_EXPECT_TRUE(test, vq_soon((addr = vt_alloc(vm, 20000,
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

/* While one is gone, a waiter is served by the others. */
static void waiting_while_a_cpu_is_gone(struct kunit *test)
{
#ifdef CONFIG_HOTPLUG_CPU
	unsigned int cpu = cpu_to_go(test);
	vmem_t *vm = vq_ids(test, 20000, 2);
	struct vt_thread *t;

	visit(test, vm, cpu, 2);
	cpu_goes(test, cpu);
	t = vt_request(test, vm, 20000, VM_SLEEP);
	KUNIT_EXPECT_EQ(test, vt_join(test, t, NULL), 1UL);
	KUNIT_EXPECT_EQ(test, add_cpu(cpu), 0);
	vt_free(vm, 1, 20000);
#else
	kunit_skip(test, "the kernel has no CONFIG_HOTPLUG_CPU");
#endif
}

#define TRADERS	6

/*
 * Draining, by all that drains, while threads on all CPUs allocate and free: no
 * integer has two owners, none is lost.
 */
static void draining_during_traffic(struct kunit *test)
{
	vmem_t *vm = vq_ids(test, VQ_POOL, 3);
	struct vt_thread *t[TRADERS];
	unsigned int i;

	vq_traffic_start(test, t, TRADERS, vm, 4, VM_NOSLEEP);
	for (i = 0; i < 40; i++) {
		unsigned long addr;

		vt_pause();
		/* Fails, drains what it can and has the rest drained. */
		addr = vt_alloc(vm, VQ_POOL, VM_NOSLEEP);
		KUNIT_EXPECT_EQ(test, addr, 0UL);
		vmem_update(NULL);
		KUNIT_EXPECT_EQ(test, vmem_verify(vm), 0);
	}
	vq_traffic_stop(test, t, TRADERS);
	if (((struct vt *)test->priv)->stuck)
		return;
	/* Nothing is lost. */
	t[0] = vt_request(test, vm, VQ_POOL, VM_SLEEP);
	KUNIT_EXPECT_EQ(test, vt_join(test, t[0], NULL), 1UL);
	vt_free(vm, 1, VQ_POOL);
}

/* [38] The same where nearly all of the arena is in use, and all may sleep. */
static void sleepers_during_traffic(struct kunit *test)
{
	vmem_t *vm = vq_ids(test, 400, 3);
	struct vt_thread *t[TRADERS];
	unsigned int i;

	/* Six times 40 objects of up to 4 are more than there is, at times. */
	vq_traffic_start(test, t, TRADERS, vm, 3, VM_NOSLEEP);
	for (i = 0; i < 60; i++) {
		unsigned long addr = vt_alloc(vm, 4 + i % 5, VM_SLEEP);

		KUNIT_EXPECT_NE(test, addr, 0UL);
		vt_pause();
		vt_free(vm, addr, 4 + i % 5);
	}
	vq_traffic_stop(test, t, TRADERS);
	if (((struct vt *)test->priv)->stuck)
		return;
	KUNIT_EXPECT_EQ(test, vt_alloc(vm, 400, VM_SLEEP), 1UL);
	vt_free(vm, 1, 400);
}

/* [38] In clients of one source, which is asked for more than it has. */
static void tree_drained_during_traffic(struct kunit *test)
{
	vmem_t *src = vq_ids(test, VQ_POOL, 2);
	struct vt_thread *t[TRADERS];
	vmem_t *vm[2];
	unsigned int i;

	vm[0] = vq_client(test, src, 2);
	vm[1] = vq_client(test, vm[0], 4);
	vq_traffic_start(test, t, TRADERS, vm[1], 5, VM_NOSLEEP);
	for (i = 0; i < 40; i++) {
		unsigned long addr = vt_alloc(src, VQ_POOL / 2, VM_NOSLEEP);

		vt_pause();
		if (addr)
			vt_free(src, addr, VQ_POOL / 2);
		addr = vt_alloc(vm[0], 1 + i % 3, VM_SLEEP);
		KUNIT_EXPECT_NE(test, addr, 0UL);
		vt_free(vm[0], addr, 1 + i % 3);
	}
	vq_traffic_stop(test, t, TRADERS);
	if (((struct vt *)test->priv)->stuck)
		return;
	t[0] = vt_request(test, src, VQ_POOL, VM_SLEEP);
	KUNIT_EXPECT_EQ(test, vt_join(test, t[0], NULL), 1UL);
	vt_free(src, 1, VQ_POOL);
}

static struct kunit_case vmem_qcache_cpu_cases[] = {
	KUNIT_CASE(nosleep_has_all_but_what_others_hold),
	KUNIT_CASE(sleeper_has_what_others_hold),
	KUNIT_CASE(source_has_what_others_hold),
	KUNIT_CASE(integers_move_between_cpus),
	KUNIT_CASE(dead_cpu_leaves_nothing_behind),
	KUNIT_CASE(waiting_while_a_cpu_is_gone),
	KUNIT_CASE(draining_during_traffic),
	KUNIT_CASE(sleepers_during_traffic),
	KUNIT_CASE(tree_drained_during_traffic),
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
