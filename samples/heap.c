// SPDX-License-Identifier: GPL-2.0
/*
 * A client of vmem: a heap of three arenas.
 *
 *	heap_objects	quantum 16; allocates objects of any size, from caches
 *			up to 256 bytes
 *	  imports pages from
 *	heap_pages	quantum PAGE_SIZE; allocates runs of pages
 *	  imports at least 128 KiB (with 4 KiB pages) from
 *	heap_root	one span: the region that vmalloc() returned
 *
 * vmem_alloc() and vmem_free() have the types of an import and a release
 * function, so that each arena can import from another without further code.
 * Freed memory moves in the opposite direction. When an imported span of
 * heap_objects is wholly free, heap_objects releases the pages to heap_pages.
 * When an imported span of heap_pages is wholly free, heap_pages releases the
 * span to heap_root.
 *
 * Small objects are allocated often and without constraints, so they have
 * quantum caches, one for each of the 16 multiples of 16 up to 256. A CPU
 * allocates a cached object from a magazine of the CPU, without a lock. If the
 * magazines have no object, the CPU takes an object from a slab of 1 KiB. When
 * heap_pages or heap_root is exhausted, vmem reclaims free objects from the
 * caches.
 *
 * The module allocates objects of mixed sizes and writes a pattern into each.
 * It replaces a random object "rounds" times. To detect overlaps it checks the
 * pattern before it frees an object. The remaining objects stay until the
 * module is removed, and are checked then:
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
MODULE_PARM_DESC(objects, "Number of objects in the heap, of 256 bytes on average");

static unsigned int rounds = 100000;
module_param(rounds, uint, 0444);
MODULE_PARM_DESC(rounds, "Number of times that an object is replaced");

static unsigned int megabytes = 4;
module_param(megabytes, uint, 0444);
MODULE_PARM_DESC(megabytes, "Size of the region in MiB (1 to 64)");

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

	/* The size need not be a multiple of the quantum. */
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
			pr_err("object %td of %zu bytes corrupted at offset %zu\n",
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
	 * With VMC_NO_QCACHE, qcache_max sets only the size of the smallest
	 * import: the next power of two above three times qcache_max. So
	 * heap_pages never imports fewer than 32 pages at once.
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

/*
 * Undo heap_init(), even if it failed halfway. An arena must be destroyed
 * before its source.
 */
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

	/* A slab counts as allocated, including its free objects. */
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
