/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Declarations shared by the files of the hostile clients.
 *
 * Each client has a tree of three arenas. A leaf with quantum caches imports by
 * vmem_alloc() from a middle arena. The middle arena imports from a root: by
 * vmem_alloc() for a MISFIT client, else by the client's functions. The middle
 * arena also has an initial span, its "own span". A thread alternately
 * allocates and frees the whole own span. So vmem serves every request in the
 * end, even if every import fails. If every import fails, only vmem_free() and
 * vmem_xfree() in the middle arena wake waiters.
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
#define MAX_QUANTA		4

#define STASH		64	/* capacity of struct tt_client.stash */

enum { ROOT, MIDDLE, LEAF, LEVELS };

/* Behaviour of a client's import and release functions. */
#define SLEEPS		BIT(0)	/* both sleep 1 to 50 ms, rarely seconds */
#define SLEEP_ONLY	BIT(1)	/* an import with VM_NOSLEEP fails */
#define LOCKS		BIT(2)	/* both take the client's mutex */
#define REFUSES		BIT(3)	/* imports fail although space is free */
#define BAD		BIT(4)	/* imports return ranges that vmem refuses */
#define REENTERS	BIT(5)	/* both use the middle arena */
#define MISFIT		BIT(6)	/* vmem_alloc() imports misaligned ranges */

/**
 * struct tt_client - a hostile client
 * @name: names of the arenas
 * @behaviour: bit mask of the behaviours above
 * @lock: its mutex
 * @map: owner map of the tree
 * @arena: the arenas
 * @importing: number of import calls under way
 * @bad: number of bad results that are not yet released
 * @nbad: number of bad results since the arenas were created
 * @reentering: the task in reenter(), NULL if there is none
 * @stash: segments that reenter() holds; only the task in @reentering uses it
 * @nstash: number of segments in @stash
 */
struct tt_client {
	const char *name[LEVELS];
	unsigned int behaviour;
	struct mutex lock;	/* a mutex of the client */
	struct tt_map map;
	struct tt_arena arena[LEVELS];
	atomic_t importing;
	atomic_t bad;
	atomic_t nbad;
	struct task_struct *reentering;
	void *stash[STASH];
	unsigned int nstash;
};

/* Number of clients in tt_clients: the first six of enum tt_hostile. */
#define TT_CLIENTS	6

extern struct tt_client tt_clients[TT_CLIENTS];		/* hostile_arenas.c */

static inline bool tt_client_enabled(const struct tt_client *c)
{
	return tt_hostile_enabled(c - tt_clients);
}

/* hostile.c */
void *tt_hostile_import(vmem_t *src, size_t *size, size_t align, int vmflag);
void tt_hostile_release(vmem_t *src, void *addr, size_t size);
void tt_hostile_free_stash(struct tt_client *c);
int tt_hostile_other_init(void);
void tt_hostile_other_exit(void);

#endif /* VMEM_TORTURE_HOSTILE_H */
