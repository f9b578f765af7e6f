// SPDX-License-Identifier: GPL-2.0
/*
 * Events that drain quantum caches: memory pressure, and dead CPUs.
 *
 * The handlers must not wait for code that needs memory, so they do not call
 * release functions: a work item drains the caches.
 */
#include <linux/cpuhotplug.h>
#include <linux/ktime.h>

#include "../arena/registry.h"
#include "../compat.h"
#include "slab.h"

static int dead_state;

/*
 * Seconds since boot when memory pressure last queued a drain. READ_ONCE(),
 * WRITE_ONCE().
 */
static u32 last_reap;

/*
 * Returns an estimate of the memory of magazines and slab descriptors, in units
 * of a slab descriptor.
 */
static unsigned long pressure_count(struct shrinker *s, struct shrink_control *sc)
{
	unsigned long bytes = vmem_magazine_bytes() + vmem_slab_bytes();

	return bytes / sizeof(struct vmem_slab) ?: SHRINK_EMPTY;
}

static unsigned long pressure_free_magazines(struct vmem_qcache *qc)
{
	struct vmem_magazine *mag;
	unsigned long n = 0;

	while ((mag = vmem_depot_take_empty(&qc->depot))) {
		vmem_magazine_free(qc, mag);
		n++;
	}
	return n;
}

static unsigned long pressure_scan(struct shrinker *s, struct shrink_control *sc)
{
	u32 now = ktime_get_seconds();
	unsigned long n = 0;
	struct vmem *vm;
	unsigned int i;

	/* Memory reclaim calls this often: queue at most one drain a second. */
	if (READ_ONCE(last_reap) != now) {
		WRITE_ONCE(last_reap, now);
		vmem_reclaim_all_soon();
	}
	if (!vmem_registry_trylock())
		return SHRINK_STOP;
	for (vm = vmem_registry_first(); vm; vm = vmem_registry_after(vm))
		for (i = 0; vm->qcaches && i < vm->qcaches->n; i++)
			n += pressure_free_magazines(&vm->qcaches->cache[i]);
	vmem_registry_unlock();
	return n ?: SHRINK_STOP;
}

static struct vmem_shrinker shrinker = { .count = pressure_count, .scan = pressure_scan };

/*
 * The hotplug callback: moves the magazines of a dead CPU to the depots. No
 * holder of the list mutex waits for hotplug, so the callback may wait for the
 * mutex. The callback also queues a drain of all caches, because a waiter may
 * need the moved objects.
 */
static int pressure_cpu_dead(unsigned int cpu)
{
	struct vmem *vm;

	vmem_registry_lock();
	for (vm = vmem_registry_first(); vm; vm = vmem_registry_after(vm))
		if (vm->qcaches)
			vmem_cpu_unload(vm, per_cpu_ptr(vm->cpu, cpu));
	vmem_registry_unlock();
	vmem_reclaim_all_soon();
	return 0;
}

int vmem_pressure_init(void)
{
	int err;

	dead_state = cpuhp_setup_state_nocalls(CPUHP_BP_PREPARE_DYN, "vmem:dead",
					       NULL, pressure_cpu_dead);
	if (dead_state < 0)
		return dead_state;
	err = vmem_shrinker_register(&shrinker, "vmem");
	if (err)
		cpuhp_remove_state_nocalls(dead_state);
	return err;
}

void vmem_pressure_exit(void)
{
	vmem_shrinker_unregister(&shrinker);
	cpuhp_remove_state_nocalls(dead_state);
}
