// SPDX-License-Identifier: GPL-2.0
/*
 * The slow path of a request: search, import, reclaim, wait.
 *
 * vmem_serve() runs a state machine, which step() moves. The state SEARCHING is one
 * pass over the way up, the arena, then its source, and so on, see climb.c.
 * Documentation/waiting.rst explains the whole.
 */
#include <linux/kernel.h>
#include <linux/panic.h>

#include "../qcache/reclaim.h"
#include "../report/fault.h"
#include "../report/trace.h"
#include "import.h"
#include "maintain.h"
#include "slow.h"

/* The next arena on the way up, and how much the request needs of it. */
static struct vmem *next_above(const struct alloc_ctx *c, struct vmem *vm,
			       unsigned long *need)
{
	struct vmem_request req = *c->req;

	if (req.bounded || !vmem_above(vm))
		return NULL;
	if (vm != c->vm) {
		req.size = *need;
		req.align = vm->space.quantum;
		req.phase = 0;
	}
	return vmem_import_size(vm, &req, need) ? vmem_above(vm) : NULL;
}

/* Have the caches on the way up give what they can at once. */
static void reclaim_at_once(struct alloc_ctx *c)
{
	struct vmem_reclaim_budget budget = VMEM_RECLAIM_BUDGET;
	bool anywhere = !c->req->bounded &&
			c->req->align == c->vm->space.quantum;
	unsigned long need;
	struct vmem *vm;

	for (vm = c->vm, need = c->req->taken; vm;
	     vm = next_above(c, vm, &need))
		vmem_reclaim_now(vm, need, vm != c->vm || anywhere, &budget);
}

/* Become a waiter, and have the tree's caches give back what they hold. */
static void begin_to_wait(struct alloc_ctx *c)
{
	if (!c->w.ticket)
		vmem_waiter_init(&c->w, c->vm, c->req);
	vmem_waiter_begin(&c->w);
	c->waiting = true;
	smp_mb();	/* count the waiter before the caches; see vmem_tree_add_caches() */
	if (vmem_tree_has_caches(c)) {
		vmem_waiter_ask_reclaim(&c->w);
		c->reclaim_asked = true;
	} else {
		c->reclaim_over = true;
	}
}

/* The state that follows a pass that has found nothing. */
static enum vmem_state after_search(struct alloc_ctx *c)
{
	if (c->req->flags & VM_ABORT)
		return VMEM_DONE;
	if (c->req->flags & VM_NOSLEEP)
		return c->reclaim_over || !vmem_tree_has_caches(c) ? VMEM_DONE
							     : VMEM_RECLAIMING;
	if (!c->waiting) {
		begin_to_wait(c);
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

/* Sleep, then take offers again. */
static void sleep(struct alloc_ctx *c)
{
	struct vmem_waiter *w = &c->w;
	struct vmem_offer offer;

	/* Nothing else wakes it when it may import again. */
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
		c->repeats = REPEATS;
	}
	offer = vmem_waiter_listen(w);
	if (!offer.vm)
		return;
	vmem_hand_on_offer(c);
	c->offer = offer;
}

/* A waiter that has its turn comes first: wait until the turn ends. */
static bool stand_back(struct alloc_ctx *c)
{
	unsigned long left;

	if (!vmem_may_wait(c) || c->req->flags & VM_PUSHPAGE)
		return false;
	left = vmem_others_turn(c->vm, c->req->taken,
				c->waiting ? c->w.ticket : U64_MAX);
	if (!left)
		return false;
	if (!c->waiting) {
		begin_to_wait(c);
		vmem_waiter_listen(&c->w);
	}
	/* The turn does not concern the waiters of other arenas. */
	vmem_hand_on(&c->w, &c->offer, c->vm);
	c->w.stands_back = true;
	c->timeout = left;
	return true;
}

/* Move the request to its next state. */
static void step(struct alloc_ctx *c)
{
	enum vmem_state next = VMEM_SEARCHING;

	switch (c->w.state) {
	case VMEM_SEARCHING:
		if (stand_back(c)) {
			next = VMEM_WAITING;
			break;
		}
		vmem_search_up(c);
		vmem_hand_on_offer(c);
		next = c->addr ? VMEM_DONE : after_search(c);
		break;
	case VMEM_RECLAIMING:
		if (vmem_may_wait(c)) {
			sleep(c);
			break;
		}
		/* Search again in any case: the reclaim of the tree may be at work. */
		c->reclaim_over = true;
		reclaim_at_once(c);
		break;
	case VMEM_WAITING:
		sleep(c);
		break;
	default:
		WARN_ON_ONCE(1);
		next = VMEM_DONE;
	}
	WRITE_ONCE(c->w.state, next);
}

/* Have the tree's caches give back what later requests like this one may need. */
static void ask_for_later(struct alloc_ctx *c)
{
	unsigned long irq, need;
	struct vmem *vm;

	if (!vmem_tree_has_caches(c))
		return;
	for (vm = c->vm, need = c->req->taken; vm;
	     vm = next_above(c, vm, &need)) {
		spin_lock_irqsave(&vm->space.lock, irq);
		WRITE_ONCE(vm->need_least, min(vm->need_least, need));
		spin_unlock_irqrestore(&vm->space.lock, irq);
	}
	vmem_reclaim_once(c->vm->tree);
}

/* The request has failed. */
static void fail(struct alloc_ctx *c)
{
	const struct vmem_request *req = c->req;
	unsigned long irq, need;
	struct vmem *vm;

	/* If it has asked its source, that has failed as well, and so on. */
	for (vm = c->vm, need = c->req->taken; vm;
	     vm = next_above(c, vm, &need)) {
		spin_lock_irqsave(&vm->space.lock, irq);
		vm->space.stats.fail++;
		spin_unlock_irqrestore(&vm->space.lock, irq);
		if (c->reason != VMEM_FAIL_IMPORT || c->injected)
			break;
	}
	vm = c->vm;
	trace_vmem_fail(vm, req->size, req->flags, c->reason);
	if (!(req->flags & VM_ABORT))
		ask_for_later(c);
	if (req->flags & VM_PANIC)
		panic("vmem: arena %u '%s': no room for %lu %s", vm->id,
		      vm->label, req->size, vmem_unit(vm));
}

/**
 * vmem_serve - serve a request by all the means that its flags allow
 * @vm: the arena
 * @req: the request; VM_NEXTFIT only without constraints
 *
 * Context: as the flags say.
 * Return: the address, or NULL.
 */
void *vmem_serve(struct vmem *vm, struct vmem_request *req)
{
	struct alloc_ctx c = {
		.vm = vm, .req = req, .timeout = MAX_SCHEDULE_TIMEOUT,
		.repeats = REPEATS,
	};
	struct vmem_offer unused;

	might_sleep_if(!(req->flags & VM_NOSLEEP));
	if (!req->fault_checked && vmem_fault(vm, req->size, req->flags)) {
		vmem_fault_count(vm, req->size, req->flags);
		return NULL;
	}
	req->fault_checked = true;
	while (c.w.state != VMEM_DONE)
		step(&c);
	if (c.waiting) {
		unused = vmem_waiter_end(&c.w);
		vmem_hand_on(&c.w, &unused, NULL);
	} else if (c.w.ticket) {
		vmem_waiter_unlist(&c.w);
	}
	/* Spans that reclaim has made wholly free, and that were not needed. */
	if (c.reclaim_over)
		for (vm = c.vm; vm; vm = vmem_above(vm))
			if (READ_ONCE(vm->idle_spans))
				vmem_release_soon(vm);
	if (!c.addr)
		fail(&c);
	else if (!req->cached)
		trace_vmem_alloc(c.vm, c.addr, req->size, req->flags, false,
				 req->caller);
	return (void *)c.addr;
}
