// SPDX-License-Identifier: GPL-2.0
/*
 * Threads, one a CPU, that allocate and free at the same peer: how much they get
 * done in the same time. A machine that emulates its CPUs says something about ratios
 * only.
 */
#include <linux/completion.h>
#include <linux/cpumask.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/sched.h>

#include "bench.h"
#include "clock.h"

#define BURST		8	/* that a thread holds */
#define THREADS		4
#define MSEC		250	/* of each run */
#define TRIES		3	/* runs, of which the best counts */

/* @work's peer is shared; each thread has pieces of its own. */
struct team {
	struct work *work;
	struct completion done;
	atomic_long_t operations;
	atomic_long_t failures;
	atomic_t next;
	bool stop;
};

static int hammer(void *arg)
{
	struct team *team = arg;
	const struct peer *peer = team->work->peer;
	struct piece *piece;
	unsigned long n = 0, failed = 0;
	unsigned int i, got;

	piece = &team->work->piece[(atomic_inc_return(&team->next) - 1) * BURST];
	while (!READ_ONCE(team->stop)) {
		for (got = 0; got < BURST; got++) {
			piece[got].size = 1;
			if (!peer->alloc(team->work->it, &piece[got]))
				break;
		}
		failed += got < BURST;
		for (i = 0; i < got; i++)
			peer->free(team->work->it, &piece[i]);
		n += got;
		cond_resched();
	}
	atomic_long_add(n, &team->operations);
	atomic_long_add(failed, &team->failures);
	complete(&team->done);
	return 0;
}

/* Pairs in a second. */
static u64 together(struct team *team, unsigned int n)
{
	unsigned int i, cpu = cpumask_first(cpu_online_mask), started = 0;
	struct task_struct *task;
	u64 start, spent;

	init_completion(&team->done);
	atomic_long_set(&team->operations, 0);
	atomic_set(&team->next, 0);
	WRITE_ONCE(team->stop, false);
	start = clock_read();
	for (i = 0; i < n; i++) {
		task = kthread_create(hammer, team, "vmem_bench/%u", i);
		if (!IS_ERR(task)) {
			kthread_bind(task, cpu);
			wake_up_process(task);
			started++;
		}
		cpu = cpumask_next(cpu, cpu_online_mask);
	}
	schedule_timeout_uninterruptible(msecs_to_jiffies(MSEC));
	WRITE_ONCE(team->stop, true);
	for (i = 0; i < started; i++)
		wait_for_completion(&team->done);
	spent = clock_spent(start);
	return started < n ? 0 : div64_u64(NSEC_PER_SEC *
			(u64)atomic_long_read(&team->operations), spent);
}

int load_threads(const struct peer *peer)
{
	struct team team = { };
	struct work work;
	unsigned int n, t;
	u64 most;
	int err;

	err = work_begin(&work, peer, 1 << 20, THREADS * BURST, false);
	if (err)
		return err;
	team.work = &work;
	for (n = 1; n <= min_t(unsigned int, THREADS, num_online_cpus()); n *= 2) {
		most = 0;
		for (t = 0; t < TRIES; t++)
			most = max(most, together(&team, n));
		say(&work, "load=threads op=pairs threads=%u persecond=%llu failures=%ld",
		    n, most, atomic_long_read(&team.failures));
	}
	work_end(&work);
	return 0;
}
