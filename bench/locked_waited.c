// SPDX-License-Identifier: GPL-2.0
/*
 * The load "locked", continued: while a request waits for what is not there, others
 * free, and others fail.
 *
 * A client may do either with interrupts off. So each call has two figures: by how
 * much the timer was late, which is what vmem itself keeps interrupts off for, and the
 * dearest single call, in instructions, which is what such a client does. Every other
 * call is made with interrupts off, so that nothing else counts as its cost; the timer
 * is ignored then. Of the others only the very long count.
 *
 * The thread that waits has the highest priority, then comes the thread that measures,
 * then work items. So the first call is made when the request has begun to wait, but
 * reclaim on its behalf has not begun. Then the thread that measures sleeps after each
 * call, so that calls and the steps of reclaim alternate.
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
#include "crew.h"
#include "locked.h"

#define CACHED		8	/* units */
#define UNCACHED	16	/* units */
#define PIECES		2048U	/* of them */
#define VAIN		16	/* requests of each kind */
#define FREES		1024
#define BATCH		64	/* calls */
#define LET_RUN		100	/* us after a batch */
#define TOO_LARGE	1000	/* units: more than are free in a row */
#define WITHIN		1024	/* units: more than there are in a row in a window */
#define CHUNK		100000UL /* objects in the depot */
#define SETTLE		500	/* ms */
#define IRQ_EVERY	20000	/* ns */
#define LONG		50000	/* ticks: interrupts in between do not matter */

/**
 * struct crowd - an arena without anything free, but for what has been freed since
 * @vm: the arena
 * @n: units
 * @id: single units, in the order in which they were allocated
 * @nid: number of them
 * @next: the next of them to free
 * @step: distance from one to the one after
 * @piece: pieces of an uncached size
 * @npiece: number of them; the next to free is the last
 * @large: size of a request that fails
 * @small: size of a request that succeeds
 * @window: where a constrained request must fail
 * @got: what the last call allocated
 * @size: the size of that
 * @constrained: it has to be freed by vmem_xfree()
 */
struct crowd {
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
	void *got;
	size_t size;
	bool constrained;
};

static void crowd_end(struct crowd *c)
{
	unsigned long i;

	for (i = 0; i < PIECES; i++)
		if (c->piece[i])
			vmem_free(c->vm, c->piece[i], UNCACHED);
	for (i = 0; i < c->nid; i++) {
		if (c->id[i])
			vmem_free(c->vm, c->id[i], 1);
		if (!(i % 256))
			cond_resched();
	}
	if (c->vm)
		vmem_destroy(c->vm);
	vfree(c->id);
	kvfree(c);
}

/* A full arena: some pieces of an uncached size, the rest single units. */
static struct crowd *crowd_make(unsigned long n)
{
	struct crowd *c = kvzalloc(sizeof(*c), GFP_KERNEL);
	void *p;

	if (!c)
		return NULL;
	c->n = round_up(n, 64);
	c->id = vzalloc(array_size(c->n, sizeof(*c->id)));
	c->vm = vmem_create("crowd", (void *)BASE, c->n, 1, NULL, NULL, NULL,
			    CACHED, VM_SLEEP | VMC_IDENTIFIER);
	if (!c->id || !c->vm) {
		crowd_end(c);
		return NULL;
	}
	for (c->npiece = 0; c->npiece < PIECES; c->npiece++)
		c->piece[c->npiece] = vmem_alloc(c->vm, UNCACHED, VM_NOSLEEP);
	while ((p = vmem_alloc(c->vm, 1, VM_NOSLEEP))) {
		c->id[c->nid++] = p;
		if (!(c->nid % 256))
			cond_resched();
	}
	c->large = TOO_LARGE;
	c->small = 1;
	c->window = BASE + c->n - c->n / 4;
	return c;
}

/* Every second single unit goes back, and as far as into its slab. */
static struct crowd *crowd_of_partial_slabs(unsigned long n)
{
	struct crowd *c = crowd_make(n);
	unsigned long i;

	for (i = 0; c && i < c->nid; i++) {
		if ((unsigned long)c->id[i] & 1) {
			vmem_free(c->vm, c->id[i], 1);
			c->id[i] = NULL;
		}
		if (!(i % 256))
			cond_resched();
	}
	for (i = 0; c && i < 3; i++)
		vmem_update(NULL);
	if (c)
		c->step = 97;	/* from slab to slab */
	return c;
}

/* A chunk of single units in a row goes back, and into the depot. */
static void fill_depot(struct crowd *c)
{
	unsigned long i;

	for (i = 0; i < min(CHUNK, c->n / 10) && c->next < c->nid; i++, c->next++) {
		vmem_free(c->vm, c->id[c->next], 1);
		c->id[c->next] = NULL;
		if (!(i % 256))
			cond_resched();
	}
}

/* The calls, of which none sleeps. False: there is nothing left for it. */

static bool free_cached(struct crowd *c)
{
	while (c->next < c->nid && !c->id[c->next])
		c->next++;
	if (c->next >= c->nid)
		return false;
	vmem_free(c->vm, c->id[c->next], 1);
	c->id[c->next] = NULL;
	c->next += c->step;
	return true;
}

/* Every second one, so that what becomes free is not in a row. */
static bool free_uncached(struct crowd *c)
{
	if (c->npiece < 2)
		return false;
	c->npiece -= 2;
	vmem_free(c->vm, c->piece[c->npiece], UNCACHED);
	c->piece[c->npiece] = NULL;
	return true;
}

static bool ask(struct crowd *c, size_t size, int vmflag)
{
	c->size = size;
	c->got = vmem_alloc(c->vm, size, vmflag);
	return true;
}

static bool ask_large(struct crowd *c)
{
	return ask(c, c->large, VM_NOSLEEP);
}

static bool ask_abort(struct crowd *c)
{
	return ask(c, c->large, VM_NOSLEEP | VM_ABORT);
}

static bool ask_within(struct crowd *c)
{
	c->size = WITHIN;
	c->constrained = true;
	c->got = vmem_xalloc(c->vm, WITHIN, 2, 0, 0, (void *)c->window,
			     (void *)(c->window + 4 * WITHIN), VM_NOSLEEP);
	return true;
}

static bool ask_small(struct crowd *c)
{
	return ask(c, c->small, VM_NOSLEEP);
}

static void give_back(struct crowd *c)
{
	if (c->got && c->constrained)
		vmem_xfree(c->vm, c->got, c->size);
	else if (c->got)
		vmem_free(c->vm, c->got, c->size);
	c->got = NULL;
	c->constrained = false;
}

static bool timed(struct crowd *c, bool (*call)(struct crowd *c), u64 *ticks)
{
	u64 start = clock_read();
	bool more = call(c);

	*ticks = clock_read() - start - clock_empty;
	return more;
}

static bool atomically(struct crowd *c, bool (*call)(struct crowd *c),
		       u64 *ticks)
{
	unsigned long irq;
	bool more;

	locked_ignore(true);
	local_irq_save(irq);
	more = timed(c, call, ticks);
	local_irq_restore(irq);
	locked_ignore(false);
	return more;
}

static void repeat(struct crowd *c, const char *when, const char *what,
		   bool (*call)(struct crowd *c), unsigned int times)
{
	unsigned int i, served = 0;
	char name[40], text[64];
	u64 dearest = 0, ticks;
	bool more = true;

	for (i = 0; more && i < times; i++) {
		if (i % 2)
			more = timed(c, call, &ticks);
		else
			more = atomically(c, call, &ticks);
		if (!(i % 2) || ticks > LONG)
			dearest = max(dearest, ticks);
		served += !!c->got;
		give_back(c);
		/* As short as possible: to be there at each step of a reclaim. */
		let_run(i % BATCH == BATCH - 1 ? LET_RUN : 1);
	}
	let_run(LET_RUN);
	snprintf(name, sizeof(name), "%s_%s", when, what);
	snprintf(text, sizeof(text), " dearest=%llu calls=%u served=%u",
		 div_u64(clock_tenths(dearest), 10), i, served);
	locked_mark(name, text);
}

static void fail_all(struct crowd *c, const char *when)
{
	repeat(c, when, "abort", ask_abort, VAIN);
	repeat(c, when, "within", ask_within, VAIN);
	repeat(c, when, "large", ask_large, VAIN);
}

/* Begin to wait for @size, which is not there. */
static int wait_begin(struct crew *crew, vmem_t *vm, size_t size)
{
	int err;

	crew->first = true;
	err = crew_begin(crew, 1, &vm, 1, size);
	cond_resched();
	return err;
}

/* What the waiter asks for appears. */
static int wait_end(struct crew *crew, vmem_t *vm, unsigned long at,
		    const char *reclaim)
{
	msleep(SETTLE);
	locked_mark(reclaim, "");
	vmem_add(vm, (void *)at, crew->size, VM_SLEEP);
	return crew_end(crew);
}

static void rounds(const char *name)
{
	vmem_update(NULL);
	vmem_update(NULL);
	locked_mark(name, "");
}

/* Everything that can be done to an arena that is waited for. */
static void while_waited(struct crowd *c, const char *when)
{
	repeat(c, when, "free", free_cached, FREES);
	repeat(c, when, "free_uncached", free_uncached, FREES);
	repeat(c, when, "small", ask_small, VAIN);
	fail_all(c, when);
}

/* Frees by an interrupt handler, which comes at any moment of a reclaim. */
struct irq_frees {
	struct hrtimer timer;
	struct crowd *crowd;
	u64 dearest;
	unsigned int n;
};

static struct irq_frees irq_frees;

static enum hrtimer_restart irq_free(struct hrtimer *timer)
{
	struct irq_frees *f = container_of(timer, struct irq_frees, timer);
	u64 ticks;

	if (!timed(f->crowd, free_cached, &ticks))
		return HRTIMER_NORESTART;
	f->n++;
	f->dearest = max(f->dearest, ticks);
	hrtimer_forward_now(timer, ns_to_ktime(IRQ_EVERY));
	return HRTIMER_RESTART;
}

static int partial_slabs_irq(void)
{
	struct crowd *c = crowd_of_partial_slabs(bench_live);
	struct irq_frees *f = &irq_frees;
	struct crew crew;
	char text[64];
	int err;

	if (!c)
		return -ENOMEM;
	locked_mark("partial_irq_make", "");
	*f = (struct irq_frees){ .crowd = c };
	locked_ignore(true);
	vmem_hrtimer_setup(&f->timer, irq_free);
	hrtimer_start(&f->timer, ns_to_ktime(IRQ_EVERY),
		      HRTIMER_MODE_REL_PINNED);
	err = wait_begin(&crew, c->vm, 2 * TOO_LARGE);
	msleep(SETTLE / 5);
	hrtimer_cancel(&f->timer);
	snprintf(text, sizeof(text), " dearest=%llu calls=%u served=0",
		 div_u64(clock_tenths(f->dearest), 10), f->n);
	locked_mark("partial_wait_irq_free", text);
	locked_ignore(false);
	if (!err)
		err = wait_end(&crew, c->vm, 2 * (BASE + c->n),
			       "partial_wait_irq_reclaim");
	if (err != -ETIME)
		crowd_end(c);
	locked_mark("partial_irq_end", "");
	return err;
}

/* Cached sizes, each slab with free objects. */
static int partial_slabs(void)
{
	struct crowd *c = crowd_of_partial_slabs(bench_live);
	struct crew crew;
	int err;

	if (!c)
		return -ENOMEM;
	locked_mark("partial_make", "");
	repeat(c, "partial", "free", free_cached, FREES);
	repeat(c, "partial", "small", ask_small, VAIN);
	fail_all(c, "partial");
	crowd_end(c);

	c = crowd_of_partial_slabs(bench_live);
	if (!c)
		return -ENOMEM;
	locked_mark("partial_wait_make", "");
	err = wait_begin(&crew, c->vm, 2 * TOO_LARGE);
	if (!err) {
		while_waited(c, "partial_wait");
		rounds("partial_wait_update");
		err = wait_end(&crew, c->vm, 2 * (BASE + c->n),
			       "partial_wait_reclaim");
	}
	if (err != -ETIME)
		crowd_end(c);
	locked_mark("partial_end", "");
	return err;
}

/* Cached sizes, many objects in magazines of the depot. */
static int full_depot(void)
{
	struct crowd *c = crowd_make(bench_live);
	struct crew crew;
	int err;

	if (!c)
		return -ENOMEM;
	c->step = 1;
	c->small = 64;		/* a slab */
	c->large = c->n - c->n / 8;
	fill_depot(c);
	locked_mark("depot_make", "");
	repeat(c, "depot", "small", ask_small, VAIN);
	fill_depot(c);
	locked_mark("depot_fail_make", "");
	fail_all(c, "depot");
	fill_depot(c);
	locked_mark("depot_wait_make", "");
	err = wait_begin(&crew, c->vm, c->large);
	if (!err) {
		while_waited(c, "depot_wait");
		rounds("depot_wait_update");
		err = wait_end(&crew, c->vm, 2 * (BASE + c->n),
			       "depot_wait_reclaim");
	}
	if (err != -ETIME)
		crowd_end(c);
	locked_mark("depot_end", "");
	return err;
}

/* The pieces of an arena without caches, as calls see them. */
static struct work *pieces;

static bool free_piece(struct crowd *c)
{
	struct piece *piece;

	if (!pieces->live)
		return false;
	piece = &pieces->piece[--pieces->live];
	vmem_free(c->vm, (void *)piece->at, piece->size);
	return true;
}

static int uncached(struct work *work)
{
	struct crowd *c = kvzalloc(sizeof(*c), GFP_KERNEL);
	struct crew crew;
	int err;

	if (!c)
		return -ENOMEM;
	pieces = work;
	c->vm = work->it;
	c->n = work->range;
	c->large = work->range;
	c->small = 1;
	c->window = BASE + c->n / 4;
	err = wait_begin(&crew, c->vm, c->large);
	if (!err) {
		repeat(c, "uncached_wait", "free", free_piece, FREES);
		repeat(c, "uncached_wait", "small", ask_small, VAIN);
		fail_all(c, "uncached_wait");
		rounds("uncached_wait_update");
		err = wait_end(&crew, c->vm, 2 * (BASE + c->n),
			       "uncached_wait_reclaim");
	}
	kvfree(c);
	return err;
}

/**
 * locked_waited - mark what happens while a request waits
 * @work: an arena without caches at work
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
