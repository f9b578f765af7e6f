// SPDX-License-Identifier: GPL-2.0
/*
 * Threads, and the phases that they go through together.
 *
 * The number of the phase rises; its remainder tells which one it is. Each thread
 * does its part and says so. One that does not come to the end of its part is what
 * the watchdog is for: at ebb there is nothing to wait for.
 */
#include <linux/cpumask.h>
#include <linux/delay.h>
#include <linux/moduleparam.h>
#include <linux/sched/debug.h>
#include <linux/slab.h>
#include <linux/wait.h>

#include "torture.h"

#define MAX_THREADS	256

/* How often to tell who is stuck to try again, and how long to wait at all. */
#define TRIES		4
#define LONGEST		30

static unsigned int stall = 20;
module_param(stall, uint, 0444);
MODULE_PARM_DESC(stall, "seconds without progress that are a violation (20)");

/* The controlling thread alone starts and stops threads. */
static struct tt_thread *threads[MAX_THREADS];
static unsigned int nthreads;

/* Written by the controlling thread: WRITE_ONCE(), READ_ONCE(). */
static unsigned int phase = TT_CALM;

static DECLARE_WAIT_QUEUE_HEAD(phase_wait);	/* for the next phase */
static DECLARE_WAIT_QUEUE_HEAD(done_wait);	/* for all to be done */

/* Should whoever is in the middle of something long come to its end? */
bool tt_ebbs(void)
{
	return READ_ONCE(phase) % TT_PHASES != TT_FLOOD;
}

/* Let others run. */
void tt_pause(unsigned int us)
{
	usleep_range(us, 2 * us);
}

/* What the thread is in the middle of, for the watchdog to show. */
void tt_doing(struct tt_thread *t, const char *what, const char *arena,
	      size_t size, int vmflag)
{
	WRITE_ONCE(t->arena, arena);
	WRITE_ONCE(t->size, size);
	WRITE_ONCE(t->vmflag, vmflag);
	WRITE_ONCE(t->doing, what);
	WRITE_ONCE(t->progress, READ_ONCE(t->progress) + 1);
}

/* Its CPU may have gone meanwhile, and with it the affinity. */
static void stay(struct tt_thread *t)
{
	if (t->cpu >= 0 && cpu_online(t->cpu))
		set_cpus_allowed_ptr(current, cpumask_of(t->cpu));
}

static void calm_or_ebb(struct tt_thread *t, unsigned int now)
{
	if (t->done != now) {
		if (now % TT_PHASES == TT_EBB && t->job->ebb)
			t->job->ebb(t);
		if (now % TT_PHASES == TT_CALM && t->job->calm)
			t->job->calm(t);
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
		if (now % TT_PHASES != TT_FLOOD) {
			calm_or_ebb(t, now);
			continue;
		}
		if (now != seen) {
			stay(t);
			seen = now;
		}
		t->job->step(t);
		cond_resched();
	}
	if (t->job->ebb)
		t->job->ebb(t);
	if (t->job->end)
		t->job->end(t);
	return 0;
}

/* The thread that runs, or NULL if it is none of the torture's. */
struct tt_thread *tt_thread_current(void)
{
	if (!in_task() || !(current->flags & PF_KTHREAD) ||
	    kthread_func(current) != thread_main)
		return NULL;
	return kthread_data(current);
}

/**
 * tt_thread_start - start a thread
 * @job: what it does
 * @n: which of those with that job
 * @cpu: where it stays while that is there, -1: anywhere
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

/* Report who has neither done his part nor anything else; returns how many. */
static unsigned int report_stuck(bool again)
{
	unsigned int i, n = 0, now = READ_ONCE(phase);

	for (i = 0; i < nthreads; i++) {
		struct tt_thread *t = threads[i];
		unsigned int progress = READ_ONCE(t->progress);
		const char *what = READ_ONCE(t->doing);
		const char *arena = READ_ONCE(t->arena);
		bool stuck = progress == t->before;

		t->before = progress;
		if (READ_ONCE(t->done) == now || !stuck)
			continue;
		n++;
		tt_violation("tt-%s/%u makes no progress for %u s%s, in %s(%s, %zu, flags %#x)",
			     t->job->name, t->n, stall,
			     again ? ", although told to try again" : "",
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
		threads[i]->before = READ_ONCE(threads[i]->progress);
}

/**
 * tt_next_phase - end a phase and begin the next
 * @next: which, which has to be the one that follows
 *
 * For TT_EBB and TT_CALM waits until all have done their part. Who does not is
 * reported, and then told to try again, to see whether all that he missed was to be
 * told.
 *
 * Return: false if somebody does not come to an end.
 */
bool tt_next_phase(enum tt_phase next)
{
	unsigned int waits, tries = 0;

	do
		WRITE_ONCE(phase, READ_ONCE(phase) + 1);
	while (READ_ONCE(phase) % TT_PHASES != next);
	wake_up_all(&phase_wait);
	if (next == TT_FLOOD)
		return true;

	note_progress();
	for (waits = 0; waits < LONGEST && tries < TRIES; waits++) {
		if (wait_event_idle_timeout(done_wait, all_done(), stall * HZ))
			return true;
		if (!report_stuck(tries))
			continue;
		tries++;
		if (!tt_unplant())
			vmem_update(NULL);
	}
	if (!tries)
		tt_violation("some are never done, although not stuck");
	return false;
}

/**
 * tt_threads_stop - stop all threads
 *
 * Those that do not come to an end cannot be stopped: then none is.
 *
 * Return: whether they are.
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
