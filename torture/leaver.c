// SPDX-License-Identifier: GPL-2.0
/*
 * Traffic in arenas whose import and release functions are in another module,
 * vmem_torture_leaver. This module is removed during the traffic, rule [47].
 *
 * When vmem_torture_leaver is inserted, it registers a tree of three arenas.
 * When it is removed, it either unregisters and destroys the arenas, or leaves
 * them behind. In the second case the threads here continue to use the arenas
 * until the next tree is registered.
 */
#include <linux/delay.h>
#include <linux/module.h>
#include <linux/rwsem.h>

#include "torture.h"

#define HELD		24

static DECLARE_RWSEM(tree_sem);
static struct tt_leaver_tree tree;		/* protected by tree_sem */
static bool unregistered = true;		/* protected by tree_sem */

/* Caller holds tree_sem for writing. */
static void destroy_left_tree(void)
{
	int i;

	if (unregistered)
		return;
	for (i = ARRAY_SIZE(tree.vm); i--; )
		vmem_destroy(tree.vm[i]);
	unregistered = true;
	tt_count(TT_LEFT);
}

/**
 * tt_leaver_register - let the threads of the torture use a tree of arenas
 * @new: the arenas, the root first
 *
 * Destroys the previous tree if the module left it behind.
 */
void tt_leaver_register(const struct tt_leaver_tree *new)
{
	down_write(&tree_sem);
	destroy_left_tree();
	tree = *new;
	unregistered = false;
	up_write(&tree_sem);
}
EXPORT_SYMBOL_GPL(tt_leaver_register);

/* On return nothing is allocated in the arenas, and no thread uses them. */
void tt_leaver_unregister(void)
{
	down_write(&tree_sem);
	unregistered = true;
	up_write(&tree_sem);
	tt_count(TT_UNREGISTERED);
}
EXPORT_SYMBOL_GPL(tt_leaver_unregister);

/* The functions in vmem_torture_leaver call this, for the statistics. */
void tt_leaver_called(void)
{
	tt_count(TT_LEAVER_CALL);
}
EXPORT_SYMBOL_GPL(tt_leaver_called);

struct held {
	vmem_t *vm;
	void *addr;
	size_t size;
};

/*
 * Requests must not wait, because the arenas no longer import after the module
 * is removed. VM_SLEEP | VM_ABORT lets the import function sleep. VM_ABORT has
 * no effect on cached sizes, and a source does not receive it. So requests with
 * VM_ABORT go to the middle arena and exceed its largest cached size.
 */
static bool alloc_random(struct tt_thread *t, struct held *h)
{
	bool sleep = !tt_random(&t->rnd, 3);
	int vmflag = sleep ? VM_SLEEP | VM_ABORT : VM_NOSLEEP;

	h->vm = tree.vm[sleep ? 1 : 1 + tt_random(&t->rnd, 2)];
	h->size = 1 + tt_random(&t->rnd, 12) + (sleep ? 16 : 0);
	tt_set_call(t, "leaver: vmem_alloc", "tt-left", h->size, vmflag);
	h->addr = vmem_alloc(h->vm, h->size, vmflag);
	tt_set_call(t, NULL, NULL, 0, 0);
	return h->addr;
}

static void step(struct tt_thread *t)
{
	struct held *held = t->data;
	unsigned int n = 0, tries;

	down_read(&tree_sem);
	if (!unregistered) {
		for (tries = 0; tries < HELD && !tt_should_drain(); tries++)
			n += alloc_random(t, &held[n]);
		tt_usleep(1000);
		while (n--) {
			tt_set_call(t, "leaver: vmem_free", "tt-left",
				    held[n].size, 0);
			vmem_free(held[n].vm, held[n].addr, held[n].size);
			tt_set_call(t, NULL, NULL, 0, 0);
		}
	}
	up_read(&tree_sem);
	tt_usleep(5000);
}

const struct tt_job tt_leaver_job = {
	.name = "leaver", .size = HELD * sizeof(struct held), .step = step,
};

/* vmem_torture_leaver is already removed, because it depends on this module. */
void tt_leaver_exit(void)
{
	down_write(&tree_sem);
	destroy_left_tree();
	up_write(&tree_sem);
}
