// SPDX-License-Identifier: GPL-2.0
/*
 * The search of a request through the arenas on its way up.
 *
 * The pass climbs by enter(), which looks in one arena, and descends by leave(), which
 * takes what came from above into the arena below. Each arena that waits for its
 * source is a level on an explicit stack, so that the depth of trees is not limited by
 * the kernel stack. Each arena lock is taken by itself.
 */
#include <linux/jiffies.h>

#include "../qcache/fast.h"
#include "../qcache/slab.h"
#include "../report/audit.h"
#include "../report/fault.h"
#include "../report/misuse.h"
#include "../report/trace.h"
#include "import.h"
#include "populate.h"
#include "release.h"
#include "search.h"
#include "slow.h"

/* A level is written on a segment structure that an import sets aside. */
static_assert(sizeof(struct vmem_level) <= sizeof(struct vmem_seg));

static struct vmem_level *seg_level(struct vmem_seg *seg)
{
	return (struct vmem_level *)seg;
}

static struct vmem_seg *level_seg(struct vmem_level *level)
{
	return (struct vmem_seg *)level;
}

/* A refused import is not repeated for so long; twice as long each time. */
#define REFUSED_DELAY	(HZ / 4)
#define REFUSED_SHIFT	10

/* With what flags to ask above the request's own arena, or for a slab. */
static int flags_above(const struct alloc_ctx *c)
{
	if (c->slabs)
		return VM_NOSLEEP | (c->req->flags & VM_PUSHPAGE);
	return c->req->flags & (VM_NOSLEEP | VM_PUSHPAGE);
}

/* From now on @size integers are wanted of @vm, for a level. */
static void want(struct alloc_ctx *c, struct vmem *vm, unsigned long size,
		 bool cached)
{
	c->here = vm;
	c->cur = &c->up;
	c->up = (struct vmem_request){
		.size = size,
		.taken = vmem_round(size, vm->space.quantum),
		.align = vm->space.quantum,
		.max = ULONG_MAX,
		.flags = flags_above(c),
		.caller = c->req->caller,
		.cached = cached,
	};
}

/* The same of an arena that another imports from: its caches are asked first. */
static void want_import(struct alloc_ctx *c, struct vmem *vm, unsigned long size)
{
	bool cached = size - 1 < vm->cached_max;

	want(c, vm, size, cached);
	if (cached)
		c->up.qcache = &vm->qcaches->cache[vmem_qcache_index(vm, size)];
}

/* What @level wants of its arena is wanted again. */
static void want_for_level(struct alloc_ctx *c, const struct vmem_level *level)
{
	if (level->below)
		want(c, level->vm, level->size, level->cached);
	else
		c->cur = c->req;
	c->here = level->vm;
}

static void push(struct alloc_ctx *c, struct vmem_level *level,
		 enum vmem_level_kind kind)
{
	const struct vmem_request *cur = c->cur;

	*level = (struct vmem_level){
		.below = c->top,
		.vm = c->here,
		.size = cur->size,
		.cached = cur->cached,
		.kind = kind,
	};
	c->top = level;
}

/* The current request is served by @seg. The arena lock is held. */
static void take(struct alloc_ctx *c, struct vmem_seg *seg, u32 stack)
{
	const struct vmem_request *req = c->cur;

	lockdep_assert_held(&c->here->space.lock);
	c->addr = seg->start;
	seg->cached = req->cached;
	vmem_audit_record(seg, stack);
	if (req->flags & VM_NEXTFIT)
		vmem_rotor_after(c->here, seg);
}

/* The current request may have been one for a single object of a cache. */
static void count_single(const struct alloc_ctx *c)
{
	unsigned long size = c->cur->size;
	struct vmem *vm = c->here;

	if (c->addr && c->cur->cached && size <= vm->cached_max)
		vmem_qcache_count_single(&vm->qcaches->cache[vmem_qcache_index(vm, size)]);
}

/* With what flags to call an import function of the client's own. */
static int function_flags(const struct alloc_ctx *c)
{
	int vmflag = flags_above(c);

	if (vmflag & VM_NOSLEEP || c->req->flags & VM_ABORT ||
	    c->reclaim_over || !vmem_tree_has_caches(c))
		return vmflag;
	return vmflag | VM_NOSLEEP;
}

/* May the current request import? The arena lock is held. */
static bool may_import(struct alloc_ctx *c)
{
	const struct vmem *vm = c->here;

	if (!vmem_may_import(vm, c->cur))
		return false;
	if (vm == c->refused_vm && time_before(jiffies, c->w.retry_at)) {
		c->held_off = true;
		return false;
	}
	if (vmem_imports_directly(vm))
		return true;
	if (c->slabs)
		return !READ_ONCE(vm->import_dry);
	return !c->function_failed || c->released != vm->space.stats.release;
}

/* Before a client's function is asked: has something appeared meanwhile? */
static bool search_first(struct alloc_ctx *c)
{
	if (vmem_imports_directly(c->here) || !c->waiting || !c->repeats ||
	    !READ_ONCE(c->w.signalled))
		return false;
	c->repeats--;
	return true;
}

/* Ask an import function of the client's own. Drops the arena lock. */
static void call_function(struct alloc_ctx *c, unsigned long irq)
	__releases(&c->here->space.lock)
{
	struct vmem *vm = c->here, *source = vm->source;
	vmem_alloc_t *afunc = vm->afunc;
	vmem_ximport_t *xfunc = vm->xfunc;
	unsigned long align = c->cur->align;
	int vmflag = function_flags(c);
	size_t size = c->top->asked;
	enum vmem_state state;
	void *addr;

	c->released = vm->space.stats.release;
	vmem_call_begin(vm);
	spin_unlock_irqrestore(&vm->space.lock, irq);
	vmem_hand_on_offer(c);
	if (c->waiting) {
		vmem_waiter_suspend(&c->w);
	} else if (!(vmflag & VM_NOSLEEP) && !c->w.ticket) {
		/* For people: it may take long. */
		vmem_waiter_init(&c->w, c->vm, c->req);
		vmem_waiter_list(&c->w);
	}

	state = c->w.state;
	WRITE_ONCE(c->w.state, VMEM_IMPORTING);
	addr = xfunc ? xfunc(source, &size, align, vmflag)
		     : afunc(source, size, vmflag);
	WRITE_ONCE(c->w.state, state);
	vmem_call_end(vm);

	c->addr = (unsigned long)addr;
	c->got = size;
	if (!addr) {
		WRITE_ONCE(vm->import_dry, true);
		if (!c->slabs)
			c->function_failed = true;
	}
}

/*
 * Look for the current request in the arena itself, then begin to import. Returns
 * whether the next arena on the way up is to be asked.
 */
static bool look_in_arena(struct alloc_ctx *c)
{
	const struct vmem_request *req = c->cur;
	struct vmem *vm = c->here;
	struct vmem_space *sp = &vm->space;
	u32 stack = vmem_audit_stack(vm, req->caller, req->flags);
	struct vmem_level *level;
	unsigned long irq, asked, appeared;
	struct vmem_seg *seg;
	bool import;

	c->addr = 0;
	spin_lock_irqsave(&sp->lock, irq);
	if (unlikely(sp->ways_wanted))
		vmem_populate_ways(vm, &irq);
	import = may_import(c);
	if (!vmem_populate(vm, import ? VMEM_IMPORT_COST : VMEM_CUT_COST,
			   req->flags, c->waiting ? &c->w : NULL, &irq)) {
		c->reason = VMEM_FAIL_STRUCTURES;
		goto out;
	}
	appeared = vmem_space_appeared(sp);
	seg = vmem_take(vm, req, &irq);
	if (seg) {
		take(c, seg, stack);
		goto out;
	}
	/* The functions may have been cleared while the lock was dropped. */
	if (!import || !may_import(c) || search_first(c))
		goto out;
	c->reason = VMEM_FAIL_IMPORT;
	if (!vmem_import_size(vm, req, &asked)) {
		sp->stats.import_fail++;
		goto out;
	}
	level = seg_level(vmem_stock_get(&sp->stock));
	vmem_stock_move(&c->aside, &sp->stock, VMEM_IMPORT_COST - 1);
	push(c, level, VMEM_LEVEL_IMPORT);
	level->asked = asked;
	level->appeared = appeared;
	level->since = vmem_trace_moment(vmem_import);
	if (!vmem_imports_directly(vm)) {
		call_function(c, irq);
		return false;
	}
	spin_unlock_irqrestore(&sp->lock, irq);
	want_import(c, vm->source, asked);
	return true;
out:
	spin_unlock_irqrestore(&sp->lock, irq);
	count_single(c);
	return false;
}

/*
 * Look for the current request in the caches that serve its size, then in the arena.
 * Returns whether more is wanted before it can be served.
 */
static bool enter(struct alloc_ctx *c)
{
	const struct vmem_request *req = c->cur;
	struct vmem *vm = c->here;
	struct vmem_slab *slab;

	if (req->qcache) {
		c->addr = vmem_qcache_take(req->qcache);
		if (c->addr)
			return false;
	}
	if (!req->fault_checked && vmem_fault(vm, req->size, req->flags)) {
		vmem_fault_count(vm, req->size, req->flags);
		c->injected = true;
		c->addr = 0;
		return false;
	}
	slab = req->qcache ? vmem_slab_begin(req->qcache) : NULL;
	if (!slab)
		return look_in_arena(c);

	push(c, &slab->level, VMEM_LEVEL_SLAB);
	c->slabs++;
	want(c, vm, vm->qcaches->slab_size, true);
	c->up.fault_checked = true;
	return true;
}

/* The current arena has refused what its import got. No lock is held. */
static void refused(struct alloc_ctx *c)
{
	struct vmem_tree *tree = c->vm->tree;
	struct vmem_waiter *w = &c->w;

	if (c->slabs) {
		WRITE_ONCE(c->here->import_dry, true);
	} else {
		unsigned int shift = min_t(unsigned int, w->refusals,
					   REFUSED_SHIFT);

		c->refused_vm = c->here;
		WRITE_ONCE(w->retry_at, jiffies + (REFUSED_DELAY << shift));
		WRITE_ONCE(w->refusals, w->refusals + 1);
	}
	/* Waiters may have searched while the range was in this request's hand. */
	if (READ_ONCE(tree->nr_waiters))
		vmem_rescan_soon(tree);
}

/*
 * The import of the top level is over: take in what it got, and serve the level's
 * request from that. If it got nothing the level may be served all the same, by what
 * has appeared meanwhile. Returns whether the next arena on the way up is to be asked.
 */
static bool leave_import(struct alloc_ctx *c)
{
	struct vmem_level level = *c->top;
	struct vmem *vm = level.vm;
	struct vmem_space *sp = &vm->space;
	bool direct = vmem_imports_directly(vm);
	unsigned long start = c->addr;
	unsigned long got = direct ? level.asked : c->got;
	const struct vmem_request *req;
	struct vmem_seg *seg = NULL;
	vmem_free_t *give_back = NULL;
	unsigned long irq, appeared, rest = 0;
	const char *bad = NULL;
	u32 stack;

	if (level.since)
		trace_vmem_import(vm, vm->source, level.asked, start, got,
				  direct ? flags_above(c) : function_flags(c),
				  vmem_trace_ns(level.since));
	if (direct && start)
		trace_vmem_alloc(vm->source, start, got, flags_above(c),
				 got - 1 < vm->source->cached_max,
				 c->req->caller);
	want_for_level(c, &level);
	req = c->cur;
	stack = vmem_audit_stack(vm, req->caller, req->flags);

	spin_lock_irqsave(&sp->lock, irq);
	vmem_stock_put(&sp->stock, level_seg(c->top));
	vmem_stock_move(&sp->stock, &c->aside, VMEM_IMPORT_COST - 1);
	c->top = level.below;
	c->addr = 0;
	if (start)
		bad = vmem_import_refuse(vm, req, start, got, level.asked);
	if (!start || bad) {
		sp->stats.import_fail++;
		give_back = start ? vm->ffunc : NULL;
		if (give_back)
			vmem_call_begin(vm);
		if (vmem_space_appeared(sp) != level.appeared) {
			seg = vmem_take(vm, req, &irq);
			if (!seg && !direct && c->repeats) {
				c->repeats--;
				c->function_failed = false;
			}
		}
	} else if (got > req->taken && vm->ffunc) {
		seg = vmem_take_sure(vm, req);
	}
	if (start && !bad && seg) {
		sp->stats.giveback++;
		give_back = vm->ffunc;
		vmem_call_begin(vm);
	} else if (start && !bad) {
		unsigned long addr;

		sp->stats.import++;
		seg = vmem_seg_next(vmem_span_add(sp, start, got, true));
		vmem_fit(req, seg, &addr);
		seg = vmem_space_cut(sp, seg, addr, req->size);
		rest = got - req->taken;
	}
	if (seg)
		take(c, seg, stack);
	appeared = vmem_space_appeared(sp);
	spin_unlock_irqrestore(&sp->lock, irq);

	if (rest)
		vmem_signal(vm, rest);
	if (bad)
		vmem_misuse(vm, "import of %zu: got [%#lx, +%#zx): %s%s",
			    (size_t)level.asked, start, (size_t)got, bad,
			    give_back ? "" : "; no release function, so lost");
	if (give_back)
		vmem_give_back(vm, give_back, start, got, bad);
	if (bad)
		refused(c);
	count_single(c);
	if (!bad || c->addr || c->slabs)
		return false;
	/*
	 * The release function may have made room here. It has been called by this
	 * task, so that a look without the lock sees that.
	 */
	return data_race(vmem_space_appeared(sp)) != appeared &&
	       look_in_arena(c);
}

/* The top level has its slab, or goes on with a single object. */
static bool leave_slab(struct alloc_ctx *c)
{
	struct vmem_slab *slab = container_of(c->top, struct vmem_slab, level);
	struct vmem_level level = *c->top;
	struct vmem *vm = level.vm;
	struct vmem_qcache *qc;

	qc = &vm->qcaches->cache[vmem_qcache_index(vm, level.size)];
	c->top = level.below;
	c->slabs--;
	want_for_level(c, &level);
	if (c->addr) {
		c->addr = vmem_slab_end(qc, slab, c->addr);
		return false;
	}
	vmem_slab_abandon(slab);
	return look_in_arena(c);
}

/* Returns whether the next arena on the way up is to be asked. */
static bool leave(struct alloc_ctx *c)
{
	if (c->top->kind == VMEM_LEVEL_SLAB)
		return leave_slab(c);
	return leave_import(c);
}

/**
 * vmem_search_up - one pass over the way up of a request
 * @c: the request; @addr is what it has got, or 0
 *
 * Context: as the flags of the request say. No lock held.
 */
void vmem_search_up(struct alloc_ctx *c)
{
	bool above;

	c->here = c->vm;
	c->cur = c->req;
	c->addr = 0;
	c->held_off = false;
	c->injected = false;
	above = enter(c);
	while (above || c->top)
		above = above ? enter(c) : leave(c);
}
