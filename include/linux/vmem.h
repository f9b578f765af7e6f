/* SPDX-License-Identifier: GPL-2.0 */
/*
 * vmem: a general-purpose allocator of integer ranges.
 *
 * An arena is a set of integers, such as addresses, identifiers or slots of a
 * device. The client adds spans of integers to the arena, or the arena imports
 * them from another arena. The ranges that an arena allocates never overlap.
 * Documentation/theory.rst explains the design; Documentation/api.rst is
 * generated from the comments in this file.
 *
 * Jeff Bonwick and Jonathan Adams describe the design in "Magazines and Vmem"
 * (USENIX Annual Technical Conference, 2001).
 */
#ifndef _LINUX_VMEM_H
#define _LINUX_VMEM_H

#include <linux/types.h>

/**
 * DOC: Allocation flags
 *
 * ============= ====== ======================================================
 * VM_SLEEP      0x0    The request may sleep; without VM_ABORT it never fails.
 * VM_NOSLEEP    0x1    The request must not sleep; it may return NULL.
 * VM_PANIC      0x2    Panic instead of returning NULL. The request may still
 *                      sleep.
 * VM_PUSHPAGE   0x4    The caller is about to free memory: use the reserve of
 *                      the arena first, start no I/O.
 * VM_KMFLAGS    0xff   Mask of the four flags above and of reserved bits.
 *                      Reserved bits are ignored. An import function gets no
 *                      other flags, and never VM_PANIC.
 * VM_BESTFIT    0x100  Take the smallest free segment that fits. Overrides
 *                      VM_FIRSTFIT.
 * VM_FIRSTFIT   0x200  Take a fitting segment of the smallest size class that
 *                      holds one.
 * VM_NEXTFIT    0x400  Search from the end of the last VM_NEXTFIT allocation.
 *                      Overrides VM_BESTFIT and VM_FIRSTFIT. No effect with
 *                      vmem_xalloc().
 * VM_MEMLOAD    0x800  Reserved: accepted, without effect.
 * VM_NORELOC    0x1000 Reserved: accepted, without effect.
 * VM_ABORT      0x2000 Do not wait: return NULL, even with VM_SLEEP, when the
 *                      search and the import of this arena have failed. The
 *                      source does not get this flag. No effect on cached
 *                      sizes.
 * VM_ENDALLOC   0x4000 Prefer high addresses within the chosen segment. No
 *                      effect with VM_NEXTFIT or on cached sizes.
 * VM_FLAGS      0xffff All allocation flags.
 * ============= ====== ======================================================
 *
 * Without a fit flag the policy is instant fit, which takes constant time. Fit
 * flags have no effect on cached sizes.
 */
#define VM_SLEEP	0x00000000
#define VM_NOSLEEP	0x00000001
#define VM_PANIC	0x00000002
#define VM_PUSHPAGE	0x00000004
#define VM_KMFLAGS	0x000000ff
#define VM_BESTFIT	0x00000100
#define VM_FIRSTFIT	0x00000200
#define VM_NEXTFIT	0x00000400
#define VM_MEMLOAD	0x00000800
#define VM_NORELOC	0x00001000
#define VM_ABORT	0x00002000
#define VM_ENDALLOC	0x00004000
#define VM_FLAGS	0x0000ffff

/**
 * DOC: Creation flags
 *
 * ============== ========== =================================================
 * VMC_POPULATOR  0x10000    Memory reclaim depends on allocations from the
 *                           arena: the arena keeps a reserve of segment
 *                           structures.
 * VMC_NO_QCACHE  0x20000    No quantum caches; qcache_max sets the smallest
 *                           import instead.
 * VMC_IDENTIFIER 0x40000    Plain integers, not backed by memory.
 * VMC_XALLOC     0x80000    Set by vmem_xcreate() only.
 * VMC_XALIGN     0x100000   With vmem_xcreate(): the import function honours
 *                           the argument @align.
 * VMC_FLAGS      0xffff0000 All creation flags.
 * ============== ========== =================================================
 *
 * The caller combines creation flags with VM_SLEEP or VM_NOSLEEP.
 */
#define VMC_POPULATOR	0x00010000
#define VMC_NO_QCACHE	0x00020000
#define VMC_IDENTIFIER	0x00040000
#define VMC_XALLOC	0x00080000
#define VMC_XALIGN	0x00100000
#define VMC_FLAGS	0xffff0000

/**
 * DOC: Segment types
 *
 * VMEM_ALLOC and VMEM_FREE select the segments that vmem_size() adds up and
 * vmem_walk() visits. With VMEM_REENTRANT a walk drops the arena lock around
 * each call of the client's function.
 */
#define VMEM_ALLOC	0x01
#define VMEM_FREE	0x02
#define VMEM_REENTRANT	0x80000000

/**
 * VMEM_NAME_MAX - longest name of an arena, in characters
 *
 * vmem_create() truncates a longer name.
 */
#define VMEM_NAME_MAX	29

typedef struct vmem vmem_t;

/**
 * typedef vmem_alloc_t - import function of an arena
 * @src: source of the arena
 * @size: number of integers; a multiple of the quantum of the source
 * @vmflag: VM_SLEEP or VM_NOSLEEP, with VM_PUSHPAGE if the client has passed it
 *
 * vmem_alloc() has this type, so an arena can import from another arena.
 *
 * Context: the context in which the client allocates. No lock of vmem is held.
 * Return: first integer of the range, or NULL.
 */
typedef void *vmem_alloc_t(vmem_t *src, size_t size, int vmflag);

/**
 * typedef vmem_free_t - release function of an arena
 * @src: source of the arena
 * @addr: first integer of a range that the import function has returned
 * @size: size of that range
 *
 * vmem_free() has this type.
 *
 * Context: the context in which a client frees or allocates, or a work item of
 * vmem. vmem itself never calls a release function in direct reclaim, in a
 * shrinker, in a hotplug callback or during the import of another arena. No
 * lock of vmem is held.
 */
typedef void vmem_free_t(vmem_t *src, void *addr, size_t size);

/**
 * typedef vmem_ximport_t - import function that may raise the size
 * @src: source of the arena
 * @size: in: number of integers that the arena needs; out: number of integers
 *	in the range, at least the number needed, and a multiple of the quantum
 *	of the source. The whole range becomes the span.
 * @align: alignment that the client requested; only a hint without VMC_XALIGN
 * @vmflag: VM_SLEEP or VM_NOSLEEP, with VM_PUSHPAGE if the client has passed it
 *
 * Context: the context in which the client allocates. No lock of vmem is held.
 * Return: first integer of the range, or NULL.
 */
typedef void *vmem_ximport_t(vmem_t *src, size_t *size, size_t align,
			     int vmflag);

/**
 * struct vmem_stats - the statistics of an arena
 * @mem_inuse: sum of the requested sizes of the allocated segments
 * @mem_import: sum of the sizes of the imported spans
 * @mem_total: sum of the sizes of all spans
 * @vmem_source: id of the source, 0 for none
 * @alloc: segments allocated
 * @free: segments freed
 * @wait: sleeps of requests that wait for space of this arena; the requests
 *	were made to this arena or to an arena that imports from it, and one
 *	request can sleep several times
 * @fail: requests that returned NULL because there was no space or no segment
 *	structure
 * @lookup: hash chain steps beyond the first
 * @search: free segments that searches of any policy visited, beyond the first
 *	of each search
 * @populate_wait: blocking allocations of segment structures, each after a
 *	failed non-blocking allocation
 * @populate_fail: failed allocations of segment structures
 * @contains: calls of vmem_contains()
 * @contains_search: spans that vmem_contains() visited
 * @misuse: calls with bad arguments
 * @fail_injected: requests that failed by fault injection (mtbf or fail_vmem)
 * @import: spans imported
 * @import_fail: imports that failed, or whose result vmem refused
 * @giveback: imports that vmem returned to the source at once, because free
 *	space had appeared in the arena
 * @release: wholly free imported spans that vmem released
 * @rescale: changes of the size of the segment table
 * @rescale_fail: changes of the size of the segment table that were postponed
 *	because there was no memory
 * @quantum: unit of the arena; @quantum, @spans, @buckets and @waiters are
 *	current values, not counters
 * @spans: number of spans
 * @buckets: number of buckets of the segment table
 * @waiters: number of requests that wait for space of this arena, see @wait
 *
 * The first fourteen fields have the names and the order of the statistics of
 * the original vmem.
 */
struct vmem_stats {
	u64 mem_inuse;
	u64 mem_import;
	u64 mem_total;
	u32 vmem_source;
	u64 alloc;
	u64 free;
	u64 wait;
	u64 fail;
	u64 lookup;
	u64 search;
	u64 populate_wait;
	u64 populate_fail;
	u64 contains;
	u64 contains_search;
	u64 misuse;
	u64 fail_injected;
	u64 import;
	u64 import_fail;
	u64 giveback;
	u64 release;
	u64 rescale;
	u64 rescale_fail;
	u64 quantum;
	u64 spans;
	u64 buckets;
	u64 waiters;
};

vmem_t *vmem_init(const char *heap_name, void *heap_start, size_t heap_size,
		  size_t heap_quantum, vmem_alloc_t *heap_alloc,
		  vmem_free_t *heap_free);
vmem_t *vmem_create(const char *name, void *base, size_t size, size_t quantum,
		    vmem_alloc_t *afunc, vmem_free_t *ffunc, vmem_t *source,
		    size_t qcache_max, int vmflag);
vmem_t *vmem_xcreate(const char *name, void *base, size_t size, size_t quantum,
		     vmem_ximport_t *afunc, vmem_free_t *ffunc, vmem_t *source,
		     size_t qcache_max, int vmflag);
void vmem_destroy(vmem_t *vm);

void *vmem_alloc(vmem_t *vm, size_t size, int vmflag);
void *vmem_xalloc(vmem_t *vm, size_t size, size_t align, size_t phase,
		  size_t nocross, void *minaddr, void *maxaddr, int vmflag);
void vmem_free(vmem_t *vm, void *addr, size_t size);
void vmem_xfree(vmem_t *vm, void *addr, size_t size);

void *vmem_add(vmem_t *vm, void *addr, size_t size, int vmflag);
int vmem_contains(vmem_t *vm, void *addr, size_t size);
size_t vmem_size(vmem_t *vm, int typemask);
void vmem_walk(vmem_t *vm, int typemask,
	       void (*func)(void *arg, void *start, size_t size), void *arg);
void vmem_get_stats(vmem_t *vm, struct vmem_stats *stats);
int vmem_verify(vmem_t *vm);

void vmem_update(void *unused);
int vmem_is_populator(void);

#endif /* _LINUX_VMEM_H */
