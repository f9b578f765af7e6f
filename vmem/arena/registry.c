// SPDX-License-Identifier: GPL-2.0
/*
 * The forest of arenas.
 *
 * One mutex protects it. Nothing that may enter memory reclaim is done under it,
 * and no long work: who has some takes a hold on the arena, drops the mutex, and
 * finds his way on by a cursor.
 */
#include "registry.h"

static DEFINE_MUTEX(list_mutex);

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
		if (!list_is_last(&vm->tree, siblings(vm)))
			return list_next_entry(vm, tree);
	return NULL;
}

/* Is @vm in the tree of @top? */
static bool is_below(const struct vmem *vm, const struct vmem *top)
{
	while (vm && vm != top)
		vm = vm->parent;
	return vm;
}

static struct vmem *first_root(void)
{
	return list_first_entry_or_null(&roots, struct vmem, tree);
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
	list_add_tail(&vm->tree, siblings(vm));
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

/**
 * vmem_registry_del - take an arena off the list, unless others import from it
 * @vm: the arena
 *
 * Waits until nobody who found it on the list is still working on it.
 *
 * Context: task, sleeping allowed. Not within a hold on the arena.
 * Return: false if another arena imports from it: then nothing has changed.
 */
bool vmem_registry_del(struct vmem *vm)
{
	struct vmem_registry_cursor *cur;
	struct vmem *child, *tmp;

	mutex_lock(&list_mutex);
	list_for_each_entry(child, &vm->children, tree) {
		if (vmem_imports(child)) {
			mutex_unlock(&list_mutex);
			return false;
		}
	}

	/*
	 * Those for which it was only a label stand on their own from now on,
	 * behind all others: whoever is on his way through here goes on after
	 * the arena, and comes to them in the end, perhaps once more.
	 */
	list_for_each_entry(cur, &cursors, link)
		if (is_below(cur->next, vm))
			cur->next = vm;
	list_for_each_entry_safe(child, tmp, &vm->children, tree) {
		child->parent = NULL;
		orphan(child);
		list_move_tail(&child->tree, &roots);
	}
	list_for_each_entry(cur, &cursors, link)
		if (cur->next == vm)
			cur->next = after(vm);
	list_del(&vm->tree);
	mutex_unlock(&list_mutex);

	/* Off the list, nobody can begin to work on it. */
	wait_event(vm->idle, !READ_ONCE(vm->busy));

	/* And whoever was the last has dropped the mutex. */
	mutex_lock(&list_mutex);
	mutex_unlock(&list_mutex);
	return true;
}

/* Start at the first arena. */
void vmem_registry_open(struct vmem_registry_cursor *cur)
{
	mutex_lock(&list_mutex);
	cur->next = first_root();
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
	return list_first_entry_or_null(&vm->children, struct vmem, tree) ?:
		after(vm);
}

/*
 * What follows in the tree of those that import from @top, directly or not. The
 * list mutex is held.
 */
struct vmem *vmem_registry_below(struct vmem *vm, const struct vmem *top)
{
	struct vmem *child;

	lockdep_assert_held(&list_mutex);
	list_for_each_entry(child, &vm->children, tree)
		if (vmem_imports(child))
			return child;
	for (; vm != top; vm = vm->parent) {
		child = vm;
		list_for_each_entry_continue(child, &vm->parent->children, tree)
			if (vmem_imports(child))
				return child;
	}
	return NULL;
}

/* Go on; not from the end. The list mutex is held. */
void vmem_registry_advance(struct vmem_registry_cursor *cur)
{
	lockdep_assert_held(&list_mutex);
	cur->next = vmem_registry_after(cur->next);
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
	WRITE_ONCE(vm->busy, vm->busy - 1);
	if (!vm->busy)
		wake_up_all(&vm->idle);
	mutex_unlock(&list_mutex);
}

/* Some arena that nothing is listed under, or NULL if there is none at all. */
struct vmem *vmem_registry_leaf(void)
{
	struct vmem *vm;

	mutex_lock(&list_mutex);
	vm = first_root();
	while (vm && !list_empty(&vm->children))
		vm = list_first_entry(&vm->children, struct vmem, tree);
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
