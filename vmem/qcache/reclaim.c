// SPDX-License-Identifier: GPL-2.0
/*
 * Reclaim: quantum caches return their contents to their arenas.
 *
 * The space that an arena needs may be in its own caches, or in the caches of
 * any arena that imports from it, directly or indirectly. Each tree has one
 * work item that drains the caches of the tree. The work item drains an arena
 * before its source, because a span that the arena releases can make a slab of
 * the source wholly free. The work item calls no function of a client and never
 * blocks for memory, so no client can delay it.
 *
 * While requests wait, the work item runs at least every quarter of a second,
 * and vmem_free() bypasses the magazines in arenas that can serve a waiter. In
 * all other arenas the magazines stay in use.
 */
#include <linux/cpumask.h>
#include <linux/jiffies.h>

#include "../arena/free.h"
#include "../arena/registry.h"
#include "../compat.h"
#include "../report/report.h"
#include "fast.h"
#include "slab.h"

/*
 * Magazines grow if a CPU found the depot lock held more often than this
 * between two rounds of maintenance.
 */
#define CONTENDED	3

/*
 * Jiffies between two runs of the work item while requests wait: the first and
 * the longest interval.
 */
#define DELAY_FIRST	max(HZ / 50, 1)
#define DELAY_MOST	(HZ / 4)

/* Jiffies before a run that vmem_reclaim_once() has queued. */
#define DELAY_ONCE	max(HZ / 100, 1)

/*
 * Workqueue of drains, and workqueue of the items that move the magazines of a
 * CPU to the depots. The work items call no function of a client.
 */
static struct workqueue_struct *wq, *cpu_wq;

static void reclaim_all(struct work_struct *work);
static DECLARE_WORK(reclaim_all_work, reclaim_all);

/* Return the objects in a magazine to their slabs, and free the magazine. */
static void reclaim_empty_magazine(struct vmem_qcache *qc, struct vmem_magazine *mag,
				   bool caller_queues)
{
	struct vmem_pending_free pending = { .defer = true, .caller_queues = caller_queues };

	while (mag->rounds) {
		vmem_slab_put(qc, mag->round[--mag->rounds], &pending);
		vmem_free_pending(&pending);
	}
	vmem_magazine_free(qc, mag);
}

/**
 * vmem_depot_drain - return the objects in the depot to their slabs
 * @qc: the cache
 *
 * Context: task, sleeping allowed.
 */
void vmem_depot_drain(struct vmem_qcache *qc)
{
	struct vmem_magazine *mag;

	while ((mag = vmem_depot_take_full(&qc->depot))) {
		reclaim_empty_magazine(qc, mag, false);
		cond_resched();
	}
}

/*
 * Make each CPU move its magazines to the depots. Does not take the hotplug
 * lock, because a task that waits for the drain may hold the hotplug lock. If a
 * CPU is offlined, its work item runs on another CPU and moves the magazines of
 * that other CPU, which does no harm. pressure_cpu_dead() moves the magazines
 * of the dead CPU and queues another drain.
 */
static void reclaim_unload_cpus(struct vmem *vm)
{
	unsigned int cpu;

	for_each_online_cpu(cpu)
		queue_work_on(cpu, cpu_wq, &per_cpu_ptr(vm->cpu, cpu)->unload);
	for_each_possible_cpu(cpu)
		flush_work(&per_cpu_ptr(vm->cpu, cpu)->unload);
}

/* Number of slabs of an arena, for the trace. */
static unsigned long reclaim_nr_slabs(const struct vmem *vm)
{
	unsigned long n = 0;
	unsigned int i;

	for (i = 0; i < vm->qcaches->n; i++)
		/* Read without the cache lock: an estimate is enough. */
		n += data_race(vm->qcaches->cache[i].nslabs);
	return n;
}

/* Drain all caches of an arena. */
static void reclaim_drain(struct vmem *vm)
{
	struct vmem_qcaches *all = vm->qcaches;
	unsigned long before;
	unsigned int i;
	u64 since;

	if (!all)
		return;
	since = vmem_trace_start(vmem_reap);
	before = since ? reclaim_nr_slabs(vm) : 0;
	if (atomic_read(&all->magazines)) {
		reclaim_unload_cpus(vm);
		for (i = 0; i < all->n; i++)
			vmem_depot_drain(&all->cache[i]);
	}
	for (i = 0; i < all->n; i++)
		vmem_slab_release_empty(&all->cache[i], false, NULL);
	vmem_split_all(vm);
	if (since)
		trace_vmem_reap(vm, VMEM_REAP_ALL, before, reclaim_nr_slabs(vm),
				vmem_trace_elapsed(since));
}

/* Can a drain of the caches of an arena have an effect? */
static bool reclaim_has_cached(const struct vmem *vm)
{
	const struct vmem_qcaches *all = vm->qcaches;
	unsigned int i;

	if (!all)
		return false;
	if (atomic_read(&all->magazines) ||
	    READ_ONCE(vm->need_least) != ULONG_MAX)
		return true;
	for (i = 0; i < all->n; i++)
		/* Read without the cache lock: the next run sees changes. */
		if (data_race(all->cache[i].nempty))
			return true;
	return false;
}

/* The work item &vmem_tree.reclaim: drains the caches of a tree once. */
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
		/* If no request waits, continue only if @once is set. */
		while ((once || READ_ONCE(tree->nr_waiters)) &&
		       (vm = vmem_registry_next_of(&cur, reclaim_has_cached))) {
			reclaim_drain(vm);
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
 * vmem_reclaim_queue - queue a drain of a tree's caches
 * @tree: the tree
 * @delay: upper bound of the delay in jiffies; 0 to run at once, for a waiter
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
 * vmem_reclaim_once - queue one drain of a tree's caches, for later requests
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
 * vmem_tree_add_caches - add @n to the tree's number of arenas with caches
 * @vm: an arena with caches
 * @n: 1 or -1
 *
 * If @n is positive and requests wait in the tree, queues the reclaim work
 * item.
 */
void vmem_tree_add_caches(struct vmem *vm, int n)
{
	atomic_add(n, &vm->tree->caches);
	smp_mb__after_atomic();	/* pairs with smp_mb() in slow_begin_to_wait() */
	if (n > 0 && READ_ONCE(vm->tree->nr_waiters))
		vmem_reclaim_queue(vm->tree, DELAY_FIRST);
}

/* Move objects from the depot to slabs within the budget. */
static void reclaim_drain_some(struct vmem_qcache *qc, struct vmem_reclaim_budget *budget)
{
	struct vmem_magazine *mag;

	while (budget->objects && (mag = vmem_depot_take_full(&qc->depot))) {
		budget->objects -= min_t(unsigned int, mag->rounds,
					 budget->objects);
		reclaim_empty_magazine(qc, mag, true);
	}
}

/* Does a guaranteed class of @need integers hold a free segment? */
static bool reclaim_has_segment(struct vmem *vm, unsigned long need)
{
	struct vmem_seg *seg;
	unsigned long irq;
	bool has;

	spin_lock_irqsave(&vm->segmap.lock, irq);
	has = vmem_classes_guaranteed(&vm->segmap.classes, need, &seg);
	spin_unlock_irqrestore(&vm->segmap.lock, irq);
	return has;
}

/**
 * vmem_reclaim_now - drain an arena's caches without sleeping
 * @vm: the arena
 * @need: size of the request
 * @anywhere: true if any free segment of @need integers can serve the request
 * @budget: upper bounds; reduced by the work done
 *
 * Drains the depots and the magazines of this CPU, and releases wholly free
 * slabs. Then splits slabs, unless @anywhere is true and a guaranteed class of
 * @need holds a free segment. Does not call release functions of clients: the
 * caller must queue &vmem.release, which calls them.
 *
 * Context: any but NMI. No arena lock held.
 */
void vmem_reclaim_now(struct vmem *vm, unsigned long need, bool anywhere,
		      struct vmem_reclaim_budget *budget)
{
	struct vmem_qcaches *all = vm->qcaches;
	u64 since = vmem_trace_start(vmem_reap);
	unsigned long before;
	unsigned int i;

	if (!all)
		return;
	before = since ? reclaim_nr_slabs(vm) : 0;
	if (atomic_read(&all->magazines)) {
		vmem_cpu_unload_here(vm);
		for (i = 0; i < all->n; i++)
			reclaim_drain_some(&all->cache[i], budget);
	}
	for (i = 0; i < all->n; i++)
		vmem_slab_release_empty(&all->cache[i], false, budget);
	if (!anywhere || !reclaim_has_segment(vm, need))
		vmem_split_some(vm, need, anywhere, budget);
	if (since)
		trace_vmem_reap(vm, VMEM_REAP_AT_HAND, before, reclaim_nr_slabs(vm),
				vmem_trace_elapsed(since));
}

static void reclaim_all(struct work_struct *work)
{
	struct vmem_registry_cursor cur;
	struct vmem *vm;

	vmem_registry_open(&cur);
	while ((vm = vmem_registry_next(&cur))) {
		reclaim_drain(vm);
		vmem_registry_put(vm);
	}
	vmem_registry_close(&cur);
}

/* Queue a drain of the caches of all arenas. Context: any but NMI. */
void vmem_reclaim_all_soon(void)
{
	queue_work(wq, &reclaim_all_work);
}

/*
 * Free the magazines that the depot has not needed since the last round of
 * maintenance. If the depot lock was contended, make the next magazines larger.
 */
static void reclaim_trim_depot(struct vmem_qcache *qc)
{
	struct vmem_depot *d = &qc->depot;
	struct vmem_magazine *mag;
	unsigned int full, empties;
	bool contended;

	raw_spin_lock_irq(&d->lock);
	full = d->full_min;
	empties = d->empty_min;
	d->full_min = d->nfull;
	d->empty_min = d->nempty;
	contended = d->contended - d->contended_then > CONTENDED;
	d->contended_then = d->contended;
	raw_spin_unlock_irq(&d->lock);

	while (full-- && (mag = vmem_depot_take_full(d))) {
		reclaim_empty_magazine(qc, mag, false);
		cond_resched();
	}
	while (empties-- && (mag = vmem_depot_take_empty(d)))
		vmem_magazine_free(qc, mag);
	if (contended)
		vmem_magazine_grow(qc);
}

/**
 * vmem_qcaches_maintain - run a round of maintenance over an arena's caches
 * @vm: the arena; the caller has a hold on it
 *
 * Context: task, sleeping allowed. The caller holds &vmem.maintain_mutex.
 */
void vmem_qcaches_maintain(struct vmem *vm)
{
	bool magazines, too_small;
	unsigned int i;

	if (!vm->qcaches)
		return;
	magazines = atomic_read(&vm->qcaches->magazines);
	if (!magazines && !READ_ONCE(vm->qcaches->maintain))
		return;
	/* The loop sees a slab, or vmem_slab_insert() sets the flag again. */
	WRITE_ONCE(vm->qcaches->maintain, false);
	smp_mb();	/* pairs with smp_mb() in vmem_slab_insert() */
	too_small = magazines && !vmem_magazine_allowed(vm);
	if (too_small)
		reclaim_unload_cpus(vm);
	for (i = 0; i < vm->qcaches->n; i++) {
		struct vmem_qcache *qc = &vm->qcaches->cache[i];

		if (too_small)
			vmem_depot_drain(qc);
		if (magazines)
			reclaim_trim_depot(qc);
		/* Read without the cache lock: the next round sees changes. */
		if (!data_race(qc->nslabs | (qc->slabs.bits - VMEM_HASH_MIN_BITS)))
			continue;
		WRITE_ONCE(vm->qcaches->maintain, true);
		/* Read without the cache lock: the next round sees changes. */
		if (data_race(qc->nempty))
			vmem_slab_release_empty(qc, true, NULL);
		/*
		 * An estimate of @nslabs is enough. If there is no memory for a
		 * table, the next round tries again.
		 */
		vmem_hash_rescale(&qc->slabs, &qc->lock, data_race(qc->nslabs));
	}
}

/* Queue a work item that never waits for a client. Context: any but NMI. */
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
