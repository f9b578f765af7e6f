// SPDX-License-Identifier: GPL-2.0
/*
 * Making a sequence that fails short: delta debugging.
 *
 * Leave out a half of the steps, then quarters, and so on down to single ones;
 * what still fails in the same way, in a world made anew, is kept. When no single
 * step can be left out any more, the flags and constraints of those that remain
 * are left out likewise. A step that frees what another one got does nothing
 * where that one is missing, so that any subset of a sequence is a sequence.
 */
#include <linux/kernel.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "world.h"

/* Worlds to make for one failure, at the most. */
#define TRIES	4000

/**
 * struct shrink - what it has come to
 * @w: where to try
 * @config: how to make it
 * @why: how it must fail
 * @op: the shortest sequence known to fail
 * @n: its length
 * @try: one to try
 * @last: what became of that
 * @tries: how many have been tried
 */
struct shrink {
	struct mc_world *w;
	struct mc_config config;
	const char *why;
	struct mc_op *op;
	unsigned int n;
	struct mc_op *try;
	const char *last;
	unsigned int tries;
};

static bool fails(struct shrink *s, unsigned int n)
{
	cond_resched();
	if (s->tries++ >= TRIES)
		return false;
	s->last = mc_replay(s->w, &s->config, s->try, n);
	return s->last && !strcmp(s->last, s->why);
}

/* Try without [from, from + len). Frees name steps by their number: renumber. */
static bool without(struct shrink *s, unsigned int from, unsigned int len)
{
	unsigned int i, n = 0;

	for (i = 0; i < s->n; i++) {
		struct mc_op *op = &s->try[n];

		if (i >= from && i - from < len)
			continue;
		*op = s->op[i];
		if (op->slot >= from + len)
			op->slot -= len;
		else if (op->slot >= from)
			op->slot = MC_STEPS - 1;
		n++;
	}
	if (!fails(s, n))
		return false;
	/* It may have failed before the end. */
	s->n = min(n, s->w->next);
	memcpy(s->op, s->try, s->n * sizeof(*s->op));
	return true;
}

static bool drop_chunks(struct shrink *s, unsigned int len)
{
	bool any = false;
	unsigned int from;

	/* From the end, for what comes last depends on what comes first. */
	for (from = s->n > len ? s->n - len : 0;; from -= len) {
		if (from + len <= s->n)
			any |= without(s, from, len);
		if (from < len)
			break;
	}
	return any;
}

/* Ways to make a step simpler. */
static void simpler(struct mc_op *op, unsigned int way)
{
	static const int flags[] = {
		VM_MEMLOAD | VM_NORELOC | VM_PUSHPAGE, VM_ENDALLOC, VM_NEXTFIT,
		VM_BESTFIT, VM_FIRSTFIT, VM_ABORT,
	};

	if (way < ARRAY_SIZE(flags) &&
	    (op->kind == MC_ALLOC || op->kind == MC_XALLOC))
		op->flags &= ~flags[way];
	else if (op->kind == MC_WALK && way == 6)
		op->nest = 0;
	else if (op->kind != MC_XALLOC)
		return;
	else if (way == 6)
		op->nocross = 0;
	else if (way == 7)
		op->phase = 0;
	else if (way == 8)
		op->align = 0;
	else if (way == 9)
		op->min = 0;
	else if (way == 10)
		op->max = 0;
	else if (way == 11 && !op->align && !op->phase && !op->nocross &&
		 !op->min && !op->max)
		op->kind = MC_ALLOC;
}

static void simplify(struct shrink *s)
{
	unsigned int i, way;

	for (i = 0; i < s->n; i++) {
		for (way = 0; way < 12; way++) {
			memcpy(s->try, s->op, s->n * sizeof(*s->op));
			simpler(&s->try[i], way);
			if (!memcmp(&s->try[i], &s->op[i], sizeof(*s->op)))
				continue;
			if (fails(s, s->n))
				s->op[i] = s->try[i];
		}
	}
}

/**
 * mc_shrink - make a failing sequence short
 * @w: the world in which it failed, ended; afterwards that of the short one
 * @why: how it failed
 * @steps: the length of the short one, which may be 0: making and ending a world
 *	can fail, too
 *
 * Return: whether it fails again; if not, @w is of no use.
 */
bool mc_shrink(struct mc_world *w, const char *why, unsigned int *steps)
{
	struct shrink s = { .w = w, .why = why, .n = w->next };
	bool again = false;
	unsigned int len;

	*steps = 0;
	s.op = kvmalloc_array(MC_STEPS, sizeof(*s.op), GFP_KERNEL);
	s.try = kvmalloc_array(MC_STEPS, sizeof(*s.try), GFP_KERNEL);
	if (!s.op || !s.try)
		goto out;
	s.config = w->config;
	memcpy(s.op, w->op, s.n * sizeof(*s.op));
	memcpy(s.try, w->op, s.n * sizeof(*s.op));
	if (!fails(&s, s.n)) {
		pr_info("vmem-model: done again: %s; %s\n",
			s.last ?: "all is well", w->detail);
		goto out;
	}

	for (len = s.n / 2; len > 1; len /= 2)
		drop_chunks(&s, len);
	while (drop_chunks(&s, 1))
		;
	simplify(&s);
	while (drop_chunks(&s, 1))
		;

	/* Once more, so that the world is as that leaves it. */
	memcpy(s.try, s.op, s.n * sizeof(*s.op));
	s.tries = 0;
	again = fails(&s, s.n);
	*steps = s.n;
out:
	kvfree(s.op);
	kvfree(s.try);
	return again;
}
