// SPDX-License-Identifier: GPL-2.0
/*
 * The slow path of a request: search, import, reclaim, wait.
 *
 * vmem_serve() runs a state machine, and slow_step() moves it:
 *
 *   SEARCHING	one pass up the tree: the arena, its source, and so on
 *   IMPORTING	an import function of the client is running; other tasks read
 *		this state, but slow_step() does not
 *   RECLAIMING	the quantum caches of the tree return their contents
 *   WAITING	asleep until an offer, the end of the reclaim, or a timeout
 *   DONE	served, or failed
 *
 * A request that may wait becomes a waiter if its first pass fails, takes
 * offers, and then searches again before it sleeps. So it cannot miss free
 * space that appears between the search and the sleep.
 * Documentation/waiting.rst has the argument.
 */
#include <linux/jiffies.h>
#include <linux/kernel.h>
#include <linux/panic.h>

#include "../qcache/fast.h"
#include "../qcache/slab.h"
#include "../report/report.h"
#include "free.h"
#include "populate.h"
#include "search.h"

/* Repeated searches and imports before a sleep, for space that has appeared. */
#define SLOW_REPEATS	4

/* After a refused import: first delay, in jiffies; upper bound of doublings. */
#define REFUSED_DELAY	(HZ / 4)
#define REFUSED_SHIFT	10

/**
 * struct alloc_ctx - a request on the slow path
 * @vm: the arena that the client called
 * @req: the client's request
 * @here: the arena that the pass has reached
 * @cur: the request to @here: @req or @up
 * @up: a request to a source, or for a slab
 * @top: the top of the stack of levels that wait for a span or a slab
 * @aside: segment structures that the levels have set aside
 * @slabs: number of levels that are slabs; if not 0, requests do not sleep
 * @addr: the latest result of a search or an import, 0 if it has failed
 * @got: the size of the latest result of an import function of the client
 * @w: the waiter
 * @waiting: @w is counted as a waiter
 * @reclaim_over: with VM_NOSLEEP, slow_reclaim_now() has run; otherwise, the
 *	requested reclaim has ended, or the tree has no caches
 * @reclaim_asked: the waiter has requested a reclaim
 * @function_failed: the import function has failed. The request calls it again
 *	only after a sleep, the end of the reclaim, or the release of a span, or
 *	if free space has appeared during the call.
 * @released: number of released spans of @here when the import function was
 *	called
 * @repeats: remaining repeated searches and imports before the next sleep, for
 *	space that has appeared
 * @refused_vm: the arena that has refused an import
 * @held_off: the last pass did not import because @w.retry_at is in the future
 * @injected: fault injection has made the last pass fail
 * @offer: the offer that ended the last sleep, until the request passes it on
 * @timeout: timeout of the next sleep, in jiffies
 * @reason: VMEM_FAIL_*: reason why the last pass has failed
 */
struct alloc_ctx {
	struct vmem *vm;
	const struct vmem_request *req;
	struct vmem *here;
	const struct vmem_request *cur;
	struct vmem_request up;
	struct vmem_level *top;
	struct vmem_seg_pool aside;
	unsigned int slabs;
	unsigned long addr;
	unsigned long got;
	struct vmem_waiter w;
	bool waiting;
	bool reclaim_over;
	bool reclaim_asked;
	bool function_failed;
	u64 released;
	unsigned int repeats;
	struct vmem *refused_vm;
	bool held_off;
	bool injected;
	struct vmem_offer offer;
	long timeout;
	unsigned int reason;
};

/* May the request wait for space? */
static inline bool slow_may_wait(const struct alloc_ctx *c)
{
	return !(c->req->flags & (VM_NOSLEEP | VM_ABORT));
}

static inline bool slow_tree_has_caches(const struct alloc_ctx *c)
{
	return atomic_read(&c->vm->tree->caches);
}

/* Pass on the offer that woke the request, which no longer needs the offer. */
static inline void slow_pass_on_offer(struct alloc_ctx *c)
{
	if (!c->offer.vm)
		return;
	vmem_offer_pass_on(&c->w, &c->offer, NULL);
	c->offer.vm = NULL;
}

/*
 * SEARCHING: one pass. slow_enter() searches one arena; if the arena has no
 * free segment for the request, the pass continues in its source. slow_leave()
 * returns to the arena that imports, and adds the span to that arena. Each
 * arena that waits for its source is a level on an explicit stack, so the
 * kernel stack does not limit the depth of a tree. The pass holds one arena
 * lock at a time.
 */

/* The level of an import is in a segment structure that was set aside. */
static_assert(sizeof(struct vmem_level) <= sizeof(struct vmem_seg));

static struct vmem_level *slow_seg_level(struct vmem_seg *seg)
{
	return (struct vmem_level *)seg;
}

static struct vmem_seg *slow_level_seg(struct vmem_level *level)
{
	return (struct vmem_seg *)level;
}

/* The flags of requests to sources and of requests for slabs. */
static int slow_flags_above(const struct alloc_ctx *c)
{
	if (c->slabs)
		return VM_NOSLEEP | (c->req->flags & VM_PUSHPAGE);
	return c->req->flags & (VM_NOSLEEP | VM_PUSHPAGE);
}

/* The top level needs @size integers of @vm: make this the current request. */
static void slow_want(struct alloc_ctx *c, struct vmem *vm, unsigned long size,
		      bool cached)
{
	c->here = vm;
	c->cur = &c->up;
	c->up = (struct vmem_request){
		.size = size,
		.taken = vmem_round(size, vm->segmap.quantum),
		.align = vm->segmap.quantum,
		.max = ULONG_MAX,
		.flags = slow_flags_above(c),
		.caller = c->req->caller,
		.cached = cached,
	};
}

/* slow_want() for an import: a quantum cache of the source may serve @size. */
static void slow_want_import(struct alloc_ctx *c, struct vmem *vm,
			     unsigned long size)
{
	bool cached = size - 1 < vm->cached_max;

	slow_want(c, vm, size, cached);
	if (cached)
		c->up.qcache = &vm->qcaches->cache[vmem_qcache_index(vm, size)];
}

/* Return to the arena and the request of @level. */
static void slow_return_to(struct alloc_ctx *c, const struct vmem_level *level)
{
	if (level->below)
		slow_want(c, level->vm, level->size, level->cached);
	else
		c->cur = c->req;
	c->here = level->vm;
}

static void slow_push(struct alloc_ctx *c, struct vmem_level *level,
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

/* Record @seg as the result of the current request. */
static void slow_served(struct alloc_ctx *c, struct vmem_seg *seg, u32 stack)
{
	const struct vmem_request *req = c->cur;

	lockdep_assert_held(&c->here->segmap.lock);
	c->addr = seg->start;
	seg->cached = req->cached;
	vmem_audit_record(seg, stack);
	if (req->flags & VM_NEXTFIT)
		vmem_rotor_after(c->here, seg);
}

/* Count the result if it is a single object for a quantum cache. */
static void slow_count_single(const struct alloc_ctx *c)
{
	unsigned long size = c->cur->size;
	struct vmem *vm = c->here;

	if (c->addr && c->cur->cached && size <= vm->cached_max)
		vmem_qcache_count_single(&vm->qcaches->cache[vmem_qcache_index(vm, size)]);
}

/*
 * The flags for an import function of the client. While quantum caches may
 * still return space, the function must not sleep.
 */
static int slow_function_flags(const struct alloc_ctx *c)
{
	int vmflag = slow_flags_above(c);

	if (vmflag & VM_NOSLEEP || c->req->flags & VM_ABORT ||
	    c->reclaim_over || !slow_tree_has_caches(c))
		return vmflag;
	return vmflag | VM_NOSLEEP;
}

/* May the current request import? The arena lock is held. */
static bool slow_may_import(struct alloc_ctx *c)
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
	return !c->function_failed || c->released != vm->segmap.stats.release;
}

/* Must a signalled request search again before it calls an import function? */
static bool slow_search_again(struct alloc_ctx *c)
{
	if (vmem_imports_directly(c->here) || !c->waiting || !c->repeats ||
	    !READ_ONCE(c->w.signalled))
		return false;
	c->repeats--;
	return true;
}

/* Call the client's import function. Drops the arena lock. */
static void slow_call_function(struct alloc_ctx *c, unsigned long irq)
	__releases(&c->here->segmap.lock)
{
	struct vmem *vm = c->here, *source = vm->source;
	vmem_alloc_t *afunc = vm->afunc;
	vmem_ximport_t *xfunc = vm->xfunc;
	unsigned long align = c->cur->align;
	int vmflag = slow_function_flags(c);
	size_t size = c->top->asked;
	enum vmem_state state;
	void *addr;

	c->released = vm->segmap.stats.release;
	vmem_call_begin(vm);
	spin_unlock_irqrestore(&vm->segmap.lock, irq);
	slow_pass_on_offer(c);
	if (c->waiting) {
		vmem_waiter_suspend(&c->w);
	} else if (!(vmflag & VM_NOSLEEP) && !c->w.ticket) {
		/* The call may take long: show the request in debugfs. */
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
 * Search the current arena. If that fails, begin an import. Returns true if the
 * pass continues in the source.
 */
static bool slow_search_arena(struct alloc_ctx *c)
{
	const struct vmem_request *req = c->cur;
	struct vmem *vm = c->here;
	struct vmem_segmap *sm = &vm->segmap;
	u32 stack = vmem_audit_stack(vm, req->caller, req->flags);
	struct vmem_level *level;
	unsigned long irq, asked, appeared;
	struct vmem_seg *seg;
	bool import;

	c->addr = 0;
	spin_lock_irqsave(&sm->lock, irq);
	if (unlikely(sm->hints_wanted))
		vmem_populate_hints(vm, &irq);
	import = slow_may_import(c);
	if (!vmem_populate(vm, import ? VMEM_IMPORT_COST : VMEM_CUT_COST,
			   req->flags, c->waiting ? &c->w : NULL, &irq)) {
		c->reason = VMEM_FAIL_STRUCTURES;
		goto out;
	}
	appeared = vmem_segmap_appeared(sm);
	seg = vmem_take(vm, req, &irq);
	if (seg) {
		slow_served(c, seg, stack);
		goto out;
	}
	/* The lock may have been dropped, and the import function cleared. */
	if (!import || !slow_may_import(c) || slow_search_again(c))
		goto out;
	c->reason = VMEM_FAIL_IMPORT;
	if (!vmem_import_size(vm, req, &asked)) {
		sm->stats.import_fail++;
		goto out;
	}
	level = slow_seg_level(vmem_seg_pool_get(&sm->pool));
	vmem_seg_pool_move(&c->aside, &sm->pool, VMEM_IMPORT_COST - 1);
	slow_push(c, level, VMEM_LEVEL_IMPORT);
	level->asked = asked;
	level->appeared = appeared;
	level->since = vmem_trace_start(vmem_import);
	if (!vmem_imports_directly(vm)) {
		slow_call_function(c, irq);
		return false;
	}
	spin_unlock_irqrestore(&sm->lock, irq);
	slow_want_import(c, vm->source, asked);
	return true;
out:
	spin_unlock_irqrestore(&sm->lock, irq);
	slow_count_single(c);
	return false;
}

/*
 * Try the quantum cache that serves the size, then the current arena. Returns
 * true if the pass continues in the source, or with a request for a slab.
 */
static bool slow_enter(struct alloc_ctx *c)
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
	slab = req->qcache ? vmem_slab_alloc(req->qcache) : NULL;
	if (!slab)
		return slow_search_arena(c);

	slow_push(c, &slab->level, VMEM_LEVEL_SLAB);
	c->slabs++;
	slow_want(c, vm, vm->qcaches->slab_size, true);
	c->up.fault_checked = true;
	return true;
}

/* The current arena has refused an import: delay or stop later imports. */
static void slow_hold_off(struct alloc_ctx *c)
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
	/* Waiters that searched during the import missed the returned range. */
	if (READ_ONCE(tree->nr_waiters))
		vmem_rescan_soon(tree);
}

/*
 * The import of the top level has ended. Add the result as a span and serve the
 * level's request from the span. If the import has failed, free space that has
 * appeared during the import may serve the request. Returns true if the pass
 * continues in the source.
 */
static bool slow_leave_import(struct alloc_ctx *c)
{
	struct vmem_level level = *c->top;
	struct vmem *vm = level.vm;
	struct vmem_segmap *sm = &vm->segmap;
	bool direct = vmem_imports_directly(vm);
	unsigned long start = c->addr;
	unsigned long got = direct ? level.asked : c->got;
	const struct vmem_request *req;
	struct vmem_seg *seg = NULL;
	vmem_free_t *ffunc = NULL;
	unsigned long irq, appeared, rest = 0;
	const char *bad = NULL;
	u32 stack;

	if (level.since)
		trace_vmem_import(vm, vm->source, level.asked, start, got,
				  direct ? slow_flags_above(c)
					 : slow_function_flags(c),
				  vmem_trace_elapsed(level.since));
	if (direct && start)
		trace_vmem_alloc(vm->source, start, got, slow_flags_above(c),
				 got - 1 < vm->source->cached_max,
				 c->req->caller);
	slow_return_to(c, &level);
	req = c->cur;
	stack = vmem_audit_stack(vm, req->caller, req->flags);

	spin_lock_irqsave(&sm->lock, irq);
	vmem_seg_pool_put(&sm->pool, slow_level_seg(c->top));
	vmem_seg_pool_move(&sm->pool, &c->aside, VMEM_IMPORT_COST - 1);
	c->top = level.below;
	c->addr = 0;
	if (start)
		bad = vmem_import_refuse(vm, req, start, got, level.asked);
	if (!start || bad) {
		sm->stats.import_fail++;
		ffunc = start ? vm->ffunc : NULL;
		if (ffunc)
			vmem_call_begin(vm);
		if (vmem_segmap_appeared(sm) != level.appeared) {
			seg = vmem_take(vm, req, &irq);
			if (!seg && !direct && c->repeats) {
				c->repeats--;
				c->function_failed = false;
			}
		}
	} else if (got > req->taken && vm->ffunc) {
		seg = vmem_take_guaranteed(vm, req);
	}
	if (start && !bad && seg) {
		sm->stats.giveback++;
		ffunc = vm->ffunc;
		vmem_call_begin(vm);
	} else if (start && !bad) {
		unsigned long addr;

		sm->stats.import++;
		seg = vmem_seg_next(vmem_span_add(sm, start, got, true));
		vmem_fit(req, seg, &addr);
		seg = vmem_segmap_cut(sm, seg, addr, req->size);
		rest = got - req->taken;
	}
	if (seg)
		slow_served(c, seg, stack);
	appeared = vmem_segmap_appeared(sm);
	spin_unlock_irqrestore(&sm->lock, irq);

	if (rest)
		vmem_signal(vm, rest);
	if (bad)
		vmem_misuse(vm, "import of %zu: got [%#lx, +%#zx): %s%s",
			    (size_t)level.asked, start, (size_t)got, bad,
			    ffunc ? "" : "; no release function, so lost");
	if (ffunc)
		vmem_return_import(vm, ffunc, start, got, bad);
	if (bad)
		slow_hold_off(c);
	slow_count_single(c);
	if (!bad || c->addr || c->slabs)
		return false;
	/*
	 * The release function may have freed space in this arena. This task
	 * has called the function, so a read without the lock sees the change.
	 */
	return data_race(vmem_segmap_appeared(sm)) != appeared &&
	       slow_search_arena(c);
}

/* The top level gets its slab, or falls back to a single object. */
static bool slow_leave_slab(struct alloc_ctx *c)
{
	struct vmem_slab *slab = container_of(c->top, struct vmem_slab, level);
	struct vmem_level level = *c->top;
	struct vmem *vm = level.vm;
	struct vmem_qcache *qc;

	qc = &vm->qcaches->cache[vmem_qcache_index(vm, level.size)];
	c->top = level.below;
	c->slabs--;
	slow_return_to(c, &level);
	if (c->addr) {
		c->addr = vmem_slab_insert(qc, slab, c->addr);
		return false;
	}
	vmem_slab_free(slab);
	return slow_search_arena(c);
}

/* Leave the top level. Returns true if the pass continues in the source. */
static bool slow_leave(struct alloc_ctx *c)
{
	if (c->top->kind == VMEM_LEVEL_SLAB)
		return slow_leave_slab(c);
	return slow_leave_import(c);
}

/* One pass. Sets @c->addr. No lock held. */
static void slow_search(struct alloc_ctx *c)
{
	bool above;

	c->here = c->vm;
	c->cur = c->req;
	c->addr = 0;
	c->held_off = false;
	c->injected = false;
	above = slow_enter(c);
	while (above || c->top)
		above = above ? slow_enter(c) : slow_leave(c);
}

/*
 * RECLAIMING: the quantum caches return their contents. A request that may wait
 * queues &vmem_tree.reclaim and sleeps. A VM_NOSLEEP request drains the caches
 * of its source path, within a budget. A VM_ABORT request does not reclaim.
 */

/*
 * The next arena on the request's source path, or NULL. Sets *@need to the size
 * to import from that arena.
 */
static struct vmem *slow_next_above(const struct alloc_ctx *c, struct vmem *vm,
				    unsigned long *need)
{
	struct vmem_request req = *c->req;

	if (req.bounded || !vmem_above(vm))
		return NULL;
	if (vm != c->vm) {
		req.size = *need;
		req.align = vm->segmap.quantum;
		req.phase = 0;
	}
	return vmem_import_size(vm, &req, need) ? vmem_above(vm) : NULL;
}

/* Drain the caches of the source path within a budget. */
static void slow_reclaim_now(struct alloc_ctx *c)
{
	struct vmem_reclaim_budget budget = VMEM_RECLAIM_BUDGET;
	bool anywhere = !c->req->bounded &&
			c->req->align == c->vm->segmap.quantum;
	unsigned long need;
	struct vmem *vm;

	for (vm = c->vm, need = c->req->taken; vm;
	     vm = slow_next_above(c, vm, &need))
		vmem_reclaim_now(vm, need, vm != c->vm || anywhere, &budget);
}

/* The request has failed: reclaim for later requests of its size. */
static void slow_reclaim_for_later(struct alloc_ctx *c)
{
	unsigned long irq, need;
	struct vmem *vm;

	if (!slow_tree_has_caches(c))
		return;
	for (vm = c->vm, need = c->req->taken; vm;
	     vm = slow_next_above(c, vm, &need)) {
		spin_lock_irqsave(&vm->segmap.lock, irq);
		WRITE_ONCE(vm->need_least, min(vm->need_least, need));
		spin_unlock_irqrestore(&vm->segmap.lock, irq);
	}
	vmem_reclaim_once(c->vm->tree);
}

/* WAITING: the request is a waiter of its tree. */

/* Become a waiter, and request a reclaim if the tree has caches. */
static void slow_begin_to_wait(struct alloc_ctx *c)
{
	if (!c->w.ticket)
		vmem_waiter_init(&c->w, c->vm, c->req);
	vmem_waiter_begin(&c->w);
	c->waiting = true;
	smp_mb();	/* order nr_waiters before caches; see vmem_tree_add_caches() */
	if (slow_tree_has_caches(c)) {
		vmem_waiter_ask_reclaim(&c->w);
		c->reclaim_asked = true;
	} else {
		c->reclaim_over = true;
	}
}

/* Sleep, then listen to offers again. */
static void slow_sleep(struct alloc_ctx *c)
{
	struct vmem_waiter *w = &c->w;
	struct vmem_offer offer;

	/* No offer announces the end of the delay after a refused import. */
	if (c->held_off)
		c->timeout = clamp_t(long, w->retry_at - jiffies, 1, c->timeout);
	w->slept = false;
	vmem_waiter_sleep(w, c->timeout);
	w->stands_back = false;
	c->timeout = MAX_SCHEDULE_TIMEOUT;
	if (READ_ONCE(w->reclaim_ended)) {
		WRITE_ONCE(w->reclaim_ended, false);
		c->reclaim_over = true;
		c->function_failed = false;
	}
	if (w->slept) {
		c->function_failed = false;
		c->repeats = SLOW_REPEATS;
	}
	offer = vmem_waiter_listen(w);
	if (!offer.vm)
		return;
	slow_pass_on_offer(c);
	c->offer = offer;
}

/* Returns true if the request must sleep during an older waiter's turn. */
static bool slow_stand_back(struct alloc_ctx *c)
{
	unsigned long left;

	if (!slow_may_wait(c) || c->req->flags & VM_PUSHPAGE)
		return false;
	left = vmem_turn_of_older(c->vm, c->req->taken,
				  c->waiting ? c->w.ticket : U64_MAX);
	if (!left)
		return false;
	if (!c->waiting) {
		slow_begin_to_wait(c);
		vmem_waiter_listen(&c->w);
	}
	/* Waiters of other arenas do not yield to this turn. */
	vmem_offer_pass_on(&c->w, &c->offer, c->vm);
	c->w.stands_back = true;
	c->timeout = left;
	return true;
}

/* Returns the state after a pass without a result. */
static enum vmem_state slow_after_search(struct alloc_ctx *c)
{
	if (c->req->flags & VM_ABORT)
		return VMEM_DONE;
	if (c->req->flags & VM_NOSLEEP)
		return c->reclaim_over || !slow_tree_has_caches(c) ? VMEM_DONE
							     : VMEM_RECLAIMING;
	if (!c->waiting) {
		slow_begin_to_wait(c);
		vmem_waiter_listen(&c->w);
		return VMEM_SEARCHING;
	}
	if (c->w.missed) {
		c->w.missed = false;
		vmem_waiter_listen(&c->w);
		return VMEM_SEARCHING;
	}
	return c->reclaim_asked && !c->reclaim_over ? VMEM_RECLAIMING
						   : VMEM_WAITING;
}

/* Move the request to its next state. */
static void slow_step(struct alloc_ctx *c)
{
	enum vmem_state next = VMEM_SEARCHING;

	switch (c->w.state) {
	case VMEM_SEARCHING:
		if (slow_stand_back(c)) {
			next = VMEM_WAITING;
			break;
		}
		slow_search(c);
		slow_pass_on_offer(c);
		next = c->addr ? VMEM_DONE : slow_after_search(c);
		break;
	case VMEM_RECLAIMING:
		if (slow_may_wait(c)) {
			slow_sleep(c);
			break;
		}
		/* Always search: &vmem_tree.reclaim may have freed space. */
		c->reclaim_over = true;
		slow_reclaim_now(c);
		break;
	case VMEM_WAITING:
		slow_sleep(c);
		break;
	default:
		WARN_ON_ONCE(1);
		next = VMEM_DONE;
	}
	WRITE_ONCE(c->w.state, next);
}

/* Count and report the failure. */
static void slow_fail(struct alloc_ctx *c)
{
	const struct vmem_request *req = c->req;
	unsigned long irq, need;
	struct vmem *vm;

	/* If the import has failed, all arenas of the path count this. */
	for (vm = c->vm, need = c->req->taken; vm;
	     vm = slow_next_above(c, vm, &need)) {
		spin_lock_irqsave(&vm->segmap.lock, irq);
		vm->segmap.stats.fail++;
		spin_unlock_irqrestore(&vm->segmap.lock, irq);
		if (c->reason != VMEM_FAIL_IMPORT || c->injected)
			break;
	}
	vm = c->vm;
	trace_vmem_fail(vm, req->size, req->flags, c->reason);
	if (!(req->flags & VM_ABORT))
		slow_reclaim_for_later(c);
	if (req->flags & VM_PANIC)
		panic("vmem: arena %u '%s': no room for %lu %s", vm->id,
		      vm->label, req->size, vmem_unit(vm));
}

/**
 * vmem_serve - serve a request by all means that its flags allow
 * @vm: the arena
 * @req: the request; it has no constraints if its policy is VM_NEXTFIT
 *
 * Context: with VM_NOSLEEP any but NMI; else task, sleeping allowed. No lock
 * held.
 * Return: the address, or NULL.
 */
void *vmem_serve(struct vmem *vm, struct vmem_request *req)
{
	struct alloc_ctx c = {
		.vm = vm, .req = req, .timeout = MAX_SCHEDULE_TIMEOUT,
		.repeats = SLOW_REPEATS,
	};
	struct vmem_offer unused;

	might_sleep_if(!(req->flags & VM_NOSLEEP));
	if (!req->fault_checked && vmem_fault(vm, req->size, req->flags)) {
		vmem_fault_count(vm, req->size, req->flags);
		return NULL;
	}
	req->fault_checked = true;
	while (c.w.state != VMEM_DONE)
		slow_step(&c);
	if (c.waiting) {
		unused = vmem_waiter_end(&c.w);
		vmem_offer_pass_on(&c.w, &unused, NULL);
	} else if (c.w.ticket) {
		vmem_waiter_unlist(&c.w);
	}
	/* The reclaim may have left wholly free spans: queue their release. */
	if (c.reclaim_over)
		for (vm = c.vm; vm; vm = vmem_above(vm))
			if (READ_ONCE(vm->has_free_spans))
				vmem_release_soon(vm);
	if (!c.addr)
		slow_fail(&c);
	else if (!req->cached)
		trace_vmem_alloc(c.vm, c.addr, req->size, req->flags, false,
				 req->caller);
	return (void *)c.addr;
}
