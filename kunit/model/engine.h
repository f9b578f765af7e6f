/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the engine of the model checker offers to its suite.
 */
#ifndef MC_ENGINE_H
#define MC_ENGINE_H

#include <linux/types.h>

/* What a world is about. */
enum mc_kind {
	MC_PLAIN,		/* one arena and its spans */
	MC_IMPORT,		/* one that imports by a function of the test */
	MC_TREE,		/* arenas that import from each other */
	MC_CACHED,		/* one with quantum caches */
	MC_MISUSE,		/* any of the first three, and bad calls */
	MC_KINDS
};

/* What a model can be told to get wrong, to see that it is found out. */
enum mc_lie {
	MC_TRUTH,
	MC_SEVEN_FAIL,		/* 7 units cannot be had */
	MC_THREE_STAY,		/* 3 units that were freed are not free */
};

/**
 * struct mc_failure - what a check has found
 * @why: what is wrong, NULL: nothing
 * @seed: of the sequence
 * @found: its length when it was found
 * @steps: its length now
 */
struct mc_failure {
	const char *why;
	u32 seed;
	unsigned int found;
	unsigned int steps;
};

unsigned long mc_share(enum mc_kind kind);
bool mc_random(enum mc_kind kind, unsigned long ops, enum mc_lie lie,
	       struct mc_failure *f);
bool mc_exhaustive(unsigned int spans, unsigned int length,
		   struct mc_failure *f);

#endif /* MC_ENGINE_H */
