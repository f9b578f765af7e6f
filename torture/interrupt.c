// SPDX-License-Identifier: GPL-2.0
/*
 * Interrupts that trade: two timers for each CPU, one in hard interrupt context
 * and one in softirq context, which come in the middle of whatever is going on
 * there, each other's operations included.
 *
 * When a CPU goes away its timers move to another.
 */
#include <linux/cpumask.h>
#include <linux/hrtimer.h>
#include <linux/percpu.h>
#include <linux/slab.h>
#include <linux/smp.h>

#include "../vmem/compat.h"
#include "torture.h"

/* Between two interrupts of a timer, in nanoseconds ... */
#define PERIOD		400000

/* ... but so many times as long as one takes: threads must get most of a CPU. */
#define SHARE		6

/**
 * struct source - where interrupts come from
 * @timer: the timer
 * @soft: in softirq context
 * @trader: what they do; only within the timer, or when that is stopped
 */
struct source {
	struct hrtimer timer;
	bool soft;
	struct tt_trader trader;
};

static struct source *sources;

static enum hrtimer_restart strike(struct hrtimer *timer)
{
	struct source *s = container_of(timer, struct source, timer);
	u64 start = ktime_get_ns(), pause;
	unsigned int i;

	for (i = 0; i < 4; i++)
		tt_trade(&s->trader);
	pause = PERIOD / 2 + tt_random(&s->trader.rnd, PERIOD);
	pause = max(pause, SHARE * (ktime_get_ns() - start));
	hrtimer_forward_now(timer, ns_to_ktime(pause));
	return HRTIMER_RESTART;
}

/* On the CPU that is meant. */
static void start(void *data)
{
	struct source *s = data;

	hrtimer_start(&s->timer, ns_to_ktime(PERIOD),
		      s->soft ? HRTIMER_MODE_REL_PINNED_SOFT
			      : HRTIMER_MODE_REL_PINNED);
}

/* Each round in another arena. All is calm. */
void tt_interrupts_start(void)
{
	unsigned int cpu, i;

	for_each_possible_cpu(cpu) {
		for (i = 0; i < 2; i++) {
			struct source *s = &sources[2 * cpu + i];

			s->trader.arena = tt_arena(prandom_u32_state(&s->trader.rnd));
			/* One that is not there now has none this time. */
			smp_call_function_single(cpu, start, s, 1);
		}
	}
}

/* And give back what they have. */
void tt_interrupts_stop(void)
{
	unsigned int i;

	for (i = 0; i < 2 * nr_cpu_ids; i++) {
		hrtimer_cancel(&sources[i].timer);
		tt_put_all(&sources[i].trader);
	}
}

int tt_interrupts_init(void)
{
	unsigned int i;

	sources = kvcalloc(2 * nr_cpu_ids, sizeof(*sources), GFP_KERNEL);
	if (!sources)
		return -ENOMEM;
	for (i = 0; i < 2 * nr_cpu_ids; i++) {
		struct source *s = &sources[i];

		s->soft = i % 2;
		vmem_hrtimer_setup_mode(&s->timer, strike, s->soft ?
					HRTIMER_MODE_REL_PINNED_SOFT :
					HRTIMER_MODE_REL_PINNED);
		tt_trader_init(&s->trader, NULL, 16);
	}
	return 0;
}

void tt_interrupts_exit(void)
{
	kvfree(sources);
	sources = NULL;
}
