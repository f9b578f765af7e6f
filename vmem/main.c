// SPDX-License-Identifier: GPL-2.0
/*
 * vmem: a general-purpose allocator of integer ranges.
 *
 * Start here. Documentation/theory.rst is the long version.
 *
 * An ARENA (struct vmem) is a set of integers: addresses, process ids, slots of
 * a device. Clients allocate ranges of these integers and free them. vmem never
 * accesses memory at these integers. It describes the ranges by SEGMENT
 * structures (struct vmem_seg), which come from a slab cache of the kernel.
 *
 * An arena consists of SPANS, contiguous ranges. The client adds spans, or the
 * arena IMPORTS spans from its SOURCE, which is another arena, by vmem_alloc()
 * or by a function of the client. Arenas therefore form TREES (struct
 * vmem_tree).
 *
 * The segment map
 *
 * Each arena has a segment map (struct vmem_segmap). Segments, each of them
 * free or allocated, cover a span without gaps. One list links all segments. It
 * holds the spans in the order in which they were added: for each span a span
 * marker, then the segments of the span in address order. The segments are
 * boundary tags: vmem_free() merges a segment with each free neighbour in
 * constant time, so two free segments are never neighbours. A wholly free
 * imported span is one free segment between two markers. An arena with a
 * release function returns such a span to the source, usually at once.
 *
 * Each structure in the list is also in one index:
 *
 * - A free segment is in the list of its size CLASS (struct vmem_classes).
 *   Class n holds sizes 2^n to 2^(n+1)-1. Bit n of a bitmap of one word is set
 *   while class n is not empty.
 * - An allocated segment is in the segment table (struct vmem_hash), by
 *   address. vmem_free() finds the segment there, and detects a wrong address.
 *   A rescale of the table moves a bounded number of segments per lock hold.
 * - A span marker is in a tree, by address.
 *
 * The GUARANTEED CLASS of a request is the lowest class in which every segment
 * is large enough. INSTANT FIT, the default policy, takes the first segment of
 * the lowest non-empty class that is at least the guaranteed class: one mask
 * and one bit search. If all these classes are empty, instant fit searches the
 * POSSIBLE CLASS, the class below the guaranteed class, in which some segments
 * may be large enough. So a request never imports, waits or fails while a free
 * segment could serve it.
 *
 * A request for a narrow window of addresses walks the segment list. The walk
 * begins at a HINT, an address at which an allocated segment began. Earlier
 * walks have inserted the hints. A hint may be stale, so the walk checks in the
 * segment table that an allocated segment still begins there.
 *
 * NEXT FIT searches the list from the ROTOR, the end of the last next fit
 * allocation, so that identifiers are reused as late as possible. The rotor,
 * walks that drop the lock, and debugfs files mark a place in the list by a
 * CURSOR. A cursor is an address and the segment that holds the address. It is
 * not a member of the list, so it never separates two free segments. A change
 * of the list updates all cursors.
 *
 * Requests
 *
 * The arena lock protects the segment map. It is taken with interrupts off, so
 * clients may call vmem in any context but NMI. A LOCK BUDGET bounds the
 * segments that a search visits in one hold of the lock. When the budget is
 * spent, the search relaxes the lock: it drops the lock and takes it again. No
 * memory is allocated under the lock. An operation first fills the SEGMENT POOL
 * of the arena for the worst case of the operation. Before the operation drops
 * the lock, it sets aside the structures that it will need later.
 *
 * The FAST PATHS of allocation and free call no function under the lock. They
 * are off while the segment map has OBSERVERS: open cursors, waiters or
 * tracing.
 *
 * On the SLOW PATH, vmem_serve() searches the arena, then imports from the
 * source without the lock: arena locks do not nest. A VM_SLEEP request without
 * VM_ABORT that has found nothing becomes a WAITER. When free space appears
 * later, an OFFER wakes the oldest waiter that the space may serve. A waiter
 * begins to take offers before its last search, so it cannot miss free space
 * that appears between this search and its sleep.
 *
 * QUANTUM CACHES serve requests for the smallest sizes of an arena. For each of
 * these sizes a CPU has two MAGAZINES, stacks of addresses. vmem_alloc() pops
 * an address, and vmem_free() pushes an address, without a lock. CPUs exchange
 * full and empty magazines at a DEPOT. Below the depot are SLABS, ranges of the
 * arena that are cut into equal objects. A request without VM_ABORT that finds
 * no space starts a RECLAIM: quantum caches of the tree return their contents.
 *
 * Files
 *
 * The directories, bottom up. Each directory uses only the directories that are
 * listed before it. The exception: arena/ and qcache/ use each other, because a
 * request tries the caches, and the caches allocate slabs from the arena.
 *
 *   segment/   data structures: segment structures and pools (seg, seg_pool),
 *              size classes (classes), the hash (hash), the segment map with
 *              spans and cursors (segmap), hints (hint)
 *   report/    misuse reports (misuse), audit, fault injection (fault), and
 *              vmem_verify(), which checks every invariant (verify)
 *   arena/     allocation: constraints (request), fast path and interface
 *              (alloc), slow path (slow_path), policies (search, nextfit),
 *              imports (import), waiters and offers (wait, offer). Freeing and
 *              releases (free), adding spans, queries and walks (contents),
 *              segment pools (populate), maintenance (maintain), the list of
 *              all arenas (registry)
 *   qcache/    quantum caches: fast path (fast), magazines and depots
 *              (magazine), slabs (slab), the path of a magazine miss (qcache),
 *              reclaim, split of slabs (split), memory shortage and CPU hotplug
 *              (pressure), the validator of quantum caches (verify_qcache)
 *   debugfs/   files for operators
 *   vmem/      creation and destruction of arenas (create, destroy), removal of
 *              client modules (client), trace events (trace), struct vmem
 *              (arena.h), kernel versions (compat.h)
 */
#include <linux/init.h>
#include <linux/module.h>

#include "debugfs/debugfs.h"
#include "qcache/qcache.h"
#include "report/report.h"
#include "segment/seg.h"

static int __init vmem_module_init(void)
{
	int err;

	err = vmem_seg_pool_init();
	if (err)
		return err;
	err = vmem_arena_cache_init();
	if (err)
		goto no_objects;
	err = vmem_qcache_init();
	if (err)
		goto no_qcaches;
	err = vmem_reclaim_init();
	if (err)
		goto no_reclaim;
	err = vmem_pressure_init();
	if (err)
		goto no_pressure;
	err = vmem_maintain_init();
	if (err)
		goto no_maintenance;
	err = vmem_client_init();
	if (err)
		goto no_clients;
	vmem_audit_init();
	vmem_debugfs_init();
	return 0;

no_clients:
	vmem_maintain_exit();
no_maintenance:
	vmem_pressure_exit();
no_pressure:
	vmem_reclaim_exit();
no_reclaim:
	vmem_qcache_exit();
no_qcaches:
	vmem_arena_cache_exit();
no_objects:
	vmem_seg_pool_exit();
	return err;
}

static void __exit vmem_module_exit(void)
{
	vmem_client_exit();
	vmem_arenas_exit();
	vmem_debugfs_exit();
	vmem_maintain_exit();
	vmem_pressure_exit();
	vmem_reclaim_exit();
	vmem_qcache_exit();
	vmem_arena_cache_exit();
	vmem_seg_pool_exit();
}

/* A built-in vmem must be ready before built-in drivers use it. */
subsys_initcall(vmem_module_init);
module_exit(vmem_module_exit);

MODULE_DESCRIPTION("General-purpose allocator of integer ranges");
MODULE_AUTHOR("The vmem for Linux developers");
MODULE_LICENSE("GPL");
