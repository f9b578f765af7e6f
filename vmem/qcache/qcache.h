/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Quantum caches: the structures.
 *
 * A cache has three layers. An allocation takes an object from the first layer
 * that has an object:
 *
 * - the magazines of this CPU, without a lock;
 * - the depot, where CPUs exchange whole magazines, with a lock for a few
 *   instructions;
 * - slabs, ranges of the arena cut into equal objects, with a lock and a bit
 *   search.
 *
 * If no layer has an object, the arena serves the request.
 */
#ifndef _VMEM_QCACHE_QCACHE_H
#define _VMEM_QCACHE_QCACHE_H

#include <linux/percpu.h>
#include <linux/workqueue.h>

#include "../arena/wait.h"

/* Upper bound of the cached sizes of an arena. */
#define VMEM_QCACHES_MAX	16

/* Upper bound of the objects in a slab: &vmem_slab.free has a bit for each. */
#define VMEM_SLAB_OBJECTS	64

/* Number of lists of slabs, indexed by log2 of the number of free objects. */
#define VMEM_SLAB_LISTS		7

/*
 * Upper bound of the slabs that an arena records for a split. If there are more,
 * the work item &vmem.split checks all slabs.
 */
#define VMEM_SLABS_NOTED	8

/**
 * struct vmem_magazine - a stack of addresses
 * @next: the next magazine in a list of the depot
 * @rounds: number of addresses in the magazine; not valid while it is loaded
 * @capacity: upper bound of @rounds. Constant.
 * @round: the addresses
 *
 * A magazine is in a CPU's part of a cache, or in a depot. It is protected like
 * the structure that holds it.
 */
struct vmem_magazine {
	struct vmem_magazine *next;
	u16 rounds;
	u16 capacity;
	unsigned long round[];
};

/**
 * struct vmem_cpu_cache - one CPU's part of one cache
 * @rounds: number of addresses in the loaded magazine
 * @capacity: capacity of the loaded magazine, 0 if no magazine is loaded
 * @round: the addresses in the loaded magazine
 * @loaded: the magazine that the CPU uses
 * @prev: the previously loaded magazine, full or empty. When the loaded
 *	magazine becomes empty or full, the CPU tries @prev before the depot.
 * @allocs: number of allocations that the magazines have served
 * @frees: number of objects that were freed to the magazines
 * @busy: the busy mark: code on this CPU is using this structure, so an
 *	interrupt handler takes the slow path
 *
 * Only the CPU accesses the structure, with preemption off and @busy set.
 * Exceptions: the hotplug callback if the CPU is dead; the destruction of the
 * arena; and debugfs, which reads @rounds, @allocs and @frees.
 */
struct vmem_cpu_cache {
	unsigned int rounds;
	unsigned int capacity;
	unsigned long *round;
	struct vmem_magazine *loaded;
	struct vmem_magazine *prev;
	unsigned long allocs;
	unsigned long frees;
	bool busy;
} ____cacheline_aligned;

/**
 * struct vmem_cpu - one CPU's part of all caches of an arena
 * @cache: the CPU's part of each cache, by cached size
 * @unload: work item: moves the magazines to the depots
 * @vm: the arena. Constant.
 */
struct vmem_cpu {
	struct vmem_cpu_cache cache[VMEM_QCACHES_MAX];
	struct work_struct unload;
	struct vmem *vm;
};

/**
 * struct vmem_depot - the magazines that CPUs exchange
 * @lock: protects all fields; held for a few instructions with interrupts off.
 *	No memory is allocated or freed under the lock.
 * @full: magazines that are not empty
 * @empty: empty magazines
 * @nfull: number of magazines in @full
 * @nempty: number of magazines in @empty
 * @full_min: the lowest @nfull since the last round of maintenance: the number
 *	of magazines that were not needed
 * @empty_min: the lowest @nempty since the last round of maintenance
 * @contended: number of times that a CPU found @lock held
 * @contended_then: @contended at the last round of maintenance
 */
struct vmem_depot {
	raw_spinlock_t lock;	/* protects all fields */
	struct vmem_magazine *full;
	struct vmem_magazine *empty;
	unsigned int nfull;
	unsigned int nempty;
	unsigned int full_min;
	unsigned int empty_min;
	unsigned long contended;
	unsigned long contended_then;
};

/**
 * struct vmem_slab - a range of the arena, cut into objects
 * @hash: node in &vmem_qcache.slabs
 * @key: number of the granule in which the slab begins. A granule has the size
 *	of a slab; no two slabs begin in the same granule.
 * @list: node in &vmem_qcache.partial, full or empty
 * @start: first integer
 * @free: bit n is set while object n is free
 * @nfree: number of free objects
 * @idle: the slab was wholly free at the last round of maintenance
 * @level: the level of the request that makes the slab, until the slab exists
 *
 * The lock of the cache protects all fields except @level. Only the request
 * that makes the slab uses @level, before the slab is in the cache.
 */
struct vmem_slab {
	union {
		struct {
			struct hlist_node hash;
			unsigned long key;
			struct hlist_node list;
			unsigned long start;
			u64 free;
			u8 nfree;
			bool idle;
		};
		struct vmem_level level;
	};
};

/**
 * struct vmem_qcache - the cache of one size
 * @vm: the arena. Constant.
 * @size: size of an object. Constant.
 * @per_slab: objects in a slab. Constant.
 * @kind: kind (size) of the next magazines; grows with contention. Maintenance
 *	writes it; READ_ONCE() elsewhere.
 * @try_magazines: set when the first magazine is made, or when vmem_free()
 *	first finds no magazine; until then, requests skip the magazines.
 *	WRITE_ONCE(), READ_ONCE().
 * @missed: number of objects for which vmem_free() found no magazine;
 *	later allocations make magazines for these objects. A hint:
 *	READ_ONCE(), WRITE_ONCE() on any CPU.
 * @depot: magazines that are not in any CPU's part. Own lock.
 * @lock: the cache lock: protects the fields below; taken before the arena lock
 * @map: bit n is set while @partial[n] is not empty
 * @partial: slabs with 2^n to 2^(n+1)-1 free objects, not wholly free
 * @full: slabs without free objects
 * @empty: slabs that are wholly free
 * @slabs: all slabs, by granule
 * @nslabs: number of slabs
 * @nempty: number of slabs that are wholly free
 * @nfree: number of free objects in all slabs
 * @allocs: objects taken from slabs
 * @frees: objects returned to slabs
 * @singles: single objects taken from the arena
 */
struct vmem_qcache {
	struct vmem *vm;
	unsigned long size;
	unsigned int per_slab;
	unsigned int kind;
	bool try_magazines;
	unsigned int missed;

	struct vmem_depot depot;

	spinlock_t lock;	/* the cache lock, see above */
	unsigned long map;
	struct hlist_head partial[VMEM_SLAB_LISTS];
	struct hlist_head full;
	struct hlist_head empty;
	struct vmem_hash slabs;
	unsigned long nslabs;
	unsigned long nempty;
	unsigned long nfree;
	unsigned long allocs;
	unsigned long frees;
	unsigned long singles;
};

/**
 * struct vmem_qcaches - the quantum caches of an arena
 * @n: number of caches. Constant.
 * @slab_size: size of the slabs of all caches; with one size, a cache can
 *	reuse the range of another cache's slab. Constant.
 * @slab_shift: log2 of @slab_size. Constant.
 * @weight: sum of the cached sizes, for magazine_limit(). Constant.
 * @maintain: a cache may have slabs, or a slab table above its minimum size.
 *	Set when a slab is inserted, cleared by maintenance; WRITE_ONCE(),
 *	READ_ONCE().
 * @magazines: number of magazines of all caches
 * @noted: first integers of the slabs that are recorded for &vmem.split. Arena lock.
 * @nnoted: number of entries in @noted. Arena lock.
 * @noted_more: a slab was not recorded, because @noted was full. Arena lock.
 * @cache: the caches, the smallest size first
 */
struct vmem_qcaches {
	unsigned int n;
	unsigned long slab_size;
	unsigned int slab_shift;
	unsigned long weight;
	bool maintain;
	atomic_t magazines;
	unsigned long noted[VMEM_SLABS_NOTED];
	unsigned int nnoted;
	bool noted_more;
	struct vmem_qcache cache[];
};

/**
 * struct vmem_reclaim_budget - upper bounds for a request that may not sleep
 * @objects: objects that the request moves from depots to slabs
 * @slabs: slabs that the request returns to arenas, or splits
 * @looks: slabs that the request checks for a split
 */
struct vmem_reclaim_budget {
	unsigned int objects;
	unsigned int slabs;
	unsigned int looks;
};

#define VMEM_RECLAIM_BUDGET						\
	((struct vmem_reclaim_budget){ .objects = 1024, .slabs = 16, .looks = 512 })

/* Index of the cache that serves a cached size. */
static inline unsigned long vmem_qcache_index(const struct vmem *vm, size_t size)
{
	return (size - 1) >> vm->qcache_shift;
}

int vmem_qcaches_create(struct vmem *vm, unsigned int n,
			unsigned long slab_size);
void vmem_qcaches_destroy(struct vmem *vm);
unsigned long vmem_qcaches_bytes(void);
int vmem_qcache_init(void);
void vmem_qcache_exit(void);

/* magazine.c: magazines, the depot, and the per-CPU parts */
bool vmem_magazine_allowed(struct vmem *vm);
void vmem_magazine_free(struct vmem_qcache *qc, struct vmem_magazine *mag);
void vmem_magazine_supply(struct vmem_qcache *qc);
unsigned int vmem_magazine_capacity(unsigned int kind);
void vmem_magazine_grow(struct vmem_qcache *qc);
void vmem_depot_init(struct vmem_depot *d);
struct vmem_magazine *vmem_depot_take_full(struct vmem_depot *d);
struct vmem_magazine *vmem_depot_take_empty(struct vmem_depot *d);
void vmem_depot_put(struct vmem_depot *d, struct vmem_magazine *mag);
unsigned long vmem_magazine_bytes(void);
int vmem_magazine_init(void);
void vmem_magazine_exit(void);
void vmem_cpu_unload_here(struct vmem *vm);
void vmem_cpu_unload(struct vmem *vm, struct vmem_cpu *cpu);
void vmem_cpu_unload_work(struct work_struct *work);
void vmem_cpu_update_fast(struct vmem *vm);
int vmem_cpu_init(void);
void vmem_cpu_exit(void);
unsigned long vmem_cpu_alloc_slow(struct vmem_qcache *qc, unsigned int index);
bool vmem_cpu_free_slow(struct vmem_qcache *qc, unsigned int index,
			unsigned long addr);

/* qcache.c */
unsigned long vmem_qcache_take(struct vmem_qcache *qc);
void vmem_qcache_count_single(struct vmem_qcache *qc);

/* reclaim.c: draining the caches */
void vmem_reclaim_now(struct vmem *vm, unsigned long need, bool anywhere,
		      struct vmem_reclaim_budget *budget);
void vmem_reclaim_once(struct vmem_tree *tree);
void vmem_reclaim_all_soon(void);
void vmem_tree_add_caches(struct vmem *vm, int n);
int vmem_reclaim_init(void);
void vmem_reclaim_exit(void);
void vmem_depot_drain(struct vmem_qcache *qc);
void vmem_qcaches_maintain(struct vmem *vm);

/* pressure.c: memory pressure and dead CPUs */
int vmem_pressure_init(void);
void vmem_pressure_exit(void);

#endif /* _VMEM_QCACHE_QCACHE_H */
