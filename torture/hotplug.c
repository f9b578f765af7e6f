// SPDX-License-Identifier: GPL-2.0
/*
 * Removes and adds CPUs whose magazines are loaded.
 */
#include <linux/cpu.h>
#include <linux/cpumask.h>

#include "torture.h"

#ifdef CONFIG_HOTPLUG_CPU
static void step(struct tt_thread *t)
{
	unsigned int cpu = tt_random(&t->rnd, nr_cpu_ids);

	tt_usleep(100000);
	if (!cpu_online(cpu) || !cpu_is_hotpluggable(cpu))
		return;
	tt_set_call(t, "remove_cpu", NULL, cpu, 0);
	if (!remove_cpu(cpu)) {
		tt_count(TT_CPU);
		tt_usleep(1000 + tt_random(&t->rnd, 200000));
		tt_set_call(t, "add_cpu", NULL, cpu, 0);
		if (add_cpu(cpu))
			pr_err("vmem-torture: cannot add CPU %u\n", cpu);
	}
	tt_set_call(t, NULL, NULL, 0, 0);
}
#else
static void step(struct tt_thread *t)
{
	tt_usleep(100000);
}
#endif

const struct tt_job tt_hotplug_job = { .name = "hotplug", .step = step };
