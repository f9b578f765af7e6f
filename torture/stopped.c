// SPDX-License-Identifier: GPL-2.0
/*
 * Tasks that are stopped in the middle of the traffic: threads that sleep for up to
 * seconds with segments allocated, and CPUs held by an interrupt, whatever they
 * were in the middle of.
 */
#include <linux/cpumask.h>
#include <linux/delay.h>
#include <linux/timex.h>
#include <linux/smp.h>

#include "torture.h"

#define HELD		8

static int begin(struct tt_thread *t)
{
	tt_trader_init(t->data, t, HELD);
	return 0;
}

static void hold_cpu(void *unused)
{
	mdelay(2 + get_cycles() % 8);
}

static void step(struct tt_thread *t)
{
	struct tt_trader *trader = t->data;
	unsigned int ms = 100 + tt_random(&t->rnd, 1500);
	int cpu = tt_random(&t->rnd, nr_cpu_ids);
	unsigned int i;

	trader->arena = tt_arena(prandom_u32_state(&t->rnd));
	for (i = 0; i < HELD; i++)
		tt_get(trader, trader->arena->quantum *
		       (1 + tt_random(&t->rnd, 4)), VM_NOSLEEP);
	/* Without effect on a CPU that is not there. */
	if (!smp_call_function_single(cpu, hold_cpu, NULL, 1))
		tt_count(TT_HELD_CPU);
	for (; ms >= 20 && !tt_ebbs(); ms -= 20)
		msleep(20);
	tt_put_all(trader);
	tt_count(TT_STOPPED);
	tt_pause(10000);
}

const struct tt_job tt_stopped_job = {
	.name = "stopped", .size = sizeof(struct tt_trader), .begin = begin,
	.step = step,
};
