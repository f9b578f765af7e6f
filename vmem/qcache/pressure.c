// SPDX-License-Identifier: GPL-2.0
/*
 * What makes quantum caches give back although nobody asked for integers: memory
 * is short, or a CPU has gone.
 *
 * Neither may wait for anything that needs memory. What needs no release function
 * is done at once, the rest is left to a work item.
 */
#include <linux/cpuhotplug.h>
#include <linux/ktime.h>

#include "../arena/registry.h"
#include "../compat.h"
#include "pressure.h"
#include "reclaim.h"
#include "slab.h"

static int dead_state;

/*
 * The second, since boot, in which memory pressure last had everything drained.
 * READ_ONCE(), WRITE_ONCE().
 */
static u32 last_reap;

/* Magazines that nobody would miss, and slabs that could go home. */
static unsigned long count(struct shrinker *s, struct shrink_control *sc)
{
	unsigned long bytes = vmem_magazine_bytes() + vmem_slab_bytes();

	return bytes / sizeof(struct vmem_slab) ?: SHRINK_EMPTY;
}

static unsigned long free_empty_magazines(struct vmem_qcache *qc)
{
	struct vmem_magazine *mag;
	unsigned long n = 0;

	while ((mag = vmem_depot_take_empty(&qc->depot))) {
		vmem_magazine_free(qc, mag);
		n++;
	}
	return n;
}

static unsigned long scan(struct shrinker *s, struct shrink_control *sc)
{
	u32 now = ktime_get_seconds();
	unsigned long n = 0;
	struct vmem *vm;
	unsigned int i;

	/* Reclaim comes back often: to drain everything once a second will do. */
	if (READ_ONCE(last_reap) != now) {
		WRITE_ONCE(last_reap, now);
		vmem_reclaim_all_soon();
	}
	if (!vmem_registry_trylock())
		return SHRINK_STOP;
	for (vm = vmem_registry_first(); vm; vm = vmem_registry_after(vm))
		for (i = 0; vm->qcaches && i < vm->qcaches->n; i++)
			n += free_empty_magazines(&vm->qcaches->cache[i]);
	vmem_registry_unlock();
	return n ?: SHRINK_STOP;
}

static struct vmem_shrinker shrinker = { .count = count, .scan = scan };

/*
 * The CPU is dead: it cannot fill again what is taken from it. Nobody who holds
 * the list mutex waits for a CPU to come or go, so that it may be waited for.
 * What comes into the depots may be what somebody is waiting for.
 */
static int cpu_dead(unsigned int cpu)
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
					       NULL, cpu_dead);
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
