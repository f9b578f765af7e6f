// SPDX-License-Identifier: GPL-2.0
/*
 * The creation of arenas. All arguments are checked before any allocation.
 */
#include <linux/export.h>
#include <linux/instruction_pointer.h>
#include <linux/kernel.h>
#include <linux/log2.h>
#include <linux/panic.h>
#include <linux/sched.h>
#include <linux/string_helpers.h>

#include "arena/populate.h"
#include "arena/registry.h"
#include "debugfs/debugfs.h"
#include "qcache/qcache.h"
#include "report/report.h"

/* Lower bound of the slab size, in integers. */
#define SLAB_MIN	64

/* Valid creation flags of vmem_create() and vmem_xcreate(). */
#define CREATE_FLAGS	(VMC_POPULATOR | VMC_NO_QCACHE | VMC_IDENTIFIER)
#define XCREATE_FLAGS	(VMC_NO_QCACHE | VMC_IDENTIFIER | VMC_XALIGN)

/**
 * struct create_args - arguments of vmem_create() or vmem_xcreate()
 * @name: name
 * @base: first integer of the first span
 * @size: size of the first span, 0 without a first span
 * @quantum: unit
 * @afunc: import function of vmem_create(), or NULL
 * @xfunc: import function of vmem_xcreate(), or NULL
 * @ffunc: release function, or NULL
 * @source: source, or NULL
 * @qcache_max: the largest size to cache
 * @flags: VM_* and VMC_* flags
 * @allowed: the VMC_* flags that the called function accepts
 * @caller: return address of the called function, in the client
 */
struct create_args {
	const char *name;
	unsigned long base;
	size_t size;
	size_t quantum;
	vmem_alloc_t *afunc;
	vmem_ximport_t *xfunc;
	vmem_free_t *ffunc;
	struct vmem *source;
	size_t qcache_max;
	unsigned int flags;
	unsigned int allowed;
	unsigned long caller;
};

static size_t create_nr_qcaches(const struct create_args *args)
{
	return min_t(size_t, args->qcache_max / args->quantum,
		     VMEM_QCACHES_MAX);
}

/*
 * Size of the slabs: the smallest power of two above three times the largest
 * cached size, but at least SLAB_MIN. 0 if @args->qcache_max is less than the
 * quantum, or if the size overflows a word.
 */
static unsigned long create_slab_size(const struct create_args *args)
{
	size_t three;

	if (!create_nr_qcaches(args) ||
	    check_mul_overflow(args->quantum, 3 * create_nr_qcaches(args),
			       &three) ||
	    three >> (BITS_PER_LONG - 1))
		return 0;
	return max_t(unsigned long, roundup_pow_of_two(three + 1), SLAB_MIN);
}

/* Returns the mistake in the flags, or NULL. */
static const char *create_check_flags(const struct create_args *args)
{
	if (args->flags & ~(VM_KMFLAGS | args->allowed))
		return "flags unknown, or not valid for this function";
	if (args->flags & VM_NOSLEEP && !(args->flags & VMC_NO_QCACHE) &&
	    create_nr_qcaches(args))
		return "quantum caches need VM_SLEEP";
	return NULL;
}

/* Returns the first mistake, or NULL. */
static const char *create_check(const struct create_args *args)
{
	bool imports = args->afunc || args->xfunc;

	if (!args->name)
		return "no name";
	if (!is_power_of_2(args->quantum))
		return "the quantum must be a power of two";
	if ((args->base | args->size) & (args->quantum - 1))
		return "base and size must be multiples of the quantum";
	if (args->size && !args->base)
		return "a span must not begin at 0";
	if (args->base && !args->size)
		return "a span must not be empty";
	if (args->size && args->base + args->size - 1 < args->base)
		return "the span wraps";
	if (imports && !args->source)
		return "an import function needs a source";
	if (imports && (args->flags ^ args->source->flags) & VMC_IDENTIFIER)
		return "only one of arena and source has VMC_IDENTIFIER";
	return create_check_flags(args);
}

/* Cut the name, and escape characters that would break a path or a line. */
static void create_label(char *label, const char *name)
{
	int n = string_escape_mem(name, strnlen(name, VMEM_NAME_MAX), label,
				  VMEM_LABEL_SIZE - 1,
				  ESCAPE_NAP | ESCAPE_APPEND | ESCAPE_OCTAL,
				  "/: \\");

	label[n] = '\0';
}

static struct vmem *create_structures(const struct create_args *args)
{
	gfp_t gfp = GFP_KERNEL;
	struct vmem *vm;

	if (!(args->flags & VM_NOSLEEP || current->flags & PF_MEMALLOC))
		gfp |= __GFP_NOFAIL;
	vm = vmem_arena_alloc(gfp);
	if (!vm)
		return NULL;

	vmem_segmap_init(&vm->segmap, args->quantum);
	vm->flags = args->flags & VMC_FLAGS;
	if (args->xfunc)
		vm->flags |= VMC_XALLOC;
	vm->afunc = args->afunc;
	vm->xfunc = args->xfunc;
	vm->ffunc = args->ffunc;
	vm->source = args->source;
	vm->caller = args->caller;
	vm->debug = vmem_debug_wanted();
	vm->qcache_shift = ilog2(args->quantum);
	if (args->flags & VMC_NO_QCACHE)
		vm->min_import = create_slab_size(args);
	INIT_HLIST_NODE(&vm->rotor.link);
	init_waitqueue_head(&vm->idle);
	create_label(vm->label, args->name);
	vmem_misuse_init(vm);
	vmem_populate_init(vm);
	vmem_maintain_arena_init(vm);
	INIT_LIST_HEAD(&vm->own_waiters);
	vm->need_least = ULONG_MAX;
	vm->split_done = ULONG_MAX;
	if (vmem_tree_join(vm, args->afunc || args->xfunc ? args->source : NULL,
			   gfp)) {
		vmem_arena_put(vm);
		return NULL;
	}
	if (!(args->flags & VMC_NO_QCACHE) && create_slab_size(args) &&
	    vmem_qcaches_create(vm, create_nr_qcaches(args),
				create_slab_size(args))) {
		vmem_tree_leave(vm);
		vmem_arena_put(vm);
		return NULL;
	}
	return vm;
}

/* Fill the segment pool, including the reserve of VMC_POPULATOR. */
static bool create_fill_pool(struct vmem *vm, int vmflag)
{
	unsigned long irq;
	bool enough;

	spin_lock_irqsave(&vm->segmap.lock, irq);
	enough = vmem_populate(vm, VMEM_SPAN_COST, vmflag & ~VM_PUSHPAGE,
			       NULL, &irq);
	spin_unlock_irqrestore(&vm->segmap.lock, irq);
	return enough;
}

static struct vmem *create_arena(const char *func,
				 const struct create_args *args)
{
	const char *mistake = create_check(args);
	char label[VMEM_LABEL_SIZE];
	struct vmem *vm = NULL;

	might_sleep();
	create_label(label, args->name ?: "(null)");
	if (mistake) {
		vmem_misuse(NULL,
			    "%s(name='%s', base=%#lx, size=%zu, quantum=%zu, qcache_max=%zu, vmflag=%#x): %s",
			    func, label, args->base, args->size, args->quantum,
			    args->qcache_max, args->flags, mistake);
		goto out;
	}

	vm = create_structures(args);
	if (!vm)
		goto out;
	vmem_registry_add(vm, args->source);
	vmem_trace_arena(vm);
	if (!create_fill_pool(vm, args->flags & VM_KMFLAGS) ||
	    (args->size && !vmem_add(vm, (void *)args->base, args->size,
				  args->flags & VM_KMFLAGS))) {
		vmem_arena_undo(vm);
		vm = NULL;
		goto out;
	}
	vmem_debugfs_add(vm);
out:
	if (!vm && args->flags & VM_PANIC)
		panic("vmem: %s(name='%s') failed", func, label);
	return vm;
}

/**
 * vmem_create - create an arena
 * @name: name for log messages and debugfs; need not be unique; cut to
 *	VMEM_NAME_MAX characters
 * @base: first integer of the first span; 0 without a first span
 * @size: size of the first span; 0 without a first span
 * @quantum: unit, a power of two; every allocated address is a multiple of it
 * @afunc: import function, or NULL; vmem_alloc() to import directly from
 *	@source
 * @ffunc: release function, or NULL; without a release function the arena keeps
 *	its imported spans
 * @source: the arena to import from, or NULL. Without @afunc it is only a label
 *	in the statistics.
 * @qcache_max: the largest size to cache; the number of cached sizes is
 *	min(@qcache_max / @quantum, 16). With VMC_NO_QCACHE there are no caches;
 *	the smallest import is the slab size that the caches would have.
 * @vmflag: VM_SLEEP or VM_NOSLEEP, with VMC_POPULATOR, VMC_NO_QCACHE and
 *	VMC_IDENTIFIER as needed
 *
 * With an import function, either both the arena and @source must have
 * VMC_IDENTIFIER, or neither. Quantum caches need VM_SLEEP.
 *
 * Context: task, may sleep, even with VM_NOSLEEP.
 *
 * Return: the arena, for vmem_destroy(). NULL if there is no memory, and on
 * misuse. Misuse is a NULL @name, a @quantum that is not a power of two, or an
 * import function without a source. Misuse is also a first span that is empty,
 * begins at 0, wraps or is not a multiple of the quantum. Misuse is also an
 * unknown or contradictory flag.
 */
vmem_t *vmem_create(const char *name, void *base, size_t size, size_t quantum,
		    vmem_alloc_t *afunc, vmem_free_t *ffunc, vmem_t *source,
		    size_t qcache_max, int vmflag)
{
	struct create_args args = {
		.name = name,
		.base = (unsigned long)base,
		.size = size,
		.quantum = quantum,
		.afunc = afunc,
		.ffunc = ffunc,
		.source = source,
		.qcache_max = qcache_max,
		.flags = vmflag,
		.allowed = CREATE_FLAGS,
		.caller = _RET_IP_,
	};

	return create_arena("vmem_create", &args);
}
EXPORT_SYMBOL_GPL(vmem_create);

/**
 * vmem_xcreate - create an arena whose import function may raise the size
 * @name: as for vmem_create()
 * @base: as for vmem_create()
 * @size: as for vmem_create()
 * @quantum: as for vmem_create()
 * @afunc: import function, or NULL; the whole range that it returns becomes
 *	the span
 * @ffunc: as for vmem_create()
 * @source: as for vmem_create()
 * @qcache_max: as for vmem_create()
 * @vmflag: VM_SLEEP or VM_NOSLEEP, with VMC_NO_QCACHE, VMC_IDENTIFIER and
 *	VMC_XALIGN as needed
 *
 * Context: task, may sleep, even with VM_NOSLEEP.
 * Return: the arena, for vmem_destroy(). NULL as from vmem_create().
 */
vmem_t *vmem_xcreate(const char *name, void *base, size_t size, size_t quantum,
		     vmem_ximport_t *afunc, vmem_free_t *ffunc, vmem_t *source,
		     size_t qcache_max, int vmflag)
{
	struct create_args args = {
		.name = name,
		.base = (unsigned long)base,
		.size = size,
		.quantum = quantum,
		.xfunc = afunc,
		.ffunc = ffunc,
		.source = source,
		.qcache_max = qcache_max,
		.flags = vmflag,
		.allowed = XCREATE_FLAGS,
		.caller = _RET_IP_,
	};

	return create_arena("vmem_xcreate", &args);
}
EXPORT_SYMBOL_GPL(vmem_xcreate);

/**
 * vmem_init - create the root of a tree of arenas
 * @heap_name: as @name of vmem_create()
 * @heap_start: as @base of vmem_create()
 * @heap_size: as @size of vmem_create()
 * @heap_quantum: as @quantum of vmem_create()
 * @heap_alloc: ignored: vmem's own structures are in slab caches of the kernel
 * @heap_free: ignored
 *
 * The arena has VMC_POPULATOR, no source and no quantum caches. A client may
 * call this any number of times.
 *
 * Context: task, may sleep.
 * Return: the arena, for vmem_destroy(). NULL as from vmem_create().
 */
vmem_t *vmem_init(const char *heap_name, void *heap_start, size_t heap_size,
		  size_t heap_quantum, vmem_alloc_t *heap_alloc,
		  vmem_free_t *heap_free)
{
	struct create_args args = {
		.name = heap_name,
		.base = (unsigned long)heap_start,
		.size = heap_size,
		.quantum = heap_quantum,
		.flags = VM_SLEEP | VMC_POPULATOR,
		.allowed = CREATE_FLAGS,
		.caller = _RET_IP_,
	};

	return create_arena("vmem_init", &args);
}
EXPORT_SYMBOL_GPL(vmem_init);
