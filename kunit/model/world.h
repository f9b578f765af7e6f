/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A world: arenas under test, each beside its model.
 */
#ifndef MC_WORLD_H
#define MC_WORLD_H

#include <linux/prandom.h>
#include <linux/timer.h>

#include "engine.h"
#include "model.h"

#define MC_ARENAS	3
#define MC_STEPS	2048		/* of a sequence, at the most */

/* Where an arena gets more. */
enum mc_source {
	MC_OWN,			/* nowhere */
	MC_FUNC,		/* from an import function of ours */
	MC_XFUNC,		/* from one that may raise the size */
	MC_ARENA,		/* from the arena before it, by vmem_alloc() */
};

/**
 * struct mc_arena_config - how to make an arena
 * @shift: log2 of its quantum
 * @units: of its model
 * @source: where it imports from
 * @source_shift: MC_FUNC, MC_XFUNC: log2 of the source's quantum
 * @release: it has a release function
 * @flags: VMC_*
 * @qcache_max: as of vmem_create()
 * @own: units that it may add by itself begin here
 * @end: and end here; others are not to be added, since a source may lend them
 * @span: spans that it has from the beginning
 * @nspans: how many
 */
struct mc_arena_config {
	unsigned int shift;
	unsigned int units;
	enum mc_source source;
	unsigned int source_shift;
	bool release;
	int flags;
	size_t qcache_max;
	unsigned int own;
	unsigned int end;
	struct mc_span span[4];
	unsigned int nspans;
};

/**
 * struct mc_config - how to make a world
 * @kind: what it is about
 * @seed: what it was drawn from
 * @base: the address of unit 0 in all of its arenas
 * @arenas: how many there are, each source before those that import from it
 * @arena: they
 * @full: steps from one full comparison to the next
 * @lie: what the model is to get wrong
 */
struct mc_config {
	enum mc_kind kind;
	u32 seed;
	unsigned long base;
	unsigned int arenas;
	struct mc_arena_config arena[MC_ARENAS];
	unsigned int full;
	enum mc_lie lie;
};

enum mc_op_kind {
	MC_ALLOC, MC_XALLOC, MC_FREE, MC_ADD, MC_CONTAINS, MC_SIZE, MC_WALK,
	MC_RENEW, MC_UPDATE, MC_BAD_FREE, MC_BAD_ADD, MC_BAD_XALLOC, MC_OPS
};

/**
 * struct mc_op - one step
 * @kind: what to do
 * @arena: to which
 * @slot: MC_FREE, MC_BAD_*: the step whose allocation it is about
 * @nest: MC_WALK: how many of the following steps to take within it
 * @flags: VM_* flags; MC_FREE: by the function of the other pair
 * @rnd: what import functions, and everything else that is not in the other
 *	fields, is drawn from
 * @size: as of the function
 * @align: as of vmem_xalloc()
 * @phase: as of vmem_xalloc()
 * @nocross: as of vmem_xalloc()
 * @min: as of vmem_xalloc(); other kinds: the address
 * @max: as of vmem_xalloc()
 */
struct mc_op {
	u8 kind;
	u8 arena;
	u16 slot;
	u16 nest;
	int flags;
	u32 rnd;
	size_t size;
	size_t align;
	size_t phase;
	size_t nocross;
	unsigned long min;
	unsigned long max;
};

/**
 * struct mc_arena - an arena and its model
 * @vm: the arena
 * @model: the model
 * @config: how it was made
 * @source: MC_ARENA: where it imports from
 * @label: MC_FUNC, MC_XFUNC: lends its quantum
 * @want: [33] the statistics as they should be
 * @live: how many allocations clients have
 */
struct mc_arena {
	vmem_t *vm;
	struct mc_model model;
	struct mc_arena_config config;
	struct mc_arena *source;
	vmem_t *label;
	struct vmem_stats want;
	unsigned int live;
};

/* What an allocating step got; @addr 0: nothing, or no longer. */
struct mc_got {
	unsigned long addr;
	size_t size;
	u8 arena;
	bool x;
};

/* What an import or release function was asked, and what it said. */
struct mc_asked {
	unsigned int calls;
	size_t size;
	size_t align;
	int vmflag;
	unsigned long start;
	size_t got;
};

/**
 * struct mc_world - a world
 * @config: how it was made
 * @renewed: the same for the last arena when that was made anew
 * @arenas: how many arenas are made
 * @arena: they
 * @op: the steps so far
 * @got: what they got
 * @live: those that have something
 * @nlive: how many
 * @where: the place of each in @live
 * @nops: how many steps there are to be
 * @next: how many have begun
 * @at: the one under way
 * @drawing: a step is drawn from @rnd when its time has come; else all are there
 * @rnd: what they are drawn from
 * @bias: how many of a hundred steps allocate, of those that allocate or free
 * @walking: within a walk
 * @known: the state that this step leads to has been compared before
 * @import: what the import function was asked in it
 * @release: what the release function was asked in it
 * @starts: MC_WALK: units that segments began at when it began
 * @touched: MC_WALK: units whose segment is not what it was then
 * @seen: MC_WALK: how often a segment was seen that begins there
 * @view: cached: the arena as it was seen before the step
 * @viewed: it was looked at
 * @trace: a sum of all addresses got so far, to tell two runs apart
 * @detail: more about what is wrong
 * @watchdog: says so when a step does not come back
 */
struct mc_world {
	struct mc_config config;
	struct mc_config renewed;
	unsigned int arenas;
	struct mc_arena arena[MC_ARENAS];
	struct mc_op op[MC_STEPS];
	struct mc_got got[MC_STEPS];
	u16 live[MC_STEPS];
	unsigned int nlive;
	u16 where[MC_STEPS];
	unsigned int nops;
	unsigned int next;
	unsigned int at;
	bool drawing;
	struct rnd_state rnd;
	unsigned int bias;
	bool walking;
	bool known;
	struct mc_asked import;
	struct mc_asked release;
	DECLARE_BITMAP(starts, MC_UNITS);
	DECLARE_BITMAP(touched, MC_UNITS);
	u8 seen[MC_UNITS];
	struct mc_model view;
	bool viewed;
	unsigned long trace;
	char detail[160];
	struct timer_list watchdog;
};

/* config.c */
void mc_config_draw(struct mc_config *c, enum mc_kind kind, u32 seed);
void mc_arena_draw(struct mc_config *c, unsigned int i, struct rnd_state *rnd);
void mc_config_print(const struct mc_config *c);

/* world.c */
bool mc_world_make(struct mc_world *w, const struct mc_config *c);
const char *mc_world_end(struct mc_world *w);
const char *mc_world_renew(struct mc_world *w, u32 seed);
unsigned long mc_place_import(struct mc_world *w, struct mc_arena *a,
			      size_t *size, size_t align);

/* op.c */
void mc_op_draw(struct mc_world *w, struct mc_op *op);
void mc_op_print(const struct mc_world *w, unsigned int step);
bool mc_xalloc_valid(const struct mc_model *m, const struct mc_op *op);
struct mc_req mc_request(const struct mc_model *m, const struct mc_op *op);

/* drive.c */
const char *mc_step(struct mc_world *w);
void mc_forget(struct mc_world *w, unsigned int slot);

/* settle.c */
bool mc_sure(struct mc_world *w, struct mc_arena *a, const struct mc_req *req);
const char *mc_settle(struct mc_world *w, struct mc_arena *a,
		      const struct mc_req *req, unsigned long addr);
const char *mc_settle_free(struct mc_world *w, struct mc_arena *a,
			   unsigned long addr, size_t size);

bool mc_may_import(const struct mc_arena *a, const struct mc_req *req);
struct mc_req mc_import_request(const struct mc_arena *a,
				const struct mc_req *req);
void mc_count_alloc(struct mc_arena *a, const struct mc_req *req,
		    unsigned long addr);
unsigned long mc_span_start(struct mc_arena *a, unsigned long addr);

/* cached.c */
bool mc_cached_sure(struct mc_world *w, struct mc_arena *a,
		    const struct mc_req *req);
void mc_cached_look(struct mc_world *w, struct mc_arena *a,
		    const struct mc_req *req);
const char *mc_cached_settle(struct mc_world *w, struct mc_arena *a,
			     const struct mc_req *req, unsigned long addr);

/* compare.c */
const char *mc_compare_stats(struct mc_world *w);
const char *mc_compare(struct mc_world *w);

/* shrink.c */
bool mc_shrink(struct mc_world *w, const char *why, unsigned int *steps);

/* run.c */
const char *mc_replay(struct mc_world *w, const struct mc_config *c,
		      const struct mc_op *ops, unsigned int n);

static inline struct mc_arena *mc_arena_of(struct mc_world *w,
					   const struct mc_op *op)
{
	return &w->arena[op->arena];
}

static inline bool mc_has_caches(const struct mc_arena *a)
{
	return a->config.qcache_max && !(a->config.flags & VMC_NO_QCACHE);
}

/*
 * Does the model know of every segment, or only of what clients have? Caches take
 * what they like, and when they like, also from the arena that theirs imports from.
 */
static inline bool mc_exact(const struct mc_world *w, const struct mc_arena *a)
{
	return w->config.kind != MC_CACHED;
}

/* Does the model know all spans? */
static inline bool mc_knows_spans(const struct mc_world *w,
				  const struct mc_arena *a)
{
	return mc_exact(w, a) || !a->source;
}

#endif /* MC_WORLD_H */
