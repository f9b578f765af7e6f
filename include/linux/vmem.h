/* SPDX-License-Identifier: GPL-2.0 */
/*
 * vmem: a general-purpose allocator of integer ranges.
 *
 * An arena is a set of integers: addresses, identifiers, device windows, or
 * anything else that can be counted. It is filled by adding spans or by
 * importing them from another arena, and hands out ranges of them that never
 * overlap. Documentation/theory.rst explains how and why; Documentation/api.rst
 * is made from the comments in this file.
 *
 * The design is that of Jeff Bonwick and Jonathan Adams, "Magazines and Vmem"
 * (USENIX Annual Technical Conference, 2001).
 */
#ifndef _LINUX_VMEM_H
#define _LINUX_VMEM_H

#include <linux/types.h>

/**
 * DOC: Allocation flags
 *
 * ============= ====== ======================================================
 * VM_SLEEP      0x0    May sleep, and then always succeeds.
 * VM_NOSLEEP    0x1    Must not sleep; may return NULL.
 * VM_PANIC      0x2    Panic where the request would return NULL. Does not
 *                      itself forbid waiting.
 * VM_PUSHPAGE   0x4    The caller is on the way to freeing memory: dip into the
 *                      arena's reserve first, start no I/O.
 * VM_KMFLAGS    0xff   Mask of what is passed on to import functions: the four
 *                      above. The other bits are reserved and ignored.
 * VM_BESTFIT    0x100  The smallest free segment that fits. Wins over
 *                      VM_FIRSTFIT.
 * VM_FIRSTFIT   0x200  A fitting segment of the smallest size class that may
 *                      hold one.
 * VM_NEXTFIT    0x400  Go on from where the last such allocation ended. Wins
 *                      over the other two. No effect with vmem_xalloc().
 * VM_MEMLOAD    0x800  Reserved: accepted, without effect.
 * VM_NORELOC    0x1000 Reserved: accepted, without effect.
 * VM_ABORT      0x2000 Give up when this arena's search and import have failed,
 *                      whatever VM_SLEEP says. Not passed on to the source. No
 *                      effect on cached sizes.
 * VM_ENDALLOC   0x4000 Prefer high addresses within the chosen segment. No
 *                      effect with VM_NEXTFIT or on cached sizes.
 * VM_FLAGS      0xffff All allocation flags.
 * ============= ====== ======================================================
 *
 * With none of the three fit flags the policy is instant fit: constant time.
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
 * VMC_POPULATOR  0x10000    The arena serves allocations that memory reclaim
 *                           depends on: it keeps a reserve of segment
 *                           structures of its own.
 * VMC_NO_QCACHE  0x20000    No quantum caches; qcache_max sets the smallest
 *                           import instead.
 * VMC_IDENTIFIER 0x40000    Plain integers, not backed by memory.
 * VMC_XALLOC     0x80000    Set by vmem_xcreate() only.
 * VMC_XALIGN     0x100000   With vmem_xcreate(): the import function honours
 *                           its align argument.
 * VMC_FLAGS      0xffff0000 All creation flags.
 * ============== ========== =================================================
 *
 * VM_SLEEP or VM_NOSLEEP goes with them.
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
 * VMEM_ALLOC and VMEM_FREE select what vmem_size() sums up and what vmem_walk()
 * visits; VMEM_REENTRANT makes a walk drop the arena lock around each call.
 */
#define VMEM_ALLOC	0x01
#define VMEM_FREE	0x02
#define VMEM_REENTRANT	0x80000000

/**
 * VMEM_NAME_MAX - longest name of an arena, in characters
 *
 * A longer name is cut, not refused.
 */
#define VMEM_NAME_MAX	29

typedef struct vmem vmem_t;

/**
 * typedef vmem_alloc_t - import function of an arena
 * @src: the arena's source
 * @size: how much to get, in units of one; a multiple of the source's quantum
 * @vmflag: the VM_KMFLAGS part of the client's flags
 *
 * Called without any lock of vmem, in the context of the client that allocates.
 * vmem_alloc() has this type, so that one arena can import from another.
 *
 * Return: the start of the range, or NULL.
 */
typedef void *vmem_alloc_t(vmem_t *src, size_t size, int vmflag);

/**
 * typedef vmem_free_t - release function of an arena
 * @src: the arena's source
 * @addr: what the import function returned
 * @size: the size that was imported
 *
 * Called without any lock of vmem, where clients free and from vmem's own work
 * items. Never from direct reclaim, a shrinker, a hotplug callback or the import
 * of another arena. vmem_free() has this type.
 */
typedef void vmem_free_t(vmem_t *src, void *addr, size_t size);

/**
 * typedef vmem_ximport_t - import function that may raise the size
 * @src: the arena's source
 * @size: in: how much is needed; out: how much was got, never less, a multiple
 *	of the source's quantum; all of it becomes the span
 * @align: the alignment that the client asked for, to be honoured under
 *	VMC_XALIGN, else a hint
 * @vmflag: the VM_KMFLAGS part of the client's flags
 *
 * Context: as vmem_alloc_t.
 * Return: the start of the range, or NULL.
 */
typedef void *vmem_ximport_t(vmem_t *src, size_t *size, size_t align,
			     int vmflag);

/**
 * struct vmem_stats - the statistics of an arena
 * @mem_inuse: sum of the sizes of the allocated segments, as asked for
 * @mem_import: sum of the sizes of the imported spans
 * @mem_total: sum of the sizes of all spans
 * @vmem_source: id of the source, 0 for none
 * @alloc: segments allocated
 * @free: segments freed
 * @wait: sleeps for want of space, of requests here and of arenas that import
 *	from here; one request can sleep often
 * @fail: requests that returned NULL for want of space or segment structures
 * @lookup: hash chain steps beyond the first
 * @search: free segments looked at beyond the first, in every policy
 * @populate_wait: times that segment structures could not be had without
 *	blocking and a blocking try followed
 * @populate_fail: times that segment structures could not be had at all
 * @contains: calls of vmem_contains()
 * @contains_search: spans that vmem_contains() looked at
 * @misuse: calls refused because of bad arguments
 * @fail_injected: requests failed on purpose, by mtbf or fail_vmem
 * @import: spans imported
 * @import_fail: imports that failed or whose result was refused
 * @giveback: imports given straight back, since room had come up meanwhile
 * @release: imported spans given back because they were wholly free
 * @rescale: changes of the size of the segment table's hash
 * @rescale_fail: such changes put off for want of memory
 * @quantum: the unit; this and what follows are no counts, but what there is now
 * @spans: spans
 * @buckets: of the segment table's hash
 * @waiters: requests that sleep, as in @wait
 *
 * The first fourteen are those of the original, in its order.
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
