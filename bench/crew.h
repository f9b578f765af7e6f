/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Threads that wait in vmem_alloc(VM_SLEEP), and what the machine does meanwhile.
 */
#ifndef _VMEM_BENCH_CREW_H
#define _VMEM_BENCH_CREW_H

#include <linux/atomic.h>
#include <linux/types.h>
#include <linux/vmem.h>

struct task_struct;

/**
 * struct waiter - a thread that makes one request
 * @crew: the crew it belongs to
 * @task: the thread
 * @vm: the arena that it asks
 * @got: the result
 */
struct waiter {
	struct crew *crew;
	struct task_struct *task;
	vmem_t *vm;
	void *got;
};

/**
 * struct crew - threads that all ask for the same size
 * @waiter: the threads
 * @n: number of threads
 * @size: the size that each asks for
 * @first: the threads run before all others; set by the caller of crew_begin()
 * @served: number of threads whose request has returned
 */
struct crew {
	struct waiter *waiter;
	unsigned int n;
	size_t size;
	bool first;
	atomic_t served;
};

int crew_begin(struct crew *crew, unsigned int n, vmem_t **arenas,
	       unsigned int narenas, size_t size);
int crew_asleep(struct crew *crew, vmem_t *top);
int crew_end(struct crew *crew);
void let_run(unsigned int us);

/**
 * struct busy - the start of a period
 * @ticks: the clock
 * @idle: microseconds that this CPU has been idle so far
 */
struct busy {
	u64 ticks;
	u64 idle;
};

void busy_begin(struct busy *busy);
u64 busy_since(const struct busy *busy);

#endif /* _VMEM_BENCH_CREW_H */
