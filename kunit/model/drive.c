// SPDX-License-Identifier: GPL-2.0
/*
 * One step, taken by vmem and by the model, and what they say compared.
 */
#include <linux/cpumask.h>
#include <linux/kernel.h>

#include "world.h"

/* Something for a step to have. */
static void keep(struct mc_world *w, unsigned int step, unsigned long addr,
		 bool x)
{
	const struct mc_op *op = &w->op[step];

	w->got[step] = (struct mc_got) {
		.addr = addr, .size = op->size, .arena = op->arena, .x = x,
	};
	w->arena[op->arena].live++;
	w->where[step] = w->nlive;
	w->live[w->nlive++] = step;
}

/* It has it no longer. Its size stays, for printing. */
void mc_forget(struct mc_world *w, unsigned int slot)
{
	unsigned int last = w->live[--w->nlive];

	w->arena[w->got[slot].arena].live--;
	w->got[slot].addr = 0;
	w->live[w->where[slot]] = last;
	w->where[last] = w->where[slot];
}

static unsigned long call(struct mc_arena *a, const struct mc_op *op, int flags)
{
	if (op->kind == MC_ALLOC)
		return (unsigned long)vmem_alloc(a->vm, op->size, flags);
	return (unsigned long)vmem_xalloc(a->vm, op->size, op->align, op->phase,
					  op->nocross, (void *)op->min,
					  (void *)op->max, flags);
}

static void put_back(struct mc_arena *a, unsigned long addr, size_t size,
		     bool x)
{
	if (x)
		vmem_xfree(a->vm, (void *)addr, size);
	else
		vmem_free(a->vm, (void *)addr, size);
}

static const char *allocate(struct mc_world *w, struct mc_arena *a,
			    struct mc_op *op)
{
	struct mc_req req = mc_request(&a->model, op);
	unsigned int step = w->at;
	const char *why;
	unsigned long addr;
	bool sure;

	/*
	 * One that may sleep must be served, since nobody else is there to free
	 * anything. VM_ABORT ends here: it is not passed on to a source, and means
	 * nothing to cached sizes.
	 */
	sure = mc_sure(w, a, &req);
	if (!sure && (!(op->flags & VM_ABORT) || a->source ||
		      !mc_exact(w, a)))
		op->flags |= VM_NOSLEEP;
	/* What is sure with reclaim may without it be left to a full source. */
	if (op->flags & VM_ABORT && a->source && !mc_exact(w, a))
		op->flags |= VM_NOSLEEP;
	req.flags = op->flags;

	mc_cached_look(w, a, &req);
	addr = call(a, op, op->flags);
	w->trace = w->trace * 31 + addr;
	why = mc_settle(w, a, &req, addr);
	if (!why && !addr && sure && !(op->flags & VM_ABORT)) {
		/* [38] Others have it in their caches: they must give it back. */
		req.flags &= ~VM_NOSLEEP;
		w->viewed = false;
		addr = call(a, op, req.flags);
		why = mc_settle(w, a, &req, addr);
	}
	if (why) {
		snprintf(w->detail, sizeof(w->detail), "got %#lx", addr);
		if (addr)
			put_back(a, addr, op->size, op->kind == MC_XALLOC);
	} else if (addr) {
		keep(w, step, addr, op->kind == MC_XALLOC);
	}
	if (!why && w->import.calls)
		return "[34] an import that was not called for";
	return why;
}

static const char *free_it(struct mc_world *w, struct mc_op *op)
{
	struct mc_got got = w->got[op->slot];
	struct mc_arena *a = &w->arena[got.arena];
	const char *why;

	if (!got.addr)
		return NULL;
	mc_forget(w, op->slot);
	/* [20] The pairs must not be mixed where there are caches. */
	if (!mc_has_caches(a) && op->rnd % 8 == 0)
		got.x = !got.x;
	w->got[op->slot].x = got.x;
	put_back(a, got.addr, got.size, got.x);
	why = mc_settle_free(w, a, got.addr, got.size);
	if (!why && w->release.calls)
		return "[3] a release that was not called for";
	return why;
}

static const char *add(struct mc_arena *a, const struct mc_op *op)
{
	struct mc_model *m = &a->model;
	unsigned long first = mc_unit(m, op->min), n = op->size >> m->shift;
	void *addr;

	/* In another sequence something else may be there. */
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

/* Non-zero iff the whole range lies inside one span. */
static const char *contains(struct mc_world *w, struct mc_arena *a, const struct mc_op *op)
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
		return "vmem_contains()";
	return NULL;
}

static const char *size(const struct mc_world *w, const struct mc_arena *a)
{
	size_t used = vmem_size(a->vm, VMEM_ALLOC);
	size_t unused = vmem_size(a->vm, VMEM_FREE);

	if (mc_exact(w, a) && used != a->want.mem_inuse)
		return "[33] vmem_size(VMEM_ALLOC)";
	if (mc_exact(w, a) && unused != a->want.mem_total - a->want.mem_inuse)
		return "[33] vmem_size(VMEM_FREE)";
	if (mc_knows_spans(w, a) &&
	    vmem_size(a->vm, VMEM_ALLOC | VMEM_FREE) != a->want.mem_total)
		return "[33] vmem_size()";
	return NULL;
}

/* A walk that drops the lock. */
struct walk {
	struct mc_world *w;
	struct mc_arena *a;
	unsigned int nest;
	const char *why;
};

static void visit(void *arg, void *start, size_t size)
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

/* [29] Each segment that stays untouched during the walk is seen exactly once. */
static const char *walk_reentrant(struct mc_world *w, struct mc_arena *a,
				  const struct mc_op *op)
{
	struct walk walk = { .w = w, .a = a, .nest = op->nest };
	unsigned int i;

	if (w->walking)
		return NULL;
	w->walking = true;
	note_starts(w, &a->model);
	if (mc_exact(w, a))
		a->model.touched = w->touched;
	vmem_walk(a->vm, VMEM_ALLOC | VMEM_FREE | VMEM_REENTRANT, visit, &walk);
	a->model.touched = NULL;
	w->walking = false;
	if (walk.why || !mc_exact(w, a))
		return walk.why;
	for_each_set_bit(i, w->starts, MC_UNITS) {
		if (test_bit(i, w->touched) || w->seen[i] == 1)
			continue;
		snprintf(w->detail, sizeof(w->detail), "%#lx seen %u times",
			 mc_addr(&a->model, i), w->seen[i]);
		return "[29] an untouched segment not seen exactly once";
	}
	return NULL;
}

/* [17] Refused, reported, counted, and nothing has changed. */
static const char *misuse(struct mc_world *w, struct mc_arena *a,
			  const struct mc_op *op)
{
	const struct mc_got *got = &w->got[op->slot];
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
	return p ? "[17] a bad call was not refused" : NULL;
}

static const char *perform(struct mc_world *w, struct mc_op *op)
{
	struct mc_arena *a;

	if (op->arena >= w->arenas)
		return NULL;
	a = mc_arena_of(w, op);
	switch (op->kind) {
	case MC_ALLOC:
		return allocate(w, a, op);
	case MC_XALLOC:
		/* The window may be one of an arena that was made otherwise. */
		return mc_xalloc_valid(&a->model, op) ? allocate(w, a, op)
						      : NULL;
	case MC_FREE:
		return free_it(w, op);
	case MC_ADD:
		return add(a, op);
	case MC_CONTAINS:
		return contains(w, a, op);
	case MC_SIZE:
		return size(w, a);
	case MC_WALK:
		return walk_reentrant(w, a, op);
	case MC_RENEW:
		return w->walking ? NULL : mc_world_renew(w, op->rnd);
	case MC_UPDATE:
		vmem_update(NULL);
		return NULL;
	default:
		return misuse(w, a, op);
	}
}

/* Take the next step; and now and then compare everything. */
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
	why = perform(w, op);
	if (!why && !w->known)
		why = mc_compare_stats(w);
	if (!why && !w->known && step % w->config.full == 0)
		why = mc_compare(w);
	return why;
}
