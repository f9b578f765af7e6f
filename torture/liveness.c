// SPDX-License-Identifier: GPL-2.0
/*
 * The liveness watchdog: no request waits for free space for more than a second.
 *
 * A thread that may have to wait registers its request. Once the request is a
 * second old, the watchdog looks several times a second whether it could be served:
 *
 * - the torture's own books say that everything has been put back; or
 * - the arena has a free segment that is large enough, which looking at does not
 *   disturb: a probe would end in a free, and that would cure a lost wake-up; or
 * - the same request succeeds with VM_NOSLEEP | VM_ABORT, and is freed at once.
 *
 * When it could be served at every look for more than a second, although its task
 * sleeps, that is an alarm. The watchdog visits one CPU after the other, so that a
 * CPU that stands still holds up the watchdog as well, and starts over when it did
 * not run itself, while memory is short, and while the request is in an import
 * function of its own.
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
#define STOOD_STILL_MS	300	/* a tick that took so long proves nothing */

#define PATIENCE_MS	1000	/* age of a request that is worth a look */
#define FREE_MS		1000	/* so long free at each look: an alarm ... */
#define FREE_LOOKS	5U	/* ... with so many looks at least */
#define BOOKS_MS	5000	/* by the books alone: other CPUs' magazines */

#define SPIN_MS		3000	/* CPU time after which waiting is spinning */

#define STACKS		3	/* alarms that show the stack of the task */

/**
 * struct tt_request - a request that may wait
 * @task: the task that made it; NULL: the slot is unused
 * @lock: held for each look, so that the arena stays while it is probed
 * @active: the request has not returned
 * @wanted: what was requested
 * @since: when
 * @cpu_time: of the task when it made the request
 * @in_function: depth of import functions that the request is in
 * @looks: how many looks in a row found that it could be served
 * @free_ms: over how many milliseconds that the watchdog ran
 * @alarmed: an alarm has been raised
 *
 * @lock protects what follows it but for @in_function, which the task writes.
 */
struct tt_request {
	struct task_struct *task;
	struct mutex lock;	/* also keeps the arena while it is probed */
	bool active;
	struct tt_wanted wanted;
	ktime_t since;
	u64 cpu_time;
	unsigned int in_function;
	unsigned int looks;
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

/* Whether the caller is the watchdog: functions of clients must not delay it. */
bool tt_is_watchdog(void)
{
	return in_task() && current == READ_ONCE(watchdog);
}

/**
 * tt_wait_begin - register a request that may wait
 * @wanted: what is requested; NULL or one that cannot wait: nothing happens
 *
 * Return: a handle for tt_wait_end(), or NULL.
 */
struct tt_request *tt_wait_begin(const struct tt_wanted *wanted)
{
	unsigned int i, start = current->pid % SLOTS;
	struct tt_request *r;

	if (wanted->vmflag & (VM_NOSLEEP | VM_ABORT))
		return NULL;
	for (i = 0; i < SLOTS; i++) {
		r = &slots[(start + i) % SLOTS];
		if (!READ_ONCE(r->task) && !cmpxchg(&r->task, NULL, current))
			break;
	}
	if (i == SLOTS)
		return NULL;
	mutex_lock(&r->lock);
	r->wanted = *wanted;
	r->since = ktime_get();
	r->cpu_time = current->se.sum_exec_runtime;
	WRITE_ONCE(r->in_function, 0);
	r->looks = 0;
	r->alarmed = false;
	r->active = true;
	mutex_unlock(&r->lock);
	return r;
}

/* The request has returned. The arena may go once this has returned. */
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

/* Whether the request of the caller has raised an alarm. */
bool tt_wait_alarmed(const struct tt_request *r)
{
	return r && READ_ONCE(r->alarmed);
}

static void in_function(int n)
{
	unsigned int i;

	for (i = 0; i < SLOTS; i++) {
		struct tt_request *r = &slots[i];

		if (READ_ONCE(r->task) == current)
			WRITE_ONCE(r->in_function, r->in_function + n);
	}
}

/* Called by import functions: what they wait for is not vmem's. */
void tt_function_begin(void)
{
	in_function(1);
}

void tt_function_end(void)
{
	in_function(-1);
}

/* vmem_xalloc() from the source of an import function that may wait. */
void *tt_import_waiting(const char *arena, vmem_t *src, size_t size,
			size_t align, int vmflag)
{
	struct tt_wanted w = {
		.arena = arena, .vm = src, .size = size, .vmflag = vmflag,
		.by_x = true, .align = align,
	};
	struct tt_request *r = tt_wait_begin(&w);
	void *addr;

	addr = vmem_xalloc(src, size, align, 0, 0, NULL, NULL, vmflag);
	tt_wait_end(r);
	return addr;
}

/* --- one look --- */

struct look {
	size_t size;
	bool found;
};

static void look_at_segment(void *arg, void *start, size_t size)
{
	struct look *look = arg;

	if (size >= look->size)
		look->found = true;
}

/* Whether a free segment suffices, wherever in it the request would begin. */
static bool has_room(const struct tt_wanted *w)
{
	struct look look = { .size = w->size + 2 * w->align };

	if (w->nocross || w->min || w->max)
		return false;
	vmem_walk(w->vm, VMEM_FREE, look_at_segment, &look);
	return look.found;
}

/* Whether the same request succeeds without waiting. */
static bool probe(const struct tt_wanted *w)
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

/* Asleep and not about to run: then nothing has woken it. */
static bool sleeps(const struct tt_request *r)
{
	return READ_ONCE(r->task->__state) != TASK_RUNNING &&
	       !READ_ONCE(r->in_function);
}

static void alarm(struct tt_request *r, const char *what, s64 age)
{
	const struct tt_wanted *w = &r->wanted;
	unsigned int n = atomic_inc_return(&alarms);

	WRITE_ONCE(r->alarmed, true);
	pr_err("vmem-torture: ALARM: %s (%d) has waited %lld ms for %zu in %s, flags %#x: %s at %u looks over %u ms\n",
	       r->task->comm, r->task->pid, age, w->size, w->arena, w->vmflag,
	       what, r->looks, r->free_ms);
	if (n <= STACKS)
		sched_show_task(r->task);
}

static bool spins(const struct tt_request *r, s64 age)
{
	u64 ran = READ_ONCE(r->task->se.sum_exec_runtime) - r->cpu_time;

	ran = div_u64(ran, NSEC_PER_MSEC);
	return ran > SPIN_MS && ran > age * 3 / 4;
}

static void look_at(struct tt_request *r, unsigned int ms, bool proves)
{
	const struct tt_wanted *w = &r->wanted;
	unsigned int enough = FREE_MS;
	const char *what = NULL;
	s64 age = ktime_ms_delta(ktime_get(), r->since);

	if (age < PATIENCE_MS || r->alarmed)
		return;
	if (spins(r, age)) {
		alarm(r, "spinning", age);
		return;
	}
	if (proves && sleeps(r)) {
		if (w->is_free) {
			if (w->is_free(w->arg))
				what = "all is put back";
			enough = BOOKS_MS;
		} else if (has_room(w)) {
			what = "there is room";
		} else if (probe(w)) {
			what = "a probe is served";
		}
	}
	if (!what || !sleeps(r)) {
		r->looks = 0;
		return;
	}
	r->free_ms = r->looks++ ? r->free_ms + ms : 0;
	if (r->looks > max(FREE_LOOKS, num_online_cpus()) &&
	    r->free_ms > enough)
		alarm(r, what, age);
}

static void look_at_all(unsigned int ms, bool proves)
{
	unsigned int i;

	for (i = 0; i < SLOTS; i++) {
		struct tt_request *r = &slots[i];

		if (!READ_ONCE(r->task))
			continue;
		mutex_lock(&r->lock);
		if (r->active)
			look_at(r, ms, proves);
		mutex_unlock(&r->lock);
		cond_resched();
	}
}

static int watch(void *unused)
{
	int cpu = -1;

	while (!kthread_should_stop()) {
		ktime_t start = ktime_get();
		s64 ms;

		cpu = cpumask_next(cpu, cpu_online_mask);
		if (cpu >= nr_cpu_ids)
			cpu = cpumask_first(cpu_online_mask);
		/* Without effect if it went offline just now. */
		set_cpus_allowed_ptr(current, cpumask_of(cpu));
		schedule_timeout_idle(msecs_to_jiffies(TICK_MS));
		ms = ktime_ms_delta(ktime_get(), start);
		look_at_all(ms, ms < STOOD_STILL_MS && !tt_memory_is_short());
	}
	return 0;
}

int tt_liveness_init(void)
{
	struct task_struct *task;
	unsigned int i;

	for (i = 0; i < SLOTS; i++)
		mutex_init(&slots[i].lock);
	task = kthread_create(watch, NULL, "tt-liveness");
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
