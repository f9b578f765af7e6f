// SPDX-License-Identifier: GPL-2.0
/*
 * Magazines: their memory, the depot of a cache, and the per-CPU parts.
 *
 * A CPU allocates from its loaded magazine and frees to it. When the loaded
 * magazine is empty, or full, the CPU loads the previous magazine instead, or a
 * magazine of the depot. Larger magazines need fewer exchanges with the depot.
 * So maintenance makes the next magazines larger when CPUs compete for the
 * depot's lock.
 */
#include <linux/slab.h>

#include "fast.h"

/* Bytes of the smallest kind of magazine; each next kind is twice as large. */
#define SMALLEST	64
#define KINDS		5

/*
 * The magazines of all CPUs hold at most 1/SHARE of an arena, because a
 * VM_NOSLEEP request cannot use the magazines of other CPUs.
 */
#define SHARE		16

static struct kmem_cache *magazine_caches[KINDS];
static const char * const magazine_names[KINDS] = {
	"vmem_magazine_64", "vmem_magazine_128", "vmem_magazine_256",
	"vmem_magazine_512", "vmem_magazine_1024",
};

static atomic_long_t magazine_bytes;

/* Per-CPU stub that always reads as busy: forces the slow path. */
static struct vmem_cpu __percpu *busy_stub;

/* Number of addresses that a magazine of @kind can hold. */
unsigned int vmem_magazine_capacity(unsigned int kind)
{
	return ((SMALLEST << kind) - sizeof(struct vmem_magazine)) /
		sizeof(unsigned long);
}

static unsigned int magazine_kind(const struct vmem_magazine *mag)
{
	unsigned int kind = 0;

	while (vmem_magazine_capacity(kind) < mag->capacity)
		kind++;
	return kind;
}

/*
 * Upper bound of the capacity of magazines. With this capacity, two magazines
 * on each CPU for each cached size hold at most 1/SHARE of the arena.
 */
static unsigned int magazine_limit(struct vmem *vm)
{
	/* Without the lock: the size may change later in any case. */
	unsigned long total = data_race(vm->segmap.stats.mem_total);
	unsigned long part = total / SHARE;

	return min(part / vm->qcaches->weight / 2 / num_possible_cpus(),
		   1UL << 15);
}

/* Is the arena large enough for magazines? */
bool vmem_magazine_allowed(struct vmem *vm)
{
	return magazine_limit(vm) >= vmem_magazine_capacity(0);
}

/* Returns a new magazine; NULL if out of memory or the arena is too small. */
static struct vmem_magazine *magazine_alloc(struct vmem_qcache *qc)
{
	unsigned int kind = READ_ONCE(qc->kind);
	unsigned int most = magazine_limit(qc->vm);
	struct vmem_magazine *mag;

	while (vmem_magazine_capacity(kind) > most)
		if (!kind--)
			return NULL;
	mag = kmem_cache_alloc(magazine_caches[kind], GFP_NOWAIT | __GFP_NOWARN);
	if (!mag)
		return NULL;
	mag->rounds = 0;
	mag->capacity = vmem_magazine_capacity(kind);
	atomic_long_add(SMALLEST << kind, &magazine_bytes);
	atomic_inc(&qc->vm->qcaches->magazines);
	/* Either a reclaim sees the magazine, or this CPU sees the waiter. */
	smp_mb__after_atomic();
	WRITE_ONCE(qc->try_magazines, true);
	return mag;
}

/**
 * vmem_magazine_supply - make an empty magazine for later frees
 * @qc: the cache; vmem_free() has found no magazine
 *
 * vmem_free() must not need memory, so an allocation makes the magazine.
 *
 * Context: any but NMI.
 */
void vmem_magazine_supply(struct vmem_qcache *qc)
{
	/* A hint that all CPUs write: a lost update does no harm. */
	unsigned int missed = READ_ONCE(qc->missed);
	struct vmem_magazine *mag;

	if (READ_ONCE(qc->vm->waiters))
		return;
	mag = magazine_alloc(qc);
	if (!mag)
		return;
	WRITE_ONCE(qc->missed, missed - min_t(unsigned int, missed, mag->capacity));
	vmem_depot_put(&qc->depot, mag);
}

void vmem_magazine_free(struct vmem_qcache *qc, struct vmem_magazine *mag)
{
	unsigned int kind = magazine_kind(mag);

	kmem_cache_free(magazine_caches[kind], mag);
	atomic_long_sub(SMALLEST << kind, &magazine_bytes);
	atomic_dec(&qc->vm->qcaches->magazines);
}

/* Make the next magazines larger, if there is a larger kind. */
void vmem_magazine_grow(struct vmem_qcache *qc)
{
	if (qc->kind < KINDS - 1)
		WRITE_ONCE(qc->kind, qc->kind + 1);
}

unsigned long vmem_magazine_bytes(void)
{
	return atomic_long_read(&magazine_bytes);
}

void vmem_depot_init(struct vmem_depot *d)
{
	raw_spin_lock_init(&d->lock);
}

static unsigned long depot_lock(struct vmem_depot *d)
	__acquires(&d->lock)
{
	unsigned long irq;

	local_irq_save(irq);
	if (!raw_spin_trylock(&d->lock)) {
		raw_spin_lock(&d->lock);
		d->contended++;
	}
	return irq;
}

static void depot_unlock(struct vmem_depot *d, unsigned long irq)
	__releases(&d->lock)
{
	raw_spin_unlock(&d->lock);
	local_irq_restore(irq);
}

/* Take a magazine that is not empty, or NULL. Context: any but NMI. */
struct vmem_magazine *vmem_depot_take_full(struct vmem_depot *d)
{
	unsigned long irq = depot_lock(d);
	struct vmem_magazine *mag = d->full;

	if (mag) {
		d->full = mag->next;
		d->full_min = min(d->full_min, --d->nfull);
	}
	depot_unlock(d, irq);
	return mag;
}

/* Take an empty magazine, or NULL. Context: any but NMI. */
struct vmem_magazine *vmem_depot_take_empty(struct vmem_depot *d)
{
	unsigned long irq = depot_lock(d);
	struct vmem_magazine *mag = d->empty;

	if (mag) {
		d->empty = mag->next;
		d->empty_min = min(d->empty_min, --d->nempty);
	}
	depot_unlock(d, irq);
	return mag;
}

/* Put a magazine into the depot. Context: any but NMI. */
void vmem_depot_put(struct vmem_depot *d, struct vmem_magazine *mag)
{
	unsigned long irq = depot_lock(d);

	if (mag->rounds) {
		mag->next = d->full;
		d->full = mag;
		d->nfull++;
	} else {
		mag->next = d->empty;
		d->empty = mag;
		d->nempty++;
	}
	depot_unlock(d, irq);
}

static void cpu_load(struct vmem_cpu_cache *cc, struct vmem_magazine *mag)
{
	cc->loaded = mag;
	cc->rounds = mag ? mag->rounds : 0;
	cc->capacity = mag ? mag->capacity : 0;
	cc->round = mag ? mag->round : NULL;
}

/* The loaded magazine, or NULL. Updates @rounds of the magazine. */
static struct vmem_magazine *cpu_loaded(struct vmem_cpu_cache *cc)
{
	if (cc->loaded)
		cc->loaded->rounds = cc->rounds;
	return cc->loaded;
}

/*
 * Load @mag. The loaded magazine becomes the previous magazine. Returns the
 * former previous magazine.
 */
static struct vmem_magazine *cpu_exchange(struct vmem_cpu_cache *cc,
					  struct vmem_magazine *mag)
{
	struct vmem_magazine *out = cc->prev;

	cc->prev = cpu_loaded(cc);
	cpu_load(cc, mag);
	return out;
}

/**
 * vmem_cpu_alloc_slow - take an object from this CPU's magazines or the depot
 * @qc: the cache
 * @index: index of the cache
 *
 * Context: any but NMI.
 * Return: the object; 0 if there is no object, or if the busy mark is set.
 */
unsigned long vmem_cpu_alloc_slow(struct vmem_qcache *qc, unsigned int index)
{
	struct vmem_cpu_cache *cc = vmem_cpu_begin(qc->vm, index);
	struct vmem_magazine *mag;
	unsigned long addr = 0;

	if (!cc)
		goto out;
	if (!cc->rounds && cc->prev && cc->prev->rounds) {
		mag = cc->prev;
		cc->prev = NULL;
		cpu_exchange(cc, mag);
	}
	/* While requests wait, the objects in the depot are for the waiters. */
	if (!cc->rounds && !READ_ONCE(qc->vm->waiters)) {
		mag = vmem_depot_take_full(&qc->depot);
		if (mag) {
			mag = cpu_exchange(cc, mag);
			if (mag)
				vmem_depot_put(&qc->depot, mag);
		}
	}
	if (cc->rounds) {
		addr = cc->round[--cc->rounds];
		cc->allocs++;
	}
out:
	vmem_cpu_end(cc);
	return addr;
}

/**
 * vmem_cpu_free_slow - put an object into this CPU's magazines
 * @qc: the cache
 * @index: index of the cache
 * @addr: the object
 *
 * If no magazine of the CPU has space, takes an empty magazine from the depot.
 *
 * Context: any but NMI.
 * Return: true if a magazine has taken the object; false if no magazine has
 * space, the busy mark is set, or requests wait.
 */
bool vmem_cpu_free_slow(struct vmem_qcache *qc, unsigned int index,
			unsigned long addr)
{
	struct vmem_cpu_cache *cc = vmem_cpu_begin(qc->vm, index);
	struct vmem_magazine *mag;
	bool done = false;

	if (!cc || READ_ONCE(qc->vm->waiters))
		goto out;
	if (cc->rounds == cc->capacity && cc->prev && !cc->prev->rounds) {
		mag = cc->prev;
		cc->prev = NULL;
		cpu_exchange(cc, mag);
	}
	if (cc->rounds == cc->capacity) {
		mag = vmem_depot_take_empty(&qc->depot);
		if (mag) {
			mag = cpu_exchange(cc, mag);
			if (mag)
				vmem_depot_put(&qc->depot, mag);
		}
	}
	/*
	 * Look for waiters again: if a reclaim has missed the magazine from the
	 * depot, this read sees the waiter that requested the reclaim.
	 */
	if (cc->rounds < cc->capacity && !READ_ONCE(qc->vm->waiters)) {
		cc->round[cc->rounds++] = addr;
		cc->frees++;
		done = true;
	}
out:
	vmem_cpu_end(cc);
	return done;
}

/* Move both magazines of a CPU to the depot. */
static void cpu_unload(struct vmem_qcache *qc, struct vmem_cpu_cache *cc)
{
	struct vmem_magazine *mag;

	mag = cpu_exchange(cc, NULL);
	if (mag)
		vmem_depot_put(&qc->depot, mag);
	mag = cpu_exchange(cc, NULL);
	if (mag)
		vmem_depot_put(&qc->depot, mag);
}

/**
 * vmem_cpu_unload - move all magazines of a CPU to the depots
 * @vm: the arena
 * @cpu: the CPU's part of the caches; the CPU is dead and stays dead, or
 *	nothing uses the arena
 */
void vmem_cpu_unload(struct vmem *vm, struct vmem_cpu *cpu)
{
	unsigned int i;

	for (i = 0; i < vm->qcaches->n; i++)
		cpu_unload(&vm->qcaches->cache[i], &cpu->cache[i]);
}

/**
 * vmem_cpu_unload_here - move all magazines of this CPU to the depots
 * @vm: the arena
 *
 * Skips caches whose busy mark is set.
 *
 * Context: any but NMI.
 */
void vmem_cpu_unload_here(struct vmem *vm)
{
	unsigned int i;

	for (i = 0; i < vm->qcaches->n; i++) {
		struct vmem_cpu_cache *cc = vmem_cpu_begin(vm, i);

		if (cc)
			cpu_unload(&vm->qcaches->cache[i], cc);
		vmem_cpu_end(cc);
	}
}

/*
 * The work item of a CPU. If the CPU is offlined first, the work item runs on
 * another CPU and unloads the magazines of that other CPU. This does no harm.
 */
void vmem_cpu_unload_work(struct work_struct *work)
{
	vmem_cpu_unload_here(container_of(work, struct vmem_cpu, unload)->vm);
}

/**
 * vmem_cpu_update_fast - switch the fast path of an arena on or off
 * @vm: the arena, locked
 *
 * While the fast path is off, each CPU finds the busy mark of the stub set, so
 * every request takes the slow path. Clients may use the arena during the
 * switch.
 */
void vmem_cpu_update_fast(struct vmem *vm)
{
	lockdep_assert_held(&vm->segmap.lock);
	if (vm->qcaches)
		WRITE_ONCE(vm->fast, vm->waiters || vm->traced ? busy_stub
							      : vm->cpu);
}

int vmem_magazine_init(void)
{
	unsigned int i;

	for (i = 0; i < KINDS; i++) {
		magazine_caches[i] = kmem_cache_create(magazine_names[i],
						       SMALLEST << i,
						       SMALLEST, 0, NULL);
		if (!magazine_caches[i]) {
			vmem_magazine_exit();
			return -ENOMEM;
		}
	}
	return 0;
}

void vmem_magazine_exit(void)
{
	unsigned int i;

	for (i = 0; i < KINDS; i++) {
		kmem_cache_destroy(magazine_caches[i]);
		magazine_caches[i] = NULL;
	}
}

int vmem_cpu_init(void)
{
	unsigned int i, cpu;

	busy_stub = alloc_percpu(struct vmem_cpu);
	if (!busy_stub)
		return -ENOMEM;
	for_each_possible_cpu(cpu)
		for (i = 0; i < VMEM_QCACHES_MAX; i++)
			per_cpu_ptr(busy_stub, cpu)->cache[i].busy = true;
	return 0;
}

void vmem_cpu_exit(void)
{
	free_percpu(busy_stub);
}
