// SPDX-License-Identifier: GPL-2.0
/*
 * Walks of arenas that other threads change during the walk. The walker holds
 * segments of its own, which no other thread frees. Each walk of allocated
 * segments must visit each segment of the walker exactly once. In a reentrant
 * walk the callback allocates and frees in the walked arena.
 */
#include "torture.h"

#define NR_OWN	12

/*
 * After this number of segments the callback only counts. Otherwise the walk
 * might never end, because other threads may insert segments faster than a
 * reentrant callback visits them.
 */
#define MAX_REENTRANT	3000

/**
 * struct walker - data of a thread of this job
 * @own: the user that holds the walker's own segments
 * @other: the user that allocates and frees in the callback
 * @seen: number of visits of each own segment
 * @n: number of segments visited
 * @reentrant: the callback allocates and frees
 */
struct walker {
	struct tt_user own;
	struct tt_user other;
	unsigned int seen[NR_OWN];
	unsigned int n;
	bool reentrant;
};

static int begin(struct tt_thread *t)
{
	struct walker *w = t->data;

	tt_user_init(&w->own, t, NR_OWN);
	tt_user_init(&w->other, t, 8);
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
				tt_violation("%s: vmem_walk() saw %zu at %#lx, which has %zu",
					     w->own.arena->name, size,
					     (unsigned long)start,
					     w->own.held[i].size);
		}
	if (++w->n >= MAX_REENTRANT || !w->reentrant || tt_should_drain())
		return;
	tt_alloc_or_free(&w->other);
	if (!tt_random(&w->other.rnd, 64))
		tt_usleep(20);
}

static void walk_once(struct tt_thread *t, struct walker *w, int types)
{
	struct tt_arena *a = w->own.arena;
	unsigned int i;

	memset(w->seen, 0, sizeof(w->seen));
	w->n = 0;
	w->reentrant = types & VMEM_REENTRANT;
	tt_set_call(t, "vmem_walk", a->name, 0, types);
	vmem_walk(a->vm, types, visit, w);
	tt_set_call(t, NULL, NULL, 0, 0);
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
	/* Use vmem_xalloc(): a walk visits segments, not objects in slabs. */
	for (i = 0; i < NR_OWN; i++)
		tt_xalloc(&w->own, w->own.arena->quantum, VM_NOSLEEP);
	for (i = 0; i < 4; i++)
		walk_once(t, w, types[tt_random(&t->rnd, ARRAY_SIZE(types))]);
	tt_free_all(&w->own);
	tt_free_all(&w->other);
	tt_usleep(1000);
}

const struct tt_job tt_walk_job = {
	.name = "walk", .size = sizeof(struct walker), .begin = begin,
	.step = step,
};
