// SPDX-License-Identifier: GPL-2.0
/*
 * Trace events.
 *
 * The fast paths contain no event. While the event vmem_alloc or vmem_free is
 * enabled, every request takes the slow path, as under audit. The magazines of
 * every CPU then look busy, so requests for cached sizes take the path of a
 * magazine miss. This path contains the events, and tries the magazines.
 */
#include <linux/jump_label.h>

#include "arena/registry.h"
#include "compat.h"
#include "qcache/qcache.h"
#include "report/report.h"

/* Unused if the kernel has no tracing. */
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

/* Number of enabled events among vmem_alloc and vmem_free. List mutex. */
static unsigned int enabled;

/* Turn the forced slow path of an arena on or off. The list mutex is held. */
static void trace_force_slow_path(struct vmem *vm, bool on)
{
	struct vmem_segmap *sm = &vm->segmap;

	if (vm->traced == on)
		return;
	spin_lock_irq(&sm->lock);
	vm->traced = on;
	vmem_segmap_observe(sm, on ? 1 : -1);
	vmem_cpu_update_fast(vm);
	spin_unlock_irq(&sm->lock);
}

/* The kernel calls this for the first probe of vmem_alloc or vmem_free. */
int vmem_trace_reg(void)
{
	struct vmem *vm;

	static_branch_inc(&vmem_force_slow_path);
	vmem_registry_lock();
	enabled++;
	for (vm = vmem_registry_first(); vm; vm = vmem_registry_after(vm))
		trace_force_slow_path(vm, true);
	vmem_registry_unlock();
	return 0;
}

/* The kernel calls this after the last probe of vmem_alloc or vmem_free. */
void vmem_trace_unreg(void)
{
	struct vmem *vm;

	vmem_registry_lock();
	enabled--;
	for (vm = vmem_registry_first(); vm; vm = vmem_registry_after(vm))
		trace_force_slow_path(vm, enabled);
	vmem_registry_unlock();
	static_branch_dec(&vmem_force_slow_path);
}

/* Apply the enabled events to an arena that was just added to the list. */
void vmem_trace_arena(struct vmem *vm)
{
	vmem_registry_lock();
	trace_force_slow_path(vm, enabled);
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
