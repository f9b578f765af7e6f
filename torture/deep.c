// SPDX-License-Identifier: GPL-2.0
/*
 * A tree twelve arenas deep, with quantum caches at every level, rule [45].
 *
 * Threads trade at all levels. Now and then a request is made for all of the root:
 * the others free all that they have, and the request must get what the caches of
 * twelve arenas hold on all CPUs.
 */
#include "torture.h"

#define DEPTH		12
#define UNITS		8192UL
#define TRADERS		2
#define SPELL		200

static struct tt_map map;
static struct tt_arena arenas[DEPTH];

/* A request for all of the root is under way: WRITE_ONCE(), READ_ONCE(). */
static bool whole_wanted;

/* Which traders may have something: WRITE_ONCE(), READ_ONCE(). */
static bool busy[TRADERS];

struct deep {
	struct tt_trader trader;
	unsigned int left;
};

static int begin(struct tt_thread *t)
{
	struct deep *d = t->data;

	tt_trader_init(&d->trader, t, 32);
	d->trader.waits = true;
	return 0;
}

static void ebb(struct tt_thread *t)
{
	struct deep *d = t->data;

	tt_put_all(&d->trader);
	d->left = 0;
	WRITE_ONCE(busy[t->n], false);
}

static void step(struct tt_thread *t)
{
	struct deep *d = t->data;

	if (READ_ONCE(whole_wanted)) {
		ebb(t);
		tt_pause(1000);
		return;
	}
	WRITE_ONCE(busy[t->n], true);
	if (!d->left) {
		tt_put_all(&d->trader);
		/* Leaves and all other levels in turn. */
		d->trader.arena = &arenas[tt_random(&t->rnd, 2) ? DEPTH - 1 :
					  tt_random(&t->rnd, DEPTH)];
		d->left = SPELL;
	}
	tt_trade(&d->trader);
	tt_count(TT_DEEP);
	if (!(--d->left % 8))
		tt_pause(200);
}

const struct tt_job tt_deep_job = {
	.name = "deep", .size = sizeof(struct deep), .begin = begin,
	.step = step, .ebb = ebb,
};

static bool all_is_free(void *unused)
{
	unsigned int i;

	for (i = 0; i < TRADERS; i++)
		if (READ_ONCE(busy[i]))
			return false;
	return true;
}

static void take_whole(struct tt_thread *t)
{
	struct tt_wanted w = {
		.arena = arenas[0].name, .vm = arenas[0].vm, .size = UNITS,
		.by_x = true, .is_free = all_is_free,
	};
	struct tt_request *r;
	void *addr;

	tt_doing(t, "whole: vmem_xalloc", w.arena, UNITS, VM_SLEEP);
	WRITE_ONCE(whole_wanted, true);
	r = tt_wait_begin(&w);
	addr = vmem_xalloc(w.vm, UNITS, 0, 0, 0, NULL, NULL, VM_SLEEP);
	tt_wait_end(r);
	if (addr != (void *)1)
		tt_violation("%s: got %p instead of all", w.arena, addr);
	vmem_xfree(w.vm, addr, UNITS);
	WRITE_ONCE(whole_wanted, false);
	tt_doing(t, NULL, NULL, 0, 0);
	tt_count(TT_WHOLE);
}

static void step_whole(struct tt_thread *t)
{
	tt_pause(20000);
	if (!tt_random(&t->rnd, 16))
		take_whole(t);
}

const struct tt_job tt_whole_job = {
	.name = "whole", .step = step_whole, .calm = take_whole,
};

int tt_deep_create(void)
{
	static const char * const names[DEPTH] = {
		"tt-deep-1", "tt-deep-2", "tt-deep-3", "tt-deep-4", "tt-deep-5",
		"tt-deep-6", "tt-deep-7", "tt-deep-8", "tt-deep-9",
		"tt-deep-10", "tt-deep-11", "tt-deep-12",
	};
	unsigned int i;

	for (i = 0; i < DEPTH; i++) {
		struct tt_arena *a = &arenas[i];

		*a = (struct tt_arena) {
			.name = names[i], .map = &map, .quantum = 1,
			.most = 32, .patient = true,
		};
		a->vm = vmem_create(names[i], i ? NULL : (void *)1,
				    i ? 0 : UNITS, 1, i ? vmem_alloc : NULL,
				    i ? vmem_free : NULL,
				    i ? arenas[i - 1].vm : NULL, 1 + i % 4,
				    VM_SLEEP | VMC_IDENTIFIER);
		if (!a->vm) {
			tt_deep_destroy();
			return -ENOMEM;
		}
		tt_count(TT_ARENA);
	}
	return 0;
}

void tt_deep_destroy(void)
{
	unsigned int i = DEPTH;

	while (i--) {
		if (arenas[i].vm)
			vmem_destroy(arenas[i].vm);
		arenas[i].vm = NULL;
	}
}

/* At a calm moment. */
void tt_deep_check(void)
{
	struct vmem_stats s;
	unsigned int i;
	int faults;

	for (i = 0; i < DEPTH; i++) {
		faults = vmem_verify(arenas[i].vm);
		if (faults)
			tt_violation("%s: vmem_verify() finds %d faults",
				     arenas[i].name, faults);
		vmem_get_stats(arenas[i].vm, &s);
		if (s.misuse)
			tt_violation("%s: %llu calls were refused",
				     arenas[i].name, s.misuse);
	}
	tt_map_expect_empty(&map, "tt-deep");
}

int tt_deep_init(void)
{
	return tt_map_init(&map, 1, 0, UNITS);
}

void tt_deep_exit(void)
{
	tt_map_exit(&map);
}
