// SPDX-License-Identifier: GPL-2.0
/*
 * Measures the longest time that vmem holds an arena's lock. Interrupts are off
 * while the lock is held. So if a timer expires during a hold, its handler is
 * late by the rest of the hold. The timer expires every TICK_NS nanoseconds.
 * The load needs the clock of QEMU with -icount, which counts only the guest's
 * instructions.
 *
 * Code outside vmem also turns interrupts off. For example, the page allocator
 * frees hundreds of pages at once. The function that the timer handler
 * interrupts has just turned interrupts on. So the timer handler looks up this
 * function, and keeps separate maxima for vmem and for other code. The maximum
 * of vmem includes the time of the kernel's tick if the CPU handles the tick
 * first.
 *
 * Each operation takes the lock many times or is repeated, so that the timer
 * expires at the beginning of some hold. While the module is loaded, user space
 * can continue the measurement, for example with reads of debugfs files. A
 * write of a name to the parameter "mark" prints the maximum lateness since the
 * previous mark.
 */
#include <linux/delay.h>
#include <linux/hrtimer.h>
#include <linux/module.h>
#include <linux/pgtable.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/stacktrace.h>
#include <linux/vmalloc.h>
#include <linux/vmem.h>
#include <asm/irq_regs.h>
#include <asm/ptrace.h>

#include "../vmem/compat.h"
#include "bench.h"
#include "clock.h"
#include "locked.h"

#define TICK_NS		10000
#define MIN_LATE_NS	1000	/* the cost of the interrupt itself is less */
#define SEARCHES	200
#define SPANS		50000UL

/* Maximum lateness of the timer, and the code that turned interrupts on. */
struct late {
	s64 ns;
	unsigned long at;
};

static struct late vmem_late, other_late;
static struct hrtimer timer;
static bool ignored;
static struct work locked;

#if defined(CONFIG_STACKTRACE) && defined(CONFIG_X86_64) && !defined(CONFIG_UML)
/* Address of the code that turned interrupts on; 0 if it is unknown. */
static unsigned long irqs_enabled_at(void)
{
	unsigned long entry[16], at = instruction_pointer(get_irq_regs());
	unsigned int i = 0, n = stack_trace_save(entry, ARRAY_SIZE(entry), 0);

	while (i < n && entry[i] != at)
		i++;
	while (i < n && in_lock_functions(entry[i]))
		i++;
	return i < n ? entry[i] : 0;
}

/* Counts every other module as vmem: only vmem is active. */
static bool in_vmem(unsigned long at)
{
	return !at || (at >= MODULES_VADDR && at < MODULES_END &&
		       !within_module(at, THIS_MODULE));
}
#else
static unsigned long irqs_enabled_at(void)
{
	return 0;
}

static bool in_vmem(unsigned long at)
{
	return true;
}
#endif

static enum hrtimer_restart tick(struct hrtimer *t)
{
	s64 ns = ktime_to_ns(ktime_sub(ktime_get(), hrtimer_get_expires(t)));
	struct late *late;
	unsigned long at;

	if (!ignored && ns > MIN_LATE_NS && (ns > vmem_late.ns || ns > other_late.ns)) {
		at = irqs_enabled_at();
		late = in_vmem(at) ? &vmem_late : &other_late;
		if (ns > late->ns)
			*late = (struct late){ .ns = ns, .at = at };
	}
	hrtimer_forward_now(t, ns_to_ktime(TICK_NS));
	return HRTIMER_RESTART;
}

/* Reset the maxima, after pending timer interrupts and console output. */
static void reset_late(void)
{
	udelay(3 * TICK_NS / 1000);
	local_irq_disable();
	memset(&vmem_late, 0, sizeof(vmem_late));
	memset(&other_late, 0, sizeof(other_late));
	local_irq_enable();
}

void locked_ignore(bool on)
{
	WRITE_ONCE(ignored, on);
}

void locked_mark(const char *name, const char *extra)
{
	struct late a, b;

	local_irq_disable();
	a = vmem_late;
	b = other_late;
	local_irq_enable();
	pr_info("bench: load=locked op=%s late=%lld others=%lld by=%ps others_by=%ps%s\n",
		name, a.ns, b.ns, (void *)a.at, (void *)b.at, extra);
	reset_late();
}

static void mark(const char *name)
{
	locked_mark(name, "");
}

static int mark_set(const char *val, const struct kernel_param *kp)
{
	char name[32];

	strscpy(name, val, sizeof(name));
	mark(strim(name));
	return 0;
}

static const struct kernel_param_ops mark_ops = { .set = mark_set };
module_param_cb(mark, &mark_ops, NULL, 0200);
MODULE_PARM_DESC(mark, "write a name: print the maximum lateness of the timer under that name");

/* For comparison, measure the kernel's slab allocator with @n objects. */
static void measure_slab(unsigned long n)
{
	void **p = vzalloc(array_size(n, sizeof(*p)));
	unsigned long i;

	reset_late();
	for (i = 0; p && i < n; i++)
		p[i] = kmalloc(64, GFP_KERNEL);
	mark("kmalloc");
	for (i = 0; p && i < n; i++)
		kfree(p[i]);
	mark("kfree");
	vfree(p);
	reset_late();
}

/* Measure searches of every kind, successful and failing. */
static void searches(vmem_t *vm)
{
	struct rnd_state *random = &locked.random;
	unsigned long i, at, align;
	size_t size;
	void *p;

	for (i = 0; i < SEARCHES; i++) {
		size = 1 + random_below(random, 100);
		p = vmem_alloc(vm, size, VM_NOSLEEP);
		vmem_free(vm, p, size);
	}
	mark("instant");
	for (i = 0; i < SEARCHES; i++) {
		size = 1 + random_below(random, 100);
		p = vmem_alloc(vm, size, VM_NOSLEEP | VM_BESTFIT);
		vmem_free(vm, p, size);
	}
	mark("best");
	for (i = 0; i < SEARCHES; i++) {
		size = 1 + random_below(random, 100);
		p = vmem_alloc(vm, size, VM_NOSLEEP | VM_FIRSTFIT);
		vmem_free(vm, p, size);
	}
	mark("first");
	for (i = 0; i < SEARCHES; i++) {
		/* Larger than the typical free segment. */
		size = 60 + random_below(random, 100);
		p = vmem_alloc(vm, size, VM_NOSLEEP | VM_NEXTFIT);
		vmem_free(vm, p, size);
	}
	mark("next");
	for (i = 0; i < SEARCHES / 10; i++) {
		size = 1 + random_below(random, 100);
		at = BASE + random_below(random, locked.range / 2);
		p = vmem_xalloc(vm, size, 0, 0, 0, (void *)at,
				(void *)(at + 2 * size), VM_NOSLEEP);
		if (p)
			vmem_xfree(vm, p, size);
	}
	mark("within");
	for (i = 0; i < SEARCHES / 10; i++) {
		size = 1 + random_below(random, 100);
		align = 1UL << (6 + i % 20);
		p = vmem_xalloc(vm, size, align, align / 2, 0, NULL, NULL,
				VM_NOSLEEP);
		if (p)
			vmem_xfree(vm, p, size);
	}
	mark("aligned");
	for (i = 0; i < SEARCHES / 10; i++) {
		size = 33 + random_below(random, 32);
		p = vmem_xalloc(vm, size, 64, 0, 64, (void *)BASE,
				(void *)(BASE + locked.range / 2),
				VM_NOSLEEP | VM_BESTFIT);
		if (p)
			vmem_xfree(vm, p, size);
	}
	mark("nocross");
	for (i = 0; i < 3; i++) {
		p = vmem_alloc(vm, locked.range, VM_NOSLEEP);
		if (p)
			vmem_free(vm, p, locked.range);
	}
	mark("nothing_fits");
}

static void visit(void *arg, void *start, size_t size)
{
	(*(unsigned long *)arg)++;
}

static void other_calls(vmem_t *vm)
{
	struct vmem_stats stats;
	unsigned long i, n = 0;

	vmem_walk(vm, VMEM_ALLOC | VMEM_FREE | (int)VMEM_REENTRANT, visit, &n);
	mark("walk");
	for (i = 0; i < SEARCHES; i++)
		vmem_contains(vm, (void *)(BASE + i * 1000), 100);
	mark("contains");
	for (i = 0; i < SEARCHES; i++) {
		vmem_get_stats(vm, &stats);
		vmem_size(vm, VMEM_ALLOC);
	}
	mark("stats");
}

/* Measure additions, imports and releases of thousands of spans. */
static void spans(vmem_t *source)
{
	vmem_t *vm = vmem_create("spans", NULL, 0, 1, NULL, NULL, NULL, 0,
				 VM_SLEEP | VMC_IDENTIFIER);
	void **p = vzalloc(array_size(SPANS, sizeof(*p)));
	unsigned long i;

	if (!vm || !p)
		goto out;
	for (i = 1; i <= SPANS; i++)
		vmem_add(vm, (void *)(i * 1000), 100, VM_SLEEP);
	mark("add");
	for (i = 1; i <= SPANS; i++)
		vmem_contains(vm, (void *)(i * 1000), 100);
	mark("contains_spans");
	vmem_destroy(vm);
	mark("destroy_spans");
	vm = vmem_create("imports", NULL, 0, 1, vmem_alloc, vmem_free, source, 0,
			 VM_SLEEP | VMC_IDENTIFIER);
	if (!vm)
		goto out;
	for (i = 0; i < SPANS; i++) {
		p[i] = vmem_alloc(vm, 100, VM_NOSLEEP);
		if (!p[i])
			break;
	}
	mark("import");
	while (i)
		vmem_free(vm, p[--i], 100);
	mark("release");
out:
	if (vm)
		vmem_destroy(vm);
	vfree(p);
	reset_late();
}

/*
 * Allocate and free many cached identifiers, then reclaim them from the caches.
 */
static void cached(unsigned long n)
{
	vmem_t *vm = vmem_create("cached", (void *)BASE, 64 * n, 1, NULL, NULL,
				 NULL, 8, VM_SLEEP | VMC_IDENTIFIER);
	void **p = vzalloc(array_size(n, sizeof(*p)));
	unsigned long i;

	reset_late();
	if (vm && p) {
		for (i = 0; i < n; i++)
			p[i] = vmem_alloc(vm, 1 + i % 8, VM_SLEEP);
		mark("cached_fill");
		for (i = 0; i < n; i++)
			vmem_free(vm, p[i], 1 + i % 8);
		mark("cached_empty");
		/* The request needs the identifiers that the caches hold. */
		p[0] = vmem_alloc(vm, 63 * n, VM_NOSLEEP);
		if (p[0])
			vmem_free(vm, p[0], 63 * n);
		mark("cached_reclaim");
	}
	if (vm)
		vmem_destroy(vm);
	mark("cached_destroy");
	vfree(p);
	reset_late();
}

int load_locked_begin(void)
{
	u64 begin, ticks;
	unsigned long most = bench_live + bench_live / 2;
	int err;

	err = work_begin(&locked, &peer_vmem, most * 64, most + 1, false);
	if (err)
		return err;
	vmem_hrtimer_setup(&timer, tick);
	hrtimer_start(&timer, ns_to_ktime(TICK_NS), HRTIMER_MODE_REL_PINNED);
	begin = ktime_get_ns();
	reset_late();
	while (ktime_get_ns() - begin < 20 * NSEC_PER_MSEC)
		cpu_relax();
	mark("idle");
	measure_slab(bench_live);
	err = work_fill(&locked, most, &ticks);
	mark("fill");
	vmem_update(NULL);
	mark("rescale");
	work_punch(&locked);
	mark("punch");
	searches(locked.instance);
	other_calls(locked.instance);
	spans(locked.instance);
	cached(bench_live / 4);
	if (!err)
		locked_waited(&locked);
	/* User space can continue with the parameter "mark". */
	return err;
}

void load_locked_end(void)
{
	const struct peer *peer = locked.peer;
	struct piece *piece;

	if (!peer)
		return;
	mark("rest");
	while (locked.live) {
		piece = &locked.piece[--locked.live];
		peer->free(locked.instance, piece);
		if (!(locked.live % 256))
			cond_resched();
	}
	mark("emptying");
	vmem_update(NULL);
	mark("rescale_down");
	work_end(&locked);
	mark("destroy");
	hrtimer_cancel(&timer);
}
