/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the parts of the hostile clients share.
 *
 * Each client has a tree of its own: a leaf with quantum caches imports by
 * vmem_alloc() from a middle arena, which imports by the client's functions from a
 * root. The middle arena also has a span of its own. The keeper allocates that and
 * frees it in turn, so that requests are served at last, even where every import
 * fails: only something free in the middle arena has to wake them then.
 */
#ifndef VMEM_TORTURE_HOSTILE_H
#define VMEM_TORTURE_HOSTILE_H

#include <linux/bits.h>
#include <linux/mutex.h>

#include "torture.h"

#define Q		16UL
#define BASE		0x1000UL
#define ROOT_UNITS	256UL
#define OWN_UNITS	32UL
#define OWN_BASE	(BASE + ROOT_UNITS * Q)
#define MOST		4

#define STASH		64	/* what functions allocate in the middle arena */

enum { ROOT, MIDDLE, LEAF, LEVELS };

/* What the functions of a client do. */
#define SLEEPS		BIT(0)	/* they take 1 to 50 ms, rarely seconds */
#define SLEEP_ONLY	BIT(1)	/* serves only requests that may sleep */
#define LOCKS		BIT(2)	/* they take the client's mutex */
#define REFUSES		BIT(3)	/* returns NULL, whatever is free */
#define BAD		BIT(4)	/* returns what must be refused */
#define REENTERS	BIT(5)	/* they allocate and free in the same arena */
#define MISFIT		BIT(6)	/* no functions; the source never fits */

/**
 * struct tt_client - a hostile client
 * @name: names of the arenas
 * @conduct: what its functions do
 * @lock: its mutex
 * @map: owner map of the tree
 * @arena: the arenas
 * @importing: import calls under way
 * @bad: bad results returned, and not yet given back
 * @nbad: bad results returned since the arenas were created
 * @reentering: the task in whose call the client allocates and frees
 * @stash: what it has allocated; for the task in @reentering, or when all is calm
 * @nstash: how many that are
 */
struct tt_client {
	const char *name[LEVELS];
	unsigned int conduct;
	struct mutex lock;	/* of the client, not of the torture */
	struct tt_map map;
	struct tt_arena arena[LEVELS];
	atomic_t importing;
	atomic_t bad;
	atomic_t nbad;
	struct task_struct *reentering;
	void *stash[STASH];
	unsigned int nstash;
};

/* In the order of enum tt_hostile. */
#define TT_CLIENTS	6

extern struct tt_client tt_clients[TT_CLIENTS];		/* hostile_arenas.c */

static inline bool tt_takes_part(const struct tt_client *c)
{
	return tt_hostile(c - tt_clients);
}

/* hostile.c */
void *tt_hostile_import(vmem_t *src, size_t *size, size_t align, int vmflag);
void tt_hostile_release(vmem_t *src, void *addr, size_t size);
void tt_hostile_unstash(struct tt_client *c);
int tt_hostile_other_init(void);
void tt_hostile_other_exit(void);

#endif /* VMEM_TORTURE_HOSTILE_H */
