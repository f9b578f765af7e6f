/* SPDX-License-Identifier: GPL-2.0 */
/* A world: arenas under test, each with its model. */
#ifndef MC_WORLD_H
#define MC_WORLD_H

#include <linux/prandom.h>
#include <linux/timer.h>

#include "engine.h"
#include "model.h"

#define MC_ARENAS	3
#define MC_STEPS	2048		/* steps of a sequence, at most */

/* Source of an arena. */
enum mc_source {
	MC_OWN,			/* none */
	MC_FUNC,		/* an import function of the test */
	MC_XFUNC,		/* an import function that may raise the size */
	MC_ARENA,		/* the previous arena, with vmem_alloc() */
};

/**
 * struct mc_arena_config - parameters of an arena
 * @shift: log2 of the quantum
 * @units: number of units of the model
 * @source: kind of source
 * @source_shift: log2 of the source's quantum, for MC_FUNC and MC_XFUNC
 * @release: the arena has a release function
 * @flags: VMC_* flags
 * @qcache_max: argument of vmem_create()
 * @own: first unit that the test may pass to vmem_add()
 * @end: unit after the last unit that the test may pass to vmem_add(); the
 *	arena gets all other units only by import
 * @span: the initial spans
 * @nspans: number of initial spans
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
 * struct mc_config - parameters of a world
 * @kind: kind of the world
 * @seed: seed from which the parameters are derived
 * @base: the address of unit 0 in all arenas of the world
 * @arenas: number of arenas; each source precedes the arenas that import from
 *	it
 * @arena: the arenas
 * @full: number of steps between full comparisons
 * @defect: defect of the model
 */
struct mc_config {
	enum mc_kind kind;
	u32 seed;
	unsigned long base;
	unsigned int arenas;
	struct mc_arena_config arena[MC_ARENAS];
	unsigned int full;
	enum mc_defect defect;
};

enum mc_op_kind {
	MC_ALLOC, MC_XALLOC, MC_FREE, MC_ADD, MC_CONTAINS, MC_SIZE, MC_WALK,
	MC_RENEW, MC_UPDATE, MC_BAD_FREE, MC_BAD_ADD, MC_BAD_XALLOC, MC_OPS
};

/**
 * struct mc_op - one step
 * @kind: the operation
 * @arena: index of the arena
 * @slot: the step that made the allocation, for MC_FREE and MC_BAD_*
 * @nest: number of following steps to execute within the walk, for MC_WALK
 * @flags: VM_* flags
 * @rnd: random bits for import functions and for choices that no other field
 *	defines
 * @size: argument of the function
 * @align: argument of vmem_xalloc()
 * @phase: argument of vmem_xalloc()
 * @nocross: argument of vmem_xalloc()
 * @min: argument minaddr of vmem_xalloc(), or the address argument of another
 *	function
 * @max: argument maxaddr of vmem_xalloc()
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
 * @config: parameters of the arena
 * @source: for MC_ARENA: the arena from which @vm imports, otherwise NULL
 * @label: for MC_FUNC and MC_XFUNC: the source argument in the creation of @vm,
 *	an arena without spans; the quantum of this arena is the quantum of
 *	imports
 * @want: [33] the expected statistics
 * @live: number of allocations that clients hold
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

/*
 * Result of a step that allocates. @addr is 0 if the request failed or its
 * allocation has been freed.
 */
struct mc_result {
	unsigned long addr;
	size_t size;
	u8 arena;
	bool x;
};

/* Arguments and result of the import or release function. */
struct mc_call {
	unsigned int calls;
	size_t size;
	size_t align;
	int vmflag;
	unsigned long start;
	size_t got;
};

/**
 * struct mc_world - a world
 * @config: parameters of the world
 * @renewed: the parameters that mc_world_renew() used last: a copy of @config
 *	with other parameters for the last arena
 * @arenas: number of existing arenas
 * @arena: the arenas
 * @op: the steps
 * @got: results of the steps
 * @live: steps whose allocation is not freed
 * @nlive: number of entries in @live
 * @where: index of each step in @live
 * @nops: number of steps of the sequence
 * @next: number of steps that have begun
 * @at: the current step
 * @drawing: steps are drawn from @rnd one by one; otherwise all steps are in
 *	@op
 * @rnd: random state for drawing steps
 * @bias: percentage of allocations among allocations and frees
 * @walking: a walk is in progress
 * @known: this step leads to a state that has already been compared
 * @import: calls of the import function in this step
 * @release: calls of the release function in this step
 * @starts: first units of the segments at the beginning of a walk
 * @touched: units whose segment has changed since the beginning of the walk
 * @seen: number of visits of the segment that starts at each unit, during a
 *	walk
 * @view: snapshot of an arena before the step, for arenas with caches
 * @viewed: @view is valid
 * @trace: checksum of all results, to compare two runs
 * @detail: details of the error
 * @watchdog: reports a step that hangs
 */
struct mc_world {
	struct mc_config config;
	struct mc_config renewed;
	unsigned int arenas;
	struct mc_arena arena[MC_ARENAS];
	struct mc_op op[MC_STEPS];
	struct mc_result got[MC_STEPS];
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
	struct mc_call import;
	struct mc_call release;
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
void mc_result_clear(struct mc_world *w, unsigned int slot);

/* settle.c */
bool mc_must_succeed(struct mc_world *w, struct mc_arena *a,
		     const struct mc_req *req);
const char *mc_check_alloc(struct mc_world *w, struct mc_arena *a,
			   const struct mc_req *req, unsigned long addr);
const char *mc_check_free(struct mc_world *w, struct mc_arena *a,
			  unsigned long addr, size_t size);

bool mc_may_import(const struct mc_arena *a, const struct mc_req *req);
struct mc_req mc_import_request(const struct mc_arena *a,
				const struct mc_req *req);
void mc_count_alloc(struct mc_arena *a, const struct mc_req *req,
		    unsigned long addr);
unsigned long mc_span_start(struct mc_arena *a, unsigned long addr);

/* cached.c */
bool mc_cached_must_succeed(struct mc_world *w, struct mc_arena *a,
			    const struct mc_req *req);
void mc_cached_snapshot(struct mc_world *w, struct mc_arena *a,
			const struct mc_req *req);
const char *mc_cached_check_alloc(struct mc_world *w, struct mc_arena *a,
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
 * True in worlds without caches: there the model knows all segments, not only
 * the clients' allocations. Caches allocate and free segments at any time, both
 * in the arena and in its source.
 */
static inline bool mc_knows_segments(const struct mc_world *w,
				     const struct mc_arena *a)
{
	return w->config.kind != MC_CACHED;
}

/* True if the model knows all spans. */
static inline bool mc_knows_spans(const struct mc_world *w,
				  const struct mc_arena *a)
{
	return mc_knows_segments(w, a) || !a->source;
}

#endif /* MC_WORLD_H */
