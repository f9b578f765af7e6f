// SPDX-License-Identifier: GPL-2.0
/*
 * Threads that wait in vmem_alloc(VM_SLEEP), and what the machine does meanwhile.
 *
 * A thread that has been served does nothing until crew_end(), so that its exit does
 * not count as the cost of the wake-up.
 *
 * The time that a CPU is not idle is the cost of everything that an event causes, in
 * whatever task. The kernel tells idle time in microseconds, so that a figure is
 * exact to about a thousand instructions; measure many events at once.
 */
#include <linux/delay.h>
#include <linux/kernel_stat.h>
#include <linux/kthread.h>
#include <linux/math64.h>
#include <linux/module.h>
#include <linux/sched.h>
#include <linux/smp.h>
#include <linux/tick.h>
#include <linux/vmalloc.h>

#include "clock.h"
#include "crew.h"

#define POLL		2	/* ms */
#define PATIENCE	5000	/* polls */

static int wait_in_arena(void *arg)
{
	struct waiter *waiter = arg;
	struct crew *crew = waiter->crew;

	waiter->got = vmem_alloc(waiter->vm, crew->size, VM_SLEEP);
	atomic_inc(&crew->served);
	set_current_state(TASK_INTERRUPTIBLE);
	while (!kthread_should_stop()) {
		schedule();
		set_current_state(TASK_INTERRUPTIBLE);
	}
	__set_current_state(TASK_RUNNING);
	return 0;
}

/**
 * crew_begin - start threads that ask for something
 * @crew: initialised here, but for &crew.first
 * @n: number of threads
 * @arenas: thread i asks arena i modulo @narenas
 * @narenas: see @arenas
 * @size: what each asks for
 *
 * Return: 0, or an error, with which no thread runs.
 */
int crew_begin(struct crew *crew, unsigned int n, vmem_t **arenas,
	       unsigned int narenas, size_t size)
{
	unsigned int i;

	crew->n = 0;
	crew->size = size;
	atomic_set(&crew->served, 0);
	crew->waiter = vzalloc(array_size(n, sizeof(*crew->waiter)));
	if (!crew->waiter)
		return -ENOMEM;
	for (i = 0; i < n; i++) {
		struct waiter *w = &crew->waiter[i];

		w->crew = crew;
		w->vm = arenas[i % narenas];
		w->task = kthread_create(wait_in_arena, w, "bench_wait/%u", i);
		if (IS_ERR(w->task))
			goto fail;
		if (crew->first)
			sched_set_fifo(w->task);
	}
	/* A thread exits without a request if it is stopped before its start. */
	for (crew->n = 0; crew->n < n; crew->n++)
		wake_up_process(crew->waiter[crew->n].task);
	return 0;
fail:
	while (i--)
		kthread_stop(crew->waiter[i].task);
	vfree(crew->waiter);
	crew->waiter = NULL;
	return -ENOMEM;
}

/**
 * crew_asleep - wait until all threads that are not served wait for an arena
 * @crew: the threads
 * @top: an arena in the source path of all of them
 *
 * Return: 0 or -ETIME.
 */
int crew_asleep(struct crew *crew, vmem_t *top)
{
	struct vmem_stats stats;
	unsigned int i;

	for (i = 0; i < PATIENCE; i++) {
		vmem_get_stats(top, &stats);
		if (stats.waiters + atomic_read(&crew->served) >= crew->n)
			return 0;
		msleep(POLL);
	}
	pr_info("bench: failed %llu of %u threads wait\n", stats.waiters,
		crew->n);
	return -ETIME;
}

/**
 * crew_end - free what threads have got, and end them
 * @crew: the threads; what they ask for is there
 *
 * Return: 0 or -ETIME. With the latter, the threads still wait: they cannot be ended,
 * and what they wait for must not be either.
 */
int crew_end(struct crew *crew)
{
	unsigned int i;

	if (!crew->waiter)
		return 0;
	for (i = 0; atomic_read(&crew->served) < crew->n; i++) {
		if (i > PATIENCE) {
			pr_info("bench: failed %u of %u threads are served\n",
				atomic_read(&crew->served), crew->n);
			__module_get(THIS_MODULE);
			return -ETIME;
		}
		msleep(POLL);
	}
	for (i = 0; i < crew->n; i++) {
		struct waiter *w = &crew->waiter[i];

		kthread_stop(w->task);
		if (w->got)
			vmem_free(w->vm, w->got, crew->size);
		cond_resched();
	}
	vfree(crew->waiter);
	crew->waiter = NULL;
	return 0;
}

/* Sleep for so many microseconds, so that other threads and work items run. */
void let_run(unsigned int us)
{
	usleep_range(us, us + 1);
}

static u64 idle(void)
{
	return get_cpu_idle_time_us(raw_smp_processor_id(), NULL);
}

/* Begin a period. There is one CPU. */
void busy_begin(struct busy *busy)
{
	busy->idle = idle();
	busy->ticks = clock_read();
}

/* Nanoseconds since then, without those in which the CPU was idle. */
u64 busy_since(const struct busy *busy)
{
	u64 ns = clock_spent(busy->ticks);
	u64 idle_ns = NSEC_PER_USEC * (idle() - busy->idle);

	return ns > idle_ns ? ns - idle_ns : 0;
}
