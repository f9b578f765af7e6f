// SPDX-License-Identifier: GPL-2.0
/*
 * The destruction of an arena. The steps, in order: remove the arena from the
 * registry, wait for code that works on the arena, and stop its work items.
 * Then destroy its quantum caches, release its wholly free imported spans,
 * report leaks, and free its structures.
 */
#include <linux/export.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/printk.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "arena/free.h"
#include "arena/registry.h"
#include "debugfs/debugfs.h"
#include "qcache/qcache.h"
#include "report/report.h"

/* Number of leaked segments that a report prints one by one. */
#define LEAKS_SHOWN	8

/* Print @seg and its audit record; the stack only if @stack is set. */
static void destroy_print_leak(const struct vmem_seg *seg, bool stack)
{
	struct vmem_who who = vmem_audit_who(seg);

	if (!who.stack) {
		pr_err("vmem:  leaked %#lx, size %lu\n", seg->start, seg->size);
		return;
	}
	pr_err("vmem:  leaked %#lx, size %lu, by task %u at %us\n", seg->start,
	       seg->size, who.pid, who.when);
	if (stack)
		vmem_audit_print_stack(who.stack);
}

/*
 * Report the outstanding allocations: the first LEAKS_SHOWN segments, and the
 * largest groups of segments with the same stack. The arena has no users, so
 * the lock is not needed.
 */
static void destroy_report_leaks(struct vmem *vm)
{
	struct vmem_consumers *c;
	struct vmem_segmap *sm = &vm->segmap;
	unsigned long shown = 0;
	struct vmem_seg *seg;

	if (!vmem_segmap_nr_allocated(sm))
		return;
	vmem_misuse(vm, "vmem_destroy(): %llu %s still allocated in %lu segments",
		    sm->stats.mem_inuse, vmem_unit(vm), vmem_segmap_nr_allocated(sm));
	/* If there is no memory for the groups, print each segment's stack. */
	c = vmem_consumers_alloc(GFP_KERNEL | __GFP_NOWARN);
	hlist_for_each_entry(seg, &sm->list, order) {
		if (seg->type != VMEM_ALLOC)
			continue;
		if (shown < LEAKS_SHOWN)
			destroy_print_leak(seg, !c);
		else if (!c)
			break;
		if (c)
			vmem_consumers_add(c, vm, seg);
		if (!(++shown % 1024))
			cond_resched();
	}
	if (vmem_segmap_nr_allocated(sm) > LEAKS_SHOWN)
		pr_err("vmem:  and %lu more\n",
		       vmem_segmap_nr_allocated(sm) - LEAKS_SHOWN);
	if (c)
		vmem_consumers_print(c);
	vmem_consumers_free(c);
}

/* Free all segment structures, and the segment table. */
static void destroy_structures(struct vmem *vm)
{
	struct vmem_segmap *sm = &vm->segmap;
	struct vmem_seg *seg, *next;
	unsigned int n = 0;

	vmem_hints_destroy(sm);
	for (seg = vmem_segmap_first(sm); !vmem_segmap_is_end(sm, seg); seg = next) {
		next = vmem_seg_next(seg);
		vmem_seg_pool_put(&sm->pool, seg);
		if (!(++n % 1024))
			cond_resched();
	}
	while (sm->pool.n) {
		struct vmem_seg_pool some = {};

		vmem_seg_pool_move(&some, &sm->pool, min(sm->pool.n, 1024U));
		vmem_seg_pool_drain(&some);
		cond_resched();
	}
	vmem_hash_free(&sm->hash, sm->hash.heads, sm->hash.bits);
}

/*
 * Move all open cursors (the rotor, and the cursors of open files) to the end
 * of the list, and close them.
 */
static void destroy_cursors(struct vmem *vm)
{
	struct vmem_segmap *sm = &vm->segmap;
	struct vmem_cursor *cur;
	struct hlist_node *tmp;

	spin_lock_irq(&sm->lock);
	hlist_for_each_entry_safe(cur, tmp, &sm->cursors, link) {
		cur->seg = &sm->end;
		vmem_cursor_close(sm, cur);
	}
	spin_unlock_irq(&sm->lock);
}

static void destroy_arena(struct vmem *vm)
{
	vmem_debugfs_remove(vm);
	vmem_audit_arena(vm, false);
	vmem_maintain_arena_exit(vm);
	destroy_cursors(vm);
	vmem_qcaches_destroy(vm);
	vmem_release_exit(vm);
	vmem_release_free_spans(vm);
	destroy_report_leaks(vm);
	vmem_misuse_exit(vm);
	destroy_structures(vm);
	vmem_tree_leave(vm);
	vmem_arena_put(vm);
}

/* Remove and destroy an arena that no client uses. */
void vmem_arena_undo(struct vmem *vm)
{
	vmem_registry_del(vm);
	destroy_arena(vm);
}

/*
 * Destroy the arenas that remain when vmem is unloaded. Every module that calls
 * vmem holds a reference to the vmem module, so the clients of these arenas
 * have been unloaded.
 */
void vmem_arenas_exit(void)
{
	struct vmem *vm;

	while ((vm = vmem_registry_leaf())) {
		pr_err("vmem: arena %u '%s' was not destroyed\n", vm->id,
		       vm->label);
		vmem_arena_undo(vm);
	}
}

/**
 * vmem_destroy - destroy an arena
 * @vm: the arena; no-op if NULL
 *
 * Releases the wholly free imported spans to the source. Reports outstanding
 * allocations, and frees all structures nevertheless. An imported span with an
 * outstanding allocation stays allocated in the source. If another arena
 * imports from @vm, vmem_destroy() does not destroy @vm, but reports misuse.
 *
 * The caller makes sure that the arena has no users.
 *
 * Context: task, may sleep. Calls the release function.
 */
void vmem_destroy(vmem_t *vm)
{
	might_sleep();
	if (!vm)
		return;
	if (vmem_registry_del(vm))
		destroy_arena(vm);
	else
		vmem_misuse(vm, "%s(): another arena imports from it",
			    __func__);
}
EXPORT_SYMBOL_GPL(vmem_destroy);
