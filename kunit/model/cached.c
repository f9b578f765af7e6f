// SPDX-License-Identifier: GPL-2.0
/*
 * What can be said of worlds with quantum caches.
 *
 * The models there know only what clients have. Slabs, singles and what sits in
 * magazines are the caches' own affair, and so are the spans that an arena
 * imports for them. So it is asked
 *
 * - that no integer is handed out twice, in all arenas together;
 * - [38] that what no client has can be had: at once from the arena's own
 *   caches, and by who may sleep from all;
 * - [34] for what goes past the caches, that a free segment which a walk has just
 *   seen is enough, and is chosen by the rules.
 *
 * On several CPUs caches give back behind the scenes, and a magazine may be
 * another's: there the last is left to one CPU, and who is refused while he may
 * not sleep asks again and sleeps.
 */
#include <linux/cpumask.h>
#include <linux/kernel.h>

#include "world.h"

static bool is_cached(const struct mc_arena *a, const struct mc_req *req)
{
	return mc_has_caches(a) && !req->x && req->size <= a->config.qcache_max &&
	       req->n <= 16;
}

/*
 * Does any client in any arena have part of [addr, addr + size)? A span that one
 * arena has added by itself is in no other.
 */
static bool taken(const struct mc_world *w, unsigned long addr, size_t size)
{
	unsigned int i;

	for (i = 0; i < w->arenas; i++) {
		const struct mc_model *m = &w->arena[i].model;
		unsigned long first = mc_unit(m, addr);
		unsigned long last = mc_unit(m, addr + size - 1);

		if (find_next_bit(m->used, last + 1, first) <= last)
			return true;
	}
	return false;
}

/* [16] As mc_judge_place(); what is in no span of its own must be its source's. */
static const char *judge_place(const struct mc_world *w,
			       const struct mc_arena *a,
			       const struct mc_req *req, unsigned long addr)
{
	const struct mc_model *m = &a->model;
	unsigned long unit = mc_unit(m, addr);
	struct mc_req any = {
		.size = req->size, .n = 1, .align = 1, .last = ULONG_MAX,
	};
	const struct mc_model *src;

	if (unit >= m->units)
		return "[16] outside of every span";
	if (mc_knows_spans(w, a) || test_bit(unit, m->in)) {
		if (taken(w, addr, req->size))
			return "[16] overlaps what a client has";
		return mc_judge_place(m, req, addr);
	}
	src = &a->source->model;
	any.n = mc_unit(src, addr + req->size - 1) - mc_unit(src, addr) + 1;
	if (addr & (mc_quantum(m) - 1))
		return "[4] not a multiple of the quantum";
	if (taken(w, addr, req->size))
		return "[16] overlaps what a client has";
	return mc_judge_place(src, &any, mc_addr(src, mc_unit(src, addr)));
}

/*
 * The source as it would be if @a gave back all that it can: what clients have
 * there, and those spans of @a that a client of @a has something in.
 */
static void view_source(struct mc_world *w, struct mc_arena *a)
{
	const struct mc_model *m = &a->model;
	struct mc_model *view = &w->view;
	unsigned int unit;

	*view = a->source->model;
	for (unit = 0; unit < m->units; unit++) {
		unsigned long addr = mc_addr(m, unit), first, last;

		if (!m->asked[unit] || mc_span_of(m, unit) != MC_NONE)
			continue;
		first = mc_unit(view, mc_span_start(a, addr));
		last = addr + m->asked[unit] - 1;
		do {
			last += mc_quantum(m);
			a->want.contains++;
		} while (vmem_contains(a->vm, (void *)addr, last - addr + 1));
		last = mc_unit(view, last - mc_quantum(m));
		bitmap_set(view->used, first, last - first + 1);
	}
}

/* [38] Must it be served if it may sleep? */
bool mc_cached_sure(struct mc_world *w, struct mc_arena *a,
		    const struct mc_req *req)
{
	struct mc_arena *below = a + 1 < w->arena + w->arenas ? a + 1 : NULL;
	struct mc_req more;

	if (below) {
		/* A whole tree is much to look at. */
		if (!mc_room(&a->model, req) || w->at % 4)
			return false;
		view_source(w, below);
		return mc_room(&w->view, req);
	}
	if (mc_room(&a->model, req))
		return true;
	if (!a->source || !mc_may_import(a, req) || w->at % 4)
		return false;
	more = mc_import_request(a, req);
	view_source(w, a);
	return mc_room(&w->view, &more);
}

/* Each free segment that there is becomes a span of the view. */
static void see(void *arg, void *start, size_t size)
{
	struct mc_model *view = arg;
	unsigned long unit = mc_unit(view, (unsigned long)start);

	if (view->nspans < MC_SPANS && unit < view->units)
		mc_span_add(view, unit, size >> view->shift, false);
}

/* See what is free before a request that goes past the caches. */
void mc_cached_look(struct mc_world *w, struct mc_arena *a,
		    const struct mc_req *req)
{
	struct mc_model *view = &w->view;

	w->viewed = false;
	if (mc_exact(w, a) || is_cached(a, req) || num_possible_cpus() > 1 ||
	    IS_ENABLED(CONFIG_PREEMPTION) ||
	    (req->flags & VM_NEXTFIT && !req->x))
		return;
	view->base = a->model.base;
	view->shift = a->model.shift;
	view->units = a->model.units;
	view->nspans = 0;
	view->touched = NULL;
	bitmap_zero(view->used, MC_UNITS);
	bitmap_zero(view->in, MC_UNITS);
	vmem_walk(a->vm, VMEM_FREE, see, view);
	w->viewed = view->nspans < MC_SPANS && mc_room(view, req);
}

/* @addr is what the arena said; mc_cached_look() came before. */
const char *mc_cached_settle(struct mc_world *w, struct mc_arena *a,
			     const struct mc_req *req, unsigned long addr)
{
	const char *why;

	if (addr) {
		why = judge_place(w, a, req, addr);
		if (!why && w->viewed)
			why = mc_judge_choice(&w->view, req, addr);
		if (!why)
			mc_count_alloc(a, req, addr);
		return why;
	}
	if (w->viewed)
		return "[34] NULL, though a free segment can serve it";
	if (!mc_room(&a->model, req))
		return NULL;
	if (req->flags & VM_ABORT && !is_cached(a, req))
		return NULL;
	/* What others hold is no concern of who may not sleep. */
	if (req->flags & VM_NOSLEEP &&
	    (num_possible_cpus() > 1 || a + 1 < w->arena + w->arenas))
		return NULL;
	return "[38] NULL, though no client has what was asked for";
}
