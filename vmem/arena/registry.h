/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The list of all arenas, as a forest, and cursors that walk it.
 */
#ifndef _VMEM_ARENA_REGISTRY_H
#define _VMEM_ARENA_REGISTRY_H

#include "../arena.h"

/**
 * struct vmem_registry_cursor - a place in the forest of arenas
 * @link: node in the list of open cursors
 * @next: the arena to visit next, NULL at the end
 * @top: the root of the tree that the cursor visits, children before their
 *	parent; NULL to visit all trees, each parent before its children
 *
 * When @next is removed from the list, the cursor moves to the following arena.
 * Protected by the list mutex.
 */
struct vmem_registry_cursor {
	struct list_head link;
	struct vmem *next;
	struct vmem *top;
};

void vmem_registry_lock(void);
void vmem_registry_unlock(void);

void vmem_registry_add(struct vmem *vm, struct vmem *parent);
bool vmem_registry_del(struct vmem *vm);

void vmem_registry_open(struct vmem_registry_cursor *cur);
void vmem_registry_open_tree(struct vmem_registry_cursor *cur,
			     struct vmem_tree *tree);
void vmem_registry_close(struct vmem_registry_cursor *cur);
void vmem_registry_rewind(struct vmem_registry_cursor *cur);
void vmem_registry_advance(struct vmem_registry_cursor *cur);
struct vmem *vmem_registry_next(struct vmem_registry_cursor *cur);
struct vmem *vmem_registry_next_of(struct vmem_registry_cursor *cur,
				   bool (*wanted)(const struct vmem *vm));
void vmem_registry_put(struct vmem *vm);
void vmem_registry_hold(struct vmem *vm);
bool vmem_registry_trylock(void);
struct vmem *vmem_registry_first(void);
struct vmem *vmem_registry_after(struct vmem *vm);
struct vmem *vmem_registry_leaf(void);
unsigned int vmem_registry_depth(const struct vmem *vm);

#endif /* _VMEM_ARENA_REGISTRY_H */
