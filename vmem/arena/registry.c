// SPDX-License-Identifier: GPL-2.0
/*
 * The list of all arenas, as a forest; and the memory of struct vmem.
 *
 * The list mutex protects the forest. Code that holds the mutex does not enter
 * memory reclaim and does not take long. Code that works longer on an arena
 * takes a hold on the arena, drops the mutex, and keeps its place in the forest
 * by a cursor.
 */
#include <linux/slab.h>

#include "free.h"
#include "registry.h"
#include "wait.h"

/* Lock budget of the list mutex, in arenas. */
#define ARENAS_A_HOLD	64

static DEFINE_MUTEX(list_mutex);

/* Protected by the list mutex. */
static LIST_HEAD(roots);
static LIST_HEAD(cursors);
static u32 last_id;

static struct kmem_cache *arena_cache;
static atomic_long_t arena_count;

void vmem_registry_lock(void)
{
	mutex_lock(&list_mutex);
}

bool vmem_registry_trylock(void)
{
	return mutex_trylock(&list_mutex);
}

void vmem_registry_unlock(void)
{
	mutex_unlock(&list_mutex);
}

static struct list_head *registry_siblings(const struct vmem *vm)
{
	return vm->parent ? &vm->parent->children : &roots;
}

/* The arena that follows the subtree of @vm, or NULL. */
static struct vmem *registry_after_subtree(struct vmem *vm)
{
	for (; vm; vm = vm->parent)
		if (!list_is_last(&vm->list, registry_siblings(vm)))
			return list_next_entry(vm, list);
	return NULL;
}

/* Is @vm the arena @top, or below @top in the forest? */
static bool registry_is_below(const struct vmem *vm, const struct vmem *top)
{
	while (vm && vm != top)
		vm = vm->parent;
	return vm;
}

/* The first leaf below @vm in the tree of @vm, or @vm itself. */
static struct vmem *registry_first_below(struct vmem *vm)
{
	struct vmem *child;
again:
	list_for_each_entry(child, &vm->children, list) {
		if (child->tree == vm->tree) {
			vm = child;
			goto again;
		}
	}
	return vm;
}

/* The arena after the arena at the cursor, or NULL. */
static struct vmem *registry_after_cursor(const struct vmem_registry_cursor *cur)
{
	struct vmem *vm = cur->next, *next = vm;

	if (!cur->top)
		return registry_after_subtree(vm);
	if (vm == cur->top)
		return NULL;
	list_for_each_entry_continue(next, &vm->parent->children, list)
		if (next->tree == vm->tree)
			return registry_first_below(next);
	return vm->parent;
}

static struct vmem *registry_first_root(void)
{
	return list_first_entry_or_null(&roots, struct vmem, list);
}

/**
 * vmem_registry_add - give an arena its id and add it to the list
 * @vm: the arena; no other code can find it yet
 * @parent: the parent, or NULL
 *
 * Context: task, sleeping allowed.
 */
void vmem_registry_add(struct vmem *vm, struct vmem *parent)
{
	INIT_LIST_HEAD(&vm->children);
	vm->parent = parent;

	mutex_lock(&list_mutex);
	vm->id = ++last_id;
	vm->source_id = parent ? parent->id : 0;
	vm->segmap.stats.vmem_source = vm->source_id;
	list_add_tail(&vm->list, registry_siblings(vm));
	mutex_unlock(&list_mutex);
}

/* Detach an arena from its source, which is about to be destroyed. */
static void registry_orphan(struct vmem *vm)
{
	spin_lock_irq(&vm->segmap.lock);
	WRITE_ONCE(vm->source, NULL);
	vm->ffunc = NULL;
	spin_unlock_irq(&vm->segmap.lock);
}

static void registry_put(struct vmem *vm)
{
	lockdep_assert_held(&list_mutex);
	WRITE_ONCE(vm->nr_holds, vm->nr_holds - 1);
	if (!vm->nr_holds)
		wake_up_all(&vm->idle);
}

/*
 * Make the children of @vm the last roots in the list; they do not import from
 * @vm. A cursor at or below a child moves to @vm, so the cursor visits the
 * former children at the end, perhaps for the second time. Waits until running
 * releases of the children to @vm have ended.
 */
static void registry_orphan_children(struct vmem *vm)
{
	struct vmem_registry_cursor *cur;
	struct vmem *child;

	lockdep_assert_held(&list_mutex);
	while (!list_empty(&vm->children)) {
		child = list_first_entry(&vm->children, struct vmem, list);
		list_for_each_entry(cur, &cursors, link)
			if (registry_is_below(cur->next, vm))
				cur->next = vm;
		child->parent = NULL;
		registry_orphan(child);
		/* A child with a cleared import function is in this tree. */
		if (vm->tree->root == vm && child->tree == vm->tree)
			vm->tree->root = child;
		list_move_tail(&child->list, &roots);
		vmem_registry_hold(child);
		mutex_unlock(&list_mutex);
		vmem_calls_wait(child);
		mutex_lock(&list_mutex);
		registry_put(child);
	}
}

/**
 * vmem_registry_del - remove an arena from the list
 * @vm: the arena
 *
 * Waits until no code has a hold on the arena.
 *
 * Context: task, sleeping allowed. The caller does not hold the arena.
 * Return: true if the arena was removed; false if another arena imports from
 * it.
 */
bool vmem_registry_del(struct vmem *vm)
{
	struct vmem_registry_cursor *cur;
	struct vmem *child;

	mutex_lock(&list_mutex);
	list_for_each_entry(child, &vm->children, list) {
		if (vmem_imports(child)) {
			mutex_unlock(&list_mutex);
			return false;
		}
	}

	registry_orphan_children(vm);
	list_for_each_entry(cur, &cursors, link)
		if (cur->next == vm)
			cur->next = registry_after_cursor(cur);
	list_del(&vm->list);
	if (vm->tree->root == vm)
		vm->tree->root = NULL;
	mutex_unlock(&list_mutex);

	/* The arena is not in the list, so no code can take another hold. */
	wait_event(vm->idle, !READ_ONCE(vm->nr_holds));

	/* The last registry_put() may still use @vm: wait for the mutex. */
	mutex_lock(&list_mutex);
	mutex_unlock(&list_mutex);
	return true;
}

/* Open a cursor at the first arena. */
void vmem_registry_open(struct vmem_registry_cursor *cur)
{
	mutex_lock(&list_mutex);
	cur->next = registry_first_root();
	cur->top = NULL;
	list_add(&cur->link, &cursors);
	mutex_unlock(&list_mutex);
}

/* Open a cursor that visits one tree, children before their parent. */
void vmem_registry_open_tree(struct vmem_registry_cursor *cur,
			     struct vmem_tree *tree)
{
	mutex_lock(&list_mutex);
	cur->top = tree->root;
	cur->next = cur->top ? registry_first_below(cur->top) : NULL;
	list_add(&cur->link, &cursors);
	mutex_unlock(&list_mutex);
}

void vmem_registry_close(struct vmem_registry_cursor *cur)
{
	mutex_lock(&list_mutex);
	list_del(&cur->link);
	mutex_unlock(&list_mutex);
}

/* Move a cursor to the first arena. The list mutex is held. */
void vmem_registry_rewind(struct vmem_registry_cursor *cur)
{
	lockdep_assert_held(&list_mutex);
	cur->next = registry_first_root();
}

/* The first arena, or NULL. The list mutex is held. */
struct vmem *vmem_registry_first(void)
{
	lockdep_assert_held(&list_mutex);
	return registry_first_root();
}

/* The next arena, children before siblings, or NULL. The list mutex is held. */
struct vmem *vmem_registry_after(struct vmem *vm)
{
	lockdep_assert_held(&list_mutex);
	return list_first_entry_or_null(&vm->children, struct vmem, list) ?:
		registry_after_subtree(vm);
}

/* Move a cursor, not at the end, to the next arena. The list mutex is held. */
void vmem_registry_advance(struct vmem_registry_cursor *cur)
{
	lockdep_assert_held(&list_mutex);
	cur->next = cur->top ? registry_after_cursor(cur) : vmem_registry_after(cur->next);
}

/**
 * vmem_registry_next - hold the arena at the cursor, and move the cursor
 * @cur: the cursor
 *
 * Context: task, sleeping allowed.
 * Return: the arena, for vmem_registry_put(), or NULL at the end.
 */
struct vmem *vmem_registry_next(struct vmem_registry_cursor *cur)
{
	struct vmem *vm;

	mutex_lock(&list_mutex);
	vm = cur->next;
	if (vm) {
		vmem_registry_hold(vm);
		vmem_registry_advance(cur);
	}
	mutex_unlock(&list_mutex);
	return vm;
}

/**
 * vmem_registry_next_of - hold the next arena that a function selects
 * @cur: the cursor
 * @wanted: returns true to select an arena
 *
 * Context: task, sleeping allowed.
 * Return: the arena, for vmem_registry_put(), or NULL at the end.
 */
struct vmem *vmem_registry_next_of(struct vmem_registry_cursor *cur,
				   bool (*wanted)(const struct vmem *vm))
{
	struct vmem *vm, *found = NULL;
	unsigned int left;

	do {
		left = ARENAS_A_HOLD;
		mutex_lock(&list_mutex);
		while ((vm = cur->next) && !found && left--) {
			vmem_registry_advance(cur);
			if (wanted(vm))
				found = vm;
		}
		if (found)
			vmem_registry_hold(found);
		mutex_unlock(&list_mutex);
		cond_resched();
	} while (vm && !found);
	return found;
}

/* vmem_destroy() waits until vmem_registry_put(). The list mutex is held. */
void vmem_registry_hold(struct vmem *vm)
{
	lockdep_assert_held(&list_mutex);
	vm->nr_holds++;
}

/* Undo a vmem_registry_hold(). */
void vmem_registry_put(struct vmem *vm)
{
	mutex_lock(&list_mutex);
	registry_put(vm);
	mutex_unlock(&list_mutex);
}

/* Any arena without children, or NULL if there is no arena. */
struct vmem *vmem_registry_leaf(void)
{
	struct vmem *vm;

	mutex_lock(&list_mutex);
	vm = registry_first_root();
	while (vm && !list_empty(&vm->children))
		vm = list_first_entry(&vm->children, struct vmem, list);
	mutex_unlock(&list_mutex);
	return vm;
}

/* Number of ancestors. The list mutex is held. */
unsigned int vmem_registry_depth(const struct vmem *vm)
{
	unsigned int depth = 0;

	lockdep_assert_held(&list_mutex);
	while ((vm = vm->parent))
		depth++;
	return depth;
}

/* A zeroed arena structure with one reference, or NULL. */
struct vmem *vmem_arena_alloc(gfp_t gfp)
{
	struct vmem *vm = kmem_cache_zalloc(arena_cache, gfp);

	if (vm) {
		kref_init(&vm->refs);
		atomic_long_inc(&arena_count);
	}
	return vm;
}

static void arena_release(struct kref *refs)
{
	kmem_cache_free(arena_cache, container_of(refs, struct vmem, refs));
	atomic_long_dec(&arena_count);
}

void vmem_arena_put(struct vmem *vm)
{
	kref_put(&vm->refs, arena_release);
}

/* Bytes of all arena structures. */
unsigned long vmem_arena_bytes(void)
{
	return atomic_long_read(&arena_count) * kmem_cache_size(arena_cache);
}

int vmem_arena_cache_init(void)
{
	arena_cache = KMEM_CACHE(vmem, SLAB_HWCACHE_ALIGN);
	return arena_cache ? 0 : -ENOMEM;
}

void vmem_arena_cache_exit(void)
{
	kmem_cache_destroy(arena_cache);
}
