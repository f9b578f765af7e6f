// SPDX-License-Identifier: GPL-2.0
/*
 * Creates and destroys the arenas of a world, and defines their import
 * functions.
 *
 * An import function returns units that are in no span of the arena. The
 * random bits in the current step define the units, the amount by which the
 * size is raised, and whether the import fails. So a repeated sequence has the
 * same results, and the model can predict the imports.
 */
#include <linux/kernel.h>
#include <linux/sched.h>

#include "world.h"

/* The only world. Import functions have no argument that points to it. */
static struct mc_world *the_world;

static struct mc_arena *importer(struct mc_world *w)
{
	return &w->arena[0];
}

/*
 * Returns the start of the next import of *@size, or 0 if the import must fail.
 * May raise *@size. Some imports are adjacent to a span.
 */
unsigned long mc_place_import(struct mc_world *w, struct mc_arena *a,
			      size_t *size, size_t align)
{
	const struct mc_model *m = &a->model;
	unsigned long unit = 1UL << max(a->config.shift,
					a->config.source_shift);
	u32 rnd = w->op[w->at].rnd;
	unsigned int i, n, from;

	if (rnd % 8 == 0 || m->nspans >= MC_SPANS)
		return 0;
	if (a->config.source == MC_XFUNC && rnd % 3 == 0)
		*size += unit * (1 + rnd / 64 % 7);
	n = *size >> a->config.shift;
	if (n > a->config.end || *size >> a->config.shift != n)
		return 0;
	if (!(a->config.flags & VMC_XALIGN))
		align = 1;
	from = rnd / 1024 % a->config.end;
	for (i = 0; i < a->config.end; i++) {
		unsigned int at = (from + i) % a->config.end;
		unsigned long addr = mc_addr(m, at);

		if (addr & (unit - 1) || addr & (align - 1) ||
		    at + n > a->config.end)
			continue;
		if (find_next_bit(m->in, at + n, at) >= at + n)
			return addr;
	}
	return 0;
}

static void *ximport(vmem_t *src, size_t *size, size_t align, int vmflag)
{
	struct mc_call *call = &the_world->import;

	call->calls++;
	call->size = *size;
	call->align = align;
	call->vmflag = vmflag;
	call->start = mc_place_import(the_world, importer(the_world), size,
				      align);
	call->got = *size;
	return (void *)call->start;
}

static void *import(vmem_t *src, size_t size, int vmflag)
{
	return ximport(src, &size, 1, vmflag);
}

static void release(vmem_t *src, void *addr, size_t size)
{
	struct mc_call *call = &the_world->release;

	call->calls++;
	call->start = (unsigned long)addr;
	call->size = size;
}

static vmem_t *create(struct mc_arena *a)
{
	const struct mc_arena_config *c = &a->config;
	vmem_free_t *ffunc = c->release ? release : NULL;
	size_t q = (size_t)1 << c->shift;

	if (c->source == MC_FUNC || c->source == MC_XFUNC) {
		a->label = vmem_create("model source", NULL, 0,
				       (size_t)1 << c->source_shift, NULL,
				       NULL, NULL, 0,
				       VM_SLEEP | (c->flags & VMC_IDENTIFIER));
		if (!a->label)
			return NULL;
	}
	switch (c->source) {
	case MC_FUNC:
		return vmem_create("model", NULL, 0, q, import, ffunc, a->label,
				   c->qcache_max, VM_SLEEP | c->flags);
	case MC_XFUNC:
		return vmem_xcreate("model", NULL, 0, q, ximport, ffunc,
				    a->label, c->qcache_max,
				    VM_SLEEP | c->flags);
	case MC_ARENA:
		return vmem_create("model", NULL, 0, q, vmem_alloc, vmem_free,
				   a->source->vm, c->qcache_max,
				   VM_SLEEP | c->flags);
	default:
		return vmem_create("model", NULL, 0, q, NULL, NULL, NULL,
				   c->qcache_max, VM_SLEEP | c->flags);
	}
}

static bool make_arena(struct mc_world *w, unsigned int i,
		       const struct mc_arena_config *c)
{
	struct mc_arena *a = &w->arena[i];
	unsigned int j;

	memset(a, 0, sizeof(*a));
	a->config = *c;
	a->model.base = w->config.base;
	a->model.shift = a->config.shift;
	a->model.units = a->config.units;
	a->model.rotor = MC_NONE;
	if (a->config.source == MC_ARENA)
		a->source = a - 1;
	a->vm = create(a);
	if (!a->vm) {
		vmem_destroy(a->label);
		return false;
	}
	vmem_get_stats(a->vm, &a->want);
	for (j = 0; j < a->config.nspans; j++) {
		const struct mc_span *s = &a->config.span[j];
		size_t size = (size_t)s->n << a->config.shift;

		if (!vmem_add(a->vm, (void *)mc_addr(&a->model, s->first), size,
			      VM_SLEEP))
			return false;
		mc_span_add(&a->model, s->first, s->n, false);
		a->want.mem_total += size;
	}
	w->arenas = i + 1;
	return true;
}

/*
 * Timer function of the watchdog, runs in interrupt context. Adds a span to
 * each arena, so that a sleeping request succeeds.
 */
static void watchdog_fire(struct timer_list *t)
{
	struct mc_world *w = the_world;
	unsigned int i;

	pr_err("vmem-model: BUG: step %u of seed %u, kind %d, hangs\n",
	       w->at, w->config.seed, w->config.kind);
	for (i = 0; i < w->arenas; i++) {
		size_t size = (size_t)MC_UNITS << w->arena[i].config.shift;

		vmem_add(w->arena[i].vm, (void *)(w->config.base ^ (1UL << (BITS_PER_LONG - 2))),
			 size, VM_NOSLEEP);
	}
}

bool mc_world_make(struct mc_world *w, const struct mc_config *c)
{
	unsigned int i;

	w->config = *c;
	w->arenas = 0;
	w->nlive = 0;
	w->trace = 0;
	w->next = 0;
	w->at = 0;
	w->walking = false;
	w->detail[0] = '\0';
	the_world = w;
	timer_setup(&w->watchdog, watchdog_fire, 0);
	memset(w->got, 0, sizeof(w->got));
	for (i = 0; i < c->arenas; i++) {
		if (!make_arena(w, i, &c->arena[i])) {
			mc_world_end(w);
			return false;
		}
	}
	return true;
}

/* Free all allocations in arena @i, each with the proper function. */
static const char *free_all(struct mc_world *w, unsigned int i)
{
	const char *why = NULL;
	unsigned int j;

	for (j = w->nlive; j-- > 0;) {
		struct mc_result got = w->got[w->live[j]];

		if (got.arena != i)
			continue;
		mc_result_clear(w, w->live[j]);
		memset(&w->release, 0, sizeof(w->release));
		if (got.x)
			vmem_xfree(w->arena[i].vm, (void *)got.addr, got.size);
		else
			vmem_free(w->arena[i].vm, (void *)got.addr, got.size);
		why = why ?: mc_check_free(w, &w->arena[i], got.addr,
					   got.size);
	}
	return why;
}

/*
 * [38] Check that without allocations of clients each span can be allocated as
 * a whole, even if caches hold parts of it.
 */
static const char *check_spans_free(struct mc_world *w, struct mc_arena *a)
{
	const struct mc_model *m = &a->model;
	const char *why = NULL;
	unsigned int i;

	for (i = 0; i < m->nspans && !why; i++) {
		unsigned long start = mc_addr(m, m->span[i].first);
		size_t size = (size_t)m->span[i].n << m->shift;
		void *p = vmem_xalloc(a->vm, size, 0, 0, 0, (void *)start,
				      (void *)(start + size),
				      mc_knows_segments(w, a) ? VM_NOSLEEP :
								VM_SLEEP);

		if (p != (void *)start)
			why = "[38] a wholly free span cannot be allocated";
		else
			vmem_xfree(a->vm, p, size);
	}
	if (!why && mc_knows_spans(w, a) && vmem_size(a->vm, VMEM_ALLOC))
		why = "[33] vmem_size(VMEM_ALLOC) is not 0 without allocations";
	return why;
}

static const char *end_arena(struct mc_world *w, unsigned int i, bool check)
{
	struct mc_arena *a = &w->arena[i];
	const char *why = free_all(w, i);

	if (check && !why)
		why = check_spans_free(w, a);
	if (check && !why && vmem_verify(a->vm))
		why = "vmem_verify() found an error";
	vmem_destroy(a->vm);
	vmem_destroy(a->label);
	return why;
}

/* Free all allocations, check the arenas and destroy them. */
const char *mc_world_end(struct mc_world *w)
{
	const char *why = NULL;

	while (w->arenas) {
		const char *what = end_arena(w, w->arenas - 1, !why);

		why = why ?: what;
		w->arenas--;
	}
	timer_delete_sync(&w->watchdog);
	return why;
}

/*
 * Destroy the last arena, and create an arena with other parameters in its
 * place.
 */
const char *mc_world_renew(struct mc_world *w, u32 seed)
{
	unsigned int i = w->arenas - 1;
	struct mc_config *c = &w->renewed;
	struct rnd_state rnd;
	const char *why;

	why = end_arena(w, i, true);
	w->arenas--;
	prandom_seed_state(&rnd, seed);
	*c = w->config;
	mc_arena_draw(c, i, &rnd);
	if (!why && !make_arena(w, i, &c->arena[i]))
		why = "cannot create an arena";
	return why;
}
