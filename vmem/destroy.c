// SPDX-License-Identifier: GPL-2.0
/*
 * Ending an arena: nobody finds it any more, nobody works on it any more, what
 * was borrowed goes home, what was leaked is named, and then its memory goes.
 */
#include <linux/export.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/printk.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "arena/maintain.h"
#include "arena/object.h"
#include "arena/registry.h"
#include "arena/release.h"
#include "arena/tree.h"
#include "debugfs/debugfs.h"
#include "lifecycle.h"
#include "qcache/qcache.h"
#include "report/audit.h"
#include "report/consumers.h"
#include "report/misuse.h"

/* Leaked segments to name. */
#define LEAKS_SHOWN	8

/* Who allocated @seg, on the line that names it; with @stack, from where. */
static void name_leak(const struct vmem_seg *seg, bool stack)
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
 * Name what is still allocated: the first of it, and who has most of it. Nobody
 * uses the arena: no lock is needed.
 */
static void report_leaks(struct vmem *vm)
{
	struct vmem_consumers *c;
	struct vmem_space *sp = &vm->space;
	unsigned long shown = 0;
	struct vmem_seg *seg;

	if (!vmem_space_allocated(sp))
		return;
	vmem_misuse(vm, "vmem_destroy(): %llu %s still allocated in %lu segments",
		    sp->stats.mem_inuse, vmem_unit(vm), vmem_space_allocated(sp));
	/* Without memory for the groups each has its own stack. */
	c = kvmalloc(sizeof(*c), GFP_KERNEL | __GFP_NOWARN);
	if (c)
		vmem_consumers_init(c);
	hlist_for_each_entry(seg, &sp->list, order) {
		if (seg->type != VMEM_ALLOC)
			continue;
		if (shown < LEAKS_SHOWN)
			name_leak(seg, !c);
		else if (!c)
			break;
		if (c)
			vmem_consumers_add(c, vm, seg);
		if (!(++shown % 1024))
			cond_resched();
	}
	if (vmem_space_allocated(sp) > LEAKS_SHOWN)
		pr_err("vmem:  and %lu more\n",
		       vmem_space_allocated(sp) - LEAKS_SHOWN);
	if (c) {
		vmem_consumers_sort(c);
		vmem_consumers_print(c);
	}
	kvfree(c);
}

/* Every structure goes back to where it came from. */
static void free_structures(struct vmem *vm)
{
	struct vmem_space *sp = &vm->space;
	struct vmem_seg *seg, *next;
	unsigned int n = 0;

	vmem_ways_uproot(sp);
	for (seg = vmem_space_first(sp); !vmem_space_end(sp, seg); seg = next) {
		next = vmem_seg_next(seg);
		vmem_stock_put(&sp->stock, seg);
		if (!(++n % 1024))
			cond_resched();
	}
	while (sp->stock.n) {
		struct vmem_stock some = {};

		vmem_stock_move(&some, &sp->stock, min(sp->stock.n, 1024U));
		vmem_stock_drain(&some);
		cond_resched();
	}
	vmem_hash_free(&sp->hash, sp->hash.heads, sp->hash.bits);
}

/* Whoever keeps a place in the arena finds that it has come to its end. */
static void end_cursors(struct vmem *vm)
{
	struct vmem_space *sp = &vm->space;
	struct vmem_cursor *cur;
	struct hlist_node *tmp;

	spin_lock_irq(&sp->lock);
	hlist_for_each_entry_safe(cur, tmp, &sp->cursors, link) {
		cur->seg = &sp->end;
		vmem_cursor_close(sp, cur);
	}
	spin_unlock_irq(&sp->lock);
}

static void finish(struct vmem *vm)
{
	vmem_debugfs_remove(vm);
	vmem_audit_arena(vm, false);
	vmem_maintain_arena_exit(vm);
	end_cursors(vm);
	vmem_qcaches_destroy(vm);
	vmem_release_exit(vm);
	vmem_release_idle(vm);
	report_leaks(vm);
	vmem_misuse_exit(vm);
	free_structures(vm);
	vmem_tree_leave(vm);
	vmem_object_put(vm);
}

/* The arena could not be made as asked for, and nobody has seen it. */
void vmem_lifecycle_undo(struct vmem *vm)
{
	vmem_registry_del(vm);
	finish(vm);
}

/*
 * Whoever uses an arena's functions holds the module, so that what is left when
 * it goes belongs to nobody: clients that went without destroying it.
 */
void vmem_lifecycle_exit(void)
{
	struct vmem *vm;

	while ((vm = vmem_registry_leaf())) {
		pr_err("vmem: arena %u '%s' was left behind\n", vm->id,
		       vm->label);
		vmem_lifecycle_undo(vm);
	}
}

/**
 * vmem_destroy - end an arena
 * @vm: the arena; NULL does nothing
 *
 * Imported spans that are wholly free go back to the source. If anything is still
 * allocated that is reported, with the first of it, and all structures are freed
 * all the same; imported spans with such allocations in them stay with the
 * source as allocated. An arena that another arena imports from is not destroyed:
 * that is reported.
 *
 * The caller makes sure that nobody is using the arena.
 *
 * Context: task context, sleeping allowed. Calls the release function.
 */
void vmem_destroy(vmem_t *vm)
{
	might_sleep();
	if (!vm)
		return;
	if (vmem_registry_del(vm))
		finish(vm);
	else
		vmem_misuse(vm, "%s(): others import from it", __func__);
}
EXPORT_SYMBOL_GPL(vmem_destroy);
