// SPDX-License-Identifier: GPL-2.0
/*
 * Freeing: find the segment by its address, join the segment with its free
 * neighbours, and release an imported span that becomes wholly free.
 *
 * A release frees a range in the source, which can make a span of the source
 * wholly free, and so on up the tree. vmem_free_pending() handles these
 * releases in a loop, so the kernel stack does not limit the depth of trees.
 *
 * A release function of the client may sleep, or never return. vmem calls the
 * function directly when the client frees a range and no waiter is woken for
 * it, when a request returns its own import, and when the client destroys the
 * arena. In all other cases the span stays in the arena until the work item
 * &vmem.release calls the release function. The function then delays only this
 * work item.
 */
#include <linux/export.h>

#include "../qcache/fast.h"
#include "../qcache/slab.h"
#include "../report/report.h"
#include "free.h"
#include "populate.h"

/* Number of spans that free_find_span() visits in one hold of the lock. */
#define FREE_SPANS_A_HOLD	64

/* Report misuse of @func. @allocated: size of the allocation at @addr, or 0. */
static void free_refuse(struct vmem *vm, const char *func, unsigned long addr,
			size_t size, unsigned long allocated)
{
	if (allocated == size)
		vmem_misuse(vm,
			    "%s(addr=%#lx, size=%zu): wrong free function for this allocation",
			    func, addr, size);
	else if (allocated)
		vmem_misuse(vm, "%s(addr=%#lx, size=%zu): %lu were allocated",
			    func, addr, size, allocated);
	else
		vmem_misuse(vm,
			    "%s(addr=%#lx, size=%zu): no allocation begins there",
			    func, addr, size);
}

/* A function of a client has returned, or a release has reached the source. */
void vmem_call_end(struct vmem *vm)
{
	if (atomic_dec_and_test(&vm->calls) && wq_has_sleeper(&vm->idle))
		wake_up_all(&vm->idle);
}

/**
 * vmem_calls_wait - wait until no client function and no release is running
 * @vm: the arena; its client functions are cleared
 *
 * Context: task, sleeping allowed.
 */
void vmem_calls_wait(struct vmem *vm)
{
	wait_event(vm->idle, !atomic_read(&vm->calls));
}

/* Call a release function of the client. No lock is held. */
static void free_call_release(struct vmem *vm, vmem_free_t *ffunc,
			      struct vmem *source, unsigned long addr,
			      unsigned long size)
{
	u64 since = vmem_trace_start(vmem_release);

	ffunc(source, (void *)addr, size);
	if (since)
		trace_vmem_release(vm, source, addr, size,
				   vmem_trace_elapsed(since));
	WRITE_ONCE(vm->import_dry, false);
	vmem_call_end(vm);
	/* An import of @size integers may succeed again. */
	vmem_signal(vm, size);
}

/* Remove the wholly free span of @seg from the arena; sets @pending to it. */
static void free_detach_span(struct vmem *vm, struct vmem_seg *seg,
			     struct vmem_pending_free *pending)
{
	struct vmem_segmap *sm = &vm->segmap;
	struct vmem_seg *span = vmem_seg_prev(seg);

	lockdep_assert_held(&sm->lock);
	vmem_call_begin(vm);
	if (!vmem_imports_directly(vm))
		pending->caller_queues = false;
	pending->vm = vm->source;
	pending->addr = span->start;
	pending->size = span->size;
	pending->cached = false;
	pending->from = vm;
	vmem_span_remove(sm, span);
	sm->stats.release++;
}

/**
 * vmem_freed - finish a free operation
 * @vm: the arena, locked; the lock is dropped
 * @seg: the free segment
 * @pending: in: @no_offer, @defer and @caller_queues; out: the range to free
 *	next
 * @irq: interrupt state of the caller's spin_lock_irqsave()
 *
 * If @seg is a wholly free imported span and the arena has a release function,
 * releases the span; but first offers the span to waiters if the function is a
 * client's. Offers any other segment to waiters, and records the slabs beside it
 * for a split.
 *
 * Context: any but NMI. Calls the client's release function, unless
 * @pending->defer is set.
 */
void vmem_freed(struct vmem *vm, struct vmem_seg *seg,
		struct vmem_pending_free *pending, unsigned long irq)
	__releases(&vm->segmap.lock)
{
	struct vmem_seg_pool surplus = {};
	vmem_free_t *ffunc = NULL;
	unsigned long size = seg->size;
	bool offer = !pending->no_offer && vm->waiters;

	lockdep_assert_held(&vm->segmap.lock);
	if (unlikely(offer))
		vmem_split_note_beside(vm, seg);
	pending->vm = NULL;
	if (vmem_span_is_free(seg) && vm->ffunc) {
		if (vm->ffunc == vmem_free) {
			free_detach_span(vm, seg, pending);
			offer = false;
		} else if (pending->defer || (offer && vmem_signal(vm, size))) {
			vm->has_free_spans = true;
			if (pending->defer && !(offer && vmem_signal(vm, size)) &&
			    !pending->caller_queues)
				vmem_release_soon(vm);
			offer = false;
		} else {
			ffunc = vm->ffunc;
			free_detach_span(vm, seg, pending);
			offer = false;
		}
	}
	vmem_trim(vm, &surplus);
	spin_unlock_irqrestore(&vm->segmap.lock, irq);

	vmem_seg_pool_drain(&surplus);
	if (offer)
		vmem_signal(vm, size);
	if (ffunc) {
		free_call_release(vm, ffunc, pending->vm, pending->addr,
				  pending->size);
		pending->vm = NULL;
	}
}

/* Free the pending range. On return @pending is the range to free next. */
static void free_pending_step(struct vmem_pending_free *pending)
{
	struct vmem *vm = pending->vm;
	struct vmem_segmap *sm = &vm->segmap;
	unsigned long addr = pending->addr;
	struct vmem_seg *seg;
	unsigned long irq;

	if (!pending->cached && pending->size - 1 < vm->cached_max) {
		vmem_qcache_free_one(vm, addr, pending->size, pending);
		return;
	}
	spin_lock_irqsave(&sm->lock, irq);
	seg = vmem_segmap_find(sm, addr);
	if (likely(seg && seg->size == pending->size &&
		   seg->cached == pending->cached)) {
		if (!pending->cached)
			trace_vmem_free(vm, addr, pending->size, false);
		vmem_freed(vm, vmem_segmap_join(sm, seg), pending, irq);
		return;
	}
	pending->vm = NULL;
	spin_unlock_irqrestore(&sm->lock, irq);
	free_refuse(vm, "vmem_free", addr, pending->size, seg ? seg->size : 0);
}

/**
 * vmem_free_pending - free a range, and all spans that become wholly free
 * @pending: the range
 *
 * Context: any but NMI. Calls release functions of clients, unless
 * @pending->defer is set.
 */
void vmem_free_pending(struct vmem_pending_free *pending)
{
	while (pending->vm) {
		struct vmem *from = pending->from;
		u64 since = from ? vmem_trace_start(vmem_release) : 0;
		struct vmem *to = pending->vm;
		unsigned long addr = pending->addr, size = pending->size;

		pending->from = NULL;
		free_pending_step(pending);
		if (since)
			trace_vmem_release(from, to, addr, size,
					   vmem_trace_elapsed(since));
		if (!from)
			continue;
		WRITE_ONCE(from->import_dry, false);
		vmem_call_end(from);
	}
}

/**
 * vmem_return_import - return an import that a request does not keep
 * @vm: the arena; its &vmem.calls counts the import
 * @ffunc: release function of the arena
 * @addr: first integer
 * @size: number of integers
 * @refused: the arena has refused the range: do not offer it to waiters
 *
 * Context: the context in which the client allocates. Calls the release
 * function. No lock held.
 */
void vmem_return_import(struct vmem *vm, vmem_free_t *ffunc, unsigned long addr,
			unsigned long size, bool refused)
{
	struct vmem_pending_free pending = {
		.vm = vm->source, .addr = addr, .size = size,
		.no_offer = refused, .defer = true, .from = vm,
	};

	if (ffunc == vmem_free)
		vmem_free_pending(&pending);
	else
		free_call_release(vm, ffunc, vm->source, addr, size);
}

/*
 * Returns the free segment of the next wholly free imported span that begins at
 * or after *@from. If this call finds no such span, it returns NULL, and sets
 * *@more to true if unvisited spans remain, else to false.
 */
static struct vmem_seg *free_find_span(struct vmem *vm, unsigned long *from,
				       bool *more)
{
	struct vmem_seg *span = vmem_span_from(&vm->segmap, *from);
	unsigned int left = FREE_SPANS_A_HOLD;

	for (; span && left--; span = vmem_span_after(span)) {
		struct vmem_seg *seg = vmem_seg_next(span);

		*from = span->start;
		if (span->imported && seg->type == VMEM_FREE &&
		    seg->size == span->size)
			return seg;
	}
	*more = span;
	if (span)
		*from = span->start;
	return NULL;
}

/**
 * vmem_release_free_spans - release the imported spans that are wholly free
 * @vm: the arena
 *
 * Context: task, sleeping allowed. Calls the release function.
 * Return: the number of released spans.
 */
unsigned int vmem_release_free_spans(struct vmem *vm)
{
	struct vmem_segmap *sm = &vm->segmap;
	unsigned long from = 0;
	unsigned int n = 0;
	bool more;

	do {
		struct vmem_pending_free pending = { .defer = true };
		struct vmem_seg_pool surplus = {};
		vmem_free_t *ffunc;
		struct vmem_seg *seg;

		more = true;
		spin_lock_irq(&sm->lock);
		if (!from)
			vm->has_free_spans = false;
		seg = vm->ffunc ? free_find_span(vm, &from, &more) : NULL;
		if (!vm->ffunc)
			more = false;
		ffunc = vm->ffunc;
		if (seg)
			free_detach_span(vm, seg, &pending);
		vmem_trim(vm, &surplus);
		spin_unlock_irq(&sm->lock);
		vmem_seg_pool_drain(&surplus);
		if (seg) {
			n++;
			if (ffunc == vmem_free)
				vmem_free_pending(&pending);
			else
				free_call_release(vm, ffunc, pending.vm,
						  pending.addr, pending.size);
		}
		cond_resched();
	} while (more);
	return n;
}

/* &vmem.release: releases the spans whose release was deferred. */
void vmem_release_work(struct work_struct *work)
{
	vmem_release_free_spans(container_of(work, struct vmem, release));
}

/* Cancel &vmem.release. No code queues it again. */
void vmem_release_exit(struct vmem *vm)
{
	cancel_work_sync(&vm->release);
}

/* Finish vmem_free() or vmem_xfree() after the join. Drops the arena lock. */
static noinline void free_finish(struct vmem *vm, struct vmem_seg *seg,
				 unsigned long irq)
	__releases(&vm->segmap.lock)
{
	struct vmem_pending_free pending = {};

	vmem_freed(vm, seg, &pending, irq);
	vmem_free_pending(&pending);
}

/*
 * The slow path: for an arena with observers, a full pool or a running rescale,
 * and for misuse. Drops the arena lock.
 */
static noinline void free_segment_slow(struct vmem *vm, unsigned long addr,
				       size_t size, const char *func,
				       unsigned long irq)
	__releases(&vm->segmap.lock)
{
	struct vmem_seg *seg = vmem_segmap_find(&vm->segmap, addr);
	unsigned long allocated = seg ? seg->size : 0;

	if (likely(seg && allocated == size && !seg->cached)) {
		/* Trace with the lock held, so that the events are in order. */
		trace_vmem_free(vm, addr, size, false);
		free_finish(vm, vmem_segmap_join(&vm->segmap, seg), irq);
		return;
	}
	spin_unlock_irqrestore(&vm->segmap.lock, irq);
	free_refuse(vm, func, addr, size, allocated);
}

static __always_inline void free_segment(struct vmem *vm, unsigned long addr,
					 size_t size, const char *func)
{
	struct vmem_segmap *sm = &vm->segmap;
	struct vmem_seg *seg;
	unsigned long irq;

	spin_lock_irqsave(&sm->lock, irq);
	if (unlikely(sm->pool.n >= sm->fast_free_max))
		goto slow;
	seg = vmem_segmap_find_fast(sm, addr);
	if (unlikely(!seg || seg->size != size || seg->cached))
		goto slow;
	seg = vmem_segmap_join_known(sm, seg, addr, size, true);
	/* The imported span may be wholly free. */
	if (unlikely(vmem_seg_begins_import(seg)))
		free_finish(vm, seg, irq);
	else
		spin_unlock_irqrestore(&sm->lock, irq);
	return;
slow:
	free_segment_slow(vm, addr, size, func, irq);
}

/**
 * vmem_xfree - free a range that vmem_xalloc() returned
 * @vm: the arena
 * @addr: the first integer
 * @size: the size that the client requested
 *
 * Takes constant time. If an imported span is wholly free afterwards, and the
 * arena has a release function, the span returns to the source before this
 * function returns, unless a waiter is woken for the span.
 *
 * Context: any but NMI (on PREEMPT_RT where kmem_cache_free() may be called).
 * Takes the arena lock; calls the release function without it.
 */
void vmem_xfree(vmem_t *vm, void *addr, size_t size)
{
	free_segment(vm, (unsigned long)addr, size, __func__);
}
EXPORT_SYMBOL_GPL(vmem_xfree);

/* Not inlined, so that vmem_free() saves no registers for a cached size. */
static noinline void free_uncached(struct vmem *vm, unsigned long addr,
				   size_t size)
{
	free_segment(vm, addr, size, "vmem_free");
}

/**
 * vmem_free - free a range that vmem_alloc() returned
 * @vm: the arena
 * @addr: the first integer
 * @size: the size that the client requested
 *
 * A range of a cached size returns to this CPU's magazine. A range of any other
 * size is freed in constant time, as by vmem_xfree().
 *
 * Context: any but NMI (on PREEMPT_RT where kmem_cache_free() may be called).
 * Takes the arena lock; calls the release function without it.
 */
void vmem_free(vmem_t *vm, void *addr, size_t size)
{
	if (size - 1 < vm->cached_max) {
		if (unlikely(!vmem_qcache_push(vm, (unsigned long)addr, size)))
			vmem_qcache_free(vm, (unsigned long)addr, size);
		return;
	}
	free_uncached(vm, (unsigned long)addr, size);
}
EXPORT_SYMBOL_GPL(vmem_free);
