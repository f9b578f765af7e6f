// SPDX-License-Identifier: GPL-2.0
/*
 * Starts threads that wait in vmem_alloc(VM_SLEEP), and measures the CPU time
 * that events cost while the threads wait.
 *
 * A thread whose request has been served sleeps until waiters_end(), so that
 * its exit does not count as a cost of the wake-up.
 *
 * The cost of an event, summed over all tasks, is the time in which the CPU is
 * not idle. The resolution of the kernel's idle time is a microsecond, which is
 * a thousand instructions with -icount. So a figure must cover many events.
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
#include "waiters.h"

#define POLL_MS		2
#define MAX_POLLS	5000

static int waiter_thread(void *arg)
{
	struct waiter *waiter = arg;
	struct waiters *waiters = waiter->waiters;

	waiter->got = vmem_alloc(waiter->vm, waiters->size, VM_SLEEP);
	atomic_inc(&waiters->served);
	set_current_state(TASK_INTERRUPTIBLE);
	while (!kthread_should_stop()) {
		schedule();
		set_current_state(TASK_INTERRUPTIBLE);
	}
	__set_current_state(TASK_RUNNING);
	return 0;
}

/**
 * waiters_start - start threads that each request @size with VM_SLEEP
 * @waiters: the group of threads; initialised here, except &waiters.fifo
 * @n: number of threads
 * @arenas: thread i allocates from arena i modulo @narenas
 * @narenas: number of @arenas
 * @size: size of each request
 *
 * Return: 0, or an error. After an error no thread runs.
 */
int waiters_start(struct waiters *waiters, unsigned int n, vmem_t **arenas,
		  unsigned int narenas, size_t size)
{
	unsigned int i;

	waiters->n = 0;
	waiters->size = size;
	atomic_set(&waiters->served, 0);
	waiters->waiter = vzalloc(array_size(n, sizeof(*waiters->waiter)));
	if (!waiters->waiter)
		return -ENOMEM;
	for (i = 0; i < n; i++) {
		struct waiter *w = &waiters->waiter[i];

		w->waiters = waiters;
		w->vm = arenas[i % narenas];
		w->task = kthread_create(waiter_thread, w, "bench_wait/%u", i);
		if (IS_ERR(w->task))
			goto fail;
		if (waiters->fifo)
			sched_set_fifo(w->task);
	}
	/* Wake threads last: on a failure, none of them has made a request. */
	for (waiters->n = 0; waiters->n < n; waiters->n++)
		wake_up_process(waiters->waiter[waiters->n].task);
	return 0;
fail:
	while (i--)
		kthread_stop(waiters->waiter[i].task);
	vfree(waiters->waiter);
	waiters->waiter = NULL;
	return -ENOMEM;
}

/**
 * waiters_await_sleep - wait until each thread waits for space or is served
 * @waiters: the threads
 * @top: an arena in the source paths of all threads
 *
 * Return: 0 or -ETIME.
 */
int waiters_await_sleep(struct waiters *waiters, vmem_t *top)
{
	struct vmem_stats stats;
	unsigned int i;

	for (i = 0; i < MAX_POLLS; i++) {
		vmem_get_stats(top, &stats);
		if (stats.waiters + atomic_read(&waiters->served) >= waiters->n)
			return 0;
		msleep(POLL_MS);
	}
	pr_info("bench: failed only %llu of %u threads wait\n", stats.waiters,
		waiters->n);
	return -ETIME;
}

/**
 * waiters_end - wait for all requests, free their results, and stop the threads
 * @waiters: the threads; the caller has freed enough space for all requests
 *
 * Return: 0 or -ETIME. After -ETIME threads still wait. The caller must not
 * destroy their arenas, and the module cannot be removed.
 */
int waiters_end(struct waiters *waiters)
{
	unsigned int i;

	if (!waiters->waiter)
		return 0;
	for (i = 0; atomic_read(&waiters->served) < waiters->n; i++) {
		if (i > MAX_POLLS) {
			pr_info("bench: failed only %u of %u threads are served\n",
				atomic_read(&waiters->served), waiters->n);
			__module_get(THIS_MODULE);
			return -ETIME;
		}
		msleep(POLL_MS);
	}
	for (i = 0; i < waiters->n; i++) {
		struct waiter *w = &waiters->waiter[i];

		kthread_stop(w->task);
		if (w->got)
			vmem_free(w->vm, w->got, waiters->size);
		cond_resched();
	}
	vfree(waiters->waiter);
	waiters->waiter = NULL;
	return 0;
}

/* Sleep, so that other threads and work items run. */
void sleep_us(unsigned int us)
{
	usleep_range(us, us + 1);
}

static u64 idle_us(void)
{
	return get_cpu_idle_time_us(raw_smp_processor_id(), NULL);
}

/* Begin a period. The machine must have one CPU. */
void busy_begin(struct busy *busy)
{
	busy->idle_us = idle_us();
	busy->ticks = clock_read();
}

/* Nanoseconds since busy_begin() in which the CPU was not idle. */
u64 busy_ns_since(const struct busy *busy)
{
	u64 ns = clock_ns_since(busy->ticks);
	u64 idle_ns = NSEC_PER_USEC * (idle_us() - busy->idle_us);

	return ns > idle_ns ? ns - idle_ns : 0;
}
