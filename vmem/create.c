// SPDX-License-Identifier: GPL-2.0
/*
 * Making an arena: what is asked for is checked as a whole before anything is
 * made.
 */
#include <linux/export.h>
#include <linux/instruction_pointer.h>
#include <linux/kernel.h>
#include <linux/log2.h>
#include <linux/panic.h>
#include <linux/sched.h>
#include <linux/string_helpers.h>

#include "arena/maintain.h"
#include "arena/object.h"
#include "arena/populate.h"
#include "arena/registry.h"
#include "arena/tree.h"
#include "debugfs/debugfs.h"
#include "lifecycle.h"
#include "qcache/qcache.h"
#include "report/misuse.h"
#include "report/trace.h"
#include "report/verify.h"

/* Integers in a slab of the quantum caches at the least. */
#define SLAB_MIN	64

/* Creation flags that each of the two functions takes. */
#define CREATE_FLAGS	(VMC_POPULATOR | VMC_NO_QCACHE | VMC_IDENTIFIER)
#define XCREATE_FLAGS	(VMC_NO_QCACHE | VMC_IDENTIFIER | VMC_XALIGN)

/* The arguments of vmem_create() or vmem_xcreate(). */
struct plan {
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

static size_t qcaches(const struct plan *p)
{
	return min_t(size_t, p->qcache_max / p->quantum, VMEM_QCACHES_MAX);
}

/*
 * The size of the slabs of the quantum caches: the smallest power of
 * two above three times the largest cached size. 0 if there are none, or if it
 * cannot be told in a word.
 */
static unsigned long slab_size(const struct plan *p)
{
	size_t three;

	if (!qcaches(p) ||
	    check_mul_overflow(p->quantum, 3 * qcaches(p), &three) ||
	    three >> (BITS_PER_LONG - 1))
		return 0;
	return max_t(unsigned long, roundup_pow_of_two(three + 1), SLAB_MIN);
}

/* What is wrong with the flags, or NULL. */
static const char *check_flags(const struct plan *p)
{
	if (p->flags & ~(VM_KMFLAGS | p->allowed))
		return "flags unknown to, or not for, this function";
	if (p->flags & VM_NOSLEEP && !(p->flags & VMC_NO_QCACHE) && qcaches(p))
		return "quantum caches need VM_SLEEP";
	return NULL;
}

static const char *check(const struct plan *p)
{
	bool imports = p->afunc || p->xfunc;

	if (!p->name)
		return "no name";
	if (!is_power_of_2(p->quantum))
		return "the quantum must be a power of two";
	if ((p->base | p->size) & (p->quantum - 1))
		return "base and size must be multiples of the quantum";
	if (p->size && !p->base)
		return "a span must not begin at 0";
	if (p->base && !p->size)
		return "a span must not be empty";
	if (p->size && p->base + p->size - 1 < p->base)
		return "the span wraps";
	if (imports && !p->source)
		return "an import function needs a source";
	if (imports && (p->flags ^ p->source->flags) & VMC_IDENTIFIER)
		return "identifiers come from identifiers, and nothing else does";
	return check_flags(p);
}

/* A name, cut, with what would break a path or a line escaped. */
static void make_label(char *label, const char *name)
{
	int n = string_escape_mem(name, strnlen(name, VMEM_NAME_MAX), label,
				  VMEM_LABEL_SIZE - 1,
				  ESCAPE_NAP | ESCAPE_APPEND | ESCAPE_OCTAL,
				  "/: \\");

	label[n] = '\0';
}

static struct vmem *make(const struct plan *p)
{
	bool insist = !(p->flags & VM_NOSLEEP || current->flags & PF_MEMALLOC);
	struct vmem *vm;

	vm = vmem_object_alloc(GFP_KERNEL | (insist ? __GFP_NOFAIL : 0));
	if (!vm)
		return NULL;

	vmem_space_init(&vm->space, p->quantum);
	vm->flags = p->flags & VMC_FLAGS;
	if (p->xfunc)
		vm->flags |= VMC_XALLOC;
	vm->afunc = p->afunc;
	vm->xfunc = p->xfunc;
	vm->ffunc = p->ffunc;
	vm->source = p->source;
	vm->caller = p->caller;
	vm->debug = vmem_debug_wanted();
	vm->qcache_shift = ilog2(p->quantum);
	if (p->flags & VMC_NO_QCACHE)
		vm->min_import = slab_size(p);
	INIT_HLIST_NODE(&vm->rotor.link);
	init_waitqueue_head(&vm->idle);
	make_label(vm->label, p->name);
	vmem_misuse_init(vm);
	vmem_populate_init(vm);
	vmem_maintain_arena_init(vm);
	INIT_LIST_HEAD(&vm->own_waiters);
	vm->need_least = ULONG_MAX;
	vm->split_done = ULONG_MAX;
	if (vmem_tree_join(vm, p->afunc || p->xfunc ? p->source : NULL,
			   GFP_KERNEL | (insist ? __GFP_NOFAIL : 0))) {
		vmem_object_put(vm);
		return NULL;
	}
	if (!(p->flags & VMC_NO_QCACHE) && slab_size(p) &&
	    vmem_qcaches_create(vm, qcaches(p), slab_size(p))) {
		vmem_tree_leave(vm);
		vmem_object_put(vm);
		return NULL;
	}
	return vm;
}

/* Fill the reserve, so that it is there when it is needed. */
static bool stock_up(struct vmem *vm, int vmflag)
{
	unsigned long irq;
	bool enough;

	spin_lock_irqsave(&vm->space.lock, irq);
	enough = vmem_populate(vm, VMEM_SPAN_COST, vmflag & ~VM_PUSHPAGE,
			       NULL, &irq);
	spin_unlock_irqrestore(&vm->space.lock, irq);
	return enough;
}

static struct vmem *create(const char *who, const struct plan *p)
{
	const char *wrong = check(p);
	char label[VMEM_LABEL_SIZE];
	struct vmem *vm = NULL;

	might_sleep();
	make_label(label, p->name ?: "(null)");
	if (wrong) {
		vmem_misuse(NULL,
			    "%s(name='%s', base=%#lx, size=%zu, quantum=%zu, qcache_max=%zu, vmflag=%#x): %s",
			    who, label, p->base, p->size, p->quantum,
			    p->qcache_max, p->flags, wrong);
		goto out;
	}

	vm = make(p);
	if (!vm)
		goto out;
	vmem_registry_add(vm, p->source);
	vmem_trace_arena(vm);
	if (!stock_up(vm, p->flags & VM_KMFLAGS) ||
	    (p->size && !vmem_add(vm, (void *)p->base, p->size,
				  p->flags & VM_KMFLAGS))) {
		vmem_lifecycle_undo(vm);
		vm = NULL;
		goto out;
	}
	vmem_debugfs_add(vm);
out:
	if (!vm && p->flags & VM_PANIC)
		panic("vmem: %s(name='%s') failed", who, label);
	return vm;
}

/**
 * vmem_create - make an arena
 * @name: for people: two arenas may share one; cut after VMEM_NAME_MAX
 *	characters
 * @base: first integer of its first span; with @size 0 too, there is none
 * @size: how many integers that span has
 * @quantum: the unit: a power of two; every address handed out is a multiple of
 *	it
 * @afunc: import function: how to get more from @source, or NULL; vmem_alloc
 *	where the source is to be asked as it is
 * @ffunc: release function: how to give it back, or NULL: then imported spans
 *	stay for ever
 * @source: the arena to import from, or NULL; without @afunc only a label in the
 *	statistics
 * @qcache_max: the largest size to cache; the number of cached sizes is
 *	min(@qcache_max / @quantum, 16). With VMC_NO_QCACHE: the smallest import
 *	is what a slab for that many sizes would be.
 * @vmflag: VM_SLEEP or VM_NOSLEEP, with VMC_POPULATOR, VMC_NO_QCACHE and
 *	VMC_IDENTIFIER as needed
 *
 * An arena with VMC_IDENTIFIER imports only from one that has it, and the other
 * way round. Quantum caches need VM_SLEEP.
 *
 * Context: task context, sleeping allowed, whatever @vmflag says.
 *
 * Return: the arena, to be ended by vmem_destroy(); NULL without memory, and on
 * misuse: a quantum that is no power of two, a span that is off the quantum, begins
 * at 0 or wraps, flags that are unknown or contradict each other, an import
 * function without a source.
 */
vmem_t *vmem_create(const char *name, void *base, size_t size, size_t quantum,
		    vmem_alloc_t *afunc, vmem_free_t *ffunc, vmem_t *source,
		    size_t qcache_max, int vmflag)
{
	struct plan p = {
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

	return create("vmem_create", &p);
}
EXPORT_SYMBOL_GPL(vmem_create);

/**
 * vmem_xcreate - make an arena whose import function may get more than asked for
 * @name: as for vmem_create()
 * @base: as for vmem_create()
 * @size: as for vmem_create()
 * @quantum: as for vmem_create()
 * @afunc: import function, which may raise the size; the whole of what it gets
 *	becomes the span
 * @ffunc: as for vmem_create()
 * @source: as for vmem_create()
 * @qcache_max: as for vmem_create()
 * @vmflag: VM_SLEEP or VM_NOSLEEP, with VMC_NO_QCACHE, VMC_IDENTIFIER and
 *	VMC_XALIGN as needed
 *
 * Context: as vmem_create().
 * Return: as vmem_create().
 */
vmem_t *vmem_xcreate(const char *name, void *base, size_t size, size_t quantum,
		     vmem_ximport_t *afunc, vmem_free_t *ffunc, vmem_t *source,
		     size_t qcache_max, int vmflag)
{
	struct plan p = {
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

	return create("vmem_xcreate", &p);
}
EXPORT_SYMBOL_GPL(vmem_xcreate);

/**
 * vmem_init - make the root of a tree of arenas
 * @heap_name: its name
 * @heap_start: first integer of its first span, or NULL
 * @heap_size: how many
 * @heap_quantum: its unit, a power of two
 * @heap_alloc: accepted and not used: vmem's own structures are in the kernel's
 *	slab caches; may be NULL
 * @heap_free: accepted and not used; may be NULL
 *
 * An arena with VMC_POPULATOR, no source and no quantum caches. May be called any
 * number of times.
 *
 * Context: task context, sleeping allowed.
 * Return: the arena, to be ended by vmem_destroy(), or NULL as vmem_create().
 */
vmem_t *vmem_init(const char *heap_name, void *heap_start, size_t heap_size,
		  size_t heap_quantum, vmem_alloc_t *heap_alloc,
		  vmem_free_t *heap_free)
{
	struct plan p = {
		.name = heap_name,
		.base = (unsigned long)heap_start,
		.size = heap_size,
		.quantum = heap_quantum,
		.flags = VM_SLEEP | VMC_POPULATOR,
		.allowed = CREATE_FLAGS,
		.caller = _RET_IP_,
	};

	return create("vmem_init", &p);
}
EXPORT_SYMBOL_GPL(vmem_init);
