// SPDX-License-Identifier: GPL-2.0
/*
 * Maintenance: every so often all waiters try again and every segment table gets
 * the size that it should have.
 */
#include <linux/export.h>
#include <linux/module.h>
#include <linux/moduleparam.h>

#include "../qcache/qcache.h"
#include "../report/trace.h"
#include "maintain.h"
#include "populate.h"
#include "registry.h"
#include "wait.h"

static struct workqueue_struct *wq;

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
 * vmem_update - one round of maintenance over all arenas
 * @unused: nothing; the argument makes it a callback
 *
 * Wakes all waiters, so that they try again with all means they have, rescales
 * segment tables, and has quantum caches give back what they did not need since
 * the last round. Runs by itself every 15 seconds, or what the module
 * parameter interval says. Moving from one table to the next goes on under the
 * eyes of clients: see "Bounded" in Documentation/theory.rst.
 *
 * Context: task, sleeping allowed. Takes the list mutex and arena locks.
 */
void vmem_update(void *unused)
{
	struct vmem_registry_cursor cur;
	struct vmem *vm;

	vmem_registry_open(&cur);
	while ((vm = vmem_registry_next(&cur))) {
		vmem_kick(vm);
		mutex_lock(&vm->upkeep);
		rescale_locked(vm);
		prune_ways(vm);
		vmem_qcaches_maintain(vm);
		mutex_unlock(&vm->upkeep);
		vmem_registry_put(vm);
	}
	vmem_registry_close(&cur);
}
EXPORT_SYMBOL_GPL(vmem_update);

static void maintain(struct work_struct *work)
{
	vmem_update(NULL);
	queue_delayed_work(wq, &maintenance, period());
}

void vmem_maintain_arena_init(struct vmem *vm)
{
	INIT_WORK(&vm->rescale, rescale_work);
	mutex_init(&vm->upkeep);
}

/* Nothing is under way for the arena afterwards. */
void vmem_maintain_arena_exit(struct vmem *vm)
{
	cancel_work_sync(&vm->rescale);
}

int vmem_maintain_init(void)
{
	wq = alloc_workqueue("vmem", WQ_MEM_RECLAIM | WQ_UNBOUND, 0);
	if (!wq)
		return -ENOMEM;
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
}
