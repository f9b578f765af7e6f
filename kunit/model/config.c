// SPDX-License-Identifier: GPL-2.0
/*
 * Worlds drawn from a seed.
 *
 * Arenas are small, so that they are full, empty and ragged in turn within a few
 * hundred steps, and lie anywhere: at the bottom of the word, at its very top
 * [6], and where the base is a multiple of the quantum and of nothing else.
 */
#include <linux/kernel.h>

#include "world.h"

static u32 below(struct rnd_state *rnd, u32 n)
{
	return prandom_u32_state(rnd) % n;
}

/* Spans that do not overlap; that they touch is likely [2]. */
static void draw_spans(struct mc_arena_config *a, struct rnd_state *rnd)
{
	unsigned int from = a->own, room = a->end - from;
	unsigned int n = 1 + below(rnd, 3), i;

	a->nspans = 0;
	for (i = 0; i < n && room >= 4; i++) {
		unsigned int size = i + 1 < n ? room / 2 : room;
		unsigned int gap = below(rnd, 2) ? 0 : below(rnd, size / 2);

		a->span[a->nspans++] = (struct mc_span) {
			.first = from + gap, .n = size - gap,
		};
		from += size;
		room -= size;
	}
	/* List order is not that of the addresses. */
	if (a->nspans > 1 && below(rnd, 2))
		swap(a->span[0], a->span[a->nspans - 1]);
}

/* One of the arenas, given how the ones before it are made. */
void mc_arena_draw(struct mc_config *c, unsigned int i, struct rnd_state *rnd)
{
	struct mc_arena_config *a = &c->arena[i], *source = a - 1;
	unsigned int sizes = 1 + below(rnd, 4);

	a->source = MC_OWN;
	a->own = 0;
	a->end = c->arenas > 1 ? a->units - a->units / 4 : a->units;
	a->nspans = 0;
	a->qcache_max = 0;
	a->flags &= VMC_IDENTIFIER;
	if (i) {
		a->source = MC_ARENA;
		a->shift = source->shift - min(source->shift, below(rnd, 3));
		if (source->units << (source->shift - a->shift) > MC_UNITS)
			a->shift = source->shift;
		a->units = source->units << (source->shift - a->shift);
		a->own = a->units - a->units / (4 * i);
		a->end = a->units - (i == 1 ? a->units / 8 : 0);
		a->release = true;
	} else if (c->kind == MC_IMPORT || (c->kind != MC_CACHED && below(rnd, 4) == 0)) {
		a->source = below(rnd, 2) ? MC_FUNC : MC_XFUNC;
		a->source_shift = max_t(int, 0, a->shift - 1) + below(rnd, 4);
		a->release = below(rnd, 8) != 0;
		if (a->source == MC_XFUNC && below(rnd, 2))
			a->flags |= VMC_XALIGN;
	}
	if (c->kind != MC_CACHED && a->source != MC_OWN &&
	    below(rnd, 3) == 0) {
		a->flags |= VMC_NO_QCACHE;
		a->qcache_max = sizes << a->shift;
	}
	if (c->kind == MC_CACHED && (i + 1 == c->arenas || below(rnd, 2)))
		a->qcache_max = (below(rnd, 4) ? sizes : 16) << a->shift;
	if (a->source == MC_OWN || below(rnd, 2))
		draw_spans(a, rnd);
	/* Leave something to come from elsewhere. */
	if (!i && a->source != MC_OWN && a->nspans)
		a->nspans = 1;
	if (c->kind != MC_CACHED && !(a->flags & VMC_XALIGN) &&
	    a->source != MC_XFUNC && below(rnd, 4) == 0)
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
	c->full = 32 + below(&rnd, 96);
	c->arenas = kind == MC_TREE || kind == MC_MISUSE ? 2 + below(&rnd, 2)
							 : 1;
	if (kind == MC_CACHED)
		c->arenas = 1 + !below(&rnd, 3);
	c->arena[0].shift = shifts[below(&rnd, ARRAY_SIZE(shifts))];
	c->arena[0].units = 32 << below(&rnd, kind == MC_TREE ? 2 : 3);
	if (kind == MC_CACHED)
		c->arena[0].units = 128 << below(&rnd, 5);
	if (c->arena[0].shift == 0 && below(&rnd, 2))
		c->arena[0].flags = VMC_IDENTIFIER;
	for (i = 0; i < c->arenas; i++) {
		c->arena[i].flags = c->arena[0].flags & VMC_IDENTIFIER;
		mc_arena_draw(c, i, &rnd);
	}

	i = below(&rnd, 4);
	if (i == 0)
		c->base = 1UL << c->arena[0].shift;
	else if (i == 1)
		c->base = -((unsigned long)c->arena[0].units <<
			    c->arena[0].shift);
	else
		c->base = (1UL + below(&rnd, 4096)) << c->arena[0].shift;
}

static const char *source_name(enum mc_source source)
{
	switch (source) {
	case MC_OWN:
		return "no source";
	case MC_FUNC:
		return "an import function";
	case MC_XFUNC:
		return "a ximport function";
	default:
		return "the arena before it";
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
