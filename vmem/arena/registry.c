// SPDX-License-Identifier: GPL-2.0
/*
 * The forest of arenas.
 *
 * One mutex protects it. Nothing that may enter memory reclaim is done under it,
 * and no long work: code that has some takes a hold on the arena, drops the mutex,
 * and keeps its place by a cursor.
 */
#include "registry.h"
#include "release.h"
#include "tree.h"

static DEFINE_MUTEX(list_mutex);

/* Arenas to pass in one hold of the mutex. */
#define PASSED_A_HOLD	64

/* All below: list mutex. */
static LIST_HEAD(roots);
static LIST_HEAD(cursors);
static u32 last_id;

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

static struct list_head *siblings(const struct vmem *vm)
{
	return vm->parent ? &vm->parent->children : &roots;
}

/* What follows @vm and all that is below it. */
static struct vmem *after(struct vmem *vm)
{
	for (; vm; vm = vm->parent)
		if (!list_is_last(&vm->list, siblings(vm)))
			return list_next_entry(vm, list);
	return NULL;
}

/* Is @vm in the tree of @top? */
static bool is_below(const struct vmem *vm, const struct vmem *top)
{
	while (vm && vm != top)
		vm = vm->parent;
	return vm;
}

/* The first arena of its tree below @vm, or @vm itself. */
static struct vmem *first_below(struct vmem *vm)
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

/* The arena after the one at a cursor, which may be about to leave the list. */
static struct vmem *after_cursor(const struct vmem_registry_cursor *cur)
{
	struct vmem *vm = cur->next, *next = vm;

	if (!cur->top)
		return after(vm);
	if (vm == cur->top)
		return NULL;
	list_for_each_entry_continue(next, &vm->parent->children, list)
		if (next->tree == vm->tree)
			return first_below(next);
	return vm->parent;
}

static struct vmem *first_root(void)
{
	return list_first_entry_or_null(&roots, struct vmem, list);
}

/**
 * vmem_registry_add - number an arena and list it
 * @vm: the arena, not known to anybody yet
 * @parent: the arena to list it under, or NULL
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
	vm->space.stats.vmem_source = vm->source_id;
	list_add_tail(&vm->list, siblings(vm));
	mutex_unlock(&list_mutex);
}

/* There is no source any more. */
static void orphan(struct vmem *vm)
{
	spin_lock_irq(&vm->space.lock);
	WRITE_ONCE(vm->source, NULL);
	vm->ffunc = NULL;
	spin_unlock_irq(&vm->space.lock);
}

static void put(struct vmem *vm)
{
	lockdep_assert_held(&list_mutex);
	WRITE_ONCE(vm->busy, vm->busy - 1);
	if (!vm->busy)
		wake_up_all(&vm->idle);
}

/*
 * The arenas for which @vm is only a label stand on their own from now on, behind all
 * others: a cursor among them goes on after @vm, and comes to them in the end, perhaps
 * once more. Spans of theirs that are on their way to @vm arrive first.
 */
static void orphan_children(struct vmem *vm)
{
	struct vmem_registry_cursor *cur;
	struct vmem *child;

	lockdep_assert_held(&list_mutex);
	while (!list_empty(&vm->children)) {
		child = list_first_entry(&vm->children, struct vmem, list);
		list_for_each_entry(cur, &cursors, link)
			if (is_below(cur->next, vm))
				cur->next = vm;
		child->parent = NULL;
		orphan(child);
		/* Its import function has gone with its module. */
		if (vm->tree->root == vm && child->tree == vm->tree)
			vm->tree->root = child;
		list_move_tail(&child->list, &roots);
		vmem_registry_hold(child);
		mutex_unlock(&list_mutex);
		vmem_calls_wait(child);
		mutex_lock(&list_mutex);
		put(child);
	}
}

/**
 * vmem_registry_del - take an arena off the list, unless others import from it
 * @vm: the arena
 *
 * Waits until no code that found it on the list is still working on it.
 *
 * Context: task, sleeping allowed. Not within a hold on the arena.
 * Return: false if another arena imports from it: then nothing has changed.
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

	orphan_children(vm);
	list_for_each_entry(cur, &cursors, link)
		if (cur->next == vm)
			cur->next = after_cursor(cur);
	list_del(&vm->list);
	if (vm->tree->root == vm)
		vm->tree->root = NULL;
	mutex_unlock(&list_mutex);

	/* Off the list, no other code can begin to work on it. */
	wait_event(vm->idle, !READ_ONCE(vm->busy));

	/* And the last that did has dropped the mutex. */
	mutex_lock(&list_mutex);
	mutex_unlock(&list_mutex);
	return true;
}

/* Start at the first arena. */
void vmem_registry_open(struct vmem_registry_cursor *cur)
{
	mutex_lock(&list_mutex);
	cur->next = first_root();
	cur->top = NULL;
	list_add(&cur->link, &cursors);
	mutex_unlock(&list_mutex);
}

/* Start at the first arena of a tree, to visit each after those that import from it. */
void vmem_registry_open_tree(struct vmem_registry_cursor *cur,
			     struct vmem_tree *tree)
{
	mutex_lock(&list_mutex);
	cur->top = tree->root;
	cur->next = cur->top ? first_below(cur->top) : NULL;
	list_add(&cur->link, &cursors);
	mutex_unlock(&list_mutex);
}

void vmem_registry_close(struct vmem_registry_cursor *cur)
{
	mutex_lock(&list_mutex);
	list_del(&cur->link);
	mutex_unlock(&list_mutex);
}

/* Go back to the first arena. The list mutex is held. */
void vmem_registry_rewind(struct vmem_registry_cursor *cur)
{
	lockdep_assert_held(&list_mutex);
	cur->next = first_root();
}

/* The first arena of all. The list mutex is held. */
struct vmem *vmem_registry_first(void)
{
	lockdep_assert_held(&list_mutex);
	return first_root();
}

/* What follows: below an arena before beside it. The list mutex is held. */
struct vmem *vmem_registry_after(struct vmem *vm)
{
	lockdep_assert_held(&list_mutex);
	return list_first_entry_or_null(&vm->children, struct vmem, list) ?:
		after(vm);
}

/* Go on; not from the end. The list mutex is held. */
void vmem_registry_advance(struct vmem_registry_cursor *cur)
{
	lockdep_assert_held(&list_mutex);
	cur->next = cur->top ? after_cursor(cur) : vmem_registry_after(cur->next);
}

/**
 * vmem_registry_next - the arena at the cursor, which moves on
 * @cur: the cursor
 *
 * Context: task, sleeping allowed.
 * Return: the arena, which stays until vmem_registry_put(), or NULL at the end.
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
 * vmem_registry_next_of - the next arena of some kind, behind which the cursor moves
 * @cur: the cursor
 * @wanted: is an arena of that kind?
 *
 * Context: task, sleeping allowed.
 * Return: the arena, which stays until vmem_registry_put(), or NULL at the end.
 */
struct vmem *vmem_registry_next_of(struct vmem_registry_cursor *cur,
				   bool (*wanted)(const struct vmem *vm))
{
	struct vmem *vm, *found = NULL;
	unsigned int left;

	do {
		left = PASSED_A_HOLD;
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

/* Hold an arena until vmem_registry_put(). The list mutex is held. */
void vmem_registry_hold(struct vmem *vm)
{
	lockdep_assert_held(&list_mutex);
	vm->busy++;
}

/* Let go of an arena. */
void vmem_registry_put(struct vmem *vm)
{
	mutex_lock(&list_mutex);
	put(vm);
	mutex_unlock(&list_mutex);
}

/* Some arena that nothing is listed under, or NULL if there is none at all. */
struct vmem *vmem_registry_leaf(void)
{
	struct vmem *vm;

	mutex_lock(&list_mutex);
	vm = first_root();
	while (vm && !list_empty(&vm->children))
		vm = list_first_entry(&vm->children, struct vmem, list);
	mutex_unlock(&list_mutex);
	return vm;
}

/* How far below a root. The list mutex is held. */
unsigned int vmem_registry_depth(const struct vmem *vm)
{
	unsigned int depth = 0;

	lockdep_assert_held(&list_mutex);
	while ((vm = vm->parent))
		depth++;
	return depth;
}
