// SPDX-License-Identifier: GPL-2.0
/*
 * All short sequences on a very small arena.
 *
 * Every sequence of some operations, LENGTH at the most, out of some allocations, by each policy,
 * and frees, of the oldest, the newest or the one in the middle. What would not
 * be a call is left out, and so is what would be the same call once more: a free
 * where nothing is allocated, the newest where it is the oldest. Nothing else is
 * left out; a request that fails is a step like others, for it may leave traces.
 *
 * Sequences share an arena. Before each it is brought into the same state: wholly
 * free, the spans freed in the same order, the rotor at the beginning. Each step
 * is compared with the model, and what it leads to is compared as a whole the
 * first time that a sequence gets there.
 */
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "world.h"

#define UNITS	6
#define BASE	5		/* so that 8 is in the middle */
#define LENGTH	7		/* at the most */
#define FREES	3U		/* oldest, newest, middle */

static const struct mc_op allocs[] = {
	{ .kind = MC_ALLOC, .size = 1, .flags = VM_NOSLEEP },
	{ .kind = MC_ALLOC, .size = 2, .flags = VM_NOSLEEP | VM_BESTFIT },
	{ .kind = MC_ALLOC, .size = 3, .flags = VM_NOSLEEP | VM_ENDALLOC },
	{ .kind = MC_ALLOC, .size = 1, .flags = VM_NOSLEEP | VM_NEXTFIT },
	{ .kind = MC_XALLOC, .size = 2, .align = 2, .nocross = 4,
	  .flags = VM_NOSLEEP | VM_FIRSTFIT },
};

#define ALLOCS	ARRAY_SIZE(allocs)

/* The oldest, the newest or the middle one of those that have something. */
static unsigned int choose(const struct mc_world *w, unsigned int which)
{
	unsigned int slots[LENGTH], n = 0, i;

	for (i = 0; i < w->next; i++)
		if (w->got[i].addr)
			slots[n++] = i;
	return which == 0 ? slots[0] : which == 1 ? slots[n - 1] : slots[n / 2];
}

/* Take all spans and free them: the last one by next fit. */
static const char *reset(struct mc_world *w)
{
	struct mc_arena *a = &w->arena[0];
	struct mc_model *m = &a->model;
	unsigned int i;

	for (i = 0; i < LENGTH; i++) {
		if (!w->got[i].addr)
			continue;
		vmem_free(a->vm, (void *)w->got[i].addr, w->got[i].size);
		mc_settle_free(w, a, w->got[i].addr, w->got[i].size);
		w->got[i].addr = 0;
	}
	w->nlive = 0;
	w->next = 0;
	for (i = 0; i < m->nspans; i++) {
		unsigned long start = mc_addr(m, m->span[i].first);
		size_t size = m->span[i].n;
		void *p;

		if (i + 1 == m->nspans)
			p = vmem_alloc(a->vm, size, VM_NOSLEEP | VM_NEXTFIT);
		else
			p = vmem_xalloc(a->vm, size, 0, 0, 0, (void *)start,
					(void *)(start + size), VM_NOSLEEP);
		if (p != (void *)start)
			return "[34] a span that nobody uses cannot be had";
	}
	for (i = 0; i < m->nspans; i++)
		vmem_free(a->vm, (void *)mc_addr(m, m->span[i].first),
			  m->span[i].n);
	a->want.alloc += m->nspans;
	a->want.free += m->nspans;
	m->rotor = MC_NONE;
	return NULL;
}

/**
 * struct odometer - which sequence is under way
 * @digit: the operations
 * @live: how many allocations there were before each
 * @length: of the sequences
 * @fresh: this step and those after it have not been compared as a whole
 * @sequences: done
 */
struct odometer {
	unsigned int digit[LENGTH];
	unsigned int live[LENGTH];
	unsigned int length;
	unsigned int fresh;
	unsigned long sequences;
};

/* The next sequence; false if that was the last. */
static bool turn(struct odometer *o)
{
	unsigned int i = o->length;

	while (i-- > 0) {
		if (++o->digit[i] < ALLOCS + min(o->live[i], FREES)) {
			o->fresh = i;
			return true;
		}
		o->digit[i] = 0;
	}
	return false;
}

static const char *play(struct mc_world *w, struct odometer *o)
{
	const char *why = reset(w);

	while (!why && w->next < o->length) {
		unsigned int i = w->next, digit = o->digit[i];
		struct mc_op *op = &w->op[i];

		o->live[i] = w->nlive;
		if (digit < ALLOCS) {
			*op = allocs[digit];
		} else {
			*op = (struct mc_op){ .kind = MC_FREE, .rnd = 1 };
			op->slot = choose(w, digit - ALLOCS);
		}
		w->known = i < o->fresh;
		why = mc_step(w);
		if (!why && !w->known)
			why = mc_compare(w);
	}
	return why;
}

static void config(struct mc_config *c, unsigned int spans)
{
	unsigned int i, n = UNITS / spans;

	c->base = BASE;
	c->arenas = 1;
	c->full = UINT_MAX;
	c->arena[0].units = UNITS;
	c->arena[0].end = UNITS;
	c->arena[0].nspans = spans;
	for (i = 0; i < spans; i++)
		c->arena[0].span[i] = (struct mc_span){ .first = i * n, .n = n };
}

/**
 * mc_exhaustive - check all short sequences
 * @spans: how many spans of one size, which touch, the arena is made of
 * @length: of the sequences
 * @f: set to what was found
 *
 * Return: whether all is well.
 */
bool mc_exhaustive(unsigned int spans, unsigned int length,
		   struct mc_failure *f)
{
	struct mc_world *w = kvzalloc(sizeof(*w), GFP_KERNEL);
	struct mc_config *c = kvzalloc(sizeof(*c), GFP_KERNEL);
	struct odometer o = { .length = length };
	unsigned int i;

	memset(f, 0, sizeof(*f));
	f->why = "out of memory";
	if (!w || !c)
		goto out;
	config(c, spans);
	if (!mc_world_make(w, c))
		goto out;
	w->nops = length;
	w->drawing = false;
	do {
		f->why = play(w, &o);
		if (!(++o.sequences % 256))
			cond_resched();
	} while (!f->why && turn(&o));

	if (f->why) {
		f->steps = w->next;
		pr_info("vmem-model: after %u steps: %s; %s\n", w->next, f->why,
			w->detail);
		mc_config_print(c);
		for (i = 0; i < w->next; i++)
			mc_op_print(w, i);
	}
	pr_info("vmem-model: %lu sequences of %u operations on %u units in %u spans\n",
		o.sequences, length, UNITS, spans);
	mc_world_end(w);
out:
	kvfree(c);
	kvfree(w);
	return !f->why;
}
EXPORT_SYMBOL_GPL(mc_exhaustive);
