/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The arena: a space with a policy, a source, waiters and a name.
 */
#ifndef _VMEM_ARENA_ARENA_H
#define _VMEM_ARENA_ARENA_H

#include <linux/kref.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/ratelimit_types.h>
#include <linux/sched.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include "../segment/space.h"

struct vmem_cpu;
struct vmem_qcaches;
struct vmem_tree;

/* Structures that a populator arena keeps beyond what others do. */
#define VMEM_RESERVE	12

/* Every character of a name may become "\ooo" when it is shown. */
#define VMEM_LABEL_SIZE	(4 * VMEM_NAME_MAX + 1)

/*
 * To clients the type is opaque, and the versions of the symbols that they use
 * do not change with what is in it.
 */
#ifndef __GENKSYMS__

/**
 * struct vmem - an arena
 * @space: spans and segments; its lock is the arena lock
 * @mtbf: fault injection: fail when the clock modulo this is 0; 0 is off. Read
 *	and written without a lock, by READ_ONCE() and WRITE_ONCE(); but
 *	vmem_watched() only asks whether it is 0, by data_race()
 * @cached_max: the largest cached size, 0 without quantum caches. Constant.
 * @fast: what the fast path takes for @cpu: that, or the busy stub while there are
 *	@waiters or every request is traced. Arena lock; READ_ONCE() elsewhere.
 * @qcache_shift: log2 of the quantum. Constant.
 * @waiters: requests that wait for space here: made to this arena, or to one that
 *	imports from it by vmem_alloc(). While there are any, the fast paths are
 *	off. Arena lock; READ_ONCE() elsewhere.
 * @cpu: what each CPU has of the quantum caches. Constant; the contents as
 *	&struct vmem_cpu_cache says.
 * @flags: VMC_* flags. Constant.
 * @rotor: where the next VM_NEXTFIT allocation begins to look; open from the
 *	first of them on. Arena lock.
 * @afunc: import function; NULL without, or when the module that it is in has
 *	gone. Written under the arena lock; READ_ONCE() elsewhere.
 * @xfunc: the same for arenas made by vmem_xcreate()
 * @ffunc: release function; as @afunc
 * @source: what @afunc and @ffunc take from and give to. Constant while they are
 *	there; without an import function it is only a label, and is cleared, under
 *	the list mutex, when the source is destroyed.
 * @min_import: the smallest import. Constant.
 * @qcaches: the quantum caches, NULL without. Constant.
 * @tree: the tree that the arena belongs to. Constant.
 * @own_waiters: requests made to this arena that wait, in the order of their tickets.
 *	Tree lock.
 * @need_least: no waiter here, and no request that failed since the last reclaim, needs
 *	less: slabs are split if that makes a free segment of this size;
 *	ULONG_MAX: nothing is wanted. Arena lock; READ_ONCE() elsewhere.
 * @split_done: all slabs have been looked at for this size, and every free since
 *	then looked at its slab. ULONG_MAX: no. Arena lock.
 * @split: looks at slabs that frees have noted, and splits them
 * @release: calls the release function for spans that nothing else sends home
 * @idle_spans: wholly free imported spans may be in the arena, and @release is
 *	queued or will be. Arena lock.
 * @calls: functions of the client's, and releases to the source, that run at
 *	present. Raised under the arena lock.
 * @import_dry: the import function has returned nothing since a span last went
 *	home, so that it is not asked for slabs. WRITE_ONCE(), READ_ONCE().
 * @traced: the trace of what clients do is wanted, for which every request takes the
 *	whole way. Written under the list mutex and the arena lock.
 * @misuse_limit: keeps a broken client from flooding the log. Has its own lock.
 * @misuse_held: reports held back since the last one that was printed
 * @rescale: moves the segment table to the size that it should have
 * @upkeep: one round of maintenance at a time; taken before the arena lock
 * @list: place in its parent's @children, or in the list of roots. List mutex.
 * @children: arenas that name this one as their source. List mutex.
 * @parent: the arena it is listed under, NULL for a root. List mutex.
 * @busy: how many are working on the arena without holding the list mutex;
 *	vmem_destroy() waits until there are none. List mutex.
 * @idle: where vmem_destroy() waits for that, and the removal of a module for @calls
 * @refs: keeps the memory of this structure, not the arena: for open files
 * @audit: who allocates is recorded, whatever the module parameter says. Mutex of
 *	audit.c; READ_ONCE() elsewhere.
 * @debug: made while the module parameter debug was set. Constant.
 * @dir: directory in debugfs. Constant until vmem_destroy().
 * @caller: where the arena was made; 0 when the module there has gone. Arena lock.
 * @owner: the module that @caller is in, once that is known to stay; only to be
 *	compared. Arena lock.
 * @id: number, never used again. Constant.
 * @source_id: the id of its source, 0 for none. Constant.
 * @label: the name, cut, with what would break a path or a line escaped.
 *	Constant.
 */
struct vmem {
	struct vmem_space space;
	unsigned long mtbf;
	unsigned long cached_max;
	struct vmem_cpu __percpu *fast;
	unsigned int qcache_shift;
	unsigned int waiters;
	struct vmem_cpu __percpu *cpu;
	unsigned int flags;
	struct vmem_cursor rotor;

	vmem_alloc_t *afunc;
	vmem_ximport_t *xfunc;
	vmem_free_t *ffunc;
	struct vmem *source;
	unsigned long min_import;

	struct vmem_qcaches *qcaches;
	struct vmem_tree *tree;
	struct list_head own_waiters;
	unsigned long need_least;
	unsigned long split_done;
	struct work_struct split;
	struct work_struct release;
	atomic_t calls;
	bool idle_spans;
	bool import_dry;
	bool traced;

	struct ratelimit_state misuse_limit;
	atomic_t misuse_held;

	struct work_struct rescale;
	struct mutex upkeep;	/* one round of maintenance at a time */

	struct list_head list;
	struct list_head children;
	struct vmem *parent;
	unsigned int busy;
	wait_queue_head_t idle;
	struct kref refs;
	bool audit;
	bool debug;

	struct dentry *dir;
	unsigned long caller;
	const struct module *owner;
	u32 id;
	u32 source_id;
	char label[VMEM_LABEL_SIZE];
};

#endif /* __GENKSYMS__ */

/* Does it import from its source by vmem_alloc() itself? Never changes. */
static inline bool vmem_imports_directly(const struct vmem *vm)
{
	return READ_ONCE(vm->afunc) == vmem_alloc;
}

/* The next arena on the way up, or NULL. */
static inline struct vmem *vmem_above(const struct vmem *vm)
{
	return vmem_imports_directly(vm) ? vm->source : NULL;
}

static inline bool vmem_imports(const struct vmem *vm)
{
	return READ_ONCE(vm->afunc) || READ_ONCE(vm->xfunc);
}

/* What the arena hands out, for messages. */
static inline const char *vmem_unit(const struct vmem *vm)
{
	return vm->flags & VMC_IDENTIFIER ? "identifiers" : "bytes";
}

#endif /* _VMEM_ARENA_ARENA_H */
