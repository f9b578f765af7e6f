// SPDX-License-Identifier: GPL-2.0
/*
 * Changes of size under load. Threads add spans to an arena. Bursts of
 * allocations make segment tables and caches grow and shrink. With the
 * parameter "update" a thread runs maintenance repeatedly.
 */
#include <linux/mm.h>
#include <linux/slab.h>

#include "torture.h"

/* Maximum number of spans added to the growing arena, all of one size. */
#define MAX_ADDED	7

/* Allocations in a burst: enough to grow the segment table several times. */
#define BURST	5000

static atomic_t added = ATOMIC_INIT(0);

/* Called before the growing arena is created again. */
void tt_grow_reset(void)
{
	atomic_set(&added, 0);
}

/* Number of spans of the growing arena. Called in the QUIESCE phase. */
unsigned int tt_grow_nr_spans(void)
{
	return 1 + min(atomic_read(&added), MAX_ADDED);
}

static void add_span(struct tt_thread *t)
{
	struct tt_arena *a = tt_arena_growing();
	int vmflag = tt_random(&t->rnd, 2) ? VM_SLEEP : VM_NOSLEEP;
	int n = atomic_inc_return(&added);
	unsigned long at = a->base + n * a->size;

	if (n > MAX_ADDED) {
		atomic_dec(&added);
		return;
	}
	if (tt_random(&t->rnd, 2))
		vmflag |= VM_PUSHPAGE;
	tt_set_call(t, "vmem_add", a->name, a->size, vmflag);
	/* This fails only for lack of memory: retry. */
	while (!vmem_add(a->vm, (void *)at, a->size, vmflag))
		tt_usleep(100);
	tt_set_call(t, NULL, NULL, 0, 0);
	tt_count(TT_SPAN);
}

static void step_add(struct tt_thread *t)
{
	if (!tt_random(&t->rnd, 64))
		add_span(t);
	tt_usleep(2000);
}

const struct tt_job tt_add_job = { .name = "add", .step = step_add };

/**
 * struct burst - data of a thread that makes bursts of allocations
 * @user: the user that makes the calls
 * @held: the segments allocated
 */
struct burst {
	struct tt_user user;
	struct tt_range *held;
};

static int begin_burst(struct tt_thread *t)
{
	struct burst *b = t->data;

	tt_user_init(&b->user, t, 1);
	b->held = kvcalloc(BURST, sizeof(*b->held), GFP_KERNEL);
	return b->held ? 0 : -ENOMEM;
}

static void end_burst(struct tt_thread *t)
{
	struct burst *b = t->data;

	kvfree(b->held);
}

/* Allocate until the arena is exhausted or the RUN phase ends. */
static unsigned int alloc_burst(struct tt_thread *t, struct burst *b)
{
	struct tt_user *user = &b->user;
	size_t size = user->arena->quantum;
	bool by_x = !tt_random(&t->rnd, 3);
	unsigned int n = 0;

	while (n < BURST && !tt_should_drain()) {
		if (by_x ? !tt_xalloc(user, size, VM_NOSLEEP)
			 : !tt_alloc(user, size, VM_NOSLEEP))
			break;
		b->held[n++] = user->held[--user->n];
		if (!(n % 256))
			cond_resched();
	}
	return n;
}

static void step_burst(struct tt_thread *t)
{
	struct burst *b = t->data;
	struct tt_user *user = &b->user;
	unsigned int n, i;

	user->arena = tt_arena(prandom_u32_state(&t->rnd));
	n = alloc_burst(t, b);
	tt_usleep(1000);
	while (n) {
		i = tt_random(&t->rnd, n);
		user->held[user->n++] = b->held[i];
		b->held[i] = b->held[--n];
		tt_free(user, 0);
		if (!(n % 256))
			cond_resched();
	}
	tt_usleep(10000);
}

const struct tt_job tt_burst_job = {
	.name = "burst", .size = sizeof(struct burst), .begin = begin_burst,
	.step = step_burst, .end = end_burst,
};

/* Run maintenance far more often than the default interval of 15 seconds. */
static void step_update(struct tt_thread *t)
{
	tt_set_call(t, "vmem_update", NULL, 0, 0);
	vmem_update(NULL);
	tt_set_call(t, NULL, NULL, 0, 0);
	tt_count(TT_UPDATE);
	tt_usleep(2000 + tt_random(&t->rnd, 20000));
}

const struct tt_job tt_update_job = { .name = "update", .step = step_update };
