// SPDX-License-Identifier: GPL-2.0
/*
 * The load "distress", continued: what exhaustion costs those who allocate from caches
 * of the same tree, and how long reclaim keeps the CPU.
 */
#include <linux/delay.h>
#include <linux/kthread.h>
#include <linux/math64.h>
#include <linux/module.h>
#include <linux/sched.h>
#include <linux/vmalloc.h>

#include "bench.h"
#include "clock.h"
#include "crew.h"
#include "distress.h"

#define BATCH		32	/* pairs */
#define BATCHES		100
#define LET_RUN		100	/* us */
#define DEPOT		100000U	/* objects in magazines */
#define NAP		50	/* us */
#define OBJECTS		64	/* in a slab of single units */
#define UNCACHED	16	/* units: VM_ABORT has no effect on cached sizes */
#define SETTLE		100	/* ms */

/* Cached pairs, the mean; before each batch @poll is asked in vain, if there is one. */
static u64 pairs(vmem_t *vm, vmem_t *poll)
{
	u64 start, sum = 0;
	unsigned int i, j;
	void *p;

	for (i = 0; i < BATCHES; i++) {
		if (poll && vmem_alloc(poll, UNCACHED, VM_NOSLEEP | VM_ABORT))
			pr_info("bench: failed distress: a poll is served\n");
		let_run(LET_RUN);
		start = clock_read();
		for (j = 0; j < BATCH; j++) {
			p = vmem_alloc(vm, 1, VM_NOSLEEP);
			if (p)
				vmem_free(vm, p, 1);
		}
		sum += clock_read() - start - clock_empty;
		if (!p)
			pr_info("bench: failed distress: no unit\n");
	}
	return div_u64(clock_tenths(sum), BATCHES * BATCH);
}

static void arenas_destroy(vmem_t **vm, unsigned int n)
{
	while (n--)
		if (vm[n])
			vmem_destroy(vm[n]);
}

/* A client polls an arena whose source is exhausted; pairs in a sibling. */
static int poll_beside(void)
{
	vmem_t *vm[3];
	void *unit;
	u64 calm;
	int err = -ENOMEM;

	vm[0] = distress_arena("root", 1, NULL, 0);
	vm[1] = vm[0] ? distress_arena("polled", 0, vm[0], 8) : NULL;
	vm[2] = vm[0] ? distress_arena("sibling", 1 << 20, vm[0], 8) : NULL;
	if (vm[1] && vm[2]) {
		unit = vmem_alloc(vm[0], 1, VM_NOSLEEP);
		pairs(vm[2], NULL);
		calm = pairs(vm[2], NULL);
		distress_say("poll", 1, pairs(vm[2], vm[1]), calm);
		vmem_free(vm[0], unit, 1);
		err = 0;
	}
	arenas_destroy(vm, ARRAY_SIZE(vm));
	return err;
}

/*
 * A request waits for long in one child of a root: pairs in a sibling that has what it
 * needs in a span of its own, and in one that has imported it.
 */
static int wait_beside(void)
{
	u64 calm_own, calm_import;
	struct crew crew = { };
	vmem_t *vm[4];
	int err = -ENOMEM;

	vm[0] = distress_arena("root", 4096, NULL, 0);
	vm[1] = vm[0] ? distress_arena("waits", 0, vm[0], 0) : NULL;
	vm[2] = vm[0] ? distress_arena("own", 1 << 20, vm[0], 8) : NULL;
	vm[3] = vm[0] ? distress_arena("import", 0, vm[0], 8) : NULL;
	if (!vm[1] || !vm[2] || !vm[3])
		goto out;
	pairs(vm[2], NULL);
	calm_own = pairs(vm[2], NULL);
	pairs(vm[3], NULL);
	calm_import = pairs(vm[3], NULL);
	err = crew_begin(&crew, 1, &vm[1], 1, 8192);
	err = err ?: crew_asleep(&crew, vm[0]);
	if (!err) {
		distress_say("wait_own", 1, pairs(vm[2], NULL), calm_own);
		distress_say("wait_import", 1, pairs(vm[3], NULL),
			     calm_import);
	}
	if (crew.waiter)
		vmem_add(vm[0], (void *)(1UL << 24), 8192, VM_SLEEP);
	err = crew_end(&crew) ?: err;
out:
	if (err != -ETIME)
		arenas_destroy(vm, ARRAY_SIZE(vm));
	return err;
}

/* An import function of a client's own, which adds nothing. */
static void *own_import(vmem_t *source, size_t size, int vmflag)
{
	return vmem_alloc(source, size, vmflag);
}

/* Pairs in an arena where one unit is left, and that finds no room for a slab. */
static int last_unit(vmem_t *source, vmem_alloc_t *afunc, u64 *cost)
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
	pairs(vm, NULL);
	*cost = pairs(vm, NULL);
	while (i)
		vmem_free(vm, unit[--i], 1);
	vmem_destroy(vm);
	return 0;
}

static int import_beside(void)
{
	vmem_t *root = distress_arena("root", 1, NULL, 0);
	void *unit;
	u64 calm, cost;
	int err;

	if (!root)
		return -ENOMEM;
	unit = vmem_alloc(root, 1, VM_NOSLEEP);
	err = last_unit(root, vmem_alloc, &calm);
	err = err ?: last_unit(root, own_import, &cost);
	if (!err)
		distress_say("own_import", 1, cost, calm);
	vmem_free(root, unit, 1);
	vmem_destroy(root);
	return err;
}

/* A thread that naps, and goes before all others when it wakes up. */
static u64 latest;

static int nap(void *arg)
{
	u64 start, ns;

	sched_set_fifo(current);
	while (!kthread_should_stop()) {
		start = clock_read();
		let_run(NAP);
		ns = clock_spent(start) - NAP * NSEC_PER_USEC;
		if (ns > READ_ONCE(latest))
			WRITE_ONCE(latest, ns);
	}
	return 0;
}

/* By how much it was late since this was last asked, in tenths. */
static u64 naps_late(void)
{
	u64 ns;

	msleep(SETTLE);
	ns = READ_ONCE(latest);
	WRITE_ONCE(latest, 0);
	return 10 * ns;
}

/* Fill an arena that has nothing but these units. */
static void fill(vmem_t *vm, void **unit, unsigned int n)
{
	unsigned int i;

	for (i = 0; i < n; i++) {
		unit[i] = vmem_alloc(vm, 1, VM_NOSLEEP);
		if (!(i % 256))
			cond_resched();
	}
}

static void empty(vmem_t *vm, void **unit, unsigned int n)
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
 * Magazines with many objects go back to slabs: for how long nothing else is
 * scheduled.
 */
static int drain(void)
{
	vmem_t *vm = distress_arena("drain", 2 * DEPOT, NULL, 1);
	void **unit = vzalloc(array_size(2 * DEPOT, sizeof(*unit)));
	struct crew crew = { };
	struct task_struct *task;
	int err = -ENOMEM;
	unsigned int i;
	u64 calm;

	if (!vm || !unit)
		goto out;
	fill(vm, unit, 2 * DEPOT);
	task = kthread_run(nap, NULL, "bench_nap");
	if (IS_ERR(task))
		goto out;
	naps_late();
	calm = naps_late();

	empty(vm, unit, DEPOT);
	naps_late();
	for (i = 0; i < 3; i++)
		vmem_update(NULL);
	distress_say("drain_update", DEPOT, naps_late(), calm);

	fill(vm, unit, DEPOT);
	empty(vm, unit, DEPOT);
	naps_late();
	err = crew_begin(&crew, 1, &vm, 1, DEPOT + DEPOT / 2);
	err = err ?: crew_asleep(&crew, vm);
	if (!err)
		distress_say("drain_wait", DEPOT, naps_late(), calm);
	empty(vm, unit, 2 * DEPOT);
	err = crew_end(&crew) ?: err;

	fill(vm, unit, DEPOT);
	empty(vm, unit, DEPOT);
	naps_late();
	if (err != -ETIME) {
		vmem_destroy(vm);
		vm = NULL;
		distress_say("drain_destroy", DEPOT, naps_late(), calm);
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
	int err = drain();

	err = err ?: poll_beside();
	err = err ?: wait_beside();
	return err ?: import_beside();
}
