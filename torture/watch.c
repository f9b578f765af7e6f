// SPDX-License-Identifier: GPL-2.0
/*
 * Those who look on: one checks every invariant of every arena all the time, under
 * the traffic; the other, when all is calm, asks each arena for all that it has.
 */
#include "torture.h"

/* The arena that is to be looked at next. */
struct watch {
	unsigned int next;
};

static void check_stats(struct tt_arena *a)
{
	struct vmem_stats s, later;

	vmem_get_stats(a->vm, &s);
	vmem_get_stats(a->vm, &later);
	if (s.free > s.alloc || s.mem_inuse > s.mem_total ||
	    s.mem_import > s.mem_total)
		tt_violation("%s: %llu allocs, %llu frees, %llu of %llu in use, %llu imported",
			     a->name, s.alloc, s.free, s.mem_inuse,
			     s.mem_total, s.mem_import);
	if (later.alloc < s.alloc || later.free < s.free ||
	    later.fail < s.fail || later.wait < s.wait)
		tt_violation("%s: a count went down", a->name);
}

static void step_verify(struct tt_thread *t)
{
	struct watch *w = t->data;
	struct tt_arena *a = tt_arena(w->next++);
	int bad;

	tt_doing(t, "vmem_verify", a->name, 0, 0);
	bad = vmem_verify(a->vm);
	if (bad)
		tt_violation("%s: vmem_verify() finds %d faults", a->name, bad);
	check_stats(a);
	tt_doing(t, NULL, NULL, 0, 0);
	tt_count(TT_VERIFY);
	tt_pause(1000);
}

const struct tt_job tt_verify_job = {
	.name = "verify", .size = sizeof(struct watch), .step = step_verify,
};

#define MAX_SPANS	8

/*
 * All of an arena in as many requests as it has spans. They wait for caches to give
 * back what they hold, here and where it was imported to: nobody else can have it.
 */
static void take_all(struct tt_thread *t, struct tt_arena *a, unsigned int spans)
{
	void *got[MAX_SPANS];
	struct vmem_stats s;
	unsigned int i;

	tt_doing(t, "sweep: vmem_xalloc", a->name, a->size, VM_SLEEP);
	for (i = 0; i < spans; i++) {
		unsigned long start = a->base + i * a->size;
		struct tt_wanted w = {
			.arena = a->name, .vm = a->vm, .size = a->size,
			.by_x = true, .min = (void *)start,
			.max = (void *)(start + a->size),
		};
		struct tt_request *r = tt_wait_begin(&w);

		got[i] = vmem_xalloc(a->vm, a->size, 0, 0, 0, w.min, w.max,
				     VM_SLEEP);
		tt_wait_end(r);
		if (got[i] != (void *)start)
			tt_violation("%s: got %p instead of %#lx", a->name,
				     got[i], start);
	}
	vmem_get_stats(a->vm, &s);
	if (s.mem_inuse != s.mem_total || s.alloc - s.free != spans)
		tt_violation("%s: all is allocated, but %llu of %llu in use in %llu segments",
			     a->name, s.mem_inuse, s.mem_total,
			     s.alloc - s.free);
	for (i = 0; i < spans; i++)
		vmem_xfree(a->vm, got[i], a->size);
	tt_doing(t, NULL, NULL, 0, 0);
	tt_count(TT_SWEEP);
}

static void step_sweep(struct tt_thread *t)
{
	tt_pause(10000);
}

static void calm_sweep(struct tt_thread *t)
{
	struct tt_arena *first = tt_arena(0), *a;
	unsigned int i = 0;

	do {
		a = tt_arena(i);
		if (a->whole)
			take_all(t, a, a == tt_arena_growing() ?
				 tt_grow_spans() : 1);
	} while (tt_arena(++i) != first);
}

const struct tt_job tt_sweep_job = {
	.name = "sweep", .step = step_sweep, .calm = calm_sweep,
};
