// SPDX-License-Identifier: GPL-2.0
/*
 * Measures the cost of vmem, in nanoseconds of the clock.
 *
 * In QEMU with -icount shift=0 an instruction takes one nanosecond. So the
 * figures are instructions, and are reproducible on any host. On a real machine
 * the figures are times; only ratios of times from one run are meaningful.
 *
 * Prints lines "measure: NAME VALUE". With what=hold_* the allocations stay
 * until the module is removed, so that debugfs shows the memory that vmem uses
 * for them.
 */
#include <linux/completion.h>
#include <linux/cpumask.h>
#include <linux/kthread.h>
#include <linux/ktime.h>
#include <linux/math64.h>
#include <linux/module.h>
#include <linux/percpu.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>
#include <linux/vmem.h>

#include "late.h"

#define REPEAT		1000	/* pairs in one measurement */
#define RUNS		5	/* the fastest measurement counts */

static char *what = "pairs";
module_param(what, charp, 0400);
MODULE_PARM_DESC(what, "measurement: pairs, latency, threads, hold_uncached or hold_cached");

static ulong live = 1000000;
module_param(live, ulong, 0400);
MODULE_PARM_DESC(live, "number of live allocations");

/* A stack of integers for each CPU: the lower bound of the cost of a pair. */
struct stack {
	unsigned int n;
	unsigned long value[64];
};

static DEFINE_PER_CPU(struct stack, stacks);

static noinline unsigned long stack_pop(void)
{
	struct stack *s;
	unsigned long value = 0;

	preempt_disable();
	s = this_cpu_ptr(&stacks);
	if (s->n)
		value = s->value[--s->n];
	preempt_enable();
	return value;
}

static noinline void stack_push(unsigned long value)
{
	struct stack *s;

	preempt_disable();
	s = this_cpu_ptr(&stacks);
	if (s->n < ARRAY_SIZE(s->value))
		s->value[s->n++] = value;
	preempt_enable();
}

static vmem_t *arena;
static void **held;
static unsigned long nheld;

/* Print a figure with one decimal. */
static void report(const char *name, u64 thousandths)
{
	u32 rest;
	u64 whole = div_u64_rem(thousandths, 1000, &rest);

	pr_info("measure: %s %llu.%u\n", name, whole, rest / 100);
}

/*
 * Time of a pair in picoseconds: an allocation of @size integers from @vm and
 * its free, or a pair on the per-CPU stack if @size is 0.
 */
static u64 time_pair(vmem_t *vm, size_t size, int vmflag)
{
	u64 start, best = U64_MAX;
	unsigned int i, t;
	void *p;

	for (t = 0; t < RUNS; t++) {
		start = ktime_get_ns();
		for (i = 0; i < REPEAT; i++) {
			if (!size) {
				stack_push(stack_pop());
				continue;
			}
			p = vmem_alloc(vm, size, vmflag);
			vmem_free(vm, p, size);
		}
		best = min(best, ktime_get_ns() - start);
	}
	return div_u64(best * 1000, REPEAT);
}

/*
 * Picoseconds of a single allocation. A run makes only 16 allocations, so that
 * neither segment structures nor objects of the slab run out.
 */
static u64 time_alloc(vmem_t *vm)
{
	u64 start, best = U64_MAX;
	unsigned int i, t;
	void *p[16];

	for (t = 0; t < RUNS; t++) {
		start = ktime_get_ns();
		for (i = 0; i < ARRAY_SIZE(p); i++)
			p[i] = vmem_alloc(vm, 1, VM_NOSLEEP);
		best = min(best, ktime_get_ns() - start);
		for (i = 0; i < ARRAY_SIZE(p); i++)
			vmem_free(vm, p[i], 1);
	}
	return div_u64(best * 1000, ARRAY_SIZE(p));
}

/* Sizes of allocations, mixed to fragment the free space. */
static size_t mixed_size(unsigned long i)
{
	return 17 + i % 7;
}

static bool fill_arena(size_t (*size)(unsigned long i), unsigned long n)
{
	for (nheld = 0; nheld < n; nheld++) {
		held[nheld] = vmem_alloc(arena, size(nheld), VM_SLEEP | VM_ABORT);
		if (!held[nheld])
			return false;
		if (!(nheld % 1024))
			cond_resched();
	}
	return true;
}

static void empty_arena(size_t (*size)(unsigned long i), unsigned long step)
{
	unsigned long i;

	for (i = 0; i < nheld; i += step) {
		if (held[i])
			vmem_free(arena, held[i], size(i));
		held[i] = NULL;
		if (!(i % 1024))
			cond_resched();
	}
}

static vmem_t *create_arena(size_t size, size_t qcache_max)
{
	return vmem_create("measure", (void *)1, size, 1, NULL, NULL, NULL,
			   qcache_max, VM_SLEEP | VMC_IDENTIFIER);
}

static int measure_pairs_with(unsigned long n, const char *alloc_name,
			      const char *pair_name, const char *pair_100_name)
{
	u64 start = ktime_get_ns();

	if (!fill_arena(mixed_size, n))
		return -ENOSPC;
	report(alloc_name, div_u64((ktime_get_ns() - start) * 1000, n));
	vmem_update(NULL);
	empty_arena(mixed_size, 3);
	report(pair_name, time_pair(arena, 1, VM_NOSLEEP));
	report(pair_100_name, time_pair(arena, 100, VM_NOSLEEP));
	empty_arena(mixed_size, 1);
	return 0;
}

static size_t unit_size(unsigned long i)
{
	return 1;
}

static int measure_pairs(void)
{
	vmem_t *small;
	int err;

	stack_push(1);
	report("stack_pair", time_pair(NULL, 0, 0));

	arena = create_arena(1UL << 30, 0);
	if (!arena)
		return -ENOMEM;
	report("uncached_pair_empty", time_pair(arena, 1, VM_NOSLEEP));
	report("uncached_alloc", time_alloc(arena));
	err = measure_pairs_with(1000, "uncached_alloc_1k", "uncached_pair_1k",
				 "uncached_pair_100_1k");
	if (!err)
		err = measure_pairs_with(live, "uncached_alloc_live", "uncached_pair_live",
					 "uncached_pair_100_live");
	vmem_destroy(arena);
	arena = NULL;
	if (err)
		return err;

	arena = create_arena(1UL << 30, 8);
	if (!arena)
		return -ENOMEM;
	if (!fill_arena(unit_size, min(live, 100000UL)))
		return -ENOSPC;
	report("cached_pair", time_pair(arena, 1, VM_NOSLEEP));
	report("cached_pair_8", time_pair(arena, 8, VM_NOSLEEP));
	empty_arena(unit_size, 1);
	vmem_destroy(arena);
	arena = NULL;

	/* A small arena has no magazines, so that every pair goes to a slab. */
	small = create_arena(80, 1);
	if (!small)
		return -ENOMEM;
	report("slab_pair", time_pair(small, 1, VM_NOSLEEP));
	report("slab_alloc", time_alloc(small));
	vmem_destroy(small);
	return 0;
}

static void report_late(const char *name)
{
	report(name, late_read_and_reset() * 1000);
}

/* For comparison, measure the kernel's slab allocator with @live objects. */
static void measure_slab(void)
{
	unsigned long i;

	for (i = 0; i < live; i++)
		held[i] = kmalloc(64, GFP_KERNEL);
	report_late("late_kmalloc");
	for (i = 0; i < live; i++)
		kfree(held[i]);
	report_late("late_kfree");
	memset(held, 0, array_size(live, sizeof(*held)));
}

/* Measure the longest time with interrupts off, when idle and with vmem. */
static int measure_latency(void)
{
	u64 end = ktime_get_ns() + 20 * NSEC_PER_MSEC;
	struct hrtimer timer;
	int err = 0;

	arena = create_arena(1UL << 30, 0);
	if (!arena)
		return -ENOMEM;
	late_start(&timer);
	while (ktime_get_ns() < end)
		cpu_relax();
	report_late("late_idle");
	measure_slab();
	if (!fill_arena(mixed_size, live))
		err = -ENOSPC;
	report_late("late_filling");
	vmem_update(NULL);
	report_late("late_rescaling_up");
	empty_arena(mixed_size, 1);
	report_late("late_emptying");
	vmem_update(NULL);
	report_late("late_rescaling_down");
	hrtimer_cancel(&timer);
	vmem_destroy(arena);
	arena = NULL;
	return err;
}

/* Shared by the threads that allocate and free in one arena, one per CPU. */
static atomic_long_t operations;
static bool stop;

static int alloc_and_free(void *arg)
{
	unsigned long n = 0, i;
	void *p[8];

	while (!READ_ONCE(stop)) {
		for (i = 0; i < ARRAY_SIZE(p); i++)
			p[i] = vmem_alloc(arena, 1, VM_NOSLEEP);
		for (i = 0; i < ARRAY_SIZE(p); i++)
			vmem_free(arena, p[i], 1);
		n += ARRAY_SIZE(p);
		if (!(n % 4096))
			cond_resched();
	}
	atomic_long_add(n, &operations);
	complete(arg);
	return 0;
}

static u64 run_threads(unsigned int n)
{
	DECLARE_COMPLETION_ONSTACK(done);
	struct task_struct *task;
	unsigned int i, cpu = cpumask_first(cpu_online_mask);

	atomic_long_set(&operations, 0);
	WRITE_ONCE(stop, false);
	for (i = 0; i < n; i++) {
		task = kthread_create(alloc_and_free, &done, "vmem_measure/%u", i);
		if (IS_ERR(task)) {
			complete(&done);
			continue;
		}
		kthread_bind(task, cpu);
		wake_up_process(task);
		cpu = cpumask_next(cpu, cpu_online_mask);
	}
	schedule_timeout_uninterruptible(HZ);
	WRITE_ONCE(stop, true);
	for (i = 0; i < n; i++)
		wait_for_completion(&done);
	return atomic_long_read(&operations);
}

static int measure_threads(void)
{
	u64 alone = 0, together = 0;
	unsigned int t;

	arena = create_arena(1UL << 20, 8);
	if (!arena)
		return -ENOMEM;
	/* Alternate, so that other load on the machine affects both results. */
	for (t = 0; t < 3; t++) {
		alone = max(alone, run_threads(1));
		together = max(together, run_threads(num_online_cpus()));
	}
	report("threads", num_online_cpus() * 1000);
	report("threads_speedup", div64_u64(together * 1000, max(alone, 1ULL)));
	vmem_destroy(arena);
	arena = NULL;
	return 0;
}

static int hold_allocations(size_t qcache_max, size_t (*size)(unsigned long i))
{
	arena = create_arena(1UL << 30, qcache_max);
	if (!arena)
		return -ENOMEM;
	if (!fill_arena(size, live))
		return -ENOSPC;
	vmem_update(NULL);
	return 0;
}

static int run(void)
{
	if (!strcmp(what, "pairs"))
		return measure_pairs();
	if (!strcmp(what, "latency"))
		return measure_latency();
	if (!strcmp(what, "threads"))
		return measure_threads();
	if (!strcmp(what, "hold_uncached"))
		return hold_allocations(0, mixed_size);
	if (!strcmp(what, "hold_cached"))
		return hold_allocations(1, unit_size);
	return -EINVAL;
}

static void clean_up(void)
{
	if (arena) {
		empty_arena(strcmp(what, "hold_uncached") ? unit_size : mixed_size, 1);
		vmem_destroy(arena);
	}
	vfree(held);
}

static int __init vmem_measure_init(void)
{
	int err;

	held = vzalloc(array_size(live, sizeof(*held)));
	if (!held)
		return -ENOMEM;
	err = run();
	if (err)
		clean_up();
	return err;
}

static void __exit vmem_measure_exit(void)
{
	clean_up();
}

module_init(vmem_measure_init);
module_exit(vmem_measure_exit);

MODULE_DESCRIPTION("Measures the cost of vmem");
MODULE_AUTHOR("The vmem for Linux developers");
MODULE_LICENSE("GPL");
