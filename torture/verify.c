// SPDX-License-Identifier: GPL-2.0
/*
 * Two checks of the shared arenas. In the RUN phase, a thread runs
 * vmem_verify() and compares statistics. In the QUIESCE phase, a thread
 * exhausts each exhaustible arena.
 */
#include "torture.h"

/* Index of the next arena to verify. */
struct verify {
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
		tt_violation("%s: alloc, free, fail or wait has decreased", a->name);
}

static void step_verify(struct tt_thread *t)
{
	struct verify *v = t->data;
	struct tt_arena *a = tt_arena(v->next++);
	int bad;

	tt_set_call(t, "vmem_verify", a->name, 0, 0);
	bad = vmem_verify(a->vm);
	if (bad)
		tt_violation("%s: vmem_verify() finds %d faults", a->name, bad);
	check_stats(a);
	tt_set_call(t, NULL, NULL, 0, 0);
	tt_count(TT_VERIFY);
	tt_usleep(1000);
}

const struct tt_job tt_verify_job = {
	.name = "verify", .size = sizeof(struct verify), .step = step_verify,
};

#define MAX_SPANS	8

/*
 * Allocate the whole arena, with one request per span. The requests must get
 * the free objects in the caches of the arena and of arenas that import from
 * it.
 */
static void exhaust_arena(struct tt_thread *t, struct tt_arena *a,
			  unsigned int spans)
{
	void *got[MAX_SPANS];
	struct vmem_stats s;
	unsigned int i;

	tt_set_call(t, "exhaust: vmem_xalloc", a->name, a->size, VM_SLEEP);
	for (i = 0; i < spans; i++) {
		unsigned long start = a->base + i * a->size;
		struct tt_request_args w = {
			.arena = a->name, .vm = a->vm, .size = a->size,
			.by_x = true, .min = (void *)start,
			.max = (void *)(start + a->size),
		};
		struct tt_request *r = tt_wait_begin(&w);

		got[i] = vmem_xalloc(a->vm, a->size, 0, 0, 0, w.min, w.max,
				     VM_SLEEP);
		tt_wait_end(r);
		if (got[i] != (void *)start)
			tt_violation("%s: got %#lx, expected %#lx", a->name,
				     (unsigned long)got[i], start);
	}
	vmem_get_stats(a->vm, &s);
	if (s.mem_inuse != s.mem_total || s.alloc - s.free != spans)
		tt_violation("%s: %llu of %llu in use in %llu segments, expected all in %u",
			     a->name, s.mem_inuse, s.mem_total,
			     s.alloc - s.free, spans);
	for (i = 0; i < spans; i++)
		vmem_xfree(a->vm, got[i], a->size);
	tt_set_call(t, NULL, NULL, 0, 0);
	tt_count(TT_EXHAUST);
}

static void step_exhaust(struct tt_thread *t)
{
	tt_usleep(10000);
}

static void quiesce_exhaust(struct tt_thread *t)
{
	struct tt_arena *first = tt_arena(0), *a;
	unsigned int i = 0;

	do {
		a = tt_arena(i);
		if (a->exhaustible)
			exhaust_arena(t, a, a == tt_arena_growing() ?
				      tt_grow_nr_spans() : 1);
	} while (tt_arena(++i) != first);
}

const struct tt_job tt_exhaust_job = {
	.name = "exhaust", .step = step_exhaust, .quiesce = quiesce_exhaust,
};
