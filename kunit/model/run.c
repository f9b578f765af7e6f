// SPDX-License-Identifier: GPL-2.0
/*
 * The model checker: vmem and a model, which is too simple to be wrong, execute
 * the same random sequences of operations. The checker compares vmem with the
 * model after each step.
 *
 * The checker compares each returned address with the addresses that the rules
 * allow, often a single address. It also compares the failures of requests, the
 * imports and releases, the spans and the statistics. At intervals it compares
 * all segments in list order. The model does not know the order of the free
 * segments in a size class, so the checker accepts any segment that the rules
 * allow. The model does not know the contents of quantum caches either, so the
 * checks of arenas with caches, in cached.c, are weaker.
 *
 * A seed defines a sequence. The checker shortens and prints a sequence that
 * fails.
 *
 *   model    the bitmap and the rules
 *   config   parameters of worlds, from a seed
 *   world    creates and destroys arenas, and has their import functions
 *   op       draws and prints steps
 *   drive    executes a step in vmem and in the model
 *   settle   checks the result of a step
 *   cached   checks the result of a step in arenas with quantum caches
 *   compare  compares statistics and segments
 *   shrink   shortens sequences
 *   exhaust  runs all short sequences
 *   run      this file: module parameters, and many sequences
 */
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/random.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "world.h"

#define STEPS		1000	/* steps of a random sequence */
#define REPEAT_INTERVAL	64	/* every 64th sequence is repeated */
#define STEP_TIMEOUT	(120 * HZ)

static unsigned long ops;
module_param(ops, ulong, 0400);
MODULE_PARM_DESC(ops, "Number of operations in total, or 0 for a default that suits this kernel");

static unsigned int seed;
module_param(seed, uint, 0400);
MODULE_PARM_DESC(seed, "Seed of the first sequence, or 0 for fixed and random seeds");

/* Operations in each kind of world, per thousand operations in total. */
static const unsigned int shares[MC_KINDS] = {
	[MC_PLAIN] = 250, [MC_IMPORT] = 250, [MC_TREE] = 250, [MC_CACHED] = 249,
	[MC_MISUSE] = 1,
};

/**
 * mc_nr_ops - number of operations to execute in a kind of world
 * @kind: the kind
 *
 * Return: the number of operations.
 */
unsigned long mc_nr_ops(enum mc_kind kind)
{
	unsigned long total = ops;

	/*
	 * User Mode Linux without SMP is fast. With SMP each lock takes time,
	 * and an emulated CPU is slow.
	 */
	if (!total)
		total = IS_ENABLED(CONFIG_UML) && !IS_ENABLED(CONFIG_SMP) ?
			1000000 : 100000;
	return total / 1000 * shares[kind];
}
EXPORT_SYMBOL_GPL(mc_nr_ops);

/*
 * Execute the steps of the sequence until one of them fails. Then compare all
 * segments and destroy the world.
 */
static const char *run_steps(struct mc_world *w)
{
	const char *why = NULL, *end;

	while (!why && w->next < w->nops) {
		if (w->next % 64 == 0) {
			mod_timer(&w->watchdog, jiffies + STEP_TIMEOUT);
			cond_resched();
		}
		why = mc_step(w);
	}
	mod_timer(&w->watchdog, jiffies + STEP_TIMEOUT);
	why = why ?: mc_compare(w);
	end = mc_world_end(w);
	return why ?: end;
}

/* Execute the given steps in a new world. Returns the error or NULL. */
const char *mc_replay(struct mc_world *w, const struct mc_config *c,
		      const struct mc_op *steps, unsigned int n)
{
	if (!mc_world_make(w, c))
		return "cannot create an arena";
	memmove(w->op, steps, n * sizeof(*steps));
	w->nops = n;
	w->drawing = false;
	return run_steps(w);
}

static const char *run_random(struct mc_world *w, const struct mc_config *c)
{
	if (!mc_world_make(w, c))
		return "cannot create an arena";
	prandom_seed_state(&w->rnd, c->seed);
	w->nops = STEPS;
	w->drawing = true;
	w->bias = 60;
	return run_steps(w);
}

/*
 * Check that a repeated sequence has the same results. With quantum caches the
 * results may differ.
 */
static const char *check_repeatable(struct mc_world *w,
				    const struct mc_config *c)
{
	unsigned long trace = w->trace;
	const char *why;

	if (c->kind == MC_CACHED)
		return NULL;
	why = mc_replay(w, c, w->op, w->next);
	return why || w->trace == trace ? why :
	       "the repeated sequence has other results";
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
		pr_info("vmem-model: the failure is not reproducible; all steps:\n");
	}
	mc_config_print(&w->config);
	for (i = 0; i < n; i++)
		mc_op_print(w, i);
}

/**
 * mc_random - check random sequences
 * @kind: kind of world
 * @total: number of operations, in all sequences together
 * @defect: defect of the model
 * @f: result
 *
 * If the parameter seed is not 0, the sequences have consecutive seeds that
 * start at this value. Otherwise half of the sequences have consecutive seeds
 * that start at 1, and the other half have consecutive seeds that start at a
 * random value. The function stops at the first failure.
 *
 * Return: true if no error was found.
 */
bool mc_random(enum mc_kind kind, unsigned long total, enum mc_defect defect,
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
		pr_info("vmem-model: kind %d: %lu sequences, seeds start at %u\n",
			kind, runs, from);
	else
		pr_info("vmem-model: kind %d: %lu sequences, seeds start at 1 and at %u\n",
			kind, runs, from);
	for (i = 0; i < runs && !f->why; i++) {
		f->seed = seed || i % 2 ? from + i / (seed ? 1 : 2) : 1 + i / 2;
		mc_config_draw(c, kind, f->seed);
		c->defect = defect;
		f->why = run_random(w, c);
		if (!f->why && i % REPEAT_INTERVAL == 0)
			f->why = check_repeatable(w, c);
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
