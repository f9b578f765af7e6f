// SPDX-License-Identifier: GPL-2.0
/*
 * Second part of the load "distress". It measures the cost of exhaustion for
 * clients that allocate from caches of the same tree, and the time for which
 * reclaim occupies the CPU.
 */
#include <linux/delay.h>
#include <linux/kthread.h>
#include <linux/math64.h>
#include <linux/module.h>
#include <linux/sched.h>
#include <linux/vmalloc.h>

#include "bench.h"
#include "clock.h"
#include "distress.h"
#include "waiters.h"

#define BATCH		32	/* pairs */
#define BATCHES		100
#define SLEEP_US	100
#define DEPOT		100000U	/* objects to move into the depot */
#define NAP_US		50
#define OBJECTS		64	/* objects in a slab of single units */
#define UNCACHED	16	/* units: a cached size would ignore VM_ABORT */
#define SETTLE_MS	100

/*
 * Mean time of a pair of a cached size in @vm. If @poll is not NULL, a request
 * in @poll fails before each batch of pairs.
 */
static u64 time_pairs(vmem_t *vm, vmem_t *poll)
{
	u64 start, sum = 0;
	unsigned int i, j;
	void *p;

	for (i = 0; i < BATCHES; i++) {
		if (poll && vmem_alloc(poll, UNCACHED, VM_NOSLEEP | VM_ABORT))
			pr_info("bench: failed distress: the exhausted arena served a request\n");
		sleep_us(SLEEP_US);
		start = clock_read();
		for (j = 0; j < BATCH; j++) {
			p = vmem_alloc(vm, 1, VM_NOSLEEP);
			if (p)
				vmem_free(vm, p, 1);
		}
		sum += clock_read() - start - clock_overhead;
		if (!p)
			pr_info("bench: failed distress: an allocation of a pair failed\n");
	}
	return div_u64(clock_tenths(sum), BATCHES * BATCH);
}

static void arenas_destroy(vmem_t **vm, unsigned int n)
{
	while (n--)
		if (vm[n])
			vmem_destroy(vm[n]);
}

/*
 * Measure pairs in an arena while a client polls a sibling arena whose source
 * is exhausted.
 */
static int poll_beside(void)
{
	vmem_t *vm[3];
	void *unit;
	u64 baseline;
	int err = -ENOMEM;

	vm[0] = distress_arena("root", 1, NULL, 0);
	vm[1] = vm[0] ? distress_arena("polled", 0, vm[0], 8) : NULL;
	vm[2] = vm[0] ? distress_arena("sibling", 1 << 20, vm[0], 8) : NULL;
	if (vm[1] && vm[2]) {
		unit = vmem_alloc(vm[0], 1, VM_NOSLEEP);
		time_pairs(vm[2], NULL);
		baseline = time_pairs(vm[2], NULL);
		distress_report("poll", 1, time_pairs(vm[2], vm[1]), baseline);
		vmem_free(vm[0], unit, 1);
		err = 0;
	}
	arenas_destroy(vm, ARRAY_SIZE(vm));
	return err;
}

/*
 * While a request waits in one child of a root, measure pairs in two siblings:
 * one has a span of its own, the other has an imported span.
 */
static int wait_beside(void)
{
	u64 baseline_own, baseline_import;
	struct waiters waiters = { };
	vmem_t *vm[4];
	int err = -ENOMEM;

	vm[0] = distress_arena("root", 4096, NULL, 0);
	vm[1] = vm[0] ? distress_arena("waits", 0, vm[0], 0) : NULL;
	vm[2] = vm[0] ? distress_arena("own", 1 << 20, vm[0], 8) : NULL;
	vm[3] = vm[0] ? distress_arena("import", 0, vm[0], 8) : NULL;
	if (!vm[1] || !vm[2] || !vm[3])
		goto out;
	time_pairs(vm[2], NULL);
	baseline_own = time_pairs(vm[2], NULL);
	time_pairs(vm[3], NULL);
	baseline_import = time_pairs(vm[3], NULL);
	err = waiters_start(&waiters, 1, &vm[1], 1, 8192);
	err = err ?: waiters_await_sleep(&waiters, vm[0]);
	if (!err) {
		distress_report("wait_own", 1, time_pairs(vm[2], NULL), baseline_own);
		distress_report("wait_import", 1, time_pairs(vm[3], NULL),
				baseline_import);
	}
	if (waiters.waiter)
		vmem_add(vm[0], (void *)(1UL << 24), 8192, VM_SLEEP);
	err = waiters_end(&waiters) ?: err;
out:
	if (err != -ETIME)
		arenas_destroy(vm, ARRAY_SIZE(vm));
	return err;
}

/* A client's import function, which only calls vmem_alloc(). */
static void *own_import(vmem_t *source, size_t size, int vmflag)
{
	return vmem_alloc(source, size, vmflag);
}

/* Measure pairs in an arena with one free unit, where no slab can be made. */
static int pairs_in_last_unit(vmem_t *source, vmem_alloc_t *afunc, u64 *cost)
{
	vmem_t *vm = vmem_create("last", (void *)BASE, OBJECTS + 1, 1, afunc,
				 vmem_free, source, 1,
				 VM_SLEEP | VMC_IDENTIFIER);
	void *unit[OBJECTS + 1];
	unsigned int i;

	if (!vm)
		return -ENOMEM;
	for (i = 0; i < ARRAY_SIZE(unit); i++)
		unit[i] = vmem_alloc(vm, 1, VM_NOSLEEP);
	vmem_free(vm, unit[--i], 1);
	time_pairs(vm, NULL);
	*cost = time_pairs(vm, NULL);
	while (i)
		vmem_free(vm, unit[--i], 1);
	vmem_destroy(vm);
	return 0;
}

static int import_beside(void)
{
	vmem_t *root = distress_arena("root", 1, NULL, 0);
	void *unit;
	u64 baseline, cost;
	int err;

	if (!root)
		return -ENOMEM;
	unit = vmem_alloc(root, 1, VM_NOSLEEP);
	err = pairs_in_last_unit(root, vmem_alloc, &baseline);
	err = err ?: pairs_in_last_unit(root, own_import, &cost);
	if (!err)
		distress_report("own_import", 1, cost, baseline);
	vmem_free(root, unit, 1);
	vmem_destroy(root);
	return err;
}

/* Maximum lateness of nap_thread(), in nanoseconds. */
static u64 max_late_ns;

/* A real-time thread that sleeps repeatedly and records its lateness. */
static int nap_thread(void *arg)
{
	u64 start, ns;

	sched_set_fifo(current);
	while (!kthread_should_stop()) {
		start = clock_read();
		sleep_us(NAP_US);
		ns = clock_ns_since(start) - NAP_US * NSEC_PER_USEC;
		if (ns > READ_ONCE(max_late_ns))
			WRITE_ONCE(max_late_ns, ns);
	}
	return 0;
}

/*
 * Maximum lateness of nap_thread() since the previous call of nap_lateness(),
 * in tenths of a nanosecond.
 */
static u64 nap_lateness(void)
{
	u64 ns;

	msleep(SETTLE_MS);
	ns = READ_ONCE(max_late_ns);
	WRITE_ONCE(max_late_ns, 0);
	return 10 * ns;
}

/* Allocate @n single units. */
static void fill_units(vmem_t *vm, void **unit, unsigned int n)
{
	unsigned int i;

	for (i = 0; i < n; i++) {
		unit[i] = vmem_alloc(vm, 1, VM_NOSLEEP);
		if (!(i % 256))
			cond_resched();
	}
}

static void free_units(vmem_t *vm, void **unit, unsigned int n)
{
	unsigned int i;

	for (i = 0; i < n; i++) {
		if (unit[i])
			vmem_free(vm, unit[i], 1);
		unit[i] = NULL;
		if (!(i % 256))
			cond_resched();
	}
}

/*
 * Measure the longest time without scheduling while the depot returns many
 * objects to their slabs. This happens in maintenance, for a waiter, and when
 * the arena is destroyed.
 */
static int drain_depot(void)
{
	vmem_t *vm = distress_arena("drain", 2 * DEPOT, NULL, 1);
	void **unit = vzalloc(array_size(2 * DEPOT, sizeof(*unit)));
	struct waiters waiters = { };
	struct task_struct *task;
	int err = -ENOMEM;
	unsigned int i;
	u64 baseline;

	if (!vm || !unit)
		goto out;
	fill_units(vm, unit, 2 * DEPOT);
	task = kthread_run(nap_thread, NULL, "bench_nap");
	if (IS_ERR(task))
		goto out;
	nap_lateness();
	baseline = nap_lateness();

	free_units(vm, unit, DEPOT);
	nap_lateness();
	for (i = 0; i < 3; i++)
		vmem_update(NULL);
	distress_report("drain_update", DEPOT, nap_lateness(), baseline);

	fill_units(vm, unit, DEPOT);
	free_units(vm, unit, DEPOT);
	nap_lateness();
	err = waiters_start(&waiters, 1, &vm, 1, DEPOT + DEPOT / 2);
	err = err ?: waiters_await_sleep(&waiters, vm);
	if (!err)
		distress_report("drain_wait", DEPOT, nap_lateness(), baseline);
	free_units(vm, unit, 2 * DEPOT);
	err = waiters_end(&waiters) ?: err;

	fill_units(vm, unit, DEPOT);
	free_units(vm, unit, DEPOT);
	nap_lateness();
	if (err != -ETIME) {
		vmem_destroy(vm);
		vm = NULL;
		distress_report("drain_destroy", DEPOT, nap_lateness(), baseline);
	}
	kthread_stop(task);
out:
	if (vm && err != -ETIME)
		vmem_destroy(vm);
	vfree(unit);
	return err;
}

int distress_caches(void)
{
	int err = drain_depot();

	err = err ?: poll_beside();
	err = err ?: wait_beside();
	return err ?: import_beside();
}
