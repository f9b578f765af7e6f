// SPDX-License-Identifier: GPL-2.0
/*
 * Measures the throughput of threads, one per CPU, that allocate and free in
 * one instance of a peer. On an emulated machine only the ratios of the results
 * are meaningful.
 */
#include <linux/completion.h>
#include <linux/cpumask.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/sched.h>

#include "bench.h"
#include "clock.h"

#define BURST		8	/* allocations before a thread frees them */
#define THREADS		4
#define RUN_MS		250	/* length of a run */
#define RUNS		3	/* the best run counts */

/* The threads share the instance of @work. Each has its own pieces in it. */
struct threads {
	struct work *work;
	struct completion done;
	atomic_long_t operations;
	atomic_long_t failures;
	atomic_t next;
	bool stop;
};

static int alloc_and_free(void *arg)
{
	struct threads *threads = arg;
	const struct peer *peer = threads->work->peer;
	struct piece *piece;
	unsigned long n = 0, failed = 0;
	unsigned int i, got;

	piece = &threads->work->piece[(atomic_inc_return(&threads->next) - 1) * BURST];
	while (!READ_ONCE(threads->stop)) {
		for (got = 0; got < BURST; got++) {
			piece[got].size = 1;
			if (!peer->alloc(threads->work->instance, &piece[got]))
				break;
		}
		failed += got < BURST;
		for (i = 0; i < got; i++)
			peer->free(threads->work->instance, &piece[i]);
		n += got;
		cond_resched();
	}
	atomic_long_add(n, &threads->operations);
	atomic_long_add(failed, &threads->failures);
	complete(&threads->done);
	return 0;
}

/* Pairs per second of @n threads; 0 if a thread could not be created. */
static u64 run_threads(struct threads *threads, unsigned int n)
{
	unsigned int i, cpu = cpumask_first(cpu_online_mask), started = 0;
	struct task_struct *task;
	u64 start, spent;

	init_completion(&threads->done);
	atomic_long_set(&threads->operations, 0);
	atomic_set(&threads->next, 0);
	WRITE_ONCE(threads->stop, false);
	start = clock_read();
	for (i = 0; i < n; i++) {
		task = kthread_create(alloc_and_free, threads, "vmem_bench/%u", i);
		if (!IS_ERR(task)) {
			kthread_bind(task, cpu);
			wake_up_process(task);
			started++;
		}
		cpu = cpumask_next(cpu, cpu_online_mask);
	}
	schedule_timeout_uninterruptible(msecs_to_jiffies(RUN_MS));
	WRITE_ONCE(threads->stop, true);
	for (i = 0; i < started; i++)
		wait_for_completion(&threads->done);
	spent = clock_ns_since(start);
	return started < n ? 0 : div64_u64(NSEC_PER_SEC *
			(u64)atomic_long_read(&threads->operations), spent);
}

int load_threads(const struct peer *peer)
{
	struct threads threads = { };
	struct work work;
	unsigned int n, t;
	u64 best;
	int err;

	err = work_begin(&work, peer, 1 << 20, THREADS * BURST, false);
	if (err)
		return err;
	threads.work = &work;
	for (n = 1; n <= min_t(unsigned int, THREADS, num_online_cpus()); n *= 2) {
		best = 0;
		for (t = 0; t < RUNS; t++)
			best = max(best, run_threads(&threads, n));
		report(&work, "load=threads op=pairs threads=%u persecond=%llu failures=%ld",
		       n, best, atomic_long_read(&threads.failures));
	}
	work_end(&work);
	return 0;
}
