// SPDX-License-Identifier: GPL-2.0
/*
 * The memory of arena structures. It outlives the arena while somebody, such as
 * an open file in debugfs, may still take the arena lock to find out that the
 * arena has gone.
 */
#include <linux/slab.h>

#include "object.h"

static struct kmem_cache *cache;
static atomic_long_t count;

struct vmem *vmem_object_alloc(gfp_t gfp)
{
	struct vmem *vm = kmem_cache_zalloc(cache, gfp);

	if (vm) {
		kref_init(&vm->refs);
		atomic_long_inc(&count);
	}
	return vm;
}

static void object_free(struct kref *refs)
{
	kmem_cache_free(cache, container_of(refs, struct vmem, refs));
	atomic_long_dec(&count);
}

void vmem_object_put(struct vmem *vm)
{
	kref_put(&vm->refs, object_free);
}

/* What all arena structures occupy. */
unsigned long vmem_object_bytes(void)
{
	return atomic_long_read(&count) * kmem_cache_size(cache);
}

int vmem_object_init(void)
{
	cache = KMEM_CACHE(vmem, SLAB_HWCACHE_ALIGN);
	return cache ? 0 : -ENOMEM;
}

void vmem_object_exit(void)
{
	kmem_cache_destroy(cache);
}
