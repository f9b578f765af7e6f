// SPDX-License-Identifier: GPL-2.0
/* Execute one step in vmem and in the model, and compare the results. */
#include <linux/cpumask.h>
#include <linux/kernel.h>

#include "world.h"

/* Record the allocation of a step. */
static void record_result(struct mc_world *w, unsigned int step,
			  unsigned long addr, bool x)
{
	const struct mc_op *op = &w->op[step];

	w->got[step] = (struct mc_result) {
		.addr = addr, .size = op->size, .arena = op->arena, .x = x,
	};
	w->arena[op->arena].live++;
	w->where[step] = w->nlive;
	w->live[w->nlive++] = step;
}

/*
 * Mark the allocation of step @slot as freed. Keep its size, for mc_op_print().
 */
void mc_result_clear(struct mc_world *w, unsigned int slot)
{
	unsigned int last = w->live[--w->nlive];

	w->arena[w->got[slot].arena].live--;
	w->got[slot].addr = 0;
	w->live[w->where[slot]] = last;
	w->where[last] = w->where[slot];
}

static unsigned long call_alloc(struct mc_arena *a, const struct mc_op *op,
				int flags)
{
	if (op->kind == MC_ALLOC)
		return (unsigned long)vmem_alloc(a->vm, op->size, flags);
	return (unsigned long)vmem_xalloc(a->vm, op->size, op->align, op->phase,
					  op->nocross, (void *)op->min,
					  (void *)op->max, flags);
}

static void call_free(struct mc_arena *a, unsigned long addr, size_t size,
		      bool x)
{
	if (x)
		vmem_xfree(a->vm, (void *)addr, size);
	else
		vmem_free(a->vm, (void *)addr, size);
}

static const char *do_alloc(struct mc_world *w, struct mc_arena *a,
			    struct mc_op *op)
{
	struct mc_req req = mc_request(&a->model, op);
	unsigned int step = w->at;
	const char *why;
	unsigned long addr;
	bool must_succeed;

	/*
	 * A request that may fail must not sleep, because no other task frees
	 * anything. VM_ABORT also prevents a sleep, but a source does not
	 * receive this flag, and vmem ignores it in requests for cached sizes.
	 */
	must_succeed = mc_must_succeed(w, a, &req);
	if (!must_succeed && (!(op->flags & VM_ABORT) || a->source ||
			      !mc_knows_segments(w, a)))
		op->flags |= VM_NOSLEEP;
	/*
	 * For a request with VM_ABORT the arena does not reclaim from its
	 * caches. So the request may need an import, and the import would sleep
	 * if the source is full.
	 */
	if (op->flags & VM_ABORT && a->source && !mc_knows_segments(w, a))
		op->flags |= VM_NOSLEEP;
	req.flags = op->flags;

	mc_cached_snapshot(w, a, &req);
	addr = call_alloc(a, op, op->flags);
	w->trace = w->trace * 31 + addr;
	why = mc_check_alloc(w, a, &req, addr);
	if (!why && !addr && must_succeed && !(op->flags & VM_ABORT)) {
		/*
		 * [38] Caches of other CPUs or arenas may hold the integers.
		 * The same request with VM_SLEEP must succeed.
		 */
		req.flags &= ~VM_NOSLEEP;
		w->viewed = false;
		addr = call_alloc(a, op, req.flags);
		why = mc_check_alloc(w, a, &req, addr);
	}
	if (why) {
		snprintf(w->detail, sizeof(w->detail),
			 "the request returned %#lx", addr);
		if (addr)
			call_free(a, addr, op->size, op->kind == MC_XALLOC);
	} else if (addr) {
		record_result(w, step, addr, op->kind == MC_XALLOC);
	}
	if (!why && w->import.calls)
		return "[34] an unexpected import";
	return why;
}

static const char *do_free(struct mc_world *w, struct mc_op *op)
{
	struct mc_result got = w->got[op->slot];
	struct mc_arena *a = &w->arena[got.arena];
	const char *why;

	if (!got.addr)
		return NULL;
	mc_result_clear(w, op->slot);
	/*
	 * [20] Without quantum caches, both vmem_free() and vmem_xfree() may
	 * free any allocation.
	 */
	if (!mc_has_caches(a) && op->rnd % 8 == 0)
		got.x = !got.x;
	w->got[op->slot].x = got.x;
	call_free(a, got.addr, got.size, got.x);
	why = mc_check_free(w, a, got.addr, got.size);
	if (!why && w->release.calls)
		return "[3] an unexpected release";
	return why;
}

static const char *do_add(struct mc_arena *a, const struct mc_op *op)
{
	struct mc_model *m = &a->model;
	unsigned long first = mc_unit(m, op->min), n = op->size >> m->shift;
	void *addr;

	/*
	 * In a shortened sequence, the arena may already contain part of the
	 * range.
	 */
	if (!n || m->nspans >= MC_SPANS || first + n > a->config.end ||
	    first < a->config.own || op->min & (mc_quantum(m) - 1) ||
	    find_next_bit(m->in, first + n, first) < first + n)
		return NULL;
	addr = vmem_add(a->vm, (void *)op->min, op->size,
			op->flags & VM_NOSLEEP);
	if (addr != (void *)op->min)
		return "[28] the span was not added";
	mc_span_add(m, first, n, false);
	a->want.mem_total += op->size;
	return NULL;
}

/* vmem_contains() returns true iff the whole range is inside one span. */
static const char *do_contains(struct mc_world *w, struct mc_arena *a,
			       const struct mc_op *op)
{
	struct mc_model *m = &a->model;
	unsigned long unit = mc_unit(m, op->min);
	unsigned long last = op->min + op->size - 1;
	unsigned int span = MC_NONE;
	bool inside;

	if (op->size && last >= op->min && unit < m->units)
		span = mc_span_of(m, unit);
	inside = span != MC_NONE && mc_unit(m, last) < m->units &&
		 mc_span_of(m, mc_unit(m, last)) == span;
	a->want.contains++;
	if (!!vmem_contains(a->vm, (void *)op->min, op->size) != inside &&
	    mc_knows_spans(w, a))
		return "vmem_contains() returned the wrong value";
	return NULL;
}

static const char *do_size(const struct mc_world *w, const struct mc_arena *a)
{
	size_t used = vmem_size(a->vm, VMEM_ALLOC);
	size_t unused = vmem_size(a->vm, VMEM_FREE);

	if (mc_knows_segments(w, a) && used != a->want.mem_inuse)
		return "[33] vmem_size(VMEM_ALLOC) is wrong";
	if (mc_knows_segments(w, a) &&
	    unused != a->want.mem_total - a->want.mem_inuse)
		return "[33] vmem_size(VMEM_FREE) is wrong";
	if (mc_knows_spans(w, a) &&
	    vmem_size(a->vm, VMEM_ALLOC | VMEM_FREE) != a->want.mem_total)
		return "[33] vmem_size(VMEM_ALLOC | VMEM_FREE) is wrong";
	return NULL;
}

/* State of a walk with VMEM_REENTRANT. */
struct walk {
	struct mc_world *w;
	struct mc_arena *a;
	unsigned int nest;
	const char *why;
};

static void walk_visit(void *arg, void *start, size_t size)
{
	struct walk *walk = arg;
	struct mc_world *w = walk->w;
	unsigned long unit = mc_unit(&walk->a->model, (unsigned long)start);

	if (unit < MC_UNITS)
		w->seen[unit]++;
	if (walk->nest && !walk->why && w->next < w->nops) {
		walk->nest--;
		walk->why = mc_step(w);
	}
}

static void note_starts(struct mc_world *w, const struct mc_model *m)
{
	struct mc_hole h = mc_holes(m);
	unsigned int i;

	bitmap_zero(w->starts, MC_UNITS);
	bitmap_zero(w->touched, MC_UNITS);
	memset(w->seen, 0, sizeof(w->seen));
	while (mc_next_hole(m, &h))
		__set_bit(h.first, w->starts);
	for (i = 0; i < m->units; i++)
		if (m->asked[i])
			__set_bit(i, w->starts);
}

/*
 * [29] A walk visits each segment exactly once, unless the segment changes
 * during the walk.
 */
static const char *do_walk(struct mc_world *w, struct mc_arena *a,
			   const struct mc_op *op)
{
	struct walk walk = { .w = w, .a = a, .nest = op->nest };
	unsigned int i;

	if (w->walking)
		return NULL;
	w->walking = true;
	note_starts(w, &a->model);
	if (mc_knows_segments(w, a))
		a->model.touched = w->touched;
	vmem_walk(a->vm, VMEM_ALLOC | VMEM_FREE | VMEM_REENTRANT, walk_visit,
		  &walk);
	a->model.touched = NULL;
	w->walking = false;
	if (walk.why || !mc_knows_segments(w, a))
		return walk.why;
	for_each_set_bit(i, w->starts, MC_UNITS) {
		if (test_bit(i, w->touched) || w->seen[i] == 1)
			continue;
		snprintf(w->detail, sizeof(w->detail),
			 "the segment at %#lx was visited %u times",
			 mc_addr(&a->model, i), w->seen[i]);
		return "[29] an unchanged segment was not visited exactly once";
	}
	return NULL;
}

/* [17] Misuse is refused, reported and counted, and changes nothing. */
static const char *do_misuse(struct mc_world *w, struct mc_arena *a,
			     const struct mc_op *op)
{
	const struct mc_result *got = &w->got[op->slot];
	struct mc_model *m = &a->model;
	unsigned long unit;
	void *p = NULL;

	switch (op->kind) {
	case MC_BAD_FREE:
		unit = op->rnd % m->units;
		if (got->addr && got->arena == op->arena && op->rnd & 1)
			vmem_xfree(a->vm, (void *)got->addr, got->size + 1);
		else if (!m->asked[unit])
			vmem_xfree(a->vm, (void *)mc_addr(m, unit), 1);
		else
			return NULL;
		break;
	case MC_BAD_ADD:
		if (!m->nspans)
			return NULL;
		unit = m->span[op->rnd % m->nspans].first;
		p = vmem_add(a->vm, (void *)mc_addr(m, unit), mc_quantum(m),
			     VM_NOSLEEP);
		break;
	default:
		if (mc_xalloc_valid(m, op))
			return NULL;
		p = vmem_xalloc(a->vm, op->size, op->align, op->phase,
				op->nocross, (void *)op->min, (void *)op->max,
				op->flags);
	}
	a->want.misuse++;
	return p ? "[17] a misuse was not refused" : NULL;
}

static const char *do_op(struct mc_world *w, struct mc_op *op)
{
	struct mc_arena *a;

	if (op->arena >= w->arenas)
		return NULL;
	a = mc_arena_of(w, op);
	switch (op->kind) {
	case MC_ALLOC:
		return do_alloc(w, a, op);
	case MC_XALLOC:
		/*
		 * A shortened sequence may have created the arena with other
		 * parameters.
		 */
		return mc_xalloc_valid(&a->model, op) ? do_alloc(w, a, op)
						      : NULL;
	case MC_FREE:
		return do_free(w, op);
	case MC_ADD:
		return do_add(a, op);
	case MC_CONTAINS:
		return do_contains(w, a, op);
	case MC_SIZE:
		return do_size(w, a);
	case MC_WALK:
		return do_walk(w, a, op);
	case MC_RENEW:
		return w->walking ? NULL : mc_world_renew(w, op->rnd);
	case MC_UPDATE:
		vmem_update(NULL);
		return NULL;
	default:
		return do_misuse(w, a, op);
	}
}

/*
 * Execute the next step, and compare the statistics. At intervals, compare all
 * segments.
 */
const char *mc_step(struct mc_world *w)
{
	unsigned int step = w->next++;
	struct mc_op *op = &w->op[step];
	const char *why;

	if (w->drawing)
		mc_op_draw(w, op);
	w->at = step;
	memset(&w->import, 0, sizeof(w->import));
	memset(&w->release, 0, sizeof(w->release));
	why = do_op(w, op);
	if (!why && !w->known)
		why = mc_compare_stats(w);
	if (!why && !w->known && step % w->config.full == 0)
		why = mc_compare(w);
	return why;
}
