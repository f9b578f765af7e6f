// SPDX-License-Identifier: GPL-2.0
/*
 * Tracing: where the trace events are made, and what turns traffic off the
 * shortest paths while somebody wants to see it.
 *
 * The shortest paths of allocation and free have no event in them. While the
 * event of either is wanted, requests to the arena take the whole way, as under
 * audit; and each CPU finds its magazines in use, so that cached sizes take the
 * way of a miss, which looks into the same magazines and has the events.
 */
#include <linux/jump_label.h>

#include "arena/registry.h"
#include "compat.h"
#include "qcache/qcache.h"
#include "report/fault.h"
#include "report/trace.h"

/* Used by the events, where the kernel has any. */
static __maybe_unused u32 vmem_trace_id(const struct vmem *vm)
{
	return vm ? vm->id : 0;
}

static __maybe_unused const char *vmem_trace_name(const struct vmem *vm)
{
	return vm ? vm->label : "-";
}

#define CREATE_TRACE_POINTS
#include <trace/events/vmem.h>

/* Events wanted that clients make. List mutex. */
static unsigned int wanted;

/* Have an arena's requests take the whole way, or no longer. List mutex. */
static void see(struct vmem *vm, bool on)
{
	struct vmem_space *sp = &vm->space;

	if (vm->traced == on)
		return;
	spin_lock_irq(&sp->lock);
	vm->traced = on;
	vmem_space_watch(sp, on ? 1 : -1);
	vmem_cpu_choose(vm);
	spin_unlock_irq(&sp->lock);
}

/* A client's event is wanted. Called by the kernel's tracing, before it comes. */
int vmem_trace_begin(void)
{
	struct vmem *vm;

	static_branch_inc(&vmem_watch);
	vmem_registry_lock();
	wanted++;
	for (vm = vmem_registry_first(); vm; vm = vmem_registry_after(vm))
		see(vm, true);
	vmem_registry_unlock();
	return 0;
}

/* It is no longer wanted; perhaps because vmem itself has gone. */
void vmem_trace_end(void)
{
	struct vmem *vm;

	vmem_registry_lock();
	wanted--;
	for (vm = vmem_registry_first(); vm; vm = vmem_registry_after(vm))
		see(vm, wanted);
	vmem_registry_unlock();
	static_branch_dec(&vmem_watch);
}

/* Have an arena that has just been listed do as all others do. */
void vmem_trace_arena(struct vmem *vm)
{
	vmem_registry_lock();
	see(vm, wanted);
	vmem_registry_unlock();
}

EXPORT_TRACEPOINT_SYMBOL_GPL(vmem_alloc);
EXPORT_TRACEPOINT_SYMBOL_GPL(vmem_free);
EXPORT_TRACEPOINT_SYMBOL_GPL(vmem_fail);
EXPORT_TRACEPOINT_SYMBOL_GPL(vmem_import);
EXPORT_TRACEPOINT_SYMBOL_GPL(vmem_release);
EXPORT_TRACEPOINT_SYMBOL_GPL(vmem_wait);
EXPORT_TRACEPOINT_SYMBOL_GPL(vmem_wake);
EXPORT_TRACEPOINT_SYMBOL_GPL(vmem_reap);
EXPORT_TRACEPOINT_SYMBOL_GPL(vmem_rescale);
EXPORT_TRACEPOINT_SYMBOL_GPL(vmem_misuse);
