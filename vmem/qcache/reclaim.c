// SPDX-License-Identifier: GPL-2.0
/*
 * Reclaim: quantum caches give back what they hold.
 *
 * An arena's own caches may hold the space that it needs, and so may those of any arena
 * that imports from it, directly or not. Each tree has one work item that drains its caches, the
 * arenas that import before their source, so that a span that goes home can make a
 * slab of the source wholly free. The work item calls no function of a client and
 * never blocks for memory, so nothing can hold it up.
 *
 * While requests wait the work item runs again and again, every quarter of a second at
 * the latest. In the arenas that a waiter could be served from, frees go past the
 * magazines meanwhile; in all others caches stay in use.
 */
#include <linux/cpumask.h>
#include <linux/jiffies.h>

#include "../arena/maintain.h"
#include "../arena/registry.h"
#include "../arena/release.h"
#include "../arena/wait.h"
#include "../compat.h"
#include "../report/trace.h"
#include "fast.h"
#include "reclaim.h"
#include "slab.h"

/*
 * Draining; neither of the two ever runs a function of a client's. Unloading CPUs, on
 * each CPU.
 */
static struct workqueue_struct *wq, *cpu_wq;

/* The depot's lock found taken more often than this in a round: too often. */
#define CROWDED		3

/* Jiffies from one run of a tree's reclaim to the next while requests wait. */
#define DELAY_FIRST	max(HZ / 50, 1)
#define DELAY_MOST	(HZ / 4)

/* And before a run that a request has asked for that does not wait for it. */
#define DELAY_ONCE	max(HZ / 100, 1)

static void reclaim_all(struct work_struct *work);
static DECLARE_WORK(reclaim_all_work, reclaim_all);

/* Put what is in one magazine back into slabs, and free it. */
static void empty(struct vmem_qcache *qc, struct vmem_magazine *mag, bool hold)
{
	struct vmem_home home = { .later = true, .hold = hold };

	while (mag->rounds) {
		vmem_slab_put(qc, mag->round[--mag->rounds], &home);
		vmem_send_home(&home);
	}
	vmem_magazine_free(qc, mag);
}

/**
 * vmem_depot_drain - put what is in the depot's full magazines back into slabs
 * @qc: the cache
 *
 * Context: task, sleeping allowed.
 */
void vmem_depot_drain(struct vmem_qcache *qc)
{
	struct vmem_magazine *mag;

	while ((mag = vmem_depot_take_full(&qc->depot))) {
		empty(qc, mag, false);
		cond_resched();
	}
}

/*
 * Have each CPU give its magazines to the depots. Without the lock that keeps
 * CPUs from going: a task that waits for this may be in the way of a CPU that goes. If
 * one does, the work runs on another CPU, which is harmless, and the dead CPU's
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
	struct vmem_qcaches *all = vm->qcaches;
	unsigned long before;
	unsigned int i;
	u64 since;

	if (!all)
		return;
	since = vmem_trace_moment(vmem_reap);
	before = since ? slabs(vm) : 0;
	if (atomic_read(&all->magazines)) {
		unload_cpus(vm);
		for (i = 0; i < all->n; i++)
			vmem_depot_drain(&all->cache[i]);
	}
	for (i = 0; i < all->n; i++)
		vmem_slab_release_empty(&all->cache[i], false, NULL);
	vmem_split_all(vm);
	if (since)
		trace_vmem_reap(vm, VMEM_REAP_ALL, before, slabs(vm),
				vmem_trace_ns(since));
}

/*
 * Can the caches of an arena give anything? What is written under other locks is read
 * without them: what comes after this is for the next run.
 */
static bool has_cached(const struct vmem *vm)
{
	const struct vmem_qcaches *all = vm->qcaches;
	unsigned int i;

	if (!all)
		return false;
	if (atomic_read(&all->magazines) ||
	    READ_ONCE(vm->need_least) != ULONG_MAX)
		return true;
	for (i = 0; i < all->n; i++)
		/* As said above. */
		if (data_race(all->cache[i].nempty))
			return true;
	return false;
}

/* The work item: one run over the arenas of a tree. */
void vmem_tree_reclaim(struct work_struct *work)
{
	struct vmem_tree *tree = container_of(to_delayed_work(work),
					      struct vmem_tree, reclaim);
	struct vmem_registry_cursor cur;
	unsigned long delay;
	struct vmem *vm;
	bool again, once;
	u64 asked;

	spin_lock_irq(&tree->lock);
	asked = tree->reclaim_asked;
	once = tree->reclaim_once;
	tree->reclaim_once = false;
	spin_unlock_irq(&tree->lock);

	if (atomic_read(&tree->caches)) {
		vmem_registry_open_tree(&cur, tree);
		/* Not for longer than there is anything to reclaim for. */
		while ((once || READ_ONCE(tree->nr_waiters)) &&
		       (vm = vmem_registry_next_of(&cur, has_cached))) {
			drain(vm);
			vmem_registry_put(vm);
			cond_resched();
		}
		vmem_registry_close(&cur);
	}
	vmem_reclaim_ended(tree, asked);

	spin_lock_irq(&tree->lock);
	again = tree->nr_waiters && atomic_read(&tree->caches);
	delay = clamp_t(unsigned long, tree->reclaim_delay, DELAY_FIRST,
			DELAY_MOST);
	tree->reclaim_delay = again ? 2 * delay : 0;
	if (tree->reclaim_asked != asked)
		delay = 0;
	spin_unlock_irq(&tree->lock);
	if (again)
		queue_delayed_work(wq, &tree->reclaim, delay);
}

/**
 * vmem_reclaim_queue - have a tree's caches give back what they hold
 * @tree: the tree
 * @delay: after so many jiffies at the latest; 0: for a request that waits
 *
 * Context: any but NMI.
 */
void vmem_reclaim_queue(struct vmem_tree *tree, unsigned long delay)
{
	if (delay)
		queue_delayed_work(wq, &tree->reclaim, delay);
	else
		mod_delayed_work(wq, &tree->reclaim, 0);
}

/**
 * vmem_reclaim_once - have caches give back what a later request may need
 * @tree: the tree
 *
 * Context: any but NMI.
 */
void vmem_reclaim_once(struct vmem_tree *tree)
{
	unsigned long irq;

	spin_lock_irqsave(&tree->lock, irq);
	tree->reclaim_once = true;
	spin_unlock_irqrestore(&tree->lock, irq);
	vmem_reclaim_queue(tree, DELAY_ONCE);
}

/**
 * vmem_tree_add_caches - a tree has one arena with caches more, or less
 * @vm: the arena
 * @n: 1 or -1
 */
void vmem_tree_add_caches(struct vmem *vm, int n)
{
	atomic_add(n, &vm->tree->caches);
	smp_mb__after_atomic();	/* pairs with the one in begin_to_wait() */
	if (n > 0 && READ_ONCE(vm->tree->nr_waiters))
		vmem_reclaim_queue(vm->tree, DELAY_FIRST);
}

/* Move objects from the depot to slabs as far as the budget goes. */
static void drain_some(struct vmem_qcache *qc, struct vmem_reclaim_budget *budget)
{
	struct vmem_magazine *mag;

	while (budget->objects && (mag = vmem_depot_take_full(&qc->depot))) {
		budget->objects -= min_t(unsigned int, mag->rounds,
					 budget->objects);
		empty(qc, mag, true);
	}
}

/* Does the arena have a free segment that certainly is of that size? */
static bool has_segment(struct vmem *vm, unsigned long need)
{
	unsigned int class = vmem_class_sure(need);
	unsigned long irq;
	bool has;

	spin_lock_irqsave(&vm->space.lock, irq);
	has = class < BITS_PER_LONG &&
	      vmem_classes_from(&vm->space.classes, class);
	spin_unlock_irqrestore(&vm->space.lock, irq);
	return has;
}

/**
 * vmem_reclaim_now - have an arena's caches give what they can without waiting
 * @vm: the arena
 * @need: for a request of that size
 * @anywhere: any free segment of that size will do
 * @budget: how much may be done; falls by what is done
 *
 * The magazines of this CPU, the depots, wholly free slabs; and if there is no free
 * segment of that size then, what is free within slabs. Release functions of the
 * client's are left to the work item, which the caller queues.
 *
 * Context: any but NMI. No arena lock held.
 */
void vmem_reclaim_now(struct vmem *vm, unsigned long need, bool anywhere,
		      struct vmem_reclaim_budget *budget)
{
	struct vmem_qcaches *all = vm->qcaches;
	u64 since = vmem_trace_moment(vmem_reap);
	unsigned long before;
	unsigned int i;

	if (!all)
		return;
	before = since ? slabs(vm) : 0;
	if (atomic_read(&all->magazines)) {
		vmem_cpu_unload_here(vm);
		for (i = 0; i < all->n; i++)
			drain_some(&all->cache[i], budget);
	}
	for (i = 0; i < all->n; i++)
		vmem_slab_release_empty(&all->cache[i], false, budget);
	if (!anywhere || !has_segment(vm, need))
		vmem_split_some(vm, need, anywhere, budget);
	if (since)
		trace_vmem_reap(vm, VMEM_REAP_AT_HAND, before, slabs(vm),
				vmem_trace_ns(since));
}

static void reclaim_all(struct work_struct *work)
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
void vmem_reclaim_all_soon(void)
{
	queue_work(wq, &reclaim_all_work);
}

/* Give back the magazines that the depot did not need since the last time. */
static void trim_depot(struct vmem_qcache *qc)
{
	struct vmem_depot *d = &qc->depot;
	struct vmem_magazine *mag;
	unsigned int full, empties;
	bool crowded;

	raw_spin_lock_irq(&d->lock);
	full = d->full_min;
	empties = d->empty_min;
	d->full_min = d->nfull;
	d->empty_min = d->nempty;
	crowded = d->contended - d->contended_then > CROWDED;
	d->contended_then = d->contended;
	raw_spin_unlock_irq(&d->lock);

	while (full-- && (mag = vmem_depot_take_full(d))) {
		empty(qc, mag, false);
		cond_resched();
	}
	while (empties-- && (mag = vmem_depot_take_empty(d)))
		vmem_magazine_free(qc, mag);
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
	bool magazines, too_small;
	unsigned int i;

	if (!vm->qcaches)
		return;
	magazines = atomic_read(&vm->qcaches->magazines);
	too_small = magazines && !vmem_magazine_allowed(vm);
	if (too_small)
		unload_cpus(vm);
	for (i = 0; i < vm->qcaches->n; i++) {
		struct vmem_qcache *qc = &vm->qcaches->cache[i];

		if (too_small)
			vmem_depot_drain(qc);
		if (magazines)
			trim_depot(qc);
		/* Written under the lock: what changes now is seen next time. */
		if (!data_race(qc->nslabs | (qc->slabs.bits - VMEM_HASH_MIN_BITS)))
			continue;
		/* The same. */
		if (data_race(qc->nempty))
			vmem_slab_release_empty(qc, true, NULL);
		/*
		 * Without memory it stays as it is until the next time. What
		 * is written under the lock with plain stores is good enough
		 * for a rough number.
		 */
		vmem_hash_rescale(&qc->slabs, &qc->lock, data_race(qc->nslabs));
	}
}

/* Queue a work item that never waits for a client. Any context but NMI. */
void vmem_queue_work(struct work_struct *work)
{
	queue_work(wq, work);
}

int vmem_reclaim_init(void)
{
	wq = alloc_workqueue("vmem_reclaim", WQ_MEM_RECLAIM | WQ_UNBOUND, 0);
	cpu_wq = alloc_workqueue("vmem_cpu", WQ_MEM_RECLAIM | VMEM_WQ_PERCPU,
				 0);
	if (wq && cpu_wq)
		return 0;
	vmem_reclaim_exit();
	return -ENOMEM;
}

void vmem_reclaim_exit(void)
{
	if (wq) {
		cancel_work_sync(&reclaim_all_work);
		destroy_workqueue(wq);
	}
	if (cpu_wq)
		destroy_workqueue(cpu_wq);
}
