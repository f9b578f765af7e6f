// SPDX-License-Identifier: GPL-2.0
/*
 * Second part of the load "locked". It measures vmem_free() and failing
 * requests while another request waits.
 *
 * A client may call vmem_free(), or vmem_alloc() with VM_NOSLEEP, with
 * interrupts off. So each kind of call has two figures. The lateness of the
 * timer is the longest time for which vmem itself turns interrupts off. The
 * maximum cost of a call, in instructions, is the time for which interrupts
 * stay off if the client has turned them off. One call in two runs with
 * interrupts off, so that the cost of an interrupt does not count; the load
 * ignores the timer during such a call. Calls with interrupts on count only if
 * they cost more than LONG_TICKS.
 *
 * The waiting thread has the highest priority, the measuring thread the second,
 * work items the lowest. So the measuring thread makes its first call after the
 * request has begun to wait and before the reclaim for that request begins. The
 * measuring thread sleeps after each call, so that calls and steps of reclaim
 * alternate.
 */
#include <linux/delay.h>
#include <linux/irqflags.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>
#include <linux/vmem.h>

#include "../vmem/compat.h"
#include "clock.h"
#include "locked.h"
#include "waiters.h"

#define CACHED		8	/* units of the largest cached size */
#define UNCACHED	16	/* units of a size without a cache */
#define PIECES		2048U	/* pieces of UNCACHED units */
#define REQUESTS	16	/* requests of each kind */
#define FREES		1024
#define BATCH		64	/* calls between two long sleeps */
#define SLEEP_US	100	/* length of a long sleep */
#define TOO_LARGE	1000	/* units: more than any free segment */
#define WITHIN		1024	/* units: no free segment in the window fits */
#define CHUNK		100000UL /* objects to move into the depot */
#define SETTLE_MS	500
#define IRQ_PERIOD_NS	20000
#define LONG_TICKS	50000	/* interrupts during a call take much less */

/**
 * struct full_arena - an arena in which everything has been allocated
 * @vm: the arena
 * @n: number of units
 * @id: single units, in the order of allocation; NULL if freed
 * @nid: number of entries of @id
 * @next: index in @id of the unit to free next
 * @step: increment of @next after each call of free_cached()
 * @piece: pieces of UNCACHED units
 * @npiece: number of allocated pieces; the last is freed next
 * @large: size of a request that fails
 * @small: size of a request that succeeds
 * @window: minimum address of the constrained request, which fails
 * @result: allocation of the last call
 * @size: size of @result
 * @constrained: @result must be freed with vmem_xfree()
 */
struct full_arena {
	vmem_t *vm;
	unsigned long n;
	void **id;
	unsigned long nid;
	unsigned long next;
	unsigned long step;
	void *piece[PIECES];
	unsigned int npiece;
	size_t large;
	size_t small;
	unsigned long window;
	void *result;
	size_t size;
	bool constrained;
};

static void full_arena_destroy(struct full_arena *fa)
{
	unsigned long i;

	for (i = 0; i < PIECES; i++)
		if (fa->piece[i])
			vmem_free(fa->vm, fa->piece[i], UNCACHED);
	for (i = 0; i < fa->nid; i++) {
		if (fa->id[i])
			vmem_free(fa->vm, fa->id[i], 1);
		if (!(i % 256))
			cond_resched();
	}
	if (fa->vm)
		vmem_destroy(fa->vm);
	vfree(fa->id);
	kvfree(fa);
}

/*
 * Create an arena of @n units. Allocate PIECES pieces, then single units until
 * the arena is full.
 */
static struct full_arena *full_arena_create(unsigned long n)
{
	struct full_arena *fa = kvzalloc(sizeof(*fa), GFP_KERNEL);
	void *p;

	if (!fa)
		return NULL;
	fa->n = round_up(n, 64);
	fa->id = vzalloc(array_size(fa->n, sizeof(*fa->id)));
	fa->vm = vmem_create("full", (void *)BASE, fa->n, 1, NULL, NULL, NULL,
			     CACHED, VM_SLEEP | VMC_IDENTIFIER);
	if (!fa->id || !fa->vm) {
		full_arena_destroy(fa);
		return NULL;
	}
	for (fa->npiece = 0; fa->npiece < PIECES; fa->npiece++)
		fa->piece[fa->npiece] = vmem_alloc(fa->vm, UNCACHED, VM_NOSLEEP);
	while ((p = vmem_alloc(fa->vm, 1, VM_NOSLEEP))) {
		fa->id[fa->nid++] = p;
		if (!(fa->nid % 256))
			cond_resched();
	}
	fa->large = TOO_LARGE;
	fa->small = 1;
	fa->window = BASE + fa->n - fa->n / 4;
	return fa;
}

/* Create a full arena, then free every second single unit into its slab. */
static struct full_arena *partial_slabs_create(unsigned long n)
{
	struct full_arena *fa = full_arena_create(n);
	unsigned long i;

	for (i = 0; fa && i < fa->nid; i++) {
		if ((unsigned long)fa->id[i] & 1) {
			vmem_free(fa->vm, fa->id[i], 1);
			fa->id[i] = NULL;
		}
		if (!(i % 256))
			cond_resched();
	}
	for (i = 0; fa && i < 3; i++)
		vmem_update(NULL);
	if (fa)
		fa->step = 97;	/* each call frees into another slab */
	return fa;
}

/* Free consecutive single units, which go to the depot. */
static void fill_depot(struct full_arena *fa)
{
	unsigned long i;

	for (i = 0; i < min(CHUNK, fa->n / 10) && fa->next < fa->nid; i++, fa->next++) {
		vmem_free(fa->vm, fa->id[fa->next], 1);
		fa->id[fa->next] = NULL;
		if (!(i % 256))
			cond_resched();
	}
}

/*
 * The measured calls. None of them sleeps. Each returns false if it has nothing
 * to free.
 */

static bool free_cached(struct full_arena *fa)
{
	while (fa->next < fa->nid && !fa->id[fa->next])
		fa->next++;
	if (fa->next >= fa->nid)
		return false;
	vmem_free(fa->vm, fa->id[fa->next], 1);
	fa->id[fa->next] = NULL;
	fa->next += fa->step;
	return true;
}

/* Free every second piece, so that the free segments cannot merge. */
static bool free_uncached(struct full_arena *fa)
{
	if (fa->npiece < 2)
		return false;
	fa->npiece -= 2;
	vmem_free(fa->vm, fa->piece[fa->npiece], UNCACHED);
	fa->piece[fa->npiece] = NULL;
	return true;
}

static bool request_size(struct full_arena *fa, size_t size, int vmflag)
{
	fa->size = size;
	fa->result = vmem_alloc(fa->vm, size, vmflag);
	return true;
}

static bool request_large(struct full_arena *fa)
{
	return request_size(fa, fa->large, VM_NOSLEEP);
}

static bool request_abort(struct full_arena *fa)
{
	return request_size(fa, fa->large, VM_NOSLEEP | VM_ABORT);
}

static bool request_within(struct full_arena *fa)
{
	fa->size = WITHIN;
	fa->constrained = true;
	fa->result = vmem_xalloc(fa->vm, WITHIN, 2, 0, 0, (void *)fa->window,
				 (void *)(fa->window + 4 * WITHIN), VM_NOSLEEP);
	return true;
}

static bool request_small(struct full_arena *fa)
{
	return request_size(fa, fa->small, VM_NOSLEEP);
}

static void free_result(struct full_arena *fa)
{
	if (fa->result && fa->constrained)
		vmem_xfree(fa->vm, fa->result, fa->size);
	else if (fa->result)
		vmem_free(fa->vm, fa->result, fa->size);
	fa->result = NULL;
	fa->constrained = false;
}

static bool time_call(struct full_arena *fa, bool (*call)(struct full_arena *fa), u64 *ticks)
{
	u64 start = clock_read();
	bool more = call(fa);

	*ticks = clock_read() - start - clock_overhead;
	return more;
}

static bool time_call_irqs_off(struct full_arena *fa, bool (*call)(struct full_arena *fa),
			       u64 *ticks)
{
	unsigned long irq;
	bool more;

	locked_ignore(true);
	local_irq_save(irq);
	more = time_call(fa, call, ticks);
	local_irq_restore(irq);
	locked_ignore(false);
	return more;
}

static void repeat_call(struct full_arena *fa, const char *when, const char *call_name,
			bool (*call)(struct full_arena *fa), unsigned int times)
{
	unsigned int i, served = 0;
	char name[40], text[64];
	u64 max_ticks = 0, ticks;
	bool more = true;

	for (i = 0; more && i < times; i++) {
		if (i % 2)
			more = time_call(fa, call, &ticks);
		else
			more = time_call_irqs_off(fa, call, &ticks);
		if (!(i % 2) || ticks > LONG_TICKS)
			max_ticks = max(max_ticks, ticks);
		served += !!fa->result;
		free_result(fa);
		/* Sleep, so that calls and steps of reclaim alternate. */
		sleep_us(i % BATCH == BATCH - 1 ? SLEEP_US : 1);
	}
	sleep_us(SLEEP_US);
	snprintf(name, sizeof(name), "%s_%s", when, call_name);
	snprintf(text, sizeof(text), " max_call=%llu calls=%u served=%u",
		 div_u64(clock_tenths(max_ticks), 10), i, served);
	locked_mark(name, text);
}

static void failing_requests(struct full_arena *fa, const char *when)
{
	repeat_call(fa, when, "abort", request_abort, REQUESTS);
	repeat_call(fa, when, "within", request_within, REQUESTS);
	repeat_call(fa, when, "large", request_large, REQUESTS);
}

/* Start a thread that waits for @size units, which the arena does not have. */
static int begin_waiting(struct waiters *waiters, vmem_t *vm, size_t size)
{
	int err;

	waiters->fifo = true;
	err = waiters_start(waiters, 1, &vm, 1, size);
	cond_resched();
	return err;
}

/*
 * Let reclaim run for SETTLE_MS, print the lateness under the name @reclaim,
 * and add a span at @at for the waiter.
 */
static int satisfy_waiter(struct waiters *waiters, vmem_t *vm, unsigned long at,
			  const char *reclaim)
{
	msleep(SETTLE_MS);
	locked_mark(reclaim, "");
	vmem_add(vm, (void *)at, waiters->size, VM_SLEEP);
	return waiters_end(waiters);
}

static void maintain(const char *name)
{
	vmem_update(NULL);
	vmem_update(NULL);
	locked_mark(name, "");
}

/* Measure all kinds of calls while a request waits. */
static void calls_while_waiting(struct full_arena *fa, const char *when)
{
	repeat_call(fa, when, "free", free_cached, FREES);
	repeat_call(fa, when, "free_uncached", free_uncached, FREES);
	repeat_call(fa, when, "small", request_small, REQUESTS);
	failing_requests(fa, when);
}

/* A timer whose handler frees units, and interrupts reclaim at any point. */
struct irq_frees {
	struct hrtimer timer;
	struct full_arena *fa;
	u64 max_ticks;
	unsigned int n;
};

static struct irq_frees irq_frees;

static enum hrtimer_restart irq_free(struct hrtimer *timer)
{
	struct irq_frees *f = container_of(timer, struct irq_frees, timer);
	u64 ticks;

	if (!time_call(f->fa, free_cached, &ticks))
		return HRTIMER_NORESTART;
	f->n++;
	f->max_ticks = max(f->max_ticks, ticks);
	hrtimer_forward_now(timer, ns_to_ktime(IRQ_PERIOD_NS));
	return HRTIMER_RESTART;
}

static int partial_slabs_irq(void)
{
	struct full_arena *fa = partial_slabs_create(bench_live);
	struct irq_frees *f = &irq_frees;
	struct waiters waiters;
	char text[64];
	int err;

	if (!fa)
		return -ENOMEM;
	locked_mark("partial_irq_make", "");
	*f = (struct irq_frees){ .fa = fa };
	locked_ignore(true);
	vmem_hrtimer_setup(&f->timer, irq_free);
	hrtimer_start(&f->timer, ns_to_ktime(IRQ_PERIOD_NS),
		      HRTIMER_MODE_REL_PINNED);
	err = begin_waiting(&waiters, fa->vm, 2 * TOO_LARGE);
	msleep(SETTLE_MS / 5);
	hrtimer_cancel(&f->timer);
	snprintf(text, sizeof(text), " max_call=%llu calls=%u served=0",
		 div_u64(clock_tenths(f->max_ticks), 10), f->n);
	locked_mark("partial_wait_irq_free", text);
	locked_ignore(false);
	if (!err)
		err = satisfy_waiter(&waiters, fa->vm, 2 * (BASE + fa->n),
				     "partial_wait_irq_reclaim");
	if (err != -ETIME)
		full_arena_destroy(fa);
	locked_mark("partial_irq_end", "");
	return err;
}

/* Measure cached sizes while every slab has free objects. */
static int partial_slabs(void)
{
	struct full_arena *fa = partial_slabs_create(bench_live);
	struct waiters waiters;
	int err;

	if (!fa)
		return -ENOMEM;
	locked_mark("partial_make", "");
	repeat_call(fa, "partial", "free", free_cached, FREES);
	repeat_call(fa, "partial", "small", request_small, REQUESTS);
	failing_requests(fa, "partial");
	full_arena_destroy(fa);

	fa = partial_slabs_create(bench_live);
	if (!fa)
		return -ENOMEM;
	locked_mark("partial_wait_make", "");
	err = begin_waiting(&waiters, fa->vm, 2 * TOO_LARGE);
	if (!err) {
		calls_while_waiting(fa, "partial_wait");
		maintain("partial_wait_update");
		err = satisfy_waiter(&waiters, fa->vm, 2 * (BASE + fa->n),
				     "partial_wait_reclaim");
	}
	if (err != -ETIME)
		full_arena_destroy(fa);
	locked_mark("partial_end", "");
	return err;
}

/* Measure cached sizes while magazines of the depot hold many objects. */
static int full_depot(void)
{
	struct full_arena *fa = full_arena_create(bench_live);
	struct waiters waiters;
	int err;

	if (!fa)
		return -ENOMEM;
	fa->step = 1;
	fa->small = 64;		/* size of a slab */
	fa->large = fa->n - fa->n / 8;
	fill_depot(fa);
	locked_mark("depot_make", "");
	repeat_call(fa, "depot", "small", request_small, REQUESTS);
	fill_depot(fa);
	locked_mark("depot_fail_make", "");
	failing_requests(fa, "depot");
	fill_depot(fa);
	locked_mark("depot_wait_make", "");
	err = begin_waiting(&waiters, fa->vm, fa->large);
	if (!err) {
		calls_while_waiting(fa, "depot_wait");
		maintain("depot_wait_update");
		err = satisfy_waiter(&waiters, fa->vm, 2 * (BASE + fa->n),
				     "depot_wait_reclaim");
	}
	if (err != -ETIME)
		full_arena_destroy(fa);
	locked_mark("depot_end", "");
	return err;
}

/* The pieces that free_piece() frees. */
static struct work *pieces;

static bool free_piece(struct full_arena *fa)
{
	struct piece *piece;

	if (!pieces->live)
		return false;
	piece = &pieces->piece[--pieces->live];
	vmem_free(fa->vm, (void *)piece->at, piece->size);
	return true;
}

static int uncached(struct work *work)
{
	struct full_arena *fa = kvzalloc(sizeof(*fa), GFP_KERNEL);
	struct waiters waiters;
	int err;

	if (!fa)
		return -ENOMEM;
	pieces = work;
	fa->vm = work->instance;
	fa->n = work->range;
	fa->large = work->range;
	fa->small = 1;
	fa->window = BASE + fa->n / 4;
	err = begin_waiting(&waiters, fa->vm, fa->large);
	if (!err) {
		repeat_call(fa, "uncached_wait", "free", free_piece, FREES);
		repeat_call(fa, "uncached_wait", "small", request_small, REQUESTS);
		failing_requests(fa, "uncached_wait");
		maintain("uncached_wait_update");
		err = satisfy_waiter(&waiters, fa->vm, 2 * (BASE + fa->n),
				     "uncached_wait_reclaim");
	}
	kvfree(fa);
	return err;
}

/**
 * locked_waited - measure lock hold times while a request waits
 * @work: a filled arena without caches
 */
void locked_waited(struct work *work)
{
	int err;

	sched_set_fifo_low(current);
	err = uncached(work);
	err = err ?: partial_slabs();
	err = err ?: partial_slabs_irq();
	err = err ?: full_depot();
	sched_set_normal(current, 0);
	if (err)
		pr_info("bench: failed locked: %d\n", err);
}
