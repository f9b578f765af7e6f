// SPDX-License-Identifier: GPL-2.0
/*
 * How long vmem holds an arena's lock at most, which is with interrupts off: a timer
 * goes off every few microseconds, and is late by as long as they are off. The clock
 * has to be one that nothing else takes time from, which is that of QEMU
 * with -icount.
 *
 * Others turn interrupts off, too: the page allocator takes back hundreds of pages at
 * once. So the timer looks where it interrupts, which is where they were turned on
 * again, and keeps apart what is in vmem. That has everything in it for which vmem
 * has them off, and the kernel's own tick, if it comes first.
 *
 * Everything is done often enough, or takes the lock often enough, that the timer
 * is due at the beginning of some hold. What user space does (reads files in debugfs)
 * goes on while the module is loaded: writing a name to the parameter "mark" says
 * how late the timer was since the last.
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

#define TICK		10000	/* ns */
#define LEAST		1000	/* less is what any interrupt takes */
#define SEARCHES	200
#define SPANS		50000UL

/* How late the timer was at most, and what it interrupted then. */
struct late {
	s64 ns;
	unsigned long at;
};

static struct late ours, others;
static struct hrtimer timer;
static bool ignored;
static struct work locked;

#if defined(CONFIG_STACKTRACE) && defined(CONFIG_X86_64) && !defined(CONFIG_UML)
/* Where interrupts were turned on; 0 if that cannot be told. */
static unsigned long turned_on_at(void)
{
	unsigned long entry[16], at = instruction_pointer(get_irq_regs());
	unsigned int i = 0, n = stack_trace_save(entry, ARRAY_SIZE(entry), 0);

	while (i < n && entry[i] != at)
		i++;
	while (i < n && in_lock_functions(entry[i]))
		i++;
	return i < n ? entry[i] : 0;
}

/* No other module has anything to do meanwhile. */
static bool in_vmem(unsigned long at)
{
	return !at || (at >= MODULES_VADDR && at < MODULES_END &&
		       !within_module(at, THIS_MODULE));
}
#else
static unsigned long turned_on_at(void)
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

	if (!ignored && ns > LEAST && (ns > ours.ns || ns > others.ns)) {
		at = turned_on_at();
		late = in_vmem(at) ? &ours : &others;
		if (ns > late->ns)
			*late = (struct late){ .ns = ns, .at = at };
	}
	hrtimer_forward_now(t, ns_to_ktime(TICK));
	return HRTIMER_RESTART;
}

/* From now on; what went before, the console's work as well, is over by then. */
static void forget(void)
{
	udelay(3 * TICK / 1000);
	local_irq_disable();
	memset(&ours, 0, sizeof(ours));
	memset(&others, 0, sizeof(others));
	local_irq_enable();
}

void locked_ignore(bool on)
{
	WRITE_ONCE(ignored, on);
}

void locked_mark(const char *what, const char *more)
{
	struct late a, b;

	local_irq_disable();
	a = ours;
	b = others;
	local_irq_enable();
	pr_info("bench: load=locked op=%s late=%lld others=%lld by=%ps others_by=%ps%s\n",
		what, a.ns, b.ns, (void *)a.at, (void *)b.at, more);
	forget();
}

static void mark(const char *what)
{
	locked_mark(what, "");
}

static int mark_set(const char *val, const struct kernel_param *kp)
{
	char what[32];

	strscpy(what, val, sizeof(what));
	mark(strim(what));
	return 0;
}

static const struct kernel_param_ops mark_ops = { .set = mark_set };
module_param_cb(mark, &mark_ops, NULL, 0200);
MODULE_PARM_DESC(mark, "say how late the timer was, under this name");

/* What the kernel itself is like: as many objects of the slab allocator. */
static void of_slab(unsigned long n)
{
	void **p = vzalloc(array_size(n, sizeof(*p)));
	unsigned long i;

	forget();
	for (i = 0; p && i < n; i++)
		p[i] = kmalloc(64, GFP_KERNEL);
	mark("kmalloc");
	for (i = 0; p && i < n; i++)
		kfree(p[i]);
	mark("kfree");
	vfree(p);
	forget();
}

/* Searches of every kind, whether they find something or not. */
static void searches(vmem_t *vm)
{
	struct rnd_state *random = &locked.random;
	unsigned long i, at, align;
	size_t size;
	void *p;

	for (i = 0; i < SEARCHES; i++) {
		size = 1 + below(random, 100);
		p = vmem_alloc(vm, size, VM_NOSLEEP);
		vmem_free(vm, p, size);
	}
	mark("instant");
	for (i = 0; i < SEARCHES; i++) {
		size = 1 + below(random, 100);
		p = vmem_alloc(vm, size, VM_NOSLEEP | VM_BESTFIT);
		vmem_free(vm, p, size);
	}
	mark("best");
	for (i = 0; i < SEARCHES; i++) {
		size = 1 + below(random, 100);
		p = vmem_alloc(vm, size, VM_NOSLEEP | VM_FIRSTFIT);
		vmem_free(vm, p, size);
	}
	mark("first");
	for (i = 0; i < SEARCHES; i++) {
		/* Longer than what is free in the middle. */
		size = 60 + below(random, 100);
		p = vmem_alloc(vm, size, VM_NOSLEEP | VM_NEXTFIT);
		vmem_free(vm, p, size);
	}
	mark("next");
	for (i = 0; i < SEARCHES / 10; i++) {
		size = 1 + below(random, 100);
		at = BASE + below(random, locked.range / 2);
		p = vmem_xalloc(vm, size, 0, 0, 0, (void *)at,
				(void *)(at + 2 * size), VM_NOSLEEP);
		if (p)
			vmem_xfree(vm, p, size);
	}
	mark("within");
	for (i = 0; i < SEARCHES / 10; i++) {
		size = 1 + below(random, 100);
		align = 1UL << (6 + i % 20);
		p = vmem_xalloc(vm, size, align, align / 2, 0, NULL, NULL,
				VM_NOSLEEP);
		if (p)
			vmem_xfree(vm, p, size);
	}
	mark("aligned");
	for (i = 0; i < SEARCHES / 10; i++) {
		size = 33 + below(random, 32);
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

static void the_rest(vmem_t *vm)
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

/* Spans, added and imported by the thousand. */
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
	forget();
}

/* Cached identifiers: many, back again, and the caches emptied. */
static void cached(unsigned long n)
{
	vmem_t *vm = vmem_create("cached", (void *)BASE, 64 * n, 1, NULL, NULL,
				 NULL, 8, VM_SLEEP | VMC_IDENTIFIER);
	void **p = vzalloc(array_size(n, sizeof(*p)));
	unsigned long i;

	forget();
	if (vm && p) {
		for (i = 0; i < n; i++)
			p[i] = vmem_alloc(vm, 1 + i % 8, VM_SLEEP);
		mark("cached_fill");
		for (i = 0; i < n; i++)
			vmem_free(vm, p[i], 1 + i % 8);
		mark("cached_empty");
		/* What caches hold is fetched: nothing else can serve this. */
		p[0] = vmem_alloc(vm, 63 * n, VM_NOSLEEP);
		if (p[0])
			vmem_free(vm, p[0], 63 * n);
		mark("cached_reclaim");
	}
	if (vm)
		vmem_destroy(vm);
	mark("cached_destroy");
	vfree(p);
	forget();
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
	hrtimer_start(&timer, ns_to_ktime(TICK), HRTIMER_MODE_REL_PINNED);
	begin = ktime_get_ns();
	forget();
	while (ktime_get_ns() - begin < 20 * NSEC_PER_MSEC)
		cpu_relax();
	mark("idle");
	of_slab(bench_live);
	err = work_fill(&locked, most, &ticks);
	mark("fill");
	vmem_update(NULL);
	mark("rescale");
	work_punch(&locked);
	mark("punch");
	searches(locked.it);
	the_rest(locked.it);
	spans(locked.it);
	cached(bench_live / 4);
	if (!err)
		locked_waited(&locked);
	/* And user space goes on. */
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
		peer->free(locked.it, piece);
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
