// SPDX-License-Identifier: GPL-2.0
/*
 * What it costs that requests wait: for those who free, for the rest of the tree, and
 * for the machine as a whole. Clients that are served from what is free pay nothing for
 * it, so each cost stands beside the same without that; Documentation/benchmarks.rst
 * has a table. One CPU, and the clock of QEMU with -icount.
 *
 * A line for each figure: "op" and "n" tell what was done, "cost" is in instructions;
 * "calm" is the cost of the same when nothing waits.
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
#include "crew.h"
#include "distress.h"

#define FREES		5
#define SERVED		500U
#define CHILDREN	8U
#define WAITERS		400U
#define PASSES		10
#define ROUNDS		5
#define WINDOW		50	/* ms */
#define LET_RUN		100	/* us */
#define SLEEPS		100
#define TRIES		3
#define TREE		1000U

void distress_say(const char *op, unsigned long n, u64 cost, u64 calm)
{
	pr_info("bench: load=distress op=%s n=%lu cost=%s calm=%s\n", op, n,
		decimal(cost).text, decimal(calm).text);
}

vmem_t *distress_arena(const char *name, unsigned long size, vmem_t *source,
		       size_t qcache_max)
{
	return vmem_create(name, size ? (void *)BASE : NULL, size, 1,
			   source ? vmem_alloc : NULL,
			   source ? vmem_free : NULL, source, qcache_max,
			   VM_SLEEP | VMC_IDENTIFIER);
}

/* Tenths of an instruction. */
static u64 net(u64 ticks)
{
	return ticks > clock_empty ? clock_tenths(ticks - clock_empty) : 0;
}

static noinline u64 timed_free(vmem_t *vm, void *p)
{
	u64 start = clock_read();

	vmem_free(vm, p, 1);
	return clock_read() - start;
}

/* A free while @n threads wait for what it frees. */
static int wake_one(unsigned int n)
{
	vmem_t *vm = distress_arena("wake", n + FREES, NULL, 0);
	struct crew crew = { };
	struct samples s = { };
	unsigned int i, held = 0;
	void **unit = vzalloc(array_size(n + FREES, sizeof(*unit)));
	u64 calm;
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
	calm = net(samples_at(&s, 500));
	samples_forget(&s);

	err = crew_begin(&crew, n, &vm, 1, 1);
	err = err ?: crew_asleep(&crew, vm);
	for (i = 0; !err && i < FREES; i++) {
		samples_add(&s, timed_free(vm, unit[--held]));
		msleep(WINDOW);
	}
	samples_sort(&s);
	distress_say("wake", n, net(samples_at(&s, 500)), calm);
out:
	while (held)
		vmem_free(vm, unit[--held], 1);
	err = crew_end(&crew) ?: err;
	samples_end(&s);
	vfree(unit);
	if (vm && err != -ETIME)
		vmem_destroy(vm);
	return err;
}

/*
 * @n threads wait, and are served one by one: everything, for each of them. The same
 * without them is a free and as long a sleep.
 */
static int serve(unsigned int n)
{
	vmem_t *vm = distress_arena("serve", n, NULL, 0);
	void **unit = vzalloc(array_size(n, sizeof(*unit)));
	struct crew crew = { };
	unsigned int i, held = 0;
	struct busy busy;
	u64 calm, cost;
	int err = -ENOMEM;

	if (!vm || !unit)
		goto out;
	while (held < n)
		unit[held++] = vmem_alloc(vm, 1, VM_NOSLEEP);
	busy_begin(&busy);
	for (i = 0; i < n; i++) {
		vmem_free(vm, unit[i], 1);
		unit[i] = vmem_alloc(vm, 1, VM_NOSLEEP);
		let_run(LET_RUN);
	}
	calm = busy_since(&busy);
	err = crew_begin(&crew, n, &vm, 1, 1);
	err = err ?: crew_asleep(&crew, vm);
	if (err)
		goto out;
	busy_begin(&busy);
	while (held) {
		vmem_free(vm, unit[--held], 1);
		let_run(LET_RUN);
	}
	for (i = 0; i < 10 * n && atomic_read(&crew.served) < n; i++)
		let_run(LET_RUN);
	cost = busy_since(&busy);
	distress_say("serve", n, div_u64(10 * cost, n), div_u64(10 * calm, n));
out:
	while (held)
		vmem_free(vm, unit[--held], 1);
	err = crew_end(&crew) ?: err;
	vfree(unit);
	if (vm && err != -ETIME)
		vmem_destroy(vm);
	return err;
}

static noinline u64 import_and_release(vmem_t *vm)
{
	u64 start = clock_read();
	void *p = vmem_alloc(vm, 1, VM_NOSLEEP);

	if (!p)
		return 0;
	vmem_free(vm, p, 1);
	return clock_read() - start;
}

/*
 * Pairs in @vm that each import and release, the median of them, and what the machine
 * does in all for each. What it does in as much time without them is taken off.
 */
static int passes(vmem_t *vm, u64 *pair, u64 *all)
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
			msleep(WINDOW / PASSES);
		without += busy_since(&busy);
		busy_begin(&busy);
		for (i = 0; i < PASSES; i++) {
			samples_add(&s, import_and_release(vm));
			msleep(WINDOW / PASSES);
		}
		with += busy_since(&busy);
	}
	samples_sort(&s);
	*pair = net(samples_at(&s, 500));
	*all = div_u64(10 * (with > without ? with - without : 0),
		       ROUNDS * PASSES);
	samples_end(&s);
	return 0;
}

/*
 * One child of a root imports a unit and releases it, while many wait in other
 * children for two units in a row, which the root does not have.
 */
static int pass_by(void)
{
	vmem_t *root = distress_arena("root", 16, NULL, 0);
	vmem_t *child[CHILDREN + 1] = { };
	u64 calm_pair, calm_all, pair, all;
	struct crew crew = { };
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

	err = passes(child[CHILDREN], &calm_pair, &calm_all);
	err = err ?: crew_begin(&crew, WAITERS, child, CHILDREN, 2);
	err = err ?: crew_asleep(&crew, root);
	msleep(WINDOW);
	err = err ?: passes(child[CHILDREN], &pair, &all);
	if (!err) {
		distress_say("pass_by", WAITERS, pair, calm_pair);
		distress_say("pass_by_all", WAITERS, all, calm_all);
	}
out:
	for (i = 0; i < ARRAY_SIZE(unit); i++)
		if (unit[i])
			vmem_free(root, unit[i], 1);
	if (crew.waiter)
		vmem_add(root, (void *)(2 * BASE), 4 * WAITERS, VM_SLEEP);
	err = crew_end(&crew) ?: err;
	for (i = 0; i <= CHILDREN && err != -ETIME; i++)
		if (child[i])
			vmem_destroy(child[i]);
	if (err != -ETIME)
		vmem_destroy(root);
	return err;
}

/* Everything that goes on until @top has a waiter, or until it would not get one. */
static u64 until_asleep(vmem_t *top)
{
	struct vmem_stats stats;
	struct busy busy;
	unsigned int i;

	busy_begin(&busy);
	for (i = 0; i < 1000; i++) {
		let_run(LET_RUN);
		vmem_get_stats(top, &stats);
		if (stats.waiters)
			break;
	}
	return busy_since(&busy);
}

/* What the machine does of itself in @ms milliseconds. */
static u64 in_the_next(unsigned int ms)
{
	struct busy busy;

	busy_begin(&busy);
	msleep(ms);
	return busy_since(&busy);
}

/*
 * A root with @n children that have caches, in which nothing is: a round of
 * maintenance, for each child, beside the same of children without caches; a request
 * that has to wait, until it sleeps and in the second after that; and destroying a
 * child when such a request has just begun.
 */
static u64 maintenance(void)
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

static int tree_wait(vmem_t *root, vmem_t **child, unsigned int *n)
{
	u64 asleep, second, calm, calm_destroy, start;
	struct crew crew = { };
	int err;

	calm = in_the_next(1000);
	start = clock_read();
	vmem_destroy(child[--*n]);
	calm_destroy = clock_tenths(clock_read() - start);

	err = crew_begin(&crew, 1, &root, 1, 2);
	if (err)
		return err;
	asleep = until_asleep(root);
	second = in_the_next(1000);
	distress_say("tree_sleep", *n, 10 * asleep, 0);
	distress_say("tree_second", *n, 10 * second, 10 * calm);
	vmem_add(root, (void *)(2 * BASE), 2, VM_SLEEP);
	err = crew_end(&crew);
	/* What it had is taken, so that the next one waits as well. */
	if (err || !vmem_alloc(root, 2, VM_NOSLEEP))
		return err ?: -ENOSPC;

	err = crew_begin(&crew, 1, &root, 1, 2);
	if (err)
		return err;
	let_run(LET_RUN);
	--*n;
	swap(child[0], child[*n]);
	start = clock_read();
	vmem_destroy(child[*n]);
	distress_say("tree_destroy", *n, clock_tenths(clock_read() - start),
		     calm_destroy);
	vmem_free(root, (void *)(2 * BASE), 2);
	return crew_end(&crew);
}

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
	none = maintenance();
	for (; i < n; i++) {
		child[i] = distress_arena("child", 0, root, 0);
		if (!child[i])
			goto out;
		cond_resched();
	}
	plain = maintenance();
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
	cached = maintenance();
	distress_say("maintain", n, div_u64(cached - min(none, cached), n),
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

/* A thread that takes a unit and gives it back each time it is told to. */
struct taker {
	vmem_t *vm;
	struct completion go;
	bool stop;
};

static int take(void *arg)
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
		let_run(1000);
	return 0;
}

/* A unit that another thread wants is freed, after it sleeps or before it comes. */
static u64 exchanges_once(struct taker *t, bool late)
{
	void *unit = vmem_alloc(t->vm, 1, VM_SLEEP);
	struct busy busy;
	unsigned int i;
	u64 cost;

	busy_begin(&busy);
	for (i = 0; i < SLEEPS; i++) {
		if (!late)
			vmem_free(t->vm, unit, 1);
		complete(&t->go);
		let_run(LET_RUN);
		if (late)
			vmem_free(t->vm, unit, 1);
		let_run(LET_RUN);
		unit = vmem_alloc(t->vm, 1, VM_SLEEP);
	}
	cost = busy_since(&busy);
	vmem_free(t->vm, unit, 1);
	return cost;
}

/* The least: other things go on in the machine as well. */
static u64 exchanges(struct taker *t, bool late)
{
	u64 best = exchanges_once(t, late);
	unsigned int i;

	for (i = 1; i < TRIES; i++)
		best = min(best, exchanges_once(t, late));
	return best;
}

/* A sleep and the wake-up from it, all in all, and that beside a cached arena. */
static int sleep_beside(void)
{
	struct taker t = { .vm = distress_arena("plain", 1, NULL, 0) };
	struct task_struct *task;
	vmem_t *other = NULL;
	u64 none, alone, beside;

	if (!t.vm)
		return -ENOMEM;
	init_completion(&t.go);
	task = kthread_run(take, &t, "bench_take");
	if (IS_ERR(task)) {
		vmem_destroy(t.vm);
		return PTR_ERR(task);
	}
	none = exchanges(&t, false);
	alone = exchanges(&t, true);
	other = distress_arena("other", 1 << 16, NULL, 8);
	beside = exchanges(&t, true);
	distress_say("sleep_beside", SLEEPS,
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
	err = err ?: serve(SERVED);
	err = err ?: pass_by();
	err = err ?: tree(TREE);
	err = err ?: distress_caches();
	if (err)
		pr_info("bench: failed distress: %d\n", err);
	/* Threads may still be in the module. */
	return err == -ETIME ? 0 : err;
}
