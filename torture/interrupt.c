// SPDX-License-Identifier: GPL-2.0
/*
 * Interrupt handlers that allocate and free. Each CPU has two timers: one has a
 * handler in hard interrupt context, the other in softirq context. Both
 * handlers interrupt any operation on that CPU, and the hard interrupt handler
 * also interrupts the softirq handler.
 *
 * The timers of a CPU that goes offline move to another CPU.
 */
#include <linux/cpumask.h>
#include <linux/hrtimer.h>
#include <linux/percpu.h>
#include <linux/slab.h>
#include <linux/smp.h>

#include "../vmem/compat.h"
#include "torture.h"

/* Mean time between two interrupts of a timer, in nanoseconds. */
#define PERIOD_NS		400000

/* Minimum time to the next interrupt, divided by the handler's duration. */
#define MIN_PERIOD_RATIO	6

/**
 * struct irq_timer - a timer whose handler allocates and frees
 * @timer: the timer
 * @soft: the handler runs in softirq context
 * @user: the user; while the timer is active, only the handler accesses it
 */
struct irq_timer {
	struct hrtimer timer;
	bool soft;
	struct tt_user user;
};

static struct irq_timer *timers;

static enum hrtimer_restart timer_fn(struct hrtimer *timer)
{
	struct irq_timer *it = container_of(timer, struct irq_timer, timer);
	u64 start = ktime_get_ns(), delay;
	unsigned int i;

	for (i = 0; i < 4; i++)
		tt_alloc_or_free(&it->user);
	delay = PERIOD_NS / 2 + tt_random(&it->user.rnd, PERIOD_NS);
	delay = max(delay, MIN_PERIOD_RATIO * (ktime_get_ns() - start));
	hrtimer_forward_now(timer, ns_to_ktime(delay));
	return HRTIMER_RESTART;
}

/* IPI handler on the timer's CPU. */
static void start_timer(void *data)
{
	struct irq_timer *it = data;

	hrtimer_start(&it->timer, ns_to_ktime(PERIOD_NS),
		      it->soft ? HRTIMER_MODE_REL_PINNED_SOFT
			       : HRTIMER_MODE_REL_PINNED);
}

/* Start the timers, each with a random arena. All threads have quiesced. */
void tt_interrupts_start(void)
{
	unsigned int cpu, i;

	for_each_possible_cpu(cpu) {
		for (i = 0; i < 2; i++) {
			struct irq_timer *it = &timers[2 * cpu + i];

			it->user.arena =
				tt_arena(prandom_u32_state(&it->user.rnd));
			/* An offline CPU gets no timers in this round. */
			smp_call_function_single(cpu, start_timer, it, 1);
		}
	}
}

/* Cancel the timers, and free everything that their users hold. */
void tt_interrupts_stop(void)
{
	unsigned int i;

	for (i = 0; i < 2 * nr_cpu_ids; i++) {
		hrtimer_cancel(&timers[i].timer);
		tt_free_all(&timers[i].user);
	}
}

int tt_interrupts_init(void)
{
	unsigned int i;

	timers = kvcalloc(2 * nr_cpu_ids, sizeof(*timers), GFP_KERNEL);
	if (!timers)
		return -ENOMEM;
	for (i = 0; i < 2 * nr_cpu_ids; i++) {
		struct irq_timer *it = &timers[i];

		it->soft = i % 2;
		vmem_hrtimer_setup_mode(&it->timer, timer_fn, it->soft ?
					HRTIMER_MODE_REL_PINNED_SOFT :
					HRTIMER_MODE_REL_PINNED);
		tt_user_init(&it->user, NULL, 16);
	}
	return 0;
}

void tt_interrupts_exit(void)
{
	kvfree(timers);
	timers = NULL;
}
