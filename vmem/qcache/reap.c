// SPDX-License-Identifier: GPL-2.0
/*
 * Reclaim: quantum caches give back what they hold.
 *
 * What an arena needs may be in its own caches or in those of any arena that
 * imports from it, directly or not. A work item takes a snapshot of that tree
 * under the list mutex and then drains the caches without it, the leaves first,
 * so that what they give back is there to be given back by those above.
 *
 * While somebody waits for an arena, that tree is squeezed: no CPU loads a
 * magazine, and wholly free slabs go home at once. The magazines that CPUs have are
 * taken by a work item on each; until then pushes go into them, after that there is
 * nothing to push into, and frees go to the slabs. So nothing that a waiting
 * request could have stays in a magazine, and the fast path need not know.
 */
#include <linux/cpumask.h>

#include "../arena/reclaim.h"
#include "../arena/registry.h"
#include "../compat.h"
#include "../report/trace.h"
#include "fast.h"
#include "pressure.h"
#include "slab.h"

/* Draining: unbound. Unloading CPUs: on each CPU. */
static struct workqueue_struct *wq, *cpu_wq;

/* The depot's lock found taken more often than this in a round: too often. */
#define CROWDED	3

/* One reclaim at a time. Taken before everything else. */
static DEFINE_MUTEX(reap_mutex);

/* Arenas that have quantum caches. */
static atomic_t arenas = ATOMIC_INIT(0);

static void reap_all(struct work_struct *work);
static DECLARE_WORK(reap_all_work, reap_all);

/* One arena with caches more, or less. */
void vmem_pressure_arena(int n)
{
	atomic_add(n, &arenas);
}

/* Put what is in the depot's full magazines back into slabs. */
void vmem_depot_drain(struct vmem_qcache *qc)
{
	struct vmem_magazine *mag;

	while ((mag = vmem_depot_take_full(&qc->depot))) {
		while (mag->rounds)
			vmem_slab_put(qc, mag->round[--mag->rounds]);
		vmem_magazine_free(mag);
	}
	vmem_slab_feed(qc);
}

/*
 * Have each CPU give its magazines to the depots. Without the lock that keeps
 * CPUs from going: who waits for this may be in the way of one that goes. If one
 * does, the work runs on another CPU, which is harmless, and the dead CPU's
 * magazines come by cpu_dead(), which has everything drained again.
 */
static void unload_cpus(struct vmem *vm)
{
	unsigned int cpu;

	for_each_online_cpu(cpu)
		queue_work_on(cpu, cpu_wq, &per_cpu_ptr(vm->cpu, cpu)->unload);
	for_each_possible_cpu(cpu)
		flush_work(&per_cpu_ptr(vm->cpu, cpu)->unload);
}

/* How many slabs an arena has, for the trace. */
static unsigned long slabs(const struct vmem *vm)
{
	unsigned long n = 0;
	unsigned int i;

	for (i = 0; i < vm->qcaches->n; i++)
		/* Written under the cache's lock: a rough number will do. */
		n += data_race(vm->qcaches->cache[i].nslabs);
	return n;
}

/* All that the caches of one arena can give. */
static void drain(struct vmem *vm)
{
	unsigned long before;
	unsigned int i;
	u64 since;

	if (!vm->qcaches)
		return;
	since = vmem_trace_moment(vmem_reap);
	before = since ? slabs(vm) : 0;
	unload_cpus(vm);
	for (i = 0; i < vm->qcaches->n; i++) {
		struct vmem_qcache *qc = &vm->qcaches->cache[i];

		vmem_depot_drain(qc);
		vmem_slab_release_empty(qc, false);
		while (READ_ONCE(vm->hungry) &&
		       vmem_slab_dissolve_one(qc, false, VM_SLEEP | VM_ABORT))
			cond_resched();
	}
	if (since)
		trace_vmem_reap(vm, VMEM_REAP_ALL, before, slabs(vm),
				vmem_trace_ns(since));
}

/* Is an arena in need that this one takes from, or itself? List mutex. */
static bool needed(const struct vmem *vm)
{
	for (; vm; vm = vmem_imports(vm) ? vm->source : NULL)
		if (READ_ONCE(vm->hungry))
			return true;
	return false;
}

/* Drain @top and all that is below it; if not @all, only squeeze or relax. */
static void reap(struct vmem *top, bool all)
{
	struct vmem *vm, *tmp;
	LIST_HEAD(tree);

	mutex_lock(&reap_mutex);
	vmem_registry_lock();
	for (vm = top; vm; vm = vmem_registry_below(vm, top)) {
		vmem_registry_hold(vm);
		WRITE_ONCE(vm->squeezed, needed(vm));
		list_add(&vm->reap_link, &tree);
	}
	vmem_registry_unlock();

	list_for_each_entry_safe(vm, tmp, &tree, reap_link) {
		list_del(&vm->reap_link);
		if (all)
			drain(vm);
		vmem_registry_put(vm);
	}
	mutex_unlock(&reap_mutex);
}

static void reap_work(struct work_struct *work)
{
	struct vmem *vm = container_of(work, struct vmem, reap);
	bool wanted = xchg(&vm->reap_wanted, false);

	reap(vm, wanted || READ_ONCE(vm->hungry));
}

/* Does anything have caches at all? */
bool vmem_reclaim_possible(void)
{
	return atomic_read(&arenas);
}

/* How much the slabs of an arena could give, if they were all dissolved. */
u64 vmem_reclaimable(struct vmem *vm)
{
	unsigned long irq;
	unsigned int i;
	u64 sum = 0;

	for (i = 0; i < vm->qcaches->n; i++) {
		struct vmem_qcache *qc = &vm->qcaches->cache[i];
		unsigned long end;

		end = vm->qcaches->slab_size - qc->per_slab * qc->size;
		spin_lock_irqsave(&qc->lock, irq);
		sum += (u64)qc->nfree * qc->size + (u64)qc->nslabs * end;
		spin_unlock_irqrestore(&qc->lock, irq);
	}
	return sum;
}

/**
 * vmem_reclaim_now - have an arena's caches give what needs no waiting
 * @vm: the arena, with quantum caches
 * @step: 0: this CPU's magazines, the depots, wholly free slabs; each further
 *	step: what is free in one more slab
 *
 * Context: any but NMI. No arena lock held.
 * Return: false if there was nothing to do.
 */
bool vmem_reclaim_now(struct vmem *vm, unsigned int step)
{
	bool done = !step;
	u64 since = vmem_trace_moment(vmem_reap);
	unsigned long before = since ? slabs(vm) : 0;
	unsigned int i;

	if (!step)
		vmem_cpu_unload_here(vm);
	for (i = 0; i < vm->qcaches->n; i++) {
		struct vmem_qcache *qc = &vm->qcaches->cache[i];

		if (!step) {
			vmem_depot_drain(qc);
			vmem_slab_release_empty(qc, false);
		} else if (vmem_slab_dissolve_one(qc, false, VM_NOSLEEP)) {
			done = true;
			break;
		}
	}
	if (since)
		trace_vmem_reap(vm, VMEM_REAP_AT_HAND, before, slabs(vm),
				vmem_trace_ns(since));
	return done;
}

/* Count a request as hungry, or no more, all along the chain. */
static bool count_hungry(const struct vmem_chain *chain, int n)
{
	unsigned int i;
	bool any = false;

	for (i = 0; i < chain->n; i++) {
		struct vmem *vm = chain->arena[i];

		spin_lock_irq(&vm->space.lock);
		WRITE_ONCE(vm->hungry, vm->hungry + n);
		any = vm->hungry;
		spin_unlock_irq(&vm->space.lock);
	}
	return any;
}

/**
 * vmem_hungry - a request has found nothing and may sleep until it does
 * @chain: where it would be served from
 *
 * Context: task, sleeping allowed. No lock held.
 */
void vmem_hungry(const struct vmem_chain *chain)
{
	count_hungry(chain, 1);
}

/**
 * vmem_sated - it is served: let magazines be filled again
 * @chain: as for vmem_hungry()
 *
 * Context: task, sleeping allowed. No lock held.
 */
void vmem_sated(const struct vmem_chain *chain)
{
	if (!count_hungry(chain, -1))
		queue_work(wq, &chain->arena[chain->n - 1]->reap);
}

/**
 * vmem_reclaim_wait - have all caches below the top of a chain give back
 * @chain: the chain of a hungry request
 *
 * Context: task, sleeping allowed. No lock held.
 */
void vmem_reclaim_wait(const struct vmem_chain *chain)
{
	struct vmem *top = chain->arena[chain->n - 1];

	queue_work(wq, &top->reap);
	flush_work(&top->reap);
}

/**
 * vmem_reclaim_soon - the same, without waiting for it
 * @vm: the arena
 *
 * Context: any but NMI. No arena lock held.
 */
void vmem_reclaim_soon(struct vmem *vm)
{
	if (!vmem_reclaim_possible())
		return;
	WRITE_ONCE(vm->reap_wanted, true);
	queue_work(wq, &vm->reap);
}

static void reap_all(struct work_struct *work)
{
	struct vmem_registry_cursor cur;
	struct vmem *vm;

	vmem_registry_open(&cur);
	while ((vm = vmem_registry_next(&cur))) {
		drain(vm);
		vmem_registry_put(vm);
	}
	vmem_registry_close(&cur);
}

/* A CPU has gone, or memory is short. Any context but NMI. */
void vmem_reap_all_soon(void)
{
	queue_work(wq, &reap_all_work);
}

void vmem_reap_arena_init(struct vmem *vm)
{
	INIT_WORK(&vm->reap, reap_work);
}

/* Nothing is under way for the arena afterwards. */
void vmem_reap_arena_exit(struct vmem *vm)
{
	cancel_work_sync(&vm->reap);
}

/* What the depot did not need since the last time goes back. */
static void trim_depot(struct vmem_qcache *qc)
{
	struct vmem_depot *d = &qc->depot;
	struct vmem_magazine *mag;
	unsigned int full, empty;
	bool crowded;

	raw_spin_lock_irq(&d->lock);
	full = d->full_min;
	empty = d->empty_min;
	d->full_min = d->nfull;
	d->empty_min = d->nempty;
	crowded = d->contended - d->contended_then > CROWDED;
	d->contended_then = d->contended;
	raw_spin_unlock_irq(&d->lock);

	while (full-- && (mag = vmem_depot_take_full(d))) {
		while (mag->rounds)
			vmem_slab_put(qc, mag->round[--mag->rounds]);
		vmem_magazine_free(mag);
	}
	vmem_slab_feed(qc);
	while (empty-- && (mag = vmem_depot_take_empty(d)))
		vmem_magazine_free(mag);
	if (crowded)
		vmem_magazine_grow(qc);
}

/**
 * vmem_qcaches_maintain - a round of maintenance over the caches of an arena
 * @vm: the arena, held
 *
 * Context: task, sleeping allowed. One at a time for each arena.
 */
void vmem_qcaches_maintain(struct vmem *vm)
{
	unsigned int i;

	if (!vm->qcaches)
		return;
	if (!vmem_magazine_allowed(vm))
		unload_cpus(vm);
	for (i = 0; i < vm->qcaches->n; i++) {
		struct vmem_qcache *qc = &vm->qcaches->cache[i];

		if (!vmem_magazine_allowed(vm))
			vmem_depot_drain(qc);
		trim_depot(qc);
		vmem_slab_release_empty(qc, true);
		/*
		 * Without memory it stays as it is until the next time. What
		 * is written under the lock with plain stores is good enough
		 * for a rough number.
		 */
		vmem_hash_rescale(&qc->slabs, &qc->lock, data_race(qc->nslabs));
	}
}

int vmem_reap_init(void)
{
	wq = alloc_workqueue("vmem_reap", WQ_MEM_RECLAIM | WQ_UNBOUND, 0);
	cpu_wq = alloc_workqueue("vmem_cpu", WQ_MEM_RECLAIM | VMEM_WQ_PERCPU,
				 0);
	if (wq && cpu_wq)
		return 0;
	vmem_reap_exit();
	return -ENOMEM;
}

void vmem_reap_exit(void)
{
	if (wq) {
		cancel_work_sync(&reap_all_work);
		destroy_workqueue(wq);
	}
	if (cpu_wq)
		destroy_workqueue(cpu_wq);
}
