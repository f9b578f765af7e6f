// SPDX-License-Identifier: GPL-2.0
/*
 * All short sequences of operations on a very small arena.
 *
 * A sequence has at most LENGTH operations. An operation is one of the requests
 * in allocs[], which use different policies, or a free of the oldest, the
 * newest or the middle allocation. Sequences contain no free without an
 * allocation. Two frees that would free the same allocation count as one: for
 * example, a single allocation is both the oldest and the newest. A request
 * that fails is a step like any other, because it may change the state.
 *
 * All sequences use the same arena. Before each sequence, reset() restores the
 * order of the free lists and the position of the rotor. Each step is compared
 * with the model. If a step leads to a state for the first time, the checker
 * then compares all segments.
 */
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "world.h"

#define UNITS	6
#define BASE	5		/* a nocross boundary, 8, is inside the arena */
#define LENGTH	7		/* operations of a sequence, at most */
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

/*
 * Returns the step that made the oldest (@which 0), the newest (1) or the
 * middle allocation (2).
 */
static unsigned int choose_slot(const struct mc_world *w, unsigned int which)
{
	unsigned int slots[LENGTH], n = 0, i;

	for (i = 0; i < w->next; i++)
		if (w->got[i].addr)
			slots[n++] = i;
	return which == 0 ? slots[0] : which == 1 ? slots[n - 1] : slots[n / 2];
}

/*
 * Free all allocations. Then allocate and free each span as a whole. The
 * allocation of the last span with next fit resets the rotor.
 */
static const char *reset(struct mc_world *w)
{
	struct mc_arena *a = &w->arena[0];
	struct mc_model *m = &a->model;
	unsigned int i;

	for (i = 0; i < LENGTH; i++) {
		if (!w->got[i].addr)
			continue;
		vmem_free(a->vm, (void *)w->got[i].addr, w->got[i].size);
		mc_check_free(w, a, w->got[i].addr, w->got[i].size);
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
			return "[34] a wholly free span cannot be allocated";
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
 * struct sequence_iter - the current sequence
 * @digit: number of each operation: an index into allocs[], or ALLOCS plus the
 *	argument @which of choose_slot()
 * @live: number of allocations before each operation
 * @length: length of the sequences
 * @first_unknown: index of the first step that leads to a state not yet
 *	compared
 * @sequences: number of sequences done
 */
struct sequence_iter {
	unsigned int digit[LENGTH];
	unsigned int live[LENGTH];
	unsigned int length;
	unsigned int first_unknown;
	unsigned long sequences;
};

/* Advance to the next sequence. Returns false after the last sequence. */
static bool next_sequence(struct sequence_iter *it)
{
	unsigned int i = it->length;

	while (i-- > 0) {
		if (++it->digit[i] < ALLOCS + min(it->live[i], FREES)) {
			it->first_unknown = i;
			return true;
		}
		it->digit[i] = 0;
	}
	return false;
}

static const char *run_sequence(struct mc_world *w, struct sequence_iter *it)
{
	const char *why = reset(w);

	while (!why && w->next < it->length) {
		unsigned int i = w->next, digit = it->digit[i];
		struct mc_op *op = &w->op[i];

		it->live[i] = w->nlive;
		if (digit < ALLOCS) {
			*op = allocs[digit];
		} else {
			*op = (struct mc_op){ .kind = MC_FREE, .rnd = 1 };
			op->slot = choose_slot(w, digit - ALLOCS);
		}
		w->known = i < it->first_unknown;
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
 * @spans: number of spans of the arena. The spans are adjacent and of equal
 *	size.
 * @length: length of the sequences
 * @f: result
 *
 * Return: true if no error was found.
 */
bool mc_exhaustive(unsigned int spans, unsigned int length,
		   struct mc_failure *f)
{
	struct mc_world *w = kvzalloc(sizeof(*w), GFP_KERNEL);
	struct mc_config *c = kvzalloc(sizeof(*c), GFP_KERNEL);
	struct sequence_iter it = { .length = length };
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
		f->why = run_sequence(w, &it);
		if (!(++it.sequences % 256))
			cond_resched();
	} while (!f->why && next_sequence(&it));

	if (f->why) {
		f->steps = w->next;
		pr_info("vmem-model: after %u steps: %s; %s\n", w->next, f->why,
			w->detail);
		mc_config_print(c);
		for (i = 0; i < w->next; i++)
			mc_op_print(w, i);
	}
	pr_info("vmem-model: %lu sequences of %u operations on %u units in %u spans\n",
		it.sequences, length, UNITS, spans);
	mc_world_end(w);
out:
	kvfree(c);
	kvfree(w);
	return !f->why;
}
EXPORT_SYMBOL_GPL(mc_exhaustive);
