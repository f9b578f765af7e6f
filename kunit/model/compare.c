// SPDX-License-Identifier: GPL-2.0
/*
 * Compares the arenas with the models: the statistics after each step, all
 * segments at intervals.
 */
#include <linux/cpumask.h>
#include <linux/kernel.h>

#include "world.h"

/**
 * struct expect - comparison in progress
 * @a: the arena
 * @types: types that the walk visits
 * @at: offset of the next unit to examine, in the current span
 * @span: index of the current span
 * @n: number of allocated segments that the walk has visited
 * @sum: sum of the sizes of these segments
 * @mapped: bitmap of the allocated units, for arenas with caches
 * @why: the error, or NULL
 */
struct expect {
	const struct mc_arena *a;
	int types;
	unsigned int span;
	unsigned int at;
	unsigned int n;
	u64 sum;
	unsigned long *mapped;
	const char *why;
};

/*
 * Find the next segment in list order, according to the model. Returns false
 * after the last segment. [1] A free segment is maximal. [2] A segment does not
 * extend beyond its span.
 */
static bool next_segment(struct expect *e, unsigned int *first, size_t *size)
{
	const struct mc_model *m = &e->a->model;

	for (; e->span < m->nspans; e->span++, e->at = 0) {
		const struct mc_span *s = &m->span[e->span];
		unsigned int end = s->first + s->n;

		while (e->at < s->n) {
			*first = s->first + e->at;
			if (test_bit(*first, m->used)) {
				*size = m->asked[*first];
				e->at += mc_units_of(m, *size);
				if (e->types & VMEM_ALLOC)
					return true;
			} else {
				unsigned int n = find_next_bit(m->used, end,
							       *first) - *first;

				*size = (size_t)n << m->shift;
				e->at += n;
				if (e->types & VMEM_FREE)
					return true;
			}
		}
	}
	return false;
}

static void compare_segment(void *arg, void *start, size_t size)
{
	struct expect *e = arg;
	unsigned int first;
	size_t want;

	if (e->why)
		return;
	if (!next_segment(e, &first, &want))
		e->why = "[33] vmem_walk() visits a segment that the model does not have";
	else if (start != (void *)mc_addr(&e->a->model, first))
		e->why = "[1] [33] a segment starts at another address than in the model";
	else if (size != want)
		e->why = "[1] [5] a segment has another size than in the model";
}

static const char *compare_walk(const struct mc_arena *a, int types)
{
	struct expect e = { .a = a, .types = types };
	unsigned int first;
	size_t size;

	vmem_walk(a->vm, types, compare_segment, &e);
	if (!e.why && next_segment(&e, &first, &size))
		e.why = "[33] vmem_walk() does not visit a segment of the model";
	return e.why;
}

static void map_segment(void *arg, void *start, size_t size)
{
	struct expect *e = arg;
	const struct mc_model *m = &e->a->model;
	unsigned long unit = mc_unit(m, (unsigned long)start);

	e->n++;
	e->sum += size;
	if (unit < m->units)
		bitmap_set(e->mapped, unit, mc_units_of(m, size));
}

/*
 * Check that each allocation of a client lies in allocated segments, and that
 * the statistics agree with the segments.
 */
static const char *compare_cached(struct mc_world *w, const struct mc_arena *a)
{
	struct expect e = { .a = a, .mapped = w->touched };
	struct vmem_stats s;

	/* do_walk() uses w->touched during its walk. */
	if (w->walking)
		return NULL;
	bitmap_zero(e.mapped, MC_UNITS);
	vmem_walk(a->vm, VMEM_ALLOC, map_segment, &e);
	if (!bitmap_subset(a->model.used, e.mapped, a->model.units))
		return "[38] a client's allocation is not in allocated segments";
	/* Caches may free segments on another CPU after the walk. */
	if (num_possible_cpus() > 1)
		return NULL;
	vmem_get_stats(a->vm, &s);
	if (e.sum != s.mem_inuse || e.n != s.alloc - s.free)
		return "[33] the statistics differ from the segments";
	return NULL;
}

/* Compare all segments of all arenas, and call vmem_verify(). */
const char *mc_compare(struct mc_world *w)
{
	static const int types[] = { VMEM_ALLOC, VMEM_FREE };
	const char *why = NULL;
	unsigned int i;

	for (i = 0; i < w->arenas && !why; i++) {
		const struct mc_arena *a = &w->arena[i];

		if (mc_knows_segments(w, a))
			why = compare_walk(a, VMEM_ALLOC | VMEM_FREE) ?:
			      compare_walk(a, types[w->at % 2]);
		else
			why = compare_cached(w, a);
		if (!why && vmem_verify(a->vm))
			why = "vmem_verify() found an error";
	}
	return why;
}

#define STAT(name)	{ #name, offsetof(struct vmem_stats, name) }

static const struct {
	const char *name;
	size_t at;
} model_stats[] = {
	STAT(contains), STAT(misuse), STAT(fail_injected), STAT(giveback),
	/*
	 * Values that the model does not know if caches import and release
	 * spans.
	 */
	STAT(mem_total), STAT(mem_import),
	/*
	 * Values that the model does not know if caches allocate and free
	 * segments.
	 */
	STAT(mem_inuse), STAT(alloc), STAT(free), STAT(wait), STAT(fail),
	STAT(import), STAT(import_fail), STAT(release),
};

#define STATS		4	/* known for every arena */
#define SPAN_STATS	6	/* known if the model knows the spans */

/* [33] Compare the statistics of all arenas. */
const char *mc_compare_stats(struct mc_world *w)
{
	struct vmem_stats s;
	unsigned int i, j;

	for (i = 0; i < w->arenas; i++) {
		const struct mc_arena *a = &w->arena[i];

		vmem_get_stats(a->vm, &s);
		for (j = 0; j < ARRAY_SIZE(model_stats); j++) {
			u64 is = *(u64 *)((char *)&s + model_stats[j].at);
			u64 want = *(u64 *)((char *)&a->want +
					    model_stats[j].at);

			if (j == STATS && !mc_knows_spans(w, a))
				break;
			if (j == SPAN_STATS && !mc_knows_segments(w, a))
				break;
			if (is == want)
				continue;
			snprintf(w->detail, sizeof(w->detail),
				 "%c: %s is %llu, should be %llu", 'a' + i,
				 model_stats[j].name, is, want);
			return "[33] a statistic has the wrong value";
		}
	}
	return NULL;
}
