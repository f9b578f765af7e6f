/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The arena: a segment map with a source, waiters, quantum caches and a name.
 */
#ifndef _VMEM_ARENA_H
#define _VMEM_ARENA_H

#include <linux/gfp.h>
#include <linux/kref.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/ratelimit_types.h>
#include <linux/sched.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include "segment/segmap.h"

struct vmem_cpu;
struct vmem_qcaches;
struct vmem_tree;

/* Segment structures that an arena with VMC_POPULATOR keeps in reserve. */
#define VMEM_RESERVE	12

/* Every character of a name may be escaped as "\ooo". */
#define VMEM_LABEL_SIZE	(4 * VMEM_NAME_MAX + 1)

/*
 * struct vmem is opaque to clients: the CRCs of the exported symbols do not
 * depend on its fields.
 */
#ifndef __GENKSYMS__

/**
 * struct vmem - an arena
 * @segmap: spans and segments; its lock is the arena lock
 * @mtbf: fault injection: a request fails if the clock in ns is a multiple of
 *	this; 0 if off. No lock: READ_ONCE() and WRITE_ONCE(); data_race() in
 *	vmem_slow_path_forced(), which only compares @mtbf with 0
 * @cached_max: the largest cached size, 0 without quantum caches. Constant.
 * @fast: the per-CPU part that the fast paths use: @cpu, or the busy stub while
 *	there are @waiters or @traced is set. Arena lock; READ_ONCE() elsewhere.
 * @qcache_shift: log2 of the quantum. Constant.
 * @waiters: number of requests that wait for space of this arena: requests to
 *	this arena, and to arenas that import from this arena by vmem_alloc().
 *	The fast paths are off unless this is 0. Arena lock; READ_ONCE()
 *	elsewhere.
 * @cpu: per-CPU part of the quantum caches. Constant; &struct vmem_cpu_cache
 *	says what protects its contents.
 * @flags: VMC_* flags. Constant.
 * @rotor: start of the next VM_NEXTFIT search; the first VM_NEXTFIT allocation
 *	opens it. Arena lock.
 * @afunc: import function of vmem_create(), or NULL; cleared when its module is
 *	removed. Written under the arena lock; READ_ONCE() elsewhere.
 * @xfunc: import function of vmem_xcreate(), or NULL; cleared and protected
 *	like @afunc
 * @ffunc: release function, or NULL; cleared when its module is removed or
 *	@source is destroyed. Arena lock.
 * @source: argument of @afunc, @xfunc and @ffunc; constant. Without an import
 *	function @source is only a label. The destruction of the source clears
 *	the label under the list mutex.
 * @min_import: the smallest import. Constant.
 * @qcaches: the quantum caches, or NULL. Constant.
 * @tree: the tree of the arena. Constant.
 * @own_waiters: waiters whose requests were made to this arena, in the order of
 *	their tickets. Tree lock.
 * @need_least: lower bound of the sizes that the waiters need, and of the sizes
 *	of requests that have failed since the last reclaim. A slab is split if
 *	the split makes a free segment of at least this size. ULONG_MAX if no
 *	request needs space. Arena lock; READ_ONCE() elsewhere.
 * @split_done: size for which all slabs have been checked for a split; since
 *	then, each slab that may have become useful to split was recorded.
 *	ULONG_MAX if a check of all slabs is due. Arena lock.
 * @split: work item: tries to split the recorded slabs, see
 *	&vmem_qcaches.noted
 * @release: work item: releases the wholly free imported spans whose release
 *	was deferred
 * @has_free_spans: the arena may have wholly free imported spans; @release is
 *	queued, or will be queued. Arena lock.
 * @calls: number of running calls of client functions, and of running releases
 *	to the source. Incremented under the arena lock.
 * @import_dry: an import function of the client has failed, or the arena has
 *	refused an import for a slab. Maintenance and a release to the source
 *	clear this. While this is set, the arena does not import for slabs. No
 *	lock: WRITE_ONCE() and READ_ONCE().
 * @traced: the event vmem_alloc or vmem_free is enabled, so every request takes
 *	the slow path. Written under the list mutex and the arena lock.
 * @misuse_limit: rate limit of misuse reports. Has its own lock.
 * @misuse_held: number of misuse reports suppressed since the last printed
 *	report
 * @rescale: work item: rescales the segment table
 * @maintain_mutex: serializes maintenance of the arena; taken before the arena
 *	lock
 * @list: node in the @children of @parent, or in the list of roots. List mutex.
 * @children: arenas whose source is this arena. List mutex.
 * @parent: the arena whose @children hold this arena, NULL for a root. List
 *	mutex.
 * @nr_holds: number of holds. Code that works on the arena without the list
 *	mutex takes a hold; vmem_destroy() waits until there are none. List
 *	mutex.
 * @idle: vmem_destroy() waits here until @nr_holds is 0, vmem_calls_wait()
 *	until @calls is 0
 * @refs: number of references. A reference, such as that of an open file, keeps
 *	this structure allocated, but does not prevent vmem_destroy().
 * @audit: the arena is audited, regardless of the module parameter. Mutex of
 *	audit.c; READ_ONCE() elsewhere.
 * @debug: make extra checks: the module parameter debug was set when the arena
 *	was created. Constant.
 * @dir: directory in debugfs. Constant until vmem_destroy().
 * @caller: address of the call that created the arena; 0 after the removal of
 *	its module. Arena lock.
 * @owner: the module that contains @caller; set when the init function of the
 *	module has returned, or when the module is removed. Only compared, never
 *	dereferenced. Arena lock.
 * @id: number of the arena; never reused. Constant.
 * @source_id: @id of the source, 0 without a source. Constant.
 * @label: the name, cut to VMEM_NAME_MAX characters; characters that would
 *	break a path or a line are escaped. Constant.
 */
struct vmem {
	struct vmem_segmap segmap;
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
	bool has_free_spans;
	bool import_dry;
	bool traced;

	struct ratelimit_state misuse_limit;
	atomic_t misuse_held;

	struct work_struct rescale;
	struct mutex maintain_mutex;	/* see above */

	struct list_head list;
	struct list_head children;
	struct vmem *parent;
	unsigned int nr_holds;
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

/* Is vmem_alloc() the import function? The answer never changes. */
static inline bool vmem_imports_directly(const struct vmem *vm)
{
	return READ_ONCE(vm->afunc) == vmem_alloc;
}

/* The next arena of the source path, or NULL. */
static inline struct vmem *vmem_above(const struct vmem *vm)
{
	return vmem_imports_directly(vm) ? vm->source : NULL;
}

static inline bool vmem_imports(const struct vmem *vm)
{
	return READ_ONCE(vm->afunc) || READ_ONCE(vm->xfunc);
}

/* The unit of sizes, for messages. */
static inline const char *vmem_unit(const struct vmem *vm)
{
	return vm->flags & VMC_IDENTIFIER ? "identifiers" : "bytes";
}

/* registry.c: the memory of arena structures */
struct vmem *vmem_arena_alloc(gfp_t gfp);
void vmem_arena_put(struct vmem *vm);
unsigned long vmem_arena_bytes(void);
int vmem_arena_cache_init(void);
void vmem_arena_cache_exit(void);

/* Keeps struct vmem allocated; does not prevent vmem_destroy(). */
static inline void vmem_arena_get(struct vmem *vm)
{
	kref_get(&vm->refs);
}

/* maintain.c: maintenance, and work items */
void vmem_rescale_soon(struct vmem *vm);
void vmem_release_soon(struct vmem *vm);
void vmem_maintain_arena_init(struct vmem *vm);
void vmem_maintain_arena_exit(struct vmem *vm);
int vmem_maintain_init(void);
void vmem_maintain_exit(void);

/* qcache/reclaim.c: queue work that never waits for a client */
void vmem_queue_work(struct work_struct *work);

/* destroy.c, client.c: destruction of arenas, removal of client modules */
void vmem_arena_undo(struct vmem *vm);
void vmem_arenas_exit(void);
int vmem_client_init(void);
void vmem_client_exit(void);

#endif /* _VMEM_ARENA_H */
