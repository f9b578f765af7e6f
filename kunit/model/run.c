// SPDX-License-Identifier: GPL-2.0
/*
 * The model checker: random sequences of operations, done side by side by vmem
 * and by a model that is too simple to be wrong, and compared step by step.
 *
 * What is compared: that every address handed out is one that the rules allow,
 * where they leave no choice the only one; that a request fails only where they
 * let it; imports and releases; spans; sums and counts; and every so often all
 * segments, in order. What the model does not know: the order of the segments of
 * one size class, so that among those any will do; and what quantum caches hold,
 * so that of an arena with caches it only asks that nothing is handed out twice
 * and nothing refused that no client has.
 *
 * A sequence follows from its seed. One that fails is made short, and printed.
 *
 *   model   the bitmap and the rules
 *   config  worlds drawn from a seed
 *   world   their arenas, made and ended; import functions
 *   op      steps, made at random and printed
 *   drive   a step taken by both
 *   settle  what should have come of it
 *   compare all that can be seen
 *   shrink  short sequences from long ones
 *   exhaust all short sequences
 *   here    parameters, and one sequence after the other
 */
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/random.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "world.h"

#define STEPS		1000	/* of a sequence */
#define AGAIN		64	/* one in so many sequences is done twice */
#define PATIENCE	(120 * HZ)	/* with one step */

static unsigned long ops;
module_param(ops, ulong, 0400);
MODULE_PARM_DESC(ops, "Operations in total; 0: as many as are quick here");

static unsigned int seed;
module_param(seed, uint, 0400);
MODULE_PARM_DESC(seed, "Seed of the first sequence; 0: fixed ones and random ones");

/* Out of a thousand operations. */
static const unsigned int shares[MC_KINDS] = {
	[MC_PLAIN] = 250, [MC_IMPORT] = 250, [MC_TREE] = 250, [MC_CACHED] = 249,
	[MC_MISUSE] = 1,
};

/**
 * mc_share - how many operations to do in one kind of world
 * @kind: the kind
 *
 * Return: the number.
 */
unsigned long mc_share(enum mc_kind kind)
{
	unsigned long total = ops;

	/* One CPU of User Mode Linux is fast; the others pay for each lock. */
	if (!total)
		total = IS_ENABLED(CONFIG_UML) && !IS_ENABLED(CONFIG_SMP) ?
			1000000 : 100000;
	return total / 1000 * shares[kind];
}
EXPORT_SYMBOL_GPL(mc_share);

/* Steps to the end, or to the first that fails; then the end of the world. */
static const char *play(struct mc_world *w)
{
	const char *why = NULL, *end;

	while (!why && w->next < w->nops) {
		if (w->next % 64 == 0) {
			mod_timer(&w->watchdog, jiffies + PATIENCE);
			cond_resched();
		}
		why = mc_step(w);
	}
	mod_timer(&w->watchdog, jiffies + PATIENCE);
	why = why ?: mc_compare(w);
	end = mc_world_end(w);
	return why ?: end;
}

/* The given steps in a world made anew: what is wrong, or NULL. */
const char *mc_replay(struct mc_world *w, const struct mc_config *c,
		      const struct mc_op *steps, unsigned int n)
{
	if (!mc_world_make(w, c))
		return "an arena cannot be made";
	memmove(w->op, steps, n * sizeof(*steps));
	w->nops = n;
	w->drawing = false;
	return play(w);
}

static const char *draw_and_play(struct mc_world *w, const struct mc_config *c)
{
	if (!mc_world_make(w, c))
		return "an arena cannot be made";
	prandom_seed_state(&w->rnd, c->seed);
	w->nops = STEPS;
	w->drawing = true;
	w->bias = 60;
	return play(w);
}

/*
 * Does a sequence go the same way when its steps are done again? What cannot be
 * told beforehand, what caches do, is left out.
 */
static const char *again(struct mc_world *w, const struct mc_config *c)
{
	unsigned long trace = w->trace;
	const char *why;

	if (c->kind == MC_CACHED)
		return NULL;
	why = mc_replay(w, c, w->op, w->next);
	return why || w->trace == trace ? why : "it goes another way now";
}

static void report(struct mc_world *w, struct mc_failure *f)
{
	unsigned int i, n;

	pr_info("vmem-model: seed %u, kind %d, step %u: %s; %s\n", f->seed,
		w->config.kind, f->found, f->why, w->detail);
	if (mc_shrink(w, f->why, &f->steps)) {
		n = f->steps;
		pr_info("vmem-model: cut down to %u steps: %s\n", n, w->detail);
	} else {
		n = w->next;
		pr_info("vmem-model: it does not fail again; all steps:\n");
	}
	mc_config_print(&w->config);
	for (i = 0; i < n; i++)
		mc_op_print(w, i);
}

/**
 * mc_random - check random sequences
 * @kind: what kind of world
 * @total: how many operations, in all sequences together
 * @lie: what the model is to get wrong
 * @f: set to what was found
 *
 * Half of the sequences have fixed seeds, the other half random ones, unless
 * the parameter tells where to begin. Stops at the first that fails.
 *
 * Return: whether all is well.
 */
bool mc_random(enum mc_kind kind, unsigned long total, enum mc_lie lie,
	       struct mc_failure *f)
{
	struct mc_world *w = kvzalloc(sizeof(*w), GFP_KERNEL);
	struct mc_config *c = kvzalloc(sizeof(*c), GFP_KERNEL);
	unsigned long i, runs = DIV_ROUND_UP(total, STEPS);
	u32 from = seed;

	memset(f, 0, sizeof(*f));
	if (!from)
		get_random_bytes(&from, sizeof(from));
	if (!w || !c)
		f->why = "out of memory";
	else if (seed)
		pr_info("vmem-model: kind %d: %lu sequences, seeds from %u on\n",
			kind, runs, from);
	else
		pr_info("vmem-model: kind %d: %lu sequences, seeds from 1 on and from %u on\n",
			kind, runs, from);
	for (i = 0; i < runs && !f->why; i++) {
		f->seed = seed || i % 2 ? from + i / (seed ? 1 : 2) : 1 + i / 2;
		mc_config_draw(c, kind, f->seed);
		c->lie = lie;
		f->why = draw_and_play(w, c);
		if (!f->why && i % AGAIN == 0)
			f->why = again(w, c);
		if (f->why) {
			f->found = w->next;
			report(w, f);
		}
		cond_resched();
	}
	kvfree(c);
	kvfree(w);
	return !f->why;
}
EXPORT_SYMBOL_GPL(mc_random);

MODULE_DESCRIPTION("Checks vmem against a model");
MODULE_LICENSE("GPL");
