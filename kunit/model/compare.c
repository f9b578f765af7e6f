// SPDX-License-Identifier: GPL-2.0
/*
 * Everything that can be seen of the arenas, against the models: the statistics
 * after each step, all segments now and then.
 */
#include <linux/cpumask.h>
#include <linux/kernel.h>

#include "world.h"

/**
 * struct expect - a walk under way
 * @a: the arena
 * @types: what the walk visits
 * @hole: the next free segment
 * @more: there is one
 * @at: the next unit to look for an allocated one at, in span @span
 * @span: the span under way
 * @n: allocated segments seen
 * @sum: their sizes
 * @mapped: cached: units that are allocated
 * @why: what is wrong
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
 * The next segment in list order, by the model: [1] free ones are as long as can
 * be, [2] none goes beyond its span.
 */
static bool next(struct expect *e, unsigned int *first, size_t *size)
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

static void compare(void *arg, void *start, size_t size)
{
	struct expect *e = arg;
	unsigned int first;
	size_t want;

	if (e->why)
		return;
	if (!next(e, &first, &want))
		e->why = "[33] a segment too many";
	else if (start != (void *)mc_addr(&e->a->model, first))
		e->why = "[1] [33] a segment begins elsewhere";
	else if (size != want)
		e->why = "[1] [5] a segment has another size";
}

static const char *compare_walk(const struct mc_arena *a, int types)
{
	struct expect e = { .a = a, .types = types };
	unsigned int first;
	size_t size;

	vmem_walk(a->vm, types, compare, &e);
	if (!e.why && next(&e, &first, &size))
		e.why = "[33] a segment is missing";
	return e.why;
}

static void map(void *arg, void *start, size_t size)
{
	struct expect *e = arg;
	const struct mc_model *m = &e->a->model;
	unsigned long unit = mc_unit(m, (unsigned long)start);

	e->n++;
	e->sum += size;
	if (unit < m->units)
		bitmap_set(e->mapped, unit, mc_units_of(m, size));
}

/* What clients have is allocated, and so is what caches hold. */
static const char *compare_cached(struct mc_world *w, const struct mc_arena *a)
{
	struct expect e = { .a = a, .mapped = w->touched };
	struct vmem_stats s;

	/* While a walk is under way somebody else uses that bitmap. */
	if (w->walking)
		return NULL;
	bitmap_zero(e.mapped, MC_UNITS);
	vmem_walk(a->vm, VMEM_ALLOC, map, &e);
	if (!bitmap_subset(a->model.used, e.mapped, a->model.units))
		return "[38] a client has what is not allocated";
	/* Nothing is quiet while another CPU may be giving back. */
	if (num_possible_cpus() > 1)
		return NULL;
	vmem_get_stats(a->vm, &s);
	if (e.sum != s.mem_inuse || e.n != s.alloc - s.free)
		return "[33] statistics and segments";
	return NULL;
}

/* All segments of all arenas, and vmem's own check of its structures. */
const char *mc_compare(struct mc_world *w)
{
	static const int types[] = { VMEM_ALLOC, VMEM_FREE };
	const char *why = NULL;
	unsigned int i;

	for (i = 0; i < w->arenas && !why; i++) {
		const struct mc_arena *a = &w->arena[i];

		if (mc_exact(w, a))
			why = compare_walk(a, VMEM_ALLOC | VMEM_FREE) ?:
			      compare_walk(a, types[w->at % 2]);
		else
			why = compare_cached(w, a);
		if (!why && vmem_verify(a->vm))
			why = "vmem_verify()";
	}
	return why;
}

#define STAT(name)	{ #name, offsetof(struct vmem_stats, name) }

static const struct {
	const char *name;
	size_t at;
} exact_stats[] = {
	STAT(contains), STAT(misuse), STAT(fail_injected), STAT(giveback),
	/* An arena with caches imports and releases when it likes ... */
	STAT(mem_total), STAT(mem_import),
	/* ... and allocates and frees. */
	STAT(mem_inuse), STAT(alloc), STAT(free), STAT(wait), STAT(fail),
	STAT(import), STAT(import_fail), STAT(release),
};

#define STATS		4	/* that can be told of any arena */
#define SPAN_STATS	6	/* if the spans are known */

/* [33] */
const char *mc_compare_stats(struct mc_world *w)
{
	struct vmem_stats s;
	unsigned int i, j;

	for (i = 0; i < w->arenas; i++) {
		const struct mc_arena *a = &w->arena[i];

		vmem_get_stats(a->vm, &s);
		for (j = 0; j < ARRAY_SIZE(exact_stats); j++) {
			u64 is = *(u64 *)((char *)&s + exact_stats[j].at);
			u64 want = *(u64 *)((char *)&a->want +
					    exact_stats[j].at);

			if (j == STATS && !mc_knows_spans(w, a))
				break;
			if (j == SPAN_STATS && !mc_exact(w, a))
				break;
			if (is == want)
				continue;
			snprintf(w->detail, sizeof(w->detail),
				 "%c: %s is %llu, should be %llu", 'a' + i,
				 exact_stats[j].name, is, want);
			return "[33] a statistic";
		}
	}
	return NULL;
}
