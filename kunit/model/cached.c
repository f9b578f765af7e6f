// SPDX-License-Identifier: GPL-2.0
/*
 * Checks for worlds with quantum caches.
 *
 * The models of these worlds know the allocations of clients. They do not know
 * the slabs, the single objects, the contents of magazines, and the imported
 * spans. So the checks are:
 *
 * - no integer is allocated twice, in all arenas together;
 * - [38] a request for integers that no client holds succeeds: with any flags
 *   if only the caches of the requested arena hold them, and with VM_SLEEP even
 *   if caches of other arenas hold them;
 * - [34] a request that bypasses the caches succeeds if a walk just before the
 *   request visits a free segment that fits. The request then gets a segment
 *   that the rules allow.
 *
 * On several CPUs, caches free objects concurrently, so the last check is made
 * only on a single CPU without kernel preemption. Moreover, the magazines of
 * another CPU may hold the integers, so the checker repeats a failed VM_NOSLEEP
 * request with VM_SLEEP.
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
 * True if a client of any arena holds part of [addr, addr + size). vmem_add()
 * adds an integer to at most one arena of a world, so at most one client in the
 * world may hold the integer.
 */
static bool overlaps_client(const struct mc_world *w, unsigned long addr,
			    size_t size)
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

/*
 * [16] Like mc_judge_place(), but no client of any arena may hold the integers.
 * If the model does not know the span that contains @addr, the integers must be
 * in a span of the source.
 */
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
		return "[16] outside the address range of the arena";
	if (mc_knows_spans(w, a) || test_bit(unit, m->in)) {
		if (overlaps_client(w, addr, req->size))
			return "[16] overlaps an allocation";
		return mc_judge_place(m, req, addr);
	}
	src = &a->source->model;
	any.n = mc_unit(src, addr + req->size - 1) - mc_unit(src, addr) + 1;
	if (addr & (mc_quantum(m) - 1))
		return "[4] not a multiple of the quantum";
	if (overlaps_client(w, addr, req->size))
		return "[16] overlaps an allocation";
	return mc_judge_place(src, &any, mc_addr(src, mc_unit(src, addr)));
}

/*
 * Set w->view to the state that the source would have if @a released all spans
 * without a client's allocation. The used units are the allocations of the
 * source's clients, and the spans of @a that contain a client's allocation.
 */
static void snapshot_source(struct mc_world *w, struct mc_arena *a)
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

/* [38] True if the request must succeed with VM_SLEEP. */
bool mc_cached_must_succeed(struct mc_world *w, struct mc_arena *a,
			    const struct mc_req *req)
{
	struct mc_arena *below = a + 1 < w->arena + w->arenas ? a + 1 : NULL;
	struct mc_req more;

	if (below) {
		/*
		 * snapshot_source() is costly: call it only in every fourth
		 * step.
		 */
		if (!mc_has_fit(&a->model, req) || w->at % 4)
			return false;
		snapshot_source(w, below);
		return mc_has_fit(&w->view, req);
	}
	if (mc_has_fit(&a->model, req))
		return true;
	if (!a->source || !mc_may_import(a, req) || w->at % 4)
		return false;
	more = mc_import_request(a, req);
	snapshot_source(w, a);
	return mc_has_fit(&w->view, &more);
}

/* Add each free segment as a span of the view. */
static void add_free_span(void *arg, void *start, size_t size)
{
	struct mc_model *view = arg;
	unsigned long unit = mc_unit(view, (unsigned long)start);

	if (view->nspans < MC_SPANS && unit < view->units)
		mc_span_add(view, unit, size >> view->shift, false);
}

/*
 * Before a request that bypasses the caches, copy the free segments of @a to
 * w->view.
 */
void mc_cached_snapshot(struct mc_world *w, struct mc_arena *a,
			const struct mc_req *req)
{
	struct mc_model *view = &w->view;

	w->viewed = false;
	if (mc_knows_segments(w, a) || is_cached(a, req) ||
	    num_possible_cpus() > 1 || IS_ENABLED(CONFIG_PREEMPTION) ||
	    (req->flags & VM_NEXTFIT && !req->x))
		return;
	view->base = a->model.base;
	view->shift = a->model.shift;
	view->units = a->model.units;
	view->nspans = 0;
	view->touched = NULL;
	bitmap_zero(view->used, MC_UNITS);
	bitmap_zero(view->in, MC_UNITS);
	vmem_walk(a->vm, VMEM_FREE, add_free_span, view);
	w->viewed = view->nspans < MC_SPANS && mc_has_fit(view, req);
}

/*
 * Check the result @addr of a request. The caller has called
 * mc_cached_snapshot().
 */
const char *mc_cached_check_alloc(struct mc_world *w, struct mc_arena *a,
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
		return "[34] the request failed, although a free segment fits";
	if (!mc_has_fit(&a->model, req))
		return NULL;
	if (req->flags & VM_ABORT && !is_cached(a, req))
		return NULL;
	/*
	 * A VM_NOSLEEP request may fail if caches of other CPUs or arenas hold
	 * the integers.
	 */
	if (req->flags & VM_NOSLEEP &&
	    (num_possible_cpus() > 1 || a + 1 < w->arena + w->arenas))
		return NULL;
	return "[38] the request failed, although no client holds the integers";
}
