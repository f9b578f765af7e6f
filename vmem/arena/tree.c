// SPDX-License-Identifier: GPL-2.0
/*
 * How trees begin and end. A tree lives as long as any arena that joined it: an arena
 * whose import function went away with its module may outlive the root.
 */
#include <linux/slab.h>

#include "tree.h"

static atomic_long_t count;

/**
 * vmem_tree_join - make an arena part of its source's tree, or of a tree of its own
 * @vm: the arena
 * @source: the arena that it imports from; NULL: @vm becomes the root of a tree
 * @gfp: how to get memory
 *
 * Context: as @gfp says.
 * Return: 0 or -ENOMEM.
 */
int vmem_tree_join(struct vmem *vm, struct vmem *source, gfp_t gfp)
{
	struct vmem_tree *tree;

	if (source) {
		vm->tree = source->tree;
		kref_get(&vm->tree->refs);
		return 0;
	}
	tree = kzalloc(sizeof(*tree), gfp);
	if (!tree)
		return -ENOMEM;
	spin_lock_init(&tree->lock);
	tree->listening = RB_ROOT_CACHED;
	INIT_LIST_HEAD(&tree->reclaiming);
	INIT_DELAYED_WORK(&tree->reclaim, vmem_tree_reclaim);
	INIT_WORK(&tree->rescan, vmem_tree_rescan);
	kref_init(&tree->refs);
	atomic_long_inc(&count);
	tree->root = vm;
	vm->tree = tree;
	return 0;
}

static void tree_free(struct kref *refs)
{
	struct vmem_tree *tree = container_of(refs, struct vmem_tree, refs);

	cancel_work_sync(&tree->rescan);
	cancel_delayed_work_sync(&tree->reclaim);
	kfree(tree);
	atomic_long_dec(&count);
}

/* The bytes that all trees occupy. */
unsigned long vmem_tree_bytes(void)
{
	return atomic_long_read(&count) * sizeof(struct vmem_tree);
}

/* Context: task, sleeping allowed. No other user of the arena is left. */
void vmem_tree_leave(struct vmem *vm)
{
	kref_put(&vm->tree->refs, tree_free);
	vm->tree = NULL;
}
