// SPDX-License-Identifier: GPL-2.0
/*
 * Threads, and the phases that they go through together.
 *
 * The phase is a counter; its value modulo TT_PHASES is an enum tt_phase. Each
 * thread sets &tt_thread.done when it has completed the DRAIN or the QUIESCE
 * phase. In these phases all users free their segments, so vmem must serve
 * every request. The controlling thread therefore reports a thread that does
 * not complete the phase.
 */
#include <linux/cpumask.h>
#include <linux/delay.h>
#include <linux/moduleparam.h>
#include <linux/sched/debug.h>
#include <linux/slab.h>
#include <linux/wait.h>

#include "torture.h"

#define MAX_THREADS	256

/* Limits of tt_next_phase(): retries of waiters, waits of @stall seconds. */
#define MAX_RETRIES	4
#define MAX_WAITS	30

static unsigned int stall = 20;
module_param(stall, uint, 0444);
MODULE_PARM_DESC(stall, "seconds without progress that are a violation (20)");

/* Used by the controlling thread only. */
static struct tt_thread *threads[MAX_THREADS];
static unsigned int nthreads;

/* Only the controlling thread writes it: WRITE_ONCE(), READ_ONCE(). */
static unsigned int phase = TT_QUIESCE;

/* Threads wait for the next phase. */
static DECLARE_WAIT_QUEUE_HEAD(phase_wait);
/* tt_next_phase() waits until all threads have completed the phase. */
static DECLARE_WAIT_QUEUE_HEAD(done_wait);

/* True once the RUN phase has ended: long-running jobs should stop. */
bool tt_should_drain(void)
{
	return READ_ONCE(phase) % TT_PHASES != TT_RUN;
}

void tt_usleep(unsigned int us)
{
	usleep_range(us, 2 * us);
}

/* Record the call under way, for reports; NULL if there is none. */
void tt_set_call(struct tt_thread *t, const char *what, const char *arena,
		 size_t size, int vmflag)
{
	WRITE_ONCE(t->arena, arena);
	WRITE_ONCE(t->size, size);
	WRITE_ONCE(t->vmflag, vmflag);
	WRITE_ONCE(t->call, what);
	WRITE_ONCE(t->progress, READ_ONCE(t->progress) + 1);
}

/* A thread loses its affinity when its CPU goes offline. */
static void restore_affinity(struct tt_thread *t)
{
	if (t->cpu >= 0 && cpu_online(t->cpu))
		set_cpus_allowed_ptr(current, cpumask_of(t->cpu));
}

static void drain_or_quiesce(struct tt_thread *t, unsigned int now)
{
	if (t->done != now) {
		if (now % TT_PHASES == TT_DRAIN && t->job->drain)
			t->job->drain(t);
		if (now % TT_PHASES == TT_QUIESCE && t->job->quiesce)
			t->job->quiesce(t);
		WRITE_ONCE(t->done, now);
		wake_up(&done_wait);
	}
	wait_event_idle(phase_wait, READ_ONCE(phase) != now ||
			kthread_should_stop());
}

static int thread_main(void *data)
{
	struct tt_thread *t = data;
	unsigned int now, seen = 0;

	while (!kthread_should_stop()) {
		now = READ_ONCE(phase);
		if (now % TT_PHASES != TT_RUN) {
			drain_or_quiesce(t, now);
			continue;
		}
		if (now != seen) {
			restore_affinity(t);
			seen = now;
		}
		t->job->step(t);
		cond_resched();
	}
	if (t->job->drain)
		t->job->drain(t);
	if (t->job->end)
		t->job->end(t);
	return 0;
}

/* The current thread, or NULL if the torture did not start it. */
struct tt_thread *tt_thread_current(void)
{
	if (!in_task() || !(current->flags & PF_KTHREAD) ||
	    kthread_func(current) != thread_main)
		return NULL;
	return kthread_data(current);
}

/**
 * tt_thread_start - start a thread
 * @job: its job
 * @n: its number among the threads with that job
 * @cpu: the CPU to run on while it is online; -1 for any CPU
 *
 * Return: 0 or an error.
 */
int tt_thread_start(const struct tt_job *job, unsigned int n, int cpu)
{
	struct tt_thread *t;
	int err;

	if (nthreads == MAX_THREADS)
		return 0;
	t = kzalloc(sizeof(*t), GFP_KERNEL);
	if (!t)
		return -ENOMEM;
	t->job = job;
	t->n = n;
	t->cpu = cpu;
	t->done = READ_ONCE(phase);
	prandom_seed_state(&t->rnd, 1000 + nthreads);
	if (job->size) {
		t->data = kzalloc(job->size, GFP_KERNEL);
		if (!t->data) {
			kfree(t);
			return -ENOMEM;
		}
	}
	err = job->begin ? job->begin(t) : 0;
	if (!err) {
		t->task = kthread_create(thread_main, t, "tt-%s/%u", job->name,
					 n);
		err = PTR_ERR_OR_ZERO(t->task);
		if (err && job->end)
			job->end(t);
	}
	if (err) {
		kfree(t->data);
		kfree(t);
		return err;
	}
	threads[nthreads++] = t;
	wake_up_process(t->task);
	return 0;
}

static bool all_done(void)
{
	unsigned int i, now = READ_ONCE(phase);

	for (i = 0; i < nthreads; i++)
		if (READ_ONCE(threads[i]->done) != now)
			return false;
	return true;
}

/*
 * Report threads that have neither completed the phase nor made progress.
 * Returns the number of these threads.
 */
static unsigned int report_stuck(bool again)
{
	unsigned int i, n = 0, now = READ_ONCE(phase);

	for (i = 0; i < nthreads; i++) {
		struct tt_thread *t = threads[i];
		unsigned int progress = READ_ONCE(t->progress);
		const char *what = READ_ONCE(t->call);
		const char *arena = READ_ONCE(t->arena);
		bool stuck = progress == t->last_progress;

		t->last_progress = progress;
		if (READ_ONCE(t->done) == now || !stuck)
			continue;
		n++;
		tt_violation("tt-%s/%u makes no progress for %u s%s, in %s(%s, %zu, flags %#x)",
			     t->job->name, t->n, stall,
			     again ? ", even after a retry" : "",
			     what ?: "nothing", arena ?: "-",
			     READ_ONCE(t->size), READ_ONCE(t->vmflag));
		sched_show_task(t->task);
	}
	return n;
}

static void note_progress(void)
{
	unsigned int i;

	for (i = 0; i < nthreads; i++)
		threads[i]->last_progress = READ_ONCE(threads[i]->progress);
}

/**
 * tt_next_phase - end a phase and begin the next
 * @next: the phase that follows the current one
 *
 * If @next is TT_DRAIN or TT_QUIESCE, waits until all threads have completed
 * that phase. Reports threads that are stuck, and then runs maintenance, which
 * makes waiters retry. A thread that continues only after a retry has lost a
 * wake-up.
 *
 * Return: false if a thread is stuck.
 */
bool tt_next_phase(enum tt_phase next)
{
	unsigned int waits, retries = 0;

	do
		WRITE_ONCE(phase, READ_ONCE(phase) + 1);
	while (READ_ONCE(phase) % TT_PHASES != next);
	wake_up_all(&phase_wait);
	if (next == TT_RUN)
		return true;

	note_progress();
	for (waits = 0; waits < MAX_WAITS && retries < MAX_RETRIES; waits++) {
		if (wait_event_idle_timeout(done_wait, all_done(), stall * HZ))
			return true;
		if (!report_stuck(retries))
			continue;
		retries++;
		if (!tt_remove_seeded_fault())
			vmem_update(NULL);
	}
	if (!retries)
		tt_violation("some threads make progress, but do not complete the phase");
	return false;
}

/**
 * tt_threads_stop - stop all threads
 *
 * A stuck thread cannot be stopped. If a thread is stuck, no thread is stopped.
 *
 * Return: true if all threads have been stopped.
 */
bool tt_threads_stop(void)
{
	if (!all_done())
		return false;
	while (nthreads) {
		struct tt_thread *t = threads[--nthreads];

		kthread_stop(t->task);
		kfree(t->data);
		kfree(t);
	}
	return true;
}
