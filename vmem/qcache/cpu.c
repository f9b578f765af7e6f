// SPDX-License-Identifier: GPL-2.0
/*
 * What a CPU does when its loaded magazine is of no use, and how what it has is
 * taken from it.
 */
#include "fast.h"

/* Per-CPU stub that always reads as busy: forces the slow path. */
static struct vmem_cpu __percpu *busy_stub;

static void load(struct vmem_cpu_cache *cc, struct vmem_magazine *mag)
{
	cc->loaded = mag;
	cc->rounds = mag ? mag->rounds : 0;
	cc->capacity = mag ? mag->capacity : 0;
	cc->round = mag ? mag->round : NULL;
}

/* The loaded magazine, to be put elsewhere. */
static struct vmem_magazine *loaded(struct vmem_cpu_cache *cc)
{
	if (cc->loaded)
		cc->loaded->rounds = cc->rounds;
	return cc->loaded;
}

/* Load @mag; what was loaded becomes the previous one, and that is returned. */
static struct vmem_magazine *exchange_for(struct vmem_cpu_cache *cc,
					  struct vmem_magazine *mag)
{
	struct vmem_magazine *out = cc->prev;

	cc->prev = loaded(cc);
	load(cc, mag);
	return out;
}

/**
 * vmem_cpu_alloc_slow - an address from this CPU's magazines or the depot
 * @qc: the cache
 * @index: its number
 *
 * Context: any but NMI.
 * Return: the address; 0 if neither has any, or this CPU's are in use.
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
		exchange_for(cc, mag);
	}
	/* While requests wait, what lies in the depot is theirs. */
	if (!cc->rounds && !READ_ONCE(qc->vm->waiters)) {
		mag = vmem_depot_take_full(&qc->depot);
		if (mag) {
			mag = exchange_for(cc, mag);
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
 * vmem_cpu_free_slow - put an address into this CPU's magazines
 * @qc: the cache
 * @index: its number
 * @addr: the address
 *
 * Exchanges a full magazine for an empty one at the depot, if there is one.
 *
 * Context: any but NMI.
 * Return: whether it was done.
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
		exchange_for(cc, mag);
	}
	if (cc->rounds == cc->capacity) {
		mag = vmem_depot_take_empty(&qc->depot);
		if (mag) {
			mag = exchange_for(cc, mag);
			if (mag)
				vmem_depot_put(&qc->depot, mag);
		}
	}
	/*
	 * Again: a reclaim that did not see the magazine that came from the depot
	 * was asked for by a waiter that is seen here.
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

/* Take both magazines off a CPU and give them to the depot. */
static void unload(struct vmem_qcache *qc, struct vmem_cpu_cache *cc)
{
	struct vmem_magazine *mag;

	mag = exchange_for(cc, NULL);
	if (mag)
		vmem_depot_put(&qc->depot, mag);
	mag = exchange_for(cc, NULL);
	if (mag)
		vmem_depot_put(&qc->depot, mag);
}

/**
 * vmem_cpu_unload - take all magazines of an arena off a CPU
 * @vm: the arena
 * @cpu: what the CPU has of it; the CPU is dead and stays dead, or nobody uses
 *	the arena
 */
void vmem_cpu_unload(struct vmem *vm, struct vmem_cpu *cpu)
{
	unsigned int i;

	for (i = 0; i < vm->qcaches->n; i++)
		unload(&vm->qcaches->cache[i], &cpu->cache[i]);
}

/**
 * vmem_cpu_unload_here - take all magazines of an arena off this CPU
 * @vm: the arena
 *
 * But for one that is in use by whom we interrupt.
 *
 * Context: any but NMI.
 */
void vmem_cpu_unload_here(struct vmem *vm)
{
	unsigned int i;

	for (i = 0; i < vm->qcaches->n; i++) {
		struct vmem_cpu_cache *cc = vmem_cpu_begin(vm, i);

		if (cc)
			unload(&vm->qcaches->cache[i], cc);
		vmem_cpu_end(cc);
	}
}

/*
 * Queued on each CPU. If that goes before it has run it runs on another, which
 * loses its magazines for once: harmless.
 */
void vmem_cpu_unload_work(struct work_struct *work)
{
	vmem_cpu_unload_here(container_of(work, struct vmem_cpu, unload)->vm);
}

/**
 * vmem_cpu_choose - switch the fast path of an arena on or off
 * @vm: the arena, locked
 *
 * Off, each CPU finds its magazines in use, so that every request takes the slow path.
 * Clients use the arena meanwhile.
 */
void vmem_cpu_choose(struct vmem *vm)
{
	lockdep_assert_held(&vm->space.lock);
	if (vm->qcaches)
		WRITE_ONCE(vm->fast, vm->waiters || vm->traced ? busy_stub
							      : vm->cpu);
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
