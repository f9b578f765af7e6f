// SPDX-License-Identifier: GPL-2.0
/*
 * A client of vmem: a heap of three arenas.
 *
 *	heap_objects	quantum 16; gives out objects of any size, those of up to
 *			256 bytes from caches
 *	  imports pages from
 *	heap_pages	quantum PAGE_SIZE; gives out runs of pages
 *	  imports 128 KiB or so at a time from
 *	heap_root	one span: the region that vmalloc() returned
 *
 * vmem_alloc() and vmem_free() have the types of an import and a release
 * function, so a tree needs no code of its own: each arena names the one that it
 * lives on. What is freed wanders back up by itself. When the last object of a
 * page goes, the page goes back to heap_pages; when a whole chunk is free there,
 * it goes back to the root.
 *
 * Small objects come and go all the time and have no rule to keep: just what
 * quantum caches are for. Each of the 16 sizes up to 256 has one. A CPU takes a
 * small object from a stack of its own, without a lock, and behind that are slabs
 * of 1 KiB, four to a page. When heap_pages or the root runs out, what the caches
 * above it do not need goes back by itself, too.
 *
 * The module fills the heap with objects of mixed sizes, writes a pattern into
 * each, replaces objects at random "rounds" times, and checks the pattern before
 * every free: an object that overlapped another would show. What is left stays
 * until the module is removed, and is checked then:
 *
 *	insmod heap.ko objects=4000 rounds=100000 megabytes=4
 *	cat /sys/kernel/debug/vmem/arenas
 */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/hash.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/sched.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>
#include <linux/vmem.h>

#define OBJECT_QUANTUM	16
#define OBJECT_CACHED	(16 * OBJECT_QUANTUM)
#define OBJECT_MAX	512

static unsigned int objects = 4000;
module_param(objects, uint, 0444);
MODULE_PARM_DESC(objects, "Objects in the heap, of 256 bytes on average");

static unsigned int rounds = 100000;
module_param(rounds, uint, 0444);
MODULE_PARM_DESC(rounds, "How often an object is freed and another allocated");

static unsigned int megabytes = 4;
module_param(megabytes, uint, 0444);
MODULE_PARM_DESC(megabytes, "Size of the region (1 to 64 MiB)");

struct object {
	u8 *addr;
	size_t size;
	u8 seed;
};

static void *region;
static vmem_t *root_arena, *page_arena, *object_arena;
static struct object *heap;

static int new_object(struct object *o, u32 random)
{
	size_t i;

	/* A size off the quantum is fine: vmem rounds up the room, not the size. */
	o->size = 1 + random % OBJECT_MAX;
	o->seed = random >> 16;
	o->addr = vmem_alloc(object_arena, o->size, VM_NOSLEEP);
	if (!o->addr)
		return -ENOMEM;
	for (i = 0; i < o->size; i++)
		o->addr[i] = o->seed + i;
	return 0;
}

static int free_object(struct object *o)
{
	int err = 0;
	size_t i;

	if (!o->addr)
		return 0;
	for (i = 0; i < o->size; i++) {
		if (o->addr[i] != (u8)(o->seed + i)) {
			pr_err("object %td of %zu bytes damaged at %zu\n",
			       o - heap, o->size, i);
			err = -EIO;
			break;
		}
	}
	vmem_free(object_arena, o->addr, o->size);
	o->addr = NULL;
	return err;
}

static int run(void)
{
	unsigned int i;
	int err;

	for (i = 0; i < objects; i++) {
		err = new_object(&heap[i], hash_32(i, 32));
		if (err)
			return err;
		cond_resched();
	}
	for (i = 0; i < rounds; i++) {
		struct object *o = &heap[hash_32(i, 32) % objects];

		err = free_object(o);
		if (!err)
			err = new_object(o, hash_32(~i, 32));
		if (err)
			return err;
		cond_resched();
	}
	return 0;
}

static int create_arenas(size_t size)
{
	root_arena = vmem_init("heap_root", region, size, PAGE_SIZE, NULL, NULL);
	if (!root_arena)
		return -ENOMEM;

	/*
	 * With VMC_NO_QCACHE the largest cached size means something else: the
	 * smallest import is a power of two above three times that many bytes.
	 * The root is asked once for 32 pages instead of 32 times for one.
	 */
	page_arena = vmem_create("heap_pages", NULL, 0, PAGE_SIZE, vmem_alloc,
				 vmem_free, root_arena, 8 * PAGE_SIZE,
				 VM_SLEEP | VMC_NO_QCACHE);
	if (!page_arena)
		return -ENOMEM;

	object_arena = vmem_create("heap_objects", NULL, 0, OBJECT_QUANTUM,
				   vmem_alloc, vmem_free, page_arena,
				   OBJECT_CACHED, VM_SLEEP);
	return object_arena ? 0 : -ENOMEM;
}

/* Undoes any part of heap_init(). An arena goes before the one it lives on. */
static void clean_up(void)
{
	unsigned int i;

	if (object_arena) {
		for (i = 0; i < objects; i++)
			free_object(&heap[i]);
		vmem_destroy(object_arena);
	}
	if (page_arena)
		vmem_destroy(page_arena);
	if (root_arena)
		vmem_destroy(root_arena);
	kvfree(heap);
	vfree(region);
}

static int __init heap_init(void)
{
	int err;

	if (megabytes < 1 || megabytes > 64)
		return -EINVAL;
	if (objects < 1 || objects > megabytes * SZ_1M / OBJECT_QUANTUM)
		return -EINVAL;

	err = -ENOMEM;
	region = vmalloc(megabytes * SZ_1M);
	heap = kvcalloc(objects, sizeof(*heap), GFP_KERNEL);
	if (!region || !heap)
		goto fail;
	err = create_arenas(megabytes * SZ_1M);
	if (err)
		goto fail;
	err = run();
	if (err)
		goto fail;

	/* Slabs count as allocated, whatever part of them is. */
	pr_info("%u objects replaced %u times, every pattern intact; %zu bytes in objects and slabs, %zu KiB of pages, %zu KiB from the root\n",
		objects, rounds, vmem_size(object_arena, VMEM_ALLOC),
		vmem_size(page_arena, VMEM_ALLOC) / SZ_1K,
		vmem_size(root_arena, VMEM_ALLOC) / SZ_1K);
	return 0;

fail:
	clean_up();
	return err;
}
module_init(heap_init);

static void __exit heap_exit(void)
{
	clean_up();
}
module_exit(heap_exit);

MODULE_DESCRIPTION("vmem sample: a heap of three arenas");
MODULE_LICENSE("GPL");
