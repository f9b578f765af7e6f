// SPDX-License-Identifier: GPL-2.0
/*
 * Measures the costs that waiting requests cause for clients that free, for the
 * other arenas of the tree, and for the machine as a whole. If a free segment
 * serves a request, the request should cost the same with and without waiters.
 * So the load prints each cost with a baseline. Documentation/benchmarks.rst
 * has a table of the costs. The load needs one CPU and the clock of QEMU with
 * -icount.
 *
 * Each figure is one line. "op" and "n" name the operation. "cost" is its cost
 * in instructions. "baseline" is the cost of the same operation while no
 * request waits.
 */
#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/kthread.h>
#include <linux/math64.h>
#include <linux/module.h>
#include <linux/sched.h>
#include <linux/vmalloc.h>
#include <linux/vmem.h>

#include "bench.h"
#include "clock.h"
#include "distress.h"
#include "waiters.h"

#define FREES		5
#define SERVED		500U
#define CHILDREN	8U
#define WAITERS		400U
#define PASSES		10
#define ROUNDS		5
#define WINDOW_MS	50
#define SLEEP_US	100
#define SLEEPS		100
#define REPEATS		3
#define TREE		1000U

void distress_report(const char *op, unsigned long n, u64 cost, u64 baseline)
{
	pr_info("bench: load=distress op=%s n=%lu cost=%s baseline=%s\n", op, n,
		decimal(cost).text, decimal(baseline).text);
}

vmem_t *distress_arena(const char *name, unsigned long size, vmem_t *source,
		       size_t qcache_max)
{
	return vmem_create(name, size ? (void *)BASE : NULL, size, 1,
			   source ? vmem_alloc : NULL,
			   source ? vmem_free : NULL, source, qcache_max,
			   VM_SLEEP | VMC_IDENTIFIER);
}

/* Convert to tenths of an instruction, less the cost of reading the clock. */
static u64 net_tenths(u64 ticks)
{
	return ticks > clock_overhead ? clock_tenths(ticks - clock_overhead) : 0;
}

static noinline u64 timed_free(vmem_t *vm, void *p)
{
	u64 start = clock_read();

	vmem_free(vm, p, 1);
	return clock_read() - start;
}

/* Measure vmem_free() of one unit while each of @n threads waits for a unit. */
static int wake_one(unsigned int n)
{
	vmem_t *vm = distress_arena("wake", n + FREES, NULL, 0);
	struct waiters waiters = { };
	struct samples s = { };
	unsigned int i, held = 0;
	void **unit = vzalloc(array_size(n + FREES, sizeof(*unit)));
	u64 baseline;
	int err = -ENOMEM;

	if (!vm || !unit || samples_begin(&s, FREES))
		goto out;
	while (held < n + FREES)
		unit[held++] = vmem_alloc(vm, 1, VM_NOSLEEP);
	for (i = 0; i < FREES; i++) {
		samples_add(&s, timed_free(vm, unit[held - 1]));
		unit[held - 1] = vmem_alloc(vm, 1, VM_NOSLEEP);
	}
	samples_sort(&s);
	baseline = net_tenths(samples_permille(&s, 500));
	samples_reset(&s);

	err = waiters_start(&waiters, n, &vm, 1, 1);
	err = err ?: waiters_await_sleep(&waiters, vm);
	for (i = 0; !err && i < FREES; i++) {
		samples_add(&s, timed_free(vm, unit[--held]));
		msleep(WINDOW_MS);
	}
	samples_sort(&s);
	distress_report("wake", n, net_tenths(samples_permille(&s, 500)), baseline);
out:
	while (held)
		vmem_free(vm, unit[--held], 1);
	err = waiters_end(&waiters) ?: err;
	samples_end(&s);
	vfree(unit);
	if (vm && err != -ETIME)
		vmem_destroy(vm);
	return err;
}

/*
 * Measure the total CPU time per waiter while @n waiters are served one by one.
 * The baseline is the CPU time of vmem_free(), vmem_alloc() and a sleep of the
 * same length.
 */
static int serve_one_by_one(unsigned int n)
{
	vmem_t *vm = distress_arena("serve", n, NULL, 0);
	void **unit = vzalloc(array_size(n, sizeof(*unit)));
	struct waiters waiters = { };
	unsigned int i, held = 0;
	struct busy busy;
	u64 baseline, cost;
	int err = -ENOMEM;

	if (!vm || !unit)
		goto out;
	while (held < n)
		unit[held++] = vmem_alloc(vm, 1, VM_NOSLEEP);
	busy_begin(&busy);
	for (i = 0; i < n; i++) {
		vmem_free(vm, unit[i], 1);
		unit[i] = vmem_alloc(vm, 1, VM_NOSLEEP);
		sleep_us(SLEEP_US);
	}
	baseline = busy_ns_since(&busy);
	err = waiters_start(&waiters, n, &vm, 1, 1);
	err = err ?: waiters_await_sleep(&waiters, vm);
	if (err)
		goto out;
	busy_begin(&busy);
	while (held) {
		vmem_free(vm, unit[--held], 1);
		sleep_us(SLEEP_US);
	}
	for (i = 0; i < 10 * n && atomic_read(&waiters.served) < n; i++)
		sleep_us(SLEEP_US);
	cost = busy_ns_since(&busy);
	distress_report("serve", n, div_u64(10 * cost, n), div_u64(10 * baseline, n));
out:
	while (held)
		vmem_free(vm, unit[--held], 1);
	err = waiters_end(&waiters) ?: err;
	vfree(unit);
	if (vm && err != -ETIME)
		vmem_destroy(vm);
	return err;
}

static noinline u64 time_import_release(vmem_t *vm)
{
	u64 start = clock_read();
	void *p = vmem_alloc(vm, 1, VM_NOSLEEP);

	if (!p)
		return 0;
	vmem_free(vm, p, 1);
	return clock_read() - start;
}

/*
 * Measure pairs in @vm that each import and release a span. @pair: median time
 * of a pair. @all: total CPU time per pair, less the CPU time of an equally
 * long period without pairs.
 */
static int measure_imports(vmem_t *vm, u64 *pair, u64 *all)
{
	u64 with = 0, without = 0;
	struct samples s;
	struct busy busy;
	unsigned int r, i;

	if (samples_begin(&s, ROUNDS * PASSES))
		return -ENOMEM;
	for (r = 0; r < ROUNDS; r++) {
		busy_begin(&busy);
		for (i = 0; i < PASSES; i++)
			msleep(WINDOW_MS / PASSES);
		without += busy_ns_since(&busy);
		busy_begin(&busy);
		for (i = 0; i < PASSES; i++) {
			samples_add(&s, time_import_release(vm));
			msleep(WINDOW_MS / PASSES);
		}
		with += busy_ns_since(&busy);
	}
	samples_sort(&s);
	*pair = net_tenths(samples_permille(&s, 500));
	*all = div_u64(10 * (with > without ? with - without : 0),
		       ROUNDS * PASSES);
	samples_end(&s);
	return 0;
}

/*
 * One child of a root imports a unit and releases it, while many threads wait
 * in other children for two contiguous units, which the root does not have.
 */
static int pass_by(void)
{
	vmem_t *root = distress_arena("root", 16, NULL, 0);
	vmem_t *child[CHILDREN + 1] = { };
	u64 baseline_pair, baseline_all, pair, all;
	struct waiters waiters = { };
	void *unit[16] = { };
	unsigned int i;
	int err = -ENOMEM;

	if (!root)
		return err;
	for (i = 0; i <= CHILDREN; i++) {
		child[i] = distress_arena("child", 0, root, 0);
		if (!child[i])
			goto out;
	}
	for (i = 0; i < ARRAY_SIZE(unit); i++)
		unit[i] = vmem_alloc(root, 1, VM_NOSLEEP);
	vmem_free(root, unit[7], 1);
	unit[7] = NULL;

	err = measure_imports(child[CHILDREN], &baseline_pair, &baseline_all);
	err = err ?: waiters_start(&waiters, WAITERS, child, CHILDREN, 2);
	err = err ?: waiters_await_sleep(&waiters, root);
	msleep(WINDOW_MS);
	err = err ?: measure_imports(child[CHILDREN], &pair, &all);
	if (!err) {
		distress_report("pass_by", WAITERS, pair, baseline_pair);
		distress_report("pass_by_all", WAITERS, all, baseline_all);
	}
out:
	for (i = 0; i < ARRAY_SIZE(unit); i++)
		if (unit[i])
			vmem_free(root, unit[i], 1);
	if (waiters.waiter)
		vmem_add(root, (void *)(2 * BASE), 4 * WAITERS, VM_SLEEP);
	err = waiters_end(&waiters) ?: err;
	for (i = 0; i <= CHILDREN && err != -ETIME; i++)
		if (child[i])
			vmem_destroy(child[i]);
	if (err != -ETIME)
		vmem_destroy(root);
	return err;
}

/* CPU time until @top has a waiter, or until 1000 polls have found none. */
static u64 busy_until_waiting(vmem_t *top)
{
	struct vmem_stats stats;
	struct busy busy;
	unsigned int i;

	busy_begin(&busy);
	for (i = 0; i < 1000; i++) {
		sleep_us(SLEEP_US);
		vmem_get_stats(top, &stats);
		if (stats.waiters)
			break;
	}
	return busy_ns_since(&busy);
}

/* CPU time of background activity in the next @ms milliseconds. */
static u64 busy_for(unsigned int ms)
{
	struct busy busy;

	busy_begin(&busy);
	msleep(ms);
	return busy_ns_since(&busy);
}

/* Shortest time of three calls of vmem_update() that have nothing to do. */
static u64 time_maintenance(void)
{
	u64 start, best = U64_MAX;
	unsigned int i;

	for (i = 0; i < 3; i++) {
		vmem_update(NULL);
		start = clock_read();
		vmem_update(NULL);
		best = min(best, clock_read() - start);
	}
	return clock_tenths(best);
}

/* The part of tree() in which a request waits for space in @root. */
static int tree_wait(vmem_t *root, vmem_t **child, unsigned int *n)
{
	u64 asleep, second, baseline, baseline_destroy, start;
	struct waiters waiters = { };
	int err;

	baseline = busy_for(1000);
	start = clock_read();
	vmem_destroy(child[--*n]);
	baseline_destroy = clock_tenths(clock_read() - start);

	err = waiters_start(&waiters, 1, &root, 1, 2);
	if (err)
		return err;
	asleep = busy_until_waiting(root);
	second = busy_for(1000);
	distress_report("tree_sleep", *n, 10 * asleep, 0);
	distress_report("tree_second", *n, 10 * second, 10 * baseline);
	vmem_add(root, (void *)(2 * BASE), 2, VM_SLEEP);
	err = waiters_end(&waiters);
	/* Allocate the added units, so that the next request must wait. */
	if (err || !vmem_alloc(root, 2, VM_NOSLEEP))
		return err ?: -ENOSPC;

	err = waiters_start(&waiters, 1, &root, 1, 2);
	if (err)
		return err;
	sleep_us(SLEEP_US);
	--*n;
	swap(child[0], child[*n]);
	start = clock_read();
	vmem_destroy(child[*n]);
	distress_report("tree_destroy", *n, clock_tenths(clock_read() - start),
			baseline_destroy);
	vmem_free(root, (void *)(2 * BASE), 2);
	return waiters_end(&waiters);
}

/*
 * Create a root with @n children that have empty caches. Measure
 * - the cost per child of a round of maintenance (baseline: children without
 *   caches),
 * - the CPU time until a request in the root sleeps,
 * - the CPU time in the next second,
 * - the time to destroy a child just after a request in the root has begun.
 */
static int tree(unsigned int n)
{
	vmem_t *root = distress_arena("root", 2, NULL, 0);
	vmem_t **child = vzalloc(array_size(n, sizeof(*child)));
	u64 none, plain, cached;
	unsigned int i = 0;
	void *unit;
	int err = -ENOMEM;

	if (!root || !child)
		goto out;
	unit = vmem_alloc(root, 1, VM_NOSLEEP);
	none = time_maintenance();
	for (; i < n; i++) {
		child[i] = distress_arena("child", 0, root, 0);
		if (!child[i])
			goto out;
		cond_resched();
	}
	plain = time_maintenance();
	while (i) {
		vmem_destroy(child[--i]);
		cond_resched();
	}
	for (; i < n; i++) {
		child[i] = distress_arena("child", 0, root, 8);
		if (!child[i])
			goto out;
		cond_resched();
	}
	cached = time_maintenance();
	distress_report("maintain", n, div_u64(cached - min(none, cached), n),
			div_u64(plain - min(none, plain), n));
	err = tree_wait(root, child, &i);
	vmem_free(root, unit, 1);
out:
	while (i && err != -ETIME) {
		vmem_destroy(child[--i]);
		cond_resched();
	}
	if (root && err != -ETIME)
		vmem_destroy(root);
	vfree(child);
	return err;
}

/* A thread that allocates and frees a unit each time @go is completed. */
struct taker {
	vmem_t *vm;
	struct completion go;
	bool stop;
};

static int taker_thread(void *arg)
{
	struct taker *t = arg;
	void *p;

	for (;;) {
		wait_for_completion(&t->go);
		if (t->stop)
			break;
		p = vmem_alloc(t->vm, 1, VM_SLEEP);
		vmem_free(t->vm, p, 1);
	}
	while (!kthread_should_stop())
		sleep_us(1000);
	return 0;
}

/*
 * CPU time of SLEEPS requests of the taker for the only unit. If @other_sleeps,
 * this thread frees the unit after the taker has fallen asleep; otherwise it
 * frees the unit before the taker requests it.
 */
static u64 handover_cost_once(struct taker *t, bool other_sleeps)
{
	void *unit = vmem_alloc(t->vm, 1, VM_SLEEP);
	struct busy busy;
	unsigned int i;
	u64 cost;

	busy_begin(&busy);
	for (i = 0; i < SLEEPS; i++) {
		if (!other_sleeps)
			vmem_free(t->vm, unit, 1);
		complete(&t->go);
		sleep_us(SLEEP_US);
		if (other_sleeps)
			vmem_free(t->vm, unit, 1);
		sleep_us(SLEEP_US);
		unit = vmem_alloc(t->vm, 1, VM_SLEEP);
	}
	cost = busy_ns_since(&busy);
	vmem_free(t->vm, unit, 1);
	return cost;
}

/* The minimum of REPEATS measurements, to exclude background activity. */
static u64 handover_cost(struct taker *t, bool other_sleeps)
{
	u64 best = handover_cost_once(t, other_sleeps);
	unsigned int i;

	for (i = 1; i < REPEATS; i++)
		best = min(best, handover_cost_once(t, other_sleeps));
	return best;
}

/*
 * Measure the CPU time of a sleep and its wake-up while a second arena has
 * caches. The baseline has no second arena.
 */
static int sleep_beside(void)
{
	struct taker t = { .vm = distress_arena("plain", 1, NULL, 0) };
	struct task_struct *task;
	vmem_t *other = NULL;
	u64 none, alone, beside;

	if (!t.vm)
		return -ENOMEM;
	init_completion(&t.go);
	task = kthread_run(taker_thread, &t, "bench_take");
	if (IS_ERR(task)) {
		vmem_destroy(t.vm);
		return PTR_ERR(task);
	}
	none = handover_cost(&t, false);
	alone = handover_cost(&t, true);
	other = distress_arena("other", 1 << 16, NULL, 8);
	beside = handover_cost(&t, true);
	distress_report("sleep_beside", SLEEPS,
			div_u64(10 * (beside - min(none, beside)), SLEEPS),
			div_u64(10 * (alone - min(none, alone)), SLEEPS));
	t.stop = true;
	complete(&t.go);
	kthread_stop(task);
	if (other)
		vmem_destroy(other);
	vmem_destroy(t.vm);
	return other ? 0 : -ENOMEM;
}

int load_distress(void)
{
	int err = sleep_beside();

	err = err ?: wake_one(10);
	err = err ?: wake_one(100);
	err = err ?: wake_one(1000);
	err = err ?: serve_one_by_one(SERVED);
	err = err ?: pass_by();
	err = err ?: tree(TREE);
	err = err ?: distress_caches();
	if (err)
		pr_info("bench: failed distress: %d\n", err);
	/* After -ETIME threads still wait, so the module must stay loaded. */
	return err == -ETIME ? 0 : err;
}
