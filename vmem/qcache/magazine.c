// SPDX-License-Identifier: GPL-2.0
/*
 * Magazines, and the depot where CPUs exchange them.
 *
 * A CPU that finds its two magazines of no use exchanges one at the depot. How
 * often it does so depends on how large magazines are: when the depot's lock is
 * found taken too often, the next magazines are made larger.
 */
#include <linux/slab.h>

#include "qcache.h"

/* Bytes of the smallest magazine; each kind is twice the one before. */
#define SMALLEST	64
#define KINDS		5

/*
 * What all CPUs together may hold of an arena that is one part in so many: too
 * little to be missed by a request that cannot wait for it to be fetched.
 */
#define SHARE		16

static struct kmem_cache *caches[KINDS];
static const char * const names[KINDS] = {
	"vmem_magazine_64", "vmem_magazine_128", "vmem_magazine_256",
	"vmem_magazine_512", "vmem_magazine_1024",
};

static atomic_long_t bytes;

/* How many addresses a magazine of that kind holds. */
unsigned int vmem_magazine_capacity(unsigned int kind)
{
	return ((SMALLEST << kind) - sizeof(struct vmem_magazine)) /
		sizeof(unsigned long);
}

static unsigned int kind_of(const struct vmem_magazine *mag)
{
	unsigned int kind = 0;

	while (vmem_magazine_capacity(kind) < mag->capacity)
		kind++;
	return kind;
}

/*
 * The largest magazine with which all CPUs together, two for each cached size,
 * do not hold more than the share of the arena. 0: no room for any.
 */
static unsigned int bound(struct vmem *vm)
{
	/* Without the lock: what it is now is past when the magazine is used. */
	unsigned long total = data_race(vm->space.stats.mem_total);
	unsigned long part = total / SHARE;

	return min(part / vm->qcaches->weight / 2 / num_possible_cpus(),
		   1UL << 15);
}

/* Is the arena large enough for CPUs to hold anything of it? */
bool vmem_magazine_allowed(struct vmem *vm)
{
	return bound(vm) >= vmem_magazine_capacity(0);
}

/**
 * vmem_magazine_alloc - get an empty magazine of the cache's present kind
 * @qc: the cache
 *
 * Context: any but NMI.
 * Return: the magazine; NULL without memory, or if the arena is too small for
 * CPUs to hold anything of it.
 */
struct vmem_magazine *vmem_magazine_alloc(struct vmem_qcache *qc)
{
	unsigned int kind = READ_ONCE(qc->kind);
	unsigned int most = bound(qc->vm);
	struct vmem_magazine *mag;

	while (vmem_magazine_capacity(kind) > most)
		if (!kind--)
			return NULL;
	mag = kmem_cache_alloc(caches[kind], GFP_NOWAIT | __GFP_NOWARN);
	if (!mag)
		return NULL;
	mag->rounds = 0;
	mag->capacity = vmem_magazine_capacity(kind);
	atomic_long_add(SMALLEST << kind, &bytes);
	atomic_inc(&qc->vm->qcaches->magazines);
	/* Either a reclaim sees that there is one, or its waiter is seen here. */
	smp_mb__after_atomic();
	WRITE_ONCE(qc->armed, true);
	return mag;
}

/**
 * vmem_magazine_supply - make a magazine, since frees have found none
 * @qc: the cache
 *
 * A free must not need memory, so allocations make the magazines: one for each
 * capacity's worth of frees that had to go to slabs.
 *
 * Context: any but NMI.
 */
void vmem_magazine_supply(struct vmem_qcache *qc)
{
	/* A hint that every CPU writes: to lose a few is no harm. */
	unsigned int missed = READ_ONCE(qc->missed);
	struct vmem_magazine *mag;

	if (READ_ONCE(qc->vm->waiters))
		return;
	mag = vmem_magazine_alloc(qc);
	if (!mag)
		return;
	WRITE_ONCE(qc->missed, missed - min_t(unsigned int, missed, mag->capacity));
	vmem_depot_put(&qc->depot, mag);
}

void vmem_magazine_free(struct vmem_qcache *qc, struct vmem_magazine *mag)
{
	unsigned int kind = kind_of(mag);

	kmem_cache_free(caches[kind], mag);
	atomic_long_sub(SMALLEST << kind, &bytes);
	atomic_dec(&qc->vm->qcaches->magazines);
}

/* Use larger magazines from now on. Returns whether there are any. */
bool vmem_magazine_grow(struct vmem_qcache *qc)
{
	if (qc->kind == KINDS - 1)
		return false;
	WRITE_ONCE(qc->kind, qc->kind + 1);
	return true;
}

unsigned long vmem_magazine_bytes(void)
{
	return atomic_long_read(&bytes);
}

void vmem_depot_init(struct vmem_depot *d)
{
	raw_spin_lock_init(&d->lock);
}

static unsigned long lock(struct vmem_depot *d)
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

static void unlock(struct vmem_depot *d, unsigned long irq)
	__releases(&d->lock)
{
	raw_spin_unlock(&d->lock);
	local_irq_restore(irq);
}

/* A magazine with something in it, or NULL. Any context but NMI. */
struct vmem_magazine *vmem_depot_take_full(struct vmem_depot *d)
{
	unsigned long irq = lock(d);
	struct vmem_magazine *mag = d->full;

	if (mag) {
		d->full = mag->next;
		d->full_min = min(d->full_min, --d->nfull);
	}
	unlock(d, irq);
	return mag;
}

/* A magazine with nothing in it, or NULL. Any context but NMI. */
struct vmem_magazine *vmem_depot_take_empty(struct vmem_depot *d)
{
	unsigned long irq = lock(d);
	struct vmem_magazine *mag = d->empty;

	if (mag) {
		d->empty = mag->next;
		d->empty_min = min(d->empty_min, --d->nempty);
	}
	unlock(d, irq);
	return mag;
}

/* Give a magazine to the depot. Any context but NMI. */
void vmem_depot_put(struct vmem_depot *d, struct vmem_magazine *mag)
{
	unsigned long irq = lock(d);

	if (mag->rounds) {
		mag->next = d->full;
		d->full = mag;
		d->nfull++;
	} else {
		mag->next = d->empty;
		d->empty = mag;
		d->nempty++;
	}
	unlock(d, irq);
}

int vmem_magazine_init(void)
{
	unsigned int i;

	for (i = 0; i < KINDS; i++) {
		caches[i] = kmem_cache_create(names[i], SMALLEST << i,
					      SMALLEST, 0, NULL);
		if (!caches[i]) {
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
		kmem_cache_destroy(caches[i]);
		caches[i] = NULL;
	}
}
