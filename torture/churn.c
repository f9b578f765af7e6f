// SPDX-License-Identifier: GPL-2.0
/*
 * Trees of short-lived arenas. A thread creates a tree, uses it on all CPUs and
 * then destroys the tree immediately, while CPUs have loaded magazines. Other
 * threads concurrently walk the list of arenas, read debugfs files or reclaim
 * from all caches.
 */
#include <linux/cpumask.h>
#include <linux/slab.h>
#include <linux/workqueue.h>

#include "../vmem/compat.h"
#include "torture.h"

#define BASE	0x1000UL
#define UNITS	16384UL
#define DEPTH	3

/**
 * struct churn - data of a thread of this job
 * @map: owner map of the current tree
 * @arena: the tree, the root first
 * @user: the user of each arena
 * @wq: workqueue of @work
 * @work: work item that allocates and frees on a given CPU
 * @work_user: the user for which @work allocates and frees
 */
struct churn {
	struct tt_map map;
	struct tt_arena arena[DEPTH];
	struct tt_user user[DEPTH];
	struct workqueue_struct *wq;
	struct work_struct work;
	struct tt_user *work_user;
};

static void *import(vmem_t *src, size_t *size, size_t align, int vmflag)
{
	return vmem_alloc(src, *size, vmflag);
}

/* Create an arena by a random function and with random flags. */
static vmem_t *create_arena(struct tt_thread *t, unsigned int depth,
			    vmem_t *source)
{
	static const char * const names[] = {
		"tt-root", "tt-middle", "tt-leaf",
	};
	size_t cached = tt_random(&t->rnd, 4);
	int vmflag = VMC_IDENTIFIER;

	if (!cached && tt_random(&t->rnd, 2))
		vmflag |= VM_NOSLEEP;
	if (cached && !tt_random(&t->rnd, 4))
		vmflag |= VMC_NO_QCACHE;
	if (!source)
		return vmem_create(names[depth], (void *)BASE, UNITS, 1, NULL,
				   NULL, NULL, cached, vmflag);
	if (tt_random(&t->rnd, 2))
		return vmem_xcreate(names[depth], NULL, 0, 1, import, vmem_free,
				    source, cached, vmflag);
	if (!tt_random(&t->rnd, 4))
		vmflag |= VMC_POPULATOR;
	return vmem_create(names[depth], NULL, 0, 1, vmem_alloc, vmem_free,
			   source, cached, vmflag);
}

/* Work function. It leaves segments allocated, and loaded magazines. */
static void use_on_cpu(struct work_struct *work)
{
	struct churn *c = container_of(work, struct churn, work);
	unsigned int i;

	for (i = 0; i < 96 && !tt_should_drain(); i++)
		tt_alloc_or_free(c->work_user);
}

static void use_arena(struct tt_thread *t, struct churn *c, unsigned int depth)
{
	unsigned int cpu, i;

	c->work_user = &c->user[depth];
	for_each_online_cpu(cpu) {
		queue_work_on(cpu, c->wq, &c->work);
		flush_work(&c->work);
	}
	for (i = 0; i < 128 && !tt_should_drain(); i++)
		tt_alloc_or_free(&c->user[depth]);
	if (!tt_random(&t->rnd, 8))
		vmem_verify(c->arena[depth].vm);
	/* Objects allocated on other CPUs go into the magazines of this CPU. */
	tt_free_all(&c->user[depth]);
}

static int begin(struct tt_thread *t)
{
	struct churn *c = t->data;
	int err;

	INIT_WORK(&c->work, use_on_cpu);
	c->wq = alloc_workqueue("vmem_torture", VMEM_WQ_PERCPU, 0);
	if (!c->wq)
		return -ENOMEM;
	err = tt_map_init(&c->map, BASE, 0, UNITS);
	if (err)
		destroy_workqueue(c->wq);
	return err;
}

static void end(struct tt_thread *t)
{
	struct churn *c = t->data;

	tt_map_exit(&c->map);
	destroy_workqueue(c->wq);
}

static void step(struct tt_thread *t)
{
	unsigned int i, n = 0, depth = 1 + tt_random(&t->rnd, DEPTH);
	struct churn *c = t->data;
	vmem_t *vm = NULL;

	while (n < depth) {
		vm = create_arena(t, n, vm);
		if (!vm)
			break;
		tt_count(TT_ARENA);
		c->arena[n] = (struct tt_arena) {
			.name = "tt-churn", .vm = vm, .map = &c->map,
			.quantum = 1, .max_quanta = 128,
			.base = n ? 0 : BASE, .size = n ? 0 : UNITS,
		};
		tt_user_init(&c->user[n], t, 32);
		c->user[n].arena = &c->arena[n];
		n++;
	}
	for (i = 0; i < n; i++)
		use_arena(t, c, i);
	while (n--) {
		vm = c->arena[n].vm;
		tt_set_call(t, "vmem_destroy", "tt-churn", 0, 0);
		vmem_destroy(vm);
		tt_set_call(t, NULL, NULL, 0, 0);
	}
	tt_map_expect_empty(&c->map, "tt-churn");
	tt_usleep(500);
}

const struct tt_job tt_churn_job = {
	.name = "churn", .size = sizeof(struct churn),
	.begin = begin, .step = step, .end = end,
};
