/* SPDX-License-Identifier: GPL-2.0 */
/* Interface of the model checker's engine for its suite. */
#ifndef MC_ENGINE_H
#define MC_ENGINE_H

#include <linux/types.h>

/* Kinds of worlds. A world is a set of arenas under test with their models. */
enum mc_kind {
	MC_PLAIN,		/* one arena and its spans */
	MC_IMPORT,		/* an arena with an import function of the test */
	MC_TREE,		/* a root, and arenas that import from the previous one */
	MC_CACHED,		/* arenas with quantum caches */
	MC_MISUSE,		/* as MC_TREE, with invalid calls */
	MC_KINDS
};

/* Defects of the model, to test that the checker detects a difference. */
enum mc_defect {
	MC_NO_DEFECT,
	MC_REFUSE_SEVEN,	/* requests for 7 units fail */
	MC_KEEP_THREE,		/* freeing 3 units has no effect */
};

/**
 * struct mc_failure - result of a check
 * @why: the error, or NULL
 * @seed: seed of the sequence
 * @found: length of the sequence when the error was found
 * @steps: length of the shortened sequence
 */
struct mc_failure {
	const char *why;
	u32 seed;
	unsigned int found;
	unsigned int steps;
};

unsigned long mc_nr_ops(enum mc_kind kind);
bool mc_random(enum mc_kind kind, unsigned long ops, enum mc_defect defect,
	       struct mc_failure *f);
bool mc_exhaustive(unsigned int spans, unsigned int length,
		   struct mc_failure *f);

#endif /* MC_ENGINE_H */
