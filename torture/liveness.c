// SPDX-License-Identifier: GPL-2.0
/*
 * The liveness watchdog. It checks that no request waits for more than a second
 * while there is free space.
 *
 * A thread registers a request that may wait. Once the request is a second old,
 * the watchdog checks several times a second whether vmem could serve the
 * request. vmem could serve it if
 *
 * - the torture's own records say that everything has been freed; or
 * - vmem_walk(), which changes nothing in the arena, finds a free segment that
 *   is large enough; or
 * - a repetition of the request with VM_NOSLEEP | VM_ABORT succeeds. The
 *   watchdog frees the result at once. This probe comes last, because
 *   vmem_free() would wake the waiter and hide a lost wake-up.
 *
 * The watchdog raises an alarm if, for more than a second (FREED_MS in the
 * first case), every check finds that the task sleeps and that vmem could serve
 * the request. The watchdog also raises an alarm if the task spins. It moves
 * from CPU to CPU, so that a stalled CPU of an emulated machine also delays the
 * watchdog. The watchdog skips a check if the watchdog was delayed
 * or if memory is short. So on a slow machine an alarm takes longer, but is not
 * lost.
 */
#include <linux/cpumask.h>
#include <linux/kthread.h>
#include <linux/ktime.h>
#include <linux/mutex.h>
#include <linux/sched.h>
#include <linux/sched/debug.h>

#include "torture.h"

#define SLOTS		256

#define TICK_MS		100
#define MAX_TICK_MS	300	/* longer ticks do not count */

#define MIN_AGE_MS	1000	/* younger requests are not checked */
#define FREE_MS		1000	/* period of positive checks before an alarm */
#define MIN_CHECKS	5U	/* number of positive checks before an alarm */
#define FREED_MS	5000	/* FREE_MS for requests with @is_free */

#define SPIN_MS		3000	/* CPU time of a waiter that is spinning */

#define STACKS		3	/* number of alarms that print a stack */

/**
 * struct tt_request - a request that may wait
 * @task: the task that made the request; NULL if the slot is unused
 * @lock: held during each check, so that the arena outlives the check
 * @active: the request has not returned
 * @args: arguments of the request
 * @since: time of the request
 * @cpu_time: CPU time of the task at @since
 * @in_import: nesting depth of import functions that the request is in
 * @checks: number of successive positive checks
 * @free_ms: milliseconds between the first and the last positive check
 * @alarmed: an alarm has been raised
 *
 * @lock protects all members after it, except @in_import, which the task
 * writes.
 */
struct tt_request {
	struct task_struct *task;
	struct mutex lock;	/* held during a check */
	bool active;
	struct tt_request_args args;
	ktime_t since;
	u64 cpu_time;
	unsigned int in_import;
	unsigned int checks;
	unsigned int free_ms;
	bool alarmed;
};

static struct tt_request slots[SLOTS];
static struct task_struct *watchdog;
static atomic_t alarms = ATOMIC_INIT(0);

unsigned int tt_alarms(void)
{
	return atomic_read(&alarms);
}

/* True if the caller is the watchdog, which clients must not delay. */
bool tt_is_watchdog(void)
{
	return in_task() && current == READ_ONCE(watchdog);
}

/**
 * tt_wait_begin - register a request that may wait
 * @args: arguments of the request
 *
 * Return: a handle for tt_wait_end(), or NULL if the request cannot wait or all
 * slots are in use.
 */
struct tt_request *tt_wait_begin(const struct tt_request_args *args)
{
	unsigned int i, start = current->pid % SLOTS;
	struct tt_request *r;

	if (args->vmflag & (VM_NOSLEEP | VM_ABORT))
		return NULL;
	for (i = 0; i < SLOTS; i++) {
		r = &slots[(start + i) % SLOTS];
		if (!READ_ONCE(r->task) && !cmpxchg(&r->task, NULL, current))
			break;
	}
	if (i == SLOTS)
		return NULL;
	mutex_lock(&r->lock);
	r->args = *args;
	r->since = ktime_get();
	r->cpu_time = current->se.sum_exec_runtime;
	WRITE_ONCE(r->in_import, 0);
	r->checks = 0;
	r->alarmed = false;
	r->active = true;
	mutex_unlock(&r->lock);
	return r;
}

/* Unregister a request that has returned. Then the arena may be destroyed. */
void tt_wait_end(struct tt_request *r)
{
	if (!r)
		return;
	mutex_lock(&r->lock);
	r->active = false;
	mutex_unlock(&r->lock);
	/* Pairs with cmpxchg() in tt_wait_begin(). */
	smp_store_release(&r->task, NULL);
}

/* True if the watchdog has raised an alarm for the request. */
bool tt_wait_alarmed(const struct tt_request *r)
{
	return r && READ_ONCE(r->alarmed);
}

static void add_import_depth(int n)
{
	unsigned int i;

	for (i = 0; i < SLOTS; i++) {
		struct tt_request *r = &slots[i];

		if (READ_ONCE(r->task) == current)
			WRITE_ONCE(r->in_import, r->in_import + n);
	}
}

/* Called by import functions: a task in one does not count as asleep. */
void tt_import_begin(void)
{
	add_import_depth(1);
}

void tt_import_end(void)
{
	add_import_depth(-1);
}

/* Import by vmem_xalloc() for a request that may wait. */
void *tt_import_waiting(const char *arena, vmem_t *src, size_t size,
			size_t align, int vmflag)
{
	struct tt_request_args w = {
		.arena = arena, .vm = src, .size = size, .vmflag = vmflag,
		.by_x = true, .align = align,
	};
	struct tt_request *r = tt_wait_begin(&w);
	void *addr;

	addr = vmem_xalloc(src, size, align, 0, 0, NULL, NULL, vmflag);
	tt_wait_end(r);
	return addr;
}

/* --- one check --- */

struct segment_search {
	size_t size;
	bool found;
};

static void check_segment(void *arg, void *start, size_t size)
{
	struct segment_search *search = arg;

	if (size >= search->size)
		search->found = true;
}

/* True if a free segment is large enough, wherever the segment begins. */
static bool has_free_segment(const struct tt_request_args *w)
{
	struct segment_search search = { .size = w->size + 2 * w->align };

	if (w->nocross || w->min || w->max)
		return false;
	vmem_walk(w->vm, VMEM_FREE, check_segment, &search);
	return search.found;
}

/* True if the request succeeds without waiting. Frees the result. */
static bool probe(const struct tt_request_args *w)
{
	int vmflag = w->vmflag | VM_NOSLEEP | VM_ABORT;
	void *addr;

	if (w->by_x)
		addr = vmem_xalloc(w->vm, w->size, w->align, w->phase,
				   w->nocross, w->min, w->max, vmflag);
	else
		addr = vmem_alloc(w->vm, w->size, vmflag);
	if (!addr)
		return false;
	if (w->by_x)
		vmem_xfree(w->vm, addr, w->size);
	else
		vmem_free(w->vm, addr, w->size);
	return true;
}

/* True if the task sleeps outside import functions and has not been woken. */
static bool is_asleep(const struct tt_request *r)
{
	return READ_ONCE(r->task->__state) != TASK_RUNNING &&
	       !READ_ONCE(r->in_import);
}

static void raise_alarm(struct tt_request *r, const char *what, s64 age)
{
	const struct tt_request_args *w = &r->args;
	unsigned int n = atomic_inc_return(&alarms);

	WRITE_ONCE(r->alarmed, true);
	pr_err("vmem-torture: ALARM: %s (%d) has waited %lld ms for %zu in %s, flags %#x: %s at %u checks over %u ms\n",
	       r->task->comm, r->task->pid, age, w->size, w->arena, w->vmflag,
	       what, r->checks, r->free_ms);
	if (n <= STACKS)
		sched_show_task(r->task);
}

static bool is_spinning(const struct tt_request *r, s64 age)
{
	u64 ran = READ_ONCE(r->task->se.sum_exec_runtime) - r->cpu_time;

	ran = div_u64(ran, NSEC_PER_MSEC);
	return ran > SPIN_MS && ran > age * 3 / 4;
}

static void check_request(struct tt_request *r, unsigned int ms, bool valid)
{
	const struct tt_request_args *w = &r->args;
	unsigned int enough = FREE_MS;
	const char *what = NULL;
	s64 age = ktime_ms_delta(ktime_get(), r->since);

	if (age < MIN_AGE_MS || r->alarmed)
		return;
	if (is_spinning(r, age)) {
		raise_alarm(r, "spinning", age);
		return;
	}
	if (!valid)
		return;
	if (is_asleep(r)) {
		if (w->is_free) {
			if (w->is_free(w->arg))
				what = "everything is free";
			enough = FREED_MS;
		} else if (has_free_segment(w)) {
			what = "a free segment suffices";
		} else if (probe(w)) {
			what = "a probe succeeds";
		}
	}
	if (!what || !is_asleep(r)) {
		r->checks = 0;
		return;
	}
	r->free_ms = r->checks++ ? r->free_ms + ms : 0;
	if (r->checks > max(MIN_CHECKS, num_online_cpus()) &&
	    r->free_ms > enough)
		raise_alarm(r, what, age);
}

static void check_all_requests(unsigned int ms, bool valid)
{
	unsigned int i;

	for (i = 0; i < SLOTS; i++) {
		struct tt_request *r = &slots[i];

		if (!READ_ONCE(r->task))
			continue;
		mutex_lock(&r->lock);
		if (r->active)
			check_request(r, ms, valid);
		mutex_unlock(&r->lock);
		cond_resched();
	}
}

static int watchdog_main(void *unused)
{
	int cpu = -1;

	while (!kthread_should_stop()) {
		ktime_t start = ktime_get();
		s64 ms;

		cpu = cpumask_next(cpu, cpu_online_mask);
		if (cpu >= nr_cpu_ids)
			cpu = cpumask_first(cpu_online_mask);
		/* Fails if the CPU has just gone offline. */
		set_cpus_allowed_ptr(current, cpumask_of(cpu));
		schedule_timeout_idle(msecs_to_jiffies(TICK_MS));
		ms = ktime_ms_delta(ktime_get(), start);
		check_all_requests(ms, ms < MAX_TICK_MS &&
				   !tt_memory_is_short());
	}
	return 0;
}

int tt_liveness_init(void)
{
	struct task_struct *task;
	unsigned int i;

	for (i = 0; i < SLOTS; i++)
		mutex_init(&slots[i].lock);
	task = kthread_create(watchdog_main, NULL, "tt-liveness");
	if (IS_ERR(task))
		return PTR_ERR(task);
	WRITE_ONCE(watchdog, task);
	wake_up_process(task);
	return 0;
}

void tt_liveness_exit(void)
{
	if (watchdog)
		kthread_stop(watchdog);
}
