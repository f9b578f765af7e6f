// SPDX-License-Identifier: GPL-2.0
/*
 * Arenas that do not live long: trees of them that are made, used on all CPUs, and
 * destroyed at once, while magazines are loaded everywhere, while others walk the
 * list of arenas, read their files, or want all caches drained.
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
 * struct forest - what a thread of this job has
 * @map: who owns what of the trees, one tree at a time
 * @arena: the tree, the source first
 * @trader: who trades in the arena of the same number
 * @wq: of each CPU
 * @there: has that done on another CPU
 * @at: the trader that is to do it
 */
struct forest {
	struct tt_map map;
	struct tt_arena arena[DEPTH];
	struct tt_trader trader[DEPTH];
	struct workqueue_struct *wq;
	struct work_struct there;
	struct tt_trader *at;
};

static void *import(vmem_t *src, size_t *size, size_t align, int vmflag)
{
	return vmem_alloc(src, *size, vmflag);
}

/* Any of the ways to make an arena. */
static vmem_t *plant(struct tt_thread *t, unsigned int depth, vmem_t *source)
{
	static const char * const names[] = { "tt-root", "tt-twig", "tt-leaf" };
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

/* On some CPU. What it leaves is in magazines there, and held. */
static void trade_there(struct work_struct *work)
{
	struct forest *f = container_of(work, struct forest, there);
	unsigned int i;

	for (i = 0; i < 96 && !tt_ebbs(); i++)
		tt_trade(f->at);
}

static void use(struct tt_thread *t, struct forest *f, unsigned int depth)
{
	unsigned int cpu, i;

	f->at = &f->trader[depth];
	for_each_online_cpu(cpu) {
		queue_work_on(cpu, f->wq, &f->there);
		flush_work(&f->there);
	}
	for (i = 0; i < 128 && !tt_ebbs(); i++)
		tt_trade(&f->trader[depth]);
	if (!tt_random(&t->rnd, 8))
		vmem_verify(f->arena[depth].vm);
	/* From this CPU: into its magazines, wherever they came from. */
	tt_put_all(&f->trader[depth]);
}

static int begin(struct tt_thread *t)
{
	struct forest *f = t->data;
	int err;

	INIT_WORK(&f->there, trade_there);
	f->wq = alloc_workqueue("vmem_torture", VMEM_WQ_PERCPU, 0);
	if (!f->wq)
		return -ENOMEM;
	err = tt_map_init(&f->map, BASE, 0, UNITS);
	if (err)
		destroy_workqueue(f->wq);
	return err;
}

static void end(struct tt_thread *t)
{
	struct forest *f = t->data;

	tt_map_exit(&f->map);
	destroy_workqueue(f->wq);
}

static void step(struct tt_thread *t)
{
	unsigned int i, n = 0, depth = 1 + tt_random(&t->rnd, DEPTH);
	struct forest *f = t->data;
	vmem_t *vm = NULL;

	while (n < depth) {
		vm = plant(t, n, vm);
		if (!vm)
			break;
		tt_count(TT_ARENA);
		f->arena[n] = (struct tt_arena) {
			.name = "tt-forest", .vm = vm, .map = &f->map,
			.quantum = 1, .most = 128,
			.base = n ? 0 : BASE, .size = n ? 0 : UNITS,
		};
		tt_trader_init(&f->trader[n], t, 32);
		f->trader[n].arena = &f->arena[n];
		n++;
	}
	for (i = 0; i < n; i++)
		use(t, f, i);
	while (n--) {
		vm = f->arena[n].vm;
		tt_doing(t, "vmem_destroy", "tt-forest", 0, 0);
		vmem_destroy(vm);
		tt_doing(t, NULL, NULL, 0, 0);
	}
	tt_map_expect_empty(&f->map, "tt-forest");
	tt_pause(500);
}

const struct tt_job tt_forest_job = {
	.name = "forest", .size = sizeof(struct forest),
	.begin = begin, .step = step, .end = end,
};
