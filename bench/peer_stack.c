// SPDX-License-Identifier: GPL-2.0
/*
 * A stack of integers for each CPU: the lower bound of the cost of a per-CPU
 * allocator. The stacks are not a usable allocator, since a CPU cannot allocate
 * the integers that are on the stacks of other CPUs.
 */
#include <linux/cpumask.h>
#include <linux/percpu.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "peer.h"

/* The stack of one CPU: @n values of at most @max. Used with preemption off. */
struct stack {
	unsigned long n;
	unsigned long max;
	unsigned long *value;
};

static void stack_destroy(void *instance)
{
	struct stack __percpu *stacks = (__force struct stack __percpu *)instance;
	int cpu;

	for_each_online_cpu(cpu)
		vfree(per_cpu_ptr(stacks, cpu)->value);
	free_percpu(stacks);
}

/*
 * The stack of this CPU has the whole range. The stack of every other CPU has
 * 64 integers beyond the range. A workload that needs the range must not
 * migrate.
 */
static void *stack_create(unsigned long range)
{
	struct stack __percpu *stacks = alloc_percpu(struct stack);
	int cpu, this_cpu = raw_smp_processor_id();
	unsigned long beyond = BASE + range;
	struct stack *s;

	if (!stacks)
		return NULL;
	for_each_online_cpu(cpu) {
		s = per_cpu_ptr(stacks, cpu);
		s->max = cpu == this_cpu ? range : 64;
		s->value = vmalloc(array_size(s->max, sizeof(*s->value)));
		if (!s->value) {
			stack_destroy((__force void *)stacks);
			return NULL;
		}
		while (s->n < s->max) {
			s->value[s->n] = cpu == this_cpu ? BASE + range - s->n - 1
						     : beyond++;
			s->n++;
		}
	}
	return (__force void *)stacks;
}

static bool stack_alloc(void *instance, struct piece *piece)
{
	struct stack __percpu *stacks = (__force struct stack __percpu *)instance;
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

static void stack_free(void *instance, struct piece *piece)
{
	struct stack __percpu *stacks = (__force struct stack __percpu *)instance;
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
	.create		= stack_create,
	.destroy	= stack_destroy,
	.alloc		= stack_alloc,
	.free		= stack_free,
};
