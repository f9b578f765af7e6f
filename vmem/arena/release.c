// SPDX-License-Identifier: GPL-2.0
/*
 * How ranges go home.
 *
 * A free can make an imported span wholly free, which then goes to the source. That
 * is a free there, which can make a span of the source wholly free, and so on up the
 * tree. The way is a loop, so that the depth of trees is not limited by the stack.
 *
 * A release function of the client's own may sleep, or never return. It is called at
 * once where the client frees, and where a request gives back its own import.
 * Everywhere else the span stays in the arena, and the work item of the arena calls
 * the function, so that it holds up nothing else.
 */
#include "../qcache/fast.h"
#include "../qcache/slab.h"
#include "../report/trace.h"
#include "free.h"
#include "import.h"
#include "maintain.h"
#include "populate.h"
#include "release.h"
#include "wait.h"

/* Spans that the work item looks at in one hold of the arena lock. */
#define SPANS_A_HOLD	64

/* A function of the client's has returned, or a release to the source. */
void vmem_call_end(struct vmem *vm)
{
	if (atomic_dec_and_test(&vm->calls) && wq_has_sleeper(&vm->idle))
		wake_up_all(&vm->idle);
}

/**
 * vmem_calls_wait - wait until no function of an arena runs any more
 * @vm: the arena, whose functions have been cleared
 *
 * Context: task, sleeping allowed.
 */
void vmem_calls_wait(struct vmem *vm)
{
	wait_event(vm->idle, !atomic_read(&vm->calls));
}

/* Call a release function of the client's own. No lock is held. */
static void call_release(struct vmem *vm, vmem_free_t *ffunc,
			 struct vmem *source, unsigned long addr,
			 unsigned long size)
{
	u64 since = vmem_trace_moment(vmem_release);

	ffunc(source, (void *)addr, size);
	if (since)
		trace_vmem_release(vm, source, addr, size,
				   vmem_trace_ns(since));
	WRITE_ONCE(vm->import_dry, false);
	vmem_call_end(vm);
	/* Now it may be possible to import that much. */
	vmem_signal(vm, size);
}

/* Take the wholly free span of @seg out of the arena. */
static void take_span_out(struct vmem *vm, struct vmem_seg *seg,
			  struct vmem_home *home)
{
	struct vmem_space *sp = &vm->space;
	struct vmem_seg *span = vmem_seg_prev(seg);

	lockdep_assert_held(&sp->lock);
	vmem_call_begin(vm);
	if (!vmem_imports_directly(vm))
		home->hold = false;
	home->vm = vm->source;
	home->addr = span->start;
	home->size = span->size;
	home->cached = false;
	home->from = vm;
	vmem_span_remove(sp, span);
	sp->stats.release++;
}

/**
 * vmem_freed - what has to be done after a segment became free
 * @vm: the arena, locked; the lock is dropped
 * @seg: the free segment
 * @home: @quiet and @later say how; on return the range to go on with, or none
 * @irq: the interrupt state of the lock
 *
 * Context: that of the free. Calls the release function, unless @home says not to.
 */
void vmem_freed(struct vmem *vm, struct vmem_seg *seg, struct vmem_home *home,
		unsigned long irq)
	__releases(&vm->space.lock)
{
	struct vmem_stock surplus = {};
	vmem_free_t *ffunc = NULL;
	unsigned long size = seg->size;
	bool offer = !home->quiet && vm->waiters;

	lockdep_assert_held(&vm->space.lock);
	home->vm = NULL;
	if (vmem_span_is_free(seg) && vm->ffunc) {
		if (vm->ffunc == vmem_free) {
			take_span_out(vm, seg, home);
			offer = false;
		} else if (home->later || (offer && vmem_signal(vm, size))) {
			vm->idle_spans = true;
			if (home->later && !(offer && vmem_signal(vm, size)) &&
			    !home->hold)
				vmem_release_soon(vm);
			offer = false;
		} else {
			ffunc = vm->ffunc;
			take_span_out(vm, seg, home);
			offer = false;
		}
	}
	vmem_trim(vm, &surplus);
	spin_unlock_irqrestore(&vm->space.lock, irq);

	vmem_stock_drain(&surplus);
	if (offer)
		vmem_signal(vm, size);
	if (ffunc) {
		call_release(vm, ffunc, home->vm, home->addr, home->size);
		home->vm = NULL;
	}
}

/* One step on the way home: free the range in its arena. */
static void send_on(struct vmem_home *home)
{
	struct vmem *vm = home->vm;
	struct vmem_space *sp = &vm->space;
	unsigned long addr = home->addr;
	struct vmem_seg *seg;
	unsigned long irq;

	if (!home->cached && home->size - 1 < vm->cached_max) {
		vmem_qcache_free_to(vm, addr, home->size, home);
		return;
	}
	spin_lock_irqsave(&sp->lock, irq);
	seg = vmem_space_find(sp, addr);
	if (likely(seg && seg->size == home->size &&
		   seg->cached == home->cached)) {
		if (!home->cached)
			trace_vmem_free(vm, addr, home->size, false);
		vmem_freed(vm, vmem_space_join(sp, seg), home, irq);
		return;
	}
	home->vm = NULL;
	spin_unlock_irqrestore(&sp->lock, irq);
	vmem_free_refuse(vm, "vmem_free", addr, home->size, seg ? seg->size : 0);
}

/**
 * vmem_send_home - free a range, and every span that becomes wholly free with it
 * @home: the range
 *
 * Context: any but NMI, and that of the release functions unless @home->later.
 */
void vmem_send_home(struct vmem_home *home)
{
	while (home->vm) {
		struct vmem *from = home->from;
		u64 since = from ? vmem_trace_moment(vmem_release) : 0;
		struct vmem *to = home->vm;
		unsigned long addr = home->addr, size = home->size;

		home->from = NULL;
		send_on(home);
		if (since)
			trace_vmem_release(from, to, addr, size,
					   vmem_trace_ns(since));
		if (!from)
			continue;
		WRITE_ONCE(from->import_dry, false);
		vmem_call_end(from);
	}
}

/**
 * vmem_give_back - give back what a request has imported and does not keep
 * @vm: the arena, in &vmem.calls of which this counts
 * @ffunc: its release function
 * @addr: first integer
 * @size: how many
 * @refused: because the arena had to refuse it: then it is no offer to waiters
 *
 * Context: that of the release function. No lock held.
 */
void vmem_give_back(struct vmem *vm, vmem_free_t *ffunc, unsigned long addr,
		    unsigned long size, bool refused)
{
	struct vmem_home home = {
		.vm = vm->source, .addr = addr, .size = size,
		.quiet = refused, .later = true, .from = vm,
	};

	if (ffunc == vmem_free)
		vmem_send_home(&home);
	else
		call_release(vm, ffunc, vm->source, addr, size);
}

/* The next wholly free imported span from *@from on, or NULL when there is none. */
static struct vmem_seg *idle_span(struct vmem *vm, unsigned long *from,
				  bool *more)
{
	struct vmem_seg *span = vmem_span_from(&vm->space, *from);
	unsigned int left = SPANS_A_HOLD;

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
 * vmem_release_idle - send home the imported spans that are wholly free
 * @vm: the arena
 *
 * Context: task, sleeping allowed. Calls the release function.
 * Return: how many.
 */
unsigned int vmem_release_idle(struct vmem *vm)
{
	struct vmem_space *sp = &vm->space;
	unsigned long from = 0;
	unsigned int n = 0;
	bool more;

	do {
		struct vmem_home home = { .later = true };
		struct vmem_stock surplus = {};
		vmem_free_t *ffunc;
		struct vmem_seg *seg;

		more = true;
		spin_lock_irq(&sp->lock);
		if (!from)
			vm->idle_spans = false;
		seg = vm->ffunc ? idle_span(vm, &from, &more) : NULL;
		if (!vm->ffunc)
			more = false;
		ffunc = vm->ffunc;
		if (seg)
			take_span_out(vm, seg, &home);
		vmem_trim(vm, &surplus);
		spin_unlock_irq(&sp->lock);
		vmem_stock_drain(&surplus);
		if (seg) {
			n++;
			if (ffunc == vmem_free)
				vmem_send_home(&home);
			else
				call_release(vm, ffunc, home.vm, home.addr,
					     home.size);
		}
		cond_resched();
	} while (more);
	return n;
}

/* The work item that calls release functions where nothing else may. */
void vmem_release_work(struct work_struct *work)
{
	vmem_release_idle(container_of(work, struct vmem, release));
}

/* The work item does not run any more, nor will it. */
void vmem_release_exit(struct vmem *vm)
{
	cancel_work_sync(&vm->release);
}
