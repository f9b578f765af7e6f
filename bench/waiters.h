/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Starts threads that wait in vmem_alloc(VM_SLEEP), and measures the CPU time
 * that events cost while the threads wait.
 */
#ifndef _VMEM_BENCH_WAITERS_H
#define _VMEM_BENCH_WAITERS_H

#include <linux/atomic.h>
#include <linux/types.h>
#include <linux/vmem.h>

struct task_struct;

/**
 * struct waiter - a thread that makes one request
 * @waiters: the group of the thread
 * @task: the thread
 * @vm: the arena that the thread allocates from
 * @got: the result of vmem_alloc()
 */
struct waiter {
	struct waiters *waiters;
	struct task_struct *task;
	vmem_t *vm;
	void *got;
};

/**
 * struct waiters - a group of threads that all request the same size
 * @waiter: the threads
 * @n: number of threads
 * @size: size of each request
 * @fifo: the threads have a real-time priority; set by the caller of
 *	waiters_start()
 * @served: number of threads whose request has returned
 */
struct waiters {
	struct waiter *waiter;
	unsigned int n;
	size_t size;
	bool fifo;
	atomic_t served;
};

int waiters_start(struct waiters *waiters, unsigned int n, vmem_t **arenas,
		  unsigned int narenas, size_t size);
int waiters_await_sleep(struct waiters *waiters, vmem_t *top);
int waiters_end(struct waiters *waiters);
void sleep_us(unsigned int us);

/**
 * struct busy - the start of a period, for busy_ns_since()
 * @ticks: the clock at the start
 * @idle_us: idle time of this CPU at the start, in microseconds
 */
struct busy {
	u64 ticks;
	u64 idle_us;
};

void busy_begin(struct busy *busy);
u64 busy_ns_since(const struct busy *busy);

#endif /* _VMEM_BENCH_WAITERS_H */
