/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Quantum caches: the structures.
 *
 * Three layers, each with a price of its own. Per-CPU magazines: no lock at all.
 * The depot, where CPUs exchange whole magazines: a lock for a few instructions.
 * Slabs, ranges of the arena cut into equal objects: a lock and a bit search.
 * Below is the arena.
 */
#ifndef _VMEM_QCACHE_QCACHE_H
#define _VMEM_QCACHE_QCACHE_H

#include <linux/percpu.h>
#include <linux/workqueue.h>

#include "../arena/serve.h"

/* Cached sizes of an arena at the most. */
#define VMEM_QCACHES_MAX	16

/* Objects in a slab at the most: the bits of its map. */
#define VMEM_SLAB_OBJECTS	64

/* Lists of slabs, by the logarithm of their free objects. */
#define VMEM_SLAB_LISTS		7

/* Slabs that frees have noted for a split; more than that: all are looked at. */
#define VMEM_SLABS_NOTED	8

/**
 * struct vmem_magazine - a stack of addresses
 * @next: the next in a list of the depot
 * @rounds: how many it holds; while it is loaded &vmem_cpu_cache.rounds tells
 * @capacity: how many it can hold. Constant.
 * @round: the addresses
 *
 * Belongs to a CPU or to a depot, and is protected as that is.
 */
struct vmem_magazine {
	struct vmem_magazine *next;
	u16 rounds;
	u16 capacity;
	unsigned long round[];
};

/**
 * struct vmem_cpu_cache - what one CPU has of one cache
 * @rounds: addresses in the loaded magazine
 * @capacity: of the loaded magazine, 0 without one
 * @round: the addresses in the loaded magazine
 * @loaded: the magazine to take from and put into
 * @prev: the one before it: full or empty, so that a CPU that goes to and fro
 *	across the end of a magazine does not go to the depot each time
 * @allocs: allocations served
 * @frees: frees served
 * @busy: code on this CPU is in the middle of using it: an interrupt handler finds
 *	it set and takes the slab layer
 *
 * Only its CPU touches it, with preemption off and @busy set. For a dead CPU
 * whoever has made sure that it stays dead; when the arena ends, whoever ends it.
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
 * struct vmem_cpu - what one CPU has of one arena
 * @cache: by cached size
 * @unload: moves its magazines to the depots
 * @vm: the arena
 */
struct vmem_cpu {
	struct vmem_cpu_cache cache[VMEM_QCACHES_MAX];
	struct work_struct unload;
	struct vmem *vm;
};

/**
 * struct vmem_depot - where CPUs exchange magazines
 * @lock: held for a few instructions, interrupts off; nothing is allocated or
 *	freed under it
 * @full: magazines with something in them
 * @empty: magazines with nothing in them
 * @nfull: how many
 * @nempty: how many
 * @full_min: the least of @nfull since the last round of maintenance: that many
 *	were not needed
 * @empty_min: the same of @nempty
 * @contended: times that @lock was not free
 * @contended_then: the same at the last round of maintenance
 */
struct vmem_depot {
	raw_spinlock_t lock;	/* protects all of this */
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
 * @hash: place in &vmem_qcache.slabs
 * @key: number of the granule, of the size of a slab, that it begins in: no two
 *	slabs begin in the same
 * @list: place in &vmem_qcache.partial, full or empty
 * @start: first integer
 * @free: bit n set: object n is free
 * @nfree: how many are
 * @idle: was wholly free at the last round of maintenance
 * @level: before there is a slab: what the request that makes it waits for
 *
 * Protected by the lock of its cache; @level is the request's.
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
 * @size: of its objects. Constant.
 * @per_slab: objects in a slab. Constant.
 * @kind: which size of magazine is used; grows with contention. Maintenance
 *	writes it, READ_ONCE() elsewhere.
 * @armed: there has been a magazine, or a free has missed one: until then no CPU need
 *	be asked for one. Set once, WRITE_ONCE() and READ_ONCE()
 * @missed: frees that found no magazine, for which allocations make some. A hint:
 *	READ_ONCE(), WRITE_ONCE() on any CPU.
 * @depot: magazines that no CPU has; own lock
 * @lock: protects what follows; taken before the arena lock
 * @map: bit n set: @partial[n] is not empty
 * @partial: slabs with 2^n to 2^(n+1)-1 free objects, not wholly free
 * @full: slabs without free objects
 * @empty: slabs wholly free
 * @slabs: all slabs, by granule
 * @nslabs: how many
 * @nempty: how many of them are wholly free
 * @nfree: free objects in all slabs
 * @allocs: objects taken from slabs
 * @frees: objects put into slabs
 * @singles: objects taken from the arena one by one
 * @noted: slabs to be looked at for a split, by their first integers
 * @nnoted: how many
 * @noted_more: there were more of them
 */
struct vmem_qcache {
	struct vmem *vm;
	unsigned long size;
	unsigned int per_slab;
	unsigned int kind;
	bool armed;
	unsigned int missed;

	struct vmem_depot depot;

	spinlock_t lock;	/* see above */
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
	unsigned long noted[VMEM_SLABS_NOTED];
	unsigned int nnoted;
	bool noted_more;
};

/**
 * struct vmem_qcaches - the quantum caches of an arena
 * @n: how many. Constant.
 * @slab_size: of the slabs of all of them: one size, so that what one cache gives
 *	back another can use. Constant.
 * @slab_shift: log2 of that. Constant.
 * @weight: the sum of the cached sizes, for the bound on what CPUs hold. Constant.
 * @magazines: magazines of all these caches, wherever they are
 * @cache: the caches, the smallest size first
 */
struct vmem_qcaches {
	unsigned int n;
	unsigned long slab_size;
	unsigned int slab_shift;
	unsigned long weight;
	atomic_t magazines;
	struct vmem_qcache cache[];
};

/* The cache that serves a cached size. */
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

/* magazine.c: magazines and the depot */
struct vmem_magazine *vmem_magazine_alloc(struct vmem_qcache *qc);
bool vmem_magazine_allowed(struct vmem *vm);
void vmem_magazine_free(struct vmem_qcache *qc, struct vmem_magazine *mag);
void vmem_magazine_supply(struct vmem_qcache *qc);
unsigned int vmem_magazine_capacity(unsigned int kind);
bool vmem_magazine_grow(struct vmem_qcache *qc);
void vmem_depot_init(struct vmem_depot *d);
struct vmem_magazine *vmem_depot_take_full(struct vmem_depot *d);
struct vmem_magazine *vmem_depot_take_empty(struct vmem_depot *d);
void vmem_depot_put(struct vmem_depot *d, struct vmem_magazine *mag);
unsigned long vmem_magazine_bytes(void);
int vmem_magazine_init(void);
void vmem_magazine_exit(void);

/* cpu.c: what CPUs have */
void vmem_cpu_unload_here(struct vmem *vm);
void vmem_cpu_unload(struct vmem *vm, struct vmem_cpu *cpu);
void vmem_cpu_unload_work(struct work_struct *work);
void vmem_cpu_choose(struct vmem *vm);
int vmem_cpu_init(void);
void vmem_cpu_exit(void);
unsigned long vmem_cpu_alloc_slow(struct vmem_qcache *qc, unsigned int index);
bool vmem_cpu_free_slow(struct vmem_qcache *qc, unsigned int index,
			unsigned long addr);

/* qcache.c */
unsigned long vmem_qcache_take(struct vmem_qcache *qc);
void vmem_qcache_count_single(struct vmem_qcache *qc);

/* reclaim.c: giving back */
void vmem_depot_drain(struct vmem_qcache *qc);
void vmem_qcaches_maintain(struct vmem *vm);

#endif /* _VMEM_QCACHE_QCACHE_H */
