// SPDX-License-Identifier: GPL-2.0
/*
 * Maintenance: every so often every segment table gets the size that it should have,
 * caches give back what they did not need, and waiters try again that cannot learn of
 * all that may serve them.
 */
#include <linux/export.h>
#include <linux/module.h>
#include <linux/moduleparam.h>

#include "../qcache/slab.h"
#include "../report/trace.h"
#include "maintain.h"
#include "populate.h"
#include "registry.h"
#include "release.h"
#include "wait.h"

/*
 * Maintenance and rescaling; and release functions of clients, which may block for
 * ever and must not hold up anything else: each arena has a work item of its own.
 */
static struct workqueue_struct *wq, *release_wq;

static void maintain(struct work_struct *work);
static DECLARE_DELAYED_WORK(maintenance, maintain);

static unsigned int interval = 15;

/* Maintenance runs by itself. Protected by kernel_param_lock(). */
static bool running;

static unsigned long period(void)
{
	/* The kernel sets parameters with plain stores. */
	return data_race(READ_ONCE(interval)) * HZ;
}

static int interval_set(const char *val, const struct kernel_param *kp)
{
	int err = param_set_uint_minmax(val, kp, 1, 24 * 60 * 60);

	if (!err && running)
		mod_delayed_work(wq, &maintenance, period());
	return err;
}

static const struct kernel_param_ops interval_ops = {
	.set = interval_set,
	.get = param_get_uint,
};

module_param_cb(interval, &interval_ops, &interval, 0644);
MODULE_PARM_DESC(interval, "seconds between two rounds of maintenance (15)");

/* Give the segment table the size that it should have. */
static void rescale_locked(struct vmem *vm)
{
	struct vmem_space *sp = &vm->space;
	unsigned long n, from, to;
	int moved;
	u64 since;

	lockdep_assert_held(&vm->upkeep);
	spin_lock_irq(&sp->lock);
	n = vmem_space_allocated(sp);
	from = 1UL << sp->hash.bits;
	spin_unlock_irq(&sp->lock);

	since = vmem_trace_moment(vmem_rescale);
	moved = vmem_hash_rescale(&sp->hash, &sp->lock, n);
	if (!moved)
		return;
	spin_lock_irq(&sp->lock);
	if (moved > 0)
		sp->stats.rescale++;
	else
		sp->stats.rescale_fail++;
	to = 1UL << sp->hash.bits;
	spin_unlock_irq(&sp->lock);
	if (since)
		trace_vmem_rescale(vm, n, from, to, vmem_trace_ns(since));
}

/* Uproot waypoints that lead nowhere, and give back what is too much then. */
static void prune_ways(struct vmem *vm)
{
	struct vmem_space *sp = &vm->space;
	unsigned long from = 0;
	bool more;

	do {
		struct vmem_stock surplus = {};

		spin_lock_irq(&sp->lock);
		more = vmem_ways_prune(sp, &from);
		vmem_trim(vm, &surplus);
		spin_unlock_irq(&sp->lock);
		vmem_stock_drain(&surplus);
		cond_resched();
	} while (more);
}

static void rescale(struct vmem *vm)
{
	mutex_lock(&vm->upkeep);
	rescale_locked(vm);
	mutex_unlock(&vm->upkeep);
}

static void rescale_work(struct work_struct *work)
{
	rescale(container_of(work, struct vmem, rescale));
}

/**
 * vmem_rescale_soon - have the segment table rescaled before it is time
 * @vm: the arena
 *
 * Context: any but NMI. No arena lock held.
 */
void vmem_rescale_soon(struct vmem *vm)
{
	queue_work(wq, &vm->rescale);
}

/**
 * vmem_release_soon - have a work item send home what is wholly free
 * @vm: the arena
 *
 * Context: any but NMI.
 */
void vmem_release_soon(struct vmem *vm)
{
	queue_work(release_wq, &vm->release);
}

/* One round. @all: every waiter is to try again, whatever it can learn of. */
static void maintain_all(bool all)
{
	struct vmem_registry_cursor cur;
	struct vmem *vm;

	vmem_registry_open(&cur);
	while ((vm = vmem_registry_next(&cur))) {
		/* Once for each tree; the source may be able to serve again. */
		if (vm == READ_ONCE(vm->tree->root))
			vmem_retry_waiters(vm->tree, all);
		WRITE_ONCE(vm->import_dry, false);
		mutex_lock(&vm->upkeep);
		rescale_locked(vm);
		prune_ways(vm);
		vmem_qcaches_maintain(vm);
		mutex_unlock(&vm->upkeep);
		vmem_registry_put(vm);
	}
	vmem_registry_close(&cur);
}

/**
 * vmem_update - one round of maintenance over all arenas
 * @unused: nothing; the argument makes it a callback
 *
 * Makes all waiters search again, rescales segment tables, and has quantum caches
 * give back what they did not need since the last round. A round runs by itself every
 * 15 seconds, or what the module parameter interval says; that one leaves waiters
 * asleep that learn of everything that could serve them. Clients use the arenas
 * meanwhile: see "Bounded" in Documentation/theory.rst.
 *
 * Context: task, sleeping allowed. Takes the list mutex and arena locks.
 */
void vmem_update(void *unused)
{
	maintain_all(true);
}
EXPORT_SYMBOL_GPL(vmem_update);

static void maintain(struct work_struct *work)
{
	maintain_all(false);
	queue_delayed_work(wq, &maintenance, period());
}

void vmem_maintain_arena_init(struct vmem *vm)
{
	INIT_WORK(&vm->rescale, rescale_work);
	INIT_WORK(&vm->split, vmem_split_work);
	INIT_WORK(&vm->release, vmem_release_work);
	mutex_init(&vm->upkeep);
}

/* Nothing is under way for the arena afterwards. */
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
	queue_delayed_work(wq, &maintenance, period());
	running = true;
	kernel_param_unlock(THIS_MODULE);
	return 0;
}

void vmem_maintain_exit(void)
{
	/* A change of the interval must not start it again. */
	kernel_param_lock(THIS_MODULE);
	running = false;
	kernel_param_unlock(THIS_MODULE);
	cancel_delayed_work_sync(&maintenance);
	destroy_workqueue(wq);
	destroy_workqueue(release_wq);
}
