// SPDX-License-Identifier: GPL-2.0
/*
 * Parameters of worlds, derived from a seed.
 *
 * Arenas are small, so that each becomes full, empty and fragmented within a
 * few hundred steps. Their addresses are at the bottom of the address space, at
 * its top [6], or at any multiple of the quantum.
 */
#include <linux/kernel.h>

#include "world.h"

static u32 pick(struct rnd_state *rnd, u32 n)
{
	return prandom_u32_state(rnd) % n;
}

/* Draw spans that do not overlap and are likely to be adjacent [2]. */
static void draw_spans(struct mc_arena_config *a, struct rnd_state *rnd)
{
	unsigned int from = a->own, room = a->end - from;
	unsigned int n = 1 + pick(rnd, 3), i;

	a->nspans = 0;
	for (i = 0; i < n && room >= 4; i++) {
		unsigned int size = i + 1 < n ? room / 2 : room;
		unsigned int gap = pick(rnd, 2) ? 0 : pick(rnd, size / 2);

		a->span[a->nspans++] = (struct mc_span) {
			.first = from + gap, .n = size - gap,
		};
		from += size;
		room -= size;
	}
	/* The list order of spans may differ from their address order. */
	if (a->nspans > 1 && pick(rnd, 2))
		swap(a->span[0], a->span[a->nspans - 1]);
}

/*
 * Choose the parameters of arena @i. The parameters of all arenas with a lower
 * index have been chosen.
 */
void mc_arena_draw(struct mc_config *c, unsigned int i, struct rnd_state *rnd)
{
	struct mc_arena_config *a = &c->arena[i], *source = a - 1;
	unsigned int sizes = 1 + pick(rnd, 4);

	a->source = MC_OWN;
	a->own = 0;
	a->end = c->arenas > 1 ? a->units - a->units / 4 : a->units;
	a->nspans = 0;
	a->qcache_max = 0;
	a->flags &= VMC_IDENTIFIER;
	if (i) {
		a->source = MC_ARENA;
		a->shift = source->shift - min(source->shift, pick(rnd, 3));
		if (source->units << (source->shift - a->shift) > MC_UNITS)
			a->shift = source->shift;
		a->units = source->units << (source->shift - a->shift);
		a->own = a->units - a->units / (4 * i);
		a->end = a->units - (i == 1 ? a->units / 8 : 0);
		a->release = true;
	} else if (c->kind == MC_IMPORT || (c->kind != MC_CACHED && pick(rnd, 4) == 0)) {
		a->source = pick(rnd, 2) ? MC_FUNC : MC_XFUNC;
		a->source_shift = max_t(int, 0, a->shift - 1) + pick(rnd, 4);
		a->release = pick(rnd, 8) != 0;
		if (a->source == MC_XFUNC && pick(rnd, 2))
			a->flags |= VMC_XALIGN;
	}
	if (c->kind != MC_CACHED && a->source != MC_OWN &&
	    pick(rnd, 3) == 0) {
		a->flags |= VMC_NO_QCACHE;
		a->qcache_max = sizes << a->shift;
	}
	if (c->kind == MC_CACHED && (i + 1 == c->arenas || pick(rnd, 2)))
		a->qcache_max = (pick(rnd, 4) ? sizes : 16) << a->shift;
	if (a->source == MC_OWN || pick(rnd, 2))
		draw_spans(a, rnd);
	/* Leave integers that the import function can return. */
	if (!i && a->source != MC_OWN && a->nspans)
		a->nspans = 1;
	if (c->kind != MC_CACHED && !(a->flags & VMC_XALIGN) &&
	    a->source != MC_XFUNC && pick(rnd, 4) == 0)
		a->flags |= VMC_POPULATOR;
}

void mc_config_draw(struct mc_config *c, enum mc_kind kind, u32 seed)
{
	static const u8 shifts[] = { 0, 0, 1, 4, 12, 12, 12, 16 };
	struct rnd_state rnd;
	unsigned int i;

	memset(c, 0, sizeof(*c));
	prandom_seed_state(&rnd, seed);
	c->kind = kind;
	c->seed = seed;
	c->full = 32 + pick(&rnd, 96);
	c->arenas = kind == MC_TREE || kind == MC_MISUSE ? 2 + pick(&rnd, 2)
							 : 1;
	if (kind == MC_CACHED)
		c->arenas = 1 + !pick(&rnd, 3);
	c->arena[0].shift = shifts[pick(&rnd, ARRAY_SIZE(shifts))];
	c->arena[0].units = 32 << pick(&rnd, kind == MC_TREE ? 2 : 3);
	if (kind == MC_CACHED)
		c->arena[0].units = 128 << pick(&rnd, 5);
	if (c->arena[0].shift == 0 && pick(&rnd, 2))
		c->arena[0].flags = VMC_IDENTIFIER;
	for (i = 0; i < c->arenas; i++) {
		c->arena[i].flags = c->arena[0].flags & VMC_IDENTIFIER;
		mc_arena_draw(c, i, &rnd);
	}

	i = pick(&rnd, 4);
	if (i == 0)
		c->base = 1UL << c->arena[0].shift;
	else if (i == 1)
		c->base = -((unsigned long)c->arena[0].units <<
			    c->arena[0].shift);
	else
		c->base = (1UL + pick(&rnd, 4096)) << c->arena[0].shift;
}

static const char *source_name(enum mc_source source)
{
	switch (source) {
	case MC_OWN:
		return "no source";
	case MC_FUNC:
		return "an import function";
	case MC_XFUNC:
		return "an ximport function";
	default:
		return "the previous arena";
	}
}

void mc_config_print(const struct mc_config *c)
{
	unsigned int i, j;

	for (i = 0; i < c->arenas; i++) {
		const struct mc_arena_config *a = &c->arena[i];
		unsigned long q = 1UL << a->shift;

		pr_info("vmem-model: arena %c: quantum %#lx, %s (quantum %#lx)%s, qcache_max %zu, flags %#x\n",
			'a' + i, q, source_name(a->source),
			a->source == MC_ARENA ? 1UL << a[-1].shift :
			1UL << a->source_shift,
			a->release || a->source == MC_OWN ? "" :
			", no release function", a->qcache_max, a->flags);
		for (j = 0; j < a->nspans; j++)
			pr_info("vmem-model:   vmem_add(%c, %#lx, %u * %#lx)\n",
				'a' + i, c->base + a->span[j].first * q,
				a->span[j].n, q);
	}
}
