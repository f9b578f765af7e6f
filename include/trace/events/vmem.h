/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The trace events of vmem. Documentation/tracing.rst describes them.
 *
 * For probes, as for clients, an arena is an opaque pointer. Only vmem/trace.c
 * expands the assignments below, and defines the functions that read the arena.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM vmem

#if !defined(_TRACE_VMEM_H) || defined(TRACE_HEADER_MULTI_READ)
#define _TRACE_VMEM_H

#include <linux/tracepoint.h>
#include <linux/vmem.h>

/*
 * Why a request failed: no space, a failed import, no memory for segment
 * structures, fault injection.
 */
#define VMEM_FAIL_SPACE		0
#define VMEM_FAIL_IMPORT	1
#define VMEM_FAIL_STRUCTURES	2
#define VMEM_FAIL_INJECTED	3

#define show_vmem_reason(reason) __print_symbolic(reason,		\
	{ VMEM_FAIL_SPACE,	"space" },				\
	{ VMEM_FAIL_IMPORT,	"import" },				\
	{ VMEM_FAIL_STRUCTURES,	"structures" },				\
	{ VMEM_FAIL_INJECTED,	"injected" })

/* Why a request sleeps. */
#define VMEM_WAIT_SPACE		0
#define VMEM_WAIT_STRUCTURES	1

#define show_vmem_wait(what) __print_symbolic(what,			\
	{ VMEM_WAIT_SPACE,	"space" },				\
	{ VMEM_WAIT_STRUCTURES,	"structures" })

/*
 * The extent of a reap. "all": a work item drains the magazines of all CPUs,
 * the depots and the slabs. "at-hand": a request that must not sleep drains a
 * bounded part of these, and no magazines of other CPUs.
 */
#define VMEM_REAP_ALL		0
#define VMEM_REAP_AT_HAND	1

#define show_vmem_reap(what) __print_symbolic(what,			\
	{ VMEM_REAP_ALL,	"all" },				\
	{ VMEM_REAP_AT_HAND,	"at-hand" })

/* VM_SLEEP is 0: no bit stands for it. */
#define show_vmem_flags(flags) ((flags) ? __print_flags(flags, "|",	\
	{ VM_NOSLEEP,		"VM_NOSLEEP" },				\
	{ VM_PANIC,		"VM_PANIC" },				\
	{ VM_PUSHPAGE,		"VM_PUSHPAGE" },			\
	{ VM_BESTFIT,		"VM_BESTFIT" },				\
	{ VM_FIRSTFIT,		"VM_FIRSTFIT" },			\
	{ VM_NEXTFIT,		"VM_NEXTFIT" },				\
	{ VM_MEMLOAD,		"VM_MEMLOAD" },				\
	{ VM_NORELOC,		"VM_NORELOC" },				\
	{ VM_ABORT,		"VM_ABORT" },				\
	{ VM_ENDALLOC,		"VM_ENDALLOC" }) : "VM_SLEEP")

/* The fast paths are off while the event vmem_alloc or vmem_free is enabled. */
int vmem_trace_reg(void);
void vmem_trace_unreg(void);

TRACE_EVENT_FN(vmem_alloc,

	TP_PROTO(const struct vmem *vm, unsigned long addr, unsigned long size,
		 int vmflag, bool cached, unsigned long caller),

	TP_ARGS(vm, addr, size, vmflag, cached, caller),

	TP_STRUCT__entry(
		__field(u32, id)
		__string(name, vmem_trace_name(vm))
		__field(unsigned long, addr)
		__field(unsigned long, size)
		__field(unsigned int, flags)
		__field(bool, cached)
		__field(void *, caller)
	),

	TP_fast_assign(
		__entry->id = vmem_trace_id(vm);
		vmem_assign_str(name, vmem_trace_name(vm));
		__entry->addr = addr;
		__entry->size = size;
		__entry->flags = vmflag & VM_FLAGS;
		__entry->cached = cached;
		__entry->caller = (void *)caller;
	),

	TP_printk("arena=%u name=%s addr=%#lx size=%lu flags=%s cached=%d caller=%pS",
		  __entry->id, __get_str(name), __entry->addr, __entry->size,
		  show_vmem_flags(__entry->flags), __entry->cached,
		  __entry->caller),

	vmem_trace_reg, vmem_trace_unreg
);

TRACE_EVENT_FN(vmem_free,

	TP_PROTO(const struct vmem *vm, unsigned long addr, unsigned long size,
		 bool cached),

	TP_ARGS(vm, addr, size, cached),

	TP_STRUCT__entry(
		__field(u32, id)
		__string(name, vmem_trace_name(vm))
		__field(unsigned long, addr)
		__field(unsigned long, size)
		__field(bool, cached)
	),

	TP_fast_assign(
		__entry->id = vmem_trace_id(vm);
		vmem_assign_str(name, vmem_trace_name(vm));
		__entry->addr = addr;
		__entry->size = size;
		__entry->cached = cached;
	),

	TP_printk("arena=%u name=%s addr=%#lx size=%lu cached=%d",
		  __entry->id, __get_str(name), __entry->addr, __entry->size,
		  __entry->cached),

	vmem_trace_reg, vmem_trace_unreg
);

TRACE_EVENT(vmem_fail,

	TP_PROTO(const struct vmem *vm, unsigned long size, int vmflag,
		 unsigned int reason),

	TP_ARGS(vm, size, vmflag, reason),

	TP_STRUCT__entry(
		__field(u32, id)
		__string(name, vmem_trace_name(vm))
		__field(unsigned long, size)
		__field(unsigned int, flags)
		__field(unsigned int, reason)
	),

	TP_fast_assign(
		__entry->id = vmem_trace_id(vm);
		vmem_assign_str(name, vmem_trace_name(vm));
		__entry->size = size;
		__entry->flags = vmflag & VM_FLAGS;
		__entry->reason = reason;
	),

	TP_printk("arena=%u name=%s size=%lu flags=%s reason=%s",
		  __entry->id, __get_str(name), __entry->size,
		  show_vmem_flags(__entry->flags),
		  show_vmem_reason(__entry->reason))
);

/* @addr is 0 if the import failed. */
TRACE_EVENT(vmem_import,

	TP_PROTO(const struct vmem *vm, const struct vmem *source,
		 unsigned long asked, unsigned long addr, unsigned long size,
		 int vmflag, u64 ns),

	TP_ARGS(vm, source, asked, addr, size, vmflag, ns),

	TP_STRUCT__entry(
		__field(u32, id)
		__string(name, vmem_trace_name(vm))
		__field(u32, source)
		__field(unsigned long, asked)
		__field(unsigned long, addr)
		__field(unsigned long, size)
		__field(unsigned int, flags)
		__field(u64, ns)
	),

	TP_fast_assign(
		__entry->id = vmem_trace_id(vm);
		vmem_assign_str(name, vmem_trace_name(vm));
		__entry->source = vmem_trace_id(source);
		__entry->asked = asked;
		__entry->addr = addr;
		__entry->size = addr ? size : 0;
		__entry->flags = vmflag & VM_FLAGS;
		__entry->ns = ns;
	),

	TP_printk("arena=%u name=%s source=%u asked=%lu addr=%#lx size=%lu flags=%s ns=%llu",
		  __entry->id, __get_str(name), __entry->source,
		  __entry->asked, __entry->addr, __entry->size,
		  show_vmem_flags(__entry->flags), __entry->ns)
);

TRACE_EVENT(vmem_release,

	TP_PROTO(const struct vmem *vm, const struct vmem *source,
		 unsigned long addr, unsigned long size, u64 ns),

	TP_ARGS(vm, source, addr, size, ns),

	TP_STRUCT__entry(
		__field(u32, id)
		__string(name, vmem_trace_name(vm))
		__field(u32, source)
		__field(unsigned long, addr)
		__field(unsigned long, size)
		__field(u64, ns)
	),

	TP_fast_assign(
		__entry->id = vmem_trace_id(vm);
		vmem_assign_str(name, vmem_trace_name(vm));
		__entry->source = vmem_trace_id(source);
		__entry->addr = addr;
		__entry->size = size;
		__entry->ns = ns;
	),

	TP_printk("arena=%u name=%s source=%u addr=%#lx size=%lu ns=%llu",
		  __entry->id, __get_str(name), __entry->source,
		  __entry->addr, __entry->size, __entry->ns)
);

/* @ns is 0 for vmem_wait. */
DECLARE_EVENT_CLASS(vmem_sleep,

	TP_PROTO(const struct vmem *vm, unsigned long size, int vmflag,
		 unsigned int what, u64 ns),

	TP_ARGS(vm, size, vmflag, what, ns),

	TP_STRUCT__entry(
		__field(u32, id)
		__string(name, vmem_trace_name(vm))
		__field(unsigned long, size)
		__field(unsigned int, flags)
		__field(unsigned int, what)
		__field(u64, ns)
	),

	TP_fast_assign(
		__entry->id = vmem_trace_id(vm);
		vmem_assign_str(name, vmem_trace_name(vm));
		__entry->size = size;
		__entry->flags = vmflag & VM_FLAGS;
		__entry->what = what;
		__entry->ns = ns;
	),

	TP_printk("arena=%u name=%s size=%lu flags=%s for=%s ns=%llu",
		  __entry->id, __get_str(name), __entry->size,
		  show_vmem_flags(__entry->flags),
		  show_vmem_wait(__entry->what), __entry->ns)
);

DEFINE_EVENT_PRINT(vmem_sleep, vmem_wait,

	TP_PROTO(const struct vmem *vm, unsigned long size, int vmflag,
		 unsigned int what, u64 ns),

	TP_ARGS(vm, size, vmflag, what, ns),

	TP_printk("arena=%u name=%s size=%lu flags=%s for=%s",
		  __entry->id, __get_str(name), __entry->size,
		  show_vmem_flags(__entry->flags),
		  show_vmem_wait(__entry->what))
);

DEFINE_EVENT(vmem_sleep, vmem_wake,

	TP_PROTO(const struct vmem *vm, unsigned long size, int vmflag,
		 unsigned int what, u64 ns),

	TP_ARGS(vm, size, vmflag, what, ns)
);

TRACE_EVENT(vmem_reap,

	TP_PROTO(const struct vmem *vm, unsigned int what,
		 unsigned long slabs_before, unsigned long slabs_after, u64 ns),

	TP_ARGS(vm, what, slabs_before, slabs_after, ns),

	TP_STRUCT__entry(
		__field(u32, id)
		__string(name, vmem_trace_name(vm))
		__field(unsigned int, what)
		__field(unsigned long, before)
		__field(unsigned long, after)
		__field(u64, ns)
	),

	TP_fast_assign(
		__entry->id = vmem_trace_id(vm);
		vmem_assign_str(name, vmem_trace_name(vm));
		__entry->what = what;
		__entry->before = slabs_before;
		__entry->after = slabs_after;
		__entry->ns = ns;
	),

	TP_printk("arena=%u name=%s what=%s slabs=%lu->%lu ns=%llu",
		  __entry->id, __get_str(name), show_vmem_reap(__entry->what),
		  __entry->before, __entry->after, __entry->ns)
);

/* @to equals @from if there was no memory for a table of the wanted size. */
TRACE_EVENT(vmem_rescale,

	TP_PROTO(const struct vmem *vm, unsigned long segments,
		 unsigned long from, unsigned long to, u64 ns),

	TP_ARGS(vm, segments, from, to, ns),

	TP_STRUCT__entry(
		__field(u32, id)
		__string(name, vmem_trace_name(vm))
		__field(unsigned long, segments)
		__field(unsigned long, from)
		__field(unsigned long, to)
		__field(u64, ns)
	),

	TP_fast_assign(
		__entry->id = vmem_trace_id(vm);
		vmem_assign_str(name, vmem_trace_name(vm));
		__entry->segments = segments;
		__entry->from = from;
		__entry->to = to;
		__entry->ns = ns;
	),

	TP_printk("arena=%u name=%s segments=%lu buckets=%lu->%lu ns=%llu",
		  __entry->id, __get_str(name), __entry->segments,
		  __entry->from, __entry->to, __entry->ns)
);

/* @vm is NULL if the creation of the arena failed. */
TRACE_EVENT(vmem_misuse,

	TP_PROTO(const struct vmem *vm, const char *what),

	TP_ARGS(vm, what),

	TP_STRUCT__entry(
		__field(u32, id)
		__string(name, vmem_trace_name(vm))
		__string(what, what)
	),

	TP_fast_assign(
		__entry->id = vmem_trace_id(vm);
		vmem_assign_str(name, vmem_trace_name(vm));
		vmem_assign_str(what, what);
	),

	TP_printk("arena=%u name=%s %s", __entry->id, __get_str(name),
		  __get_str(what))
);

#endif /* _TRACE_VMEM_H */

#include <trace/define_trace.h>
