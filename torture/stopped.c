// SPDX-License-Identifier: GPL-2.0
/*
 * Delays under load. Threads sleep for up to 1.6 seconds while they hold
 * segments, and an interrupt handler holds a CPU at an arbitrary point.
 */
#include <linux/cpumask.h>
#include <linux/delay.h>
#include <linux/timex.h>
#include <linux/smp.h>

#include "torture.h"

#define HELD		8

static int begin(struct tt_thread *t)
{
	tt_user_init(t->data, t, HELD);
	return 0;
}

static void hold_cpu(void *unused)
{
	mdelay(2 + get_cycles() % 8);
}

static void step(struct tt_thread *t)
{
	struct tt_user *user = t->data;
	unsigned int ms = 100 + tt_random(&t->rnd, 1500);
	int cpu = tt_random(&t->rnd, nr_cpu_ids);
	unsigned int i;

	user->arena = tt_arena(prandom_u32_state(&t->rnd));
	for (i = 0; i < HELD; i++)
		tt_alloc(user, user->arena->quantum *
			 (1 + tt_random(&t->rnd, 4)), VM_NOSLEEP);
	/* Fails if the CPU is offline. */
	if (!smp_call_function_single(cpu, hold_cpu, NULL, 1))
		tt_count(TT_HELD_CPU);
	for (; ms >= 20 && !tt_should_drain(); ms -= 20)
		msleep(20);
	tt_free_all(user);
	tt_count(TT_STOPPED);
	tt_usleep(10000);
}

const struct tt_job tt_stopped_job = {
	.name = "stopped", .size = sizeof(struct tt_user), .begin = begin,
	.step = step,
};
