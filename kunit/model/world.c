// SPDX-License-Identifier: GPL-2.0
/*
 * Making the arenas of a world, the functions by which they import, and ending
 * them.
 *
 * An import function of ours has the units of the arena that are in no span to
 * give. Which of them it takes, how far it raises the size, and whether it fails,
 * follows from the step under way: so it is the same when that is done again,
 * and the model can tell beforehand.
 */
#include <linux/kernel.h>
#include <linux/sched.h>

#include "world.h"

/* The one world that there is at a time; import functions get no pointer. */
static struct mc_world *the_world;

static struct mc_arena *importer(struct mc_world *w)
{
	return &w->arena[0];
}

/*
 * Where our import function finds *size, which it may raise; 0: it fails. Some
 * fail, most begin anywhere, and some of those touch what is there.
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
	struct mc_asked *asked = &the_world->import;

	asked->calls++;
	asked->size = *size;
	asked->align = align;
	asked->vmflag = vmflag;
	asked->start = mc_place_import(the_world, importer(the_world), size,
				       align);
	asked->got = *size;
	return (void *)asked->start;
}

static void *import(vmem_t *src, size_t size, int vmflag)
{
	return ximport(src, &size, 1, vmflag);
}

static void release(vmem_t *src, void *addr, size_t size)
{
	struct mc_asked *asked = &the_world->release;

	asked->calls++;
	asked->start = (unsigned long)addr;
	asked->size = size;
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

/* Interrupt context: it can only say so, and give whoever sleeps something. */
static void bark(struct timer_list *t)
{
	struct mc_world *w = the_world;
	unsigned int i;

	pr_err("vmem-model: BUG: step %u of seed %u, kind %d, does not come back\n",
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
	timer_setup(&w->watchdog, bark, 0);
	memset(w->got, 0, sizeof(w->got));
	for (i = 0; i < c->arenas; i++) {
		if (!make_arena(w, i, &c->arena[i])) {
			mc_world_end(w);
			return false;
		}
	}
	return true;
}

/* Free all that clients have of arena @i, by the proper function. */
static const char *drain(struct mc_world *w, unsigned int i)
{
	const char *why = NULL;
	unsigned int j;

	for (j = w->nlive; j-- > 0;) {
		struct mc_got got = w->got[w->live[j]];

		if (got.arena != i)
			continue;
		mc_forget(w, w->live[j]);
		memset(&w->release, 0, sizeof(w->release));
		if (got.x)
			vmem_xfree(w->arena[i].vm, (void *)got.addr, got.size);
		else
			vmem_free(w->arena[i].vm, (void *)got.addr, got.size);
		why = why ?: mc_settle_free(w, &w->arena[i], got.addr,
					    got.size);
	}
	return why;
}

/*
 * [38] With nothing in use, what the caches hold included, each span can be had
 * as a whole.
 */
static const char *whole_again(struct mc_world *w, struct mc_arena *a)
{
	const struct mc_model *m = &a->model;
	const char *why = NULL;
	unsigned int i;

	for (i = 0; i < m->nspans && !why; i++) {
		unsigned long start = mc_addr(m, m->span[i].first);
		size_t size = (size_t)m->span[i].n << m->shift;
		void *p = vmem_xalloc(a->vm, size, 0, 0, 0, (void *)start,
				      (void *)(start + size),
				      mc_exact(w, a) ? VM_NOSLEEP : VM_SLEEP);

		if (p != (void *)start)
			why = "[38] a span that nobody uses cannot be had";
		else
			vmem_xfree(a->vm, p, size);
	}
	if (!why && mc_knows_spans(w, a) && vmem_size(a->vm, VMEM_ALLOC))
		why = "[33] something is in use that nobody has";
	return why;
}

static const char *end_arena(struct mc_world *w, unsigned int i, bool check)
{
	struct mc_arena *a = &w->arena[i];
	const char *why = drain(w, i);

	if (check && !why)
		why = whole_again(w, a);
	if (check && !why && vmem_verify(a->vm))
		why = "vmem_verify()";
	vmem_destroy(a->vm);
	vmem_destroy(a->label);
	return why;
}

/* Give everything back, and see that it is. */
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

/* Make the last arena anew, otherwise. */
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
		why = "an arena cannot be made";
	return why;
}
