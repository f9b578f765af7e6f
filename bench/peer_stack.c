// SPDX-License-Identifier: GPL-2.0
/*
 * The floor: a stack of integers for each CPU, with nothing behind it. Nobody
 * can hand out integers to several CPUs for less, and nobody could use it: what
 * another CPU has is out of reach.
 */
#include <linux/cpumask.h>
#include <linux/percpu.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "peer.h"

/* @n values; no more than @max fit. Of one CPU, preemption off. */
struct stack {
	unsigned long n;
	unsigned long max;
	unsigned long *value;
};

static void stack_unmake(void *it)
{
	struct stack __percpu *stacks = (__force struct stack __percpu *)it;
	int cpu;

	for_each_online_cpu(cpu)
		vfree(per_cpu_ptr(stacks, cpu)->value);
	free_percpu(stacks);
}

/*
 * The CPU that we are on (whose thread stays there, if it matters) has the whole
 * range. Each other one has a few beyond it.
 */
static void *stack_make(unsigned long range)
{
	struct stack __percpu *stacks = alloc_percpu(struct stack);
	int cpu, here = raw_smp_processor_id();
	unsigned long beyond = BASE + range;
	struct stack *s;

	if (!stacks)
		return NULL;
	for_each_online_cpu(cpu) {
		s = per_cpu_ptr(stacks, cpu);
		s->max = cpu == here ? range : 64;
		s->value = vmalloc(array_size(s->max, sizeof(*s->value)));
		if (!s->value) {
			stack_unmake((__force void *)stacks);
			return NULL;
		}
		while (s->n < s->max) {
			s->value[s->n] = cpu == here ? BASE + range - s->n - 1
						     : beyond++;
			s->n++;
		}
	}
	return (__force void *)stacks;
}

static bool stack_alloc(void *it, struct piece *piece)
{
	struct stack __percpu *stacks = (__force struct stack __percpu *)it;
	struct stack *s;
	bool good;

	preempt_disable();
	s = this_cpu_ptr(stacks);
	good = s->n;
	if (good)
		piece->at = s->value[--s->n];
	preempt_enable();
	return good;
}

static void stack_free(void *it, struct piece *piece)
{
	struct stack __percpu *stacks = (__force struct stack __percpu *)it;
	struct stack *s;

	preempt_disable();
	s = this_cpu_ptr(stacks);
	if (s->n < s->max)
		s->value[s->n++] = piece->at;
	preempt_enable();
}

const struct peer peer_stack = {
	.name		= "stack",
	.one_size	= true,
	.make		= stack_make,
	.unmake		= stack_unmake,
	.alloc		= stack_alloc,
	.free		= stack_free,
};
