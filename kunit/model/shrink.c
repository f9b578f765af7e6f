// SPDX-License-Identifier: GPL-2.0
/*
 * Delta debugging: shortens a sequence that fails.
 *
 * The search leaves out half of the steps, then a quarter, and so on down to
 * single steps. It keeps a shorter sequence if the shorter sequence fails in
 * the same way in a new world. When no single step can be left out, the search
 * simplifies the flags and constraints of the remaining steps. It keeps each
 * change with which the sequence still fails. An MC_FREE step without its
 * allocation is a no-op, so any subset of a sequence is a valid sequence.
 */
#include <linux/kernel.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "world.h"

/* Maximum number of worlds to create for one failure. */
#define TRIES	4000

/**
 * struct shrink - state of the search
 * @w: the world for the trials
 * @config: parameters of @w
 * @why: the error to reproduce
 * @op: the shortest sequence known to fail
 * @n: number of steps in @op
 * @try: the sequence to try
 * @last: error of the last trial, or NULL
 * @tries: number of trials
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

static bool still_fails(struct shrink *s, unsigned int n)
{
	cond_resched();
	if (s->tries++ >= TRIES)
		return false;
	s->last = mc_replay(s->w, &s->config, s->try, n);
	return s->last && !strcmp(s->last, s->why);
}

/*
 * Try the sequence without the steps [from, from + len). MC_FREE steps contain
 * the index of another step, so adapt these indices.
 */
static bool try_without(struct shrink *s, unsigned int from, unsigned int len)
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
	if (!still_fails(s, n))
		return false;
	/*
	 * The sequence may have failed early: drop the steps after the failure.
	 */
	s->n = min(n, s->w->next);
	memcpy(s->op, s->try, s->n * sizeof(*s->op));
	return true;
}

static bool drop_chunks(struct shrink *s, unsigned int len)
{
	bool any = false;
	unsigned int from;

	/* Start at the end: no step depends on a later step. */
	for (from = s->n > len ? s->n - len : 0;; from -= len) {
		if (from + len <= s->n)
			any |= try_without(s, from, len);
		if (from < len)
			break;
	}
	return any;
}

/* Apply one rule that simplifies a step. */
static void simplify_op(struct mc_op *op, unsigned int rule)
{
	static const int flags[] = {
		VM_MEMLOAD | VM_NORELOC | VM_PUSHPAGE, VM_ENDALLOC, VM_NEXTFIT,
		VM_BESTFIT, VM_FIRSTFIT, VM_ABORT,
	};

	if (rule < ARRAY_SIZE(flags) &&
	    (op->kind == MC_ALLOC || op->kind == MC_XALLOC))
		op->flags &= ~flags[rule];
	else if (op->kind == MC_WALK && rule == 6)
		op->nest = 0;
	else if (op->kind != MC_XALLOC)
		return;
	else if (rule == 6)
		op->nocross = 0;
	else if (rule == 7)
		op->phase = 0;
	else if (rule == 8)
		op->align = 0;
	else if (rule == 9)
		op->min = 0;
	else if (rule == 10)
		op->max = 0;
	else if (rule == 11 && !op->align && !op->phase && !op->nocross &&
		 !op->min && !op->max)
		op->kind = MC_ALLOC;
}

static void simplify(struct shrink *s)
{
	unsigned int i, rule;

	for (i = 0; i < s->n; i++) {
		for (rule = 0; rule < 12; rule++) {
			memcpy(s->try, s->op, s->n * sizeof(*s->op));
			simplify_op(&s->try[i], rule);
			if (!memcmp(&s->try[i], &s->op[i], sizeof(*s->op)))
				continue;
			if (still_fails(s, s->n))
				s->op[i] = s->try[i];
		}
	}
}

/**
 * mc_shrink - shorten a failing sequence
 * @w: the world in which the sequence failed, already destroyed; on return the
 *	world of the short sequence
 * @why: the error of the sequence
 * @steps: length of the short sequence; 0 if creating and destroying the world
 *	suffices to reproduce the error
 *
 * Return: true if the short sequence fails again. Otherwise @w is not valid.
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
	if (!still_fails(&s, s.n)) {
		pr_info("vmem-model: repeated: %s; %s\n",
			s.last ?: "no error", w->detail);
		goto out;
	}

	for (len = s.n / 2; len > 1; len /= 2)
		drop_chunks(&s, len);
	while (drop_chunks(&s, 1))
		;
	simplify(&s);
	while (drop_chunks(&s, 1))
		;

	/*
	 * Repeat the shortest sequence, so that @w contains its steps and
	 * results.
	 */
	memcpy(s.try, s.op, s.n * sizeof(*s.op));
	s.tries = 0;
	again = still_fails(&s, s.n);
	*steps = s.n;
out:
	kvfree(s.op);
	kvfree(s.try);
	return again;
}
