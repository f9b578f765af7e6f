// SPDX-License-Identifier: GPL-2.0
/*
 * Checks the result of a request or a free, in the arena and in its sources. If
 * the result is correct, updates the models.
 */
#include <linux/kernel.h>

#include "world.h"

static size_t source_quantum(const struct mc_arena *a)
{
	if (a->source)
		return mc_quantum(&a->source->model);
	return (size_t)1 << a->config.source_shift;
}

/* [10] The minimum import: the size of a slab [31]. */
static size_t min_import(const struct mc_arena *a)
{
	size_t q = mc_quantum(&a->model), size = 64;
	size_t sizes = min_t(size_t, a->config.qcache_max / q, 16);

	if (!(a->config.flags & VMC_NO_QCACHE) || !sizes)
		return 0;
	while (size <= 3 * sizes * q)
		size *= 2;
	return size;
}

bool mc_may_import(const struct mc_arena *a, const struct mc_req *req)
{
	return a->config.source != MC_OWN && !req->bounded;
}

/* The size of the import for a request. */
static size_t import_size(const struct mc_arena *a, const struct mc_req *req)
{
	size_t own = mc_quantum(&a->model);
	size_t q = max(own, source_quantum(a));
	size_t size;

	if (req->align <= q || a->config.flags & VMC_XALIGN)
		size = req->size + req->phase;
	else if (req->phase % q)
		size = req->size + req->align - own;
	else
		size = req->size + req->align - q;
	return roundup(max(size, min_import(a)), q);
}

/* The request that the arena makes to its source to import for @req. */
struct mc_req mc_import_request(const struct mc_arena *a,
				const struct mc_req *req)
{
	struct mc_op op = {
		.kind = MC_ALLOC,
		.size = import_size(a, req),
		.flags = req->flags & VM_KMFLAGS,
	};

	return mc_request(&a->source->model, &op);
}

/*
 * True if the request must succeed: without a sleep if the model knows all
 * segments, otherwise with VM_SLEEP.
 */
bool mc_must_succeed(struct mc_world *w, struct mc_arena *a,
		     const struct mc_req *req)
{
	struct mc_req more;
	size_t size;

	if (!mc_knows_segments(w, a))
		return mc_cached_must_succeed(w, a, req);
	if (mc_has_fit(&a->model, req))
		return true;
	if (!mc_may_import(a, req))
		return false;
	if (!a->source) {
		size = import_size(a, req);
		return mc_place_import(w, a, &size, req->align);
	}
	more = mc_import_request(a, req);
	return a->model.nspans < MC_SPANS &&
	       mc_must_succeed(w, a->source, &more);
}

void mc_count_alloc(struct mc_arena *a, const struct mc_req *req,
		    unsigned long addr)
{
	unsigned int unit = mc_unit(&a->model, addr);

	mc_mark_used(&a->model, unit, req->size);
	/*
	 * In worlds with caches, the model does not know imported spans, and
	 * does not move the rotor into these spans.
	 */
	if (req->flags & VM_NEXTFIT && !req->x &&
	    mc_span_of(&a->model, unit) != MC_NONE)
		mc_rotor_move(&a->model, unit, req->n);
	a->want.alloc++;
	a->want.mem_inuse += req->size;
}

static void count_import(struct mc_arena *a, unsigned long start, size_t size)
{
	mc_span_add(&a->model, mc_unit(&a->model, start),
		    size >> a->model.shift, true);
	a->want.import++;
	a->want.mem_import += size;
	a->want.mem_total += size;
}

/*
 * Find the start of the span that contains @addr, by calls of vmem_contains().
 * No function of vmem returns the start.
 */
unsigned long mc_span_start(struct mc_arena *a, unsigned long addr)
{
	size_t q = mc_quantum(&a->model);
	unsigned long start = addr;

	do {
		start -= q;
		a->want.contains++;
	} while (vmem_contains(a->vm, (void *)start, addr - start + 1));
	return start + q;
}

/*
 * [34] The request may import, and no free segment fits. Check that vmem made
 * exactly one correct import for the request, and check the result of the
 * import.
 */
static const char *check_import(struct mc_world *w, struct mc_arena *a,
				const struct mc_req *req, unsigned long addr)
{
	size_t size = import_size(a, req);
	unsigned long start;
	const char *why;

	if (!a->source) {
		if (w->import.calls != 1)
			return "[34] not exactly one import";
		if (w->import.size != size)
			return "[21] wrong size of an import";
		if (w->import.vmflag & ~VM_KMFLAGS ||
		    w->import.vmflag & req->flags & VM_ABORT ||
		    (req->flags & VM_NOSLEEP &&
		     !(w->import.vmflag & VM_NOSLEEP)))
			return "[21] wrong flags of an import";
		if (a->config.source == MC_XFUNC &&
		    w->import.align != req->align)
			return "[21] wrong alignment of an import";
		start = w->import.start;
		size = w->import.got;
		w->import.calls = 0;
	} else {
		struct mc_req more = mc_import_request(a, req);

		start = addr ? mc_span_start(a, addr) : 0;
		why = mc_check_alloc(w, a->source, &more, start);
		if (why)
			return why;
	}
	if (!start) {
		a->want.import_fail++;
		return NULL;
	}
	if (mc_unit(&a->model, start) >= a->model.units)
		return "[36] an import outside the source";
	count_import(a, start, size);
	return NULL;
}

/* True if the model refuses this request because of its intended defect. */
static bool model_refuses(struct mc_world *w, const struct mc_req *req)
{
	return w->config.defect == MC_REFUSE_SEVEN && req->n == 7;
}

/*
 * [16] Check the result @addr of a request to @a. The request comes from a
 * client, or from an arena that imports from @a.
 */
const char *mc_check_alloc(struct mc_world *w, struct mc_arena *a,
			   const struct mc_req *req, unsigned long addr)
{
	const char *why;

	if (!mc_knows_segments(w, a))
		return mc_cached_check_alloc(w, a, req, addr);
	if (model_refuses(w, req))
		return addr ? "[16] the request did not fail" : NULL;

	if (mc_has_fit(&a->model, req)) {
		if (!addr)
			return "[34] the request failed, although a free segment fits";
	} else if (mc_may_import(a, req)) {
		why = check_import(w, a, req, addr);
		if (why)
			return why;
		if (!addr && mc_has_fit(&a->model, req))
			return "[22] the request failed, although the import fits";
	}
	if (!addr) {
		a->want.fail++;
		return NULL;
	}
	why = mc_judge_place(&a->model, req, addr) ?:
	      mc_judge_choice(&a->model, req, addr);
	if (!why)
		mc_count_alloc(a, req, addr);
	return why;
}

/* [3] Check that the arena released its wholly free span @i to the source. */
static const char *check_release(struct mc_world *w, struct mc_arena *a,
				 unsigned int i)
{
	unsigned long start = mc_addr(&a->model, a->model.span[i].first);
	size_t size = (size_t)a->model.span[i].n << a->model.shift;

	mc_span_remove(&a->model, i);
	a->want.mem_import -= size;
	a->want.mem_total -= size;
	a->want.release++;
	if (a->source)
		return mc_check_free(w, a->source, start, size);
	if (w->release.calls != 1)
		return "[3] not exactly one release";
	if (w->release.start != start || w->release.size != size)
		return "[3] the wrong range was released";
	w->release.calls = 0;
	return NULL;
}

/* Check the result of freeing the allocation at @addr. */
const char *mc_check_free(struct mc_world *w, struct mc_arena *a,
			  unsigned long addr, size_t size)
{
	struct mc_model *m = &a->model;
	unsigned int unit = mc_unit(m, addr), i = mc_span_of(m, unit);

	a->want.free++;
	a->want.mem_inuse -= size;
	if (w->config.defect == MC_KEEP_THREE && mc_units_of(m, size) == 3)
		return NULL;
	mc_mark_free(m, unit);
	if (mc_knows_segments(w, a) && m->span[i].imported &&
	    a->config.release && mc_is_free(m, m->span[i].first, m->span[i].n))
		return check_release(w, a, i);
	return NULL;
}
