// SPDX-License-Identifier: GPL-2.0
/*
 * Maintenance: a periodic work item rescales segment tables, prunes hints,
 * trims quantum caches, and makes waiters search again if space for them may
 * appear without an event.
 */
#include <linux/export.h>
#include <linux/module.h>
#include <linux/moduleparam.h>

#include "../qcache/slab.h"
#include "../report/report.h"
#include "free.h"
#include "populate.h"
#include "registry.h"

/* Workqueue for maintenance and rescaling. */
static struct workqueue_struct *wq;

/*
 * Workqueue for release functions of clients. A release function may block for
 * ever, so no other work uses this queue, and each arena has its own work item.
 */
static struct workqueue_struct *release_wq;

static void maintain_work(struct work_struct *work);
static DECLARE_DELAYED_WORK(maintenance, maintain_work);

static unsigned int interval = 15;

/* The periodic work item may be queued. Protected by kernel_param_lock(). */
static bool running;

static unsigned long maintain_period(void)
{
	/* The kernel sets parameters with plain stores. */
	return data_race(READ_ONCE(interval)) * HZ;
}

static int interval_set(const char *val, const struct kernel_param *kp)
{
	int err = param_set_uint_minmax(val, kp, 1, 24 * 60 * 60);

	if (!err && running)
		mod_delayed_work(wq, &maintenance, maintain_period());
	return err;
}

static const struct kernel_param_ops interval_ops = {
	.set = interval_set,
	.get = param_get_uint,
};

module_param_cb(interval, &interval_ops, &interval, 0644);
MODULE_PARM_DESC(interval, "seconds between two rounds of maintenance (15)");

/* Rescale the segment table if its size is wrong. */
static void maintain_rescale_locked(struct vmem *vm)
{
	struct vmem_segmap *sm = &vm->segmap;
	unsigned long n, from, to;
	int moved;
	u64 since;

	lockdep_assert_held(&vm->maintain_mutex);
	spin_lock_irq(&sm->lock);
	n = vmem_segmap_nr_allocated(sm);
	from = 1UL << sm->hash.bits;
	spin_unlock_irq(&sm->lock);

	since = vmem_trace_start(vmem_rescale);
	moved = vmem_hash_rescale(&sm->hash, &sm->lock, n);
	if (!moved)
		return;
	spin_lock_irq(&sm->lock);
	if (moved > 0)
		sm->stats.rescale++;
	else
		sm->stats.rescale_fail++;
	to = 1UL << sm->hash.bits;
	spin_unlock_irq(&sm->lock);
	if (since)
		trace_vmem_rescale(vm, n, from, to, vmem_trace_elapsed(since));
}

/* Erase stale hints, and trim the pool that their structures return to. */
static void maintain_hints(struct vmem *vm)
{
	struct vmem_segmap *sm = &vm->segmap;
	unsigned long from = 0;
	bool more;

	do {
		struct vmem_seg_pool surplus = {};

		spin_lock_irq(&sm->lock);
		more = vmem_hints_prune(sm, &from);
		vmem_trim(vm, &surplus);
		spin_unlock_irq(&sm->lock);
		vmem_seg_pool_drain(&surplus);
		cond_resched();
	} while (more);
}

static void maintain_rescale(struct vmem *vm)
{
	mutex_lock(&vm->maintain_mutex);
	maintain_rescale_locked(vm);
	mutex_unlock(&vm->maintain_mutex);
}

static void maintain_rescale_work(struct work_struct *work)
{
	maintain_rescale(container_of(work, struct vmem, rescale));
}

/**
 * vmem_rescale_soon - queue a rescale of the segment table
 * @vm: the arena
 *
 * Context: any but NMI. No arena lock held.
 */
void vmem_rescale_soon(struct vmem *vm)
{
	queue_work(wq, &vm->rescale);
}

/**
 * vmem_release_soon - queue the release of the wholly free imported spans
 * @vm: the arena
 *
 * Context: any but NMI.
 */
void vmem_release_soon(struct vmem *vm)
{
	queue_work(release_wq, &vm->release);
}

/* One round of maintenance. @all: make all waiters search again. */
static void maintain_all(bool all)
{
	struct vmem_registry_cursor cur;
	struct vmem *vm;

	vmem_registry_open(&cur);
	while ((vm = vmem_registry_next(&cur))) {
		/* Each tree has one root, so its waiters retry once. */
		if (vm == READ_ONCE(vm->tree->root))
			vmem_retry_waiters(vm->tree, all);
		/* The source may have space again: allow imports for slabs. */
		WRITE_ONCE(vm->import_dry, false);
		mutex_lock(&vm->maintain_mutex);
		maintain_rescale_locked(vm);
		maintain_hints(vm);
		vmem_qcaches_maintain(vm);
		mutex_unlock(&vm->maintain_mutex);
		vmem_registry_put(vm);
	}
	vmem_registry_close(&cur);
}

/**
 * vmem_update - one round of maintenance over all arenas
 * @unused: ignored; for use as a callback
 *
 * Makes all waiters search again, rescales segment tables, and drains the
 * magazines and slabs that quantum caches have not needed since the last round.
 * Clients may use the arenas during a round: see "Bounded" in
 * Documentation/theory.rst.
 *
 * vmem runs a periodic round every 15 seconds; the module parameter interval
 * changes the period. A periodic round does not wake waiters for which events
 * announce all free space.
 *
 * Context: task, sleeping allowed. Takes the list mutex and arena locks.
 */
void vmem_update(void *unused)
{
	maintain_all(true);
}
EXPORT_SYMBOL_GPL(vmem_update);

static void maintain_work(struct work_struct *work)
{
	maintain_all(false);
	queue_delayed_work(wq, &maintenance, maintain_period());
}

void vmem_maintain_arena_init(struct vmem *vm)
{
	INIT_WORK(&vm->rescale, maintain_rescale_work);
	INIT_WORK(&vm->split, vmem_split_work);
	INIT_WORK(&vm->release, vmem_release_work);
	mutex_init(&vm->maintain_mutex);
}

/* Cancel the work items rescale and split. No code queues them again. */
void vmem_maintain_arena_exit(struct vmem *vm)
{
	cancel_work_sync(&vm->rescale);
	cancel_work_sync(&vm->split);
}

int vmem_maintain_init(void)
{
	wq = alloc_workqueue("vmem", WQ_MEM_RECLAIM | WQ_UNBOUND, 0);
	release_wq = alloc_workqueue("vmem_release",
				     WQ_MEM_RECLAIM | WQ_UNBOUND,
				     WQ_MAX_ACTIVE);
	if (!wq || !release_wq) {
		if (wq)
			destroy_workqueue(wq);
		if (release_wq)
			destroy_workqueue(release_wq);
		return -ENOMEM;
	}
	kernel_param_lock(THIS_MODULE);
	queue_delayed_work(wq, &maintenance, maintain_period());
	running = true;
	kernel_param_unlock(THIS_MODULE);
	return 0;
}

void vmem_maintain_exit(void)
{
	/* Afterwards interval_set() does not queue the periodic work item. */
	kernel_param_lock(THIS_MODULE);
	running = false;
	kernel_param_unlock(THIS_MODULE);
	cancel_delayed_work_sync(&maintenance);
	destroy_workqueue(wq);
	destroy_workqueue(release_wq);
}
