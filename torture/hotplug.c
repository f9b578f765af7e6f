// SPDX-License-Identifier: GPL-2.0
/*
 * CPUs that go and come back, with what they have in their magazines.
 */
#include <linux/cpu.h>
#include <linux/cpumask.h>

#include "torture.h"

#ifdef CONFIG_HOTPLUG_CPU
static void step(struct tt_thread *t)
{
	unsigned int cpu = tt_random(&t->rnd, nr_cpu_ids);

	tt_pause(100000);
	if (!cpu_online(cpu) || !cpu_is_hotpluggable(cpu))
		return;
	tt_doing(t, "remove_cpu", NULL, cpu, 0);
	if (!remove_cpu(cpu)) {
		tt_count(TT_CPU);
		tt_pause(1000 + tt_random(&t->rnd, 200000));
		tt_doing(t, "add_cpu", NULL, cpu, 0);
		if (add_cpu(cpu))
			pr_err("vmem-torture: CPU %u does not come back\n",
			       cpu);
	}
	tt_doing(t, NULL, NULL, 0, 0);
}
#else
static void step(struct tt_thread *t)
{
	tt_pause(100000);
}
#endif

const struct tt_job tt_hotplug_job = { .name = "hotplug", .step = step };
