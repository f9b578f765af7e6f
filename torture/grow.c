// SPDX-License-Identifier: GPL-2.0
/*
 * Arenas that change their size under their clients: spans are added, and bursts
 * of allocations make segment tables and caches grow and shrink.
 */
#include <linux/mm.h>
#include <linux/slab.h>

#include "torture.h"

/* Spans that the growing arena may get beside the first, each as large as that. */
#define SPANS	7

/* Allocations in a burst: enough for several sizes of the table. */
#define BURST	5000

static atomic_t added = ATOMIC_INIT(0);

/* The arena is made anew. */
void tt_grow_forget(void)
{
	atomic_set(&added, 0);
}

/* How many spans the growing arena has. All is calm. */
unsigned int tt_grow_spans(void)
{
	return 1 + min(atomic_read(&added), SPANS);
}

static void add_span(struct tt_thread *t)
{
	struct tt_arena *a = tt_arena_growing();
	int vmflag = tt_random(&t->rnd, 2) ? VM_SLEEP : VM_NOSLEEP;
	int n = atomic_inc_return(&added);
	unsigned long at = a->base + n * a->size;

	if (n > SPANS) {
		atomic_dec(&added);
		return;
	}
	if (tt_random(&t->rnd, 2))
		vmflag |= VM_PUSHPAGE;
	tt_doing(t, "vmem_add", a->name, a->size, vmflag);
	/* Perhaps there is no memory for it: there will be. */
	while (!vmem_add(a->vm, (void *)at, a->size, vmflag))
		tt_pause(100);
	tt_doing(t, NULL, NULL, 0, 0);
	tt_count(TT_SPAN);
}

static void step_adding(struct tt_thread *t)
{
	if (!tt_random(&t->rnd, 64))
		add_span(t);
	tt_pause(2000);
}

const struct tt_job tt_adding_job = { .name = "add", .step = step_adding };

/**
 * struct burst - many allocations at once
 * @trader: who claims them
 * @held: all of them
 */
struct burst {
	struct tt_trader trader;
	struct tt_range *held;
};

static int begin_burst(struct tt_thread *t)
{
	struct burst *b = t->data;

	tt_trader_init(&b->trader, t, 1);
	b->held = kvcalloc(BURST, sizeof(*b->held), GFP_KERNEL);
	return b->held ? 0 : -ENOMEM;
}

static void end_burst(struct tt_thread *t)
{
	struct burst *b = t->data;

	kvfree(b->held);
}

/* Cached and not, until there is no more or it ebbs. */
static unsigned int allocate(struct tt_thread *t, struct burst *b)
{
	struct tt_trader *trader = &b->trader;
	size_t size = trader->arena->quantum;
	bool by_x = !tt_random(&t->rnd, 3);
	unsigned int n = 0;

	while (n < BURST && !tt_ebbs()) {
		if (by_x ? !tt_xget(trader, size, VM_NOSLEEP)
			 : !tt_get(trader, size, VM_NOSLEEP))
			break;
		b->held[n++] = trader->held[--trader->n];
		if (!(n % 256))
			cond_resched();
	}
	return n;
}

static void step_burst(struct tt_thread *t)
{
	struct burst *b = t->data;
	struct tt_trader *trader = &b->trader;
	unsigned int n, i;

	trader->arena = tt_arena(prandom_u32_state(&t->rnd));
	n = allocate(t, b);
	tt_pause(1000);
	while (n) {
		i = tt_random(&t->rnd, n);
		trader->held[trader->n++] = b->held[i];
		b->held[i] = b->held[--n];
		tt_put(trader, 0);
		if (!(n % 256))
			cond_resched();
	}
	tt_pause(10000);
}

const struct tt_job tt_burst_job = {
	.name = "burst", .size = sizeof(struct burst), .begin = begin_burst,
	.step = step_burst, .end = end_burst,
};

/* Maintenance far more often than every 15 seconds. */
static void step_update(struct tt_thread *t)
{
	tt_doing(t, "vmem_update", NULL, 0, 0);
	vmem_update(NULL);
	tt_doing(t, NULL, NULL, 0, 0);
	tt_count(TT_UPDATE);
	tt_pause(2000 + tt_random(&t->rnd, 20000));
}

const struct tt_job tt_update_job = { .name = "update", .step = step_update };
