// SPDX-License-Identifier: GPL-2.0
/*
 * What vmem costs, in nanoseconds of the clock.
 *
 * In a guest of QEMU with -icount shift=0 one instruction takes one nanosecond,
 * so that the figures are instructions, the same on any machine and in any run.
 * On a real machine they are times, of which only ratios within one run mean
 * anything.
 *
 * Prints lines "measure: NAME VALUE". While the module stays loaded the last
 * arena keeps what it has, so that somebody can look at what that occupies.
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
#define TRIES		5	/* measurements, of which the least counts */

static char *what = "pairs";
module_param(what, charp, 0400);
MODULE_PARM_DESC(what, "pairs, latency, threads, hold_uncached or hold_cached");

static ulong live = 1000000;
module_param(live, ulong, 0400);
MODULE_PARM_DESC(live, "allocations that live meanwhile");

/* The floor: a stack of integers for each CPU, with nothing behind it. */
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

static void say(const char *name, u64 thousandths)
{
	u32 rest;
	u64 whole = div_u64_rem(thousandths, 1000, &rest);

	pr_info("measure: %s %llu.%u\n", name, whole, rest / 100);
}

/* Nanoseconds of a pair, in thousandths. @size 0: the stack of the CPU. */
static u64 pair(vmem_t *vm, size_t size, int vmflag)
{
	u64 start, best = U64_MAX;
	unsigned int i, t;
	void *p;

	for (t = 0; t < TRIES; t++) {
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
 * Nanoseconds of an allocation alone, in thousandths: a few in a row, so that
 * neither segment structures nor objects in slabs run out meanwhile.
 */
static u64 single(vmem_t *vm)
{
	u64 start, best = U64_MAX;
	unsigned int i, t;
	void *p[16];

	for (t = 0; t < TRIES; t++) {
		start = ktime_get_ns();
		for (i = 0; i < ARRAY_SIZE(p); i++)
			p[i] = vmem_alloc(vm, 1, VM_NOSLEEP);
		best = min(best, ktime_get_ns() - start);
		for (i = 0; i < ARRAY_SIZE(p); i++)
			vmem_free(vm, p[i], 1);
	}
	return div_u64(best * 1000, ARRAY_SIZE(p));
}

/* Sizes that come and go, so that the free space is in many pieces. */
static size_t size_of(unsigned long i)
{
	return 17 + i % 7;
}

static bool fill(size_t (*size)(unsigned long i), unsigned long n)
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

static void empty(size_t (*size)(unsigned long i), unsigned long step)
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

static vmem_t *make(size_t size, size_t qcache_max)
{
	return vmem_create("measure", (void *)1, size, 1, NULL, NULL, NULL,
			   qcache_max, VM_SLEEP | VMC_IDENTIFIER);
}

static int pairs_with(unsigned long n, const char *filling, const char *one,
		      const char *other)
{
	u64 start = ktime_get_ns();

	if (!fill(size_of, n))
		return -ENOSPC;
	say(filling, div_u64((ktime_get_ns() - start) * 1000, n));
	vmem_update(NULL);
	empty(size_of, 3);
	say(one, pair(arena, 1, VM_NOSLEEP));
	say(other, pair(arena, 100, VM_NOSLEEP));
	empty(size_of, 1);
	return 0;
}

static size_t one(unsigned long i)
{
	return 1;
}

static int measure_pairs(void)
{
	vmem_t *small;
	int err;

	stack_push(1);
	say("stack_pair", pair(NULL, 0, 0));

	arena = make(1UL << 30, 0);
	if (!arena)
		return -ENOMEM;
	say("uncached_pair_empty", pair(arena, 1, VM_NOSLEEP));
	say("uncached_alloc", single(arena));
	err = pairs_with(1000, "uncached_alloc_1k", "uncached_pair_1k", "uncached_pair_100_1k");
	if (!err)
		err = pairs_with(live, "uncached_alloc_live", "uncached_pair_live",
				 "uncached_pair_100_live");
	vmem_destroy(arena);
	if (err)
		return err;

	arena = make(1UL << 30, 8);
	if (!arena)
		return -ENOMEM;
	if (!fill(one, min(live, 100000UL)))
		return -ENOSPC;
	say("cached_pair", pair(arena, 1, VM_NOSLEEP));
	say("cached_pair_8", pair(arena, 8, VM_NOSLEEP));
	empty(one, 1);
	vmem_destroy(arena);
	arena = NULL;

	/* Too small to share: no magazines, so that every pair goes to a slab. */
	small = make(80, 1);
	if (!small)
		return -ENOMEM;
	say("slab_pair", pair(small, 1, VM_NOSLEEP));
	say("slab_alloc", single(small));
	vmem_destroy(small);
	return 0;
}

static void since(const char *name)
{
	say(name, late_since() * 1000);
}

/* The same load on the kernel's own allocator, for comparison. */
static void like_slab(void)
{
	unsigned long i;

	for (i = 0; i < live; i++)
		held[i] = kmalloc(64, GFP_KERNEL);
	since("late_kmalloc");
	for (i = 0; i < live; i++)
		kfree(held[i]);
	since("late_kfree");
	memset(held, 0, array_size(live, sizeof(*held)));
}

/* How long interrupts are off at worst: while nothing goes on, and with vmem. */
static int measure_latency(void)
{
	u64 end = ktime_get_ns() + 20 * NSEC_PER_MSEC;
	struct hrtimer timer;
	int err = 0;

	arena = make(1UL << 30, 0);
	if (!arena)
		return -ENOMEM;
	late_start(&timer);
	while (ktime_get_ns() < end)
		cpu_relax();
	since("late_idle");
	like_slab();
	if (!fill(size_of, live))
		err = -ENOSPC;
	since("late_filling");
	vmem_update(NULL);
	since("late_rescaling_up");
	empty(size_of, 1);
	since("late_emptying");
	vmem_update(NULL);
	since("late_rescaling_down");
	hrtimer_cancel(&timer);
	vmem_destroy(arena);
	arena = NULL;
	return err;
}

/* Threads, one a CPU, in the same arena: operations in the same time. */
static atomic_long_t operations;
static bool stop;

static int hammer(void *arg)
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
		task = kthread_create(hammer, &done, "vmem_measure/%u", i);
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

	arena = make(1UL << 20, 8);
	if (!arena)
		return -ENOMEM;
	/* In turn, so that both see the same machine. */
	for (t = 0; t < 3; t++) {
		alone = max(alone, run_threads(1));
		together = max(together, run_threads(num_online_cpus()));
	}
	say("threads", num_online_cpus() * 1000);
	say("threads_speedup", div64_u64(together * 1000, max(alone, 1ULL)));
	vmem_destroy(arena);
	arena = NULL;
	return 0;
}

static int hold(size_t qcache_max, size_t (*size)(unsigned long i))
{
	arena = make(1UL << 30, qcache_max);
	if (!arena)
		return -ENOMEM;
	if (!fill(size, live))
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
		return hold(0, size_of);
	if (!strcmp(what, "hold_cached"))
		return hold(1, one);
	return -EINVAL;
}

static void clean_up(void)
{
	if (arena) {
		empty(strcmp(what, "hold_uncached") ? one : size_of, 1);
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

MODULE_DESCRIPTION("Measures what vmem costs");
MODULE_AUTHOR("The vmem for Linux developers");
MODULE_LICENSE("GPL");
