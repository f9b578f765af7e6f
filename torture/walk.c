// SPDX-License-Identifier: GPL-2.0
/*
 * Walks through arenas that change meanwhile. The walker has some segments of its
 * own, which nobody touches: each walk has to see each of them exactly once. In a
 * reentrant walk it trades on the way, in the same arena.
 */
#include "torture.h"

#define OWN	12

/* From so many segments on it only counts, lest others outrun it for ever. */
#define BUSY	3000

/**
 * struct walker - a thread of this job
 * @own: the segments that nobody touches
 * @other: what it does on the way
 * @seen: how often each of its own was seen
 * @n: segments seen
 * @trade: whether to do anything on the way
 */
struct walker {
	struct tt_trader own;
	struct tt_trader other;
	unsigned int seen[OWN];
	unsigned int n;
	bool trade;
};

static int begin(struct tt_thread *t)
{
	struct walker *w = t->data;

	tt_trader_init(&w->own, t, OWN);
	tt_trader_init(&w->other, t, 8);
	return 0;
}

static void visit(void *arg, void *start, size_t size)
{
	struct walker *w = arg;
	unsigned int i;

	for (i = 0; i < w->own.n; i++)
		if (w->own.held[i].addr == (unsigned long)start) {
			w->seen[i]++;
			if (w->own.held[i].size != size)
				tt_violation("%s: vmem_walk() saw %zu at %p, which has %zu",
					     w->own.arena->name, size, start,
					     w->own.held[i].size);
		}
	if (++w->n >= BUSY || !w->trade || tt_ebbs())
		return;
	tt_trade(&w->other);
	if (!tt_random(&w->other.rnd, 64))
		tt_pause(20);
}

static void walk_once(struct tt_thread *t, struct walker *w, int types)
{
	struct tt_arena *a = w->own.arena;
	unsigned int i;

	memset(w->seen, 0, sizeof(w->seen));
	w->n = 0;
	w->trade = types & VMEM_REENTRANT;
	tt_doing(t, "vmem_walk", a->name, 0, types);
	vmem_walk(a->vm, types, visit, w);
	tt_doing(t, NULL, NULL, 0, 0);
	tt_count(TT_WALK);
	for (i = 0; i < w->own.n; i++)
		if (w->seen[i] != !!(types & VMEM_ALLOC))
			tt_violation("%s: vmem_walk() saw %#lx %u times (types %#x)",
				     a->name, w->own.held[i].addr, w->seen[i],
				     types);
}

static void step(struct tt_thread *t)
{
	static const unsigned int types[] = {
		VMEM_ALLOC, VMEM_ALLOC | VMEM_FREE, VMEM_FREE,
		VMEM_ALLOC | VMEM_REENTRANT,
		VMEM_ALLOC | VMEM_FREE | VMEM_REENTRANT,
	};
	struct walker *w = t->data;
	unsigned int i;

	w->own.arena = tt_arena(prandom_u32_state(&t->rnd));
	w->other.arena = w->own.arena;
	/* Segments, not objects in slabs. */
	for (i = 0; i < OWN; i++)
		tt_xget(&w->own, w->own.arena->quantum, VM_NOSLEEP);
	for (i = 0; i < 4; i++)
		walk_once(t, w, types[tt_random(&t->rnd, ARRAY_SIZE(types))]);
	tt_put_all(&w->own);
	tt_put_all(&w->other);
	tt_pause(1000);
}

const struct tt_job tt_walk_job = {
	.name = "walk", .size = sizeof(struct walker), .begin = begin,
	.step = step,
};
