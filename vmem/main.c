// SPDX-License-Identifier: GPL-2.0
/*
 * vmem: a general-purpose allocator of integer ranges.
 *
 * Start here. The long form is Documentation/theory.rst.
 *
 * An ARENA is a set of integers that something else gives a meaning: addresses,
 * process ids, slots of a device. Clients take ranges of them and put them back.
 * Nothing is ever read or written at such an integer, which is why the books are
 * kept beside the integers, in SEGMENT structures from the kernel's slab caches.
 *
 * An arena is made of SPANS, contiguous ranges that were added to it or IMPORTED
 * from another arena, its SOURCE. A span is covered by segments, each free or
 * allocated, without a gap. All segments of an arena are in one list: span after
 * span in the order in which they came, each led by a marker, in it its segments
 * by address. That list makes the segments boundary tags: whoever frees one sees
 * both neighbours and joins with those that are free, so that two free segments
 * never meet. The one rule gives constant-time coalescing, and tells when a span
 * is free as a whole; an imported one then goes back to the source at once.
 *
 * Each segment is in one more list, by its state:
 *
 * - free: in that of its size CLASS. Class n holds sizes 2^n to 2^(n+1)-1, and
 *   bit n of one word says whether there are any. So INSTANT FIT, the policy
 *   unless told otherwise, is one mask and one bit search: the first non-empty
 *   class in which any segment will do. It may pass over a fit in the class
 *   below; only when there is no such class is that one searched, and only when
 *   that is in vain does a request import, fail or wait.
 * - allocated: in a chain of the SEGMENT TABLE, a hash by address that is as
 *   large as the number of segments asks for. Free finds its segment there, and
 *   that the caller is wrong, if he is. The table is moved to another size a
 *   hundred segments at a time, while both tables are looked at.
 * - a marker: in the tree of spans by address.
 *
 * A request for a narrow window is served by walking the segment list, from a
 * WAYPOINT near by: a hint that such walks leave behind, that nobody keeps right
 * and that the segment table confirms or not.
 *
 * NEXT FIT goes round the list from where it last ended, the ROTOR, so that an
 * identifier is used again as late as possible. The rotor, a walk that drops the
 * lock, and a reader in debugfs all keep their place by CURSORS: an address and
 * the segment it lies in, moved on when that segment goes. A cursor is no member
 * of the list, so it keeps nothing apart.
 *
 * One lock for each arena protects all this, with interrupts off, so that a
 * client may be anything but an NMI. It is never held for longer than a bounded
 * piece of work, and nothing is allocated under it: an operation first sees to it
 * that the arena's STOCK of spare segment structures covers its worst case, and
 * sets aside what it needs beyond a drop of the lock. A request that finds
 * nothing asks the source, without the lock: arena locks do not nest, and a
 * source may be any code. With VM_SLEEP it then becomes a WAITER, and is OFFERED
 * free space that appears where it could be served from. It takes offers from
 * before its last search on, so that nothing is missed between the search and the
 * sleep.
 *
 * QUANTUM CACHES stand in front of the arena for its smallest sizes. Each CPU has
 * two MAGAZINES, stacks of addresses, for each of these sizes: to allocate is to
 * pop, to free is to push, without a lock. CPUs exchange whole magazines at a
 * DEPOT. Behind it are SLABS, ranges of the arena cut into equal objects. What
 * caches hold must not be missed elsewhere: an arena that has run out has the
 * caches of its whole TREE give everything back.
 *
 * The files, bottom up; a layer knows only those before it:
 *
 *   segment/   the structures: seg, stock, classes, hash; how spans are cut and
 *              joined (space, span), places kept (cursor) and found (waypoint)
 *   report/    what is said and recorded: misuse, audit and who has what by it
 *              (consumers), fault injection, trace events, and vmem_verify(),
 *              which checks every invariant; of the arena it knows the structure
 *              alone
 *   arena/     requests: the fast path (alloc, xalloc), the slow path (serve,
 *              climb) with its parts (import, wait, offer, tree, populate), the policies (search,
 *              window, nextfit); frees (free, release); span, walk; upkeep
 *              (maintain) and the forest of all arenas (registry)
 *   qcache/    quantum caches: per-CPU magazines (fast, cpu), magazines and the
 *              depot (magazine), slabs (slab), the way down through them
 *              (qcache), and how they give back (reclaim, split, pressure)
 *   debugfs/   what operators see
 *   here       how arenas begin (create) and end (destroy), clients that go
 *              away without ending theirs (client), and what is otherwise while
 *              somebody traces (trace)
 */
#include <linux/init.h>
#include <linux/module.h>

#include "arena/maintain.h"
#include "arena/object.h"
#include "debugfs/debugfs.h"
#include "lifecycle.h"
#include "qcache/pressure.h"
#include "qcache/qcache.h"
#include "qcache/reclaim.h"
#include "report/audit.h"
#include "segment/stock.h"

static int __init vmem_module_init(void)
{
	int err;

	err = vmem_stock_init();
	if (err)
		return err;
	err = vmem_object_init();
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
	vmem_object_exit();
no_objects:
	vmem_stock_exit();
	return err;
}

static void __exit vmem_module_exit(void)
{
	vmem_client_exit();
	vmem_lifecycle_exit();
	vmem_debugfs_exit();
	vmem_maintain_exit();
	vmem_pressure_exit();
	vmem_reclaim_exit();
	vmem_qcache_exit();
	vmem_object_exit();
	vmem_stock_exit();
}

/* In a kernel image, before the drivers that may use it. */
subsys_initcall(vmem_module_init);
module_exit(vmem_module_exit);

MODULE_DESCRIPTION("General-purpose allocator of integer ranges");
MODULE_AUTHOR("The vmem for Linux developers");
MODULE_LICENSE("GPL");
